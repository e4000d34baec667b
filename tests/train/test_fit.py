"""fit, evaluate, predict: arguments, data of every kind, state, and what goes wrong."""

import signal
import threading
import warnings

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops
from kerata.errors import InputError, KerataError, NotBuiltError
from support import value_and_grad


def data(n=40, d=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)).astype("float32")
    return x, (x.sum(1, keepdims=True) > 0).astype("float32")


def mlp(optimizer="sgd", loss="mse", metrics=None, seed=1, **kwargs):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [layers.Input((3,)), layers.Dense(4, activation="tanh"), layers.Dense(1)]
    )
    model.compile(optimizer, loss, metrics=metrics, **kwargs)
    return model


def test_a_step_is_gradient_descent():
    x, y = data(8)
    model = mlp(keras.optimizers.SGD(0.1))
    w1, b1, w2, b2 = (w.astype("float64") for w in model.get_weights())
    h = np.tanh(x @ w1 + b1)
    error = h @ w2 + b2 - y
    g = 2 * error / len(x)
    back = (g @ w2.T) * (1 - h**2)
    model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    want = [w1 - 0.1 * x.T @ back, b1 - 0.1 * back.sum(0), w2 - 0.1 * h.T @ g, b2 - 0.1 * g.sum(0)]
    for got, expected in zip(model.get_weights(), want):
        assert np.allclose(got, expected, atol=1e-5)


def test_history_and_validation():
    x, y = data()
    model = mlp(metrics=["mae"])
    history = model.fit(x, y, epochs=3, validation_split=0.25, verbose=0)
    assert history.epoch == [0, 1, 2]
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    assert history.history["loss"][-1] < history.history["loss"][0]
    loss, mae = model.evaluate(x[30:], y[30:], verbose=0)
    assert np.isclose(loss, history.history["val_loss"][-1], rtol=1e-5)
    assert np.isclose(mae, history.history["val_mean_absolute_error"][-1], rtol=1e-5)


def test_partial_batches_count_by_rows():
    x, y = data(10)
    model = mlp()
    p = model.predict(x, verbose=0)
    assert np.isclose(
        model.evaluate(x, y, batch_size=4, verbose=0), np.mean((p - y) ** 2), rtol=1e-5
    )


def test_eager_chunked_and_batchwise_agree():
    x, y = data(20)
    chunked, eager, batchwise = mlp(), mlp(run_eagerly=True), mlp()
    for model in (chunked, eager):
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        for i in range(0, 20, 4):
            batchwise.train_on_batch(x[i : i + 4], y[i : i + 4])
    for a, b, c in zip(chunked.get_weights(), eager.get_weights(), batchwise.get_weights()):
        assert np.allclose(a, b, atol=1e-6) and np.allclose(a, c, atol=1e-6)


def test_statistics_follow_in_eager_steps():
    x, y = data(20)
    found = []
    for eager in (False, True):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([layers.Input((3,)), layers.BatchNormalization(), layers.Dense(1)])
        model.compile("sgd", "mse", run_eagerly=eager)
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        found.append(model.get_weights())
    for a, b in zip(*found):
        assert np.allclose(a, b, atol=1e-6)


def generator(x, y, batch=4):
    while True:
        for i in range(0, len(x), batch):
            yield x[i : i + batch], y[i : i + batch]


class Batches(keras.utils.Sequence):
    def __init__(self, x, y, batch=4, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch = x, y, batch

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, i):
        return self.x[i * self.batch :][: self.batch], self.y[i * self.batch :][: self.batch]


@pytest.mark.parametrize("kind", ["generator", "sequence", "iterable", "pandas"])
def test_sources_give_the_same_training(kind):
    x, y = data(20)
    want = mlp()
    want.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    model = mlp()
    if kind == "generator":
        model.fit(generator(x, y), steps_per_epoch=5, epochs=2, verbose=0)
    elif kind == "sequence":
        model.fit(Batches(x, y), epochs=2, shuffle=False, verbose=0)
    elif kind == "iterable":

        class Loader:
            def __iter__(self):
                return ((x[i : i + 4], y[i : i + 4]) for i in range(0, 20, 4))

        model.fit(Loader(), epochs=2, verbose=0)
    else:
        pd = pytest.importorskip("pandas")
        model.fit(
            pd.DataFrame(x), pd.DataFrame(y), batch_size=4, epochs=2, shuffle=False, verbose=0
        )
    for a, b in zip(model.get_weights(), want.get_weights()):
        assert np.allclose(a, b, atol=1e-6)


def test_metrics_of_a_generator_start_anew_each_epoch():
    x, y = data(20)
    arrays, stream = mlp(metrics=["mae"]), mlp(metrics=["mae"])
    a = arrays.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["mae"]
    b = stream.fit(generator(x, y), steps_per_epoch=5, epochs=3, verbose=0).history["mae"]
    assert np.allclose(a, b, atol=1e-6)


def test_generator_that_ends_early_warns_with_counts():
    x, y = data(8)
    with pytest.warns(UserWarning, match="2 of 5"):
        mlp().fit(
            ((x[i : i + 4], y[i : i + 4]) for i in (0, 4)), steps_per_epoch=5, epochs=3, verbose=0
        )


def test_weights_of_samples_and_classes():
    x, y = data(8)
    a, b, c = mlp(), mlp(), mlp()
    a.fit(x, y, batch_size=8, sample_weight=np.where(y[:, 0] > 0, 3.0, 1.0), verbose=0)
    b.fit(x, y, batch_size=8, class_weight={0: 1.0, 1: 3.0}, verbose=0)
    c.fit(x, y, batch_size=8, verbose=0)
    assert all(np.allclose(u, v, atol=1e-6) for u, v in zip(a.get_weights(), b.get_weights()))
    assert not all(np.allclose(u, v, atol=1e-6) for u, v in zip(a.get_weights(), c.get_weights()))


def test_several_outputs():
    x, y = data(16)
    i = keras.Input((3,))
    h = layers.Dense(4)(i)
    model = keras.Model(
        i, [layers.Dense(1, name="p")(h), layers.Dense(1, activation="sigmoid", name="q")(h)]
    )
    model.compile(
        "adam",
        {"p": "mse", "q": "binary_crossentropy"},
        loss_weights={"p": 0.5, "q": 1.0},
        metrics={"q": ["acc"]},
    )
    h = model.fit(x, {"p": y, "q": y}, epochs=2, verbose=0).history
    assert set(h) == {"loss", "p_loss", "q_loss", "q_acc"}
    assert np.isclose(h["loss"][0], 0.5 * h["p_loss"][0] + h["q_loss"][0], rtol=1e-4)
    got = model.evaluate(x, [y, y], verbose=0, return_dict=True)
    assert set(got) == set(h)
    assert [p.shape for p in model.predict(x, verbose=0)] == [(16, 1), (16, 1)]


@pytest.mark.parametrize(
    "places",
    [
        (["mae"], [2.0]),
        ([2.0], ["mae"]),
        (None, ["mae"]),
        ([keras.metrics.MeanAbsoluteError(name="mae")], None),
        ({"p": 2.0}, {"p": ["mae"]}),
        ({"p": "mae"}, {}),
        (np.float32(2.0), [[keras.metrics.MeanAbsoluteError(name="mae")]]),
    ],
)
def test_metrics_and_loss_weights_by_place(places):
    x, y = data(16)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1, name="p")])
    model.compile("sgd", "mse", *places)
    model.set_weights([np.zeros((3, 1)), np.zeros(1)])
    got = model.evaluate(x, y, verbose=0, return_dict=True)
    factor = 2.0 if "2" in repr(places) else 1.0
    assert np.isclose(got["loss"], factor * np.mean(np.square(y)), rtol=1e-5)
    assert np.isclose(got["mae"], np.mean(np.abs(y)), rtol=1e-5)


def test_same_seed_same_bits():
    x, y = data()
    runs = []
    for _ in range(2):
        model = mlp("adam")
        model.add(layers.Dropout(0.5))
        model.compile("adam", "mse")
        model.fit(x, y, epochs=2, batch_size=7, verbose=0)
        runs.append(model.get_weights())
    assert all((a == b).all() for a, b in zip(*runs))


def test_dropout_differs_from_step_to_step():
    seen = []

    class Watch(layers.Layer):
        def __init__(self):
            super().__init__()
            self.last = self.add_weight(shape=(1, 64), trainable=False, name="last")

        def call(self, x, training=False):
            if training:
                self.last.assign(x)
            return x

    watch = Watch()
    model = keras.Sequential([layers.Input((64,)), layers.Dropout(0.5), watch, layers.Dense(1)])
    model.compile("sgd", "mse")
    for _ in range(3):
        model.fit(np.ones((1, 64)), np.ones((1, 1)), verbose=0)
        seen.append(watch.last.numpy() > 0)
    assert not (seen[0] == seen[1]).all() and not (seen[1] == seen[2]).all()
    assert all(0.2 < s.mean() < 0.8 for s in seen)


def test_batch_normalization_moves_in_training_only():
    x, y = data(32)
    model = keras.Sequential([layers.Input((3,)), layers.BatchNormalization(), layers.Dense(1)])
    model.compile("sgd", "mse")
    mean = model.layers[0].moving_mean
    model.evaluate(x + 5, y, verbose=0)
    assert np.allclose(mean.numpy(), 0)
    model.fit(x + 5, y, batch_size=32, verbose=0)
    assert np.allclose(mean.numpy(), 0.01 * (x + 5).mean(0), atol=1e-4)
    model.layers[0].trainable = False
    before = mean.numpy()
    model.fit(x + 5, y, batch_size=32, verbose=0)
    assert np.allclose(mean.numpy(), before)


def test_callback_may_edit_weights_and_learning_rate():
    x, y = data(16)
    model = mlp(keras.optimizers.SGD(0.1))

    class Edit(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.0
            self.model.layers[0].kernel.assign(np.ones((3, 4)))

    model.fit(x, y, epochs=2, verbose=0, callbacks=[Edit()])
    assert np.allclose(model.layers[0].kernel.numpy(), 1)
    assert float(model.optimizer.learning_rate) == 0.0


def test_a_schedule_may_take_the_place_of_the_rate():
    x, y = data(8)
    model = mlp(keras.optimizers.SGD(0.1))
    model.fit(x, y, verbose=0)
    model.optimizer.learning_rate = keras.optimizers.schedules.PiecewiseConstantDecay(
        [0], [0.0, 0.0]
    )
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))


def test_batch_hooks_see_every_step():
    x, y = data(20)
    calls = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            calls.append(("begin", batch))

        def on_train_batch_end(self, batch, logs=None):
            calls.append(("end", batch, sorted(logs)))

    mlp(metrics=["mae"]).fit(x, y, batch_size=8, verbose=0, callbacks=[Watch()])
    assert [c[:2] for c in calls] == [(k, i) for i in range(3) for k in ("begin", "end")]
    assert calls[1][2] == ["loss", "mae"]


def test_stop_training_in_a_batch_hook():
    x, y = data(20)
    model = mlp()
    stop = keras.callbacks.LambdaCallback(
        on_batch_end=lambda batch, logs: setattr(model, "stop_training", batch >= 1)
    )
    model.fit(x, y, batch_size=4, epochs=5, verbose=0, callbacks=[stop])
    assert int(model.optimizer.iterations) == 2


def test_interrupt_keeps_the_last_step():
    x, y = data(20)
    model = mlp()

    class Press(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                signal.raise_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread():
        pytest.skip("signals go to the main thread")
    # Where the tests run in the background, a shell has told them to take no notice of the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, y, batch_size=4, verbose=0, callbacks=[Press()])
    finally:
        signal.signal(signal.SIGINT, before)
    assert int(model.optimizer.iterations) == 3
    want = mlp()
    model.fit(x, y, batch_size=4, epochs=1, verbose=0)
    assert int(model.optimizer.iterations) == 8
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert want.count_params() == model.count_params()


def test_nan_is_named_once_and_training_goes_on():
    x, y = data(8)
    model = mlp(keras.optimizers.SGD(1e30))
    with pytest.warns(UserWarning, match="learning rate") as seen:
        model.fit(x, y, epochs=4, batch_size=4, verbose=0)
    assert len([w for w in seen if "has become" in str(w.message)]) == 1
    assert int(model.optimizer.iterations) == 8


def test_own_train_step_in_the_plain_style():
    x, y = data(16)

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)
            self.seen = keras.metrics.Mean(name="seen")

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            logs = super().train_step(data)
            self.seen.update_state(2.0)
            return {**logs, "seen": self.seen.result()}

    model = Net()
    model.compile("sgd", "mse")
    h = model.fit(x, y, batch_size=4, epochs=2, verbose=0).history
    assert h["seen"] == [2.0, 2.0] and len(h["loss"]) == 2


def test_own_train_step_in_the_jax_style():
    class Net(keras.Sequential):
        def train_step(self, state, data):
            tv, ntv, ov, mv = state
            x, y = data[0], data[1]

            def loss_fn(tv, ntv):
                y_pred, ntv = self.stateless_call(tv, ntv, x, training=True)
                return ops.mean((y_pred - y) ** 2), ntv

            (loss, ntv), grads = value_and_grad(loss_fn, has_aux=True)(tv, ntv)
            tv, ov = self.optimizer.stateless_apply(ov, grads, tv)
            return {"loss": loss}, (tv, ntv, ov, mv)

    x, y = data(16)
    model = Net([layers.Input((3,)), layers.Dense(1)])
    model.compile("adam")
    h = model.fit(x, y, batch_size=4, epochs=5, shuffle=False, verbose=0).history["loss"]
    assert h[-1] < h[0] and int(model.optimizer.iterations) == 20


def test_own_compute_loss():
    class Net(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.mean(ops.abs(y - y_pred)) * 3

    x, y = data(8)
    model = Net([layers.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isclose(
        model.evaluate(x, y, verbose=0),
        3 * np.abs(model.predict(x, verbose=0) - y).mean(),
        rtol=1e-5,
    )


def test_losses_of_layers_count():
    x, y = data(8)
    model = keras.Sequential(
        [layers.Input((3,)), layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.5))]
    )
    model.add(layers.ActivityRegularization(l1=0.1))
    model.compile("sgd", "mse")
    p = model.predict(x, verbose=0)
    want = (
        np.mean((p - y) ** 2)
        + 0.5 * (model.layers[0].kernel.numpy() ** 2).sum()
        + 0.1 * np.abs(p).sum()
    )
    assert np.isclose(model.evaluate(x, y, batch_size=8, verbose=0), want, rtol=1e-4)


def test_symbolic_add_loss_and_add_metric():
    x, y = data(8)
    i = keras.Input((3,))
    h = layers.Dense(2)(i)
    model = keras.Model(i, layers.Dense(1)(h))
    model.add_loss(ops.mean(ops.square(h)))
    model.add_metric(ops.mean(h), name="level")
    model.compile("sgd", "mse")
    out = model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True)
    inner = keras.Model(i, h).predict(x, verbose=0)
    assert np.isclose(
        out["loss"], np.mean((model.predict(x, verbose=0) - y) ** 2) + np.mean(inner**2), rtol=1e-4
    )
    assert np.isclose(out["level"], inner.mean(), atol=1e-5)


def test_predict_in_batches_and_structures():
    x, _ = data(70)
    model = mlp()
    whole = model.predict(x, batch_size=70, verbose=0)
    assert np.allclose(model.predict(x, verbose=0), whole, atol=1e-6)
    assert np.allclose(model.predict(x[:1], verbose=0), whole[:1], atol=1e-6)
    assert np.allclose(model.predict_on_batch(x), whole, atol=1e-6)
    assert np.allclose(
        model.predict((x[i : i + 7] for i in range(0, 70, 7)), verbose=0), whole, atol=1e-6
    )
    model.layers[0].kernel.assign(np.zeros((3, 4)))
    assert not np.allclose(model.predict(x[:1], verbose=0), whole[:1])


def test_resume_bit_for_bit(tmp_path):
    x, y = data(20)

    def fresh():
        model = mlp("adam")
        model.add(layers.Dropout(0.3))
        model.compile("adam", "mse")
        return model

    whole = fresh()
    whole.fit(x, y, batch_size=4, epochs=4, verbose=0)

    class Die(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise RuntimeError("killed")

    backup = tmp_path / "backup"
    with pytest.raises(RuntimeError, match="killed"):
        fresh().fit(
            x,
            y,
            batch_size=4,
            epochs=4,
            verbose=0,
            callbacks=[keras.callbacks.BackupAndRestore(backup), Die()],
        )
    resumed = fresh()
    resumed.fit(
        x,
        y,
        batch_size=4,
        epochs=4,
        verbose=0,
        callbacks=[keras.callbacks.BackupAndRestore(backup)],
    )
    assert all((a == b).all() for a, b in zip(whole.get_weights(), resumed.get_weights()))


def test_float64_really_computes_in_float64():
    import subprocess
    import sys

    code = """
import numpy as np, kerata as keras
keras.config.set_floatx("float64")
m = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
m.compile("sgd", "mse")
x = np.array([[1.0, 1e-12]])
assert m.predict(x, verbose=0).dtype == np.float64
assert m.predict(x, verbose=0)[0, 0] - 1 > 0.9e-12
m.fit(x, np.ones((1, 1)), verbose=0)
assert m.get_weights()[0].dtype == np.float64
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- what goes wrong -----------------------------------------------------------------------------


def test_fit_before_compile():
    model = keras.Sequential([layers.Input((3,)), layers.Dense(1)])
    with pytest.raises(NotBuiltError, match=r"compile\(optimizer, loss\)"):
        model.fit(*data())


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((8, 4)), np.zeros((8, 1)), r"\(None, 3\)"),
        (np.zeros((8, 3)), np.zeros((7, 1)), "8.*7"),
        (np.zeros((0, 3)), np.zeros((0, 1)), "empty"),
        (np.zeros((8, 3)), np.zeros((8, 2)), r"2"),
    ],
)
def test_wrong_data(x, y, message):
    model = mlp()
    before = model.get_weights()
    with pytest.raises(KerataError, match=message):
        model.fit(x, y, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights()))


def test_labels_that_do_not_fit_the_loss():
    model = keras.Sequential([layers.Input((3,)), layers.Dense(4, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(InputError, match="7"):
        model.fit(np.zeros((8, 3)), np.arange(8), verbose=0)
    with pytest.raises(KerataError, match="categorical_crossentropy"):
        model.fit(np.zeros((8, 3)), np.eye(4)[np.arange(8) % 4], verbose=0)
    model.compile("sgd", "categorical_crossentropy")
    with pytest.raises(KerataError, match="sparse_categorical_crossentropy"):
        model.fit(np.zeros((8, 3)), np.arange(8) % 4, verbose=0)


def test_token_out_of_range():
    model = keras.Sequential(
        [
            layers.Input((5,), dtype="int32"),
            layers.Embedding(64, 10000),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    with pytest.raises(InputError, match="9999.*swapped|swapped.*9999"):
        model.fit(np.full((4, 5), 9999), np.zeros((4, 1)), verbose=0)


def test_rows_of_y_never_broadcast():
    x, y = data(8)
    model = mlp()
    flat = model.evaluate(x, y[:, 0], verbose=0)
    assert np.isclose(flat, model.evaluate(x, y, verbose=0))
    assert np.isclose(flat, np.mean((model.predict(x, verbose=0) - y) ** 2), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "closest"),
    [
        ({"optimizer": "adm", "loss": "mse"}, "Adam"),
        ({"optimizer": "adam", "loss": "binary_crosentropy"}, "binary_crossentropy"),
        ({"optimizer": "adam", "loss": "mse", "metrics": ["acuracy"]}, "accuracy"),
    ],
)
def test_unknown_names_offer_the_closest(arguments, closest):
    model = mlp()
    with pytest.raises(ValueError, match=closest):
        model.compile(**arguments)
        model.fit(*data(), verbose=0)
    with pytest.raises(TypeError, match="epochs"):
        mlp().fit(*data(), epoch=3)


def test_unknown_layer_argument():
    with pytest.raises(TypeError, match="units"):
        layers.Dense(unit=3)


def test_no_stray_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mlp(metrics=["mae"]).fit(*data(), epochs=2, verbose=0, validation_split=0.5)


def test_predict_step_in_the_form_of_jax():
    """``(state, data) -> (outputs, state)``, as Keras's models have it on JAX."""

    class Counting(keras.Model):
        def __init__(self):
            super().__init__()
            self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            self.calls.assign_add(1.0)
            return 2.0 * x

        def predict_step(self, state, data):
            trained, others = state
            return self.stateless_call(trained, others, data[0], training=False)

    model = Counting()
    x = np.arange(12, dtype="float32").reshape(6, 2)
    model(x)
    start = float(model.calls.numpy())
    assert np.array_equal(model.predict(x, batch_size=2, verbose=0), 2 * x)
    assert float(model.calls.numpy()) == start + 3
    model.compile(run_eagerly=True)
    assert np.array_equal(model.predict(x, verbose=0), 2 * x)
    assert float(model.calls.numpy()) == start + 4


def test_entries_of_a_dict_that_are_no_inputs_are_left_out():
    a, b = layers.Input((3,), name="a"), layers.Input((2,), name="b")
    model = keras.Model([a, b], layers.Dense(1, name="y")(layers.concatenate([a, b])))
    model.compile("sgd", "mse")
    x, y = {"a": np.ones((8, 3)), "b": np.ones((8, 2))}, {"y": np.zeros((8, 1))}
    noted = {**x, "text": ["a"] * 8}
    want = model.predict(x, verbose=0)
    assert np.array_equal(model.predict(noted, verbose=0), want)
    assert model.evaluate(noted, y, verbose=0) == model.evaluate(x, y, verbose=0)

    def batches():
        while True:
            yield noted, y

    assert np.array_equal(model.predict(batches(), steps=1, verbose=0), want)
    start = model.evaluate(batches(), steps=1, verbose=0)
    history = model.fit(
        batches(),
        steps_per_epoch=2,
        epochs=2,
        validation_data=batches(),
        validation_steps=1,
        verbose=0,
    )
    assert history.history["val_loss"][-1] < start
    model.fit(noted, y, validation_data=(noted, y), verbose=0)
    assert np.isfinite(model.train_on_batch(noted, y))
