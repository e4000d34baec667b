"""Sequential models: layers in a row, added one by one, looked at on the way, taken apart again.

Run it with ``python examples/sequential.py``; it takes some seconds.
"""

from __future__ import annotations

import numpy as np

import kerata as keras
from kerata import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (x[..., None].astype("float32") / 16 for x in (x_train, x_test))


def without_shape() -> None:
    """A model that knows no input shape has no weights until it meets data."""
    model = keras.Sequential([layers.Dense(3, activation="relu"), layers.Dense(2)])
    assert not model.built and model.weights == []
    outputs = model(np.ones((5, 4), "float32"))
    assert outputs.shape == (5, 2) and len(model.weights) == 4
    model.pop()
    assert [layer.units for layer in model.layers] == [3]


def make_model() -> keras.Sequential:
    """Built layer by layer; the shape so far is known at every point."""
    model = keras.Sequential(name="digits")
    model.add(keras.Input(shape=(8, 8, 1)))
    model.add(layers.Conv2D(16, 3, activation="relu"))
    print("after a convolution:", model.output_shape)
    model.add(layers.Conv2D(32, 3, activation="relu"))
    print("after two of them:  ", model.output_shape)
    model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(10, activation="softmax", name="answer"))
    model.summary()
    return model


def main() -> float:
    """Train, then use the layers of the model in others; gives the accuracy on the test images."""
    keras.utils.set_random_seed(1)
    without_shape()
    model = make_model()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=12, verbose=2)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)

    # What every layer gives, all at once.
    features = keras.Model(model.inputs, [layer.output for layer in model.layers])
    assert [f.shape[-1] for f in features(x_test[:2])] == [16, 32, 32, 128, 128, 10]

    # Everything but the last layer, kept as it is, below a new one that tells even digits from odd ones.
    body = keras.Sequential([model.inputs[0], *model.layers[:-1]])
    body.trainable = False
    parity = keras.Sequential([body, layers.Dense(1, activation="sigmoid")])
    parity.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
    kept = [w.copy() for w in body.get_weights()]
    parity.fit(x_train, y_train % 2, epochs=10, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(kept, body.get_weights()))
    _, right = parity.evaluate(x_test, y_test % 2, verbose=0)
    print(f"even or odd: {right:.1%} right")
    assert right > 0.9
    return accuracy


if __name__ == "__main__":
    accuracy = main()
    print(f"digits: {accuracy:.1%} of the test images are right")
    assert accuracy > 0.95
