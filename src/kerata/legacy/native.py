"""Functions of NumPy, TensorFlow, PyTorch and JAX that are called on symbolic tensors.

As in Keras 2 such a call becomes a node of the graph. Where an op does the same, the node is a call of
that op, which works on every engine and can be saved. Otherwise, where the function belongs to the
library of the engine in use, it is a `Lambda` layer around the function. What neither can do is refused
with the name of the op to use.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .. import config, graph, tree
from ..errors import InputError
from ..ops import REGISTRY
from ..scope import local
from ..spec import KerasTensor, Spec
from .foreign_functions import table


def call(
    library: str, name: str, function: Callable, args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """What a function of another library gives for arguments with symbolic tensors among them.

    Args:
        library: ``"numpy"``, ``"tensorflow"`` or ``"torch"``.
        name: The function's name there, as ``"linalg.norm"``.
        function: The function itself.
        args: Its positional arguments.
        kwargs: Its keyword arguments.

    Raises:
        InputError: There is no op for it, and the library is not that of the engine in use.

    >>> import numpy as np
    >>> from kerata import KerasTensor
    >>> np.mean(KerasTensor((None, 3)), axis=1).shape
    (None,)
    """
    if library == "torch" and name in ("reshape", "permute", "flip") and len(args) > 2:
        args = [args[0], list(args[1:])]
    found = _by_op(library, name, args, kwargs)
    if found is not None:
        return found[0]
    if library == config.backend():
        return _by_layer(name, function, args, kwargs)
    raise InputError(_refusal(library, name))


def _by_op(library: str, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple | None:
    """The result of the op that does the same, in a tuple; ``None`` if there is no such op."""
    twin = table(library).get(name)
    if twin is not None:
        ordered = twin.ordered(args, kwargs)
        return None if ordered is None else (REGISTRY[twin.op](*ordered),)
    # NumPy and the ops share their names, where the table says nothing else.
    op = REGISTRY.get(name.rpartition(".")[2]) if library == "numpy" else None
    if op is None:
        return None
    given = {k: v for k, v in kwargs.items() if v is not None}
    try:
        op.signature.bind(*args, **given)
    except TypeError:
        return None
    return (op(*args, **given),)


def _by_layer(name: str, function: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A call of the engine's own function, as a layer of its own."""
    from ..layers import Lambda

    flat = tree.flatten((args, kwargs))
    places = [i for i, x in enumerate(flat) if isinstance(x, Spec)]

    def run(inputs: Any) -> Any:
        values = list(flat)
        for i, x in zip(places, inputs if len(places) > 1 else [inputs]):
            values[i] = x
        a, k = tree.pack_sequence_as((args, kwargs), values)
        return function(*a, **k)

    run.__name__ = run.__qualname__ = name.rpartition(".")[2]
    given = [flat[i] for i in places]
    if not any(isinstance(x, KerasTensor) for x in given):
        # Inside a layer's call, where this error lets the engine find the shapes by itself.
        raise TypeError(f"{name} was called on shapes alone, which only an op can do.")
    return Lambda(run)(given if len(given) > 1 else given[0])


def _refusal(library: str, name: str) -> str:
    short = name.rpartition(".")[2]
    near = difflib.get_close_matches(short, REGISTRY, 1, cutoff=0.6)
    instead = f"Use kerata.ops.{near[0]}" if near else "Use a function of kerata.ops"
    return (
        f"{library}'s {name} was called on a symbolic tensor, which has no values yet. {instead}, or wrap the "
        "call in a Lambda layer."
    )


# --- what the libraries' own hooks call -----------------------------------------------------------


def numpy_ufunc(ufunc: Any, method: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Behind ``__array_ufunc__``: ``np.exp(x)``, ``np.add(x, y)``, ``array + x``."""
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    return call("numpy", name, ufunc, inputs, kwargs)


def numpy_function(function: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Behind ``__array_function__``: ``np.mean(x)``, ``np.linalg.norm(x)``."""
    module = (function.__module__ or "").partition(".")[2]
    name = f"{module}.{function.__name__}" if module in ("linalg", "fft") else function.__name__
    if name in ("shape", "ndim", "size"):
        return getattr(args[0], name)
    return call("numpy", name, function, args, kwargs)


def torch_function(function: Callable, args: Sequence[Any], kwargs: dict[str, Any] | None) -> Any:
    """Behind ``__torch_function__``: ``torch.relu(x)``, ``torch.nn.functional.gelu(x)``."""
    return call("torch", function.__name__, function, args, kwargs or {})


def tensorflow_function(
    name: str, function: Callable, args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """Behind TensorFlow's dispatcher: ``tf.reduce_mean(x)``, ``tf.nn.relu(x)``."""
    return call("tensorflow", name.removeprefix("compat.v1."), function, args, kwargs)


def jax_array(x: Any) -> Any:
    """A function that gives the value of a symbolic tensor, where the inputs of its model are known.

    Raises:
        InputError: They are not.
    """
    if local.fed is None:
        raise refuse_jax()
    return lambda: graph.fed_value(x, "A tensor")


def refuse_jax() -> Exception:
    """The error of a function of JAX on a symbolic tensor; JAX has no hook by which to record it."""
    if sys._getframe(2).f_code.co_name.startswith(("_operator_", "deferring_binary_op")):
        return AttributeError(
            "__jax_array__"
        )  # ``array + x``: Python then asks the symbolic tensor
    frame, name = sys._getframe(1), "a function"
    while frame.f_back is not None:
        frame = frame.f_back
        if str(frame.f_globals.get("__name__")).startswith("jax."):
            # The outermost frame of JAX is the function's own, or stands around a compiled function.
            inside = frame.f_locals.get("fun", frame.f_locals.get("self"))
            called = getattr(inside, "__name__", frame.f_code.co_name)
            name = name if called == "cache_miss" else called
        elif name != "a function":
            break
    return InputError(_refusal("jax", name))
