"""Random numbers that are the same on every engine: threefry, written once, out of other ops.

``config.set_portable_random(True)`` puts it in the place of the engines' own, faster generators.
The block function is Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: Parallel random
numbers: as easy as 1, 2, 3; 2011), computed in int32, which wraps on all engines.
"""

from __future__ import annotations

import math as python_math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..engine import engine
from . import arrange, create, index, math, reduce
from ._define import dtype_of

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
# How many random bits fill the mantissa of a type, so that no number rounds up to 1.
_BITS = {"bfloat16": 8, "float16": 11, "float32": 23, "float64": 23}
# A candidate for a gamma variate is accepted in at least 95 of 100 cases: this many suffice.
_TRIES = 12


def _rotate(x: Any, by: int) -> Any:
    low = math.bitwise_and(math.bitwise_right_shift(x, 32 - by), (1 << by) - 1)
    return math.bitwise_or(math.bitwise_left_shift(x, by), low)


def threefry(key: Any, x0: Any, x1: Any) -> tuple[Any, Any]:
    """Two words of random bits for each pair of counters; all int32 tensors."""
    k0, k1 = key
    k2 = math.bitwise_xor(math.bitwise_xor(k0, k1), _PARITY)
    keys = (k0, k1, k2)
    x0, x1 = math.add(x0, k0), math.add(x1, k1)
    for block in range(5):
        for by in _ROTATIONS[block % 2]:
            x0 = math.add(x0, x1)
            x1 = math.bitwise_xor(_rotate(x1, by), x0)
        x0 = math.add(x0, keys[(block + 1) % 3])
        x1 = math.add(x1, math.add(keys[(block + 2) % 3], block + 1))
    return x0, x1


def _words(key: Any) -> tuple[Any, Any]:
    words = math.cast(key, "int32")
    return index.get_item(words, 0), index.get_item(words, 1)


def fold(key: Any, n: Any) -> Any:
    """A new key out of a key and a number."""
    n = math.cast(engine().asarray(n), "int32")
    return math.cast(arrange.stack(threefry(_words(key), math.multiply(n, 0), n)), "uint32")


def bits(key: Any, shape: tuple[int, ...]) -> Any:
    """Random int32 of a shape."""
    n = int(np.prod(shape))
    half = -(-n // 2)
    count = create.arange(half, dtype="int32")
    both = arrange.concatenate(threefry(_words(key), count, math.add(count, half)))
    return arrange.reshape(index.get_item(both, slice(0, n)), shape)


def _unit(key: Any, shape: tuple[int, ...], dtype: str, half: float = 0.0) -> Any:
    """Numbers in [0, 1), or, with ``half=0.5``, in (0, 1)."""
    kept = _BITS[dtype]
    wide = "float64" if dtype == "float64" else "float32"
    word = math.bitwise_and(math.bitwise_right_shift(bits(key, shape), 32 - kept), (1 << kept) - 1)
    out = math.multiply(math.add(math.cast(word, wide), half), 2.0**-kept)
    if dtype == "float64":  # two words, as one has too few bits
        more = _unit(fold(key, 1), shape, "float32")
        out = math.add(out, math.multiply(math.cast(more, wide), 2.0**-kept))
    return math.cast(out, dtype)


def _wide(dtype: str) -> str:
    return "float64" if dtype == "float64" else "float32"


def _uniform(key: Any, shape: Any, dtype: str, low: Any, high: Any) -> Any:
    low, high = math.cast(low, dtype), math.cast(high, dtype)
    return math.add(low, math.multiply(_unit(key, shape, dtype), math.subtract(high, low)))


def _from_erf(key: Any, shape: Any, dtype: str, bound: float) -> Any:
    wide = _wide(dtype)
    u = _unit(key, shape, "float32", 0.5)
    z = math.multiply(math.subtract(math.multiply(math.cast(u, wide), 2.0), 1.0), bound)
    return math.multiply(math.erfinv(z), 2.0**0.5)


def _normal(key: Any, shape: Any, dtype: str, mean: Any, stddev: Any, bound: float = 1.0) -> Any:
    out = math.add(math.multiply(_from_erf(key, shape, dtype, bound), stddev), mean)
    return math.cast(out, dtype)


def _truncated_normal(key: Any, shape: Any, dtype: str, mean: Any, stddev: Any) -> Any:
    return _normal(key, shape, dtype, mean, stddev, python_math.erf(2 / 2**0.5))


def _randint(key: Any, shape: Any, dtype: str, low: Any, high: Any) -> Any:
    positive = math.bitwise_and(math.bitwise_right_shift(bits(key, shape), 1), 0x7FFFFFFF)
    low, high = math.cast(low, "int32"), math.cast(high, "int32")
    return math.cast(math.add(low, math.mod(positive, math.subtract(high, low))), dtype)


def _bernoulli(key: Any, shape: Any, dtype: str, p: Any) -> Any:
    return math.less(_unit(key, shape, "float32"), p)


def _gamma(key: Any, shape: Any, dtype: str, alpha: Any) -> Any:
    """Marsaglia, Tsang: A simple method for generating gamma variables, 2000."""
    wide = _wide(dtype)
    alpha = arrange.broadcast_to(math.cast(alpha, wide), shape)
    small = math.less(alpha, 1.0)
    d = math.subtract(math.where(small, math.add(alpha, 1.0), alpha), 1 / 3)
    c = math.divide(1 / 3, math.sqrt(d))
    out, done = d, create.zeros(shape, "bool")
    for i in range(_TRIES):
        x = _from_erf(fold(key, 2 * i), shape, wide, 1.0)
        v = math.power(math.maximum(math.add(1.0, math.multiply(c, x)), 1e-30), 3.0)
        u = _unit(fold(key, 2 * i + 1), shape, "float32", 0.5)
        bound = math.add(
            math.multiply(0.5, math.square(x)),
            math.multiply(d, math.add(math.subtract(1.0, v), math.log(v))),
        )
        fits = math.logical_and(
            math.less(math.log(math.cast(u, wide)), bound), math.greater(math.multiply(c, x), -1.0)
        )
        out = math.where(math.logical_and(fits, math.logical_not(done)), math.multiply(d, v), out)
        done = math.logical_or(done, fits)
    u = math.cast(_unit(fold(key, 2 * _TRIES), shape, "float32", 0.5), wide)
    boosted = math.multiply(out, math.power(u, math.divide(1.0, math.maximum(alpha, 1e-30))))
    return math.cast(math.where(small, boosted, out), dtype)


def _beta(key: Any, shape: Any, dtype: str, a: Any, b: Any) -> Any:
    x, y = (_gamma(fold(key, i), shape, dtype, p) for i, p in enumerate((a, b)))
    return math.divide(x, math.add(x, y))


def _binomial(key: Any, shape: Any, dtype: str, counts: Any, p: Any) -> Any:
    """As many draws as the largest of the counts, which therefore have to be known."""
    counts = engine().asarray(counts)
    if engine().is_tracing(counts):
        raise ValueError(
            "binomial: portable random numbers need counts that are known when the function is compiled. "
            "Give numbers, or use config.set_portable_random(False)."
        )
    most = max(int(np.max(engine().to_numpy(counts), initial=0)), 1)
    hits = _bernoulli(
        key, (*shape, most), dtype, arrange.expand_dims(arrange.broadcast_to(p, shape), -1)
    )
    counts = arrange.expand_dims(arrange.broadcast_to(math.cast(counts, "int32"), shape), -1)
    counted = math.logical_and(hits, math.less(create.arange(most, dtype="int32"), counts))
    return math.cast(reduce.sum(math.cast(counted, "int32"), -1), dtype)


def _categorical(key: Any, shape: Any, dtype: str, logits: Any) -> Any:
    """The largest of the logits plus Gumbel noise."""
    kind = dtypes.to_float(dtype_of(logits))
    u = _unit(key, (*shape, logits.shape[-1]), "float32", 0.5)
    noise = math.negative(math.log(math.negative(math.log(u))))
    noisy = math.add(arrange.expand_dims(logits, 1), math.cast(noise, kind))
    return math.cast(reduce.argmax(noisy, -1), dtype)


def _shuffle(key: Any, shape: Any, dtype: str, x: Any, axis: int) -> Any:
    order = reduce.argsort(bits(key, shape), axis)
    return index.take_along_axis(engine().asarray(x), order, axis)


_DISTRIBUTIONS: dict[str, Callable] = {
    "uniform": _uniform,
    "normal": _normal,
    "truncated_normal": _truncated_normal,
    "randint": _randint,
    "gamma": _gamma,
    "beta": _beta,
    "binomial": _binomial,
    "bernoulli": _bernoulli,
    "categorical": _categorical,
    "shuffle": _shuffle,
}


def draw(distribution: str, key: Any, shape: tuple[int, ...], dtype: str, *parameters: Any) -> Any:
    """Numbers of a distribution, as the engines' ``random``."""
    return _DISTRIBUTIONS[distribution](key, tuple(shape), dtype, *parameters)
