"""Saving along the way: ModelCheckpoint."""

from __future__ import annotations

import os
from typing import Any

from ...errors import InputError
from ..data.source import whole_number
from ..logs import Logs
from .monitor import MonitorCallback
from .output import say


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after epochs or batches.

    Args:
        filepath: The file; ``{epoch}`` (from 1), ``{batch}`` and the names of values in it, with
            the usual formats, are filled in: ``"{epoch:02d}-{val_loss:.2f}.keras"``.
        monitor: Name of the value that says how good the model is.
        verbose: 1 for messages.
        save_best_only: Save only when the value is better than ever before.
        save_weights_only: Save weights instead of the whole model.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        save_freq: ``"epoch"``, or a number of batches.
        initial_value_threshold: Value to be passed by the first save with `save_best_only`.
        period: Epochs between saves, as in old programs.

    >>> import tempfile
    >>> import numpy as np
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> folder = tempfile.mkdtemp()
    >>> save = ModelCheckpoint(folder + "/{epoch:02d}.keras", monitor="loss")
    >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[save])
    >>> sorted(os.listdir(folder))
    ['01.keras', '02.keras']
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
        *,
        period: int = 1,
    ) -> None:
        super().__init__(monitor, mode, best=initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.period = whole_number(period, "period") or 1
        self._adopt_save_freq(save_freq)
        self.epochs_since_last_save = 0
        self._epoch = 0
        self._batches = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch, for the file's name."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save, if it is time to."""
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, if it is time to."""
        if self.save_freq != "epoch":
            return
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save >= self.period:
            self.epochs_since_last_save = 0
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Any) -> None:
        logs = logs if isinstance(logs, Logs) else Logs(logs or {})
        where = f"Epoch {epoch + 1}"
        if self.save_best_only:
            current = self.monitor_value(logs, "tell which model is best")
            if current is None:
                return
            if not self.is_better(current, self.best):
                if self.verbose > 0:
                    say(f"{where}: {self.monitor} is not better than {_shown(self.best)}.")
                return
            if self.verbose > 0:
                say(f"{where}: {self.monitor} is better, {current:.5f} after {_shown(self.best)}.")
            self.best = current
        path = self._path(epoch, batch, logs)
        folder = os.path.dirname(path)
        if folder and "://" not in path:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose > 0:
            say(f"{where}: saved to {path}")

    def _path(self, epoch: int, batch: int | None, logs: Logs) -> str:
        values = _Fields(logs)
        values["epoch"] = epoch + 1
        if batch is not None:
            values["batch"] = batch + 1
        try:
            return self.filepath.format_map(values)
        except KeyError as e:
            raise InputError(
                f"The file name {self.filepath!r} of ModelCheckpoint asks for {e.args[0]!r}, which there is not. "
                f"There are: {', '.join(values)}."
            ) from None
        except (ValueError, TypeError, IndexError) as e:
            raise InputError(
                f"The file name {self.filepath!r} of ModelCheckpoint cannot be filled in: {e}. "
                "Expected fields such as {epoch:02d} or {val_loss:.2f}; a brace itself is written {{ or }}."
            ) from None


class _Fields(Logs):
    """Logs whose missing entries are told by their bare name."""

    def __missing__(self, key: Any) -> Any:
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return self[found]


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.5f}"
