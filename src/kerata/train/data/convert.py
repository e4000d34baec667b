"""Anything that holds rows of numbers, turned into NumPy arrays of the dtypes that models take."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from ...engine import to_host
from ...errors import DtypeError, InputError
from ...spec import Spec
from .kinds import root_module, target_dtype
from .rows import LAZY_BYTES, LazyRows

_SCALARS = (numbers.Number, np.generic, str, bytes)


def convert(x: Any, name: str) -> Any:
    """A nested structure of arrays out of a nested structure of array-like things.

    NumPy arrays, lists of numbers, pandas objects, SciPy sparse matrices, HDF5 data sets, tensors
    and whatever has ``__array__`` are leaves; tensors of the engine in use stay as they are, and
    data too big for memory becomes `LazyRows`. Floats become ``floatx()``, 64-bit integers 32-bit
    ones (unless 64-bit types are on), booleans stay.

    Args:
        x: The structure.
        name: What messages call it, such as ``"x"``.
    """
    if type(x) is np.ndarray:
        return _numpy(x, name)
    if isinstance(x, dict):
        if not x:
            raise InputError(f"{name} is an empty dict. Expected at least one array.")
        return {k: convert(v, f"{name}[{k!r}]") for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        if not x:
            raise InputError(f"{name} is empty. Expected at least one sample.")
        if _is_numbers(x):
            return _numpy(_from_list(x, name), name)
        items = [None if v is None else convert(v, f"{name}[{i}]") for i, v in enumerate(x)]
        return tuple(items) if isinstance(x, tuple) else items
    if x is None:
        raise InputError(f"{name} is None. Expected an array.")
    return _leaf(x, name)


def _leaf(x: Any, name: str) -> Any:
    if isinstance(x, LazyRows):
        return x
    root = root_module(x)
    if root == "pandas":
        return _numpy(_pandas(x, name), name)
    if root == "scipy" and hasattr(x, "tocsr"):
        return _maybe_lazy(x.tocsr(), int(np.prod(x.shape)) * np.dtype(x.dtype).itemsize, name)
    if root in ("h5py", "zarr") or isinstance(x, np.memmap):
        return _maybe_lazy(x, int(np.prod(x.shape)) * np.dtype(x.dtype).itemsize, name)
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise InputError(
            f"{name} is a masked array with missing values. Fill them first: {name}.filled(0)."
        )
    if isinstance(x, (np.ndarray, *_SCALARS)):
        return _numpy(np.asarray(x), name)
    if isinstance(x, Spec):
        raise InputError(f"{name} is symbolic and holds no values. Pass an array.")
    if hasattr(x, "shape") and hasattr(x, "dtype") and _of_engine(x):
        return _checked_rank(x, name)
    return _numpy(_array_of(x, name), name)


def _of_engine(x: Any) -> bool:
    from ...engine import engine

    return engine().is_tensor(x)


def _array_of(x: Any, name: str) -> np.ndarray:
    x = to_host(x)
    if type(x).__name__ == "RaggedTensor":
        x = x.to_tensor()
    if callable(getattr(x, "numpy", None)):
        return np.asarray(x.numpy())
    if hasattr(x, "__array__"):
        return np.asarray(x)
    hint = " It is a function: call it, and pass what it returns." if callable(x) else ""
    raise InputError(
        f"{name} has the type {type(x).__module__}.{type(x).__qualname__}, which is no data that Kerata knows.{hint} "
        "Expected NumPy arrays (or lists, dicts, pandas or SciPy objects of numbers), a generator or "
        "another iterable of batches, a keras.utils.PyDataset, a tf.data.Dataset or a torch DataLoader."
    )


def _is_numbers(x: list | tuple) -> bool:
    first: Any = x
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    return isinstance(first, _SCALARS) or getattr(first, "shape", None) == ()


def _from_list(x: list | tuple, name: str) -> np.ndarray:
    try:
        return np.asarray(x)
    except (ValueError, TypeError) as e:
        lengths = {len(v) if hasattr(v, "__len__") else -1 for v in x}
        hint = ""
        if len(lengths) > 1 and -1 not in lengths:
            hint = (
                f" Its rows have from {min(lengths)} to {max(lengths)} entries; "
                "keras.utils.pad_sequences makes them equally long."
            )
        raise InputError(f"{name} is a list that does not form an array.{hint}") from e


def _pandas(x: Any, name: str) -> np.ndarray:
    columns = list(x.dtypes.items()) if hasattr(x, "columns") else [(x.name, x.dtype)]
    bad = {str(k): str(d) for k, d in columns if not _is_numeric(d)}
    if bad:
        listed = ", ".join(f"{k!r} ({d})" for k, d in list(bad.items())[:8])
        raise DtypeError(
            f"{name} has columns that are not numbers: {listed}. "
            "Encode them first, for instance with pandas.get_dummies(...) or .astype('float32')."
        )
    if not columns:
        raise InputError(f"{name} is a DataFrame without columns. Expected at least one.")
    kinds = [getattr(d, "numpy_dtype", d) for _, d in columns]
    missing = bool(np.any(x.isna().to_numpy()))
    common = np.result_type(*kinds, np.float32) if missing else np.result_type(*kinds)
    return x.to_numpy(dtype=common, na_value=np.nan) if missing else x.to_numpy(dtype=common)


def _is_numeric(dtype: Any) -> bool:
    kind = getattr(getattr(dtype, "numpy_dtype", dtype), "kind", "O")
    return kind in "fiub" and type(dtype).__name__ != "CategoricalDtype"


def _maybe_lazy(x: Any, size: int, name: str) -> Any:
    lazy = LazyRows(x, name)
    if size > LAZY_BYTES:
        return lazy
    return lazy.take(slice(0, len(lazy)))


def _checked_rank(x: Any, name: str) -> Any:
    if len(x.shape) == 0:
        raise InputError(
            f"{name} is a single number. Expected an array whose first axis counts samples."
        )
    return x


def _numpy(x: np.ndarray, name: str) -> np.ndarray:
    if x.ndim == 0 and x.dtype.kind in "fiubcV":
        _checked_rank(x, name)
    target = target_dtype(x.dtype, name)
    if target == x.dtype:
        return x
    if x.dtype.kind in "iu" and x.size:
        _check_range(x, target, name)
    return x.astype(target)


def _check_range(x: np.ndarray, target: np.dtype, name: str) -> None:
    limits = np.iinfo(target)
    low, high = int(x.min()), int(x.max())
    if low < limits.min or high > limits.max:
        raise DtypeError(
            f"{name} holds integers from {low} to {high}, beyond what {target} can hold. "
            "Convert to floats, or switch 64-bit types on with keras.config.set_floatx('float64')."
        )
