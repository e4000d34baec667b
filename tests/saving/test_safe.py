"""Writing that loses nothing, and files that mean harm or are damaged."""

import contextlib
import errno
import io
import json
import os
import stat
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import kerata as keras
from kerata import layers as L
from kerata.errors import FileError
from kerata.saving import safe


def model(units=2):
    return keras.Sequential([keras.Input((4,)), L.Dense(units)])


# --- writing ------------------------------------------------------------------------------------


def test_a_failure_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), safe.atomic(path) as file:
        file.write(b"half of the ne")
        raise RuntimeError
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["f"]
    with safe.atomic(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["f"]


def test_missing_folders_are_made_and_links_followed(tmp_path):
    with safe.atomic(tmp_path / "a" / "b" / "f") as file:
        file.write(b"x")
    assert (tmp_path / "a" / "b" / "f").read_bytes() == b"x"
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b" / "f")
    with safe.atomic(tmp_path / "link") as file:
        file.write(b"y")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "a" / "b" / "f").read_bytes() == b"y"


def test_permissions_are_those_of_other_files(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    with safe.atomic(tmp_path / "f") as file:
        file.write(b"x")
    mode = lambda p: stat.S_IMODE(p.stat().st_mode)  # noqa: E731
    assert mode(tmp_path / "f") == mode(plain)
    plain.chmod(0o600)
    with safe.atomic(plain) as file:
        file.write(b"x")
    assert mode(plain) == 0o600


def test_overwriting_can_be_refused(tmp_path):
    for name in ("m.keras", "m.h5"):
        model().save(tmp_path / name)
        before = (tmp_path / name).read_bytes()
        with pytest.raises(FileExistsError, match="overwrite=True"):
            model(3).save(tmp_path / name, overwrite=False)
        assert (tmp_path / name).read_bytes() == before
    model().save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(FileExistsError):
        model().save_weights(tmp_path / "w.weights.h5", overwrite=False)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        model().save_weights(tmp_path)


class Full:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.file.close()


@pytest.mark.parametrize("room", [0, 100, 3000])
@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.weights.h5", "w.h5"])
def test_a_full_disk_leaves_the_old_file_whole(name, room, tmp_path, monkeypatch):
    path = tmp_path / name

    def save(m):
        (m.save if name.startswith("m.") and "weights" not in name else m.save_weights)(path)

    save(model())
    before = path.read_bytes()
    opened = os.fdopen
    monkeypatch.setattr(safe.os, "fdopen", lambda *a: Full(opened(*a), room))
    with pytest.raises(OSError, match="the disk is full") as e:
        save(model(300))
    assert e.value.errno == errno.ENOSPC and str(path) in str(e.value)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    "number, words", [(errno.EROFS, "read-only"), (errno.EACCES, "no permission")]
)
def test_a_folder_that_cannot_be_written(number, words, tmp_path, monkeypatch):
    path = tmp_path / "m.keras"
    model().save(path)

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(safe.os, "open", refuse)
    with pytest.raises(OSError, match=words):
        model().save(path)
    monkeypatch.undo()
    keras.models.load_model(path)


# --- foreign and damaged files ------------------------------------------------------------------


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "is empty"),
        (b"\x80\x04\x95 pickle", "pickle"),
        (b"\x1c\x00\x00\x00TFL3\x14\x00", "TensorFlow Lite"),
        (b"<!DOCTYPE html>", "HTML"),
        (b'{"class_name": "Sequential"}', "model_from_json"),
        (b"just text", "neither a zip archive"),
        (b"PK\x03\x04 no zip at all", "damaged or cut short"),
        (b"\x89HDF\r\n\x1a\n and nothing more", "damaged, cut short"),
    ],
)
def test_foreign_files(content, words, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    for load in (keras.models.load_model, model().load_weights):
        with pytest.raises(FileError, match=words) as e:
            load(path)
        assert str(path) in str(e.value)


def test_folders(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(FileError, match="SavedModel"):
        keras.models.load_model(tmp_path)


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_every_cut_is_noticed(name, tmp_path):
    m = model()
    m.compile(optimizer="adam", loss="mse")
    m.save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for length in np.linspace(1, len(whole) - 1, 25).astype(int):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(FileError):
            keras.models.load_model(tmp_path / name)


def test_flipped_bytes_are_an_error_or_harmless(tmp_path):
    path = tmp_path / "m.keras"
    model().save(path)
    whole = path.read_bytes()
    rng = np.random.RandomState(0)
    for position in rng.randint(0, len(whole), 40):
        broken = bytearray(whole)
        broken[position] ^= 0xFF
        path.write_bytes(bytes(broken))
        with contextlib.suppress(FileError):
            keras.models.load_model(path)


def rewrite(path: Path, **members: bytes) -> Path:
    """A ``.keras`` file of a small model with some members replaced (``config_json=...``)."""
    model().save(path)
    with zipfile.ZipFile(path) as archive:
        content = {n: archive.read(n) for n in archive.namelist()}
    content |= {k.replace("__", "/").replace("_", "."): v for k, v in members.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "members, words",
    [
        ({"config_json": None}, "it has no config.json"),
        ({"model_weights_h5": None}, "it has no model.weights.h5"),
        ({"config_json": b"{"}, "config.json is damaged"),
        ({"config_json": b"[1, 2]"}, "describes no model"),
        ({"config_json": b"[" * 100_000}, "config.json is damaged"),
        ({"metadata_json": b"\xff\xff"}, "metadata.json is damaged"),
        ({"config_json": json.dumps(L.Dense(2).get_config() | {"class_name": "Dense", "config": {"units": 2}}).encode()},
         "not a model"),
        ({"model_weights_h5": b"nothing"}, "no HDF5 file"),
        ({"config_json": b" " * (80 * 2**20)}, "made to fill the memory"),
    ],
    ids=range(9),
)  # fmt: skip
def test_archives_that_are_no_models(members, words, tmp_path):
    with pytest.raises(FileError, match=words) as e:
        keras.models.load_model(rewrite(tmp_path / "m.keras", **members))
    if "not a model" not in words:
        assert str(tmp_path / "m.keras") in str(e.value)


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "C:\\out", "..\\out"])
def test_no_path_leads_out(name, tmp_path):
    with pytest.raises(FileError, match="leads outside"):
        safe.inside(tmp_path, name, "f")
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"assets/x/{name}", b"harm")
    (tmp_path / "in").mkdir()
    with safe.Archive(data, "f") as archive, pytest.raises(FileError, match="leads outside"):
        archive.extract("assets/x/", tmp_path / "in")
    assert os.listdir(tmp_path) == ["in"]


def hdf5(change) -> bytes:
    """The weights of a small model after a change."""
    from kerata.saving import archive

    buffer = io.BytesIO(bytes(archive.weights_bytes(model())))
    with h5py.File(buffer, "r+") as file:
        change(file["layers/dense/vars"])
    return buffer.getvalue()


def external_link(group):
    del group["0"]
    group["0"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(group):
    del group["0"]
    group["0"] = h5py.SoftLink("/layers/dense/vars/1")


def external_data(group):
    del group["0"]
    group.create_dataset("0", (4, 2), "float32", external=[("/etc/hostname", 0, 32)])


def virtual_data(group):
    del group["0"]
    layout = h5py.VirtualLayout((4, 2), "float32")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (4, 2))
    group.create_virtual_dataset("0", layout)


@pytest.mark.parametrize(
    "change, words",
    [(external_link, "link to elsewhere"), (soft_link, "link to elsewhere"),
     (external_data, "another file"), (virtual_data, "another file")],
)  # fmt: skip
def test_hdf5_that_points_elsewhere(change, words, tmp_path):
    content = hdf5(change)
    with pytest.raises(FileError, match=words):
        keras.models.load_model(rewrite(tmp_path / "m.keras", model_weights_h5=content))
    (tmp_path / "w.weights.h5").write_bytes(content)
    with pytest.raises(FileError, match=words):
        model().load_weights(tmp_path / "w.weights.h5")


def test_arrays_that_claim_more_than_they_store(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        data = file.create_dataset(
            "x", (2**20, 2**14), "float32", chunks=(1024, 1024), compression="gzip"
        )
        with pytest.raises(FileError, match="fill the memory"):
            safe.array(data, "f")


def test_code_in_files_does_not_run(tmp_path):
    """Keras 2's lambdas and Keras 3's, and functions named to be called."""
    trap = tmp_path / "trap"
    code = compile(f"open({str(trap)!r}, 'w').close()", "x", "eval")
    import base64
    import marshal

    text = base64.b64encode(marshal.dumps(code)).decode()
    functions = [
        {"class_name": "__lambda__", "config": {"code": text, "defaults": None, "closure": None}},
        {"class_name": "__lambda__", "config": {"value": [text, None, None]}},
        [text, None, None],
        {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "function",
        },
    ]
    for function in functions:
        layer = {
            "class_name": "Lambda",
            "config": {"name": "l", "function": function, "function_type": "lambda"},
        }
        inputs = {"class_name": "InputLayer", "config": {"batch_shape": [None, 2], "name": "i"}}
        config = {"class_name": "Sequential", "config": {"name": "s", "layers": [inputs, layer]}}
        with pytest.raises(ValueError, match=r"safe_mode=False|Unknown function"):
            keras.models.load_model(
                rewrite(tmp_path / "m.keras", config_json=json.dumps(config).encode())
            )
        with pytest.raises(ValueError, match=r"safe_mode=False|Unknown function"):
            keras.models.model_from_json(json.dumps(config))
    assert not trap.exists()
