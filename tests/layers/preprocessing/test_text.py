"""Texts as indices of words."""

from __future__ import annotations

import json
import string
from collections import Counter

import numpy as np
import pytest

from kerata import Input, dtypes, layers, saving
from kerata.errors import FileError, InputError, ShapeError

TEXTS = ["Earth, WIND and fire!", "fire  &\twater", ""]
VOCABULARY = ["earth", "wind", "and", "fire", "earth wind", "a"]


def listed(x):
    return np.asarray(x).tolist()


def plain_words(text: str) -> list[str]:
    """Words by Python's own means, of ASCII."""
    return "".join(c for c in text.lower() if c not in string.punctuation).split()


@pytest.mark.parametrize(
    "data",
    [
        TEXTS,
        [[t] for t in TEXTS],
        np.array(TEXTS),
        np.array(TEXTS, object)[:, None],
        np.array([t.encode() for t in TEXTS]),
    ],
)
def test_forms(data):
    layer = layers.TextVectorization(vocabulary=VOCABULARY)
    out = layer(data)
    assert listed(out) == [[2, 3, 4, 5], [5, 1, 0, 0], [0, 0, 0, 0]]
    assert dtypes.standardize(out.dtype) == dtypes.standardize("int64")


@pytest.mark.parametrize(
    "arguments, want",
    [
        ({"output_sequence_length": 2}, [[2, 3], [5, 1], [0, 0]]),
        ({"output_sequence_length": 5}, [[2, 3, 4, 5, 0], [5, 1, 0, 0, 0], [0] * 5]),
        ({"standardize": "lower"}, [[1, 3, 4, 1], [5, 1, 1, 0], [0] * 4]),
        ({"standardize": "strip_punctuation"}, [[1, 1, 4, 5], [5, 1, 0, 0], [0] * 4]),
        ({"standardize": None}, [[1, 1, 4, 1], [5, 1, 1, 0], [0] * 4]),
        ({"ngrams": 2}, [[2, 3, 4, 5, 6, 1, 1], [5, 1, 1, 0, 0, 0, 0], [0] * 7]),
        ({"ngrams": (2,)}, [[6, 1, 1], [1, 0, 0], [0] * 3]),
        ({"output_mode": "multi_hot"}, [[0, 1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 1, 0, 0], [0] * 7]),
        ({"output_mode": "count", "ngrams": [2]}, [[2, 0, 0, 0, 0, 1, 0], [1] + [0] * 6, [0] * 7]),
        ({"output_mode": "multi_hot", "max_tokens": 8, "pad_to_max_tokens": True},
         [[0, 1, 1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0], [0] * 8]),
        ({"output_mode": "tf_idf", "idf_weights": [1.0, 2.0, 3.0, 4.0, 5.0, 3.0]},
         [[0, 1, 2, 3, 4, 0, 0], [3, 0, 0, 0, 4, 0, 0], [0] * 7]),
    ],
)  # fmt: skip
def test_arguments(arguments, want):
    layer = layers.TextVectorization(vocabulary=VOCABULARY, **arguments)
    out = layer(TEXTS)
    assert listed(out) == want
    symbol = layer(Input((1,), dtype="string"))
    assert symbol.dtype == dtypes.standardize(out.dtype) and symbol.shape[0] is None
    assert symbol.shape[1] in (None, out.shape[1])
    assert (symbol.shape[1] is None) == (
        layer.output_mode == "int" and layer.output_sequence_length is None
    )
    other = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert json.dumps(other.get_config()) == json.dumps(layer.get_config())
    assert listed(other(TEXTS)) == want


def test_one_hot():
    layer = layers.TextVectorization(vocabulary=["a", "b"], output_mode="one_hot")
    out = listed(layer(["a z", "b"]))
    assert out == [[[0, 1, 0], [1, 0, 0]], [[0, 0, 1], [0, 0, 0]]]


def test_characters():
    layer = layers.TextVectorization(split="character", vocabulary=["a", "b", "\u00ea"])
    assert listed(layer(["aB", "\u00ea b", ""])) == [[2, 3, 0], [4, 1, 3], [0, 0, 0]]


def test_only_ascii_is_lowered_and_split():
    # As TensorFlow's string ops, on which Keras's layer stands, have it.
    layer = layers.TextVectorization(vocabulary=["\u00e9", "\u00c9", "a\u00a0b"])
    assert listed(layer(["\u00c9 \u00e9 A\u00a0B"])) == [[3, 2, 4]]


@pytest.mark.parametrize(
    "data, want",
    [
        ("fire and x", [5, 4, 1]),
        (np.array([[["wind"], ["fire fire"]]]), [[[3, 0], [5, 5]]]),
        ([], []),
    ],
)
def test_ranks(data, want):
    assert listed(layers.TextVectorization(vocabulary=VOCABULARY)(data)) == want
    if len(data):
        counts = layers.TextVectorization(vocabulary=VOCABULARY, output_mode="count")(data)
        assert counts.shape == (*np.shape(want)[:-1], 7)


def test_tokens_that_are_split_already():
    layer = layers.TextVectorization(vocabulary=VOCABULARY, split=None)
    data = np.array([["Earth", "wind?"], ["", "x"]])
    assert listed(layer(data)) == [[2, 3], [0, 1]]
    layer = layers.TextVectorization(vocabulary=VOCABULARY, split=None, output_sequence_length=3)
    assert listed(layer(data)) == [[2, 3, 0], [0, 1, 0]]
    assert layer(Input((2,), dtype="string")).shape == (None, 3)
    layer = layers.TextVectorization(vocabulary=VOCABULARY, split=None, ngrams=2)
    assert listed(layer(data)) == [[2, 3, 6], [0, 1, 1]]
    assert layer(Input((2,), dtype="string")).shape[0] is None


@saving.register_keras_serializable("test_text")
def shout(texts):
    return np.char.upper(texts)


@saving.register_keras_serializable("test_text")
def on_dashes(texts):
    assert texts.ndim == 1
    return [str(t).split("-") for t in texts]


def test_own_functions():
    layer = layers.TextVectorization(standardize=shout, split=on_dashes)
    layer.adapt(["a-b", "b"])
    assert layer.get_vocabulary() == ["", "[UNK]", "B", "A"]
    assert listed(layer([["b-c-a"], [b"a"]])) == [[2, 1, 3], [3, 0, 0]]
    other = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert other.standardize is shout and other.split is on_dashes
    mixed = layers.TextVectorization(split=on_dashes, vocabulary=["b"])
    assert listed(mixed(["x-B", "-B"])) == [[1], [2]]  # the dash is punctuation
    with pytest.raises(ShapeError, match="returned the shape"):
        layers.TextVectorization(standardize=lambda t: t[:1])(TEXTS)


def test_adapt():
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(60)] + ["W1,", "w2!"])
    texts = [" ".join(words[rng.zipf(1.5, 20) % 62]) for _ in range(700)]
    counts = Counter(w for t in texts for w in plain_words(t))
    want = sorted(counts, key=lambda w: (counts[w], w), reverse=True)
    layer = layers.TextVectorization(max_tokens=30)
    for data in (texts, np.array(texts)[:, None], iter([texts[:500], texts[500:]])):
        layer.adapt(data)
        assert layer.get_vocabulary() == ["", "[UNK]", *want[:28]]
    table = {w: i for i, w in enumerate(layer.get_vocabulary())}
    out = np.asarray(layer(texts))
    for row, t in zip(out, texts):
        assert [table.get(w, 1) for w in plain_words(t)] == row[: len(plain_words(t))].tolist()
        assert not row[len(plain_words(t)) :].any()


def test_documents():
    layer = layers.TextVectorization(output_mode="tf_idf")
    layer.adapt(["a b b", "c b b", "c d b"])
    assert layer.get_vocabulary() == ["[UNK]", "b", "c", "d", "a"]
    idf = np.log(1 + 3 / (1 + np.array([3, 2, 1, 1])))
    out = layer(["b b zz d"])
    np.testing.assert_allclose(np.asarray(out), [[idf.mean(), 2 * idf[0], 0, idf[2], 0]], rtol=1e-6)


def test_vocabulary_stays_with_the_model():
    layer = layers.TextVectorization(output_mode="count")
    layer.set_vocabulary(["a", "b"])
    assert layer.vocabulary_size() == 3
    layer(Input((1,), dtype="string"))
    with pytest.raises(InputError, match="built with 3"):
        layer.adapt(["q"] * 3)


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: layers.TextVectorization(standardize="upper"), InputError, "standardize='upper'"),
        (lambda: layers.TextVectorization(split="lines"), InputError, "split='lines'"),
        (lambda: layers.TextVectorization(ngrams="2"), InputError, "ngrams"),
        (lambda: layers.TextVectorization(ragged=True), InputError, "ragged"),
        (lambda: layers.TextVectorization(sparse=True), InputError, "sparse"),
        (lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3), InputError, "output_sequence_length"),
        (lambda: layers.TextVectorization()([["a", "b"]]), ShapeError, "one text for each sample"),
        (lambda: layers.TextVectorization(vocabulary=["a"]).adapt(["a"]), InputError, "was given"),
        (lambda: layers.TextVectorization.from_config({"vocabulary": "x.txt"}), FileError, "safe_mode"),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()
