"""Metrics: numbers followed over many batches, as classes, and as functions of one batch."""

from __future__ import annotations

import inspect
from typing import Any

from .. import losses
from ..graph import snake
from ..losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from ..serialization import deserialize_keras_object, lookup, serialize_keras_object
from .accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .auc import AUC
from .confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .correlation import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from .f_score import F1Score, FBetaScore
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .margin import CategoricalHinge, Hinge, SquaredHinge
from .metric import Metric
from .probability import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from .reduction import Mean, MeanMetricWrapper, Sum
from .regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    R2Score,
    RootMeanSquaredError,
)

CLASSES: dict[str, type] = {
    name: value
    for name, value in list(globals().items())
    if inspect.isclass(value) and issubclass(value, Metric)
}
"""The metric classes by name."""

FUNCTIONS: dict[str, Any] = {
    name: value
    for name, value in list(globals().items())
    if inspect.isfunction(value)
    and value.__module__.startswith((__name__, losses.__name__))
    and not name.startswith("_")
}
"""The metric functions by name."""

_SHORT: dict[str, type] = {
    "acc": Accuracy,
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
    "kld": KLDivergence,
    "KLD": KLDivergence,
    "kullback_leibler_divergence": KLDivergence,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "MAPE": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
    "MSLE": MeanSquaredLogarithmicError,
    "rmse": RootMeanSquaredError,
    "logcosh": LogCoshError,
}

_SNAKE = {snake(name): cls for name, cls in CLASSES.items()}

# Losses without a metric class of their own can be followed, too.
TABLE: dict[str, Any] = {**losses.FUNCTIONS, **losses.ALIASES, **CLASSES, **_SNAKE, **_SHORT}
"""What `get` knows: names of classes in either spelling, short names, and names of losses."""

globals().update(
    {name: value for name, value in losses.ALIASES.items() if name not in ("bce", "BCE")}
)

__all__ = [*CLASSES, *FUNCTIONS, "get", "serialize", "deserialize"]


def get(identifier: Any) -> Any:
    """The metric of a name, class, configuration or callable; ``None`` for ``None``.

    >>> type(get("mse")).__name__, type(get("precision")).__name__
    ('MeanSquaredError', 'Precision')
    >>> get("acuracy")
    Traceback (most recent call last):
        ...
    kerata.errors.InputError: Unknown metric 'acuracy'. Did you mean 'accuracy'?...
    """
    return lookup("metric", identifier, TABLE)


def serialize(metric: Any) -> Any:
    """A metric as a configuration fit for JSON, without its state.

    >>> serialize(Recall(top_k=3, name="recall"))["config"]["top_k"]
    3
    """
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric of a configuration; the inverse of `serialize`.

    >>> deserialize(serialize(Recall(top_k=3))).top_k
    3
    """
    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=TABLE)


def __getattr__(name: str) -> Any:
    """Names of Keras 1, 2 and tf.keras."""
    from ..doors import old_name

    return old_name(__name__, name, __all__)
