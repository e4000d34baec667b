"""Losses against NumPy formulas, with weights and masks, compiled, and their configurations."""

import json
import warnings

import numpy as np
import pytest

from kerata import losses, ops, scope
from kerata.errors import InputError, ShapeError
from kerata.serialization import register_keras_serializable
from support import grad, jit, tensor

EPS = 1e-7


def data(*shape, seed=0):
    rng = np.random.RandomState(seed)
    return rng.rand(*shape).astype("float32"), rng.rand(*shape).astype("float32")


def clip(p):
    return np.clip(p, EPS, 1 - EPS)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def unit(x, axis=-1):
    return x / np.linalg.norm(x, axis=axis, keepdims=True)


def bce(t, p):
    return -t * np.log(clip(p)) - (1 - t) * np.log(clip(1 - p))


def focal(t, p, gamma=2.0):
    return (1 - (t * p + (1 - t) * (1 - p))) ** gamma * bce(t, p)


def huber(e, d):
    return np.where(np.abs(e) <= d, e * e / 2, d * np.abs(e) - d * d / 2)


def hinge(t, p):
    return np.maximum(1 - (2 * t - 1) * p, 0)


NUMBERS = data(6, 3)
LABELS = ((NUMBERS[0] > 0.5).astype("float32"), NUMBERS[1])
ONE_HOT = (np.eye(4, dtype="float32")[[0, 3, 1, 1, 2, 0]], softmax(data(6, 4)[1] * 3))
CLASSES = (np.array([0, 3, 1, 1, 2, 0]), ONE_HOT[1])


def picked(t, p):
    return np.take_along_axis(p, t[:, None], 1)[:, 0]


# Loss, arguments, data, value per sample.
CASES = [
    ("MeanSquaredError", {}, NUMBERS, lambda t, p: ((t - p) ** 2).mean(-1)),
    ("MeanAbsoluteError", {}, NUMBERS, lambda t, p: abs(t - p).mean(-1)),
    ("MeanAbsolutePercentageError", {}, NUMBERS, lambda t, p: 100 * (abs(t - p) / t).mean(-1)),
    (
        "MeanSquaredLogarithmicError",
        {},
        NUMBERS,
        lambda t, p: ((np.log1p(t) - np.log1p(p)) ** 2).mean(-1),
    ),
    ("CosineSimilarity", {}, NUMBERS, lambda t, p: -(unit(t) * unit(p)).sum(-1)),
    ("CosineSimilarity", {"axis": 0}, NUMBERS, lambda t, p: -(unit(t, 0) * unit(p, 0)).sum(0)),
    ("Huber", {}, NUMBERS, lambda t, p: huber(p - t, 1).mean(-1)),
    ("Huber", {"delta": 0.2}, NUMBERS, lambda t, p: huber(p - t, 0.2).mean(-1)),
    ("LogCosh", {}, NUMBERS, lambda t, p: np.log(np.cosh(p - t)).mean(-1)),
    ("Hinge", {}, LABELS, lambda t, p: hinge(t, p).mean(-1)),
    ("SquaredHinge", {}, LABELS, lambda t, p: (hinge(t, p) ** 2).mean(-1)),
    (
        "CategoricalHinge",
        {},
        ONE_HOT,
        lambda t, p: np.maximum(((1 - t) * p).max(-1) - (t * p).sum(-1) + 1, 0),
    ),
    ("KLDivergence", {}, NUMBERS, lambda t, p: (t * np.log(t / p)).sum(-1)),
    ("Poisson", {}, NUMBERS, lambda t, p: (p - t * np.log(p + EPS)).mean(-1)),
    ("BinaryCrossentropy", {}, LABELS, lambda t, p: bce(t, p).mean(-1)),
    (
        "BinaryCrossentropy",
        {"from_logits": True},
        LABELS,
        lambda t, p: bce(t, sigmoid(p)).mean(-1),
    ),
    (
        "BinaryCrossentropy",
        {"label_smoothing": 0.2},
        LABELS,
        lambda t, p: bce(t * 0.8 + 0.1, p).mean(-1),
    ),
    ("BinaryFocalCrossentropy", {}, LABELS, lambda t, p: focal(t, p).mean(-1)),
    (
        "BinaryFocalCrossentropy",
        {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.0, "from_logits": True},
        LABELS,
        lambda t, p: (np.where(t == 1, 0.3, 0.7) * focal(t, sigmoid(p), 1.0)).mean(-1),
    ),
    ("CategoricalCrossentropy", {}, ONE_HOT, lambda t, p: -(t * np.log(p)).sum(-1)),
    (
        "CategoricalCrossentropy",
        {"from_logits": True, "label_smoothing": 0.2},
        ONE_HOT,
        lambda t, p: -((t * 0.8 + 0.05) * np.log(softmax(p))).sum(-1),
    ),
    (
        "CategoricalFocalCrossentropy",
        {},
        ONE_HOT,
        lambda t, p: -(0.25 * (1 - p) ** 2 * t * np.log(p)).sum(-1),
    ),
    (
        "CategoricalFocalCrossentropy",
        {"from_logits": True, "alpha": 0.5, "gamma": 3.0},
        ONE_HOT,
        lambda t, p: -(0.5 * (1 - softmax(p)) ** 3 * t * np.log(softmax(p))).sum(-1),
    ),
    (
        "CategoricalFocalCrossentropy",
        {"alpha": [0.1, 0.2, 0.3, 0.4][: ONE_HOT[0].shape[-1]]},
        ONE_HOT,
        lambda t, p: (
            -(np.array([0.1, 0.2, 0.3, 0.4])[: t.shape[-1]] * (1 - p) ** 2 * t * np.log(p)).sum(-1)
        ),
    ),
    ("SparseCategoricalCrossentropy", {}, CLASSES, lambda t, p: -np.log(picked(t, p))),
    (
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
        CLASSES,
        lambda t, p: -np.log(picked(t, softmax(p))),
    ),
    (
        "CategoricalGeneralizedCrossEntropy",
        {"q": 0.7},
        CLASSES,
        lambda t, p: (1 - picked(t, p) ** 0.7) / 0.7,
    ),
    (
        "Dice",
        {"axis": -1},
        LABELS,
        lambda t, p: 1 - 2 * (t * p).sum(-1) / (t.sum(-1) + p.sum(-1) + EPS),
    ),
    ("Dice", {}, LABELS, lambda t, p: 1 - 2 * (t * p).sum() / (t.sum() + p.sum() + EPS)),
    (
        "Tversky",
        {"alpha": 0.3, "beta": 0.7, "axis": -1},
        LABELS,
        lambda t, p: (
            1
            - (t * p).sum(-1)
            / ((t * p).sum(-1) + 0.3 * (t * (1 - p)).sum(-1) + 0.7 * (p * (1 - t)).sum(-1) + EPS)
        ),
    ),
]
IDS = [f"{name}{kwargs or ''}" for name, kwargs, *_ in CASES]


@pytest.mark.parametrize(("name", "kwargs", "given", "formula"), CASES, ids=IDS)
def test_values_and_reductions(name, kwargs, given, formula):
    cls = getattr(losses, name)
    t, p = given
    want = formula(t.astype("float64") if t.dtype.kind == "f" else t, p.astype("float64"))
    want = np.asarray(want)
    by_sample = cls(reduction="none", **kwargs)(t, p)
    assert ops.dtype(by_sample) == "float32"
    np.testing.assert_allclose(by_sample, want, rtol=2e-5, atol=1e-6)
    compiled = jit(cls(**kwargs))(t, tensor(p))
    np.testing.assert_allclose(compiled, want.mean(), rtol=2e-5)
    np.testing.assert_allclose(cls(reduction="sum", **kwargs)(t, p), want.sum(), rtol=2e-5)
    if want.shape == (6,):
        w = np.linspace(0, 2, 6, dtype="float32")
        np.testing.assert_allclose(cls(**kwargs)(t, p, w), (w * want).mean(), rtol=2e-5)
        weighted = cls(reduction="mean_with_sample_weight", **kwargs)(t, p, w)
        np.testing.assert_allclose(weighted, (w * want).sum() / w.sum(), rtol=2e-5)


@pytest.mark.parametrize(("name", "kwargs", "given", "formula"), CASES, ids=IDS)
def test_configuration_round_trip(name, kwargs, given, formula):
    made = getattr(losses, name)(reduction="sum", name="mine", **kwargs)
    config = json.loads(json.dumps(losses.serialize(made)))
    assert config["module"] == "keras.losses"
    assert config["class_name"] == name
    again = losses.deserialize(config)
    assert (again.name, again.reduction) == ("mine", "sum")
    assert {k: again.get_config()[k] for k in kwargs} == kwargs
    np.testing.assert_array_equal(again(*given), made(*given))


@pytest.mark.parametrize(("name", "kwargs", "given", "formula"), CASES, ids=IDS)
def test_gradients_stay_finite_at_the_ends(name, kwargs, given, formula):
    loss = getattr(losses, name)(**kwargs)
    eye = np.eye(4, dtype="float32")
    labels = np.arange(4) if loss.labels == "classes" else eye
    for p in (eye, 1 - eye, 0.5 * eye + 0.125):
        gradient = grad(lambda x: ops.sum(loss(labels, x)))(tensor(p))
        assert np.isfinite(gradient).all()


def test_circle_against_the_sums_of_the_paper():
    rng = np.random.RandomState(1)
    labels = np.array([0, 0, 1, 1, 2])
    e = unit(rng.randn(5, 3)).astype("float32")
    distance = np.maximum(1 - e @ e.T, 0)
    same = labels[:, None] == labels
    own = same & ~np.eye(5, dtype=bool)
    want = []
    for i in range(5):
        near = np.exp(-8 * np.maximum(0.4 + distance[i], 0) * (0.4 - distance[i]))[own[i]].sum()
        far = np.exp(8 * np.maximum(1.4 - distance[i], 0) * (0.6 - distance[i]))[~same[i]].sum()
        want.append(np.log1p(near * far))
    loss = losses.Circle(gamma=8.0)
    np.testing.assert_allclose(losses.circle(labels, e, gamma=8.0), want, rtol=1e-4)
    # The sample without another of its class has no loss, and does not count.
    np.testing.assert_allclose(loss(labels, e), np.sum(want) / 4, rtol=1e-4)
    gradient = grad(lambda x: loss(labels, x))(tensor(e))
    assert np.isfinite(gradient).all()


def test_circle_with_references():
    e = unit(np.random.RandomState(1).randn(4, 3)).astype("float32")
    labels = np.array([0, 0, 1, 1])
    both = losses.circle(labels[:2], e[:2], labels, e, remove_diagonal=False)
    whole = losses.circle(labels, e, remove_diagonal=False)
    np.testing.assert_allclose(both, whole[:2], rtol=1e-5)


def test_ctc_against_the_sum_over_all_alignments():
    logits = np.random.RandomState(0).randn(1, 3, 3).astype("float32")
    p = softmax(logits)[0]
    total = 0.0
    for path in np.ndindex(3, 3, 3):
        merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
        if [c for c in merged if c] == [1, 2]:
            total += np.prod([p[i, c] for i, c in enumerate(path)])
    found = losses.CTC()(np.array([[1, 2, 0]]), logits)
    np.testing.assert_allclose(found, -np.log(total), rtol=1e-5)
    with pytest.raises(ShapeError, match=r"\(batch, length\)"):
        losses.ctc(np.array([1, 2]), logits)


# --- shapes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["MeanSquaredError", "Poisson", "Hinge", "KLDivergence", "BinaryCrossentropy"]
)
def test_vector_against_column_is_never_a_square(name):
    t, p = data(5)
    loss = getattr(losses, name)()
    function = losses.get(loss.name)
    assert function(t, p[:, None]).shape == (5,)
    np.testing.assert_allclose(loss(t, p[:, None]), loss(t[:, None], p[:, None]))
    np.testing.assert_allclose(loss(t[:, None], p), loss(t[:, None], p[:, None]))


def test_rule_holds_for_losses_of_users():
    class Mine(losses.Loss):
        def call(self, y_true, y_pred):
            assert y_true.shape == y_pred.shape == (5, 1)
            return ops.square(y_true - y_pred)

    t, p = data(5)
    np.testing.assert_allclose(Mine()(t, p[:, None]), ((t - p) ** 2).mean(), rtol=1e-6)
    wrapped = losses.LossFunctionWrapper(lambda a, b: abs(a - b))
    np.testing.assert_allclose(wrapped(t, p[:, None]), abs(t - p).mean(), rtol=1e-6)


@pytest.mark.parametrize(
    "result", [lambda e: ops.mean(e), lambda e: ops.mean(e, -1), lambda e: e, lambda e: e[None]]
)
def test_function_may_give_any_shape(result):
    t, p = data(6, 3)
    loss = losses.LossFunctionWrapper(lambda a, b: result(ops.absolute(a - b)))
    np.testing.assert_allclose(loss(t, p), abs(t - p).mean(), rtol=1e-5)
    assert loss(t, p, 0.5).shape == ()


def test_lists_and_integers_are_taken():
    assert float(losses.MeanSquaredError()([[0, 1], [1, 1]], [[0, 0], [0, 0]])) == 0.75
    assert float(losses.MeanSquaredError()([0, 1], [1.0, 1.0], sample_weight=[2, 1])) == 0.75


def test_structures_reach_the_loss_whole():
    class Pair(losses.Loss):
        def call(self, y_true, y_pred):
            return ops.absolute(y_true["a"] - y_pred["a"]) + ops.absolute(y_true["b"] - y_pred["b"])

    t, p = data(4)
    found = Pair()({"a": t, "b": t}, {"a": p, "b": t})
    np.testing.assert_allclose(found, abs(t - p).mean(), rtol=1e-6)


def test_labels_of_many_classes_stay_exact_in_half_precision():
    p = np.full((1, 4000), 1e-4, "float32")
    p[0, 3999] = 1
    loss = losses.SparseCategoricalCrossentropy(dtype="float16")
    assert float(loss(np.array([3999]), p)) < 1


# --- weights and masks --------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 5)])
def test_temporal_weights(shape):
    t, p = data(4, 5, 3)
    w = data(*shape, seed=2)[0]
    want = ((t - p) ** 2).mean(-1) * (w[:, None] if w.ndim == 1 else w)
    np.testing.assert_allclose(losses.MeanSquaredError()(t, p, w), want.mean(), rtol=1e-5)


def test_square_batches_take_weights_by_sample():
    t, p = data(4, 4, 3)
    w = np.array([1.0, 0.0, 0.0, 0.0], "float32")
    want = ((t - p) ** 2)[0].mean() / 4
    np.testing.assert_allclose(losses.MeanSquaredError()(t, p, w), want, rtol=1e-5)


def test_weights_that_do_not_fit():
    t, p = data(4, 3)
    with pytest.raises(ShapeError, match=r"sample_weight of shape \(4, 3\) does not fit .*\(4,\)"):
        losses.MeanSquaredError()(t, p, np.ones((4, 3)))
    with pytest.raises(ShapeError, match=r"sample_weight of shape \(3,\)"):
        losses.MeanSquaredError()(t, p, np.ones(3))


def masked(p, mask):
    p = tensor(p)
    scope.set_mask(p, tensor(mask))
    return p


def test_mask():
    t, p = data(3, 4, 2)
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], bool)
    values = ((t - p) ** 2).mean(-1)
    loss = losses.MeanSquaredError()
    np.testing.assert_allclose(loss(t, masked(p, mask)), values[mask].mean(), rtol=1e-5)
    w = data(3, 4, seed=4)[0]
    want = (values * w)[mask].sum() / mask.sum()
    np.testing.assert_allclose(loss(t, masked(p, mask), w), want, rtol=1e-5)
    total = losses.MeanSquaredError(reduction="sum")(t, masked(p, mask))
    np.testing.assert_allclose(total, values[mask].sum(), rtol=1e-5)
    assert float(loss(t, masked(p, mask & False))) == 0


def test_mask_of_steps_with_one_output_each():
    t, p = data(3, 4)
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], bool)
    want = ((t - p) ** 2)[mask].mean()
    loss = losses.MeanSquaredError()
    np.testing.assert_allclose(loss(t, masked(p[..., None], mask)), want, rtol=1e-5)
    np.testing.assert_allclose(loss(t[..., None], masked(p[..., None], mask)), want, rtol=1e-5)
    want = (((t - p) ** 2) * mask).mean()
    np.testing.assert_allclose(loss(t, p[..., None], mask.astype("float32")), want, rtol=1e-5)


def test_ignored_class_does_not_count():
    t = np.array([0, 3, -1, 2])
    p = ONE_HOT[1][:4]
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    rest = np.array([0, 1, 3])
    want = -np.log(picked(t[rest], p[rest])).mean()
    np.testing.assert_allclose(loss(t, p), want, rtol=1e-5)
    gradient = grad(lambda x: loss(t, x))(tensor(p))
    assert np.isfinite(gradient).all()
    assert not np.any(np.asarray(gradient)[2])
    both = masked(p, [True, True, True, False])
    # The mask of the predictions and that of the labels together leave two samples.
    np.testing.assert_allclose(loss(t, both), -np.log(picked(t[:2], p[:2])).mean(), rtol=1e-5)


def test_classes_along_another_axis():
    t = CLASSES[0].reshape(2, 3)
    p = np.moveaxis(ONE_HOT[1].reshape(2, 3, 4), -1, 1)
    loss = losses.SparseCategoricalCrossentropy(axis=1)
    want = -np.log(picked(*CLASSES)).mean()
    np.testing.assert_allclose(loss(t, p), want, rtol=1e-5)
    hot = np.moveaxis(ONE_HOT[0].reshape(2, 3, 4), -1, 1)
    np.testing.assert_allclose(losses.CategoricalCrossentropy(axis=1)(hot, p), want, rtol=1e-5)


# --- names and configurations -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("mse", "mean_squared_error"),
        ("MSE", "mean_squared_error"),
        ("mae", "mean_absolute_error"),
        ("mape", "mean_absolute_percentage_error"),
        ("msle", "mean_squared_logarithmic_error"),
        ("kld", "kl_divergence"),
        ("KLD", "kl_divergence"),
        ("kullback_leibler_divergence", "kl_divergence"),
        ("bce", "binary_crossentropy"),
        ("logcosh", "log_cosh"),
        ("cosine_proximity", "cosine_similarity"),
        ("cosine", "cosine_similarity"),
    ],
)
def test_short_and_earlier_names(name, function):
    assert losses.get(name) is getattr(losses, function)
    assert getattr(losses, name) is getattr(losses, function)


def test_get():
    assert losses.get(None) is None
    assert type(losses.get("MeanSquaredError")) is losses.MeanSquaredError
    assert type(losses.get(losses.Huber)) is losses.Huber
    made = losses.Huber(delta=3.0)
    assert losses.get(made) is made
    config = {"class_name": "Huber", "config": {"delta": 2.0, "reduction": "auto"}}
    assert losses.get(config).delta == 2.0
    with pytest.raises(
        InputError, match=r"'binary_crosentropy'. Did you mean 'binary_crossentropy'"
    ):
        losses.get("binary_crosentropy")
    with pytest.raises(InputError, match="no loss"):
        losses.get(3)


def test_reductions_of_old():
    assert losses.MeanSquaredError(reduction="auto").reduction == "sum_over_batch_size"
    assert losses.MeanSquaredError(losses.Reduction.SUM).reduction == "sum"
    with pytest.raises(ValueError, match="Unknown reduction 'avg'"):
        losses.MeanSquaredError(reduction="avg")


def test_argument_errors():
    with pytest.raises(ValueError, match="q must lie between 0 and 1"):
        losses.CategoricalGeneralizedCrossEntropy(q=1.0)
    with pytest.raises(TypeError, match="from_logit.*Did you mean 'from_logits'"):
        losses.BinaryCrossentropy(from_logit=True)
    with pytest.raises(ShapeError, match="one-hot"):
        losses.SparseCategoricalCrossentropy()(ONE_HOT[0], ONE_HOT[1])
    with pytest.raises(NotImplementedError, match="call"):
        losses.Loss()(*NUMBERS)
    with pytest.warns(SyntaxWarning, match="constant"):
        losses.CategoricalCrossentropy()(np.ones((2, 1)), np.ones((2, 1)))


@register_keras_serializable("tests")
class Scaled(losses.Loss):
    def __init__(self, factor, name="scaled", **kwargs):
        super().__init__(name=name, **kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * ops.absolute(y_true - y_pred)


@register_keras_serializable("tests")
class ScaledTheKerasWay(Scaled):
    def get_config(self):
        return {**losses.Loss.get_config(self), "factor": self.factor}


@register_keras_serializable("tests")
def power(y_true, y_pred, exponent=2):
    return (y_true - y_pred) ** exponent


@pytest.mark.parametrize(
    "make",
    [
        lambda: Scaled(3.0, reduction="sum"),
        lambda: ScaledTheKerasWay(factor=3.0),
        lambda: losses.LossFunctionWrapper(power, name="power", exponent=4),
    ],
)
def test_losses_of_users_round_trip(make):
    loss = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = losses.deserialize(json.loads(json.dumps(losses.serialize(loss))))
    assert type(again) is type(loss)
    assert again.name == loss.name
    np.testing.assert_array_equal(again(*NUMBERS), loss(*NUMBERS))


def test_configurations_of_tf_keras():
    """They name the function, and the reduction of old; they know no dtype and fewer arguments."""
    config = {"reduction": "auto", "name": "x", "fn": "categorical_crossentropy", "axis": -1}
    loss = losses.CategoricalCrossentropy.from_config({**config, "from_logits": True})
    assert (loss.from_logits, loss.reduction) == (True, "sum_over_batch_size")
    written = losses.SparseCategoricalCrossentropy().get_config()
    assert written.keys() == {"from_logits", "ignore_class", "reduction", "name"}
    assert losses.SparseCategoricalCrossentropy(axis=1).get_config()["axis"] == 1


def test_names_count_up():
    first, second = Scaled(1.0, name=None), Scaled(1.0, name=None)
    assert first.name.startswith("scaled")
    assert first.name != second.name
