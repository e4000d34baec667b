"""Callbacks on a fake model: what they do to it, when, and what they say."""

from __future__ import annotations

import csv
import http.server
import json
import logging
import threading
import time
import urllib.parse
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import kerata
from callbacks_support import FakeModel, train
from kerata.errors import InputError
from kerata.train import callbacks as c
from kerata.train.callbacks.base import HOOKS
from kerata.train.callbacks.monitor import infer_mode
from kerata.train.logs import Logs


def losses(*values, name="val_loss", **more):
    return [{"loss": 1.0, name: v, **more} for v in values]


# --- Callback and CallbackList --------------------------------------------------------------------


def recorder(*hooks):
    seen = []

    def make(name):
        return lambda self, *args: seen.append((name, args[0] if len(args) == 2 else None))

    kind = type("Recorder", (c.Callback,), {h: make(h) for h in hooks})
    return kind(), seen


def test_all_hooks_in_order():
    callback, seen = recorder(*(h for h in HOOKS if h not in ("on_batch_begin", "on_batch_end")))
    train([callback], losses(1), batches=2)
    assert seen == [
        ("on_train_begin", None),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1),
        ("on_epoch_end", 0),
        ("on_train_end", None),
    ]


def test_hooks_of_evaluation_and_prediction():
    callback, seen = recorder(*HOOKS)
    calls = c.CallbackList(callback)
    (
        calls.on_test_begin(),
        calls.on_test_batch_begin(0),
        calls.on_test_batch_end(0),
        calls.on_test_end(),
    )
    (
        calls.on_predict_begin(),
        calls.on_predict_batch_begin(0),
        calls.on_predict_batch_end(0, {"outputs": 1}),
    )
    calls.on_predict_end()
    assert [name for name, _ in seen] == [
        *("on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"),
        *("on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"),
    ]


def test_old_batch_hooks():
    callback, seen = recorder("on_batch_begin", "on_batch_end")
    calls = train([callback], losses(1), batches=1)
    assert seen == [("on_batch_begin", 0), ("on_batch_end", 0)] and calls.needs_batches
    both, seen = recorder("on_batch_end", "on_train_batch_end")
    c.CallbackList([both]).on_train_batch_end(0)
    assert seen == [("on_train_batch_end", 0)]
    c.Callback().on_train_batch_end(0)  # the base class hands on


@pytest.mark.parametrize("hook", HOOKS)
def test_which_hooks_are_needed(hook):
    callback, _ = recorder(hook)
    calls = c.CallbackList([callback])
    train_hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    assert calls.needs_batches == (hook in train_hooks)
    assert calls.needs_test_batches == hook.startswith("on_test_batch")
    assert calls.needs_predict_batches == hook.startswith("on_predict_batch")


def test_hooks_set_on_the_object_count():
    calls = c.CallbackList([c.LambdaCallback(on_batch_end=print)])
    assert calls.needs_batches
    assert not c.CallbackList([c.LambdaCallback(on_epoch_end=print)]).needs_batches

    class Late(c.Callback):
        def on_train_begin(self, logs=None):
            self.on_train_batch_begin = lambda batch, logs: None

    calls = c.CallbackList([Late()])
    assert not calls.needs_batches
    calls.on_train_begin()
    assert calls.needs_batches


def test_built_in_callbacks_need_batches_only_where_they_use_them(tmp_path):
    def needs(callback):
        return c.CallbackList([callback]).needs_batches

    quiet = [
        c.History(), c.ProgbarLogger(), c.EarlyStopping(), c.ReduceLROnPlateau(), c.BaseLogger(), c.TerminateOnNaN(),
        c.LearningRateScheduler(abs), c.CSVLogger(tmp_path / "a.csv"), c.ModelCheckpoint("a.keras"),
        c.TensorBoard(tmp_path), c.BackupAndRestore(tmp_path), c.SwapEMAWeights(), c.RemoteMonitor(),
    ]  # fmt: skip
    assert not any(needs(callback) for callback in quiet)
    assert needs(c.ModelCheckpoint("a.keras", save_freq=3)) and needs(
        c.TensorBoard(tmp_path, update_freq="batch")
    )
    assert needs(c.BackupAndRestore(tmp_path, save_freq=3))

    class Mine(c.ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)

    assert needs(Mine("a.keras"))


def test_hooks_that_are_not_overridden_cost_nothing():
    calls = c.CallbackList([c.Callback() for _ in range(50)], add_history=True)
    calls.on_train_begin()
    start = time.perf_counter()
    for i in range(1000):
        calls.on_epoch_begin(i)
    assert time.perf_counter() - start < 0.05


def test_callbacks_of_another_library():
    base = type(
        "Callback",
        (),
        {h: (lambda self, *a: 1 / 0) for h in HOOKS} | {"__module__": "keras.callbacks"},
    )
    seen = []
    foreign = type(
        "Foreign", (base,), {"on_epoch_end": lambda self, epoch, logs: seen.append(epoch)}
    )
    train([foreign()], losses(1, 2))
    assert seen == [0, 1]


def test_defaults_are_added_once():
    model = FakeModel()
    own = c.History()
    calls = c.CallbackList(
        [own, c.ProgbarLogger()], add_history=True, add_progbar=True, model=model, verbose=1
    )
    assert len(calls.callbacks) == 2 and model.history is own
    calls = c.CallbackList(None, add_history=True, add_progbar=True)
    assert [type(x) for x in calls] == [c.ProgbarLogger, c.History]


def test_single_nested_and_missing_callbacks():
    one = c.Callback()
    assert c.CallbackList(one).callbacks == [one]
    assert c.CallbackList([[one], None]).callbacks == [one]
    calls = c.CallbackList()
    calls.append(c.LambdaCallback(on_batch_end=print))
    assert calls.needs_batches


@pytest.mark.parametrize(
    "given, words",
    [
        (c.EarlyStopping, r"is a class\. Pass an object of it: EarlyStopping\(\)"),
        (len, "LambdaCallback"),
        (3, "no callback"),
    ],
)
def test_what_is_no_callback(given, words):
    with pytest.raises(InputError, match=words):
        c.CallbackList([given])


def test_params_model_and_validation_data():
    class Mine(c.Callback):
        def __init__(self):  # does not call the base class
            pass

        def set_model(self, model):
            self.model = model

    callback, model = Mine(), FakeModel()
    assert callback.params is None and callback.validation_data is None and callback.model is None
    calls = c.CallbackList([callback], model=model, epochs=3)
    calls.set_validation_data(("x", "y"))
    assert (
        callback.model is model
        and callback.params["epochs"] == 3
        and callback.validation_data == ("x", "y")
    )


def test_names_of_metrics_in_params():
    model = FakeModel()
    model.metrics_names = ["loss", "acc"]
    calls = train([], losses(1), model, do_validation=True)
    assert calls.params["metrics"] == ["loss", "acc", "val_loss", "val_acc"]


def test_logs_know_old_names():
    seen = []
    stop = c.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_acc"]))
    calls = c.CallbackList([stop])
    calls.on_epoch_end(0, {"val_accuracy": 0.5})
    assert seen == [0.5]


def test_chunks():
    calls = c.CallbackList([c.Callback()])
    assert not calls.shows_progress
    nan = c.TerminateOnNaN()
    calls = c.CallbackList([nan], model=FakeModel())
    asked = []

    def logs():
        asked.append(1)
        return {"loss": 1.0}

    calls.on_train_begin()
    assert calls.shows_progress
    calls.on_chunk_end(3, logs)
    assert asked == [1]
    with calls.testing():
        assert not calls.shows_progress
        calls.on_chunk_end(3, logs)
    assert asked == [1]


def test_lambda_callback_refuses_unknown_hooks():
    with pytest.raises(TypeError, match="on_epoch_ends.*'on_epoch_end'"):
        c.LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="must be a function"):
        c.LambdaCallback(on_epoch_end=3)


def test_unknown_arguments_offer_the_closest():
    with pytest.raises(TypeError, match="EarlyStopping has no argument 'patiance'.*'patience'"):
        c.EarlyStopping(patiance=3)
    assert c.ReduceLROnPlateau(epsilon=0.5).min_delta == 0.5  # the old name of min_delta


def test_public_names():
    assert set(c.__all__) <= set(dir(kerata.callbacks))
    assert c.__all__ == sorted(c.__all__)


# --- History and files ----------------------------------------------------------------------------


def test_history():
    model = FakeModel()
    train(
        [],
        [{"loss": 2.0, "acc": 0.5, "val_loss": 3.0}, {"loss": 1.0, "acc": 0.75, "val_loss": 2.0}],
        model,
    )
    h = model.history
    assert h.epoch == [0, 1] and type(h.history) is Logs
    assert h.history == {"loss": [2.0, 1.0], "acc": [0.5, 0.75], "val_loss": [3.0, 2.0]}
    assert h.history["accuracy"] is h.history["acc"]
    assert json.loads(json.dumps(h.history))["loss"] == [2.0, 1.0]


def test_history_takes_values_that_begin_later():
    model = FakeModel()
    train([], [{"loss": 2.0}, {"loss": 1.0, "val_loss": 2.0}], model)
    assert model.history.history == {"loss": [2.0, 1.0], "val_loss": [2.0]}


def test_base_logger_keeps_the_values_of_the_epoch():
    logger = c.BaseLogger(stateful_metrics=["x"])
    train([logger], losses(3.0), samples=7)
    assert logger.totals == {"loss": 1.0} and logger.seen == 7


def rows(path, sep=","):
    with open(path, newline="") as f:
        return list(csv.reader(f, delimiter=sep))


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("old content\n")
    train([c.CSVLogger(path)], losses(3.0, 2.0))
    assert rows(path) == [["epoch", "loss", "val_loss"], ["0", "1.0", "3.0"], ["1", "1.0", "2.0"]]


def test_csv_logger_appends(tmp_path):
    path = tmp_path / "log.tsv"
    train([c.CSVLogger(str(path), separator=";", append=True)], losses(3.0))
    train([c.CSVLogger(str(path), separator=";", append=True)], [{"val_loss": 5.0, "other": 1.0}])
    assert rows(path, ";") == [
        ["epoch", "loss", "val_loss"],
        ["0", "1.0", "3.0"],
        ["0", "NA", "5.0"],
    ]


def test_csv_logger_writes_arrays_and_other_names(tmp_path):
    path = tmp_path / "log.csv"
    train([c.CSVLogger(path)], [{"acc": 0.5, "v": np.array([1, 2])}, {"accuracy": 0.75, "v": 0}])
    assert rows(path) == [["epoch", "acc", "v"], ["0", "0.5", "[1, 2]"], ["1", "0.75", "0"]]


@pytest.fixture
def server():
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(
                (
                    self.path,
                    dict(self.headers),
                    self.rfile.read(int(self.headers["Content-Length"])),
                )
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    s = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=s.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{s.server_port}", got
    s.shutdown()
    s.server_close()


def test_remote_monitor(server):
    root, got = server
    train([c.RemoteMonitor(root, "/a/", headers={"X-Who": "me"})], [{"loss": np.float32(0.5)}])
    train([c.RemoteMonitor(root, "/b/", send_as_json=True)], [{"loss": 0.5}])
    (path, headers, body), (_, _, body2) = got
    assert path == "/a/" and headers["X-Who"] == "me"
    assert json.loads(urllib.parse.parse_qs(body.decode())["data"][0]) == {"epoch": 0, "loss": 0.5}
    assert json.loads(body2) == {"epoch": 0, "loss": 0.5}


def test_remote_monitor_without_server():
    with pytest.warns(UserWarning, match="could not reach http://127.0.0.1:9/"):
        train([c.RemoteMonitor("http://127.0.0.1:9")], [{"loss": 1.0}])


# --- watching a value -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, mode",
    [
        ("val_loss", "min"), ("loss", "min"), ("acc", "max"), ("val_acc", "max"), ("val_accuracy", "max"),
        ("val_binary_accuracy", "max"), ("out_acc", "max"), ("val_auc", "max"), ("auc_1", "max"), ("precision", "max"),
        ("val_recall_2", "max"), ("f1", "max"), ("val_f1_score", "max"), ("mean_io_u", "min"), ("mae", "min"),
        ("val_mse", "min"), ("accuracy_loss", "min"), ("cosine_similarity", "max"), ("top_k_categorical_accuracy", "max"),
        ("precision_at_recall", "max"), ("fmeasure", "max"), ("val_distance", "min"), ("place", "min"),
    ],
)  # fmt: skip
def test_direction_by_name(name, mode):
    assert infer_mode(name) == mode


def test_a_metric_of_the_model_decides_the_direction():
    model = FakeModel()
    model.metrics = [
        SimpleNamespace(name="score", _direction="up"),
        SimpleNamespace(name="acc", _direction="down"),
    ]
    assert infer_mode("val_score", model) == "max" and infer_mode("val_accuracy", model) == "min"


def test_bad_mode():
    with pytest.raises(
        InputError, match="mode of EarlyStopping must be 'auto', 'min' or 'max', got 'most'"
    ):
        c.EarlyStopping(mode="most")


@pytest.mark.parametrize(
    "callback, words",
    [
        (
            lambda: c.EarlyStopping("val_acc"),
            "EarlyStopping cannot stop the training early: there is no 'val_acc'",
        ),
        (
            lambda: c.ReduceLROnPlateau("val_acc"),
            "ReduceLROnPlateau cannot lower the learning rate",
        ),
        (
            lambda: c.ModelCheckpoint("a", "val_acc", save_best_only=True),
            "cannot tell which model is best",
        ),
    ],
)
def test_an_unknown_monitor_is_told_once(callback, words):
    with pytest.warns(UserWarning, match=words + ".*There are: loss") as found:
        train([callback()], [{"loss": 1.0}] * 3)
    assert len(found) == 1


# --- EarlyStopping --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, values, stopped",
    [
        ({}, [3, 2, 2, 1], 2),
        ({}, [3, 3], 1),
        ({"patience": 1}, [3, 2, 2, 1], 2),
        ({"patience": 2}, [3, 2, 2, 2, 1], 3),
        ({"patience": 2}, [3, 2, 2, 1, 1, 1, 1], 5),
        ({"patience": 1, "min_delta": 0.5}, [3, 2.8, 2], 1),
        ({"patience": 1, "mode": "max"}, [1, 2, 3, 2], 3),
        ({"patience": 2, "baseline": 1.0}, [3, 2, 1.5, 0.5], 1),
        ({"patience": 2, "baseline": 2.5}, [3, 2, 2.1, 1.9, 1.8], None),
        ({"patience": 1, "start_from_epoch": 3}, [1, 2, 3, 4, 5, 6], 4),
        ({"patience": 1}, [3, float("nan"), 1], 1),
        ({"patience": 5}, [3, 3, 3], None),
    ],
)
def test_early_stopping(arguments, values, stopped):
    stop, model = c.EarlyStopping(**arguments), FakeModel()
    train([stop], losses(*values), model)
    assert model.stop_training == (stopped is not None)
    assert len(model.history.epoch) == (len(values) if stopped is None else stopped + 1)
    assert stop.stopped_epoch == (stopped or 0)


def test_early_stopping_restores_the_best(capsys):
    stop, model = c.EarlyStopping(patience=1, restore_best_weights=True, verbose=1), FakeModel()
    train([stop], losses(3, 1, 2), model)
    assert model.weights_now.tolist() == [1, 1] and stop.best_epoch == 1 and stop.best == 1
    out = capsys.readouterr().out
    assert "Epoch 3: val_loss has stopped to improve" in out and "best epoch, 2" in out


def test_early_stopping_restores_also_without_stopping():
    model = FakeModel()
    train([c.EarlyStopping(patience=9, restore_best_weights=True)], losses(3, 1, 2), model)
    assert model.weights_now.tolist() == [1, 1]


def test_early_stopping_can_be_used_again():
    stop = c.EarlyStopping("acc", patience=1)
    train([stop], losses(0.9, 0.8, name="accuracy"))
    model = FakeModel()
    train([stop], losses(0.1, 0.2, 0.3, name="accuracy"), model)
    assert not model.stop_training and stop.best == 0.3


# --- TerminateOnNaN -------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_terminate_on_nan(bad, capsys):
    model = FakeModel()
    train([c.TerminateOnNaN()], [{"loss": 1.0}, {"loss": bad}, {"loss": 1.0}], model)
    assert model.stop_training and model.history.epoch == [0, 1]
    assert capsys.readouterr().out == f"The loss is {bad} in epoch 2, training ends.\n"


def test_terminate_on_nan_looks_within_an_epoch(capsys):
    train([c.TerminateOnNaN()], [{"loss": float("nan")}])
    assert "The loss is nan by step 1, training ends." in capsys.readouterr().out


def test_terminate_on_nan_raises():
    with pytest.raises(RuntimeError, match="The loss is nan"):
        train([c.TerminateOnNaN(raise_error=True)], [{"loss": np.float32("nan")}])


# --- learning rate --------------------------------------------------------------------------------


def test_scheduler_of_one_and_of_two_arguments(capsys):
    model = FakeModel(rate=0.5)
    train(
        [c.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1), verbose=1)], losses(1, 2), model
    )
    assert model.optimizer.learning_rate == 0.05
    assert "Epoch 2: the learning rate is 0.05" in capsys.readouterr().out
    assert model.history.history["lr"] == model.history.history["learning_rate"] == [0.1, 0.05]
    train([c.LearningRateScheduler(lambda epoch, rate: rate * 2)], losses(1, 2), model)
    assert model.optimizer.learning_rate == pytest.approx(0.2)


def test_scheduler_errors_of_the_schedule_are_its_own():
    def schedule(epoch, rate):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        train([c.LearningRateScheduler(schedule)], losses(1))
    with pytest.raises(InputError, match="must return a number, got None for epoch 0"):
        train([c.LearningRateScheduler(lambda epoch: None)], losses(1))
    with pytest.raises(InputError, match="must be a function"):
        c.LearningRateScheduler(0.1)
    model = FakeModel()
    model.optimizer = None
    with pytest.raises(InputError, match="compile the model"):
        train([c.LearningRateScheduler(abs)], losses(1), model)


@pytest.mark.parametrize(
    "arguments, values, rates",
    [
        ({"patience": 1}, [3, 2, 2, 2], [1, 1, 0.1, 0.01]),
        ({"patience": 2, "factor": 0.5}, [3, 2, 2, 2, 2, 2], [1, 1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 1, "cooldown": 2}, [3, 3, 3, 3, 3], [1, 0.1, 0.1, 0.01, 0.01]),
        ({"patience": 1, "min_lr": 0.05}, [3, 3, 3, 3], [1, 0.1, 0.05, 0.05]),
        ({"patience": 1, "min_delta": 0.5}, [3, 2.8, 1], [1, 0.1, 0.1]),
        ({"patience": 1, "mode": "max"}, [1, 2, 2], [1, 1, 0.1]),
    ],
)
def test_reduce_on_plateau(arguments, values, rates):
    model, seen = FakeModel(rate=1.0), []
    watch = c.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(model.optimizer.learning_rate)
    )
    train([c.ReduceLROnPlateau(**arguments), watch], losses(*values), model)
    assert seen == pytest.approx(rates)
    assert "learning_rate" in model.history.history


def test_reduce_on_plateau_refuses_growth():
    with pytest.raises(InputError, match="below 1"):
        c.ReduceLROnPlateau(factor=1.0)


# --- ModelCheckpoint ------------------------------------------------------------------------------


def names(model):
    return [path.rsplit("/", 1)[-1] for _, path in model.saved]


def test_checkpoint_names(tmp_path):
    model = FakeModel()
    path = tmp_path / "deep" / "w.{epoch:02d}-{val_loss:.2f}-{val_acc:.1f}.hdf5"
    train([c.ModelCheckpoint(path)], losses(3, 2, val_accuracy=0.5), model)
    assert (
        names(model) == ["w.01-3.00-0.5.hdf5", "w.02-2.00-0.5.hdf5"]
        and (tmp_path / "deep").is_dir()
    )
    assert model.saved[0][0] == "model"


def test_checkpoint_of_weights_and_period(tmp_path):
    model = FakeModel()
    train(
        [c.ModelCheckpoint(f"{tmp_path}/{{epoch}}.h5", save_weights_only=True, period=2)],
        losses(1, 2, 3, 4, 5),
        model,
    )
    assert model.saved == [("weights", f"{tmp_path}/{n}.h5") for n in (2, 4)]


@pytest.mark.parametrize(
    "arguments, values, saved",
    [
        ({}, [3, 2, 2.5, 1], [1, 2, 4]),
        ({"mode": "max"}, [3, 2, 2.5, 4], [1, 4]),
        ({"initial_value_threshold": 2.2}, [3, 2, 2.5, 1], [2, 4]),
    ],
)
def test_checkpoint_of_the_best(tmp_path, arguments, values, saved):
    model = FakeModel()
    train(
        [c.ModelCheckpoint(f"{tmp_path}/{{epoch}}.keras", save_best_only=True, **arguments)],
        losses(*values),
        model,
    )
    assert names(model) == [f"{n}.keras" for n in saved]


def test_checkpoint_every_so_many_batches(tmp_path):
    model = FakeModel()
    train(
        [c.ModelCheckpoint(f"{tmp_path}/{{epoch}}-{{batch}}.keras", save_freq=3)],
        losses(1, 2, 3),
        model,
        batches=4,
    )
    assert names(model) == ["1-3.keras", "2-2.keras", "3-1.keras", "3-4.keras"]


def test_checkpoint_messages(tmp_path, capsys):
    train([c.ModelCheckpoint(f"{tmp_path}/m.keras", save_best_only=True, verbose=1)], losses(3, 4))
    out = capsys.readouterr().out
    assert "Epoch 1: val_loss is better, 3.00000 after nothing." in out and "saved to" in out
    assert "Epoch 2: val_loss is not better than 3.00000." in out


def test_checkpoint_errors(tmp_path):
    with pytest.raises(
        InputError, match="asks for 'val_acc', which there is not. There are: loss, val_loss, epoch"
    ):
        train([c.ModelCheckpoint(f"{tmp_path}/{{val_acc}}.keras")], losses(1))
    with pytest.raises(InputError, match="cannot be filled in"):
        train([c.ModelCheckpoint(f"{tmp_path}/{{epoch:z}}.keras")], losses(1))
    with pytest.raises(InputError, match="save_freq must be 'epoch'"):
        c.ModelCheckpoint("a", save_freq="batch")


# --- progress -------------------------------------------------------------------------------------


def test_one_line_an_epoch_in_a_file(capsys):
    train([c.ProgbarLogger()], losses(3.0, 0.0001), verbose=1, steps=2)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Epoch 1/2 - 2/2 - 0s - ") and first.endswith(
        "step - loss: 1.0000 - val_loss: 3.0000"
    )
    assert second.endswith("val_loss: 1.0000e-04")


@pytest.mark.parametrize("verbose, lines", [(0, 0), (2, 2), ("auto", 2), (True, 2)])
def test_verbosity(verbose, lines, capsys):
    train([c.ProgbarLogger()], losses(3, 2), verbose=verbose)
    assert len(capsys.readouterr().out.splitlines()) == lines


def test_unknown_number_of_steps(capsys):
    train([c.ProgbarLogger()], losses(3), verbose=2, steps=None)
    assert "Epoch 1/1 - 2/2 - 0s - " in capsys.readouterr().out


def test_progress_goes_to_the_log(capsys, caplog, monkeypatch):
    monkeypatch.setitem(kerata.config._settings, "interactive_logging", False)
    with caplog.at_level(logging.INFO, "kerata"):
        train([c.ProgbarLogger()], losses(3), verbose=1)
    assert capsys.readouterr().out == "" and "val_loss: 3.0000" in caplog.text


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr("kerata.train.callbacks.output.is_terminal", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(c.ProgbarLogger, "interval", 0.0)


def test_bar_on_a_terminal(terminal, capsys):
    train([c.ProgbarLogger()], losses(3.0), verbose=1, batches=4, steps=4)
    out = capsys.readouterr().out
    assert out.startswith("Epoch 1/1\n\r1/4 ━━━━━───────────────")
    assert out.count("\r") == 5 and out.endswith("\n")
    last = out.split("\r")[-1]
    assert (
        last.startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ 0s ")
        and "- loss: 1.0000 - val_loss: 3.0000" in last
    )


def test_colours(terminal, capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR")
    train([c.ProgbarLogger()], losses(3.0), verbose=1)
    assert "\x1b[32m━" in capsys.readouterr().out


def test_at_most_five_drawings_a_second(terminal, capsys, monkeypatch):
    monkeypatch.setattr(c.ProgbarLogger, "interval", 0.2)
    train([c.ProgbarLogger()], losses(3.0), verbose=1, batches=200, steps=200)
    assert capsys.readouterr().out.count("\r") <= 3


def test_messages_do_not_run_into_the_bar(terminal, capsys, tmp_path):
    train(
        [c.ModelCheckpoint(tmp_path / "m.keras", verbose=1), c.ProgbarLogger()],
        losses(3.0),
        verbose=1,
    )
    assert "\nEpoch 1: saved to" in capsys.readouterr().out


def test_a_narrow_terminal_cuts_the_line(terminal, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    train([c.ProgbarLogger()], losses(3.0), verbose=1, batches=4, steps=4)
    drawn = capsys.readouterr().out.split("\r")[1:-1]
    assert all(len(line.replace("\x1b[K", "")) <= 29 for line in drawn)


def test_evaluation_and_prediction_show_progress_of_their_own(capsys):
    calls = c.CallbackList(None, add_progbar=True, model=FakeModel(), verbose=1, steps=3)
    calls.on_test_begin()
    calls.on_test_end({"loss": 0.5})
    calls.on_predict_begin()
    calls.on_predict_end()
    evaluated, predicted = capsys.readouterr().out.splitlines()
    assert (
        evaluated.startswith("3/3 - 0s")
        and evaluated.endswith("loss: 0.5000")
        and predicted.startswith("3/3 - ")
    )


def test_validation_inside_fit_shows_none(capsys):
    calls = c.CallbackList(None, add_progbar=True, model=FakeModel(), verbose=1, steps=3, epochs=1)
    calls.on_train_begin()
    calls.on_epoch_begin(0)
    calls.on_test_begin()
    calls.on_test_end({"loss": 0.5})
    assert capsys.readouterr().out == ""


def test_progbar_averages_unless_told(capsys):
    bar = c.Progbar(3, stateful_metrics=["b"])
    bar.update(1, [("a", 1.0), ("b", 1.0)])
    bar.add(2, [("a", 4.0), ("b", 5.0)])
    assert "a: 3.0000 - b: 5.0000" in capsys.readouterr().out
    bar = c.Progbar(None, unit_name="row")
    bar.update(5, [("a", 2.0)], finalize=True)
    assert capsys.readouterr().out.startswith("5/5 - 0s - ")
    with pytest.raises(ValueError, match="not both"):
        c.Progbar(1, stateful_metrics=["a"], stateless_metrics=["b"])


def test_ascii_output_gets_an_ascii_bar(terminal, capsys, monkeypatch):
    monkeypatch.setattr(c.progress.output, "can_print", lambda text: False)
    train([c.ProgbarLogger()], losses(3.0), verbose=1)
    assert "=====" in capsys.readouterr().out


# --- SwapEMAWeights -------------------------------------------------------------------------------


class Cell:
    def __init__(self, value):
        self.value = value

    def snapshot(self):
        return self.value

    def assign(self, value):
        self.value = value


def ema_model():
    model = FakeModel()
    model.weight, model.average = Cell(1.0), Cell(10.0)
    model.optimizer = SimpleNamespace(use_ema=True, built=True)
    model.optimizer._trainable_variables, model.optimizer._averages = (
        [model.weight],
        [model.average],
    )
    return model


def test_swap_around_evaluation():
    model = ema_model()
    calls = c.CallbackList([c.SwapEMAWeights()], model=model)
    for begin, end in (
        (calls.on_test_begin, calls.on_test_end),
        (calls.on_predict_begin, calls.on_predict_end),
    ):
        begin()
        assert (model.weight.value, model.average.value) == (10.0, 1.0)
        end()
        assert (model.weight.value, model.average.value) == (1.0, 10.0)


def test_swap_at_epochs():
    model, seen = ema_model(), []
    watch = c.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seen.append(model.weight.value),
        on_epoch_end=lambda epoch, logs: seen.append(model.weight.value),
    )
    train([c.SwapEMAWeights(swap_on_epoch=True), watch], losses(1, 2), model)
    assert seen == [1.0, 10.0, 1.0, 10.0]
    assert (model.weight.value, model.average.value) == (10.0, 10.0)


def test_swap_needs_averages():
    with pytest.raises(InputError, match="use_ema=True"):
        c.CallbackList([c.SwapEMAWeights()], model=FakeModel()).on_test_begin()


def test_ordinary_use_gives_no_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(
            [c.EarlyStopping(), c.ReduceLROnPlateau(), c.CSVLogger(tmp_path / "a.csv")],
            losses(3, 2, 1),
        )


def test_params_by_the_names_of_keras_1():
    params = c.CallbackList([c.History()], epochs=3, samples=20).callbacks[0].params
    assert (
        params["nb_epoch"] == 3
        and params["nb_sample"] == 20
        and list(params) == ["epochs", "samples"]
    )
    with pytest.raises(KeyError):
        params["nb_steps"]
