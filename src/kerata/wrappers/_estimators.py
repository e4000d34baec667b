"""Models as scikit-learn's classifiers, regressors and transformers."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    MultiOutputMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import config
from ..errors import InputError, NotBuiltError
from ..models import Model, clone_model

# Parameters that are dicts: what is in them can be set by itself, as model_kwargs__units.
_DICTS = ("model_kwargs", "fit_kwargs")


class _Estimator(BaseEstimator):
    """What the three have in common."""

    model_: Any
    history_: Any

    def __init__(
        self,
        model: Any,
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    # --- parameters ------------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the constructor; with `deep` also what is in `model_kwargs` and `fit_kwargs`."""
        params = super().get_params(deep)
        for group in _DICTS if deep else ():
            if isinstance(params[group], dict):
                params.update({f"{group}__{k}": v for k, v in params[group].items()})
        return params

    def set_params(self, **params: Any) -> Any:
        """Set arguments of the constructor, or single entries: ``set_params(model_kwargs__units=8)``."""
        whole, entries = {}, {}
        for key, value in params.items():
            group, _, name = key.partition("__")
            if group in _DICTS and name:
                entries[group, name] = value
            else:
                whole[key] = value
        super().set_params(**whole)
        for (group, name), value in entries.items():
            # A new dict each: other estimators may hold the one that was given.
            setattr(self, group, {**(getattr(self, group) or {}), name: value})
        return self

    def set_fit_request(self, **kwargs: Any) -> Any:
        """Say which arguments of `fit` scikit-learn's metadata routing is to hand over.

        Args:
            **kwargs: By the name of the argument: ``True``, ``False``, ``None`` (not to be given),
                or the name that it has outside.
        """
        requests = self._get_metadata_request()
        for name, alias in kwargs.items():
            requests.fit.add_request(param=name, alias=alias)
        self._metadata_request = requests
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    # --- training --------------------------------------------------------------------------------

    @property
    def epoch_(self) -> int:
        """How many epochs the weights have been trained."""
        return self.__dict__.get("_epochs", 0)

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Train.

        Args:
            X: Samples, shape ``(n, ...)``.
            y: Targets, shape ``(n,)``, or ``(n, outputs)`` for other than classifiers.
            **kwargs: Arguments of `Model.fit`, which go before those of `fit_kwargs`.

        Raises:
            NotBuiltError: The model is not compiled.
            InputError: The targets do not suit the model.
        """
        further = bool(self.warm_start) and hasattr(self, "model_")
        X, y = self._checked(X, y, not further)
        self._learn_targets(y, further)
        model = self.model_ if further else self._new_model(X, self._targets_shown(y))
        options = {**(self.fit_kwargs or {}), **kwargs}
        if options.get("validation_data") is not None:
            options["validation_data"] = self._validation(model, options["validation_data"])
        self.history_ = model.fit(X, self._targets(model, y), **options)
        self._epochs = len(self.history_.epoch) + (self.epoch_ if further else 0)
        self.model_ = model
        return self

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        return validate_data(
            self, X, y, reset=reset, allow_nd=True, multi_output=True, y_numeric=True
        )

    def _new_model(self, X: Any, y: Any) -> Any:
        model = self.model
        if not isinstance(model, Model):
            model = model(X=X, y=y, **(self.model_kwargs or {}))
            if not isinstance(model, Model):
                raise InputError(
                    f"The function given as model must return a compiled model, got {model!r}."
                )
        elif not self.warm_start:
            model = clone_model(model)
        if not model.compiled or not model.loss or model.optimizer is None:
            raise NotBuiltError(
                f"The model {model.name!r} cannot be trained as it is not compiled with an optimizer and a loss. "
                'Call model.compile("adam", loss) on it before you give or return it.'
            )
        return model

    def _validation(self, model: Any, data: Any) -> Any:
        """Validation data with the targets as the model takes them, if they are given as arrays."""
        if not isinstance(data, (tuple, list)) or len(data) < 2:
            return data
        x, y, *weights = data
        return (np.asarray(x), self._targets(model, np.asarray(y)), *weights)

    # What the classes do with targets:

    def _learn_targets(self, y: Any, further: bool) -> None:
        """Note what is needed to bring targets into the model's form, and back."""
        if not further:
            self._flat = y.ndim == 1

    def _targets_shown(self, y: Any) -> Any:
        """Targets as the function that makes the model is shown them: with two axes."""
        return y[:, None] if y.ndim == 1 else y

    def _targets(self, model: Any, y: Any) -> Any:
        """Targets as the model is trained on them."""
        return self._targets_shown(y)

    # --- prediction ------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Any:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        size = (self.fit_kwargs or {}).get("batch_size")
        return self.model_.predict(X, batch_size=size, verbose=0)

    def predict(self, X: Any) -> Any:
        """What the model gives for samples; shape ``(n,)`` if the targets had that shape."""
        out = self._outputs(X)
        return out[:, 0] if self._flat and out.ndim == 2 and out.shape[1] == 1 else out


class SKLearnClassifier(ClassifierMixin, _Estimator):
    """A model as a classifier of scikit-learn.

    The model's outputs may be one for each class, with any loss for them (also a sparse one), or a
    single one for two classes.

    Args:
        model: A compiled model, or a function ``(X, y, **model_kwargs)`` that returns one. `X` and `y` are
            those of `fit`, `y` one-hot of shape ``(n, classes)``. A model is trained as a clone with
            new weights, unless `warm_start`.
        warm_start: Go on training the weights of the last `fit`, and in the first one those of the
            given model itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of `Model.fit`.

    Attributes:
        model_: The trained model.
        history_: What `Model.fit` returned.
        classes_: The labels, sorted.

    >>> import numpy as np
    >>> from kerata import Input, Sequential, layers
    >>> def make(X, y, units=4):
    ...     model = Sequential([Input(X.shape[1:]), layers.Dense(units, "relu"), layers.Dense(y.shape[1], "softmax")])
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> X, y = np.eye(6), np.array(["cat", "dog", "cow"] * 2)
    >>> estimator = SKLearnClassifier(make, fit_kwargs={"epochs": 2, "verbose": 0}).fit(X, y)
    >>> estimator.classes_.tolist(), estimator.predict_proba(X).shape, estimator.epoch_
    (['cat', 'cow', 'dog'], (6, 3), 2)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # as long as nobody has chosen a number of epochs
        return tags

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(self, X, y, reset=reset, allow_nd=True)
        check_classification_targets(y)
        return X, y

    def _learn_targets(self, y: Any, further: bool) -> None:
        if further:
            return
        classes = np.unique(y)
        if len(classes) < 2:
            raise InputError(
                f"All targets are of one class, {classes[0]!r}; a classifier needs two at least."
            )
        self.classes_ = classes

    def _codes(self, y: Any) -> Any:
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise InputError(
                f"There are targets of classes that were not there in the first fit: {unknown[:5].tolist()}. "
                f"Known are {self.classes_[:20].tolist()}."
            )
        return np.searchsorted(self.classes_, y)

    def _targets_shown(self, y: Any) -> Any:
        return np.eye(len(self.classes_), dtype=config.floatx())[self._codes(y)]

    def _targets(self, model: Any, y: Any) -> Any:
        if y.ndim != 1:  # validation targets, one-hot already
            return y
        columns, classes = _columns(model), len(self.classes_)
        if columns == 1 and classes == 2:
            return self._codes(y)[:, None].astype(config.floatx())
        if columns is not None and columns != classes:
            raise InputError(
                f"The model {model.name!r} gives {columns} numbers for a sample, but there are {classes} classes: "
                f"{self.classes_[:20].tolist()}. Give its last layer {classes} units; `y.shape[1]` in the function "
                "that makes it."
            )
        return self._codes(y) if "sparse" in _name(model.loss) else self._targets_shown(y)

    def predict(self, X: Any) -> Any:
        """The likeliest class of each sample, shape ``(n,)``."""
        out = self._outputs(X)
        if out.shape[-1] > 1:
            return self.classes_[out.argmax(-1)]
        return self.classes_[(out[:, 0] > self._middle()).astype(int)]

    def decision_function(self, X: Any) -> Any:
        """The model's outputs, shape ``(n, classes)``; of two classes the second's lead, shape ``(n,)``.

        That form for two classes is scikit-learn's, whose scores (``"roc_auc"``) and calibration ask
        for it: what is above 0 is of the second class.
        """
        out = self._outputs(X)
        if len(self.classes_) > 2:
            return out
        return out[:, 1] - out[:, 0] if out.shape[-1] > 1 else out[:, 0] - self._middle()

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes, shape ``(n, classes)``.

        The outputs are taken for probabilities, or for logits if the loss does (``from_logits=True``).

        Raises:
            InputError: The outputs are neither.
        """
        return probabilities(self._outputs(X), self._logits(), self.model_.name)

    def _logits(self) -> bool:
        return _from_logits(self.model_.loss)

    def _middle(self) -> float:
        return 0.0 if self._logits() else 0.5


class SKLearnRegressor(MultiOutputMixin, RegressorMixin, _Estimator):
    """A model as a regressor of scikit-learn.

    Args:
        model: A compiled model, or a function ``(X, y, **model_kwargs)`` that returns one. `X` and `y` are
            those of `fit`, `y` of shape ``(n, outputs)``. A model is trained as a clone with new
            weights, unless `warm_start`.
        warm_start: Go on training the weights of the last `fit`, and in the first one those of the
            given model itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of `Model.fit`.

    Attributes:
        model_: The trained model.
        history_: What `Model.fit` returned.

    >>> import numpy as np
    >>> from kerata import Input, Sequential, layers, optimizers
    >>> model = Sequential([Input((1,)), layers.Dense(1)])
    >>> model.compile(optimizers.Adam(0.2), "mse")
    >>> X = np.linspace(0, 1, 32)[:, None]
    >>> estimator = SKLearnRegressor(model, fit_kwargs={"epochs": 100, "verbose": 0})
    >>> bool(estimator.fit(X, 3 * X[:, 0] - 1).score(X, 3 * X[:, 0] - 1) > 0.9)
    True
    """

    def _learn_targets(self, y: Any, further: bool) -> None:
        super()._learn_targets(y, further)
        if not further:
            self._kind = y.dtype if y.dtype.kind == "f" else np.dtype("float16")

    def predict(self, X: Any) -> Any:
        """What the model gives for samples, as precise as the targets were; shape as theirs."""
        out = super().predict(X)
        return out.astype(np.result_type(out.dtype, self._kind), copy=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # as long as nobody has chosen a number of epochs
        return tags


class SKLearnTransformer(
    ClassNamePrefixFeaturesOutMixin, MultiOutputMixin, TransformerMixin, _Estimator
):
    """A model as a transformer of scikit-learn: what it gives for samples are their new features.

    Args:
        model: A compiled model, or a function ``(X, y, **model_kwargs)`` that returns one. `X` and `y` are
            those of `fit`, `y` of shape ``(n, outputs)``. A model is trained as a clone with new
            weights, unless `warm_start`.
        warm_start: Go on training the weights of the last `fit`, and in the first one those of the
            given model itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of `Model.fit`.

    Attributes:
        model_: The trained model.
        history_: What `Model.fit` returned.

    >>> import numpy as np
    >>> from kerata import Input, Sequential, layers
    >>> def make(X, y):
    ...     model = Sequential([Input(X.shape[1:]), layers.Dense(y.shape[1])])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> SKLearnTransformer(make, fit_kwargs={"verbose": 0}).fit_transform(np.eye(4), np.ones((4, 2))).shape
    (4, 2)
    """

    def fit(self, X: Any, y: Any = None, **kwargs: Any) -> Any:
        """Train.

        Args:
            X: Samples, shape ``(n, ...)``.
            y: Targets, shape ``(n,)`` or ``(n, outputs)``. Without them the model learns to give back
                the samples.
            **kwargs: Arguments of `Model.fit`, which go before those of `fit_kwargs`.
        """
        return super().fit(X, X if y is None else y, **kwargs)

    def transform(self, X: Any) -> Any:
        """What the model gives for samples, shape ``(n, features)``."""
        return self._outputs(X)

    @property
    def _n_features_out(self) -> int:
        return self.model_.output_shape[-1]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags


# --- questions about a model ------------------------------------------------------------------------


def probabilities(out: Any, logits: bool, name: str) -> Any:
    """A model's outputs as probabilities of the classes, shape ``(n, classes)``.

    Args:
        out: The outputs, shape ``(n, classes)``, or ``(n, 1)`` for two classes.
        logits: Whether they are logits.
        name: The model's, for the error.

    Raises:
        InputError: They are neither logits nor probabilities.

    >>> probabilities(np.array([[0.25], [1.0]]), False, "model").tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    out = out.astype("float64")
    if logits:
        if out.shape[-1] == 1:  # the softmax of (0, x) is the sigmoid of x
            out = np.concatenate([np.zeros_like(out), out], -1)
        out = np.exp(out - out.max(-1, keepdims=True))
    elif out.min() < 0 or out.max() > 1 + 1e-3:
        raise InputError(
            f"The model {name!r} gives numbers from {out.min():.4g} to {out.max():.4g}, which are no "
            "probabilities. Give its last layer a softmax or sigmoid, or its loss from_logits=True."
        )
    elif out.shape[-1] == 1:
        out = np.concatenate([1 - out, out], -1)
    total = out.sum(-1, keepdims=True)
    even = np.full_like(out, 1 / out.shape[-1])
    return np.divide(out, total, out=even, where=total > 0)


def _columns(model: Any) -> int | None:
    """How many numbers a model gives for a sample; ``None`` if that is not known beforehand."""
    try:
        shape = model.output_shape
    except (AttributeError, ValueError):
        return None
    return shape[-1] if isinstance(shape, tuple) and len(shape) == 2 else None


def _name(loss: Any) -> str:
    if isinstance(loss, functools.partial):
        loss = loss.func
    return str(
        loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    ).lower()


def _from_logits(loss: Any) -> bool:
    if isinstance(loss, functools.partial):
        return bool(loss.keywords.get("from_logits"))
    settings = loss.get_config() if hasattr(loss, "get_config") else {}
    return isinstance(settings, Mapping) and bool(settings.get("from_logits"))
