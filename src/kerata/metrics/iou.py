"""Intersection over union of regions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from .. import dtypes, ops
from ..ops._define import dtype_of, tensor
from ..spec import shape_of
from .metric import Metric


class _IoUBase(Metric):
    """Keeps the confusion matrix: rows are the classes of labels, columns those of predictions."""

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        # Integers, as a sum of float32 ones ends at 16.8 million pixels.
        super().__init__(name=name, dtype=dtype or "int32")
        self.num_classes = num_classes
        self.ignore_class = ignore_class
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable(
            (num_classes, num_classes), dtype=self.dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels and predictions of any shape, with a weight for each or none.

        What lies outside of the classes, and `ignore_class`, does not count.
        """
        if not self.sparse_y_true:
            y_true = ops.argmax(tensor(y_true), self.axis)
        if not self.sparse_y_pred:
            y_pred = ops.argmax(tensor(y_pred), self.axis)
        y_true = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        y_pred = ops.reshape(ops.cast(y_pred, "int32"), (-1,))
        counted = self._in_range(y_true, y_pred)
        weight = self._weight(sample_weight, shape_of(y_true))
        weight = ops.where(counted, weight, ops.cast(0, self.dtype))
        n = self.num_classes
        cell = ops.where(counted, y_true * n + y_pred, 0)
        matrix = ops.segment_sum(weight, cell, num_segments=n * n)
        self.total_cm.assign(self.total_cm + ops.reshape(matrix, (n, n)))

    def _in_range(self, y_true: Any, y_pred: Any) -> Any:
        n = self.num_classes
        out = ops.logical_and(y_true >= 0, y_true < n)
        out = ops.logical_and(out, ops.logical_and(y_pred >= 0, y_pred < n))
        if self.ignore_class is not None:
            out = ops.logical_and(out, ops.not_equal(y_true, self.ignore_class))
        return out

    def _weight(self, sample_weight: Any, shape: tuple) -> Any:
        if sample_weight is None:
            return ops.ones(shape, dtype=self.dtype)
        weight = tensor(sample_weight)
        if dtypes.is_float(dtype_of(weight)) and not dtypes.is_float(self.dtype):
            warnings.warn(
                f"{type(self).__name__} counts in {self.dtype}: weights lose their fractions. "
                "Make it with dtype='float32' to keep them.",
                stacklevel=4,
            )
        weight = ops.cast(weight, self.dtype)
        if len(shape_of(weight)) > 1:
            weight = ops.reshape(weight, (-1,))
        return ops.broadcast_to(weight, shape)


class IoU(_IoUBase):
    """Intersection over union, ``tp / (tp + fp + fn)``, averaged over some classes.

    Classes that occur neither among labels nor among predictions are left out of the mean.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes whose mean is asked for.
        ignore_class: A label that does not count.
        sparse_y_true: Whether labels are class numbers rather than one-hot.
        sparse_y_pred: Whether predictions are class numbers rather than scores of the classes.
        axis: The axis of the classes where labels or predictions are not class numbers.

    >>> round(float(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)
        self.target_class_ids = list(target_class_ids)
        if max(self.target_class_ids) >= num_classes:
            raise ValueError(
                f"{type(self).__name__}: class {max(self.target_class_ids)} of target_class_ids is out of "
                f"range for {num_classes} classes."
            )

    def result(self) -> Any:
        """The mean over the classes asked for."""
        matrix = self.total_cm.value
        both = ops.diagonal(matrix)
        either = ops.sum(matrix, 0) + ops.sum(matrix, 1) - both
        both = ops.cast(ops.take(both, self.target_class_ids, 0), "float32")
        either = ops.cast(ops.take(either, self.target_class_ids, 0), "float32")
        present = ops.cast(either > 0, "float32")
        return ops.divide_no_nan(ops.sum(ops.divide_no_nan(both, either)), ops.sum(present))


class BinaryIoU(IoU):
    """Intersection over union of two classes, 0 and 1, by a threshold.

    Args:
        target_class_ids: The classes whose mean is asked for.
        threshold: The score from which on a prediction is of class 1.

    >>> round(float(BinaryIoU(target_class_ids=[0, 1])([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
    0.5833
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of labels 0 and 1 and of scores, of any shape."""
        y_pred = ops.cast(ops.cast(y_pred, "float32") >= self.threshold, "int32")
        super().update_state(y_true, y_pred, sample_weight)


class MeanIoU(IoU):
    """Intersection over union, averaged over all classes.

    Args:
        num_classes: How many classes there are.
        ignore_class: A label that does not count.
        sparse_y_true: Whether labels are class numbers rather than one-hot.
        sparse_y_pred: Whether predictions are class numbers rather than scores of the classes.
        axis: The axis of the classes where labels or predictions are not class numbers.

    >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(num_classes),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )


class OneHotIoU(IoU):
    """`IoU` of one-hot labels and, by default, scores of the classes.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes whose mean is asked for.
        ignore_class: A label that does not count.
        sparse_y_pred: Whether predictions are class numbers.
        axis: The axis of the classes.

    >>> metric = OneHotIoU(num_classes=2, target_class_ids=[1])
    >>> round(float(metric([[1, 0], [0, 1]], [[0.2, 0.8], [0.1, 0.9]])), 4)
    0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot labels and, by default, scores of the classes.

    Args:
        num_classes: How many classes there are.
        ignore_class: A label that does not count.
        sparse_y_pred: Whether predictions are class numbers.
        axis: The axis of the classes.

    >>> metric = OneHotMeanIoU(num_classes=2)
    >>> round(float(metric([[1, 0], [0, 1]], [[0.2, 0.8], [0.1, 0.9]])), 4)
    0.25
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
