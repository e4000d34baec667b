"""``fit(debug_nan=True)``: it names where NaN begins, and the model is as it was before."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops
from kerata.errors import NanError

X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
Y = X[:, :1]


class Log(layers.Layer):
    def call(self, x):
        return ops.log(x - 1.0)


class Arithmetic(layers.Layer):
    def call(self, x):
        return ops.reshape((x * 1e30) * 1e30, ops.shape(x))


class Root(layers.Layer):
    def call(self, x):
        return x + ops.sqrt(ops.multiply(x, 0.0))


def made(middle, optimizer="sgd", loss="mse"):
    keras.utils.set_random_seed(0)
    names = [keras.Input((4,)), layers.Dense(4, name="first"), middle, layers.Dense(1, name="last")]
    model = keras.Sequential(names, name="net")
    model.compile(optimizer, loss)
    return model


def batches():
    while True:
        yield X[:10], Y[:10]


@pytest.mark.parametrize(
    ("middle", "told"),
    [
        (Log(name="logs"), "step 1 .*'net'.* NaN in layer 'net/logs', in its op 'log' on numbers"),
        (Arithmetic(name="by_hand"), "infinity in layer 'net/by_hand', before its op 'reshape'"),
        (Root(name="root"), "gradient of 'net/first/kernel'.*'sqrt' in layer 'net/root' is infinity"),
    ],
    ids=["op", "arithmetic", "derivative"],
)  # fmt: skip
@pytest.mark.parametrize("source", ["arrays", "batches"])
def test_a_layer_is_named(middle, told, source):
    model = made(middle)
    before = model.get_weights()
    data = {"x": X, "y": Y} if source == "arrays" else {"x": batches(), "steps_per_epoch": 2}
    with pytest.raises(NanError, match=f"(?is){told}.*as it was before"):
        model.fit(**data, verbose=0, debug_nan=True)
    for a, b in zip(model.get_weights(), before):
        np.testing.assert_array_equal(a, b)


def test_a_loss_of_ones_own_is_named():
    model = made(layers.Dense(2), loss=lambda y, p: ops.mean(ops.log(p - p), axis=-1))
    with pytest.raises(NanError, match="infinity in the loss, in its op 'log'"):
        model.fit(X, Y, verbose=0, debug_nan=True)


def test_a_rate_too_high():
    model = made(layers.Dense(2), keras.optimizers.SGD(3e38, clipvalue=1e30))
    with pytest.raises(NanError, match="(?s)in the update by SGD.*the largest gradient is"):
        model.fit(X, Y, batch_size=50, verbose=0, debug_nan=True)
    assert int(model.optimizer.iterations.numpy()) == 0


def test_data():
    x = X.copy()
    x[33, 2] = np.nan
    model = made(layers.Dense(2))
    with pytest.raises(NanError, match="Step 4 .* NaN because its inputs hold it"):
        model.fit(x, Y, batch_size=10, shuffle=False, verbose=0, debug_nan=True)
    assert int(model.optimizer.iterations.numpy()) == 3
    with pytest.raises(NanError, match="infinity because its targets hold it"):
        model.fit(X, np.where(Y > 1, np.inf, Y), verbose=0, debug_nan=True)


def test_a_sound_training_is_the_same():
    found = []
    for debug in (False, True):
        model = made(layers.Dropout(0.5))
        model.fit(X, Y, epochs=2, batch_size=20, verbose=0, debug_nan=debug)
        found.append(model.get_weights())
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
