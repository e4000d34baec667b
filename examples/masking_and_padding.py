"""Sequences of different lengths: padding, masks, and layers of one's own that make, change or use them.

Run it with ``python examples/masking_and_padding.py``; it takes some seconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import kerata as keras
from kerata import layers, ops

WORDS, LENGTH = 20, 12


def sequences(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lists of 3 to 12 numbers from 1 to 19, padded with 0; are more than half of them above 10?"""
    rng = np.random.default_rng(seed)
    lists = [rng.integers(1, WORDS, rng.integers(3, LENGTH + 1)) for _ in range(count)]
    labels = np.array([float(np.mean(x > 10) > 0.5) for x in lists], "float32")
    return keras.utils.pad_sequences(lists, maxlen=LENGTH, padding="post"), labels[:, None]


class Halves(layers.Layer):
    """Cuts sequences into two; so the mask has to be cut as well."""

    def call(self, inputs: Any) -> Any:
        """Both halves."""
        return ops.split(inputs, 2, axis=1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Both halves of the mask."""
        return None if mask is None else ops.split(mask, 2, axis=1)


class Shift(layers.Layer):
    """Does something to every step by itself, so that the mask stays what it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """One more."""
        return inputs + 1.0


class MaskedMean(layers.Layer):
    """Uses the mask: the mean over the steps that are there."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """From (batch, steps, features) to (batch, features)."""
        assert mask is not None
        there = ops.cast(mask, inputs.dtype)[..., None]
        return ops.sum(inputs * there, axis=1) / ops.sum(there, axis=1)


def masks_by_hand(x: np.ndarray) -> None:
    """Where masks come from, and where they go."""
    embedded = layers.Embedding(WORDS, 4, mask_zero=True)(x)
    assert np.array_equal(np.asarray(embedded._keras_mask), x != 0)
    pixels = np.repeat(x[..., None], 4, axis=-1).astype("float32")
    assert np.array_equal(np.asarray(layers.Masking()(pixels)._keras_mask), x != 0)
    assert np.array_equal(np.asarray(Shift()(embedded)._keras_mask), x != 0)
    first, second = Halves()(embedded)
    assert np.array_equal(np.asarray(first._keras_mask), x[:, :6] != 0)
    assert np.array_equal(np.asarray(second._keras_mask), x[:, 6:] != 0)


def main() -> float:
    """Train a recurrent network and one with `MaskedMean`; gives the lower accuracy of the two."""
    keras.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = sequences(2000, 2), sequences(500, 3)
    masks_by_hand(x_test[:3])
    accuracies = []
    for name, last in {"GRU": layers.GRU(16), "mean": MaskedMean()}.items():
        words = keras.Input(shape=(None,), dtype="int32")
        x = Shift()(layers.Embedding(WORDS, 16, mask_zero=True)(words))
        assert x._keras_mask.shape == (None, None)
        model = keras.Model(words, layers.Dense(1, activation="sigmoid")(last(x)))
        model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", metrics=["accuracy"])
        model.fit(x_train, y_train, batch_size=50, epochs=8, verbose=0)
        accuracies.append(model.evaluate(x_test, y_test, verbose=0)[1])
        print(f"{name}: {accuracies[-1]:.1%} right")
        # Padding changes nothing: more of it gives the same answers.
        longer = np.pad(x_test, ((0, 0), (0, 5)))
        difference = model.predict(longer, verbose=0) - model.predict(x_test, verbose=0)
        assert np.abs(difference).max() < 1e-5
    return min(accuracies)


if __name__ == "__main__":
    assert main() > 0.93
    print("and padding makes no difference")
