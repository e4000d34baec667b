"""What two engines must agree on: models, files, first weights, order of the data, training.

As a script it writes what the engine in use makes of it: ``python exchange_support.py FOLDER``, and
reads the models that another has put there: ``python exchange_support.py FOLDER --read``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import kerata as keras
from kerata import layers


def mlp() -> Any:
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(12, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dense(6, activation="gelu", kernel_initializer="he_normal"),
            layers.LayerNormalization(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def convnet() -> Any:
    return keras.Sequential(
        [
            keras.Input((12, 10, 3)),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(6, 3, activation="swish"),
            layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
            layers.AveragePooling2D(2, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def recurrent() -> Any:
    return keras.Sequential(
        [
            keras.Input((9,), dtype="int32"),
            layers.Embedding(20, 6),
            layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
            layers.GRU(4, return_sequences=True),
            layers.SimpleRNN(4),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def signal() -> Any:
    return keras.Sequential(
        [
            keras.Input((16, 4)),
            layers.Conv1D(8, 3, padding="causal", dilation_rate=2, activation="elu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(4, 3, strides=2),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def branches() -> Any:
    inputs = keras.Input((6, 8))
    x = layers.MultiHeadAttention(2, 4)(inputs, inputs)
    x = layers.Add()([x, inputs])
    x = layers.UnitNormalization()(x)
    a = layers.GlobalMaxPooling1D()(x)
    b = layers.Flatten()(layers.TimeDistributed(layers.Dense(3, activation="tanh"))(x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Concatenate()([a, b])))


def dropped() -> Any:
    """With random layers: for training with portable random numbers."""
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.GaussianNoise(0.1),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


MODELS: dict[str, Callable[[], Any]] = {
    f.__name__: f for f in (mlp, convnet, recurrent, signal, branches, dropped)
}


def data(model: Any) -> tuple[np.ndarray, np.ndarray]:
    """40 samples for a model, the same everywhere."""
    rng = np.random.default_rng(3)
    spec = model.inputs[0]
    shape = (40, *spec.shape[1:])
    x = rng.integers(0, 20, shape) if spec.dtype == "int32" else rng.normal(size=shape)
    x = x.astype(spec.dtype)
    y = (x.reshape(40, -1)[:, :3].sum(-1) > np.median(x)).astype("float32")
    return x, y


def start(name: str) -> Any:
    """A model with the weights that one seed gives."""
    keras.utils.set_random_seed(7)
    return MODELS[name]()


def train(model: Any, epochs: int = 3) -> list[float]:
    """Seeded training with shuffled data; gives the losses."""
    x, y = data(model)
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy")
    return model.fit(x, y, batch_size=16, epochs=epochs, verbose=0).history["loss"]


def order(n: int = 50) -> list[int]:
    """The order in which an epoch's samples come."""
    seen: list[int] = []

    class Watch(keras.Model):
        def train_step(self, data: Any) -> dict:
            seen.extend(int(v) for v in np.asarray(data[0]).ravel())
            return {"loss": 0.0}

    keras.utils.set_random_seed(7)
    model = Watch()
    model.compile(run_eagerly=True)
    rows = np.arange(n, dtype="int32")
    model.fit(rows, rows, batch_size=8, epochs=2, verbose=0)
    return seen


def write(folder: Path) -> None:
    """Files of all models, and what they give here, in a folder."""
    found: dict[str, Any] = {"order": order()}
    for name in MODELS:
        model = start(name)
        for i, weight in enumerate(model.get_weights()):
            found[f"{name}/first/{i}"] = weight
        keras.config.set_portable_random(name == "dropped")
        found[f"{name}/losses"] = train(model)
        keras.config.set_portable_random(False)
        found[f"{name}/predictions"] = model.predict(data(model)[0], verbose=0)
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        model.save_weights(folder / f"{name}.weights.h5")
        # What an optimizer has kept is part of the files: the next epoch shows it.
        keras.config.set_portable_random(name == "dropped")
        keras.utils.set_random_seed(11)
        found[f"{name}/next"] = go_on(model)
        keras.config.set_portable_random(False)
    np.savez(folder / "found.npz", **{k: np.asarray(v) for k, v in found.items()})


def go_on(model: Any) -> list[float]:
    """An epoch in the order of the data, with the optimizer as it stands."""
    x, y = data(model)
    return model.fit(x, y, batch_size=16, epochs=1, shuffle=False, verbose=0).history["loss"]


def read(folder: Path) -> dict[str, np.ndarray]:
    """What the files in a folder give here, by the same names."""
    found: dict[str, np.ndarray] = {}
    for name in MODELS:
        for kind in ("keras", "h5"):
            model = keras.models.load_model(folder / f"{name}.{kind}")
            x, _ = data(model)
            found[f"{name}/{kind}"] = model.predict(x, verbose=0)
        fresh = MODELS[name]()
        fresh.load_weights(folder / f"{name}.weights.h5")
        found[f"{name}/weights"] = fresh.predict(x, verbose=0)
        if name != "dropped":
            found[f"{name}/next"] = np.asarray(go_on(model))
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if "--read" in sys.argv:
        np.savez(folder / "read.npz", **read(folder))
    else:
        write(folder)
