"""Picking and placing elements: indexing, take, slices, scatter."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import ShapeError
from ..spec import Spec, broadcast, normalize_axis, same, spec_of, unprobe
from . import math
from ._define import Tensor, Tensors, dtype_of, op, primitive, shape_of
from .arrange import Size, as_sizes, count, known


@primitive
def get_item(x: Tensor, key: Any) -> Tensor:
    """``x[key]``: ints, slices, ``None``, ``...`` and integer arrays, as in NumPy.

    A mask of booleans would make a shape out of values: it works on tensors whose values are known,
    not while a model is built or compiled (there, use `where`).
    """
    return Spec(_item_shape(shape_of(x), key if isinstance(key, tuple) else (key,)), dtype_of(x))


def _item_shape(shape: Sequence[int | None], keys: tuple) -> tuple[int | None, ...]:
    keys = tuple(spec_of(k) if isinstance(k, (list, np.ndarray)) else k for k in keys)
    used = builtins.sum(1 for k in keys if k is not None and k is not Ellipsis)
    dots = [i for i, k in enumerate(keys) if k is Ellipsis]
    if used > len(shape):
        raise ShapeError(f"Too many indices: {used} for a tensor of shape {unprobe(shape)}.")
    rest = (builtins.slice(None),) * (len(shape) - used)
    keys = keys[: dots[0]] + rest + keys[dots[0] + 1 :] if dots else keys + rest
    out: list[int | None] = []
    arrays: list[tuple[int | None, ...]] = []
    spots: list[int] = []  # where among the keys arrays (and ints beside them) stand
    axis = 0
    start = None
    for place, k in enumerate(keys):
        if k is None:
            out.append(1)
            continue
        d = shape[axis]
        axis += 1
        if isinstance(k, builtins.slice):
            out.append(slice_size(k, d))
        elif (hasattr(k, "shape") and k.shape != ()) or isinstance(k, Spec):
            if dtypes.standardize(k.dtype) == "bool":
                raise ShapeError(
                    "A mask of booleans gives a shape that is not known yet; use ops.where."
                )
            arrays.append(tuple(k.shape))
            spots.append(place)
            start = len(out) if start is None else start
        else:
            _check_index(k, d, axis - 1, shape)
            spots.append(place)
            start = len(out) if start is None else start
    if not arrays:
        return tuple(out)
    # NumPy's rule: arrays that stand side by side leave their axes there, else these come first.
    if spots[-1] - spots[0] + 1 != len(spots):
        start = 0
    return (*out[:start], *broadcast(*arrays, what="index"), *out[start:])


def _check_index(k: Any, d: Size, axis: int, shape: Sequence[int | None]) -> None:
    k = operator.index(k)
    if known(d) and not -d <= k < d:
        raise ShapeError(
            f"Index {k} is out of range for axis {axis} of a tensor of shape {unprobe(shape)}."
        )


def slice_size(s: builtins.slice, d: Size) -> Size:
    """How many elements a slice picks out of `d`."""
    if d is None:
        return None
    return len(range(*s.indices(d)))


@primitive
def take(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Elements at `indices` along `axis` (of the flattened tensor by default).

    Negative indices count from the end; indices out of range give NaN in compiled code (or the
    largest negative integer), an error is not possible there.

    >>> take([10, 20, 30], [2, 0]).tolist()
    [30, 10]
    """
    shape = shape_of(x)
    if axis is None:
        return Spec(shape_of(indices), dtype_of(x))
    axis = normalize_axis(axis, len(shape), "take: axis")
    return Spec((*shape[:axis], *shape_of(indices), *shape[axis + 1 :]), dtype_of(x))


@primitive
def take_along_axis(x: Tensor, indices: Tensor, axis: int | None = None) -> Tensor:
    """Along `axis`, the element that `indices` (of the shape of `x` but for that axis) names."""
    shape, wanted = shape_of(x), shape_of(indices)
    if axis is None:
        return Spec((count(wanted),), dtype_of(x))
    if len(shape) != len(wanted):
        raise ShapeError(
            f"take_along_axis: x has {len(shape)} axes, indices {len(wanted)}; they must agree."
        )
    axis = normalize_axis(axis, len(shape), "take_along_axis: axis")
    rest = broadcast(
        (*shape[:axis], 1, *shape[axis + 1 :]), (*wanted[:axis], 1, *wanted[axis + 1 :])
    )
    return Spec((*rest[:axis], wanted[axis], *rest[axis + 1 :]), dtype_of(x))


@primitive
def slice(inputs: Tensor, start_indices: Any, shape: Any) -> Tensor:
    """The block of the given shape that begins at `start_indices`; -1 in `shape` goes to the end."""
    old, sizes = shape_of(inputs), as_sizes(shape)
    starts = (
        start_indices if isinstance(start_indices, (list, tuple, np.ndarray)) else [None] * len(old)
    )
    if len(sizes) != len(old):
        raise ShapeError(f"slice: {len(sizes)} sizes for a tensor of shape {unprobe(old)}.")
    new = []
    for d, s, n in zip(old, starts, sizes):
        if n == -1:
            n = None if d is None or not isinstance(s, (int, np.integer)) else d - int(s)
        elif known(d) and n is not None and n > d:
            raise ShapeError(
                f"slice: a block of {unprobe(sizes)} does not fit into {unprobe(old)}."
            )
        new.append(n)
    return Spec(new, dtype_of(inputs))


@primitive
def slice_update(inputs: Tensor, start_indices: Any, updates: Tensor) -> Tensor:
    """`inputs` with the block that begins at `start_indices` replaced by `updates`."""
    if len(shape_of(inputs)) != len(shape_of(updates)):
        raise ShapeError(
            f"slice_update: inputs {unprobe(shape_of(inputs))} and updates {unprobe(shape_of(updates))} "
            "must have the same number of axes."
        )
    return Spec(shape_of(inputs), dtype_of(inputs))


@primitive
def scatter(indices: Tensor, values: Tensor, shape: Any) -> Tensor:
    """Zeros of the given shape with `values` added at `indices` (whose last axis is a position).

    >>> scatter([[0], [2], [2]], [1, 2, 3], (4,)).tolist()
    [1, 0, 5, 0]
    """
    return Spec(as_sizes(shape), dtype_of(values))


@primitive
def scatter_update(
    inputs: Tensor, indices: Tensor, updates: Tensor, reduction: str | None = None
) -> Tensor:
    """`inputs` with `updates` put at `indices` (whose last axis is a position).

    `reduction`: ``None`` replaces; ``add``, ``max``, ``min``, ``mul`` combine with what is there.
    """
    if reduction not in (None, "add", "max", "min", "mul"):
        raise ValueError(
            f"scatter_update: unknown reduction {reduction!r}; use None, add, max, min or mul."
        )
    if len(shape_of(indices)) != 2:
        raise ShapeError(
            f"scatter_update: indices must have 2 axes, got {unprobe(shape_of(indices))}."
        )
    return Spec(shape_of(inputs), dtype_of(inputs))


@primitive
def nonzero(x: Tensor) -> tuple[Tensor, ...]:
    """Indices of the elements that are not zero, one tensor per axis. Needs known values."""
    return tuple(Spec((None,), "int32") for _ in shape_of(x))


@op
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Positions, one tensor per axis of `shape`, of numbers that count its elements."""
    out = []
    for d in reversed(as_sizes(shape)):
        out.append(math.mod(indices, d))
        indices = math.floor_divide(indices, d)
    return tuple(out[::-1])


@op
def select(condlist: Tensors, choicelist: Tensors, default: Any = 0) -> Tensor:
    """For each element the choice of the first condition that holds, else `default`."""
    kind = dtypes.result_type(*choicelist, default)
    out = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist)):
        out = math.where(condition, math.cast(choice, kind), math.cast(out, kind))
    return out


@op
def isin(x1: Tensor, x2: Tensor, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of `x1` occurs in `x2`."""
    from . import reduce
    from .arrange import expand_dims, ravel

    found = reduce.any(math.equal(expand_dims(x1, -1), ravel(x2)), -1)
    return math.logical_not(found) if invert else found


def _segment(name: str, doc: str) -> Any:
    def body(
        data: Tensor, segment_ids: Tensor, num_segments: int | None = None, sorted: bool = False
    ) -> Tensor:
        shape = shape_of(data)
        same(f"{name}: data and segment_ids", shape[0], shape_of(segment_ids)[0])
        return Spec((num_segments, *shape[1:]), dtype_of(data))

    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    return primitive(body)


segment_sum = _segment("segment_sum", "Sums of the rows that share a segment number.")
segment_max = _segment("segment_max", "Largest among the rows that share a segment number.")
segment_min = _segment("segment_min", "Smallest among the rows that share a segment number.")
segment_prod = _segment("segment_prod", "Products of the rows that share a segment number.")
