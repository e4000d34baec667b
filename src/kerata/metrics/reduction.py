"""Sums and means of values over batches, and the metric that is the mean of a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .. import ops, tree
from ..errors import ShapeError
from ..losses.loss import Loss, align, apply_mask, same_rank
from ..ops._define import tensor
from ..scope import get_mask
from ..spec import Spec, shape_of, unprobe
from .metric import Metric


def _weighted(values: Any, weight: Any, dtype: str) -> tuple[Any, Any]:
    """Values and weights of one rank: weights have the values' leading axes, and 1 for the others."""
    mask = get_mask(values)
    weight = apply_mask(weight, mask, dtype, "sum")
    values, weight = same_rank(ops.cast(values, dtype), ops.cast(weight, dtype))
    v, w = shape_of(values), shape_of(weight)
    if len(w) > len(v):
        if v:
            raise ShapeError(
                f"sample_weight of shape {unprobe(w)} does not fit values of shape {unprobe(v)}: "
                "give one weight per value, or one per sample."
            )
        values = ops.broadcast_to(values, w)  # one value for the batch, a weight per sample
    elif w:
        leading = v[: len(w)]
        weight = weight if w == leading else ops.broadcast_to(weight, leading)
        weight = ops.reshape(weight, (*leading, *(1,) * (len(v) - len(w))))
    return values, weight


def _others(shape: Sequence[int]) -> int:
    """Elements per sample."""
    return max(1, math.prod(shape[1:]))


class Sum(Metric):
    """The sum of all values, times their weights.

    >>> metric = Sum()
    >>> metric.update_state([1.0, 3.0])
    >>> float(metric([5.0, 7.0], sample_weight=[1.0, 0.0]))
    9.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(dtype=self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: Values of any shape.
            sample_weight: Weights of the leading axes of `values`.
        """
        values = tensor(values)
        if sample_weight is not None:
            values, weight = _weighted(values, sample_weight, self.dtype)
            values = values * weight
        self.total.assign(self.total + ops.sum(ops.cast(values, self.dtype)))

    def result(self) -> Any:
        """The sum."""
        return self.total.value


class Mean(Metric):
    """The mean of all values, weighted.

    >>> metric = Mean()
    >>> metric.update_state([1.0, 3.0])
    >>> float(metric([5.0, 7.0], sample_weight=[1.0, 0.0]))
    3.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(dtype=self.dtype, name="total")
        self.count = self.add_variable(dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values into the mean. A batch counts by its samples, so that later axes are averaged.

        Args:
            values: Values of any shape, samples along the first axis.
            sample_weight: Weights of the leading axes of `values`.
        """
        values = tensor(values)
        if sample_weight is None:
            total, count = self._plain(values)
        elif isinstance(sample_weight, (int, float)):
            total, count = self._plain(ops.mean(values) if shape_of(values) else values)
            total, count = total * sample_weight, count * sample_weight
        else:
            total, count = self._with_weights(values, sample_weight)
        self.total.assign(self.total + total)
        if not isinstance(total, Spec):  # sizes met while shapes are inferred are none to count
            self.count.assign(self.count + count)

    def _plain(self, values: Any) -> tuple[Any, float]:
        # The count is known while compiling: one sum is all that the step computes.
        shape = shape_of(values)
        total = ops.cast(values, self.dtype)
        if shape:
            total = ops.sum(total)
            if (n := _others(shape)) > 1:
                total = total / n
        return total, (shape[0] if shape else 1)

    def _with_weights(self, values: Any, weight: Any) -> tuple[Any, Any]:
        scalar = not shape_of(weight) and get_mask(values) is None
        if scalar and shape_of(values):
            values = ops.mean(ops.cast(values, self.dtype))
        values, weight = _weighted(values, weight, self.dtype)
        shape = shape_of(values)
        total, count = ops.sum(values * weight), ops.sum(weight)
        if len(shape) > 1:
            total, count = total / _others(shape), count / _others(shape_of(weight))
        return total, count

    def result(self) -> Any:
        """The mean; 0 where nothing was counted."""
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function ``fn(y_true, y_pred, **kwargs)``, which gives a value per sample.

    Args:
        fn: The function: it may give any shape, also one number for the batch.
        name: Name of the metric.
        dtype: dtype of the state.
        kwargs: Further arguments of `fn`.

    >>> from kerata import ops
    >>> metric = MeanMetricWrapper(lambda t, p: ops.absolute(t - p), name="distance")
    >>> float(metric([1.0, 2.0], [1.5, 2.0]))
    0.25
    """

    _open_arguments = True  # those of `fn`

    def __init__(
        self, fn: Callable, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        if type(self) is not MeanMetricWrapper:
            self.__dict__.update(kwargs)
        elif isinstance(fn, Loss) or hasattr(fn, "labels"):
            self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into the mean.

        Args:
            y_true: Labels.
            y_pred: Predictions; a mask attached to them leaves masked steps out.
            sample_weight: Weights of samples, or of what `fn` gives.
        """
        mask = get_mask(y_pred)
        if sample_weight is not None:
            sample_weight = tensor(sample_weight, self.dtype)
        y_true, y_pred = _tensor(y_true), _tensor(y_pred)
        if not tree.is_nested(y_true) and not tree.is_nested(y_pred):
            y_true, y_pred = align(y_true, y_pred, sample_weight, mask)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        weight = apply_mask(sample_weight, mask, self.dtype, "sum")
        super().update_state(values, sample_weight=weight)


def _tensor(x: Any) -> Any:
    """A tensor; a structure of tensors, for functions of several, stays."""
    if tree.is_nested(x) and any(hasattr(v, "shape") for v in tree.flatten(x)):
        return x
    return tensor(x)
