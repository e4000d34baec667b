"""Fourier transforms against NumPy's, and pieces of signals against loops and SciPy's windows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from kerata import ops
from kerata.errors import DtypeError, InputError, ShapeError
from kerata.spec import KerasTensor
from ops.check import Case, case, check, every
from support import array

rng = np.random.RandomState(0)
RE, IM = rng.randn(2, 3, 6, 5).astype("float32")
X = rng.randn(2, 23).astype("float32")
OWN = rng.rand(5).astype("float32") + 0.5


def pair(z):
    return z.real, z.imag


def of_pair(fn):
    return lambda x, *args: pair(fn(x[0] + 1j * x[1], *args))


def window_of(kind, size, fft_length):
    values = np.ones(fft_length)
    if kind is not None:
        values = signal.get_window(kind, size) if isinstance(kind, str) else np.asarray(kind)
        before = (fft_length - size) // 2
        values = np.pad(values, (before, fft_length - size - before))
    return values


def stft(x, size, stride, fft_length, window="hann", center=True):
    w = window_of(window, size, fft_length)
    if center:
        x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(fft_length // 2,) * 2], mode="reflect")
    starts = range(0, x.shape[-1] - fft_length + 1, stride)
    return pair(np.stack([np.fft.rfft(x[..., s : s + fft_length] * w) for s in starts], -2))


def istft(z, size, stride, fft_length, length=None, window="hann", center=True):
    z = z[0] + 1j * z[1]
    w = window_of(window, size, fft_length)
    total = (z.shape[-2] - 1) * stride + fft_length
    out, norm = np.zeros((*z.shape[:-2], total)), np.zeros(total)
    for i in range(z.shape[-2]):
        at = slice(i * stride, i * stride + fft_length)
        out[..., at] += np.fft.irfft(z[..., i, :], fft_length) * w
        norm[at] += w**2
    out /= np.where(norm > 1e-10, norm, 1)
    start = fft_length // 2 if center else 0
    return out[..., start : total - start if length is None else start + length]


PARTS = tuple(v.astype("float32") for v in stft(X, 5, 3, 8, "hamming"))

CASES = [
    case("fft", (RE, IM), ref=of_pair(np.fft.fft)),
    case("fft2", (RE, IM), ref=of_pair(np.fft.fft2)),
    case("ifft2", (RE, IM), ref=of_pair(np.fft.ifft2)),
    case("rfft", X, ref=lambda x: pair(np.fft.rfft(x))),
    case("rfft", X, 16, ref=lambda x, n: pair(np.fft.rfft(x, n))),
    case("rfft", X, 27, ref=lambda x, n: pair(np.fft.rfft(x, n)), grad=False),
    case("rfft", np.arange(8), ref=lambda x: pair(np.fft.rfft(x))),
    case("irfft", (RE, IM), ref=lambda x: np.fft.irfft(x[0] + 1j * x[1])),
    case("irfft", (RE, IM), 7, ref=lambda x, n: np.fft.irfft(x[0] + 1j * x[1], n)),
    case("extract_sequences", X, 5, 3,
         ref=lambda x, n, s: np.stack([x[:, i : i + n] for i in range(0, 23 - n + 1, s)], 1)),
    case("extract_sequences", np.arange(6), 3, 2, ref=lambda *_: np.array([[0, 1, 2], [2, 3, 4]])),
    case("stft", X, 5, 3, 8, ref=stft),
    case("stft", X, 8, 2, 8, "hamming", False, ref=stft),
    case("stft", X[0], 6, 6, 7, None, ref=stft),
    case("stft", X, 5, 4, 6, OWN, ref=stft, grad=False, unknown=1),
    case("stft", X, 1, 1, 1, ref=stft, grad=False),
    case("istft", PARTS, 5, 3, 8, window="hamming", ref=istft),
    case("istft", PARTS, 8, 2, 8, 9, center=False, ref=istft),
    case("istft", PARTS, 5, 3, 8, 11, OWN, ref=istft, grad=False, unknown=False),
    case("istft", PARTS, 8, 8, 8, None, None, ref=istft),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("window", ["hann", "hamming", OWN])
@pytest.mark.parametrize("sizes", [(5, 2, 8), (5, 1, 5), (5, 3, 7)])
def test_round_trip(window, sizes) -> None:
    back = array(ops.istft(ops.stft(X, *sizes, window), *sizes, 20, window))
    np.testing.assert_allclose(back, X[:, :20], atol=1e-4)


def test_wide() -> None:
    again = ops.irfft(ops.rfft(X, 24), 24)
    np.testing.assert_allclose(array(again)[:, :23], X, atol=1e-5)
    assert ops.rfft(X.astype("float16"))[0].dtype == ops.rfft(X)[0].dtype


def test_unknown_axes() -> None:
    x = KerasTensor((None, None))
    assert [p.shape for p in ops.stft(x, 4, 2, 8)] == [(None, None, 5)] * 2
    assert ops.istft(ops.stft(x, 4, 2, 8), 4, 2, 8).shape == (None, None)
    assert ops.istft(ops.stft(x, 4, 2, 8), 4, 2, 8, 30).shape == (None, 30)
    assert ops.extract_sequences(x, 4, 2).shape == (None, None, 4)
    assert [p.shape for p in ops.rfft(x, 8)] == [(None, 5)] * 2


ERRORS = [
    (lambda: ops.fft(X), "pair of tensors"),
    (lambda: ops.fft((RE, IM[:2])), "the same shape"),
    (lambda: ops.fft((np.arange(3), np.arange(3))), "must be floats, got int"),
    (lambda: ops.fft2((X[0], X[0])), "at least 2 axes"),
    (lambda: ops.extract_sequences(X, 24, 1), "shorter than sequence_length"),
    (lambda: ops.stft(X.astype("float16"), 4, 2, 4), "expected float32 or float64"),
    (lambda: ops.stft(X, 4, 0, 4), "must be a positive int"),
    (lambda: ops.stft(X, 5, 1, 4), "must not be below sequence_length"),
    (lambda: ops.stft(X, 4, 1, 4, "kaiser"), "must be 'hann' or 'hamming'"),
    (lambda: ops.stft(X, 4, 1, 4, OWN), "must have the shape .4,."),
    (lambda: ops.stft(X, 64, 1, 64), "too short"),
    (lambda: ops.istft((X[0], X[0]), 4, 1, 4), "at least 2 axes"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises((ShapeError, ValueError, DtypeError, InputError), match=message):
        fn()


@pytest.mark.parametrize("length", [None, 5, 12])
def test_spectrum_of_real_numbers(length) -> None:
    """The primitive under the others; it cuts and fills."""
    x = np.random.default_rng(0).normal(size=(2, 8)).astype("float32")
    found = ops.convert_to_numpy(ops.spectrum(x, "rfft", length))
    np.testing.assert_allclose(found, np.fft.rfft(x, length), rtol=1e-5, atol=1e-5)
