"""Penalties."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kerata import ops, regularizers
from kerata.errors import InputError, ShapeError
from kerata.layers import Dense
from kerata.variable import Variable

W = np.array([[1.0, -2.0], [0.5, 4.0]], "float32")

CASES = [
    (regularizers.L1(0.1), 0.1 * np.abs(W).sum()),
    (regularizers.L2(0.1), 0.1 * (W**2).sum()),
    (regularizers.L1L2(0.1, 0.2), 0.1 * np.abs(W).sum() + 0.2 * (W**2).sum()),
    (regularizers.L1L2(l2=0.2), 0.2 * (W**2).sum()),
    (regularizers.L1L2(), 0.0),
    (regularizers.l1(l=0.3), 0.3 * np.abs(W).sum()),
    (regularizers.l2(l=0.3), 0.3 * (W**2).sum()),
    (regularizers.l1_l2(l1=0.1, l2=0.2), 0.1 * np.abs(W).sum() + 0.2 * (W**2).sum()),
    (regularizers.get("l1"), 0.01 * np.abs(W).sum()),
    (regularizers.get("L2"), 0.01 * (W**2).sum()),
    (regularizers.get("l1_l2"), 0.0),
]


@pytest.mark.parametrize("regularizer, value", CASES)
def test_values(regularizer, value):
    for x in (W, Variable(W)):
        np.testing.assert_allclose(regularizer(x), value, rtol=1e-6)
    stored = json.loads(json.dumps(regularizers.serialize(regularizer)))
    again = regularizers.deserialize(stored)
    assert type(again) is type(regularizer)
    np.testing.assert_allclose(again(W), value, rtol=1e-6)


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal(mode):
    x = np.random.default_rng(0).standard_normal((3, 4)).astype("float32")
    v = x if mode == "rows" else x.T
    unit = v / np.linalg.norm(v, axis=1, keepdims=True)
    pairs = np.abs(unit @ unit.T)[np.triu_indices(len(unit), 1)]
    np.testing.assert_allclose(
        regularizers.OrthogonalRegularizer(0.5, mode)(x), 0.5 * pairs.mean(), rtol=1e-5
    )
    with pytest.raises(ShapeError):
        regularizers.OrthogonalRegularizer()(np.ones(3))
    with pytest.raises(ValueError, match="mode"):
        regularizers.OrthogonalRegularizer(mode="all")


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf"), "x"])
def test_factors_must_be_numbers(bad):
    for cls in (regularizers.L1, regularizers.L2, regularizers.L1L2):
        with pytest.raises(ValueError, match="not below 0"):
            cls(bad)


def test_in_a_layer():
    layer = Dense(
        2,
        kernel_regularizer="l2",
        bias_regularizer=lambda b: ops.sum(b) + 1,
        activity_regularizer="l1",
    )
    layer(np.ones((1, 3)))
    assert len(layer.losses) == 3
    layer.trainable = False
    assert len(layer.losses) == 1


def test_get():
    assert regularizers.get(None) is None
    assert type(regularizers.get(regularizers.L1)) is regularizers.L1
    with pytest.raises(InputError, match="regularizer"):
        regularizers.get("l3_")
