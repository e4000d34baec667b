"""Rotations, shifts, shears, zooms and flips of one picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import InputError, ShapeError
from .warp import by_scipy, check_mode, quick, warp


def transform_matrix_offset_center(matrix: Any, x: float, y: float) -> np.ndarray:
    """A map of the plane (3 x 3) that keeps the middle of an `x` by `y` picture where it keeps the origin.

    The middle is ``x / 2 + 0.5``, as in keras-preprocessing 1.1.2: a pixel beyond the centre of the array.

    >>> transform_matrix_offset_center(np.diag([2.0, 2.0, 1.0]), 3, 3)[:2, 2].tolist()
    [-2.0, -2.0]
    """
    centre = np.array([float(x) / 2 + 0.5, float(y) / 2 + 0.5])
    there, back = np.eye(3), np.eye(3)
    there[:2, 2], back[:2, 2] = centre, -centre
    return there @ np.asarray(matrix) @ back


# A map of the plane: y' = a y + b x + c, x' = d y + e x + f. A tuple, as there is one for each picture.
_Plane = tuple[float, float, float, float, float, float]


def _after(first: _Plane | None, then: _Plane) -> _Plane:
    """The matrix product of two maps."""
    if first is None:
        return then
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        a * p + b * s, a * q + b * t, a * r + b * u + c,
        d * p + e * s, d * q + e * t, d * r + e * u + f,
    )  # fmt: skip


def plane_map(
    theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1, zy: float = 1
) -> _Plane | None:
    """Two rows of the matrix from places of the result to places of the source; ``None`` for no change.

    In words: zoom, then shear, then shift, then turn.

    >>> plane_map(tx=2)
    (1.0, 0.0, 2, 0.0, 1.0, 0)
    """
    found: _Plane | None = None
    if theta != 0:
        cos, sin = math.cos(math.radians(theta)), math.sin(math.radians(theta))
        found = (cos, -sin, 0.0, sin, cos, 0.0)
    if tx != 0 or ty != 0:
        found = _after(found, (1.0, 0.0, tx, 0.0, 1.0, ty))
    if shear != 0:
        cos, sin = math.cos(math.radians(shear)), math.sin(math.radians(shear))
        found = _after(found, (1.0, -sin, 0.0, 0.0, cos, 0.0))
    if zx != 1 or zy != 1:
        found = _after(found, (zx, 0.0, 0.0, 0.0, zy, 0.0))
    return found


def map_of(
    params: Mapping[str, Any], rows: int, columns: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Matrix (2 x 2) and offset (2,) for the parameters of `ImageDataGenerator.apply_transform`."""
    get = params.get
    found = plane_map(
        get("theta", 0), get("tx", 0), get("ty", 0), get("shear", 0), get("zx", 1), get("zy", 1)
    )
    if found is None:
        return None
    middle = (1.0, 0.0, rows / 2 + 0.5, 0.0, 1.0, columns / 2 + 0.5)
    back = (1.0, 0.0, -middle[2], 0.0, 1.0, -middle[5])
    a, b, c, d, e, f = _after(_after(middle, found), back)
    return np.array([[a, b], [d, e]]), np.array([c, f])


def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 0,
    col_axis: int = 1,
    channel_axis: int = 2,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """One picture turned, shifted, sheared and zoomed around its middle.

    Every value of the result is read from the source at a computed place, between pixels by a spline
    (``scipy.ndimage.affine_transform``). So zooms above 1 show more of the picture, smaller.

    Args:
        x: Array with three axes.
        theta: Angle in degrees.
        tx: Shift along the rows, in pixels.
        ty: Shift along the columns, in pixels.
        shear: Angle of the shear in degrees.
        zx: Zoom along the rows.
        zy: Zoom along the columns.
        row_axis: Which axis holds the rows.
        col_axis: Which axis holds the columns.
        channel_axis: Which axis holds the channels.
        fill_mode: What lies around the picture: ``constant`` (``kkk|abcd|kkk``), ``nearest``
            (``aaa|abcd|ddd``), ``reflect`` (``cba|abcd|dcb``) or ``wrap`` (``bcd|abcd|abc``).
        cval: The value around it, for ``constant``.
        order: Order of the spline, from 0 (nearest pixel) and 1 (linear) to 5.

    Returns:
        An array of the same shape and dtype.

    >>> x = np.arange(4.0).reshape(1, 4, 1)
    >>> apply_affine_transform(x, ty=1).ravel().tolist()
    [1.0, 2.0, 3.0, 3.0]
    """
    x = np.asarray(x)
    if x.ndim != 3:
        raise ShapeError(
            f"apply_affine_transform: expected one picture, with 3 axes; got the shape {x.shape}."
        )
    check_mode(fill_mode, "apply_affine_transform")
    params = {"theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy}
    found = map_of(params, x.shape[row_axis], x.shape[col_axis])
    if found is None:
        return x
    planes = np.moveaxis(x, channel_axis, -1)
    if x.dtype == np.float32 and quick(x.dtype, order, fill_mode):
        out = np.empty(planes.shape, np.float32)
        warp(planes, out, *found, order, fill_mode, cval)
    else:
        out = by_scipy(planes, *found, order, fill_mode, cval)
    return np.moveaxis(out, -1, channel_axis)


def flip_axis(x: Any, axis: int) -> np.ndarray:
    """An array turned around along one axis.

    >>> flip_axis([[1, 2], [3, 4]], 1).tolist()
    [[2, 1], [4, 3]]
    """
    return np.flip(np.asarray(x), axis)


def random_rotation(
    x: Any, rg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> np.ndarray:  # fmt: skip
    """A picture turned by an angle drawn from [-`rg`, `rg`) degrees (NumPy's global generator).

    The other arguments are those of `apply_affine_transform`; here channels come first by default.

    >>> random_rotation(np.ones((1, 2, 2)), 30).round(3).tolist()
    [[[1.0, 1.0], [1.0, 1.0]]]
    """
    return apply_affine_transform(
        x, theta=np.random.uniform(-rg, rg), row_axis=row_axis, col_axis=col_axis,
        channel_axis=channel_axis, fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shift(
    x: Any, wrg: float, hrg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> np.ndarray:  # fmt: skip
    """A picture shifted by up to the shares `wrg` of its width and `hrg` of its height.

    The other arguments are those of `apply_affine_transform`; here channels come first by default.

    >>> random_shift(np.ones((1, 4, 4)), 0.2, 0.2).shape
    (1, 4, 4)
    """
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_affine_transform(
        x, tx=tx, ty=ty, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
        fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shear(
    x: Any, intensity: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> np.ndarray:  # fmt: skip
    """A picture sheared by an angle drawn from [-`intensity`, `intensity`) degrees.

    The other arguments are those of `apply_affine_transform`; here channels come first by default.

    >>> random_shear(np.ones((1, 4, 4)), 10).shape
    (1, 4, 4)
    """
    return apply_affine_transform(
        x, shear=np.random.uniform(-intensity, intensity), row_axis=row_axis, col_axis=col_axis,
        channel_axis=channel_axis, fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_zoom(
    x: Any, zoom_range: Sequence[float], row_axis: int = 1, col_axis: int = 2,
    channel_axis: int = 0, fill_mode: str = "nearest", cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:  # fmt: skip
    """A picture zoomed along both axes by factors drawn from `zoom_range`, (least, greatest).

    The other arguments are those of `apply_affine_transform`; here channels come first by default.

    >>> random_zoom(np.ones((1, 4, 4)), (0.8, 1.2)).shape
    (1, 4, 4)
    """
    if not isinstance(zoom_range, (tuple, list)) or len(zoom_range) != 2:
        raise InputError(f"random_zoom: zoom_range={zoom_range!r}; expected (least, greatest).")
    zx, zy = draw_zoom(zoom_range)
    return apply_affine_transform(
        x, zx=zx, zy=zy, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
        fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def draw_zoom(zoom_range: Sequence[float]) -> tuple[float, float]:
    """Zooms along rows and columns; nothing is drawn from (1, 1)."""
    if zoom_range[0] == 1 and zoom_range[1] == 1:
        return 1, 1
    zx, zy = np.random.uniform(zoom_range[0], zoom_range[1], 2)
    return zx, zy
