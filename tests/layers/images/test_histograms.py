"""Contrast by histograms, and sharpness, against plain loops in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import layers
from layers.check import close
from support import array

X = np.random.default_rng(0).integers(20, 120, (2, 9, 10, 3)).astype("float32")


def test_auto_contrast():
    low, high = X.min((1, 2), keepdims=True), X.max((1, 2), keepdims=True)
    for training in (True, False):
        found = layers.AutoContrast()(X, training=training)
        close(found, (X - low) / (high - low) * 255, {"atol": 1e-3})
    flat = np.full((1, 3, 3, 1), 9.0, "float32")
    close(layers.AutoContrast()(flat), flat)


def equalized(channel, bins):
    """By the definition: each value becomes the share of values that are not above it."""
    top = bins - 1
    counts = np.bincount((channel * top / 255).astype(int).ravel(), minlength=bins)
    below = np.cumsum(counts)
    first = below[below > 0][0]
    table = np.round((below - first) * 255.0 / max(below[-1] - first, 1))
    return table[(channel.astype("float32") / np.float32(255) * np.float32(top)).astype(int)]


@pytest.mark.parametrize("bins", [256, 32])
def test_equalization(bins):
    want = np.stack([equalized(X[..., c], bins) for c in range(3)], -1)
    close(layers.Equalization(bins=bins)(X, training=True), want, {"atol": 1e-3})
    found = layers.Equalization((0, 1), bins)(X / 255, training=True)
    assert np.mean(np.abs(array(found) * 255 - want) < 1) > 0.9  # a few fall into the next bin
    flat = np.full((1, 3, 3, 1), 9.0, "float32")
    close(layers.Equalization()(flat, training=True), flat)


def clahe(plane, grid, limit):
    """The definition, pixel by pixel."""
    height, width = plane.shape
    h, w = -(-height // grid[0]), -(-width // grid[1])
    plane = np.pad(
        plane, ((0, h * grid[0] - height), (0, w * grid[1] - width)), "symmetric"
    ).astype(int)
    tables = np.zeros((*grid, 256))
    for i in range(grid[0]):
        for j in range(grid[1]):
            tile = plane[i * h : (i + 1) * h, j * w : (j + 1) * w]
            counts = np.bincount(tile.ravel(), minlength=256).astype(float)
            if limit:
                held = np.minimum(counts, limit * h * w / 256)
                counts = held + (counts - held).sum() / 256
            below = counts.cumsum()
            tables[i, j] = (below - below[0]) * 255 / max(h * w - below[0], 1e-9)
    out = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            v, u = (y - h / 2) / h, (x - w / 2) / w
            i, j = int(np.floor(v)), int(np.floor(u))
            for di, a in ((0, 1 - (v - i)), (1, v - i)):
                for dj, b in ((0, 1 - (u - j)), (1, u - j)):
                    row, column = np.clip(i + di, 0, grid[0] - 1), np.clip(j + dj, 0, grid[1] - 1)
                    out[y, x] += a * b * tables[row, column, plane[y, x]]
    return out


@pytest.mark.parametrize("grid, limit", [((3, 2), 4.0), ((2, 4), 0.0), ((1, 1), 40.0)])
def test_clahe(grid, limit):
    layer = layers.ContrastLimitedAdaptiveHistogramEqualization((0, 255), limit, grid)
    want = np.stack([[clahe(X[n, ..., c], grid, limit) for c in range(3)] for n in range(2)])
    close(layer(X), want.transpose(0, 2, 3, 1), {"rtol": 1e-3, "atol": 1e-2})
    close(layer(X, training=False), want.transpose(0, 2, 3, 1), {"rtol": 1e-3, "atol": 1e-2})


def test_sharpness():
    wide = np.pad(X, ((0, 0), (1, 1), (1, 1), (0, 0)))
    sums = sum(wide[:, i : i + 9, j : j + 10] for i in range(3) for j in range(3))
    smooth = (sums + 4 * X) / 13
    for factor in (0.0, 0.5, 1.0):
        want = np.clip(X + (1 - 2 * factor) * (smooth - X), 0, 255)
        close(layers.RandomSharpness((factor, factor))(X, training=True), want, {"atol": 1e-3})


def test_blur():
    from scipy.ndimage import correlate1d

    layer = layers.RandomGaussianBlur((1.0, 1.0), (3, 5), (0.8, 0.8))
    want = X
    for axis, size in ((2, 3), (1, 5)):
        weights = np.exp(-0.5 * ((np.arange(size) - size // 2) / 0.8) ** 2)
        want = correlate1d(want, weights / weights.sum(), axis, mode="constant")
    close(layer(X, training=True), want, {"rtol": 1e-3, "atol": 1e-2})
    some = array(layers.RandomGaussianBlur((0.5, 0.5), seed=1)(np.repeat(X, 50, 0), training=True))
    changed = np.any(some != np.repeat(X, 50, 0), axis=(1, 2, 3))
    assert 0.3 < changed.mean() < 0.7
