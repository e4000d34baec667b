"""Padding of sequences."""

from __future__ import annotations

import numpy as np
import pytest

from kerata.errors import InputError
from kerata.preprocessing.sequence import pad_sequences

S = [[1], [2, 3], [4, 5, 6], []]


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]]),
        ({"value": -1, "padding": "post"}, [[1, -1, -1], [2, 3, -1], [4, 5, 6], [-1, -1, -1]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6], [0, 0]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5], [0, 0]]),
        ({"maxlen": 4, "padding": "post"}, [[1, 0, 0, 0], [2, 3, 0, 0], [4, 5, 6, 0], [0] * 4]),
        ({"maxlen": 0}, [[], [], [], []]),
    ],
)
def test_pad(kwargs, expected):
    out = pad_sequences(S, **kwargs)
    assert out.dtype == np.int32 and out.tolist() == expected


def test_arrays_and_strings():
    out = pad_sequences([np.ones((1, 2)), np.ones((3, 2))], dtype="float32")
    assert out.shape == (2, 3, 2) and out[0].tolist() == [[0, 0], [0, 0], [1, 1]]
    out = pad_sequences([["a"], ["long", "b"]], dtype=object, value="<pad>")
    assert out.tolist() == [["<pad>", "a"], ["long", "b"]]
    ragged = np.empty(2, object)
    ragged[0], ragged[1] = [1], [2, 3]
    assert pad_sequences(ragged).tolist() == [[0, 1], [2, 3]]
    assert pad_sequences([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        (iter([[1]]), {}, "list of sequences"),
        ([1, 2], {}, "element 0 is 1"),
        (S, {"padding": "mid"}, "padding='mid'"),
        (S, {"truncating": "x"}, "truncating='x'"),
        (S, {"value": "a"}, "dtype=object"),
        ([np.ones((1, 2)), np.ones((1, 3))], {}, "sequence 1"),
    ],
)
def test_errors(args, kwargs, says):
    with pytest.raises(InputError, match=says):
        pad_sequences(args, **kwargs)
