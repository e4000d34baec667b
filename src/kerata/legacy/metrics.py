"""Metrics that Keras 3 has not: classes of tf.keras, functions of Keras 1."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..engine import engine
from ..errors import InputError, NotBuiltError, ShapeError
from ..losses.loss import same_rank
from ..metrics.metric import Metric
from ..metrics.reduction import Mean
from ..ops._define import tensor
from ..spec import Spec, shape_of, unprobe


class MeanRelativeError(Mean):
    """Mean of absolute errors, each divided by a number given beforehand.

    Args:
        normalizer: The numbers, in the shape of the predictions (or one that broadcasts to it). Where
            one is 0 the error counts as 0.
        name, dtype: As of `Mean`.

    >>> metric = MeanRelativeError([1.0, 3.0, 2.0, 3.0])
    >>> float(metric([1.0, 3.0, 2.0, 3.0], [2.0, 4.0, 6.0, 8.0]))
    1.25
    """

    _direction = "down"

    def __init__(self, normalizer: Any, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name or "mean_relative_error", dtype)
        self.normalizer = np.asarray(normalizer, dtype=self.dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take errors into the mean."""
        y_pred, y_true = same_rank(
            ops.cast(tensor(y_pred), self.dtype), ops.cast(tensor(y_true), self.dtype)
        )
        errors = ops.absolute(ops.subtract(y_true, y_pred))
        normalizer = self.normalizer
        if normalizer.ndim < len(shape_of(errors)) and normalizer.shape[-1:] == (1,):
            normalizer = normalizer[..., 0]
        super().update_state(ops.divide_no_nan(errors, normalizer), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments, the numbers as lists."""
        return {"name": self.name, "dtype": self.dtype, "normalizer": self.normalizer.tolist()}


class MeanTensor(Metric):
    """The mean of tensors of one shape, element by element.

    Args:
        shape: The shape; that of the first tensor by default.

    >>> metric = MeanTensor()
    >>> metric.update_state([1.0, 4.0])
    >>> metric([3.0, 6.0]).tolist()
    [2.0, 5.0]
    """

    def __init__(
        self,
        name: str | None = "mean_tensor",
        dtype: Any = None,
        shape: Sequence[int] | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total: Any = None
        self.count: Any = None
        if shape is not None:
            self._make(shape)

    def _make(self, shape: Sequence[int]) -> None:
        if None in unprobe(tuple(shape)):
            raise ShapeError(
                f"MeanTensor keeps a number for each element: it needs a known shape, got {unprobe(tuple(shape))}. "
                "Give it as shape=."
            )
        self.total = self.add_variable(tuple(shape), name="total", dtype=self.dtype)
        self.count = self.add_variable(tuple(shape), name="count", dtype=self.dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take a tensor into the mean, with weights for its leading axes."""
        values = ops.cast(tensor(values), self.dtype)
        if self.total is None:
            self._make(shape_of(values))
        if tuple(shape_of(values)) != self.total.shape:
            raise ShapeError(
                f"MeanTensor follows tensors of the shape {self.total.shape}, got {unprobe(shape_of(values))}."
            )
        count = ops.ones_like(values)
        if sample_weight is not None:
            weight = ops.cast(tensor(sample_weight), self.dtype)
            missing = len(shape_of(values)) - len(shape_of(weight))
            weight = ops.reshape(weight, (*shape_of(weight), *(1,) * missing))
            values, count = ops.multiply(values, weight), ops.multiply(count, weight)
        self.total.assign(ops.add(self.total, values))
        self.count.assign(ops.add(self.count, count))

    def result(self) -> Any:
        """The mean; 0 where nothing was counted."""
        if self.total is None:
            raise NotBuiltError("MeanTensor has no value yet: call it, or update_state, first.")
        return ops.divide_no_nan(self.total, self.count)


class SumOverBatchSize(Metric):
    """The sum of weighted values over their number (not over the sum of the weights, as `Mean`).

    >>> float(SumOverBatchSize()([1.0, 3.0], sample_weight=[1.0, 0.0]))
    0.5
    """

    def __init__(self, name: str | None = "sum_over_batch_size", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(dtype=self.dtype, name="total")
        self.count = self.add_variable(dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values, with weights for their leading axes."""
        values = ops.cast(tensor(values), self.dtype)
        if sample_weight is not None:
            weight = ops.cast(tensor(sample_weight), self.dtype)
            missing = len(shape_of(values)) - len(shape_of(weight))
            values = ops.multiply(
                values, ops.reshape(weight, (*shape_of(weight), *(1,) * max(0, missing)))
            )
        self.total.assign(ops.add(self.total, ops.sum(values)))
        self.count.assign(ops.add(self.count, float(np.prod(shape_of(values)))))

    def result(self) -> Any:
        """The sum over the number."""
        return ops.divide_no_nan(self.total, self.count)


class PyMetric(Metric):
    """Base of metrics that compute with NumPy and Python.

    A subclass defines ``update_state(y_true, y_pred, sample_weight=None)``, which gets arrays,
    ``result()`` and ``reset_state()``. Compiled training cannot run it: ``compile(run_eagerly=True)``.

    >>> class Count(PyMetric):
    ...     def __init__(self):
    ...         super().__init__(name="count")
    ...         self.rows = 0
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.rows += len(y_true)
    ...     def result(self):
    ...         return self.rows
    >>> metric = Count()
    >>> metric.update_state([1.0, 2.0], [1.0, 3.0])
    >>> metric.result()
    2
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update_state" in cls.__dict__:
            cls.update_state = _on_arrays(cls.__dict__["update_state"])  # type: ignore[method-assign]

    def __init__(self, name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype)


def _on_arrays(update: Any) -> Any:
    @functools.wraps(update)
    def update_state(self: Any, *args: Any, **kwargs: Any) -> None:
        given = [*args, *kwargs.values()]
        if any(isinstance(x, Spec) for x in given):
            return
        if any(engine().is_tensor(x) and engine().is_tracing(x) for x in given):
            raise InputError(
                f"The metric {self.name!r} computes in Python, which compiled training cannot: "
                "compile(..., run_eagerly=True), or write it with keras.ops."
            )

        def array(x: Any) -> Any:
            return x if x is None else ops.convert_to_numpy(tensor(x))

        update(self, *map(array, args), **{k: array(v) for k, v in kwargs.items()})

    return update_state


# --- functions of Keras 1, of one batch ---------------------------------------------------------


def _rounded(x: Any) -> Any:
    return ops.round(ops.clip(tensor(x), 0, 1))


def precision(y_true: Any, y_pred: Any) -> Any:
    """Share of the predicted positives of a batch that are positive.

    >>> round(float(precision([1.0, 0.0], [0.9, 0.8])), 4)
    0.5
    """
    both = ops.sum(_rounded(ops.multiply(tensor(y_true), tensor(y_pred))))
    return ops.divide(both, ops.add(ops.sum(_rounded(y_pred)), config.epsilon()))


def recall(y_true: Any, y_pred: Any) -> Any:
    """Share of the positives of a batch that are predicted so.

    >>> round(float(recall([1.0, 1.0], [0.9, 0.2])), 4)
    0.5
    """
    both = ops.sum(_rounded(ops.multiply(tensor(y_true), tensor(y_pred))))
    return ops.divide(both, ops.add(ops.sum(_rounded(y_true)), config.epsilon()))


def fbeta_score(y_true: Any, y_pred: Any, beta: float = 1) -> Any:
    """Weighted harmonic mean of `precision` and `recall` of a batch.

    Args:
        beta: How many times the recall counts as much as the precision.

    >>> round(float(fbeta_score([1.0, 1.0, 0.0], [0.9, 0.2, 0.1], beta=2)), 4)
    0.5556
    """
    if beta < 0:
        raise InputError(f"fbeta_score: beta must not be below 0, got {beta}.")
    p, r = precision(y_true, y_pred), recall(y_true, y_pred)
    below = ops.add(ops.add(ops.multiply(beta**2, p), r), config.epsilon())
    return ops.divide(ops.multiply(1 + beta**2, ops.multiply(p, r)), below)


def fmeasure(y_true: Any, y_pred: Any) -> Any:
    """Harmonic mean of `precision` and `recall` of a batch.

    >>> round(float(fmeasure([1.0, 1.0, 0.0], [0.9, 0.2, 0.1])), 4)
    0.6667
    """
    return fbeta_score(y_true, y_pred, 1)


def matthews_correlation(y_true: Any, y_pred: Any) -> Any:
    """Correlation of labels and rounded predictions of a batch, of 0 and 1 (Matthews 1975).

    >>> round(float(matthews_correlation([1.0, 1.0, 0.0, 0.0], [0.9, 0.2, 0.1, 0.3])), 4)
    0.5774
    """
    t, p = _rounded(y_true), _rounded(y_pred)
    not_t, not_p = ops.subtract(1, t), ops.subtract(1, p)
    tp, tn = ops.sum(ops.multiply(t, p)), ops.sum(ops.multiply(not_t, not_p))
    fp, fn = ops.sum(ops.multiply(not_t, p)), ops.sum(ops.multiply(t, not_p))
    above = ops.subtract(ops.multiply(tp, tn), ops.multiply(fp, fn))
    first = ops.multiply(ops.add(tp, fp), ops.add(tp, fn))
    second = ops.multiply(ops.add(tn, fp), ops.add(tn, fn))
    below = ops.sqrt(ops.multiply(first, second))
    return ops.divide(above, ops.add(below, config.epsilon()))
