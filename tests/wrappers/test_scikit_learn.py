"""`KerasClassifier` and `KerasRegressor`: the calls of the years of Keras 2, of scikeras, and scikit-learn's checks."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

import kerata
from kerata import Input, Sequential, callbacks, layers, losses, metrics, optimizers, utils
from kerata.errors import InputError, NotBuiltError

pytest.importorskip("sklearn", minversion="1.6")
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import AdaBoostClassifier
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from kerata.wrappers import scikeras, scikit_learn
from kerata.wrappers.scikit_learn import BaseWrapper, KerasClassifier, KerasRegressor

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
ONE_SPLIT = [(np.arange(0, 150, 2), np.arange(1, 150, 2))]
QUIET = {"verbose": 0, "batch_size": 50}


def flowers(out="softmax", loss="categorical_crossentropy", units=3, learning_rate=0.3):
    utils.set_random_seed(1)
    model = Sequential([Input((4,)), layers.Dense(units, out)])
    model.compile(optimizers.Adam(learning_rate), loss, metrics=["accuracy"])
    return model


# --- scikit-learn's checks ------------------------------------------------------------------------


def general(meta):
    """A classifier's model for any data."""
    utils.set_random_seed(1)
    several = meta["target_type_"].startswith("multilabel")
    model = Sequential([Input((meta["n_features_in_"],)), layers.Dense(16, "relu")])
    model.add(layers.Dense(meta["n_classes_"], "sigmoid" if several else "softmax"))
    loss = "binary_crossentropy" if several else "sparse_categorical_crossentropy"
    model.compile(optimizers.Adam(0.05), loss)
    return model


def general_regression(meta):
    utils.set_random_seed(1)
    model = Sequential([Input((meta["n_features_in_"],)), layers.Dense(meta["n_outputs_"])])
    model.compile(optimizers.Adam(0.05), "mse")
    return model


ESTIMATORS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": getattr(module, name)(
        build, verbose=0, batch_size=1000, epochs=10
    )
    for module in (scikit_learn, scikeras)
    for name, build in (("KerasClassifier", general), ("KerasRegressor", general_regression))
}

# These run here: they build few models, or say what the others do not. The whole list is a slow test.
CHECKS = """
check_do_not_raise_errors_in_init_or_set_params check_set_params check_get_params_invariance
check_no_attributes_set_in_init check_parameters_default_constructible check_estimators_unfitted
check_fit1d check_requires_y_none check_estimator_sparse_array check_classifiers_regression_target
check_supervised_y_no_nan check_classifier_multioutput check_regressor_multioutput
check_dont_overwrite_attributes check_estimators_partial_fit_n_features check_mixin_order
""".split()

EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": "asks for 7 digits of a mean over other rows; in 32 bits, and "
    "with a loss that is divided by the number of rows, a weight of 2 is not two rows",
}


def _checks():
    for label, estimator in ESTIMATORS.items():
        for _, check in estimator_checks_generator(estimator):
            name = getattr(check, "func", check).__name__
            if name in CHECKS and (label.startswith("scikit_learn") or "params" in name):
                yield pytest.param(estimator, check, id=f"{label}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(_checks()))
def test_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.skipif("KERATA_SLOW" not in os.environ, reason="minutes; KERATA_SLOW=1 runs it")
@pytest.mark.parametrize("label", ESTIMATORS)
def test_check_estimator(label):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(ESTIMATORS[label], expected_failed_checks=EXPECTED)


# --- the years of Keras 2 ---------------------------------------------------------------------------


def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3, input_shape=(4,)):
    model = kerata.models.Sequential()
    model.add(kerata.layers.InputLayer(input_shape=input_shape))
    for _ in range(n_hidden):
        model.add(kerata.layers.Dense(n_neurons, activation="relu"))
    model.add(kerata.layers.Dense(1))
    model.compile(loss="mse", optimizer=kerata.optimizers.SGD(learning_rate=learning_rate))
    return model


def test_randomized_search_of_a_regression():
    """The search of Géron's chapter on neural nets."""
    reciprocal = pytest.importorskip("scipy.stats").reciprocal
    y = X @ np.array([1.0, -2, 0.5, 0]) + 3
    keras_reg = kerata.wrappers.scikit_learn.KerasRegressor(build_model)
    distributions = {
        "n_hidden": [0, 1],
        "n_neurons": np.arange(1, 100),
        "learning_rate": reciprocal(3e-4, 3e-2),
    }
    search = RandomizedSearchCV(keras_reg, distributions, n_iter=2, cv=2, random_state=1)
    stop = kerata.callbacks.EarlyStopping(patience=10)
    search.fit(X, y, epochs=4, verbose=0, validation_data=(X[:30], y[:30]), callbacks=[stop])
    assert set(search.best_params_) == {"n_hidden", "n_neurons", "learning_rate"}
    best = search.best_estimator_
    model = best.model
    assert len(best.history["val_loss"]) == 4
    expected = -np.mean((model.predict(X, verbose=0)[:, 0] - y) ** 2)
    np.testing.assert_allclose(search.score(X, y), expected, rtol=1e-4)
    assert search.best_score_ < 0 and search.predict(X).shape == (150,)
    assert model.layers[-1].units == 1


def test_grid_search_of_a_binary_classification():
    """The grid searches of Brownlee's tutorials, with an argument of `fit` and some of the function."""

    def create_model(optimizer="rmsprop", init="glorot_uniform", dropout_rate=0.0):
        model = Sequential()
        model.add(layers.Dense(8, input_shape=(4,), kernel_initializer=init, activation="relu",
                               kernel_constraint=kerata.constraints.max_norm(3)))  # fmt: skip
        model.add(layers.Dropout(dropout_rate))
        model.add(layers.Dense(1, kernel_initializer=init, activation="sigmoid"))
        model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"])
        return model

    model = KerasClassifier(build_fn=create_model, verbose=0)
    param_grid = dict(optimizer=["SGD", "Adam"], epochs=[1], batch_size=[50], init=["uniform"])
    target = (Y > 0).astype(int)
    grid_result = GridSearchCV(model, param_grid, cv=ONE_SPLIT, refit=False).fit(X, target)
    found = [p["optimizer"] for p in grid_result.cv_results_["params"]]
    assert found == ["SGD", "Adam"] and "mean_test_score" in grid_result.cv_results_
    assert np.isfinite(grid_result.cv_results_["mean_test_score"]).all()


def test_pipeline_with_one_hot_targets():
    """The classification of flowers in Brownlee's tutorials."""
    encoder = LabelEncoder().fit(NAMES)
    dummy_y = utils.to_categorical(encoder.transform(NAMES))
    estimator = KerasClassifier(build_fn=flowers, epochs=20, batch_size=50, verbose=0)
    steps = [("standardize", StandardScaler()), ("mlp", estimator)]
    kfold = KFold(n_splits=2, shuffle=True, random_state=7)
    assert cross_val_score(Pipeline(steps), X * 3 + 1, dummy_y, cv=kfold).min() > 0.85
    estimator.fit(X, dummy_y)
    assert estimator.classes_.tolist() == [0, 1, 2]
    assert (encoder.inverse_transform(estimator.predict(X)) == NAMES).mean() > 0.85


@pytest.mark.parametrize("loss", ["binary_crossentropy", "hinge-free logits"])
def test_one_unit_for_two_classes(loss):
    some, logits = Y < 2, loss != "binary_crossentropy"
    kwargs = {"out": "sigmoid", "loss": loss, "units": 1}
    if logits:
        kwargs |= {"out": None, "loss": losses.BinaryCrossentropy(from_logits=True)}
    est = KerasClassifier(flowers, epochs=20, **QUIET, **kwargs).fit(X[some], NAMES[some])
    raw = est.model.predict(X[some], verbose=0)
    second = 1 / (1 + np.exp(-raw)) if logits else raw
    proba = est.predict_proba(X[some])
    np.testing.assert_allclose(proba, np.hstack([1 - second, second]), rtol=1e-4, atol=1e-6)
    assert est.n_classes_ == 2 and est.score(X[some], NAMES[some]) == 1
    assert est.predict(X[some]).tolist() == NAMES[some].tolist()


def test_three_ways_to_say_how_a_model_is_built():
    class Builder:
        def __call__(self, units=3):
            return flowers(units=units)

    class Own(KerasClassifier):
        def __call__(self, units=3):
            return flowers(units=units)

    for est in (
        KerasClassifier(flowers, units=5),
        KerasClassifier(Builder(), units=5),
        Own(units=5),
    ):
        assert est.initialize(X, NAMES).model.layers[-1].units == 5
        assert clone(est).get_params()["units"] == 5


def test_mistyped_parameters():
    with pytest.raises(InputError, match="'epoch' is not a legal parameter of KerasClassifier. Did you mean 'epochs'"):  # fmt: skip
        KerasClassifier(flowers, epoch=3)
    est = KerasClassifier(flowers, nb_epoch=2, units=4)
    with pytest.raises(ValueError, match=r"Did you mean 'learning_rate'.*learning_rate, loss, out, units"):  # fmt: skip
        est.set_params(units=8, learning_rat=0.1)
    assert est.get_params() == {"build_fn": flowers, "nb_epoch": 2, "units": 4}
    assert est.filter_sk_params(flowers, {"out": None}) == {"units": 4, "out": None}
    with pytest.raises(InputError, match="has no function that builds a model"):
        KerasClassifier().fit(X, Y)
    with pytest.raises(InputError, match="must return a model, got 3"):
        KerasClassifier(lambda: 3).fit(X, Y)


def test_epochs_under_their_first_name_and_the_history():
    est = KerasClassifier(flowers, nb_epoch=2, **QUIET)
    history = est.fit(X, NAMES)
    assert len(history.history["loss"]) == 2 and history.epoch == [0, 1]
    assert len(est.fit(X, NAMES, epochs=3).history_["accuracy"]) == 3


def test_parameters_are_not_copied():
    layout = [
        [4, 3],
        {"a": 1},
    ]  # a list of lists: get_params of Keras 2 copied it, which clone refuses
    est = KerasClassifier(lambda layout: flowers(units=layout[0][1]), layout=layout)
    assert est.get_params()["layout"] is layout
    assert clone(est).get_params()["layout"] == layout


def test_trained_estimators_are_pickled():
    for est in (KerasClassifier(flowers, epochs=2, **QUIET), scikeras.KerasClassifier(flowers, verbose=0)):  # fmt: skip
        est.fit(X, NAMES)
        copy = pickle.loads(pickle.dumps(est))
        np.testing.assert_allclose(copy.predict_proba(X), est.predict_proba(X), rtol=1e-6)
        assert copy.get_params() == est.get_params() and copy.history == est.history


PARALLEL = """
import numpy as np
from sklearn.model_selection import GridSearchCV
from kerata import Input, Sequential, layers
from kerata.wrappers.scikit_learn import KerasRegressor

def build(units=1, rate=0.1):
    model = Sequential([Input((2,)), layers.Dense(units), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model

if __name__ == "__main__":
    X = np.random.rand(20, 2)
    shift = 1
    regressor = KerasRegressor(lambda units: build(units + shift), verbose=0)
    split = [(np.arange(10), np.arange(10, 20))]
    search = GridSearchCV(regressor, {"units": [1, 2]}, cv=split, n_jobs=2).fit(X, X.sum(1), epochs=2)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.model.layers[0].units == search.best_params_["units"] + 1
    print("fine")
"""


def test_search_in_two_processes(tmp_path):
    file = tmp_path / "search.py"
    file.write_text(PARALLEL)
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.strip() == "fine", done.stderr


# --- scikeras ---------------------------------------------------------------------------------------


def plain(meta, units=8, activation="relu"):
    """A model that is not compiled."""
    model = Sequential([Input((meta["n_features_in_"],)), layers.Dense(units, activation)])
    model.add(layers.Dense(meta["n_classes_"], "softmax"))
    return model


def test_routed_parameters():
    est = scikeras.KerasClassifier(
        model=plain, model__units=5, loss="sparse_categorical_crossentropy", optimizer="sgd",
        optimizer__learning_rate=optimizers.schedules.ExponentialDecay,
        optimizer__learning_rate__initial_learning_rate=0.25,
        optimizer__learning_rate__decay_steps=100,
        optimizer__learning_rate__decay_rate=0.5,
        metrics=[metrics.SparseTopKCategoricalAccuracy], metrics__0__k=2,
        callbacks={"stop": callbacks.EarlyStopping}, callbacks__stop__patience=7,
        callbacks__stop__monitor="loss", fit__batch_size=75, predict__batch_size=10,
        epochs=2, verbose=0,
    )  # fmt: skip
    seen = {}
    est.set_params(fit__callbacks=[callbacks.LambdaCallback(on_train_begin=lambda logs: seen.update(n=1))])  # fmt: skip
    est.fit(X, NAMES)
    model = est.model_
    assert model.layers[0].units == 5 and int(model.optimizer.iterations) == 4 and seen == {"n": 1}
    rate = 0.25 * 0.5 ** (4 / 100)
    np.testing.assert_allclose(float(model.optimizer.learning_rate), rate, rtol=1e-5)
    assert "sparse_top_k_categorical_accuracy" in est.history_
    assert est.epochs == 2 and est.model is plain and est.get_params()["shuffle"] is True
    assert (est.n_features_in_, est.n_classes_, est.n_outputs_, est.target_type_) == (4, 3, 1, "multiclass")  # fmt: skip


def test_search_over_routed_parameters():
    est = scikeras.KerasClassifier(
        plain, loss="sparse_categorical_crossentropy", random_state=1, **QUIET
    )
    grid = {"optimizer__learning_rate": [1e-6, 0.1], "model__units": [16], "epochs": [10], "optimizer": ["adam"]}  # fmt: skip
    search = GridSearchCV(est, grid, cv=ONE_SPLIT).fit(X, NAMES)
    assert search.best_params_["optimizer__learning_rate"] == 0.1
    assert search.score(X, NAMES) > 0.8
    assert search.best_estimator_.model_.optimizer.learning_rate.numpy() == np.float32(0.1)


def test_build_functions_that_compile():
    def build(hidden, meta, compile_kwargs, params):
        assert params["hidden"] == hidden and meta["classes_"].tolist() == [0, 1, 2]
        model = plain(meta, hidden)
        model.compile(**{**compile_kwargs, "loss": "sparse_categorical_crossentropy"})
        return model

    est = scikeras.KerasClassifier(build, hidden=6, optimizer="nadam", metrics="accuracy", **QUIET)
    est.fit(X, Y)
    assert type(est.model_.optimizer).__name__ == "Nadam" and "accuracy" in est.history_
    with pytest.raises(NotBuiltError, match='has no loss.*loss="..."'):
        scikeras.KerasClassifier(plain, **QUIET).fit(X, Y)


def test_own_class():
    """The multi-layer perceptron of scikeras's documentation."""

    class MLPRegressor(scikeras.KerasRegressor):
        def __init__(self, hidden=(8,), optimizer="adam", epochs=3, verbose=0, **kwargs):
            super().__init__(**kwargs)
            self.hidden = hidden
            self.optimizer = optimizer
            self.epochs = epochs
            self.verbose = verbose

        def _keras_build_fn(self, compile_kwargs):
            model = Sequential([Input((self.n_features_in_,))])
            for n in self.hidden:
                model.add(layers.Dense(n, "relu"))
            model.add(layers.Dense(self.n_outputs_))
            model.compile(loss="mse", optimizer=compile_kwargs["optimizer"])
            return model

    y = X @ np.array([[1.0, 0], [-2, 1], [0.5, 0], [0, 1]])
    est = clone(MLPRegressor(hidden=(5,), optimizer__learning_rate=0.03)).fit(X, y)
    assert est.model_.layers[0].units == 5 and len(est.history_["loss"]) == 3
    assert est.predict(X).shape == (150, 2)
    assert float(est.model_.optimizer.learning_rate) == np.float32(0.03)
    np.testing.assert_allclose(est.score(X, y), r2_score(y, est.predict(X)))


def test_partial_fit_and_warm_start():
    est = KerasClassifier(flowers, epochs=2, **QUIET)
    with pytest.raises(TypeError, match="partial_fit trains one more epoch; it takes no epochs"):
        est.partial_fit(X, NAMES, epochs=3)
    est.partial_fit(X[:50], NAMES[:50], classes=np.unique(NAMES))  # one class only
    model = est.model_
    est.partial_fit(X, NAMES)
    assert est.model_ is model and est.current_epoch == 2 and len(est.history_["loss"]) == 2
    assert est.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    est.set_params(warm_start=True).fit(X, NAMES)
    assert est.model_ is model and int(model.optimizer.iterations) == 1 + 3 + 2 * 3
    with pytest.raises(InputError, match=r"not there in the first fit: \['rose'\]"):
        est.fit(X[:2], ["rose", "setosa"])
    assert est.set_params(warm_start=False).fit(X, NAMES).model_ is not model


def test_random_state_repeats_a_training_and_leaves_the_generators_alone():
    est = scikeras.KerasClassifier(plain, loss="sparse_categorical_crossentropy", random_state=3, verbose=0)  # fmt: skip
    np.random.seed(5)
    first = est.fit(X, Y).predict_proba(X)
    after = np.random.rand()
    np.random.seed(5)
    assert after == np.random.rand()
    np.testing.assert_array_equal(clone(est).fit(X, Y).predict_proba(X), first)
    assert not np.array_equal(est.set_params(random_state=4).fit(X, Y).predict_proba(X), first)


@pytest.mark.parametrize("given", ["balanced", {0: 1.0, 1: 50.0, 2: 0.0}])
def test_class_weight(given):
    few = np.r_[0:50, 50:55, 100:150]
    est = KerasClassifier(flowers, class_weight=given, epochs=20, **QUIET).fit(X[few], NAMES[few])
    predicted = set(est.predict(X))
    if given == "balanced":
        counts = np.array([50, 5, 50])
        np.testing.assert_allclose(
            est._weights(X[few], NAMES[few], None, {}), np.repeat(105 / (3 * counts), counts), rtol=1e-6
        )  # fmt: skip
        assert len(predicted) == 3
    else:
        assert "virginica" not in predicted


def test_sample_weight():
    weights = (Y < 2).astype(float)
    est = KerasClassifier(flowers, epochs=20, **QUIET).fit(X, NAMES, sample_weight=weights)
    assert "virginica" not in set(est.predict(X))
    assert est.score(X, NAMES, sample_weight=weights) > 0.95
    with pytest.raises(ValueError, match="[Ss]ample weights"):
        est.fit(X, NAMES, sample_weight=weights * 0)
    boosted = AdaBoostClassifier(KerasClassifier(flowers, epochs=10, **QUIET), n_estimators=2)
    assert boosted.fit(X, NAMES).score(X, NAMES) > 0.8


def test_forms_of_targets():
    onehot = np.eye(3)[Y]
    old = KerasClassifier(flowers, epochs=10, **QUIET).fit(X, onehot)
    assert old.predict(X).shape == (150,) and old.score(X, onehot) == old.score(X, Y) > 0.8
    new = scikeras.KerasClassifier(flowers, epochs=10, **QUIET).fit(X, onehot)
    assert new.predict(X).tolist() == np.eye(3)[old.predict(X)].tolist()
    assert new.score(X, onehot) == old.score(X, onehot)
    several = np.stack([Y > 0, Y > 1], 1).astype(int)
    est = KerasClassifier(flowers, out="sigmoid", loss="binary_crossentropy", units=2, epochs=20, **QUIET)  # fmt: skip
    est.fit(X, several)
    raw = est.model_.predict(X, verbose=0)
    assert est.predict(X).tolist() == (raw > 0.5).astype(int).tolist()
    assert est.score(X, several) == (est.predict(X) == several).all(1).mean() > 0.7


def test_more_units_than_classes():
    some = Y < 2
    for loss in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        est = KerasClassifier(flowers, loss=loss, epochs=10, **QUIET).fit(X[some], NAMES[some])
        assert est.score(X[some], NAMES[some]) == 1 and est.predict_proba(X).shape == (150, 2)
    with pytest.raises(InputError, match=r"gives 2 numbers for a sample, but there are 3 classes.*3 units"):  # fmt: skip
        KerasClassifier(flowers, units=2, **QUIET).fit(X, NAMES)


def test_models_that_have_no_shape_yet():
    def build(units, loss):
        model = Sequential(
            [layers.Flatten(), layers.Dense(units, "softmax" if units > 1 else "sigmoid")]
        )
        model.compile(optimizers.Adam(0.3), loss)
        return model

    pictures = np.stack([Y > 0, Y > 1], 1).astype("uint8")[:, None]  # (150, 1, 2), whole numbers
    est = KerasClassifier(build, units=1, loss="binary_crossentropy", epochs=15, **QUIET)
    assert est.fit(pictures[:100], NAMES[:100]).score(pictures[:100], NAMES[:100]) == 1
    est.set_params(units=3, loss="sparse_categorical_crossentropy")
    assert est.fit(pictures, NAMES).score(pictures, NAMES) > 0.6


def test_importances_and_saved_models(tmp_path):
    from sklearn.inspection import permutation_importance

    est = KerasClassifier(flowers, epochs=15, **QUIET).fit(X, NAMES)
    found = permutation_importance(est, X, NAMES, n_repeats=1, random_state=0).importances_mean
    assert found.shape == (4,) and found[2:].max() > 0.1
    est.model.save(tmp_path / "flowers.keras")
    other = kerata.saving.load_model(tmp_path / "flowers.keras")
    np.testing.assert_allclose(
        other.predict(X, verbose=0), est.model_.predict(X, verbose=0), rtol=1e-5
    )


def test_given_model_and_batches_of_everything():
    model = flowers()
    est = scikeras.KerasClassifier(model, batch_size=-1, verbose=0).fit(X, NAMES)
    assert est.model_ is model and int(model.optimizer.iterations) == 1


def test_encoders():
    class Two(scikeras.KerasRegressor):
        """Columns as two inputs, and targets in thousands."""

        @property
        def feature_encoder(self):
            return kerata_transformer(lambda x: [x[:, :2], x[:, 2:]])

        @property
        def target_encoder(self):
            return kerata_transformer(lambda y: y[:, None] / 1000, lambda y: y[:, 0] * 1000)

    def kerata_transformer(function, inverse=None):
        from sklearn.preprocessing import FunctionTransformer

        return FunctionTransformer(function, inverse)

    def build():
        a, b = Input((2,)), Input((2,))
        out = layers.Dense(1)(layers.Concatenate()([a, b]))
        return kerata.Model([a, b], out)

    y = 1000 * (X @ np.array([1.0, -2, 0.5, 0]))
    est = Two(build, loss="mse", optimizer="adam", optimizer__learning_rate=0.1, epochs=40, **QUIET)
    assert est.fit(X, y).score(X, y) > 0.9


def test_cross_val_predict_of_strings():
    est = KerasClassifier(flowers, epochs=15, **QUIET)
    kfold = StratifiedKFold(n_splits=2, shuffle=True, random_state=0)
    assert (cross_val_predict(est, X, NAMES, cv=kfold) == NAMES).mean() > 0.8


def test_names():
    assert str(inspect.signature(KerasRegressor)).startswith("(build_fn: 'Any' = None, **sk_params")
    assert scikeras.BaseWrapper is BaseWrapper is scikit_learn.BaseWrapper
    assert {"scikit_learn", "scikeras"} <= set(dir(kerata.wrappers))
