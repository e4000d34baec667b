"""Activations as layers."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import layers
from kerata.errors import InputError, ShapeError
from layers.check import check_layer, close


def relu(top=np.inf, slope=0.0, threshold=0.0):
    return lambda x: np.where(x > threshold, np.minimum(x, top), slope * (x - threshold))


CASES = [
    (layers.Activation, {"activation": "tanh"}, np.tanh),
    (layers.Activation, {"activation": None}, lambda x: x),
    (layers.ReLU, {}, relu()),
    (layers.ReLU, {"max_value": 0.8, "negative_slope": 0.1, "threshold": 0.2}, relu(0.8, 0.1, 0.2)),
    (layers.LeakyReLU, {}, relu(slope=0.3)),
    (layers.LeakyReLU, {"alpha": 0.1}, relu(slope=0.1)),
    (layers.ThresholdedReLU, {"theta": 0.7}, lambda x: np.where(x > 0.7, x, 0)),
    (layers.ELU, {"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    (layers.PReLU, {"alpha_initializer": "ones"}, lambda x: x),
    (layers.PReLU, {"shared_axes": [1], "alpha_regularizer": "l1"}, relu()),
    (layers.Softmax, {}, lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    (layers.Softmax, {"axis": [1, 2]}, lambda x: np.exp(x) / np.exp(x).sum((1, 2), keepdims=True)),
]


@pytest.mark.parametrize("cls, arguments, expected", CASES)
def test_layer(cls, arguments, expected):
    check_layer(cls, arguments, (2, 3, 4), expected=expected)


def test_prelu_shapes():
    layer = layers.PReLU(shared_axes=[1, 2])
    layer.build((None, 5, 6, 3))
    assert layer.alpha.shape == (1, 1, 3)
    with pytest.raises(ShapeError, match="size 3 on axis 3"):
        layer(np.ones((1, 5, 6, 4)))


def test_softmax_of_masked_positions_is_zero():
    x = np.array([[[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]]], "float32")
    mask = np.array([[[True, True, False], [False, False, False]]])
    e = np.exp(1.0)
    want = [[[1 / (1 + e), e / (1 + e), 0], [0, 0, 0]]]
    for m in (mask, mask.astype("float32")):
        close(layers.Softmax()(x, mask=m), want)
        close(layers.Softmax(dtype="float16")(x, mask=m), want, {"atol": 1e-3})
    with pytest.raises(ShapeError, match="does not broadcast"):
        layers.Softmax()(x, mask=np.ones((1, 2), bool))


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.ReLU(max_value=-1.0),
        lambda: layers.ReLU(threshold=None),
        lambda: layers.LeakyReLU(-0.1),
        lambda: layers.Activation("rleu"),
    ],
)
def test_errors(make):
    with pytest.raises(InputError):
        make()
