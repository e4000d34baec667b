"""Which dtype data gets on its way into a model."""

from __future__ import annotations

import numpy as np

from ... import config, dtypes
from ...errors import DtypeError


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
        return "Turn text into integers first (a vocabulary index), or numbers written as text with .astype('float32')."
    if dtype.kind == "O":
        return "If every entry is a number use .astype('float32'); rows of unequal length need keras.utils.pad_sequences."
    return "Convert it to numbers first, for instance with .astype('float32')."
