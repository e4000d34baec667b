"""A training step of one's own inside ``fit`` on JAX, as a pure function of the state.

``fit`` hands the step the values of all variables and takes new ones back; derivatives are JAX's. Shown are
a supervised step, and a generative adversarial network with a step for two players.
Run it with ``python examples/custom_train_step_jax.py``; it takes some seconds.
"""

from __future__ import annotations

import os

os.environ["KERATA_ENGINE"] = "jax"

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import kerata as keras
from kerata import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))


class OwnStep(keras.Model):
    """Loss, optimizer and metrics come from ``compile``; gradients are cut to a norm of 1 on the way."""

    def loss_and_updates(self, trained: Any, others: Any, metrics: Any, x: Any, y: Any) -> Any:
        """The loss of a batch, and what changes on the way to it."""
        y_pred, others = self.stateless_call(trained, others, x, training=True)
        loss, (_, others, metrics) = self.stateless_compute_loss(
            trained, others, metrics, x=x, y=y, y_pred=y_pred, training=True
        )
        return loss, (y_pred, others, metrics)

    def train_step(self, state: Any, data: Any) -> Any:
        """New values of everything, and what is to be shown."""
        trained, others, optimizer, metrics = state
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        derive = jax.value_and_grad(self.loss_and_updates, has_aux=True)
        (loss, (y_pred, others, metrics)), grads = derive(trained, others, metrics, x, y)
        norm = jnp.sqrt(sum(jnp.sum(g**2) for g in grads))
        grads = [g / jnp.maximum(norm, 1.0) for g in grads]
        trained, optimizer = self.optimizer.stateless_apply(optimizer, grads, trained)
        logs, metrics = self.follow(metrics, loss, y, y_pred)
        return {**logs, "norm": norm}, (trained, others, optimizer, metrics)

    def follow(self, values: Any, loss: Any, y: Any, y_pred: Any) -> Any:
        """The results of all metrics, and their new values."""
        logs, after = {}, []
        for metric in self.metrics:
            own = values[len(after) : len(after) + len(metric.variables)]
            given = (loss,) if metric.name == "loss" else (y, y_pred)
            own = metric.stateless_update_state(own, *given)
            logs[metric.name] = metric.stateless_result(own)
            after += own
        return logs, after

    def test_step(self, state: Any, data: Any) -> Any:
        """The same without derivatives."""
        trained, others, metrics = state
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        y_pred, others = self.stateless_call(trained, others, x, training=False)
        loss, (_, others, metrics) = self.stateless_compute_loss(
            trained, others, metrics, x=x, y=y, y_pred=y_pred, training=False
        )
        logs, metrics = self.follow(metrics, loss, y, y_pred)
        return logs, (trained, others, metrics)


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
        self.cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.built = True

    @property
    def metrics(self) -> list[Any]:
        """Set to zero at the beginning of each epoch."""
        return [self.judge_loss, self.maker_loss]

    def train_step(self, state: Any, data: Any) -> Any:
        """Both players move, from the same position."""
        trained, others, optimizer, metrics = state
        real = data[0] if isinstance(data, tuple) else data
        count = len(self.judge.trainable_variables)
        judge, maker = trained[:count], trained[count:]
        noise = keras.random.normal((real.shape[0], 4), seed=self.noise)
        says = lambda own, x: self.judge.stateless_call(own, [], x)[0]  # noqa: E731
        makes = lambda own: self.maker.stateless_call(own, [], noise)[0]  # noqa: E731
        ones, zeros = jnp.ones((len(real), 1)), jnp.zeros((len(real), 1))

        def of_judge(own: Any) -> Any:
            false = self.cross_entropy(zeros, says(own, makes(maker)))
            return self.cross_entropy(ones, says(own, real)) + false

        def of_maker(own: Any) -> Any:
            return self.cross_entropy(ones, says(judge, makes(own)))

        judged, first = jax.value_and_grad(of_judge)(judge)
        made, second = jax.value_and_grad(of_maker)(maker)
        trained, optimizer = self.optimizer.stateless_apply(optimizer, [*first, *second], trained)
        a = self.judge_loss.stateless_update_state(metrics[:2], judged)
        b = self.maker_loss.stateless_update_state(metrics[2:], made)
        logs = {
            "judge": self.judge_loss.stateless_result(a),
            "maker": self.maker_loss.stateless_result(b),
        }
        return logs, (trained, others, optimizer, a + b)


def supervised() -> float:
    """Train `OwnStep` on digits; gives the accuracy on the test images."""
    inputs = keras.Input(shape=(64,))
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dropout(0.2)(layers.BatchNormalization()(x))
    model = OwnStep(inputs, layers.Dense(10, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x_train, y_train, batch_size=32, epochs=8, validation_data=(x_test, y_test), verbose=2
    )
    assert {"loss", "accuracy", "norm", "val_loss", "val_accuracy"} == set(history.history)
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    right = float(np.mean(model.predict(x_test, verbose=0).argmax(-1) == y_test))
    assert abs(results["accuracy"] - right) < 1e-5
    return right


def adversarial() -> float:
    """Train the `GAN` on points of a ring; gives the mean distance of made points from the origin."""
    rng = np.random.default_rng(3)
    angle = rng.uniform(0, 2 * np.pi, 4000)
    ring = np.stack([np.cos(angle), np.sin(angle)], -1) + rng.normal(0, 0.05, (4000, 2))
    gan = GAN()
    gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5))
    gan.fit(ring.astype("float32"), batch_size=100, epochs=60, verbose=0)
    made = gan.maker.predict(rng.normal(size=(500, 4)).astype("float32"), verbose=0)
    assert made[:, 0].std() > 0.3 and made[:, 1].std() > 0.3, "points all around"
    return float(np.linalg.norm(made, axis=-1).mean())


if __name__ == "__main__":
    keras.utils.set_random_seed(1)
    accuracy, radius = supervised(), adversarial()
    print(
        f"digits: {accuracy:.1%} right; made points lie {radius:.2f} from the origin, real ones 1.00"
    )
    assert accuracy > 0.93 and abs(radius - 1) < 0.25
