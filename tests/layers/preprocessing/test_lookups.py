"""Vocabularies: given, found in data, read from files; strings and integers looked up in them."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from kerata import Input, dtypes, layers, ops
from kerata.errors import DtypeError, FileError, InputError, NotBuiltError, ShapeError
from layers.check import check_layer
from support import jit

WORDS = ["earth", "wind", "and", "fire"]
DATA = [["earth", "wind", "x"], ["fire", "fire", "fire"]]
FORMS = [
    list,
    np.array,
    lambda x: np.array(x, object),
    lambda x: np.array(x).astype("S"),
    lambda x: [[w.encode() for w in row] for row in x],
    lambda x: np.array([[w.encode() if len(w) > 4 else w for w in row] for row in x], object),
]


def listed(x):
    return np.asarray(x).tolist()


@pytest.mark.parametrize("form", FORMS)
def test_strings_in_all_forms(form):
    layer = layers.StringLookup(vocabulary=WORDS)
    out = layer(form(DATA))
    assert listed(out) == [[1, 2, 0], [4, 4, 4]]
    assert dtypes.standardize(out.dtype) == dtypes.standardize("int64")


@pytest.mark.parametrize(
    "arguments, want, vocabulary",
    [
        ({}, [1, 4, 0, 0], ["[UNK]", *WORDS]),
        ({"mask_token": ""}, [2, 5, 1, 0], ["", "[UNK]", *WORDS]),
        ({"mask_token": "", "num_oov_indices": 0}, [1, 4, None, 0], ["", *WORDS]),
        ({"oov_token": "?", "num_oov_indices": 2}, [2, 5, "oov", "oov"], ["?", "?", *WORDS]),
    ],
)
def test_special_tokens(arguments, want, vocabulary):
    layer = layers.StringLookup(vocabulary=WORDS, **arguments)
    assert layer.get_vocabulary() == vocabulary and layer.vocabulary_size() == len(vocabulary)
    assert layer.get_vocabulary(include_special_tokens=False) == WORDS
    for word, index in zip(["earth", "fire", "x", ""], want):
        if index is None:
            with pytest.raises(InputError, match="not in the vocabulary, such as"):
                layer([word])
        else:
            assert listed(layer([word]))[0] in ([0, 1] if index == "oov" else [index])
    whole = layers.StringLookup(vocabulary=vocabulary, **arguments)  # special tokens in front
    assert whole.get_vocabulary() == vocabulary and listed(whole(["fire"])) == listed(
        layer(["fire"])
    )


def test_unknown_strings_are_hashed():
    words = [f"w{i}" for i in range(300)]
    for salt in (None, 5):
        layer = layers.StringLookup(vocabulary=WORDS, num_oov_indices=7, salt=salt)
        hashed = layers.Hashing(7, salt=salt)
        assert listed(layer(words)) == listed(hashed(words))
    layer = layers.IntegerLookup(vocabulary=[5], num_oov_indices=4, oov_method="farmhash", salt=3)
    assert listed(layer([9, 8, 7])) == listed(layers.Hashing(4, salt=3)([9, 8, 7]))
    layer = layers.IntegerLookup(vocabulary=[5], num_oov_indices=4)
    assert listed(layer([9, -1, 5, 7])) == [1, 3, 4, 3]


MODES = {
    "one_hot": [[[0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0]], [[0, 0, 0, 0, 1]] * 3],
    "multi_hot": [[1, 1, 1, 0, 0], [0, 0, 0, 0, 1]],
    "count": [[1, 1, 1, 0, 0], [0, 0, 0, 0, 3]],
    "tf_idf": [[0.25, 0.1, 0.2, 0, 0], [0, 0, 0, 0, 1.2]],
}
WEIGHTS = [0.1, 0.2, 0.3, 0.4]
NUMBERS = {"earth": 12, "wind": 36, "and": 1138, "fire": 42, "x": 7}


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["string", "integer"])
def test_modes(kind, mode, padded):
    arguments = {"output_mode": mode, "max_tokens": 7, "pad_to_max_tokens": padded}
    if mode == "tf_idf":
        arguments["idf_weights"] = WEIGHTS
    want = np.array(MODES[mode])
    if padded:
        want = np.pad(want, [(0, 0)] * (want.ndim - 1) + [(0, 2)])
    if kind == "string":
        layer = layers.StringLookup(vocabulary=WORDS, **arguments)
        np.testing.assert_allclose(np.asarray(layer(DATA)), want, rtol=1e-6)
        assert layer(Input((3,), dtype="string")).shape == (None, *want.shape[1:])
        other = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
        np.testing.assert_allclose(np.asarray(other(DATA)), want, rtol=1e-6)
    else:
        arguments["vocabulary"] = [NUMBERS[w] for w in WORDS]
        data = np.array([[NUMBERS[w] for w in row] for row in DATA], "int32")
        check_layer(layers.IntegerLookup, arguments, data=data, gradients=False, expected=want)


def test_masks_do_not_count():
    layer = layers.StringLookup(vocabulary=["a", "b"], mask_token="", output_mode="count")
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"]
    assert listed(layer([["a", "", "z", "", "a"]])) == [[1, 2, 0]]
    layer = layers.IntegerLookup(vocabulary=[5, 7], mask_token=0, output_mode="multi_hot")
    x = np.array([[5, 0, 9]])
    assert listed(layer(x)) == listed(layer(ops.convert_to_tensor(x))) == [[1, 1, 0]]


def test_inverse():
    forward = layers.StringLookup(vocabulary=WORDS, mask_token="")
    back = layers.StringLookup(vocabulary=forward.get_vocabulary(), mask_token="", invert=True)
    out = back(forward([["earth", "", "x", "fire"]]))
    assert isinstance(out, np.ndarray) and out.tolist() == [["earth", "", "[UNK]", "fire"]]
    assert back([99, -3, 2]).tolist() == ["[UNK]", "[UNK]", "earth"]
    numbers = layers.IntegerLookup(vocabulary=[12, 36], invert=True, num_oov_indices=2)
    for x in ([0, 1, 2, 3, 4, -1], ops.convert_to_tensor([0, 1, 2, 3, 4, -1])):
        assert listed(numbers(x)) == [-1, -1, 12, 36, -1, -1]


@pytest.mark.parametrize("case", ["int", "masked", "hashed", "invert", "none unknown", "empty"])
def test_integers_on_the_device(case):
    arguments = {
        "int": {},
        "masked": {"mask_token": 0},
        "hashed": {"num_oov_indices": 3, "mask_token": -5},
        "invert": {"invert": True},
        "none unknown": {"num_oov_indices": 0},
        "empty": {"vocabulary": None},
    }[case]
    known = [42, -7, 1000]
    x = np.array([[0, 42, -5], [1000, -7, 2]], "int32")
    if case == "none unknown":
        x = np.array(known, "int32")
    arguments = {"vocabulary": known, **arguments}
    check_layer(layers.IntegerLookup, arguments, data=x, gradients=False)


def test_wide_integers():
    layer = layers.IntegerLookup(vocabulary=[2**40, 2**40 + 1])
    assert listed(layer(np.array([2**40 + 1, 0]))) == [2, 0]
    with pytest.raises(DtypeError, match="beyond"):
        layer(ops.convert_to_tensor([1]))


@pytest.mark.engine("jax", "torch")  # TensorFlow calls Python from its graphs
def test_hashes_are_not_compiled():
    with pytest.raises(InputError, match="cannot be compiled"):
        hashing = layers.IntegerLookup(vocabulary=[1], num_oov_indices=2, oov_method="farmhash")
        jit(lambda x: hashing(x))(ops.convert_to_tensor([1]))


# --- adapt ----------------------------------------------------------------------------------------


def by_frequency(tokens):
    """Most frequent first, ties from z to a."""
    return [t for t, _ in sorted(Counter(tokens).items(), key=lambda p: (p[1], p[0]), reverse=True)]


def test_adapt():
    rng = np.random.default_rng(0)
    tokens = [f"w{i}" for i in rng.zipf(1.6, 500) % 40]
    layer = layers.StringLookup()
    want = ["[UNK]", *by_frequency(tokens)]
    for data in (tokens, np.array(tokens), np.array(tokens).reshape(100, 5).astype("S")):
        layer.adapt(data)
        assert layer.get_vocabulary() == want
    layer.adapt(iter(np.array_split(np.array(tokens), 7)))
    assert layer.get_vocabulary() == want
    layer.adapt([["b", "a"], ["b"]])  # rows of different lengths
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]
    layer.adapt(iter([["a"], ["b"], ["c"]]), steps=2)
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]
    layer.adapt(iter([(np.array(["q"]), np.array([1]))]))  # (x, y)
    assert layer.get_vocabulary() == ["[UNK]", "q"]
    layer = layers.StringLookup(max_tokens=5, mask_token="")
    layer.adapt([*tokens, *[""] * 300, *["[UNK]"] * 300])
    assert layer.get_vocabulary() == ["", *want[:4]]


def test_adapt_to_integers():
    numbers = np.random.default_rng(0).integers(-5, 5, 100)
    layer = layers.IntegerLookup(mask_token=0)
    layer.adapt(numbers)
    assert layer.get_vocabulary() == [0, -1, *[t for t in by_frequency(numbers.tolist()) if t not in (0, -1)]]  # fmt: skip
    layer.adapt(ops.convert_to_tensor(numbers[:1]))
    assert layer.vocabulary_size() == 3
    with pytest.raises(DtypeError, match="StringLookup"):
        layer.adapt(["a"])


def test_document_frequencies():
    layer = layers.StringLookup(output_mode="tf_idf", max_tokens=6, pad_to_max_tokens=True)
    layer.adapt([["a", "b", "b"], ["c", "b", "b"], ["c", "d", "b"]])
    assert layer.get_vocabulary() == ["[UNK]", "b", "c", "d", "a"]
    idf = np.log(1 + 3 / (1 + np.array([3, 2, 1, 1])))
    want = np.array([idf.mean(), *idf, 0])
    out = np.asarray(layer([["b", "b", "z"]]))
    np.testing.assert_allclose(out, [want * [1, 2, 0, 0, 0, 0]], rtol=1e-6)
    assert out.dtype == "float32"
    single = layers.StringLookup(output_mode="tf_idf")
    single.adapt(["a", "b", "b"])  # each a document of its own
    np.testing.assert_allclose(single.idf_weights[1:], np.log(1 + 3 / np.array([3, 2])), rtol=1e-6)
    store: dict = {}
    layer.save_own_variables(store)
    np.testing.assert_allclose(store["idf_weights"], want, rtol=1e-6)


def test_set_vocabulary():
    layer = layers.StringLookup(output_mode="multi_hot")
    with pytest.raises(NotBuiltError, match="no vocabulary"):
        layer([["a"]])
    layer.set_vocabulary(np.array(["a", "b"]))
    assert listed(layer([["b"]])) == [[0, 0, 1]]
    layer.set_vocabulary(["x"])
    layer(Input((2,), dtype="string"))
    with pytest.raises(InputError, match="built with 2 tokens"):
        layer.set_vocabulary(["x", "y"])
    free = layers.StringLookup()
    assert free.get_vocabulary() == ["[UNK]"] and listed(free(["a"])) == [0]
    weighted = layers.StringLookup(output_mode="tf_idf")
    weighted.set_vocabulary(["a", "b"], idf_weights=[1.0, 3.0])
    assert listed(weighted([["a", "z", "b"]])) == [[2.0, 1.0, 3.0]]


def test_vocabulary_files(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("earth\r\nwind\r\nf\u00eau\r\n".encode())
    layer = layers.StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "earth", "wind", "f\u00eau"]
    assert listed(layer(["f\u00eau"])) == [3]
    config = layer.get_config()
    assert config["vocabulary"] is None and config["vocabulary_size"] == 4
    path.write_text("5\n-3\n")
    assert layers.IntegerLookup(vocabulary=path).get_vocabulary() == [-1, 5, -3]
    with pytest.raises(FileError, match="safe_mode"):
        layers.deserialize(
            {"class_name": "StringLookup", "config": {"vocabulary": str(path)}, "module": "keras.layers"}
        )  # fmt: skip
    with pytest.raises(FileError, match="no vocabulary file"):
        layers.StringLookup(vocabulary="nowhere.txt")


def test_assets(tmp_path):
    layer = layers.StringLookup(num_oov_indices=2, mask_token="")
    odd = ["a", "\n", "b\u2028c", "\r", "\x85", "f\u00eau"]
    layer.adapt(odd)
    layer.save_assets(tmp_path)
    other = layers.StringLookup.from_config(layer.get_config())
    other.load_assets(tmp_path)
    assert other.get_vocabulary() == layer.get_vocabulary() and listed(other(odd)) == listed(
        layer(odd)
    )
    plain = layers.StringLookup(vocabulary=["a"])
    (tmp_path / "none").mkdir()
    plain.save_assets(tmp_path / "none")  # it is part of the configuration
    assert list((tmp_path / "none").iterdir()) == []


def test_encodings():
    layer = layers.StringLookup(encoding="latin-1")
    layer.adapt(np.array(["\u00ea".encode("latin-1"), b"\xff"], object))
    assert sorted(layer.get_vocabulary()) == ["[UNK]", "\u00ea", "\u00ff"]
    assert listed(layer(["\u00ff"])) == listed(layer([b"\xff"])) != [0]
    layer = layers.StringLookup()
    layer.adapt([b"\xff", "a"])  # no valid UTF-8
    assert 0 not in listed(layer([b"\xff", "a"]))


def test_sparse_results_are_dense_ones():
    layer = layers.StringLookup(vocabulary=["a", "b"], output_mode="count", sparse=True)
    assert np.asarray(layer(np.array([["a", "a"], ["c", "b"]]))).tolist() == [[0, 2, 0], [1, 0, 1]]
    again = layers.StringLookup.from_config(layer.get_config())
    assert again.sparse and np.asarray(again(np.array([["b"]]))).tolist() == [[0, 0, 1]]
    text = layers.TextVectorization(vocabulary=["a"], output_mode="multi_hot", sparse=True)
    assert np.asarray(text(["a b", "a"])).tolist() == [[1, 1], [0, 1]]
    assert text.get_config()["sparse"] is True


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: layers.StringLookup(max_tokens=1), InputError, "above 1"),
        (lambda: layers.StringLookup(pad_to_max_tokens=True), InputError, "needs max_tokens"),
        (lambda: layers.StringLookup(num_oov_indices=-1), InputError, "negative"),
        (lambda: layers.StringLookup(output_mode="x"), InputError, "tf_idf"),
        (lambda: layers.StringLookup(sparse=True), InputError, "sparse"),
        (lambda: layers.StringLookup(invert=True, output_mode="count"), InputError, "invert"),
        (lambda: layers.StringLookup(idf_weights=[1.0]), InputError, "idf_weights"),
        (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), InputError, "idf_weights"),
        (lambda: layers.StringLookup(vocabulary=[]), InputError, "empty"),
        (lambda: layers.StringLookup(vocabulary=["a", "b", "a"]), InputError, "'a'"),
        (lambda: layers.StringLookup(vocabulary=["a", "m"], mask_token="m"), InputError, "reserved"),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), InputError, "max_tokens=2"),
        (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["b"]), InputError, "was given"),
        (lambda: layers.StringLookup(vocabulary=["a"])([1, 2]), DtypeError, "IntegerLookup"),
        (lambda: layers.StringLookup(vocabulary=["a"])([["a"], ["b", "c"]]), ShapeError, "lengths"),
        (lambda: layers.StringLookup(vocabulary=["a"], invert=True)(["a"]), InputError, "indices"),
        (lambda: layers.StringLookup().adapt(3), InputError, "adapt takes"),
        (lambda: layers.IntegerLookup(vocabulary_dtype="int32"), InputError, "int64"),
        (lambda: layers.IntegerLookup(salt=3), InputError, "farmhash"),
        (lambda: layers.IntegerLookup(oov_method="x"), InputError, "floormod"),
        (lambda: layers.IntegerLookup(vocabulary=["a"]), DtypeError, "StringLookup"),
        (
            lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf", idf_weights=[1.0, 2.0]),
            InputError,
            "each of the 1 terms",
        ),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize("mode", ["multi_hot", "count"])
def test_rows_of_different_lengths_are_encoded(mode):
    rows = [["a", "b", "a"], ["c"], []]
    layer = layers.StringLookup(output_mode=mode, mask_token="")
    layer.adapt(rows)
    padded = [["a", "b", "a"], ["c", "", ""], ["", "", ""]]
    np.testing.assert_array_equal(np.asarray(layer(rows)), np.asarray(layer(padded)))
    numbers = layers.IntegerLookup(vocabulary=[5, 7], output_mode=mode)
    assert np.asarray(numbers([[5], [7, 7, 9]])).tolist() == [
        [0, 1, 0],
        [1, 0, 1 if mode == "multi_hot" else 2],
    ]
