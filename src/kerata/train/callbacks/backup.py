"""BackupAndRestore: a training that was interrupted goes on where it stopped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ... import rng
from ...errors import FileError
from ..notices import warn_user
from .base import Callback
from .output import say

_META = "kerata"


class BackupAndRestore(Callback):
    """Keeps a copy of the whole state of a training, and goes on from it where there is one.

    The copy holds weights, optimizer, random state and epoch. A training that is started again by
    the same program, after a crash or a power cut, gives the same weights bit for bit as one that was
    never interrupted at the end of an epoch.

    Args:
        backup_dir: Folder of the copy.
        save_freq: ``"epoch"``, a number of batches, or ``False`` to restore only.
        double_checkpoint: Keep the copy before the last one, too.
        delete_checkpoint: Remove the copy when the training has ended.

    >>> import tempfile
    >>> import numpy as np
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> backup = BackupAndRestore(tempfile.mkdtemp())  # the same folder when the program runs again
    >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[backup])
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: int | str | bool = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError("BackupAndRestore needs a folder: BackupAndRestore('backup').")
        self.backup_dir = Path(backup_dir)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._adopt_save_freq(save_freq, or_never=True)
        self._epoch = self._batches = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self.backup_dir / "training.npz"

    @property
    def _older(self) -> Path:
        return self.backup_dir / "training.before.npz"

    def on_train_begin(self, logs: Any = None) -> None:
        """Go on from the copy, if there is one."""
        from ..loop import restore_training_state

        for path in (self.path, self._older):
            if not path.exists():
                continue
            try:
                state, meta = read_state(path)
            except FileError as e:
                warn_user(f"{e} The training does not go on from it.")
                continue
            restore_training_state(self.model, state)
            rng.set_state(meta["rng"])
            self.model._initial_epoch = meta["epoch"]
            say(f"The training goes on with epoch {meta['epoch'] + 1}, from {path}")
            return

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Copy."""
        if self.save_freq == "epoch":
            self._save(epoch + 1)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Copy, if it is time to; the epoch is then begun again on restoring."""
        if self.save_freq in ("epoch", False):
            return
        self._batches += 1
        if self._batches >= self.save_freq:
            self._batches = 0
            self._save(self._epoch)

    def on_train_end(self, logs: Any = None) -> None:
        """Remove the copy."""
        if self.delete_checkpoint:
            for path in (self.path, self._older):
                path.unlink(missing_ok=True)
            if self.backup_dir.exists() and not any(self.backup_dir.iterdir()):
                self.backup_dir.rmdir()

    def _save(self, epoch: int) -> None:
        from ..loop import training_state

        self.backup_dir.mkdir(parents=True, exist_ok=True)
        if self.double_checkpoint and self.path.exists():
            os.replace(self.path, self._older)
        write_state(self.path, training_state(self.model), {"epoch": epoch, "rng": rng.get_state()})


def write_state(path: Path, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    """Write arrays and plain values to a file that is there as a whole or not at all.

    Args:
        path: The file; one that is there is replaced.
        arrays: Arrays by name.
        meta: Values fit for JSON.
    """
    import tempfile

    kinds = {k: a.dtype.name for k, a in arrays.items() if a.dtype.kind == "V"}
    plain = {k: a.view(f"u{a.dtype.itemsize}") if k in kinds else a for k, a in arrays.items()}
    text = json.dumps({"meta": meta, "kinds": kinds})
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as f:
            np.savez(
                f, allow_pickle=False, **{_META: np.frombuffer(text.encode(), np.uint8)}, **plain
            )
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_state(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What `write_state` wrote. Runs no code from the file.

    Raises:
        FileError: The file is damaged or foreign.
    """
    from zipfile import BadZipFile

    try:
        with np.load(path, allow_pickle=False) as f:
            arrays = {k: f[k] for k in f.files}
        head = json.loads(arrays.pop(_META).tobytes())
        for name, kind in head["kinds"].items():
            arrays[name] = arrays[name].view(_extra_dtype(kind))
        return arrays, head["meta"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as e:
        raise FileError(
            f"{path} is no backup of a training, or is damaged ({type(e).__name__}: {e})."
        ) from e


def _extra_dtype(name: str) -> np.dtype:
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name))
