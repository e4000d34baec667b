"""The constraint that Keras 3 dropped."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..constraints import Constraint
from ..errors import ShapeError

__all__ = ["RadialConstraint", "radial_constraint"]


class RadialConstraint(Constraint):
    """Makes the kernel of a `Conv2D` the same along each square ring around its centre.

    The innermost ring of a kernel of n x n takes the value at n // 2 - 1 on the diagonal, those around
    it the values further down the diagonal, as in tf.keras: for n = 4 those at 1 and 3, for n = 5 those
    at 1, 2 and 3. The weight has the shape ``(n, n, inputs, outputs)``.

    >>> w = np.arange(9.0).reshape(3, 3, 1, 1)
    >>> ops.convert_to_numpy(RadialConstraint()(w))[:, :, 0, 0].tolist()
    [[4.0, 4.0, 4.0], [4.0, 0.0, 4.0], [4.0, 4.0, 4.0]]
    """

    def __call__(self, w: Any) -> Any:
        w = ops.convert_to_tensor(w)
        if len(w.shape) != 4 or w.shape[0] != w.shape[1]:
            raise ShapeError(
                f"RadialConstraint needs a square kernel of the shape (n, n, inputs, outputs), got {tuple(w.shape)}."
            )
        size = int(w.shape[0])
        start = size // 2
        far = np.abs(np.arange(size) - (size - 1) / 2)
        ring = np.ceil(np.maximum(far[:, None], far[None, :])).astype(
            int
        )  # 0 or 1 is the innermost
        innermost = ring == 1 - size % 2
        diagonal = np.where(innermost, max(start - 1, 0), start + ring - 1)
        flat = ops.reshape(w, (size * size, *w.shape[2:]))
        rows = (diagonal * (size + 1)).ravel()
        return ops.reshape(ops.take(flat, rows, axis=0), w.shape)


radial_constraint = RadialConstraint
