"""Correlations between labels and predictions."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..losses.loss import floats
from .reduction import MeanMetricWrapper


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation along `axis`, from -1 to 1; NaN where one side does not vary.

    >>> round(float(pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]])[0]), 4)
    1.0
    """
    y_true, y_pred = floats(y_true, y_pred)
    return ops.mean(_standard(y_true, axis) * _standard(y_pred, axis), axis)


def _standard(x: Any, axis: int) -> Any:
    """`x` with mean 0 and standard deviation 1 along `axis`."""
    x = x - ops.mean(x, axis, keepdims=True)
    return x / ops.std(x, axis, keepdims=True)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Lin's concordance correlation along `axis`: 1 only where labels and predictions are equal.

    ``2 cov / (var_true + var_pred + (mean_true - mean_pred)**2)`` (L. I. Lin, A concordance
    correlation coefficient to evaluate reproducibility, 1989).

    >>> round(float(concordance_correlation([[0.0, 1.0]], [[0.0, 0.5]])[0]), 4)
    0.6667
    """
    y_true, y_pred = floats(y_true, y_pred)
    mean_true = ops.mean(y_true, axis, keepdims=True)
    mean_pred = ops.mean(y_pred, axis, keepdims=True)
    spread = ops.var(y_true, axis, keepdims=True) + ops.var(y_pred, axis, keepdims=True)
    spread = spread + ops.square(mean_true - mean_pred) + config.epsilon()
    return ops.mean(2.0 * (y_true - mean_true) * (y_pred - mean_pred) / spread, axis)


class PearsonCorrelation(MeanMetricWrapper):
    """Mean Pearson correlation of samples.

    Args:
        axis: The axis along which labels and predictions are compared.

    >>> round(float(PearsonCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]])), 4)
    1.0
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """Mean concordance correlation of samples, see `concordance_correlation`.

    Args:
        axis: The axis along which labels and predictions are compared.

    >>> round(float(ConcordanceCorrelation()([[0.0, 1.0]], [[0.0, 0.5]])), 4)
    0.6667
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
