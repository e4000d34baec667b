"""Models as estimators of scikit-learn, judged by its own checks and tools."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import kerata
from kerata import Input, Sequential, layers, losses, utils
from kerata.errors import InputError, NotBuiltError

pytest.importorskip("sklearn", minversion="1.6")
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from kerata.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

QUIET = {"verbose": 0, "batch_size": 64}
X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


def make(X, y, loss="categorical_crossentropy", out="softmax", units=(), columns=None, rate=0.3):
    """A small model whose first weights are the same each time."""
    utils.set_random_seed(1)
    model = Sequential([Input(X.shape[1:])])
    if X.ndim > 2:
        model.add(layers.Flatten())
    for n in units:
        model.add(layers.Dense(n, "relu"))
    model.add(layers.Dense(columns or y.shape[1], out))
    model.compile(kerata.optimizers.Adam(rate), loss)
    return model


def classifier(epochs=20, **kwargs):
    return SKLearnClassifier(make, model_kwargs=kwargs, fit_kwargs={**QUIET, "epochs": epochs})


def regressor(epochs=1):
    return SKLearnRegressor(make, False, {"loss": "mse", "out": None}, {**QUIET, "epochs": epochs})


def transformer():
    return SKLearnTransformer(make, model_kwargs={"loss": "mse", "out": None}, fit_kwargs=QUIET)


# --- scikit-learn's checks ------------------------------------------------------------------------

# All checks pass; these run here, as they build few models or say what the others do not.
CHECKS = """
check_do_not_raise_errors_in_init_or_set_params check_set_params check_get_params_invariance
check_no_attributes_set_in_init check_estimators_unfitted check_fit1d check_estimator_sparse_array
check_classifiers_regression_target check_classifiers_one_label check_supervised_y_no_nan
check_regressor_multioutput check_transformer_get_feature_names_out check_n_features_in
check_dont_overwrite_attributes
""".split()


def _checks():
    for estimator in (classifier(1), regressor(), transformer()):
        for _, check in estimator_checks_generator(estimator):
            name = getattr(check, "func", check).__name__
            if name in CHECKS:
                yield pytest.param(estimator, check, id=f"{type(estimator).__name__}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(_checks()))
def test_checks(estimator, check):
    check(estimator)


# --- tools ------------------------------------------------------------------------------------------


def test_pipeline_and_cross_validation():
    pipe = make_pipeline(StandardScaler(), classifier())
    assert cross_val_score(pipe, X * 3 + 1, NAMES, cv=2).min() > 0.85


@pytest.mark.parametrize(
    "grid",
    [
        {"model_kwargs": [{"rate": 0.0}, {"rate": 0.3}]},
        {"model_kwargs__rate": [0.0, 0.3], "fit_kwargs__epochs": [15]},
    ],
    ids=["whole", "entries"],
)
def test_grid_search(grid):
    given = classifier(15)
    split = [(np.arange(0, 150, 2), np.arange(1, 150, 2))]
    search = GridSearchCV(given, grid, cv=split).fit(X, NAMES)
    assert search.best_index_ == 1 and search.score(X, NAMES) > 0.85
    assert given.model_kwargs == {} and given.fit_kwargs == {**QUIET, "epochs": 15}


def test_scores_of_two_classes():
    est = classifier(columns=1, out="sigmoid", loss="binary_crossentropy")
    two = NAMES != "virginica"
    done = cross_validate(est, X[two], NAMES[two], scoring=["roc_auc", "neg_log_loss"], cv=2)
    assert done["test_roc_auc"].min() > 0.95 and done["test_neg_log_loss"].min() > -0.3


def test_clone_keeps_all_parameters():
    model = make(X, np.zeros((1, 3)))
    est = SKLearnClassifier(model, True, {"units": (2,)}, {"epochs": 3})
    copy = clone(est)
    assert copy.model is not model and [w.tolist() for w in copy.model.get_weights()] == [
        w.tolist() for w in model.get_weights()
    ]
    assert (copy.warm_start, copy.model_kwargs, copy.fit_kwargs) == (
        *(True, {"units": (2,)}),
        {"epochs": 3},
    )


def test_fitted_ones_are_pickled():
    est = classifier(2).fit(X, NAMES)
    copy = pickle.loads(pickle.dumps(est))
    np.testing.assert_allclose(copy.predict_proba(X), est.predict_proba(X), rtol=1e-6)
    assert copy.history_.history["loss"] == est.history_.history["loss"]


def test_metadata_routing():
    weights = (NAMES != "virginica").astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        est = classifier(10).set_fit_request(sample_weight="importance")
        pipe = make_pipeline(clone(est)).fit(X, NAMES, importance=weights)
    assert "virginica" not in set(pipe.predict(X[:100]))
    assert pipe.score(X[:100], NAMES[:100]) > 0.9


def test_feature_names():
    pandas = pytest.importorskip("pandas")
    est = transformer().set_output(transform="pandas")
    out = est.fit_transform(pandas.DataFrame(X, columns=list("abcd")), np.eye(3)[Y])
    assert list(out.columns) == [f"sklearntransformer{i}" for i in range(3)]
    assert est.feature_names_in_.tolist() == list("abcd")


# --- the wrappers themselves ------------------------------------------------------------------------


def test_signatures():
    for cls in (SKLearnClassifier, SKLearnRegressor, SKLearnTransformer):
        assert str(inspect.signature(cls)).startswith("(model: 'Any', warm_start: 'bool' = False,")
        assert list(inspect.signature(cls).parameters)[2:] == ["model_kwargs", "fit_kwargs"]


def test_fit_kwargs_stay_as_they_are():
    est = classifier(1)
    assert len(est.fit(X, NAMES, epochs=3).history_.epoch) == 3
    assert est.fit_kwargs == {**QUIET, "epochs": 1}
    assert len(est.fit(X, NAMES).history_.epoch) == 1


@pytest.mark.parametrize("warm", [False, True])
def test_warm_start(warm):
    est = classifier(4).set_params(warm_start=warm).fit(X, NAMES)
    first, model = est.history_.history["loss"], est.model_
    again = est.fit(X, NAMES).history_.history["loss"]
    assert (est.model_ is model) == warm and est.epoch_ == (8 if warm else 4)
    assert int(est.model_.optimizer.iterations) == est.epoch_ * 3  # 150 samples, 64 at a time
    assert again[0] < first[-1] if warm else again[0] > first[-1]


@pytest.mark.parametrize("warm", [False, True])
def test_given_model(warm):
    # A lambda could not be in a configuration.
    model = make(X, np.zeros((1, 3)), loss=lambda y, p: losses.categorical_crossentropy(y, p))
    before = model.get_weights()[0]
    est = SKLearnClassifier(model, warm, fit_kwargs={**QUIET, "epochs": 15}).fit(X, NAMES)
    assert (est.model_ is model) == warm and est.score(X, NAMES) > 0.85
    assert np.array_equal(model.get_weights()[0], before) != warm


def test_warm_start_keeps_its_classes():
    est = classifier(1).set_params(warm_start=True).fit(X, NAMES)
    est.fit(X[:60], NAMES[:60])
    assert est.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    with pytest.raises(InputError, match=r"not there in the first fit: \['rose'\]"):
        est.fit(X[:2], ["rose", "setosa"])
    with pytest.raises(ValueError, match="features"):
        est.fit(X[:, :2], NAMES)


FORMS = {
    "sparse": ({"loss": "sparse_categorical_crossentropy"}, 3),
    "logits": ({"loss": losses.CategoricalCrossentropy(from_logits=True), "out": None}, 3),
    "each": ({"loss": "binary_crossentropy", "out": "sigmoid"}, 3),
    "one": ({"loss": "binary_crossentropy", "out": "sigmoid", "columns": 1}, 2),
    "one logit": (
        {"loss": losses.BinaryCrossentropy(from_logits=True), "out": None, "columns": 1},
        2,
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_outputs(form):
    kwargs, n = FORMS[form]
    some = n > Y
    est = classifier(25, **kwargs).fit(X[some], NAMES[some])
    assert est.score(X[some], NAMES[some]) > 0.85
    proba, decision, predicted = (
        f(X[some]) for f in (est.predict_proba, est.decision_function, est.predict)
    )
    np.testing.assert_allclose(proba.sum(-1), 1, atol=1e-12)
    assert (est.classes_[proba.argmax(-1)] == predicted).all()
    best = (decision > 0).astype(int) if n == 2 else decision.argmax(-1)
    assert (est.classes_[best] == predicted).all()
    raw = est.model_.predict(X[some], verbose=0)
    if form == "logits":
        expected = np.exp(raw) / np.exp(raw).sum(-1, keepdims=True)
    elif form == "one logit":
        expected = np.concatenate([1 / (1 + np.exp(raw)), 1 / (1 + np.exp(-raw))], -1)
    elif form == "one":
        expected = np.concatenate([1 - raw, raw], -1)
    else:
        expected = raw / raw.sum(-1, keepdims=True)
    np.testing.assert_allclose(proba, expected, rtol=1e-3, atol=1e-6)


def test_validation_data_has_labels():
    est = classifier(15).fit(X, NAMES, validation_data=(X, NAMES))
    loss = est.model_.evaluate(X, np.eye(3)[Y], verbose=0)
    np.testing.assert_allclose(est.history_.history["val_loss"][-1], loss, rtol=1e-4)


def test_regression():
    y = X @ np.array([1.0, -2, 0.5, 0]) + 3
    est = regressor(30).fit(X, y)
    assert est.predict(X).shape == (150,) and est.score(X, y) > 0.95


def test_transformer_without_targets():
    est = transformer().set_params(fit_kwargs__epochs=40).fit(X)
    assert np.mean((est.transform(X) - X) ** 2) < 0.1


def test_samples_of_more_axes():
    est = classifier(1).fit(X.reshape(-1, 2, 2), NAMES)
    assert est.predict(X.reshape(-1, 2, 2)).shape == (150,)


def test_errors():
    with pytest.raises(NotBuiltError, match="not compiled"):
        SKLearnRegressor(Sequential([Input((4,)), layers.Dense(1)])).fit(X, Y)
    with pytest.raises(InputError, match="must return a compiled model, got None"):
        SKLearnRegressor(lambda X, y: None).fit(X, Y)
    with pytest.raises(InputError, match="gives 2 numbers for a sample, but there are 3 classes"):
        classifier(columns=2).fit(X, NAMES)
    with pytest.raises(InputError, match="no probabilities"):
        classifier(1, loss="mse", out=None).fit(X, NAMES).predict_proba(X)
    with pytest.raises(AttributeError, match="Other"):
        _ = kerata.wrappers.Other


def test_without_scikit_learn():
    code = """
import sys
sys.modules["sklearn"] = None
from kerata import wrappers
try:
    wrappers.SKLearnClassifier
except ImportError as e:
    print(e)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "SKLearnClassifier needs scikit-learn" in out.stdout
    assert "pip install scikit-learn" in out.stdout
