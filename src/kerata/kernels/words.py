"""Words of texts, split, looked up and counted by native code: in threads and without Python's lock.

It serves every engine, on every machine where it could be built; ``KERATA_KERNELS=0`` turns it off.
Where it is not there, or some text is not for it, the functions give ``None`` and the caller computes
the same in Python.
"""

from __future__ import annotations

import functools
import os
from typing import Any, NamedTuple

import numpy as np

_STANDARDS = {
    None: 0,
    "lower": 1,
    "strip_punctuation": 2,
    "lower_and_strip_punctuation": 3,
}
_SPLITS = {None: 0, "whitespace": 1, "character": 2}
_MOST_THREADS = 16


class Style(NamedTuple):
    """How texts become tokens: `style` makes one."""

    standard: int
    split: int
    widths: tuple[int, ...]


def style(
    standardize: str | None = None, split: str | None = None, ngrams: tuple[int, ...] | None = None
) -> Style:
    """The style with the names and the meaning of the arguments of `TextVectorization`.

    >>> style("lower", "whitespace", (1, 2))
    Style(standard=1, split=1, widths=(1, 2))
    """
    return Style(_STANDARDS[standardize], _SPLITS[split], ngrams or ())


WHOLE = style()
"""Each text is one token, as it is."""


def ready() -> bool:
    """Whether the native code is there and turned on."""
    return os.environ.get("KERATA_KERNELS") != "0" and _module() is not None


@functools.cache
def _module() -> Any:
    try:
        from . import _text  # type: ignore[attr-defined]
    except ImportError:
        return None
    return _text


def threads() -> int:
    """Number of threads: that of OpenMP's setting, else of the processors that this process may use."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return min(int(given), _MOST_THREADS)
    allowed = getattr(os, "sched_getaffinity", None)
    return min(len(allowed(0)) if allowed else os.cpu_count() or 1, _MOST_THREADS)


class Texts:
    """Strings whose bytes native code reads where they lie: `texts_of` makes them."""

    def __init__(self, handle: Any, count: int) -> None:
        self.handle, self.count = handle, count

    def sizes(self, how: Style) -> np.ndarray | None:
        """The number of tokens of each text, int64."""
        out = np.empty(self.count, np.int64)
        return out if _module().sizes(self.handle, *how, threads(), out) else None

    def rows(
        self, table: Table, how: Style, dtype: Any, unknown: int, width: int | None
    ) -> np.ndarray | None:
        """The numbers of the tokens, (texts, width), cut or filled up with 0; as wide as needed by default."""
        if width is None:
            sizes = self.sizes(how)
            if sizes is None:
                return None
            width = int(sizes.max(initial=0))
        out = np.empty((self.count, width), dtype)
        return out if self._fill(table, how, out, None, width, unknown) else None

    def flat(
        self, table: Table, how: Style, dtype: Any, unknown: int
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """The numbers of the tokens of all texts in a row, and how many each text has."""
        sizes = self.sizes(how)
        if sizes is None:
            return None
        starts = np.zeros(self.count + 1, np.int64)
        np.cumsum(sizes, out=starts[1:])
        out = np.empty(starts[-1], dtype)
        return (out, sizes) if self._fill(table, how, out, starts, 0, unknown) else None

    def _fill(
        self, table: Table, how: Style, out: np.ndarray, starts: Any, width: int, unknown: int
    ) -> bool:
        return _module().fill(
            table.handle, self.handle, *how, threads(), out, starts, width, unknown, 0
        )


def texts_of(array: np.ndarray, encoding: str = "utf-8") -> Texts | None:
    """The strings of an array in order.

    ``None`` without native code, where some element is no string or is no UTF-8, or for another encoding.
    """
    if encoding.lower() not in ("utf-8", "utf8") or not ready():
        return None
    items = array.ravel().tolist()  # a list that nobody else has
    handle = _module().texts(items)
    return None if handle is None else Texts(handle, len(items))


class Table:
    """Numbers of tokens, which any thread may look up.

    >>> texts = texts_of(np.array(["to be", "to sea"]))
    >>> if texts is not None:
    ...     found = texts.rows(Table({b"to": 2, b"be": 3}), style(None, "whitespace"), "int32", 1, 3)
    ...     assert found.tolist() == [[2, 3, 0], [2, 1, 0]]
    """

    def __init__(self, numbers: dict[bytes, int]) -> None:
        values = np.fromiter(numbers.values(), np.int64, len(numbers))
        self.handle = _module().table(_module().texts(list(numbers)), values)


class Counts:
    """How often tokens occur, and in how many texts."""

    def __init__(self) -> None:
        self.handle = _module().counts()

    def add(self, texts: Texts, how: Style) -> bool:
        """Count the tokens of texts; ``False`` if nothing was counted, since some text is not for it."""
        return _module().count(self.handle, texts.handle, *how, threads())

    def ranked(self, most: int | None = None) -> list[tuple[bytes, int, int]]:
        """Each token, how often it occurs, in how many texts: by frequency, equally frequent ones from z to a."""
        return _module().ranked(self.handle, (1 << 62) if most is None else most)
