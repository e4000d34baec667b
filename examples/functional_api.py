"""The functional API: graphs of layers with shared parts, several inputs and several outputs.

Two images of digits go in. The model says which digit the first one is, and whether both are the same; one
encoder, called twice, looks at both. Run it with ``python examples/functional_api.py``.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import kerata as keras
from kerata import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (x[..., None].astype("float32") / 16 for x in (x_train, x_test))


def pairs(x: np.ndarray, y: np.ndarray, count: int, seed: int) -> tuple[dict, dict]:
    """Pairs of images, and what is to be said of them; a third of the pairs show the same digit."""
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, len(x), (2, count))
    for i in range(0, count, 3):
        right[i] = rng.choice(np.flatnonzero(y == y[left[i]]))
    same = (y[left] == y[right]).astype("float32")[:, None]
    inputs = {"left": x[left], "right": x[right]}
    return inputs, {"digit": y[left], "same": same}


def make_encoder(name: str = "encoder") -> keras.Model:
    """From an image to 32 numbers."""
    image = keras.Input(shape=(8, 8, 1), name="image")
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    block = layers.MaxPooling2D(2, name="block")(x)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(block)
    x = layers.add([x, block])  # a way past the convolution: no chain of layers any more
    x = layers.Flatten()(x)
    return keras.Model(image, layers.Dense(32, activation="relu", name="code")(x), name=name)


def make_model(encoder: keras.Model) -> keras.Model:
    """Both images through the same encoder; two answers."""
    left = keras.Input(shape=(8, 8, 1), name="left")
    right = keras.Input(shape=(8, 8, 1), name="right")
    a, b = encoder(left), encoder(right)
    x = layers.concatenate([keras.ops.abs(a - b), a * b])
    x = layers.Dense(32, activation="relu")(x)
    same = layers.Dense(1, activation="sigmoid", name="same")(x)
    digit = layers.Dense(10, name="digit")(a)
    return keras.Model(inputs=[left, right], outputs={"digit": digit, "same": same}, name="pairs")


def main() -> dict[str, float]:
    """Train, look inside, save and load; gives the results on the test images."""
    keras.utils.set_random_seed(1)
    encoder = make_encoder()
    model = make_model(encoder)
    model.summary()
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss={
            "digit": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "same": keras.losses.BinaryCrossentropy(),
        },
        loss_weights={"digit": 1.0, "same": 2.0},
        metrics={"digit": ["accuracy"], "same": ["accuracy"]},
    )
    model.fit(*pairs(x_train, y_train, 4500, 2), batch_size=64, epochs=8, verbose=2)
    inputs, targets = pairs(x_test, y_test, 600, 3)
    results = model.evaluate(inputs, targets, return_dict=True, verbose=0)

    # Tensors inside a graph are outputs of other models, which share the weights.
    inner = keras.Model(encoder.input, [encoder.get_layer("block").output, encoder.output])
    block, code = inner.predict(x_test[:5], verbose=0)
    assert block.shape == (5, 4, 4, 16) and code.shape == (5, 32)
    assert np.allclose(code, encoder.predict(x_test[:5], verbose=0), atol=1e-5)

    # Models are layers: two encoders with their average on top.
    image = keras.Input(shape=(8, 8, 1))
    ensemble = keras.Model(image, layers.average([encoder(image), make_encoder("other")(image)]))
    assert ensemble.output_shape == (None, 32)

    with TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.keras"
        model.save(path)
        loaded = keras.models.load_model(path)
        before, after = (m.predict(inputs, verbose=0) for m in (model, loaded))
    assert all(np.allclose(before[k], after[k], atol=1e-5) for k in before)
    return results


if __name__ == "__main__":
    scores = main()
    for name in ("digit", "same"):
        print(f"{name}: {scores[f'{name}_accuracy']:.1%} right on the test images")
    assert scores["digit_accuracy"] > 0.93 and scores["same_accuracy"] > 0.9
