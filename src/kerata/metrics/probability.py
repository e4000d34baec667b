"""Means of losses of probabilities."""

from __future__ import annotations

from typing import Any

from ..losses.probability import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from .reduction import MeanMetricWrapper


class KLDivergence(MeanMetricWrapper):
    """Mean Kullback-Leibler divergence of labels from predictions, see `kl_divergence`.

    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.75, 0.25]])), 4)
    0.1438
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """Mean of ``y_pred - y_true log(y_pred)``, see `poisson`.

    >>> round(float(Poisson()([[1.0, 2.0]], [[1.0, 1.0]])), 4)
    1.0
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """Mean cross-entropy of labels 0 and 1, see `binary_crossentropy`.

    Args:
        from_logits: Whether predictions are numbers whose sigmoid is the probability.
        label_smoothing: By how much labels move towards 1/2.

    >>> round(float(BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
        )


class CategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross-entropy of one-hot labels, see `categorical_crossentropy`.

    Args:
        from_logits: Whether predictions are numbers whose softmax is the probability.
        label_smoothing: The share of a label that is spread evenly over all classes.
        axis: The axis of the classes.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])), 4)
    1.3863
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Mean cross-entropy of class numbers, see `sparse_categorical_crossentropy`.

    Args:
        from_logits: Whether predictions are numbers whose softmax is the probability.
        ignore_class: A label whose loss is 0.
        axis: The axis of the classes.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.75, 0.25]])), 4)
    1.3863
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
