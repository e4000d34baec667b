"""Metrics, penalties, initial values and learning rates of earlier eras."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kerata import Sequential, config, layers, metrics, ops, optimizers, regularizers
from kerata.errors import InputError, NotBuiltError, ShapeError
from kerata.legacy import initializations, schedules
from kerata.legacy import metrics as old_metrics
from kerata.legacy import regularizers as old_regularizers
from support import jit

RANDOM = np.random.default_rng(0)

# --- metrics ------------------------------------------------------------------------------------


def test_mean_relative_error():
    t, p, n = RANDOM.uniform(1, 2, (3, 5)), RANDOM.uniform(1, 2, (3, 5)), RANDOM.uniform(1, 2, 5)
    metric = old_metrics.MeanRelativeError(n)
    np.testing.assert_allclose(metric(t, p), (np.abs(t - p) / n).mean(), rtol=1e-5)
    w = np.array([1.0, 0.0, 3.0])
    metric.reset_state()
    want = (np.abs(t - p) / n * w[:, None]).sum() / (w.sum() * 5)
    np.testing.assert_allclose(metric(t, p, w), want, rtol=1e-5)
    zero = old_metrics.MeanRelativeError([0.0, 2.0])
    assert float(zero([1.0, 1.0], [5.0, 3.0])) == 0.5
    again = metrics.deserialize(metrics.serialize(metric))
    np.testing.assert_allclose(again(t, p, w), want, rtol=1e-5)


def test_mean_tensor():
    values = RANDOM.standard_normal((3, 2, 4))
    metric = old_metrics.MeanTensor()
    with pytest.raises(NotBuiltError):
        metric.result()
    for v in values:
        metric.update_state(v)
    np.testing.assert_allclose(metric.result(), values.mean(0), rtol=1e-5)
    metric.reset_state()
    metric.update_state(values[0], sample_weight=[1.0, 0.0])
    np.testing.assert_allclose(metric.result(), values[0] * [[1], [0]], rtol=1e-5)
    with pytest.raises(ShapeError, match=r"\(2, 4\)"):
        metric.update_state(np.zeros((2, 3)))
    assert old_metrics.MeanTensor(shape=(2,)).result().tolist() == [0.0, 0.0]


def test_sum_over_batch_size():
    metric = old_metrics.SumOverBatchSize()
    metric.update_state([[1.0, 2.0], [3.0, 4.0]], sample_weight=[2.0, 0.0])
    metric.update_state([4.0])
    assert float(metric.result()) == pytest.approx((2 + 4 + 4) / 5)


class Rows(old_metrics.PyMetric):
    def __init__(self):
        super().__init__(name="rows")
        self.rows = 0

    def update_state(self, y_true, y_pred, sample_weight=None):
        assert isinstance(y_true, np.ndarray) and isinstance(y_pred, np.ndarray)
        self.rows += len(y_true)

    def reset_state(self):
        self.rows = 0

    def result(self):
        return self.rows


def test_metric_in_python():
    metric = Rows()
    metric.update_state(ops.ones((3, 1)), ops.ones((3, 1)))
    assert metric.result() == 3
    with pytest.raises(InputError, match="run_eagerly=True"):
        jit(lambda x: metric.update_state(x, x) or x)(np.ones((2, 1), "float32"))


def test_metric_in_python_follows_an_eager_training():
    metric = Rows()
    model = Sequential([layers.Dense(1, input_dim=2)])
    model.compile("sgd", "mse", metrics=[metric], run_eagerly=True)
    history = model.fit(np.ones((6, 2)), np.ones((6, 1)), batch_size=2, epochs=2, verbose=0)
    assert [float(v) for v in history.history["rows"]] == [6, 6]
    assert model.evaluate(np.ones((4, 2)), np.ones((4, 1)), verbose=0)[1] == 4


def counts(t, p):
    t, p = np.round(np.clip(t, 0, 1)), np.round(np.clip(p, 0, 1))
    return tuple(float(np.sum(a * b)) for a in (t, 1 - t) for b in (p, 1 - p))


def test_functions_of_keras_1():
    t = (RANDOM.random(200) > 0.4).astype("float32")
    p = RANDOM.random(200).astype("float32")
    tp, fn, fp, tn = counts(t, p)
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    near = {"rtol": 1e-4}
    np.testing.assert_allclose(old_metrics.precision(t, p), precision, **near)
    np.testing.assert_allclose(old_metrics.recall(t, p), recall, **near)
    for beta in (1, 2, 0.5):
        want = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
        np.testing.assert_allclose(old_metrics.fbeta_score(t, p, beta), want, **near)
    np.testing.assert_allclose(
        old_metrics.fmeasure(t, p), 2 * precision * recall / (precision + recall), **near
    )
    below = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    want = (tp * tn - fp * fn) / below
    np.testing.assert_allclose(old_metrics.matthews_correlation(t, p), want, rtol=1e-3)
    assert float(old_metrics.fmeasure(np.zeros(3), np.ones(3))) == 0
    with pytest.raises(InputError, match="beta"):
        old_metrics.fbeta_score(t, p, -1)


def test_metrics_of_keras_1_by_name():
    assert metrics.get("fmeasure") is old_metrics.fmeasure
    model = Sequential([layers.Dense(1, activation="sigmoid", input_dim=2)])
    model.compile("sgd", "binary_crossentropy", metrics=["fmeasure", "matthews_correlation"])
    x, y = RANDOM.standard_normal((32, 2)), (RANDOM.random((32, 1)) > 0.5).astype("float32")
    found = model.evaluate(x, y, verbose=0, return_dict=True, batch_size=32)
    p = model.predict(x, verbose=0)
    tp, fn, fp, _ = counts(y, p)
    assert found["fmeasure"] == pytest.approx(2 * tp / max(2 * tp + fp + fn, 1e-7), abs=1e-4)
    with pytest.raises(InputError, match="Did you mean"):
        metrics.get("acuracy")


# --- regularizers -------------------------------------------------------------------------------


def test_penalties_of_keras_1():
    x = RANDOM.standard_normal((4, 3)).astype("float32")
    one, two = np.abs(x).sum(), np.square(x).sum()
    np.testing.assert_allclose(old_regularizers.l1l2()(x), 0.01 * one + 0.01 * two, rtol=1e-5)
    np.testing.assert_allclose(old_regularizers.l1l2(0.5, 2.0)(x), 0.5 * one + 2 * two, rtol=1e-5)
    np.testing.assert_allclose(old_regularizers.activity_l1(0.5)(x), 0.5 * one, rtol=1e-5)
    np.testing.assert_allclose(old_regularizers.activity_l2(0.5)(x), 0.5 * two, rtol=1e-5)
    np.testing.assert_allclose(
        old_regularizers.activity_l1l2(0.5, 1.0)(x), 0.5 * one + two, rtol=1e-5
    )
    x = np.diag([3.0, 1.0, 0.5]).astype("float32") @ np.linalg.qr(x[:3])[0].astype("float32")
    largest = np.linalg.svd(x)[1][0]
    np.testing.assert_allclose(
        old_regularizers.EigenvalueRegularizer(2.0)(x), 2 * largest, rtol=1e-3
    )
    with pytest.raises(ShapeError, match="matrix"):
        old_regularizers.EigenvalueRegularizer(1.0)(np.ones(3))


def test_penalties_of_keras_1_in_files():
    found = regularizers.get({"name": "WeightRegularizer", "l1": 0.0, "l2": 0.25})
    assert (found.l1, found.l2) == (0.0, 0.25)
    found = regularizers.get({"name": "EigenvalueRegularizer", "k": 3.0})
    assert found.k == 3.0


# --- initial values -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, shape, ordering, variance",
    [
        ("uniform", (200, 100), None, 0.05**2 / 3),
        ("normal", (200, 100), None, 0.05**2),
        ("lecun_uniform", (200, 100), "th", 1 / 200),
        ("glorot_uniform", (200, 100), "th", 2 / 300),
        ("glorot_normal", (3, 3, 20, 40), "tf", 2 / (9 * 60)),
        ("glorot_normal", (40, 20, 3, 3), "th", 2 / (9 * 60)),
        ("he_normal", (3, 3, 20, 40), "tf", 2 / 180),
        ("he_uniform", (40, 20, 3, 3), "th", 2 / 180),
    ],
)
def test_random_values_of_keras_1(name, shape, ordering, variance):
    kwargs = {} if ordering is None else {"dim_ordering": ordering}
    values = np.asarray(getattr(initializations, name)(shape, **kwargs))
    assert values.shape == shape
    assert values.var() == pytest.approx(variance, rel=0.1)


def test_other_values_of_keras_1():
    assert np.asarray(initializations.zero((2,))).tolist() == [0.0, 0.0]
    assert np.asarray(initializations.one((2,), name="b")).tolist() == [1.0, 1.0]
    assert np.asarray(initializations.identity((2, 2), scale=3)).tolist() == [[3.0, 0.0], [0.0, 3.0]]
    q = np.asarray(initializations.orthogonal((4, 4)))
    np.testing.assert_allclose(q @ q.T, 1.21 * np.eye(4), atol=1e-5)
    assert initializations.get("he_normal")((2, 3)).shape == (2, 3)
    assert initializations.get_fans((7, 5, 3)) == (10, 10)


def test_a_layer_takes_a_function_of_them():
    def mine(shape, name=None):
        return initializations.normal(shape, scale=10.0, name=name)

    layer = layers.Dense(50, init=mine)
    layer.build((None, 40))
    assert np.std(layer.get_weights()[0]) == pytest.approx(10, rel=0.1)


# --- learning rates -----------------------------------------------------------------------------


def test_linear_cosine_decay():
    rate = schedules.LinearCosineDecay(0.2, 20, num_periods=1.5, alpha=0.1, beta=0.01)
    for step in (0, 3, 20, 30):
        p = min(step, 20) / 20
        want = 0.2 * ((0.1 + 1 - p) * 0.5 * (1 + math.cos(2 * math.pi * 1.5 * p)) + 0.01)
        assert float(rate(step)) == pytest.approx(want, rel=1e-4)


def test_noisy_linear_cosine_decay():
    rate = schedules.NoisyLinearCosineDecay(1.0, 100, 0.25, 0.5, num_periods=0.0, beta=0.0)
    draws = np.array([float(rate(3)) for _ in range(400)])
    assert draws.mean() == pytest.approx(0.97, abs=0.06)
    assert draws.var() == pytest.approx(0.25 / 4**0.5, rel=0.3)


def test_an_optimizer_follows_it_into_a_file_and_back():
    optimizer = optimizers.SGD(schedules.LinearCosineDecay(0.1, 10))
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert isinstance(again._learning_rate, schedules.LinearCosineDecay)
    assert again._learning_rate.decay_steps == 10
    assert config.floatx() == "float32"
