"""Convolutions, pooling, patches; one place for their shape arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import config, dtypes
from ..errors import ShapeError
from ..spec import Spec, same, unprobe
from . import math, reduce
from ._define import Tensor, dtype_of, op, primitive, shape_of
from .arrange import Size, known, pad, reshape, stack, transpose

Sizes = int | Sequence[int]


def per_axis(value: Any, rank: int, what: str) -> tuple[int, ...]:
    """One number for each of `rank` axes, from an int or a sequence."""
    if isinstance(value, (list, tuple)):
        if len(value) == 1:
            value = tuple(value) * rank
        if len(value) != rank:
            raise ShapeError(f"{what} must be an int or {rank} of them, got {tuple(value)}.")
        return tuple(int(v) for v in value)
    return (int(value),) * rank


def window_size(size: Size, window: int, stride: int, padding: str, dilation: int = 1) -> Size:
    """How many places a window has along an axis."""
    if size is None:
        return None
    if padding in ("same", "causal"):
        return -(-size // stride)
    return (size - (window - 1) * dilation - 1) // stride + 1


def same_padding(size: int, window: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Padding before and after an axis for ``same``: the odd one goes behind."""
    total = max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def spatial(shape: Sequence[Size], data_format: str) -> tuple[Size, ...]:
    """The sizes between batch and channels."""
    return tuple(shape[2:] if data_format == "channels_first" else shape[1:-1])


def channels(shape: Sequence[Size], data_format: str) -> Size:
    """The number of channels."""
    return shape[1] if data_format == "channels_first" else shape[-1]


def image_shape(batch: Any, space: Sequence[Any], depth: Any, data_format: str) -> tuple:
    """Batch, spatial sizes and channels in the order of the data format."""
    return (batch, depth, *space) if data_format == "channels_first" else (batch, *space, depth)


def _padding(padding: str, allowed: tuple[str, ...], what: str) -> str:
    name = str(padding).lower()
    if name not in allowed:
        raise ValueError(f"{what}: padding must be one of {allowed}, got {padding!r}.")
    return name


def _windows(
    what: str, space: Sequence[Size], window: Any, strides: Any, padding: str, dilation: Any
) -> list:
    rank = len(space)
    strides, dilation = (
        per_axis(strides, rank, "strides"),
        per_axis(dilation, rank, "dilation_rate"),
    )
    if max(strides) > 1 and max(dilation) > 1:
        raise ShapeError(
            f"{what}: strides={strides} and dilation_rate={dilation} cannot both be above 1."
        )
    out = [window_size(d, k, s, padding, r) for d, k, s, r in zip(space, window, strides, dilation)]
    if any(d is not None and d < 1 for d in out):
        raise ShapeError(
            f"{what}: a window of {tuple(window)} (dilation {dilation}) is larger than the input's "
            f"{unprobe(space)}. Use padding='same', a smaller window, or larger inputs."
        )
    return out


def _rank(what: str, shape: Sequence[Size], kernel: Sequence[Size]) -> int:
    rank = len(kernel) - 2
    if len(shape) != rank + 2 or rank < 1:
        raise ShapeError(
            f"{what}: the kernel of shape {unprobe(kernel)} needs inputs of {len(kernel)} axes "
            f"(batch, {max(rank, 1)} spatial, channels), got {unprobe(shape)}."
        )
    return rank


@primitive
def conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Convolution (cross-correlation) over 1, 2 or 3 spatial axes.

    Shapes: `inputs` (batch, *space, channels), or channels second; `kernel` (*window, channels /
    groups, filters), the number of groups following from its channels. `padding`: ``valid``,
    ``same`` (the result has ``ceil(size / stride)`` places) or ``causal`` (all padding before).
    """
    shape, k = shape_of(inputs), shape_of(kernel)
    _rank("conv", shape, k)
    data_format = config.standardize_data_format(data_format)
    padding = _padding(padding, ("valid", "same", "causal"), "conv")
    depth = channels(shape, data_format)
    groups(depth, k)
    space = _windows("conv", spatial(shape, data_format), k[:-2], strides, padding, dilation_rate)
    return Spec(
        image_shape(shape[0], space, k[-1], data_format), dtypes.result_type(inputs, kernel)
    )


def groups(depth: Size, kernel: Sequence[Size]) -> int:
    """The number of groups that the channels of the input and of the kernel imply."""
    if not known(depth):
        return 1
    n, rest = divmod(depth, kernel[-2])
    if rest or n == 0 or kernel[-1] % n:
        raise ShapeError(
            f"conv: {depth} input channels and {kernel[-1]} filters do not fit a kernel of shape "
            f"{unprobe(kernel)}, whose last but one size must divide the channels (groups)."
        )
    return n


@primitive
def depthwise_conv(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """Convolution of every channel by itself, over 1 or 2 spatial axes.

    `kernel` is (*window, channels, multiplier); the result has channels * multiplier channels.
    """
    shape, k = shape_of(inputs), shape_of(kernel)
    _rank("depthwise_conv", shape, k)
    data_format = config.standardize_data_format(data_format)
    padding = _padding(padding, ("valid", "same"), "depthwise_conv")
    depth = same(
        "depthwise_conv: channels of inputs and kernel", channels(shape, data_format), k[-2]
    )
    space = _windows(
        "depthwise_conv", spatial(shape, data_format), k[:-2], strides, padding, dilation_rate
    )
    filters = None if depth is None else depth * k[-1]
    return Spec(
        image_shape(shape[0], space, filters, data_format), dtypes.result_type(inputs, kernel)
    )


@op
def separable_conv(
    inputs: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """A depthwise convolution followed by one with windows of 1 that mixes the channels."""
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format, 1)


def transposed_padding(
    window: int, stride: int, dilation: int, padding: str, output_padding: int | None
) -> tuple[int, int]:
    """Padding of the input, spread out by the stride, that makes a convolution a transposed one."""
    window = (window - 1) * dilation + 1
    if padding == "valid":
        extra = max(window, stride) - window if output_padding is None else output_padding
        return window - 1, window - 1 + extra
    if output_padding is None:
        total = stride + window - 2
    else:
        total = window + window % 2 - 2 + output_padding
    before = min(total // 2 + total % 2, window - 1)
    return before, total - before


def transposed_size(
    size: Size,
    window: int,
    stride: int,
    dilation: int,
    padding: str,
    output_padding: int | None,
) -> Size:
    """How many places a transposed convolution gives along an axis."""
    if size is None:
        return None
    before, after = transposed_padding(window, stride, dilation, padding, output_padding)
    return (size - 1) * stride + 1 + before + after - (window - 1) * dilation


@primitive
def conv_transpose(
    inputs: Tensor,
    kernel: Tensor,
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> Tensor:
    """The transpose (gradient) of a convolution, which enlarges by the stride.

    `kernel` is (*window, filters, channels). Sizes: ``same`` gives ``size * stride``, ``valid``
    ``size * stride + max(window - stride, 0)``; `output_padding` chooses another of the sizes that
    the convolution would map to the input's.
    """
    shape, k = shape_of(inputs), shape_of(kernel)
    rank = _rank("conv_transpose", shape, k)
    data_format = config.standardize_data_format(data_format)
    padding = _padding(padding, ("valid", "same"), "conv_transpose")
    same("conv_transpose: channels of inputs and kernel", channels(shape, data_format), k[-1])
    strides, dilation = (
        per_axis(strides, rank, "strides"),
        per_axis(dilation_rate, rank, "dilation_rate"),
    )
    extra = (
        (None,) * rank
        if output_padding is None
        else per_axis(output_padding, rank, "output_padding")
    )
    space = [
        transposed_size(d, w, s, r, padding, e)
        for d, w, s, r, e in zip(spatial(shape, data_format), k[:-2], strides, dilation, extra)
    ]
    return Spec(
        image_shape(shape[0], space, k[-2], data_format), dtypes.result_type(inputs, kernel)
    )


# --- pooling ------------------------------------------------------------------------------------


def _pooled(
    what: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str | None
) -> Spec:
    shape = shape_of(inputs)
    data_format = config.standardize_data_format(data_format)
    padding = _padding(padding, ("valid", "same"), what)
    space = spatial(shape, data_format)
    if not space:
        raise ShapeError(
            f"{what}: inputs need a spatial axis between batch and channels, got {unprobe(shape)}."
        )
    window = per_axis(pool_size, len(space), "pool_size")
    strides = window if strides is None else strides
    new = _windows(what, space, window, strides, padding, 1)
    return Spec(
        image_shape(shape[0], new, channels(shape, data_format), data_format), dtype_of(inputs)
    )


@primitive
def max_pool(
    inputs: Tensor,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The largest in each window. `strides` is `pool_size` by default."""
    return _pooled("max_pool", inputs, pool_size, strides, padding, data_format)


@primitive
def average_pool(
    inputs: Tensor,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The mean of each window; with ``same`` padding, of what of it lies inside the input."""
    found = _pooled("average_pool", inputs, pool_size, strides, padding, data_format)
    return Spec(found.shape, dtypes.to_float(found.dtype))


def _adaptive(x: Any, output_size: Any, data_format: str | None, combine: Any) -> Any:
    """Windows of as equal a size as can be: i covers floor(i n / m) up to ceil((i + 1) n / m)."""
    from .index import get_item

    data_format = config.standardize_data_format(data_format)
    rank = len(shape_of(x)) - 2
    for i, m in enumerate(per_axis(output_size, rank, "output_size")):
        axis = i + (2 if data_format == "channels_first" else 1)
        n = shape_of(x)[axis]
        if not known(
            n
        ):  # only while shapes are inferred: how many places there are changes nothing
            x, n = Spec((*x.shape[:axis], m, *x.shape[axis + 1 :]), x.dtype), m
        before = (slice(None),) * axis
        parts = [
            combine(get_item(x, (*before, slice(j * n // m, -(-(j + 1) * n // m)))), axis)
            for j in range(m)
        ]
        x = stack(parts, axis)
    return x


@op
def adaptive_average_pool(
    inputs: Tensor, output_size: Sizes, data_format: str | None = None
) -> Tensor:
    """Means of windows chosen so that the result has the spatial size `output_size`."""
    return _adaptive(inputs, output_size, data_format, reduce.mean)


@op
def adaptive_max_pool(inputs: Tensor, output_size: Sizes, data_format: str | None = None) -> Tensor:
    """Largest of windows chosen so that the result has the spatial size `output_size`."""
    return _adaptive(inputs, output_size, data_format, reduce.max)


# --- patches and blocks -------------------------------------------------------------------------


@op
def space_to_depth(x: Tensor, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Blocks of pixels moved into the channels: (h, w, c) becomes (h/b, w/b, b*b*c)."""
    first = data_format == "channels_first"
    if first:
        x = transpose(x, (0, 2, 3, 1))
    n, h, w, c = shape_of(x)
    b = block_size
    x = transpose(reshape(x, (n, h // b, b, w // b, b, c)), (0, 1, 3, 2, 4, 5))
    x = reshape(x, (n, h // b, w // b, b * b * c))
    return transpose(x, (0, 3, 1, 2)) if first else x


@op
def depth_to_space(x: Tensor, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Channels moved into blocks of pixels: the inverse of `space_to_depth`."""
    first = data_format == "channels_first"
    if first:
        x = transpose(x, (0, 2, 3, 1))
    n, h, w, c = shape_of(x)
    b = block_size
    d = c // (b * b)
    x = transpose(reshape(x, (n, h, w, b, b, d)), (0, 1, 3, 2, 4, 5))
    x = reshape(x, (n, h * b, w * b, d))
    return transpose(x, (0, 3, 1, 2)) if first else x


def _pair(value: Any) -> Any:
    return per_axis(value, 2, "size")


def _offsets(size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> tuple:
    (kh, kw), (dh, dw), (ph, pw), (sh, sw) = (
        _pair(kernel),
        _pair(dilation),
        _pair(padding),
        _pair(stride),
    )
    h, w = size
    rows = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    columns = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    places = [(i * dh, j * dw) for i in range(kh) for j in range(kw)]
    return rows, columns, places, (ph, pw), (sh, sw)


@op
def unfold(
    x: Tensor, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> Tensor:
    """All windows of (batch, channels, h, w), as columns: (batch, channels * window, windows)."""
    from .index import get_item

    n, c, h, w = shape_of(x)
    rows, columns, places, (ph, pw), (sh, sw) = _offsets(
        (h, w), kernel_size, dilation, padding, stride
    )
    x = pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    parts = [
        get_item(
            x,
            (..., slice(i, i + sh * (rows - 1) + 1, sh), slice(j, j + sw * (columns - 1) + 1, sw)),
        )
        for i, j in places
    ]
    return reshape(stack(parts, 2), (n, c * len(places), rows * columns))


@op
def fold(
    x: Tensor,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """Columns put back to their windows and summed where these overlap: `unfold` transposed."""
    from .index import get_item

    h, w = _pair(output_size)
    rows, columns, places, (ph, pw), (sh, sw) = _offsets(
        (h, w), kernel_size, dilation, padding, stride
    )
    n, depth, _ = shape_of(x)
    c = depth // len(places)
    x = reshape(x, (n, c, len(places), rows, columns))
    total: Any = 0
    for index, (i, j) in enumerate(places):
        part = get_item(x, (slice(None), slice(None), index))
        part = _spread_out(part, (sh, sw), ((i, h + 2 * ph), (j, w + 2 * pw)))
        total = math.add(total, part)
    return get_item(total, (..., slice(ph, ph + h), slice(pw, pw + w)))


def _spread_out(x: Any, strides: tuple[int, int], places: Any) -> Any:
    """Elements of the last two axes put `stride` apart, from an offset, within a larger size."""
    from .index import get_item

    for axis, (s, (offset, size)) in zip((2, 3), zip(strides, places)):
        shape = list(shape_of(x))
        if s > 1:
            x = pad(
                reshape(x, [*shape[: axis + 1], 1, *shape[axis + 1 :]]),
                _only(axis + 1, len(shape) + 1, 0, s - 1),
            )
            shape[axis] *= s
            x = reshape(x, shape)
            keep = shape[axis] - (s - 1)
            x = get_item(x, (*(slice(None),) * axis, slice(0, keep)))
        x = pad(x, _only(axis, len(shape), offset, size - offset - shape_of(x)[axis]))
    return x


def _only(axis: int, rank: int, before: int, after: int) -> list[tuple[int, int]]:
    return [(before, after) if i == axis else (0, 0) for i in range(rank)]
