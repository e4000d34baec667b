"""Constraints that Keras 3 has not."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..constraints import Constraint
from ..errors import ShapeError


class RadialConstraint(Constraint):
    """Makes kernels of `Conv2D` the same along each ring around their middle.

    A ring takes its value from the diagonal: with n = size // 2, the innermost that at n - 1, the others
    those that follow (for even sizes from n + 1 on).

    >>> kernel = np.arange(16.0).reshape(4, 4, 1, 1)
    >>> RadialConstraint()(kernel)[:, :, 0, 0].tolist()
    [[15.0, 15.0, 15.0, 15.0], [15.0, 5.0, 5.0, 15.0], [15.0, 5.0, 5.0, 15.0], [15.0, 15.0, 15.0, 15.0]]
    """

    def __call__(self, w: Any) -> Any:
        w = ops.convert_to_tensor(w)
        shape = ops.shape(w)
        if len(shape) != 4 or shape[0] != shape[1]:
            raise ShapeError(
                f"RadialConstraint takes square kernels (rows, columns, channels, filters), got the shape {shape}."
            )
        n = shape[0]
        start, odd = n // 2, n % 2
        distance = np.abs(np.arange(n) - (n - 1) / 2).astype(int)
        ring = np.maximum(distance[:, None], distance)
        at = np.where(ring == 0, start - 1, start + ring - (1 if odd else 0))
        flat = ops.reshape(w, (n * n, *shape[2:]))
        return ops.take(flat, at % n * (n + 1), axis=0)


radial_constraint = RadialConstraint
