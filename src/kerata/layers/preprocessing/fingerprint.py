"""Hashes of strings that stay the same for ever: FarmHash's Fingerprint64 and SipHash-2-4.

Strings of equal length are hashed together, as rows of a matrix of bytes, by NumPy's arithmetic on
64-bit words, which wraps as the algorithms want it.

Sources: Pike and Alakuijala, FarmHash (2014), its function ``farmhashna::Hash64``; Aumasson and
Bernstein, "SipHash: a fast short-input PRF" (2012).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Words = np.ndarray
"""64-bit words, one for each string."""

_K0, _K1, _K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))
_CROSS = np.uint64(0xC6A4A7935BD1E995)


def fingerprint64(strings: Sequence[bytes]) -> Words:
    """FarmHash's Fingerprint64 of each string.

    >>> [hex(v) for v in fingerprint64([b"", b"a"]).tolist()]
    ['0x9ae16a3b2f90404f', '0xb3454265b6df75e3']
    """
    return _by_length(strings, _farm)


def siphash(strings: Sequence[bytes], key: Sequence[int]) -> Words:
    """SipHash-2-4 of each string under a key of two 64-bit integers.

    >>> text = bytes(range(15))  # the example in the paper's appendix A
    >>> key = [0x0706050403020100, 0x0F0E0D0C0B0A0908]
    >>> hex(siphash([text], key)[0])
    '0xa129ca6149be45e5'
    """
    k0, k1 = (np.uint64(int(k) % 2**64) for k in key)
    return _by_length(strings, lambda rows: _sip(rows, k0, k1))


def distinct(strings: Sequence[bytes], fn: Callable[[Sequence[bytes]], Words]) -> Words:
    """`fn` of all strings, computed once for each that occurs.

    >>> distinct([b"a", b"b", b"a"], fingerprint64).tolist() == fingerprint64([b"a", b"b", b"a"]).tolist()
    True
    """
    once = list(dict.fromkeys(strings))
    table = dict(zip(once, fn(once).tolist()))
    return np.fromiter(map(table.__getitem__, strings), np.uint64, len(strings))


def combined(a: Words, b: Words) -> Words:
    """One fingerprint out of two, which depends on their order (a step of MurmurHash64A)."""
    result = a ^ _CROSS
    result = result ^ (_shift_mix(b * _CROSS) * _CROSS)
    result = result * _CROSS
    return _shift_mix(_shift_mix(result) * _CROSS)


def _by_length(strings: Sequence[bytes], fn: Callable[[np.ndarray], Words]) -> Words:
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    out = np.empty(len(strings), np.uint64)
    for n in np.unique(lengths).tolist():
        places = np.nonzero(lengths == n)[0]
        joined = b"".join([strings[i] for i in places.tolist()])
        out[places] = fn(np.frombuffer(joined, np.uint8).reshape(len(places), n))
    return out


def _rotate(x: Words, n: int) -> Words:
    """Bits turned to the right."""
    return (x >> np.uint64(n)) | (x << np.uint64(64 - n))


def _shift_mix(x: Words) -> Words:
    return x ^ (x >> np.uint64(47))


def _word(rows: np.ndarray, start: int, size: int = 8) -> Words:
    """Bytes from `start` on as little-endian words."""
    part = np.ascontiguousarray(rows[:, start : start + size])
    return part.view(f"<u{size}")[:, 0].astype(np.uint64)


# --- FarmHash -----------------------------------------------------------------------------------


def _farm(rows: np.ndarray) -> Words:
    n = rows.shape[1]
    if n > 64:
        return _farm_long(rows)
    return (_farm_16 if n <= 16 else _farm_32 if n <= 32 else _farm_64)(rows)


def _mixed(u: Words, v: Words, factor: Words) -> Words:
    a = _shift_mix((u ^ v) * factor)
    return _shift_mix((v ^ a) * factor) * factor


def _factor(rows: np.ndarray) -> Words:
    return np.full(len(rows), _K2 + np.uint64(2 * rows.shape[1]))


def _farm_16(rows: np.ndarray) -> Words:
    n = rows.shape[1]
    factor = _factor(rows)
    if n >= 8:
        a, b = _word(rows, 0) + _K2, _word(rows, n - 8)
        c = _rotate(b, 37) * factor + a
        d = (_rotate(a, 25) + b) * factor
        return _mixed(c, d, factor)
    if n >= 4:
        a, b = _word(rows, 0, 4), _word(rows, n - 4, 4)
        return _mixed(np.uint64(n) + (a << np.uint64(3)), b, factor)
    if n == 0:
        return np.full(len(rows), _K2)
    a, b, c = (rows[:, i].astype(np.uint64) for i in (0, n >> 1, n - 1))
    y, z = a + (b << np.uint64(8)), np.uint64(n) + (c << np.uint64(2))
    return _shift_mix((y * _K2) ^ (z * _K0)) * _K2


def _farm_32(rows: np.ndarray) -> Words:
    n = rows.shape[1]
    factor = _factor(rows)
    a, b = _word(rows, 0) * _K1, _word(rows, 8)
    c, d = _word(rows, n - 8) * factor, _word(rows, n - 16) * _K2
    first = _rotate(a + b, 43) + _rotate(c, 30) + d
    return _mixed(first, a + _rotate(b + _K2, 18) + c, factor)


def _farm_64(rows: np.ndarray) -> Words:
    n = rows.shape[1]
    factor = _factor(rows)
    a, b = _word(rows, 0) * _K2, _word(rows, 8)
    c, d = _word(rows, n - 8) * factor, _word(rows, n - 16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _mixed(y, a + _rotate(b + _K2, 18) + c, factor)
    e, f = _word(rows, 16) * factor, _word(rows, 24)
    g, h = (y + _word(rows, n - 32)) * factor, (z + _word(rows, n - 24)) * factor
    first = _rotate(e + f, 43) + _rotate(g, 30) + h
    return _mixed(first, e + _rotate(f + a, 18) + g, factor)


def _pair(rows: np.ndarray, start: int, a: Words, b: Words) -> tuple[Words, Words]:
    """Two words out of 32 bytes and two words."""
    w, x, y, z = (_word(rows, start + i) for i in (0, 8, 16, 24))
    a = a + w
    b = _rotate(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotate(a, 44) + c


def _farm_long(rows: np.ndarray) -> Words:
    n = rows.shape[1]
    with np.errstate(over="ignore"):  # the starting words are scalars, which tell when they wrap
        seed = np.uint64(81)
        y0 = seed * _K1 + np.uint64(113)
        x = np.full(len(rows), seed * _K2) + _word(rows, 0)
    y = np.full(len(rows), y0)
    z = _shift_mix(y * _K2 + np.uint64(113)) * _K2
    zero = np.zeros(len(rows), np.uint64)
    v, w = (zero, zero), (zero, zero)
    for s in range(0, (n - 1) // 64 * 64, 64):
        x = _rotate(x + y + v[0] + _word(rows, s + 8), 37) * _K1
        y = _rotate(y + v[1] + _word(rows, s + 48), 42) * _K1
        x = x ^ w[1]
        y = y + v[0] + _word(rows, s + 40)
        z = _rotate(z + w[0], 33) * _K1
        v = _pair(rows, s, v[1] * _K1, x + w[0])
        w = _pair(rows, s + 32, z + w[1], y + _word(rows, s + 16))
        z, x = x, z
    factor = _K1 + ((z & np.uint64(255)) << np.uint64(1))
    s = n - 64
    w = (w[0] + np.uint64((n - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    nine = np.uint64(9)
    x = _rotate(x + y + v[0] + _word(rows, s + 8), 37) * factor
    y = _rotate(y + v[1] + _word(rows, s + 48), 42) * factor
    x = x ^ (w[1] * nine)
    y = y + v[0] * nine + _word(rows, s + 40)
    z = _rotate(z + w[0], 33) * factor
    v = _pair(rows, s, v[1] * factor, x + w[0])
    w = _pair(rows, s + 32, z + w[1], y + _word(rows, s + 16))
    z, x = x, z
    first = _mixed(v[0], w[0], factor) + _shift_mix(y) * _K0 + z
    return _mixed(first, _mixed(v[1], w[1], factor) + x, factor)


# --- SipHash ------------------------------------------------------------------------------------


def _round(v: list[Words]) -> None:
    """One SipRound on the four words of state; rotations go to the left there."""
    a, b, c, d = v
    a, c = a + b, c + d
    b, d = _rotate(b, 64 - 13) ^ a, _rotate(d, 64 - 16) ^ c
    a = _rotate(a, 32)
    c, a = c + b, a + d
    b, d = _rotate(b, 64 - 17) ^ c, _rotate(d, 64 - 21) ^ a
    v[:] = [a, b, _rotate(c, 32), d]


def _sip(rows: np.ndarray, k0: np.uint64, k1: np.uint64) -> Words:
    count, n = rows.shape
    start = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    v = [np.full(count, np.uint64(s) ^ k) for s, k in zip(start, (k0, k1, k0, k1))]
    padded = np.zeros((count, (n // 8 + 1) * 8), np.uint8)
    padded[:, :n] = rows
    padded[:, -1] = n & 255
    for i in range(0, padded.shape[1], 8):
        word = _word(padded, i)
        v[3] = v[3] ^ word
        _round(v)
        _round(v)
        v[0] = v[0] ^ word
    v[2] = v[2] ^ np.uint64(255)
    for _ in range(4):
        _round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]
