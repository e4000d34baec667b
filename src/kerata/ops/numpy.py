"""``ops.numpy``: the ops that have NumPy's names."""

from __future__ import annotations

from typing import Any

from ._define import REGISTRY


def __getattr__(name: str) -> Any:
    if name in REGISTRY:
        return REGISTRY[name]
    from . import arrange

    if name in ("ndim", "size", "shape", "vectorize"):
        return getattr(arrange, name, None) or REGISTRY[name]
    raise AttributeError(f"ops.numpy has no {name!r}.")
