"""State trees, the loss as a pure function, steps as functions of an iterator."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops
from kerata.errors import InputError

X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def made():
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, name="first", kernel_regularizer="l2", activity_regularizer="l1"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(1, name="last"),
        ],
        name="net",
    )
    model.compile(keras.optimizers.Adam(name="adam"), "mse", metrics=["mae"])
    return model


def test_trees():
    model, other = made(), made()
    model.fit(X, Y, verbose=0)
    tree = model.get_state_tree("numpy_array")
    assert sorted(tree) == sorted(
        [
            "trainable_variables",
            "non_trainable_variables",
            "optimizer_variables",
            "metrics_variables",
        ]
    )
    np.testing.assert_array_equal(
        tree["trainable_variables"]["net"]["last"]["kernel"], model.layers[-1].kernel.numpy()
    )
    assert sorted(tree["non_trainable_variables"]["net"]["norm"]) == [
        "moving_mean",
        "moving_variance",
    ]
    assert sorted(tree["metrics_variables"]["loss"]) == ["count", "total"]
    other.train_on_batch(X, Y)
    other.set_state_tree(tree)
    for a, b in zip(
        other.weights + other.optimizer.variables, model.weights + model.optimizer.variables
    ):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    tensors = model.get_state_tree()["trainable_variables"]["net"]["first"]["bias"]
    assert ops.is_tensor(tensors)


def test_trees_that_do_not_fit():
    model = made()
    before = model.get_weights()
    good = np.zeros((4, 1), "float32")
    for tree, told in (
        ({"weights": {}}, "no group 'weights'"),
        ({"trainable_variables": {"net": {"last": {"kernel": good, "b": good}}}}, "no variable 'net/last/b'"),
        ({"trainable_variables": {"net": {"last": {"kernel": good, "bias": good}}}}, r"'net/last/bias' has shape \(1,\)"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=told):
            model.set_state_tree(tree)
    for a, b in zip(model.get_weights(), before):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(InputError, match="'backend_tensor' or 'numpy_array'"):
        model.get_state_tree("list")

    class Twice(keras.Model):
        def __init__(self):
            super().__init__(name="twice")
            self.one, self.two = layers.Dense(1, name="a"), layers.Dense(1, name="a")

        def call(self, x):
            return self.one(x) + self.two(x)

    twice = Twice()
    twice(X)
    with pytest.raises(InputError, match="Two variables have the path 'twice/a/kernel'"):
        twice.get_state_tree()


def test_the_loss_as_a_pure_function():
    model = made()
    values = [
        [v.value for v in group]
        for group in (
            model.trainable_variables,
            model.non_trainable_variables,
            model.metrics_variables,
        )
    ]
    loss, (unscaled, y_pred, frozen, metrics) = model.compute_loss_and_updates(
        *values, X, Y, None, training=True
    )
    np.testing.assert_allclose(float(loss), float(unscaled))
    assert y_pred.shape == (12, 1) and len(metrics) == len(values[2])
    assert not np.allclose(np.asarray(ops.convert_to_numpy(frozen[0])), 0)
    assert np.allclose(model.get_layer("norm").moving_mean.numpy(), 0)
    assert model.get_layer("first")._losses == []
    # With both penalties, and as training counts it.
    np.testing.assert_allclose(
        float(loss), model.train_on_batch(X, Y, return_dict=True)["loss"], rtol=1e-5
    )


def test_functions_of_an_iterator():
    model, other = made(), made()
    data = iter([(X, Y), (X[:6], Y[:6])])
    step = model.make_train_function()
    first = step(data)
    np.testing.assert_allclose(
        first["loss"], other.train_on_batch(X, Y, return_dict=True)["loss"], rtol=1e-5
    )
    step(data)
    assert int(model.optimizer.iterations.numpy()) == 2
    with pytest.raises(StopIteration):
        step(data)
    model.reset_metrics()
    logs = model.make_test_function()(iter([(X, Y)]))
    np.testing.assert_allclose(
        logs["mae"], model.evaluate(X, Y, return_dict=True, verbose=0)["mae"], rtol=1e-5
    )
    np.testing.assert_allclose(
        model.make_predict_function()(iter([(X, Y)])), model.predict(X, verbose=0), rtol=1e-5
    )


def test_settings_of_compile():
    model = made()
    assert model.jit_compile == "auto" and model.steps_per_execution == 1
    model.jit_compile, model.steps_per_execution = True, 8
    assert model.jit_compile is True and model.steps_per_execution == 8
    model.fit(X, Y, verbose=0)
