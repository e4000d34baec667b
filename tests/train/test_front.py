"""Models whose first layers take strings: trained and used on arrays and streams of strings."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import Input, Model, Sequential, layers, utils
from kerata.errors import InputError

TEXTS = np.array(["good film", "bad film", "very good", "so bad", "good good", "bad bad bad"] * 6)
LABELS = np.array([1, 0, 1, 0, 1, 0] * 6, "float32")


def vectorizer(**arguments):
    layer = layers.TextVectorization(**{"output_sequence_length": 4, **arguments})
    layer.adapt(TEXTS)
    return layer


def classifier(first, with_input=True):
    start = [Input((), dtype="string")] if with_input else []
    model = Sequential(
        [*start, first, layers.Embedding(20, 4), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    )  # fmt: skip
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 0.1
    return model


@pytest.mark.parametrize("with_input", [True, False])
def test_fit_evaluate_predict(with_input):
    model = classifier(vectorizer(), with_input)
    history = model.fit(TEXTS, LABELS, epochs=8, batch_size=8, validation_split=0.2, verbose=0)
    assert history.history["val_accuracy"][-1] == 1
    assert model.evaluate(TEXTS, LABELS, verbose=0)[1] == 1
    out = model.predict(TEXTS, verbose=0, batch_size=10)
    assert np.array_equal(out[:, 0] > 0.5, LABELS)
    np.testing.assert_allclose(np.asarray(model(TEXTS)), out, rtol=1e-5)
    np.testing.assert_allclose(model.predict_on_batch(TEXTS[:3]), out[:3], rtol=1e-5)
    np.testing.assert_allclose(model.predict(list(TEXTS[:3]), verbose=0), out[:3], rtol=1e-5)
    model.train_on_batch(TEXTS[:4], LABELS[:4])
    assert not np.allclose(model.predict(TEXTS.astype(object), verbose=0), out)


def test_the_same_as_by_hand():
    first = vectorizer()
    model = classifier(first)
    numbers = np.asarray(first(TEXTS))
    rest = Sequential(model.layers[1:])
    rest(numbers)
    want = np.asarray(rest(numbers))
    np.testing.assert_allclose(model.predict(TEXTS, verbose=0), want, rtol=1e-5)
    many = Model(model.inputs, [model.layers[0].output, model.output])
    indices, out = many.predict(TEXTS[:, None], verbose=0)
    assert np.array_equal(indices, numbers)
    np.testing.assert_allclose(out, want, rtol=1e-5)


class Batches(utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        part = slice(9 * index, 9 * index + 9)
        return TEXTS[part], LABELS[part]


def generator():
    while True:
        yield from Batches()


@pytest.mark.parametrize("stream", ["dataset", "generator", "list"])
def test_streams(stream):
    model = classifier(vectorizer())
    data = {"dataset": Batches(), "generator": generator(), "list": list(Batches())}[stream]
    model.fit(
        data, epochs=8, steps_per_epoch=4 if stream == "generator" else None,
        validation_data=Batches(), verbose=0,
    )  # fmt: skip
    assert model.evaluate(Batches(), verbose=0)[1] == 1
    assert model.predict(Batches(), verbose=0).shape == (36, 1)


def test_several_inputs_and_an_inner_model():
    words = layers.StringLookup(vocabulary=["red", "blue"], output_mode="one_hot")
    color, size = Input((1,), dtype="string", name="color"), Input((1,), name="size")
    scaled = layers.Rescaling(0.1)(size)
    first = Model({"color": color, "size": size}, layers.concatenate([words(color), scaled]))
    inputs = {
        "color": Input((1,), dtype="string", name="color"),
        "size": Input((1,), name="size"),
        "other": Input((1,), name="other"),
    }
    x = layers.concatenate([first({k: inputs[k] for k in ("color", "size")}), inputs["other"]])
    model = Model(inputs, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    data = {
        "color": np.array(["red", "green", "blue"]),
        "size": np.array([10.0, 20.0, 30.0]),
        "other": np.array([[1.0], [2.0], [3.0]]),
    }
    table = [[0, 1, 0, 1, 1], [1, 0, 0, 2, 2], [0, 0, 1, 3, 3]]
    want = np.array(table) @ model.get_weights()[0] + model.get_weights()[1]
    np.testing.assert_allclose(model.predict(data, verbose=0), want, rtol=1e-5)
    model.fit(data, np.ones(3), verbose=0)
    with pytest.raises(InputError, match=r"misses the inputs \['other'\]"):
        model.predict({k: data[k] for k in ("color", "size")}, verbose=0)


def test_big_results_are_made_batch_by_batch(monkeypatch):
    first = vectorizer(output_mode="count", output_sequence_length=None)
    text = Input((1,), dtype="string")
    counts = first(text)
    model = Model(text, [layers.Dense(1)(counts), counts])
    model.compile("sgd", ["mse", None])
    want = model.predict(TEXTS, verbose=0)
    met = []
    compute = type(first)._compute

    def counted(self, texts):
        met.append(len(texts))
        return compute(self, texts)

    monkeypatch.setattr(type(first), "_compute", counted)
    monkeypatch.setattr("kerata.train.data.rows.LAZY_BYTES", 100)
    for got, w in zip(model.predict(TEXTS, verbose=0, batch_size=10), want):
        np.testing.assert_allclose(got, w, rtol=1e-5)
    assert met == [10, 10, 10, 6]
    history = model.fit(
        TEXTS, LABELS, batch_size=9, epochs=2, validation_split=0.25, shuffle=True, verbose=0
    )
    assert np.isfinite(history.history["val_loss"]).all() and max(met) == 10


def test_hashes_of_integers_run_on_the_host():
    x = Input((2,), dtype="int32")
    model = Model(x, layers.Embedding(5, 3)(layers.Hashing(5)(x)))
    data = np.arange(12).reshape(6, 2)
    want = model.get_weights()[0][np.asarray(layers.Hashing(5)(data))]
    np.testing.assert_allclose(model.predict(data, verbose=0), want, rtol=1e-6)


def test_errors():
    x = Input((1,), dtype="int32")
    back = layers.StringLookup(vocabulary=["a", "b"], invert=True)
    with pytest.raises(InputError, match="strings"):
        Model(x, back(x)).predict(np.zeros((2, 1), int), verbose=0)
    with pytest.raises(InputError, match="array of int64|array of int32"):
        classifier(vectorizer()).predict(np.zeros(3, int), verbose=0)
    inner = classifier(vectorizer())
    text = Input((), dtype="string")
    with pytest.raises(InputError, match="no weights to train"):
        Model(text, inner(text)).predict(TEXTS, verbose=0)


@pytest.mark.engine("jax", "torch")  # TensorFlow calls Python from its graphs
def test_no_host_layers_after_others():
    x = Input((1,), dtype="int32")
    late = layers.Hashing(3)(layers.Embedding(5, 3)(x))
    with pytest.raises(InputError, match="cannot be compiled"):
        Model(x, late).predict(np.zeros((2, 1), int), verbose=0)
