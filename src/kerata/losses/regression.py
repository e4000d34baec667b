"""Losses of numbers: squared, absolute, relative and robust errors, and angles."""

from __future__ import annotations

import math
from typing import Any

from .. import config, ops
from .loss import LossFunctionWrapper, expects, floats


@expects("values")
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((y_true - y_pred)**2)`` over the last axis.

    >>> mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).tolist()
    [2.5]
    """
    y_true, y_pred = floats(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), -1)


@expects("values")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(|y_true - y_pred|)`` over the last axis.

    >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = floats(y_true, y_pred)
    return ops.mean(ops.absolute(y_true - y_pred), -1)


@expects("values")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """``100 mean(|y_true - y_pred| / |y_true|)`` over the last axis, in percent.

    Labels nearer to zero than epsilon count as epsilon.

    >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 5.0]]).tolist()
    [37.5]
    """
    y_true, y_pred = floats(y_true, y_pred)
    size = ops.maximum(ops.absolute(y_true), config.epsilon())
    return 100.0 * ops.mean(ops.absolute((y_true - y_pred) / size), -1)


@expects("values")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((log(1 + y_true) - log(1 + y_pred))**2)`` over the last axis; negative numbers count as 0.

    >>> round(float(mean_squared_logarithmic_error([[0.0]], [[math.e - 1]])[0]), 4)
    1.0
    """
    y_true, y_pred = floats(y_true, y_pred)
    least = config.epsilon()
    log_true = ops.log(ops.maximum(y_true, least) + 1.0)
    log_pred = ops.log(ops.maximum(y_pred, least) + 1.0)
    return ops.mean(ops.square(log_true - log_pred), -1)


@expects("values")
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between vectors along `axis`: -1 for the same direction.

    >>> cosine_similarity([[0.0, 2.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]).tolist()
    [-1.0, -0.0]
    """
    y_true, y_pred = floats(y_true, y_pred)
    return -ops.sum(ops.normalize(y_true, axis) * ops.normalize(y_pred, axis), axis)


@expects("values")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Squared near zero, linear beyond `delta`; the mean over the last axis.

    ``e**2 / 2`` where ``|e| <= delta``, else ``delta |e| - delta**2 / 2`` (P. J. Huber, Robust
    estimation of a location parameter, 1964).

    >>> huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
    [1.5]
    """
    y_true, y_pred = floats(y_true, y_pred)
    error = ops.absolute(y_pred - y_true)
    near, far = 0.5 * ops.square(error), delta * error - 0.5 * delta**2
    return ops.mean(ops.where(error <= delta, near, far), -1)


@expects("values")
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """``mean(log(cosh(y_pred - y_true)))`` over the last axis: like squares near zero, else linear.

    >>> round(float(log_cosh([[0.0]], [[1.0]])[0]), 4)
    0.4338
    """
    y_true, y_pred = floats(y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), -1)


class MeanSquaredError(LossFunctionWrapper):
    """Mean of squared errors, see `mean_squared_error`.

    >>> float(MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
    2.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """Mean of absolute errors, see `mean_absolute_error`.

    >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
    1.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """Mean of absolute errors in percent of the labels, see `mean_absolute_percentage_error`.

    >>> float(MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]]))
    37.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """Mean of squared differences of logarithms, see `mean_squared_logarithmic_error`.

    >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[math.e - 1]])), 4)
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between labels and predictions, see `cosine_similarity`.

    Args:
        axis: The axis that holds the vectors.

    >>> float(CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]]))
    -1.0
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)


class Huber(LossFunctionWrapper):
    """Squared near zero, linear beyond `delta`, see `huber`.

    Args:
        delta: The error from which on it is linear.

    >>> float(Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
    1.5
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """Mean of the logarithm of the hyperbolic cosine of the errors, see `log_cosh`.

    >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
    0.4338
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)
