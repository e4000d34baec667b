"""TensorFlow checkpoints and SavedModels of tf.keras, and the names that its programs give to weights."""

import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import kerata as keras
from kerata.errors import FileError, InputError, ShapeError
from kerata.saving.tensor_bundle import Bundle

DATA = Path(__file__).parents[1] / "data" / "tensorflow"
L = keras.layers


def small():
    return keras.Sequential(
        [
            keras.Input((6, 6, 2), name="image"),
            L.Conv2D(3, 3, activation="relu"),
            L.BatchNormalization(),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(2, activation="softmax"),
        ]
    )


def graph():
    x = keras.Input((5, 4), name="x")
    inner = keras.Sequential([keras.Input((6,)), L.Dense(3, activation="tanh")], name="inner")
    y = L.Bidirectional(L.LSTM(3, name="lstm"), name="both")(x)
    z = L.MultiHeadAttention(2, 2, name="attention")(x, x)
    z = L.GlobalAveragePooling1D(name="mean")(z)
    t = L.TimeDistributed(L.Dense(3, name="each"), name="times")(x)
    z = L.GRU(2, name="gru")(t) + L.Dense(2, name="d")(z)
    return keras.Model(x, L.Concatenate(name="cat")([inner(y), z]))


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [L.Dense(4, activation="relu"), L.Dense(3)]
        self.last = L.Dense(2)

    def call(self, x):
        for b in self.blocks:
            x = b(x)
        return self.last(x)


def net():
    model = Net()
    model(np.zeros((1, 3), "float32"))
    return model


def check(model, name):
    record = np.load(DATA / name / "predictions.npz")
    got = model.predict(record["x"], verbose=0)
    np.testing.assert_allclose(got, record["y"], rtol=1e-5, atol=1e-5)


# --- theirs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [small, graph, net])
def test_weights_of_a_checkpoint(make):
    model, name = make(), make.__name__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.load_weights(str(DATA / name / "w.ckpt")).expect_partial()
    check(model, name)


def test_a_model_in_a_checkpoint_of_objects():
    model = net()
    assert model.load_weights(DATA / "net" / "whole").assert_consumed() is not None
    check(model, "net")


@pytest.mark.parametrize("make", [small, graph])
def test_saved_model(make):
    name = make.__name__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = keras.models.load_model(DATA / name / "saved")
    check(model, name)
    assert model.compiled and model.loss == "mse"
    assert type(model.optimizer).__name__ == "Adam"
    other = make()
    other.load_weights(DATA / name / "saved")
    check(other, name)
    assert not keras.models.load_model(DATA / name / "saved", compile=False).compiled


def test_arrays_of_a_checkpoint():
    bundle = Bundle(DATA / "net" / "w.ckpt")
    key = "last/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    assert key in bundle.entries and bundle.shape(key) == (3, 2)
    value = bundle.read(key)
    assert value.dtype == "float32" and value.shape == (3, 2) and np.abs(value).max() < 2


def test_what_does_not_fit_is_told_and_nothing_is_changed():
    model = keras.Sequential([keras.Input((6, 6, 2)), L.Conv2D(3, 3), L.BatchNormalization(),
                              L.Flatten(), L.Dense(5), L.Dense(1)])  # fmt: skip
    before = model.get_weights()
    with pytest.raises(ShapeError, match=r"(?s)mismatched.*\(48, 5\).*\(48, 2\).*missing"):
        model.load_weights(DATA / "small" / "w.ckpt")
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)
    with pytest.warns(UserWarning, match="mismatched"):
        model.load_weights(DATA / "small" / "w.ckpt", skip_mismatch=True)
    assert not np.array_equal(before[0], model.get_weights()[0])
    with pytest.raises(InputError, match="by_name"):
        model.load_weights(DATA / "small" / "w.ckpt", by_name=True)


def test_weights_that_the_model_has_not_are_named():
    model = keras.Sequential([keras.Input((6, 6, 2)), L.Conv2D(3, 3), L.BatchNormalization()])
    with pytest.warns(UserWarning, match="layer_with_weights-2/kernel"):
        model.load_weights(DATA / "small" / "w.ckpt")


@pytest.mark.parametrize("end", [".index", ".data-00000-of-00001"])
def test_damaged_checkpoints(end, tmp_path):
    for file in (DATA / "small").glob("w.ckpt*"):
        shutil.copy(file, tmp_path / file.name)
    model = small()
    before = model.get_weights()
    path = tmp_path / f"w.ckpt{end}"
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], content[:20], b""):
        path.write_bytes(damaged)
        with pytest.raises(FileError, match=r"w\.ckpt"):
            model.load_weights(tmp_path / "w.ckpt")
    if end == ".index":
        path.write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
        with pytest.raises(FileError, match="damaged"):
            model.load_weights(tmp_path / "w.ckpt")
    else:
        path.unlink()
        with pytest.raises(FileError, match=r"is missing"):
            model.load_weights(tmp_path / "w.ckpt")
    for a, b in zip(before, model.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_saved_models_that_hold_no_layers(tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"")
    with pytest.raises(FileError, match=r"keras_metadata.*load_weights"):
        keras.models.load_model(folder)
    content = (DATA / "small" / "saved" / "keras_metadata.pb").read_bytes()
    (folder / "keras_metadata.pb").write_bytes(content[:500])
    with pytest.raises(FileError, match="damaged"):
        keras.models.load_model(folder)


# --- ours under their names ---------------------------------------------------------------------


def latest(folder):
    """What ``tf.train.latest_checkpoint`` finds."""
    line = (Path(folder) / "checkpoint").read_text().splitlines()[0]
    return str(Path(folder) / line.partition(": ")[2].strip('"'))


def test_names_of_checkpoints(tmp_path):
    model = small()
    path = str(tmp_path / "training" / "cp-{epoch:04d}.ckpt")
    saver = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    model.compile("sgd", "mse")
    x = np.zeros((4, 6, 6, 2), "float32")
    model.fit(x, np.zeros((4, 2)), epochs=2, verbose=0, callbacks=[saver])
    assert (tmp_path / "training" / "cp-0001.ckpt").is_file()
    found = latest(tmp_path / "training")
    assert found.endswith("cp-0002.ckpt")
    other = small()
    other.load_weights(found).expect_partial()
    for a, b in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)
    model.save_weights(tmp_path / "plain")
    assert latest(tmp_path).endswith("plain")
    model.save_weights(tmp_path / "modern" / "m.weights.h5")
    model.save_weights(tmp_path / "modern" / "m.h5")
    assert not (tmp_path / "modern" / "checkpoint").exists()


def test_tensorflow_finds_them(tmp_path):
    tf = sys.modules.get("tensorflow")
    if tf is None:
        pytest.skip("TensorFlow is not the engine, and takes long to import")
    small().save_weights(tmp_path / "w.ckpt")
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "w.ckpt")


@pytest.mark.parametrize("how", [{}, {"save_format": "tf"}])
def test_a_model_saved_as_a_folder(how, tmp_path):
    model = small()
    path = tmp_path / "models" / "1"
    model.save(path, **how)
    assert path.is_dir()
    x = np.ones((2, 6, 6, 2), "float32")
    want = model.predict(x, verbose=0)
    again = keras.models.load_model(str(path))
    np.testing.assert_allclose(again.predict(x, verbose=0), want, rtol=1e-6)
    other = small()
    other.load_weights(path)
    np.testing.assert_allclose(other.predict(x, verbose=0), want, rtol=1e-6)
    again.save(path)
    with pytest.raises(FileExistsError):
        again.save(path, overwrite=False)


def test_hdf5_by_its_long_name_and_by_format(tmp_path):
    import h5py

    model = small()
    model.save(tmp_path / "m.hdf5")
    model.save(tmp_path / "m", save_format="h5")
    model.save_weights(tmp_path / "w", save_format="h5")
    for name in ("m.hdf5", "m", "w"):
        with h5py.File(tmp_path / name) as file:
            assert "layer_names" in file.get("model_weights", file).attrs


# --- np.savez -----------------------------------------------------------------------------------


def test_arrays_of_numpy(tmp_path):
    model, other = small(), small()
    np.savez(tmp_path / "w.npz", *model.get_weights())
    other.load_weights(tmp_path / "w.npz")
    for a, b in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)
    before = other.get_weights()
    np.savez(tmp_path / "w.npz", *model.get_weights()[:-2])
    with pytest.raises(ShapeError, match="missing"):
        other.load_weights(tmp_path / "w.npz")
    np.savez(tmp_path / "w.npz", np.array([{}], object))
    with pytest.raises(FileError, match="Python objects"):
        other.load_weights(tmp_path / "w.npz")
    for a, b in zip(before, other.get_weights()):
        np.testing.assert_array_equal(a, b)
