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
    activations backend callbacks compat config constraints datasets dtype_policies dtypes initializers layers
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
    from .doors import old_name

    return old_name(__name__, name, __all__)


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext kerata`` in a notebook: ``keras`` and ``tf.keras`` are Kerata from here on, see `compat`."""
    importlib.import_module(f"{__name__}.compat").install()


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext kerata``: the names are what is installed again."""
    importlib.import_module(f"{__name__}.compat").uninstall()


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
