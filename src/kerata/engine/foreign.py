"""Tensors of other libraries on their way into an engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..errors import InputError, ShapeError
from ..spec import KerasTensor

_LIBRARIES = {"torch": "torch", "tensorflow": "tensorflow", "jax": "jax", "jaxlib": "jax"}


def library_of(x: Any, engine: str) -> str | None:
    """The library of a tensor that is not one of `engine`; ``None`` for anything else."""
    library = _LIBRARIES.get(type(x).__module__.partition(".")[0])
    return None if library == engine or not hasattr(x, "shape") else library


def to_host(x: Any, engine: str) -> Any:
    """`x` itself, or as a NumPy array if it is a tensor of a library other than `engine`.

    Raises:
        InputError: A derivative or a compiled function would end there: the other library is
            recording what is done with the tensor.
    """
    if isinstance(x, (np.ndarray, np.generic, list, tuple, bool, int, float, complex)):
        return x
    library = library_of(x, engine)
    if library is None:
        return x
    if getattr(x, "requires_grad", False):
        _refuse("a torch tensor that requires a gradient", engine, "tensor.detach()")
    if library == "torch":
        x = x.detach().cpu()
        return x.float().numpy() if str(x.dtype) == "torch.bfloat16" else x.numpy()
    if type(x).__name__ == "RaggedTensor":
        x = x.to_tensor()
    try:
        return np.asarray(x)
    except Exception:
        _refuse(
            f"a {library} tensor without values, from a function being compiled",
            engine,
            "its values",
        )


def _refuse(what: str, engine: str, instead: str) -> None:
    raise InputError(
        f"The engine {engine!r} was handed {what}. Between libraries only values can pass, derivatives "
        f"and compiled code cannot. Pass {instead}, or choose that library as the engine (KERATA_ENGINE)."
    )


def is_deferred(x: Any, engine: str) -> bool:
    """Whether `x` is a tensor of a TensorFlow graph in which `engine` cannot compute.

    That is each engine but TensorFlow itself, and this one where sizes are not known yet: such graphs
    are those of ``tf.data`` pipelines.
    """
    tf = sys.modules.get("tensorflow")
    if tf is None or not hasattr(x, "graph") or not tf.is_symbolic_tensor(x):
        return False
    return engine != "tensorflow" or x.shape.rank is None or None in x.shape


def deferred(fn: Callable, infer: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """``fn(*args, **kwargs)`` as an operation of the TensorFlow graph that is being made.

    The operation hands the values to `fn` when the graph runs, in whatever engine that computes.

    Args:
        fn: A function of nested tensors.
        infer: A function that gives `KerasTensor`s like its results for such arguments.
        args, kwargs: With tensors of the graph among them.

    Raises:
        ShapeError: The graph does not know how many axes a tensor has.
    """
    tf = sys.modules["tensorflow"]
    flat = tree.flatten((args, kwargs))
    places = [i for i, x in enumerate(flat) if tf.is_tensor(x)]
    symbols = list(flat)
    for i in places:
        if flat[i].shape.rank is None:
            raise ShapeError(
                f"The number of axes of {flat[i].name!r} is not known in this graph. Tell it before: "
                f"x.set_shape((None, None, 3)), or tf.ensure_shape."
            )
        symbols[i] = KerasTensor(tuple(flat[i].shape), flat[i].dtype.name)
    a, k = tree.pack_sequence_as((args, kwargs), symbols)
    like = infer(*a, **k)

    def run(*values: np.ndarray) -> list[np.ndarray]:
        from . import engine

        given = list(flat)
        for i, value in zip(places, values):
            given[i] = value
        a, k = tree.pack_sequence_as((args, kwargs), given)
        made = [
            v if isinstance(v, np.ndarray) else engine().to_numpy(v)
            for v in tree.flatten(fn(*a, **k))
        ]
        return [
            np.asarray(v, object if s.dtype == "string" else s.dtype)
            for v, s in zip(made, specs, strict=True)
        ]

    specs = tree.flatten(like)
    out = tf.numpy_function(run, [flat[i] for i in places], [tf.as_dtype(s.dtype) for s in specs])
    for x, spec in zip(out, specs):
        x.set_shape(spec.shape)
    return tree.pack_sequence_as(like, out)


def record_tensorflow_calls() -> None:
    """Let TensorFlow's functions take symbolic tensors: such a call becomes a node of the graph."""
    from tensorflow.python.util import dispatch
    from tensorflow.python.util.tf_export import get_canonical_name_for_symbol

    class Recorder(dispatch.GlobalOpDispatcher):
        """Asked by TensorFlow where a function has failed with the arguments it got."""

        def handle(self, op: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
            if not any(isinstance(x, KerasTensor) for x in tree.flatten((args, kwargs))):
                return self.NOT_SUPPORTED
            from ..legacy.native import tensorflow_function

            name = get_canonical_name_for_symbol(op) or op.__name__
            return tensorflow_function(name, op, args, kwargs)

    Recorder().register()
