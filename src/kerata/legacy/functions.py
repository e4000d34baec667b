"""Functions that meant something else in an earlier era, under names that say which."""

from __future__ import annotations

from typing import Any

from .. import ops


def hard_sigmoid_keras2(x: Any) -> Any:
    """``clip(0.2 * x + 0.5, 0, 1)``: the `hard_sigmoid` of Keras 1 and 2, steeper than that of Keras 3.

    >>> [round(v, 2) for v in hard_sigmoid_keras2([-3.0, 0.0, 1.0]).tolist()]
    [0.0, 0.5, 0.7]
    """
    return ops.hard_sigmoid(1.2 * ops.convert_to_tensor(x))
