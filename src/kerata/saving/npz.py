"""Weights that a program kept itself, by ``np.savez(path, *model.get_weights())``."""

from __future__ import annotations

import io
import re
import warnings
from typing import Any

import numpy as np

from ..errors import FileError, ShapeError
from .safe import Archive
from .weights import Table


def is_npz(archive: Archive) -> bool:
    """Whether a zip archive is one of NumPy's arrays."""
    return bool(archive.members) and all(n.endswith(".npy") for n in archive.members)


def load_weights(model: Any, archive: Archive, skip_mismatch: bool = False) -> None:
    """Set the weights from arrays in the order of ``get_weights``, or named by the paths of the weights.

    Raises:
        FileError: An array is damaged, or holds Python objects.
        ShapeError: There are more or fewer, or of other shapes; the model is as it was.
    """
    arrays = {n.removesuffix(".npy"): _array(archive, n) for n in archive.members}
    own = model.weights
    by_path = {v.path: v for v in own}
    if all(re.fullmatch(r"arr_\d+", n) for n in arrays):
        names = sorted(arrays, key=lambda n: int(n[4:]))
    elif arrays.keys() <= by_path.keys():
        own = [by_path[n] for n in arrays] + [v for v in own if v.path not in arrays]
        names = list(arrays)
    else:
        names = list(arrays)  # np.savez keeps the order in which they were given
    table, pairs = Table(archive.name), []
    for i in range(max(len(own), len(names))):
        v = own[i] if i < len(own) else None
        a = arrays[names[i]] if i < len(names) else None
        if v is not None and a is not None and a.shape == tuple(v.shape):
            pairs.append((v, a))
            continue
        what = "unexpected" if v is None else "missing" if a is None else "mismatched"
        where = names[i] if v is None else v.path
        table.add(what, where, None if v is None else v.shape, None if a is None else a.shape)
    if table.lines and not skip_mismatch:
        raise ShapeError(str(table))
    for v, a in pairs:
        v.assign(a)
    if table.lines:
        warnings.warn(str(table), stacklevel=4)


def _array(archive: Archive, member: str) -> np.ndarray:
    try:
        return np.load(io.BytesIO(archive.read(member)), allow_pickle=False)
    except (ValueError, EOFError, OSError) as e:
        if isinstance(e, FileError):
            raise
        raise FileError(
            f"{archive.name}: {member} is damaged, or holds Python objects, which are not read: {e}."
        ) from e
