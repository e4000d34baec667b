"""Small functions of ``keras.optimizers`` and ``keras.mixed_precision.experimental``."""

from __future__ import annotations

from typing import Any

__all__ = ["clip_norm", "get_layer_policy"]


def clip_norm(g: Any, c: float, n: Any) -> Any:
    """`g` scaled down so that its norm `n` becomes `c`, where `n` is larger and `c` is positive.

    >>> clip_norm(4.0, 1.0, 2.0).tolist()
    2.0
    """
    from .. import ops

    g = ops.convert_to_tensor(g)
    if c <= 0:
        return g
    n = ops.convert_to_tensor(n)
    return ops.where(n >= c, g * c / n, g)


def get_layer_policy(layer: Any) -> Any:
    """The dtype policy of a layer."""
    return layer.dtype_policy
