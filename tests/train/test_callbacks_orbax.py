"""Checkpoints of Orbax: written along the way, read again, and in the layout of Keras."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import kerata as keras
from kerata import callbacks, layers
from kerata.errors import FileError, InputError, ShapeError


@pytest.fixture
def ocp():
    pytest.importorskip("orbax.checkpoint")
    return pytest.importorskip("orbax.checkpoint.experimental.v1")


X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
Y = X.sum(1, keepdims=True)


def make(inner="inner", units=4, optimizer="adam"):
    parts = [layers.Dense(units, name="one"), layers.BatchNormalization(name="norm")]
    model = keras.Sequential(
        [
            layers.Input((3,)),
            keras.Sequential(parts, name=inner),
            layers.Dropout(0.1),
            layers.Dense(1, name="two"),
        ],
        name="outer",
    )
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def train(model, callback, epochs=2, **kwargs):
    return model.fit(X, Y, 6, epochs, verbose=0, callbacks=[callback], **kwargs)


def steps(folder):
    return sorted(int(name) for name in os.listdir(folder))


def same(a, b):
    states = [[v.numpy() for v in (*m.weights, *m.optimizer.variables)] for m in (a, b)]
    return all(np.array_equal(u, v) for u, v in zip(*states, strict=True))


@pytest.mark.parametrize("background", [True, False])
def test_a_training_goes_on(ocp, tmp_path, background):
    first = make()
    train(first, callbacks.OrbaxCheckpoint(tmp_path, save_on_background=background))
    assert steps(tmp_path) == [1]
    second = keras.models.load_model(tmp_path)
    assert same(first, second) and int(second.optimizer.iterations) == 4
    assert (second.predict(X, verbose=0) == first.predict(X, verbose=0)).all()
    again = callbacks.OrbaxCheckpoint(tmp_path, max_to_keep=None)
    train(second, again, 3, initial_epoch=2)
    assert steps(tmp_path) == [1, 2]
    # Of one step, and by its name.
    assert same(keras.models.load_model(tmp_path / "1"), first)
    assert not keras.models.load_model(str(tmp_path), compile=False).compiled


def test_every_so_many_batches(ocp, tmp_path, capsys):
    model = make()
    save = callbacks.OrbaxCheckpoint(tmp_path, save_freq=3, max_to_keep=2, verbose=1)
    train(model, save, 5)
    assert steps(tmp_path) == [6, 9]
    assert "Step 9: saved" in capsys.readouterr().out
    assert int(keras.models.load_model(tmp_path).optimizer.iterations) == 9
    train(model, save, 1)
    assert steps(tmp_path) == [9, 12]  # the tenth batch of all was the last of the first training


def test_only_the_best(ocp, tmp_path):
    save = callbacks.OrbaxCheckpoint(
        tmp_path, "score", save_best_only=True, mode="max", max_to_keep=None,
        initial_value_threshold=1.5, save_weights_only=True,
    )  # fmt: skip
    save.set_model(make())
    for epoch, score in enumerate([1.0, 2.0, 1.8, 3.0]):
        save.on_epoch_end(epoch, {"score": score})
    save.on_train_end()
    assert steps(tmp_path) == [1, 3]
    with pytest.warns(UserWarning, match="no 'score'"):
        save.on_epoch_end(9, {})


def test_weights_alone(ocp, tmp_path):
    first = make()
    train(first, callbacks.OrbaxCheckpoint(tmp_path, save_weights_only=True), 1)
    with pytest.raises(FileError, match="weights only"):
        keras.models.load_model(tmp_path)
    second = make("other")  # the name of a Sequential does not matter
    second.load_weights(tmp_path)
    assert all((a == b).all() for a, b in zip(first.get_weights(), second.get_weights()))
    assert int(second.optimizer.iterations) == 0
    wider = make(units=5)
    before = wider.get_weights()
    with pytest.raises(
        ShapeError, match=r"one/kernel: the model has \(3, 5\), the checkpoint \(3, 4\)"
    ):
        wider.load_weights(tmp_path)
    assert all((a == b).all() for a, b in zip(before, wider.get_weights()))
    with pytest.warns(UserWarning, match="left out"):
        wider.load_weights(tmp_path, skip_mismatch=True)
    assert (wider.get_weights()[-1] == first.get_weights()[-1]).all()


def test_another_optimizer_begins_anew(ocp, tmp_path):
    first, second = make(), make(optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    train(first, callbacks.OrbaxCheckpoint(tmp_path), 1)
    with pytest.warns(UserWarning, match="begins anew"):
        second.load_weights(tmp_path)
    assert int(second.optimizer.iterations) == 0
    assert (second.get_weights()[0] == first.get_weights()[0]).all()


def test_what_layers_keep_in_files(ocp, tmp_path):
    lookup = layers.StringLookup(vocabulary=["cat", "dog"])
    model = keras.Sequential(
        [layers.Input((1,), dtype="string"), lookup, layers.Embedding(4, 2), layers.Flatten()]
    )
    model.compile("sgd", "mse")
    words = np.array([["dog"], ["cow"]])
    model.fit(words, np.ones((2, 2)), verbose=0, callbacks=[callbacks.OrbaxCheckpoint(tmp_path)])
    loaded = keras.models.load_model(tmp_path)
    assert loaded.layers[0].get_vocabulary() == lookup.get_vocabulary()
    np.testing.assert_array_equal(loaded.predict(words, verbose=0), model.predict(words, verbose=0))


def test_layout_of_keras(ocp, tmp_path):
    """What Keras 3 writes: a Sequential's name in each path, seeds, and other names of optimizers."""
    model = make()
    train(model, callbacks.OrbaxCheckpoint(tmp_path / "own"), 1)
    step = tmp_path / "own" / "0"
    assert {"pytree", "model_config", "_CHECKPOINT_METADATA"} <= set(os.listdir(step))
    saved = ocp.load_checkpointables(step)
    assert json.loads(saved["model_config"]["config"])["class_name"] == "Sequential"
    tree = saved["pytree"]
    (optimizer,) = tree["optimizer_variables"].values()
    for group in ("trainable_variables", "non_trainable_variables"):
        tree[group] = {"outer": tree[group]}
    tree["non_trainable_variables"]["seed_generator_7"] = {
        "seed_generator_state": np.zeros(2, "uint32")
    }
    plain = ("iteration", "learning_rate")
    tree["optimizer_variables"] = {
        "adam_5": {k if k in plain else f"outer_{k}": v for k, v in optimizer.items()}
    }
    with ocp.training.Checkpointer(directory=tmp_path / "keras") as writer:
        writer.save_checkpointables(3, saved)
    assert same(keras.models.load_model(tmp_path / "keras"), model)


def test_errors(ocp, tmp_path):
    with pytest.raises(InputError, match="save_freq"):
        callbacks.OrbaxCheckpoint(tmp_path, save_freq="batch")
    model = make()
    train(model, callbacks.OrbaxCheckpoint(tmp_path))
    with pytest.raises(FileError, match="there is step 1 already"):
        train(model, callbacks.OrbaxCheckpoint(tmp_path))
    for file in (tmp_path / "1" / "pytree").glob("**/*"):
        if file.is_file():
            file.write_bytes(b"{")
    with pytest.raises(FileError, match="damaged"):
        keras.models.load_model(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="folder"):
        keras.models.load_model(tmp_path / "empty")


def test_signature():
    assert (
        list(inspect.signature(callbacks.OrbaxCheckpoint).parameters)
        == (
            "directory monitor verbose save_best_only mode save_freq initial_value_threshold max_to_keep "
            "save_on_background save_weights_only"
        ).split()
    )


def test_one_process(ocp, tmp_path):
    save = callbacks.OrbaxCheckpoint(tmp_path)
    assert save.is_primary_host() and not save.is_multihost_enabled()


def test_without_orbax():
    code = """
import sys
sys.modules["orbax"] = None
from kerata import callbacks
try:
    callbacks.OrbaxCheckpoint("folder")
except ImportError as e:
    print(e)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install --upgrade orbax-checkpoint" in out.stdout
