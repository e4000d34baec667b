"""How often predictions are right."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..errors import ShapeError
from ..losses.loss import same_rank
from ..ops._define import dtype_of, tensor
from ..spec import shape_of, unprobe
from .reduction import MeanMetricWrapper


def _as_float(matches: Any) -> Any:
    return ops.cast(matches, config.floatx())


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where predictions equal labels, else 0.

    >>> accuracy([[1], [2]], [[1], [3]]).tolist()
    [[1.0], [0.0]]
    """
    y_pred = tensor(y_pred)
    y_true, y_pred = same_rank(ops.cast(y_true, dtype_of(y_pred)), y_pred)
    return _as_float(ops.equal(y_true, y_pred))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where a prediction lies on the same side of `threshold` as its label, 0 or 1, else 0.

    >>> binary_accuracy([[1.0], [0.0]], [[0.75], [0.75]]).tolist()
    [[1.0], [0.0]]
    """
    y_true, y_pred = same_rank(tensor(y_true), tensor(y_pred))
    found = ops.cast(ops.greater(y_pred, threshold), dtype_of(y_true))
    return _as_float(ops.equal(y_true, found))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the right class, else 0; labels are one-hot.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.25, 0.75], [0.25, 0.75]]).tolist()
    [1.0, 0.0]
    """
    return _as_float(ops.equal(ops.argmax(tensor(y_true), -1), ops.argmax(tensor(y_pred), -1)))


def _classes(y_true: Any, y_pred: Any, what: str) -> tuple[Any, Any]:
    """Class numbers and scores as tensors; a last axis of size 1 of the labels is dropped."""
    y_true, y_pred = tensor(y_true), tensor(y_pred)
    t, p = shape_of(y_true), shape_of(y_pred)
    if len(t) == len(p) and t and t[-1] == 1:
        return ops.squeeze(y_true, -1), y_pred
    if len(t) != len(p) - 1:
        raise ShapeError(
            f"{what}: labels of shape {unprobe(t)} are no class numbers for predictions of shape "
            f"{unprobe(p)}; expected {unprobe(p[:-1])}. For one-hot labels use "
            f"{what.removeprefix('sparse_')}."
        )
    return y_true, y_pred


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest prediction is that of the right class, else 0; labels are class numbers.

    >>> sparse_categorical_accuracy([1, 0], [[0.25, 0.75], [0.25, 0.75]]).tolist()
    [1.0, 0.0]
    """
    y_true, y_pred = _classes(y_true, y_pred, "sparse_categorical_accuracy")
    matches = _as_float(ops.equal(y_true, ops.argmax(y_pred, -1)))
    shape = shape_of(matches)
    return ops.squeeze(matches, -1) if len(shape) > 1 and shape[-1] == 1 else matches


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the right class is among the `k` largest predictions, else 0; labels are one-hot.

    >>> top_k_categorical_accuracy([[0, 0, 1]], [[0.125, 0.625, 0.25]], k=2).tolist()
    [1.0]
    """
    return _as_float(ops.in_top_k(ops.argmax(tensor(y_true), -1), tensor(y_pred), k))


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Any:
    """1 where the right class is among the `k` largest predictions, else 0; labels are class numbers.

    With `from_sorted_ids` predictions are class numbers, the best first, rather than scores.

    >>> sparse_top_k_categorical_accuracy([2], [[0.125, 0.625, 0.25]], k=2).tolist()
    [1.0]
    """
    y_true, y_pred = _classes(y_true, y_pred, "sparse_top_k_categorical_accuracy")
    if from_sorted_ids:
        ids = y_pred[..., :k]
        own = ops.expand_dims(ops.cast(y_true, dtype_of(y_pred)), -1)
        return _as_float(ops.any(ops.equal(own, ids), -1))
    return _as_float(ops.in_top_k(ops.cast(y_true, "int32"), y_pred, k))


class Accuracy(MeanMetricWrapper):
    """The share of predictions that equal their labels.

    >>> float(Accuracy()([[1], [2], [3], [4]], [[0], [2], [3], [4]]))
    0.75
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The share of predictions on the right side of a threshold; labels are 0 and 1.

    Args:
        threshold: What predictions of ones lie above.

    >>> float(BinaryAccuracy()([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]]))
    0.75
    """

    _direction = "up"

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose largest prediction is that of the right class; one-hot labels.

    >>> float(CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
    0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose largest prediction is that of the right class; class numbers.

    >>> float(SparseCategoricalAccuracy()([[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]]))
    0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose class is among the largest predictions; one-hot labels.

    Args:
        k: How many predictions are looked at.

    >>> float(TopKCategoricalAccuracy(k=1)([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
    0.5
    """

    _direction = "up"

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of samples whose class is among the largest predictions; class numbers.

    Args:
        k: How many predictions are looked at.
        from_sorted_ids: Whether predictions are class numbers, the best first, rather than scores.

    >>> float(SparseTopKCategoricalAccuracy(k=1)([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]))
    0.5
    """

    _direction = "up"
    _later = {"from_sorted_ids": False}

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(
            sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids
        )
