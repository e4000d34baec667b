"""Nested structures: dicts, lists, tuples, named tuples and deques with anything else as leaves.

Dicts are walked in the order of their sorted keys (as JAX and optree do), an `OrderedDict` in its own.
Unlike optree, a subclass of one of these types is a structure, too, not a leaf.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_CONTAINERS = (dict, list, tuple, deque)
_SEQUENCES = (list, tuple, deque)


class MAP_TO_NONE:
    """What a function given to `traverse` returns to put ``None`` into the result.

    >>> traverse(lambda x: MAP_TO_NONE if x == 2 else None, [1, 2])
    [1, None]
    """


def is_nested(structure: Any) -> bool:
    """Whether `structure` is a container rather than a leaf.

    >>> is_nested([1]), is_nested("ab")
    (True, False)
    """
    return isinstance(structure, _CONTAINERS)


def _keys(d: dict) -> list:
    if isinstance(d, OrderedDict):
        return list(d)
    try:
        return sorted(d)
    except TypeError:  # keys of several types: by the names of these first
        pass
    try:
        return sorted(d, key=lambda k: (f"{type(k).__module__}.{type(k).__qualname__}", k))
    except TypeError:
        return list(d)


def _leaves(x: Any) -> Iterator[Any]:
    if isinstance(x, dict):
        for k in _keys(x):
            yield from _leaves(x[k])
    elif isinstance(x, _SEQUENCES):
        for v in x:
            yield from _leaves(v)
    else:
        yield x


def flatten(structure: Any) -> list[Any]:
    """The leaves in order.

    >>> flatten({"b": [1, 2], "a": 0})
    [0, 1, 2]
    """
    if not isinstance(structure, _CONTAINERS):
        return [structure]
    return list(_leaves(structure))


def _kind(x: Any) -> type:
    """What must be the same in structures of one form: the type of a sequence."""
    if isinstance(x, tuple):
        return type(x) if hasattr(x, "_fields") else tuple
    return list if isinstance(x, list) else deque


def _check_level(x: Any, others: Iterable[Any], strict: bool) -> None:
    """Raise unless the others are containers like `x`, with as many (or the same) entries."""
    for s in others:
        if isinstance(x, dict):
            fits = isinstance(s, dict) and s.keys() == x.keys()
        else:
            fits = isinstance(s, _SEQUENCES) and len(s) == len(x)
            fits = fits and (not strict or _kind(s) is _kind(x))
        if not fits:
            raise ValueError(f"Structures differ: {_form(x)} against {_form(s)}.")


def _mapped(fn: Callable, structures: Any, none_is_leaf: bool, strict: bool) -> Any:
    x, others = structures[0], structures[1:]
    if isinstance(x, dict):
        if others:
            _check_level(x, others, strict)
        out = {k: _mapped(fn, [s[k] for s in structures], none_is_leaf, strict) for k in x}
        return out if type(x) is dict else _dict_like(x, out)
    if isinstance(x, _SEQUENCES):
        if others:
            _check_level(x, others, strict)
        items = [_mapped(fn, parts, none_is_leaf, strict) for parts in zip(*structures)]
        return _sequence_like(x, items)
    if others and strict:
        for s in others:
            if isinstance(s, _CONTAINERS) or (not none_is_leaf and (x is None) != (s is None)):
                raise ValueError(f"Structures differ: {_form(x)} against {_form(s)}.")
    if x is None and not none_is_leaf:
        return None
    return fn(*structures)


def map_structure(func: Callable, *structures: Any, none_is_leaf: bool = True) -> Any:
    """`func` applied to the leaves of structures of one form, in that form.

    Without `none_is_leaf`, a ``None`` stays ``None`` and `func` does not see it. Structures that
    differ, also by a list in the place of a tuple, are a `ValueError`.

    >>> map_structure(lambda a, b: a + b, {"x": 1}, {"x": 2})
    {'x': 3}
    """
    if not structures:
        raise ValueError("map_structure: give at least one structure.")
    return _mapped(func, structures, none_is_leaf, True)


def map_alike(func: Callable, *structures: Any) -> Any:
    """Like `map_structure`, where lists, tuples and deques pass for each other, and a leaf of the first
    structure may have structures beside it.

    >>> map_alike(lambda a, b: a + b, [1, 2], (3, 4))
    [4, 6]
    """
    return _mapped(func, structures, True, False)


def map_structure_up_to(shallow_structure: Any, func: Callable, *structures: Any) -> Any:
    """`func` applied to what stands, in the structures, at the leaves of `shallow_structure`.

    >>> map_structure_up_to([0, 0], len, [[1, 2], [3]])
    [2, 1]
    """
    if not structures:
        raise ValueError("map_structure_up_to: give at least one structure.")
    x = shallow_structure
    if not isinstance(x, _CONTAINERS):
        return func(*structures)
    _check_level(x, structures, True)
    if isinstance(x, dict):
        out = {k: map_structure_up_to(x[k], func, *(s[k] for s in structures)) for k in x}
        return out if type(x) is dict else _dict_like(x, out)
    parts = zip(*structures)
    return _sequence_like(x, [map_structure_up_to(v, func, *p) for v, p in zip(x, parts)])


def map_shape_structure(func: Callable, structure: Any) -> Any:
    """`func` applied to the shapes in a structure: lists or tuples of ints and ``None``.

    >>> map_shape_structure(len, {"x": (2, 3), "y": [(None,), ()]})
    {'x': 2, 'y': [1, 0]}
    """
    x = structure
    if isinstance(x, (list, tuple)) and all(d is None or isinstance(d, int) for d in x):
        return func(x)
    if isinstance(x, dict):
        out = {k: map_shape_structure(func, v) for k, v in x.items()}
        return out if type(x) is dict else _dict_like(x, out)
    if isinstance(x, _SEQUENCES):
        return _sequence_like(x, [map_shape_structure(func, v) for v in x])
    return func(x)


def _dict_like(x: dict, out: dict) -> dict:
    if isinstance(x, defaultdict):
        return type(x)(x.default_factory, out)
    try:
        return type(x)(out)
    except TypeError:
        return out


def _sequence_like(x: Any, items: list) -> Any:
    if isinstance(x, tuple):
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    return deque(items, x.maxlen) if isinstance(x, deque) else items


def _form(x: Any) -> str:
    if isinstance(x, dict):
        return f"a dict with keys {list(x)}"
    if isinstance(x, _SEQUENCES):
        return f"a {type(x).__name__} of {len(x)}"
    return f"a single {type(x).__name__}"


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """A structure of the form of `structure` with the leaves `flat_sequence`: inverse of `flatten`.

    >>> pack_sequence_as({"b": 0, "a": 0}, [1, 2])
    {'b': 2, 'a': 1}
    """
    flat = list(flat_sequence)
    it = iter(flat)

    def build(x: Any) -> Any:
        if isinstance(x, dict):
            made = {k: build(x[k]) for k in _keys(x)}
            made = {k: made[k] for k in x}
            return made if type(x) is dict else _dict_like(x, made)
        if isinstance(x, _SEQUENCES):
            return _sequence_like(x, [build(v) for v in x])
        try:
            return next(it)
        except StopIteration:
            raise ValueError(f"Too few leaves: {len(flat)} for {_form(structure)}.") from None

    out = build(structure)
    if next(it, it) is not it:
        raise ValueError(f"Too many leaves: {len(flat)} for {_form(structure)}.")
    return out


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Raise a `ValueError` unless both have the same form: containers of one type, entries alike.

    All kinds of dicts pass for each other. `check_types` has no effect any more.

    >>> assert_same_structure({"x": [1]}, {"x": [None]})
    """
    if check_types is not None:
        warnings.warn(
            "assert_same_structure: check_types has no effect and will go. To let lists and tuples "
            "pass for each other, use assert_same_paths.",
            DeprecationWarning,
            stacklevel=2,
        )
    map_structure(lambda *_: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise a `ValueError` unless both have leaves at the same paths; lists may be tuples.

    >>> assert_same_paths([1, {"x": 2}], (3, {"x": 4}))
    """
    first, second = ({path for path, _ in flatten_with_path(x)} for x in (a, b))
    lost, more = (sorted(map(str, d)) for d in (first - second, second - first))
    if lost or more:
        raise ValueError(
            f"The paths of a and b differ: only in a {', '.join(lost) or 'none'}; "
            f"only in b {', '.join(more) or 'none'}."
        )


def lists_to_tuples(structure: Any) -> Any:
    """`structure` with every list turned into a tuple.

    >>> lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    return traverse(lambda x: tuple(x) if isinstance(x, list) else None, structure, False)


def flatten_with_path(structure: Any, path: tuple = ()) -> list[tuple[tuple, Any]]:
    """Pairs of path and leaf.

    >>> flatten_with_path({"a": [5]})
    [(('a', 0), 5)]
    """
    x = structure
    if isinstance(x, dict):
        return [p for k in _keys(x) for p in flatten_with_path(x[k], (*path, k))]
    if isinstance(x, _SEQUENCES):
        return [p for i, v in enumerate(x) for p in flatten_with_path(v, (*path, i))]
    return [(path, x)]


def traverse(func: Callable, structure: Any, top_down: bool = True) -> Any:
    """`structure` with `func` applied to every sub-structure and leaf, parents first or last.

    A result that is not ``None`` replaces what it was given (and is not looked into any more where
    parents come first); `MAP_TO_NONE` replaces it by ``None``.

    >>> traverse(lambda x: sum(x) if isinstance(x, tuple) else None, [(1, 2), [3]])
    [3, [3]]
    """
    x = structure
    new = func(x) if top_down else None
    if new is None:
        if isinstance(x, dict):
            out = {k: traverse(func, x[k], top_down) for k in _keys(x)}
            x = _dict_like(x, {k: out[k] for k in x})
        elif isinstance(x, _SEQUENCES):
            x = _sequence_like(x, [traverse(func, v, top_down) for v in x])
        new = None if top_down else func(x)
    if new is None:
        return x
    return None if new is MAP_TO_NONE else new


def unique(items: Iterable[Any]) -> list[Any]:
    """The items, each object once, in the order of their first appearance.

    >>> unique([3, 4, 3])
    [3, 4]
    """
    seen: dict[int, Any] = {}
    for x in items:
        seen.setdefault(id(x), x)
    return list(seen.values())
