"""Checkpoints of TensorFlow, read without TensorFlow.

A checkpoint is ``NAME.index``, a sorted table (that of LevelDB: blocks of keys that share their starts,
and an index of the blocks at the end), and ``NAME.data-00000-of-00001``, in which the values lie one
after another. The table says by Protocol Buffers messages where each is (``tensor_bundle.proto``); one
of the values is the graph of the objects that were saved (``trackable_object_graph.proto``).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileError
from ..train.callbacks.events import crc32c

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_STRING = 7
# Numbers of TensorFlow's dtypes.
_DTYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 8: "complex64", 9: "int64",
    10: "bool", 14: "bfloat16", 17: "uint16", 18: "complex128", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


# --- Protocol Buffers ---------------------------------------------------------------------------


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value (an int or bytes) of each field in a message.

    >>> list(fields(bytes([8, 5, 18, 2, 104, 105])))
    [(1, 5), (2, b'hi')]
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        value: Any
        if kind == 0:
            value, at = _varint(data, at)
        else:
            if kind == 2:
                size, at = _varint(data, at)
            else:
                size = {1: 8, 5: 4}[kind]
            value, at = data[at : at + size], at + size
            if at > len(data):
                raise ValueError("a message that is cut short")
        yield tag >> 3, value


def _message(data: bytes) -> dict[int, Any]:
    return dict(fields(data))


# --- the table ----------------------------------------------------------------------------------


def _block(data: bytes, at: int, size: int) -> bytes:
    content, kind = data[at : at + size], data[at + size]
    crc = crc32c(data[at : at + size + 1])
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    if struct.unpack_from("<I", data, at + size + 1)[0] != masked:
        raise ValueError("the check sum of a block is wrong")
    if kind != 0:
        raise ValueError("a compressed block, which TensorFlow does not write")
    return content


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block; a key is told by how much of the one before it starts with."""
    end = len(block) - 4 * (struct.unpack_from("<I", block, len(block) - 4)[0] + 1)
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        more, at = _varint(block, at)
        size, at = _varint(block, at)
        key = key[:shared] + block[at : at + more]
        at += more
        yield key, block[at : at + size]
        at += size


def _handle(data: bytes, at: int = 0) -> tuple[int, int, int]:
    where, at = _varint(data, at)
    size, at = _varint(data, at)
    return where, size, at


def _table(data: bytes) -> dict[str, bytes]:
    footer = data[-_FOOTER:]
    if len(footer) < _FOOTER or struct.unpack_from("<Q", footer, _FOOTER - 8)[0] != _MAGIC:
        raise ValueError("the end is not that of a table")
    at = _handle(footer)[2]
    where, size, _ = _handle(footer, at)
    out: dict[str, bytes] = {}
    for _, handle in _entries(_block(data, where, size)):
        where, size, _ = _handle(handle)
        out.update((k.decode("utf-8"), v) for k, v in _entries(_block(data, where, size)))
    return out


# --- checkpoints --------------------------------------------------------------------------------


def is_bundle(prefix: Any) -> bool:
    """Whether a name is that of a checkpoint: ``NAME`` with a file ``NAME.index`` beside it."""
    return isinstance(prefix, (str, os.PathLike)) and os.path.isfile(f"{os.fspath(prefix)}.index")


class Bundle:
    """A checkpoint of TensorFlow: arrays by their keys, and the graph of objects if it has one.

    Args:
        prefix: Its name, without ``.index``.

    Raises:
        FileError: A file is missing, damaged or cut short.
    """

    def __init__(self, prefix: str | os.PathLike[str]) -> None:
        self.prefix = os.fspath(prefix)
        with self._told(".index"):
            table = _table(Path(f"{self.prefix}.index").read_bytes())
            header = _message(table.pop("", b""))
            self.shards = int(header.get(1, 1))
            if header.get(2, 0):
                raise ValueError("numbers in the order of another kind of processor (big-endian)")
            self.entries = {k: list(fields(v)) for k, v in table.items()}

    def _told(self, where: str) -> Any:
        return _Told(f"{self.prefix}{where}")

    def arrays(self) -> list[str]:
        """Keys of all arrays, those of the graph and of texts left out."""
        return [k for k in self.entries if dict(self.entries[k]).get(1) != _STRING]

    def shape(self, key: str) -> tuple[int, ...]:
        """Shape of an array."""
        with self._told(".index"):
            shape = dict(self.entries[key]).get(2, b"")
            return tuple(int(_message(d).get(1, 0)) for n, d in fields(shape) if n == 2)

    def read(self, key: str) -> np.ndarray:
        """An array.

        Raises:
            FileError: The file with the values is missing or cut short; or the array is in slices, or of
                a dtype that no weight has.
        """
        entry, shape = dict(self.entries[key]), self.shape(key)
        kind = entry.get(1, 0)
        if 7 in entry or kind not in _DTYPES:
            what = "kept in slices" if 7 in entry else f"of TensorFlow's dtype number {kind}"
            raise FileError(f"{self.prefix}: {key!r} is {what}, which is not read.")
        data = self._bytes(entry)
        if _DTYPES[kind] == "bfloat16":
            import ml_dtypes

            dtype = np.dtype(ml_dtypes.bfloat16)
        else:
            dtype = np.dtype(_DTYPES[kind])
        with self._told(f": {key!r}"):
            return np.frombuffer(data, dtype).reshape(shape).copy()

    def _bytes(self, entry: dict[int, Any]) -> bytes:
        shard = f".data-{entry.get(3, 0):05d}-of-{self.shards:05d}"
        with self._told(shard), open(self.prefix + shard, "rb") as file:
            file.seek(entry.get(4, 0))
            size = entry.get(5, 0)
            if size > os.fstat(file.fileno()).st_size:
                raise ValueError("it is cut short")
            data = file.read(size)
            if len(data) < size:
                raise ValueError("it is cut short")
            return data

    def graph(self) -> list[Node] | None:
        """The objects that were saved, the root first; ``None`` in a checkpoint of TensorFlow 1."""
        if _GRAPH not in self.entries:
            return None
        data = self._bytes(dict(self.entries[_GRAPH]))
        with self._told(f": {_GRAPH!r}"):
            size, at = _varint(data, 0)
            text = data[at + 4 : at + 4 + size]  # a check sum lies between
            return [Node(m) for n, m in fields(text) if n == 1]


class _Told:
    """Turns what reading damaged bytes raises into an error that names the file."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, e: Any, trace: Any) -> None:
        if isinstance(e, FileNotFoundError):
            raise FileError(
                f"{self.name} is missing: a TensorFlow checkpoint has a file .index and files .data-… beside "
                "it. Copy them all."
            ) from e
        if isinstance(e, (ValueError, IndexError, KeyError, struct.error)) and not isinstance(
            e, FileError
        ):
            raise FileError(f"{self.name} is damaged or cut short: {e}. Copy it anew.") from e


class Node:
    """An object in the graph of a checkpoint: numbers of others by attribute, and keys of its values."""

    def __init__(self, message: bytes) -> None:
        self.children: dict[str, int] = {}
        self.key: str | None = None
        for number, value in fields(message):
            if number == 1:
                child = _message(value)
                self.children[child.get(2, b"").decode("utf-8")] = int(child.get(1, 0))
            elif number == 2 and (part := _message(value)).get(1) == b"VARIABLE_VALUE":
                self.key = part.get(3, b"").decode("utf-8")
