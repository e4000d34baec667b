"""Kerata: the Keras API, every era of it, on exchangeable tensor engines.

Nothing is imported before it is used: ``import kerata`` loads no engine, and takes milliseconds.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public modules and packages.
_MODULES = frozenset(
    """
    activations backend callbacks config constraints datasets dtype_policies dtypes initializers layers
    legacy losses metrics mixed_precision models ops optimizers preprocessing random regularizers saving
    tree utils visualize wrappers
    """.split()
)

# Public classes and functions of the top level, by the module that defines them.
_PLACES = {
    "DTypePolicy": "dtypes",
    "FloatDTypePolicy": "dtypes",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers.input_spec",
    "KerasTensor": "spec",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Operation": "graph",
    "Optimizer": "optimizers",
    "Function": "graph",
    "Regularizer": "regularizers",
    "RematScope": "rematerialize",
    "StatelessScope": "variable",
    "SymbolicScope": "scope",
    "name_scope": "scope",
    "remat": "rematerialize",
    "SeedGenerator": "random",
    "Sequential": "models",
    "Variable": "variable",
    "device": "backend",
}

__all__ = ["__version__", "version", *sorted(_PLACES), *sorted(_MODULES)]


def version() -> str:
    """Kerata's version.

    >>> version()
    '0.1.0'
    """
    return __version__


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _PLACES:
        value = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_closest(name)}")


def _closest(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, __all__, 1)
    return f". Did you mean {near[0]!r}?" if near and not name.startswith("_") else ""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
