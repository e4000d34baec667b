"""What symbolic tensors and their shapes had when they were those of TensorFlow.

``x.get_shape()``, ``x.shape.as_list()``, ``x._keras_shape``: reached where a symbolic tensor, or its
shape, which is a tuple, has no attribute of a name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .notes import note


def _as_list(shape: tuple) -> Callable[[], list[Any]]:
    note("x.shape.as_list()", "list(x.shape)")
    return lambda: list(shape)


def _num_elements(shape: tuple) -> Callable[[], int | None]:
    return lambda: None if None in shape else math.prod(shape)


SHAPE_VALUES: dict[str, Callable[[tuple], Any]] = {
    "as_list": _as_list,
    "dims": list,
    "is_fully_defined": lambda shape: lambda: None not in shape,
    "ndims": len,
    "num_elements": _num_elements,
    "rank": len,
}
"""Attributes that shapes had."""


def _get_shape(x: Any) -> Callable[[], tuple]:
    note("x.get_shape()", "x.shape")
    return lambda: x.shape


def _keras_shape(x: Any) -> tuple:
    note("x._keras_shape", "x.shape")
    return x.shape


def _set_shape(x: Any) -> Callable[[Any], None]:
    def set_shape(shape: Any) -> None:
        """Fill in the sizes that are not known yet."""
        x.shape = type(x.shape)(
            old if new is None else new for old, new in zip(x.shape, shape, strict=True)
        )

    return set_shape


TENSOR_VALUES: dict[str, Callable[[Any], Any]] = {
    "_keras_shape": _keras_shape,
    "get_shape": _get_shape,
    "set_shape": _set_shape,
}
"""Attributes that symbolic tensors had."""


def attribute(x: Any, name: str) -> Any:
    """The value of an attribute of old of a symbolic tensor or its shape.

    Raises:
        AttributeError: It never had such an attribute.

    >>> from kerata import KerasTensor
    >>> KerasTensor((None, 3)).get_shape().as_list()
    [None, 3]
    """
    found = (SHAPE_VALUES if isinstance(x, tuple) else TENSOR_VALUES).get(name)
    if found is None:
        raise AttributeError(f"{type(x).__name__!r} object has no attribute {name!r}")
    return found(x)
