"""CTC against the sum over all alignments, counted out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.special

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor
from ops.check import case, check_gradient
from support import jit

rng = np.random.RandomState(0)
LOGITS = rng.randn(2, 5, 3).astype("float32")
LENGTHS = np.array([5, 3], np.int32)


def collapse(path, blank, merge=True):
    """The labels that an alignment stands for."""
    kept = [c for i, c in enumerate(path) if not merge or i == 0 or c != path[i - 1]]
    return tuple(c for c in kept if c != blank)


def probabilities(logits, length, blank):
    """The probability of every label sequence."""
    logs = scipy.special.log_softmax(logits.astype("float64"), -1)[:length]
    out: dict[tuple, float] = {}
    for path in itertools.product(range(logits.shape[-1]), repeat=length):
        labels = collapse(path, blank)
        out[labels] = out.get(labels, 0.0) + np.exp(sum(logs[t, c] for t, c in enumerate(path)))
    return out


@pytest.mark.parametrize(("labels", "blank"), [
    ([[1, 2], [2, 1]], 0), ([[1, 1], [2, 0]], 0), ([[0, 1], [1, 1]], 2), ([[0, 0], [0, 0]], 1),
])  # fmt: skip
@pytest.mark.parametrize("counts", [[2, 1], [1, 0]])
def test_loss(labels, blank, counts) -> None:
    out = ops.ctc_loss(np.array(labels), LOGITS, counts, LENGTHS, blank)
    for i in range(2):
        want = probabilities(LOGITS[i], LENGTHS[i], blank).get(tuple(labels[i][: counts[i]]), 0.0)
        assert float(out[i]) == pytest.approx(-np.log(want), abs=1e-4)


def test_loss_that_cannot_be_reached_is_large_and_finite() -> None:
    out = ops.ctc_loss([[1, 1, 1, 1]], LOGITS[:1], [4], [5])
    assert 1e4 < float(out[0]) < 1e7


def test_gradient() -> None:
    args = (np.array([[1, 2], [2, 2]]), LOGITS, np.array([2, 2]), LENGTHS)
    check_gradient(case("ctc_loss", *args), [a for a in args])


def test_compiled_and_inferred() -> None:
    args = (np.array([[1, 2], [2, 2]]), LOGITS, np.array([2, 2]), LENGTHS)
    np.testing.assert_allclose(jit(ops.ctc_loss)(*args), ops.ctc_loss(*args), rtol=1e-5)
    unknown = (
        KerasTensor((None, 2), "int32"),
        KerasTensor((None, 5, 3)),
        KerasTensor((None,)),
        KerasTensor((None,)),
    )
    assert ops.ctc_loss(*unknown).shape == (None,)


def test_greedy() -> None:
    best = np.array([[0, 1, 1, 0, 1, 2], [2, 2, 0, 2, 1, 1]])
    logits = np.eye(3, dtype="float32")[best] * 2
    labels, scores = ops.ctc_decode(logits, [6, 4])
    assert labels.tolist() == [[[1, 1, 2, -1, -1, -1], [2, 2, -1, -1, -1, -1]]]
    assert scores.tolist() == [[-12.0], [-8.0]]
    labels, _ = ops.ctc_decode(logits, [6, 4], merge_repeated=False)
    assert labels.tolist() == [[[1, 1, 1, 2, -1, -1], [2, 2, 2, -1, -1, -1]]]


@pytest.mark.parametrize("blank", [0, 1, 2])
def test_beam_search_finds_the_likeliest(blank) -> None:
    labels, scores = ops.ctc_decode(
        LOGITS, LENGTHS, "beam_search", beam_width=60, top_paths=4, mask_index=blank
    )
    assert labels.shape == (4, 2, 5)
    for i in range(2):
        want = sorted(probabilities(LOGITS[i], LENGTHS[i], blank).items(), key=lambda p: -p[1])[:4]
        for k, (path, p) in enumerate(want):
            got = tuple(c for c in np.asarray(labels)[k, i] if c >= 0)
            assert got == path
            assert float(scores[i, k]) == pytest.approx(np.log(p), abs=1e-4)


def test_decoding_is_inferred() -> None:
    labels, scores = ops.ctc_decode(KerasTensor((None, 5, 3)), KerasTensor((None,), "int32"))
    assert (labels.shape, scores.shape) == ((1, None, 5), (None, 1))
    labels, scores = ops.ctc_decode(
        KerasTensor((None, 5, 3)),
        KerasTensor((None,), "int32"),
        strategy="beam_search",
        beam_width=5,
        top_paths=2,
    )
    assert (labels.shape, scores.shape) == ((2, None, 5), (None, 2))


def test_errors() -> None:
    with pytest.raises(ShapeError, match="batch, time, classes"):
        ops.ctc_loss([[1]], LOGITS[0], [1], [5])
    with pytest.raises(ValueError, match="greedy"):
        ops.ctc_decode(LOGITS, LENGTHS, "best")
