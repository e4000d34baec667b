"""Preparation of data before training."""

from __future__ import annotations

import importlib
from typing import Any

from . import sequence

_HOME = {
    "image_dataset_from_directory": "image_dataset",
    "text_dataset_from_directory": "text_dataset",
    "timeseries_dataset_from_array": "timeseries",
}

__all__ = ["image", "sequence", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name in ("image", "text"):
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    root = __name__.rpartition(".")[0]
    value = getattr(importlib.import_module(f"{root}.utils.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
