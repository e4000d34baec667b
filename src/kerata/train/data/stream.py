"""Batches that come one after another: generators, iterables, tf.data, torch data loaders."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from ...errors import InputError
from .batch import convert_batch, rows_of
from .prefetch import Prefetcher
from .source import Source, whole_number

_ENDLESS = (
    "Training stops here. Let the generator go on for ever (`while True:`), "
    "or ask for fewer steps_per_epoch or epochs."
)
_SHORTER = "Ask for fewer steps."


class GeneratorSource(Source):
    """Batches out of an iterator or iterable.

    An iterable is started anew for every epoch; with `steps` and `repeat` epochs follow on from
    each other instead, and from the end to a new start. An iterator goes on where it was; when it
    ends too early a warning gives the count, the epoch ends and `exhausted` is true.

    The batches of an epoch are fetched by a background thread, which never takes more of them than
    `steps`: a generator stands where its reader thinks it does.

    Args:
        x: The iterator or iterable.
        steps: Batches of an epoch.
        class_weight: Weight of each class.
        repeat: Whether epochs follow on from each other.
        workers: 0 to fetch in the calling thread.
        max_queue_size: Batches to fetch ahead.
        what: What messages call the data.
    """

    def __init__(
        self,
        x: Any,
        steps: int | None = None,
        class_weight: Any = None,
        repeat: bool = False,
        workers: int | None = None,
        max_queue_size: int | None = None,
        what: str = "x",
    ) -> None:
        super().__init__(what)
        self._once = hasattr(x, "__next__")
        self._iterable = x
        self._iterator: Iterator[Any] | None = iter(x) if self._once else None
        self._limit = whole_number(steps, "steps")
        self.steps = self._limit if self._limit is not None else length_of(x)
        self.batch_size = _batch_size_of(x)
        self._class_weight = class_weight
        self._follows = self._once or (repeat and self._limit is not None)
        self._restarts = repeat and not self._once and self._limit is not None
        self._ahead = 0 if workers == 0 else whole_number(max_queue_size, "max_queue_size", 0) or 10
        self._kept: deque[tuple[Any, Any, Any]] = deque()
        self._count = 0

    def epoch(self, index: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """The batches of an epoch."""
        done = 0
        while self._kept and done != self._limit:
            done += 1
            yield self._kept.popleft()
        if done == self._limit:
            return
        source = self._fetch(None if self._limit is None else self._limit - done)
        if not self._ahead:
            for batch in source:
                done += 1
                yield batch
        else:
            ahead = Prefetcher(source, self._ahead)
            try:
                with ahead:
                    for batch in ahead:
                        done += 1
                        yield batch
            finally:
                if self._follows:
                    self._kept.extend(ahead.leftover)
        self._ended(done, index)

    def _fetch(self, count: int | None) -> Iterator[tuple[Any, Any, Any]]:
        """At most `count` batches, converted."""
        iterator = (
            self._iterator if self._follows and self._iterator is not None else iter(self._iterable)
        )
        if self._follows:
            self._iterator = iterator
        done = given = 0
        while done != count:
            try:
                data = next(iterator)
            except StopIteration:
                if not self._restarts or not given:
                    self._iterator = iterator if self._once else None
                    return
                iterator = self._iterator = iter(self._iterable)
                given = 0
                continue
            batch = convert_batch(
                data,
                self._count + 1,
                self.what,
                self._class_weight,
                is_loose=self.is_loose,
                keys=self.keys,
            )
            if self.batch_size is None:
                self.batch_size = rows_of(batch)
            self._count += 1
            done += 1
            given += 1
            yield batch

    def _ended(self, done: int, index: int) -> None:
        if self._count == 0:
            raise InputError(f"{self.what} gave no batch: it is empty. Expected at least one.")
        if self._limit is None:
            self.exhausted = self._once
            if done == 0:
                self._ran_out(done, index, _ENDLESS)
            else:
                self.steps = done
        elif done < self._limit:
            self.exhausted = self._once
            self._ran_out(done, index, _ENDLESS if self._once else _SHORTER)


def is_tf_dataset(x: Any) -> bool:
    """Whether `x` is a ``tf.data.Dataset`` (told by its class, TensorFlow is not imported)."""
    return hasattr(x, "element_spec") and _from_module(x, "tensorflow")


def is_torch_loader(x: Any) -> bool:
    """Whether `x` is a torch ``DataLoader`` (told by its class, torch is not imported)."""
    return _from_module(x, "torch.utils.data", "DataLoader")


def is_torch_dataset(x: Any) -> bool:
    """Whether `x` is a torch ``Dataset``, which holds single samples."""
    return _from_module(x, "torch.utils.data", "Dataset")


def _from_module(x: Any, module: str, name: str | None = None) -> bool:
    return any(
        c.__module__.startswith(module) and name in (None, c.__name__) for c in type(x).__mro__
    )


def length_of(x: Any) -> int | None:
    """Batches of a pass through an iterable, ``None`` if it does not know or has no end."""
    if is_tf_dataset(x):
        known = int(x.cardinality())
        return known if known >= 0 else None
    try:
        return len(x)
    except TypeError:
        return None


def _batch_size_of(x: Any) -> int | None:
    size = getattr(x, "batch_size", None) if is_torch_loader(x) else None
    return size if isinstance(size, int) else None
