"""Shapes: reshaping, moving axes, joining, splitting, repeating, padding."""

from __future__ import annotations

import builtins
import math as numbers
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..engine import engine
from ..errors import ShapeError
from ..spec import Spec, broadcast, normalize_axes, normalize_axis, probe, same, unprobe
from ._define import Tensor, Tensors, dtype_of, op, primitive, shape_of

Size = Any
"""The size of an axis: an int, or ``None`` where it is unknown."""


def shape(x: Any) -> tuple[Size, ...]:
    """The sizes of a tensor's axes; ``None`` where a symbolic tensor's is unknown.

    >>> shape([[1, 2, 3]])
    (1, 3)
    """
    return shape_of(x)


def ndim(x: Any) -> int:
    """The number of axes.

    >>> ndim([[1, 2, 3]])
    2
    """
    return len(shape_of(x))


def size(x: Any) -> Size:
    """The number of elements; ``None`` where an axis is unknown.

    >>> int(size([[1, 2, 3]]))
    3
    """
    return count(shape_of(x))


def count(sizes: Sequence[Size]) -> Size:
    """The product of sizes, ``None`` if one is unknown."""
    return None if None in sizes else numbers.prod(sizes)


def known(d: Size) -> bool:
    """Whether the size is really known: neither ``None`` nor the probe for an unknown axis."""
    return d is not None and d != probe()


def smaller(a: Size, b: Size) -> Size:
    """The smaller of two sizes, unknown where one is."""
    return a if a == b or not known(a) else b if not known(b) else builtins.min(a, b)


def as_sizes(sizes: Any) -> list[Size]:
    """A shape given as an int, a list, a tuple or an array, as a list."""
    if isinstance(sizes, (int, np.integer)):
        return [int(sizes)]
    try:
        return [None if d is None else int(d) for d in sizes]
    except TypeError:  # a tensor without a value: perhaps its graph knows what it will be
        known = engine().known_sizes(sizes)
        if known is None:
            raise
        return known


def target_shape(old: Sequence[Size], newshape: Any) -> tuple[Size, ...]:
    """The shape that a reshape gives: -1 (or a lone ``None``) is what is left over.

    Beside a -1, a ``None`` stands for the size that the tensor has at that place.
    """
    new = as_sizes(newshape)
    if -1 in new or new.count(None) > 1:
        new = [old[i] if d is None and i < len(old) else d for i, d in enumerate(new)]
    new = [-1 if d is None else d for d in new]
    total = count(old)
    if new.count(-1) > 1:
        raise ShapeError(f"reshape: only one size may be -1, got {tuple(new)}.")
    rest = numbers.prod(d for d in new if d != -1)
    if total is None:
        return tuple(None if d == -1 else d for d in new)
    if -1 in new:
        fits = rest != 0 and total % rest == 0
        if not fits and all(map(known, old)) and rest:
            raise ShapeError(
                f"reshape: {unprobe(old)} has {total} elements, which {unprobe(new)} cannot hold."
            )
        return tuple((total // rest if rest else 0) if d == -1 else d for d in new)
    # A probe makes the total a multiple of an unknown number: then only the run can tell.
    if total != rest and all(map(known, old)) and all(map(known, new)):
        raise ShapeError(
            f"reshape: {tuple(old)} has {total} elements, {tuple(new)} holds {rest}. "
            "The product of the sizes must stay the same."
        )
    return tuple(new)


@primitive
def reshape(x: Tensor, newshape: Any) -> Tensor:
    """The same elements in another shape; -1 is whatever size is left over.

    >>> reshape([[1, 2], [3, 4]], (-1,)).tolist()
    [1, 2, 3, 4]
    """
    return Spec(target_shape(shape_of(x), newshape), dtype_of(x))


@op
def ravel(x: Tensor) -> Tensor:
    """All elements on one axis."""
    return reshape(x, (-1,))


@primitive
def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Axes in another order, reversed by default."""
    old = shape_of(x)
    if axes is None:
        return Spec(old[::-1], dtype_of(x))
    order = [normalize_axis(int(a), len(old), "transpose: axes") for a in axes]
    if sorted(order) != list(range(len(old))):
        raise ShapeError(
            f"transpose: axes={tuple(axes)} is no order of the {len(old)} axes of {unprobe(old)}."
        )
    return Spec(tuple(old[a] for a in order), dtype_of(x))


@op
def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
    order = list(range(len(shape_of(x))))
    a, b = normalize_axis(axis1, len(order)), normalize_axis(axis2, len(order))
    order[a], order[b] = b, a
    return transpose(x, order)


@op
def moveaxis(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Axes moved to other places; the others keep their order."""
    rank = len(shape_of(x))
    start = [normalize_axis(a, rank) for a in ([source] if isinstance(source, int) else source)]
    goal = [
        normalize_axis(a, rank)
        for a in ([destination] if isinstance(destination, int) else destination)
    ]
    if len(start) != len(goal):
        raise ShapeError(f"moveaxis: {len(start)} source axes and {len(goal)} destinations.")
    order = [a for a in range(rank) if a not in start]
    for place, axis in sorted(zip(goal, start)):
        order.insert(place, axis)
    return transpose(x, order)


@primitive
def expand_dims(x: Tensor, axis: int | Sequence[int]) -> Tensor:
    """An axis of size 1 (or several) put in; `axis` is its place in the result."""
    old = shape_of(x)
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = len(old) + len(axes)
    places = {normalize_axis(int(a), rank, "expand_dims: axis") for a in axes}
    if len(places) < len(axes):
        raise ShapeError(f"expand_dims: axis={axis} names a place twice.")
    rest = iter(old)
    return Spec([1 if i in places else next(rest) for i in range(rank)], dtype_of(x))


@primitive
def squeeze(x: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Axes of size 1 taken out: those named, or all."""
    old = shape_of(x)
    if axis is None:
        return Spec([d for d in old if d != 1], dtype_of(x))
    axes = normalize_axes(axis, len(old))
    for a in axes:
        if known(old[a]) and old[a] != 1:
            raise ShapeError(f"squeeze: axis {a} of {unprobe(old)} has the size {old[a]}, not 1.")
    return Spec([d for i, d in enumerate(old) if i not in axes], dtype_of(x))


@primitive
def broadcast_to(x: Tensor, shape: Any) -> Tensor:
    """`x` repeated along axes of size 1 (and new ones in front) to have the shape given."""
    target, old = as_sizes(shape), shape_of(x)
    result = broadcast(old, target, what="broadcast_to")
    if len(result) != len(target) or any(r != t and known(t) for r, t in zip(result, target)):
        raise ShapeError(f"broadcast_to: {unprobe(old)} does not broadcast to {unprobe(target)}.")
    return Spec(target, dtype_of(x))


@primitive
def flip(x: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """The order along `axis` (all axes by default) reversed."""
    normalize_axes(axis, len(shape_of(x)))
    return Spec(shape_of(x), dtype_of(x))


@op
def fliplr(x: Tensor) -> Tensor:
    """The order along axis 1 reversed."""
    return flip(x, 1)


@op
def flipud(x: Tensor) -> Tensor:
    """The order along axis 0 reversed."""
    return flip(x, 0)


@primitive
def roll(x: Tensor, shift: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """Elements moved on by `shift` places; those that fall off come back at the other end."""
    return Spec(shape_of(x), dtype_of(x))


@op
def rot90(array: Tensor, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turned by `k` quarter turns in the plane of two axes, from the first towards the second."""
    a, b = (normalize_axis(i, len(shape_of(array))) for i in axes)
    if k % 4 == 0:
        return flip(array, ())
    if k % 4 == 2:
        return flip(array, (a, b))
    turned = swapaxes(flip(array, b) if k % 4 == 1 else array, a, b)
    return flip(turned, b) if k % 4 == 3 else turned


def _axes(side: str, pattern: str) -> list[list[str]]:
    """The names in one half of a pattern: a list for each axis, of several names in brackets."""
    found = re.findall(r"\(([\w\s]*)\)|(\w+)|(\S)", side)
    if any(other for _, _, other in found):
        raise ValueError(
            f"rearrange: {pattern!r} may hold names, brackets around names and '->', as in "
            "'b (h h2) c -> b h (h2 c)'."
        )
    axes = [[name] if name else group.split() for group, name, _ in found]
    names = [n for group in axes for n in group]
    if len(set(names)) < len(names):
        raise ValueError(f"rearrange: a name stands twice in {side.strip()!r} of {pattern!r}.")
    return axes


def _lengths(axes: list[list[str]], old: Any, given: dict[str, int], pattern: str) -> dict:
    """The size of every name: given, or what the others in its brackets leave."""
    sizes: dict[str, Any] = {}
    for group, d in zip(axes, old):
        open_ = [n for n in group if n not in given]
        rest = numbers.prod(given[n] for n in group if n in given)
        if len(open_) > 1:
            raise ValueError(f"rearrange: give the sizes of all but one of {group} in {pattern!r}.")
        if known(d) and (d % rest if open_ else d != rest):
            raise ShapeError(
                f"rearrange: an axis of {d} cannot be made {group} with {given} ({pattern!r})."
            )
        sizes.update({n: given[n] for n in group if n in given})
        sizes.update({n: None if d is None else d // rest for n in open_})
    return sizes


@op
def rearrange(tensor: Tensor, pattern: str, **axes_lengths: int) -> Tensor:
    """Axes split, reordered and joined as a pattern of names says (the notation of einops).

    Brackets join axes on the right and split them on the left; there the sizes of all names but one
    are to be given.

    >>> rearrange([[1, 2, 3, 4], [5, 6, 7, 8]], "a (b c) -> (a c) b", c=2).tolist()
    [[1, 3], [2, 4], [5, 7], [6, 8]]
    """
    halves = pattern.split("->")
    if len(halves) != 2:
        raise ValueError(f"rearrange: expected 'axes -> axes', got {pattern!r}.")
    left, right = (_axes(half, pattern) for half in halves)
    old = shape_of(tensor)
    if len(left) != len(old):
        raise ShapeError(
            f"rearrange: {pattern!r} names {len(left)} axes, the tensor's shape is {unprobe(old)}."
        )
    first, last = ([n for group in side for n in group] for side in (left, right))
    if set(first) != set(last) or not set(axes_lengths) <= set(first):
        raise ValueError(
            f"rearrange: both sides of {pattern!r} must have the same names, and sizes be given of "
            f"these only, got {axes_lengths}."
        )
    sizes = _lengths(left, old, axes_lengths, pattern)
    x = tensor if len(first) == len(left) else reshape(tensor, [sizes[n] for n in first])
    x = transpose(x, [first.index(n) for n in last])
    return x if len(last) == len(right) else reshape(x, [count(_of(g, sizes)) for g in right])


def _of(names: list[str], sizes: dict[str, Any]) -> list[Any]:
    return [sizes[n] for n in names]


# --- joining and splitting ----------------------------------------------------------------------


@primitive
def concatenate(xs: Tensors, axis: int = 0) -> Tensor:
    """Tensors joined along an axis they have; the other sizes must agree.

    >>> concatenate([[[1, 2]], [[3, 4]]], axis=1).tolist()
    [[1, 2, 3, 4]]
    """
    shapes = [shape_of(x) for x in xs]
    rank = len(shapes[0])
    place = normalize_axis(axis, rank, "concatenate: axis")
    new = list(shapes[0])
    for s in shapes[1:]:
        if len(s) != rank:
            raise ShapeError(
                f"concatenate: all must have the same number of axes, got {list(map(unprobe, shapes))}."
            )
        for i, d in enumerate(s):
            if i == place:
                new[i] = None if new[i] is None or d is None else new[i] + d
            elif known(new[i]) and known(d) and new[i] != d:
                raise ShapeError(
                    f"concatenate along axis {axis}: the other sizes must agree, got {list(map(unprobe, shapes))}."
                )
            else:
                new[i] = same("concatenate", new[i], d)
    return Spec(new, dtypes.result_type(*xs))


@primitive
def stack(x: Tensors, axis: int = 0) -> Tensor:
    """Tensors of one shape side by side along a new axis."""
    shapes = [shape_of(v) for v in x]
    new = list(shapes[0])
    for s in shapes[1:]:
        if len(s) != len(new):
            raise ShapeError(
                f"stack: all must have the same shape, got {list(map(unprobe, shapes))}."
            )
        new = [same("stack", a, b) for a, b in zip(new, s)]
    new.insert(normalize_axis(axis, len(new) + 1, "stack: axis"), len(shapes))
    return Spec(new, dtypes.result_type(*x))


@primitive
def split(x: Tensor, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Cut along `axis` into equal parts (their number given), or at the indices given."""
    old = shape_of(x)
    axis = normalize_axis(axis, len(old), "split: axis")
    d = old[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        n = int(indices_or_sections)
        if known(d) and d % n:
            raise ShapeError(
                f"split: axis {axis} of {unprobe(old)} cannot be cut into {n} equal parts."
            )
        sizes = [None if d is None else d // n] * n
    else:
        sizes = _between([int(i) for i in indices_or_sections], d)
    return [Spec((*old[:axis], s, *old[axis + 1 :]), dtype_of(x)) for s in sizes]


def _between(cuts: list[int], d: Size) -> list[Size]:
    if d is None:
        return [*(b - a for a, b in zip([0, *cuts], cuts)), None]
    ends = [builtins.min(c if c >= 0 else c + d, d) for c in cuts] + [d]
    return [builtins.max(b - a, 0) for a, b in zip([0, *ends], ends)]


@op
def array_split(x: Tensor, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Like `split`; where the parts cannot be equal the first ones are larger by one."""
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split(x, indices_or_sections, axis)
    n, d = int(indices_or_sections), shape_of(x)[axis]
    base, extra = divmod(d, n)
    cuts = np.cumsum([base + 1] * extra + [base] * (n - extra))[:-1]
    return split(x, cuts.tolist(), axis)


@op
def unstack(x: Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices along `axis`, as a list."""
    n = shape_of(x)[axis] if num is None else num
    if not known(n):
        raise ShapeError(f"unstack: the size of axis {axis} is unknown; give num.")
    return [squeeze(v, axis) for v in split(x, n, axis)]


@op
def hstack(xs: Tensors) -> Tensor:
    """Joined along axis 1; vectors along axis 0."""
    if not shape_of(xs[0]):
        return concatenate([reshape(x, (1,)) for x in xs], 0)
    return concatenate(xs, 0 if len(shape_of(xs[0])) == 1 else 1)


@op
def vstack(xs: Tensors) -> Tensor:
    """Joined along axis 0; vectors become rows."""
    rows = len(shape_of(xs[0])) < 2
    return concatenate([reshape(x, (1, -1)) for x in xs] if rows else xs, 0)


@op
def dstack(xs: Tensors) -> Tensor:
    """Joined along axis 2; matrices get a third axis of size 1, vectors also a first."""
    rank = len(shape_of(xs[0]))
    if rank < 3:
        xs = [expand_dims(reshape(x, (1, -1)) if rank < 2 else x, 2) for x in xs]
    return concatenate(xs, 2)


@op
def hsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """`split` along axis 1, of vectors along axis 0."""
    return split(x, indices_or_sections, 0 if len(shape_of(x)) == 1 else 1)


@op
def vsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """`split` along axis 0."""
    return split(x, indices_or_sections, 0)


@op
def dsplit(x: Tensor, indices_or_sections: int | Sequence[int]) -> list[Tensor]:
    """`split` along axis 2."""
    return split(x, indices_or_sections, 2)


@op
def append(x1: Tensor, x2: Tensor, axis: int | None = None) -> Tensor:
    """`x2` after `x1` along `axis`; both flattened where it is ``None``."""
    if axis is None:
        return concatenate([ravel(x1), ravel(x2)], 0)
    return concatenate([x1, x2], axis)


# --- repeating and padding ----------------------------------------------------------------------


@primitive
def tile(x: Tensor, repeats: Any) -> Tensor:
    """The whole tensor repeated, `repeats[i]` times along axis i."""
    n, old = as_sizes(repeats), list(shape_of(x))
    rank = builtins.max(len(n), len(old))
    n = [1] * (rank - len(n)) + n
    old = [1] * (rank - len(old)) + old
    return Spec([None if d is None else d * r for d, r in zip(old, n)], dtype_of(x))


@primitive
def repeat(x: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element repeated, in place, along `axis` (of the flattened tensor by default)."""
    old = shape_of(x)
    if axis is None:
        old, axis = (count(old),), 0
    axis = normalize_axis(axis, len(old), "repeat: axis")
    if isinstance(repeats, Spec):
        raise ShapeError(
            "repeat: the numbers of repeats decide the shape, so they cannot be symbolic."
        )
    n = np.asarray(repeats)
    d = old[axis]
    new = d if d is None else d * int(n.reshape(-1)[0]) if n.size == 1 else int(n.sum())
    return Spec((*old[:axis], new, *old[axis + 1 :]), dtype_of(x))


def pad_pairs(pad_width: Any, rank: int) -> list[tuple[int, int]]:
    """Padding before and after each axis, from an int, a pair, or a list of pairs."""
    if isinstance(pad_width, (int, np.integer)):
        return [(int(pad_width), int(pad_width))] * rank
    given = [pad_width] if len(pad_width) and np.ndim(pad_width[0]) == 0 else pad_width
    pairs = [(int(p[0]), int(p[-1])) for p in given]
    if len(pairs) == 1:
        pairs = pairs * rank
    if len(pairs) != rank:
        raise ShapeError(f"pad: {len(pairs)} pairs in pad_width for a tensor of {rank} axes.")
    return pairs


@op
def pad(x: Tensor, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """Elements added before and after each axis.

    `pad_width` is an int, one pair, or a pair for each axis. `mode`: ``constant`` (0 or
    `constant_values`), ``reflect`` (mirrored, the edge not repeated), ``symmetric`` (mirrored with the
    edge), ``edge``, ``wrap``, ``linear_ramp``, ``maximum``, ``mean``, ``median``, ``minimum``, ``empty``.
    """
    old = shape_of(x)
    pairs = pad_pairs(pad_width, len(old))
    if constant_values is not None and mode != "constant":
        raise ValueError(f"pad: constant_values is for mode='constant', not {mode!r}.")
    if isinstance(x, Spec):
        new = [None if d is None else d + a + b for d, (a, b) in zip(old, pairs)]
        return Spec(new, dtype_of(x))
    for axis, pair in enumerate(pairs):
        if pair != (0, 0):
            x = _padded(x, axis, pair, mode, 0 if constant_values is None else constant_values)
    return x


_STATISTICS = {"maximum": "max", "minimum": "min", "mean": "mean", "median": "median"}


def _padded(x: Any, axis: int, pair: tuple[int, int], mode: str, constant: Any) -> Any:
    """`x` padded along one axis."""
    from . import index, math, reduce

    kind, n = dtype_of(x), shape_of(x)[axis]
    if mode in ("reflect", "symmetric", "edge", "wrap"):
        places = np.pad(np.arange(n), pair, mode=mode)  # type: ignore[call-overload]
        return index.take(x, places, axis)
    column = [-1 if i == axis else 1 for i in range(len(shape_of(x)))]
    sides = []
    for edge, width in zip((0, n - 1), pair):
        if mode in ("constant", "empty"):
            side: Any = constant
        elif mode == "linear_ramp":
            ramp = np.arange(width)[:: -1 if edge else 1] / builtins.max(width, 1)
            side = index.take(x, [edge], axis)
            side = math.multiply(side, ramp.astype(np.float32).reshape(column))
        elif mode in _STATISTICS:
            side = getattr(reduce, _STATISTICS[mode])(x, axis, keepdims=True)
            side = math.round(side) if dtypes.is_integer(kind) else side
        else:
            raise ValueError(f"pad: unknown mode {mode!r}.")
        shape = [width if i == axis else d for i, d in enumerate(shape_of(x))]
        sides.append(broadcast_to(math.cast(side, kind), shape))
    return concatenate([sides[0], x, sides[1]], axis)
