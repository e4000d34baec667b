"""A training loop of one's own in plain JAX, as Keras's guide writes it.

The model, the optimizer and the metrics are used as pure functions of the values of their variables:
``stateless_call``, ``stateless_apply``, ``stateless_update_state``. The loop carries these values; at
the end they are put back. Run it with ``python examples/custom_loop_jax.py``; it takes some seconds.
"""

from __future__ import annotations

import os

os.environ["KERATA_ENGINE"] = "jax"

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

import kerata as keras

# Handwritten digits, which come with Kerata: 1,797 images of 8 x 8 pixels.
(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))
BATCH = 32
EPOCHS = 6


def batches(x: np.ndarray, y: np.ndarray, seed: int | None = None) -> Iterator[tuple[Any, Any]]:
    """Whole batches of the rows, in an order drawn anew for each seed."""
    order = np.arange(len(x)) if seed is None else np.random.default_rng(seed).permutation(len(x))
    for start in range(0, len(x) - BATCH + 1, BATCH):
        rows = order[start : start + BATCH]
        yield x[rows], y[rows]


keras.utils.set_random_seed(1)
inputs = keras.Input(shape=(64,), name="digits")
x = keras.layers.Dense(64, activation="relu")(inputs)
x = keras.layers.BatchNormalization()(x)
x = keras.layers.Dropout(0.2, seed=2)(x)
outputs = keras.layers.Dense(10, name="predictions")(x)
model = keras.Model(inputs=inputs, outputs=outputs)

loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.Adam(learning_rate=3e-3)
train_accuracy = keras.metrics.SparseCategoricalAccuracy()
test_accuracy = keras.metrics.SparseCategoricalAccuracy()


def compute_loss_and_updates(
    trainable_variables: Any, non_trainable_variables: Any, metric_variables: Any, x: Any, y: Any
) -> Any:
    """The loss of a batch, and what changes on the way to it."""
    y_pred, non_trainable_variables = model.stateless_call(
        trainable_variables, non_trainable_variables, x, training=True
    )
    loss = loss_fn(y, y_pred)
    metric_variables = train_accuracy.stateless_update_state(metric_variables, y, y_pred)
    return loss, (non_trainable_variables, metric_variables)


grad_fn = jax.value_and_grad(compute_loss_and_updates, has_aux=True)


@jax.jit
def train_step(state: Any, data: Any) -> Any:
    """One step: new values of everything, out of the old ones and a batch."""
    trainable_variables, non_trainable_variables, optimizer_variables, metric_variables = state
    x, y = data
    (loss, (non_trainable_variables, metric_variables)), grads = grad_fn(
        trainable_variables, non_trainable_variables, metric_variables, x, y
    )
    trainable_variables, optimizer_variables = optimizer.stateless_apply(
        optimizer_variables, grads, trainable_variables
    )
    return loss, (
        trainable_variables,
        non_trainable_variables,
        optimizer_variables,
        metric_variables,
    )


@jax.jit
def eval_step(state: Any, data: Any) -> Any:
    """Take a batch into the metric."""
    trainable_variables, non_trainable_variables, metric_variables = state
    x, y = data
    y_pred, _ = model.stateless_call(
        trainable_variables, non_trainable_variables, x, training=False
    )
    return test_accuracy.stateless_update_state(metric_variables, y, y_pred)


def train() -> tuple[float, float]:
    """Train, put the values back, and give the accuracies in training and on the test images."""
    optimizer.build(model.trainable_variables)
    trainable_variables = model.trainable_variables
    non_trainable_variables = model.non_trainable_variables
    optimizer_variables = optimizer.variables
    metric_variables = train_accuracy.variables
    state: Any = (
        trainable_variables,
        non_trainable_variables,
        optimizer_variables,
        metric_variables,
    )
    accuracy = 0.0
    for epoch in range(EPOCHS):
        loss = None
        for data in batches(x_train, y_train, seed=epoch):
            loss, state = train_step(state, data)
        accuracy = float(train_accuracy.stateless_result(state[3]))
        print(f"epoch {epoch + 1}: loss of the last batch {loss:.4f}, accuracy {accuracy:.4f}")
        state = (*state[:3], train_accuracy.stateless_reset_state())

    trainable_variables, non_trainable_variables, optimizer_variables, _ = state
    for variables, values in (
        (model.trainable_variables, trainable_variables),
        (model.non_trainable_variables, non_trainable_variables),
        (optimizer.variables, optimizer_variables),
    ):
        for variable, value in zip(variables, values):
            variable.assign(value)

    metric_variables = test_accuracy.variables
    for data in batches(x_test, y_test):
        metric_variables = eval_step(
            (trainable_variables, non_trainable_variables, metric_variables), data
        )
    return accuracy, float(test_accuracy.stateless_result(metric_variables))


if __name__ == "__main__":
    print("accuracy in training {:.4f}, on the test images {:.4f}".format(*train()))
