"""Strings in any form in which users hold them, as lists of Python's ``bytes`` and ``str``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ...engine import engine, to_host
from ...errors import DtypeError, InputError, ShapeError


def array_of(x: Any) -> np.ndarray:
    """`x`, which holds numbers or strings, as a NumPy array; strings as an array of objects.

    Raises:
        ShapeError: Lists whose rows have different lengths.
    """
    if isinstance(x, np.ndarray):
        return x
    if isinstance(x, (str, bytes)):
        return np.array(x, dtype=object)
    if isinstance(x, (list, tuple)):
        return _array_of_list(x)
    if hasattr(x, "to_list") and hasattr(x, "row_splits"):  # a RaggedTensor
        return _array_of_list(x.to_list())
    if hasattr(x, "shape") and engine().is_tensor(x):
        return np.asarray(engine().to_numpy(x))
    return np.asarray(to_host(x))


def _array_of_list(x: Any) -> np.ndarray:
    first = x
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    if hasattr(first, "shape") and not isinstance(first, np.generic):
        return np.asarray([array_of(v) for v in x])
    if not isinstance(first, (str, bytes, list, tuple)):
        return np.asarray(x)
    # Never an array of fixed width: one long text would make every text as long in memory.
    made = np.array(x, dtype=object)
    if any(isinstance(v, (list, tuple)) for v in made.ravel()[:1000].tolist()):
        raise ShapeError(
            "A list of lists of strings has rows of different lengths. Pad them, for instance with '' and "
            "mask_token='', or pass one string for each sample to TextVectorization."
        )
    return made


def items_of(array: np.ndarray) -> list[Any]:
    """The elements of an array of strings, in order, each a ``str`` or ``bytes``.

    Raises:
        DtypeError: Some element is no string.
    """
    items = array.ravel().tolist()
    if array.dtype.kind not in "UST":
        kinds = set(map(type, items))
        bad = [k for k in kinds if not issubclass(k, (str, bytes))]
        if bad:
            found = next(v for v in items if type(v) is bad[0])
            raise DtypeError(
                f"Expected strings, got {found!r} ({bad[0].__name__}). Convert the data first, for "
                "instance with .astype(str), or use IntegerLookup for integers."
            )
    return items


def encoded(items: list[Any], encoding: str) -> list[bytes]:
    """Strings as ``bytes``; bytes stay as they are."""
    return [
        v if isinstance(v, bytes) else v.encode(encoding, "surrogateescape") for v in items
    ]  # fmt: skip


def batches(data: Any, steps: int | None, ragged: bool = False) -> Iterator[Any]:
    """The batches that data for ``adapt`` consists of.

    Args:
        data: An array, list or tensor, which is one batch of samples; or batches: a
            ``tf.data.Dataset``, a `PyDataset`, a ``DataLoader``, a generator. Of ``(x, y)`` pairs
            x is taken.
        steps: How many batches to take of an iterable; all by default.
        ragged: Whether lists of lists of different lengths may stay lists.
    """
    if isinstance(data, (list, tuple, str, bytes)) or hasattr(data, "shape"):
        if ragged and hasattr(data, "row_splits"):
            data = data.to_list()
        rows = isinstance(data, (list, tuple)) and isinstance(next(iter(data), None), (list, tuple))
        made = data if ragged and rows else array_of(data)
        yield made[:, None] if isinstance(made, np.ndarray) and made.ndim == 1 else made
        return
    if hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        data = map(data.__getitem__, range(len(data)))
    if not hasattr(data, "__iter__"):
        raise InputError(
            f"adapt takes arrays, lists, or batches of them, got {type(data).__name__}."
        )
    for batch in islice(data, steps):
        pair = isinstance(batch, tuple) and len(batch) > 1 and hasattr(batch[0], "shape")
        yield batch[0] if pair else batch
