"""Pictures in files and as arrays. Reading and writing files takes Pillow."""

from __future__ import annotations

import functools
import io
import math
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from .. import config
from ..errors import FileError, InputError, ShapeError

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
_PIL_METHODS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def pillow() -> Any:
    """The module ``PIL.Image``."""
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "Reading and writing pictures takes the package Pillow: pip install pillow", name="PIL"
        ) from None
    return Image


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A picture of Pillow's as an array (height, width, channels) of numbers from 0 to 255.

    Args:
        img: The picture, or an array with 2 or 3 axes.
        data_format: ``channels_first`` for (channels, height, width); the default one for None.
        dtype: dtype of the array; ``floatx()`` by default.

    >>> img_to_array(array_to_img([[[0], [255]]])).tolist()
    [[[0.0], [255.0]]]
    """
    first = config.standardize_data_format(data_format) == "channels_first"
    x = np.asarray(img, dtype=dtype or config.floatx())
    if x.ndim == 2:
        return x[None] if first else x[..., None]
    if x.ndim != 3:
        raise ShapeError(
            f"img_to_array: expected a picture with 2 or 3 axes; got the shape {x.shape}."
        )
    return x.transpose(2, 0, 1) if first else x


def array_to_img(
    x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None
) -> Any:
    """An array as a picture of Pillow's, in grey, RGB or RGBA.

    Args:
        x: (height, width, channels), with 1, 3 or 4 channels.
        data_format: ``channels_first`` for (channels, height, width); the default one for None.
        scale: Whether values are stretched so that the least is 0 and the greatest 255; else they
            are taken as they are, without their fractions.
        dtype: dtype of the arithmetic; ``floatx()`` by default.

    >>> array_to_img(np.zeros((2, 3, 3))).size
    (3, 2)
    """
    first = config.standardize_data_format(data_format) == "channels_first"
    x = np.asarray(x, dtype=dtype or config.floatx())
    if x.ndim != 3:
        raise ShapeError(
            f"array_to_img: expected one picture, (height, width, channels); got the shape {x.shape}."
        )
    x = x.transpose(1, 2, 0) if first else x
    if scale:
        x = x - x.min()
        top = x.max()
        x = (x / top if top else x) * 255
    channels = x.shape[2]
    if channels not in (1, 3, 4):
        raise ShapeError(f"array_to_img: a picture has 1, 3 or 4 channels; got {channels}.")
    if channels > 1:
        return pillow().fromarray(np.ascontiguousarray(x.astype("uint8")))
    kind = "int32" if x.max() > 255 else "uint8"
    return pillow().fromarray(x[:, :, 0].astype(kind))


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as a picture.

    Args:
        path: Path, or an open file.
        x: As for `array_to_img`.
        data_format: As for `array_to_img`.
        file_format: Such as ``png``; by default what the path ends with.
        scale: As for `array_to_img`.
        kwargs: Options for Pillow's ``save``, such as ``quality``.

    >>> file = io.BytesIO()
    >>> save_img(file, np.ones((2, 2, 3)), file_format="png")
    >>> load_img(file).size
    (2, 2)
    """
    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = Path(path).suffix[1:]
    file_format = file_format.lower() if file_format else None
    if file_format == "jpg":
        file_format = "jpeg"
    img = array_to_img(x, data_format, scale)
    if img.mode == "RGBA" and file_format == "jpeg":
        warnings.warn(
            "JPEG files have no transparency: the picture is written as RGB.", stacklevel=2
        )
        img = img.convert("RGB")
    img.save(path, format=file_format, **kwargs)


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Read a picture; of a film its first frame.

    Args:
        path: Path, or ``io.BytesIO``.
        color_mode: ``rgb``, ``rgba`` or ``grayscale`` (where 16- and 32-bit grey stays so).
        target_size: (height, width) of the result; that of the file by default.
        interpolation: How the size is changed: ``nearest``, ``bilinear``, ``bicubic``, ``lanczos``,
            ``box`` or ``hamming``, all as in Pillow.
        keep_aspect_ratio: Whether the middle is cut out in the shape of the target first.

    Returns:
        A picture of Pillow's; `img_to_array` turns it into an array.

    >>> file = io.BytesIO()
    >>> save_img(file, np.zeros((4, 6, 3)), file_format="png")
    >>> img_to_array(load_img(file, "grayscale", target_size=(2, 3))).shape
    (2, 3, 1)
    """
    if color_mode not in CHANNELS:
        raise InputError(f"load_img: color_mode={color_mode!r}; expected one of {tuple(CHANNELS)}.")
    img = _open(path)
    wanted = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}[color_mode]
    if img.mode != wanted and not (wanted == "L" and img.mode in ("I;16", "I")):
        img = img.convert(wanted)
    if target_size is None:
        return img
    height, width = target_size
    if img.size == (width, height):
        return img
    if interpolation not in _PIL_METHODS:
        raise InputError(
            f"load_img: interpolation={interpolation!r}; expected one of {_PIL_METHODS}."
        )
    box = None
    if keep_aspect_ratio:
        w, h = img.size
        inner_h, inner_w = min(h, w * height // width), min(w, h * width // height)
        top, left = (h - inner_h) // 2, (w - inner_w) // 2
        box = (left, top, left + inner_w, top + inner_h)
    method = getattr(pillow().Resampling, interpolation.upper())
    return img.resize((width, height), method, box=box)


def _open(path: Any) -> Any:
    if not isinstance(path, (str, bytes, os.PathLike, io.BytesIO)):
        raise TypeError(f"load_img: path must be a path or io.BytesIO; got {type(path).__name__}.")
    image = pillow()
    try:
        if isinstance(path, io.BytesIO):
            return image.open(path)
        with open(path, "rb") as file:
            return image.open(io.BytesIO(file.read()))
    except image.UnidentifiedImageError:
        name = "The data" if isinstance(path, io.BytesIO) else os.fsdecode(path)
        raise FileError(f"{name} is no picture that Pillow can read.") from None


def smart_resize(
    x: Any, size: Any, interpolation: str = "bilinear", data_format: str = "channels_last",
) -> Any:  # fmt: skip
    """A picture, or a batch of them, in another size without distortion: what is too much is cut off.

    The greatest part in the middle that has the shape of the target is resized to it.

    Args:
        x: (height, width, channels) or (batch, height, width, channels), array or tensor.
        size: (height, width) of the result.
        interpolation: ``bilinear``, ``nearest``, ``bicubic``, ``lanczos3`` or ``lanczos5``.
        data_format: ``channels_last`` or ``channels_first``.

    >>> smart_resize(np.ones((20, 30, 3)), (10, 10)).shape
    (10, 10, 3)
    """
    from .. import ops

    if not isinstance(size, (list, tuple)) or len(size) != 2:
        raise InputError(f"smart_resize: size must be (height, width); got {size!r}.")
    shape = tuple(getattr(x, "shape", ()))
    if len(shape) not in (3, 4):
        raise ShapeError(
            "smart_resize: expected (height, width, channels) or (batch, height, width, channels); got "
            f"the shape {shape}."
        )
    at = len(shape) - (2 if data_format == "channels_first" else 3)
    rows, columns = middle(shape[at], shape[at + 1], size[0], size[1])
    part = ops.convert_to_tensor(x)[(slice(None),) * at + (rows, columns)]
    out = ops.image.resize(part, size, interpolation=interpolation, data_format=data_format)
    return ops.convert_to_numpy(out) if isinstance(x, np.ndarray) else out


def middle(h: int, w: int, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the greatest part in the middle with the shape of a target.

    >>> middle(4, 10, 1, 1)
    (slice(0, 4, None), slice(3, 7, None))
    """
    inner_h = max(min(h, int(float(w * height) / width)), 1)
    inner_w = max(min(w, int(float(h * width) / height)), 1)
    top, left = int((h - inner_h) / 2), int((w - inner_w) / 2)
    return slice(top, top + inner_h), slice(left, left + inner_w)


# --- resizing on the host -------------------------------------------------------------------------


def _lanczos(radius: float) -> Any:
    return lambda d: np.where(d < radius, np.sinc(d) * np.sinc(d / radius), 0)


def _cubic(b: float, c: float) -> Any:
    """The family of cubic filters of Mitchell and Netravali 1988."""

    def weights(d: np.ndarray) -> np.ndarray:
        near = ((12 - 9 * b - 6 * c) * d + (-18 + 12 * b + 6 * c)) * d * d + 6 - 2 * b
        far = (((-b - 6 * c) * d + 6 * b + 30 * c) * d - 12 * b - 48 * c) * d + 8 * b + 24 * c
        return np.where(d < 1, near, np.where(d < 2, far, 0)) / 6

    return weights


# Name: reach of the filter in pixels of the source, weight at a distance.
FILTERS: dict[str, tuple[float, Any]] = {
    "bilinear": (1.0, lambda d: np.maximum(1 - d, 0)),
    "bicubic": (2.0, _cubic(0, 0.5)),
    "mitchellcubic": (2.0, _cubic(1 / 3, 1 / 3)),
    "lanczos3": (3.0, _lanczos(3)),
    "lanczos5": (5.0, _lanczos(5)),
    "gaussian": (1.5, lambda d: np.where(d < 1.5, np.exp(-2 * d * d), 0)),
}
METHODS = ("bilinear", "nearest", "bicubic", "area", *list(FILTERS)[2:])


@functools.lru_cache(512)
def _taps(old: int, new: int, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Which old pixels (new, n), and what share of each (new, n), make a new pixel."""
    scale = old / new
    if method == "nearest":
        near = np.floor((np.arange(new) + 0.5) * scale).astype(int)
        return np.minimum(near, old - 1)[:, None], np.ones((new, 1), np.float32)
    if method == "area":
        start = np.arange(new)[:, None] * scale
        places = np.floor(start).astype(int) + np.arange(math.ceil(scale) + 1)
        weights = np.minimum(places + 1, start + scale) - np.maximum(places, start)
        weights = np.where(places < old, np.maximum(weights, 0), 0)
    else:
        reach, weigh = FILTERS[method]
        centres = (np.arange(new)[:, None] + 0.5) * scale - 0.5
        n = math.ceil(reach)
        places = np.floor(centres).astype(int) + np.arange(1 - n, n + 1)
        weights = weigh(np.abs(centres - places))
        weights = np.where((places >= 0) & (places < old), weights, 0)
    weights = weights / weights.sum(1, keepdims=True)
    return np.clip(places, 0, old - 1), weights.astype(np.float32)


def resample(image: np.ndarray, height: int, width: int, method: str) -> np.ndarray:
    """A picture (h, w, channels) in another size, in float32, as ``tf.image.resize`` computes it.

    Filters do not widen where the picture shrinks.
    """
    out = np.asarray(image, np.float32)
    blurs = method in ("gaussian", "mitchellcubic") and out.shape[:2] != (height, width)
    for axis, new in ((0, height), (1, width)):
        if out.shape[axis] == new and not blurs:
            continue
        places, weights = _taps(out.shape[axis], new, method)
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        total: Any = 0.0
        for i in range(places.shape[1]):
            total = total + np.take(out, places[:, i], axis) * weights[:, i].reshape(shape)
        out = total
    return out


def fit_into(image: np.ndarray, height: int, width: int, method: str) -> np.ndarray:
    """A picture resized without distortion until it fits, in the middle of zeros."""
    h, w = image.shape[:2]
    ratio = max(w / width, h / height)
    inner_h, inner_w = math.floor(h / ratio), math.floor(w / ratio)
    top = max(0, math.floor((height - h / ratio) / 2))
    left = max(0, math.floor((width - w / ratio) / 2))
    out = np.zeros((height, width, image.shape[2]), np.float32)
    out[top : top + inner_h, left : left + inner_w] = resample(image, inner_h, inner_w, method)
    return out
