"""Old names in public modules and what they are called now. Reached when a module has no such name."""

from __future__ import annotations

import importlib
from typing import Any

# By module: old name -> new name.
RENAMED: dict[str, dict[str, str]] = {
    "optimizers": {
        "adadelta": "Adadelta", "adagrad": "Adagrad", "adam": "Adam", "adamax": "Adamax", "nadam": "Nadam",
        "rmsprop": "RMSprop", "sgd": "SGD",
    },
}  # fmt: skip


def resolve(module: str, name: str) -> Any:
    """What an old name of a module (``"kerata.optimizers"``) stands for.

    Raises:
        AttributeError: No era had such a name there.

    >>> resolve("kerata.optimizers", "adam").__name__
    'Adam'
    """
    new = RENAMED.get(module.partition(".")[2], {}).get(name)
    if new is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return getattr(importlib.import_module(module), new)
