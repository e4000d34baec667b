"""`FeatureSpace`: tables as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import Model, layers, models, utils
from kerata.errors import InputError, NotBuiltError

Space = utils.FeatureSpace
DATA = {
    "size": [0.0, 0.1, 0.2, 0.3],
    "word": ["zero", "one", "two", "zero"],
    "count": [0, 1, 2, 3],
    "code": ["a", "b", "c", "d"],
    "level": [0.0, 1.0, 2.0, 3.0],
}


def everything(**arguments):
    features = {
        "size": "float_normalized",
        "word": "string_categorical",
        "count": "integer_categorical",
        "code": Space.string_hashed(5),
        "level": Space.float_discretized(3),
    }
    crosses = [("word", "count"), Space.cross(("word", "code"), crossing_dim=4)]
    space = Space(features, crosses=crosses, **arguments)
    space.adapt(DATA)
    return space


def by_hand():
    """The parts, made by the layers themselves."""
    words, counts = layers.StringLookup(), layers.IntegerLookup()
    words.adapt(DATA["word"])
    counts.adapt(DATA["count"])
    bins = layers.Discretization(num_bins=3)
    bins.adapt(np.array(DATA["level"]))
    word, count = np.asarray(words(DATA["word"])), np.asarray(counts(DATA["count"]))
    code = np.asarray(layers.Hashing(5)(DATA["code"]))
    size = np.array(DATA["size"])
    return {
        "code": np.eye(5)[code],
        "count": np.eye(5)[count],
        "level": np.eye(3)[np.asarray(bins(np.array(DATA["level"])))],
        "size": ((size - size.mean()) / size.std())[:, None],
        "word": np.eye(4)[word],
        "word_X_code": np.eye(4)[np.asarray(layers.HashedCrossing(4)([word, code]))],
        "word_X_count": np.eye(32)[np.asarray(layers.HashedCrossing(32)([word, count]))],
    }


def test_parts_and_their_order():
    want = by_hand()
    out = everything(output_mode="dict")(DATA)
    assert set(out) == set(want)
    for name, part in want.items():
        np.testing.assert_allclose(np.asarray(out[name]), part, rtol=1e-5, err_msg=name)
    joined = np.asarray(everything()(DATA))
    np.testing.assert_allclose(joined, np.concatenate(list(want.values()), 1), rtol=1e-5)


def test_one_row():
    space = everything()
    whole = np.asarray(space(DATA))
    row = space({k: v[1] for k, v in DATA.items()})
    assert row.shape == (54,) and np.array_equal(np.asarray(row), whole[1])
    rows = space({k: np.array(v)[:2, None] for k, v in DATA.items()} | {"more": [1]})
    assert np.array_equal(np.asarray(rows), whole[:2])


def test_integers_in_a_dict():
    space = Space(
        {
            "word": Space.string_categorical(output_mode="int"),
            "count": Space.integer_categorical(output_mode="int"),
        },
        crosses=[Space.cross(("word", "count"), crossing_dim=32, output_mode="int")],
        output_mode="dict",
    )
    space.adapt(DATA)
    out = {k: np.asarray(v).ravel().tolist() for k, v in space({k: DATA[k] for k in ("word", "count")}).items()}  # fmt: skip
    # What Keras 3.15.1 gives for these.
    assert out == {"count": [4, 3, 2, 1], "word": [1, 3, 2, 1], "word_X_count": [21, 1, 27, 9]}


def test_features_without_adapt():
    space = Space(
        {
            "a": "float",
            "b": Space.float_rescaled(2.0, offset=1.0),
            "c": Space.float_discretized(None, bin_boundaries=[0.5]),
            "d": "integer_hashed",
        },
        hashing_dim=3,
    )
    out = np.asarray(space({"a": [1, 2], "b": [1.0, 2.0], "c": [0.0, 1.0], "d": [7, 8]}))
    codes = np.eye(3)[np.asarray(layers.Hashing(3)([7, 8]))]
    assert np.array_equal(out, np.hstack([[[1, 3, 1, 0], [2, 5, 0, 1]], codes]))


def test_a_layer_of_ones_own():
    text = layers.TextVectorization(output_mode="tf_idf")
    space = Space({"text": Space.feature("string", text, "float")})
    space.adapt({"text": ["1st string", "2nd string"]})
    data = ["2nd 2nd string"]
    np.testing.assert_allclose(np.asarray(space({"text": data})), np.asarray(text(data)))
    assert space.preprocessors["text"] is text


def test_streams():
    def batches():
        for i in range(0, 4, 2):
            yield {k: np.array(v[i : i + 2]) for k, v in DATA.items()}, np.zeros(2)

    want = np.asarray(everything()(DATA))
    for data in (batches(), list(batches())):
        space = everything()
        space.adapt(data)
        np.testing.assert_allclose(np.asarray(space(DATA)), want, rtol=1e-5)


def test_in_a_model():
    space = everything()
    dense = layers.Dense(1)
    model = Model(space.get_inputs(), dense(space.get_encoded_features()))
    model.compile("sgd", "mse")
    data = {k: np.array(v) for k, v in DATA.items()}
    want = np.asarray(space(DATA)) @ dense.get_weights()[0]
    np.testing.assert_allclose(model.predict(data, verbose=0), want, rtol=1e-4, atol=1e-5)
    model.fit(data, np.ones(4), verbose=0)


def test_files(tmp_path):
    space = everything()
    space.save(tmp_path / "space.keras")
    other = models.load_model(tmp_path / "space.keras")
    assert isinstance(other, Space) and other.preprocessors["word"].vocabulary_size() == 4
    np.testing.assert_allclose(np.asarray(other(DATA)), np.asarray(space(DATA)), rtol=1e-6)


def test_pipeline():
    tf = pytest.importorskip("tensorflow")
    space = everything()
    made = tf.data.Dataset.from_tensor_slices(DATA).batch(2).map(space)
    assert tuple(made.element_spec.shape) == (None, 54)
    out = np.concatenate([b.numpy() for b in made])
    np.testing.assert_allclose(out, np.asarray(space(DATA)), rtol=1e-6)
    singles = tf.data.Dataset.from_tensor_slices((DATA, [0.0] * 4)).map(lambda x, y: (space(x), y))
    np.testing.assert_allclose(np.stack([x.numpy() for x, _ in singles]), out, rtol=1e-6)
    other = everything()
    other.adapt(tf.data.Dataset.from_tensor_slices(DATA))
    np.testing.assert_allclose(np.asarray(other(DATA)), out, rtol=1e-6)


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: Space({}), InputError, "empty"),
        (lambda: Space({"a": "number"}), InputError, "'float_normalized'"),
        (lambda: Space({"a": "float"}, output_mode="list"), InputError, "'concat', 'dict'"),
        (lambda: Space({"a": "float"}, crosses=[("a", "b")]), InputError, "no features"),
        (lambda: Space.cross(("a", "b"), 3, "float"), InputError, "'int', 'one_hot'"),
        (lambda: Space({"a": "float_normalized"})({"a": [1.0]}), NotBuiltError, "adapt"),
        (lambda: Space({"a": "float"})([1.0]), InputError, "dict of features"),
        (lambda: Space({"a": "float"})({"b": [1.0]}), InputError, r"lack the features \['a'\]"),
        (lambda: Space({"a": "string_categorical"}).adapt({"b": ["x"]}), InputError, "lack"),
        (lambda: Space({"a": "string_categorical"}).adapt(np.zeros(3)), InputError, "dict of arrays"),
        (
            lambda: Space({"a": Space.string_hashed(3, output_mode="int"), "b": "float"})({"a": ["x"], "b": [1.0]}),
            InputError,
            "cannot be joined",
        ),
        (
            lambda: Space({"a": Space.feature("float32", layers.Rescaling(1.0), "one_hot")})({"a": [1.0]}),
            InputError,
            "must give integers",
        ),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()
