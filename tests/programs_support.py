"""Runs the programs of `programs/` on small stand-ins for the data sets that are downloaded.

Stand-ins have the shapes and types of the real data, and their classes can be told apart by a
network, so programs that train on them show that they learn. Boston and Pima are the real data,
from the tables in `data/`.
"""

from __future__ import annotations

import importlib
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
DATA = HERE / "data"
PROGRAMS = HERE / "programs"
Arrays = tuple[np.ndarray, np.ndarray]

START, UNKNOWN, OFFSET = 1, 2, 3


def texts(samples: int, classes: int, num_words: int | None, seed: int) -> Arrays:
    """Lists of word numbers as an object array, and labels.

    Every text mixes frequent words with ten words that belong to its class.
    """
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, classes, size=samples)
    limit = num_words or 30000
    lists = np.empty(samples, dtype=object)
    for i, label in enumerate(labels):
        length = int(rng.randint(30, 80))
        words = np.minimum(rng.zipf(1.3, size=length), 20000) + OFFSET + 10 * classes
        own = rng.random_sample(length) < 0.4
        words[own] = OFFSET + 1 + 10 * label + rng.randint(0, 10, size=own.sum())
        words[words >= limit] = UNKNOWN
        lists[i] = [START, *words.tolist()]
    return lists, labels.astype("int64")


def pictures(samples: int, seed: int) -> Arrays:
    """Pictures of 28 x 28 bytes in ten classes: a bright bar whose place tells the class."""
    rng = np.random.RandomState(seed)
    labels = rng.randint(0, 10, size=samples).astype("uint8")
    images = rng.randint(0, 60, size=(samples, 28, 28)).astype("uint8")
    for image, label in zip(images, labels, strict=True):
        row, column = 2 + 5 * (label // 2), 2 + 14 * (label % 2)
        image[row : row + 4, column : column + 10] = 230
    return images, labels


def california(samples: int, seed: int) -> Arrays:
    """Eight features of unlike scale and a price in dollars."""
    rng = np.random.RandomState(seed)
    x = rng.normal(size=(samples, 8)) * 10.0 ** np.arange(-2, 6) + 5
    y = 200_000 + 50_000 * ((x[:, 7] - 5) / 1e5 + (x[:, 0] - 5) / 1e-2)
    return x.astype("float32"), y.astype("float32")


def boston(test_split: float = 0.2, seed: int = 113) -> tuple[Arrays, Arrays]:
    """The real table of 506 rows, shuffled by `seed` and cut."""
    table = np.loadtxt(DATA / "boston_housing.csv", delimiter=",", skiprows=1)
    x, y = table[:, :13], table[:, 13]
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def loaders() -> dict[str, Callable[..., tuple[Arrays, Arrays]]]:
    """What replaces `load_data` of each data set, by name."""

    def imdb(path: str = "imdb.npz", num_words: int | None = None, **_: Any) -> Any:
        return texts(500, 2, num_words, 1), texts(100, 2, num_words, 2)

    def reuters(path: str = "reuters.npz", num_words: int | None = None, **_: Any) -> Any:
        return texts(900, 46, num_words, 3), texts(230, 46, num_words, 4)

    def digits(path: str = "mnist.npz") -> Any:
        return pictures(600, 5), pictures(100, 6)

    def clothing() -> Any:
        return pictures(600, 7), pictures(100, 8)

    def houses(version: str = "large", **_: Any) -> Any:
        return california(600 if version == "large" else 480, 9), california(120, 10)

    def old_houses(path: str = "boston.npz", test_split: float = 0.2, seed: int = 113) -> Any:
        return boston(test_split, seed)

    return {
        "imdb": imdb,
        "reuters": reuters,
        "mnist": digits,
        "fashion_mnist": clothing,
        "california_housing": houses,
        "boston_housing": old_houses,
    }


def word_index(path: str = "") -> dict[str, int]:
    """Words `w1`, `w2`, ... by their rank."""
    return {f"w{rank}": rank for rank in range(1, 20001)}


def install(patch: Callable[..., None], package: str = "kerata.datasets") -> None:
    """Put the stand-ins in place through `patch(module, name, function)`."""
    for name, loader in loaders().items():
        module = importlib.import_module(f"{package}.{name}")
        loader.__module__ = module.__name__  # `keras.datasets` shows what is Kerata's only
        patch(module, "load_data", loader)
        if hasattr(module, "get_word_index"):
            patch(module, "get_word_index", word_index)


word_index.__module__ = "kerata.datasets"


def run_program(
    name: str, patch: pytest.MonkeyPatch, folder: Path, settings: dict[str, str], seed: int = 1
) -> SimpleNamespace:
    """Run a program in `folder` with the given environment; gives the variables it leaves."""
    import matplotlib.pyplot as plt

    from kerata import utils

    patch.chdir(folder)
    patch.setattr(plt, "show", lambda *_, **__: None)
    plt.switch_backend("agg")
    install(patch.setattr)
    shutil.copy(DATA / "pima-indians-diabetes.csv", folder)
    for key in ("EPOCHS", "MAXLEN", "WIDTH"):
        patch.delenv(key, raising=False)
    for key, value in settings.items():
        patch.setenv(key, value)
    utils.set_random_seed(seed)
    try:
        return SimpleNamespace(**runpy.run_path(str(PROGRAMS / f"{name}.py"), run_name=name))
    finally:
        plt.close("all")
