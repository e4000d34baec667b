"""The engine in use. See `protocol` for what an engine offers."""

from __future__ import annotations

import contextlib
import gc
import importlib
from collections.abc import Iterator
from typing import Any

from .. import config

_engine: Any = None


def engine() -> Any:
    """The engine's module, imported at the first call."""
    global _engine
    if _engine is None:
        name = config.backend()
        try:
            with collector_paused(new=True):
                _engine = importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as e:
            if (e.name or "").partition(".")[0] != name:
                raise
            raise ModuleNotFoundError(
                f"The engine {name!r} is not installed: pip install kerata[{name}]", name=name
            ) from None
        config._settings["engine_loaded"] = True
    return _engine


@contextlib.contextmanager
def collector_paused(new: bool) -> Iterator[None]:
    """Keep the garbage collector out of a block that makes very many objects which stay.

    Importing an engine and tracing a step do; looking through what they make again and again took
    a fifth of the time of a short program.

    Args:
        new: Whether this is such a block; else nothing is done.
    """
    if not new or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        # Together they put all objects among the old ones, at which it seldom looks.
        gc.freeze()
        gc.unfreeze()
        gc.enable()
