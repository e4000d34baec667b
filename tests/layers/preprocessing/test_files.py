"""Vocabularies in ``.keras`` files."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from kerata import Input, Model, Sequential, layers, models

DOCUMENTS = [["a", "b", "c"], ["b", "c", "c"], ["d", "a", "c"]]


def again(model, tmp_path):
    path = tmp_path / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as z:
        names = [n for n in z.namelist() if n.startswith("assets/")]
    return models.load_model(path), names


@pytest.mark.parametrize("mode", ["int", "count", "tf_idf"])
def test_texts(mode, tmp_path):
    layer = layers.TextVectorization(output_mode=mode)
    layer.adapt([" ".join(d) for d in DOCUMENTS])
    model = Sequential([Input((1,), dtype="string"), layer])
    other, names = again(model, tmp_path)
    # Where Keras looks for them.
    assert set(names) == {
        "assets/layers/text_vectorization/vocabulary.txt",
        "assets/layers/text_vectorization/_lookup_layer/vocabulary.txt",
    }
    assert other.layers[0].get_vocabulary() == layer.get_vocabulary()
    texts = np.array(["a c zz c"])
    assert np.array_equal(other.predict(texts, verbose=0), np.asarray(layer(texts)))


@pytest.mark.parametrize("arguments", [{}, {"output_mode": "tf_idf"}, {"num_oov_indices": 2, "mask_token": ""},
                                       {"output_mode": "tf_idf", "max_tokens": 8, "pad_to_max_tokens": True}])  # fmt: skip
def test_strings(arguments, tmp_path):
    layer = layers.StringLookup(**arguments)
    layer.adapt(DOCUMENTS)
    x = Input((3,), dtype="string")
    other, names = again(Model(x, layer(x)), tmp_path)
    assert names == ["assets/layers/string_lookup/vocabulary.txt"]
    data = np.array([*DOCUMENTS, ["q", "", "a"]])
    assert np.array_equal(other.predict(data, verbose=0), np.asarray(layer(data)))


def test_given_vocabularies_are_in_the_configuration(tmp_path):
    x = Input((2,), dtype="int32")
    outputs = [
        layers.IntegerLookup(vocabulary=np.array([7, 5]), output_mode="tf_idf", idf_weights=[1.0, 2.0])(x),
        layers.StringLookup(vocabulary=["a"])(layers.StringLookup(vocabulary=["a"], invert=True)(x)),
    ]  # fmt: skip
    other, names = again(Model(x, outputs), tmp_path)
    assert names == []
    assert other.layers[1].get_vocabulary() in ([-1, 7, 5], ["[UNK]", "a"])
    found, index = other(np.array([[5, 1]]))
    assert np.asarray(found).tolist() == [[1.5, 0, 2]] and np.asarray(index).tolist() == [[0, 1]]


def test_adapted_integers_and_bins(tmp_path):
    x = Input((3,))
    lookup, bins = layers.IntegerLookup(), layers.Discretization(num_bins=3)
    lookup.adapt([4, 4, 9])
    bins.adapt(np.arange(9.0))
    model = Model(x, [lookup(x), bins(x)])
    other, _ = again(model, tmp_path)
    data = np.array([[4.0, 9.0, 1.0]])
    for a, b in zip(other.predict(data, verbose=0), model.predict(data, verbose=0)):
        assert np.array_equal(a, b)


def test_only_weights(tmp_path):
    layer = layers.StringLookup(output_mode="tf_idf", vocabulary=["a", "b"], idf_weights=[1.0, 2.0])
    x = Input((2,), dtype="string")
    model = Model(x, layer(x))
    model.save_weights(tmp_path / "m.weights.h5")
    layer.idf_weights = np.zeros(3, "float32")
    model.load_weights(tmp_path / "m.weights.h5")
    assert layer.idf_weights.tolist() == [1.5, 1, 2]
    buffer = io.BytesIO()
    model.save(buffer)
    buffer.seek(0)
    assert models.load_model(buffer).layers[1].idf_weights.tolist() == [1.5, 1, 2]
