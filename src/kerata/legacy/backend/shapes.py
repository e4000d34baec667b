"""Shapes: asking for them, changing them, joining, repeating, padding, picking."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ... import config, ops
from ...errors import InputError, ShapeError
from ...spec import KerasTensor, shape_of, unprobe
from ._define import ShapeTensor, Sizes, backend_op, is_size, on_sizes, sizes

Tensor = Any


# --- asking -------------------------------------------------------------------------------------


@backend_op
def shape(x: Tensor) -> Any:
    """The sizes of the axes as a tensor of whole numbers, which may be used where sizes are wanted.

    >>> shape([[1.0, 2.0]]).tolist()
    [1, 2]
    """
    return sizes(shape_of(x))


def int_shape(x: Tensor) -> tuple[int | None, ...]:
    """The sizes of the axes as a tuple, ``None`` where a symbolic tensor's is unknown.

    >>> int_shape([[1.0, 2.0]])
    (1, 2)
    """
    return tuple(None if d is None else int(d) for d in shape_of(x))


def get_variable_shape(x: Any) -> tuple[int | None, ...]:
    """The sizes of a variable's axes.

    >>> get_variable_shape(np.zeros((2, 3)))
    (2, 3)
    """
    return int_shape(x)


def ndim(x: Tensor) -> int:
    """The number of axes.

    >>> ndim([[1.0, 2.0]])
    2
    """
    return len(shape_of(x))


def count_params(x: Tensor) -> int:
    """The number of elements.

    >>> count_params([[1.0, 2.0]])
    2
    """
    return int(np.prod(int_shape(x)))  # type: ignore[arg-type]


# --- changing -----------------------------------------------------------------------------------


@backend_op
def _reshape(x: Tensor, shape: Any) -> Tensor:
    """`x` in another shape, which may hold symbolic sizes."""
    return ops.reshape(x, _plain(shape))


def _plain(shape: Any) -> Any:
    """A shape as a tuple of ints; what is unknown is left over, as -1 is."""
    given = np.asarray(shape).tolist() if isinstance(shape, np.ndarray) else shape
    given = [given] if isinstance(given, int) else given
    return tuple(d if d is None else int(d) for d in given)


def reshape(x: Tensor, shape: Any) -> Tensor:
    """The same elements in another shape; -1 is the size left over.

    >>> reshape([[1, 2], [3, 4]], (4,)).tolist()
    [1, 2, 3, 4]
    """
    if any(
        isinstance(d, KerasTensor) for d in (shape if isinstance(shape, (list, tuple)) else [shape])
    ):
        return _reshape(x, shape)
    return ops.reshape(x, _plain(shape))


def permute_dimensions(x: Tensor, pattern: Any) -> Tensor:
    """Axes in another order.

    >>> permute_dimensions([[1, 2], [3, 4]], (1, 0)).tolist()
    [[1, 3], [2, 4]]
    """
    return ops.transpose(x, tuple(int(a) for a in pattern))


def flatten(x: Tensor) -> Tensor:
    """All elements on one axis.

    >>> flatten([[1, 2], [3, 4]]).tolist()
    [1, 2, 3, 4]
    """
    return on_sizes("ravel", x) if is_size(x) else ops.reshape(x, (-1,))


@backend_op
def batch_flatten(x: Tensor) -> Tensor:
    """All axes but the first made one.

    >>> batch_flatten([[[1, 2], [3, 4]]]).tolist()
    [[1, 2, 3, 4]]
    """
    old = shape_of(x)
    return ops.reshape(x, (old[0], int(np.prod(old[1:]))))


def expand_dims(x: Tensor, axis: int = -1) -> Tensor:
    """An axis of size 1 put in.

    >>> expand_dims([1, 2]).tolist()
    [[1], [2]]
    """
    return on_sizes("expand_dims", x, axis) if is_size(x) else ops.expand_dims(x, axis)


def squeeze(x: Tensor, axis: int) -> Tensor:
    """An axis of size 1 taken out.

    >>> squeeze([[1], [2]], 1).tolist()
    [1, 2]
    """
    return on_sizes("squeeze", x, axis) if is_size(x) else ops.squeeze(x, axis)


# --- joining and repeating ----------------------------------------------------------------------


def concatenate(tensors: Any, axis: int = -1) -> Tensor:
    """Tensors joined along an axis.

    >>> concatenate([[[1.0]], [[2.0]]]).tolist()
    [[1.0, 2.0]]
    """
    tensors = list(tensors)
    if is_size(tensors) or any(isinstance(t, (Sizes, ShapeTensor)) for t in tensors):
        return on_sizes("concatenate", tensors, axis)
    return ops.concatenate(tensors, axis)


def stack(x: Any, axis: int = 0) -> Tensor:
    """Tensors joined along a new axis.

    >>> stack([[1, 2], [3, 4]], axis=1).tolist()
    [[1, 3], [2, 4]]
    """
    x = list(x)
    return on_sizes("stack", x, axis) if is_size(x) else ops.stack(x, axis)


def repeat(x: Tensor, n: Any) -> Tensor:
    """Each sample of (batch, features) n times: (batch, n, features).

    >>> repeat([[1, 2]], 2).tolist()
    [[[1, 2], [1, 2]]]
    """
    if ndim(x) != 2:
        raise ShapeError(f"repeat: x needs 2 axes, got {unprobe(shape_of(x))}.")
    return _repeat(x, n)


@backend_op
def _repeat(x: Tensor, n: Any) -> Tensor:
    """Each sample n times, along a new axis."""
    return ops.repeat(ops.expand_dims(x, 1), int(n), axis=1)


def repeat_elements(x: Tensor, rep: int, axis: int) -> Tensor:
    """Each element along an axis `rep` times, in place.

    >>> repeat_elements([1, 2], 2, axis=0).tolist()
    [1, 1, 2, 2]
    """
    return on_sizes("repeat", x, rep, axis) if is_size(x) else ops.repeat(x, int(rep), axis=axis)


def tile(x: Tensor, n: Any) -> Tensor:
    """The whole tensor repeated, ``n[i]`` times along axis i.

    >>> tile([1, 2], 2).tolist()
    [1, 2, 1, 2]
    """
    n = [n] if isinstance(n, int) else n
    return on_sizes("tile", x, n) if is_size(x) and not is_size(n) else _tile(x, n)


@backend_op
def _tile(x: Tensor, n: Any) -> Tensor:
    """`x` repeated, symbolic sizes being allowed in `n`."""
    return ops.tile(x, _plain(n))


def reverse(x: Tensor, axes: Any) -> Tensor:
    """The order along one or several axes reversed.

    >>> reverse([1, 2, 3], 0).tolist()
    [3, 2, 1]
    """
    axes = axes if isinstance(axes, int) else tuple(int(a) for a in axes)
    return on_sizes("flip", x, axes) if is_size(x) else ops.flip(x, axes)


# --- picking ------------------------------------------------------------------------------------


def gather(reference: Tensor, indices: Tensor) -> Tensor:
    """Rows of a tensor by number.

    >>> gather([[1, 2], [3, 4]], [1]).tolist()
    [[3, 4]]
    """
    if is_size(reference) and not isinstance(indices, KerasTensor):
        return on_sizes("take", reference, indices)
    return ops.take(reference, ops.cast(indices, "int32"), axis=0)


@backend_op
def slice(x: Tensor, start: Any, size: Any) -> Tensor:
    """The block of a tensor that begins at `start`; -1 in `size` goes to the end of an axis.

    >>> slice([[1, 2, 3], [4, 5, 6]], [0, 1], [-1, 2]).tolist()
    [[2, 3], [5, 6]]
    """
    begin, length = _plain(start), _plain(size)
    if is_size(x):
        return sizes(np.asarray(x)[_block(begin, length)])
    return ops.get_item(x, _block(begin, length))


def _block(begin: Any, length: Any) -> tuple[builtins.slice, ...]:
    return tuple(builtins.slice(b, None if n == -1 else b + n) for b, n in zip(begin, length))


@backend_op
def one_hot(indices: Tensor, num_classes: Any) -> Tensor:
    """Each whole number as a vector with a 1 at its place.

    >>> one_hot([0, 2], 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return ops.one_hot(indices, int(num_classes))


# --- padding and resizing -----------------------------------------------------------------------


def temporal_padding(x: Tensor, padding: Any = (1, 1)) -> Tensor:
    """Zeros before and after the middle axis of (batch, time, features).

    >>> temporal_padding([[[1.0]]], (1, 0)).tolist()
    [[[0.0], [1.0]]]
    """
    return _pad(x, [tuple(padding)], "channels_last")


def spatial_2d_padding(
    x: Tensor, padding: Any = ((1, 1), (1, 1)), data_format: Any = None
) -> Tensor:
    """Zeros around images: ``((above, below), (left, right))``.

    >>> spatial_2d_padding([[[[1.0]]]], ((0, 0), (1, 0))).tolist()
    [[[[0.0], [1.0]]]]
    """
    return _pad(x, padding, data_format)


def spatial_3d_padding(
    x: Tensor, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: Any = None
) -> Tensor:
    """Zeros around volumes, a pair for each axis.

    >>> int_shape(spatial_3d_padding(np.ones((1, 1, 1, 1, 1))))
    (1, 3, 3, 3, 1)
    """
    return _pad(x, padding, data_format)


def _pad(x: Any, padding: Any, data_format: Any) -> Any:
    pairs = [tuple(int(n) for n in pair) for pair in padding]
    if ndim(x) != len(pairs) + 2 or any(len(p) != 2 for p in pairs):
        raise ShapeError(
            f"Padding {tuple(pairs)} is for a tensor of {len(pairs) + 2} axes; got {unprobe(shape_of(x))}."
        )
    first = normalize_data_format(data_format) == "channels_first"
    around = [(0, 0), (0, 0), *pairs] if first else [(0, 0), *pairs, (0, 0)]
    return ops.pad(x, around)


def normalize_data_format(value: Any) -> str:
    """A data format's name, checked; the default one for ``None``.

    >>> normalize_data_format("Channels_Last")
    'channels_last'
    """
    return config.standardize_data_format(value.lower() if isinstance(value, str) else value)


def _spatial_axis(data_format: Any) -> int:
    if data_format not in ("channels_first", "channels_last"):
        raise InputError(
            f"data_format must be 'channels_first' or 'channels_last', got {data_format!r}."
        )
    return 2 if data_format == "channels_first" else 1


def resize_images(
    x: Tensor,
    height_factor: int,
    width_factor: int,
    data_format: str,
    interpolation: str = "nearest",
) -> Tensor:
    """Images enlarged by whole factors.

    `interpolation` is ``nearest``, which repeats pixels, ``bilinear``, ``bicubic``, ``lanczos3`` or
    ``lanczos5``.

    >>> resize_images([[[[1.0], [2.0]]]], 1, 2, "channels_last").tolist()
    [[[[1.0], [1.0], [2.0], [2.0]]]]
    """
    axis = _spatial_axis(data_format)
    if interpolation == "nearest":
        return _enlarge(x, (height_factor, width_factor), axis)
    return _resample(x, int(height_factor), int(width_factor), axis, interpolation)


@backend_op
def _resample(
    x: Tensor, height_factor: int, width_factor: int, axis: int, interpolation: str
) -> Tensor:
    """Images enlarged by a filter."""
    old = shape_of(x)
    size = (old[axis] * height_factor, old[axis + 1] * width_factor)
    form = "channels_first" if axis == 2 else "channels_last"
    return ops.image.resize(x, size, interpolation, data_format=form)


def resize_volumes(
    x: Tensor, depth_factor: int, height_factor: int, width_factor: int, data_format: str
) -> Tensor:
    """Volumes enlarged by repeating their points.

    >>> int_shape(resize_volumes(np.ones((1, 2, 2, 2, 1)), 1, 2, 3, "channels_last"))
    (1, 2, 4, 6, 1)
    """
    return _enlarge(x, (depth_factor, height_factor, width_factor), _spatial_axis(data_format))


def _enlarge(x: Any, factors: Any, axis: int) -> Any:
    if ndim(x) != len(factors) + 2:
        raise ShapeError(
            f"Expected {len(factors) + 2} axes to enlarge, got {unprobe(shape_of(x))}."
        )
    for i, n in enumerate(factors):
        x = repeat_elements(x, n, axis + i)
    return x
