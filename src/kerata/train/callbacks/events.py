"""Event files, the format that TensorBoard reads, written without TensorFlow.

A file is a row of records (length, checksum, content, checksum; the TFRecord format), and each
record is an ``Event`` message of protocol buffers. The numbers of fields below are those of
``event.proto``, ``summary.proto`` and ``tensor.proto`` in the sources of TensorBoard. Checksums are
CRC-32C (RFC 3720, appendix B.4), masked as TFRecord asks.
"""

from __future__ import annotations

import functools
import itertools
import os
import struct
import time
import zlib
from pathlib import Path
from typing import IO

import numpy as np

_number = itertools.count()
_DT_STRING = 7


class EventWriter:
    """Writes values to a new event file in a folder.

    Args:
        folder: The folder; it is made when the first value is written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     writer = EventWriter(folder)
    ...     writer.scalar("loss", 0.5, step=1)
    ...     writer.close()
    ...     len(list(Path(folder).iterdir()))
    1
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)
        self._file: IO[bytes] | None = None

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A number."""
        self._value(step, _text(1, tag) + _float(2, float(value)))

    def histogram(self, tag: str, values: np.ndarray, step: int, buckets: int = 30) -> None:
        """How numbers are distributed; those that are not finite are left out."""
        values = np.asarray(values, np.float64).ravel()
        values = values[np.isfinite(values)]
        if values.size == 0:
            return
        counts, edges = np.histogram(values, buckets)
        numbers = (values.min(), values.max(), values.size, values.sum(), np.square(values).sum())
        content = b"".join(_double(i, float(v)) for i, v in enumerate(numbers, 1))
        content += _bytes(6, edges[1:].astype("<f8").tobytes())
        content += _bytes(7, counts.astype("<f8").tobytes())
        self._value(step, _text(1, tag) + _bytes(5, content))

    def image(self, tag: str, pixels: np.ndarray, step: int) -> None:
        """A grey picture: bytes of shape ``(height, width)``."""
        height, width = pixels.shape
        content = _int(1, height) + _int(2, width) + _int(3, 1) + _bytes(4, png(pixels))
        self._value(step, _text(1, tag) + _bytes(4, content))

    def text(self, tag: str, text: str, step: int) -> None:
        """A text in Markdown."""
        tensor = _int(1, _DT_STRING) + _bytes(2, b"") + _bytes(8, text.encode())
        metadata = _bytes(1, _text(1, "text"))
        self._value(step, _text(1, tag) + _bytes(8, tensor) + _bytes(9, metadata))

    def _value(self, step: int, value: bytes) -> None:
        self._event(_int(2, step) + _bytes(5, _bytes(1, value)))

    def _event(self, content: bytes) -> None:
        file = self._file or self._open()
        file.write(_record(_double(1, time.time()) + content))

    def _open(self) -> IO[bytes]:
        import socket

        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}.{next(_number)}"
        self._file = open(self.folder / name, "wb")  # noqa: SIM115
        self._event(_text(3, "brain.Event:2"))
        return self._file

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Close the file; writing again begins a new one."""
        if self._file is not None:
            self._file.close()
            self._file = None


# --- protocol buffers -----------------------------------------------------------------------------


def _varint(n: int) -> bytes:
    out = bytearray()
    n &= (1 << 64) - 1
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    try:
        return _varint(field << 3 | 5) + struct.pack("<f", value)
    except OverflowError:
        return _varint(field << 3 | 5) + struct.pack(
            "<f", float("inf") if value > 0 else float("-inf")
        )


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


# --- records --------------------------------------------------------------------------------------


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + _masked(length) + content + _masked(content)


def _masked(content: bytes) -> bytes:
    crc = crc32c(content)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@functools.cache
def _table() -> list[int]:
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


def crc32c(content: bytes) -> int:
    """CRC-32C (Castagnoli) of bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def png(pixels: np.ndarray) -> bytes:
    """A PNG file of a grey picture, bytes of shape ``(height, width)``."""
    height, width = pixels.shape
    lines = np.zeros((height, width + 1), np.uint8)
    lines[:, 1:] = pixels

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(lines.tobytes())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
