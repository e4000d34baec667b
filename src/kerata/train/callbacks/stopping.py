"""Ending a training: EarlyStopping and TerminateOnNaN."""

from __future__ import annotations

import math
import time
from typing import Any

from .base import Callback
from .monitor import MonitorCallback
from .output import say


class EarlyStopping(MonitorCallback):
    """Ends the training when a value has stopped to improve.

    Args:
        monitor: Name of the value.
        min_delta: Least change that counts as an improvement.
        patience: Epochs without improvement before the training ends.
        verbose: 1 for messages.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        baseline: Value that must be passed; epochs that do not pass it count as no improvement.
        restore_best_weights: Put the weights of the best epoch back at the end.
        start_from_epoch: Epochs to wait before watching begins.

    >>> stop = EarlyStopping(monitor="loss", patience=1)
    >>> stop.model = type("Model", (), {"stop_training": False})()
    >>> stop.on_train_begin()
    >>> for epoch, loss in enumerate([3.0, 2.0, 2.5]):
    ...     stop.on_epoch_end(epoch, {"loss": loss})
    >>> stop.model.stop_training, stop.best_epoch, stop.stopped_epoch
    (True, 1, 2)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin anew, so that the object can be used again."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the value."""
        current = self.monitor_value(logs, "stop the training early")
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self.is_better(current, self.best):
            self.best = current
            self._keep(epoch)
            if self.baseline is None or self.is_better(current, self.baseline):
                self.wait = 0
                return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Any = None) -> None:
        """Put the best weights back."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(
                f"Epoch {self.stopped_epoch + 1}: {self.monitor} has stopped to improve, training ends."
            )
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                say(f"The weights of the best epoch, {self.best_epoch + 1}, are put back.")
            self.model.set_weights(self.best_weights)


class TerminateOnNaN(Callback):
    """Ends the training when the loss is no longer a finite number.

    It looks twenty times a second and at the end of each epoch, not after every step, so that it does
    not slow the training down.

    Args:
        raise_error: Raise a `RuntimeError` instead of ending the training quietly.

    >>> stop = TerminateOnNaN()
    >>> stop.model = type("Model", (), {"stop_training": False})()
    >>> stop.on_batch_end(0, {"loss": 0.5})
    >>> stop.model.stop_training
    False
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error
        self._next = 0.0

    @property
    def chunk_due(self) -> bool:
        """Whether it is time to look again: reading the loss waits for the device."""
        return time.monotonic() >= self._next

    def on_chunk_end(self, step: int, logs: Any) -> None:
        """Look at the loss after `step` steps of the epoch."""
        self._next = time.monotonic() + 0.05
        self._look(logs, f"by step {step}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the loss of the epoch."""
        self._look(logs, f"in epoch {epoch + 1}")

    def _look(self, logs: Any, when: str) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss) or getattr(self.model, "stop_training", False):
            return
        message = f"The loss is {float(loss)} {when}, training ends."
        if self.raise_error:
            raise RuntimeError(message)
        say(message)
        self.model.stop_training = True
