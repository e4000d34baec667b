"""Training loops written for TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops

pytestmark = pytest.mark.engine("tensorflow")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


@pytest.fixture
def tf():
    return pytest.importorskip("tensorflow")


def network(dropout=0.0):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(8, "relu"),
            layers.BatchNormalization(momentum=0.5),
            layers.Dropout(dropout),
            layers.Dense(1),
        ]
    )


def by_fit(epochs=3):
    model = network()
    model.compile(keras.optimizers.Adam(0.05), "mse")
    model.fit(X, Y, batch_size=32, epochs=epochs, verbose=0, shuffle=False)
    return model


def same_weights(a, b):
    for v, w in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(v, w, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", ["apply", "apply_gradients"])
@pytest.mark.parametrize("compiled", [False, True])
def test_tape_and_optimizer(tf, method, compiled):
    model, optimizer = network(), keras.optimizers.Adam(0.05)
    loss_fn, metric = keras.losses.MeanSquaredError(), keras.metrics.MeanAbsoluteError()

    def step(x, y):
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            loss = loss_fn(y, predictions)
        grads = tape.gradient(loss, model.trainable_weights)
        if method == "apply":
            optimizer.apply(grads, model.trainable_weights)
        else:
            optimizer.apply_gradients(zip(grads, model.trainable_weights))
        metric.update_state(y, predictions)
        return loss

    if compiled:
        step = tf.function(step)
    x, y = tf.constant(X), tf.constant(Y)
    losses = [float(step(x, y)) for _ in range(3)]
    assert losses[-1] < losses[0] and int(optimizer.iterations) == 3
    seen = float(metric.result())
    metric.reset_state()
    assert seen > 0 and float(metric.result()) == 0
    step(x, y)
    assert float(metric.result()) > 0
    same_weights(model, by_fit(4))


def test_models_and_metrics_made_in_a_function(tf):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([layers.Dense(4), layers.BatchNormalization(), layers.Dense(1)])
    metric, optimizer = keras.metrics.AUC(), keras.optimizers.SGD(0.1)

    @tf.function
    def step(x, y):
        metric.reset_state()
        with tf.GradientTape() as tape:
            loss = ops.mean(ops.square(model(x, training=True) - y))
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        metric.update_state(y > 0, tf.sigmoid(model(x)))
        return loss, metric.result()

    results = [step(tf.constant(X), tf.constant(Y)) for _ in range(8)]
    assert float(results[-1][0]) < float(results[0][0])
    assert 0 <= float(results[-1][1]) <= 1 and np.isclose(metric.result(), results[-1][1])
    assert np.abs(model.layers[1].moving_mean.numpy()).max() > 0
    assert np.isfinite(model.predict(X, verbose=0)).all()


@pytest.mark.parametrize("seed", [None, 3])
def test_random_numbers_are_new_at_each_call_of_a_function(tf, seed):
    def draws():
        keras.utils.set_random_seed(5)
        drop = layers.Dropout(0.5, seed=seed)
        call = tf.function(lambda x: drop(x, training=True))
        return [call(tf.ones((4, 8))).numpy() for _ in range(3)]

    first, again = draws(), draws()
    assert (first[0] != first[1]).any() and (first[1] != first[2]).any()
    assert all((a == b).all() for a, b in zip(first, again))


class Own(keras.Model):
    """The training step as Keras's guide for TensorFlow has it."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.parts = network(dropout)
        self.tracker = keras.metrics.Mean(name="loss")
        self.mae = keras.metrics.MeanAbsoluteError(name="mae")

    def call(self, x, training=False):
        return self.parts(x, training=training)

    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = keras.losses.MeanSquaredError()(y, y_pred)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self.tracker.update_state(loss)
        self.mae.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    @property
    def metrics(self):
        return [self.tracker, self.mae]


@pytest.mark.parametrize("eagerly", [False, True])
def test_own_step_of_tensorflow_under_fit(eagerly):
    model = Own()
    model.compile(keras.optimizers.Adam(0.05), run_eagerly=eagerly)
    seen = []
    each = keras.callbacks.LambdaCallback(on_train_batch_end=lambda i, logs: seen.append(logs))
    history = model.fit(X, Y, batch_size=12, epochs=3, verbose=0, shuffle=False, callbacks=[each])
    plain = network()
    plain.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"])
    want = plain.fit(X, Y, batch_size=12, epochs=3, verbose=0, shuffle=False)
    np.testing.assert_allclose(history.history["mae"][:1], want.history["mae"][:1], rtol=1e-3)
    same_weights(model, plain)
    assert int(model.optimizer.iterations) == len(seen) == 9
    assert np.isfinite(model.predict(X, verbose=0)).all()


def test_own_step_with_random_layers_and_penalties():
    model = Own(dropout=0.5)
    model.compile("sgd")
    a = model.fit(X, Y, epochs=1, verbose=0, shuffle=False).history["mae"]
    model.set_weights(Own().get_weights())
    b = model.fit(X, Y, epochs=1, verbose=0, shuffle=False).history["mae"]
    assert a != b and np.isfinite([a, b]).all()


def test_a_step_that_leaves_out_missing_gradients(tf):
    # Nothing fails where a tape has seen nothing: the step must not run on values in silence.
    class Net(Own):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((self(x, training=True) - y) ** 2)
            pairs = zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            self.optimizer.apply_gradients([(g, v) for g, v in pairs if g is not None])
            return {"loss": loss}

    model = Net()
    model.compile(keras.optimizers.SGD(0.05))
    loss = model.fit(X, Y, epochs=10, verbose=0).history["loss"]
    assert loss[-1] < 0.9 * loss[0] and int(model.optimizer.iterations) == 10


def test_two_players(tf):
    class Gan(keras.Model):
        def __init__(self):
            super().__init__()
            self.maker = keras.Sequential([keras.Input((2,)), layers.Dense(3)])
            self.judge = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
            self.losses_seen = keras.metrics.Mean(name="judged")

        def compile(self, judge_optimizer, maker_optimizer, loss_fn):
            super().compile()
            self.judge_optimizer, self.maker_optimizer = judge_optimizer, maker_optimizer
            self.loss_fn = loss_fn

        def train_step(self, real):
            n = tf.shape(real)[0]
            noise = tf.random.normal((n, 2))
            both = tf.concat([self.maker(noise), real], axis=0)
            labels = tf.concat([tf.ones((n, 1)), tf.zeros((n, 1))], axis=0)
            with tf.GradientTape() as tape:
                judged = self.loss_fn(labels, self.judge(both))
            grads = tape.gradient(judged, self.judge.trainable_weights)
            self.judge_optimizer.apply_gradients(zip(grads, self.judge.trainable_weights))
            with tf.GradientTape() as tape:
                made = self.loss_fn(tf.zeros((n, 1)), self.judge(self.maker(noise)))
            grads = tape.gradient(made, self.maker.trainable_weights)
            self.maker_optimizer.apply_gradients(zip(grads, self.maker.trainable_weights))
            self.losses_seen.update_state(judged)
            return {"judged": self.losses_seen.result(), "made": made}

    model = Gan()
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.optimizers.SGD(0.01),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    before = model.get_weights()
    history = model.fit(X, batch_size=8, epochs=2, verbose=0).history
    assert np.isfinite(history["judged"]).all() and len(history["made"]) == 2
    assert all((a != b).any() for a, b in zip(before, model.get_weights()))
    assert int(model.judge_optimizer.iterations) == int(model.maker_optimizer.iterations) == 8


def test_variables_in_the_hands_of_tensorflow(tf):
    v = keras.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.square(v)) + tf.reduce_sum(v.value)
    assert tape.gradient(y, v).numpy().tolist() == [3.0, 5.0]
    assert tf.convert_to_tensor(v).numpy().tolist() == [1.0, 2.0]
    with tf.GradientTape() as tape:
        y = v * v
    assert tape.gradient(y, [v])[0].numpy().tolist() == [2.0, 4.0]


def test_metrics_first_met_in_a_later_trace(tf):
    made = []

    @tf.function
    def mean(x):
        made.append(keras.metrics.Mean())
        made[-1].update_state(x)
        return made[-1].result()

    assert float(mean(tf.ones(3))) == 1 and float(mean(tf.constant([2.0, 4.0]))) == 3
    assert len(made) == 2 and float(made[1].result()) == 3


def test_frozen_layers_and_own_evaluation(tf):
    class Net(Own):
        def test_step(self, data):
            x, y = data
            self.mae.update_state(y, self(x, training=False))
            return {"mae": self.mae.result()}

    model = Net()
    model.parts.layers[0].trainable = False
    before = model.parts.layers[0].kernel.numpy()
    model.compile("sgd")
    model.fit(X, Y, verbose=0, validation_data=(X, Y))
    assert (model.parts.layers[0].kernel.numpy() == before).all()
    want = np.abs(model.predict(X, verbose=0) - Y).mean()
    assert np.isclose(model.evaluate(X, Y, verbose=0, return_dict=True)["mae"], want, rtol=1e-4)


# --- variables of TensorFlow's own -----------------------------------------------------------------


@pytest.fixture
def old(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


def test_variables_of_tensorflow_are_weights(tf):
    class Scale(layers.Layer):
        def __init__(self):
            super().__init__()
            self.factor = tf.Variable([1.0, 1.0, 1.0])
            self.shifts = [tf.Variable(0.0), tf.Variable(5.0, trainable=False)]

        def call(self, x):
            return tf.reduce_sum(x * self.factor, -1, keepdims=True) + self.shifts[0]

    layer = Scale()
    assert (len(layer.weights), len(layer.trainable_weights)) == (3, 2)
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    losses = model.fit(X, 2 * Y + 1, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 0.1 * losses[0]
    np.testing.assert_allclose(layer.factor.numpy(), [2, 2, 2], atol=0.3)
    assert layer.shifts[1].numpy() == 5.0
    layer.factor = storage = tf.Variable([0.0, 0.0, 0.0])
    layer.factor.assign([1.0, 2.0, 3.0])
    assert storage.numpy().tolist() == [1.0, 2.0, 3.0]


def test_optimizers_change_variables_of_tensorflow(tf, old):
    w, b = tf.Variable([4.0]), tf.Variable(3.0)
    optimizer = keras.optimizers.SGD(0.25)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w**2) + b
    optimizer.apply_gradients(zip(tape.gradient(loss, [w, b]), [w, b]))
    assert (w.numpy().tolist(), b.numpy()) == ([2.0], 2.75)
    optimizer.minimize(lambda: tf.reduce_sum(w**2) + b, [w, b])
    assert w.numpy().tolist() == [1.0]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w**2) + b
    optimizer.minimize(loss, [w, b], tape=tape)
    assert w.numpy().tolist() == [0.5]


def test_a_train_step_of_tf_keras(tf, old):
    class Old(keras.Model):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)
            grads = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
            self.compiled_metrics.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    histories = []
    for kind in (Old, keras.Model):
        keras.utils.set_random_seed(2)
        x = keras.Input((3,))
        model = kind(x, layers.Dense(1, kernel_regularizer="l2")(x))
        model.compile("adam", "mse", metrics=["mae"])
        histories.append(model.fit(X, Y, epochs=2, verbose=0, shuffle=False).history)
    for name in ("loss", "mae"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-4)


def test_variables_as_arguments_of_a_function(tf):
    a, b = network(), network()

    @tf.function
    def mix(targets, sources, rate):
        for target, source in zip(targets, sources):
            target.assign(source * rate + target * (1 - rate))

    b.set_weights([w + 1.0 for w in b.get_weights()])
    before = a.get_weights()
    mix(a.variables[:3], b.variables[:3], 0.5)
    mix(a.variables[:3], b.variables[:3], 0.0)
    for old, new in zip(before[:3], a.get_weights()[:3], strict=True):
        np.testing.assert_allclose(new, old + 0.5, atol=1e-5)


def test_sizes_unknown_to_a_layer_of_tensorflow_stay_unknown(tf):
    class Own(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = keras.Sequential([layers.Dense(4, "relu"), layers.Dense(2)])

        def call(self, x):
            steps = tf.shape(x)[1]
            counts = ops.concatenate([ops.expand_dims(steps, -1), ops.convert_to_tensor([1])], 0)
            mask = ops.tile(ops.ones((1, 1)), counts)
            noise = keras.backend.random_normal(shape=(tf.shape(x)[0], steps, 2))
            return self.inner(tf.nn.relu(x)) * mask + 0.0 * noise

    x = keras.Input((None, 3))
    model = keras.Model(x, Own()(x))
    for n in (3, 5):
        assert model.predict(np.ones((2, n, 3)), verbose=0).shape == (2, n, 2)
