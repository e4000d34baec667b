"""Activations, normalization and losses of networks."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import ShapeError
from ...scope import get_logits
from ...spec import normalize_axis, shape_of, unprobe
from ._define import axes, backend_op
from .shapes import normalize_data_format

Tensor = Any


def relu(x: Tensor, alpha: Any = 0.0, max_value: Any = None, threshold: float = 0.0) -> Tensor:
    """``x`` above `threshold`, ``alpha * (x - threshold)`` below it, at most `max_value`.

    >>> relu([-2.0, 1.0, 9.0], alpha=0.5, max_value=6.0).tolist()
    [-1.0, 1.0, 6.0]
    """
    if isinstance(alpha, (int, float)) and alpha == 0 and threshold == 0 and max_value is None:
        return ops.relu(x)
    out = ops.where(ops.greater(x, threshold), x, 0.0) if threshold else ops.relu(x)
    if max_value is not None:
        out = ops.clip(out, 0.0, max_value)
    if isinstance(alpha, (int, float)) and alpha == 0:
        return out
    return ops.subtract(out, ops.multiply(alpha, ops.relu(ops.subtract(threshold, x))))


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """``x`` above 0, ``alpha * (exp(x) - 1)`` below.

    >>> elu([-100.0, 2.0], 0.5).tolist()
    [-0.5, 2.0]
    """
    return ops.elu(x, alpha)


def softmax(x: Tensor, axis: Any = -1) -> Tensor:
    """``exp(x)`` divided by its sum along an axis.

    >>> softmax([[1.0, 1.0]]).tolist()
    [[0.5, 0.5]]
    """
    if len(shape_of(x)) < 2:
        raise ShapeError(f"softmax: x needs 2 axes or more, got {unprobe(shape_of(x))}.")
    return ops.softmax(x, axes(axis))


def l2_normalize(x: Tensor, axis: Any = None) -> Tensor:
    """`x` divided by its Euclidean norm along axes, or by that of everything.

    >>> l2_normalize([3.0, 4.0]).tolist()
    [0.6..., 0.8...]
    """
    squares = ops.sum(ops.square(x), axes(axis), keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(squares, 1e-12)))


def in_top_k(predictions: Tensor, targets: Tensor, k: int) -> Tensor:
    """Whether each sample's class is among the `k` with the largest predictions.

    >>> in_top_k([[0.1, 0.7, 0.2]], [2], 2).tolist()
    [True]
    """
    return ops.in_top_k(targets, predictions, k)


@backend_op
def bias_add(x: Tensor, bias: Tensor, data_format: Any = None) -> Tensor:
    """A bias for each channel, or for each place and channel, added.

    >>> bias_add([[[0.0, 0.0], [0.0, 0.0]]], [1.0, 2.0]).tolist()
    [[[1.0, 2.0], [1.0, 2.0]]]
    """
    first = normalize_data_format(data_format) == "channels_first"
    size, rank = shape_of(bias), len(shape_of(x))
    if len(size) not in (1, rank - 1):
        raise ShapeError(
            f"bias_add: bias needs 1 axis or {rank - 1}, got {unprobe(size)} for x {unprobe(shape_of(x))}."
        )
    if first and rank > 2:
        if len(size) == 1:
            bias = ops.reshape(bias, (size[0], *[1] * (rank - 2)))
        else:
            bias = ops.moveaxis(bias, -1, 0)
    return ops.add(x, bias)


# --- normalization ------------------------------------------------------------------------------


def _spread(weight: Any, axis: int, rank: int) -> Any:
    """A weight for each channel in the shape that broadcasts along the others' axes."""
    if weight is None:
        return None
    if rank == 4 and len(shape_of(weight)) > 1:
        weight = ops.reshape(weight, (-1,))
    if len(shape_of(weight)) != 1:
        return weight
    return ops.reshape(weight, [-1 if i == axis else 1 for i in range(rank)])


@backend_op
def batch_normalization(
    x: Tensor,
    mean: Tensor,
    var: Tensor,
    beta: Tensor | None,
    gamma: Tensor | None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Tensor:
    """``(x - mean) / sqrt(var + epsilon) * gamma + beta``, these given per channel on `axis`.

    >>> batch_normalization([[1.0], [3.0]], [2.0], [1.0], [0.5], None, epsilon=0.0).tolist()
    [[-0.5], [1.5]]
    """
    rank = len(shape_of(x))
    axis = normalize_axis(axis, rank)
    mean, var, beta, gamma = (_spread(w, axis, rank) for w in (mean, var, beta, gamma))
    scale = ops.rsqrt(ops.add(var, epsilon))
    if gamma is not None:
        scale = ops.multiply(scale, gamma)
    out = ops.multiply(ops.subtract(x, mean), scale)
    return out if beta is None else ops.add(out, beta)


@backend_op
def normalize_batch_in_training(
    x: Tensor, gamma: Tensor | None, beta: Tensor | None, reduction_axes: Any, epsilon: float = 1e-3
) -> tuple[Tensor, Tensor, Tensor]:
    """`x` normalized by its own mean and variance along axes, and these two.

    >>> y, mean, var = normalize_batch_in_training([[1.0], [3.0]], None, None, [0], epsilon=0.0)
    >>> y.tolist(), mean.tolist(), var.tolist()
    ([[-1.0], [1.0]], [2.0], [1.0])
    """
    mean, var = ops.moments(x, tuple(reduction_axes))
    shape = [1 if i in reduction_axes else d for i, d in enumerate(shape_of(x))]

    def spread(w: Any) -> Any:
        return None if w is None else ops.reshape(w, shape)

    scale = ops.rsqrt(ops.add(spread(var), epsilon))
    if gamma is not None:
        scale = ops.multiply(scale, spread(gamma))
    out = ops.multiply(ops.subtract(x, spread(mean)), scale)
    return (out if beta is None else ops.add(out, spread(beta))), mean, var


# --- losses -------------------------------------------------------------------------------------


def _logits(output: Any, from_logits: bool, function: str, axis: int = -1) -> tuple[Any, bool]:
    """The logits that a sigmoid or softmax has left behind, where they are known."""
    known = None if from_logits else get_logits(output)
    if known is None or known[0] != function:
        return output, from_logits
    if function == "softmax":
        rank = len(shape_of(output))
        if not isinstance(known[1], int) or known[1] % rank != axis % rank:
            return output, from_logits
    return known[2], True


def binary_crossentropy(target: Tensor, output: Tensor, from_logits: bool = False) -> Tensor:
    """``-t log(p) - (1 - t) log(1 - p)``, element by element, of probabilities or logits.

    >>> binary_crossentropy([0.0, 1.0], [0.5, 0.5]).tolist()
    [0.69314..., 0.69314...]
    """
    output, from_logits = _logits(output, from_logits, "sigmoid")
    return _binary(target, output, from_logits)


@backend_op
def _binary(target: Tensor, output: Tensor, from_logits: bool) -> Tensor:
    """Binary cross-entropy; the two shapes may broadcast."""
    if shape_of(target) != shape_of(output):
        target = ops.add(ops.cast(target, ops.dtype(output)), ops.zeros_like(output))
        output = ops.add(output, ops.zeros_like(target))
    return ops.binary_crossentropy(target, output, from_logits)


@backend_op
def binary_focal_crossentropy(
    target: Tensor,
    output: Tensor,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
) -> Tensor:
    """Binary cross-entropy times ``(1 - p) ** gamma`` (Lin et al. 2018), `p` being that of the truth.

    >>> binary_focal_crossentropy([1.0], [0.5], gamma=1.0).tolist()
    [0.34657...]
    """
    target = ops.cast(target, ops.dtype(output))
    p = ops.sigmoid(output) if from_logits else output
    hit = ops.add(
        ops.multiply(target, p), ops.multiply(ops.subtract(1, target), ops.subtract(1, p))
    )
    out = ops.multiply(
        ops.power(ops.subtract(1, hit), gamma), ops.binary_crossentropy(target, output, from_logits)
    )
    if not apply_class_balancing:
        return out
    weight = ops.add(ops.multiply(target, alpha), ops.multiply(ops.subtract(1, target), 1 - alpha))
    return ops.multiply(weight, out)


def categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """``-sum(t log(p))`` along an axis, of probabilities or logits.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).tolist()
    [0.69314...]
    """
    output, from_logits = _logits(output, from_logits, "softmax", axis)
    return ops.categorical_crossentropy(target, output, from_logits, axis)


@backend_op
def categorical_focal_crossentropy(
    target: Tensor,
    output: Tensor,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    axis: int = -1,
) -> Tensor:
    """Categorical cross-entropy whose terms are multiplied by ``alpha * (1 - p) ** gamma``.

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]], alpha=1.0, gamma=1.0).tolist()
    [0.34657...]
    """
    from ... import config

    if from_logits:
        output = ops.softmax(output, axis)
    output = ops.divide(output, ops.sum(output, axis, keepdims=True))
    p = ops.clip(output, config.epsilon(), 1.0 - config.epsilon())
    terms = ops.multiply(ops.cast(target, ops.dtype(output)), ops.negative(ops.log(p)))
    weight = ops.multiply(ops.power(ops.subtract(1.0, p), gamma), alpha)
    return ops.sum(ops.multiply(weight, terms), axis)


def sparse_categorical_crossentropy(
    target: Tensor,
    output: Tensor,
    from_logits: bool = False,
    axis: int = -1,
    ignore_class: int | None = None,
) -> Tensor:
    """``-log(p)`` of whole-number classes, of probabilities or logits.

    `target` has the sizes of `output` without `axis`, in whatever shape. Places of the class
    `ignore_class` give 0.

    >>> sparse_categorical_crossentropy([[1]], [[0.5, 0.5]]).tolist()
    [0.69314...]
    """
    output, from_logits = _logits(output, from_logits, "softmax", axis)
    return _sparse(target, output, from_logits, axis, ignore_class)


@backend_op
def _sparse(
    target: Tensor, output: Tensor, from_logits: bool, axis: int, ignore_class: int | None
) -> Tensor:
    """Categorical cross-entropy of whole-number classes."""
    shape = list(shape_of(output))
    del shape[normalize_axis(axis, len(shape))]
    target = ops.reshape(ops.cast(target, "int32"), shape)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)
    valid = ops.not_equal(target, ignore_class)
    loss = ops.sparse_categorical_crossentropy(
        ops.where(valid, target, 0), output, from_logits, axis
    )
    return ops.where(valid, loss, 0.0)
