"""Rows of data that stay where they are until a batch asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kinds import target_dtype

LAZY_BYTES = 1 << 28
"""Data on disk, or sparse data, that would take more bytes than this is read batch by batch."""


class LazyRows:
    """A span of rows of an HDF5 data set, a memory-mapped file or a sparse matrix.

    Args:
        data: Anything with ``shape``, ``dtype`` and row indexing; ``toarray()`` on a selection of
            rows is called where it exists.
        name: What messages call it.
        start: First row of the span.
        stop: Row after the last one; all by default.
    """

    def __init__(self, data: Any, name: str = "x", start: int = 0, stop: int | None = None) -> None:
        self.data, self.name, self.start = data, name, start
        self.stop = int(data.shape[0]) if stop is None else stop
        self.dtype = target_dtype(np.dtype(data.dtype), name)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the span."""
        return (self.stop - self.start, *self.data.shape[1:])

    def __len__(self) -> int:
        return self.stop - self.start

    def span(self, start: int, stop: int) -> LazyRows:
        """The rows from `start` to `stop` of this span, still unread."""
        return LazyRows(self.data, self.name, self.start + start, self.start + stop)

    def take(self, rows: np.ndarray | slice) -> np.ndarray:
        """The rows of these numbers, in this order, as an array of the dtype that models take."""
        if isinstance(rows, slice):
            return self._dense(self.data[self.start + rows.start : self.start + rows.stop])
        # HDF5 wants numbers that increase; files of any kind are read faster that way.
        ordered, back = np.unique(rows + self.start, return_inverse=True)
        if ordered.size and ordered[-1] - ordered[0] == ordered.size - 1:
            found = self.data[int(ordered[0]) : int(ordered[-1]) + 1]
        else:
            found = self.data[ordered]
        return self._dense(found)[back]

    def _dense(self, found: Any) -> np.ndarray:
        if hasattr(found, "toarray"):
            found = found.toarray()
        return np.asarray(found).astype(self.dtype, copy=False)
