"""Convolutions and poolings."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...errors import InputError, ShapeError
from ...spec import shape_of, unprobe
from ._define import backend_op
from .shapes import _plain, normalize_data_format

Tensor = Any


def _form(data_format: Any) -> str:
    return normalize_data_format(data_format)


def conv1d(
    x: Tensor,
    kernel: Tensor,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """Convolution of sequences with a kernel (window, channels, filters).

    >>> conv1d(np.ones((1, 3, 1), "float32"), np.ones((2, 1, 1), "float32")).tolist()
    [[[2.0], [2.0]]]
    """
    return ops.conv(x, kernel, strides, padding, _form(data_format), dilation_rate)


def conv2d(
    x: Tensor,
    kernel: Tensor,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """Convolution of images with a kernel (rows, columns, channels, filters).

    >>> conv2d(np.ones((1, 3, 3, 1), "float32"), np.ones((3, 3, 1, 1), "float32")).tolist()
    [[[[9.0]]]]
    """
    return ops.conv(x, kernel, strides, padding, _form(data_format), dilation_rate)


def conv3d(
    x: Tensor,
    kernel: Tensor,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1, 1),
) -> Tensor:
    """Convolution of volumes with a kernel (three sizes, channels, filters).

    >>> x, kernel = np.ones((1, 2, 2, 2, 1), "float32"), np.ones((2, 2, 2, 1, 1), "float32")
    >>> conv3d(x, kernel).tolist()
    [[[[[8.0]]]]]
    """
    return ops.conv(x, kernel, strides, padding, _form(data_format), dilation_rate)


def depthwise_conv2d(
    x: Tensor,
    depthwise_kernel: Tensor,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """Convolution of each channel by itself with a kernel (rows, columns, channels, multiplier).

    >>> x, kernel = np.ones((1, 2, 2, 2), "float32"), np.ones((2, 2, 2, 1), "float32")
    >>> depthwise_conv2d(x, kernel).tolist()
    [[[[4.0, 4.0]]]]
    """
    return ops.depthwise_conv(
        x, depthwise_kernel, strides, padding, _form(data_format), dilation_rate
    )


def separable_conv1d(
    x: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Tensor:
    """A convolution of each channel of sequences by itself, then one of single places.

    >>> one = np.ones((1, 1, 1), "float32")
    >>> separable_conv1d(one, one, one).tolist()
    [[[1.0]]]
    """
    return ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, padding, _form(data_format), dilation_rate
    )


def separable_conv2d(
    x: Tensor,
    depthwise_kernel: Tensor,
    pointwise_kernel: Tensor,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """A convolution of each channel of images by itself, then one of single pixels.

    >>> one = np.ones((1, 1, 1, 1), "float32")
    >>> separable_conv2d(one, one, one).tolist()
    [[[[1.0]]]]
    """
    return ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, padding, _form(data_format), dilation_rate
    )


@backend_op
def conv2d_transpose(
    x: Tensor,
    kernel: Tensor,
    output_shape: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = (1, 1),
) -> Tensor:
    """The transpose of a convolution; the kernel is (rows, columns, filters, channels).

    `output_shape` is the whole shape of the result, whose batch size may be ``None`` or symbolic.

    >>> x, kernel = np.ones((1, 1, 1, 1), "float32"), np.ones((2, 2, 1, 1), "float32")
    >>> conv2d_transpose(x, kernel, (None, 2, 2, 1)).tolist()
    [[[[1.0], [1.0]], [[1.0], [1.0]]]]
    """
    return _transposed(x, kernel, output_shape, strides, padding, _form(data_format), dilation_rate)


@backend_op
def conv3d_transpose(
    x: Tensor,
    kernel: Tensor,
    output_shape: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: Any = None,
) -> Tensor:
    """The transpose of a convolution of volumes; the kernel is (three sizes, filters, channels).

    >>> x, kernel = np.ones((1, 1, 1, 1, 1), "float32"), np.ones((2, 2, 2, 1, 1), "float32")
    >>> tuple(conv3d_transpose(x, kernel, (1, 2, 2, 2, 1)).shape)
    (1, 2, 2, 2, 1)
    """
    return _transposed(x, kernel, output_shape, strides, padding, _form(data_format), (1, 1, 1))


def _transposed(
    x: Any, kernel: Any, output_shape: Any, strides: Any, padding: str, form: str, dilation: Any
) -> Any:
    axis = 2 if form == "channels_first" else 1
    rank = len(shape_of(x)) - 2
    wanted = _plain(output_shape)[axis : axis + rank]
    n = shape_of(x)[axis : axis + rank]
    window = [(w - 1) * d + 1 for w, d in zip(shape_of(kernel), dilation)]
    strides = (strides,) * rank if isinstance(strides, int) else tuple(strides)
    extra = None
    usual = [
        m * s if padding == "same" else m * s + max(w - s, 0) for m, s, w in zip(n, strides, window)
    ]
    if list(wanted) != usual and None not in wanted:
        # The rest that the forward convolution would not have reached, or would have padded.
        least = [w % 2 if padding == "same" else w for w in window]
        extra = tuple(o - (m - 1) * s - k for o, m, s, k in zip(wanted, n, strides, least))
    out = ops.conv_transpose(x, kernel, strides, padding, extra, form, dilation)
    got = shape_of(out)[axis : axis + rank]
    if None not in wanted and tuple(got) != tuple(wanted):
        raise ShapeError(
            f"conv_transpose: output_shape {unprobe(wanted)} is none that strides {strides} and padding "
            f"{padding!r} can give for {unprobe(n)}; {unprobe(got)} is."
        )
    return out


# --- pooling ------------------------------------------------------------------------------------


def pool2d(
    x: Tensor,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: Any = None,
    pool_mode: str = "max",
) -> Tensor:
    """The largest (``max``) or the mean (``avg``) of each window of images.

    >>> pool2d([[[[1.0], [2.0]], [[3.0], [4.0]]]], (2, 2), pool_mode="avg").tolist()
    [[[[2.5]]]]
    """
    return _pooled(x, pool_size, strides, padding, data_format, pool_mode)


def pool3d(
    x: Tensor,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: Any = None,
    pool_mode: str = "max",
) -> Tensor:
    """The largest (``max``) or the mean (``avg``) of each window of volumes.

    >>> pool3d(np.ones((1, 2, 2, 2, 1), "float32"), (2, 2, 2)).tolist()
    [[[[[1.0]]]]]
    """
    return _pooled(x, pool_size, strides, padding, data_format, pool_mode)


def _pooled(x: Any, size: Any, strides: Any, padding: str, data_format: Any, mode: str) -> Any:
    if mode not in ("max", "avg"):
        raise InputError(f"pool_mode must be 'max' or 'avg', got {mode!r}.")
    pool = ops.max_pool if mode == "max" else ops.average_pool
    x = ops.convert_to_tensor(x)
    return pool(x, tuple(size), tuple(strides), padding, _form(data_format))


# --- kernels of their own for each place --------------------------------------------------------


def local_conv1d(
    inputs: Tensor, kernel: Tensor, kernel_size: Any, strides: Any, data_format: Any = None
) -> Tensor:
    """A convolution of sequences with a kernel of its own for each place.

    The kernel is (places, window * channels, filters).

    >>> x, kernel = np.ones((1, 3, 1), "float32"), np.ones((2, 2, 1), "float32")
    >>> local_conv1d(x, kernel, (2,), (1,)).tolist()
    [[[2.0], [2.0]]]
    """
    return _local(inputs, kernel, kernel_size, strides, (shape_of(kernel)[0],), _form(data_format))


def local_conv2d(
    inputs: Tensor,
    kernel: Tensor,
    kernel_size: Any,
    strides: Any,
    output_shape: Any,
    data_format: Any = None,
) -> Tensor:
    """A convolution of images with a kernel of its own for each place.

    The kernel is (places, rows * columns * channels, filters), `output_shape` the rows and columns of
    the places.

    >>> x, kernel = np.ones((1, 3, 3, 1), "float32"), np.ones((4, 4, 1), "float32")
    >>> local_conv2d(x, kernel, (2, 2), (1, 1), (2, 2)).tolist()
    [[[[4.0], [4.0]], [[4.0], [4.0]]]]
    """
    return _local(inputs, kernel, kernel_size, strides, tuple(output_shape), _form(data_format))


@backend_op
def _local(
    x: Tensor, kernel: Tensor, kernel_size: Any, strides: Any, places: Any, data_format: str
) -> Tensor:
    """A convolution with a kernel of its own for each place."""
    rank = len(places)
    first = data_format == "channels_first"
    for i, (n, k, s) in enumerate(zip(places, kernel_size, strides)):
        # Each axis of places becomes two: which window, and where in it.
        axis = 2 * i + (2 if first else 1)
        x = ops.take(x, np.arange(n)[:, None] * s + np.arange(k)[None], axis)
    windows = [2 * i + (2 if first else 1) for i in range(rank)]
    inside = [a + 1 for a in windows]
    depth = [1] if first else [2 * rank + 1]
    x = ops.transpose(x, [0, *windows, *(depth + inside if first else inside + depth)])
    count = int(np.prod(places))
    flat = ops.reshape(x, (shape_of(x)[0], count, shape_of(kernel)[1]))
    out = ops.einsum("bpi,pio->bpo", flat, kernel)
    out = ops.reshape(out, (shape_of(x)[0], *places, shape_of(kernel)[2]))
    return ops.moveaxis(out, -1, 1) if first else out
