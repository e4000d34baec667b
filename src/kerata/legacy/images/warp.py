"""Pictures under an affine map, with the results of ``scipy.ndimage.affine_transform``.

Three ways to the same values: a native kernel; NumPy, which gathers the four neighbours of all places at
once, for all channels; and SciPy itself, for splines of higher order and dtypes other than float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import InputError
from ...kernels import warp as native

# What SciPy knows besides the four modes of Keras.
_OTHER_MODES = ("mirror", "grid-constant", "grid-mirror", "grid-wrap")
MODES = (*native.MODES, *_OTHER_MODES)


def check_mode(mode: str, where: str) -> None:
    """An error for what is no way to fill the outside of a picture."""
    if mode not in MODES:
        raise InputError(
            f"{where}: fill_mode={mode!r}; expected 'constant', 'nearest', 'reflect' or 'wrap'."
        )


def quick(dtype: Any, order: int, mode: str) -> bool:
    """Whether `warp` computes it without SciPy."""
    return np.dtype(dtype) in (np.float32, np.uint8) and order in (0, 1) and mode in native.MODES


def warp(
    x: np.ndarray,
    out: np.ndarray,
    matrix: np.ndarray,
    offset: np.ndarray,
    order: int = 1,
    mode: str = "nearest",
    cval: float = 0.0,
    scale: float = 1.0,
) -> None:
    """Write ``x[matrix @ place + offset] * scale`` to each place of `out`.

    Args:
        x: (rows, columns, channels), uint8 or float32.
        out: float32, the same shape.
        matrix: (2, 2).
        offset: (2,).
        order: 0 or 1.
        mode: ``constant``, ``nearest``, ``reflect`` or ``wrap``.
        cval: Value of the outside for ``constant``.
        scale: Factor of the result.

    >>> x, out = np.arange(4, dtype="float32").reshape(1, 4, 1), np.zeros((1, 4, 1), "float32")
    >>> warp(x, out, np.eye(2), np.array([0, 0.5]))
    >>> out.ravel().tolist()
    [0.5, 1.5, 2.5, 3.0]
    """
    if not native.warp(x, out, matrix, offset, order, mode, cval, scale):
        out[...] = gather(x, matrix, offset, order, mode, cval)
        if scale != 1:
            out *= np.float32(scale)


def gather(
    x: np.ndarray, matrix: np.ndarray, offset: np.ndarray, order: int, mode: str, cval: float
) -> np.ndarray:
    """`warp` in NumPy alone."""
    h, w, channels = x.shape
    down, across = np.arange(h)[:, None], np.arange(w)
    # The order of these sums is SciPy's: another one would round differently at the edges.
    y = (offset[0] + down * matrix[0, 0]) + across * matrix[0, 1]
    x_at = (offset[1] + down * matrix[1, 0]) + across * matrix[1, 1]
    y, x_at = _fold(y, h, mode), _fold(x_at, w, mode)
    nowhere = ~((y > -1) & (x_at > -1))
    if order == 0:
        y, x_at = np.floor(y + 0.5), np.floor(x_at + 0.5)
    i, j = np.floor(y).astype(np.intp), np.floor(x_at).astype(np.intp)
    ty = (y - i).astype(np.float32)[..., None]
    tx = (x_at - j).astype(np.float32)[..., None]
    above, below = np.clip(i, 0, h - 1) * w, np.clip(i + 1, 0, h - 1) * w
    left, right = np.clip(j, 0, w - 1), np.clip(j + 1, 0, w - 1)
    flat = np.ascontiguousarray(x, np.float32).reshape(h * w, channels)
    out = (flat[above + left] * (1 - tx) + flat[above + right] * tx) * (1 - ty)
    out += (flat[below + left] * (1 - tx) + flat[below + right] * tx) * ty
    if mode == "constant":
        out[nowhere] = cval
    return out


def _fold(at: np.ndarray, n: int, mode: str) -> np.ndarray:
    """Where coordinates outside of [0, n - 1] are read; not above -1: nowhere."""
    low, high = at < 0, at > n - 1
    if mode == "constant":
        return np.where(low | high, -1.0, at)
    if mode == "nearest" or n <= 1:
        return np.clip(at, 0, n - 1)
    if mode == "reflect":
        period = 2 * n
        # Twice mirrored between the outer edges of the first and last pixel, which lie half a pixel out.
        below = np.where(at < -period, at + period * np.trunc(-at / period), at)
        below = np.where(below < -n, below + period, np.where(below > -1e-15, 1e-15, -below) - 1)
        above = at - period * np.trunc(at / period)
        above = np.where(above >= n, period - above - 1, above)
        return np.where(low, below, np.where(high, above, at))
    period = n - 1
    below = at + period * (np.trunc(-at / period) + 1)
    above = at - period * np.trunc(at / period)
    return np.where(low, below, np.where(high, above, at))


def by_scipy(
    x: np.ndarray, matrix: np.ndarray, offset: np.ndarray, order: int, mode: str, cval: float
) -> np.ndarray:
    """Every channel (the last axis) by SciPy, in the dtype of `x`."""
    from scipy import ndimage

    out = np.empty_like(x)
    for k in range(x.shape[-1]):
        out[..., k] = ndimage.affine_transform(
            x[..., k], matrix, offset, order=order, mode=mode, cval=cval
        )
    return out
