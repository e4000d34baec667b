"""A cross-entropy of probabilities made by an activation is computed from the logits."""

import numpy as np
import pytest

import kerata as keras
from kerata import layers


@pytest.mark.parametrize(
    ("activation", "loss", "y"),
    [
        ("sigmoid", "binary_crossentropy", [[0.0]]),
        ("softmax", "categorical_crossentropy", [[0.0, 1.0, 0.0]]),
        ("softmax", "sparse_categorical_crossentropy", [1]),
    ],
)
def test_saturated_outputs_still_learn(activation, loss, y):
    y = np.asarray(y)
    units = 1 if loss.startswith("binary") else 3
    outcomes = []
    for ends in (
        [layers.Dense(units, activation=activation)],
        [layers.Dense(units), layers.Activation(activation)],
    ):
        model = keras.Sequential([layers.Input((1,)), *ends])
        model.compile(keras.optimizers.SGD(1.0), loss)
        bias = np.zeros(units)
        bias[0] = 200.0
        model.set_weights([np.zeros((1, units)), bias])
        outcomes.append(model.evaluate(np.ones((1, 1)), y, verbose=0))
        before = model.get_weights()[1]
        model.fit(np.ones((1, 1)), y, verbose=0)
        assert np.abs(model.get_weights()[1] - before).max() > 0.5
    assert np.allclose(outcomes, 200.0)
