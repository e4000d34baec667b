"""A training step of one's own inside ``fit`` on TensorFlow, with ``tf.GradientTape``.

Shown are a supervised step, a generative adversarial network with a step for two players, and a loop without
``fit``. Run it with ``python examples/custom_train_step_tensorflow.py``; it takes some seconds.
"""

from __future__ import annotations

import os

os.environ["KERATA_ENGINE"] = "tensorflow"

from typing import Any

import numpy as np
import tensorflow as tf

import kerata as keras
from kerata import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))


class OwnStep(keras.Model):
    """Loss, optimizer and metrics come from ``compile``; gradients are cut to a norm of 1 on the way."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """One batch."""
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        weights = self.trainable_variables
        grads, norm = tf.clip_by_global_norm(tape.gradient(loss, weights), 1.0)
        self.optimizer.apply(grads, weights)
        return {**self.follow(loss, y, y_pred), "norm": norm}

    def follow(self, loss: Any, y: Any, y_pred: Any) -> dict[str, Any]:
        """Take a batch into all metrics; their results."""
        for metric in self.metrics:
            metric.update_state(*((loss,) if metric.name == "loss" else (y, y_pred)))
        return {metric.name: metric.result() for metric in self.metrics}

    def test_step(self, data: Any) -> dict[str, Any]:
        """The same without derivatives."""
        x, y = data
        y_pred = self(x, training=False)
        return self.follow(self.compute_loss(x=x, y=y, y_pred=y_pred), y, y_pred)


class GAN(keras.Model):
    """Two networks against each other (Goodfellow et al. 2014): one makes points, one tells them from real ones."""

    def __init__(self, size: int = 2, noise: int = 4) -> None:
        super().__init__()
        hidden = {"activation": "leaky_relu"}
        self.judge = keras.Sequential(
            [keras.Input((size,)), layers.Dense(32, **hidden), layers.Dense(32, **hidden), layers.Dense(1)]
        )  # fmt: skip
        self.maker = keras.Sequential(
            [keras.Input((noise,)), layers.Dense(32, **hidden), layers.Dense(32, **hidden), layers.Dense(size)]
        )  # fmt: skip
        self.noise = keras.random.SeedGenerator(5)
        self.judge_loss = keras.metrics.Mean(name="judge")
        self.maker_loss = keras.metrics.Mean(name="maker")

    def compile(self, judge_optimizer: Any, maker_optimizer: Any, loss_fn: Any) -> None:
        """An optimizer for each player."""
        super().compile()
        self.judge_optimizer, self.maker_optimizer = judge_optimizer, maker_optimizer
        self.loss_fn = loss_fn

    @property
    def metrics(self) -> list[Any]:
        """Set to zero at the beginning of each epoch."""
        return [self.judge_loss, self.maker_loss]

    def train_step(self, data: Any) -> dict[str, Any]:
        """The judge moves, then the maker."""
        real = data[0] if isinstance(data, tuple) else data
        count = tf.shape(real)[0]
        noise = keras.random.normal((count, 4), seed=self.noise)
        points = tf.concat([self.maker(noise), real], axis=0)
        truth = tf.concat([tf.zeros((count, 1)), tf.ones((count, 1))], axis=0)
        with tf.GradientTape() as tape:
            judged = self.loss_fn(truth, self.judge(points))
        weights = self.judge.trainable_weights
        self.judge_optimizer.apply_gradients(zip(tape.gradient(judged, weights), weights))
        with tf.GradientTape() as tape:
            made = self.loss_fn(tf.ones((count, 1)), self.judge(self.maker(noise)))
        weights = self.maker.trainable_weights
        self.maker_optimizer.apply_gradients(zip(tape.gradient(made, weights), weights))
        self.judge_loss.update_state(judged)
        self.maker_loss.update_state(made)
        return {metric.name: metric.result() for metric in self.metrics}


def make_model(cls: Any) -> Any:
    """A small network of a class of models."""
    inputs = keras.Input(shape=(64,))
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dropout(0.2)(layers.BatchNormalization()(x))
    return cls(inputs, layers.Dense(10, activation="softmax")(x))


def supervised() -> float:
    """Train `OwnStep` on digits; gives the accuracy on the test images."""
    model = make_model(OwnStep)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x_train, y_train, batch_size=32, epochs=8, validation_data=(x_test, y_test), verbose=2
    )
    assert {"loss", "accuracy", "norm", "val_loss", "val_accuracy"} == set(history.history)
    return history.history["val_accuracy"][-1]


def loop() -> float:
    """The same without ``fit``, over a `tf.data.Dataset`, with a compiled step."""
    model = make_model(keras.Model)
    loss_fn, optimizer = keras.losses.SparseCategoricalCrossentropy(), keras.optimizers.Adam()
    accuracy = keras.metrics.SparseCategoricalAccuracy()

    @tf.function
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True)) + sum(model.losses)
        optimizer.apply(tape.gradient(loss, model.trainable_weights), model.trainable_weights)
        return loss

    data = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(1500, seed=2)
    for _ in range(8):
        for x, y in data.batch(32, drop_remainder=True):
            step(x, y)
    accuracy.update_state(y_test, model(x_test, training=False))
    return float(accuracy.result())


def adversarial() -> float:
    """Train the `GAN` on points of a ring; gives the mean distance of made points from the origin."""
    rng = np.random.default_rng(3)
    angle = rng.uniform(0, 2 * np.pi, 4000)
    ring = np.stack([np.cos(angle), np.sin(angle)], -1) + rng.normal(0, 0.05, (4000, 2))
    gan, rate = GAN(), {"learning_rate": 1e-3, "beta_1": 0.5}
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    gan.compile(keras.optimizers.Adam(**rate), keras.optimizers.Adam(**rate), loss)
    gan.fit(ring.astype("float32"), batch_size=100, epochs=60, verbose=0)
    made = gan.maker.predict(rng.normal(size=(500, 4)).astype("float32"), verbose=0)
    assert made[:, 0].std() > 0.3 and made[:, 1].std() > 0.3, "points all around"
    return float(np.linalg.norm(made, axis=-1).mean())


if __name__ == "__main__":
    keras.utils.set_random_seed(1)
    shares, radius = (supervised(), loop()), adversarial()
    print("digits: {:.1%} right with fit, {:.1%} in a loop".format(*shares))
    print(f"made points lie {radius:.2f} from the origin, real ones 1.00")
    assert min(shares) > 0.93 and abs(radius - 1) < 0.25
