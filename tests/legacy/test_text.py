"""Tokenizer and its relatives, held against counts made by hand."""

from __future__ import annotations

import hashlib
import json
import math

import numpy as np
import pytest

from kerata.errors import InputError
from kerata.preprocessing import text

TEXTS = ["The cat sat on the mat.", "The dog (a big dog!) sat,\tthe cat ran\n"]


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


def fitted(*args, **kwargs):
    out = text.Tokenizer(*args, **kwargs)
    out.fit_on_texts(TEXTS)
    return out


@pytest.mark.parametrize(
    "kwargs, words",
    [
        ({}, ["don't", "stop", "at", "dawn"]),
        ({"lower": False}, ["Don't", "STOP", "at", "dawn"]),
        ({"filters": "-t"}, ["don'", "s", "op:", "a", "dawn"]),
        ({"split": "o", "filters": " :-"}, ["d", "n't", "st", "p", "at", "dawn"]),
        ({"split": "--", "filters": " "}, ["don't", "stop:", "at-dawn"]),
        ({"filters": ["-", ":"]}, ["don't", "stop", "at", "dawn"]),
    ],
)
def test_words(kwargs, words):
    assert text.text_to_word_sequence("Don't  STOP: at-dawn", **kwargs) == words
    assert text.text_to_word_sequence(text="a b") == ["a", "b"]


def test_only_the_split_splits():
    assert text.text_to_word_sequence("a\r b\x0bc") == ["a\r", "b\x0bc"]


def test_numbers_by_hash_functions():
    wanted = [int(hashlib.md5(w).hexdigest(), 16) % 19 + 1 for w in (b"the", b"cat", b"the")]
    assert text.hashing_trick("The cat, the!", 20, "md5") == wanted
    assert text.hashing_trick("a bb ccc", 3, len) == [2, 1, 2]
    assert text.hashing_trick("a b", 9) == [hash(w) % 8 + 1 for w in "ab"]
    assert text.one_hot("a b a", 9) == text.hashing_trick("a b a", 9, hash)
    assert text.one_hot(text="A", n=9, analyzer=lambda t: [t]) == [hash("A") % 8 + 1]
    with pytest.raises(InputError, match="hash_function='sha1'"):
        text.hashing_trick("a", 9, "sha1")
    with pytest.raises(InputError, match="n=1"):
        text.one_hot("a", 1)


def test_a_vocabulary():
    t = fitted()
    assert t.word_index == {
        "the": 1, "cat": 2, "sat": 3, "dog": 4, "on": 5, "mat": 6, "a": 7, "big": 8, "ran": 9,
    }  # fmt: skip
    assert list(t.word_counts.items())[:3] == [("the", 4), ("cat", 2), ("sat", 2)]
    assert t.word_docs["the"] == t.index_docs[1] == 2 and t.word_docs["dog"] == 1
    assert t.document_count == 2 and t.index_word[4] == "dog" and t.word_docs["nothing"] == 0
    t.fit_on_texts(["mat mat mat"])
    assert t.word_counts["mat"] == 4 and t.word_index["mat"] == 2 and t.document_count == 3
    assert t.index_docs[2] == 2


@pytest.mark.parametrize(
    "kwargs, numbers",
    [
        ({}, [1, 2, 4]),
        ({"num_words": 3}, [1, 2]),
        ({"oov_token": "?"}, [2, 3, 1, 5]),
        ({"oov_token": "?", "num_words": 4}, [2, 3, 1, 1]),
        ({"oov_token": "dog"}, [2, 3, 5, 5]),
        ({"nb_words": 2}, [1]),
    ],
)
def test_texts_to_numbers(kwargs, numbers):
    t = fitted(**kwargs)
    assert t.texts_to_sequences(["The cat, my dog", ""]) == [numbers, []]
    assert list(t.texts_to_sequences_generator(["the cat my dog"])) == [numbers]


def test_numbers_to_texts():
    assert fitted().sequences_to_texts([[1, 99, 4], []]) == ["the dog", ""]
    t = fitted(num_words=4, oov_token="?")
    assert t.sequences_to_texts([[2, 4, 99]]) == ["the ? ?"]
    assert list(fitted(num_words=4).sequences_to_texts_generator([[1, 4]])) == ["the"]


def test_lists_characters_and_analyzers():
    t = text.Tokenizer()
    t.fit_on_texts([["New York", "Rome"], ["rome"]])
    assert t.word_index == {"rome": 1, "new york": 2}
    assert t.texts_to_sequences([["NEW YORK", "x", "Rome"]]) == [[2, 1]]
    t = text.Tokenizer(char_level=True, lower=False)
    t.fit_on_texts(["aAa b"])
    assert t.word_index == {"a": 1, "A": 2, " ": 3, "b": 4}
    assert t.texts_to_sequences(["ba!"]) == [[4, 1]]
    t = text.Tokenizer(analyzer=lambda s: s.split("|"))
    t.fit_on_texts(["A B|c"])
    assert t.word_index == {"A B": 1, "c": 2}
    assert text.Tokenizer(None, "", True, " ", False, None, 3).document_count == 3


def test_matrices():
    t = fitted(num_words=5)
    sequences = [[1, 4, 1, 1, 7], [], np.array([2])]
    count = [[0, 3, 0, 0, 1], [0] * 5, [0, 0, 1, 0, 0]]
    assert t.sequences_to_matrix(sequences, "count").tolist() == count
    assert (t.sequences_to_matrix(sequences) == np.array(count).astype(bool)).all()
    freq = t.sequences_to_matrix(sequences, mode="freq")
    np.testing.assert_allclose(freq[0], [0, 3 / 5, 0, 0, 1 / 5])
    tfidf = t.sequences_to_matrix(sequences, mode="tfidf")
    assert tfidf[0, 1] == pytest.approx((1 + math.log(3)) * math.log(1 + 2 / 3))
    assert tfidf[0, 4] == pytest.approx(math.log(1 + 2 / 2))
    assert np.count_nonzero(tfidf) == 3 and tfidf.dtype == np.float64
    assert fitted().texts_to_matrix(["the cat the"], "count").tolist() == [[0, 2, 1] + [0] * 7]


def test_counted_sequences():
    t = text.Tokenizer(num_words=4)
    t.fit_on_sequences([[1, 1, 2], [1]])
    assert t.document_count == 2 and t.index_docs == {1: 2, 2: 1}
    assert t.sequences_to_matrix([[3]], "tfidf")[0, 3] == pytest.approx(math.log(3))


@pytest.mark.parametrize("kwargs", [{}, {"num_words": 4, "oov_token": "?", "lower": False}])
def test_json(kwargs):
    t = fitted(**kwargs)
    again = text.tokenizer_from_json(t.to_json())
    assert again.get_config() == t.get_config()
    assert again.texts_to_sequences(TEXTS) == t.texts_to_sequences(TEXTS)
    assert again.index_docs == t.index_docs and again.index_word == t.index_word
    again.fit_on_texts(["new words"])
    assert "new" in again.word_index
    written = json.loads(t.to_json(indent=1))
    assert written["class_name"] == "Tokenizer"
    assert json.loads(written["config"]["index_word"])["1"] == t.index_word[1]


def test_wrong_calls():
    for match, call in (
        ("num_words", lambda: text.Tokenizer().sequences_to_matrix([[1]])),
        ("mode='tf'", lambda: fitted().sequences_to_matrix([[1]], "tf")),
        ("fit_on_texts", lambda: text.Tokenizer(3).sequences_to_matrix([[1]], "tfidf")),
        ("not negative", lambda: fitted().sequences_to_matrix([[-1]])),
        ("no tokenizer", lambda: text.tokenizer_from_json("{}")),
        ("no tokenizer", lambda: text.tokenizer_from_json("nonsense")),
    ):
        with pytest.raises(InputError, match=match):
            call()
    with pytest.raises(TypeError, match="words"):
        text.Tokenizer(words=3)
    with pytest.warns(UserWarning, match=r"\[text\]"):
        text.Tokenizer().fit_on_texts("one text")
    with pytest.raises(AttributeError, match="no attribute 'Tokeniser'"):
        text.Tokeniser  # noqa: B018
