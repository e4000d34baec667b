"""`KerasFileEditor`: files looked at, changed, saved and read again."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import kerata as keras
from kerata import layers
from kerata.errors import FileError, InputError
from kerata.saving import KerasFileEditor


def model(*sizes: int, compiled: bool = False) -> keras.Model:
    made = keras.Sequential([layers.Input((3,)), *[layers.Dense(n) for n in sizes]])
    if compiled:
        made.compile("adam", "mse")
    return made


@pytest.fixture
def saved(tmp_path: Path) -> tuple[keras.Model, Path]:
    made = model(4, 2)
    path = tmp_path / "a.weights.h5"
    made.save_weights(path)
    return made, path


def test_reading(saved, capsys: pytest.CaptureFixture[str]) -> None:
    made, path = saved
    editor = KerasFileEditor(str(path))
    editor.summary()
    out = capsys.readouterr().out
    assert "a.weights.h5" in out and "dense_1 ('" in out and "0: shape=(3, 4), dtype=float32" in out
    tree = editor.weights_dict
    assert list(tree) == ["layers"] and list(tree["layers"]) == ["dense", "dense_1"]
    np.testing.assert_array_equal(tree["layers"]["dense"]["0"], made.get_weights()[0])
    assert editor.config is None and editor.metadata is None


def test_round_trip(saved, tmp_path: Path) -> None:
    made, path = saved
    KerasFileEditor(path).save(tmp_path / "b.weights.h5")
    other = model(4, 2)
    other.load_weights(tmp_path / "b.weights.h5")
    for a, b in zip(made.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_editing(saved, tmp_path: Path) -> None:
    """A layer between the two is new, the last one is smaller: the file is made to fit."""
    made, path = saved
    wider = model(4, 5, 1)
    editor = KerasFileEditor(path)
    assert editor.compare(wider)["status"] == "error"
    kernel, bias = np.ones((4, 5), "float32"), np.zeros(5, "float32")
    editor.rename_object("dense_1", "dense_2")
    editor.add_object("layers/dense_1", {"0": kernel, "1": bias})
    editor.delete_weight("layers/dense_2", "0")
    editor.add_weights(
        "dense_2", {"0": np.full((5, 1), 2.0, "float32"), "1": np.ones(1, "float32")}
    )
    assert editor.compare(wider) == {"status": "success", "error_count": 0, "match_count": 6}
    editor.resave_weights(str(tmp_path / "b.weights.h5"))
    wider.load_weights(tmp_path / "b.weights.h5")
    got = wider.get_weights()
    np.testing.assert_array_equal(got[0], made.get_weights()[0])
    np.testing.assert_array_equal(got[2], kernel)
    assert got[4].tolist() == [[2.0]] * 5 and got[5].tolist() == [1.0]
    editor.delete_object("dense_2")
    assert list(editor.weights_dict["layers"]) == ["dense", "dense_1"]


def test_comparing(saved, capsys: pytest.CaptureFixture[str]) -> None:
    editor = KerasFileEditor(saved[1])
    assert editor.compare(saved[0])["match_count"] == 4
    found = editor.compare(model(4, 3))
    assert found == {"status": "error", "error_count": 2, "match_count": 2}
    assert "in reference model (4, 3), in saved file (4, 2)" in capsys.readouterr().out
    assert editor.compare(model(4)) == {"status": "error", "error_count": 1, "match_count": 2}
    assert editor.compare(model(4, 2, 1)) == {"status": "error", "error_count": 1, "match_count": 4}
    assert "dense_2" in capsys.readouterr().out


def test_whole_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = keras.Input((4, 3))
    attended = layers.MultiHeadAttention(2, 3)(inputs, inputs)
    made = keras.Model(inputs, layers.BatchNormalization()(attended))
    made.compile("adam", "mse")
    made.fit(np.ones((2, 4, 3)), np.ones((2, 4, 3)), verbose=0)
    made.save(tmp_path / "a.keras")
    editor = KerasFileEditor(tmp_path / "a.keras")
    assert editor.metadata["keras_version"] and editor.config["class_name"] == "Functional"
    assert "Saved with Keras" in capsys.readouterr().out
    assert editor.compare(made)["status"] == "success"
    editor.save(tmp_path / "b.weights.h5")
    other = keras.models.clone_model(made)
    other.load_weights(tmp_path / "b.weights.h5")
    for a, b in zip(made.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_errors(saved, tmp_path: Path) -> None:
    editor = KerasFileEditor(saved[1])
    for call, message in (
        (lambda: editor.delete_object("conv"), "no object 'conv'"),
        (lambda: editor.delete_object("layers/conv"), "no object 'layers/conv'"),
        (lambda: editor.rename_object("dense", "a/b"), "last part"),
        (lambda: editor.rename_object("dense", "dense_1"), "already"),
        (lambda: editor.delete_weight("dense", "7"), r"has \['0', '1'\]"),
        (lambda: editor.add_object("x/y", {}), "no 'x'"),
        (lambda: editor.add_weights("dense", [1]), "dict of arrays"),
        (lambda: editor.save(tmp_path / "a.h5"), "must end with"),
        (lambda: KerasFileEditor(tmp_path / "a.h5"), "must end with"),
    ):
        with pytest.raises(InputError, match=message):
            call()
    editor.add_object("more", {})
    editor.weights_dict["more"]["dense"] = {}
    with pytest.raises(InputError, match="2 objects are named"):
        editor.delete_object("dense")
    with h5py.File(tmp_path / "c.weights.h5", "w") as file:
        file["layers"] = h5py.ExternalLink(str(saved[1]), "layers")
    with pytest.raises(FileError, match="link to elsewhere"):
        KerasFileEditor(tmp_path / "c.weights.h5")
