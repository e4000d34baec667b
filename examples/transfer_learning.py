"""Transfer learning: what a network has learned from five digits helps to tell the other five.

A small convolutional network is trained on the digits 0 to 4. Its body is frozen below a new top, which
learns 5 to 9 from few images; then all of it is trained on at a low rate.
Run it with ``python examples/transfer_learning.py``; it takes some seconds.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import kerata as keras
from kerata import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (x[..., None].astype("float32") for x in (x_train, x_test))
FEW = 60  # images of the digits 5 to 9 to learn from


def of_digits(x: np.ndarray, y: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """The images of five digits, these numbered from 0."""
    rows = (y >= first) & (y < first + 5)
    return x[rows], y[rows] - first


def make_body() -> keras.Model:
    """From an image to 64 features, with batch normalization on the way."""
    image = keras.Input(shape=(8, 8, 1))
    x = layers.Rescaling(1 / 8, offset=-1)(image)
    for filters in (16, 32, 64):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    return keras.Model(image, layers.GlobalMaxPooling2D()(x), name="body")


def put_top(body: keras.Model) -> keras.Model:
    """The body, which stays in inference mode, below a new top."""
    image = keras.Input(shape=(8, 8, 1))
    features = layers.Dropout(0.2)(body(image, training=False))
    return keras.Model(image, layers.Dense(5, name="top")(features))


def prepare(model: keras.Model, rate: float) -> None:
    """Compile it; what is trained is settled here."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])


def main() -> dict[str, float]:
    """Train in three stages; gives the accuracies on test images of the digits 5 to 9."""
    keras.utils.set_random_seed(1)
    old, new = of_digits(x_train, y_train, 0), of_digits(x_train, y_train, 5)
    test = of_digits(x_test, y_test, 5)
    new = new[0][:FEW], new[1][:FEW]

    body = make_body()
    first = keras.Sequential([body, layers.Dense(5)])
    prepare(first, 3e-3)
    first.fit(*old, epochs=10, verbose=0)
    found = {}

    # The weights also travel by file, into a body made anew.
    with TemporaryDirectory() as folder:
        path = Path(folder) / "body.weights.h5"
        body.save_weights(path)
        body = make_body()
        body.load_weights(path)

    body.trainable = False
    model = put_top(body)
    model.summary(show_trainable=True)
    assert [w.path.split("/")[-1] for w in model.trainable_weights] == ["kernel", "bias"]
    prepare(model, 1e-2)
    kept = body.get_weights()
    model.fit(*new, epochs=60, batch_size=20, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(kept, body.get_weights())), "frozen"
    found["new top"] = model.evaluate(*test, verbose=0)[1]

    body.trainable = True
    prepare(model, 3e-4)
    model.fit(*new, epochs=30, batch_size=20, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(kept, body.get_weights())]
    # The moving moments of the normalizations stay: the body is called with training=False.
    assert sum(moved) == len(body.trainable_weights) == 9 and len(moved) == 15
    found["all of it"] = model.evaluate(*test, verbose=0)[1]
    return found


if __name__ == "__main__":
    found = main()
    for name, accuracy in found.items():
        print(f"trained on {FEW} images, {name}: {accuracy:.1%} right")
    assert found["new top"] > 0.75 and found["all of it"] > 0.85
