"""Every data set, on small files of the form of the real ones, and the bundled digits."""

from __future__ import annotations

import gzip
import hashlib
import inspect
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from kerata import config
from kerata.datasets import (
    _cifar,
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    digits,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)
from kerata.errors import FileError, InputError
from kerata.utils import files
from kerata.utils.files import DownloadError


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("KERATA_HOME", str(tmp_path / "kerata"))
    return tmp_path


def ragged(rows):
    out = np.empty(len(rows), object)
    for i, row in enumerate(rows):
        out[i] = row
    return out


# --- digits -------------------------------------------------------------------------------------


def test_digits():
    (x, y), (x_test, y_test) = digits.load_data()
    assert x.shape == (1437, 8, 8) and x_test.shape == (360, 8, 8)
    assert x.dtype == y.dtype == np.uint8 and x.max() == 16 and x.min() == 0
    assert set(y) == set(y_test) == set(range(10))
    again = digits.load_data()
    assert (again[0][0] == x).all()
    (other, _), (rest, _) = digits.load_data(test_split=0, seed=1)
    assert len(other) == 1797 and len(rest) == 0
    assert (Path(digits.__file__).parent / "data/digits.LICENSE.txt").read_text().count("CC BY 4.0")


def test_digits_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.datasets")
    theirs = sklearn.load_digits()
    order = np.arange(1797)
    np.random.RandomState(113).shuffle(order)
    (x, y), _ = digits.load_data(test_split=0)
    assert (x == theirs.images[order]).all() and (y == theirs.target[order]).all()


# --- images -------------------------------------------------------------------------------------


def test_mnist(tmp_path):
    path = tmp_path / "mine.npz"
    x, y = np.zeros((3, 28, 28), "u1"), np.arange(3, dtype="u1")
    np.savez(path, x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    (a, b), (c, _) = mnist.load_data(str(path))
    assert a.shape == (3, 28, 28) and b.tolist() == [0, 1, 2] and c.shape == (1, 28, 28)


def idx(array):
    return (
        b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
    )


def test_fashion_mnist_of_the_system(tmp_path, monkeypatch):
    arrays = [np.full((n, 2, 2) if images else n, n, np.uint8) for n in (3, 1) for images in (1, 0)]
    known = {}
    for name, array in zip(fashion_mnist._FILES, arrays):
        raw = idx(array)
        known[name] = hashlib.sha256(raw).hexdigest()
        (tmp_path / name).write_bytes(gzip.compress(raw))
    monkeypatch.setattr(fashion_mnist, "_FILES", known)
    monkeypatch.setattr(fashion_mnist, "SYSTEM_FOLDERS", (str(tmp_path),))
    (x, y), (x_test, y_test) = fashion_mnist.load_data()
    assert x.shape == (3, 2, 2) and y.shape == (3,) and x_test.shape == (1, 2, 2)
    assert x.tolist() == arrays[0].tolist() and y_test.tolist() == [1]
    monkeypatch.setitem(known, "train-labels-idx1-ubyte.gz", "0" * 64)
    with pytest.raises(FileError, match="another hash"):
        fashion_mnist.load_data()


@pytest.mark.skipif(
    not Path(fashion_mnist.SYSTEM_FOLDERS[0]).is_dir(), reason="dataset-fashion-mnist not installed"
)
def test_real_fashion_mnist():
    (x, y), (x_test, y_test) = fashion_mnist.load_data()
    assert x.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert np.bincount(y).tolist() == [6000] * 10 and np.bincount(y_test).tolist() == [1000] * 10


def batch(count, first, **labels):
    data = (np.arange(count * 3072) % 251 + first).astype("u1").reshape(count, 3072)
    return {b"data": data, **{k.encode(): v for k, v in labels.items()}}


@pytest.mark.parametrize("layout", ["kerata/datasets/{0}-target/{0}", "keras/datasets/{0}"])
def test_cifar(tmp_path, layout):
    ten = tmp_path / layout.format("cifar-10-batches-py")
    ten.mkdir(parents=True)
    for i in range(1, 6):
        (ten / f"data_batch_{i}").write_bytes(pickle.dumps(batch(2, i, labels=[i, i + 1]), 3))
    (ten / "test_batch").write_bytes(pickle.dumps(batch(1, 0, labels=[9]), 3))
    (x, y), (x_test, y_test) = cifar10.load_data()
    assert x.shape == (10, 32, 32, 3) and y.shape == (10, 1) and y.dtype == np.uint8
    assert x[0, 0, :2, 0].tolist() == [1, 2]
    assert x[0, 0, 0].tolist() == [1, 1024 % 251 + 1, 2048 % 251 + 1]
    assert x_test.dtype == np.uint8 and y_test.tolist() == [[9]]

    hundred = tmp_path / layout.format("cifar-100-python")
    hundred.mkdir(parents=True)
    for name in ("train", "test"):
        content = batch(2, 0, fine_labels=[3, 99], coarse_labels=[1, 19])
        (hundred / name).write_bytes(pickle.dumps(content, 3))
    assert cifar100.load_data()[0][1].tolist() == [[3], [99]]
    config.set_image_data_format("channels_first")
    try:
        (x, y), _ = cifar100.load_data("coarse")
    finally:
        config.set_image_data_format("channels_last")
    assert x.shape == (2, 3, 32, 32) and y.tolist() == [[1], [19]]
    with pytest.raises(InputError, match="label_mode"):
        cifar100.load_data("medium")


def test_damaged_cifar(tmp_path):
    folder = tmp_path / "kerata/datasets/cifar-100-python"
    folder.mkdir(parents=True)
    (folder / "train").write_bytes(pickle.dumps({b"other": 1}, 3))
    for _ in range(2):
        with pytest.raises(FileError, match="CIFAR"):
            cifar100.load_data()
        (folder / "train").write_bytes(b"x")
    with pytest.raises(FileError, match="missing"):
        _cifar.read([folder / "nothing"], "labels")


# --- texts --------------------------------------------------------------------------------------

TEXTS = [[1, 2, 3], [4, 1], [9, 9, 9, 9], [5], [2, 2, 2]]


def write_texts(path):
    x = ragged(TEXTS)
    y = np.arange(5)
    np.savez(path, x_train=x, y_train=y, x_test=x[:4], y_test=y[:4], x=x, y=y)
    return str(path)


def by_label(part):
    return {int(label): text for text, label in zip(*part)}


def test_imdb(tmp_path):
    path = write_texts(tmp_path / "i.npz")
    (x, y), (x_test, _) = imdb.load_data(path)
    assert x.dtype == object and len(x) == 5 and len(x_test) == 4
    # The greatest number, 12, falls out of the bound that it sets.
    assert by_label((x, y))[2] == [1, 2, 2, 2, 2] and by_label((x, y))[1] == [1, 7, 4]
    order = np.arange(5)
    np.random.RandomState(113).shuffle(order)
    assert y.tolist() == order.tolist()


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"num_words": 7}, {0: [1, 4, 5, 6], 1: [1, 2, 4], 2: [1, 2, 2, 2, 2]}),
        ({"nb_words": 7}, {0: [1, 4, 5, 6], 1: [1, 2, 4], 2: [1, 2, 2, 2, 2]}),
        ({"num_words": 99, "skip_top": 5}, {0: [2, 2, 5, 6], 1: [2, 7, 2]}),
        ({"num_words": 7, "oov_char": None}, {0: [1, 4, 5, 6], 1: [1, 4], 2: [1]}),
        ({"num_words": 99, "start_char": None}, {0: [4, 5, 6], 1: [7, 4]}),
        ({"num_words": 99, "start_char": None, "index_from": 0}, {0: [1, 2, 3], 3: [5]}),
        ({"num_words": 99, "maxlen": 4}, {1: [1, 7, 4], 3: [1, 8]}),
    ],
)
def test_imdb_arguments(tmp_path, kwargs, expected):
    path = write_texts(tmp_path / "i.npz")
    got = by_label(imdb.load_data(path, **kwargs)[0])
    assert {k: got[k] for k in expected} == expected
    if "maxlen" in kwargs:
        assert set(got) == {1, 3}


def test_imdb_errors(tmp_path):
    path = write_texts(tmp_path / "i.npz")
    with pytest.raises(InputError, match="maxlen=1"):
        imdb.load_data(path, maxlen=1)
    with pytest.raises(TypeError, match="words"):
        imdb.load_data(path, words=3)


def test_reuters(tmp_path):
    path = write_texts(tmp_path / "r.npz")
    train, test = reuters.load_data(path, num_words=99, test_split=0.4)
    assert len(train[0]) == 3 and len(test[0]) == 2
    assert {**by_label(train), **by_label(test)}[0] == [1, 4, 5, 6]
    assert reuters.get_label_names()[:2] == ("cocoa", "grain")


def test_word_index(tmp_path):
    path = tmp_path / "w.json"
    path.write_text(json.dumps({"the": 1, "naïve": 2}), encoding="utf-8")
    for get in (imdb.get_word_index, reuters.get_word_index):
        assert get(str(path)) == {"the": 1, "naïve": 2}


# --- numbers ------------------------------------------------------------------------------------


def test_boston_housing(tmp_path):
    path = tmp_path / "b.npz"
    np.savez(path, x=np.arange(130.0).reshape(10, 13), y=np.arange(10.0))
    (x, y), (x_test, y_test) = boston_housing.load_data(str(path))
    assert x.shape == (8, 13) and x_test.shape == (2, 13)
    assert (x[:, 0] == y * 13).all() and y.tolist() != sorted(y.tolist())
    assert boston_housing.load_data(str(path), test_split=0.5, seed=2)[1][0].shape == (5, 13)
    with pytest.raises(InputError, match="test_split"):
        boston_housing.load_data(str(path), test_split=1)
    del y_test


def test_california_housing(tmp_path):
    path = tmp_path / "c.npz"
    np.savez(path, x=np.zeros((1000, 8)), y=np.arange(1000.0))
    (x, y), (x_test, _) = california_housing.load_data("small", str(path))
    assert x.shape == (480, 8) and x_test.shape == (120, 8) and y.max() < 600
    assert len(california_housing.load_data(path=str(path))[0][0]) == 800
    with pytest.raises(InputError, match="version"):
        california_housing.load_data("medium")


# --- all ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "file"),
    [
        (mnist.load_data, "mnist.npz"),
        (cifar10.load_data, "cifar-10-batches-py-target_archive"),
        (cifar100.load_data, "cifar-100-python-target_archive"),
        (imdb.load_data, "imdb.npz"),
        (imdb.get_word_index, "imdb_word_index.json"),
        (reuters.load_data, "reuters.npz"),
        (reuters.get_word_index, "reuters_word_index.json"),
        (boston_housing.load_data, "boston_housing.npz"),
        (california_housing.load_data, "california_housing.npz"),
        (fashion_mnist.load_data, "fashion-mnist/train-images-idx3-ubyte.gz"),
    ],
)
def test_without_network(load, file, caches, monkeypatch):
    import requests

    def refuse(self, url, **_):
        raise requests.ConnectionError("Name or service not known")

    monkeypatch.setattr(requests.Session, "get", refuse)
    monkeypatch.setattr(files, "WAIT", 0)
    monkeypatch.setattr(fashion_mnist, "SYSTEM_FOLDERS", ())
    with pytest.raises(DownloadError, match="cannot be resolved") as e:
        load()
    assert str(caches / "kerata/datasets" / file) in str(e.value) and "https://" in str(e.value)


def test_signatures():
    expected = {
        mnist.load_data: "path='mnist.npz'",
        fashion_mnist.load_data: "",
        cifar10.load_data: "",
        cifar100.load_data: "label_mode='fine'",
        imdb.load_data: "path='imdb.npz', num_words=None, skip_top=0, maxlen=None, seed=113, "
        "start_char=1, oov_char=2, index_from=3, **kwargs",
        imdb.get_word_index: "path='imdb_word_index.json'",
        reuters.load_data: "path='reuters.npz', num_words=None, skip_top=0, maxlen=None, "
        "test_split=0.2, seed=113, start_char=1, oov_char=2, index_from=3",
        reuters.get_word_index: "path='reuters_word_index.json'",
        reuters.get_label_names: "",
        boston_housing.load_data: "path='boston_housing.npz', test_split=0.2, seed=113",
        california_housing.load_data: "version='large', path='california_housing.npz', "
        "test_split=0.2, seed=113",
    }
    for function, text in expected.items():
        plain = [
            p.replace(annotation=inspect.Parameter.empty)
            for p in inspect.signature(function).parameters.values()
        ]
        assert str(inspect.Signature(plain)) == f"({text})"
