"""The engine in use. See `protocol` for what an engine offers."""

from __future__ import annotations

import importlib
from typing import Any

from .. import config

_engine: Any = None


def engine() -> Any:
    """The engine's module, imported at the first call."""
    global _engine
    if _engine is None:
        name = config.backend()
        try:
            _engine = importlib.import_module(f"{__name__}.{name}")
        except ImportError as e:
            raise ImportError(
                f"The engine {name!r} is not installed: pip install kerata[{name}]"
            ) from e
        config._settings["engine_loaded"] = True
    return _engine
