"""Functions applied along the first axis of tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import ops, tree

Tensor = Any


def map_fn(fn: Callable, elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """`fn` of each slice along the first axis; the results stacked.

    `elems` may be nested; `fn` then takes a slice of each in the same form.

    >>> map_fn(lambda x: x * 2.0, [1.0, 2.0]).tolist()
    [2.0, 4.0]
    """
    out = ops.map(fn, _tensors(elems))
    if dtype is None:
        return out
    if tree.is_nested(dtype):
        return tree.map_structure(ops.cast, out, dtype)
    return tree.map_structure(lambda v: ops.cast(v, dtype), out)


def _tensors(elems: Any) -> Any:
    if isinstance(elems, (list, tuple, dict)) and any(
        hasattr(v, "shape") for v in tree.flatten(elems)
    ):
        return tree.map_structure(ops.convert_to_tensor, elems)
    return ops.convert_to_tensor(elems)


def foldl(fn: Callable, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """``acc = fn(acc, slice)`` for each slice from the first; the first is the start by default.

    >>> foldl(lambda acc, x: acc * 2.0 + x, [1.0, 2.0, 3.0]).tolist()
    11.0
    """
    return _folded(fn, _tensors(elems), initializer, False)


def foldr(fn: Callable, elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """``acc = fn(acc, slice)`` for each slice from the last; the last is the start by default.

    >>> foldr(lambda acc, x: acc * 2.0 + x, [1.0, 2.0, 3.0]).tolist()
    17.0
    """
    return _folded(fn, _tensors(elems), initializer, True)


def _folded(fn: Callable, elems: Any, start: Any, backwards: bool) -> Any:
    if start is None:
        at, rest = (-1, slice(None, -1)) if backwards else (0, slice(1, None))
        start = tree.map_structure(lambda v: v[at], elems)
        elems = tree.map_structure(lambda v: v[rest], elems)
    else:
        start = _tensors(start)

    def step(acc: Any, x: Any) -> tuple[Any, None]:
        return fn(acc, x), None

    return ops.scan(step, start, elems, reverse=backwards)[0]
