"""`KerasClassifier` and `KerasRegressor` under the signatures of scikeras, and with its conventions.

They are those of `kerata.wrappers.scikit_learn`, except that a regressor's score is R², and that targets
given one-hot are predicted one-hot.
"""

from __future__ import annotations

from typing import Any

from . import scikit_learn
from .scikit_learn import BaseWrapper

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]


class KerasClassifier(scikit_learn.KerasClassifier):
    """A model, or a function that builds one, as a classifier of scikit-learn.

    Args:
        model: A function that returns a model, or a model.
        build_fn: The same, under the name it had before.
        warm_start: Go on training the model of the last `fit`.
        random_state: A seed for weights, orders and dropout.
        optimizer, loss, metrics, run_eagerly: For a model that is not compiled yet: names, classes or objects.
        batch_size, validation_batch_size, verbose, callbacks, validation_split, shuffle, epochs: Arguments of
            `Model.fit`; a batch size of -1 means all samples.
        class_weight: Factors of the classes, a dict or ``"balanced"``.
        **kwargs: Arguments of the function, and parameters with a prefix; see `BaseWrapper`.

    >>> import numpy as np
    >>> from kerata import Input, Sequential, layers
    >>> def build(meta, units):
    ...     return Sequential([
    ...         Input((meta["n_features_in_"],)), layers.Dense(units), layers.Dense(meta["n_classes_"], "softmax"),
    ...     ])
    >>> estimator = KerasClassifier(
    ...     build, loss="sparse_categorical_crossentropy", optimizer="adam", optimizer__learning_rate=0.1,
    ...     model__units=8, verbose=0)
    >>> estimator.fit(np.eye(6), [0, 1, 2] * 2).predict_proba(np.eye(6)).shape
    (6, 3)
    >>> round(float(estimator.model_.optimizer.learning_rate), 2)
    0.1
    """

    _scikeras = True

    def __init__(
        self,
        model: Any = None,
        *,
        build_fn: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        validation_batch_size: int | None = None,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        run_eagerly: bool = False,
        epochs: int = 1,
        class_weight: Any = None,
        **kwargs: Any,
    ) -> None:
        named = {k: v for k, v in locals().items() if k not in ("self", "kwargs", "__class__")}
        self._given = {"model": named.pop("model")}
        vars(self).update(named)
        self.check_params(kwargs)
        self._given.update(kwargs)


class KerasRegressor(scikit_learn.KerasRegressor):
    """A model, or a function that builds one, as a regressor of scikit-learn.

    Args:
        model: A function that returns a model, or a model.
        build_fn: The same, under the name it had before.
        warm_start: Go on training the model of the last `fit`.
        random_state: A seed for weights, orders and dropout.
        optimizer, loss, metrics, run_eagerly: For a model that is not compiled yet: names, classes or objects.
        batch_size, validation_batch_size, verbose, callbacks, validation_split, shuffle, epochs: Arguments of
            `Model.fit`; a batch size of -1 means all samples.
        **kwargs: Arguments of the function, and parameters with a prefix; see `BaseWrapper`.

    >>> import numpy as np
    >>> from kerata import Input, Sequential, layers, optimizers
    >>> def build():
    ...     return Sequential([Input((1,)), layers.Dense(1)])
    >>> X = np.linspace(0, 1, 32)[:, None]
    >>> estimator = KerasRegressor(
    ...     build, loss="mse", optimizer=optimizers.Adam, optimizer__learning_rate=0.2, epochs=100, verbose=0)
    >>> bool(estimator.fit(X, 3 * X[:, 0] - 1).score(X, 3 * X[:, 0] - 1) > 0.9)
    True
    """

    _scikeras = True

    def __init__(
        self,
        model: Any = None,
        *,
        build_fn: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        validation_batch_size: int | None = None,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        run_eagerly: bool = False,
        epochs: int = 1,
        **kwargs: Any,
    ) -> None:
        named = {k: v for k, v in locals().items() if k not in ("self", "kwargs", "__class__")}
        self._given = {"model": named.pop("model")}
        vars(self).update(named)
        self.check_params(kwargs)
        self._given.update(kwargs)
