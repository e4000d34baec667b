"""Images: resizing against a resampling written out, cropping, padding, colours."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from kerata import ops
from kerata.errors import DtypeError, ShapeError
from kerata.spec import KerasTensor
from ops.check import Case, case, check, every
from support import array, grad

rng = np.random.RandomState(0)
X = rng.rand(2, 7, 6, 3).astype("float32")
FIRST = np.moveaxis(X, -1, 1).copy()


def cubic(t):
    t = np.abs(t)
    inner = 1.5 * t**3 - 2.5 * t**2 + 1
    return np.where(t < 1, inner, np.where(t < 2, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2, 0))


def lanczos(radius):
    return lambda t: np.where(np.abs(t) < radius, np.sinc(t) * np.sinc(t / radius), 0)


KERNELS = {
    "bilinear": lambda t: np.maximum(0, 1 - np.abs(t)),
    "bicubic": cubic,
    "lanczos3": lanczos(3),
    "lanczos5": lanczos(5),
}


def resample(n, m, method, antialias):
    """The matrix (m, n) that resamples an axis: pixels are centred at i + 1/2."""
    centres = (np.arange(m) + 0.5) * n / m - 0.5
    if method == "nearest":
        return np.eye(n)[np.floor(centres + 0.5).astype(int).clip(0, n - 1)]
    scale = max(n / m, 1) if antialias else 1
    weights = KERNELS[method]((centres[:, None] - np.arange(n)) / scale)
    return weights / weights.sum(1, keepdims=True)


def resize(x, size, interpolation="bilinear", antialias=False, data_format=None):
    h, w = (2, 3) if data_format == "channels_first" else (1, 2)
    for axis, m in ((h, size[0]), (w, size[1])):
        x = np.moveaxis(
            np.tensordot(resample(x.shape[axis], m, interpolation, antialias), x, (1, axis)),
            0,
            axis,
        )
    return x


def gray(x, data_format=None):
    axis = 1 if data_format == "channels_first" else -1
    return np.expand_dims(np.tensordot(x, [0.2989, 0.5870, 0.1140], ([axis], [0])), axis)


def pixelwise(fn):
    """A function of three numbers, for every pixel; it answers in the dtype of the images."""

    def run(x, data_format=None):
        x = np.moveaxis(x, 1, -1) if data_format == "channels_first" else x
        out = np.apply_along_axis(lambda p: fn(*map(float, p)), -1, x).astype(x.dtype)
        return np.moveaxis(out, -1, 1) if data_format == "channels_first" else out

    return run


to_hsv, to_rgb = pixelwise(colorsys.rgb_to_hsv), pixelwise(colorsys.hsv_to_rgb)
GRAYS = np.array([[[0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 1], [0.25, 0.25, 0], [0, 1, 1]]], "float32")

CASES = [
    case("image.resize", X, size, method, antialias, ref=resize, tol=1e-4, grad=False)
    for method in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    for antialias in (False, True)
    for size in ((4, 9), (14, 3))
    if not (method == "nearest" and antialias)
] + [
    case("image.resize", X, (4, 9), ref=resize, tol=1e-4),
    case("image.resize", FIRST, (4, 9), data_format="channels_first", ref=resize, tol=1e-4),
    case("image.resize", (X * 255).astype("uint8"), (4, 4), "bicubic",
         ref=lambda x, s, m: resize(x.astype("float64"), s, m).round().clip(0, 255).astype("uint8")),
    case("image.crop_images", X, 1, 2, target_height=3, target_width=2,
         ref=lambda x, *_, **__: x[:, 1:4, 2:4]),
    case("image.crop_images", X, bottom_cropping=1, right_cropping=2, target_height=3, target_width=2,
         ref=lambda x, *_, **__: x[:, 3:6, 2:4]),
    case("image.pad_images", X, 1, 2, target_height=10, target_width=9,
         ref=lambda x, *_, **__: np.pad(x, ((0, 0), (1, 2), (2, 1), (0, 0)))),
    case("image.pad_images", X[0], 1, 2, 3, 4, unknown=False,
         ref=lambda x, *_: np.pad(x, ((1, 3), (2, 4), (0, 0)))),
    case("image.rgb_to_grayscale", X, ref=gray),
    case("image.rgb_to_grayscale", FIRST, "channels_first", ref=gray),
    case("image.rgb_to_grayscale", X[..., :1], ref=lambda x: x),
    case("image.rgb_to_hsv", X, ref=to_hsv),
    case("image.rgb_to_hsv", FIRST, "channels_first", ref=to_hsv),
    case("image.rgb_to_hsv", GRAYS, ref=to_hsv, grad=False),
    case("image.hsv_to_rgb", X, ref=to_rgb),
    case("image.hsv_to_rgb", FIRST[0], "channels_first", unknown=False,
         ref=lambda x, data_format: to_rgb(x[None], data_format)[0]),
    case("image.hsv_to_rgb", GRAYS, ref=to_rgb, grad=False),
    case("image.rgb_to_hsv", X.astype("float16"), ref=to_hsv, tol=3e-3, grad=False),
    case("image.interpolate", X, (2, 3, 3, 3), unknown=False),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


def test_single_image() -> None:
    np.testing.assert_allclose(
        ops.image.resize(X[0], (3, 3)), ops.image.resize(X, (3, 3))[0], atol=1e-6
    )


def test_crop_to_aspect_ratio() -> None:
    out = ops.image.resize(X, (3, 6), crop_to_aspect_ratio=True)
    np.testing.assert_allclose(out, resize(X[:, 2:5], (3, 6)), atol=1e-5)


def test_pad_to_aspect_ratio() -> None:
    out = ops.image.resize(X, (7, 14), pad_to_aspect_ratio=True, fill_value=0.5)
    padded = np.pad(X, ((0, 0), (0, 0), (4, 4), (0, 0)), constant_values=0.5)
    np.testing.assert_allclose(out, padded, atol=1e-5)


def test_unknown_axes() -> None:
    x = KerasTensor((None, None, None, 3))
    assert ops.image.resize(x, (4, 5)).shape == (None, 4, 5, 3)
    assert ops.image.resize(x, (4, 5), crop_to_aspect_ratio=True).shape == (None, 4, 5, 3)
    assert ops.image.rgb_to_grayscale(x).shape == (None, None, None, 1)


def test_colours_of_gray_have_a_gradient() -> None:
    slope = grad(lambda x: ops.sum(ops.image.rgb_to_hsv(x)))(GRAYS)
    assert np.isfinite(array(slope)).all()


def test_colours_need_three_channels_of_floats() -> None:
    for name in ("rgb_to_hsv", "hsv_to_rgb"):
        with pytest.raises(ShapeError, match="expected 3 channels, got 2"):
            getattr(ops.image, name)(X[..., :2])
        with pytest.raises(DtypeError, match="float dtype, got uint8"):
            getattr(ops.image, name)(X.astype("uint8"))
    with pytest.raises(ShapeError, match="3 channels .or 1., got 2"):
        ops.image.rgb_to_grayscale(X[..., :2])


ERRORS = [
    (lambda: ops.image.resize(X[0, 0], (3, 3)), "expected 3 axes"),
    (lambda: ops.image.resize(X, (3, 3), "area"), "interpolation must be one of"),
    (
        lambda: ops.image.resize(X, (3, 3), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
        "exclude",
    ),
    (lambda: ops.image.crop_images(X, 1, 1), "give two of"),
    (
        lambda: ops.image.crop_images(X, 5, 1, target_height=5, target_width=1),
        "must not be negative",
    ),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises((ShapeError, ValueError), match=message):
        fn()
