"""Reading ahead: an iterator that runs in a background thread."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

_END = object()
PATIENCE = 5.0
"""Seconds to wait for a thread that is inside user code before it is left to end by itself."""


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class Prefetcher:
    """Items of an iterator, produced in a thread that is at most `depth` items ahead.

    An exception in the iterator is raised where the items are used, with its own traceback. Use it
    in a ``with`` statement: on leaving the thread has ended, and `leftover` holds the items which
    were produced but not used.

    >>> with Prefetcher(iter("abc"), 2) as ahead:
    ...     list(ahead)
    ['a', 'b', 'c']
    """

    def __init__(self, iterator: Iterator[Any], depth: int) -> None:
        self._iterator = iterator
        self._queue: queue.Queue = queue.Queue(max(1, depth))
        self._stop = threading.Event()
        self.leftover: list[Any] = []
        self._thread = threading.Thread(target=self._work, name="kerata-prefetch", daemon=True)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                item = next(self._iterator, _END)
                self._queue.put(item)
                if item is _END:
                    return
        except BaseException as e:  # it belongs to the thread that uses the items
            self._queue.put(_Failure(e))

    def __enter__(self) -> Prefetcher:
        self._thread.start()
        return self

    def __iter__(self) -> Iterator[Any]:
        while True:
            item = self._queue.get()
            if item is _END:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        limit = time.monotonic() + PATIENCE
        while self._thread.is_alive() and time.monotonic() < limit:
            self._drain()
            self._thread.join(0.01)
        self._drain()

    def _drain(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._queue.get_nowait()
                if item is not _END and not isinstance(item, _Failure):
                    self.leftover.append(item)
