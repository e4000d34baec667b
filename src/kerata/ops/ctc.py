"""Connectionist temporal classification (Graves et al. 2006): loss and decoding."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..errors import ShapeError
from ..spec import same, unprobe
from . import math, reduce
from ._define import Tensor, dtype_of, op, shape_of
from .arrange import concatenate, expand_dims, moveaxis, pad, reshape, stack
from .control import scan
from .create import arange, one_hot, zeros
from .index import get_item, take_along_axis
from .product import einsum

_IMPOSSIBLE = -1e5  # a log probability: as good as minus infinity, and its gradient is no NaN


@op
def ctc_loss(
    target: Tensor,
    output: Tensor,
    target_length: Tensor,
    output_length: Tensor,
    mask_index: int = 0,
) -> Tensor:
    """Minus the log probability of label sequences, summed over all their alignments.

    Args:
        target: (batch, labels) integers; what lies beyond a sequence's length is ignored.
        output: (batch, time, classes) logits.
        target_length: (batch,) numbers of labels.
        output_length: (batch,) numbers of time steps.
        mask_index: The class that stands for the blank.

    Returns:
        (batch,) losses, in float32 at least.
    """
    shape, labels = shape_of(output), shape_of(target)
    if len(shape) != 3 or len(labels) != 2:
        raise ShapeError(
            f"ctc_loss: target needs (batch, labels) and output (batch, time, classes), "
            f"got {unprobe(labels)} and {unprobe(shape)}."
        )
    same("ctc_loss: batch of target and output", labels[0], shape[0])
    from .nn import log_softmax

    logs = log_softmax(math.cast(output, dtypes.result_type(dtype_of(output), "float32")))
    target = math.cast(target, "int32")
    emit, skip = _extended(logs, target, mask_index)
    kind = dtype_of(logs)
    n, states = shape[0], 2 * labels[1] + 1
    start = math.where(math.less(arange(states), 1), 0.0, math.cast(_IMPOSSIBLE, kind))
    # Before the first step only "in front of the first blank" is possible.
    start = math.add(zeros((n, states), kind), start)
    valid = math.less(
        expand_dims(arange(shape[1]), 1), expand_dims(math.cast(output_length, "int32"), 0)
    )

    def step(carry: Any, now: Any) -> tuple[Any, Any]:
        alpha, first = carry
        log_p, here = now
        back1 = pad(
            get_item(alpha, (slice(None), slice(0, -1))),
            ((0, 0), (1, 0)),
            constant_values=_IMPOSSIBLE,
        )
        back2 = pad(
            get_item(alpha, (slice(None), slice(0, -2))),
            ((0, 0), (2, 0)),
            constant_values=_IMPOSSIBLE,
        )
        moved = math.logaddexp(math.logaddexp(alpha, back1), math.add(back2, skip))
        # The first step may begin with the blank or the first label, without a skip.
        moved = math.where(first, math.logaddexp(alpha, back1), moved)
        new = math.where(expand_dims(here, 1), math.add(moved, log_p), alpha)
        return (new, math.logical_and(first, False)), math.cast(0, "int32")

    (alpha, _), _ = scan(step, (start, math.cast(True, "bool")), (moveaxis(emit, 1, 0), valid))
    length = math.cast(target_length, "int32")
    last = expand_dims(math.multiply(2, length), 1)
    blank = take_along_axis(alpha, last, 1)
    label = take_along_axis(alpha, math.maximum(math.subtract(last, 1), 0), 1)
    label = math.where(math.greater(last, 0), label, _IMPOSSIBLE)
    return math.negative(reshape(math.logaddexp(blank, label), (-1,)))


def _extended(logs: Any, target: Any, mask_index: int) -> tuple[Any, Any]:
    """Log probabilities of blank, label, blank, label ... blank; and which label may follow a label."""
    n, time, classes = shape_of(logs)
    count = shape_of(target)[1]
    codes = one_hot(target, classes, dtype=dtype_of(logs))
    label = einsum("btk,bnk->btn", logs, codes)
    blank = get_item(logs, (slice(None), slice(None), slice(mask_index, mask_index + 1)))
    pairs = stack([math.add(math.multiply(label, 0), blank), label], -1)
    emit = concatenate([reshape(pairs, (n, time, 2 * count)), blank], -1)
    changed = math.not_equal(
        get_item(target, (slice(None), slice(1, None))),
        get_item(target, (slice(None), slice(0, -1))),
    )
    allowed = pad(math.cast(changed, "int32"), ((0, 0), (1, 0)))
    allowed = stack([math.multiply(allowed, 0), allowed], -1)
    allowed = pad(reshape(allowed, (n, 2 * count)), ((0, 0), (0, 1)))
    skip = math.where(math.equal(allowed, 1), 0.0, math.cast(_IMPOSSIBLE, dtype_of(logs)))
    return emit, skip


@op
def ctc_decode(
    inputs: Tensor,
    sequence_lengths: Tensor,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Tensor, Tensor]:
    """Label sequences out of (batch, time, classes) logits.

    ``greedy`` takes the best class of each step; ``beam_search`` keeps the `beam_width` likeliest
    label sequences and returns the best `top_paths`. Repetitions are merged and blanks (the class
    `mask_index`) dropped.

    Returns:
        Labels (paths, batch, time) with -1 behind the end, and scores: for ``greedy`` (batch, 1)
        minus the sum of the best logits, for ``beam_search`` (batch, paths) log probabilities.
    """
    inputs = math.cast(inputs, dtypes.result_type(dtype_of(inputs), "float32"))
    lengths = math.cast(sequence_lengths, "int32")
    if strategy == "greedy":
        return _greedy(inputs, lengths, merge_repeated, mask_index)
    if strategy == "beam_search":
        from .beam import beam_search

        return beam_search(inputs, lengths, beam_width, top_paths, mask_index)
    raise ValueError(f"ctc_decode: strategy must be 'greedy' or 'beam_search', got {strategy!r}.")


def _greedy(inputs: Any, lengths: Any, merge_repeated: bool, mask_index: int) -> tuple[Any, Any]:
    time = shape_of(inputs)[1]
    places = expand_dims(arange(time), 0)
    inside = math.less(places, expand_dims(lengths, 1))
    labels = math.where(inside, reduce.argmax(inputs, -1), mask_index)
    scores = math.where(inside, reduce.max(inputs, -1), 0)
    drop = math.equal(labels, mask_index)
    if merge_repeated:
        again = math.equal(
            get_item(labels, (slice(None), slice(1, None))),
            get_item(labels, (slice(None), slice(0, -1))),
        )
        drop = math.logical_or(drop, pad(again, ((0, 0), (1, 0))))
    # A stable sort by "dropped or not" moves what is kept to the front.
    order = reduce.argsort(math.where(drop, time, places), -1)
    labels = take_along_axis(math.where(drop, -1, labels), order, 1)
    return expand_dims(labels, 0), expand_dims(math.negative(reduce.sum(scores, 1)), 1)
