"""Callbacks of one's own: all their hooks, stopping at the lowest loss, and rates by a plan.

Run it with ``python examples/writing_callbacks.py``; it takes some seconds.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

import kerata as keras
from kerata import layers

(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = (x.reshape(-1, 64).astype("float32") / 16 for x in (x_train, x_test))

HOOKS = [
    *(f"on_{mode}_{when}" for mode in ("train", "test", "predict") for when in ("begin", "end")),
    *(f"on_{m}_batch_{w}" for m in ("train", "test", "predict") for w in ("begin", "end")),
    "on_epoch_begin",
    "on_epoch_end",
]


class Diary(keras.callbacks.Callback):
    """Counts how often each hook is called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()


def _hook(name: str) -> Any:
    def hook(self: Diary, *args: Any, **kwargs: Any) -> None:
        self.calls[name] += 1

    return hook


for _name in HOOKS:
    setattr(Diary, _name, _hook(_name))


class StopAtLowestLoss(keras.callbacks.Callback):
    """Ends the training when the loss has not fallen for `patience` epochs, and goes back to the best weights."""

    def __init__(self, patience: int = 2) -> None:
        super().__init__()
        self.patience = patience

    def on_train_begin(self, logs: Any = None) -> None:
        """Start anew."""
        self.best, self.waited, self.weights, self.epoch = np.inf, 0, None, 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the loss."""
        self.epoch = epoch
        if logs["val_loss"] < self.best:
            self.best, self.waited, self.weights = logs["val_loss"], 0, self.model.get_weights()
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.model.stop_training = True
            self.model.set_weights(self.weights)


class Rates(keras.callbacks.Callback):
    """Sets the learning rate at the beginning of the epochs of a table."""

    def __init__(self, table: dict[int, float]) -> None:
        super().__init__()
        self.table, self.seen = table, []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Change the rate where the table says so."""
        rate = float(np.asarray(self.model.optimizer.learning_rate))
        self.model.optimizer.learning_rate = self.table.get(epoch, rate)
        self.seen.append(round(float(np.asarray(self.model.optimizer.learning_rate)), 6))


def make_model() -> keras.Model:
    """A small network, compiled."""
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.RMSprop(1e-2), loss, metrics=["accuracy"])
    return model


def main() -> float:
    """Use them all; gives the accuracy on the test images."""
    keras.utils.set_random_seed(1)
    model, diary = make_model(), Diary()
    model.fit(x_train, y_train, batch_size=100, epochs=2, callbacks=[diary], verbose=0)
    model.evaluate(x_test, y_test, batch_size=100, callbacks=[diary], verbose=0)
    model.predict(x_test, batch_size=100, callbacks=[diary], verbose=0)
    print("hooks:", ", ".join(f"{name} {count}" for name, count in diary.calls.items()))
    steps, test_steps = -(-len(x_train) // 100), -(-len(x_test) // 100)
    assert set(diary.calls) == set(HOOKS)
    assert diary.calls["on_train_batch_end"] == 2 * steps
    assert diary.calls["on_test_batch_end"] == diary.calls["on_predict_batch_end"] == test_steps

    model, stop, rates = make_model(), StopAtLowestLoss(), Rates({3: 3e-3, 6: 1e-3})
    model.fit(
        x_train, y_train, batch_size=32, epochs=60, validation_data=(x_test, y_test),
        callbacks=[stop, rates], verbose=0,
    )  # fmt: skip
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print(
        f"stopped after {stop.epoch + 1} of 60 epochs; rates {sorted(set(rates.seen), reverse=True)}"
    )
    assert stop.epoch < 59 and abs(results["loss"] - stop.best) < 1e-4
    assert rates.seen[:4] == [0.01, 0.01, 0.01, 0.003]
    return results["accuracy"]


if __name__ == "__main__":
    accuracy = main()
    print(f"{accuracy:.1%} of the test images are right")
    assert accuracy > 0.93
