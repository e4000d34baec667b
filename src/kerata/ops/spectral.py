"""Fourier transforms, of whole signals and of pieces of them. Complex numbers are pairs of tensors,
``(real, imaginary)``, as in Keras."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..errors import DtypeError, InputError, ShapeError
from ..spec import Spec, unprobe
from . import math
from ._define import Tensor, Tensors, dtype_of, op, primitive, shape_of, tensor
from .arrange import known, pad, reshape
from .convolve import window_size
from .create import ones
from .index import get_item, take


@primitive
def spectrum(x: Tensor, kind: str, length: int | None = None) -> Tensor:
    """One of the transforms ``fft``, ``fft2``, ``ifft2``, ``rfft`` and ``irfft`` of a single tensor.

    The first three take and give complex numbers; ``rfft`` takes real ones, ``irfft`` gives real
    ones, `length` of them along the last axis in both cases.

    >>> tuple(spectrum([1.0, 0.0, 0.0, 1.0], "rfft").shape)
    (3,)
    """
    shape, dtype = shape_of(x), dtype_of(x)
    if kind == "rfft":
        n = shape[-1] if length is None else length
        wide = "complex128" if dtype == "float64" else "complex64"
        return Spec((*shape[:-1], None if n is None else n // 2 + 1), wide)
    if kind == "irfft":
        if length is None and shape[-1] is not None:
            length = 2 * (shape[-1] - 1)
        return Spec((*shape[:-1], length), "float64" if dtype == "complex128" else "float32")
    return Spec(shape, dtype)


def _complex(what: str, x: Any, least: int = 1) -> Any:
    """The complex tensor of a pair of real ones."""
    if not isinstance(x, (list, tuple)) or len(x) != 2:
        raise InputError(f"{what}: expected a pair of tensors (real, imaginary), got {x!r}.")
    first, second = shape_of(x[0]), shape_of(x[1])
    if len(first) != len(second) or any(
        a != b and known(a) and known(b) for a, b in zip(first, second)
    ):
        raise ShapeError(
            f"{what}: real and imaginary part must have the same shape, got {unprobe(first)} and "
            f"{unprobe(second)}."
        )
    if len(first) < least:
        raise ShapeError(f"{what}: expected at least {least} axes, got {unprobe(first)}.")
    for part in x:
        if not dtypes.is_float(dtype_of(part)):
            raise InputError(
                f"{what}: real and imaginary part must be floats, got {dtype_of(part)}. "
                "Use ops.cast(x, 'float32')."
            )
    real, imag = (_whole(part) for part in x)
    return math.add(real, math.multiply(imag, 1j))


def _whole(x: Any) -> Any:
    """In one of the dtypes that the libraries transform."""
    return math.cast(x, "float64" if dtype_of(x) == "float64" else "float32")


def _pair(z: Any) -> tuple[Any, Any]:
    return math.real(z), math.imag(z)


@op
def fft(x: Tensors) -> tuple[Tensor, Tensor]:
    """The Fourier transform along the last axis: ``sum_n x[n] exp(-2 pi i k n / N)``.

    >>> real, imag = fft(([0.0, 1.0], [0.0, 0.0]))
    >>> real.tolist(), imag.tolist()
    ([1.0, -1.0], [0.0, 0.0])
    """
    return _pair(spectrum(_complex("fft", x), "fft"))


@op
def fft2(x: Tensors) -> tuple[Tensor, Tensor]:
    """The Fourier transform along the last two axes.

    >>> real, imag = fft2(([[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]))
    >>> real.tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return _pair(spectrum(_complex("fft2", x, 2), "fft2"))


@op
def ifft2(x: Tensors) -> tuple[Tensor, Tensor]:
    """The inverse of `fft2`.

    >>> real, imag = ifft2(([[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]))
    >>> real.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return _pair(spectrum(_complex("ifft2", x, 2), "ifft2"))


@op
def rfft(x: Tensor, fft_length: int | None = None) -> tuple[Tensor, Tensor]:
    """The Fourier transform of real numbers along the last axis, frequencies from 0 to N / 2.

    The signal is cut, or continued with zeros, to `fft_length` numbers.

    >>> real, imag = rfft([0.0, 1.0, 0.0, 0.0])
    >>> [round(v) for v in real.tolist()], [round(v) for v in imag.tolist()]
    ([1, 0, -1], [0, -1, 0])
    """
    if not shape_of(x):
        raise ShapeError("rfft: expected at least 1 axis, got a scalar.")
    return _pair(spectrum(_whole(x), "rfft", fft_length))


@op
def irfft(x: Tensors, fft_length: int | None = None) -> Tensor:
    """The inverse of `rfft`: `fft_length` real numbers, by default ``2 * (frequencies - 1)``.

    >>> [round(v) for v in irfft(([1.0, 0.0, -1.0], [0.0, -1.0, 0.0])).tolist()]
    [0, 1, 0, 0]
    """
    return spectrum(_complex("irfft", x), "irfft", fft_length)


# --- pieces of signals --------------------------------------------------------------------------


@op
def extract_sequences(x: Tensor, sequence_length: int, sequence_stride: int) -> Tensor:
    """Pieces of `sequence_length` along the last axis, each `sequence_stride` after the one before.

    (..., time) becomes (..., pieces, sequence_length); what is left over at the end is dropped.

    >>> extract_sequences([1, 2, 3, 4, 5, 6], 3, 2).tolist()
    [[1, 2, 3], [3, 4, 5]]
    """
    shape = shape_of(x)
    if not shape:
        raise ShapeError("extract_sequences: expected at least 1 axis, got a scalar.")
    count = window_size(shape[-1], sequence_length, sequence_stride, "valid")
    if known(shape[-1]) and count < 1:
        raise ShapeError(
            f"extract_sequences: a signal of {shape[-1]} is shorter than sequence_length="
            f"{sequence_length}."
        )
    if isinstance(x, Spec):
        return Spec((*shape[:-1], count, sequence_length), dtype_of(x))
    places = np.arange(count)[:, None] * sequence_stride + np.arange(sequence_length)
    return take(x, places.astype(np.int32), len(shape) - 1)


def _overlapped(frames: Any, stride: int) -> Any:
    """Pieces (..., count, size) added up, each `stride` after the one before."""
    *outer, count, size = shape_of(frames)
    parts = -(-size // stride)
    front = [(0, 0)] * len(outer)
    frames = pad(frames, [*front, (0, 0), (0, parts * stride - size)])
    frames = reshape(frames, (*outer, count, parts, stride))
    total: Any = None
    for i in range(parts):  # part i of a piece lies where part 0 of the i-th piece after it does
        moved = pad(get_item(frames, (..., i, slice(None))), [*front, (i, parts - 1 - i), (0, 0)])
        total = moved if total is None else math.add(total, moved)
    whole = reshape(total, (*outer, (count + parts - 1) * stride))
    return get_item(whole, (..., slice(0, (count - 1) * stride + size)))


def _window(what: str, window: Any, size: int, fft_length: int, dtype: str) -> Any:
    """The window's `fft_length` numbers: itself in the middle, zeros around it."""
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(f"{what}: window must be 'hann' or 'hamming', got {window!r}.")
        share = 0.5 if window == "hann" else 0.54
        turn = 2 * np.pi * np.arange(size) / size
        values = share - (1 - share) * np.cos(turn) if size > 1 else np.ones(1)
        window = values.astype(dtype)
    elif window is None:
        return ones((fft_length,), dtype)
    if tuple(shape_of(window)) != (size,):
        raise ShapeError(
            f"{what}: the window must have the shape ({size},), as sequence_length says, got "
            f"{unprobe(shape_of(window))}."
        )
    before = (fft_length - size) // 2
    return pad(math.cast(tensor(window), dtype), [(before, fft_length - size - before)])


def _check_lengths(what: str, sequence_length: int, sequence_stride: Any, fft_length: int) -> None:
    if not isinstance(sequence_stride, int) or sequence_stride <= 0:
        raise ValueError(
            f"{what}: sequence_stride must be a positive int, got {sequence_stride!r}."
        )
    if fft_length < sequence_length:
        raise ValueError(
            f"{what}: fft_length={fft_length} must not be below sequence_length={sequence_length}."
        )


@op
def stft(
    x: Tensor,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> tuple[Tensor, Tensor]:
    """The short-time Fourier transform: of pieces of a signal, one every `sequence_stride` numbers.

    (..., time) becomes a pair of (..., pieces, fft_length // 2 + 1). Each piece has `fft_length`
    numbers, multiplied by the window: ``hann``, ``hamming`` (both periodic), `sequence_length` numbers
    of your own, or ``None``; around the window stand zeros. With `center` the signal is continued by
    its mirror image, so that the middle of piece t is at ``t * sequence_stride``.

    >>> real, imag = stft([0.0, 1.0, 2.0, 3.0, 4.0], 3, 2, 3)
    >>> [[round(v, 3) for v in row] for row in real.tolist()]
    [[0.75, -0.375], [3.75, -1.875], [5.25, -2.625]]
    """
    _check_lengths("stft", sequence_length, sequence_stride, fft_length)
    kind, shape = dtype_of(x), shape_of(x)
    if kind not in ("float32", "float64"):
        raise DtypeError(f"stft: expected float32 or float64, got {kind}. Use ops.cast.")
    if not shape:
        raise ShapeError("stft: expected at least 1 axis, got a scalar.")
    half = fft_length // 2 if center else 0
    if known(shape[-1]) and (shape[-1] + 2 * half < fft_length or shape[-1] <= half):
        raise ShapeError(
            f"stft: a signal of {shape[-1]} is too short for fft_length={fft_length} "
            f"and center={center}."
        )
    if isinstance(x, Spec):
        n = None if shape[-1] is None else shape[-1] + 2 * half
        count = window_size(n, fft_length, sequence_stride, "valid")
        spec = Spec((*shape[:-1], count, fft_length // 2 + 1), kind)
        return spec, spec
    if half:
        x = pad(x, [*[(0, 0)] * (len(shape) - 1), (half, half)], "reflect")
    weights = _window("stft", window, sequence_length, fft_length, kind)
    frames = extract_sequences(x, fft_length, sequence_stride)
    return _pair(spectrum(math.multiply(frames, weights), "rfft", fft_length))


@op
def istft(
    x: Tensors,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """The signal of a short-time Fourier transform; the arguments are those of `stft`.

    Pieces are multiplied by the window again, added up, and divided by the sum of the squares of the
    windows that cover a number (Griffin and Lim, 1984). `length` cuts the signal.

    >>> signal = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    >>> [round(v) for v in istft(stft(signal, 4, 2, 4), 4, 2, 4).tolist()]
    [0, 1, 2, 3, 4, 5]
    """
    _check_lengths("istft", sequence_length, sequence_stride, fft_length)
    z = _complex("istft", x, 2)
    shape, kind = shape_of(z), dtype_of(x[0])
    start = fft_length // 2 if center else 0
    if isinstance(z, Spec):
        if length is None and shape[-2] is not None:
            length = (shape[-2] - 1) * sequence_stride + fft_length - 2 * start
        return Spec((*shape[:-2], length), kind)
    frames = spectrum(z, "irfft", fft_length)
    weights = _window("istft", window, sequence_length, fft_length, dtype_of(frames))
    total = _overlapped(math.multiply(frames, weights), sequence_stride)
    count = shape[-2]
    squares = math.multiply(ones((count, 1), dtype_of(frames)), math.square(weights))
    norm = _overlapped(squares, sequence_stride)
    signal = math.divide(total, math.where(math.greater(norm, 1e-10), norm, 1))
    if window is None:
        # As Keras has it: the weight of the pieces is told by their distance, not by their number.
        signal = math.multiply(signal, fft_length / sequence_stride)
    end = (count - 1) * sequence_stride + fft_length - start
    end = end if length is None else min(start + length, end + start)
    return math.cast(get_item(signal, (..., slice(start, end))), kind)
