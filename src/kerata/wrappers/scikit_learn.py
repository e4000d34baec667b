"""Functions that build models as estimators of scikit-learn: `KerasClassifier` and `KerasRegressor`.

They take the parameters that the wrappers of Keras 1 and 2 took, and those of scikeras. Where the two
differ in what comes out, a model given as `build_fn` follows Keras, one given as `model` scikeras; the
classes of `kerata.wrappers.scikeras` always follow scikeras.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from .. import config
from ..errors import InputError
from ._estimators import _from_logits, _name, probabilities
from ._wrapper import _EVALUATE, BaseWrapper

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """A function that builds a model, as a classifier of scikit-learn.

    The model may end in one unit for each class, with any loss for these (also a sparse one), or in a
    single unit for two classes. Labels may be anything; `predict` gives labels again.

    Args:
        build_fn: A function that returns a model, compiled or with `loss` and `optimizer` among the parameters.
        **sk_params: See `BaseWrapper`; besides, `class_weight`: a dict by class, or ``"balanced"``.

    Attributes:
        classes_: The labels, sorted; the numbers of the columns if the targets were one-hot.
        n_classes_: How many there are.
        model_: The trained model.
        history_: Numbers of each epoch, by name.

    >>> import numpy as np
    >>> from kerata import Input, Sequential, layers
    >>> def build(units=4):
    ...     model = Sequential([Input((6,)), layers.Dense(units, "relu"), layers.Dense(1, "sigmoid")])
    ...     model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    ...     return model
    >>> estimator = KerasClassifier(build, units=8, epochs=2, verbose=0)
    >>> X, y = np.eye(6), np.array(["cat", "dog"] * 3)
    >>> estimator.fit(X, y).classes_.tolist(), estimator.predict_proba(X).shape
    (['cat', 'dog'], (6, 2))
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # as long as nobody has chosen a number of epochs
        return tags

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:  # fmt: skip
        """Train one more epoch, in a new model only the first time.

        Args:
            X, y, sample_weight: As for `fit`.
            classes: All labels there will be; those in `y` if it is not given in the first call.
            **kwargs: Further arguments of `Model.fit`.
        """
        self._expected = None if classes is None else np.unique(classes)
        try:
            return super().partial_fit(X, y, sample_weight, **kwargs)
        finally:
            del self._expected

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        X, y = super()._checked(X, y, reset)
        if y is not None:
            check_classification_targets(y)
            if y.ndim == 2 and y.shape[1] == 1:
                y = y[:, 0]
        return X, y

    def _learn_targets(self, y: Any) -> None:
        super()._learn_targets(y)
        if "target_encoder_" in vars(self):
            return
        if y.ndim == 2:
            self.classes_ = np.arange(y.shape[1])
            self._onehot = bool((y.sum(1) == 1).all())
        else:
            expected = vars(self).get("_expected")
            self.classes_ = np.unique(y) if expected is None else expected
            self._onehot = True
            self.n_outputs_ = 1
            if len(self.classes_) > 2:
                self.target_type_ = "multiclass"
        if len(self.classes_) < 2:
            raise InputError(
                f"All targets are of one class, {self.classes_[0]!r}; a classifier needs two at least."
            )
        self.n_classes_ = len(self.classes_)

    def _codes(self, y: Any) -> Any:
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise InputError(
                f"There are targets of classes that were not there in the first fit: {unknown[:5].tolist()}. "
                f"Known are {self.classes_[:20].tolist()}."
            )
        return np.searchsorted(self.classes_, y)

    def _targets(self, model: Any, y: Any) -> Any:
        if y.ndim == 2 and y.shape[1] == 1 and self._flat:
            y = y[:, 0]
        sparse = "sparse" in _name(model.loss)
        if y.ndim == 2:
            return y.argmax(1) if sparse and self._onehot else y
        columns, classes = self._width, self.n_classes_
        if columns == 1 and classes == 2:
            return self._codes(y)[:, None].astype(config.floatx())
        if columns is not None and columns < classes:
            raise InputError(
                f"The model {model.name!r} gives {columns} numbers for a sample, but there are {classes} classes: "
                f"{self.classes_[:20].tolist()}. Give its last layer {classes} units."
            )
        codes = self._codes(y)
        return codes if sparse else np.eye(columns or classes, dtype=config.floatx())[codes]

    def _weights(self, X: Any, y: Any, weight: Any, kwargs: dict[str, Any]) -> Any:
        weight = super()._weights(X, y, weight, kwargs)
        given = kwargs.pop("class_weight", None)
        given = (
            self._options("fit", {"class_weight"}).get("class_weight") if given is None else given
        )
        if given is None:
            return weight
        codes = self._codes(y) if y.ndim == 1 else y.argmax(1)
        if isinstance(given, str):
            if given != "balanced":
                raise InputError(f"class_weight must be a dict or 'balanced', got {given!r}.")
            counts = np.bincount(codes, minlength=self.n_classes_)
            factors = len(codes) / (self.n_classes_ * np.maximum(counts, 1))
        else:
            # By label, or by the number of the class.
            labels = self.classes_.tolist()
            factors = np.array([given.get(c, given.get(i, 1.0)) for i, c in enumerate(labels)])
        own = factors[codes].astype(config.floatx())
        return own if weight is None else own * weight

    @property
    def _logits(self) -> bool:
        return self.model_.compiled and _from_logits(self.model_.loss)

    def _decoded(self, out: Any) -> Any:
        middle = 0.0 if self._logits else 0.5
        if not self._onehot:  # several labels at once
            return (out > middle).astype(int)
        if out.shape[-1] == 1:
            codes = (out[:, 0] > middle).astype(int)
        else:
            codes = out[:, : self.n_classes_].argmax(-1)
        if self.n_outputs_ > 1 and self._era_of_scikeras:
            return np.eye(self.n_classes_, dtype=int)[codes]
        return self.classes_[codes]

    def predict(self, X: Any, **kwargs: Any) -> Any:
        """The likeliest class of each sample, shape ``(n,)``.

        Targets that were one-hot make it numbers of columns, as in Keras 2, or one-hot rows, as in scikeras;
        targets with several labels in a row give such rows.

        Args:
            X: Samples, shape ``(n, ...)``.
            **kwargs: Arguments of `Model.predict`.
        """
        return super().predict(X, **kwargs)

    def predict_classes(self, X: Any, **kwargs: Any) -> Any:
        """The same as `predict`."""
        return self.predict(X, **kwargs)

    def predict_proba(self, X: Any, **kwargs: Any) -> Any:
        """Probabilities of the classes, shape ``(n, classes)``; of a single sigmoid unit two columns.

        Args:
            X: Samples, shape ``(n, ...)``.
            **kwargs: Arguments of `Model.predict`.

        Raises:
            InputError: The outputs are no probabilities, nor logits of the model's loss.
        """
        out = self._outputs(X, kwargs)
        encoder = vars(self).get("target_encoder_")
        if encoder is not None:
            return encoder.inverse_transform(out, return_proba=True)
        if not self._onehot:
            return 1 / (1 + np.exp(-out.astype("float64"))) if self._logits else out
        return probabilities(out, self._logits, self.model_.name)[:, : self.n_classes_]

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """The share of right predictions."""
        return accuracy_score(y_true, y_pred, **kwargs)

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """The share of samples whose class is predicted rightly, whatever metrics the model has.

        Args:
            X, y: Samples and their classes, in the form that `fit` had.
            sample_weight: Weight of each sample.
            **kwargs: Arguments of `Model.predict`.
        """
        y = np.asarray(y)
        if y.ndim == 2 and not self._era_of_scikeras and vars(self).get("_onehot"):
            y = y.argmax(1) if y.shape[1] > 1 else y[:, 0]
        return float(super().score(X, y, sample_weight, **kwargs))


class KerasRegressor(RegressorMixin, BaseWrapper):
    """A function that builds a model, as a regressor of scikit-learn.

    Args:
        build_fn: A function that returns a model, compiled or with `loss` and `optimizer` among the parameters.
        **sk_params: See `BaseWrapper`.

    Attributes:
        model_: The trained model.
        history_: Numbers of each epoch, by name.

    >>> import numpy as np
    >>> from kerata import Input, Sequential, layers, optimizers
    >>> def build(rate=0.01):
    ...     model = Sequential([Input((1,)), layers.Dense(1)])
    ...     model.compile(optimizers.Adam(rate), "mse")
    ...     return model
    >>> X = np.linspace(0, 1, 32)[:, None]
    >>> estimator = KerasRegressor(build, rate=0.2, epochs=100, verbose=0).fit(X, 3 * X[:, 0] - 1)
    >>> bool(-0.1 < estimator.score(X, 3 * X[:, 0] - 1) <= 0)  # minus the loss
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # as long as nobody has chosen a number of epochs
        return tags

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        if y is None:
            return super()._checked(X, y, reset)
        return validate_data(
            self, X, y, reset=reset, allow_nd=True, multi_output=True, y_numeric=True
        )

    def _learn_targets(self, y: Any) -> None:
        super()._learn_targets(y)
        self._kind = y.dtype if y.dtype.kind == "f" else np.dtype("float16")

    def _decoded(self, out: Any) -> Any:
        out = out.astype(np.result_type(out.dtype, self._kind), copy=False)
        flat = self._flat or not self._era_of_scikeras
        return out[:, 0] if flat and out.ndim == 2 and out.shape[1] == 1 else out

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """The coefficient of determination R²."""
        return r2_score(y_true, y_pred, **kwargs)

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """How good the predictions for samples are: the more, the better.

        As in Keras 2, minus the model's loss; for a model given as `model`, and for the class of
        `kerata.wrappers.scikeras`, the coefficient of determination R², as in scikeras.

        Args:
            X, y: Samples and their targets.
            sample_weight: Weight of each sample.
            **kwargs: Arguments of `Model.evaluate` (or `Model.predict`).
        """
        if self._era_of_scikeras:
            return float(super().score(X, y, sample_weight, **kwargs))
        if not self.initialized_:
            self._outputs(X, {})
        X, y = self._checked(X, y, False)
        options = {"verbose": 0, **self._options("evaluate", _EVALUATE), **kwargs}
        self._sizes(options, len(X))
        found = self.model_.evaluate(
            self._features(X), self._encoded(y), sample_weight=sample_weight, **options
        )
        return -float(found[0] if isinstance(found, (list, tuple)) else found)
