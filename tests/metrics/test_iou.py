"""Intersection over union and the coefficient of determination, streamed."""

import numpy as np
import pytest
from sklearn import metrics as sk

from kerata import metrics
from kerata.errors import ShapeError
from metrics.streaming import batches, check, joined


def regions(rng, n):
    shape = (n, 4, 4)
    return rng.randint(0, 3, shape), rng.randint(0, 3, shape), rng.randint(0, 3, shape)


def outside(rng, n):
    shape = (n, 4, 4)
    return rng.randint(-1, 5, shape), rng.randint(-1, 5, shape), rng.randint(0, 3, shape)


def iou(t, p, w, classes, ids, ignored=None):
    t, p, w = t.ravel(), p.ravel(), w.ravel()
    known = (t >= 0) & (t < classes) & (p >= 0) & (p < classes) & (t != ignored)
    t, p, w = t[known], p[known], w[known]
    found = []
    for c in ids:
        either = w[(t == c) | (p == c)].sum()
        if either:
            found.append(w[(t == c) & (p == c)].sum() / either)
    return np.mean(found)


@pytest.mark.parametrize("make", [regions, outside])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, 1])
def test_iou(make, weighted, ignored):
    parts = batches(make)
    t, p, w = joined(parts)
    if not weighted:
        parts, w = [a[:2] for a in parts], np.ones_like(t)
    check(metrics.IoU(3, [0, 2], ignore_class=ignored), parts, iou(t, p, w, 3, [0, 2], ignored))
    check(metrics.MeanIoU(3, ignore_class=ignored), parts, iou(t, p, w, 3, range(3), ignored))


@pytest.mark.parametrize("axis", [-1, 1])
def test_one_hot(axis):
    def make(rng, n):
        t = np.moveaxis(np.eye(3)[rng.randint(0, 3, (n, 5))], -1, axis)
        return t, np.moveaxis(rng.rand(n, 5, 3), -1, axis)

    parts = batches(make)
    t, p = (x.argmax(axis) for x in joined(parts))
    ones = np.ones_like(t)
    check(metrics.OneHotMeanIoU(3, axis=axis), parts, iou(t, p, ones, 3, range(3)))
    check(metrics.OneHotIoU(3, [1], axis=axis), parts, iou(t, p, ones, 3, [1]))


def test_binary():
    def make(rng, n):
        return rng.randint(0, 2, (n, 4, 1)), np.round(rng.rand(n, 4, 1), 1)

    parts = batches(make)
    t, p = joined(parts)
    want = iou(t, p.astype("float32") >= np.float32(0.3), np.ones_like(t), 2, [1])
    check(metrics.BinaryIoU([1], threshold=0.3), parts, want)


def test_counts_are_exact_and_fractions_need_floats():
    t = np.zeros(4, int)
    metric = metrics.MeanIoU(2)
    assert metric.total_cm.dtype == "int32"
    with pytest.warns(UserWarning, match="weights lose their fractions"):
        metric.update_state(t, t, sample_weight=np.full(4, 0.5))
    halves = metrics.MeanIoU(2, dtype="float32")
    halves.update_state(t, np.array([0, 0, 1, 1]), sample_weight=np.array([0.5, 1, 0.5, 0]))
    assert float(halves.result()) == pytest.approx((1.5 / 2 + 0) / 2)


def test_iou_errors():
    with pytest.raises(ValueError, match="class 3 of target_class_ids"):
        metrics.IoU(3, [0, 3])


# --- R2 -----------------------------------------------------------------------------------------


def several(rng, n):
    t = rng.rand(n, 2).astype("float32")
    return t, t + 0.3 * rng.rand(n, 2).astype("float32"), rng.rand(n)


@pytest.mark.parametrize(
    ("aggregation", "of"),
    [
        (None, "raw_values"),
        ("uniform_average", "uniform_average"),
        ("variance_weighted_average", "variance_weighted"),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_r2(aggregation, of, weighted):
    parts = batches(several)
    t, p, w = joined(parts)
    if not weighted:
        parts, w = [a[:2] for a in parts], None
    want = sk.r2_score(t, p, sample_weight=w, multioutput=of)
    if weighted and of == "variance_weighted":
        raw = sk.r2_score(t, p, sample_weight=w, multioutput="raw_values")
        mean = np.average(t, axis=0, weights=w)
        want = np.average(raw, weights=(w[:, None] * (t - mean) ** 2).sum(0))
    check(metrics.R2Score(aggregation), parts, want, tol=1e-4)


def test_adjusted_r2():
    parts = [(t[:, :1], p[:, :1]) for t, p, _ in batches(several)]
    t, p = joined(parts)
    n, plain = len(t), sk.r2_score(t, p)
    check(metrics.R2Score(num_regressors=3), parts, 1 - (1 - plain) * (n - 1) / (n - 4), tol=1e-4)
    # Too few samples for so many regressors: the plain score.
    check(metrics.R2Score(num_regressors=n), parts, plain, tol=1e-4)


def test_r2_of_vectors_against_columns_and_errors():
    t = np.array([1.0, 2.0, 4.0])
    assert float(metrics.R2Score()(t, t[:, None])) == 1.0
    with pytest.raises(ShapeError, match=r"\(samples, outputs\)"):
        metrics.R2Score()(t, t)
    with pytest.raises(ValueError, match="class_aggregation"):
        metrics.R2Score("mean")
    with pytest.raises(ValueError, match="num_regressors"):
        metrics.R2Score(num_regressors=-1)
