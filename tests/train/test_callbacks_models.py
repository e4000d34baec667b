"""Callbacks with real models: saving, resuming, averages, and the speed of doing nothing."""

from __future__ import annotations

import time

import ml_dtypes
import numpy as np
import pytest

import kerata as keras
from kerata.errors import FileError, InputError
from kerata.train.callbacks.backup import read_state, write_state

layers, callbacks = keras.layers, keras.callbacks


def data(n=24):
    random = np.random.default_rng(0)
    x = random.normal(size=(n, 3)).astype("float32")
    return x, (x.sum(axis=1) > 0).astype("float32")


def model(optimizer="adam", dropout=0.0, **kwargs):
    keras.utils.set_random_seed(5)
    parts = [layers.Input((3,)), layers.Dense(4, activation="relu"), layers.Dropout(dropout)]
    made = keras.Sequential([*parts, layers.Dense(1, activation="sigmoid")])
    made.compile(optimizer, "binary_crossentropy", metrics=["acc"], **kwargs)
    return made


def same(a, b):
    return all((u == v).all() for u, v in zip(a.get_weights(), b.get_weights(), strict=True))


def test_history_of_a_real_training():
    x, y = data()
    history = model().fit(x, y, epochs=2, validation_split=0.25, verbose=0).history
    assert len(history["acc"]) == len(history["accuracy"]) == len(history["val_acc"]) == 2
    assert "val_binary_accuracy" in history and len(history) == 4


def test_checkpoints_load_again(tmp_path):
    x, y = data()
    m = model()
    names = ["{epoch:02d}-{val_acc:.2f}.keras", "old-{epoch}.h5"]
    whole = [callbacks.ModelCheckpoint(tmp_path / n, save_best_only=True) for n in names]
    weights = callbacks.ModelCheckpoint(tmp_path / "w.weights.h5", save_weights_only=True)
    m.fit(x, y, epochs=1, validation_split=0.25, verbose=0, callbacks=[*whole, weights])
    files = sorted(p.name for p in tmp_path.iterdir())
    assert len(files) == 3 and files[0].startswith("01-")
    for name in files[:2]:
        assert same(keras.models.load_model(tmp_path / name), m)
    trained = m.get_weights()
    m.set_weights([w * 0 for w in trained])
    m.load_weights(tmp_path / "w.weights.h5")
    assert all((a == b).all() for a, b in zip(m.get_weights(), trained))


def test_early_stopping_restores_the_best_weights():
    x, y = data()
    seen = []
    m = model(keras.optimizers.SGD(0.5))
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(m.get_weights()))
    stop = callbacks.EarlyStopping("val_loss", patience=2, min_delta=10, restore_best_weights=True)
    m.fit(x, y, epochs=9, validation_split=0.25, verbose=0, callbacks=[keep, stop])
    assert len(seen) == 3 and stop.best_epoch == 0
    assert all((a == b).all() for a, b in zip(m.get_weights(), seen[0]))


def test_learning_rates_reach_the_optimizer():
    x, y = data()
    m = model()
    schedule = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = m.fit(x, y, epochs=3, verbose=0, callbacks=[schedule]).history
    assert history["lr"] == pytest.approx([5e-4, 2.5e-4, 1.25e-4])
    assert float(m.optimizer.learning_rate) == pytest.approx(1.25e-4)
    plateau = callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=10)
    m.fit(x, y, epochs=3, verbose=0, callbacks=[plateau])
    assert float(m.optimizer.learning_rate) == pytest.approx(1.25e-6)


@pytest.mark.filterwarnings("ignore:The loss of model")
def test_a_training_that_explodes_ends():
    x, y = data()
    m = model("sgd")
    m.compile("sgd", lambda y, p: keras.ops.mean(p) * float("nan"))
    history = m.fit(x, y, epochs=5, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert history.epoch == [0]


# --- BackupAndRestore -----------------------------------------------------------------------------


class Crash(callbacks.Callback):
    def __init__(self, epoch, batch=None):
        super().__init__()
        self.epoch = epoch
        if batch is not None:
            self.on_train_batch_end = lambda b, logs: (
                self.crash() if (self.now, b) == (epoch, batch) else None
            )

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch
        if epoch == self.epoch and "on_train_batch_end" not in vars(self):
            self.crash()

    def crash(self):
        raise KeyboardInterrupt


def run(folder, crash=None, **kwargs):
    m = model(dropout=0.5)
    calls = [callbacks.BackupAndRestore(folder, **kwargs)] + ([crash] if crash else [])
    x, y = data()
    m.fit(x, y, epochs=4, batch_size=5, verbose=0, callbacks=calls)
    return m


def test_resuming_gives_the_same_bits(tmp_path, capsys):
    whole = run(tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "b", Crash(2))
    assert (tmp_path / "b" / "training.npz").exists()
    resumed = run(tmp_path / "b")
    assert same(whole, resumed) and resumed.history.epoch == [2, 3]
    assert "goes on with epoch 3" in capsys.readouterr().out
    assert not (tmp_path / "b").exists()  # a training that has ended leaves nothing


def test_resuming_after_batches(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Crash(1, batch=3), save_freq=2)
    m = run(tmp_path, save_freq=2)
    assert m.history.epoch == [1, 2, 3]


def test_a_damaged_copy_is_not_used(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Crash(2), double_checkpoint=True)
    assert len(list(tmp_path.iterdir())) == 2
    path = tmp_path / "training.npz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.warns(UserWarning, match="no backup of a training, or is damaged"):
        m = run(tmp_path)  # goes on from the copy before it
    assert m.history.epoch == [1, 2, 3]


def test_a_copy_of_another_model(tmp_path):
    write_state(
        tmp_path / "training.npz",
        {"v0": np.zeros(3)},
        {"epoch": 1, "rng": {"seed": 0, "stream": 0}},
    )
    with pytest.raises(InputError, match="another model"):
        run(tmp_path)


def test_copies_may_be_kept(tmp_path):
    run(tmp_path, delete_checkpoint=False)
    assert run(tmp_path).history.epoch == []
    with pytest.raises(ValueError, match="needs a folder"):
        callbacks.BackupAndRestore("")


def test_state_files_keep_dtypes_and_are_whole(tmp_path, monkeypatch):
    path = tmp_path / "s.npz"
    arrays = {"a": np.arange(3), "b": np.ones(2, ml_dtypes.bfloat16), "c": np.float32(2)}
    write_state(path, {k: np.asarray(v) for k, v in arrays.items()}, {"epoch": 1})
    got, meta = read_state(path)
    assert meta == {"epoch": 1} and got["b"].dtype == ml_dtypes.bfloat16
    assert all((got[k] == v).all() for k, v in arrays.items())

    def full_disk(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_state(path, {"a": np.zeros(1)}, {"epoch": 2})
    assert read_state(path)[1] == {"epoch": 1} and len(list(tmp_path.iterdir())) == 1
    path.write_bytes(b"not a zip")
    with pytest.raises(FileError, match="damaged"):
        read_state(path)


# --- averages of weights --------------------------------------------------------------------------


def test_evaluation_with_averages():
    x, y = data()
    m = model(keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9))
    seen = {}
    watch = callbacks.LambdaCallback(
        on_test_begin=lambda logs: seen.update(test=m.get_weights()[0]),
        on_epoch_end=lambda epoch, logs: seen.update(epoch=m.get_weights()[0]),
    )
    m.fit(
        x,
        y,
        batch_size=5,
        validation_data=(x, y),
        verbose=0,
        callbacks=[callbacks.SwapEMAWeights(), watch],
    )
    assert not np.allclose(seen["test"], seen["epoch"])
    assert np.allclose(m.get_weights()[0], seen["test"])  # use_ema leaves the averages at the end


def test_saving_averages(tmp_path):
    x, y = data()
    m = model(keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9))
    save = callbacks.ModelCheckpoint(tmp_path / "m.keras")
    m.fit(
        x,
        y,
        batch_size=5,
        epochs=2,
        verbose=0,
        callbacks=[callbacks.SwapEMAWeights(swap_on_epoch=True), save],
    )
    assert same(keras.models.load_model(tmp_path / "m.keras"), m)


# --- speed ----------------------------------------------------------------------------------------


def test_callbacks_that_do_little_cost_little():
    calls = callbacks.CallbackList(
        [callbacks.EarlyStopping("loss", patience=10**9), callbacks.Callback()],
        add_history=True,
        model=model(),
    )
    calls.on_train_begin()
    start = time.perf_counter()
    for epoch in range(1000):
        calls.on_epoch_begin(epoch)
        calls.on_epoch_end(epoch, {"loss": 1.0, "accuracy": 0.5})
    assert time.perf_counter() - start < 0.2


def test_progress_tells_how_far_it_came(capsys):
    x, y = data()

    def generator(count):
        for _ in range(count):
            yield x, y

    model().fit(generator(3), epochs=1)
    with pytest.warns(UserWarning, match="after 2 of 5 batches"):
        model().fit(generator(2), steps_per_epoch=5, epochs=1)
    whole, short = capsys.readouterr().out.splitlines()
    assert whole.startswith("Epoch 1/1 - 3/3 - ") and short.startswith("Epoch 1/1 - 2/5 - ")


def test_stopping_within_an_epoch(capsys):
    x, y = data()
    m = model()

    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    m.fit(x, y, batch_size=4, epochs=3, validation_data=(x, y), callbacks=[Stop()])
    assert m.history.epoch == [0] and "Epoch 1/3 - 2/6 - " in capsys.readouterr().out
