"""Bins by hashing: those that Keras's documentation and TensorFlow give."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kerata import Input, dtypes, layers, ops
from kerata.errors import DtypeError, InputError, ShapeError

LETTERS = [["A"], ["B"], ["C"], ["D"], ["E"]]


# The results are those in the documentation of Keras.
@pytest.mark.parametrize(
    "arguments, bins",
    [
        ({}, [1, 0, 1, 1, 2]),
        ({"salt": [133, 137]}, [1, 2, 1, 0, 2]),
        ({"salt": 133}, [0, 0, 2, 1, 0]),
    ],
)
def test_documented_bins(arguments, bins):
    layer = layers.Hashing(num_bins=3, **arguments)
    for data in (LETTERS, np.array(LETTERS), np.array(LETTERS, object), np.array(LETTERS).astype("S")):  # fmt: skip
        out = layer(data)
        assert np.asarray(out).tolist() == [[b] for b in bins]
        assert dtypes.standardize(out.dtype) == dtypes.standardize("int64")


def test_masks():
    layer = layers.Hashing(num_bins=3, mask_value="")
    assert np.asarray(layer([["A"], ["B"], [""], ["C"], ["D"]])).tolist() == [
        [1],
        [1],
        [0],
        [2],
        [2],
    ]
    layer = layers.Hashing(num_bins=4, mask_value=0)
    out = np.asarray(layer(np.arange(-50, 50)))
    assert out[50] == 0 and set(np.delete(out, 50).tolist()) == {1, 2, 3}
    assert np.asarray(layers.Hashing(1, mask_value=0)([0, 5])).tolist() == [0, 0]


def test_numbers_are_hashed_as_their_digits():
    layer = layers.Hashing(num_bins=1000)
    numbers = np.array([0, -7, 123456789, 2**40])
    want = np.asarray(layer(list(map(str, numbers.tolist()))))
    assert np.array_equal(np.asarray(layer(numbers)), want)
    assert np.array_equal(np.asarray(layer(numbers + np.array([0.5, -0.5, 0.25, 0.5]))), want)
    small = numbers[:3].astype("int32")
    assert np.array_equal(np.asarray(layer(ops.convert_to_tensor(small))), want[:3])
    assert (
        np.asarray(layer([True, False])).tolist() == np.asarray(layer(["true", "false"])).tolist()
    )


@pytest.mark.parametrize(
    "mode, shape, result",
    [
        ("int", (2, 3), (2, 3)),
        ("one_hot", (2, 3), (2, 3, 5)),
        ("one_hot", (2, 1), (2, 5)),
        ("multi_hot", (2, 3), (2, 5)),
        ("count", (4,), (5,)),
    ],
)
def test_modes(mode, shape, result):
    x = np.arange(np.prod(shape)).reshape(shape)
    layer = layers.Hashing(5, output_mode=mode)
    out = layer(x)
    assert out.shape == result == layer.compute_output_shape(shape)
    if mode != "int":
        bins = np.asarray(layers.Hashing(5)(x))
        want = np.asarray(layers.CategoryEncoding(5, mode)(bins))
        assert np.array_equal(np.asarray(out), want) and dtypes.standardize(out.dtype) == "float32"
    symbol = layer(Input(shape[1:], dtype="int32"))
    assert symbol.shape == ((None, *result[1:]) if len(shape) > 1 else result)


def test_configuration():
    layer = layers.Hashing(5, mask_value="x", salt=3, output_mode="count", name="h")
    config = json.loads(json.dumps(layers.serialize(layer)))
    other = layers.deserialize(config)
    assert other.get_config() == layer.get_config() and other.salt == [3, 3]
    data = [["a", "b", "x"]]
    assert np.array_equal(np.asarray(other(data)), np.asarray(layer(data)))
    crossing = layers.HashedCrossing(5, "one_hot")
    other = layers.deserialize(json.loads(json.dumps(layers.serialize(crossing))))
    assert other.get_config() == crossing.get_config()


# As in the documentation of Keras.
def test_crossing():
    a, b = np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])
    bins = [1, 4, 1, 1, 3]
    layer = layers.HashedCrossing(num_bins=5)
    assert np.asarray(layer((a, b))).tolist() == bins
    assert np.asarray(layer([a[:, None], b[:, None]])).tolist() == [[v] for v in bins]
    assert np.asarray(layer((a[1], b[1]))).tolist() == 4
    out = layers.HashedCrossing(num_bins=5, output_mode="one_hot")((a, b))
    assert np.array_equal(np.asarray(out), np.eye(5)[bins])
    symbols = Input((1,), dtype="string"), Input((1,), dtype="int32")
    assert layer(symbols).shape == (None, 1)


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: layers.Hashing(0), InputError, "above 0"),
        (lambda: layers.Hashing(3, salt="x"), InputError, "salt"),
        (lambda: layers.Hashing(3, output_mode="tf_idf"), InputError, "output_mode"),
        (lambda: layers.Hashing(3, dtype="float32"), DtypeError, "integer type"),
        (lambda: layers.Hashing(3, sparse=True), InputError, "sparse"),
        (lambda: layers.Hashing(3)(np.array([None, "a"], object)), DtypeError, "None"),
        (lambda: layers.Hashing(3)([["a"], ["b", "c"]]), ShapeError, "different lengths"),
        (lambda: layers.HashedCrossing(3)(np.zeros(3, int)), InputError, "at least two"),
        (lambda: layers.HashedCrossing(3)([[1, 2], [1]]), ShapeError, "one shape"),
        (lambda: layers.HashedCrossing(3)([np.zeros((2, 2), int)] * 2), ShapeError, "(batch, 1)"),
        (lambda: layers.HashedCrossing(3)([[1.5], [1]]), DtypeError, "Discretization"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error) as e:
        make()
    assert text in str(e.value)
