"""Data sets to learn and test with, each a module with `load_data`.

``digits`` comes with Kerata. The others are downloaded once, into ``~/.kerata/datasets``; copies
in Keras's folder, ``~/.keras/datasets``, are used where they are there.
"""

from __future__ import annotations

from . import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    digits,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
]
