"""The PyTorch engine: what Kerata needs of torch beside the ops.

A compiled function is one whose torch operations were recorded once, its derivatives among them, and
are played back from then on (see `torch_replay`); nothing of Kerata runs in between.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # its profiler tells that it starts and stops

import numpy as np
import torch
import torch.utils.checkpoint
from torch import Tensor

from .. import dtypes, tree
from ..spec import Spec
from ..variable import Variable
from . import complaints, torch_profile
from .complaints import device_name
from .foreign import to_host
from .forms import call_backward
from .memory import keep_freed_memory
from .profiling import Trace
from .torch_replay import Many, Replayed, asks_for_values, is_strict, native_only, recording

name = "torch"
TENSOR_TYPES = (Tensor,)

DTYPES: dict[str, torch.dtype] = {
    n: getattr(torch, n) for n in dtypes.ALL - {"string"} if hasattr(torch, n)
}
NAMES: dict[torch.dtype, str] = {t: n for n, t in DTYPES.items()}

keep_freed_memory()

_place = torch.device("cuda" if torch.cuda.is_available() else "cpu")


# --- tensors ------------------------------------------------------------------------------------


_PINNED_BYTES = 2**16


def here() -> torch.device:
    """The device on which new tensors are made."""
    return _place


def asarray(x: Any, dtype: str | None = None) -> Any:
    """`x` as a torch tensor of the dtype named."""
    if isinstance(x, (Tensor, Many)):
        return x if dtype is None or x.dtype is DTYPES[dtype] else x.to(DTYPES[dtype])
    if isinstance(x, Variable):
        return asarray(x.value, dtype)
    if isinstance(x, torch.SymInt):  # a size that depends on values
        x = int(x)
    if not hasattr(x, "dtype"):
        if isinstance(x, (list, tuple)) and any(hasattr(v, "dtype") for v in x):
            return torch.stack([asarray(v, dtype) for v in x])
        if dtype is None:
            kind = np.asarray(x).dtype
            dtype = dtypes.standardize(None if kind.kind == "f" else kind)
        if isinstance(x, (bool, int, float)):
            return torch.tensor(x, dtype=DTYPES[dtype], device=_place)
    array = np.asarray(to_host(x, name))
    dtype = dtype or dtypes.standardize(array.dtype)
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(np.array(array.view(np.uint16))).view(torch.bfloat16).to(_place)
    if array.dtype.name not in DTYPES:
        raise TypeError(f"torch has no dtype for NumPy's {array.dtype}.")
    if (
        not array.flags.writeable
        or not array.flags.c_contiguous
        or any(s < 0 for s in array.strides)
    ):
        array = array.copy()
    found = torch.from_numpy(array)
    if _place.type == "cuda" and found.nbytes >= _PINNED_BYTES:
        # Out of pinned memory the copy runs while the program goes on, behind the step before it.
        return found.pin_memory().to(_place, non_blocking=True).to(DTYPES[dtype])
    return found.to(_place, DTYPES[dtype])


def place(make: Callable[[], Any], dtype: str | None = None) -> Any:
    """What `make` gives, as a concrete tensor even while a function is being recorded."""
    with native_only(), torch.no_grad():
        return asarray(make(), dtype)


def hold(value: Any, variable: Variable) -> Any:
    """What a variable keeps for this value: a Parameter if it can be trained, else a tensor.

    So ``loss.backward()`` fills ``variable.value.grad`` and torch's optimizers can take it.
    """
    if recording(value):
        return value
    with native_only():
        if variable.can_train and (value.is_floating_point() or value.is_complex()):
            return torch.nn.Parameter(value.detach(), requires_grad=variable.trainable)
        return value.detach()


def held(storage: Any) -> Any:
    """The tensor a variable keeps."""
    return storage


def plain(storage: Any) -> Any:
    """The value a variable keeps, out of reach of its later changes and of differentiation."""
    return storage.detach()


def change(storage: Any, value: Any) -> Any:
    """What a variable keeps after it has taken another value: a Parameter stays the same object."""
    if type(storage) is torch.nn.Parameter:
        storage.data = value.detach()
        return storage
    return value.detach()


def mark(storage: Any, variable: Variable) -> None:
    """A frozen Parameter requires no gradient, so that torch's optimizers leave it alone."""
    if type(storage) is torch.nn.Parameter and variable.can_train:
        storage.requires_grad_(variable.trainable)


def to_numpy(x: Any) -> np.ndarray:
    """A torch tensor as a NumPy array."""
    if not isinstance(x, Tensor):
        return np.asarray(x)
    if recording(x):
        raise complaints.NoValue
    x = x.detach().cpu().resolve_conj()
    if x.dtype is torch.bfloat16:
        import ml_dtypes

        return x.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
    return x.numpy()


def is_tensor(x: Any) -> bool:
    """Whether `x` is a torch tensor."""
    return isinstance(x, Tensor)


def known_sizes(sizes: Any) -> None:
    """Sizes of torch's tensors are numbers; what is computed from values is not known in a recording."""


def unknown_sizes(sizes: Any) -> None:
    """Shapes do not depend on values."""


def is_tracing(x: Any) -> bool:
    """Whether `x` is in a function that is being recorded."""
    return recording(x)


def function(op: str, primitive: bool) -> Callable | None:
    """The function of this engine for an op."""
    return OVERRIDES.get(op)


def infer(fn: Callable, specs: Sequence[Any]) -> Any:
    """Specs of the results of a function that calls torch itself, found with tensors without values."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    def run() -> Any:
        given = [
            torch.zeros(s.shape, dtype=DTYPES[s.dtype], device=_place) if isinstance(s, Spec) else s
            for s in specs
        ]
        with torch.no_grad():
            return fn(*given)

    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            out = run()
    except Exception as e:
        if not asks_for_values(e):
            raise
        with native_only():  # torch, which computes at once, has values for Python code to look at
            out = run()
    return tree.map_structure(
        lambda t: Spec(t.shape, NAMES[t.dtype]) if isinstance(t, Tensor) else t, out
    )


# --- derivation ---------------------------------------------------------------------------------


def value_and_grad(fn: Callable, has_aux: bool = False) -> Callable:
    """``(value, gradients)`` with regard to the first argument, a list of tensors."""

    def run(values: Sequence[Any], *rest: Any) -> Any:
        # Inside another derivative this one must itself be differentiable.
        outer = torch.is_grad_enabled() and any(
            isinstance(t, Tensor) and t.requires_grad for t in tree.flatten((list(values), rest))
        )
        with torch.enable_grad():
            leaves = [
                v if outer and v.requires_grad else v.detach().requires_grad_() for v in values
            ]
            out = fn(leaves, *rest)
            value = out[0] if has_aux else out
            if not (isinstance(value, Tensor) and value.requires_grad):
                grads: Any = [None] * len(leaves)
            else:
                grads = torch.autograd.grad(value, leaves, create_graph=outer, allow_unused=True)
        grads = [torch.zeros_like(v) if g is None else g for g, v in zip(grads, values)]
        if not outer:
            out = tree.map_structure(lambda t: t.detach() if isinstance(t, Tensor) else t, out)
        return out, grads

    return run


def custom_gradient(fn: Callable) -> Callable:
    """`fn` with the derivative that it returns beside its value."""

    def call(*args: Any, **kwargs: Any) -> Any:
        shape: list[Any] = []

        class Function(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *tensors: Any) -> Any:
                with torch.enable_grad():
                    value, ctx.back = fn(*tensors, **kwargs)
                shape.append(value)
                flat = [t.detach() for t in tree.flatten(value)]
                return tuple(flat) if len(flat) > 1 else flat[0]

            @staticmethod
            def backward(ctx: Any, *upstream: Any) -> Any:
                grads = call_backward(ctx.back, args, upstream)
                return tuple(grads) if isinstance(grads, (list, tuple)) else grads

        out = Function.apply(*[asarray(a) if _numeric(a) else a for a in args])
        return tree.pack_sequence_as(shape[0], list(out) if isinstance(out, tuple) else [out])

    return call


def _numeric(a: Any) -> bool:
    return isinstance(a, (np.ndarray, np.generic, float, Variable))


def vmap(fn: Callable, in_axes: Any = 0) -> Callable:
    """``torch.vmap``."""
    return torch.vmap(fn, in_dims=in_axes)


def checkpoint(fn: Callable) -> Callable:
    """`fn` with its inner values recomputed for the gradient rather than kept."""

    def run(*tensors: Any) -> Any:
        # An early stop is an exception in the midst of an op, which would try again another way.
        return torch.utils.checkpoint.checkpoint(
            fn, *tensors, use_reentrant=False, early_stop=False
        )

    return run


# --- compilation --------------------------------------------------------------------------------


def compile(
    fn: Callable, static: Sequence[int] = (), donate: Sequence[int] = (), fuse: Any = None
) -> Callable:
    """`fn` recorded once for each form of its arguments and played back; fused by Inductor on demand."""
    return Replayed(fn, asarray, tuple(static), fuse is True)


def compile_loop(step: Callable, fuse: Any = None) -> Callable:
    """``run(state, start, stop, *data)``: ``state = step(i, state, *data)`` for i from start to stop."""
    one = Replayed(step, asarray, (), fuse is True)

    def run(state: Any, start: int, stop: int, *data: Any) -> Any:
        return one.loop(state, start, stop, data)

    return run


def direct(fn: Callable, fuse: Any = None) -> Callable:
    """`fn` as it is: torch looks at each operation as it happens."""
    return torch.enable_grad()(fn)


def take_rows(x: Any, rows: Any) -> Any:
    """Rows of `x` by number."""
    return x.index_select(0, rows)


def slice_rows(x: Any, start: Any, size: int) -> Any:
    """`size` rows of `x` from a row known at run time only."""
    return x.index_select(0, torch.arange(size, dtype=torch.int32, device=x.device) + start)


def block(x: Any) -> Any:
    """Wait until the computation of `x` has ended."""
    if _place.type == "cuda":
        torch.cuda.synchronize()
    return x


def together(tensors: Sequence[Any]) -> Many:
    """Tensors of one dtype as one value: arithmetic acts on all of them in one call."""
    return Many(tensors)


# --- randomness ---------------------------------------------------------------------------------


def key(seed: int) -> Any:
    """A random key: two 32-bit words."""
    return place(lambda: np.array([(seed >> 32) & 0xFFFFFFFF, seed & 0xFFFFFFFF], np.uint32))


def fold(key: Any, n: Any) -> Any:
    """A new key out of a key and a number."""
    return torch.ops.kerata.fold(key, n if isinstance(n, Tensor) else torch.tensor(int(n)))


def _mix(words: Sequence[int]) -> int:
    digest = hashlib.blake2b(
        b"".join(int(w).to_bytes(8, "little", signed=True) for w in words), digest_size=8
    )
    return int.from_bytes(digest.digest(), "little") >> 1


def _fold(key: Tensor, n: Tensor) -> Tensor:
    mixed = _mix([*key.tolist(), int(n)])
    return torch.tensor([mixed >> 32, mixed & 0xFFFFFFFF], dtype=torch.uint32)


def generator(key: Tensor) -> torch.Generator:
    """Torch's generator at the place that a key names."""
    return torch.Generator(device=_place).manual_seed(_mix(key.tolist()))


_library = torch.library.Library("kerata", "FRAGMENT")
_library.define("fold(Tensor key, Tensor n) -> Tensor")
_library.impl("fold", _fold, "CompositeExplicitAutograd")
torch.library.register_fake("kerata::fold", lambda key, n: torch.empty_like(key))


def calls() -> None:
    """Torch computes when it is asked: a draw is a draw."""


def enable_determinism() -> None:
    """``torch.use_deterministic_algorithms``; operations that have none raise an error."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False


# --- profiles -----------------------------------------------------------------------------------


def profile(compiled: Callable | None, plain: Callable, steps: int, seconds: float) -> Trace:
    """The operations of steps without the recording, from torch's own profiler."""
    return torch_profile.profile(plain, compiled is not None, steps, seconds)


# --- errors -------------------------------------------------------------------------------------


def named(layer: str) -> Any:
    """Recordings of torch have no names; steps that are profiled have."""
    return torch_profile.named(layer)


_NO_DTYPE = re.compile(
    r"not implemented for '|not supported for (complex|float|half|bfloat)|doesn't support (float|complex)"
    r"|for complex (types|tensors|inputs)|only (supports?|accepts) (float|real)",
    re.IGNORECASE,
)


def explain(error: BaseException) -> str | None:
    """What an error of torch's means, where its own words are about torch."""
    if asks_for_values(error):  # which ends a recording, and is an error where there must be one
        return complaints.no_value("Inductor") if is_strict() else None
    text = str(error)
    if isinstance(error, (RuntimeError, TypeError)) and _NO_DTYPE.search(text):
        return complaints.no_dtype("torch", error)
    if isinstance(error, RuntimeError) and "same device" in text:
        return complaints.two_devices(error)
    return None


# --- devices ------------------------------------------------------------------------------------


def devices() -> list[str]:
    """Names such as ``cpu:0``."""
    return ["cpu:0", *(f"gpu:{i}" for i in range(torch.cuda.device_count()))]


@contextlib.contextmanager
def device(name: str) -> Iterator[None]:
    """Place new tensors on the device of that name."""
    global _place
    kind, _, index = device_name(name, devices()).partition(":")
    before = _place
    _place = torch.device("cpu") if kind == "cpu" else torch.device("cuda", int(index))
    try:
        with torch.device(_place):
            yield
    finally:
        _place = before


# --- ops ----------------------------------------------------------------------------------------

# At the end, because the ops build on the above.
from . import torch_rnn  # noqa: E402, F401
from .torch_nn import cond, jvp, random, scan, vectorize, while_loop  # noqa: E402, F401
from .torch_ops import OVERRIDES  # noqa: E402
