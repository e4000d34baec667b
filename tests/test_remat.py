"""Rematerialization: the same numbers, computed twice."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import RematScope, layers, ops, remat, rng
from kerata.engine import engine
from kerata.errors import InputError
from kerata.scope import get_mask
from support import grad, jit, value_and_grad

X = np.random.default_rng(0).standard_normal((6, 4)).astype("float32")


def wave(x):
    return ops.sin(ops.multiply(ops.sin(ops.multiply(x, 3.0)), 2.0))


def wave_slope(x):
    return np.cos(2 * np.sin(3 * x)) * 2 * np.cos(3 * x) * 3


@pytest.mark.parametrize("compiled", [False, True])
def test_gradient(compiled: bool) -> None:
    slope = grad(lambda x: ops.sum(remat(wave)(x)))
    found = (jit(slope) if compiled else slope)(ops.array(X))
    np.testing.assert_allclose(found, wave_slope(X), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(remat(wave)(ops.array(X)), np.sin(2 * np.sin(3 * X)), atol=1e-5)


@pytest.mark.engine("torch", "tensorflow")
def test_runs_again_for_the_gradient() -> None:
    runs = []

    def f(x):
        runs.append(1)
        return wave(x)

    remat(f)(ops.array(X))
    assert len(runs) == 1
    grad(lambda x: ops.sum(remat(f)(x)))(X)
    assert len(runs) == 3


@pytest.mark.engine("jax")
def test_jax_keeps_nothing_of_the_inside() -> None:
    import jax

    def kept(f):
        # What the derivative needs of the first run: the constants of the backward function.
        return sum(np.size(v) for v in jax.tree_util.tree_leaves(jax.vjp(f, X)[1]))

    assert kept(remat(wave)) < kept(wave)
    assert "remat" in str(jax.make_jaxpr(jax.grad(lambda x: ops.sum(remat(wave)(x))))(X))


def test_structures_and_other_arguments() -> None:
    @remat
    def f(pair, *, scale, name="x"):
        return {"sum": pair[0] + pair[1] * scale, "name": name, "count": ops.argmax(pair[0])}

    out = f([ops.array([1.0, 4.0]), ops.array([2.0, 3.0])], scale=2.0)
    assert (out["sum"].tolist(), out["name"], int(out["count"])) == ([5.0, 10.0], "x", 1)
    assert f([keras.KerasTensor((2,)), keras.KerasTensor((2,))], scale=1)["sum"].shape == (2,)


def test_state_and_randomness() -> None:
    """Variables change once; the second run meets the old ones, and the same random numbers."""
    count = keras.Variable(0.0, trainable=False)
    seeds = keras.SeedGenerator(3)

    def f(x):
        count.assign_add(1.0)
        noise = ops.random.normal((6, 4), seed=seeds) + ops.random.normal((6, 4))
        return ops.multiply(ops.multiply(x, noise), count.value)

    before = seeds.state.numpy()
    value, slope = value_and_grad(lambda x: ops.sum(remat(f)(x)))(X)
    assert float(count) == 1.0 and not np.array_equal(before, seeds.state.numpy())
    np.testing.assert_allclose(np.sum(X * np.asarray(slope)), value, rtol=1e-4)
    _, slope = value_and_grad(lambda x: ops.sum(remat(f)(x)))(X)
    assert float(count) == 2.0


class Own(keras.Layer):
    """State, a loss of its own, dropout and a second layer in one call."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 3), name="w")
        self.inner = layers.Dropout(0.5, seed=4)
        self.norm = layers.BatchNormalization()

    def call(self, x, training=None):
        y = ops.tanh(ops.matmul(x, self.w))
        self.add_loss(0.1 * ops.mean(ops.square(y)))
        return self.norm(self.inner(y, training=training), training=training)


def history(mode, eagerly=False):
    rng.set_seed(5)
    with RematScope(mode):
        model = keras.Sequential(
            [layers.Input((4,)), layers.Dense(8, "tanh"), Own(), layers.Dense(1, "sigmoid")]
        )
    model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy", run_eagerly=eagerly)
    y = (X[:, :1] > 0).astype("float32")
    losses = model.fit(X, y, batch_size=3, epochs=2, verbose=0, shuffle=False).history["loss"]
    return losses, model.get_weights()


@pytest.mark.parametrize("eagerly", [False, True])
def test_training_is_the_same(eagerly: bool) -> None:
    losses, weights = history(None, eagerly)
    for mode in ("full", "activations"):
        again, after = history(mode, eagerly)
        np.testing.assert_allclose(again, losses, rtol=1e-5)
        for a, b in zip(after, weights):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_masks_pass() -> None:
    with RematScope("full"):
        embedding = layers.Embedding(5, 3, mask_zero=True)
        own = layers.Masking()
    ids = np.array([[1, 0]])
    assert np.array_equal(get_mask(embedding(ids)), [[True, False]])
    assert np.array_equal(get_mask(own(np.array([[[0.0], [2.0]]]))), [[False, True]])
    inputs = keras.Input((None,), dtype="int32")
    assert keras.Model(inputs, layers.LSTM(2)(embedding(inputs))).predict(ids, verbose=0).shape == (
        1,
        2,
    )


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        (RematScope("list_of_layers", layer_names=["big"]), 1),
        (RematScope("larger_than", output_size_threshold=60), 1),
        (RematScope("larger_than", output_size_threshold=6), 2),
        (RematScope("full"), 2),
        (RematScope("activations"), 2),
        (RematScope(None), 0),
    ],
)
def test_modes(monkeypatch, scope, wanted) -> None:
    calls = []
    real = engine().checkpoint
    monkeypatch.setattr(engine(), "checkpoint", lambda f: calls.append(f) or real(f))
    with scope:
        small, big = layers.Dense(2, "relu", name="small"), layers.Dense(20, "relu", name="big")
    big(small(X))
    assert len(calls) == wanted
    layers.Dense(2)(X)
    assert len(calls) == wanted


def test_unknown_mode() -> None:
    with pytest.raises(InputError, match="mode='some'"):
        RematScope("some")
