"""What is data in itself, and which dtype it gets on its way into a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import config, dtypes, tree
from ...errors import DtypeError


def is_array_like(x: Any) -> bool:
    """Whether `x` is data in itself (an array or a structure of arrays), not a stream of batches.

    >>> is_array_like([1, 2]), is_array_like(iter([1, 2]))
    (True, False)
    """
    if isinstance(x, (np.ndarray, list, tuple, dict)):
        return True
    if root_module(x) in ("pandas", "scipy", "h5py"):
        return True
    return hasattr(x, "shape") and hasattr(x, "dtype")


def is_list_of_batches(x: Any) -> bool:
    """Whether `x` is a list of ``(x, y)`` or ``(x, y, weight)`` batches.

    >>> a = np.zeros(2)
    >>> is_list_of_batches([(a, a), (a, a)]), is_list_of_batches([a, a])
    (True, False)
    """
    return isinstance(x, list) and bool(x) and all(map(_is_batch, x))


def _is_batch(x: Any) -> bool:
    leaves: list[Any] = tree.flatten(x) if type(x) is tuple and 2 <= len(x) <= 3 else [None]
    return all(hasattr(leaf, "shape") and len(leaf.shape) > 0 for leaf in leaves)


def root_module(x: Any) -> str:
    """Name of the package that the class of `x` comes from."""
    return type(x).__module__.partition(".")[0]


def target_dtype(dtype: np.dtype, name: str) -> np.dtype:
    """The dtype that data of the NumPy dtype `dtype` gets; an error for what is no number."""
    kind = dtype.kind
    if kind == "f":
        return _floatx()
    if kind in "iubc":
        return np.dtype(dtypes.standardize(dtype))
    if kind == "V" and dtype.names is None and dtype.name in dtypes.FLOATS:
        return _floatx()
    raise DtypeError(f"{name} holds {_what(dtype)}, not numbers. {_cure(dtype)}")


def _floatx() -> np.dtype:
    name = config.floatx()
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def _what(dtype: np.dtype) -> str:
    known = {
        "U": "strings",
        "S": "byte strings",
        "T": "strings",
        "O": "Python objects",
        "M": "dates",
        "m": "time spans",
    }
    return known.get(dtype.kind, f"records of dtype {dtype}")


def _cure(dtype: np.dtype) -> str:
    if dtype.kind in "UST":
        return (
            "Turn text into integers first, with layers.TextVectorization or layers.StringLookup (before the model, or "
            "as its first layers after Input(..., dtype='string')); or numbers written as text with .astype('float32')."
        )
    if dtype.kind == "O":
        return "If every entry is a number use .astype('float32'); rows of unequal length need keras.utils.pad_sequences."
    return "Convert it to numbers first, for instance with .astype('float32')."
