"""The JAX engine: what Kerata needs of JAX, and the ops whose form or meaning differs there."""

from __future__ import annotations

import contextlib
import gc
import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# Memory of a GPU is taken as it is needed, not most of it at once.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .. import config, dtypes, kernels
from ..spec import Spec, spec_of
from ..variable import Variable
from . import complaints, profiling
from .complaints import device_name
from .foreign import to_host
from .memory import has_too_many_maps, keep_freed_memory

name = "jax"
Tensor = jax.Array
TENSOR_TYPES = (jax._src.array.ArrayImpl, jax.core.Tracer)

_NAMESPACES = (jnp, jax.nn, lax, jax.scipy.special, jnp.linalg)


def _start() -> None:
    """Options of JAX that Kerata sets: the persistent compilation cache, 64-bit types on demand."""
    if config.wide():
        jax.config.update("jax_enable_x64", True)
    if jax.config.jax_compilation_cache_dir is None and os.environ.get("KERATA_CACHE") != "0":
        folder = config.home() / "cache" / "jax"
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            jax.config.update("jax_compilation_cache_dir", str(folder))
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
            jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


_start()
keep_freed_memory()


# --- tensors ------------------------------------------------------------------------------------


# Types of concrete arrays that were met: JAX takes long to answer whether something is its array.
ARRAYS: set[type] = set()


def asarray(x: Any, dtype: str | None = None) -> Any:
    """`x` as a JAX array of the dtype named."""
    if dtype is None and type(x) in ARRAYS and not config.wide():
        return x
    if config.wide() and not jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", True)
    if isinstance(x, jax.Array):
        if dtype is None:
            if not isinstance(x, jax.core.Tracer):
                ARRAYS.add(type(x))
            return x
        # astype also makes a weak type strong, without which a loop's state would change its type.
        return (
            x if x.dtype == dtype and not x.aval.weak_type else lax.convert_element_type(x, dtype)
        )
    x = to_host(x, name)
    if not hasattr(x, "dtype"):
        if isinstance(x, (list, tuple)) and any(hasattr(v, "dtype") for v in x):
            return jnp.stack([asarray(v, dtype) for v in x])
        dtype = dtype or _dtype_of_python(x)
    elif dtype is None:
        dtype = dtypes.standardize(x.dtype)
    return jnp.asarray(x, dtype)


def _dtype_of_python(x: Any) -> str | None:
    return dtypes.standardize(None) if np.asarray(x).dtype.kind == "f" else None


def place(make: Callable[[], Any], dtype: str | None = None) -> Any:
    """What `make` gives, as a concrete array even while a function is being traced."""
    with jax.ensure_compile_time_eval():
        x = asarray(make(), dtype)
        return x.value if hasattr(x, "value") else x


# A variable keeps a plain array; JAX takes a variable for one by its `__jax_array__`.
Variable.__jax_array__ = lambda self: self.value
# In the arguments of a compiled function, and wherever else JAX looks for arrays, it stands for its value.
jax.tree_util.register_pytree_node(
    Variable, lambda v: ((v.value,), None), lambda _, value: value[0]
)


def hold(value: Any, variable: Variable) -> Any:
    """What a variable keeps for this value: an array."""
    return value


def held(storage: Any) -> Any:
    """The array a variable keeps."""
    return storage


plain = held


def change(storage: Any, value: Any) -> Any:
    """What a variable keeps after it has taken another value."""
    return value


def mark(storage: Any, variable: Variable) -> None:
    """JAX does not want to know which arrays are trained."""


def to_numpy(x: Any) -> np.ndarray:
    """A JAX array as a NumPy array."""
    if isinstance(x, jax.core.Tracer):
        raise complaints.NoValue
    return np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a JAX array (or stands for one in a trace)."""
    return isinstance(x, jax.Array)


def known_sizes(sizes: Any) -> None:
    """Sizes of JAX's tensors are numbers; what is computed from values is not known in a trace."""


def is_tracing(x: Any) -> bool:
    """Whether `x` stands for an array in a function that is being traced."""
    return isinstance(x, jax.core.Tracer)


def function(op: str, primitive: bool) -> Callable | None:
    """The function of this engine for an op; composites only where this module overrides them."""
    own = OVERRIDES.get(op)
    if own is not None or not primitive:
        return own
    for namespace in _NAMESPACES:
        found = getattr(namespace, op, None)
        if found is not None:
            return found
    return None


def infer(fn: Callable, specs: Sequence[Any]) -> Any:
    """Specs of the results of a function that calls JAX itself."""
    shaped = [jax.ShapeDtypeStruct(s.shape, s.dtype) if isinstance(s, Spec) else s for s in specs]
    dynamic = [i for i, s in enumerate(shaped) if isinstance(s, jax.ShapeDtypeStruct)]

    def call(*tensors: Any) -> Any:
        full = list(shaped)
        for i, t in zip(dynamic, tensors):
            full[i] = t
        return fn(*full)

    out = jax.eval_shape(call, *(shaped[i] for i in dynamic))
    return jax.tree_util.tree_map(spec_of, out)


# --- derivation ---------------------------------------------------------------------------------


def value_and_grad(fn: Callable, has_aux: bool = False) -> Callable:
    """``jax.value_and_grad`` with regard to the first argument."""
    return jax.value_and_grad(fn, has_aux=has_aux)


def custom_gradient(fn: Callable) -> Callable:
    """``jax.custom_gradient``."""
    return jax.custom_gradient(fn)


vmap = jax.vmap
checkpoint = jax.checkpoint


# --- compilation --------------------------------------------------------------------------------


_asked = itertools.count(1)
_ASK_EVERY = 32


def make_room() -> None:
    """Let go of compiled programs, if there are so many in this process that XLA would crash soon.

    Those that are still in use are compiled again, or read from the disk, when they are called.
    """
    if not has_too_many_maps():
        return
    gc.collect()  # models lie in cycles, and hold their programs
    if has_too_many_maps():
        jax.clear_caches()
        gc.collect()


def _before_compiling() -> None:
    if next(_asked) % _ASK_EVERY == 0:
        make_room()


def compile(
    fn: Callable, static: Sequence[int] = (), donate: Sequence[int] = (), fuse: Any = None
) -> Callable:
    """``jax.jit``, which always fuses; on a CPU nothing is donated, as it gains nothing and would void users' references."""
    _before_compiling()
    if jax.default_backend() == "cpu":
        donate = ()
    return jax.jit(fn, static_argnums=tuple(static), donate_argnums=tuple(donate))


def direct(fn: Callable, fuse: Any = None) -> None:
    """No such thing: JAX knows no variables."""


# Ops that XLA's CPU back end computes by plain loops, tens of times slower, inside a while loop.
_SLOW_IN_LOOPS = ("conv_general_dilated", "reduce_window", "select_and_scatter")


def compile_loop(step: Callable, fuse: Any = None) -> Callable:
    """``run(state, start, stop, *data)``: ``state = step(i, state, *data)`` for i from start to stop.

    One compiled loop with a trip count known at run time only; where the step holds what such a
    loop makes slow on a CPU, one compiled call a step.
    """
    _before_compiling()
    one = jax.jit(step)
    loops: list[bool] = []

    @jax.jit
    def many(state: Any, start: Any, stop: Any, *data: Any) -> Any:
        return lax.fori_loop(start, stop, lambda i, carry: one(i, carry, *data), state)

    def run(state: Any, start: int, stop: int, *data: Any) -> Any:
        if not loops:
            traced = one.trace(np.int32(start), state, *data)
            loops.append(
                jax.default_backend() != "cpu" or not _holds(traced.jaxpr.jaxpr, _SLOW_IN_LOOPS)
            )
        if loops[0]:
            return many(state, np.int32(start), np.int32(stop), *data)
        for i in range(start, stop):
            state = one(np.int32(i), state, *data)
        return state

    return run


def _holds(jaxpr: Any, names: tuple[str, ...]) -> bool:
    """Whether a program, or one inside it, holds an operation whose name starts so."""
    for equation in jaxpr.eqns:
        if equation.primitive.name.startswith(names):
            return True
        for value in equation.params.values():
            for inner in value if isinstance(value, (list, tuple)) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns") and _holds(inner, names):
                    return True
    return False


# Shorter rows XLA's own loop copies as fast.
_LONG_ROW = 64


def take_rows(x: Any, rows: Any) -> Any:
    """Rows of `x` by number; the numbers are known to be in range."""
    row = math.prod(x.shape[1:])
    worth = row >= _LONG_ROW and len(rows) * row >= kernels.FEWEST_ELEMENTS
    if worth and rows.dtype == np.int32 and kernels.ready():
        from ..kernels import rows as native

        return native.pick(x, rows)
    return x.at[rows].get(mode="promise_in_bounds")


def slice_rows(x: Any, start: Any, size: int) -> Any:
    """`size` rows of `x` from a row known at run time only."""
    return lax.dynamic_slice_in_dim(x, start, size)


def block(x: Any) -> Any:
    """Wait until the computation of `x` has ended."""
    return jax.block_until_ready(x)


# --- control ------------------------------------------------------------------------------------


def together(tensors: Sequence[Any]) -> None:
    """No such thing: XLA joins the updates of all weights by itself."""


def cond(pred: Any, true_fn: Callable, false_fn: Callable) -> Any:
    """``lax.cond`` without operands."""
    if isinstance(pred, (bool, np.bool_)):
        return true_fn() if pred else false_fn()
    return lax.cond(pred, lambda _: true_fn(), lambda _: false_fn(), None)


def while_loop(
    cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: Any = None
) -> Any:
    """``lax.while_loop`` over a tuple (or a single value) of loop variables."""
    many = isinstance(loop_vars, (list, tuple))
    start = tuple(loop_vars) if many else (loop_vars,)
    start = jax.tree_util.tree_map(asarray, start)

    def test(carry: Any) -> Any:
        i, values = carry
        go = cond(*values)
        return go if maximum_iterations is None else (i < maximum_iterations) & go

    def advance(carry: Any) -> Any:
        i, values = carry
        new = body(*values)
        new = tuple(new) if isinstance(new, (list, tuple)) else (new,)
        return i + 1, new

    out = lax.while_loop(test, advance, (0, start))[1]
    return type(loop_vars)(out) if many else out[0]


def scan(
    f: Callable,
    init: Any,
    xs: Any = None,
    length: Any = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> Any:
    """``lax.scan``."""
    return lax.scan(f, init, xs, length=length, reverse=reverse, unroll=unroll)


# --- randomness ---------------------------------------------------------------------------------


def key(seed: int) -> Any:
    """A threefry key."""
    return place(lambda: np.array([(seed >> 32) & 0xFFFFFFFF, seed & 0xFFFFFFFF], np.uint32))


def fold(key: Any, n: Any) -> Any:
    """A new key out of a key and a number."""
    return jax.random.fold_in(key, n)


def calls() -> None:
    """JAX's functions are pure: they cannot count their calls."""


def enable_determinism() -> None:
    """An option of XLA's, which it reads when the first device is looked for."""
    flag = "--xla_gpu_deterministic_ops=true"
    if flag not in os.environ.get("XLA_FLAGS", ""):
        if jax._src.xla_bridge.backends_are_initialized() and jax.default_backend() != "cpu":
            raise RuntimeError(
                "config.enable_determinism() must be called before the first tensor is made: XLA has started."
            )
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()


# --- profiles -----------------------------------------------------------------------------------


def profile(
    compiled: Callable | None, plain: Callable, steps: int, seconds: float
) -> profiling.Trace:
    """The operations of XLA's programs, from its own trace."""
    from .jax_profile import profile

    return profile(compiled, steps, seconds)


# --- errors -------------------------------------------------------------------------------------


def named(layer: str) -> Any:
    """A context in which operations of a compiled function bear the name of a layer."""
    return jax.named_scope(layer)


def explain(error: BaseException) -> str | None:
    """What an error of JAX's means, where its own words are about JAX."""
    if isinstance(error, (complaints.NoValue, jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError,
                          jax.errors.NonConcreteBooleanIndexError)):  # fmt: skip
        return complaints.no_value("JAX")
    text = str(error)
    if isinstance(error, TypeError) and "does not accept dtype" in text:
        return complaints.no_dtype("JAX", error)
    if isinstance(error, ValueError) and "incompatible devices" in text:
        return complaints.two_devices(error)
    return None


# --- devices ------------------------------------------------------------------------------------


def devices() -> list[str]:
    """Names such as ``cpu:0``."""
    found = jax.devices()
    if found[0].platform != "cpu":
        found = [*jax.devices("cpu"), *found]
    return [f"{d.platform}:{d.id}" for d in found]


@contextlib.contextmanager
def device(name: str) -> Iterator[None]:
    """Place new tensors on the device of that name."""
    kind, _, index = device_name(name, devices()).partition(":")
    with jax.default_device(jax.devices(kind)[int(index)]):
        yield


# --- ops ----------------------------------------------------------------------------------------

# At the end, because the ops build on the above.
from .jax_nn import jvp, random, vectorize  # noqa: E402, F401
from .jax_ops import OVERRIDES  # noqa: E402
