"""Checkpoints in the format of Orbax: OrbaxCheckpoint."""

from __future__ import annotations

import os
from typing import Any

from ...errors import FileError
from ..data.source import whole_number
from ..logs import Logs
from .monitor import MonitorCallback
from .output import say


class OrbaxCheckpoint(MonitorCallback):
    """Saves the state of a training with Orbax after epochs or batches, while the training goes on.

    A checkpoint is a folder with the number of the epoch (from 0), or of batches so far. Keras's
    `load_model` and `load_weights`, and those here, read the last one of a directory.

    Args:
        directory: Where the checkpoints are.
        monitor: Name of the value that says how good the model is.
        verbose: 1 for messages.
        save_best_only: Save only when the value is better than ever before.
        mode: ``"min"``, ``"max"`` or ``"auto"``.
        save_freq: ``"epoch"``, or a number of batches.
        initial_value_threshold: Value to be passed by the first save with `save_best_only`.
        max_to_keep: How many checkpoints are kept, the last ones; ``None`` for all.
        save_on_background: Write while the training goes on; its end waits for what is not written yet.
        save_weights_only: Leave out the model's configuration and the states of optimizer and metrics.

    Raises:
        ImportError: The package orbax-checkpoint is not installed.
        FileError: While training: the directory has a later checkpoint, of another training.

    >>> import tempfile
    >>> import numpy as np
    >>> from kerata import Sequential, layers, models
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> folder = tempfile.mkdtemp()
    >>> save = OrbaxCheckpoint(folder)
    >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[save])
    >>> os.listdir(folder), int(models.load_model(folder).optimizer.iterations)
    (['1'], 2)
    """

    def __init__(
        self,
        directory: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
        max_to_keep: int | None = 1,
        save_on_background: bool = True,
        save_weights_only: bool = False,
    ) -> None:
        from ...saving.orbax import library

        library()
        super().__init__(monitor, mode, best=initial_value_threshold)
        self.directory = os.fspath(directory)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self._adopt_save_freq(save_freq)
        self.max_to_keep = None if max_to_keep is None else whole_number(max_to_keep, "max_to_keep")
        self.save_on_background = save_on_background
        self.save_weights_only = save_weights_only
        self._checkpointer: Any = None
        self._pending: list[Any] = []
        self._batches = 0
        self._since_saved = 0

    @property
    def checkpointer(self) -> Any:
        """Orbax's own object, which is made for each training."""
        if self._checkpointer is None:
            from ...saving.orbax import library

            training = library().training
            keep = self.max_to_keep
            path = self.directory
            self._checkpointer = training.Checkpointer(
                directory=path if "://" in path else os.path.abspath(path),
                preservation_policy=training.preservation_policies.LatestN(keep) if keep else None,
                save_decision_policy=training.save_decision_policies.FixedIntervalPolicy(1),
            )
        return self._checkpointer

    def set_model(self, model: Any) -> None:
        """Take the model; batches are counted on from where its training stands."""
        super().set_model(model)
        if getattr(model, "optimizer", None) is not None:
            self._batches = int(model.optimizer.iterations)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save, if it is time to."""
        if self.save_freq == "epoch":
            return
        self._batches += 1
        self._since_saved += 1
        if self._since_saved >= self.save_freq:
            self._since_saved = 0
            self._save(self._batches, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, if it is time to."""
        if self.save_freq == "epoch":
            self._save(epoch, logs)

    def on_train_end(self, logs: Any = None) -> None:
        """Wait until everything is written."""
        try:
            self.wait_until_finished()
        finally:
            if self._checkpointer is not None:
                self._checkpointer.close()
                self._checkpointer = None

    def wait_until_finished(self) -> None:
        """Wait until every checkpoint is written.

        Raises:
            OSError: One could not be.
        """
        pending, self._pending = self._pending, []
        for response in pending:
            response.result()

    def is_multihost_enabled(self) -> bool:
        """Whether several processes train together, through JAX's distributed runtime."""
        from orbax.checkpoint import multihost

        return bool(multihost.is_jax_distributed_client_initialized())

    def is_primary_host(self) -> bool:
        """Whether this process is the first of those that train together, or the only one."""
        from orbax.checkpoint import multihost

        return not self.is_multihost_enabled() or bool(multihost.is_primary_host(0))

    def _save(self, step: int, logs: Any) -> None:
        if self.save_best_only:
            logs = logs if isinstance(logs, Logs) else Logs(logs or {})
            current = self.monitor_value(logs, "tell which model is best")
            if current is None or not self.is_better(current, self.best):
                return
            self.best = current
        from ...saving.orbax import payload

        latest = self.checkpointer.latest
        if latest is not None and latest.step >= step:
            raise FileError(
                f"OrbaxCheckpoint cannot save step {step} in {self.directory}: there is step {latest.step} already, "
                "which would go on to count as the last. Give another directory, delete this one, or go on from "
                f"that step with fit(initial_epoch={latest.step + 1})."
            )
        content = payload(self.model, self.save_weights_only)
        if self.save_on_background:
            self._pending.append(self.checkpointer.save_checkpointables_async(step, content))
        else:
            self.checkpointer.save_checkpointables(step, content)
        if self.verbose > 0:
            say(f"Step {step}: saved in {self.directory}")
