"""Random bits natively: the same that JAX's threefry gives for a key."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.extend import random

_JAX = random.threefry_prng_impl


def _bits(key: Any, bit_width: int, shape: tuple[int, ...]) -> Any:
    if bit_width != 32 or 0 in shape:
        return _JAX.random_bits(key, bit_width, shape)
    result = jax.ShapeDtypeStruct(shape, np.uint32)
    return jax.ffi.ffi_call("kerata_bits", result, vmap_method="sequential")(key)


_IMPLEMENTATION = random.define_prng_impl(
    key_shape=_JAX.key_shape,
    seed=_JAX.seed,
    split=_JAX.split,
    random_bits=_bits,
    fold_in=_JAX.fold_in,
    name="kerata",
    tag="kry",
)


def wrap(key: Any) -> Any:
    """A key of two words for the functions of `jax.random`."""
    return jax.random.wrap_key_data(key, impl=_IMPLEMENTATION)


def bernoulli(key: Any, p: Any, shape: tuple[int, ...]) -> Any:
    """``jax.random.bernoulli(key, p, shape)`` of one probability."""
    p = jax.numpy.asarray(p, np.float32)
    if p.ndim or 0 in shape:
        return jax.random.bernoulli(wrap(key), p, shape)
    result = jax.ShapeDtypeStruct(shape, np.bool_)
    return jax.ffi.ffi_call("kerata_bernoulli", result, vmap_method="sequential")(key, p)
