"""The base of metrics: state, names, pure functions, configurations, metrics of users."""

import copy
import json

import numpy as np
import pytest

from kerata import Variable, metrics, ops, scope
from kerata.errors import InputError
from kerata.serialization import register_keras_serializable
from kerata.spec import Spec
from support import jit


@register_keras_serializable("tests")
class Spread(metrics.Metric):
    """Largest less smallest, with state of every kind."""

    def __init__(self, scale=1.0, name="spread", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.scale = scale
        self.high = self.add_weight(name="high", initializer="zeros")
        self.low = self.add_weight("low", initializer="zeros")
        self.seen = Variable(0.0, trainable=False, name="seen")
        self.inner = {"mean": metrics.Mean(name="inner"), "more": [metrics.Sum()]}

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.high.assign(ops.maximum(self.high, ops.max(y_pred)))
        self.low.assign(ops.minimum(self.low, ops.min(y_pred)))
        self.seen.assign_add(y_pred.shape[0])
        self.inner["mean"].update_state(y_pred)

    def result(self):
        return self.scale * (self.high - self.low)


def test_state_is_tracked_in_order():
    metric = Spread()
    names = ["high", "low", "seen", "total", "count", "total"]
    assert [v.name for v in metric.variables] == names
    assert metric.high.path == "spread/high"
    metric.update_state(None, np.array([1.0, -2.0]))
    assert float(metric.result()) == 3.0
    assert float(metric.seen) == 2.0
    metric.reset_state()
    assert all(float(v) == 0 for v in metric.variables)


def test_pure_functions():
    metric = Spread()
    start = metric.stateless_reset_state()
    after = jit(metric.stateless_update_state)(start, None, np.array([1.0, -2.0], "float32"))
    assert float(metric.stateless_result(after)) == 3.0
    assert float(metric.result()) == 0.0
    with pytest.raises(ValueError, match="has 6 variables .*got 2"):
        metric.stateless_result(start[:2])


def test_bound_state_is_pure():
    metric = metrics.Mean()

    def step(values, x):
        with scope.bind(metric.variables, values) as run:
            metric.update_state(x)
            return run.result(), metric.result()

    values, mean = jit(step)([v.value for v in metric.variables], np.ones(3, "float32"))
    assert float(mean) == 1.0
    assert [float(v) for v in values] == [3.0, 3.0]
    assert float(metric.total) == 0.0


def test_shapes_alone_count_nothing():
    for metric in (metrics.Mean(), metrics.MeanSquaredError(), metrics.R2Score()):
        given = [Spec((4, 2))] * (1 if type(metric) is metrics.Mean else 2)
        metric.update_state(*given)
        assert not any(np.any(v.numpy()) for v in metric.variables)


def test_call_updates_and_gives_the_value():
    metric = metrics.Mean()
    assert float(metric([1.0, 3.0])) == 2.0
    assert float(metric([5.0])) == 3.0


def test_earlier_name_of_reset():
    metric = metrics.Mean()
    metric.update_state([1.0])
    metric.reset_states()
    assert float(metric.count) == 0.0

    class Old(metrics.Mean):
        def reset_states(self):
            self.was_reset = True
            super().reset_states()

    old = Old()
    old.update_state([1.0])
    old.reset_state()
    assert old.was_reset
    assert float(old.count) == 0.0


def test_configuration_of_a_users_metric():
    metric = Spread(scale=2.0, name="width")
    config = json.loads(json.dumps(metrics.serialize(metric)))
    again = metrics.deserialize(config)
    assert (again.scale, again.name) == (2.0, "width")
    assert metrics.Mean(dtype="float16").get_config() == {"name": "mean", "dtype": "float16"}


@register_keras_serializable("tests")
def tenth(y_true, y_pred, factor):
    return factor * ops.absolute(y_true - y_pred)


def test_wrapper_keeps_function_and_arguments():
    metric = metrics.MeanMetricWrapper(tenth, name="tenth", factor=0.1)
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert float(again([0.0], [1.0])) == pytest.approx(0.1)
    assert again.name == "tenth"


def test_copies_are_apart():
    metric = metrics.Mean()
    metric.update_state([2.0])
    other = copy.deepcopy(metric)
    other.update_state([4.0])
    assert (float(metric.result()), float(other.result())) == (2.0, 3.0)


def test_subclass_that_forgot_to_start():
    class Careless(metrics.Metric):
        def __init__(self):
            self.total = 0

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Careless().add_variable(())
    with pytest.raises(NotImplementedError, match="update_state"):
        metrics.Metric().update_state([1.0])


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("mse", "MeanSquaredError"),
        ("MSE", "MeanSquaredError"),
        ("mean_squared_error", "MeanSquaredError"),
        ("mae", "MeanAbsoluteError"),
        ("mape", "MeanAbsolutePercentageError"),
        ("msle", "MeanSquaredLogarithmicError"),
        ("bce", "BinaryCrossentropy"),
        ("auc", "AUC"),
        ("AUC", "AUC"),
        ("f1_score", "F1Score"),
        ("r2_score", "R2Score"),
        ("cosine_similarity", "CosineSimilarity"),
        ("binary_accuracy", "BinaryAccuracy"),
    ],
)
def test_names(name, cls):
    assert type(metrics.get(name)) is getattr(metrics, cls)


def test_every_class_is_known_by_name():
    for name, cls in metrics.CLASSES.items():
        assert metrics.TABLE[name] is cls


def test_get():
    assert metrics.get(None) is None
    made = metrics.Recall(top_k=2)
    assert metrics.get(made) is made
    config = {"class_name": "Recall", "config": {"top_k": 3}}
    assert metrics.get(config).top_k == 3
    with pytest.raises(InputError, match="Unknown metric 'acuracy'. Did you mean 'accuracy'"):
        metrics.get("acuracy")
    with pytest.raises(TypeError, match="treshold.*Did you mean 'threshold'"):
        metrics.BinaryAccuracy(treshold=0.3)


def test_directions():
    assert metrics.AUC()._direction == "up"
    assert metrics.MeanSquaredError()._direction == "down"
    assert metrics.MeanMetricWrapper(metrics.huber)._direction == "down"
    assert metrics.Mean()._direction is None
