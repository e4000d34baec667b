"""Activation functions by name."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import special

from kerata import activations, ops
from kerata.errors import InputError
from kerata.layers import Input

X = np.linspace(-4, 4, 17, dtype="float32").reshape(1, -1)
Y = np.concatenate([X, X[:, ::-1] / 2], axis=1)


def sigmoid(x):
    return special.expit(x)


def softplus(x):
    return np.logaddexp(x, 0)


FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "celu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: 1.05070098 * np.where(x > 0, x, 1.67326324 * np.expm1(x)),
    "gelu": lambda x: x * special.ndtr(x),
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "log_sigmoid": lambda x: np.log(sigmoid(x)),
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + abs(x)),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0),
    "hard_shrink": lambda x: np.where(abs(x) > 0.5, x, 0),
    "exponential": np.exp,
    "softmax": lambda x: special.softmax(x, -1),
    "log_softmax": lambda x: special.log_softmax(x, -1),
    "glu": lambda x: x[:, :17] * sigmoid(x[:, 17:]),
    "sparsemax": None,
    "threshold": None,
}


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_every_one(name):
    fn = activations.get(name)
    assert fn is getattr(activations, name)
    args = (1.0, 0.0) if name == "threshold" else ()
    y = np.asarray(fn(Y, *args))
    assert y.dtype == np.float32
    if FORMULAS[name] is not None:
        np.testing.assert_allclose(y, FORMULAS[name](Y), rtol=2e-5, atol=2e-6)
    assert fn(Input((34,)), *args).shape == (None, *y.shape[1:])
    stored = json.loads(json.dumps(activations.serialize(fn)))
    assert activations.deserialize(stored) is fn
    assert set(activations._TABLE) == set(FORMULAS)


def test_sparsemax_is_a_projection():
    y = np.asarray(activations.sparsemax(np.array([[0.0, 0.1, 3.0], [0.2, 0.0, 0.1]])))
    np.testing.assert_allclose(y, [[0, 0, 1], [0.2 + 0.7 / 3, 0.7 / 3, 0.1 + 0.7 / 3]], atol=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [
        {"negative_slope": 0.1},
        {"max_value": 2.0},
        {"threshold": 1.0},
        {"negative_slope": 0.1, "max_value": 2.0, "threshold": 1.0},
    ],
)
def test_relu_arguments(arguments):
    slope, threshold = arguments.get("negative_slope", 0), arguments.get("threshold", 0)
    want = np.where(
        threshold < X, np.minimum(X, arguments.get("max_value", np.inf)), slope * (X - threshold)
    )
    np.testing.assert_allclose(activations.relu(X, **arguments), want, rtol=1e-6, atol=1e-7)


def test_other_arguments():
    np.testing.assert_allclose(
        activations.elu(X, alpha=0.5), np.where(X > 0, X, 0.5 * np.expm1(X)), rtol=1e-5
    )
    np.testing.assert_allclose(
        activations.leaky_relu(X, negative_slope=0.5), np.where(X > 0, X, 0.5 * X)
    )
    np.testing.assert_allclose(
        activations.gelu(X, approximate=True), activations.gelu(X), atol=2e-3
    )
    np.testing.assert_allclose(
        activations.softmax(Y.reshape(2, 17), axis=0),
        special.softmax(Y.reshape(2, 17), 0),
        rtol=1e-5,
    )


def test_get():
    assert activations.get(None) is activations.linear
    assert activations.get("ReLU") is activations.relu

    def own(x):
        return x

    assert activations.get(own) is own
    assert activations.deserialize("own", {"own": own}) is own
    assert activations.get(ops.nn.relu) is ops.nn.relu
    with pytest.raises(InputError, match="Did you mean 'relu'"):
        activations.get("rleu")
    with pytest.raises(InputError):
        activations.get(3)
