"""Projections of weights onto an allowed set, applied after each step of the optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import config, ops
from .capture import Configurable
from .graph import snake
from .serialization import deserialize_keras_object, lookup, serialize_keras_object


class Constraint(Configurable):
    """Base of the projections: ``__call__(w)`` returns the allowed value nearest to `w`.

    >>> class Unsigned(Constraint):
    ...     def __call__(self, w):
    ...         return ops.absolute(w)
    >>> Unsigned()([-1.0]).tolist()
    [1.0]
    """

    def __call__(self, w: Any) -> Any:
        """The projection of `w`."""
        raise NotImplementedError(f"{type(self).__name__} has no __call__ method.")


def _norms(w: Any, axis: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


def _rescaled(w: Any, norms: Any, wanted: Any) -> Any:
    return ops.multiply(w, ops.divide(wanted, ops.add(config.epsilon(), norms)))


class MaxNorm(Constraint):
    """Scales weights down whose norm along `axis` is above `max_value`.

    Args:
        max_value: Largest norm.
        axis: Axes that run over the inputs of a unit: 0 for `Dense`, ``[0, 1, 2]`` for `Conv2D`.

    >>> [[round(v, 4) for v in row] for row in MaxNorm(1.0)([[3.0], [4.0]]).tolist()]
    [[0.6], [0.8]]
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        return _rescaled(w, norms, ops.clip(norms, 0, self.max_value))


class NonNeg(Constraint):
    """Sets negative weights to 0.

    >>> NonNeg()([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0)


class UnitNorm(Constraint):
    """Scales weights to the norm 1 along `axis` (see `MaxNorm`).

    >>> [[round(v, 4) for v in row] for row in UnitNorm()([[3.0], [4.0]]).tolist()]
    [[0.6], [0.8]]
    """

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return _rescaled(w, _norms(w, self.axis), 1)


class MinMaxNorm(Constraint):
    """Scales weights so that their norm along `axis` is between two bounds.

    Args:
        min_value, max_value: Bounds of the norm.
        rate: Share of the way to the bound that each step goes, 1 for all of it.
        axis: See `MaxNorm`.

    >>> halfway = MinMaxNorm(0.0, 1.0, rate=0.5)([[3.0], [4.0]])
    >>> [[round(v, 4) for v in row] for row in halfway.tolist()]
    [[1.8], [2.4]]
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        bounded = ops.clip(norms, self.min_value, self.max_value)
        mixed = ops.add(ops.multiply(self.rate, bounded), ops.multiply(1 - self.rate, norms))
        return _rescaled(w, norms, mixed)


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm
maxnorm, nonneg, unitnorm = MaxNorm, NonNeg, UnitNorm

_CLASSES: tuple[type, ...] = (MaxNorm, NonNeg, UnitNorm, MinMaxNorm)
_TABLE: dict[str, type] = {
    **{c.__name__: c for c in _CLASSES},
    **{snake(c.__name__): c for c in _CLASSES},
}


def get(identifier: Any) -> Any:
    """The constraint that a name, class, configuration or function stands for; or ``None``.

    >>> type(get("non_neg")).__name__, type(get("maxnorm")).__name__
    ('NonNeg', 'MaxNorm')
    """
    return lookup("constraint", identifier, _TABLE)


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint.

    >>> serialize(UnitNorm(axis=1))["config"]
    {'axis': 1}
    """
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint of a name or configuration that `serialize` gave.

    >>> deserialize({"class_name": "MaxNorm", "config": {"max_value": 3.0}}).max_value
    3.0
    """
    if isinstance(config, str) and (custom_objects is None or config not in custom_objects):
        return get(config)
    return deserialize_keras_object(config, custom_objects, module_objects=_TABLE)


def __getattr__(name: str) -> Any:
    """Names of Keras 1, 2 and tf.keras."""
    from .doors import old_name

    return old_name(__name__, name, _TABLE)
