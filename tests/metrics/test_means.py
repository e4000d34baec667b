"""Metrics that are means of values per sample, streamed, against NumPy."""

import numpy as np
import pytest

from kerata import metrics, ops, scope
from kerata.errors import ShapeError
from metrics.streaming import batches, check, joined
from support import tensor


def softmax(x):
    e = np.exp(x * 3)
    return (e / e.sum(-1, keepdims=True)).astype("float32")


def numbers(rng, n):
    return rng.rand(n, 3).astype("float32"), rng.rand(n, 3).astype("float32"), rng.rand(n)


def labels(rng, n):
    return (rng.rand(n, 3) > 0.5).astype("float32"), rng.rand(n, 3).astype("float32"), rng.rand(n)


def one_hot(rng, n):
    return np.eye(4, dtype="float32")[rng.randint(0, 4, n)], softmax(rng.rand(n, 4)), rng.rand(n)


def classes(rng, n):
    return rng.randint(0, 4, n), softmax(rng.rand(n, 4)), rng.rand(n)


def column(rng, n):
    return rng.randint(0, 4, (n, 1)), softmax(rng.rand(n, 4)), rng.rand(n)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def in_top(t, p, k):
    return np.array([c in np.argsort(-row)[:k] for c, row in zip(t.ravel(), p)], float)


def pearson(t, p):
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(t, p)])


def concordance(t, p):
    covariance = ((t - t.mean(-1, keepdims=True)) * (p - p.mean(-1, keepdims=True))).mean(-1)
    return 2 * covariance / (t.var(-1) + p.var(-1) + (t.mean(-1) - p.mean(-1)) ** 2)


def cross(t, p):
    return -np.log(np.take_along_axis(p, t.reshape(-1, 1), 1)[:, 0])


# Metric, arguments, data, value per sample.
CASES = [
    ("MeanSquaredError", {}, numbers, lambda t, p: ((t - p) ** 2).mean(-1)),
    ("MeanAbsoluteError", {}, numbers, lambda t, p: abs(t - p).mean(-1)),
    ("MeanAbsolutePercentageError", {}, numbers, lambda t, p: 100 * (abs(t - p) / t).mean(-1)),
    (
        "MeanSquaredLogarithmicError",
        {},
        numbers,
        lambda t, p: ((np.log1p(t) - np.log1p(p)) ** 2).mean(-1),
    ),
    ("CosineSimilarity", {}, numbers, lambda t, p: (unit(t) * unit(p)).sum(-1)),
    ("LogCoshError", {}, numbers, lambda t, p: np.log(np.cosh(t - p)).mean(-1)),
    ("KLDivergence", {}, numbers, lambda t, p: (t * np.log(t / p)).sum(-1)),
    ("Poisson", {}, numbers, lambda t, p: (p - t * np.log(p)).mean(-1)),
    ("Hinge", {}, labels, lambda t, p: np.maximum(1 - (2 * t - 1) * p, 0).mean(-1)),
    ("SquaredHinge", {}, labels, lambda t, p: (np.maximum(1 - (2 * t - 1) * p, 0) ** 2).mean(-1)),
    (
        "CategoricalHinge",
        {},
        one_hot,
        lambda t, p: np.maximum(((1 - t) * p).max(-1) - (t * p).sum(-1) + 1, 0),
    ),
    (
        "BinaryCrossentropy",
        {"label_smoothing": 0.2},
        labels,
        lambda t, p: -((t * 0.8 + 0.1) * np.log(p) + (0.9 - t * 0.8) * np.log(1 - p)).mean(-1),
    ),
    ("CategoricalCrossentropy", {}, one_hot, lambda t, p: -(t * np.log(p)).sum(-1)),
    ("SparseCategoricalCrossentropy", {}, classes, cross),
    ("SparseCategoricalCrossentropy", {}, column, cross),
    (
        "Accuracy",
        {},
        lambda rng, n: (rng.randint(0, 2, n), rng.randint(0, 2, n), rng.rand(n)),
        lambda t, p: t == p,
    ),
    ("BinaryAccuracy", {"threshold": 0.3}, labels, lambda t, p: (t == (p > 0.3)).mean(-1)),
    ("CategoricalAccuracy", {}, one_hot, lambda t, p: t.argmax(-1) == p.argmax(-1)),
    ("SparseCategoricalAccuracy", {}, classes, lambda t, p: t == p.argmax(-1)),
    ("SparseCategoricalAccuracy", {}, column, lambda t, p: t[:, 0] == p.argmax(-1)),
    ("TopKCategoricalAccuracy", {"k": 2}, one_hot, lambda t, p: in_top(t.argmax(-1), p, 2)),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, column, lambda t, p: in_top(t, p, 3)),
    ("PearsonCorrelation", {}, numbers, pearson),
    ("ConcordanceCorrelation", {}, numbers, concordance),
]


@pytest.mark.parametrize(("name", "kwargs", "make", "formula"), CASES, ids=[c[0] for c in CASES])
@pytest.mark.parametrize("weighted", [False, True])
def test_means(name, kwargs, make, formula, weighted):
    parts = batches(make)
    t, p, w = joined(parts)
    values = np.asarray(formula(t, p.astype("float64") if p.dtype.kind == "f" else p))
    want = np.average(values.astype(float), weights=w) if weighted else values.mean()
    metric = getattr(metrics, name)(**kwargs)
    check(metric, parts if weighted else [part[:2] for part in parts], want, tol=5e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_root_mean_squared_error(weighted):
    parts = batches(numbers)
    t, p, w = joined(parts)
    want = np.sqrt(np.average((t - p) ** 2, weights=np.tile(w[:, None], 3) if weighted else None))
    check(metrics.RootMeanSquaredError(), parts if weighted else [a[:2] for a in parts], want)


# --- Mean and Sum -------------------------------------------------------------------------------

SHAPES = [((), None), ((), ()), ((3,), ()), ((3,), (3,)), ((3, 2), (3,)), ((3,), (1,)), ((1,), ())]


@pytest.mark.parametrize(("values", "weights"), SHAPES)
def test_mean_and_sum(values, weights):
    def make(rng, n):
        v = rng.rand(n, *values).astype("float32")
        return (v,) if weights is None else (v, rng.rand(n, *weights).astype("float32"))

    parts = batches(make)
    total, weight, plain = 0.0, 0.0, 0.0
    for v, *w in parts:
        w = w[0].reshape(w[0].shape + (1,) * (v.ndim - w[0].ndim)) if w else np.ones_like(v)
        full = np.broadcast_to(w, v.shape)
        others = v[0].size
        total, weight, plain = (
            total + (v * full).sum() / others,
            weight + full.sum() / others,
            plain + (v * full).sum(),
        )
    check(metrics.Mean(), parts, total / weight)
    check(metrics.Sum(), parts, plain)


def test_mean_of_scalars():
    metric = metrics.Mean()
    for value, rows in ((2.0, 10), (5.0, 5)):
        metric.update_state(np.float32(value), sample_weight=rows)
    assert float(metric.result()) == 3.0
    assert float(metrics.Mean().result()) == 0.0
    assert float(metrics.Mean()([[1.0, 3.0]], sample_weight=0.5)) == 2.0


def test_one_value_for_a_batch_with_weights():
    metric = metrics.MeanMetricWrapper(lambda t, p: ops.mean(ops.absolute(t - p)))
    metric.update_state(np.zeros(4), np.ones(4), sample_weight=np.array([1, 1, 0, 0.0]))
    metric.update_state(np.zeros(4), np.full(4, 4.0), sample_weight=np.array([1, 0, 0, 0.0]))
    assert float(metric.result()) == 2.0


@pytest.mark.engine("jax")
def test_few_operations_where_nothing_is_weighted():
    import jax

    metric = metrics.Mean()
    state = [v.value for v in metric.variables]
    program = jax.make_jaxpr(metric.stateless_update_state)(state, ops.ones(32))
    names = [e.primitive.name for e in program.eqns]
    assert sorted(n for n in names if n != "convert_element_type") == ["add", "add", "reduce_sum"]


# --- masks, ranks, errors -----------------------------------------------------------------------


def masked(p, mask):
    p = tensor(p)
    scope.set_mask(p, tensor(mask))
    return p


@pytest.mark.parametrize("column", [False, True])
def test_mask_of_predictions(column):
    rng = np.random.RandomState(0)
    t, p = rng.randint(0, 2, (4, 5)), rng.rand(4, 5).astype("float32")
    mask, w = rng.rand(4, 5) > 0.4, rng.rand(4, 5).astype("float32")
    right = t == (p > 0.5)
    given = p[..., None] if column else p
    labels = t if column else t[..., None]
    if not column:
        given = given[..., None]
    metric = metrics.BinaryAccuracy()
    assert float(metric(labels, masked(given, mask))) == pytest.approx(right[mask].mean())
    metric.reset_state()
    weighted = metric(labels, masked(given, mask), w)
    assert float(weighted) == pytest.approx((right * w)[mask].sum() / w[mask].sum(), rel=1e-5)


@pytest.mark.parametrize(
    "name", ["mse", "mae", "hinge", "poisson", "kld", "bce", "accuracy", "binary_accuracy"]
)
def test_vector_against_column(name):
    rng = np.random.RandomState(0)
    t, p = rng.randint(0, 2, 6).astype("float32"), rng.rand(6, 1).astype("float32")
    crossed = float(metrics.get(name)(t, p))
    assert crossed == pytest.approx(float(metrics.get(name)(t[:, None], p)), rel=1e-6)


def test_functions_of_users_see_one_rank():
    def distance(y_true, y_pred):
        assert y_true.shape == y_pred.shape == (4, 1)
        return abs(y_true - y_pred)

    assert float(metrics.MeanMetricWrapper(distance)(np.zeros(4), np.ones((4, 1)))) == 1.0


def test_losses_serve_as_metrics():
    t, p = np.zeros((4, 2)), np.ones((4, 2))
    assert metrics.get("huber").__name__ == "huber"
    assert float(metrics.MeanMetricWrapper(metrics.get("huber"), delta=0.5)(t, p)) == 0.375


def test_sparse_accuracy_of_one_hot_labels():
    with pytest.raises(ShapeError, match="For one-hot labels use categorical_accuracy"):
        metrics.SparseCategoricalAccuracy()(np.eye(3), np.eye(3))


def test_weights_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"sample_weight of shape \(4, 3\)"):
        metrics.MeanSquaredError()(np.ones((4, 2)), np.ones((4, 2)), np.ones((4, 3)))


def test_top_k_from_sorted_ids():
    metric = metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True)
    assert float(metric([2, 1, 0], [[2, 1, 0], [0, 2, 1], [1, 0, 2]])) == pytest.approx(2 / 3)


def test_ties_count_as_found():
    assert float(metrics.SparseTopKCategoricalAccuracy(k=1)([1], [[0.5, 0.5, 0.0]])) == 1.0
