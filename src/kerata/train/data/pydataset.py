"""`PyDataset` (`Sequence`): batches by number, made by threads or processes."""

from __future__ import annotations

import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import InputError
from ..notices import warn_user
from .batch import convert_batch, rows_of
from .source import Source, endless, whole_number

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .processes import Workers


class PyDataset:
    """Base class of data sets written in Python that give a batch by its number.

    A subclass defines ``__getitem__(index)``, which returns ``x``, ``(x, y)`` or
    ``(x, y, sample_weight)``, and ``__len__`` or the property ``num_batches``. It may define
    ``on_epoch_begin`` and ``on_epoch_end``.

    Args:
        workers: Threads (or processes) that make batches; 0 to make them in the calling thread.
        use_multiprocessing: Whether the workers are processes. The data set is then pickled, once
            an epoch, and a script needs the usual ``if __name__ == "__main__":``.
        max_queue_size: Batches to make ahead.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 2
    ...     def __getitem__(self, index):
    ...         x = np.arange(3) + 3 * index
    ...         return x, x**2
    >>> [y.tolist() for _, y in Squares()]
    [[0, 1, 4], [9, 16, 25]]
    """

    # Defaults for subclasses whose __init__ does not call this one.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """The batch number `index`."""
        raise NotImplementedError(
            f"{type(self).__name__} must define __getitem__(self, index), which returns a batch."
        )

    @property
    def num_batches(self) -> int | None:
        """Number of batches, ``None`` if there is no end of them."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__} must define __len__ or the property num_batches."
        )

    def on_epoch_begin(self) -> None:
        """Called before the first batch of an epoch."""

    def on_epoch_end(self) -> None:
        """Called after the last batch of an epoch."""

    def __iter__(self) -> Iterator[Any]:
        count, index = self.num_batches, 0
        while count is None or index < count:
            yield self[index]
            index += 1


Sequence = PyDataset


def is_py_dataset(x: Any) -> bool:
    """Whether `x` is a `PyDataset`, or has the same form and comes from another Keras."""
    return isinstance(x, PyDataset) or (
        hasattr(x, "__getitem__")
        and any(
            c.__name__ in ("PyDataset", "Sequence") and "keras" in c.__module__
            for c in type(x).__mro__
        )
    )


class PyDatasetSource(Source):
    """Batches of a `PyDataset`, in order, made ahead by threads or processes.

    Args:
        x: The data set.
        steps: Batches of an epoch; by default as many as there are.
        shuffle: Whether to go through the batches in a new order in every pass.
        class_weight: Weight of each class.
        repeat: Whether epochs of `steps` batches follow on from each other.
        workers, use_multiprocessing, max_queue_size: In place of what the data set says.
        what: What messages call the data.
    """

    def __init__(
        self,
        x: Any,
        steps: int | None = None,
        shuffle: bool | str = False,
        class_weight: Any = None,
        repeat: bool = False,
        workers: int | None = None,
        use_multiprocessing: bool | None = None,
        max_queue_size: int | None = None,
        what: str = "x",
    ) -> None:
        super().__init__(what, bool(shuffle))
        self._dataset, self._class_weight, self._repeats = x, class_weight, repeat
        self._workers = getattr(x, "workers", 1) if workers is None else workers
        self._processes = (
            getattr(x, "use_multiprocessing", False)
            if use_multiprocessing is None
            else use_multiprocessing
        )
        if getattr(x, "makes_own_threads", False):
            # One thread keeps the order of batches, and with it what they draw at random.
            self._workers, self._processes = min(self._workers, 1), False
        size = getattr(x, "max_queue_size", 10) if max_queue_size is None else max_queue_size
        self._ahead = max(1, size, self._workers)
        self._available = self._count()
        self._limit = whole_number(steps, "steps")
        if self._available is None and self._limit is None:
            raise InputError(
                f"{what} has no end (its num_batches is None). Give the number of steps of an epoch."
            )
        self.steps = self._available if self._limit is None else self._limit
        self._pool: Workers | None = None

    def _count(self) -> int | None:
        count = (
            self._dataset.num_batches
            if hasattr(self._dataset, "num_batches")
            else len(self._dataset)
        )
        if count is not None and count < 1:
            raise InputError(
                f"{self.what} is empty: its length is {count}. Expected at least one batch."
            )
        return count

    def epoch(self, index: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """The batches of an epoch."""
        begin = getattr(self._dataset, "on_epoch_begin", None)
        if begin is not None:
            begin()
        self._available = self._count()
        if self._limit is None:
            self.steps = self._available
        done = 0
        for done, data in enumerate(self._fetch(self._order(index)), 1):
            batch = convert_batch(
                data, done, self.what, self._class_weight, is_loose=self.is_loose, keys=self.keys
            )
            if self.batch_size is None:
                self.batch_size = rows_of(batch)
            yield batch
        if self.steps is not None and done < self.steps:
            self._ran_out(done, index, "Ask for fewer steps.")

    def _order(self, epoch: int) -> Iterator[int]:
        size, steps = self._available, self.steps
        if size is None:
            first = epoch * steps if self._repeats else 0  # type: ignore[operator]
            return iter(range(first, first + steps))  # type: ignore[operator]
        if not self._repeats or self._limit is None:
            return iter(self._pass(epoch)[:steps].tolist())
        return iter(endless(size, epoch * steps, steps, self._pass).tolist())  # type: ignore[operator, arg-type]

    def _pass(self, index: int) -> np.ndarray:
        whole = np.arange(self._available or 0)
        return self._generator(index).permutation(whole) if self.shuffle else whole

    def _fetch(self, indices: Iterator[int]) -> Iterator[Any]:
        if self._workers <= 0:
            return (self._dataset[i] for i in indices)
        if self._processes:
            submit = self._process_submit()
            if submit is not None:
                return _in_order(submit, indices, self._ahead)
        return self._by_threads(indices)

    def _by_threads(self, indices: Iterator[int]) -> Iterator[Any]:
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="kerata-dataset")
        try:
            yield from _in_order(
                lambda i: pool.submit(self._dataset.__getitem__, i), indices, self._ahead
            )
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _process_submit(self) -> Callable[[int], Future] | None:
        if _runs_when_imported():
            warn_user(
                f"{self.what}: threads make its batches, as other processes would run the whole script again: it has no "
                '`if __name__ == "__main__":`.'
            )
            self._processes = False
            return None
        try:
            content = pickle.dumps(self._dataset, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as e:  # pickling runs user code, which may raise anything
            warn_user(
                f"{self.what} cannot be sent to other processes ({type(e).__name__}: {e}); threads make its batches."
            )
            self._processes = False
            return None
        if self._pool is None:
            from .processes import Workers

            self._pool = Workers(self._workers)
        self._pool.hold(content)
        return self._pool.submit

    def on_epoch_end(self) -> None:
        """Tell the data set."""
        end = getattr(self._dataset, "on_epoch_end", None)
        if end is not None:
            end()

    def close(self) -> None:
        """End the worker processes."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def _runs_when_imported() -> bool:
    """Whether the program is a script that has nothing to keep another process from running it, too."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    if path is None or not str(path).endswith(".py"):
        return False
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "__main__" not in file.read()
    except OSError:
        return False


def _in_order(submit: Callable[[int], Future], indices: Iterator[int], ahead: int) -> Iterator[Any]:
    """Results of `submit` in the order of `indices`, at most `ahead` of them under way."""
    from concurrent.futures import BrokenExecutor

    pending: deque[Future] = deque()
    try:
        for i in indices:
            pending.append(submit(i))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenExecutor as e:
        raise InputError(
            "A process that makes batches died. In a script, training with use_multiprocessing=True must stand "
            'under `if __name__ == "__main__":`; else look at the output of the process above, '
            "or use threads (use_multiprocessing=False)."
        ) from e
    finally:
        for future in pending:
            future.cancel()
