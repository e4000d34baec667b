"""What compile makes of losses and metrics: structures, names, factors, weights, errors, label checks."""

import numpy as np
import pytest

from kerata import Variable, losses, metrics, scope
from kerata.errors import InputError, ShapeError
from kerata.spec import Spec
from kerata.train.label_checks import check_labels
from kerata.train.objectives import Losses, Metrics, label_kind
from kerata.train.outputs import Outputs
from support import jit, tensor

RNG = np.random.RandomState(0)
YA, PA = RNG.rand(6, 1).astype("float32"), RNG.rand(6, 1).astype("float32")
YB, PB = RNG.rand(6, 2).astype("float32"), RNG.rand(6, 2).astype("float32")
MSE_A, MSE_B = ((YA - PA) ** 2).mean(), ((YB - PB) ** 2).mean()
MAE_A, MAE_B = abs(YA - PA).mean(), abs(YB - PB).mean()


def values(objective):
    return {m.name: float(m.result()) for m in objective.metrics}


# --- losses -------------------------------------------------------------------------------------

TWO = [
    ("mse", None, MSE_A + MSE_B),
    (["mse", "mae"], None, MSE_A + MAE_B),
    ({"a": "mse", "b": "mae"}, None, MSE_A + MAE_B),
    (["mse", "mae"], [0.5, 2.0], 0.5 * MSE_A + 2 * MAE_B),
    ({"a": "mse", "b": "mae"}, {"b": 2.0}, MSE_A + 2 * MAE_B),
    ("mse", 3.0, 3 * (MSE_A + MSE_B)),
    ("mse", [1.0, 2.0], MSE_A + 2 * MSE_B),
    ({"b": losses.MeanAbsoluteError}, None, MAE_B),
    ([None, "mae"], None, MAE_B),
    ([["mse", "mae"], losses.MeanSquaredError()], [[1.0, 3.0], 1.0], MSE_A + 3 * MAE_A + MSE_B),
    ([lambda t, p: abs(t - p), {"class_name": "Huber", "config": {}}], None, MAE_A + MSE_B / 2),
]


@pytest.mark.parametrize(("loss", "factors", "want"), TWO)
@pytest.mark.parametrize("form", ["list", "names", "dict"])
def test_two_outputs(loss, factors, want, form):
    objective = Losses(loss, factors, ["a", "b"])
    p = {"a": PA, "b": PB} if form == "dict" else [PA, PB]
    y = [YA, YB] if form == "list" else {"b": YB, "a": YA}
    assert float(objective(y, p)) == pytest.approx(want, rel=1e-5)


def test_trackers_hold_the_plain_losses():
    objective = Losses(["mse", "mae"], [0.5, 2.0], ["a", "b"])
    objective([YA, YB], [PA, PB])
    objective([YA[:2], YB[:2]], [PA[:2] * 0, PB[:2] * 0])
    want = {
        "a_loss": (6 * MSE_A + 2 * (YA[:2] ** 2).mean()) / 8,
        "b_loss": (6 * MAE_B + 2 * YB[:2].mean()) / 8,
    }
    assert values(objective) == pytest.approx(want, rel=1e-5)
    assert len(objective.variables) == 4


def test_one_loss_needs_no_tracker():
    for loss in ("mse", ["mse"], {"a": "mse"}):
        objective = Losses(loss, None, ["a"])
        assert float(objective(YA, PA)) == pytest.approx(MSE_A)
        assert objective.metrics == []
    objective = Losses(["mse", None], None, ["a", "b"])
    objective([YA, YB], [PA, PB])
    assert objective.metrics == []


def test_several_losses_of_one_output_add_up():
    objective = Losses(["mse", "mae"], [1.0, 2.0], ["a"])
    assert float(objective(YA, PA)) == pytest.approx(MSE_A + 2 * MAE_A, rel=1e-5)
    assert list(values(objective)) == ["mse_loss", "mae_loss"]


def test_outputs_without_names():
    objective = Losses("mse")
    objective([YA, YB], [PA, PB])
    assert list(values(objective)) == ["mse_loss", "mse_loss_1"]
    objective = Losses("mse")
    objective({"u": YA, "v": YB}, {"u": PA, "v": PB})
    assert list(values(objective)) == ["u_loss", "v_loss"]


def test_nested_outputs():
    y = {"x": [YA, YB], "z": YA}
    p = {"x": [PA, PB], "z": PA}
    objective = Losses({"x": ["mse", "mae"], "z": "mae"}, {"x": [1.0, 2.0], "z": 3.0})
    assert float(objective(y, p)) == pytest.approx(MSE_A + 2 * MAE_B + 3 * MAE_A, rel=1e-5)
    assert float(Losses("mse")(y, p)) == pytest.approx(2 * MSE_A + MSE_B, rel=1e-5)
    followed = Metrics({"x": ["mse", ["mae"]]})
    followed.update_state(y, p)
    assert values(followed) == pytest.approx({"mse": MSE_A, "mae": MAE_B}, rel=1e-5)
    with pytest.raises(InputError, match="must be nested as the model's outputs"):
        Losses(["mse", "mae", "mae"])(y, p)


def test_labels_only_for_outputs_with_a_loss():
    objective = Losses([None, "mae"], None, ["a", "b"])
    assert float(objective(YB, [PA, PB])) == pytest.approx(MAE_B)
    assert float(objective([YB], [PA, PB])) == pytest.approx(MAE_B)
    assert float(objective({"b": YB}, [PA, PB])) == pytest.approx(MAE_B)
    followed = Metrics({"b": "mse"}, None, ["a", "b"])
    followed.attach_losses(objective)
    followed.update_state([YB], [PA, PB])
    assert values(followed) == pytest.approx({"b_mse": MSE_B}, rel=1e-5)


def test_no_loss_at_all():
    assert Losses([None, None], None, ["a", "b"])([YA, YB], [PA, PB]) is None


def test_sample_weights():
    w = np.array([1, 1, 0, 0, 0, 0], "float32")
    objective = Losses("mse", None, ["a", "b"])
    a, b = ((YA - PA) ** 2).mean(-1), ((YB - PB) ** 2).mean(-1)
    want = (a * w).mean() + (b * w).mean()
    for given in (w, [w], [w, w], {"a": w, "b": w}):
        assert float(objective([YA, YB], [PA, PB], given)) == pytest.approx(want, rel=1e-5)
    for given in ([w, None], {"a": w}):
        want = (a * w).mean() + b.mean()
        assert float(objective([YA, YB], [PA, PB], given)) == pytest.approx(want, rel=1e-5)


def test_crossentropy_by_shapes():
    for t, p, name in (
        (np.ones((4, 1)), np.full((4, 1), 0.5), "binary_crossentropy"),
        (np.ones(4), np.full((4, 1), 0.5), "binary_crossentropy"),
        (np.array([0, 1]), np.full((2, 3), 1 / 3), "sparse_categorical_crossentropy"),
        (np.array([[0], [1]]), np.full((2, 3), 1 / 3), "sparse_categorical_crossentropy"),
        (np.eye(3), np.full((3, 3), 1 / 3), "categorical_crossentropy"),
    ):
        objective = Losses("crossentropy", None, ["a"])
        assert float(objective(t, p)) == pytest.approx(float(losses.get(name)(t, p)[0]), rel=1e-5)
        assert objective._terms[0].loss.fn is losses.get(name)


def test_factors_may_be_variables():
    factor = Variable(2.0, trainable=False)
    objective = Losses("mse", [factor], ["a"])
    assert float(objective(YA, PA)) == pytest.approx(2 * MSE_A, rel=1e-5)
    assert factor in objective.variables

    def total(value):
        with scope.bind([factor], [value]):
            return objective(YA, PA)

    assert float(jit(total)(3.0)) == pytest.approx(3 * MSE_A, rel=1e-5)


def test_on_shapes_and_compiled():
    objective = Losses(["mse", "mae"], [0.5, 2.0], ["a", "b"])
    followed = Metrics({"a": "mae"}, {"b": "mse"}, ["a", "b"])
    specs = [Spec((6, 1)), Spec((6, 2))]
    assert objective(specs, specs).shape == ()
    followed.build([Spec((None, 1)), Spec((None, 2))], [Spec((None, 1)), Spec((None, 2))])
    followed.update_state(specs, specs, Spec((6,)))
    state = [v for m in [*objective.metrics, *followed.metrics] for v in m.variables]
    w = np.linspace(0, 1, 6, dtype="float32")

    @jit
    def step(held, y, p):
        with scope.bind(state, held) as run:
            total = objective(y, p, w)
            followed.update_state(y, p, w)
            return total, run.result()

    held = [v.value for v in state]
    total, held = step(held, [YA, YB], [PA, PB])
    total, held = step(held, [YA, YB], [PA, PB])
    assert not any(float(v) for v in state)
    with scope.bind(state, held):
        found = {**values(objective), **values(followed)}
    a, b = ((YA - PA) ** 2).mean(-1), abs(YB - PB).mean(-1)
    assert float(total) == pytest.approx(0.5 * (a * w).mean() + 2 * (b * w).mean(), rel=1e-5)
    want = {
        "a_loss": (a * w).mean(),
        "b_loss": (b * w).mean(),
        "a_mae": MAE_A,
        "b_mse": np.average(((YB - PB) ** 2).mean(-1), weights=w),
    }
    assert found == pytest.approx(want, rel=1e-4)


def fail(error, match, loss, y, p, names=("a", "b"), factors=None, weight=None):
    with pytest.raises(error, match=match):
        Losses(loss, factors, list(names))(y, p, weight)


def test_loss_errors():
    y, p = [YA, YB], [PA, PB]
    with pytest.raises(InputError, match="Did you mean 'mean_squared_error'"):
        Losses({"a": "mean_squared_eror"}, None, ["a", "b"])
    fail(InputError, "loss names 'bb', .* Did you mean 'b'", {"bb": "mse"}, y, p)
    fail(InputError, r"loss has 3 entries, the model 2 outputs: \['a', 'b'\]", ["mse"] * 3, y, p)
    fail(InputError, "loss_weights has 1 entry, the model 2 outputs", "mse", y, p, factors=[1.0])
    fail(InputError, "loss_weights names 'c'", "mse", y, p, factors={"c": 1.0})
    fail(InputError, "must hold numbers, got 'x'", "mse", y, p, factors=["x", 1.0])
    fail(InputError, "y has 1 array, the model 2 outputs", "mse", YA, p)
    fail(InputError, "y names 'c', the model's outputs are", "mse", {"a": YA, "c": YB}, p)
    fail(InputError, "no labels for the loss of 'b'", "mse", {"a": YA}, p)
    fail(InputError, "no labels for the loss of 'a'", "mse", None, p)
    fail(InputError, "sample_weight has 3 arrays", "mse", y, p, weight=[YA, YA, YA])
    fail(InputError, "is a metric and cannot be a loss", metrics.Mean(), y, p)
    fail(ShapeError, 'reduction="sum_over', losses.MeanSquaredError(reduction="none"), y, p)


# --- metrics ------------------------------------------------------------------------------------


def followed(given, weighted, names, y, p, w=None):
    out = Metrics(given, weighted, names)
    out.update_state(y, p, w)
    assert list(out.result()) == [m.name for m in out.metrics]
    return out


def distance(y_true, y_pred):
    return abs(y_true - y_pred)


def camelCase(y_true, y_pred):
    return y_pred


@pytest.mark.parametrize(
    ("given", "weighted", "want"),
    [
        ("mae", None, ["mae"]),
        (["mae", "MSE"], None, ["mae", "MSE"]),
        ([["mae", "mse"]], None, ["mae", "mse"]),
        ({"a": ["mae"]}, None, ["mae"]),
        (["mae", "mae", "mae"], None, ["mae", "mae_1", "mae_2"]),
        (["mae"], ["mse", "mae", "mae"], ["mae", "mse", "weighted_mae", "weighted_mae_1"]),
        ([distance, camelCase], None, ["distance", "camel_case"]),
        ([lambda t, p: p], None, ["lambda"]),
        ([metrics.mean_absolute_error], None, ["mean_absolute_error"]),
        ([metrics.MeanSquaredError], None, ["mean_squared_error"]),
        ([metrics.MeanSquaredError(name="sq"), losses.Huber()], None, ["sq", "huber_loss"]),
        (["acc", "Accuracy", "ce"], None, ["acc", "Accuracy", "ce"]),
        ([{"class_name": "Precision", "config": {"name": "p"}}], None, ["p"]),
        (None, None, []),
        ([], [], []),
    ],
)
def test_names_of_one_output(given, weighted, want):
    y = (YA > 0.5).astype("float32")
    assert list(followed(given, weighted, ["a"], y, PA).result()) == want


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (["mae", "mse"], ["a_mae", "b_mse"]),
        ([["mae", "mse"], None], ["a_mae", "a_mse"]),
        ([["mae"], ["mae", "mse"]], ["a_mae", "b_mae", "b_mse"]),
        ({"b": ["mae", "mse"]}, ["b_mae", "b_mse"]),
        ({"b": "mae", "a": "mse"}, ["a_mse", "b_mae"]),
        ("mae", ["a_mae", "b_mae"]),
        (["mae"], ["a_mae", "b_mae"]),
        (["mae", "mse", "mae"], ["a_mae", "a_mse", "a_mae_1", "b_mae", "b_mse", "b_mae_1"]),
        (metrics.MeanSquaredError(name="sq"), ["a_sq", "b_sq"]),
    ],
)
def test_names_of_two_outputs(given, want):
    assert list(followed(given, None, ["a", "b"], [YA, YB], [PA, PB]).result()) == want


def test_one_instance_for_two_outputs_follows_each():
    metric = metrics.MeanSquaredError(name="sq")
    out = followed([metric, metric], None, ["a", "b"], [YA, YB], [PA, PB])
    assert values(out) == pytest.approx({"a_sq": MSE_A, "b_sq": MSE_B}, rel=1e-5)
    again = followed([None, metric], None, ["a", "b"], [YA, YB], [PA, PB])
    assert list(again.result()) == ["b_sq"]
    assert metric.get_config()["name"] == "sq"


def test_values_with_and_without_weights():
    w = np.linspace(0, 1, 6, dtype="float32")
    out = followed(["mae"], ["mae"], ["a"], YA, PA, w)
    want = {"mae": MAE_A, "weighted_mae": np.average(abs(YA - PA)[:, 0], weights=w)}
    assert values(out) == pytest.approx(want, rel=1e-5)
    out.reset_state()
    assert values(out) == {"mae": 0.0, "weighted_mae": 0.0}


@pytest.mark.parametrize(
    ("y", "p", "kind"),
    [
        (Spec((None,)), Spec((None, 1)), "binary"),
        (Spec((None, 1)), Spec((None, 1)), "binary"),
        (Spec((None, 3)), Spec((None, 3)), "categorical"),
        (Spec((None,)), Spec((None, 3)), "sparse_categorical"),
        (Spec((None, 1)), Spec((None, 3)), "sparse_categorical"),
        (Spec((None, 7)), Spec((None, 7, 3)), "sparse_categorical"),
        (Spec((None, 7, 3)), Spec((None, 7, 3)), "categorical"),
        (Spec((None, None)), Spec((None, None, 1)), "binary"),
    ],
)
def test_accuracy_by_shapes(y, p, kind):
    assert label_kind(y, p) == kind
    out = Metrics(["acc", "crossentropy"], None, ["a"])
    out.build(y, p)
    assert out.resolved == {"acc": f"{kind}_accuracy", "crossentropy": f"{kind}_crossentropy"}
    assert [m.name for m in out.metrics] == ["acc", "crossentropy"]


def test_resolved_names_of_outputs():
    y, p = [np.ones(6), np.eye(2)[[0, 1, 0, 1, 0, 1]]], [PA, PB]
    out = followed({"b": "accuracy", "a": ["acc"]}, None, ["a", "b"], y, p)
    assert out.resolved == {"a_acc": "binary_accuracy", "b_accuracy": "categorical_accuracy"}


def test_state_that_depends_on_shapes_is_made_by_build():
    out = Metrics(
        [metrics.F1Score(), metrics.AUC(multi_label=True), metrics.R2Score()], None, ["a"]
    )
    out.build(Spec((None, 3)), Spec((None, 3)))
    assert len(out.variables) == 4 + 4 + 5
    before = [id(v) for v in out.variables]
    out.build(Spec((None, 3)), Spec((None, 3)))
    out.update_state(np.eye(3), np.eye(3))
    assert [id(v) for v in out.variables] == before


def test_masks_reach_losses_and_metrics():
    t, p = RNG.rand(2, 3, 1).astype("float32"), tensor(RNG.rand(2, 3, 1), "float32")
    mask = np.array([[1, 1, 0], [1, 0, 0]], bool)
    scope.set_mask(p, tensor(mask))
    want = abs(t - np.asarray(p))[..., 0][mask].mean()
    assert float(Losses("mae", None, ["a"])(t, p)) == pytest.approx(want, rel=1e-5)
    assert values(followed(["mae"], None, ["a"], t, p)) == pytest.approx({"mae": want}, rel=1e-5)


def test_metric_errors():
    with pytest.raises(InputError, match="Unknown metric 'acuracy'. Did you mean 'accuracy'"):
        Metrics({"a": ["acuracy"]}, None, ["a", "b"])
    with pytest.raises(InputError, match="Not a metric: 3"):
        Metrics([3], None, ["a"])
    for given, y, message in (
        ({"aa": "mae"}, [YA, YB], "metrics names 'aa', .* Did you mean 'a'"),
        ([["mae"]] * 3, [YA, YB], "metrics has 3 entries, the model 2 outputs"),
        (["mae", "mae"], None, "no labels for the metrics of 'a'"),
        ({"b": "mae"}, {"a": YA}, "no labels for the metrics of 'b'"),
        (["mae", "mae"], [YA, YB, YB], "y has 3 arrays, the model 2 outputs"),
    ):
        with pytest.raises(InputError, match=message):
            Metrics(given, None, ["a", "b"]).update_state(y, [PA, PB])
    with pytest.raises(InputError, match="'precision_at_recall' needs arguments"):
        Metrics(["precision_at_recall"], None, ["a"]).update_state(YA, PA)


def test_names_are_checked_without_counting_up():
    first = metrics.Recall()
    Metrics(["recall"], None, ["a"])
    number = int(first.name.rpartition("_")[2]) if "_" in first.name else 0
    assert metrics.Recall().name == f"recall_{number + 1}"


# --- outputs ------------------------------------------------------------------------------------


def test_order_of_a_dict_is_that_of_the_model():
    outputs = Outputs(["z", "a"], {"a": 1, "z": 2})
    assert outputs.predictions({"a": "pa", "z": "pz"}) == ["pz", "pa"]
    assert outputs.labels({"a": "ya", "z": "yz"}) == ["yz", "ya"]
    assert outputs.labels(["yz", "ya"]) == ["yz", "ya"]
    assert outputs.weights({"a": "wa"}) == [None, "wa"]


# --- label checks -------------------------------------------------------------------------------

SPARSE, HOT, BINARY, MSE = (
    losses.SparseCategoricalCrossentropy(),
    losses.CategoricalCrossentropy(),
    losses.BinaryCrossentropy(),
    losses.MeanSquaredError(),
)
GOOD = [
    (np.array([0, 9]), (None, 10), SPARSE),
    (np.array([[0], [9]]), (None, 10), SPARSE),
    (np.array([[0, 9]]), (None, 2, 10), SPARSE),
    (np.array([0.0, 9.0]), (None, 10), SPARSE),
    (np.array([-1, 9]), (None, 10), losses.SparseCategoricalCrossentropy(ignore_class=-1)),
    (
        np.array([[[1], [2]]]).reshape(1, 1, 2),
        (None, 10, 1, 2),
        losses.SparseCategoricalCrossentropy(axis=1),
    ),
    (np.eye(3), (None, 3), HOT),
    (np.array([0, 1]), (None, 1), BINARY),
    (np.array([True, False]), (None, 1), BINARY),
    (np.array([[0, 1]]), (None, 2), BINARY),
    (np.array([1.0, 2.0]), (None, 1), MSE),
    (np.zeros((2, 5)), (None, None), MSE),
    (np.zeros((2, 5)), (None, 5, 1), MSE),
    (np.zeros((2, 5, 1)), (None, 5), MSE),
    (np.zeros((0, 7)), (None, 3), MSE),
    (np.array(["x"]), (None, 3), MSE),
    (np.zeros((2, 7)), (None, 3), losses.LossFunctionWrapper(lambda t, p: p)),
]
BAD = [
    (
        np.array([0, 10]),
        (None, 10),
        SPARSE,
        "Label 10 .* has 10 classes, labels must lie in 0 to 9",
    ),
    (np.array([1, 10]), (None, 10), SPARSE, "Labels count from 0: subtract 1"),
    (np.array([-1, 3]), (None, 10), SPARSE, "Label -1 .*ignore_class"),
    (np.array([0.5]), (None, 10), SPARSE, "Label 0.5 is no class number"),
    (np.array([np.nan]), (None, 10), SPARSE, "is no class number"),
    (np.eye(3), (None, 3), SPARSE, "look one-hot.*categorical_crossentropy"),
    (np.zeros((4, 2)), (None, 3), SPARSE, r"\(batch, 2\) do not fit"),
    (
        np.array([0, 1, 2]),
        (None, 3),
        HOT,
        r"look like class numbers.*sparse_categorical_crossentropy",
    ),
    (np.array([[0], [1]]), (None, 3), HOT, r"to_categorical\(y, 3\)"),
    (np.eye(4), (None, 3), HOT, "the labels have 4 classes, the last layer 3 units"),
    (
        np.array([0, 2]),
        (None, 1),
        BINARY,
        "Label 2 is out of range .* of output 'a'.*several classes",
    ),
    (np.array([-1, 1]), (None, 1), BINARY, "hinge"),
    (np.array([0.0, 200.0]), (None, 1), BINARY, "mean_squared_error"),
    (np.array([0, 1]), (None, 2), BINARY, "two units with softmax"),
    (np.zeros((4, 3)), (None, 1), MSE, "Should the last layer have 3 units"),
    (np.zeros(4), (None, 3), MSE, "Should the last layer have 1 unit"),
    (np.zeros((4, 1)), (None, 5, 1), MSE, "return_sequences=False"),
]


@pytest.mark.parametrize(("y", "shape", "loss"), GOOD)
def test_labels_that_fit(y, shape, loss):
    check_labels(y, Spec(shape), loss, "a")


@pytest.mark.parametrize(("y", "shape", "loss", "message"), BAD)
def test_labels_that_do_not_fit(y, shape, loss, message):
    with pytest.raises((InputError, ShapeError), match=message):
        check_labels(y, Spec(shape), loss, "a")


def test_labels_are_checked_by_output():
    objective = Losses({"b": "sparse_categorical_crossentropy"}, None, ["a", "b"])
    specs = [Spec((None, 1)), Spec((None, 3))]
    objective.check_labels([np.zeros(2), np.array([0, 2])], specs)
    with pytest.raises(InputError, match="Label 3 .* of output 'b'"):
        objective.check_labels({"b": np.array([0, 3])}, specs)
    objective.check_labels(None, specs)
