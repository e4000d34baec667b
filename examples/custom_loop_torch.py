"""A training loop of one's own in plain PyTorch: ``backward``, and an optimizer of torch's or of Kerata's.

Run it with ``python examples/custom_loop_torch.py``; it takes some seconds.
"""

from __future__ import annotations

import os

os.environ["KERATA_ENGINE"] = "torch"

from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

import kerata as keras

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (
    torch.as_tensor(x.reshape(-1, 64) / 16, dtype=torch.float32) for x in (x_train, x_test)
)
y_train, y_test = (torch.as_tensor(y, dtype=torch.int64) for y in (y_train, y_test))


def make_model() -> keras.Model:
    """Layers of Kerata; their weights are parameters of torch."""
    inputs = keras.Input(shape=(64,))
    x = keras.layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.l2(1e-4))(
        inputs
    )
    x = keras.layers.Dropout(0.2)(keras.layers.BatchNormalization()(x))
    return keras.Model(inputs, keras.layers.Dense(10)(x))


def batches(seed: int) -> DataLoader:
    """Torch's own batches."""
    order = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(x_train, y_train), batch_size=32, shuffle=True, generator=order)


def with_torch(model: Any, epochs: int) -> None:
    """Loss and optimizer of torch."""
    loss_fn = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(epochs):
        for x, y in batches(epoch):
            loss = loss_fn(model(x, training=True), y) + sum(model.losses)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: loss of the last batch {loss.item():.4f}")


def with_kerata(model: Any, epochs: int) -> None:
    """Loss, optimizer and metric of Kerata; only the derivative is torch's."""
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(learning_rate=3e-3)
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    for epoch in range(epochs):
        for x, y in batches(epoch):
            logits = model(x, training=True)
            loss = loss_fn(y, logits) + sum(model.losses)
            model.zero_grad()
            loss.backward()
            weights = model.trainable_weights
            with torch.no_grad():
                optimizer.apply([v.value.grad for v in weights], weights)
            accuracy.update_state(y, logits)
        print(f"epoch {epoch + 1}: accuracy in training {float(accuracy.result()):.4f}")
        accuracy.reset_state()


def evaluate(model: Any) -> float:
    """Share of the test images that are recognized."""
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    with torch.no_grad():
        for x, y in DataLoader(TensorDataset(x_test, y_test), batch_size=64):
            accuracy.update_state(y, model(x, training=False))
    return float(accuracy.result())


def main() -> dict[str, float]:
    """Train a model in either way; gives the accuracies on the test images."""
    found = {}
    for name, train in {"torch": with_torch, "kerata": with_kerata}.items():
        keras.utils.set_random_seed(1)
        model = make_model()
        train(model, epochs=6)
        found[name] = evaluate(model)
    return found


if __name__ == "__main__":
    found = main()
    print(", ".join(f"optimizer of {name}: {share:.1%} right" for name, share in found.items()))
    assert min(found.values()) > 0.93
