"""``keras.utils.data_utils``: batches made ahead by threads, for loops of one's own.

`fit`, `evaluate` and `predict` do this by themselves for a `utils.PyDataset`.
"""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from .notes import note

_END = object()
_PAUSE = 0.1  # seconds between two looks whether to stop


class SequenceEnqueuer:
    """Base class: threads make batches ahead, `get` gives them.

    Args:
        sequence: Where batches come from.
        use_multiprocessing: Has no effect; threads make the batches.
    """

    def __init__(self, sequence: Any, use_multiprocessing: bool = False) -> None:
        if use_multiprocessing:
            note(f"{type(self).__name__}(use_multiprocessing=True)", None)
        self.sequence = sequence
        self.use_multiprocessing = use_multiprocessing
        self.workers = 0
        self.queue: queue.Queue[Future] = queue.Queue()
        self.run_thread: threading.Thread | None = None
        self.stop_signal: threading.Event | None = None

    def is_running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self.stop_signal is not None and not self.stop_signal.is_set()

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Begin to make batches.

        Args:
            workers: Number of threads.
            max_queue_size: Batches to make ahead.
        """
        self.workers = max(1, workers)
        self.queue = queue.Queue(max_queue_size)
        self.stop_signal = threading.Event()
        self.run_thread = threading.Thread(target=self._run, args=(self.stop_signal,), daemon=True)
        self.run_thread.start()

    def stop(self, timeout: float | None = None) -> None:
        """End the threads.

        Args:
            timeout: Seconds to wait for them; for ever by default.
        """
        if self.stop_signal is not None:
            self.stop_signal.set()
        if self.run_thread is not None and self.run_thread is not threading.current_thread():
            self.run_thread.join(timeout)

    def _run(self, stopped: threading.Event) -> None:
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="kerata-enqueuer")
        try:
            for future in self._futures(pool, stopped):
                while not stopped.is_set():
                    try:
                        self.queue.put(future, timeout=_PAUSE)
                        break
                    except queue.Full:
                        continue
                if stopped.is_set():
                    return
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _futures(self, pool: ThreadPoolExecutor, stopped: threading.Event) -> Iterator[Future]:
        raise NotImplementedError("Use OrderedEnqueuer or GeneratorEnqueuer.")

    def get(self) -> Iterator[Any]:
        """The batches, as a generator; what is ``None`` is left out."""
        while self.is_running():
            try:
                future = self.queue.get(timeout=_PAUSE)
            except queue.Empty:
                continue
            try:
                batch = future.result()
            except Exception:
                self.stop()
                raise
            if batch is _END:
                self.stop()
            elif batch is not None:
                yield batch


class OrderedEnqueuer(SequenceEnqueuer):
    """Batches of a `PyDataset` in their order, pass after pass without end.

    Args:
        sequence: The data set.
        use_multiprocessing: Has no effect.
        shuffle: Whether each pass goes through the batches in an order of its own.

    >>> from kerata.utils import PyDataset
    >>> class Numbers(PyDataset):
    ...     def __len__(self): return 2
    ...     def __getitem__(self, index): return index
    >>> ahead = OrderedEnqueuer(Numbers())
    >>> ahead.start(workers=2)
    >>> batches = ahead.get()
    >>> [next(batches) for _ in range(5)]
    [0, 1, 0, 1, 0]
    >>> ahead.stop()
    """

    def __init__(
        self, sequence: Any, use_multiprocessing: bool = False, shuffle: bool = False
    ) -> None:
        super().__init__(sequence, use_multiprocessing)
        self.shuffle = shuffle

    def _futures(self, pool: ThreadPoolExecutor, stopped: threading.Event) -> Iterator[Future]:
        while True:
            order = list(range(len(self.sequence)))
            if self.shuffle:
                random.shuffle(order)
            pending = []
            for i in order:
                future = pool.submit(self.sequence.__getitem__, i)
                pending.append(future)
                yield future
            # The next pass begins when this one is made.
            while pending and not stopped.is_set():
                pending = list(wait(pending, timeout=_PAUSE).not_done)
            if stopped.is_set():
                return
            getattr(self.sequence, "on_epoch_end", lambda: None)()


class GeneratorEnqueuer(SequenceEnqueuer):
    """Batches of a generator, made ahead.

    Args:
        generator: The generator.
        use_multiprocessing: Has no effect.
        random_seed: Has no effect: one thread runs the generator.

    >>> ahead = GeneratorEnqueuer(iter([1, 2, 3]))
    >>> ahead.start()
    >>> list(ahead.get())
    [1, 2, 3]
    """

    def __init__(
        self, generator: Any, use_multiprocessing: bool = False, random_seed: int | None = None
    ) -> None:
        super().__init__(generator, use_multiprocessing)
        self.random_seed = random_seed

    def start(self, workers: int = 1, max_queue_size: int = 10) -> None:
        """Begin to make batches, by one thread: a generator runs once at a time."""
        super().start(1, max_queue_size)

    def _futures(self, pool: ThreadPoolExecutor, stopped: threading.Event) -> Iterator[Future]:
        step: Callable[[], Any] = partial(next, self.sequence, _END)
        while not stopped.is_set():
            future = pool.submit(step)
            yield future
            if future.done() and future.exception() is None and future.result() is _END:
                return
