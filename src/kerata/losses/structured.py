"""Losses of regions, of embeddings and of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import config, ops
from ..errors import ShapeError
from ..ops._define import tensor
from ..scope import set_mask
from ..spec import shape_of, unprobe
from .loss import LossFunctionWrapper, expects, floats

Axis = int | Sequence[int] | None

# A similarity that takes part in no sum of exponentials. Finite, so that the gradient where all are
# left out is zero rather than NaN.
_NONE = -1e30


@expects("values")
def dice(y_true: Any, y_pred: Any, axis: Axis = None) -> Any:
    """``1 - 2 sum(t p) / (sum(t) + sum(p))`` along `axis`: how little two regions overlap.

    Sørensen's and Dice's coefficient; `axis` ``None`` takes everything as one region.

    >>> round(float(dice([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.5
    """
    y_true, y_pred = floats(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis)
    return 1.0 - 2.0 * both / (ops.sum(y_true, axis) + ops.sum(y_pred, axis) + config.epsilon())


@expects("values")
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None
) -> Any:
    """``1 - TP / (TP + alpha sum(t (1 - p)) + beta sum(p (1 - t)))`` along `axis`.

    `alpha` weighs what is missed, `beta` what is wrongly found; 0.5 and 0.5 make it `dice` (S. S. M.
    Salehi et al., Tversky loss function for image segmentation, 2017).

    >>> round(float(tversky([[1.0, 0.0]], [[0.5, 0.5]], alpha=1.0, beta=0.0)), 4)
    0.5
    """
    y_true, y_pred = floats(y_true, y_pred)
    both = ops.sum(y_true * y_pred, axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis)
    wrong = ops.sum(y_pred * (1.0 - y_true), axis)
    return 1.0 - both / (both + alpha * missed + beta * wrong + config.epsilon())


def _labels_column(labels: Any) -> Any:
    labels = ops.cast(labels, "int32")
    return ops.reshape(labels, (-1, 1)) if len(shape_of(labels)) == 1 else labels


@expects("identities")
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """Circle loss: pulls embeddings of one class together and pushes those of others apart.

    Each sample is compared with all of the batch, or with the given references (Y. Sun et al.,
    Circle loss: a unified perspective of pair similarity optimization, 2020). Samples without loss
    are masked.

    Args:
        y_true: (n,) class numbers.
        y_pred: (n, d) embeddings of length 1.
        ref_labels: (m,) class numbers of the references.
        ref_embeddings: (m, d) references; the batch itself by default.
        remove_diagonal: Whether a sample is not compared with itself.
        gamma: Scale of the similarities.
        margin: How much nearer the own class has to be.

    >>> round(float(circle([1, 1, 2], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])[0]), 1)
    134.4
    """
    y_pred = tensor(y_pred)
    labels = _labels_column(y_true)
    others = y_pred if ref_embeddings is None else tensor(ref_embeddings)
    other_labels = labels if ref_labels is None else _labels_column(ref_labels)
    distance = ops.maximum(1.0 - ops.matmul(y_pred, ops.transpose(others)), 0.0)
    same = ops.equal(labels, ops.transpose(other_labels))
    different = ops.logical_not(same)
    if remove_diagonal:
        n, m = shape_of(same)
        same = ops.logical_and(same, ops.logical_not(ops.eye(n, m, dtype="bool")))
    near_weight = ops.maximum(margin + distance, 0.0)
    far_weight = ops.maximum(1.0 + margin - distance, 0.0)
    near = ops.where(same, -gamma * near_weight * (margin - distance), _NONE)
    far = ops.where(different, gamma * far_weight * (1.0 - margin - distance), _NONE)
    value = ops.softplus(ops.logsumexp(near, 1) + ops.logsumexp(far, 1))
    set_mask(value, ops.greater(value, 0))
    return value


@expects("sequences")
def ctc(y_true: Any, y_pred: Any) -> Any:
    """Connectionist temporal classification: labels of a sequence whose places are not known.

    Args:
        y_true: (n, labels) class numbers from 1, filled up with 0, which is the blank.
        y_pred: (n, steps, classes) logits.

    A. Graves et al., Connectionist temporal classification, 2006.

    >>> round(float(ctc([[1, 0]], [[[0.0, 2.0], [0.0, 2.0]]])[0]), 4)
    0.0143
    """
    y_true, y_pred = tensor(y_true), tensor(y_pred)
    labels, outputs = shape_of(y_true), shape_of(y_pred)
    if len(labels) != 2 or len(outputs) != 3:
        raise ShapeError(
            f"ctc: labels must be (batch, length) and predictions (batch, steps, classes), got "
            f"{unprobe(labels)} and {unprobe(outputs)}."
        )
    lengths = ops.sum(ops.cast(ops.not_equal(y_true, 0), "int32"), -1)
    steps = ops.full((outputs[0],), outputs[1], dtype="int32")
    return ops.ctc_loss(ops.cast(y_true, "int32"), y_pred, lengths, steps, mask_index=0)


class Dice(LossFunctionWrapper):
    """How little labels and predictions overlap as regions, see `dice`.

    Args:
        axis: The axes of a region; all by default.

    >>> round(float(Dice()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """How little labels and predictions overlap, with weights for both kinds of error.

    See `tversky`.

    Args:
        alpha: Weight of what is missed.
        beta: Weight of what is wrongly found.
        axis: The axes of a region; all by default.

    >>> round(float(Tversky(alpha=1.0, beta=0.0)([[1.0, 0.0]], [[0.5, 0.5]])), 4)
    0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(LossFunctionWrapper):
    """Embeddings of one class together, those of others apart, see `circle`.

    Args:
        gamma: Scale of the similarities.
        margin: How much nearer the own class has to be.
        remove_diagonal: Whether a sample is not compared with itself.

    >>> round(float(Circle()([1, 1, 2], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])), 1)
    94.4
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            circle, reduction, name, dtype,
            gamma=gamma, margin=margin, remove_diagonal=remove_diagonal,
        )  # fmt: skip


class CTC(LossFunctionWrapper):
    """Labels of sequences whose places are not known, see `ctc`.

    >>> round(float(CTC()([[1, 0]], [[[0.0, 2.0], [0.0, 2.0]]])), 4)
    0.0143
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "ctc",
        dtype: Any = None,
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
