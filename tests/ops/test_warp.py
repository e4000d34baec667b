"""Images sampled at other places: against SciPy, and against matrices written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor
from ops.check import Case, case, check, every
from support import array

rng = np.random.RandomState(0)
X = rng.rand(2, 7, 6, 3).astype("float32")
FIRST = np.moveaxis(X, -1, 1).copy()
WHOLE = (X * 255).astype("uint8")
LINE = rng.rand(5).astype("float32")
CUBE = rng.rand(4, 5, 3).astype("float32")
PLACES = rng.uniform(-9, 14, (3, 4, 6)).astype("float32")
# No place falls on a pixel or half between two, where slopes and nearest pixels jump.
TURN = np.array(
    [
        [0.9137, 0.3181, -1.2343, -0.2239, 1.1071, 0.7173, 0, 0],
        [1.4113, 0.0123, 0.3319, 0.1193, 0.6177, -2.3371, 0, 0],
    ],
    "float32",
)
CORNERS = np.array([[[0, 0], [5, 0], [0, 6], [5, 6]]], "float32")
MOVED = np.array(
    [
        [[0.317, 0.423], [4.139, 1.221], [-0.711, 5.173], [5.237, 6.313]],
        [[1.117, 0.093], [5.131, -1.171], [0.219, 7.127], [4.519, 5.223]],
    ],
    "float32",
)
MODES = {
    "constant": "grid-constant",
    "nearest": "nearest",
    "wrap": "grid-wrap",
    "mirror": "mirror",
    "reflect": "reflect",
}


def at(x, places, order=1, fill_mode="constant", fill_value=0):
    """SciPy's sampling; integers rounded."""
    out = ndimage.map_coordinates(
        x.astype("float64"), places, order=order, mode=MODES[fill_mode], cval=fill_value
    )
    return np.rint(out).astype(x.dtype) if x.dtype.kind in "ui" else out


def images(x, places, order, fill_mode, fill_value, data_format):
    """Every channel of every image at ``places[i] = (y, x)``."""
    x = np.moveaxis(x, 1, -1) if data_format == "channels_first" else x
    out = np.stack(
        [
            np.stack(
                [at(image[..., c], p, order, fill_mode, fill_value) for c in range(x.shape[-1])], -1
            )
            for image, p in zip(x, places)
        ]
    )
    return np.moveaxis(out, -1, 1) if data_format == "channels_first" else out


def affine(x, t, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format=None):
    single = x.ndim == 3
    x = x[None] if single else x
    t = np.broadcast_to(t, (len(x), 8))
    h, w = x.shape[2:] if data_format == "channels_first" else x.shape[1:3]
    grid = np.stack([*np.meshgrid(np.arange(w), np.arange(h)), np.ones((h, w))], -1)
    places = [(grid @ row[3:6], grid @ row[:3]) for row in t]
    order = {"nearest": 0, "bilinear": 1}[interpolation]
    out = images(x, places, order, fill_mode, fill_value, data_format)
    return out[0] if single else out


def perspective(x, start, end, interpolation="bilinear", fill_value=0, data_format=None):
    """By homogeneous coordinates: the projection that takes the end points to the start points."""

    def basis(points):  # what takes the standard frame of the plane to four points
        p = np.concatenate([points, np.ones((4, 1))], 1).T
        return p[:, :3] * np.linalg.solve(p[:, :3], p[:, 3])

    single = x.ndim == 3
    x = x[None] if single else x
    start, end = (np.broadcast_to(v, (len(x), 4, 2)) for v in (start, end))
    h, w = x.shape[2:] if data_format == "channels_first" else x.shape[1:3]
    grid = np.stack([*np.meshgrid(np.arange(w), np.arange(h)), np.ones((h, w))], -1)
    places = []
    for s, e in zip(start, end):
        p = grid @ (basis(s) @ np.linalg.inv(basis(e))).T
        places.append((p[..., 1] / p[..., 2], p[..., 0] / p[..., 2]))
    order = {"nearest": 0, "bilinear": 1}[interpolation]
    out = images(x, places, order, "constant", fill_value, data_format)
    return out[0] if single else out


SHAPES = {
    "linear": lambda t: np.maximum(0, 1 - np.abs(t)),
    "cubic": lambda t: np.where(
        np.abs(t) < 1,
        1.5 * np.abs(t) ** 3 - 2.5 * t**2 + 1,
        np.where(np.abs(t) < 2, -0.5 * np.abs(t) ** 3 + 2.5 * t**2 - 4 * np.abs(t) + 2, 0),
    ),
    "lanczos3": lambda t: np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0),
    "lanczos5": lambda t: np.where(np.abs(t) < 5, np.sinc(t) * np.sinc(t / 5), 0),
}


def scaled(x, output_shape, scale, translation, spatial_dims, method, antialias=True):
    for axis, s, t in zip(spatial_dims, scale, translation):
        old, new = x.shape[axis], output_shape[axis]
        source = (np.arange(new) + 0.5 - t) / s  # where the centre of a new pixel was
        stretch = max(1 / s, 1) if antialias else 1
        m = SHAPES[method]((source[:, None] - np.arange(old) - 0.5) / stretch)
        m = (
            m
            / np.maximum(m.sum(1, keepdims=True), 1e-9)
            * ((source >= 0) & (source <= old))[:, None]
        )
        x = np.moveaxis(np.tensordot(m, x, (1, axis)), 0, axis)
    return x


SCALE = np.array([1.637, 0.553], "float32")
SHIFT = np.array([-0.313, 1.417], "float32")

CASES = [
    case("image.map_coordinates", CUBE, PLACES, order, mode, 0.5, ref=at, unknown=1,
         grad=order == 1 and mode in ("constant", "reflect"))
    for order in (0, 1)
    for mode in MODES
] + [
    case("image.affine_transform", X, TURN, "nearest", mode, 0.3, ref=affine, grad=False)
    for mode in ("constant", "reflect")
] + [
    case("image.affine_transform", X, TURN, "bilinear", "wrap", ref=affine, tol=1e-4),
    case("image.map_coordinates", LINE, np.array([[-0.2, 0.5, 3.7]], "float32"), 1, ref=at,
         unknown=False, grad=False),
    case("image.map_coordinates", WHOLE[0], PLACES, 1, "reflect", ref=at, unknown=1, grad=False),
    case("image.map_coordinates", LINE, np.array([[-7, 0, 4, 6]]), 0, "wrap", ref=at,
         unknown=False),
    case("image.affine_transform", FIRST, TURN, data_format="channels_first", ref=affine, tol=1e-4,
         grad=False),
    case("image.affine_transform", X[0], TURN[1], "nearest", "wrap", ref=affine, grad=False,
         unknown=1),
    case("image.affine_transform", X, TURN[0], ref=affine, tol=1e-4, grad=False),
    case("image.affine_transform", WHOLE, TURN, fill_value=7, ref=affine, grad=False),
    case("image.perspective_transform", X, np.repeat(CORNERS, 2, 0), MOVED, ref=perspective,
         tol=1e-4),
    case("image.perspective_transform", X[1], CORNERS[0], MOVED[1], fill_value=0.4,
         ref=perspective, tol=1e-4, unknown=1, grad=False),
    case("image.perspective_transform", FIRST, CORNERS[0], MOVED[0], "nearest", 2.0,
         data_format="channels_first", ref=perspective, tol=1e-4, grad=False, unknown=1),
] + [
    case("image.scale_and_translate", X, (2, 9, 4, 3), SCALE, SHIFT, (1, 2), method, antialias,
         ref=scaled, tol=1e-4, unknown=False, grad=method == "linear")
    for method, antialias in (("linear", True), ("linear", False), ("cubic", False),
                              ("lanczos3", True), ("lanczos5", False))
] + [
    case("image.scale_and_translate", WHOLE[0], (6, 6, 3), SCALE[::-1].copy(), SHIFT, (0, -2),
         "linear", ref=scaled, tol=3e-3, unknown=False, grad=False),
    case("image.elastic_transform", X, 2.0, 1.5, seed=4),
    case("image.elastic_transform", FIRST[0], 2.0, 0.7, "nearest", "constant", seed=4, grad=False,
         data_format="channels_first"),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


def test_halves_go_away_from_zero() -> None:
    out = ops.image.map_coordinates(
        np.arange(5.0, dtype="float32"), [[-0.5, 0.5, 1.5, 2.5, 4.5]], 0, fill_value=9
    )
    assert array(out).tolist() == [9, 1, 2, 3, 9]
    whole = ops.image.map_coordinates(np.array([0, 1, 2, 3], "int32"), [[0.5, 1.5]], 1)
    assert array(whole).tolist() == [1, 2]


def test_places_without_a_pixel() -> None:
    far = np.array([[1e30, -np.inf, np.inf, 3e9]], "float32")
    assert array(ops.image.map_coordinates(LINE, far, 0, fill_value=3)).tolist() == [3] * 4
    near = array(ops.image.map_coordinates(LINE, far, 1, "nearest"))
    np.testing.assert_array_equal(near, LINE[[-1, 0, -1, -1]])


def test_one_pixel() -> None:
    one = np.array([[[2.0]]], "float32")
    for mode in MODES:
        out = ops.image.affine_transform(one, [1.0, 0, 0, 0, 1, 0, 0, 0], fill_mode=mode)
        assert array(out).tolist() == [[[2.0]]]


def test_elastic_transform_moves_pixels_smoothly() -> None:
    ramp = np.tile(np.arange(96, dtype="float32")[:, None], (1, 96))[None, :, :, None]
    args = (3.0, 2.0)
    out = array(ops.image.elastic_transform(ramp, *args, fill_mode="nearest", seed=3))
    again = array(ops.image.elastic_transform(ramp, *args, fill_mode="nearest", seed=3))
    np.testing.assert_array_equal(out, again)
    # A Gaussian of deviation s averages noise to 1 / (2 s sqrt(pi)): times s, and times 3.
    moved = (out - ramp)[0, 7:-7, 7:-7, 0]
    assert 0.8 < moved.std() / (1.5 / np.sqrt(np.pi)) < 1.25
    assert np.abs(np.diff(moved, axis=1)).max() < 1.5
    # Along the other axis the moves are others.
    turned = np.swapaxes(ramp, 1, 2).copy()
    other = array(ops.image.elastic_transform(turned, *args, fill_mode="nearest", seed=3)) - turned
    assert np.corrcoef(moved.ravel(), other[0, 7:-7, 7:-7, 0].ravel())[0, 1] < 0.3


def test_unknown_axes() -> None:
    x = KerasTensor((None, None, None, 3))
    assert ops.image.affine_transform(x, TURN[0]).shape == (None, None, None, 3)
    assert ops.image.elastic_transform(x).shape == (None, None, None, 3)
    t = KerasTensor((None, 8))
    assert ops.image.affine_transform(X, t).shape == X.shape
    shape = ops.image.scale_and_translate(
        X, (2, 5, 5, 3), KerasTensor((2,)), SHIFT, (1, 2), "cubic"
    )
    assert shape.shape == (2, 5, 5, 3)


ERRORS = [
    (lambda: ops.image.affine_transform(X, TURN, "bicubic"), "interpolation must be one of"),
    (lambda: ops.image.affine_transform(X, TURN, fill_mode="edge"), "fill_mode must be one of"),
    (lambda: ops.image.affine_transform(X[0, 0], TURN), "expected 3 axes"),
    (lambda: ops.image.affine_transform(X, TURN[:, :6]), "must be .8,. or .batch, 8."),
    (lambda: ops.image.affine_transform(X, TURN[[0, 1, 1]]), "3 transforms for 2 images"),
    (lambda: ops.image.map_coordinates(X, PLACES, 1), "coordinates of shape .4, ..."),
    (lambda: ops.image.map_coordinates(CUBE, PLACES, 3), "order must be one of"),
    (lambda: ops.image.perspective_transform(X, CORNERS[0, :3], MOVED[0]), "start_points must be"),
    (lambda: ops.image.perspective_transform(X, CORNERS, MOVED[0]), "must have the same shape"),
    (
        lambda: ops.image.scale_and_translate(X, X.shape, SCALE, SHIFT, (1, 2), "area"),
        "method must be one of",
    ),
    (
        lambda: ops.image.scale_and_translate(X, X.shape, SCALE, SHIFT, (1,), "linear"),
        "a number for each of the 1",
    ),
    (
        lambda: ops.image.scale_and_translate(X, (4, 4), SCALE, SHIFT, (1, 2), "linear"),
        "has not the 4 axes",
    ),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises((ShapeError, ValueError), match=message):
        fn()
