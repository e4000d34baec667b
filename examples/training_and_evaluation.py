"""Training and evaluation with the built-in methods: losses, metrics, weights, data of every kind, schedules.

Run it with ``python examples/training_and_evaluation.py``; it takes some seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import kerata as keras
from kerata import layers, ops

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))


class TowardsHalf(keras.losses.Loss):
    """Cross-entropy with a penalty on answers that are too sure: a loss with an argument of its own."""

    def __init__(self, factor: float = 0.01, name: str = "towards_half") -> None:
        super().__init__(name=name)
        self.factor = factor

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row."""
        wrong = keras.losses.sparse_categorical_crossentropy(y_true, y_pred)
        return wrong + self.factor * ops.mean(ops.square(y_pred - 0.5), axis=-1)


class Hits(keras.metrics.Metric):
    """How many images were recognized: a metric with a state of its own."""

    def __init__(self, name: str = "hits", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch in."""
        right = ops.equal(ops.cast(ops.reshape(y_true, (-1,)), "int32"), ops.argmax(y_pred, -1))
        right = ops.cast(right, "float32")
        if sample_weight is not None:
            right = right * ops.cast(ops.reshape(sample_weight, (-1,)), "float32")
        self.count.assign_add(ops.sum(right))

    def result(self) -> Any:
        """The number so far in this epoch."""
        return self.count.value


class Batches(keras.utils.PyDataset):
    """Data by the batch, which may be made by several workers."""

    def __init__(self, x: np.ndarray, y: np.ndarray, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.x, self.y, self.size = x, y, size

    def __len__(self) -> int:
        return -(-len(self.x) // self.size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(index * self.size, (index + 1) * self.size)
        return self.x[rows], self.y[rows]


def endless(size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A generator, which never ends: ``steps_per_epoch`` says what an epoch is."""
    rng = np.random.default_rng(4)
    while True:
        rows = rng.integers(0, len(x_train), size)
        yield x_train[rows], y_train[rows]


def make_model() -> keras.Model:
    """Two hidden layers; the first adds to the loss what its outputs amount to."""
    inputs = keras.Input(shape=(64,), name="pixels")
    x = layers.Dense(64, activation="relu", activity_regularizer="l2")(inputs)
    x = layers.Dense(64, activation="relu")(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def main() -> float:
    """Train in several ways; gives the accuracy on the test images."""
    keras.utils.set_random_seed(1)
    model = make_model()
    rate = keras.optimizers.schedules.ExponentialDecay(3e-3, decay_steps=500, decay_rate=0.5)
    model.compile(keras.optimizers.Adam(rate), TowardsHalf(), metrics=["accuracy", Hits()])
    with TemporaryDirectory() as folder:
        best = Path(folder) / "best.keras"
        callbacks = [
            keras.callbacks.EarlyStopping(monitor="val_loss", patience=4),
            keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
        ]
        history = model.fit(
            x_train, y_train, batch_size=32, epochs=12, validation_split=0.15, callbacks=callbacks, verbose=2
        )  # fmt: skip
        loaded = keras.models.load_model(
            best, custom_objects={"TowardsHalf": TowardsHalf, "Hits": Hits}
        )
    assert history.history["hits"][-1] <= len(x_train)
    lowest = min(history.history["val_loss"])
    rows = len(x_train) - int(len(x_train) * 0.85)
    again = loaded.evaluate(x_train[-rows:], y_train[-rows:], return_dict=True, verbose=0)
    assert abs(again["loss"] - lowest) < 1e-3, "the file holds the best epoch"

    # Eights count four times: by class or by row.
    model.fit(
        x_train, y_train, class_weight={i: 4.0 if i == 8 else 1.0 for i in range(10)}, verbose=0
    )
    model.fit(x_train, y_train, sample_weight=np.where(y_train == 8, 4.0, 1.0), verbose=0)

    # Batches of a PyDataset and of a generator.
    batches = Batches(x_train, y_train, 64, workers=2)
    model.fit(batches, epochs=2, validation_data=Batches(x_test, y_test, 64), verbose=0)
    model.fit(endless(32), steps_per_epoch=20, epochs=2, verbose=0)
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    assert results["hits"] == round(results["accuracy"] * len(x_test))
    return results["accuracy"]


if __name__ == "__main__":
    accuracy = main()
    print(f"{accuracy:.1%} of the test images are right")
    assert accuracy > 0.92
