"""Nested structures: dicts, lists, tuples and named tuples with anything else as leaves.

Dicts are walked in the order of their sorted keys where these can be sorted (as JAX and optree
do), else in insertion order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

_CONTAINERS = (dict, list, tuple)


def is_nested(x: Any) -> bool:
    """Whether `x` is a container rather than a leaf.

    >>> is_nested([1]), is_nested("ab")
    (True, False)
    """
    return isinstance(x, _CONTAINERS)


def _keys(d: dict) -> list:
    try:
        return sorted(d)
    except TypeError:
        return list(d)


def _leaves(x: Any) -> Iterator[Any]:
    if isinstance(x, dict):
        for k in _keys(x):
            yield from _leaves(x[k])
    elif isinstance(x, (list, tuple)):
        for v in x:
            yield from _leaves(v)
    else:
        yield x


def flatten(x: Any) -> list[Any]:
    """The leaves in order.

    >>> flatten({"b": [1, 2], "a": 0})
    [0, 1, 2]
    """
    if not isinstance(x, _CONTAINERS):
        return [x]
    return list(_leaves(x))


def map_structure(fn: Callable, *structures: Any, none_is_leaf: bool = True) -> Any:
    """`fn` applied to the leaves of structures of one form, in that form.

    >>> map_structure(lambda a, b: a + b, {"x": 1}, {"x": 2})
    {'x': 3}
    """
    x = structures[0]
    if x is None and not none_is_leaf:
        return None
    if isinstance(x, dict):
        for s in structures[1:]:
            if not isinstance(s, dict) or s.keys() != x.keys():
                raise ValueError(
                    f"Structures differ: a dict with keys {list(x)} against {_form(s)}."
                )
        out = {
            k: map_structure(fn, *(s[k] for s in structures), none_is_leaf=none_is_leaf) for k in x
        }
        return out if type(x) is dict else _dict_like(x, out)
    if isinstance(x, (list, tuple)):
        for s in structures[1:]:
            if not isinstance(s, (list, tuple)) or len(s) != len(x):
                raise ValueError(f"Structures differ: {_form(x)} against {_form(s)}.")
        items = [map_structure(fn, *parts, none_is_leaf=none_is_leaf) for parts in zip(*structures)]
        return _sequence_like(x, items)
    return fn(*structures)


def _dict_like(x: dict, out: dict) -> dict:
    try:
        return type(x)(out)
    except TypeError:
        return out


def _sequence_like(x: Any, items: list) -> Any:
    if isinstance(x, tuple):
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    return items


def _form(x: Any) -> str:
    if isinstance(x, dict):
        return f"a dict with keys {list(x)}"
    if isinstance(x, (list, tuple)):
        return f"a {type(x).__name__} of {len(x)}"
    return f"a single {type(x).__name__}"


def pack_sequence_as(structure: Any, flat: list[Any]) -> Any:
    """A structure of the form of `structure` with the leaves `flat` (inverse of `flatten`).

    >>> pack_sequence_as({"b": 0, "a": 0}, [1, 2])
    {'b': 2, 'a': 1}
    """
    it = iter(flat)

    def build(x: Any) -> Any:
        if isinstance(x, dict):
            made = {k: build(x[k]) for k in _keys(x)}
            made = {k: made[k] for k in x}
            return made if type(x) is dict else _dict_like(x, made)
        if isinstance(x, (list, tuple)):
            return _sequence_like(x, [build(v) for v in x])
        try:
            return next(it)
        except StopIteration:
            raise ValueError(f"Too few leaves: {len(flat)} for {_form(structure)}.") from None

    out = build(structure)
    if next(it, it) is not it:
        raise ValueError(f"Too many leaves: {len(flat)} for {_form(structure)}.")
    return out


def assert_same_structure(a: Any, b: Any) -> None:
    """Raise a `ValueError` unless both have the same form."""
    map_structure(lambda *_: None, a, b)


def lists_to_tuples(x: Any) -> Any:
    """`x` with every list turned into a tuple."""
    if isinstance(x, dict):
        return {k: lists_to_tuples(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return tuple(lists_to_tuples(v) for v in x)
    return x


def flatten_with_path(x: Any, path: tuple = ()) -> list[tuple[tuple, Any]]:
    """Pairs of path and leaf.

    >>> flatten_with_path({"a": [5]})
    [(('a', 0), 5)]
    """
    if isinstance(x, dict):
        return [p for k in _keys(x) for p in flatten_with_path(x[k], (*path, k))]
    if isinstance(x, (list, tuple)):
        return [p for i, v in enumerate(x) for p in flatten_with_path(v, (*path, i))]
    return [(path, x)]


def traverse(fn: Callable, x: Any, top_down: bool = True) -> Any:
    """`x` with `fn` applied to every sub-structure; a result that is not ``None`` replaces it."""
    if top_down:
        new = fn(x)
        if new is not None:
            return new
    if isinstance(x, dict):
        x = _dict_like(x, {k: traverse(fn, v, top_down) for k, v in x.items()})
    elif isinstance(x, (list, tuple)):
        x = _sequence_like(x, [traverse(fn, v, top_down) for v in x])
    if not top_down:
        new = fn(x)
        if new is not None:
            return new
    return x


def unique(items: Iterable[Any]) -> list[Any]:
    """The items, each object once, in the order of their first appearance.

    >>> unique([3, 4, 3])
    [3, 4]
    """
    seen: dict[int, Any] = {}
    for x in items:
        seen.setdefault(id(x), x)
    return list(seen.values())
