"""Changes of colour: values by formulas, and what is drawn."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from kerata import layers
from layers.check import close
from support import array

X = np.random.default_rng(0).uniform(0, 255, (4, 5, 6, 3)).astype("float32")
GRAY = X @ np.array([0.2989, 0.5870, 0.1140], "float32")[:, None]
MANY = np.full((2000, 1, 1, 1), 100.0, "float32")
LOOSE = {"rtol": 1e-4, "atol": 2e-2}


def ran(layer, x=X):
    return array(layer(x, training=True))


@pytest.mark.parametrize(
    "layer, want",
    [
        (layers.RandomBrightness((0.2, 0.2)), np.clip(X + 51, 0, 255)),
        (layers.RandomBrightness((-0.5, -0.5), (0, 100)), np.clip(X - 50, 0, 100)),
        (
            layers.RandomContrast((-0.4, 0.4)),
            np.clip(
                (X - X.mean((1, 2), keepdims=True)) * 1.4 + X.mean((1, 2), keepdims=True), 0, 255
            ),
        ),
        (layers.RandomGrayscale(1.0), np.repeat(GRAY, 3, -1)),
        (layers.RandomGrayscale(0.0), X),
        (layers.RandomInvert((1.0, 1.0)), 255 - X),
        (layers.RandomInvert((0.0, 0.0)), X),
        (layers.RandomPosterization((3, 3)), (X.astype("uint8") >> 5 << 5).astype("float32")),
        (layers.RandomColorDegeneration((0.3, 0.3)), X + 0.3 * (GRAY - X)),
        (layers.RandomColorDegeneration((-0.5, -0.5)), np.clip(X - 0.5 * (GRAY - X), 0, 255)),
        (layers.Solarization(), 255 - X),
        (
            layers.Solarization((0.1, 0.1), (0.5, 0.5)),
            np.where(X + 25.5 < 127.5, X + 25.5, 255 - np.minimum(X + 25.5, 255)),
        ),
        (layers.RandomSaturation((0.5, 0.5)), X),
        (layers.RandomHue(0.0), X),
    ],
    ids=lambda v: v.name if isinstance(v, layers.Layer) else "",
)
def test_values(layer, want):
    close(ran(layer), want, LOOSE)


def test_other_value_ranges():
    x = X / 255
    close(
        ran(layers.RandomPosterization((3, 3), (0, 1)), x),
        (X.astype("uint8") >> 5 << 5) / 255,
        LOOSE,
    )
    signed = X / 127.5 - 1
    found = ran(layers.Solarization(0.0, (0.5, 0.5), (-1, 1)), signed)
    close(found, np.where(signed < 0, signed, -signed), LOOSE)


def by_colorsys(x, change):
    rows = [colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*p))) for p in x.reshape(-1, 3) / 255]
    return np.array(rows, "float32").reshape(x.shape) * 255


def test_hue_and_saturation():
    want = by_colorsys(X, lambda h, s, v: ((h + 0.5) % 1, s, v))
    close(ran(layers.RandomHue((1.0, 1.0))), want, LOOSE)
    for factor in (0.2, 0.8):
        want = by_colorsys(X, lambda h, s, v, f=factor: (h, min(s * f / (1 - f), 1), v))
        close(ran(layers.RandomSaturation((factor, factor))), want, LOOSE)


def test_jitter_is_its_parts():
    layer = layers.RandomColorJitter((0, 255), (0.1, 0.1), (-0.2, 0.2), (0.6, 0.6), (1.0, 1.0))
    want = X
    for part in (
        layers.RandomBrightness((0.1, 0.1)), layers.RandomContrast((-0.2, 0.2)),
        layers.RandomSaturation((0.6, 0.6)), layers.RandomHue((1.0, 1.0)),
    ):  # fmt: skip
        want = ran(part, want)
    close(ran(layer), want, LOOSE)
    close(ran(layers.RandomColorJitter()), X)


def test_ranges_that_are_drawn_from():
    deltas = ran(layers.RandomBrightness(0.2), MANY).ravel() - 100
    assert deltas.min() > -51.01 and deltas.max() < 51.01
    assert abs(deltas.mean()) < 3 and abs(deltas.std() - 102 / 12**0.5) < 2
    two = np.tile(np.array([90.0, 110.0], "float32").reshape(1, 2, 1, 1), (2000, 1, 1, 1))
    factors = (ran(layers.RandomContrast((0.5, 0.8)), two)[:, 1].ravel() - 100) / 10
    assert factors.min() > 0.49 and factors.max() < 1.81 and abs(factors.mean() - 1.15) < 0.04
    assert layers.RandomContrast(0.3).factor == (0, 0.3)
    assert layers.RandomColorDegeneration(0.3).factor == (-0.3, 0.3)
    assert layers.RandomHue(0.3).factor == (0, 0.3)
    colours = np.tile(np.array([10.0, 20.0, 200.0], "float32"), (2000, 1, 1, 1))
    gray = ran(layers.RandomGrayscale(0.3), colours)
    assert abs((gray[..., 0] != 10).mean() - 0.3) < 0.05
    inverted = ran(layers.RandomInvert(1.0), MANY).ravel() == 155
    assert abs(inverted.mean() - 0.5) < 0.05  # the probability itself is drawn between 0 and 1
    bits = ran(layers.RandomPosterization((1, 4)), np.full((3000, 1, 1, 1), 255.0, "float32"))
    assert set(bits.ravel().tolist()) == {128.0, 192.0, 224.0}
    thresholds = ran(layers.Solarization(0.0, 0.5), MANY).ravel() == 100
    assert abs(thresholds.mean() - (127.5 - 100) / 127.5) < 0.05


def test_each_image_has_its_own_draw():
    same = np.repeat(X[:1], 4, 0)
    for layer in (layers.RandomBrightness(0.5), layers.RandomHue(1.0), layers.RandomContrast(0.9)):
        y = ran(layer, same)
        assert not np.allclose(y[0], y[1]) and not np.allclose(y[1], y[2])
