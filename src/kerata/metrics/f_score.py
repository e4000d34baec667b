"""F-scores: precision and recall in one number."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..spec import shape_of
from .metric import Metric
from .regression import check_two_axes

_AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """``(1 + beta**2) precision recall / (beta**2 precision + recall)``, by class or averaged.

    Args:
        average: What is made of the classes' scores: ``None`` for one score per class, ``micro`` for
            the score of all decisions together, ``macro`` for the mean, ``weighted`` for the mean
            weighted by the number of samples.
        beta: How much more recall counts than precision.
        threshold: The score from which on a class is found; by default only the largest is.

    >>> metric = FBetaScore(beta=2.0, threshold=0.5)
    >>> y_true, y_pred = [[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
    >>> [round(x, 4) for x in metric(y_true, y_pred).tolist()]
    [0.3846, 0.9091, 0.8333]
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        what = type(self).__name__
        if average not in _AVERAGES:
            raise ValueError(f"{what}: average must be one of {_AVERAGES}, got {average!r}.")
        if not isinstance(beta, (int, float)) or beta <= 0:
            raise ValueError(f"{what}: beta must be a positive number, got {beta!r}.")
        if threshold is not None and not (
            isinstance(threshold, (int, float)) and 0 < threshold <= 1
        ):
            raise ValueError(
                f"{what}: threshold must be a number above 0 and at most 1, got {threshold!r}."
            )
        self.average, self.beta, self.threshold = average, beta, threshold
        self._built = False

    def _build_for(self, y_true: Any, y_pred: Any) -> None:
        if self._built:
            return
        check_two_axes(type(self).__name__, shape_of(y_true), shape_of(y_pred))
        shape = () if self.average == "micro" else shape_of(y_pred)[-1:]
        for name in (
            "true_positives",
            "false_positives",
            "false_negatives",
            "intermediate_weights",
        ):
            setattr(self, name, self.add_variable(shape, dtype=self.dtype, name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1 and of scores, both (n, classes), with weights (n,)."""
        y_true, y_pred = ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype)
        self._build_for(y_true, y_pred)
        if self.threshold is None:
            largest = ops.max(y_pred, -1, keepdims=True)
            found = ops.logical_and(y_pred >= largest, ops.absolute(y_pred) > 1e-9)
        else:
            found = y_pred > self.threshold
        found = ops.cast(found, self.dtype)
        weight = None
        if sample_weight is not None:
            weight = ops.cast(sample_weight, self.dtype)
            weight = weight if len(shape_of(weight)) == 2 else ops.expand_dims(weight, -1)
        axis = None if self.average == "micro" else 0

        def add(variable: Any, values: Any) -> None:
            values = values if weight is None else values * weight
            variable.assign(variable + ops.sum(values, axis))

        add(self.true_positives, found * y_true)
        add(self.false_positives, found * (1 - y_true))
        add(self.false_negatives, (1 - found) * y_true)
        add(self.intermediate_weights, y_true)

    def result(self) -> Any:
        """The score: one number, or one per class."""
        least = config.epsilon()
        tp = self.true_positives.value
        precision = tp / (tp + self.false_positives + least)
        recall = tp / (tp + self.false_negatives + least)
        square = self.beta**2
        score = (1 + square) * precision * recall / (square * precision + recall + least)
        if self.average == "weighted":
            support = self.intermediate_weights.value
            return ops.sum(score * support / (ops.sum(support) + least))
        return score if self.average is None else ops.mean(score)


class F1Score(FBetaScore):
    """``2 precision recall / (precision + recall)``, by class or averaged: see `FBetaScore`.

    Args:
        average: ``None``, ``micro``, ``macro`` or ``weighted``.
        threshold: The score from which on a class is found; by default only the largest is.

    >>> metric = F1Score(threshold=0.5, average="macro")
    >>> round(float(metric([[1, 1], [1, 0]], [[0.6, 0.2], [0.8, 0.7]])), 4)
    0.5
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
