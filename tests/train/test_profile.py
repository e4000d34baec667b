"""Profiles of training: `fit(..., profile=True)` and ``kerata profile``."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import kerata as keras
from kerata import config, layers
from kerata.train import profile as profiles

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 12)).astype("float32")
Y = RNG.normal(size=(96, 1)).astype("float32")


def lopsided():
    """A model whose second layer has nearly all the work."""
    return keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(700, activation="relu", name="wide"),
            layers.Dense(700, activation="relu", name="heavy"),
            layers.Dense(1, name="last"),
        ],
        name="lopsided",
    )


def fitted(model, x=X, y=Y, **options):
    model.compile("adam", "mse", metrics=["mae"])
    options = {"batch_size": 16, "epochs": 2, "verbose": 0, "profile": True} | options
    return model.fit(x, y, **options)


def check(p):
    """What holds for every profile."""
    assert abs(sum(r.share for r in p.rows) - 1) < 1e-6
    assert abs(sum(r.seconds for r in p.rows) - p.step_seconds) < 1e-9 + 1e-6 * p.step_seconds
    assert all(r.forward >= 0 and r.backward >= 0 for r in p.rows)
    assert 1 <= p.steps <= profiles.STEPS
    assert len({r.name for r in p.rows}) == len(p.rows)
    json.dumps(p.to_dict())
    assert p.model in str(p) and all(r.name in str(p) for r in p.rows)
    return p


def names(p):
    return [r.name for r in p.rows if r.kind]


def test_rows_and_the_costliest_layer():
    p = check(fitted(lopsided(), batch_size=32).profile)
    assert [n for n in names(p) if n in ("wide", "heavy", "last")] == ["wide", "heavy", "last"]
    assert {"loss", "metrics", "optimizer", "waiting for data"} <= {r.name for r in p.rows}
    assert p["heavy"].forward == max(r.forward for r in p.rows if r.kind)
    assert p["heavy"].kind == "Dense" and p["optimizer"].seconds > 0
    assert p.mode == "train" and p.timed_steps > 0
    with pytest.raises(KeyError, match="wide"):
        p["narrow"]


@pytest.mark.engine("jax", "torch")
def test_backward_and_operations():
    p = fitted(lopsided(), batch_size=32).profile
    heavy = p["heavy"]
    assert heavy.backward > 0
    assert any(o.layer == "heavy" and o.backward for o in p.operations)
    assert [o.seconds for o in p.operations] == sorted(o.seconds for o in p.operations)[::-1]
    assert "Costliest operations" in str(p) and "backward ms" in str(p)


@pytest.mark.engine("jax")
def test_compile_time():
    assert fitted(lopsided()).profile.compile_seconds > 0


@pytest.mark.engine("jax")
def test_steps_that_are_not_compiled_are_timed_as_a_whole():
    model = keras.Sequential([keras.Input((12,)), layers.Dense(1)])
    model.compile("adam", "mse", run_eagerly=True)
    p = model.fit(X, Y, batch_size=16, verbose=0, profile=True).profile
    assert p["the step as a whole"].share > 0.5 and p.steps == 0 and "eagerly" in str(p)


@pytest.mark.engine("tensorflow")
def test_the_backward_pass_as_a_whole():
    p = fitted(lopsided()).profile
    assert p["backward pass of all layers"].backward > 0 and "run eagerly" in p.note
    assert "backward ms" not in str(p)


def test_paths_of_nested_models_and_shared_layers():
    class Block(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.first = layers.Dense(8, name="first")
            self.second = layers.Dense(8, name="second")

        def call(self, x):
            return self.second(self.first(x))

    inner = keras.Sequential([keras.Input((8,)), layers.Dense(8, name="first")], name="inner")
    shared = layers.Dense(8, name="shared", activation="tanh")
    x = keras.Input((12,), name="x")
    y = layers.Dense(8, name="enter")(x)
    y = shared(shared(inner(y)))
    out = layers.Dense(1, name="out")(Block(name="block")(y))
    p = check(fitted(keras.Model(x, out, name="outer")).profile)
    found = [n for n in names(p) if "itself" not in n]
    assert found == ["x", "enter", "inner/first", "shared", "block/first", "block/second", "out"]


def test_another_model_of_the_same_form_has_its_own_names():
    for name in ("one", "two"):
        model = keras.Sequential([keras.Input((12,)), layers.Dense(64, name=name)], name=name)
        p = check(fitted(model, y=np.zeros((96, 64), "float32")).profile)
        assert p[name].forward > 0


@pytest.mark.parametrize("form", ["arrays", "stream", "eager"])
def test_the_training_stays_the_same(form):
    def run(profile):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.Input((12,)), layers.Dense(8, activation="relu"), layers.Dropout(0.5)]
        )
        if form != "eager":
            model.add(layers.BatchNormalization())
        model.add(layers.Dense(1))
        model.compile("adam", "mse", metrics=["mae"], run_eagerly=form == "eager")
        data = {"x": X, "y": Y, "batch_size": 20}
        if form == "stream":
            data = {"x": iter([(X[:20], Y[:20])] * 12), "steps_per_epoch": 6}
        history = model.fit(**data, epochs=2, verbose=0, profile=profile)
        return history, [*model.get_weights(), *[v.numpy() for v in model.optimizer.variables]]

    (plain, expected), (profiled, got) = run(False), run(True)
    assert plain.history == profiled.history
    for a, b in zip(expected, got, strict=True):
        np.testing.assert_array_equal(a, b)
    assert plain.profile is None
    assert profiled.profile.timed_steps > 0
    if profiled.profile.steps:
        check(profiled.profile)


def test_a_step_of_ones_own():
    class Own(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.layer = layers.Dense(1, name="layer")

        def call(self, x):
            return self.layer(x)

        def test_step(self, data):
            x, y = data
            return {"size": keras.ops.mean(self.layer(x) - y)}

    model = Own()
    p = check(fitted(model).profile)
    assert p["layer"].forward > 0


@pytest.mark.engine("torch", "tensorflow")
def test_a_step_in_the_manner_of_the_library():
    class Native(keras.Model):
        def __init__(self):
            super().__init__(name="native")
            self.layer = layers.Dense(1, name="layer")

        def call(self, x):
            return self.layer(x)

        def train_step(self, data):
            x, y = data
            if config.backend() == "torch":
                self.zero_grad()
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
                loss.backward()
                grads = [v.value.grad for v in self.trainable_weights]
                import torch

                with torch.no_grad():
                    self.optimizer.apply(grads, self.trainable_weights)
            else:
                import tensorflow as tf

                with tf.GradientTape() as tape:
                    loss = self.compute_loss(y=y, y_pred=self(x, training=True))
                grads = tape.gradient(loss, self.trainable_weights)
                self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
            return {"loss": loss}

    losses = []
    for profile in (False, True):
        keras.utils.set_random_seed(2)
        history = fitted(Native(), profile=profile)
        losses.append(history.history["loss"])
    assert losses[0] == losses[1]
    assert check(history.profile)["layer"].forward > 0


def test_training_that_is_too_short_to_be_timed():
    p = check(fitted(lopsided(), epochs=1, batch_size=96).profile)
    assert p.timed_steps == 0 and p.step_seconds > 0


def test_a_model_that_was_trained_before():
    model = lopsided()
    fitted(model, profile=False)
    history = model.fit(X, Y, batch_size=16, verbose=0, profile=True)
    assert check(history.profile)["heavy"].forward > 0
    assert model.fit(X, Y, batch_size=16, verbose=0).profile is None


def test_waiting_for_data():
    import time

    def slow():
        while True:
            time.sleep(0.02)
            yield X[:4], Y[:4]

    model = keras.Sequential([keras.Input((12,)), layers.Dense(1)])
    p = check(fitted(model, x=slow(), y=None, batch_size=None, steps_per_epoch=12).profile)
    assert p["waiting for data"].share > 0.5


def test_what_is_printed(capsys):
    model = lopsided()
    fitted(model, verbose=0)
    assert "Profile" not in capsys.readouterr().out
    fitted(model, verbose=2)
    assert 'Profile of training: "lopsided"' in capsys.readouterr().out
    model.evaluate(X, Y, verbose=2, profile=True)
    out = capsys.readouterr().out
    assert 'Profile of evaluation: "lopsided"' in out and "optimizer" not in out


def test_an_interrupted_training_shows_what_was_measured(capsys):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        fitted(lopsided(), verbose=2, callbacks=[Stop()])
    assert "Profile of training" in capsys.readouterr().out


def test_everywhere():
    first, second = lopsided(), lopsided()
    with profiles.everywhere() as seen:
        for model in (first, first, second):
            fitted(model, profile=False, epochs=1)
    assert seen.trainings == 3 and len(seen.profiles) == 2
    assert fitted(first, profile=False).profile is None


# --- the command --------------------------------------------------------------------------------

PROGRAM = """
import sys
import numpy as np
import kerata as keras
from helper import units

assert __name__ == "__main__"
print("arguments", sys.argv[1:])
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, name="only")])
model.compile("sgd", "mse")
model.fit(np.zeros((40, 3)), np.zeros((40, units)), epochs=2, verbose=0)
"""


def command(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "kerata", "profile", *arguments],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip


@pytest.fixture
def script(tmp_path):
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "helper.py").write_text("units = 2\n")
    file = tmp_path / "programs" / "train.py"
    file.write_text(PROGRAM)
    return file


def test_command(tmp_path, script):
    done = command(tmp_path, "programs/train.py", "--epochs", "3", "-h")
    assert done.returncode == 0, done.stderr
    assert "arguments ['--epochs', '3', '-h']" in done.stdout
    assert done.stdout.count("Profile of training") == 1 and "only (Dense)" in done.stdout


def test_command_with_a_program_that_fails(tmp_path, script):
    script.write_text(PROGRAM + "\nraise ValueError('too late')\n")
    done = command(tmp_path, str(script))
    assert done.returncode == 1 and "only (Dense)" in done.stdout
    assert "ValueError: too late" in done.stderr and "train.py" in done.stderr
    assert "runpy" not in done.stderr


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("print('hello')", 1, "never called fit"),
        ("import sys; sys.exit(3)", 3, "never called fit"),
        ("import sys; sys.exit('no data')", 1, "no data"),
        ("def f(:", 1, "SyntaxError"),
        (None, 2, "does not exist"),
    ],
)
def test_command_with_nothing_to_show(tmp_path, source, status, said):
    if source is not None:
        (tmp_path / "p.py").write_text(source)
    done = command(tmp_path, "p.py")
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr
    assert source is not None or "Traceback" not in done.stderr
