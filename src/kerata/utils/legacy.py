"""``keras.utils.legacy``: the functions of `kerata.legacy.saving`."""

from __future__ import annotations

import importlib
from typing import Any

_NAMES = ("deserialize_keras_object", "serialize_keras_object")


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    root = __name__.partition(".")[0]
    return getattr(importlib.import_module(f"{root}.legacy.saving"), name)


def __dir__() -> list[str]:
    return list(_NAMES)
