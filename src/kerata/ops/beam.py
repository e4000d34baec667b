"""Prefix beam search for connectionist temporal classification (Hannun et al. 2014)."""

from __future__ import annotations

from typing import Any

from . import math, reduce
from ._define import dtype_of, shape_of
from .arrange import concatenate, expand_dims, moveaxis, reshape, transpose
from .control import scan
from .create import arange, full, one_hot, zeros
from .index import get_item, take_along_axis
from .product import matmul

_NEVER = float("-inf")
# A label sequence is known by two polynomial hashes of 32 bits: that two of a beam's sequences
# share both is a matter of W**2 / 2**64.
_HASHES = (1000003, 69069)

Beam = tuple[Any, ...]
"""Labels (b, w, t), their number, the last one, two hashes, two hashes without the last label, and
the log probabilities of ending in a blank and of ending in the last label: (b, w) each."""


def beam_search(
    inputs: Any, lengths: Any, beam_width: int, top_paths: int, mask_index: int
) -> tuple[Any, Any]:
    """The likeliest label sequences (paths, batch, time) and their log probabilities (batch, paths)."""
    from .nn import log_softmax

    logs = log_softmax(inputs)
    n, time, _ = shape_of(logs)
    active = math.less(expand_dims(arange(time), 1), expand_dims(lengths, 0))

    def step(beam: Beam, now: Any) -> tuple[Beam, Any]:
        log_p, here = now
        new = _advance(beam, log_p, mask_index)
        return tuple(_choose(here, a, b) for a, b in zip(new, beam)), math.cast(0, "int32")

    start = _empty(n, beam_width, time, dtype_of(logs))
    beam, _ = scan(step, start, (moveaxis(logs, 1, 0), active))
    scores, best = reduce.top_k(math.logaddexp(beam[-2], beam[-1]), top_paths)
    labels = take_along_axis(beam[0], expand_dims(best, -1), 1)
    return transpose(labels, (1, 0, 2)), scores


def _empty(n: Any, width: int, time: Any, dtype: str) -> Beam:
    """One live beam, the empty sequence; the others are impossible."""
    count = zeros((n, width), "int32")
    blank = math.where(math.equal(arange(width), 0), zeros((n, width), dtype), _NEVER)
    hashes = (count,) * 4
    return (
        full((n, width, time), -1, "int32"),
        count,
        full((n, width), -1, "int32"),
        *hashes,
        blank,
        full((n, width), _NEVER, dtype),
    )


def _choose(here: Any, new: Any, old: Any) -> Any:
    rank = len(shape_of(new))
    return math.where(reshape(here, [-1] + [1] * (rank - 1)), new, old)


def _advance(beam: Beam, log_p: Any, mask_index: int) -> Beam:
    """The beam after one more time step."""
    _, count, last, *hashes, blank, label = beam
    classes = shape_of(log_p)[1]
    total = math.logaddexp(blank, label)
    code = one_hot(last, classes, dtype="bool")
    every = expand_dims(log_p, 1)
    stay_blank = math.add(total, get_item(every, (..., mask_index)))
    own = reduce.sum(math.where(code, every, 0), -1)
    stay_label = math.where(math.greater_equal(last, 0), math.add(label, own), _NEVER)
    # To repeat the last label a blank must stand between; any other label follows at once.
    extend = math.add(math.where(code, expand_dims(blank, -1), expand_dims(total, -1)), every)
    is_blank = math.equal(arange(classes), mask_index)
    extend = math.where(is_blank, _NEVER, extend)
    extend, gain = _merge(extend, code, count, hashes, total)
    stay_label = math.logaddexp(stay_label, gain)
    return _select(beam, stay_blank, stay_label, extend)


def _merge(extend: Any, code: Any, count: Any, hashes: list, total: Any) -> tuple[Any, Any]:
    """Where beam i and a label make the sequence of beam j, its probability goes to j."""
    first, second, first_before, second_before = hashes
    alive = math.greater(total, _NEVER)
    leads = math.logical_and(alive, math.greater(count, 0))
    follows = expand_dims(leads, 1)
    for whole, before in ((first, first_before), (second, second_before)):
        follows = math.logical_and(
            follows, math.equal(expand_dims(whole, 2), expand_dims(before, 1))
        )
    follows = math.logical_and(
        follows, math.equal(math.add(expand_dims(count, 2), 1), expand_dims(count, 1))
    )
    numbers = math.cast(code, dtype_of(extend))
    # Minus infinity times 0 would be NaN, hence the finite stand-in within the product.
    finite = math.maximum(extend, -1e30)
    onto = matmul(finite, transpose(numbers, (0, 2, 1)))
    gain = reduce.logsumexp(math.where(follows, onto, _NEVER), 1)
    gain = math.where(math.less(gain, -1e29), _NEVER, gain)
    taken = math.greater(matmul(math.cast(follows, dtype_of(extend)), numbers), 0)
    return math.where(taken, _NEVER, extend), gain


def _select(beam: Beam, stay_blank: Any, stay_label: Any, extend: Any) -> Beam:
    """The likeliest among the sequences that stay and those that grow by a label."""
    labels, count, last, *hashes, _, _ = beam
    n, width, classes = shape_of(extend)
    staying = math.logaddexp(stay_blank, stay_label)
    grown = reshape(extend, (n, width * classes))
    scores, index = reduce.top_k(concatenate([staying, grown], 1), width)
    stays = math.less(index, width)
    parent = math.where(stays, index, math.floor_divide(math.subtract(index, width), classes))
    fresh = math.where(stays, -1, math.mod(math.subtract(index, width), classes))

    def of_parent(x: Any) -> Any:
        return take_along_axis(x, parent, 1)

    old_count = of_parent(count)
    labels = take_along_axis(labels, expand_dims(parent, -1), 1)
    place = math.equal(arange(shape_of(labels)[2]), expand_dims(old_count, -1))
    place = math.logical_and(place, expand_dims(math.logical_not(stays), -1))
    labels = math.where(place, expand_dims(fresh, -1), labels)
    whole = [of_parent(h) for h in hashes[:2]]
    before = [math.where(stays, of_parent(b), w) for b, w in zip(hashes[2:], whole)]
    grown_hash = [math.add(math.add(math.multiply(w, p), fresh), 1) for w, p in zip(whole, _HASHES)]
    return (
        labels,
        math.where(stays, old_count, math.add(old_count, 1)),
        math.where(stays, of_parent(last), fresh),
        *(math.where(stays, w, g) for w, g in zip(whole, grown_hash)),
        *before,
        math.where(stays, of_parent(stay_blank), _NEVER),
        math.where(stays, of_parent(stay_label), scores),
    )
