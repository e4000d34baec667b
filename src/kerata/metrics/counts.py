"""Counting right and wrong decisions at thresholds: what precision, recall and AUC are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..errors import ShapeError
from ..losses.loss import same_rank
from ..ops._define import tensor
from ..spec import shape_of, unprobe

BELOW_ALL = -1e10  # below any score


def as_thresholds(thresholds: Any, default: float = 0.5) -> list[float]:
    """Thresholds as a list; an error for one outside 0 to 1."""
    if thresholds is None:
        return [default]
    found = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    for t in found:
        if t is None or not 0 <= t <= 1:
            raise ValueError(f"Thresholds must lie between 0 and 1, got {t} among {found}.")
    return found


def evenly_spaced(thresholds: Sequence[float]) -> bool:
    """Whether thresholds (at least three) go from 0 to 1 in equal steps."""
    n = len(thresholds)
    if n < 3:
        return False
    return bool(np.allclose(thresholds, np.arange(n) / (n - 1), atol=config.epsilon()))


def count_decisions(
    y_true: Any,
    y_pred: Any,
    thresholds: Sequence[float],
    sample_weight: Any = None,
    even: bool = False,
    top_k: int | None = None,
    class_id: int | None = None,
    multi_label: bool = False,
    label_weights: Any = None,
    dtype: str | None = None,
) -> dict[str, Any]:
    """Weighted counts of true and false positives and negatives: ``tp``, ``fp``, ``tn``, ``fn``.

    A score above a threshold is a positive decision, a label that is not 0 a positive sample.

    Args:
        y_true: Labels of any shape.
        y_pred: Scores of the same shape.
        thresholds: The thresholds.
        sample_weight: Weights of the samples, or of each label.
        even: Whether the thresholds are evenly spaced: counting goes faster then.
        top_k: Only the k largest scores along the last axis can be positive decisions.
        class_id: Only this class (along the last axis) counts.
        multi_label: Whether to count by label: (n, labels) give counts (thresholds, labels).
        label_weights: Weights of the labels, where these are counted together.
        dtype: dtype of the counts.

    Returns:
        Counts of shape (thresholds,) or (thresholds, labels).

    >>> counts = count_decisions([0.0, 1.0, 1.0], [0.2, 0.4, 0.9], [0.5])
    >>> {k: float(v[0]) for k, v in counts.items()}
    {'tp': 1.0, 'fp': 0.0, 'tn': 1.0, 'fn': 1.0}
    """
    dtype = dtype or config.floatx()
    y_true, y_pred = same_rank(ops.cast(y_true, dtype), ops.cast(y_pred, dtype))
    if top_k is not None:
        y_pred = _largest_only(y_pred, top_k)
    if class_id is not None:
        if len(shape_of(y_pred)) == 1:
            raise ShapeError(
                "class_id needs scores of shape (samples, classes), "
                f"got {unprobe(shape_of(y_pred))}."
            )
        if sample_weight is not None and shape_of(sample_weight) == shape_of(y_pred):
            sample_weight = tensor(sample_weight)[..., class_id]
        y_true, y_pred = y_true[..., class_id], y_pred[..., class_id]
    positive = ops.cast(ops.not_equal(y_true, 0), dtype)
    yes, no = positive, 1 - positive
    weight = _weights(sample_weight, label_weights, shape_of(y_pred), dtype)
    if weight is not None:
        yes, no = yes * weight, no * weight
    if not multi_label:
        yes, no, y_pred = (ops.reshape(x, (-1,)) for x in (yes, no, y_pred))
    count = _by_bucket if even else _by_comparison
    return count(yes, no, y_pred, thresholds)


def _weights(sample_weight: Any, label_weights: Any, shape: tuple, dtype: str) -> Any:
    """Both kinds of weights as one tensor of the given shape, or ``None``."""
    weight = None
    if sample_weight is not None:
        weight = ops.cast(sample_weight, dtype)
        rank = len(shape_of(weight))
        if rank == len(shape) + 1 and shape_of(weight)[-1] == 1:
            weight = ops.squeeze(weight, -1)
        elif rank < len(shape):
            weight = ops.reshape(weight, (*shape_of(weight), *(1,) * (len(shape) - rank)))
        weight = ops.broadcast_to(weight, shape)
    if label_weights is not None:
        by_label = ops.broadcast_to(ops.expand_dims(ops.cast(label_weights, dtype), 0), shape)
        weight = by_label if weight is None else weight * by_label
    return weight


def _largest_only(scores: Any, k: int) -> Any:
    """Scores with all but the k largest along the last axis put below every threshold."""
    _, places = ops.top_k(scores, k)
    kept = ops.sum(ops.one_hot(places, shape_of(scores)[-1], dtype=scores.dtype), -2)
    return ops.where(ops.greater(kept, 0), scores, BELOW_ALL)


def _by_comparison(yes: Any, no: Any, scores: Any, thresholds: Sequence[float]) -> dict[str, Any]:
    rank = len(shape_of(scores))
    limits = np.reshape(np.asarray(thresholds, np.float64), (-1, *(1,) * rank))
    above = ops.greater(ops.expand_dims(scores, 0), ops.cast(limits, scores.dtype))

    def total(x: Any, decided: bool) -> Any:
        x = ops.expand_dims(x, 0)
        return ops.sum(ops.where(above, x, 0) if decided else ops.where(above, 0, x), 1)

    return {
        "tp": total(yes, True),
        "fp": total(no, True),
        "tn": total(no, False),
        "fn": total(yes, False),
    }


def _by_bucket(yes: Any, no: Any, scores: Any, thresholds: Sequence[float]) -> dict[str, Any]:
    """Each score goes to the bucket of the last threshold below it; running sums do the rest."""
    n = len(thresholds)
    bucket = ops.ceil(ops.clip(scores, 0.0, 1.0) * (n - 1)) - 1
    if thresholds[0] < 0 or thresholds[-1] > 1:
        bucket = ops.maximum(bucket, 0)  # a first threshold below 0: a score of 0 lies above it
    bucket = ops.cast(bucket, "int32") + 1  # bucket 0: above no threshold
    shape = shape_of(scores)
    if len(shape) > 1:
        bucket = ops.add(bucket, np.arange(shape[1], dtype="int32") * (n + 1))
    segments = (n + 1) * (shape[1] if len(shape) > 1 else 1)
    places = ops.reshape(bucket, (-1,))

    def split(x: Any) -> tuple[Any, Any]:
        """Sums above and at or below each threshold: exact where nothing lies there."""
        sums = ops.segment_sum(ops.reshape(x, (-1,)), places, num_segments=segments)
        if len(shape) > 1:
            sums = ops.transpose(ops.reshape(sums, (shape[1], n + 1)))
        return ops.flip(ops.cumsum(ops.flip(sums[1:], 0), 0), 0), ops.cumsum(sums[:-1], 0)

    tp, fn = split(yes)
    fp, tn = split(no)
    return {"tp": tp, "fp": fp, "tn": tn, "fn": fn}


def ratio(part: Any, other: Any) -> Any:
    """``part / (part + other)``, 0 where both are 0."""
    return ops.divide_no_nan(tensor(part), part + other)
