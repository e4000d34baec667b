"""Projections of weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kerata import constraints
from kerata.errors import InputError
from support import array

W = np.random.default_rng(0).standard_normal((3, 4)).astype("float32") * 2
NORM = np.linalg.norm(W, axis=0, keepdims=True)


def rescaled(norm):
    return W * norm / NORM


CASES = [
    (constraints.MaxNorm(), rescaled(np.minimum(NORM, 2))),
    (constraints.max_norm(1.5), rescaled(np.minimum(NORM, 1.5))),
    (constraints.NonNeg(), np.maximum(W, 0)),
    (constraints.UnitNorm(), rescaled(1)),
    (constraints.UnitNorm(axis=[0, 1]), W / np.linalg.norm(W)),
    (constraints.MinMaxNorm(2, 3), rescaled(np.clip(NORM, 2, 3))),
    (constraints.MinMaxNorm(2, 3, rate=0.25), rescaled(0.25 * np.clip(NORM, 2, 3) + 0.75 * NORM)),
]


@pytest.mark.parametrize("constraint, value", CASES)
def test_values(constraint, value):
    np.testing.assert_allclose(constraint(W), value, rtol=1e-5, atol=1e-6)
    stored = json.loads(json.dumps(constraints.serialize(constraint)))
    assert stored["module"] == "keras.constraints"
    np.testing.assert_array_equal(constraints.deserialize(stored)(W), constraint(W))


def test_zero_weights_stay():
    zero = np.zeros((3, 2), "float32")
    for name in ("max_norm", "unit_norm", "min_max_norm"):
        assert not array(constraints.get(name)(zero)).any()


NAMES = {
    "MaxNorm": ["max_norm", "MaxNorm", "maxnorm"],
    "NonNeg": ["non_neg", "NonNeg", "nonneg"],
    "UnitNorm": ["unit_norm", "UnitNorm", "unitnorm"],
    "MinMaxNorm": ["min_max_norm", "MinMaxNorm"],
}


@pytest.mark.parametrize("cls, names", NAMES.items())
def test_names(cls, names):
    for name in names:
        assert type(constraints.get(name)).__name__ == cls
    assert type(constraints.get(getattr(constraints, cls))).__name__ == cls


def test_get():
    assert constraints.get(None) is None

    def own(w):
        return w

    assert constraints.get(own) is own
    with pytest.raises(InputError, match="Did you mean"):
        constraints.get("maxnrom")
