"""Layers and models of one's own: weights, inner layers, added losses, and a variational autoencoder of them.

Run it with ``python examples/new_layers_and_models.py``; it takes some seconds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import kerata as keras
from kerata import layers, ops

(x_train, _), (x_test, _) = keras.datasets.digits.load_data()
x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))


class Linear(layers.Layer):
    """A matrix and a vector, made when the size of the input is known."""

    def __init__(self, units: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="glorot_uniform")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """``inputs @ w + b``."""
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self) -> dict[str, Any]:
        """With this the layer can be made again."""
        return {**super().get_config(), "units": self.units}


class RunningSum(layers.Layer):
    """A weight that is not trained: the sum of all that has come by."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.total = self.add_weight(shape=(size,), initializer="zeros", trainable=False)

    def call(self, inputs: Any) -> Any:
        """The sum so far."""
        self.total.assign_add(ops.sum(inputs, axis=0))
        return self.total.value


class Sampling(layers.Layer):
    """A draw from a normal distribution, in training; its mean elsewhere."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(7)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """``inputs`` are the mean and the logarithm of the variance."""
        mean, log_var = inputs
        if not training:
            return mean
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        return mean + ops.exp(0.5 * log_var) * noise


class Autoencoder(keras.Model):
    """Images to a few numbers and back (Kingma and Welling 2013)."""

    def __init__(self, code: int = 8, hidden: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = Linear(hidden)
        self.mean, self.log_var = Linear(code), Linear(code)
        self.sampling = Sampling()
        self.decoder = keras.Sequential([Linear(hidden), layers.ReLU(), Linear(64)])

    def call(self, inputs: Any) -> Any:
        """The images as they come back; the distance from a standard normal code is added to the loss."""
        x = ops.relu(self.encoder(inputs))
        mean, log_var = self.mean(x), self.log_var(x)
        distance = -0.5 * ops.mean(log_var - ops.square(mean) - ops.exp(log_var) + 1)
        self.add_loss(0.002 * distance)
        return ops.sigmoid(self.decoder(self.sampling((mean, log_var))))


def main() -> float:
    """Show what layers keep, then train; gives the mean squared error on the test images."""
    keras.utils.set_random_seed(1)
    linear = Linear(4)
    assert linear.weights == []
    linear(np.ones((2, 3), "float32"))
    assert linear.weights == [linear.w, linear.b] and linear.count_params() == 16
    assert Linear.from_config(linear.get_config()).units == 4

    running = RunningSum(2)
    running(np.ones((3, 2), "float32"))
    assert running(np.ones((3, 2), "float32")).tolist() == [6, 6]
    assert running.trainable_weights == [] and len(running.non_trainable_weights) == 1

    model = Autoencoder()
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse")
    history = model.fit(x_train, x_train, batch_size=32, epochs=25, verbose=0)
    print("loss by epoch:", ", ".join(f"{v:.3f}" for v in history.history["loss"][::6]))
    model(x_test[:2])
    assert len(model.losses) == 1 and len(model.trainable_weights) == 10
    return float(np.mean((model.predict(x_test, verbose=0) - x_test) ** 2))


if __name__ == "__main__":
    error = main()
    alone = float(np.mean((x_train.mean(0) - x_test) ** 2))
    print(f"8 numbers an image: mean squared error {error:.4f}; of the mean image {alone:.4f}")
    assert error < 0.5 * alone
