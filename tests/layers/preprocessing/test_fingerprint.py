"""Hashes against published vectors, and against a second implementation, in Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from kerata.layers.preprocessing import fingerprint

# What TensorFlow's Fingerprint64 gives (``tf.strings.to_hash_bucket_fast`` with 2**62 - 57 buckets),
# for the first n of the bytes 0, 7, 14, ... (modulo 251).
FARM = {
    0: 1936946117179621569,
    1: 4494688008148700102,
    2: 3713569988169443241,
    3: 3225035365289182305,
    4: 365121004050576997,
    7: 1123016345076934235,
    8: 2037891737372276818,
    9: 4162435510252670196,
    16: 4301628150755241542,
    17: 2691913911681614054,
    24: 2818235109509254926,
    32: 764915578794662492,
    33: 4270527518038761714,
    48: 3480358141370356971,
    64: 4389904345543036718,
    65: 3017696507073527918,
    127: 3951471850525461931,
    128: 651049388705982093,
    129: 2290906597760139363,
    200: 1276147053939082768,
}


def text(n: int) -> bytes:
    return bytes(7 * i % 251 for i in range(n))


def test_farmhash():
    words = fingerprint.fingerprint64([text(n) for n in FARM])
    assert dict(zip(FARM, (words % np.uint64(2**62 - 57)).tolist())) == FARM


def siphash(data: bytes, k0: int, k1: int) -> int:
    """The paper's pseudocode, word by word."""
    mask = 2**64 - 1

    def left(x: int, n: int) -> int:
        return ((x << n) | (x >> (64 - n))) & mask

    def rounds(v: list[int], count: int) -> None:
        for _ in range(count):
            v[0] = (v[0] + v[1]) & mask
            v[1] = left(v[1], 13) ^ v[0]
            v[0] = left(v[0], 32)
            v[2] = (v[2] + v[3]) & mask
            v[3] = left(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & mask
            v[3] = left(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & mask
            v[1] = left(v[1], 17) ^ v[2]
            v[2] = left(v[2], 32)

    start = b"somepseudorandomlygeneratedbytes"
    v = [
        int.from_bytes(start[8 * i : 8 * i + 8], "big") ^ k for i, k in enumerate((k0, k1, k0, k1))
    ]
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i : i + 8], "little")
        v[3] ^= word
        rounds(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_siphash():
    texts = [text(n) for n in (0, 1, 7, 8, 9, 15, 16, 17, 40, 255, 256, 300)] * 2
    words = fingerprint.siphash(texts, [133, 2**63 + 5])
    assert words.tolist() == [siphash(t, 133, 2**63 + 5) for t in texts]
    # The first vectors of the reference implementation: key 00 01 ... 0f, texts (), (0), (0, 1).
    key = [int.from_bytes(bytes(range(s, s + 8)), "little") for s in (0, 8)]
    words = fingerprint.siphash([bytes(range(n)) for n in range(3)], key)
    assert words.tolist() == [0x726FDB47DD0E0E31, 0x74F839C593DC67FD, 0x0D6C8009D9A94F5A]


def test_distinct_and_order():
    texts = [b"b", b"aa", b"b", b"", b"aa"]
    words = fingerprint.distinct(texts, fingerprint.fingerprint64)
    assert words.tolist() == fingerprint.fingerprint64(texts).tolist()
    assert len(set(words.tolist())) == 3
    a, b = (np.array([v], np.uint64) for v in (1, 2))
    assert fingerprint.combined(a, b) != fingerprint.combined(b, a)


@pytest.mark.parametrize(
    "fn", [fingerprint.fingerprint64, lambda t: fingerprint.siphash(t, [1, 2])]
)
def test_nothing(fn):
    assert fn([]).tolist() == []
