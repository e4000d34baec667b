"""Files written by the real libraries and read by Kerata, and the other way round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import kerata as keras

from . import oracle_support, zoo

pytestmark = oracle_support.needs_oracle

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def flat(y):
    return [np.asarray(v) for v in (y if isinstance(y, (list, tuple)) else [y])]


def train(model, x, y):
    for _ in range(3):
        model.train_on_batch(x, y)


def compare(record, model, x, y, train_on=True):
    """Predictions now, and after three more steps of training, against those on record."""
    for i, v in enumerate(flat(model.predict(x, verbose=0))):
        np.testing.assert_allclose(v, record[f"before{i}"], **TOLERANCE)
    if train_on:
        train(model, x, y)
        for i, v in enumerate(flat(model.predict(x, verbose=0))):
            np.testing.assert_allclose(v, record[f"after{i}"], **TOLERANCE)


# --- theirs, read by Kerata ---------------------------------------------------------------------


@pytest.fixture(scope="session", params=["keras", "tf_keras"])
def theirs(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp(f"from_{request.param}")
    oracle_support.ask(request.param, "write", folder)
    return folder


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("kind", zoo.KINDS)
def test_kerata_reads_their_models_and_trains_on(theirs, kind, suffix):
    _, x, y = zoo.KINDS[kind](keras)
    model = keras.models.load_model(theirs / f"{kind}{suffix}")
    compare(np.load(theirs / f"{kind}.npz"), model, x, y)


@pytest.mark.parametrize("theirs", ["keras"], indirect=True)
@pytest.mark.parametrize("kind", zoo.MODERN)
def test_kerata_reads_what_only_they_know(theirs, kind):
    _, x, y = zoo.MODERN[kind](keras)
    model = keras.models.load_model(theirs / f"{kind}.keras")
    compare(np.load(theirs / f"{kind}.npz"), model, x, y)


@pytest.mark.parametrize("kind", zoo.KINDS)
def test_kerata_reads_their_weights(theirs, kind):
    model, x, y = zoo.KINDS[kind](keras)
    model.load_weights(theirs / f"{kind}.weights.h5")
    compare(np.load(theirs / f"{kind}.npz"), model, x, y, train_on=False)


@pytest.mark.parametrize("theirs", ["keras"], indirect=True)
@pytest.mark.parametrize("kind", zoo.KINDS)
def test_kerata_reads_weights_in_several_files(theirs, kind):
    model, x, y = zoo.KINDS[kind](keras)
    model.load_weights(theirs / f"{kind}.weights.json")
    compare(np.load(theirs / f"{kind}.npz"), model, x, y, train_on=False)


@pytest.mark.parametrize("kind", zoo.KINDS)
def test_kerata_reads_weights_out_of_their_whole_models(theirs, kind):
    model, x, y = zoo.KINDS[kind](keras)
    for suffix in (".keras", ".h5"):
        model.load_weights(theirs / f"{kind}{suffix}")
        compare(np.load(theirs / f"{kind}.npz"), model, x, y, train_on=False)


# --- Kerata's, read by them ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def ours(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("from_kerata")
    for kind, make in {**zoo.KINDS, **zoo.MODERN}.items():
        model, x, y = make(keras)
        train(model, x, y)
        model.save(folder / f"{kind}.keras")
        if kind in zoo.KINDS:
            model.save(folder / f"{kind}.h5")
            model.save_weights(folder / f"{kind}.weights.h5")
            model.save_weights(folder / f"{kind}.weights.json", max_shard_size=zoo.SHARD)
        record = {f"before{i}": v for i, v in enumerate(flat(model.predict(x, verbose=0)))}
        train(model, x, y)
        record |= {f"after{i}": v for i, v in enumerate(flat(model.predict(x, verbose=0)))}
        np.savez(folder / f"{kind}.npz", **record)
    return folder


@pytest.fixture(scope="session")
def read_by_keras(ours) -> Path:
    oracle_support.ask("keras", "read", ours)
    return ours


@pytest.fixture(scope="session")
def read_by_tf_keras(ours, tmp_path_factory) -> Path:
    import shutil

    folder = tmp_path_factory.mktemp("for_tf_keras")
    for file in ours.iterdir():
        if file.suffix in (".h5", ".npz") and file.name.count(".") == 1:
            shutil.copy(file, folder / file.name)
    oracle_support.ask("tf_keras", "read", folder)
    return folder


def check(folder: Path, name: str) -> None:
    error = folder / f"{name}.error"
    assert not error.exists(), error.read_text()[-3000:]
    got, want = np.load(folder / f"{name}.npz"), np.load(folder / f"{name.partition('.')[0]}.npz")
    for key in got.files:
        np.testing.assert_allclose(got[key], want[key], **TOLERANCE, err_msg=key)


@pytest.mark.parametrize("kind", zoo.MODERN)
def test_keras_reads_what_only_it_knows(read_by_keras, kind):
    check(read_by_keras, f"{kind}.keras")


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5", ".weights.json"])
@pytest.mark.parametrize("kind", zoo.KINDS)
def test_keras_reads_ours_and_trains_on(read_by_keras, kind, suffix):
    check(read_by_keras, f"{kind}{suffix}")


# In HDF5, Keras 3 misreads the calls of nested models, refuses arguments that tf_keras demands, and has no ops.
@pytest.mark.parametrize(
    "kind", [k for k in zoo.KINDS if k not in ("nested", "attention", "operators")]
)
def test_keras_reads_our_hdf5(read_by_keras, kind):
    check(read_by_keras, f"{kind}.h5")


@pytest.mark.parametrize("kind", zoo.KINDS)
def test_tf_keras_reads_ours_and_trains_on(read_by_tf_keras, kind):
    check(read_by_tf_keras, f"{kind}.h5")
