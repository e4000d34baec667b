"""Layers and losses that use symbolic tensors of the model around them, and what the examples of Keras did besides."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import Model, Sequential, layers
from kerata import backend as K
from kerata.errors import InputError
from kerata.legacy import era, initializations, modules
from kerata.ops import convert_to_numpy

X = np.random.RandomState(3).standard_normal((4, 3)).astype("float32")


@pytest.fixture
def keras_2():
    era.set_era(2)
    yield
    era.set_era(None)


def dense(model: Model, name: str, x: np.ndarray) -> np.ndarray:
    kernel, bias = model.get_layer(name).get_weights()
    return x @ kernel + bias


@pytest.mark.parametrize("declared", [None, (2,)])
def test_a_function_uses_a_tensor_that_is_not_its_argument(declared) -> None:
    x = layers.Input((3,))
    a, b = layers.Dense(2, name="a")(x), layers.Dense(2, name="b")(x)
    y = layers.Lambda(
        lambda t: t * K.exp(b) + K.cast(K.shape(b)[1], "float32"), output_shape=declared
    )(a)
    model = Model(x, y)
    want = dense(model, "a", X) * np.exp(dense(model, "b", X)) + 2
    np.testing.assert_allclose(model.predict(X, verbose=0), want, rtol=1e-4, atol=1e-5)
    assert {"a", "b"} <= {layer.name for layer in model.layers}
    model.compile("sgd", "mse")
    before = model.get_layer("b").get_weights()[0]
    model.fit(X, np.zeros((4, 2)), verbose=0)
    assert not np.array_equal(before, model.get_layer("b").get_weights()[0])


def test_a_layer_adds_a_loss_of_tensors_from_outside() -> None:
    x = layers.Input((3,))
    mean = layers.Dense(2, name="mean")(x)

    class Penalty(layers.Layer):
        def call(self, inputs):
            self.add_loss(
                K.mean(K.sum(K.square(inputs), axis=-1) + K.sum(K.square(mean), axis=-1)),
                inputs=inputs,
            )
            return inputs

        def compute_output_shape(self, shape):  # so that the call is not looked at before it runs
            return shape

    for cls in (
        Penalty,
        type("Seen", (Penalty,), {"compute_output_shape": layers.Layer.compute_output_shape}),
    ):
        model = Model(x, cls()(layers.Dense(2, name="out")(mean)))
        model.compile("sgd", loss=None)
        m = dense(model, "mean", X)
        want = np.mean((dense(model, "out", m) ** 2).sum(-1) + (m**2).sum(-1))
        np.testing.assert_allclose(model.evaluate(X, verbose=0), want, rtol=1e-4)


def test_a_layer_is_called_within_a_function_on_a_tensor_from_outside() -> None:
    x = layers.Input((3,))
    inner = layers.Dense(3, name="inner")
    h = inner(x)
    model = Model(x, layers.Lambda(lambda t: t + inner(h))(x))
    once = (
        dense(model, "inner", X)
        if "inner" in [v.name for v in model.layers]
        else X @ inner.get_weights()[0]
    )
    np.testing.assert_allclose(
        model.predict(X, verbose=0), X + once @ inner.get_weights()[0], rtol=1e-4, atol=1e-5
    )


def test_a_tensor_of_another_model_is_named_as_missing() -> None:
    other = layers.Input((3,), name="other")
    x = layers.Input((3,))
    y = layers.Lambda(lambda t: t + other)(x)
    with pytest.raises(InputError, match="'other'"):
        Model(x, y)


@pytest.mark.parametrize("declared", [None, lambda shapes: shapes[0]])
def test_where_a_pooling_found_its_largest_values(declared) -> None:
    x = layers.Input((4, 4, 1))
    before = layers.Conv2D(2, 1)(x)
    after = layers.MaxPooling2D()(before)
    where = layers.Lambda(lambda t: K.gradients(K.sum(t[1]), t[0]), output_shape=declared)(
        [before, after]
    )
    model = Model(x, layers.multiply([before, where]))
    images = np.random.RandomState(0).standard_normal((2, 4, 4, 1)).astype("float32")
    kept = model.predict(images, verbose=0)
    assert np.count_nonzero(kept) == 2 * 4 * 2
    model.compile("sgd", "mse")
    model.fit(images, kept, verbose=0)


def test_the_dtype_of_a_function_whose_shape_is_declared() -> None:
    x = layers.Input((None,))
    assert layers.Lambda(K.argmax, output_shape=())(x).dtype == "int32"
    assert layers.Lambda(lambda t: K.expand_dims(t), output_shape=(7, 1))(x).shape == (None, 7, 1)
    wrong = layers.Lambda(lambda t: K.sum(t, axis=1), output_shape=(1,))(x)
    assert wrong.shape == (None, 1)


def test_inputs_of_computed_and_of_constant_tensors() -> None:
    fixed, left = K.variable(X[:1]), K.placeholder((1, 3))
    entry = layers.Input(tensor=K.concatenate([fixed, left], axis=0), shape=(3,), name="entry")
    model = Model(entry, layers.Dense(2, name="d")(entry))
    assert [layer.name for layer in model.layers] == ["entry", "d"]
    constant = layers.Input(tensor=K.concatenate([fixed, fixed], axis=0), shape=(None,))
    total = K.sum(model.output) + K.sum(constant) + K.sum(layers.Input(tensor=fixed))
    f = K.function([left], [total, K.gradients(total, left)[0]])
    value, slope = f([X[1:2]])
    kernel, _ = model.get_layer("d").get_weights()
    np.testing.assert_allclose(value, (X[:2] @ kernel).sum() + 3 * X[0].sum(), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(slope[0], kernel.sum(axis=1), rtol=1e-4, atol=1e-5)
    again = Model.from_config(model.get_config())
    assert again.input_shape == (2, 3) and len(again.layers) == 2


def test_a_loss_with_a_batch_of_fixed_size() -> None:
    x = layers.Input(batch_shape=(2, 3))
    h = layers.Dense(3, activation="sigmoid")(x)

    def loss(y_true, y_pred):
        flat = K.mean(K.square(K.flatten(y_true) - K.flatten(y_pred)))
        return flat + K.sum(h, axis=-1)  # a number and a symbolic tensor

    model = Model(x, h)
    model.compile("sgd", loss)
    h_value = model.predict(X, batch_size=2, verbose=0)
    want = np.mean((X - h_value) ** 2) + h_value.sum(-1).mean()
    np.testing.assert_allclose(model.evaluate(X, X, batch_size=2, verbose=0), want, rtol=1e-4)


# --- Keras 1 --------------------------------------------------------------------------------------


def test_arguments_of_the_backend_in_keras_1() -> None:
    assert np.std(K.eval(K.random_normal(shape=(500,), mean=1.0, std=0.01))) < 0.02
    assert K.eval(K.random_uniform((9,), low=2.0, high=3.0)).min() >= 2
    assert K.int_shape(K.expand_dims(X, dim=0)) == (1, 4, 3)
    assert K.int_shape(K.one_hot(np.array([1, 2]), nb_classes=5)) == (2, 5)
    image, kernel = np.ones((1, 4, 4, 1), "float32"), np.ones((3, 3, 1, 2), "float32")
    out = K.conv2d(image, kernel, border_mode="same", dim_ordering="tf", image_shape=None)
    assert K.int_shape(out) == (1, 4, 4, 2)
    assert K.int_shape(modules.look("backend", "pack")([X, X])) == (2, 4, 3)


def test_the_order_of_cross_entropies_in_keras_1() -> None:
    target, output = np.array([[1.0, 0.0]], "float32"), np.array([[0.8, 0.3]], "float32")
    want = -np.log([[0.8, 0.7]])
    era.set_era(1)
    try:
        found = K.binary_crossentropy(output, target)
    finally:
        era.set_era(None)
    np.testing.assert_allclose(convert_to_numpy(found), want, rtol=1e-4)
    named = K.binary_crossentropy(target=target, output=output)
    np.testing.assert_allclose(convert_to_numpy(named), want, rtol=1e-4)


def test_a_layer_of_keras_1_makes_its_weights_by_initializations() -> None:
    class Linear(layers.Layer):
        def __init__(self, units, init="glorot_uniform", **kwargs):
            self.init, self.units = initializations.get(init), units
            super().__init__(**kwargs)

        def build(self, input_shape):
            self.W = self.init((input_shape[1], self.units), name=f"{self.name}_W")
            self.b = K.zeros((self.units,), name=f"{self.name}_b")
            self.trainable_weights = [self.W, self.b]

        def call(self, x, mask=None):
            return K.dot(x, self.W) + self.b

        def get_output_shape_for(self, input_shape):
            return (input_shape[0], self.units)

    model = Sequential([layers.Input((3,)), Linear(2)])
    model.compile("sgd", "mse")
    first = model.get_weights()
    assert [w.shape for w in first] == [(3, 2), (2,)]
    model.fit(X, np.ones((4, 2)), verbose=0)
    assert all(not np.array_equal(a, b) for a, b in zip(first, model.get_weights()))


def test_a_function_for_first_values_takes_a_name() -> None:
    layer = layers.Dense(2, init=lambda shape, name: initializations.one(shape, name=name))
    layer.build((None, 3))
    assert layer.get_weights()[0].tolist() == [[1.0, 1.0]] * 3


# --- Keras 2 --------------------------------------------------------------------------------------


def test_products_of_capsules(keras_2) -> None:
    rng = np.random.RandomState(1)
    c, votes = rng.random_sample((2, 5, 3)), rng.random_sample((2, 5, 3, 4))
    want = np.einsum("bni,bnid->bnd", c, votes)
    np.testing.assert_allclose(convert_to_numpy(K.batch_dot(c, votes, [2, 2])), want, rtol=1e-4)
    back = np.einsum("bnd,bnid->bni", want, votes)
    np.testing.assert_allclose(convert_to_numpy(K.batch_dot(want, votes, [2, 3])), back, rtol=1e-4)
    era.set_era(None)
    older = K.older_batch_dot(c, votes, [2, 2])
    np.testing.assert_allclose(convert_to_numpy(older), want, rtol=1e-4)
    assert K.int_shape(K.batch_dot(c, votes, [2, 2])) == (2, 5, 5, 4)


def test_a_model_is_called_on_a_tensor_with_an_axis_of_one_more(keras_2) -> None:
    inner = Sequential([layers.Dense(4, input_dim=3), layers.Reshape((2, 2))])
    x = layers.Input((1, 3))
    model = Model(x, inner(x))
    assert model.output_shape == (None, 2, 2)
    kernel, bias = inner.get_weights()
    want = (X @ kernel + bias).reshape(-1, 2, 2)
    np.testing.assert_allclose(model.predict(X[:, None], verbose=0), want, rtol=1e-4, atol=1e-5)
