"""Compiled functions of the TensorFlow engine: one graph for each form of the arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..errors import InputError, KerataError
from .complaints import not_compiled
from .forms import NUMBERS, fill, slots, take_apart

# XLA makes a CPU slower at these than TensorFlow's own kernels; loops are those over time.
_SLOW_IN_XLA = (
    "Conv",
    "MaxPool",
    "AvgPool",
    "While",
    "StatelessWhile",
    "TensorList",
    "DepthwiseConv",
    "Svd",
    "SelfAdjointEig",
)


def _tensor(asarray: Callable) -> Callable:
    """For `take_apart`: tensors with their description."""

    def find(x: Any) -> Any:
        if not isinstance(x, tf.Tensor):
            if not isinstance(x, (*NUMBERS, tf.Variable)):
                return None
            x = asarray(x)
        if hasattr(
            x, "_datatype_enum"
        ):  # an eager tensor; `shape` and `dtype` make objects at each call
            return x, (x._datatype_enum(), x._shape_tuple())
        return x, (x.dtype, tuple(x.shape))

    return find


class _Made:
    """One graph: a call of it, and the form of its results."""

    def __init__(self) -> None:
        self.form: Any = None
        self.call: Callable[..., Any] = lambda *t: []


class Graphs:
    """A function whose calls run as graphs, one for each form of the arguments.

    Args:
        fn: A function of nested tensors, without effects.
        asarray: Makes tensors of NumPy arrays and numbers.
        static: Positions of arguments that are no tensors but part of the form.
        fuse: Whether XLA compiles the graph: True, False, or None where that pays.
    """

    def __init__(
        self, fn: Callable, asarray: Callable, static: tuple[int, ...] = (), fuse: Any = None
    ) -> None:
        self.fn, self.tensor, self.static, self.fuse = fn, _tensor(asarray), static, fuse
        self._made: dict[Any, _Made] = {}

    def __call__(self, *args: Any) -> Any:
        if not tf.executing_eagerly():
            return self.fn(*args)
        form, tensors, key = self._apart(args)
        made = self._made.get(key)
        if made is None:
            made = self._make(form, tensors)
            self._made[key] = made
        return fill(made.form, made.call(*tensors))

    def _apart(self, args: Sequence[Any]) -> tuple[list, list, tuple]:
        tensors: list[Any] = []
        key: list[Any] = []
        form = []
        for i, a in enumerate(args):
            if i in self.static:
                key.append(a)
                form.append(a)
            else:
                form.append(take_apart(a, self.tensor, tensors, key))
        return form, tensors, tuple(key)

    def _make(self, form: list, tensors: list) -> _Made:
        made = _Made()

        def flat(*given: Any) -> list[Any]:
            out: list[Any] = []
            made.form = take_apart(self.fn(*fill(form, given)), self.tensor, out, [])
            return out

        made.call = graph(flat, tensors, self.fuse)
        return made


class Loop(Graphs):
    """``run(state, start, stop, *data)``: many steps as one loop in the graph."""

    def __call__(self, state: Any, start: int, stop: int, *data: Any) -> Any:
        form, tensors, key = self._apart((state, data))
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(form, tensors)
        return fill(made.form, made.call(np.int32(start), np.int32(stop), *tensors))

    def _make(self, form: list, tensors: list) -> _Made:
        made = _Made()
        made.form = form[0]
        count = sum(1 for _ in slots(form[0]))

        def flat(start: Any, stop: Any, *given: Any) -> list[Any]:
            carried, data = given[:count], given

            def body(i: Any, *values: Any) -> Any:
                filled = fill(form, (*values, *data[count:]))
                out: list[Any] = []
                take_apart(self.fn(i, filled[0], *filled[1]), self.tensor, out, [])
                return (
                    i + 1,
                    *(tf.ensure_shape(o, v.shape) for o, v in zip(out, values, strict=True)),
                )

            final = tf.while_loop(
                lambda i, *_: i < stop, body, (start, *carried), parallel_iterations=1
            )
            return list(final[1:])

        numbers = [tf.constant(0), tf.constant(0)]
        made.call = graph(flat, [*numbers, *tensors], self.fuse, loops=1)
        return made


def graph(flat: Callable, tensors: Sequence[Any], fuse: Any, loops: int = 0) -> Callable[..., Any]:
    """A function of a flat list of tensors as a graph.

    Args:
        flat: Takes tensors and gives a list of them.
        tensors: Examples of the arguments.
        fuse: Whether XLA compiles it; None: if it holds nothing at which XLA is slow.
        loops: How many loops of it do not count as slow.
    """
    specs = [tf.TensorSpec(t.shape, t.dtype) for t in tensors]
    made = tf.function(flat, autograph=False).get_concrete_function(*specs)
    if fuse is False or (fuse is None and _holds_slow(made, loops)):
        return _flat_call(made)
    fused = tf.function(lambda *t: made(*t), autograph=False, jit_compile=True)
    run = _flat_call(fused.get_concrete_function(*specs))
    return _complaining(run) if fuse else _either(run, _flat_call(made))


def _flat_call(made: Any) -> Callable[..., Any]:
    """A graph's call with a list of tensors, without the binding of arguments that takes most of its time."""
    call = getattr(made, "_call_flat", None)
    if call is None:
        return made
    captured = made.captured_inputs

    def run(*tensors: Any) -> Any:
        given = [t if isinstance(t, tf.Tensor) else tf.convert_to_tensor(t) for t in tensors]
        out = call(given, captured)
        return out if isinstance(out, (list, tuple)) else [] if out is None else [out]

    return run


_REFUSED = re.compile(
    r"(\w+) \(No registered '\1' OpKernel for XLA.*?\{\{node ([^}]+)\}", re.DOTALL
)
_XLA_ERRORS = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)


def _complaining(run: Callable) -> Callable[..., Any]:
    """A function that XLA was asked to compile, with an error that names what it cannot."""

    def call(*tensors: Any) -> Any:
        try:
            return run(*tensors)
        except _XLA_ERRORS as e:
            refused = _REFUSED.search(str(e))
            if refused is None:
                raise
            error = InputError(not_compiled("XLA", f"the operation {refused[1]}"))
            # Names of operations are paths of layers: see `named` of the engine.
            path = [p for p in refused[2].split("/")[:-1] if not p.startswith("while")]
            if path:
                error.located("/".join(path))
            raise error from e

    return call


def _either(first: Callable, second: Callable) -> Callable[..., Any]:
    """The first function until it turns out that XLA cannot compile it, then the second."""
    chosen = [first]

    def call(*tensors: Any) -> Any:
        try:
            return chosen[0](*tensors)
        except KerataError:
            raise
        except _XLA_ERRORS:
            if chosen[0] is second:
                raise
            chosen[0] = second
            return second(*tensors)

    return call


def _holds_slow(made: Any, loops: int) -> bool:
    """Whether a graph holds operations at which XLA is slow on a CPU, more loops than some among them."""
    if tf.config.list_logical_devices("GPU"):
        return False
    definition = made.graph.as_graph_def()
    kinds = [node.op for node in definition.node]
    for function in definition.library.function:
        kinds += [node.op for node in function.node_def]
    slow = sum(kind.startswith(_SLOW_IN_XLA) for kind in kinds)
    return slow > loops
