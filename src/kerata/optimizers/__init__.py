"""Optimizers, and learning-rate schedules in `schedules`."""

from __future__ import annotations

from typing import Any

from ..serialization import deserialize_keras_object, lookup, reading, serialize_keras_object
from . import legacy as legacy
from . import schedules as schedules
from .adaptive import Adam, Adamax, AdamW, Lamb, Nadam, ScheduleFreeAdamW
from .base import Optimizer
from .descent import SGD, Adadelta, Adagrad, Ftrl, Lion, RMSprop
from .matrices import Adafactor, Muon
from .scaling import LossScaleOptimizer
from .several import MultiOptimizer, OptimizerMap

__all__ = [
    "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion",
    "LossScaleOptimizer", "MultiOptimizer", "Muon", "Nadam", "Optimizer", "OptimizerMap", "RMSprop",
    "ScheduleFreeAdamW", "deserialize", "get", "legacy", "schedules", "serialize",
]  # fmt: skip

_TABLE = {
    c.__name__: c
    for c in (
        SGD, RMSprop, Adagrad, Adadelta, Adam, AdamW, Adamax, Nadam, Adafactor, Ftrl, Lamb, Lion, Muon,
        ScheduleFreeAdamW, LossScaleOptimizer, MultiOptimizer,
    )
}  # fmt: skip


def get(identifier: Any) -> Any:
    """The optimizer of a name, class, configuration, or the object itself.

    >>> round(float(get("rmsprop").learning_rate), 4)
    0.001
    """
    return lookup("optimizer", identifier, _TABLE)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Configuration of an optimizer.

    >>> serialize(SGD(0.5))["class_name"]
    'SGD'
    """
    return serialize_keras_object(optimizer)


def deserialize(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None, **kwargs: Any
) -> Any:
    """The optimizer of a configuration.

    >>> round(float(deserialize({"class_name": "SGD", "config": {"lr": 0.5}}).learning_rate), 2)
    0.5
    """
    with reading(custom_objects):
        return lookup("optimizer", config, _TABLE)


def __getattr__(name: str) -> Any:
    """The classes under the names that Keras 2 gave them, such as ``optimizers.adam``."""
    from ..doors import old_name

    return old_name(__name__, name, __all__)
