"""The two decorators that define every op: `primitive` and `op`.

A primitive's body states its result as a `Spec`; the engine supplies the value. An op's body is
the reference computation out of other ops; an engine may supply something faster under its name.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from .. import dtypes, graph, spec
from ..engine import engine, is_foreign
from ..errors import InputError, KerataError
from ..scope import local
from ..spec import OPERATORS, KerasTensor, Spec, probe, spec_of
from ..variable import Variable
from ._examples import with_example

F = TypeVar("F", bound=Callable)

Tensor = Any
"""In the signature of an op: a tensor, array, Variable, scalar or nested list of numbers."""

shape_of: Callable[[Any], tuple[Any, ...]] = spec.shape_of
"""The sizes of a tensor's axes. In an op's body they are ints (a probe stands for an unknown one)
and `None` only where a Spec with unknown axes is passed directly: to the type checker, anything."""

Tensors = Sequence[Tensor]
"""In the signature of an op: a list or tuple of tensors."""

REGISTRY: dict[str, Op] = {}
"""Every op by its name."""

# What an argument makes of a call: 1 abstract, 2 symbolic, 4 holds variables, 8 look inside.
_KIND: dict[type, int] = {
    Spec: 1, KerasTensor: 2, Variable: 4, list: 8, tuple: 8, dict: 8
}  # fmt: skip


def _kind(args: Any) -> int:
    found = 0
    for a in args:
        k = _KIND.get(type(a), 0)
        if k == 8:
            k = _kind(a.values() if type(a) is dict else a)
        found |= k
    return found


def _map(fn: Callable, x: Any) -> Any:
    if isinstance(x, (list, tuple)) and not hasattr(x, "_fields"):
        return type(x)(_map(fn, v) for v in x)
    if isinstance(x, dict):
        return {k: _map(fn, v) for k, v in x.items()}
    return fn(x)


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Variable) else x


def _abstract(x: Any) -> Any:
    # NumPy arrays stay: they may hold sizes, axes or repeats, whose values inference needs.
    if (
        isinstance(x, (Spec, np.ndarray, np.generic))
        or not hasattr(x, "dtype")
        or not hasattr(x, "shape")
    ):
        return x
    return spec_of(x)


class Op:
    """A defined op: its name, its body, and the engine's function once that is known."""

    def __init__(self, body: Callable, primitive: bool, key: str | None = None) -> None:
        self.name = body.__name__
        self.key = key or self.name
        self.body = body
        self.primitive = primitive
        self.native: Callable | None = None
        self.module = body.__module__
        functools.update_wrapper(self, body)

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """Signature of the body."""
        return inspect.signature(self.body)

    def resolve(self) -> Callable:
        """The function that computes values: the engine's own, or an op's body."""
        found = engine().function(self.key, self.primitive)
        if found is None:
            if self.primitive:
                raise NotImplementedError(f"The engine {engine().name!r} has no {self.key!r}.")
            found = self.body
        self.native = found
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Most calls have tensors and numbers alone: nothing to look into, so nothing more is asked.
        for a in args:
            if type(a) in _KIND:
                return self._call(args, kwargs)
        for a in kwargs.values():
            if type(a) in _KIND:
                return self._call(args, kwargs)
        try:
            return (self.native or self.resolve())(*args, **kwargs)
        except Exception as e:  # each library has errors of its own
            return self._recover(e, args, kwargs)

    def _call(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        """A call with variables, symbolic tensors, Specs or collections among the arguments."""
        kind = _kind(args) | _kind(kwargs.values())
        if kind & 2 and local.around is not None:
            args, kwargs = _map(graph.known, args), _map(graph.known, kwargs)
            kind = _kind(args) | _kind(kwargs.values())
        if kind & 2:
            return graph.record(self, args, kwargs)
        # While shapes are inferred, no value of a variable is asked for.
        if kind & 1 or (kind & 4 and probe() is not None):
            return self.infer(args, kwargs)
        native = self.native or self.resolve()
        if kind & 4 and native is not self.body:
            args, kwargs = _map(_value, args), _map(_value, kwargs)
        try:
            return native(*args, **kwargs)
        except Exception as e:
            return self._recover(e, args, kwargs)

    def _recover(self, error: Exception, args: tuple, kwargs: dict[str, Any]) -> Any:
        """The result with what is no tensor made one, or else the error, explained where it can be."""
        if isinstance(error, KerataError):
            raise error
        native = self.native or self.resolve()
        changed = self._converted(args, kwargs)
        if changed is not None:
            return native(*changed[0], **changed[1])
        if self.primitive:
            self._explain(args, kwargs)
        told = engine().explain(error)
        if told is not None:
            raise InputError(f"{self.name}: {told}") from error
        raise error

    def infer(self, args: tuple, kwargs: dict) -> Any:
        """Specs of the result for arguments that hold Specs."""
        args, kwargs = _map(_abstract, args), _map(_abstract, kwargs)
        try:
            return self.body(*args, **kwargs)
        except (TypeError, AttributeError):
            changed = self._converted(args, kwargs)
            if changed is None:
                raise
            return self.body(*changed[0], **changed[1])

    def _converted(self, args: tuple, kwargs: dict) -> tuple[list, dict] | None:
        """The arguments with lists made tensors and tensors first, or None if that is no change.

        Reached when a call has failed: so a call with tensors, the usual one, pays nothing for it.
        """
        try:
            given = self.signature.bind(*args, **kwargs).arguments
        except TypeError:
            return None
        kinds = self.body.__annotations__
        changed = any(_converted(given, kinds, fits) for fits in _CONVERTIBLE)
        positional, named = [], {}
        for name, value in given.items():
            parameter = self.signature.parameters[name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional.extend(value)
            elif parameter.kind is parameter.VAR_KEYWORD:
                named.update(value)
            elif kinds.get(name, "") in _TENSOR_KINDS and not named:
                changed = changed or name in kwargs
                positional.append(value)
            else:
                named[name] = value
        return (positional, named) if changed else None

    def _explain(self, args: Any, kwargs: Any) -> None:
        # The body, run on Specs, gives the same complaint in Kerata's words where it knows it.
        try:
            self.body(*_map(_abstract, args), **_map(_abstract, kwargs))
        except KerataError as e:
            raise e from None
        except Exception:  # the engine's own error says more than a failing body
            return

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        return f"<op {self.key}{self.signature}>"

    def __reduce__(self) -> Any:
        return (_by_name, (self.key,))


@contextmanager
def observed(see: Callable[[Op, tuple, dict[str, Any], Any], None]) -> Iterator[None]:
    """Call `see` with each op that this thread runs in the block, its arguments and its result.

    The op inside another comes first. Outside such a block calls of ops cost nothing for it.
    """
    plain, thread = Op.__call__, threading.get_ident()

    def call(self: Op, *args: Any, **kwargs: Any) -> Any:
        result = plain(self, *args, **kwargs)
        if threading.get_ident() == thread:
            see(self, args, kwargs, result)
        return result

    Op.__call__ = call  # type: ignore[method-assign]
    try:
        yield
    finally:
        Op.__call__ = plain  # type: ignore[method-assign]


class ClosedOp(Op):
    """An op that may have no tensor among its arguments: one that makes tensors, or calls functions.

    While shapes are inferred it gives Specs whatever its arguments are.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if probe() is not None and not (_kind(args) | _kind(kwargs.values())) & 2:
            return self.infer(args, kwargs)
        return super().__call__(*args, **kwargs)


_TENSOR_KINDS = ("Tensor", "Tensors", "Tensor | None")


# What becomes a tensor where a call has failed; tried one after the other.
_CONVERTIBLE: tuple[Callable[[Any], bool], ...] = (
    is_foreign,
    lambda x: isinstance(x, (list, tuple)),
    lambda x: isinstance(x, (bool, int, float, complex)),
)


def _converted(given: dict[str, Any], kinds: dict[str, Any], fits: Callable[[Any], bool]) -> bool:
    """Make tensors, in place, of the arguments declared as tensors that fit."""
    changed = False
    for name, value in given.items():
        kind = kinds.get(name, "")
        if kind in ("Tensor", "Tensor | None") and fits(value):
            given[name] = _plain(value)
            changed = True
        elif kind == "Tensors" and isinstance(value, (list, tuple)):
            if any(fits(v) for v in value):
                given[name] = [_plain(v) if fits(v) else v for v in value]
                changed = True
    return changed


def _plain(x: Any) -> Any:
    # While inferring, a list of numbers stands for its Spec and needs no engine.
    if probe() is not None:
        found = spec_of(x)
        return found if isinstance(found, Spec) else Spec((), dtypes.result_type(x))
    return engine().asarray(x)


def _by_name(name: str) -> Op:
    return REGISTRY[name]


def primitive(body: F) -> F:
    """Define an op whose body gives the `Spec` of the result and whose value the engine computes."""
    return _define(body, Op, True)


def op(body: F) -> F:
    """Define an op whose body is the reference computation out of other ops."""
    return _define(body, Op, False)


def closed_primitive(body: F) -> F:
    """A primitive that may have no tensor among its arguments: see `ClosedOp`."""
    return _define(body, ClosedOp, True)


def closed_op(body: F) -> F:
    """A composite op that may have no tensor among its arguments: see `ClosedOp`."""
    return _define(body, ClosedOp, False)


# Modules whose ops are not names of `ops` itself: what goes before the name in the registry.
_PREFIXES = {"image": "image_", "filters": "image_", "warp": "image_", "random": "random_"}


def _define(body: Any, kind: type[Op], is_primitive: bool) -> Any:
    module = body.__module__.rpartition(".")[2]
    made = kind(body, is_primitive, _PREFIXES.get(module, "") + body.__name__)
    made.__doc__ = with_example(made.__doc__, made.key)
    if made.key in REGISTRY:
        raise ValueError(f"The op {made.key!r} is defined twice.")
    REGISTRY[made.key] = OPERATORS[made.key] = made
    return made


def alias(name: str, target: Any) -> Any:
    """A second public name for an op."""
    REGISTRY[name] = OPERATORS[name] = target
    return target


def tensor(x: Any, dtype: Any = None) -> Any:
    """`x` ready for use in an op's body: a Spec or tensor stays, anything else is converted."""
    if isinstance(x, Spec):
        return x if dtype is None else OPERATORS["cast"](x, dtype)
    return OPERATORS["convert_to_tensor"](x, dtype)


def dtype_of(x: Any) -> str:
    """Name of the dtype of anything tensor-like."""
    return dtypes.result_type(x)
