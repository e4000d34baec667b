"""Maps of the plane against SciPy, and what is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from kerata import layers
from layers.check import close
from support import array

X = np.random.default_rng(0).uniform(0, 255, (2, 8, 10, 1)).astype("float32")
MODES = {
    "reflect": "reflect", "wrap": "grid-wrap", "constant": "grid-constant", "nearest": "nearest",
}  # fmt: skip


def warped(x, place, mode="reflect", order=1, fill=0.0):
    """Each pixel (x, y) from ``place(x, y)``."""
    ys, xs = np.mgrid[: x.shape[1], : x.shape[2]].astype(float)
    at_x, at_y = place(xs, ys)
    planes = [
        ndimage.map_coordinates(p, [at_y, at_x], order=order, mode=MODES[mode], cval=fill)
        for p in x[..., 0].astype(float)
    ]
    return np.stack(planes)[..., None]


def turn(angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return lambda x, y: (
        4.5 + cos * (x - 4.5) - sin * (y - 3.5), 3.5 + sin * (x - 4.5) + cos * (y - 3.5),
    )  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_fill_modes(mode):
    layer = layers.RandomTranslation((0.3, 0.3), (-0.45, -0.45), mode, fill_value=9.0)
    want = warped(X, lambda x, y: (x + 4.5, y - 2.4), mode, fill=9.0)
    close(layer(X, training=True), want, {"rtol": 1e-4, "atol": 5e-2})


@pytest.mark.parametrize(
    "layer, place",
    [
        (layers.RandomRotation((0.1, 0.1)), turn(0.2 * np.pi)),
        (layers.RandomRotation((-0.3, -0.3)), turn(-0.6 * np.pi)),
        (layers.RandomRotation(0.0), lambda x, y: (x, y)),
        (
            layers.RandomZoom((0.3, 0.3), (-0.4, -0.4)),
            lambda x, y: (4.5 + 0.6 * (x - 4.5), 3.5 + 1.3 * (y - 3.5)),
        ),
        (
            layers.RandomZoom((-0.2, -0.2)),
            lambda x, y: (4.5 + 0.8 * (x - 4.5), 3.5 + 0.8 * (y - 3.5)),
        ),
    ],
)
def test_values(layer, place):
    close(layer(X, training=True), warped(X, place), {"rtol": 1e-4, "atol": 5e-2})


def test_nearest():
    layer = layers.RandomTranslation((0.2, 0.2), (0.13, 0.13), "nearest", "nearest")
    want = warped(X, lambda x, y: (np.round(x - 1.3), np.round(y - 1.6)), "nearest", 0)
    close(layer(X, training=True), want)


def test_shear():
    layer = layers.RandomShear((0.2, 0.2), (0.1, 0.1), seed=1)
    drawn = layer.get_random_transformation(X)
    shear = array(drawn["shear_factor"])
    close(np.abs(shear), np.tile([0.2, 0.1], (2, 1)))
    close(shear[:, 0], 2 * shear[:, 1])
    found = array(layer.transform_images(X, drawn))
    for i, (a, b) in enumerate(shear):
        want = warped(X[i : i + 1], lambda x, y, a=a, b=b: (x + a * y, y + b * x))
        close(found[i : i + 1], want, {"rtol": 1e-4, "atol": 5e-2})


def test_perspective():
    layer = layers.RandomPerspective((1.0, 1.0), 0.5, seed=1)
    drawn = layer.get_random_transformation(X)
    start, end = (array(drawn[k])[0].astype(float) for k in ("start_points", "end_points"))
    assert np.abs(end - start)[0].max() == 0 and np.all(np.abs(end - start) <= 0.25 * start + 1e-6)
    rows = []
    for (u, v), (x, y) in zip(start, end):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    a, b, c, d, e, f, g, h = np.linalg.solve(rows, start.reshape(-1))

    def place(x, y):
        k = g * x + h * y + 1
        return (a * x + b * y + c) / k, (d * x + e * y + f) / k

    found = array(layer.transform_images(X, drawn))[:1]
    close(found, warped(X[:1], place, "constant"), {"rtol": 1e-3, "atol": 0.3})
    np.testing.assert_array_equal(layers.RandomPerspective(0.0)(X, training=True), X)


def test_elastic():
    layer = layers.RandomElasticTransform((1.0, 1.0), (1.0, 1.0), seed=1)
    drawn = layer.get_random_transformation(np.zeros((3, 32, 40, 1)))
    moves = array(drawn["moves"])
    assert moves.shape == (2, 3, 32, 40)
    # Normal numbers of deviation s, smoothed over s, have the deviation 1 / (2 sqrt(pi)).
    assert abs(moves.std() / (4.0 / (2 * np.pi**0.5)) - 1) < 0.25
    steps = np.abs(np.diff(moves, axis=-1)).mean() / np.abs(moves).mean()
    assert steps < 0.8, "the moves should be smooth"
    assert layers.RandomElasticTransform(0.0).get_random_transformation(X) is None


@pytest.mark.parametrize(
    "layer, key, low, high",
    [
        (layers.RandomRotation(0.25), "angle", -90, 90),
        (layers.RandomRotation((0.1, 0.2)), "angle", 36, 72),
        (layers.RandomZoom(0.2), "height_zoom", 0.8, 1.2),
        (layers.RandomTranslation(0.0, (-0.1, 0.3)), "translations", -1, 3),
        (layers.RandomShear(0.5), "shear_factor", -0.5, 0.5),
    ],
)
def test_ranges_that_are_drawn_from(layer, key, low, high):
    drawn = array(layer.get_random_transformation(np.zeros((2000, 8, 10, 1)))[key])
    drawn = drawn.reshape(2000, -1)[:, 0]
    assert low <= drawn.min() < low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) < drawn.max() <= high
    assert abs(drawn.mean() - (low + high) / 2) < 0.05 * (high - low)
    one = layer.get_random_transformation(np.zeros((2, 8, 10, 1)), seed=4)[key]
    np.testing.assert_array_equal(
        array(one), array(layer.get_random_transformation(np.zeros((2, 8, 10, 1)), seed=4)[key])
    )
    assert layer.get_random_transformation(X, training=False) is None


def test_shear_as_keras_writes_it():
    assert layers.RandomShear([-0.3, 0.3]).x_factor == layers.RandomShear(0.3).x_factor
