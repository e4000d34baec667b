"""What programs of books call, part by part."""

from __future__ import annotations

import numpy as np
import pytest

from conftest import ENGINE
from kerata import Model, Sequential, compat, datasets, layers, losses, metrics, models, ops
from kerata.errors import InputError
from kerata.legacy import era
from kerata.optimizers.schedules import PiecewiseConstantDecay

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


class Scaled(losses.Loss):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * ops.square(y_true - y_pred)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Far(metrics.Mean):
    def __init__(self, factor=1.0, name="far", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.factor = factor

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(self.factor * ops.abs(y_true - y_pred), sample_weight)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def test_own_losses_and_metrics_come_out_of_hdf5(tmp_path):
    model = Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile("sgd", Scaled(3.0), metrics=[Far(2.0)])
    model.evaluate(X, X[:, :1], verbose=0)
    model.save(tmp_path / "m.h5")
    own = {"Scaled": Scaled, "Far": Far}
    again = models.load_model(tmp_path / "m.h5", custom_objects=own)
    assert again.loss.factor == 3.0
    found = again.evaluate(X, X[:, :1], verbose=0)
    np.testing.assert_allclose(found, model.evaluate(X, X[:, :1], verbose=0), rtol=1e-5)


def test_layers_made_in_build_of_a_model():
    class Own(Model):
        def build(self, batch_input_shape):
            assert batch_input_shape.as_list() == [None, 3] or batch_input_shape.as_list() == [8, 3]
            self.inner = layers.Dense(batch_input_shape[-1])
            super().build(batch_input_shape)

        def call(self, inputs):
            return self.inner(inputs)

    model = Own()
    model.compile("sgd", "mse")
    era.set_era(None, tensorflow=True)
    try:
        model.fit(X, X, verbose=0)
    finally:
        era.set_era(None)
    assert [w.shape for w in model.weights] == [(3, 3), (3,)]


def test_a_model_called_with_two_inputs_beside_each_other():
    class Encoder(Model):
        def __init__(self):
            super().__init__()
            self.gru = layers.GRU(2, return_state=True)

        def call(self, x, hidden):
            return self.gru(x, initial_state=hidden)

    model = Encoder()
    out, state = model(np.ones((4, 5, 3), "float32"), np.zeros((4, 2), "float32"))
    assert out.shape == state.shape == (4, 2) and len(model.weights) == 3


def test_labels_may_be_blurred_but_not_of_another_scale():
    model = Sequential([layers.Input((3,)), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    labels = np.linspace(0, 1, 8)[:, None]
    assert np.isfinite(model.train_on_batch(X, labels + 0.05))
    with pytest.raises(InputError, match="out of range"):
        model.train_on_batch(X, labels * 255)
    with pytest.raises(InputError, match="out of range"):
        model.train_on_batch(X, np.full((8, 1), 2))


def test_boundaries_that_are_computed():
    rate = PiecewiseConstantDecay([2.0 * 5, 4.0 * 5], [3.0, 2.0, 1.0])
    assert [float(rate(ops.convert_to_tensor(n, "int32"))) for n in (10, 11, 21)] == [3.0, 2.0, 1.0]


def test_a_cell_is_asked_for_its_state_as_of_old():
    class Cell(layers.Layer):
        state_size = 2

        def get_initial_state(self, inputs=None, batch_size=None, dtype=None):
            assert inputs is None and dtype == "float32"
            return [ops.ones((batch_size, 2), dtype=dtype)]

        def call(self, inputs, states):
            return states[0] + inputs[:, :2], [states[0]]

    assert ops.convert_to_numpy(layers.RNN(Cell())(np.zeros((1, 4, 3)))).tolist() == [[1.0, 1.0]]


def test_attention_with_causal_in_its_constructor():
    x = np.random.default_rng(1).normal(size=(1, 4, 3)).astype("float32")
    want = layers.Attention()([x, x], use_causal_mask=True)
    np.testing.assert_allclose(layers.Attention(causal=True)([x, x]), want, rtol=1e-6)


def test_a_stand_in_for_a_data_set_is_found_under_old_paths(monkeypatch):
    monkeypatch.setattr(datasets.mnist, "load_data", lambda: "stand-in")
    compat.install()
    try:
        from keras.datasets import mnist

        assert mnist.load_data() == "stand-in"
    finally:
        compat.uninstall()


@pytest.mark.skipif(ENGINE != "tensorflow", reason="uses TensorFlow itself")
def test_random_numbers_of_the_shape_of_a_tensor_and_parts_of_constants():
    import tensorflow as tf

    from kerata import backend as K

    class Noise(layers.Layer):
        def call(self, x):
            noise = K.random_normal(tf.shape(x)) + K.random_normal((tf.shape(x)[0], 3))
            return x + 0.0 * noise

    class Place(layers.Layer):
        def call(self, x):
            return x + tf.ones((1, 20, 8))[:, : tf.shape(x)[1], : tf.shape(x)[2]]

    x = layers.Input((3,))
    model = Model(x, Noise()(x))
    np.testing.assert_allclose(model.predict(X, verbose=0), X)
    data = tf.data.Dataset.from_tensor_slices((X, X)).batch(3)
    model.compile("sgd", "mse")
    assert model.evaluate(data, verbose=0) == 0.0
    z = layers.Input((None, 8))
    assert Place()(z).shape == (None, None, 8)
