"""The door from public modules to names of earlier eras, which opens when a modern name has failed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from typing import Any


def old_name(module: str, name: str, known: Iterable[str] = ()) -> Any:
    """What a name that a public module does not have meant in an earlier era of Keras.

    Args:
        module: The module, such as ``"kerata.optimizers"``.
        name: The name.
        known: The names that the module has, for the suggestion of the error.

    Raises:
        AttributeError: It meant nothing.

    >>> old_name("kerata.optimizers", "adam").__name__
    'Adam'
    """
    # `from . import part` asks for an attribute before it imports the file.
    if name.startswith("_") or _is_file(module, name):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    from .legacy.names import resolve, top

    return resolve(module, name, known) if "." in module else top(name, known)


def _is_file(module: str, name: str) -> bool:
    path = getattr(sys.modules.get(module), "__path__", None)
    return path is not None and PathFinder.find_spec(f"{module}.{name}", path) is not None
