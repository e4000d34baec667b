"""Where the data sets come from, and how their files are read without running what is in them."""

from __future__ import annotations

import gzip
import io
import math
import os
import pickle
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..errors import FileError, InputError

GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def fetch(path: str | os.PathLike, file: str, file_hash: str) -> str:
    """The local path of `file` from Google's folder of Keras data sets.

    Args:
        path: Name in the cache; the path of an existing file is taken as it is.
        file: Name at the source.
        file_hash: Its hash.
    """
    from ..utils.files import get_file

    given = Path(path).expanduser()
    if given.name == str(path):
        return get_file(str(path), GOOGLE + file, file_hash=file_hash)
    if given.is_file():
        return str(given)
    return get_file(
        given.name, GOOGLE + file, file_hash=file_hash, cache_dir=given.parent, cache_subdir=""
    )


def shuffled(count: int, random: np.random.RandomState) -> np.ndarray:
    """A shuffled order of `count` samples: the generator and method are Keras's, so the order is."""
    order = np.arange(count)
    random.shuffle(order)
    return order


def split(x: Any, y: Any, test_split: float, seed: int | None = None) -> Any:
    """``(x_train, y_train), (x_test, y_test)``, the last part being for testing; shuffled by `seed`."""
    if not 0 <= test_split < 1:
        raise InputError(
            f"test_split={test_split}; expected a fraction from 0 up to, not including, 1."
        )
    if seed is not None:
        order = shuffled(len(x), np.random.RandomState(seed))
        x, y = x[order], y[order]
    n = int(len(x) * (1 - test_split))
    return (x[:n], y[:n]), (x[n:], y[n:])


# --- .npz ---------------------------------------------------------------------------------------


def load_npz(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file, also object arrays, without running code from it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                name.removesuffix(".npy"): _read_npy(io.BytesIO(archive.read(name)), path)
                for name in archive.namelist()
                if name.endswith(".npy")
            }
    except (zipfile.BadZipFile, EOFError, pickle.UnpicklingError) as e:
        raise FileError(
            f"{path} is damaged or no data set file: {e}. Delete it to fetch it again."
        ) from e


def _read_npy(file: io.BytesIO, path: Any) -> np.ndarray:
    npy = np.lib.format
    try:
        major, _ = npy.read_magic(file)
        header = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
        shape, _, dtype = header(file)
        if dtype.hasobject:
            out = unpickle(file)
            if not isinstance(out, np.ndarray) or out.shape != shape:
                raise FileError(
                    f"{path} is damaged: an array of the shape {shape} is not what is in it."
                )
            return out
        file.seek(0)
        return npy.read_array(file, allow_pickle=False)
    except ValueError as e:
        if isinstance(e, FileError):
            raise
        raise FileError(f"{path} is damaged: {e}. Delete it to fetch it again.") from e


# --- pickles ------------------------------------------------------------------------------------


def unpickle(file: IO[bytes], encoding: str = "ASCII") -> Any:
    """The numbers, strings, lists, dicts and NumPy arrays of a pickle; anything else is refused.

    A pickle can name any function and have it called. Here only stand-ins for NumPy's classes can
    be named, and these check what they are told: the real ones would, for example, take raw bytes
    as the addresses of objects.
    """
    try:
        return _plain(_Unpickler(file, encoding=encoding).load())
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as e:
        raise pickle.UnpicklingError("it is malformed") from e


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "numpy" and name == "ndarray":
            return _Array
        if module == "numpy" and name == "dtype":
            return _Dtype
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return _reconstruct
        raise pickle.UnpicklingError(f"it wants to use {module}.{name}, which no data set needs")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to objects outside of the file")


class _Dtype:
    """Stands for a dtype in the pickle: plain numbers or objects, in either byte order."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any, *_: Any) -> None:
        code = code.decode("ascii") if isinstance(code, bytes) else code
        kinds = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "O", "O8")
        if code not in kinds:
            raise pickle.UnpicklingError(
                f"it holds an array of the unusual dtype {str(code)[:20]!r}"
            )
        self.code, self.order = code, "="

    def __setstate__(self, state: Any) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "=", "|") or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("it holds an array of a structured dtype")
        self.order = order

    def real(self) -> np.dtype:
        """The dtype that it stands for."""
        return np.dtype("O") if self.code[0] == "O" else np.dtype(self.order + self.code)


class _Array:
    """Stands for an array in the pickle until its state has come and been checked."""

    __slots__ = ("value",)

    def __new__(cls, *_: Any) -> Any:
        raise pickle.UnpicklingError("it makes an array in an unusual way")

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, _Dtype) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise pickle.UnpicklingError("it holds a malformed array")
        real, size = dtype.real(), math.prod(shape)
        flat = np.empty(len(data), object) if real.hasobject else np.frombuffer(data, real).copy()
        if real.hasobject:
            if not isinstance(data, list):
                raise pickle.UnpicklingError("it holds a malformed array of objects")
            for i, x in enumerate(data):
                flat[i] = x
        if flat.size != size:
            raise pickle.UnpicklingError("it holds an array with too few or too many elements")
        self.value = flat.reshape(shape, order="F" if fortran else "C")


def _reconstruct(subtype: Any, shape: Any, kind: Any) -> Any:
    if subtype is not _Array:
        raise pickle.UnpicklingError("it makes an array of an unusual class")
    return object.__new__(_Array)


def _plain(x: Any) -> Any:
    """`x` with real arrays in place of the stand-ins."""
    if isinstance(x, _Array):
        x = x.value
        if x.dtype == object:
            flat = x.reshape(-1)
            for i, v in enumerate(flat):
                if isinstance(v, _Array):
                    flat[i] = _plain(v)
        return x
    if isinstance(x, dict):
        return {k: _plain(v) for k, v in x.items()}
    return x


# --- IDX, the format of MNIST -------------------------------------------------------------------


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """The uint8 array of an IDX file, gzipped or not (format: MNIST's home page)."""
    try:
        raw = Path(path).read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        if raw[:3] != b"\0\0\x08":
            raise FileError(f"{path} is no IDX file of unsigned bytes: it begins with {raw[:4]!r}.")
        rank = raw[3]
        shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", rank, 4))
        return np.frombuffer(raw, np.uint8, math.prod(shape), 4 + 4 * rank).reshape(shape).copy()
    except (EOFError, gzip.BadGzipFile, ValueError) as e:
        if isinstance(e, FileError):
            raise
        raise FileError(f"{path} is damaged: {e}. Delete it to fetch it again.") from e
