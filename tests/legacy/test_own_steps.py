"""Models with steps, losses and a ``build`` of the user's own, as programs write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from conftest import ENGINE
from kerata import Input, Model, Sequential, Variable, layers, losses, ops
from kerata.legacy import era
from kerata.models import clone_model


class Pairs(Model):
    """Takes batches of two parts that differ in length."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")

    def train_step(self, data: Any) -> dict[str, Any]:
        (unlabelled, _), (labelled, _) = data
        rows = unlabelled.shape[0] + labelled.shape[0]
        self.seen.assign_add(rows)
        return {"rows": ops.convert_to_tensor(float(rows))}


def test_parts_of_a_batch_may_differ_in_length_where_the_step_is_ones_own() -> None:
    def batches() -> Any:
        for _ in range(2):
            yield (np.ones((6, 2)), np.ones(6)), (np.ones((3, 2)), np.ones(3))

    model = Pairs()
    model.compile()
    history = model.fit(batches(), verbose=0)
    assert history.history["rows"] == [9.0]
    assert float(model.seen) == 18.0


class Triplets(Model):
    """Its call takes three inputs, which a batch gives as x, y and weight."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Sequential([Input((2,)), layers.Dense(1)])

    def call(self, inputs: Any) -> Any:
        a, b, c = inputs
        return self.net(a) + self.net(b) + self.net(c)

    def train_step(self, data: Any) -> dict[str, Any]:
        return {"loss": ops.mean(self(data))}


def test_a_model_that_x_alone_does_not_fit() -> None:
    model = Triplets()
    model.compile("sgd")
    x = np.ones((4, 2), "float32")
    history = model.fit(iter([(x, x, x)]), verbose=0)
    assert np.isfinite(history.history["loss"][0])


class Doubled(Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1, kernel_initializer="zeros")

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None
    ) -> Any:
        return 2 * ops.mean(ops.square(y - y_pred))


def test_compute_loss_need_not_take_training() -> None:
    model = Doubled()
    model.compile("sgd")
    x, y = np.zeros((4, 2)), np.ones((4, 1))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(2.0)
    assert model.fit(x, y, verbose=0).history["loss"] == pytest.approx([2.0])


def test_a_loss_set_after_compile_stays_until_the_next() -> None:
    model = Sequential([Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.loss = mine = losses.Huber()
    assert model.loss is mine
    model.compile("sgd", "mae")
    assert model.loss == "mae"


class Built(Model):
    def build(self, input_shape: Any) -> None:
        assert input_shape.as_list()[1:] == [3]
        self.table = self.add_weight(shape=(3, 1), initializer="ones")
        self.head = layers.Dense(1)
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        return self.head(ops.matmul(x, self.table))


def test_build_of_a_model_runs_before_its_call() -> None:
    model = Built()
    model.compile("sgd", "mse")
    era.set_era(None, tensorflow=True)
    try:
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    finally:
        era.set_era(None)
    assert model.built and len(model.trainable_weights) == 3


class Switch(layers.Layer):
    def call(self, x: Any, training: Any = None, mask: Any = None) -> Any:
        return x + 1 if training else x


def test_training_may_be_given_by_place() -> None:
    x = np.zeros((1, 2), "float32")
    assert np.asarray(Switch()(x, True)).tolist() == [[1.0, 1.0]]
    assert np.asarray(Switch()(x, False)).tolist() == [[0.0, 0.0]]
    net = Sequential([Input((2,)), Switch()])
    assert np.asarray(net(x, True)).tolist() == [[1.0, 1.0]]


def twice(x: Any) -> Any:
    return 2 * x


def test_clones_share_functions_of_the_program() -> None:
    x = Input((2,))
    y = layers.Lambda(twice)(x)
    y = layers.Lambda(lambda t: t + 1)(layers.Dense(2, activation=twice, use_bias=False)(y))
    model = Model(x, y)
    copy = clone_model(model)
    copy.set_weights(model.get_weights())
    data = np.ones((3, 2), "float32")
    assert np.allclose(copy.predict(data, verbose=0), model.predict(data, verbose=0))
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]


def test_a_dense_layer_without_its_activation() -> None:
    model = Sequential([Input((2,)), layers.Dense(3, activation="softmax")])
    model.layers[-1].activation = None
    out = model.predict(np.full((1, 2), 5.0), verbose=0)
    assert np.allclose(out, np.full((1, 2), 5.0) @ model.get_weights()[0], atol=1e-5)


class Real(losses.Loss):
    def call(self, y: Any, is_real: Any) -> Any:
        return losses.Hinge()(1.0 if is_real else -1.0, y)


def test_a_switch_in_the_place_of_predictions() -> None:
    y = np.array([[2.0], [0.0]], "float32")
    assert float(Real()(y, True)) == 0.5
    assert float(Real()(y, False)) == 2.0


def test_variables_have_methods_of_old() -> None:
    v = Variable([1.0, 2.0])
    assert v.get_shape().as_list() == [2]
    assert np.asarray(v.read_value()).tolist() == v.eval().tolist() == [1.0, 2.0]
    with pytest.raises(AttributeError, match="read_valu"):
        v.read_valu  # noqa: B018


def test_rows_of_a_tensor_of_the_engine_are_shuffled() -> None:
    x = ops.convert_to_tensor(np.arange(10, dtype="float32").reshape(10, 1))
    model = Sequential([Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    history = model.fit(x, x, batch_size=3, verbose=0)
    assert np.isfinite(history.history["loss"][0])


def test_functions_of_tensorflow_on_tensors_with_three_unknown_axes() -> None:
    if ENGINE != "tensorflow":
        pytest.skip("calls TensorFlow itself")
    import tensorflow as tf

    x = Input((None, None, 9))
    model = Model(x, tf.nn.depth_to_space(x, 3))
    assert model.output_shape == (None, None, None, 1)
    assert model.predict(np.ones((1, 2, 4, 9)), verbose=0).shape == (1, 6, 12, 1)
