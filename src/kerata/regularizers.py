"""Penalties on weights or outputs, added to the loss."""

from __future__ import annotations

import math
from typing import Any

from . import ops
from .capture import Configurable
from .errors import ShapeError
from .graph import snake
from .serialization import deserialize_keras_object, lookup, serialize_keras_object


class Regularizer(Configurable):
    """Base of the penalties: ``__call__(x)`` returns a scalar.

    >>> class Total(Regularizer):
    ...     def __call__(self, x):
    ...         return ops.sum(x)
    >>> float(Total()([1.0, 2.0]))
    3.0
    """

    def __call__(self, x: Any) -> Any:
        """The penalty on `x`."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method.")


def _factor(value: Any, name: str, default: float = 0.0) -> float:
    """A penalty's factor: a finite number not below 0; the default for ``None``."""
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"{name} must be a number not below 0, got {value!r}.")
    return number


class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x**2)``.

    >>> float(L1L2(l1=0.5, l2=1.0)([1.0, -2.0]))
    6.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = _factor(l1, "l1"), _factor(l2, "l2")

    def __call__(self, x: Any) -> Any:
        if not self.l2:
            return ops.multiply(self.l1, ops.sum(ops.absolute(x)))
        squares = ops.multiply(self.l2, ops.sum(ops.square(x)))
        if not self.l1:
            return squares
        return ops.add(squares, ops.multiply(self.l1, ops.sum(ops.absolute(x))))


class L1(Regularizer):
    """``l1 * sum(|x|)``.

    >>> float(L1(0.5)([1.0, -2.0]))
    1.5
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _factor(l1, "l1", 0.01)

    def __call__(self, x: Any) -> Any:
        return ops.multiply(self.l1, ops.sum(ops.absolute(x)))


class L2(Regularizer):
    """``l2 * sum(x**2)``.

    >>> float(L2(0.5)([1.0, -2.0]))
    2.5
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _factor(l2, "l2", 0.01)

    def __call__(self, x: Any) -> Any:
        return ops.multiply(self.l2, ops.sum(ops.square(x)))


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean absolute cosine between the rows (or columns) of a matrix.

    >>> round(float(OrthogonalRegularizer(1.0)([[1.0, 0.0], [1.0, 1.0]])), 4)
    0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode must be 'rows' or 'columns', got {mode!r}.")
        self.factor, self.mode = _factor(factor, "factor"), mode

    def __call__(self, x: Any) -> Any:
        shape: Any = ops.shape(x)
        if len(shape) != 2:
            raise ShapeError(f"OrthogonalRegularizer needs a matrix, got the shape {shape}.")
        x = ops.transpose(x) if self.mode == "columns" else x
        n = shape[0] if self.mode == "rows" else shape[1]
        unit = ops.normalize(x, axis=1)
        cosines = ops.absolute(ops.matmul(unit, ops.transpose(unit)))
        others = ops.multiply(cosines, ops.subtract(1, ops.eye(n, dtype=cosines.dtype)))
        return ops.multiply(self.factor / max(1, n * (n - 1)), ops.sum(others))


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

_CLASSES: tuple[type, ...] = (L1, L2, L1L2, OrthogonalRegularizer)
_TABLE: dict[str, type] = {
    **{c.__name__: c for c in _CLASSES},
    **{snake(c.__name__): c for c in _CLASSES},
    "l1_l2": L1L2,
}


def get(identifier: Any) -> Any:
    """The regularizer that a name, class, configuration or function stands for; or ``None``.

    >>> get("l2").l2
    0.01
    """
    return lookup("regularizer", identifier, _TABLE)


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer.

    >>> serialize(L2(0.5))["config"]
    {'l2': 0.5}
    """
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer of a name or configuration that `serialize` gave.

    >>> deserialize({"class_name": "L2", "config": {"l2": 0.5}}).get_config()["l2"]
    0.5
    """
    if isinstance(config, str) and (custom_objects is None or config not in custom_objects):
        return get(config)
    return deserialize_keras_object(config, custom_objects, module_objects=_TABLE)


def __getattr__(name: str) -> Any:
    """Names of Keras 1, 2 and tf.keras."""
    from .doors import old_name

    return old_name(__name__, name, _TABLE)
