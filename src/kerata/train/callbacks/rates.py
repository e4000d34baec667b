"""Changing the learning rate: LearningRateScheduler and ReduceLROnPlateau."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import InputError
from .base import Callback
from .monitor import MonitorCallback
from .output import say


def learning_rate(model: Any, user: str) -> float:
    """The learning rate of a model's optimizer."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not hasattr(optimizer, "learning_rate"):
        raise InputError(
            f"{user} needs a model whose optimizer has a learning rate: compile the model first."
        )
    rate = optimizer.learning_rate
    return float(rate.numpy() if hasattr(rate, "numpy") else np.asarray(rate))


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch.

    Args:
        schedule: Function of the epoch (from 0), or of the epoch and the learning rate so far, that
            gives the new one.
        verbose: 1 for messages.

    >>> import numpy as np
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> halve = LearningRateScheduler(lambda epoch, rate: 0.5**epoch)
    >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[halve])
    >>> float(model.optimizer.learning_rate)
    0.25
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise InputError(f"schedule must be a function of the epoch, got {schedule!r}.")
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the rate."""
        before = learning_rate(self.model, "LearningRateScheduler")
        rate = self.schedule(epoch, before) if _takes_two(self.schedule) else self.schedule(epoch)
        try:
            rate = float(rate.numpy() if hasattr(rate, "numpy") else rate)
        except (TypeError, ValueError):
            raise InputError(
                f"The schedule of LearningRateScheduler must return a number, got {rate!r} for epoch {epoch}."
            ) from None
        self.model.optimizer.learning_rate = rate
        if self.verbose > 0:
            say(f"Epoch {epoch + 1}: the learning rate is {rate:g}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Put the rate into the logs."""
        if logs is not None:
            logs["learning_rate"] = learning_rate(self.model, "LearningRateScheduler")


def _takes_two(schedule: Callable) -> bool:
    try:
        signature = inspect.signature(schedule)
    except (TypeError, ValueError):  # a function written in C that does not say
        return False
    try:
        signature.bind(0, 0.1)
    except TypeError:
        return False
    return True


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a value has stopped to improve.

    Args:
        monitor: Name of the value.
        factor: What the rate is multiplied by, below 1.
        patience: Epochs without improvement before that.
        verbose: 1 for messages.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        min_delta: Least change that counts as an improvement.
        cooldown: Epochs to wait after lowering before counting begins again.
        min_lr: Least learning rate.

    >>> import numpy as np
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile("sgd", "mse")
    >>> reduce = ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1)
    >>> _ = model.fit(np.ones((4, 2)), np.zeros((4, 1)), epochs=2, verbose=0, callbacks=[reduce])
    >>> round(float(model.optimizer.learning_rate), 4)
    0.005
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise InputError(
                f"factor of ReduceLROnPlateau must be below 1, got {factor}: it multiplies the rate."
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Whether the rate was lowered so lately that epochs do not count."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew, so that the object can be used again."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the value."""
        rate = learning_rate(self.model, "ReduceLROnPlateau")
        current = self.monitor_value(logs, "lower the learning rate")
        if logs is not None:
            logs["learning_rate"] = rate
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._lower(rate, epoch)

    def _lower(self, rate: float, epoch: int) -> None:
        # The optimizer keeps the rate in 32 bits or less.
        if rate <= float(np.float32(self.min_lr)):
            return
        lower = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = lower
        if self.verbose > 0:
            say(f"Epoch {epoch + 1}: the learning rate is lowered to {lower:g}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0
