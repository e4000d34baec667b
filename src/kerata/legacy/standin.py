"""A module in the place of ``tensorflow`` where TensorFlow is not installed.

Programs for ``tf.keras`` often need nothing of TensorFlow but ``tf.keras`` and some questions that have
an answer without it.
"""

from __future__ import annotations

import importlib
import logging
import sys
import types
from collections.abc import Callable
from typing import Any

from ..errors import RefusedNameError

VERSION = "2.21.0"


def explain(name: str) -> str:
    """What is said of a name that only TensorFlow itself has.

    >>> explain("tensorflow.data").partition(".  ")[0][:48]
    'tensorflow.data needs TensorFlow, which is not i'
    """
    return (
        f"{name} needs TensorFlow, which is not installed: pip install tensorflow-cpu. Without it, Kerata "
        "gives programs tensorflow.keras; keras.ops has functions of tensors such as tf.reshape or tf.reduce_mean."
    )


class StandIn(types.ModuleType):
    """``tensorflow``, or a part of it on the way to ``tensorflow.python.keras`` and its like."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        if name == "tensorflow":
            self.__dict__.update({"__version__": VERSION, "VERSION": VERSION, **_questions()})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        full = f"{self.__name__}.{name}"
        if full in _ON_THE_WAY:
            return importlib.import_module(full)
        raise RefusedNameError(explain(full))

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, "keras"})


_ON_THE_WAY = frozenset(
    """
    tensorflow.keras tensorflow.python tensorflow.python.keras tensorflow.contrib tensorflow.contrib.keras
    tensorflow.compat tensorflow.compat.v1 tensorflow.compat.v2 tensorflow.compat.v1.keras
    tensorflow.compat.v2.keras
    """.split()
)


class _Part:
    """Some functions of a module, and the explanation for the others."""

    def __init__(self, name: str, **known: Any) -> None:
        self.__dict__.update(known, _name=name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise RefusedNameError(explain(f"{self.__dict__['_name']}.{name}"))


def _set_seed(seed: int) -> None:
    rng = importlib.import_module(f"{__name__.partition('.')[0]}.rng")
    rng.set_seed(int(seed))


def _nothing(*args: Any, **kwargs: Any) -> None:
    pass


def _none_found(device_type: str | None = None) -> list[Any]:
    return []


def _no(*args: Any, **kwargs: Any) -> bool:
    return False


def _logger() -> logging.Logger:
    return logging.getLogger("tensorflow")


def _questions() -> dict[str, Any]:
    """Functions that mean something without TensorFlow: seeds, devices, logging, kinds of tensors."""
    level: Callable = _nothing
    listing: dict[str, Any] = {
        "list_physical_devices": _none_found, "list_logical_devices": _none_found,
        "set_visible_devices": _nothing, "get_visible_devices": _none_found,
    }  # fmt: skip
    experimental = _Part("tensorflow.config.experimental", **listing, set_memory_growth=_nothing)
    logs = _Part("tensorflow.logging", set_verbosity=level, ERROR=40, WARN=30, INFO=20, FATAL=50)
    return {
        "config": _Part("tensorflow.config", **listing, experimental=experimental),
        "get_logger": _logger,
        "is_symbolic_tensor": _no,
        "is_tensor": _no,
        "logging": logs,
        "random": _Part("tensorflow.random", set_seed=_set_seed),
        "set_random_seed": _set_seed,
        "test": _Part(
            "tensorflow.test", is_gpu_available=_no, is_built_with_cuda=_no, gpu_device_name=str
        ),
    }


def is_standing_in() -> bool:
    """Whether ``tensorflow`` is such a module in this process."""
    return isinstance(sys.modules.get("tensorflow"), StandIn)
