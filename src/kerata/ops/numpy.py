"""``ops.numpy``: the ops that have NumPy's names."""

from __future__ import annotations

from typing import Any

from . import arrange, product
from ._define import REGISTRY

shape, size, ndim, vectorize = arrange.shape, arrange.size, arrange.ndim, product.vectorize


def __getattr__(name: str) -> Any:
    if name in REGISTRY and not name.startswith(("image_", "random_")):
        return REGISTRY[name]
    raise AttributeError(f"ops.numpy has no {name!r}.")


def __dir__() -> list[str]:
    return sorted({*globals(), *REGISTRY})
