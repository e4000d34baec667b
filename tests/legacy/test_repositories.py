"""What programs of GitHub repositories for Keras 1 and 2 ask of layers, optimizers, models and the backend."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from kerata import (
    Input,
    Model,
    Sequential,
    Variable,
    callbacks,
    initializers,
    layers,
    models,
    optimizers,
)
from kerata import backend as K
from kerata.errors import InputError
from kerata.legacy import era, guess, interfaces, updates
from kerata.legacy.layers.bases import _Merge

X = np.random.RandomState(0).normal(size=(32, 4)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


@pytest.fixture(autouse=True)
def second(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")
    era.set_era(2)
    yield
    era.set_era(None)


def net():
    return Sequential([Input((4,)), layers.Dense(3, "tanh"), layers.Dense(1, "sigmoid")])


class Descent(optimizers.Optimizer):
    """Momentum; its slots are made in get_updates, and updates are listed both ways."""

    def __init__(self, lr=0.1, **kwargs):
        super().__init__(**kwargs)
        self.lr = K.variable(lr, name="lr")
        self.iterations = K.variable(0, dtype="int64", name="iterations")

    @interfaces.legacy_get_updates_support
    def get_updates(self, loss, params):
        self.updates = [K.update_add(self.iterations, 1)]
        t = K.cast(self.iterations, "float32")  # the steps before this one
        moments = [K.zeros(K.int_shape(p)) for p in params]
        self.weights = [self.iterations, *moments]
        for p, g, m in zip(params, self.get_gradients(loss, params), moments):
            v = 0.5 * m - self.lr * g + 0.0 * t
            self.updates += [K.update(m, v), (p, p + v)]
        return self.updates

    def get_config(self):
        return {**super().get_config(), "lr": float(K.get_value(self.lr))}


def test_get_updates_does_what_momentum_does():
    np.random.seed(0)
    first, second = net(), net()
    second.set_weights(first.get_weights())
    first.compile(Descent(0.2), "binary_crossentropy")
    second.compile(optimizers.SGD(0.2, momentum=0.5), "binary_crossentropy")
    for model in (first, second):
        model.fit(X, Y, epochs=3, batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(first.get_weights(), second.get_weights()):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert int(K.get_value(first.optimizer.iterations)) == 12
    made = Descent.from_config(first.optimizer.get_config())
    assert abs(float(K.get_value(made.lr)) - 0.2) < 1e-6


def test_get_updates_that_makes_other_variables_in_each_step():
    class Growing(Descent):
        calls = 0

        def get_updates(self, loss, params):
            self.calls += 1
            return [K.update_add(K.zeros(()), 1.0) for _ in range(self.calls)]

    optimizer, w = Growing(), Variable([1.0])
    optimizer.build([w])
    with pytest.raises(InputError, match="more variables in this step"):
        optimizer.apply([np.ones(1, "float32")], [w])


def test_get_updates_of_a_built_in_optimizer_and_without_a_loss():
    model = net()
    loss = K.mean(K.square(model.output - 1.0))
    steps = optimizers.Adam(0.1).get_updates(loss=loss, params=model.trainable_weights)
    train = K.function([model.input], [loss], updates=steps)
    losses = [float(train([X])[0]) for _ in range(10)]
    assert losses[-1] < losses[0] / 2
    with pytest.raises(InputError, match="expected a loss made of symbolic tensors"):
        updates.symbolic(optimizers.Adam(), 1.0, [])


def test_layers_are_trainable_as_compiled():
    model = net()
    model.compile("sgd", "mse")
    model.trainable = False
    before = model.get_weights()
    model.train_on_batch(X, Y)
    assert not np.allclose(before[0], model.get_weights()[0]) and not model.trainable
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert np.allclose(before[0], model.get_weights()[0])


def test_a_loss_may_ask_for_gradients_of_the_prediction():
    x = Input((4,))
    inner = layers.Dense(1, use_bias=False)
    model = Model(x, inner(x))

    def penalty(y_true, y_pred, at):
        return K.mean(K.square(K.gradients(y_pred, at)[0]))

    loss = partial(penalty, at=x)
    loss.__name__ = "penalty"
    model.compile(optimizers.SGD(0.0), loss)
    found = model.train_on_batch(X, np.zeros((32, 1)))
    np.testing.assert_allclose(found, np.mean(inner.get_weights()[0] ** 2), rtol=1e-5)


def test_total_loss_targets_and_sample_weights():
    model = net()
    model.compile("sgd", "mse")
    grads = model.optimizer.get_gradients(model.total_loss, model.trainable_weights)
    run = K.function(
        [*model.inputs, *model.sample_weights, *model.targets, K.learning_phase()], grads
    )
    found = run([X, np.ones(32), Y, 0])
    assert [g.shape for g in found] == [w.shape for w in model.get_weights()]
    y = model.predict(X, verbose=0)
    np.testing.assert_allclose(found[-1], [np.mean(2 * (y - Y) * y * (1 - y))], rtol=1e-3)


def test_names_nodes_and_weights_of_layers():
    x = Input((4,), name="x")
    first, last = layers.Dense(2, name="first"), layers.Dense(1, name="last")
    Model(x, last(first(x)))
    node = first.outbound_nodes[0]
    assert node.outbound_layer is last and node.inbound_layers is first
    assert node.input_tensors == [first.output] and node.input_shapes == (None, 2)
    assert first.get_input_mask_at(0) is None and first.output_mask is None
    first.name = "other"
    assert first.name == "other"

    class Scale(layers.Layer):
        def build(self, shape):
            self.a, self.b = K.variable(np.ones(4)), K.variable(np.ones(2))
            self._trainable_weights.append(self.a)
            self._non_trainable_weights.append(self.b)

        def call(self, x, mask=None):
            self.add_update((self.b, self.b + 1.0), x)
            return x * self.a

    layer = Scale()
    layer(X)
    assert [v.shape for v in layer.trainable_weights] == [(4,)]
    layer(X, training=True)
    assert [v.shape for v in layer.non_trainable_weights] == [(2,)]


def test_merging_as_of_old():
    class Half(_Merge):
        def _merge_function(self, inputs):
            return 0.5 * inputs[0] + K.random_uniform((8, 1)) * 0.0 * inputs[1]

    a, b = Input((3,)), Input((3,))
    assert Half()([a, b]).shape == (None, 3)
    words = Input((2,), dtype="int32")
    embedded = layers.Embedding(5, 3, mask_zero=True)(words)
    both = layers.add([embedded, layers.Embedding(5, 3)(words)])
    assert both._keras_mask is not None


def test_functions_of_the_shape_are_initializers():
    dense = layers.Dense(2, kernel_initializer=lambda shape, name=None: np.full(shape, 3.0))
    dense.build((None, 2))
    assert dense.get_weights()[0].tolist() == [[3.0, 3.0], [3.0, 3.0]]
    assert initializers.get(lambda shape, dtype=None: None).__name__ == "<lambda>"


def test_a_lambda_in_a_configuration_that_stays_here():
    model = Sequential([Input((4,)), layers.Lambda(lambda x: x * 2)])
    with pytest.warns(UserWarning, match="lambda"):
        config = {"class_name": "Sequential", "config": model.get_config()}
    assert np.allclose(models.model_from_config(config).predict(X, verbose=0), 2 * X)


def test_batches_have_sizes_and_numbers_are_no_arrays():
    sizes = []
    report = callbacks.LambdaCallback(on_batch_end=lambda batch, logs: sizes.append(logs["size"]))
    model = net()
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=24, verbose=0, callbacks=[report])
    assert sizes == [24, 8]
    rate = K.get_value(model.optimizer.lr)
    kept = rate
    rate *= 2
    assert kept != rate


def test_names_of_the_program_do_not_make_it_one_of_keras_1():
    source = "nb_filter1, nb_filter2 = filters\nmodel.fit_generator(g, steps_per_epoch=4, epochs=2)"
    assert guess.era_of(source) == 2
    assert guess.era_of("Convolution2D(nb_filter, 3, 3, border_mode='same')") == 1
    era.set_era(1)
    model = net()
    model.compile("sgd", "mse")

    def endless():
        while True:
            yield X, Y

    seen = []
    report = callbacks.LambdaCallback(on_batch_end=lambda batch, logs: seen.append(batch))
    model.fit_generator(endless(), steps_per_epoch=3, epochs=1, verbose=0, callbacks=[report])
    assert seen == [0, 1, 2]
