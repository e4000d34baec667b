"""Penalties under the names of Keras 1."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ShapeError
from ..regularizers import L1, L1L2, L2, Regularizer

WeightRegularizer = ActivityRegularizer = L1L2Regularizer = L1L2


def l1l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """``l1 * sum(|x|) + l2 * sum(x**2)``, with both factors at 0.01 by default.

    >>> round(l1l2().l1, 2)
    0.01
    """
    return L1L2(l1, l2)


def activity_l1(l: float = 0.01) -> L1:  # noqa: E741 - the name of old
    """`L1`, meant for ``activity_regularizer``."""
    return L1(l)


def activity_l2(l: float = 0.01) -> L2:  # noqa: E741 - the name of old
    """`L2`, meant for ``activity_regularizer``."""
    return L2(l)


def activity_l1l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """`L1L2`, meant for ``activity_regularizer``."""
    return L1L2(l1, l2)


class EigenvalueRegularizer(Regularizer):
    """`k` times the largest singular value of a matrix, by nine steps of the power method.

    >>> round(float(EigenvalueRegularizer(2.0)([[3.0, 0.0], [0.0, 1.0]])), 3)
    6.0
    """

    def __init__(self, k: float) -> None:
        self.k = float(k)

    def __call__(self, x: Any) -> Any:
        shape = ops.shape(x)
        if len(shape) != 2:
            raise ShapeError(f"EigenvalueRegularizer needs a matrix, got the shape {shape}.")
        x = ops.convert_to_tensor(x)
        square = ops.matmul(ops.transpose(x), x)
        v = ops.ones((shape[1], 1), dtype=ops.dtype(square))
        for _ in range(9):
            v = ops.matmul(square, v)
        above = ops.sum(ops.multiply(ops.matmul(square, v), v))
        return ops.multiply(ops.sqrt(ops.divide(above, ops.sum(ops.square(v)))), self.k)
