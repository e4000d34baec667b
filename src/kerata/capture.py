"""Constructor capture: an object remembers how it was made, so that no class writes `get_config`."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import Any

_BUILT_IN = __name__.partition(".")[0] + "."

# Reads a call of a built-in constructor as an earlier era did; set by `legacy.era` where one is known.
reread: Callable[[type, tuple, dict], tuple[tuple, dict]] | None = None


def is_built_in(cls: type) -> bool:
    """Whether a class is one of Kerata's own."""
    return (cls.__module__ + ".").startswith(_BUILT_IN)


class Configurable:
    """An object whose configuration is the call of its constructor.

    Every ``__init__`` in the class hierarchy notes the arguments it was called with. `get_config`
    gives those of the most derived one; for a user's class that overrides `get_config` and calls
    ``super().get_config()``, those of the built-in class below it.

    Where a built-in constructor is given an argument that it does not know, the legacy tables are
    asked for its modern name; else the error offers the closest one.
    """

    _captured: dict[type, tuple[tuple, dict]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = _capturing(cls, cls.__dict__["__init__"])  # type: ignore[method-assign, misc]

    def get_config(self) -> dict[str, Any]:
        """Arguments with which `from_config` makes an equal object, fit for JSON."""
        from .serialization import serialize_keras_object

        out = dict(self._base_config())
        for key, value in self._arguments(self._config_class()).items():
            if (
                key not in out
            ):  # name, trainable and dtype may have changed since the constructor ran
                out[key] = serialize_keras_object(value)
        return out

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An object out of a configuration that `get_config` wrote."""
        from .serialization import deserialize_arguments

        return cls(**deserialize_arguments(config))

    def _base_config(self) -> dict[str, Any]:
        return {}

    def _config_class(self) -> type | None:
        overriding = next(c for c in type(self).__mro__ if "get_config" in c.__dict__)
        after_override = is_built_in(overriding)
        for c in type(self).__mro__:
            if not after_override:
                after_override = c is overriding
                continue
            if c in self._captured and (is_built_in(c) or is_built_in(overriding)):
                return None if c.__dict__.get("_abstract_config") else c
        return None

    def _arguments(self, cls: type | None) -> dict[str, Any]:
        if cls is None:
            return {}
        args, kwargs = self._captured[cls]
        signature = _signature(cls)
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        out: dict[str, Any] = {}
        for key, value in list(bound.arguments.items())[1:]:
            kind = signature.parameters[key].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                out.update(value)
            elif kind is inspect.Parameter.VAR_POSITIONAL:
                if value:
                    raise NotImplementedError(
                        f"{type(self).__name__} takes *{key}: override get_config to say how it is made again."
                    )
            else:
                out[key] = value
        return out


@functools.cache
def _signature(cls: type) -> inspect.Signature:
    return inspect.signature(cls.__init__.__wrapped__)  # type: ignore[attr-defined, misc]


@functools.cache
def accepted(cls: type) -> frozenset[str] | None:
    """Names of the arguments a constructor takes, its bases' included; ``None`` if it takes any."""
    if cls.__dict__.get("_open_arguments"):
        return None
    names: set[str] = set()
    for c in cls.__mro__:
        init = c.__dict__.get("__init__")
        if init is None or c is object:
            continue
        parameters = inspect.signature(getattr(init, "__wrapped__", init)).parameters.values()
        names.update(p.name for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            return frozenset(names - {"self"})
    return frozenset(names - {"self"})


def _capturing(cls: type, init: Callable) -> Callable:
    built_in = is_built_in(cls)

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        captured = self.__dict__.get("_captured")
        if captured is None:
            captured = self.__dict__["_captured"] = {}
        if built_in and cls not in captured:
            if reread is not None and not any(is_built_in(c) for c in captured):
                args, kwargs = reread(_own_class(self), args, kwargs)
            known = accepted(cls) if kwargs else None
            if known is not None and not kwargs.keys() <= known:
                args, kwargs = _modernize(cls, _own_class(self), args, kwargs)
            hook = getattr(type(self), "_legacy_call", None)
            if hook is not None:
                args, kwargs = hook(args, kwargs)
        captured.setdefault(cls, (args, kwargs))
        init(self, *args, **kwargs)

    return __init__


def _own_class(made: Any) -> type:
    """The built-in class that an object is of, or that the user's class of it is made from."""
    return next(c for c in type(made).__mro__ if is_built_in(c))


def _modernize(cls: type, made: type, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    from .legacy.arguments import translate

    known = accepted(cls) or frozenset()
    args, kwargs = translate(made, args, kwargs, known)
    for name in kwargs:
        if name not in known:
            raise TypeError(unknown_argument(made.__name__, name, known))
    return args, kwargs


def unknown_argument(where: str, name: str, known: Any) -> str:
    """Message for an argument that `where` does not take, with the closest that it does."""
    close = difflib.get_close_matches(name, list(known), 1)
    hint = f" Did you mean {close[0]!r}?" if close else f" It takes: {', '.join(sorted(known))}."
    return f"{where} has no argument {name!r}.{hint}"
