"""The engine in use. See `protocol` for what an engine offers."""

from __future__ import annotations

import contextlib
import gc
import importlib
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .. import config, tree
from ..errors import InputError
from ..scope import get_mask, local, set_mask
from . import foreign

_engine: Any = None

# Methods of a library's own modules that every layer has where that library is the engine.
_LAYER_METHODS = {
    "torch": frozenset(
        "buffers cpu cuda eval load_state_dict named_buffers named_parameters parameters "
        "requires_grad_ state_dict to train zero_grad".split()
    ),
}


def engine() -> Any:
    """The engine's module, imported at the first call."""
    global _engine
    if _engine is None:
        name = config.backend()
        # Some libraries draw random numbers while they are imported, behind a program's seeds.
        drawn, drawn_by_numpy = random.getstate(), np.random.get_state()
        try:
            with collector_paused(new=True):
                _engine = importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as e:
            if (e.name or "").partition(".")[0] != name:
                raise
            raise ModuleNotFoundError(
                f"The engine {name!r} is not installed: pip install kerata[{name}]", name=name
            ) from None
        for cls in _engine.TENSOR_TYPES:
            cls._keras_mask = property(get_mask, set_mask)
        random.setstate(drawn)
        np.random.set_state(drawn_by_numpy)
        config._settings["engine_loaded"] = True
        if config.is_determinism_enabled():
            _engine.enable_determinism()
    return _engine


def announce_variable() -> None:
    """Load the engine where the program has imported its library itself.

    The program may then hand a variable to functions of the library before it has called any of
    Kerata's, and the library has to know what a variable is.
    """
    if _engine is None and config.backend() in sys.modules:
        engine()


def native(library: str, what: str) -> Any:
    """The module of the engine's that joins Kerata with other objects of its library.

    Args:
        library: The engine that it takes.
        what: What is asked for, for the error message.

    Raises:
        InputError: Another engine is in use.
    """
    if config.backend() != library:
        raise InputError(
            f"{what} works with objects of {library}, but the engine in use is {config.backend()!r}. "
            f"Choose that engine before the program makes its first tensor: KERATA_ENGINE={library}, "
            f"or kerata.config.set_backend({library!r})."
        )
    engine()
    return importlib.import_module(f"{__name__}.{library}_native")


def is_foreign(x: Any) -> bool:
    """Whether `x` is a tensor of another library than the engine's."""
    return foreign.library_of(x, config.backend()) is not None


def to_host(x: Any) -> Any:
    """`x` itself, or as a NumPy array if it is a tensor of another library than the engine's.

    Raises:
        InputError: A derivative or a compiled function of the other library would end there.
    """
    return foreign.to_host(x, config.backend())


def _may_hold_tensors(args: Iterable[Any]) -> bool:
    """Whether it is worth looking through the arguments: not through lists of thousands of strings."""
    return any(
        hasattr(v, "shape")
        for a in args
        for v in (a.values() if isinstance(a, dict) else a[:1] if isinstance(a, (list, tuple)) else [a])
    )  # fmt: skip


def foreign_call(
    fn: Callable,
    infer: Callable,
    args: tuple,
    kwargs: dict[str, Any],
    host: bool = False,
    own: bool = False,
) -> tuple[bool, Any]:
    """``(True, fn(*args, **kwargs))`` where that is to run inside a graph of another library's, else ``(False, None)``.

    See `foreign.deferred`. So layers that prepare data work in ``tf.data`` pipelines with any engine.
    With `host` the function needs values, so that not even TensorFlow's own operations will do; with
    `own` it works in any graph of the engine's own library, also where sizes are not known.
    """
    if own and config.backend() == "tensorflow":
        return False, None
    if "tensorflow" not in sys.modules or not _may_hold_tensors((*args, *kwargs.values())):
        return False, None
    name = "" if host else config.backend()
    if not any(foreign.is_deferred(x, name) for x in tree.flatten((args, kwargs))):
        return False, None
    return True, foreign.deferred(fn, infer, args, kwargs)


def is_module(x: Any) -> bool:
    """Whether `x` is a module of the chosen engine's library, which a layer holds in a wrapper."""
    library = sys.modules.get("torch") if config.backend() == "torch" else None
    return library is not None and isinstance(x, library.nn.Module)


# Classes of variables of a library that a weight may share its value with.
_VARIABLES = frozenset({"ResourceVariable", "UnliftedInitializerVariable"})


def own_variable(x: Any) -> Any:
    """`x`, or for a variable of the library of the engine in use the `Variable` that shares its value."""
    if type(x).__name__ not in _VARIABLES or config.backend() != "tensorflow":
        return x
    return native("tensorflow", "A tf.Variable").own_variable(x)


def watched_gradients(loss: Any, variables: list[Any], tape: Any) -> list[Any] | None:
    """Derivatives with regard to variables, where the library has tapes that watch these; else ``None``.

    Args:
        loss: A function without arguments, or what the tape has seen computed.
        variables: The variables.
        tape: The tape; a new one by default.
    """
    if config.backend() != "tensorflow":
        return None
    return native("tensorflow", "A tape").gradients(loss, variables, tape)


def module_of_library(name: str) -> Any:
    """A module of the library of the engine in use, or ``None`` if it is none of that library's."""
    if name.partition(".")[0] != config.backend():
        return None
    return importlib.import_module(name)


def layer_method(name: str) -> Callable | None:
    """A method that layers have with the engine chosen, as a function of the layer, or ``None``.

    The engine is imported only where it has such a method.
    """
    library = config.backend()
    if name not in _LAYER_METHODS.get(library, ()):
        return None
    return getattr(native(library, name), name)


_NOTHING = contextlib.nullcontext()

# Parts of a step that belong to no layer. The dot keeps them apart from layers.
PARTS = (
    "kerata.batch", "kerata.loss", "kerata.backward", "kerata.metrics", "kerata.optimizer",
)  # fmt: skip


def part_of_step(name: str) -> Any:
    """A context in which operations of a compiled step bear the name of one of the `PARTS`."""
    return _NOTHING if local.binding is None else engine().named(f"kerata.{name}")


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
