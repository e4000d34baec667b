"""Errors of numbers, and how much of their variance is explained."""

from __future__ import annotations

import math
from typing import Any

from .. import losses, ops
from ..errors import ShapeError
from ..losses.loss import same_rank
from ..losses.regression import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from ..ops._define import tensor
from ..spec import Spec, shape_of, unprobe
from .metric import Metric
from .reduction import Mean, MeanMetricWrapper


def cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Cosine of the angle between vectors along `axis`: 1 for the same direction.

    >>> cosine([[0.0, 2.0]], [[0.0, 1.0]]).tolist()
    [1.0]
    """
    return -losses.cosine_similarity(y_true, y_pred, axis)


class MeanSquaredError(MeanMetricWrapper):
    """Mean of squared errors.

    >>> float(MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
    2.5
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """Mean of absolute errors.

    >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
    1.5
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """Mean of absolute errors in percent of the labels.

    >>> float(MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]]))
    37.5
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """Mean of squared differences of the logarithms, of labels and predictions plus 1.

    >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[math.e - 1]])), 4)
    1.0
    """

    _direction = "down"

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, name, dtype)


class RootMeanSquaredError(Mean):
    """Square root of the mean of squared errors.

    >>> float(RootMeanSquaredError()([[0.0, 0.0]], [[3.0, 3.0]]))
    3.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into the mean; weights are those of samples or of single values."""
        y_true, y_pred = same_rank(ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype))
        super().update_state(ops.square(y_pred - y_true), sample_weight)

    def result(self) -> Any:
        """The root of the mean."""
        return ops.sqrt(super().result())


class CosineSimilarity(MeanMetricWrapper):
    """Mean cosine of the angle between labels and predictions: 1 for the same direction.

    Args:
        axis: The axis that holds the vectors.

    >>> float(CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]]))
    1.0
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(cosine, name, dtype, axis=axis)


class LogCoshError(MeanMetricWrapper):
    """Mean of the logarithm of the hyperbolic cosine of the errors.

    >>> round(float(LogCoshError()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, name, dtype)


_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """Coefficient of determination: 1 for perfect predictions, 0 for those of the labels' mean.

    Args:
        class_aggregation: What is made of the scores of several outputs: ``uniform_average``,
            ``variance_weighted_average``, or ``None`` for one score per output.
        num_regressors: Number of explaining variables for the adjusted score; 0 for the plain one.

    >>> float(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]))
    0.5714285...
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"R2Score: class_aggregation must be one of {_AGGREGATIONS}, got {class_aggregation!r}."
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors must not be negative, got {num_regressors}.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable(name="num_samples")
        self._built = False

    def _build_for(self, y_true: Any, y_pred: Any) -> None:
        if self._built:
            return
        y_true, y_pred = _same_rank_shapes(shape_of(y_true), shape_of(y_pred))
        check_two_axes("R2Score", y_true, y_pred)
        for name in ("squared_sum", "sum", "total_mse", "count"):
            path = "residual" if name == "total_mse" else name
            setattr(self, name, self.add_variable(y_pred[-1:], name=path))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch of labels and predictions (n, outputs) with weights (n,) or (n, outputs)."""
        y_true, y_pred = same_rank(ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype))
        self._build_for(y_true, y_pred)
        shape = shape_of(y_true)
        weight = ops.cast(1 if sample_weight is None else sample_weight, self.dtype)
        if len(shape_of(weight)) == 1:
            weight = ops.expand_dims(weight, 1)
        weight = ops.broadcast_to(weight, shape)
        weighted = y_true * weight
        self.sum.assign(self.sum + ops.sum(weighted, 0))
        self.squared_sum.assign(self.squared_sum + ops.sum(y_true * weighted, 0))
        self.total_mse.assign(self.total_mse + ops.sum(ops.square(y_true - y_pred) * weight, 0))
        if not isinstance(weighted, Spec):  # sizes met while shapes are inferred are none to count
            self.count.assign(self.count + ops.sum(weight, 0))
            self.num_samples.assign(self.num_samples + math.prod(shape))

    def result(self) -> Any:
        """The score: one number, or one per output."""
        total = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1 - self.total_mse / total
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.sum(total * scores) / ops.sum(total)
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, scores: Any) -> Any:
        # With too few samples for so many regressors the plain score stands.
        n = tensor(self.num_samples)
        left = n - self.num_regressors - 1
        adjusted = 1 - (1 - scores) * (n - 1) / ops.where(left > 0, left, 1)
        return ops.where(left > 0, adjusted, scores)


def _same_rank_shapes(a: tuple, b: tuple) -> tuple[tuple, tuple]:
    """Shapes of what `same_rank` gives for tensors of these shapes."""
    if len(a) == len(b) + 1:
        b, a = _same_rank_shapes(b, a)
    elif len(b) == len(a) + 1 and b[-1] == 1:
        return ((*a, 1), b) if len(a) == 1 else (a, b[:-1])
    return a, b


def check_two_axes(what: str, y_true: tuple, y_pred: tuple) -> None:
    """Raise an error unless both shapes are (samples, outputs) with a known number of outputs."""
    if len(y_true) != 2 or len(y_pred) != 2 or unprobe(y_pred)[-1] is None:
        raise ShapeError(
            f"{what} takes labels and predictions of shape (samples, outputs), got "
            f"{unprobe(y_true)} and {unprobe(y_pred)}."
        )
