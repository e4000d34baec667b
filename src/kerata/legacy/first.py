"""Functions that only Keras 1 had, in ``keras.backend`` and ``keras.preprocessing``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, ops

__all__ = [
    "apply_transform", "asymmetric_spatial_2d_padding", "asymmetric_temporal_padding", "atrous_conv2d",
    "base_filter", "deconv2d", "lesser", "lesser_equal", "pack",
]  # fmt: skip

_FORMATS = {"tf": "channels_last", "th": "channels_first"}


def _format(dim_ordering: str) -> str:
    return _FORMATS.get(dim_ordering) or config.image_data_format()


def _kernel(kernel: Any, dim_ordering: str) -> Any:
    """A kernel as rows, columns, inputs, outputs; ``th`` had outputs, inputs, rows, columns."""
    kernel = ops.convert_to_tensor(kernel)
    return ops.transpose(kernel, (2, 3, 1, 0)) if dim_ordering == "th" else kernel


def lesser(x: Any, y: Any) -> Any:
    """Whether x < y, element by element.

    >>> lesser([1.0, 2.0], 2.0).tolist()
    [True, False]
    """
    return ops.less(x, y)


def lesser_equal(x: Any, y: Any) -> Any:
    """Whether x <= y, element by element."""
    return ops.less_equal(x, y)


def asymmetric_temporal_padding(x: Any, left_pad: int = 1, right_pad: int = 1) -> Any:
    """Zeros before and behind the middle axis of ``(batch, time, features)``.

    >>> asymmetric_temporal_padding(np.ones((1, 1, 1)), 1, 2).ravel().tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    return ops.pad(x, ((0, 0), (left_pad, right_pad), (0, 0)))


def asymmetric_spatial_2d_padding(
    x: Any,
    top_pad: int = 1,
    bottom_pad: int = 1,
    left_pad: int = 1,
    right_pad: int = 1,
    dim_ordering: str = "default",
) -> Any:
    """Zeros around pictures, of another width on each side."""
    inner = ((top_pad, bottom_pad), (left_pad, right_pad))
    if _format(dim_ordering) == "channels_first":
        return ops.pad(x, ((0, 0), (0, 0), *inner))
    return ops.pad(x, ((0, 0), *inner, (0, 0)))


def atrous_conv2d(
    x: Any,
    kernel: Any,
    rate: int = 1,
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """A convolution whose window takes every `rate`-th pixel.

    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> atrous_conv2d(x, np.ones((2, 2, 1, 1)), 2).ravel().tolist()
    [16.0]
    """
    return ops.conv(
        x, _kernel(kernel, dim_ordering), padding=border_mode, dilation_rate=rate,
        data_format=_format(dim_ordering),
    )  # fmt: skip


def deconv2d(
    x: Any,
    kernel: Any,
    output_shape: Sequence[int],
    strides: Sequence[int] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """The transpose of a convolution, to a result of the shape `output_shape`."""
    from . import modules

    conv2d_transpose = modules.module("legacy.backend").resolve("conv2d_transpose")
    kernel = ops.transpose(_kernel(kernel, dim_ordering), (0, 1, 3, 2))
    return conv2d_transpose(
        x, kernel, output_shape, tuple(strides), padding=border_mode, data_format=_format(dim_ordering)
    )  # fmt: skip


def pack(x: Sequence[Any]) -> Any:
    """Tensors joined along a new first axis.

    >>> pack([[1.0], [2.0]]).tolist()
    [[1.0], [2.0]]
    """
    return ops.stack(list(x))


def base_filter() -> str:
    """The characters that a `Tokenizer` takes out of texts.

    >>> len(base_filter())
    33
    """
    return '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def apply_transform(
    x: Any,
    transform_matrix: Any,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> np.ndarray:
    """A picture moved by a matrix of 3 x 3 on rows and columns, to the nearest pixels.

    >>> shift = np.array([[1.0, 0, 0], [0, 1, 1], [0, 0, 1]])
    >>> apply_transform(np.array([[[1.0, 2.0, 3.0]]]), shift).tolist()
    [[[2.0, 3.0, 3.0]]]
    """
    from scipy.ndimage import affine_transform

    matrix = np.asarray(transform_matrix)
    planes = [
        affine_transform(p, matrix[:2, :2], matrix[:2, 2], order=0, mode=fill_mode, cval=cval)
        for p in np.moveaxis(np.asarray(x), channel_axis, 0)
    ]
    return np.moveaxis(np.stack(planes), 0, channel_axis)
