"""Losses of probabilities: cross-entropies, their focal forms, divergence, likelihood of counts."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from .. import config, ops
from ..errors import ShapeError
from ..ops._define import dtype_of, tensor
from ..scope import get_logits, set_mask
from ..spec import normalize_axis, shape_of
from .loss import LossFunctionWrapper, expects, floats


def _logits(y_pred: Any, from_logits: bool, function: str, axis: int = -1) -> tuple[Any, bool]:
    """The logits behind probabilities that an activation has made, where they are known."""
    known = None if from_logits else get_logits(y_pred)
    if known is None or known[0] != function:
        return y_pred, from_logits
    _, along, logits = known
    rank = len(shape_of(y_pred))
    if function == "softmax" and (not isinstance(along, int) or (along - axis) % rank):
        return y_pred, from_logits
    return logits, True


@expects("binary")
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``mean(-t log(p) - (1 - t) log(1 - p))`` over `axis`, of independent yes-or-no labels.

    Args:
        y_true: Labels from 0 to 1.
        y_pred: Probabilities or, with `from_logits`, the numbers whose sigmoid they are.
        from_logits: What `y_pred` holds.
        label_smoothing: By how much labels move towards 1/2: 0.1 makes 0.05 and 0.95 of 0 and 1.
        axis: The axis of the mean.

    >>> round(float(binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
    0.6931
    """
    y_pred, from_logits = _logits(y_pred, from_logits, "sigmoid")
    y_true, y_pred = floats(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits), axis)


@expects("binary")
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross-entropy in which well predicted labels weigh less: times ``(1 - p_t)**gamma``.

    ``p_t`` is the probability given to the right answer (T.-Y. Lin et al., Focal loss for dense
    object detection, 2017). With `apply_class_balancing`, ones weigh `alpha`, zeros ``1 - alpha``.

    >>> round(float(binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
    0.1733
    """
    y_true, y_pred = floats(y_true, y_pred)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    right = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)
    value = ops.power(1.0 - right, gamma) * ops.binary_crossentropy(y_true, y_pred)
    if apply_class_balancing:
        value = value * (y_true * alpha + (1.0 - y_true) * (1.0 - alpha))
    return ops.mean(value, axis)


def _one_hot(
    y_true: Any, y_pred: Any, axis: int, label_smoothing: float, what: str
) -> tuple[Any, Any]:
    """Labels and probabilities of classes along `axis` as floats, labels smoothed."""
    if isinstance(axis, bool):
        raise ValueError(f"{what}: axis must be an int, got {axis}.")
    y_true, y_pred = floats(y_true, y_pred)
    if shape_of(y_pred)[-1:] == (1,):
        warnings.warn(
            f"{what} of a single class (predictions {shape_of(y_pred)}) is constant: nothing is learned. "
            "For two classes in one output use binary_crossentropy.",
            SyntaxWarning,
            stacklevel=3,
        )
    if label_smoothing:
        classes = shape_of(y_true)[-1]
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / classes
    return y_true, y_pred


@expects("one_hot")
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``-sum(t log(p))`` along `axis`, of one-hot labels.

    Args:
        y_true: Probabilities of the classes, mostly one-hot.
        y_pred: Probabilities or, with `from_logits`, the numbers whose softmax they are.
        from_logits: What `y_pred` holds.
        label_smoothing: The share of a label that is spread evenly over all classes.
        axis: The axis of the classes.

    >>> round(float(categorical_crossentropy([[0.0, 1.0]], [[0.75, 0.25]])[0]), 4)
    1.3863
    """
    y_pred, from_logits = _logits(y_pred, from_logits, "softmax", axis)
    y_true, y_pred = _one_hot(y_true, y_pred, axis, label_smoothing, "categorical_crossentropy")
    return ops.categorical_crossentropy(y_true, y_pred, from_logits, axis)


@expects("one_hot")
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """``sum(-alpha (1 - p)**gamma t log(p))`` along `axis`: well predicted classes weigh less.

    `alpha` may be one number for each class.
    After T.-Y. Lin et al., Focal loss for dense object detection, 2017.

    >>> round(float(categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
    0.0433
    """
    what = "categorical_focal_crossentropy"
    y_true, y_pred = _one_hot(y_true, y_pred, axis, label_smoothing, what)
    if from_logits:
        y_pred = ops.softmax(y_pred, axis)
    least = config.epsilon()
    p = ops.clip(y_pred / ops.sum(y_pred, axis, keepdims=True), least, 1.0 - least)
    weight = ops.multiply(ops.power(1.0 - p, gamma), alpha)
    return -ops.sum(weight * y_true * ops.log(p), axis)


@expects("classes")
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """``-log(p[y_true])``: categorical cross-entropy of integer labels.

    Args:
        y_true: Class numbers, in the shape of `y_pred` without `axis` (or with 1 there).
        y_pred: Probabilities or, with `from_logits`, the numbers whose softmax they are.
        from_logits: What `y_pred` holds.
        ignore_class: A label that does not count: its loss is 0 and masked.
        axis: The axis of the classes.

    >>> round(float(sparse_categorical_crossentropy([1], [[0.75, 0.25]])[0]), 4)
    1.3863
    """
    y_pred, from_logits = _logits(y_pred, from_logits, "softmax", axis)
    y_true, y_pred = tensor(y_true), tensor(y_pred)
    axis = normalize_axis(axis, len(shape_of(y_pred)))
    if len(shape_of(y_true)) == len(shape_of(y_pred)) and shape_of(y_true)[axis] == 1:
        y_true = ops.squeeze(y_true, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    valid = ops.not_equal(y_true, ignore_class)
    y_true = ops.where(valid, y_true, 0)
    y_pred = ops.where(ops.expand_dims(valid, axis), y_pred, 1)
    value = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits, axis)
    value = ops.where(valid, value, 0.0)
    set_mask(value, valid)
    return value


@expects("classes")
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """``(1 - p[y_true]**q) / q``: a cross-entropy that wrong labels disturb less.

    Between cross-entropy (`q` near 0) and mean absolute error (`q` near 1); labels are class
    numbers (Z. Zhang and M. Sabuncu, Generalized cross entropy loss for training deep neural
    networks with noisy labels, 2018).

    >>> round(float(categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)[0]), 4)
    1.0
    """
    y_true, y_pred = tensor(y_true), tensor(y_pred)
    if len(shape_of(y_true)) == len(shape_of(y_pred)) and shape_of(y_true)[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    classes = shape_of(y_pred)[-1]
    chosen = ops.one_hot(ops.cast(y_true, "int32"), classes, dtype=dtype_of(y_pred))
    if len(shape_of(chosen)) != len(shape_of(y_pred)):
        raise ShapeError(
            f"categorical_generalized_cross_entropy: labels {shape_of(y_true)} must have the shape of "
            f"the predictions {shape_of(y_pred)} without the last axis. They are class numbers, not one-hot."
        )
    p = ops.maximum(ops.sum(y_pred * chosen, -1), 1e-30)  # the derivative at 0 is infinite
    return (1.0 - ops.power(p, q)) / q


@expects("values")
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Kullback-Leibler divergence ``sum(t log(t / p))`` of distributions along the last axis.

    >>> round(float(kl_divergence([[0.5, 0.5]], [[0.75, 0.25]])[0]), 4)
    0.1438
    """
    y_true, y_pred = floats(y_true, y_pred)
    least = config.epsilon()
    y_true, y_pred = ops.clip(y_true, least, 1.0), ops.clip(y_pred, least, 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), -1)


@expects("values")
def poisson(y_true: Any, y_pred: Any) -> Any:
    """``mean(y_pred - y_true log(y_pred))`` over the last axis: counts with the expected rates `y_pred`.

    >>> poisson([[1.0, 2.0]], [[1.0, 1.0]]).tolist()
    [0.9999998211860657]
    """
    y_true, y_pred = floats(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), -1)


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy of independent yes-or-no labels, see `binary_crossentropy`.

    Args:
        from_logits: Whether predictions are numbers whose sigmoid is the probability.
        label_smoothing: By how much labels move towards 1/2.
        axis: The axis of the mean.

    >>> round(float(BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy, reduction, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy that looks at hard labels, see `binary_focal_crossentropy`.

    Args:
        apply_class_balancing: Whether ones weigh `alpha` and zeros ``1 - alpha``.
        alpha: Weight of ones.
        gamma: How much less well predicted labels weigh; 0 for not at all.
        from_logits: Whether predictions are numbers whose sigmoid is the probability.
        label_smoothing: By how much labels move towards 1/2.
        axis: The axis of the mean.

    >>> round(float(BinaryFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy, reduction, name, dtype,
            apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one-hot labels, see `categorical_crossentropy`.

    Args:
        from_logits: Whether predictions are numbers whose softmax is the probability.
        label_smoothing: The share of a label that is spread evenly over all classes.
        axis: The axis of the classes.

    >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])), 4)
    1.3863
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy, reduction, name, dtype,
            from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Categorical cross-entropy that looks at hard samples, see `categorical_focal_crossentropy`.

    Args:
        alpha: Factor of the loss, a number or one per class.
        gamma: How much less well predicted classes weigh; 0 for not at all.
        from_logits: Whether predictions are numbers whose softmax is the probability.
        label_smoothing: The share of a label that is spread evenly over all classes.
        axis: The axis of the classes.

    >>> round(float(CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
    0.0433
    """

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy, reduction, name, dtype,
            alpha=alpha, gamma=gamma, from_logits=from_logits,
            label_smoothing=label_smoothing, axis=axis,
        )  # fmt: skip


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of integer labels, see `sparse_categorical_crossentropy`.

    Args:
        from_logits: Whether predictions are numbers whose softmax is the probability.
        ignore_class: A label that does not count.
        axis: The axis of the classes.

    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.75, 0.25]])), 4)
    1.3863
    """

    _later = {"dtype": None, "axis": -1}

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy, reduction, name, dtype,
            from_logits=from_logits, ignore_class=ignore_class, axis=axis,
        )  # fmt: skip


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """Cross-entropy of integer labels some of which are wrong.

    See `categorical_generalized_cross_entropy`.

    Args:
        q: Between 0 (cross-entropy) and 1 (mean absolute error), both excluded.

    >>> round(float(CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]])), 4)
    1.0
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(
                f"CategoricalGeneralizedCrossEntropy: q must lie between 0 and 1, got {q}."
            )
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)


class KLDivergence(LossFunctionWrapper):
    """Kullback-Leibler divergence of distributions, see `kl_divergence`.

    >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.75, 0.25]])), 4)
    0.1438
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """Minus the log likelihood of counts, but for a constant, see `poisson`.

    >>> round(float(Poisson()([[1.0, 2.0]], [[1.0, 1.0]])), 4)
    1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
