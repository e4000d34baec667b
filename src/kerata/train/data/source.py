"""What the training loop sees of data: a source of epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...errors import InputError
from ..notices import warn_user


class Source:
    """Batches of one set of data, epoch after epoch.

    Attributes:
        arrays: ``(x, y, weight)`` where all rows are in memory, else ``None``.
        batch_size: Rows of a full batch, ``None`` if the data decides.
        num_samples: Rows of a pass through the data, ``None`` if unknown.
        steps: Batches of an epoch, ``None`` while unknown.
        exhausted: The data has ended for good before its time; training cannot go on.
        keys: Names of the inputs where those alone are wanted of dicts that a stream gives.
        is_loose: Parts of a batch may be of any lengths: a step of the user's own knows what they are.
    """

    arrays: tuple[Any, Any, Any] | None = None
    batch_size: int | None = None
    num_samples: int | None = None
    steps: int | None = None
    exhausted: bool = False
    keys: frozenset[str] | None = None
    is_loose: bool = False

    def __init__(self, what: str = "x", shuffle: bool | str = False) -> None:
        self.what = what
        self.shuffle = shuffle
        self._stream: int | None = None
        if shuffle:
            from ... import rng

            self._stream = rng.next_stream()

    def epoch(self, index: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """The batches ``(x, y, weight)`` of the epoch with this number."""
        raise NotImplementedError

    def on_epoch_end(self) -> None:
        """Called by the loop when an epoch has ended."""

    def close(self) -> None:
        """End threads and processes. The source can be used again afterwards."""

    def _generator(self, index: int) -> np.random.Generator:
        # The order of a pass depends on nothing but the seed, the stream and the number of the
        # pass: a training that is resumed at any epoch sees the order it would have seen.
        from ... import rng

        return rng.generator(self._stream, index)

    def _ran_out(self, done: int, epoch: int, cure: str) -> None:
        wanted = f" of {self.steps}" if self.steps is not None else ""
        warn_user(
            f"{self.what} ran out of data after {done}{wanted} batches of epoch {epoch + 1}. {cure}"
        )


def endless(size: int, start: int, count: int, order: Callable[[int], np.ndarray]) -> np.ndarray:
    """Entries `start` to ``start + count`` of the passes ``order(0), order(1), ...`` put in a row.

    Args:
        size: Entries of a pass.
        start: First entry.
        count: Number of entries.
        order: The entries of a pass by its number.

    >>> endless(3, 2, 5, lambda index: np.arange(3) + 10 * index).tolist()
    [2, 10, 11, 12, 20]
    """
    first, skip = divmod(start, size)
    if skip == 0 and count == size:
        return order(first)
    last = (start + count - 1) // size
    return np.concatenate([order(i) for i in range(first, last + 1)])[skip : skip + count]


def whole_number(value: Any, name: str, least: int = 1) -> int | None:
    """`value` as an int, ``None`` for ``None``; an error for what is no whole number of at least `least`."""
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_, str)) or not hasattr(value, "__int__"):
        raise InputError(f"{name} must be a whole number, got {value!r}.")
    if int(value) != value:
        raise InputError(
            f"{name} must be a whole number, got {value!r}. Divide with // instead of /."
        )
    if value < least:
        raise InputError(f"{name} must be at least {least}, got {value!r}.")
    return int(value)
