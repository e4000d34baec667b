"""Layers that move, drop, pad or repeat elements."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import layers
from kerata.errors import InputError, ShapeError
from layers.check import check_layer

FIRST = {"data_format": "channels_first"}


def crop(*pairs):
    return lambda x: x[(slice(None), *(slice(a, -b or None) for a, b in pairs))]


def pad(*pairs):
    return lambda x: np.pad(x, ((0, 0), *pairs, *((0, 0) for _ in range(x.ndim - 1 - len(pairs)))))


def repeat(*counts, first=1):
    def fn(x):
        for i, n in enumerate(counts):
            x = x.repeat(n, first + i)
        return x

    return fn


CASES = [
    (layers.Flatten, {}, (2, 3, 4), lambda x: x.reshape(2, 12)),
    (layers.Flatten, {}, (2,), lambda x: x.reshape(2, 1)),
    (layers.Flatten, FIRST, (2, 3, 4, 5), lambda x: x.transpose(0, 2, 3, 1).reshape(2, 60)),
    (layers.Reshape, {"target_shape": (4, 3)}, (2, 3, 4), lambda x: x.reshape(2, 4, 3)),
    (layers.Reshape, {"target_shape": (-1, 2)}, (2, 3, 4), lambda x: x.reshape(2, 6, 2)),
    (layers.Reshape, {"target_shape": ()}, (2, 1), lambda x: x.reshape(2)),
    (layers.Permute, {"dims": (3, 1, 2)}, (2, 3, 4, 5), lambda x: x.transpose(0, 3, 1, 2)),
    (layers.RepeatVector, {"n": 3}, (2, 4), lambda x: x[:, None].repeat(3, 1)),
    (layers.Cropping1D, {}, (2, 5, 3), crop((1, 1))),
    (layers.Cropping1D, {"cropping": 2}, (2, 5, 3), crop((2, 2))),
    (layers.Cropping1D, {"cropping": (0, 2)}, (2, 5, 3), crop((0, 2))),
    (layers.Cropping2D, {"cropping": 1}, (2, 5, 6, 3), crop((1, 1), (1, 1))),
    (layers.Cropping2D, {"cropping": (1, 2)}, (2, 5, 6, 3), crop((1, 1), (2, 2))),
    (
        layers.Cropping2D,
        {"cropping": ((1, 0), (2, 1)), **FIRST},
        (2, 3, 5, 6),
        crop((0, 0), (1, 0), (2, 1)),
    ),
    (layers.Cropping3D, {}, (2, 3, 4, 5, 3), crop((1, 1), (1, 1), (1, 1))),
    (
        layers.Cropping3D,
        {"cropping": ((1, 0), (2, 1), 0), **FIRST},
        (2, 3, 4, 5, 3),
        crop((0, 0), (1, 0), (2, 1)),
    ),
    (layers.ZeroPadding1D, {}, (2, 3, 4), pad((1, 1))),
    (layers.ZeroPadding1D, {"padding": (0, 2), **FIRST}, (2, 3, 4), pad((0, 0), (0, 2))),
    (layers.ZeroPadding2D, {}, (2, 3, 4, 2), pad((1, 1), (1, 1))),
    (layers.ZeroPadding2D, {"padding": (1, 2)}, (2, 3, 4, 2), pad((1, 1), (2, 2))),
    (
        layers.ZeroPadding2D,
        {"padding": ((1, 0), (0, 2)), **FIRST},
        (2, 3, 4, 2),
        pad((0, 0), (1, 0), (0, 2)),
    ),
    (layers.ZeroPadding3D, {"padding": 1}, (2, 2, 3, 2, 1), pad((1, 1), (1, 1), (1, 1))),
    (layers.ZeroPadding3D, {"padding": (1, 0, 2)}, (2, 2, 3, 2, 1), pad((1, 1), (0, 0), (2, 2))),
    (layers.UpSampling1D, {"size": 3}, (2, 3, 4), repeat(3)),
    (layers.UpSampling2D, {}, (2, 3, 4, 2), repeat(2, 2)),
    (layers.UpSampling2D, {"size": (2, 3), **FIRST}, (2, 2, 3, 4), repeat(2, 3, first=2)),
    (layers.UpSampling2D, {"size": 2, "interpolation": "bilinear"}, (2, 3, 4, 2), None),
    (layers.UpSampling2D, {"interpolation": "bicubic", **FIRST}, (2, 2, 3, 4), None),
    (layers.UpSampling3D, {}, (1, 2, 3, 2, 2), repeat(2, 2, 2)),
    (layers.UpSampling3D, {"size": (1, 2, 3), **FIRST}, (1, 2, 2, 3, 2), repeat(1, 2, 3, first=2)),
]


@pytest.mark.parametrize("cls, arguments, shape, expected", CASES)
def test_layer(cls, arguments, shape, expected):
    check_layer(cls, arguments, shape, expected=expected)


@pytest.mark.parametrize("cls", [layers.Flatten, layers.RepeatVector])
def test_integers_stay(cls):
    out = check_layer(cls, {"n": 2} if cls is layers.RepeatVector else {}, (2, 3), "int32")
    assert out.dtype == np.int32


def test_unknown_sizes():
    x = layers.Input((None, 4))
    assert layers.Flatten()(x).shape == (None, None)
    assert layers.Reshape((-1, 2))(x).shape == (None, None, 2)
    assert layers.Reshape((8, 3))(x).shape == (None, 8, 3)
    assert layers.Permute((2, 1))(x).shape == (None, 4, None)
    assert layers.Cropping1D(2)(x).shape == (None, None, 4)
    assert layers.ZeroPadding1D(2)(x).shape == (None, None, 4)
    assert layers.UpSampling1D(2)(x).shape == (None, None, 4)
    image = layers.Input((None, None, 3))
    assert layers.UpSampling2D(2, interpolation="bilinear")(image).shape == (None, None, None, 3)
    assert layers.Reshape((8, 3))(layers.UpSampling1D(2)(x)).shape == (None, 8, 3)
    with pytest.raises(ShapeError, match="8 elements"):
        layers.Reshape((3, 3))(layers.Input((8,)))
    with pytest.raises(ShapeError, match="cannot get the shape"):
        layers.Reshape((3, 3))(np.ones((2, 8)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Permute((0, 1)),
        lambda: layers.RepeatVector(0),
        lambda: layers.Reshape((-1, -1)),
        lambda: layers.Cropping1D(-1),
        lambda: layers.Cropping2D((1, 2, 3)),
        lambda: layers.ZeroPadding2D("same"),
        lambda: layers.ZeroPadding3D((1, (2, 3, 4), 5)),
        lambda: layers.UpSampling1D(2.5),
        lambda: layers.UpSampling2D(interpolation="cubic"),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize(
    "layer, shape",
    [
        (layers.Cropping1D(2), (1, 4, 2)),
        (layers.RepeatVector(2), (1, 2, 3)),
        (layers.Permute((2, 1)), (1, 2)),
    ],
)
def test_bad_inputs(layer, shape):
    with pytest.raises(ShapeError):
        layer(np.ones(shape))
