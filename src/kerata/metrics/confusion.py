"""Right and wrong decisions: counts, precision and recall, and one of these at a value of another."""

from __future__ import annotations

from typing import Any

from .. import ops
from .counts import BELOW_ALL, as_thresholds, count_decisions, evenly_spaced, ratio
from .metric import Metric

Thresholds = float | list[float] | tuple[float, ...] | None

_NAMES = {
    "tp": "true_positives",
    "fp": "false_positives",
    "tn": "true_negatives",
    "fn": "false_negatives",
}


class _Counting(Metric):
    """Keeps some of the four counts at thresholds."""

    _kept: tuple[str, ...] = ()

    def _start(self, thresholds: list[float], even: bool | None = None) -> None:
        self.thresholds = thresholds
        self._even = evenly_spaced(thresholds) if even is None else even
        for kind in self._kept:
            name = _NAMES[kind]
            setattr(self, name, self.add_variable((len(thresholds),), name=name))

    def _count(self, y_true: Any, y_pred: Any, sample_weight: Any = None, **how: Any) -> None:
        counts = count_decisions(
            y_true, y_pred, self.thresholds, sample_weight, even=self._even, **how
        )
        for kind in self._kept:
            variable = getattr(self, _NAMES[kind])
            variable.assign(variable + counts[kind])

    def _scalar(self, values: Any) -> Any:
        """A number where there is one threshold only."""
        return values[0] if len(self.thresholds) == 1 else values


class _DecisionCount(_Counting):
    """One of the four counts."""

    def __init__(
        self, thresholds: Thresholds = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self._start(as_thresholds(thresholds))

    def _start(self, thresholds: list[float], even: bool | None = None) -> None:
        self.thresholds = thresholds
        self._even = evenly_spaced(thresholds)
        self.accumulator = self.add_variable((len(thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch."""
        counts = count_decisions(y_true, y_pred, self.thresholds, sample_weight, even=self._even)
        self.accumulator.assign(self.accumulator + counts[self._kept[0]])

    def result(self) -> Any:
        """The count: a number, or one per threshold where several were given."""
        return self._scalar(self.accumulator.value)


class TruePositives(_DecisionCount):
    """How many positive samples have a score above the threshold.

    Args:
        thresholds: One threshold or several, from 0 to 1; 0.5 by default.

    >>> float(TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
    2.0
    """

    _kept = ("tp",)


class FalsePositives(_DecisionCount):
    """How many negative samples have a score above the threshold.

    Args:
        thresholds: One threshold or several, from 0 to 1; 0.5 by default.

    >>> float(FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1]))
    2.0
    """

    _kept = ("fp",)


class TrueNegatives(_DecisionCount):
    """How many negative samples have a score at or below the threshold.

    Args:
        thresholds: One threshold or several, from 0 to 1; 0.5 by default.

    >>> float(TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0]))
    2.0
    """

    _kept = ("tn",)


class FalseNegatives(_DecisionCount):
    """How many positive samples have a score at or below the threshold.

    Args:
        thresholds: One threshold or several, from 0 to 1; 0.5 by default.

    >>> float(FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0]))
    2.0
    """

    _kept = ("fn",)


class _PrecisionOrRecall(_Counting):
    """True positives as a share of all positive decisions or samples."""

    _direction = "up"

    def __init__(
        self,
        thresholds: Thresholds = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self._start(as_thresholds(thresholds, 0.5 if top_k is None else BELOW_ALL))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch."""
        self._count(y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id)

    def result(self) -> Any:
        """The share: a number, or one per threshold where several were given."""
        other = getattr(self, _NAMES[self._kept[1]])
        return self._scalar(ratio(self.true_positives, other))


class Precision(_PrecisionOrRecall):
    """The share of positive decisions that are right: ``tp / (tp + fp)``, 0 without a decision.

    Args:
        thresholds: One threshold or several, from 0 to 1. By default 0.5, or none with `top_k`.
        top_k: Only the k largest scores of a sample can be positive decisions.
        class_id: Only this class counts.

    >>> float(Precision()([0, 1, 1, 1], [1, 0, 1, 1]))
    0.6666666...
    """

    _kept = ("tp", "fp")


class Recall(_PrecisionOrRecall):
    """The share of positive samples that are found: ``tp / (tp + fn)``, 0 without such a sample.

    Args:
        thresholds: One threshold or several, from 0 to 1. By default 0.5, or none with `top_k`.
        top_k: Only the k largest scores of a sample can be positive decisions.
        class_id: Only this class counts.

    >>> float(Recall()([0, 1, 1, 1], [1, 0, 1, 1]))
    0.6666666...
    """

    _kept = ("tp", "fn")


class _BestUnder(_Counting):
    """The best of one share where another is at least a given value, over many thresholds."""

    _direction = "up"
    _kept = ("tp", "fp", "tn", "fn")
    _shares: tuple[str, str] = ("", "")  # what is held, what is asked

    def _prepare(self, value: float, num_thresholds: int, class_id: int | None) -> None:
        what = type(self).__name__
        if not 0 <= value <= 1:
            raise ValueError(f"{what}: {self._shares[0]} must lie between 0 and 1, got {value}.")
        if num_thresholds <= 0:
            raise ValueError(f"{what}: num_thresholds must be positive, got {num_thresholds}.")
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        setattr(self, self._shares[0], value)
        n = num_thresholds
        self._start([0.5] if n == 1 else [i / (n - 1) for i in range(n)], even=n > 1)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch."""
        self._count(y_true, y_pred, sample_weight, class_id=self.class_id)

    def _share(self, name: str) -> Any:
        part, other = {
            "precision": (self.true_positives, self.false_positives),
            "recall": (self.true_positives, self.false_negatives),
            "sensitivity": (self.true_positives, self.false_negatives),
            "specificity": (self.true_negatives, self.false_positives),
        }[name]
        return ratio(part, other)

    def result(self) -> Any:
        """The best value reached."""
        held, asked = (self._share(name) for name in self._shares)
        return ops.max(ops.where(ops.greater_equal(held, self.value), asked, 0.0))


class SensitivityAtSpecificity(_BestUnder):
    """The best sensitivity, ``tp / (tp + fn)``, of thresholds that reach a specificity.

    Args:
        specificity: The specificity to reach, from 0 to 1.
        num_thresholds: How many thresholds, evenly spaced, are looked at.
        class_id: Only this class counts.

    >>> float(SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    _shares = ("specificity", "sensitivity")

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._prepare(specificity, num_thresholds, class_id)


class SpecificityAtSensitivity(_BestUnder):
    """The best specificity, ``tn / (tn + fp)``, of thresholds that reach a sensitivity.

    Args:
        sensitivity: The sensitivity to reach, from 0 to 1.
        num_thresholds: How many thresholds, evenly spaced, are looked at.
        class_id: Only this class counts.

    >>> float(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.6666666...
    """

    _shares = ("sensitivity", "specificity")

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._prepare(sensitivity, num_thresholds, class_id)


class PrecisionAtRecall(_BestUnder):
    """The best precision of thresholds that reach a recall.

    Args:
        recall: The recall to reach, from 0 to 1.
        num_thresholds: How many thresholds, evenly spaced, are looked at.
        class_id: Only this class counts.

    >>> float(PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
    0.5
    """

    _shares = ("recall", "precision")

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._prepare(recall, num_thresholds, class_id)


class RecallAtPrecision(_BestUnder):
    """The best recall of thresholds that reach a precision.

    Args:
        precision: The precision to reach, from 0 to 1.
        num_thresholds: How many thresholds, evenly spaced, are looked at.
        class_id: Only this class counts.

    >>> float(RecallAtPrecision(0.8)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.5
    """

    _shares = ("precision", "recall")

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._prepare(precision, num_thresholds, class_id)
