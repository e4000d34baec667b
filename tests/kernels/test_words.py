"""Texts by native code: what Python gives, for any text and style, from threads, with its memory given back."""

from __future__ import annotations

import copy
import pickle
import re
import threading
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import kerata as keras
from kerata import layers
from kerata.errors import DtypeError
from kerata.kernels import words

needs_native = pytest.mark.skipif(not words.ready(), reason="the native code was not built")

STANDARDS = (None, "lower", "strip_punctuation", "lower_and_strip_punctuation")
ODD = [
    "", " ", "\0", "a\0b a\0b", "...", "! a-b, 'A'_B`{|}~", "\t\n\x0b\x0c\r a\x1cb\x1f \x85 \u00a0\u2003x",
    "\u00c9\u00e9 \u0130I \u1e9e \U0001f600 \u65e5\u672c", "eightabc eightabcd eightabce", "x" * 70_000 + " y",
    b"bytes \xff\xfe \xc3", b"\xc3!\xa9 caf\xc3\xa9", b"\xed\xa0\x80 \xf4\x90\x80\x80 \xe0\x80\x80 \xf0\x80\x80\x80",
]  # fmt: skip
pieces = st.sampled_from(
    ["a", "B", "the", "The", "eightlet", "eightlets", " ", "  ", "\t", ",", "-", "\0", "\u00e9", "\x85", "\x1c"]
)  # fmt: skip
texts = st.one_of(
    st.lists(pieces, max_size=30).map("".join), st.text(max_size=20), st.binary(max_size=20)
)


def both(monkeypatch, make):
    """What `make` gives with native code and without; an error as its type and text."""
    out = []
    for value in ("1", "0"):
        monkeypatch.setenv("KERATA_KERNELS", value)
        try:
            out.append(make())
        except Exception as e:
            out.append((type(e), re.sub(r"_\d+'", "'", str(e))))  # names are numbered
    return out


def made(data, **arguments):
    """A layer that has seen the data: its vocabulary, weights, and results for the data and for others."""
    layer = layers.TextVectorization(**arguments)
    layer.adapt(data)
    found = [layer(d) for d in (data, np.array(["the a zzz", "", "b " * 40], object), data[:1])]
    weights = layer._lookup_layer.idf_weights
    return layer.get_vocabulary(), weights, [(str(f.dtype), np.asarray(f)) for f in found]


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            same(x, y)
    elif isinstance(a, np.ndarray):
        assert a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    else:
        assert a == b


# --- the same as Python ---------------------------------------------------------------------------


@needs_native
@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(texts, min_size=1, max_size=6),
    standardize=st.sampled_from(STANDARDS),
    split=st.sampled_from(["whitespace", "character"]),
    ngrams=st.sampled_from([None, 1, 2, (2,), (3, 1)]),
    mode=st.sampled_from(["int", "multi_hot", "count", "tf_idf", "one_hot"]),
    length=st.sampled_from([None, 1, 3, 7]),
)
@example(ODD, None, "whitespace", None, "int", None)
@example(ODD, "lower_and_strip_punctuation", "whitespace", 2, "tf_idf", None)
@example([*ODD[:9]], "lower", "character", 2, "int", None)
def test_any_text(data, standardize, split, ngrams, mode, length):
    with pytest.MonkeyPatch.context() as patch:
        arguments = {"standardize": standardize, "split": split, "ngrams": ngrams}
        arguments |= {
            "output_mode": mode,
            "output_sequence_length": length if mode == "int" else None,
        }
        array = np.empty(len(data), object)
        array[:] = data
        same(*both(patch, lambda: made(array, **arguments)))


@needs_native
@pytest.mark.parametrize("standardize, split", [*product(STANDARDS, ["whitespace", "character"])])
def test_odd_texts(monkeypatch, standardize, split):
    array = np.empty(len(ODD), object)
    array[:] = ODD
    native, plain = both(
        monkeypatch,
        lambda: made(array, standardize=standardize, split=split, output_sequence_length=9),
    )
    same(native, plain)
    assert len(native[0]) > 10


@needs_native
def test_many_texts(monkeypatch):
    rng = np.random.default_rng(0)
    many = np.array([f"w{i:x}" for i in range(5000)] + ["Ends.", "caf\u00e9"])
    data = [" ".join(many[rng.zipf(1.3, 60) % 5002]) for _ in range(3000)]
    for arguments in ({"max_tokens": 700}, {"output_mode": "tf_idf", "max_tokens": 50}):
        native, plain = both(monkeypatch, lambda a=arguments: made(data, **a))
        same(native, plain)
    # From a file of bytes, in batches, with other code between.
    native, plain = both(
        monkeypatch,
        lambda: made(np.array([t.encode() for t in data]).reshape(-1, 1), standardize="lower"),
    )
    same(native, plain)


def test_values():
    """What the splitting means, held against results written by hand; native or not."""
    layer = layers.TextVectorization(ngrams=2, output_sequence_length=6)
    layer.adapt(["It's a dog-eared  book.", "A BOOK !"])
    assert layer.get_vocabulary()[2:] == [
        "book", "a", "its a", "its", "dogeared book", "dogeared", "a dogeared", "a book",
    ]  # fmt: skip
    out = np.asarray(layer(["its (a) book", "?"]))
    assert out.tolist() == [[5, 3, 2, 4, 9, 0], [0] * 6]


@needs_native
@pytest.mark.parametrize("form", [np.array, lambda x: np.array(x, object), lambda x: np.array(x).astype("S")])  # fmt: skip
@pytest.mark.parametrize(
    "arguments",
    [{}, {"mask_token": ""}, {"num_oov_indices": 3}, {"num_oov_indices": 0}, {"output_mode": "count", "mask_token": "b"},
     {"output_mode": "tf_idf"}, {"encoding": "latin-1"}],
)  # fmt: skip
def test_lookups(monkeypatch, form, arguments):
    data = form([["b", "", "cc"], ["b", "longer than eight", "cc"]])

    def run():
        layer = layers.StringLookup(**arguments)
        layer.adapt(data)
        other = form([["cc", "b", "unknown"], ["", "b", "longer than eighu"]])
        known = np.asarray(layer(data))
        return layer.get_vocabulary(), known, np.asarray(layer(other))

    same(*both(monkeypatch, run))


@needs_native
@pytest.mark.parametrize(
    "data", [["a", 3], [1.5], np.array([1, 2]), ["\ud800"], ["\udcff a", "a"], [None]]
)
def test_what_is_no_text(monkeypatch, data):
    array = np.array(data, object) if isinstance(data, list) else data
    layer = layers.TextVectorization(vocabulary=["a"])
    lookup = layers.StringLookup(vocabulary=["a"])
    for one in (layer, lookup):
        same(*both(monkeypatch, lambda one=one: np.asarray(one(array))))
    if not all(isinstance(v, str) for v in data):
        with pytest.raises(DtypeError, match="Expected strings"):
            layer(array)


@needs_native
@pytest.mark.parametrize("split, ngrams", [*product(["whitespace", "character"], [None, (1, 3)])])
def test_it_is_native_code_that_runs(monkeypatch, split, ngrams):
    def never(*_):
        raise AssertionError("Python's way")

    monkeypatch.setattr(layers.TextVectorization, "_documents", never)
    monkeypatch.setattr(layers.StringLookup, "table", never)
    for mode in ("int", "count", "one_hot"):
        layer = layers.TextVectorization(split=split, ngrams=ngrams, output_mode=mode)
        layer.adapt(["caf\u00e9 b", "x"])
        layer(np.array(["x \u00e9", b"b"], object))
    lookup = layers.StringLookup(vocabulary=["a"])
    assert np.asarray(lookup([["a", "\u00e9"]])).tolist() == [[1, 0]]


def test_without_native_code(monkeypatch):
    monkeypatch.setattr(words, "_module", lambda: None)
    assert not words.ready() and words.texts_of(np.array(["a"])) is None
    layer = layers.TextVectorization()
    layer.adapt(["a b a"])
    assert np.asarray(layer(["b a c"])).tolist() == [[3, 2, 1]]


def test_threads_of_the_setting(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert words.threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "no number")
    assert words.threads() >= 1


# --- state ----------------------------------------------------------------------------------------


@needs_native
def test_counts_by_both_ways_and_copies():
    layer = layers.TextVectorization(output_mode="tf_idf")
    layer.reset_state()
    layer.update_state(np.array(["a b", "b"]))
    layer.update_state(np.array(["\udcff b"], object))  # not for native code
    assert layer._lookup_layer._native_counts and layer._lookup_layer._counts
    layer.update_state(np.array(["c b b"]))
    others = [copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), layer]
    for one in others:
        one.finalize_state()
        assert one.get_vocabulary() == ["[UNK]", "b", "\udcff", "c", "a"]
        idf = np.log(1 + 4 / (1 + np.array([4, 1, 1, 1])))
        np.testing.assert_allclose(one._lookup_layer.idf_weights[1:], idf, rtol=1e-6)
        one(["a"])
        assert np.asarray(copy.deepcopy(one)(["c"])).argmax() == 3


@needs_native
def test_a_new_vocabulary_replaces_the_table():
    layer = layers.TextVectorization()
    for tokens in (["a", "b"], ["b", "a"], ["c"]):
        layer.set_vocabulary(tokens)
        assert np.asarray(layer([" ".join(tokens)])).tolist() == [list(range(2, 2 + len(tokens)))]


@needs_native
def test_threads_at_once(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    rng = np.random.default_rng(1)
    data = [" ".join(f"w{i}" for i in rng.integers(0, 300, 80)) for _ in range(2000)]
    layer = layers.TextVectorization(output_sequence_length=90)
    layer.adapt(data)
    want, vocabulary = np.asarray(layer(data)), layer.get_vocabulary()
    counts, wrong = words.Counts(), []
    style = words.style("lower", "whitespace")

    def work(number):
        mine = data[number::4]
        for _ in range(4):
            if not np.array_equal(np.asarray(layer(mine)), want[number::4]):
                wrong.append(number)
            counts.add(words.texts_of(np.array(mine, object)), style)
            counts.ranked(10)

    several = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in several:
        t.start()
    for t in several:
        t.join()
    assert not wrong
    assert [t.decode() for t, _, _ in counts.ranked()] == vocabulary[2:]
    assert sum(n for _, n, _ in counts.ranked()) == 4 * 2000 * 80


@needs_native
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_memory_is_given_back():
    numbers = {b"word%d" % i: i for i in range(100_000)}
    data = np.array([" ".join(f"x{i}" for i in range(j, j + 50)) for j in range(0, 100_000, 50)])

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def cycle():
        table, counts = words.Table(numbers), words.Counts()
        one = words.texts_of(data)
        counts.add(one, words.WHOLE)
        return one.rows(table, words.WHOLE, np.int32, 1, 1)

    for _ in range(3):
        cycle()
    before = resident()
    for _ in range(25):
        cycle()
    # A table of that size takes 6 MB, the texts 3 MB.
    assert resident() - before < 30e6


@needs_native
def test_arrays_of_a_wrong_size_are_refused():
    module, texts = words._module(), words.texts_of(np.array(["a b", "c"]))
    table = words.Table({b"a": 1})
    how = words.style(None, "whitespace")
    out = np.empty(4, np.int32)
    good = np.array([0, 2, 4])
    for array, starts, width in (
        (out, None, 3), (out, np.array([0, 3, 2]), 0), (out, np.array([1, 2, 4]), 0), (out, good[:2], 0),
        (out.astype(np.int8), None, 2), (out, None, -2),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            module.fill(table.handle, texts.handle, *how, 1, array, starts, width, 0, 0)
    assert module.fill(table.handle, texts.handle, *how, 1, out, good, 0, 7, -1)
    assert out.tolist() == [1, 7, 7, -1]
    with pytest.raises(ValueError):
        module.sizes(texts.handle, *how, 1, np.empty(3, np.int64))
    with pytest.raises(ValueError):
        module.sizes(table.handle, *how, 1, np.empty(2, np.int64))  # not texts
    frozen = np.empty(2, np.int64)
    frozen.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        module.sizes(texts.handle, *how, 1, frozen)


@needs_native
def test_a_model_of_texts():
    layer = layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=3)
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer, layers.Embedding(5, 2)])
    data = np.array([["a b"], ["b \u00e9 a c"]], object)
    out = model.predict(data, verbose=0)
    table = np.asarray(model.layers[-1].embeddings.numpy())
    np.testing.assert_allclose(out, table[np.array([[2, 3, 0], [3, 1, 2]])], rtol=1e-6)
