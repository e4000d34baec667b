"""Area under the curve of decisions at all thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..errors import ShapeError
from ..ops._define import tensor
from ..spec import shape_of, unprobe
from .counts import count_decisions, evenly_spaced, ratio
from .metric import Metric

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = ("interpolation", "majoring", "minoring")


class AUC(Metric):
    """Area under the ROC or the precision-recall curve, by sums over thresholds.

    The more thresholds, and the more evenly scores spread over 0 to 1, the nearer to the exact area.

    Args:
        num_thresholds: How many thresholds, evenly spaced, are looked at.
        curve: ``ROC`` (true over false positive rate), ``PR`` (precision over recall) or ``PRGAIN``
            (both as gains over the decision "all positive").
        summation_method: Height between two points of the curve: their mean (``interpolation``; for
            ``PR`` the true curve between them, J. Davis and M. Goadrich, The relationship between
            precision-recall and ROC curves, 2006), the larger (``majoring``) or the smaller
            (``minoring``).
        thresholds: The thresholds themselves, from 0 to 1; 0 and 1 are added.
        multi_label: Whether (n, labels) are one problem per label, whose areas are averaged.
        num_labels: Number of labels; else it is that of the first batch.
        label_weights: Weights of the labels.
        from_logits: Whether predictions are numbers whose sigmoid is the score.

    >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = _one_of("curve", curve, _CURVES)
        self.summation_method = _one_of("summation_method", summation_method, _SUMMATIONS)
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True.")
        self._set_thresholds(num_thresholds, thresholds)
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = (
            None if label_weights is None else np.asarray(label_weights, np.float64)
        )
        self.from_logits = from_logits
        self._built = False
        if not multi_label or num_labels:
            self._make_state(num_labels)

    def _set_thresholds(self, count: int, given: Sequence[float] | None) -> None:
        if given is not None:
            inner = sorted(float(t) for t in given)
            self._even = evenly_spaced([0.0, *inner, 1.0])
        else:
            if count <= 1:
                raise ValueError(f"AUC: num_thresholds must be more than 1, got {count}.")
            inner = [(i + 1) / (count - 1) for i in range(count - 2)]
            self._even = True
        self.num_thresholds = len(inner) + 2
        # Just outside of 0 to 1, so that the curve has both its ends.
        self.thresholds = [-config.epsilon(), *inner, 1.0 + config.epsilon()]

    def _make_state(self, labels: int | None) -> None:
        shape = (self.num_thresholds,) if labels is None else (self.num_thresholds, labels)
        self.true_positives = self.add_variable(shape, name="true_positives")
        self.false_positives = self.add_variable(shape, name="false_positives")
        self.true_negatives = self.add_variable(shape, name="true_negatives")
        self.false_negatives = self.add_variable(shape, name="false_negatives")
        self._built = True

    def _build_for(self, y_true: Any, y_pred: Any) -> None:
        if not self.multi_label:
            return
        shape = unprobe(shape_of(y_pred))
        labels = self.num_labels or "labels"
        if len(shape) != 2 or shape[1] is None or (self.num_labels or shape[1]) != shape[1]:
            raise ShapeError(
                f"AUC with multi_label=True takes predictions of shape (samples, {labels}), got {shape}."
            )
        if not self._built:
            self._make_state(shape[1])

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1 and of scores from 0 to 1."""
        y_pred = tensor(y_pred)
        self._build_for(y_true, y_pred)
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        counts = count_decisions(
            y_true,
            y_pred,
            self.thresholds,
            sample_weight,
            even=self._even,
            multi_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )
        self.true_positives.assign(self.true_positives + counts["tp"])
        self.false_positives.assign(self.false_positives + counts["fp"])
        self.true_negatives.assign(self.true_negatives + counts["tn"])
        self.false_negatives.assign(self.false_negatives + counts["fn"])

    def result(self) -> Any:
        """The area; the mean over the labels with `multi_label`."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._over_labels(self._pr_steps())
        x, y = self._points()
        left, right = y[:-1], y[1:]
        height = {
            "interpolation": lambda: (left + right) / 2.0,
            "minoring": lambda: ops.minimum(left, right),
            "majoring": lambda: ops.maximum(left, right),
        }[self.summation_method]()
        return self._over_labels((x[:-1] - x[1:]) * height)

    def _points(self) -> tuple[Any, Any]:
        """Coordinates of the curve's points, one per threshold."""
        tp, fp = self.true_positives.value, self.false_positives.value
        tn, fn = self.true_negatives.value, self.false_negatives.value
        if self.curve == "ROC":
            return ratio(fp, tn), ratio(tp, fn)
        if self.curve == "PR":
            return ratio(tp, fn), ratio(tp, fp)
        odds = ops.divide_no_nan(tp + fn, tn + fp)
        none = ops.equal(tp, 0.0)
        recall_gain = ops.where(none, 0.0, 1.0 - odds * ops.divide_no_nan(fn, tp))
        precision_gain = ops.where(none, 1.0, 1.0 - odds * ops.divide_no_nan(fp, tp))
        return ops.maximum(recall_gain, 0.0), precision_gain

    def _pr_steps(self) -> Any:
        """Areas between neighbouring points of the PR curve.

        Between two points the true positives grow linearly with the positive decisions p; precision
        is then ``slope + intercept / p``, whose integral over recall is what stands here.
        """
        tp = self.true_positives.value
        positives = tp + self.false_positives.value
        more_tp, more = tp[:-1] - tp[1:], positives[:-1] - positives[1:]
        slope = ops.divide_no_nan(more_tp, ops.maximum(more, 0))
        intercept = tp[1:] - slope * positives[1:]
        both = ops.logical_and(positives[:-1] > 0, positives[1:] > 0)
        growth = ops.where(both, ops.divide_no_nan(positives[:-1], positives[1:]), 1.0)
        area = slope * (more_tp + intercept * ops.log(growth))
        return ops.divide_no_nan(area, tp[1:] + self.false_negatives.value[1:])

    def _over_labels(self, steps: Any) -> Any:
        if not self.multi_label:
            return ops.sum(steps)
        areas = ops.sum(steps, 0)
        if self.label_weights is None:
            return ops.mean(areas)
        weights = ops.cast(self.label_weights, areas.dtype)
        return ops.divide_no_nan(ops.sum(areas * weights), ops.sum(weights))


def _one_of(what: str, value: Any, known: tuple[str, ...]) -> str:
    name = str(getattr(value, "value", value))
    for k in known:
        if name.lower() == k.lower():
            return k
    raise ValueError(f"AUC: {what} must be one of {known}, got {value!r}.")
