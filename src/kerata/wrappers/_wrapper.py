"""The base of `KerasClassifier` and `KerasRegressor`: parameters, building, training."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _check_sample_weight, validate_data

from .. import config, rng
from ..errors import InputError, NotBuiltError
from ..models import Model
from . import _routing
from ._estimators import _columns

# Parameters of every estimator, and what they are if they are not given.
_OPTIONS: dict[str, Any] = {
    "warm_start": False, "random_state": None, "optimizer": "rmsprop", "loss": None, "metrics": None,
    "batch_size": None, "validation_batch_size": None, "verbose": 1, "callbacks": None,
    "validation_split": 0.0, "shuffle": True, "run_eagerly": False, "epochs": 1, "class_weight": None,
}  # fmt: skip
_COMPILE = ("optimizer", "loss", "metrics", "loss_weights", "weighted_metrics", "run_eagerly")
_FIT = _routing.arguments(Model.fit)[0] - {"x", "y", "callbacks", "class_weight"}
_PREDICT = _routing.arguments(Model.predict)[0] - {"x", "callbacks"}
_EVALUATE = _routing.arguments(Model.evaluate)[0] - {"x", "y", "callbacks"}
# What a function that builds a model may ask for by name.
_ASKED = {"meta", "compile_kwargs", "params"}


def _first_name(options: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `fit` with ``nb_epoch``, as Keras 1 called it, as ``epochs``."""
    if "nb_epoch" not in options:
        return options
    from ..legacy.notes import note

    note("nb_epoch=", "epochs=")
    return {"epochs" if k == "nb_epoch" else k: v for k, v in options.items()}


def _width(model: Any, x: Any) -> int | None:
    """How many numbers a model gives for a sample; one that has no shape yet is tried on the first."""
    known = _columns(model)
    if known is not None or not isinstance(x, np.ndarray):
        return known
    shape: Any = getattr(model(x[:1]), "shape", ())
    return int(shape[1]) if len(shape) == 2 else None


class BaseWrapper(BaseEstimator):
    """What `KerasClassifier` and `KerasRegressor` have in common; a base for own estimators.

    Args:
        build_fn: A function (or an object that can be called) that returns a model. ``None`` in a subclass that
            has `__call__`, or `_keras_build_fn`, for it.
        **sk_params: Any of these:

            - arguments of the function. Those named ``meta``, ``compile_kwargs`` and ``params`` are
              filled in: what is known about the data, the arguments for `compile`, all parameters;
            - arguments of `Model.fit`, `Model.predict` and `Model.evaluate`;
            - `optimizer`, `loss`, `metrics`, `run_eagerly`, ... for a model that is not compiled yet;
            - `model`: like `build_fn`, or a model; `random_state`, `warm_start`, `class_weight`;
            - any of these for one destination alone: ``model__units``, ``fit__batch_size``,
              ``predict__batch_size``, ``optimizer__learning_rate``, ``loss__from_logits``,
              ``metrics__0__threshold``, ``callbacks__patience``.

    Raises:
        InputError: A parameter is none of these.

    Attributes:
        model_: The trained model; as `model` too where none was given under that name.
        history_: Numbers of each epoch, by name: a dict of lists.
        n_features_in_: Number of columns of the data.

    >>> def build(units=3, rate=0.1):
    ...     ...
    >>> estimator = BaseWrapper(build, units=5, epochs=2)
    >>> estimator.get_params()
    {'build_fn': <function build at ...>, 'units': 5, 'epochs': 2}
    >>> estimator.set_params(unit=4)
    Traceback (most recent call last):
    ...
    kerata.errors.InputError: 'unit' is not a legal parameter of BaseWrapper. Did you mean 'units'?...
    """

    model_: Any
    history_: dict[str, list[Any]]
    _scikeras = False

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None:
        self.build_fn = build_fn
        self._given: dict[str, Any] = {}
        self.check_params(sk_params)
        self._given.update(sk_params)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            given = self.__dict__.get("_given", {})
            if name in given:
                return given[name]
            if name in _OPTIONS:
                return _OPTIONS[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # --- parameters ------------------------------------------------------------------------------

    @classmethod
    def _signature(cls) -> list[str]:
        """Names in the constructor's signature, and in those that its ``**`` arguments go on to."""
        names: list[str] = []
        for parent in cls.__mro__:
            if "__init__" not in vars(parent) or not issubclass(parent, BaseWrapper):
                continue
            found = list(inspect.signature(vars(parent)["__init__"]).parameters.values())[1:]
            names += [p.name for p in found if p.kind is not p.VAR_KEYWORD and p.name not in names]
            if not any(p.kind is p.VAR_KEYWORD for p in found):
                break
        return names

    def get_params(self, deep: bool = True, **params: Any) -> dict[str, Any]:
        """The parameters that were given, themselves and not copies of them."""
        out = {}
        for name in self._signature():
            out[name] = self._given[name] if name in self._given else getattr(self, name, None)
        out.update(self._given)
        # A subclass may have assigned what it does not name.
        return out | {k: vars(self)[k] for k in _OPTIONS if k in vars(self)}

    def set_params(self, **params: Any) -> Any:
        """Set parameters, of any of the kinds that the constructor takes.

        Raises:
            InputError: A name is none; then no parameter is changed.
        """
        self.check_params(params)
        named = self._signature()
        for name, value in params.items():
            if name in named and name not in self._given:
                setattr(self, name, value)
            else:
                vars(self).pop(name, None)
                self._given[name] = value
        return self

    @property
    def sk_params(self) -> dict[str, Any]:
        """The parameters besides the function that builds the model."""
        return {k: v for k, v in self._explicit().items() if k not in ("build_fn", "model")}

    @property
    def model(self) -> Any:
        """What was given as `model`; else the trained model, ``None`` before `fit`."""
        given = self.__dict__.get("_given", {}).get("model")
        return self.__dict__.get("model_") if given is None else given

    @model.setter
    def model(self, value: Any) -> None:
        self._given["model"] = value

    def check_params(self, params: dict[str, Any]) -> None:
        """Look for mistyped names.

        Raises:
            InputError: A name is no argument of the function that builds the model, of `fit`, `predict` or
                `evaluate`, nor an option of the estimator.
        """
        source = next((params[k] for k in ("model", "build_fn") if params.get(k) is not None), None)
        try:
            own, others = _routing.arguments(self._builder(source))
        except InputError:  # said again, and better, when the model is to be built
            return
        if others and (self._scikeras or "model" in params):
            return
        legal = {*own, *_OPTIONS, *_FIT, *_PREDICT, *_EVALUATE, *_COMPILE, *self._signature(), "model", "nb_epoch"}  # fmt: skip
        for name in params:
            if name in legal or (name.partition("__")[0] in _routing.PREFIXES and "__" in name):
                continue
            close = difflib.get_close_matches(name, sorted(legal), 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise InputError(
                f"{name!r} is not a legal parameter of {type(self).__name__}.{hint} Legal are the arguments of the "
                f"function that builds the model ({', '.join(sorted(own)) or 'it has none'}), of fit, predict and "
                "evaluate, and names with a prefix such as optimizer__learning_rate."
            )

    def filter_sk_params(
        self, fn: Callable, override: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The parameters that a function has arguments for, with those of `override` added."""
        names, _ = _routing.arguments(fn)
        return {k: v for k, v in self.sk_params.items() if k in names} | (override or {})

    def _explicit(self) -> dict[str, Any]:
        """Parameters that are not what they are by default anyway."""
        params = self.get_params()
        return {k: v for k, v in params.items() if k not in _OPTIONS or v is not _OPTIONS[k]}

    def _options(self, stage: str, names: set[str]) -> dict[str, Any]:
        """Parameters for `fit`, `predict` or `evaluate`."""
        params = self._explicit()
        out = {k: v for k, v in params.items() if k in names}
        special = _routing.routed(params, stage)
        out |= {k: v for k, v in special.items() if k.partition("__")[0] != "callbacks"}
        called = _routing.callbacks(params, stage)
        return {**out, "callbacks": called} if called else out

    # --- the model -------------------------------------------------------------------------------

    @property
    def _era_of_scikeras(self) -> bool:
        return self._scikeras or self._given.get("model") is not None

    def _builder(self, source: Any = None) -> Callable:
        for given in (source, self._given.get("model"), self.build_fn):
            if given is None:
                continue
            if isinstance(given, Model):
                return lambda: given
            if callable(given):
                return given
            raise InputError(
                f"{type(self).__name__} needs a function that returns a model, or a model; got {given!r}."
            )
        if hasattr(type(self), "_keras_build_fn"):
            return self._keras_build_fn
        if callable(self):
            return self.__call__
        raise InputError(
            f"{type(self).__name__} has no function that builds a model. Give one as its first argument, or define "
            "_keras_build_fn or __call__ in a subclass."
        )

    def _meta(self) -> dict[str, Any]:
        """What is known about the data: attributes whose names end in one underscore."""
        found = {
            k: v
            for k, v in vars(self).items()
            if k.endswith("_") and k[0] != "_" and k[-2:] != "__"
        }
        return {k: v for k, v in found.items() if k not in ("model_", "history_")}

    def _compile_arguments(self) -> dict[str, Any]:
        params = self.get_params()
        out = {k: params.get(k, _OPTIONS.get(k)) for k in _COMPILE}
        out |= _routing.routed(params, "compile")
        out = {k: v for k, v in out.items() if v is not None}
        for name in ("optimizer", "loss", "metrics"):
            parts = _routing.routed(params, name)
            if name in out or parts:
                out[name] = getattr(_routing, name)(out.get(name), parts)
        return out

    def _new_model(self) -> Any:
        build = self._builder()
        names, others = _routing.arguments(build)
        others = others and self._era_of_scikeras
        params = self._explicit()
        usual = {*_OPTIONS, *_FIT, *_PREDICT, *_EVALUATE, *_COMPILE, *self._signature(), "model"}
        given = {
            k: v
            for k, v in params.items()
            if "__" not in k and (k in names or (others and k not in usual))
        }
        given |= _routing.routed(params, "model")
        fill = {"meta": self._meta, "compile_kwargs": self._compile_arguments, "params": self.get_params}  # fmt: skip
        for name in (_ASKED if others else _ASKED & names) - given.keys():
            given[name] = fill[name]()
        model = build(**given)
        if not isinstance(model, Model):
            raise InputError(f"The function {build!r} must return a model, got {model!r}.")
        return model

    def _compile(self, model: Any) -> None:
        if not model.compiled:
            arguments = self._compile_arguments()
            if arguments.get("loss") is not None:
                model.compile(**arguments)
        if not model.compiled or model.optimizer is None:
            raise NotBuiltError(
                f"The model {model.name!r} cannot be trained as it has no loss. Compile it in the function that "
                f'builds it, or say {type(self).__name__}(..., loss="...", optimizer="...").'
            )

    @contextlib.contextmanager
    def _seeded(self) -> Iterator[None]:
        """`random_state` for the time being; the generators are where they were afterwards."""
        seed = self.random_state
        if seed is None:
            yield
            return
        if isinstance(seed, np.random.RandomState):  # a copy: each training starts alike
            copy = np.random.RandomState()
            copy.set_state(seed.get_state())
            seed = copy.randint(low=1, high=2**31 - 1)
        before = rng.get_state(), np.random.get_state(), random.getstate()
        from ..utils import set_random_seed

        set_random_seed(seed)
        try:
            yield
        finally:
            rng.set_state(before[0])
            np.random.set_state(before[1])
            random.setstate(before[2])

    # --- training --------------------------------------------------------------------------------

    @property
    def initialized_(self) -> bool:
        """Whether there is a model."""
        return "model_" in vars(self)

    @property
    def current_epoch(self) -> int:
        """How many epochs the history tells of."""
        return len(self.epoch) if self.initialized_ else 0

    @property
    def history(self) -> dict[str, list[Any]]:
        """The same as `history_`: ``estimator.fit(x, y).history`` is what `Model.fit`'s result has."""
        if "history_" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} has not been fitted yet.")
        return self.history_

    @property
    def epoch(self) -> list[int]:
        """Numbers of the epochs in the history."""
        return list(range(max((len(v) for v in self.history.values()), default=0)))

    @property
    def feature_encoder(self) -> Any:
        """A transformer that the data pass first; a subclass may give one (several inputs, for instance)."""
        return None

    @property
    def target_encoder(self) -> Any:
        """A transformer of the targets, instead of the estimator's own way; a subclass may give one."""
        return None

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Build a model and train it.

        Args:
            X: Samples, shape ``(n, ...)``.
            y: Targets, shape ``(n,)``, ``(n, 1)`` or ``(n, outputs)``; for a classifier labels of any kind, or
                one-hot.
            sample_weight: Factor of the loss for each sample; samples of weight 0 are left out.
            **kwargs: Arguments of `Model.fit`, which go before the estimator's own.

        Returns:
            The estimator. (The wrapper of Keras 2 returned the `History`; what programs do with that,
            ``.history`` and ``.epoch``, the estimator can do too.)
        """
        return self._train(X, y, sample_weight, kwargs, bool(self.warm_start) and self.initialized_)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Train one more epoch, in a new model only the first time.

        Args:
            X, y, sample_weight: As for `fit`.
            **kwargs: Further arguments of `Model.fit`.
        """
        for name in ("epochs", "initial_epoch"):
            if name in kwargs:
                raise TypeError(f"partial_fit trains one more epoch; it takes no {name}.")
        further = self.initialized_
        done = self.current_epoch if further and "history_" in vars(self) else 0
        kwargs = {**kwargs, "epochs": done + 1, "initial_epoch": done}
        return self._train(X, y, sample_weight, kwargs, further, keep=True)

    def initialize(self, X: Any, y: Any = None) -> Any:
        """Build the model without training it, so that it can predict (with weights from elsewhere)."""
        with self._seeded():
            self._prepare(X, y, False)
        return self

    def _prepare(self, X: Any, y: Any, further: bool) -> tuple[Any, Any]:
        """Checked data, and a model for them in `model_`."""
        X, y = self._checked(X, y, not further)
        if not further:
            if y is not None:
                self._learn_targets(y)
            if self.feature_encoder is not None:
                self.feature_encoder_ = self.feature_encoder.fit(X)
                self._note_meta(self.feature_encoder_)
            self.model_ = self._new_model()
        return X, y

    def _note_meta(self, encoder: Any) -> None:
        vars(self).update(getattr(encoder, "get_metadata", dict)())

    def _train(
        self, X: Any, y: Any, weight: Any, kwargs: dict[str, Any], further: bool, keep: bool = False
    ) -> Any:
        if y is None:
            raise InputError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y is None."
            )
        with self._seeded():
            X, y = self._prepare(X, y, further)
            self._compile(self.model_)
            self._width = _width(self.model_, self._features(X))
            weight = self._weights(X, y, weight, kwargs)
            if weight is not None:
                some = weight != 0
                X, y, weight = X[some], y[some], weight[some]
            options = {
                **_first_name(self._options("fit", {*_FIT, "nb_epoch"})),
                **_first_name(kwargs),
            }
            options.pop("class_weight", None)  # among the weights
            self._sizes(options, len(X))
            if options.get("validation_data") is not None:
                options["validation_data"] = self._validation(options["validation_data"])
            found = self.model_.fit(
                self._features(X), self._encoded(y), sample_weight=weight, **options
            )
        before = self.history_ if keep and "history_" in vars(self) else {}
        self.history_ = {k: before.get(k, []) + list(v) for k, v in found.history.items()}
        return self

    def _weights(self, X: Any, y: Any, weight: Any, kwargs: dict[str, Any]) -> Any:
        """Weights of the samples, checked."""
        if weight is None:
            weight = kwargs.pop("sample_weight", None)
        if weight is None:
            return None
        weight = _check_sample_weight(weight, X, dtype=np.dtype(config.floatx()))
        if not weight.any():
            raise InputError("All sample weights are zero: there is nothing to train on.")
        return weight

    def _sizes(self, options: dict[str, Any], n: int) -> None:
        """A batch size of -1 means all samples at once."""
        for name in ("batch_size", "validation_batch_size"):
            if options.get(name) == -1:
                options[name] = n

    def _features(self, X: Any) -> Any:
        encoder = vars(self).get("feature_encoder_")
        return X if encoder is None else encoder.transform(X)

    def _encoded(self, y: Any) -> Any:
        encoder = vars(self).get("target_encoder_")
        return self._targets(self.model_, y) if encoder is None else encoder.transform(y)

    def _validation(self, data: Any) -> Any:
        """Validation data with the targets as the model takes them, if they are given as arrays."""
        if not isinstance(data, (tuple, list)) or len(data) < 2:
            return data
        x, y, *weights = data
        return (self._features(np.asarray(x)), self._encoded(np.asarray(y)), *weights)

    # What the classes do with targets:

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        if y is None:
            return validate_data(self, X, reset=reset, allow_nd=True), None
        return validate_data(self, X, y, reset=reset, allow_nd=True, multi_output=True)

    def _learn_targets(self, y: Any) -> None:
        """Note what is needed to bring targets into the model's form, and back."""
        self.target_type_ = type_of_target(y)
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        self.n_outputs_expected_ = 1
        self._flat = y.ndim == 1
        if self.target_encoder is not None:
            self.target_encoder_ = self.target_encoder.fit(y)
            self._note_meta(self.target_encoder_)

    def _targets(self, model: Any, y: Any) -> Any:
        return y[:, None] if y.ndim == 1 else y

    # --- prediction ------------------------------------------------------------------------------

    def _outputs(self, X: Any, kwargs: dict[str, Any]) -> Any:
        if not self.initialized_:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call fit before predict."
            )
        X = validate_data(self, X, reset=False, allow_nd=True)
        options = {"verbose": 0, **self._options("predict", _PREDICT), **kwargs}
        self._sizes(options, len(X))
        return self.model_.predict(self._features(X), **options)

    def predict(self, X: Any, **kwargs: Any) -> Any:
        """What the model gives for samples.

        Args:
            X: Samples, shape ``(n, ...)``.
            **kwargs: Arguments of `Model.predict`.
        """
        out = self._outputs(X, kwargs)
        encoder = vars(self).get("target_encoder_")
        return self._decoded(out) if encoder is None else encoder.inverse_transform(out)

    def _decoded(self, out: Any) -> Any:
        return out

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """The score of predictions; a subclass says what it is."""
        raise NotImplementedError("A subclass of BaseWrapper has to define scorer.")

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """The score of the predictions for samples: the more the better.

        Args:
            X, y: Samples and their targets.
            sample_weight: Weight of each sample.
            **kwargs: Arguments of `Model.predict`.
        """
        extra = _routing.routed(self.get_params(), "score")
        if sample_weight is not None:
            extra["sample_weight"] = sample_weight
        return self.scorer(y, self.predict(X, **kwargs), **extra)

    # --- scikit-learn's questions ----------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return self.initialized_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        tags.target_tags.multi_output = True
        return tags
