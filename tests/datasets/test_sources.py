"""Files of data sets that mean harm, and honest ones."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from kerata.datasets._sources import load_npz, read_idx, split, unpickle
from kerata.errors import FileError, InputError


def ragged(*rows):
    out = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        out[i] = row
    return out


def test_npz(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=ragged([1, 2], [3]), y=np.arange(3, dtype="int64"), z=np.zeros((2, 2), "f4"))
    got = load_npz(path)
    assert got["x"].tolist() == [[1, 2], [3]] and got["y"].tolist() == [0, 1, 2]
    assert got["z"].dtype == np.float32 and got["z"].shape == (2, 2)


@pytest.mark.parametrize("protocol", [3, 4])  # those that NumPy writes into files
@pytest.mark.parametrize(
    "value",
    [
        np.arange(6, dtype="u1").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">i4"),
        np.array([True, False]),
        ragged([1], np.arange(2)),
        {"a": [1, "b"], "c": (2.5, None)},
    ],
)
def test_unpickle_gives_what_was_pickled(value, protocol):
    got = unpickle(io.BytesIO(pickle.dumps(value, protocol)))
    if isinstance(value, dict):
        assert got == value
    else:
        assert type(got) is np.ndarray and got.dtype == value.dtype
        assert [np.asarray(v).tolist() for v in got] == [np.asarray(v).tolist() for v in value]


def test_python_2_pickle():
    # What Python 2 wrote for {"data": array([[1, 2]], uint8), "labels": [7]}.
    raw = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\n"
        b"q\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87"
        b"Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x02\x01\x02tb"
        b"U\x06labelsq\x08]q\tK\x07au."
    )
    got = unpickle(io.BytesIO(raw), encoding="bytes")
    assert got[b"data"].tolist() == [[1, 2]] and got[b"labels"] == [7]


class Runs:
    def __init__(self, fn, *args):
        self.call = fn, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "evil",
    [
        Runs(os.system, "true"),
        Runs(eval, "1"),
        Runs(np.ndarray, (1,), np.dtype("i4")),
        Runs(np.ndarray, (1,), np.dtype(object), b"\0" * 8),
        Runs(np.load, "x"),
        np.zeros(1, [("a", "i4")]),
        np.zeros(1, "S3"),
    ],
)
def test_refused(tmp_path, evil):
    with pytest.raises(pickle.UnpicklingError):
        unpickle(io.BytesIO(pickle.dumps(evil, 3)))
    path = tmp_path / "a.npz"
    np.savez(path, x=ragged(evil))
    with pytest.raises(FileError, match="damaged"):
        load_npz(path)


@pytest.mark.parametrize(
    "state",
    [
        (1, (2,), "not a dtype", False, b"\0\0"),
        (1, (2,), np.dtype(object), False, b"\0" * 16),
        (1, (5,), np.dtype("u1"), False, b"\0"),
        (1, (-1,), np.dtype("u1"), False, b"\0"),
        (1, (2,), np.dtype(object), False, [1]),
        3,
    ],
)
def test_malformed_arrays(state):
    class Fake:
        def __reduce__(self):
            from numpy._core.multiarray import _reconstruct

            return _reconstruct, (np.ndarray, (0,), b"b"), state

    with pytest.raises(pickle.UnpicklingError):
        unpickle(io.BytesIO(pickle.dumps(Fake(), 3)))


def test_damaged_npz(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"no zip at all")
    with pytest.raises(FileError, match="damaged"):
        load_npz(path)
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("x.npy", b"\x93NUMPY\x01\x00")
    with pytest.raises(FileError, match="damaged"):
        load_npz(path)


def test_idx(tmp_path):
    path = tmp_path / "a.gz"
    raw = b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03" + bytes(range(6))
    for content in (raw, gzip.compress(raw)):
        path.write_bytes(content)
        assert read_idx(path).tolist() == [[0, 1, 2], [3, 4, 5]]
    for content in (raw[:-1], gzip.compress(raw)[:-9], b"text", b""):
        path.write_bytes(content)
        with pytest.raises(FileError):
            read_idx(path)


def test_split_errors():
    for wrong in (1, -0.1, 1.5):
        with pytest.raises(InputError, match="test_split"):
            split(np.arange(3), np.arange(3), wrong, 1)
