"""The TensorFlow engine: what Kerata needs of TensorFlow beside the ops."""

from __future__ import annotations

import contextlib
import math
import os
import re
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # its start-up notes are no errors

import numpy as np
import tensorflow as tf
from tensorflow.core.function.trace_type import default_types

from .. import dtypes, tree
from ..scope import local
from ..spec import PROBES, Spec, probe
from ..variable import Variable
from . import complaints, profiling
from .complaints import device_name
from .foreign import record_tensorflow_calls, to_host
from .forms import call_backward
from .memory import keep_freed_memory
from .tensorflow_graphs import Graphs, Loop

name = "tensorflow"
Tensor = tf.Tensor
TENSOR_TYPES = (tf.Tensor,)

DTYPES: dict[str, tf.DType] = {n: tf.as_dtype(n) for n in dtypes.ALL}


def _start() -> None:
    """Take memory of a GPU as it is needed, not all of it at once."""
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # the program has used it already
            tf.config.experimental.set_memory_growth(gpu, True)
    with contextlib.suppress(ImportError, AttributeError):
        # Kerata's own code in a user's ``tf.function`` holds nothing to be rewritten by AutoGraph.
        from tensorflow.python.autograph.core import config

        rule = config.DoNotConvert(__name__.partition(".")[0])
        config.CONVERSION_RULES = (rule, *config.CONVERSION_RULES)


_start()
keep_freed_memory()


# --- tensors ------------------------------------------------------------------------------------


def asarray(x: Any, dtype: str | None = None) -> Any:
    """`x` as a TensorFlow tensor of the dtype named."""
    if isinstance(x, Tensor):
        return x if dtype is None or x.dtype.name == dtype else tf.cast(x, DTYPES[dtype])
    if isinstance(x, (Variable, tf.Variable)):
        return asarray(x.value if isinstance(x, Variable) else x.value(), dtype)
    if isinstance(x, (tf.IndexedSlices, tf.SparseTensor, tf.RaggedTensor)):
        return asarray(tf.sparse.to_dense(x) if isinstance(x, tf.SparseTensor)
                       else x.to_tensor() if isinstance(x, tf.RaggedTensor)
                       else tf.convert_to_tensor(x), dtype)  # fmt: skip
    if not hasattr(x, "dtype"):
        if isinstance(x, (list, tuple)) and any(hasattr(v, "dtype") for v in tree.flatten(x)):
            return tf.stack([asarray(v, dtype) for v in x])
        if dtype is None:
            kind = np.asarray(x).dtype
            dtype = dtypes.standardize(None if kind.kind == "f" else kind)
        return (
            tf.cast(x, DTYPES[dtype]) if isinstance(x, float) else _constant(np.asarray(x), dtype)
        )
    x = np.asarray(to_host(x, name))
    return _constant(x, dtype or dtypes.standardize(x.dtype))


def _constant(x: np.ndarray, dtype: str) -> Any:
    if dtype == "string":
        return tf.constant(x)
    return tf.constant(x.astype(DTYPES[dtype].as_numpy_dtype, copy=False))


def place(make: Callable[[], Any], dtype: str | None = None) -> Any:
    """What `make` gives, as a concrete tensor even while a function is being traced."""
    with tf.init_scope():
        return asarray(make(), dtype)


record_tensorflow_calls()


class _Itself(default_types.Weakref):
    """How a ``tf.function`` knows a variable among its arguments again: not by its value."""

    def cast(self, value: Any, casting_context: Any) -> Any:
        if value is self._ref():
            return value
        raise ValueError(f"Can not cast {value!r} to {self!r}")

    def __eq__(self, other: Any) -> Any:
        return isinstance(other, _Itself) and self._ref() is other._ref() is not None

    def __hash__(self) -> int:
        return id(self._ref())


# So ``tape.gradient`` and ``tf.function`` take a variable of Kerata for one of TensorFlow's.
Variable._should_act_as_resource_variable = True
Variable.handle = property(lambda self: _handle(self))
Variable.__tf_tensor__ = lambda self, dtype=None, name=None: asarray(
    self.value, None if dtype is None else tf.as_dtype(dtype).name
)
# As an argument of a ``tf.function`` it is itself there, to be assigned to, not a tensor with its value.
Variable.__tf_tracing_type__ = lambda self, context: _Itself(weakref.ref(self))
tf.register_tensor_conversion_function(
    Variable, lambda v, dtype=None, name=None, as_ref=False: v.__tf_tensor__(dtype)
)


# By its class, not by ``tf.Variable``: a ``tf.function`` would let that make new ones only in its
# very first trace.
_ResourceVariable = type(tf.Variable(0.0))


def _handle(variable: Variable) -> Any:
    """The resource behind a variable, for tapes: not where another value stands in its place."""
    if local.binding is not None and local.binding.read(variable) is not None:
        raise RuntimeError(
            f"The variable {variable.path!r} stands for a value here, of which TensorFlow knows nothing."
        )
    return variable.storage.handle


def hold(value: Any, variable: Variable) -> Any:
    """What a variable keeps for this value: a ``tf.Variable``, which tapes watch."""
    traced = is_tracing(value)
    with tf.init_scope():
        start = tf.zeros(variable.shape, value.dtype) if traced else value
        made = _ResourceVariable(start, trainable=variable.can_train, dtype=value.dtype)
    if traced:
        made.assign(value)
    return made


def held(storage: Any) -> Any:
    """The tensor that a variable holds."""
    return storage.value()


def plain(storage: Any) -> Any:
    """The value that a variable holds; no tape sees it read."""
    return tf.raw_ops.ReadVariableOp(resource=storage.handle, dtype=storage.dtype)


def change(storage: Any, value: Any) -> Any:
    """What a variable keeps after it has taken another value: the same ``tf.Variable``."""
    storage.assign(value)
    return storage


def mark(storage: Any, variable: Variable) -> None:
    """A ``tf.Variable`` is watched by tapes or not from its start to its end."""


def to_numpy(x: Any) -> np.ndarray:
    """A TensorFlow tensor as a NumPy array."""
    if is_tracing(x):
        raise complaints.NoValue
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a TensorFlow tensor."""
    return isinstance(x, (Tensor, tf.Variable))


def known_sizes(sizes: Any) -> list[int] | None:
    """What the graph knows of ``tf.shape(x)``, or of a list with parts of such tensors."""
    parts = sizes if isinstance(sizes, (list, tuple)) else [sizes]
    known: list[int] = []
    for part in parts:
        value = _value_in_graph(part) if isinstance(part, Tensor) else np.asarray(part)
        if value is None:
            return None
        known.extend(int(d) for d in value.ravel())
    return known


def _value_in_graph(x: Any) -> np.ndarray | None:
    """The value of a tensor of a graph, where it is made of sizes of tensors of known shape."""
    value = tf.get_static_value(x)
    if value is None and x.op.type in ("ExpandDims", "ConcatV2"):
        known = [v for v in map(_value_in_graph, x.op.inputs) if v is not None]
        if len(known) < len(x.op.inputs):
            return None
        *parts, axis = known
        if x.op.type == "ExpandDims":
            return np.expand_dims(parts[0], int(axis))
        return np.concatenate(parts, int(axis))
    if value is None and x.op.type == "StridedSlice":
        base, *limits = (tf.get_static_value(t) for t in x.op.inputs)
        if base is not None and base.ndim == 1 and all(a is not None for a in limits):
            begin, end, step = (int(a[0]) for a in limits)
            if x.op.get_attr("shrink_axis_mask"):
                return np.asarray(base[begin])
            first = None if x.op.get_attr("begin_mask") else begin
            return base[first : None if x.op.get_attr("end_mask") else end : step]
    return None if value is None else np.asarray(value)


def is_tracing(x: Any) -> bool:
    """Whether `x` stands for a tensor in a function that is being traced."""
    return tf.is_symbolic_tensor(x)


def function(op: str, primitive: bool) -> Callable | None:
    """The function of this engine for an op."""
    return OVERRIDES.get(op)


def infer(fn: Callable, specs: Sequence[Any]) -> Any:
    """Specs of the results of a function that calls TensorFlow itself."""
    size = probe()
    large = any(math.prod(d or 1 for d in s.shape) > 2**62 for s in specs if isinstance(s, Spec))
    # TensorFlow counts the elements of a tensor, also of one without values.
    small = _SMALL[PROBES.index(size)] if large and size in PROBES else size
    try:
        return _infer(fn, specs, size, small)
    except ValueError as e:
        if size is None:
            raise
        # A number that stands for any size does not fit what has one, such as a part of a constant.
        try:
            return _infer(fn, specs, size, None)
        except Exception:
            raise e from None


def _infer(fn: Callable, specs: Sequence[Any], size: int | None, stands: int | None) -> Any:
    """Axes of a size have another one, or none, in the graph, and their own again in the result."""

    def sized(shape: Any, old: Any, new: Any) -> tuple[Any, ...]:
        return tuple(new if d == old else d for d in shape)

    with tf.__internal__.FuncGraph("infer").as_default():
        given = [
            tf.compat.v1.placeholder(DTYPES[s.dtype], sized(s.shape, size, stands))
            if isinstance(s, Spec)
            else s
            for s in specs
        ]
        out = fn(*given)
    return tree.map_structure(
        lambda t: Spec(sized(t.shape, stands, size), t.dtype.name) if isinstance(t, Tensor) else t,
        out,
    )


# In the place of `PROBES`: four axes of such sizes have fewer than 2**63 elements.
_SMALL = (2**4 * 3**2 * 5 * 7, 2**4 * 3**2 * 5 * 11)


# --- derivation ---------------------------------------------------------------------------------


def value_and_grad(fn: Callable, has_aux: bool = False) -> Callable:
    """``(value, gradients)`` with regard to the first argument, a list of tensors."""

    def run(values: Sequence[Any], *rest: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            leaves = [tf.identity(v) for v in values]
            tape.watch(leaves)
            out = fn(leaves, *rest)
        with profiling.backward():
            found = tape.gradient(out[0] if has_aux else out, leaves)
        grads = [
            tf.zeros_like(v) if g is None else tf.convert_to_tensor(g)
            for g, v in zip(found, values)
        ]
        return out, grads

    return run


def custom_gradient(fn: Callable) -> Callable:
    """`fn` with the derivative that it returns beside its value."""

    def call(*args: Any, **kwargs: Any) -> Any:
        @tf.custom_gradient
        def run(*tensors: Any) -> Any:
            value, back = fn(*tensors, **kwargs)
            return value, lambda *upstream: call_backward(back, tensors, upstream)

        return run(*[asarray(a) for a in args])

    return call


def vmap(fn: Callable, in_axes: Any = 0) -> Callable:
    """`fn` mapped over a leading axis, by ``tf.vectorized_map``."""

    def run(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, (list, tuple)) else [in_axes] * len(args)
        mapped = [i for i, a in enumerate(axes) if a is not None]
        moved = tuple(_to_front(args[i], axes[i]) for i in mapped)

        def one(parts: Any) -> Any:
            full = list(args)
            for i, p in zip(mapped, parts):
                full[i] = p
            return fn(*full)

        return tf.vectorized_map(one, moved)

    return run


def _to_front(x: Any, axis: int) -> Any:
    x = asarray(x)
    order = list(range(x.shape.rank))
    order.insert(0, order.pop(axis))
    return tf.transpose(x, order)


def checkpoint(fn: Callable) -> Callable:
    """`fn` with its inner values recomputed for the gradient rather than kept.

    ``tf.recompute_grad`` knows floats only: other results are those of the first run.
    """

    def run(*tensors: Any) -> Any:
        floats = [i for i, t in enumerate(tensors) if t.dtype.is_floating]
        first: list[Any] = []

        def inner(*parts: Any) -> list[Any]:
            full = list(tensors)
            for i, part in zip(floats, parts):
                full[i] = part
            out = fn(*full)
            if not first:
                first.append(out)
            return [t for t in tree.flatten(out) if t.dtype.is_floating]

        values = iter(tree.flatten(tf.recompute_grad(inner)(*[tensors[i] for i in floats])))
        flat = [next(values) if t.dtype.is_floating else t for t in tree.flatten(first[0])]
        return tree.pack_sequence_as(first[0], flat)

    return run


# --- compilation --------------------------------------------------------------------------------


def compile(
    fn: Callable, static: Sequence[int] = (), donate: Sequence[int] = (), fuse: Any = None
) -> Callable:
    """`fn` as a graph for each form of its arguments, compiled by XLA where that pays."""
    return Graphs(fn, asarray, tuple(static), fuse)


def compile_loop(step: Callable, fuse: Any = None) -> Callable:
    """``run(state, start, stop, *data)``: ``state = step(i, state, *data)`` for i from start to stop."""
    return Loop(step, asarray, fuse=fuse)


def direct(fn: Callable, fuse: Any = None) -> Callable:
    """`fn` as a graph that reads and changes variables, one for each form of the arguments."""
    return Graphs(fn, asarray, fuse=bool(fuse))


def take_rows(x: Any, rows: Any) -> Any:
    """Rows of `x` by number."""
    return tf.gather(x, rows)


def slice_rows(x: Any, start: Any, size: int) -> Any:
    """`size` rows of `x` from a row known at run time only."""
    rest = tuple(x.shape)[1:]
    out = tf.slice(x, [start, *[0] * len(rest)], [size, *rest])
    return tf.ensure_shape(out, (size, *rest))


def block(x: Any) -> Any:
    """Wait until the computation of `x` has ended."""
    for t in tree.flatten(x):
        if hasattr(t, "numpy"):
            t.numpy()
    return x


def together(tensors: Sequence[Any]) -> None:
    """No such thing: XLA joins the updates of all weights by itself."""


# --- randomness ---------------------------------------------------------------------------------


def key(seed: int) -> Any:
    """A random key: two 32-bit words."""
    return place(lambda: np.array([(seed >> 32) & 0xFFFFFFFF, seed & 0xFFFFFFFF], np.uint32))


def fold(key: Any, n: Any) -> Any:
    """A new key out of a key and a number."""
    n = tf.cast(asarray(n), tf.int32)
    new = tf.random.experimental.stateless_fold_in(seed_of(key), n, alg="philox")
    return tf.bitcast(new, tf.uint32)


def calls() -> Any:
    """In a ``tf.function``, the number of its calls before this one."""
    if tf.executing_eagerly():
        return None
    with tf.init_scope():
        count = _ResourceVariable(0, trainable=False, dtype=tf.int32)
    _counts.append(count)  # held, as the function needs it for as long as it is called
    return count.assign_add(1) - 1


_counts: list[Any] = []


def seed_of(key: Any) -> Any:
    """A key as the seed of TensorFlow's stateless functions."""
    return tf.bitcast(asarray(key, "uint32"), tf.int32)


def enable_determinism() -> None:
    """``tf.config.experimental.enable_op_determinism``."""
    tf.config.experimental.enable_op_determinism()


# --- profiles -----------------------------------------------------------------------------------


def profile(
    compiled: Callable | None, plain: Callable, steps: int, seconds: float
) -> profiling.Trace:
    """Steps without a graph, timed layer by layer; the backward pass is one piece."""
    how = "run eagerly, layer by layer; the backward pass as a whole"
    return profiling.by_stopwatch(plain, steps, seconds, _wait, how)


def _wait() -> None:
    if tf.executing_eagerly():
        tf.test.experimental.sync_devices()


# --- errors -------------------------------------------------------------------------------------


def named(layer: str) -> Any:
    """A context in which operations of a graph bear the name of a layer."""
    if profiling.is_on():
        return profiling.scope(layer)
    return tf.name_scope(re.sub(r"[^A-Za-z0-9.]", "_", layer) or "layer")


def explain(error: BaseException) -> str | None:
    """What an error of TensorFlow's means, where its own words are about TensorFlow."""
    text = str(error)
    if isinstance(error, (tf.errors.OperatorNotAllowedInGraphError, complaints.NoValue)) or (
        isinstance(error, (TypeError, NotImplementedError)) and "symbolic tf.Tensor" in text
    ):
        return complaints.no_value("TensorFlow")
    if not isinstance(error, tf.errors.OpError):
        return None
    if re.search("in the list of allowed values|No registered '.*' OpKernel|not find device", text):
        return complaints.no_dtype("TensorFlow", error)
    if "conflicting device" in text or "different devices" in text:
        return complaints.two_devices(error)
    return None


# --- devices ------------------------------------------------------------------------------------


def devices() -> list[str]:
    """Names such as ``cpu:0``."""
    return [
        ":".join(d.name.rsplit(":", 2)[1:]).lower()
        for d in tf.config.list_logical_devices()
        if d.device_type in ("CPU", "GPU", "TPU")
    ]


@contextlib.contextmanager
def device(name: str) -> Iterator[None]:
    """Place new tensors on the device of that name."""
    with tf.device(device_name(name, devices())):
        yield


# --- ops ----------------------------------------------------------------------------------------

# At the end, because the ops build on the above.
from .tensorflow_nn import cond, jvp, random, scan, while_loop  # noqa: E402, F401
from .tensorflow_ops import OVERRIDES  # noqa: E402
