"""The layers inside a ``tf.data`` pipeline, whatever the engine, and on tensors of TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import layers

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.slow

WORDS = [["a", "b"], ["z", "a"]]
NUMBERS = [[3, 5], [0, 3]]

CASES = [
    (layers.TextVectorization(vocabulary=["a", "b"], output_sequence_length=3), ["a b", "z a c d"], (None, 3)),
    (layers.TextVectorization(vocabulary=["a", "b"], output_mode="count"), ["a b", "z a c d"], (None, 3)),
    (layers.StringLookup(vocabulary=["a", "b"]), WORDS, (None, 2)),
    (layers.StringLookup(vocabulary=["a", "b"], output_mode="multi_hot"), WORDS, (None, 3)),
    (layers.IntegerLookup(vocabulary=[3, 5]), NUMBERS, (None, 2)),
    (layers.Hashing(4), WORDS, (None, 2)),
    (layers.CategoryEncoding(4), NUMBERS, (None, 4)),
    (layers.Discretization([1, 4]), NUMBERS, (None, 2)),
]  # fmt: skip


@pytest.mark.parametrize("layer, data, shape", CASES, ids=lambda x: getattr(x, "name", ""))
def test_pipeline(layer, data, shape):
    want = np.asarray(layer(data))
    made = tf.data.Dataset.from_tensor_slices(data).batch(2).map(layer)
    assert tuple(made.element_spec.shape) == shape
    (batch,) = made
    assert np.array_equal(batch.numpy(), want)


def test_strings_out_of_a_pipeline():
    back = layers.StringLookup(vocabulary=["a", "b"], invert=True)
    (batch,) = tf.data.Dataset.from_tensor_slices([[1, 2, 0]]).batch(1).map(back)
    assert batch.numpy().tolist() == [[b"a", b"b", b"[UNK]"]]


def test_crossing():
    layer = layers.HashedCrossing(5)
    data = tf.data.Dataset.from_tensor_slices((["A", "B"], [101, 101])).batch(2)
    (batch,) = data.map(lambda a, b: layer((a, b)))
    assert batch.numpy().tolist() == [1, 4]


def test_adapt_to_a_dataset():
    layer = layers.TextVectorization()
    layer.adapt(tf.data.Dataset.from_tensor_slices(["a b", "b c", "b", "q"]).batch(2), steps=1)
    assert layer.get_vocabulary() == ["", "[UNK]", "b", "c", "a"]
    layer = layers.StringLookup()
    layer.adapt(tf.constant(["x", "y", "x"]))
    assert layer.get_vocabulary() == ["[UNK]", "x", "y"]
    layer.adapt(tf.ragged.constant([["x", "y"], ["y"]]))
    assert layer.get_vocabulary() == ["[UNK]", "y", "x"]
    bins = layers.Discretization(num_bins=2)
    bins.adapt(tf.data.Dataset.from_tensor_slices(np.arange(10.0)).batch(5))
    assert len(bins.bin_boundaries) == 1


def test_tensors_with_values():
    assert np.asarray(layers.StringLookup(vocabulary=["a"])(tf.constant(["a", "b"]))).tolist() == [
        1,
        0,
    ]
    text = layers.TextVectorization(vocabulary=["a"])
    assert np.asarray(text(tf.constant([["a b"]]))).tolist() == [[2, 1]]
