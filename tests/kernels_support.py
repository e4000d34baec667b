"""What the tests of native kernels share."""

from __future__ import annotations

import numpy as np


def drawn(shape, seed=0):
    import jax.numpy as jnp

    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), "float32")


def close(a, b, scale=1.0):
    import jax
    import jax.numpy as jnp

    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert x.shape == y.shape
        size = float(jnp.abs(y).max()) if y.size else 0.0
        np.testing.assert_allclose(x, y, atol=2e-6 * scale * max(size, 1.0), rtol=2e-5)
