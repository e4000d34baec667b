"""The small MLPs with scikit-learn, which has dense layers and two of the optimizers (adam, sgd)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from made_data import GROWING_MLPS, mlp_name, table
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from timing import Training

warnings.simplefilter("ignore", ConvergenceWarning)  # a given number of epochs is what is wanted


def training(
    kind: Any, hidden: tuple[int, ...], x: Any, y: Any, batch: int, epochs: int = 1
) -> Training:
    """A training with adam that never stops early."""

    def fit(rows: int, epochs: int) -> None:
        model = kind(
            hidden_layer_sizes=hidden, solver="adam", alpha=0, batch_size=batch, max_iter=epochs,
            early_stopping=False, tol=0, n_iter_no_change=epochs + 1,
        )  # fmt: skip
        model.fit(x[:rows], y[:rows])

    return Training(fit, len(x), batch, epochs)


def boston() -> Training:
    """13-64-64-1, 404 rows, one row a step; adam in place of rmsprop."""
    return training(MLPRegressor, (64, 64), *table(404, 13), 1, 10)


def pima() -> Training:
    """8-12-8-1, adam, 768 rows, ten rows a step."""
    return training(MLPClassifier, (12, 8), *table(768, 8), 10, 20)


def mnist() -> Training:
    """784-512-10, 128 rows a step; adam in place of rmsprop."""
    return training(MLPClassifier, (512,), *table(12_800, 784, classes=10), 128, 3)


def growing_mlp(batch: int, width: int, depth: int) -> Training:
    """128 features, `depth` hidden layers of `width`, 10 classes, adam."""
    data = table(32 * batch, 128, classes=10)
    return training(MLPClassifier, (width,) * depth, *data, batch)


CALLS: Mapping[str, Callable[[], float]] = {}
TRAININGS: Mapping[str, Callable[[], Training]] = {
    "boston": boston,
    "pima": pima,
    "mnist": mnist,
    **{mlp_name(*sizes): partial(growing_mlp, *sizes) for sizes in GROWING_MLPS},
}
