"""Cross-entropies between class labels and predictions."""

from __future__ import annotations

from typing import Any

from .. import config, dtypes
from ..errors import ShapeError
from ..spec import normalize_axis, unprobe
from . import math, reduce
from ._define import Tensor, dtype_of, op, shape_of
from .arrange import known, squeeze
from .create import one_hot


def _probabilities(output: Any) -> Any:
    low = config.epsilon()
    return math.clip(output, low, 1.0 - low)


def _agree(what: str, target: Any, output: Any) -> None:
    t, o = shape_of(target), shape_of(output)
    if len(t) != len(o) or any(a != b for a, b in zip(t, o) if known(a) and known(b)):
        raise ShapeError(
            f"{what}: target and output must have the same shape, got {unprobe(t)} and {unprobe(o)}."
        )


@op
def binary_crossentropy(target: Tensor, output: Tensor, from_logits: bool = False) -> Tensor:
    """``-t log(p) - (1 - t) log(1 - p)``, element by element.

    `output` holds probabilities (held within epsilon of 0 and 1) or, with `from_logits`, the
    numbers whose sigmoid they are.
    """
    _agree("binary_crossentropy", target, output)
    target = math.cast(target, dtypes.to_float(dtype_of(output)))
    if from_logits:
        # max(x, 0) - x t + log(1 + exp(-|x|)) overflows nowhere.
        tail = math.log1p(math.exp(math.negative(math.absolute(output))))
        return math.add(math.subtract(math.maximum(output, 0), math.multiply(output, target)), tail)
    p = _probabilities(output)
    hit = math.multiply(target, math.log(p))
    miss = math.multiply(math.subtract(1, target), math.log(math.subtract(1, p)))
    return math.negative(math.add(hit, miss))


def _log_probabilities(output: Any, from_logits: bool, axis: int) -> Any:
    if from_logits:
        from .nn import log_softmax

        return log_softmax(output, axis)
    return math.log(_probabilities(math.divide(output, reduce.sum(output, axis, keepdims=True))))


@op
def categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """``-sum(t log(p))`` along `axis`, of one-hot (or soft) targets.

    `output` holds probabilities (made to sum to 1, held within epsilon of 0 and 1) or, with
    `from_logits`, the numbers whose softmax they are.
    """
    _agree("categorical_crossentropy", target, output)
    if not shape_of(target):
        raise ShapeError("categorical_crossentropy: target and output need at least one axis.")
    target = math.cast(target, dtypes.to_float(dtype_of(output)))
    logs = _log_probabilities(output, from_logits, axis)
    return math.negative(reduce.sum(math.multiply(target, logs), axis))


@op
def sparse_categorical_crossentropy(
    target: Tensor, output: Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Categorical cross-entropy of integer classes: ``-log(p[t])``.

    `target` has the shape of `output` without `axis` (or with 1 there).
    """
    t, o = shape_of(target), shape_of(output)
    if len(t) == len(o) and t and t[-1] == 1:
        target = squeeze(target, -1)
        t = shape_of(target)
    if not o:
        raise ShapeError(
            "sparse_categorical_crossentropy: output needs at least one axis, the classes."
        )
    place = normalize_axis(axis, len(o))
    rest = (*o[:place], *o[place + 1 :])
    if len(t) != len(rest) or any(a != b for a, b in zip(t, rest) if known(a) and known(b)):
        raise ShapeError(
            f"sparse_categorical_crossentropy: target {unprobe(t)} must have the shape of output "
            f"{unprobe(o)} without axis {axis}, that is {unprobe(rest)}. For one-hot targets use "
            "categorical_crossentropy."
        )
    logs = _log_probabilities(output, from_logits, axis)
    codes = one_hot(math.cast(target, "int32"), o[place], axis=place, dtype=dtype_of(logs))
    return math.negative(reduce.sum(math.multiply(codes, logs), place))
