"""Utilities around models: files, arrays, seeds, drawings, registered classes.

Names are looked up on first use, as some come from packages above this one.
"""

from __future__ import annotations

import importlib
from typing import Any

_PLACES = {
    "to_categorical": "utils.arrays",
    "normalize": "utils.arrays",
    "get_file": "utils.files",
    "set_random_seed": "utils.seed",
    "split_dataset": "utils.dataset_split",
    "pad_sequences": "preprocessing.sequence",
    "plot_model": "visualize.graph",
    "model_to_dot": "visualize.graph",
}

_MODULES = ("np_utils",)

__all__ = [*_PLACES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    root = __name__.rpartition(".")[0]
    value = getattr(importlib.import_module(f"{root}.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
