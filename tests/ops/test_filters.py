"""Neighbourhoods of pixels, against SciPy and loops written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor
from ops.check import Case, case, check, every
from support import array, grad

rng = np.random.RandomState(0)
X = rng.rand(2, 8, 7, 3).astype("float32")
Y = (X + 0.3 * rng.rand(*X.shape)).astype("float32")
FIRST, SECOND = (np.moveaxis(v, -1, 1).copy() for v in (X, Y))
VOLUME = rng.rand(2, 5, 4, 6, 2).astype("float32")


def last(fn):
    """A function of a batch with the channels last, for either format and single images."""

    def run(*args, data_format=None, **kwargs):
        args = list(args)
        if isinstance(args[-1], str):
            data_format = args.pop()
        n = sum(isinstance(a, np.ndarray) and a.ndim > 2 for a in args)
        single = args[0].ndim == 3
        for i in range(n):
            x = args[i][None] if single else args[i]
            args[i] = np.moveaxis(x, 1, -1) if data_format == "channels_first" else x
        out = fn(*args, **kwargs)
        if data_format == "channels_first" and out.ndim > 1:
            out = np.moveaxis(out, 3, 1)
        return out[0] if single else out

    return run


def window(size, sigma):
    w = np.exp(-(((np.arange(size) - (size - 1) / 2) / sigma) ** 2) / 2)
    return w / w.sum()


@last
def blur(x, kernel_size=(3, 3), sigma=(1.0, 1.0)):
    out = x.astype("float64")
    for axis, i in ((2, 0), (1, 1)):
        # SciPy's window reaches less far before than behind for even sizes.
        out = ndimage.correlate1d(
            out,
            window(kernel_size[i], sigma[i]),
            axis,
            mode="constant",
            origin=0 if kernel_size[i] % 2 else -1,
        )
    return out


@last
def sobel(x):
    planes = np.moveaxis(x, -1, 1).reshape(-1, *x.shape[1:3])  # SciPy smooths all other axes
    out = np.stack(
        [[ndimage.sobel(p, axis, mode="constant") for axis in (0, 1)] for p in planes]
    ).reshape(len(x), x.shape[-1], 2, *x.shape[1:3])
    return out.transpose(0, 3, 4, 1, 2)


@last
def ssim(a, b, max_val=1.0, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03):
    w = np.outer(window(filter_size, filter_sigma), window(filter_size, filter_sigma))[..., None]
    c1, c2, found = (k1 * max_val) ** 2, (k2 * max_val) ** 2, []
    for p, q in zip(a, b):
        values = []
        for i in range(p.shape[0] - filter_size + 1):
            for j in range(p.shape[1] - filter_size + 1):
                u, v = (z[i : i + filter_size, j : j + filter_size] for z in (p, q))
                mu, mv = (w * u).sum((0, 1)), (w * v).sum((0, 1))
                su, sv = (w * (u - mu) ** 2).sum((0, 1)), (w * (v - mv) ** 2).sum((0, 1))
                suv = (w * (u - mu) * (v - mv)).sum((0, 1))
                values.append(
                    (2 * mu * mv + c1) * (2 * suv + c2) / ((mu**2 + mv**2 + c1) * (su + sv + c2))
                )
        found.append(np.mean(values))
    return np.array(found)


def patches(x, size, strides=None, dilation_rate=1, padding="valid"):
    """Channels last, a batch: window by window."""
    n = x.ndim - 2
    size = (size,) * n if isinstance(size, int) else size
    strides = strides or size
    strides = (strides,) * n if isinstance(strides, int) else strides
    reach = [(k - 1) * dilation_rate + 1 for k in size]
    if padding == "same":
        short = [
            max((-(-d // s) - 1) * s + r - d, 0) for d, s, r in zip(x.shape[1:], strides, reach)
        ]
        x = np.pad(x, [(0, 0), *((t // 2, t - t // 2) for t in short), (0, 0)])
    counts = [(d - r) // s + 1 for d, r, s in zip(x.shape[1:], reach, strides)]
    out = np.zeros((len(x), *counts, int(np.prod(size)) * x.shape[-1]), x.dtype)
    for place in np.ndindex(*counts):
        key = tuple(
            slice(p * s, p * s + r, dilation_rate) for p, s, r in zip(place, strides, reach)
        )
        out[(slice(None), *place)] = x[(slice(None), *key)].reshape(len(x), -1)
    return out


patches_2d = last(patches)


CASES = [
    case("image.gaussian_blur", X, ref=blur),
    case("image.gaussian_blur", X, (5, 3), (0.7, 2.0), ref=blur),
    case("image.gaussian_blur", X, (4, 2), (1.5, 0.4), ref=blur, grad=False),
    case("image.gaussian_blur", FIRST, (3, 7), data_format="channels_first", ref=blur, grad=False),
    case("image.gaussian_blur", X[0], (9, 1), ref=blur, grad=False),
    case("image.gaussian_blur", (X * 255).astype("uint8"),
         ref=lambda x: np.rint(blur(x)).astype("uint8")),
    case("image.sobel_edges", X, ref=sobel),
    case("image.sobel_edges", FIRST, "channels_first", ref=sobel, grad=False),
    case("image.sobel_edges", X[0], ref=sobel, grad=False),
    case("image.ssim", X, Y, 1.0, 5, ref=ssim, tol=1e-4),
    case("image.ssim", FIRST, SECOND, 2.0, 3, 0.8, 0.02, 0.05, "channels_first", ref=ssim, tol=1e-4),
    case("image.ssim", X[0], Y[0], filter_size=7, ref=ssim, tol=1e-4),
    case("image.extract_patches", X, 3, ref=patches_2d),
    case("image.extract_patches", X, (2, 3), (1, 2), ref=patches_2d, grad=False),
    case("image.extract_patches", X, (3, 2), 1, 2, ref=patches_2d, grad=False),
    case("image.extract_patches", X, 3, 2, padding="same", ref=patches_2d),
    case("image.extract_patches", FIRST, (2, 3), data_format="channels_first", ref=patches_2d),
    case("image.extract_patches", X[0], 2, 3, ref=patches_2d, unknown=False),
    case("image.extract_patches", VOLUME, (2, 1, 3), ref=patches),
    case("image.extract_patches_3d", VOLUME, 2, (1, 2, 3), padding="same", ref=patches),
    case("image.extract_patches_3d", np.moveaxis(VOLUME, -1, 1).copy(), (2, 3, 2),
         data_format="channels_first",
         ref=lambda x, size, data_format: np.moveaxis(patches(np.moveaxis(x, 1, -1), size), -1, 1)),
    case("image.extract_patches_3d", VOLUME[0], 2, ref=lambda x, size: patches(x[None], size)[0],
         unknown=False),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


def test_blur_by_a_tensor() -> None:
    sigma = np.array([0.8, 1.3], "float32")
    out = array(ops.image.gaussian_blur(X, (3, 5), sigma))
    np.testing.assert_allclose(out, blur(X, (3, 5), sigma), atol=1e-5)
    slope = grad(lambda s: ops.sum(ops.square(ops.image.gaussian_blur(X, (3, 5), s))))(sigma)
    for i in range(2):
        step = np.eye(2)[i] * 1e-4
        high, low = (
            np.square(blur(X.astype("float64"), (3, 5), sigma + s)).sum() for s in (step, -step)
        )
        np.testing.assert_allclose(array(slope)[i], (high - low) / 2e-4, rtol=1e-3)


def test_whole_numbers() -> None:
    x = (X[:, :, :, 0:1] * 20).astype("int32")
    np.testing.assert_array_equal(array(ops.image.sobel_edges(x)), sobel(x))
    assert array(ops.image.ssim(x, x, 20, 5)).tolist() == [1, 1]


def test_unknown_axes() -> None:
    x = KerasTensor((None, None, None, 3))
    assert ops.image.gaussian_blur(x).shape == (None, None, None, 3)
    assert ops.image.sobel_edges(x).shape == (None, None, None, 3, 2)
    assert ops.image.ssim(x, x).shape == (None,)
    assert ops.image.extract_patches(x, 4).shape == (None, None, None, 48)
    assert ops.image.extract_patches(KerasTensor((None, 9, 8, None)), 4).shape == (None, 2, 2, None)


ERRORS = [
    (lambda: ops.image.gaussian_blur(X[0, 0]), "expected 3 axes"),
    (lambda: ops.image.ssim(X, Y), "smaller than the window"),
    (lambda: ops.image.ssim(X, Y[:, :, :6], filter_size=3), "must be equal"),
    (lambda: ops.image.ssim(X, Y[0], filter_size=3), "must have the same shape"),
    (lambda: ops.image.extract_patches(X, 9), "are larger than"),
    (lambda: ops.image.extract_patches(X, (1, 2, 3, 4)), "size must be an int or 2 or 3"),
    (lambda: ops.image.extract_patches(X, 2, padding="causal"), "padding must be"),
    (lambda: ops.image.extract_patches_3d(X[0], 2), "expected 4 axes"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises((ShapeError, ValueError), match=message):
        fn()
