"""Worker processes that make the batches of a data set; imported only where they are asked for."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import tempfile
import weakref
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from ...errors import InputError


class Workers:
    """Processes that hold a copy of a data set, and make batches of it.

    Args:
        count: Number of processes.
    """

    def __init__(self, count: int) -> None:
        # A forked copy of a process that has threads (every tensor library starts some) may hang.
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        self._pool = ProcessPoolExecutor(count, mp_context=context)
        self._shelf = _Shelf()
        self.close = weakref.finalize(self, _end, self._pool, self._shelf)
        self._path = ""

    def hold(self, content: bytes) -> None:
        """Let the processes use this pickled data set from now on."""
        self._path = self._shelf.put(content)

    def submit(self, index: int) -> Future:
        """Begin to make a batch."""
        return self._pool.submit(_batch_in_process, self._path, index)


class _Shelf:
    """A folder that hands the pickled data set to the workers, renewed every epoch."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="kerata-dataset-")
        self.number = 0
        self.path: Path | None = None

    def put(self, content: bytes) -> str:
        last, self.number = self.path, self.number + 1
        self.path = Path(self.folder.name) / f"{self.number}.pickle"
        self.path.write_bytes(content)
        if last is not None:
            last.unlink(missing_ok=True)
        return str(self.path)


def _end(pool: Executor, shelf: _Shelf) -> None:
    pool.shutdown(wait=True, cancel_futures=True)
    with contextlib.suppress(OSError):
        shelf.folder.cleanup()


_loaded: tuple[str, Any] = ("", None)


def _batch_in_process(path: str, index: int) -> Any:
    """Runs in a worker: a batch of the data set in the file, which is read once."""
    global _loaded
    if _loaded[0] != path:
        content = Path(path).read_bytes()
        try:
            _loaded = (path, pickle.loads(content))
        except (AttributeError, ImportError) as e:
            raise InputError(
                f"A worker process cannot find the class of the data set ({e}). "
                "With use_multiprocessing=True it must stand in a module or script file that can be imported."
            ) from e
    return _loaded[1][index]
