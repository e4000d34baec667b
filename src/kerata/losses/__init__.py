"""Losses: what training makes small, as classes and as functions."""

from __future__ import annotations

import inspect
from typing import Any

from ..serialization import deserialize_keras_object, lookup, serialize_keras_object
from .loss import Loss, LossFunctionWrapper, Reduction
from .margin import (
    CategoricalHinge,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    hinge,
    squared_hinge,
)
from .probability import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from .structured import CTC, Circle, Dice, Tversky, circle, ctc, dice, tversky

FUNCTIONS: dict[str, Any] = {
    name: value
    for name, value in list(globals().items())
    if hasattr(value, "labels") and inspect.isfunction(value)
}
"""The loss functions by name."""

ALIASES: dict[str, Any] = {
    "bce": binary_crossentropy,
    "BCE": binary_crossentropy,
    "cosine": cosine_similarity,
    "cosine_proximity": cosine_similarity,
    "huber_loss": huber,
    "kld": kl_divergence,
    "KLD": kl_divergence,
    "kullback_leibler_divergence": kl_divergence,
    "logcosh": log_cosh,
    "mae": mean_absolute_error,
    "MAE": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "MAPE": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "MSE": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
    "MSLE": mean_squared_logarithmic_error,
}
"""Short and earlier names of loss functions."""

globals().update(ALIASES)

CLASSES: dict[str, type] = {
    name: value
    for name, value in list(globals().items())
    if inspect.isclass(value) and issubclass(value, Loss)
}
"""The loss classes by name."""

TABLE: dict[str, Any] = {**CLASSES, **FUNCTIONS, **ALIASES}
"""What `get` knows."""

__all__ = [*CLASSES, *FUNCTIONS, *ALIASES, "Reduction", "get", "serialize", "deserialize"]


def get(identifier: Any) -> Any:
    """The loss of a name, class, configuration or callable; ``None`` for ``None``.

    Names of functions give functions, names of classes give instances.

    >>> get("mse").__name__, type(get("MeanSquaredError")).__name__
    ('mean_squared_error', 'MeanSquaredError')
    >>> get("binary_crosentropy")
    Traceback (most recent call last):
    ...
    kerata.errors.InputError: Unknown loss 'binary_crosentropy'. Did you mean 'binary_crossentropy'?...
    """
    return lookup("loss", identifier, TABLE)


def serialize(loss: Any) -> Any:
    """A loss as a configuration fit for JSON.

    >>> serialize(Huber(delta=2.0))["config"]["delta"]
    2.0
    """
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss of a configuration; the inverse of `serialize`.

    >>> deserialize(serialize(Huber(delta=2.0))).delta
    2.0
    """
    return deserialize_keras_object(name, custom_objects=custom_objects, module_objects=TABLE)


def __getattr__(name: str) -> Any:
    """Names of Keras 1, 2 and tf.keras."""
    from ..doors import old_name

    return old_name(__name__, name, __all__)
