"""Counts of decisions, precision, recall and their relatives, AUC, F-scores, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as sk

from kerata import metrics
from kerata.errors import ShapeError
from metrics.streaming import batches, check, joined


def vector(rng, n):
    # Scores that meet thresholds exactly, too.
    return rng.randint(0, 2, n), np.round(rng.rand(n) * 8).astype("float32") / 8, rng.rand(n)


def column(rng, n):
    t, p, w = vector(rng, n)
    return t, p[:, None], w


def several(rng, n):
    return rng.randint(0, 2, (n, 3)), rng.rand(n, 3).astype("float32"), rng.rand(n)


def counts(t, p, w, threshold):
    t, p = t.ravel(), p.ravel()
    w = np.repeat(w, t.size // w.size)
    found = p > threshold
    return {
        "TruePositives": w[found & (t == 1)].sum(),
        "FalsePositives": w[found & (t == 0)].sum(),
        "TrueNegatives": w[~found & (t == 0)].sum(),
        "FalseNegatives": w[~found & (t == 1)].sum(),
    }


def prepared(make, weighted):
    parts = batches(make)
    t, p, w = joined(parts)
    return (parts, t, p, w) if weighted else ([a[:2] for a in parts], t, p, np.ones(len(t)))


@pytest.mark.parametrize("make", [vector, column, several])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "thresholds", [None, 0.25, [0.125, 0.6], [0.0, 0.5, 1.0]], ids=["0.5", "one", "two", "even"]
)
def test_counts(make, weighted, thresholds):
    parts, t, p, w = prepared(make, weighted)
    listed = [0.5] if thresholds is None else np.atleast_1d(thresholds).tolist()
    want = {k: [counts(t, p, w, x)[k] for x in listed] for k in counts(t, p, w, 0.5)}
    for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        metric = getattr(metrics, name)(thresholds=thresholds)
        if name == "TruePositives":
            check(metric, parts, np.squeeze(want[name]))
        else:
            for part in parts:
                metric.update_state(*part)
            np.testing.assert_allclose(metric.result(), np.squeeze(want[name]), rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_precision_and_recall(weighted):
    parts, t, p, w = prepared(several, weighted)
    w3 = np.repeat(w, 3)
    for cls, formula in (
        (metrics.Precision, sk.precision_score),
        (metrics.Recall, sk.recall_score),
    ):
        check(cls(), parts, formula(t.ravel(), p.ravel() > 0.5, sample_weight=w3))
        one = formula(t[:, 1], p[:, 1] > 0.5, sample_weight=w)
        check(cls(class_id=1), parts, one)
        want = [formula(t.ravel(), p.ravel() > x, sample_weight=w3) for x in (0.2, 0.7)]
        check(cls(thresholds=[0.2, 0.7]), parts, want)
        top = p >= np.sort(p, -1)[:, 1:2]
        check(cls(top_k=2), parts, formula(t.ravel(), top.ravel(), sample_weight=w3))


def test_nothing_found_is_zero():
    assert float(metrics.Precision()([1, 1], [0.0, 0.0])) == 0.0
    assert float(metrics.Recall()([0, 0], [1.0, 1.0])) == 0.0


def shares(t, p, w, n):
    out = []
    for i in range(n):
        c = counts(t, p, w, i / (n - 1))
        tp, fp, tn, fn = (
            c[k] for k in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
        )
        out.append((tp / (tp + fn), tn / (tn + fp), tp / (tp + fp) if tp + fp else 0.0))
    return np.array(out).T


@pytest.mark.parametrize(
    ("name", "held", "asked"),
    [
        ("SensitivityAtSpecificity", 1, 0),
        ("SpecificityAtSensitivity", 0, 1),
        ("PrecisionAtRecall", 0, 2),
        ("RecallAtPrecision", 2, 0),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_best_under_a_condition(name, held, asked, weighted):
    parts, t, p, w = prepared(vector, weighted)
    found = shares(t, p, w, 17)
    want = max([s for s, h in zip(found[asked], found[held]) if h >= 0.6], default=0.0)
    check(getattr(metrics, name)(0.6, num_thresholds=17), parts, want)
    metric = getattr(metrics, name)(0.6, num_thresholds=1)
    assert metric.thresholds == [0.5]


# --- AUC ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_auc_against_the_exact_area(weighted):
    parts, t, p, w = prepared(vector, weighted)
    # The scores are eighths: with thresholds between them nothing is lost.
    metric = metrics.AUC(thresholds=[(i + 0.5) / 8 for i in range(8)])
    check(metric, parts, sk.roc_auc_score(t, p, sample_weight=w))


def curve(t, p, thresholds):
    c = [counts(t, p, np.ones(len(t)), x) for x in thresholds]
    tp, fp = (np.array([x[k] for x in c]) for k in ("TruePositives", "FalsePositives"))
    return tp, fp, (t == 1).sum(), (t == 0).sum()


@pytest.mark.parametrize("method", ["interpolation", "majoring", "minoring"])
@pytest.mark.parametrize("kind", ["ROC", "PR", "PRGAIN"])
@pytest.mark.parametrize("even", [False, True])
def test_auc_by_sums(kind, method, even):
    parts, t, p, _ = prepared(vector, False)
    inner = [0.2, 0.4, 0.6, 0.8] if even else [0.1, 0.3, 0.75]
    tp, fp, positive, negative = curve(t, p, [-1e-7, *inner, 1 + 1e-7])
    recall = tp / positive
    with np.errstate(all="ignore"):
        precision = np.where(tp + fp > 0, tp / (tp + fp), 0)
        odds = positive / negative
        recall_gain = np.where(tp == 0, 0, np.maximum(1 - odds * (positive - tp) / tp, 0))
        precision_gain = np.where(tp == 0, 1, 1 - odds * fp / tp)
    points = {"ROC": (fp / negative, recall), "PR": (recall, precision)}
    x, y = points.get(kind, (recall_gain, precision_gain))
    height = {"majoring": np.maximum, "minoring": np.minimum}.get(method, lambda a, b: (a + b) / 2)
    want = ((x[:-1] - x[1:]) * height(y[:-1], y[1:])).sum()
    if (kind, method) == ("PR", "interpolation"):
        want = 0.0
        for i in range(len(tp) - 1):
            found = np.linspace(tp[i + 1], tp[i], 20001)
            if tp[i] == tp[i + 1]:
                continue
            slope = (fp[i] - fp[i + 1]) / (tp[i] - tp[i + 1])
            wrong = fp[i + 1] + slope * (found - tp[i + 1])
            share = np.divide(
                found, found + wrong, out=np.ones_like(found), where=found + wrong > 0
            )
            want += np.trapezoid(share, found) / positive
    given = {"num_thresholds": 6} if even else {"thresholds": inner}
    metric = metrics.AUC(curve=kind, summation_method=method, **given)
    tol = 2e-3 if (kind, method) == ("PR", "interpolation") else 2e-5
    check(metric, parts, want, tol=tol)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("label_weights", [None, [0.2, 0.5, 1.0]])
@pytest.mark.parametrize("even", [False, True])
def test_auc_of_several_labels(weighted, label_weights, even):
    parts, t, p, w = prepared(several, weighted)
    given = {"num_thresholds": 20} if even else {"thresholds": [0.2, 0.5, 0.9]}
    single = []
    for i in range(3):
        metric = metrics.AUC(**given)
        single.append(float(metric(t[:, i], p[:, i], w)))
    want = np.average(single, weights=label_weights)
    metric = metrics.AUC(multi_label=True, label_weights=label_weights, **given)
    check(metric, parts, want, tol=1e-4)
    assert metric.true_positives.shape == (metric.num_thresholds, 3)


def test_auc_from_logits():
    t, z, _ = joined(batches(vector))
    p = (1 / (1 + np.exp(-z))).astype("float32")
    found = metrics.AUC(from_logits=True)(t, z)
    np.testing.assert_allclose(found, metrics.AUC()(t, p), rtol=1e-5)


def test_auc_errors():
    for kwargs, message in (
        ({"num_thresholds": 1}, "more than 1"),
        ({"curve": "RC"}, "curve must be one of"),
        ({"summation_method": "sum"}, "summation_method must be one of"),
        ({"num_labels": 3}, "multi_label=True"),
    ):
        with pytest.raises(ValueError, match=message):
            metrics.AUC(**kwargs)
    with pytest.raises(ShapeError, match=r"\(samples, 3\), got \(4, 2\)"):
        metrics.AUC(multi_label=True, num_labels=3)(np.zeros((4, 2)), np.zeros((4, 2)))
    with pytest.raises(ShapeError, match="class_id"):
        metrics.Precision(class_id=1)([0, 1], [0.0, 1.0])
    with pytest.raises(ValueError, match="between 0 and 1, got 1.5"):
        metrics.Recall(thresholds=[0.5, 1.5])
    with pytest.raises(ValueError, match="specificity must lie"):
        metrics.SensitivityAtSpecificity(1.2)


# --- F-scores -----------------------------------------------------------------------------------


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
@pytest.mark.parametrize("threshold", [None, 0.4])
def test_f_scores(average, threshold):
    parts, t, p, w = prepared(several, True)
    found = p > 0.4 if threshold else p == p.max(-1, keepdims=True)
    for metric, beta in (
        (metrics.FBetaScore(average, 2.0, threshold), 2.0),
        (metrics.F1Score(average, threshold), 1.0),
    ):
        want = sk.fbeta_score(t, found, beta=beta, average=average, sample_weight=w)
        check(metric, parts, want, tol=1e-4)


def test_f_score_errors():
    with pytest.raises(ValueError, match="average"):
        metrics.F1Score(average="mean")
    with pytest.raises(ValueError, match="beta"):
        metrics.FBetaScore(beta=-1.0)
    with pytest.raises(ValueError, match="threshold"):
        metrics.F1Score(threshold=1.5)
    with pytest.raises(ShapeError, match=r"\(samples, outputs\)"):
        metrics.F1Score()(np.zeros(3), np.zeros(3))
