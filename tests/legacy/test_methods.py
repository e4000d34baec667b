"""Methods, attributes and arguments that models and layers once had."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import kerata
from kerata import Input, Model, Sequential, layers
from kerata.layers import layer as layer_module
from kerata.legacy import methods
from kerata.models import model as model_module


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


@pytest.fixture
def model():
    made = Sequential(
        [Input((4,)), layers.Dense(3, name="a"), layers.Dense(1, "sigmoid", name="b")]
    )
    made.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    return made


X, Y = np.zeros((8, 4), "float32"), np.zeros((8, 1), "float32")


def endless(size=4):
    while True:
        yield X[:size], Y[:size]


def test_the_doors_know_what_is_behind_them():
    assert {*methods.LAYER_VALUES, *methods.LAYER_METHODS} == layer_module._OLD_NAMES
    assert {*methods.MODEL_VALUES, *methods.METHODS} == model_module._OLD_NAMES


def test_arguments_of_old(model):
    assert model.fit(X, Y, nb_epoch=2, show_accuracy=True, verbose=0).epoch == [0, 1]
    model.compile("sgd", "mse", class_mode="binary", sample_weight_mode=None)
    assert model.evaluate(X, Y, verbose=0, show_accuracy=True) >= 0
    assert model.predict(X, verbose=0, nb_worker=1).shape == (8, 1)
    assert model.train_on_batch(X, Y, accuracy=True) >= 0
    with pytest.raises(TypeError, match="Did you mean 'epochs'"):
        model.fit(X, Y, nb_epochs=2)
    with pytest.raises(TypeError, match="compile has no argument 'metric'"):
        model.compile("sgd", "mse", metric=["mae"])


def test_notes_say_what_is_new(model, monkeypatch, capsys):
    monkeypatch.delenv("KERATA_LEGACY_NOTES")
    monkeypatch.setattr("kerata.legacy.notes._said", set())
    model.fit(X, Y, nb_epoch=1, verbose=0, show_accuracy=True)
    model.fit(X, Y, nb_epoch=1, verbose=0)
    assert capsys.readouterr().err.splitlines() == [
        "kerata: nb_epoch= of fit is now epochs=",
        "kerata: show_accuracy= of fit has no effect any more",
    ]


def test_numbers_of_samples_become_numbers_of_batches(model, monkeypatch):
    seen = {}
    original = Model.fit
    monkeypatch.setattr(
        Model, "fit", lambda self, *a, **k: (seen.update(k), original(self, *a, **k))[1]
    )
    model.fit_generator(
        endless(), samples_per_epoch=10, nb_epoch=1, verbose=0, max_q_size=1, pickle_safe=False,
        validation_data=endless(2), nb_val_samples=4,
    )  # fmt: skip
    assert seen["steps_per_epoch"] == 3 and seen["validation_steps"] == 2 and seen["epochs"] == 1
    assert seen["use_multiprocessing"] is False and seen["max_queue_size"] == 1
    assert model.predict_generator(endless(), val_samples=8).shape == (8, 1)
    assert len(model.evaluate_generator(endless(), 2)) == 2
    with pytest.raises(ValueError, match="steps_per_epoch"):
        model.fit_generator(object(), samples_per_epoch=10)


def test_classes(model):
    np.testing.assert_array_equal(model.predict_classes(X), np.zeros((8, 1)))
    assert model.predict_proba(X).shape == (8, 1)
    several = Sequential(
        [Input((4,)), layers.Dense(3, bias_initializer=kerata.initializers.Constant([0, 2, 1]))]
    )
    np.testing.assert_array_equal(several.predict_classes(X), np.ones(8))


def test_yaml(model):
    text = model.to_yaml()
    again = kerata.models.model_from_yaml(text)
    assert [x.name for x in again.layers] == ["a", "b"] and again.count_params() == 19
    old = """
backend: tensorflow
class_name: Sequential
config:
  name: old
  layers:
  - class_name: Dense
    config:
      activation: relu
      batch_input_shape: !!python/tuple [null, 4]
      name: first
      units: 2
      use_bias: true
keras_version: 2.2.4
"""
    assert kerata.models.model_from_yaml(old).output_shape == (None, 2)
    with pytest.raises(ValueError, match="holds code, which is not run"):
        kerata.models.model_from_yaml("a: !!python/object/apply:os.system ['true']")


def test_attributes_of_layers(model):
    first, second = model.layers
    assert first.input_shape == (None, 4) and first.output_shape == (None, 3)
    assert first.get_output_shape_at(0) == (None, 3) and second.get_input_shape_at(0) == (None, 3)
    assert first.batch_input_shape == (None, 4) and len(first.inbound_nodes) == 1
    assert first.W is first.kernel and first.b is first.bias and first.output_dim == 3
    assert (
        layers.Dropout(0.25).p == 0.25 and layers.Conv2D(2, 3, padding="same").border_mode == "same"
    )
    assert first.updates == [] and first.get_updates_for(None) == []
    assert first.get_output_shape_for((None, 4)) == (None, 3)
    assert not first.uses_learning_phase
    shared = layers.Dense(2)
    with pytest.raises(AttributeError, match="never been called"):
        _ = shared.output_shape
    for n in (3, 4):
        x = layers.Flatten()(Input((n, 2)))
        layers.Activation("relu", name=f"r{n}")(x)
    act = layers.Activation("tanh")
    for n in (3, 4):
        act(Input((n,)))
    with pytest.raises(AttributeError, match="get_output_shape_at"):
        _ = act.output_shape
    assert act.get_output_shape_at(1) == (None, 4)
    assert not hasattr(layers.Flatten(), "W") and not hasattr(layers.Dense(1), "nothing")


def test_attributes_of_models(model):
    assert [x.name for x in model.output_layers] == ["b"] and len(model.input_layers) == 1
    assert model.uses_learning_phase is False and model.state_updates == [] and model.updates == []
    assert not model.stateful
    model._make_predict_function()
    with pytest.raises(AttributeError, match="fitt"):
        _ = model.fitt


def test_states_of_a_model():
    inner = Sequential([layers.LSTM(2, stateful=True, batch_shape=(2, None, 3))])
    model = Sequential([inner, layers.Dense(1)])
    x = np.ones((2, 4, 3), "float32")
    once, twice = model.predict(x, verbose=0), model.predict(x, verbose=0)
    model.reset_states()
    assert not np.allclose(once, twice)
    np.testing.assert_array_equal(model.predict(x, verbose=0), once)


def test_layers_that_are_popped(model):
    x = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    inner = Model(model.input, model.layers[0].output).predict(x, verbose=0)
    assert model.layers.pop().name == "b"
    model.outputs = [model.layers[-1].output]
    model.layers[-1].outbound_nodes = []
    np.testing.assert_allclose(model.predict(x, verbose=0), inner)
    model.add(layers.Dense(7, name="c"))
    assert model.output_shape == (None, 7) and [n.name for n in model.layers] == ["a", "c"]
    with pytest.raises(ValueError, match="Only the last layer"):
        model.layers.pop(0)
    with pytest.raises(ValueError, match="ends at its last layer"):
        model.outputs = [model.layers[0].output]


def test_layers_that_are_popped_from_a_graph():
    a = Input((4,))
    h = layers.Dense(3, name="h")(a)
    graph = Model(a, layers.Dense(2, name="top")(h))
    x = np.ones((2, 4), "float32")
    inner = Model(a, h).predict(x, verbose=0)
    assert graph.predict(x, verbose=0).shape == (2, 2)
    graph.layers.pop()
    assert [n.name for n in graph.layers][-1] == "h" and graph.output_shape == (None, 2)
    shorter = Model(graph.input, graph.layers[-1].output)
    np.testing.assert_allclose(shorter.predict(x, verbose=0), inner)
    graph.outputs = [graph.layers[-1].output]
    assert graph.output_shape == (None, 3) and len(graph.weights) == 2
    np.testing.assert_allclose(graph.predict(x, verbose=0), inner)
    assert type(graph.layers[:1]) is list and pickle.loads(pickle.dumps(graph)).count_params() == 15


class OldSteps(Model):
    """An evaluation as tf.keras 2.2 to 2.15 wrote it."""

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


def test_compiled_loss_and_metrics_are_those_of_compile():
    x, y = Input((4,)), np.ones((8, 2), "float32")
    a = layers.Dense(2, kernel_regularizer="l2")(x)
    data = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    found = []
    assert OldSteps(x, a).compiled_loss is None
    for kind in (OldSteps, Model):
        made = kind(x, a)
        made.compile("sgd", "mse", metrics=["mae"])
        found.append(made.evaluate(data, y, batch_size=3, verbose=0))
    np.testing.assert_allclose(*found, rtol=1e-5)


def test_a_list_of_one_output_is_no_list_before_keras_3():
    from kerata.legacy import era

    def made():
        x = layers.Input((3,))
        return Model(inputs=[x], outputs=[layers.Dense(2)(x)])

    x = np.ones((4, 3), "float32")
    try:
        for told in ((2, False), (2, True), (None, True)):
            era.set_era(*told)
            model = made()
            assert model.predict([x], verbose=0).shape == (4, 2) == tuple(model(x).shape)
            assert model.input_shape == (None, 3)
    finally:
        era.set_era(None)
    assert isinstance(made().predict(x, verbose=0), list)
