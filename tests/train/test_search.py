"""Searches for a learning rate and a batch size, and freezing: the model stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import layers, utils
from kerata.errors import InputError
from kerata.train import search
from kerata.train.data import make

X = np.random.default_rng(0).normal(size=(300, 5)).astype("float32")
Y = X @ np.arange(5, dtype="float32")[:, None]


def made(optimizer="sgd"):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((5,)), layers.Dropout(0.1), layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def state(model):
    found = [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
    return [np.array(a) for a in found]


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", lambda: keras.optimizers.Adam(keras.optimizers.schedules.OneCycle(0.1, 50))],
)
def test_a_rate_is_found_and_nothing_changes(optimizer):
    losses = []
    for searches in (True, False):
        model = made(optimizer() if callable(optimizer) else optimizer)
        model.fit(X, Y, epochs=1, verbose=0)
        before = state(model)
        if searches:
            found = utils.lr_find(model, X, Y, highest=100.0)
            assert found.rates[0] == 1e-7
            assert np.allclose(np.diff(np.log(found.rates)), np.log(1e9) / 99)
            assert found.suggestion in found.rates
        for a, b in zip(state(model), before, strict=True):
            np.testing.assert_array_equal(a, b)
        losses.append(model.fit(X, Y, epochs=2, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-6)  # as if nothing had been


def test_the_rate_trains():
    """With squares of one weight the rate must be below 2 over the curvature, and near it."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    ones = np.ones((64, 1), "float32")
    found = utils.lr_find(model, ones, 3 * ones, batch_size=64)
    assert 0.01 < found.suggestion < 1.0  # the curvature is 2
    assert found.rates[-1] < 10.0 and found.losses[-1] > found.losses[0]
    ax = found.plot()
    assert ax.get_xscale() == "log"


def test_steepest():
    rates = list(np.logspace(-5, 0, 51))
    smooth = [1 / (1 + np.exp(4 * (np.log10(r) + 2))) for r in rates]
    assert search._steepest(rates, smooth) == pytest.approx(1e-2)


def test_batches_and_generators():
    model = made()
    pieces = [(X[i : i + 30], Y[i : i + 30]) for i in range(0, 300, 30)]
    assert len(utils.lr_find(model, pieces, steps=20).rates) > 3


def test_errors():
    with pytest.raises(InputError, match="0 < lowest < highest"):
        utils.lr_find(made(), X, Y, lowest=1.0, highest=0.1)
    with pytest.raises(InputError, match="look for NaN in the data"):
        utils.lr_find(made(), X * np.nan, Y)
    with pytest.raises(InputError, match="batch_size_find needs arrays"):
        utils.batch_size_find(made(), [(X, Y)])


def test_batch_sizes(monkeypatch):
    speeds = {8: 10.0, 16: 19.0, 32: 30.0, 64: 31.0, 128: 31.2}
    monkeypatch.setattr(search, "_speed", lambda model, x, y, w, size, s: speeds[size])
    model = made()
    before = state(model)
    found = utils.batch_size_find(model, X, Y)
    assert found.sizes == [8, 16, 32, 64, 128] and found.suggestion == 32
    assert found.stopped == "Larger ones gain nothing."
    assert "      32              30 rows/s  <- suggestion" in str(found)
    for a, b in zip(state(model), before, strict=True):
        np.testing.assert_array_equal(a, b)

    def full(model, x, y, w, size, s):
        if size > 16:
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes.")
        return float(size)

    monkeypatch.setattr(search, "_speed", full)
    found = utils.batch_size_find(model, X, Y)
    assert found.sizes == [8, 16] and found.stopped == "32 rows did not fit into memory."


def test_batch_sizes_for_real():
    found = utils.batch_size_find(made(), X, Y, lowest=64, highest=200, seconds=0.01)
    assert found.sizes == [64, 128] and all(v > 0 for v in found.rows_per_second)


def test_freezing():
    names = ["a", "b", "c"]
    model = keras.Sequential([keras.Input((5,)), *(layers.Dense(3, name=n) for n in names)])
    model.compile("sgd", "mse")
    for until, frozen in (("b", "a"), (model.layers[2], "ab"), (1, "a"), (-1, "ab"), (None, "abc")):
        model.freeze(until=until)
        assert "".join(n for n in names if not model.get_layer(n).trainable) == frozen
    model.freeze(until="c")
    before = model.get_weights()
    model.fit(X, np.repeat(Y, 3, 1), verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(model.get_weights(), before)]
    assert same == [True] * 4 + [False] * 2
    model.unfreeze()
    assert len(model.trainable_weights) == 6
    with pytest.raises(ValueError, match="nothing"):
        model.freeze(until="nothing")


@pytest.mark.parametrize("labels", ["integers", "column", "one-hot"])
def test_sorted_labels_are_told(labels, monkeypatch):
    y = np.repeat(np.arange(5), 60)
    y = {"integers": y, "column": y[:, None], "one-hot": np.eye(5)[y]}[labels]
    monkeypatch.setattr(make, "_told_sorted", False)
    with pytest.warns(UserWarning, match="nothing will be learned of class 4,"):
        make.validation_split((X, y, None), 0.2)
    make.validation_split((X, y, None), 0.2)  # only once; a warning is an error here


def test_other_labels_are_not(monkeypatch):
    monkeypatch.setattr(make, "_told_sorted", False)
    shuffled = np.random.default_rng(0).permutation(np.repeat(np.arange(5), 60))
    for y in (
        shuffled,
        np.sort(X[:, 0]),
        np.zeros(300),
        X,
        None,
        np.repeat([0, 1], [290, 10])[::-1],
    ):
        make.validation_split((X, y, None), 0.2)
