"""Pictures under an affine map, computed natively. The NumPy version is `kerata.legacy.images.warp`."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

from . import host

MODES = {"constant": 0, "nearest": 1, "reflect": 2, "wrap": 3}


@functools.cache
def _function() -> Any:
    found = host.function("kerata_warp")
    if found is not None:
        pointer, number = ctypes.c_void_p, ctypes.c_int
        found.argtypes = [pointer, number, pointer, pointer, pointer, number, number]
        found.argtypes += [ctypes.c_float, ctypes.c_float]
        found.restype = None
    return found


def warp(
    source: np.ndarray,
    out: np.ndarray,
    matrix: np.ndarray,
    offset: np.ndarray,
    order: int = 1,
    mode: str = "nearest",
    cval: float = 0.0,
    scale: float = 1.0,
) -> bool:
    """Write ``source[matrix @ place + offset] * scale`` to each place of `out`.

    Args:
        source: (rows, columns, channels), uint8 or float32.
        out: The same shape, float32; any view, such as a reversed one.
        matrix: (2, 2).
        offset: (2,).
        order: 1 to mix the four pixels around a place, 0 for the nearest one.
        mode: What lies around the picture: ``constant``, ``nearest``, ``reflect`` or ``wrap``.
        cval: The value around it, for ``constant``.
        scale: What everything is multiplied by.

    Returns:
        Whether it was done; false where there are no kernels.
    """
    function = _function()
    if function is None:
        return False
    item = source.itemsize
    sizes = np.array(
        [*source.shape, *(s // item for s in source.strides), *(s // 4 for s in out.strides)],
        np.int64,
    )
    places = np.array([*matrix.ravel(), *offset], np.float64)
    function(
        source.ctypes.data, source.dtype == np.float32, out.ctypes.data, sizes.ctypes.data,
        places.ctypes.data, order, MODES[mode], cval, scale,
    )  # fmt: skip
    return True
