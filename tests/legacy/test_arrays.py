"""Predictions of one element are numbers for programs of old."""

from __future__ import annotations

import numpy as np

from kerata import Sequential, compat, layers
from kerata.legacy.arrays import Predictions


def test_predictions_are_numbers_where_a_program_of_old_runs() -> None:
    model = Sequential([layers.Input((2,)), layers.Dense(1, kernel_initializer="ones")])
    x = np.ones((3, 2), "float32")
    assert type(model.predict(x, verbose=0)) is np.ndarray
    compat.install(era=2)
    try:
        out = model.predict(x, verbose=0)
        assert "%.1f %d" % (100 * (1 - out[0]), out[0]) == "-100.0 2"  # noqa: UP031
        assert float(model.predict_on_batch(x[:1])) == 2.0
        assert np.concatenate([out, out]).shape == (6, 1)
    finally:
        compat.uninstall()
    assert type(model.predict(x, verbose=0)) is np.ndarray


def test_other_arrays_stay() -> None:
    words = np.array(["a"], object)
    assert Predictions.of(words) is words
    assert Predictions.of([1]) == [1]
