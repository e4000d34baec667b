"""Preprocessing layers: numbers, categories, text and images, before the model or inside it.

A model that takes raw values (a number, a word, a sentence) is trained, saved and loaded; image layers
enlarge a small data set. Nothing here needs TensorFlow. Run it with ``python examples/preprocessing_layers.py``.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import kerata as keras
from kerata import layers

COLOURS = ["red", "green", "blue"]
GOOD, BAD = ["good", "lovely", "fine"], ["bad", "awful", "poor"]


def table(count: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Raw rows: age (a number), colour (a word), report (a sentence); and whether somebody would buy."""
    rng = np.random.default_rng(seed)
    age, colour = rng.uniform(18, 90, count), rng.choice(COLOURS, count)
    praise = rng.random(count) < 0.5
    report = [
        f"It was {rng.choice(GOOD if p else BAD)}, the {c} one!" for p, c in zip(praise, colour)
    ]
    buys = (age < 50).astype(int) + (colour == "red") + 2 * praise >= 3
    rows = {"age": age, "colour": colour.astype(object), "report": np.array(report, object)}
    return {k: v[:, None] for k, v in rows.items()}, buys.astype("float32")[:, None]


def single_layers() -> None:
    """What single layers make of their data."""
    ages = np.array([[20.0], [40.0], [60.0]])
    normalize = layers.Normalization()
    normalize.adapt(ages)
    assert np.allclose(np.asarray(normalize(ages)).ravel(), [-1.2247, 0, 1.2247], atol=1e-3)
    bins = layers.Discretization(bin_boundaries=[30, 50])
    assert np.asarray(bins(ages)).ravel().tolist() == [0, 1, 2]
    lookup = layers.StringLookup(vocabulary=COLOURS, output_mode="one_hot")
    assert np.asarray(lookup([["blue"], ["pink"]])).tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]
    back = layers.StringLookup(vocabulary=COLOURS, invert=True)
    assert back([1, 3])[1] == "blue"
    numbers = layers.IntegerLookup()
    numbers.adapt([[7], [7], [300]])
    assert np.asarray(numbers([[300], [7], [5]])).ravel().tolist() == [2, 1, 0]
    hashed = layers.Hashing(num_bins=64, salt=1337)(np.arange(1000)[:, None])
    many = layers.CategoryEncoding(num_tokens=64, output_mode="multi_hot")(hashed)
    assert many.shape == (1000, 64)


def make_model(data: dict[str, np.ndarray]) -> keras.Model:
    """Layers that have learned vocabularies and moments from the data, and the network above them."""
    normalize, words = layers.Normalization(), layers.TextVectorization(output_mode="multi_hot")
    lookup = layers.StringLookup(output_mode="one_hot")
    normalize.adapt(data["age"])
    lookup.adapt(data["colour"])
    words.adapt(data["report"])
    age = keras.Input(shape=(1,), name="age")
    colour = keras.Input(shape=(1,), dtype="string", name="colour")
    report = keras.Input(shape=(1,), dtype="string", name="report")
    x = layers.concatenate([normalize(age), lookup(colour), words(report)])
    x = layers.Dense(16, activation="relu")(x)
    return keras.Model([age, colour, report], layers.Dense(1, activation="sigmoid")(x))


def raw_rows() -> float:
    """Train on raw rows, save, load; gives the accuracy of the loaded model."""
    (data, buys), (other, others) = table(1500, 1), table(300, 2)
    model = make_model(data)
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    model.fit(data, buys, epochs=12, verbose=0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "raw.keras"
        model.save(path)  # vocabularies and moments travel along
        loaded = keras.models.load_model(path)
    return loaded.evaluate(other, others, verbose=0)[1]


class Disturbed(keras.utils.PyDataset):
    """Images that are moved and turned on the way to the model, each time in another way."""

    def __init__(self, x: np.ndarray, y: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.x, self.y = x, y
        self.change = keras.Sequential(
            [layers.RandomTranslation(0.1, 0.1, seed=3), layers.RandomRotation(0.03, seed=4)]
        )

    def __len__(self) -> int:
        return len(self.x) // 25

    def __getitem__(self, index: int) -> tuple[Any, np.ndarray]:
        rows = slice(25 * index, 25 * index + 25)
        return self.change(self.x[rows], training=True), self.y[rows]


def images() -> float:
    """Train on 200 digits, disturbed before the model; gives the accuracy on the test images."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
    x_train, x_test = (x[..., None].astype("float32") for x in (x_train, x_test))
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.RandomContrast(0.1, seed=5),  # and one inside the model, for training only
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    model.fit(Disturbed(x_train[:200], y_train[:200]), epochs=20, verbose=0)
    return model.evaluate(x_test, y_test, verbose=0)[1]


if __name__ == "__main__":
    keras.utils.set_random_seed(1)
    single_layers()
    raw, seen = raw_rows(), images()
    print(f"raw rows: {raw:.1%} right; digits, learned from 200: {seen:.1%} right")
    assert raw > 0.95 and seen > 0.85
