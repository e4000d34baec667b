"""Data whose rows can be reached by number: arrays in memory, or files and sparse matrices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import tree
from ...engine import engine
from ...errors import InputError
from ..notices import warn_user
from .convert import convert
from .prefetch import Prefetcher
from .rows import LazyRows
from .source import Source, endless, whole_number
from .weights import apply_class_weight, spread


class ArraySource(Source):
    """Batches of arrays, in an order that a seed, the source and the epoch decide.

    With `steps` and `repeat`, epochs of ``steps * batch_size`` rows follow on from each other
    through the data, and from its end to its beginning; no row is left out. Without `repeat`
    an epoch is the first `steps` batches.

    Args:
        x: Input arrays, in any structure.
        y: Labels, or ``None``.
        sample_weight: Weights, or ``None``.
        batch_size: Rows of a batch, 32 by default.
        steps: Batches of an epoch; by default as many as there are.
        shuffle: ``True`` (rows), ``"batch"`` (whole batches) or ``False``.
        class_weight: Weight of each class.
        repeat: Whether epochs follow on from each other.
        what: What messages call the data.
    """

    batch_size: int
    num_samples: int
    steps: int

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool | str = False,
        class_weight: Any = None,
        repeat: bool = False,
        what: str = "x",
    ) -> None:
        if not (isinstance(shuffle, (bool, np.bool_)) or shuffle is None or shuffle == "batch"):
            raise InputError(f"shuffle must be True, False or 'batch', got {shuffle!r}.")
        super().__init__(what, shuffle or False)
        x, y, weight = convert_all(x, y, sample_weight, what)
        self.num_samples = count_rows((x, y, weight), what)
        weight = apply_class_weight(y, spread(weight, y), class_weight)
        self.batch_size = whole_number(batch_size, "batch_size") or 32
        self.steps = -(-self.num_samples // self.batch_size)
        self._rows_per_epoch, self._repeats = self.num_samples, repeat
        self._set_steps(whole_number(steps, "steps"))
        self._data = (x, y, weight)
        self._lazy = any(isinstance(leaf, LazyRows) for leaf in tree.flatten(self._data))
        if not self._lazy:
            self.arrays = self._data
        self._whole: np.ndarray | None = None

    def _set_steps(self, steps: int | None) -> None:
        available = self.steps
        if steps is None or steps == available:
            return
        if steps > available and not self._repeats:
            warn_user(
                f"{self.what} ran out of data: it has {available} batches of {self.batch_size} rows, {steps} were asked for. "
                f"The {available} are used."
            )
            return
        self.steps = steps
        self._rows_per_epoch = steps * self.batch_size

    def order(self, epoch: int = 0) -> np.ndarray:
        """Numbers of the rows of an epoch, int32, in the order in which they are to be used.

        Consecutive runs of ``batch_size`` of them are the batches; the last may be shorter.
        """
        count = self._rows_per_epoch
        if not self._repeats:
            return self._pass(epoch)[:count]
        return endless(self.num_samples, epoch * count, count, self._pass)

    def _pass(self, index: int) -> np.ndarray:
        n = self.num_samples
        if self._whole is None:
            self._whole = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
        if not self.shuffle:
            return self._whole
        random = self._generator(index)
        if self.shuffle != "batch":
            return random.permutation(self._whole)
        full = n // self.batch_size * self.batch_size
        blocks = random.permutation(self._whole[:full].reshape(-1, self.batch_size))
        return np.concatenate([blocks.ravel(), self._whole[full:]])

    def epoch(self, index: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """The batches of an epoch; data on disk is read ahead by a background thread."""
        if self._lazy:
            with Prefetcher(self._batches(index), 4) as ahead:
                yield from ahead
        else:
            yield from self._batches(index)

    def _batches(self, index: int) -> Iterator[tuple[Any, Any, Any]]:
        order, size = self.order(index), self.batch_size
        first = int(order[0])
        straight = not self.shuffle and int(order[-1]) - first == len(order) - 1
        for start in range(0, len(order), size):
            stop = min(start + size, len(order))
            rows = slice(first + start, first + stop) if straight else order[start:stop]
            yield tuple(_take(part, rows) for part in self._data)  # type: ignore[misc]


def _take(part: Any, rows: Any) -> Any:
    if part is None:
        return None
    return tree.map_structure(lambda leaf: None if leaf is None else _rows_of(leaf, rows), part)


def _rows_of(leaf: Any, rows: Any) -> Any:
    if isinstance(leaf, LazyRows):
        return leaf.take(rows)
    if isinstance(leaf, np.ndarray) or isinstance(rows, slice):
        return leaf[rows]
    return engine().take_rows(
        leaf, rows
    )  # a tensor of the engine, such as TensorFlow's, takes no array


def convert_all(x: Any, y: Any, weight: Any, what: str) -> tuple[Any, Any, Any]:
    """Inputs, labels and weights as arrays; `what` is how messages call the inputs."""
    names = names_of(what)
    if x is None:
        raise InputError(f"{names[0]} is None. Expected arrays, or a source of batches.")
    parts = zip((x, y, weight), names)
    return tuple(None if part is None else convert(part, name) for part, name in parts)  # type: ignore[return-value]


def names_of(what: str) -> tuple[str, str, str]:
    """Names of the three parts of data that the user passed as the argument `what`."""
    if what == "x":
        return "x", "y", "sample_weight"
    return f"{what}: x", f"{what}: y", f"{what}: sample_weight"


def count_rows(parts: tuple[Any, Any, Any], what: str) -> int:
    """The number of samples, the same in all arrays and not zero; an error with all counts if not."""
    counts: dict[str, int] = {}
    for part, name in zip(parts, names_of("x")):
        for path, leaf in tree.flatten_with_path(part):
            if leaf is not None:
                counts[name + "".join(f"[{p!r}]" for p in path)] = int(leaf.shape[0])
    different = set(counts.values())
    if len(different) > 1:
        raise InputError(_unequal(counts, parts[0], what))
    if not different or different == {0}:
        raise InputError(f"{what} is empty: there are no samples. Expected at least one.")
    return different.pop()


def _unequal(counts: dict[str, int], x: Any, what: str) -> str:
    shown = list(counts.items())
    listed = ", ".join(f"{k} has {n}" for k, n in shown[:8])
    if len(shown) > 8:
        listed += f", ... and {len(shown) - 8} more"
    where = "" if what == "x" else f" in {what}"
    message = f"The numbers of samples differ{where}: {listed}. Every array needs the same length of its first axis."
    if isinstance(x, (list, tuple)) and len(x) > 1:
        message += (
            f" x is a list of {len(x)} arrays, read as {len(x)} inputs; "
            "if they are samples of one input, pass numpy.stack(x)."
        )
    return message
