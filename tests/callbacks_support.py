"""A model with just what callbacks look at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np


class FakeModel:
    """Counts what is asked of it; its weights are one array."""

    def __init__(self, rate: float = 0.1) -> None:
        self.stop_training = False
        self.optimizer = SimpleNamespace(learning_rate=rate, iterations=np.array(0))
        self.weights_now = np.zeros(2)
        self.saved: list[tuple[str, str]] = []
        self.metrics: list[Any] = []
        self.layers: list[Any] = []

    def get_weights(self) -> list[np.ndarray]:
        return [self.weights_now.copy()]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weights_now = weights[0]

    def save(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(("model", path))

    def save_weights(self, path: str, overwrite: bool = True) -> None:
        self.saved.append(("weights", path))


def train(
    callbacks: Any, epochs: list[dict], model: Any = None, batches: int = 2, **params: Any
) -> Any:
    """Calls the hooks as a training whose epochs give these logs; returns the list of callbacks."""
    from kerata.train.callbacks import CallbackList
    from kerata.train.logs import Logs

    model = model or FakeModel()
    params = {"epochs": len(epochs), "steps": batches, "verbose": 0, **params}
    calls = CallbackList(callbacks, add_history=True, model=model, **params)
    model.stop_training = False
    calls.on_train_begin()
    logs: Any = None
    for epoch, values in enumerate(epochs):
        model.weights_now = np.full(2, float(epoch))
        calls.on_epoch_begin(epoch)
        train_logs = {k: v for k, v in values.items() if not k.startswith("val_")}
        for batch in range(batches):
            calls.on_train_batch_begin(batch)
            calls.on_train_batch_end(batch, Logs(train_logs))
            calls.on_chunk_end(batch + 1, Logs(train_logs))
        logs = Logs(values)
        calls.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    calls.on_train_end(logs)
    return calls
