"""Neighbourhoods of pixels: blurring, edges, patches, similarity; part of ``ops.image``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, dtypes
from ..errors import ShapeError
from ..spec import Spec, same, unprobe
from . import math, reduce
from ._define import Tensor, dtype_of, op, shape_of, tensor
from .arrange import broadcast_to, known, moveaxis, pad, reshape, squeeze, stack
from .convolve import depthwise_conv, per_axis, same_padding, window_size
from .image import as_given, axes_of, batch_last
from .index import get_item, take

# --- Gaussian windows ---------------------------------------------------------------------------


def _gaussian(size: int, sigma: Any, dtype: str) -> Any:
    """Samples, which sum to 1, of a Gaussian in the middle of `size` places."""
    places = (np.arange(size) - (size - 1) / 2).astype(np.float32)
    ratio = math.divide(places, math.cast(sigma, "float32"))
    weights = math.exp(math.multiply(math.square(ratio), -0.5))
    return math.cast(math.divide(weights, reduce.sum(weights)), dtype)


def _weighted(x: Any, rows: Any, columns: Any, padding: str) -> Any:
    """A batch with the channels last, weighted along its height and then along its width."""
    depth = shape_of(x)[-1]
    for weights, tall in ((rows, True), (columns, False)):
        n = shape_of(weights)[0]
        shape = (n, 1, 1, 1) if tall else (1, n, 1, 1)
        kernel = broadcast_to(reshape(weights, shape), (*shape[:2], depth, 1))
        x = depthwise_conv(x, kernel, padding=padding, data_format="channels_last")
    return x


@op
def gaussian_blur(
    images: Tensor,
    kernel_size: Any = (3, 3),
    sigma: Any = (1.0, 1.0),
    data_format: str | None = None,
) -> Tensor:
    """Images smoothed by a Gaussian; beyond their edges stands zero.

    `kernel_size` and `sigma` are each (along the width, along the height): the number of pixels, and
    the standard deviation in pixels. Integers are rounded.

    >>> gaussian_blur([[[0.0], [4.0], [0.0]]], (3, 1), (1e6, 1.0))[0, 1, 0].tolist() * 3 > 3.99
    True
    """
    axes_of(images, data_format, "gaussian_blur")
    if not isinstance(sigma, (list, tuple)):
        sigma = tensor(sigma)
    if isinstance(images, Spec) or isinstance(sigma, Spec):
        return Spec(shape_of(images), dtype_of(images))
    wide, tall = per_axis(kernel_size, 2, "kernel_size")
    across, down = (sigma[0], sigma[1])
    kind = dtype_of(images)
    compute = dtypes.to_float(kind)
    x = math.cast(batch_last(images, data_format, "gaussian_blur"), compute)
    out = _weighted(x, _gaussian(tall, down, compute), _gaussian(wide, across, compute), "same")
    if compute != kind:
        out = math.saturate_cast(math.round(out), kind)
    return as_given(out, images, data_format, "gaussian_blur")


@op
def ssim(
    image1: Tensor,
    image2: Tensor,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Tensor:
    """Structural similarity of two images, or of pairs of them: 1 where they are the same.

    Brightness, contrast and structure are compared in Gaussian windows of `filter_size` pixels, and
    the result is averaged over places and channels: a scalar, or one number for each pair, in the
    dtype of `image1` (Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", 2004).
    `max_val` is the largest value that a pixel can have.

    >>> import numpy as np
    >>> x = np.ones((12, 12, 3), "float32")
    >>> ssim(x, x).tolist()
    1.0
    """
    h, w, _ = axes_of(image1, data_format, "ssim")
    first, second = shape_of(image1), shape_of(image2)
    if len(first) != len(second):
        raise ShapeError(
            f"ssim: both must have the same shape, got {unprobe(first)} and {unprobe(second)}."
        )
    for a, b in zip(first, second):
        same("ssim", a, b)
    for d in (first[h], first[w]):
        if known(d) and d < filter_size:
            raise ShapeError(
                f"ssim: images of {unprobe((first[h], first[w]))} pixels are smaller than the window of "
                f"filter_size={filter_size}; use a smaller one."
            )
    kind = dtype_of(image1)
    if isinstance(image1, Spec) or isinstance(image2, Spec):
        return Spec(first[:1] if len(first) == 4 else (), kind)
    compute = dtypes.to_float(kind)
    a, b = (math.cast(batch_last(v, data_format, "ssim"), compute) for v in (image1, image2))
    found = _similarity(
        a,
        b,
        _gaussian(filter_size, filter_sigma, compute),
        (k1 * max_val) ** 2,
        (k2 * max_val) ** 2,
    )
    found = math.cast(reduce.mean(found, (1, 2, 3)), kind)
    return squeeze(found, 0) if len(first) == 3 else found


def _similarity(a: Any, b: Any, weights: Any, c1: float, c2: float) -> Any:
    """The similarity at each place where the window fits."""

    def mean(v: Any) -> Any:
        return _weighted(v, weights, weights, "valid")

    ma, mb = mean(a), mean(b)
    both, squares = math.multiply(ma, mb), math.add(math.square(ma), math.square(mb))
    covariance = math.subtract(mean(math.multiply(a, b)), both)
    variances = math.subtract(mean(math.add(math.square(a), math.square(b))), squares)
    light = math.divide(math.add(math.multiply(both, 2.0), c1), math.add(squares, c1))
    form = math.divide(math.add(math.multiply(covariance, 2.0), c2), math.add(variances, c2))
    return math.multiply(light, form)


@op
def sobel_edges(images: Tensor, data_format: str | None = None) -> Tensor:
    """How the brightness changes down and to the right, by the operator of Sobel.

    A last axis of size 2 is added: the change along the height, and along the width (each a sum with
    weights 1 2 1 across of differences over two pixels). Beyond the edges stands zero.

    >>> sobel_edges([[[0.0], [0.0], [1.0], [1.0]]])[0, 1, 0].tolist()
    [0.0, 2.0]
    """
    h, w, _ = axes_of(images, data_format, "sobel_edges")
    if isinstance(images, Spec):
        return Spec((*images.shape, 2), dtype_of(images))
    rank = len(shape_of(images))
    padded = pad(images, [(1, 1) if i in (h, w) else (0, 0) for i in range(rank)])

    def part(x: Any, axis: int, start: int) -> Any:
        key: list[Any] = [slice(None)] * rank
        key[axis] = slice(start, start + shape_of(images)[axis])
        return get_item(x, tuple(key))

    def change(along: int, across: int) -> Any:
        x = math.subtract(part(padded, along, 2), part(padded, along, 0))
        sides = math.add(part(x, across, 0), part(x, across, 2))
        return math.add(sides, math.multiply(part(x, across, 1), 2))

    return stack([change(h, w), change(w, h)], -1)


# --- patches ------------------------------------------------------------------------------------


@op
def extract_patches(
    images: Tensor,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The windows of images, each window's pixels one after the other on the axis of the channels.

    `size` is an int or (height, width), or (depth, height, width) for volumes, which have one more
    axis; `strides` are as large as `size` by default. `padding`: ``valid``, or ``same`` (zeros beyond
    the edges). The result is (batch, rows, columns, height * width * channels) with channels last.

    >>> extract_patches([[[1.0], [2.0]], [[3.0], [4.0]]], (1, 2)).tolist()
    [[[1.0, 2.0]], [[3.0, 4.0]]]
    """
    if not isinstance(size, int) and len(size) not in (2, 3):
        raise ValueError(f"extract_patches: size must be an int or 2 or 3 of them, got {size!r}.")
    rank = 2 if isinstance(size, int) else len(size)
    return _patches(
        "extract_patches", images, rank, size, strides, dilation_rate, padding, data_format
    )


@op
def extract_patches_3d(
    volumes: Tensor,
    size: Any,
    strides: Any = None,
    dilation_rate: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """The windows of volumes (batch, depth, height, width, channels) or of one: see `extract_patches`.

    >>> import numpy as np
    >>> tuple(extract_patches_3d(np.zeros((4, 4, 6, 1), "float32"), 2).shape)
    (2, 2, 3, 8)
    """
    return _patches(
        "extract_patches_3d", volumes, 3, size, strides, dilation_rate, padding, data_format
    )


def _patches(
    what: str,
    x: Any,
    rank: int,
    size: Any,
    strides: Any,
    dilation_rate: Any,
    padding: str,
    data_format: str | None,
) -> Any:
    if padding not in ("valid", "same"):
        raise ValueError(f"{what}: padding must be 'valid' or 'same', got {padding!r}.")
    shape = shape_of(x)
    if len(shape) not in (rank + 1, rank + 2):
        raise ShapeError(
            f"{what}: expected {rank + 1} axes (one) or {rank + 2} (a batch), got {unprobe(shape)}."
        )
    first = config.standardize_data_format(data_format) == "channels_first"
    channels = len(shape) - (rank + 1 if first else 1)
    start = channels + 1 if first else channels - rank
    windows = per_axis(size, rank, "size")
    steps = per_axis(strides or size, rank, "strides")
    rates = per_axis(dilation_rate, rank, "dilation_rate")
    plans = list(zip(shape[start : start + rank], windows, steps, rates))
    counts = [window_size(d, k, s, padding, r) for d, k, s, r in plans]
    if any(known(n) and n < 1 for n in counts):
        raise ShapeError(
            f"{what}: patches of {windows} are larger than {unprobe(shape[start : start + rank])}."
        )
    new = list(shape)
    new[start : start + rank] = counts
    depth = shape[channels]
    new[channels] = None if depth is None else depth * int(np.prod(windows))
    if isinstance(x, Spec):
        return Spec(new, dtype_of(x))
    x = moveaxis(x, channels, -1)
    start = len(shape) - 1 - rank
    for axis, plan in enumerate(plans):
        x = _windowed(x, start + 2 * axis, plan, padding)
    # Now (…, count, window, count, window, …, channels): the windows' axes go behind the counts'.
    places = [start + 2 * i + 1 for i in range(rank)]
    x = moveaxis(x, places, [start + rank + i for i in range(rank)])
    x = reshape(x, (*shape_of(x)[: start + rank], -1))
    return moveaxis(x, -1, channels)


def _windowed(x: Any, axis: int, plan: Sequence[int], padding: str) -> Any:
    """An axis made two: the number of the window, and the place in it."""
    size, window, stride, rate = plan
    if padding == "same":
        pairs = [(0, 0)] * len(shape_of(x))
        pairs[axis] = same_padding(size, window, stride, rate)
        x = pad(x, pairs)
    count = window_size(size, window, stride, padding, rate)
    places = np.arange(count)[:, None] * stride + np.arange(window) * rate
    return take(x, places.astype(np.int32), axis)
