"""Images: resizing, cropping, padding, colours: ``ops.image``; under this name also `warp` and `filters`.

Images are (height, width, channels) or a batch of them, with channels first if `data_format` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import config, dtypes
from ..errors import DtypeError, ShapeError
from ..spec import Spec, unprobe
from . import math
from ._define import REGISTRY, Tensor, dtype_of, op, shape_of, tensor
from .arrange import expand_dims, known, moveaxis, pad, reshape, squeeze, stack, unstack
from .create import zeros_like
from .index import get_item, take
from .product import tensordot

_ELSEWHERE = frozenset(
    """
    affine_transform elastic_transform extract_patches extract_patches_3d gaussian_blur
    map_coordinates perspective_transform scale_and_translate sobel_edges ssim
    """.split()
)


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return REGISTRY[f"image_{name}"]
    raise AttributeError(f"ops.image has no {name!r}.")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ELSEWHERE})


METHODS = ("nearest", "bilinear", "lanczos3", "lanczos5", "bicubic")


def axes_of(x: Any, data_format: str | None, what: str) -> tuple[int, int, int]:
    """Places of height, width and channels."""
    rank = len(shape_of(x))
    if rank not in (3, 4):
        raise ShapeError(
            f"{what}: expected 3 axes (one image) or 4 (a batch), got {unprobe(shape_of(x))}."
        )
    first = config.standardize_data_format(data_format) == "channels_first"
    return (rank - 2, rank - 1, rank - 3) if first else (rank - 3, rank - 2, rank - 1)


def batch_last(x: Any, data_format: str | None, what: str) -> Any:
    """Images as a batch with the channels last."""
    _, _, c = axes_of(x, data_format, what)
    x = moveaxis(x, c, -1)
    return expand_dims(x, 0) if len(shape_of(x)) == 3 else x


def as_given(x: Any, like: Any, data_format: str | None, what: str) -> Any:
    """A batch with the channels last in the order and number of axes of `like`: undoes `batch_last`."""
    _, _, c = axes_of(like, data_format, what)
    return moveaxis(squeeze(x, 0) if len(shape_of(like)) == 3 else x, -1, c)


@op
def resize(
    images: Tensor,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Images in another size ``(height, width)``.

    `interpolation` is ``nearest``, ``bilinear``, ``bicubic``, ``lanczos3`` or ``lanczos5``; with
    `antialias` the filter widens where images shrink. To keep the shape of things, crop to the
    target's aspect ratio first, or pad with `fill_value` to it.
    """
    if interpolation not in METHODS:
        raise ValueError(f"resize: interpolation must be one of {METHODS}, got {interpolation!r}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("resize: crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other.")
    if fill_mode != "constant":
        raise ValueError(f"resize: fill_mode must be 'constant', got {fill_mode!r}.")
    height, width = (int(s) for s in size)
    h, w, _ = axes_of(images, data_format, "resize")
    shape = list(shape_of(images))
    if crop_to_aspect_ratio:
        images = _cropped(images, h, w, height, width)
    elif pad_to_aspect_ratio:
        images = _padded(images, h, w, height, width, fill_value)
    shape[h], shape[w] = height, width
    kind = dtype_of(images)
    out = interpolate(images, tuple(shape), interpolation, antialias)
    if kind == dtype_of(out):
        return out
    return math.saturate_cast(math.round(out) if dtypes.is_integer(kind) else out, kind)


@op
def interpolate(
    images: Tensor, shape: Any, method: str = "bilinear", antialias: bool = False
) -> Tensor:
    """A tensor resampled to another shape of the same rank; a float, also for integers."""
    kind = dtypes.to_float(dtype_of(images))
    x = math.cast(images, kind)
    for axis, (old, new) in enumerate(zip(shape_of(images), shape)):
        if old == new:
            continue
        if not known(old) or not known(new):
            return Spec(shape, kind)
        if method == "nearest":
            x = take(x, _nearest(old, new), axis)
        else:
            matrix = _weights(old, new, method, antialias).astype(np.float32)
            x = moveaxis(tensordot(x, math.cast(matrix, kind), ([axis], [0])), -1, axis)
    return x


def _nearest(old: int, new: int) -> np.ndarray:
    return np.floor((np.arange(new, dtype=np.float32) + 0.5) * (old / new)).astype(np.int32)


def _weights(old: int, new: int, method: str, antialias: bool) -> np.ndarray:
    """Shares (old, new) of old pixels in new ones, which sum to 1 for each of these."""
    scale = old / new
    stretch = max(scale, 1.0) if antialias else 1.0
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(centres - np.arange(old)[:, None]) / stretch
    weights = FILTERS[method](distance, np)
    total = weights.sum(0, keepdims=True)
    fits = np.abs(total) > 1000 * np.finfo(np.float32).eps
    weights = np.where(fits, weights / np.where(fits, total, 1), 0)
    return np.where((centres >= -0.5) & (centres <= old - 0.5), weights, 0)


def _cubic(x: Any, m: Any) -> Any:
    # Keys (1981), with a = -1/2.
    near = ((1.5 * x - 2.5) * x) * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return m.where(x >= 2, 0, m.where(x >= 1, far, near))


def _lanczos(x: Any, m: Any, radius: float) -> Any:
    return m.where(x > radius, 0, m.sinc(x) * m.sinc(x / radius))


FILTERS: dict[str, Callable[[Any, Any], Any]] = {
    "bilinear": lambda x, m: m.maximum(1 - x, 0),
    "bicubic": _cubic,
    "lanczos3": lambda x, m: _lanczos(x, m, 3.0),
    "lanczos5": lambda x, m: _lanczos(x, m, 5.0),
}
"""Shares of a pixel by its distance, computed with `m`: NumPy, or ops where distances are tensors."""


def _cropped(x: Any, h: int, w: int, height: int, width: int) -> Any:
    old_h, old_w = shape_of(x)[h], shape_of(x)[w]
    rows = max(min(old_h, int(float(old_w * height) / width)), 1)
    columns = max(min(old_w, int(float(old_h * width) / height)), 1)
    top, left = int(float(old_h - rows) / 2), int(float(old_w - columns) / 2)
    key: list[Any] = [slice(None)] * len(shape_of(x))
    key[h], key[w] = slice(top, top + rows), slice(left, left + columns)
    return get_item(x, tuple(key))


def _padded(x: Any, h: int, w: int, height: int, width: int, fill_value: float) -> Any:
    old_h, old_w = shape_of(x)[h], shape_of(x)[w]
    rows = max(old_h, int(float(old_w * height) / width))
    columns = max(old_w, int(float(old_h * width) / height))
    top, left = int(float(rows - old_h) / 2), int(float(columns - old_w) / 2)
    pairs = [(0, 0)] * len(shape_of(x))
    pairs[h], pairs[w] = (top, top), (left, left)
    return pad(x, pairs, constant_values=fill_value)


def _margins(
    what: str, before: Any, after: Any, size: Any, target: Any, sign: int
) -> tuple[int, int]:
    """Two margins out of any two of: before, after, the target size (sign 1: cropped, -1: added)."""
    given = [v is not None for v in (before, after, target)]
    if sum(given) < 2:
        raise ValueError(f"{what}: give two of: margin before, margin after, target size.")
    total = None if target is None else sign * (size - target)
    if before is None:
        before = total - after
    if after is None:
        after = total - before
    if before < 0 or after < 0:
        raise ShapeError(f"{what}: margins must not be negative, got {before} and {after}.")
    return before, after


@op
def crop_images(
    images: Tensor,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Images without margins. Per axis give two of: the two margins, the target size."""
    h, w, _ = axes_of(images, data_format, "crop_images")
    shape = shape_of(images)
    top, bottom = _margins("crop_images", top_cropping, bottom_cropping, shape[h], target_height, 1)
    left, right = _margins("crop_images", left_cropping, right_cropping, shape[w], target_width, 1)
    key: list[Any] = [slice(None)] * len(shape)
    key[h], key[w] = slice(top, shape[h] - bottom), slice(left, shape[w] - right)
    return get_item(images, tuple(key))


@op
def pad_images(
    images: Tensor,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Tensor:
    """Images with margins of zeros. Per axis give two of: the two margins, the target size."""
    h, w, _ = axes_of(images, data_format, "pad_images")
    shape = shape_of(images)
    pairs = [(0, 0)] * len(shape)
    pairs[h] = _margins("pad_images", top_padding, bottom_padding, shape[h], target_height, -1)
    pairs[w] = _margins("pad_images", left_padding, right_padding, shape[w], target_width, -1)
    return pad(images, pairs)


@op
def rgb_to_grayscale(images: Tensor, data_format: str | None = None) -> Tensor:
    """Luma of ITU-R BT.601 (0.2989 R + 0.5870 G + 0.1140 B), as one channel; gray images stay.

    >>> tuple(rgb_to_grayscale([[[100.0, 0.0, 0.0]]]).shape)
    (1, 1, 1)
    """
    _, _, c = axes_of(images, data_format, "rgb_to_grayscale")
    shape = list(shape_of(images))
    if shape[c] == 1:
        return tensor(images)
    _three("rgb_to_grayscale", shape, c, "3 channels (or 1)")
    kind = dtype_of(images)
    x = math.cast(images, dtypes.to_float(kind))
    gray = tensordot(x, np.array([0.2989, 0.5870, 0.1140], np.float32), ([c], [0]))
    shape[c] = 1
    return math.cast(reshape(gray, shape), kind)


def _three(what: str, shape: Any, c: int, wanted: str = "3 channels") -> None:
    if known(shape[c]) and shape[c] != 3:
        raise ShapeError(
            f"{what}: expected {wanted}, got {shape[c]} in images of shape {unprobe(shape)}. "
            "Is data_format that of the images?"
        )


def _planes(what: str, images: Any, data_format: str | None) -> tuple[list[Any], int]:
    """The three channels of float images, and their axis."""
    _, _, c = axes_of(images, data_format, what)
    _three(what, shape_of(images), c)
    if not dtypes.is_float(dtype_of(images)):
        raise DtypeError(
            f"{what}: expected images of a float dtype, got {dtype_of(images)}. "
            "Use ops.cast(images, 'float32') / 255."
        )
    return unstack(images, 3, c), c


# The distance from 1 to the next number.
_EPSILON = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float64": 2.0**-52}


@op
def rgb_to_hsv(images: Tensor, data_format: str | None = None) -> Tensor:
    """Red, green and blue in [0, 1] as hue, saturation and value in [0, 1] (Smith, 1978).

    The hue goes from red (0) by green (1/3) and blue (2/3) back to red; that of gray is 0.

    >>> tuple(rgb_to_hsv([[[0.0, 0.5, 0.0]]]).shape)
    (1, 1, 3)
    """
    (r, g, b), c = _planes("rgb_to_hsv", images, data_format)
    tiny = _EPSILON.get(dtype_of(images), 2.0**-23)
    r, g, b = (math.where(math.less(math.absolute(v), tiny), zeros_like(v), v) for v in (r, g, b))
    value = math.maximum(math.maximum(r, g), b)
    width = math.subtract(value, math.minimum(math.minimum(r, g), b))
    colour, light = math.greater(width, 0), math.greater(value, 0)
    saturation = math.where(light, math.divide(width, math.where(light, value, 1)), 0)
    # Sixths of the circle from red, green or blue, whichever is the largest.
    sixth = math.divide(1 / 6, math.where(colour, width, 1))
    of_green = math.add(math.multiply(sixth, math.subtract(b, r)), 2 / 6)
    of_blue = math.add(math.multiply(sixth, math.subtract(r, g)), 4 / 6)
    hue = math.where(math.equal(value, g), of_green, of_blue)
    hue = math.where(math.equal(value, r), math.multiply(sixth, math.subtract(g, b)), hue)
    hue = math.where(math.less(hue, 0), math.add(hue, 1), hue)
    return stack([math.where(colour, hue, 0), saturation, value], c)


@op
def hsv_to_rgb(images: Tensor, data_format: str | None = None) -> Tensor:
    """Hue, saturation and value in [0, 1] as red, green and blue: the inverse of `rgb_to_hsv`.

    >>> hsv_to_rgb([[[0.0, 1.0, 0.5]]]).tolist()
    [[[0.5, 0.0, 0.0]]]
    """
    (hue, saturation, value), c = _planes("hsv_to_rgb", images, data_format)
    place = math.multiply(math.mod(hue, 1.0), 6.0)
    far = [math.absolute(math.subtract(place, start)) for start in (3.0, 2.0, 4.0)]
    shares = [math.subtract(far[0], 1.0), math.subtract(2.0, far[1]), math.subtract(2.0, far[2])]
    gray = math.subtract(1.0, saturation)
    return stack(
        [
            math.multiply(value, math.add(gray, math.multiply(saturation, math.clip(s, 0.0, 1.0))))
            for s in shares
        ],
        c,
    )
