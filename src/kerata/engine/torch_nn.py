"""More of the PyTorch engine's ops: convolution, images, linear algebra, control flow, random
numbers, and what torch computes faster than the ops' bodies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .. import config, tree
from .forms import body_of
from .torch import DTYPES, NAMES, asarray, fold, generator, here
from .torch_ops import (
    OVERRIDES,
    as_float,
    as_floats,
    axes_of,
    dtype_of_name,
    override,
    together,
)
from .torch_replay import LONGEST_UNROLLED, NotRecordable, is_recording, recording

# --- convolution and pooling --------------------------------------------------------------------


def _as_image(x: Any, rank: int, data_format: str) -> Any:
    """`x` with its channels second, as torch wants them, and with two spatial axes at least.

    It is a view: torch sees the order of channels-last memory and keeps it.
    """
    if data_format == "channels_last":
        x = x.movedim(-1, 1)
    return x.unsqueeze(2) if rank == 1 else x


def _from_image(y: Any, rank: int, data_format: str) -> Any:
    if rank == 1:
        y = y.squeeze(2)
    return y.movedim(1, -1) if data_format == "channels_last" else y


def _flat(rank: int, *settings: Sequence[int]) -> list[tuple[int, ...]]:
    """Settings for each axis, with 1 for the axis that a signal is given to be an image."""
    return [(1, *s) if rank == 1 else tuple(s) for s in settings]


def _padded(x: Any, pads: Sequence[tuple[int, int]], value: float = 0.0) -> tuple[Any, list[int]]:
    """`x` with that part of the padding done which is not the same on both sides, and the rest."""
    if x.dim() - 2 > len(pads):
        pads = [(0, 0), *pads]
    if all(a == b for a, b in pads):
        return x, [a for a, _ in pads]
    return F.pad(x, [n for p in reversed(pads) for n in p], value=value), [0] * len(pads)


def _pair(x: Any, kernel: Any) -> tuple[Any, Any, str]:
    """Tensors of one dtype for which torch has a kernel, and the dtype of the result."""
    x, kernel = together([x, kernel])
    kind = NAMES[x.dtype]
    if not (x.is_floating_point() or x.is_complex()):
        x, kernel = x.double(), kernel.double()
    return x, kernel, kind


_CONV = {1: F.conv2d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose2d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _filters(kernel: Any, rank: int) -> Any:
    kernel = kernel.permute(rank + 1, rank, *range(rank))
    return kernel.unsqueeze(2) if rank == 1 else kernel


@override
def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    from ..ops import convolve as c

    data_format = config.standardize_data_format(data_format)
    x, kernel, kind = _pair(inputs, kernel)
    rank = c._rank("conv", x.shape, kernel.shape)
    window, space = kernel.shape[:-2], c.spatial(x.shape, data_format)
    steps, dilation = (
        c.per_axis(strides, rank, "strides"),
        c.per_axis(dilation_rate, rank, "dilation_rate"),
    )
    name = c._padding(padding, ("valid", "same", "causal"), "conv")
    c._windows("conv", space, window, steps, name, dilation)
    pads = [(0, 0)] * rank
    if name == "causal":
        pads = [((k - 1) * d, 0) for k, d in zip(window, dilation)]
    elif name == "same":
        pads = [c.same_padding(*each) for each in zip(space, window, steps, dilation)]
    groups = c.groups(c.channels(x.shape, data_format), kernel.shape)
    x, even = _padded(_as_image(x, rank, data_format), pads)
    steps, dilation = _flat(rank, steps, dilation)
    y = _CONV[rank](x, _filters(kernel, rank), None, steps, even, dilation, groups)
    return asarray(_from_image(y, rank, data_format), kind)


@override
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    data_format = config.standardize_data_format(data_format)
    kernel = asarray(kernel)
    *window, depth, multiplier = kernel.shape
    given = inputs.shape[1] if data_format == "channels_first" else inputs.shape[-1]
    if given != depth:
        raise ValueError(f"depthwise_conv: {given} channels against a kernel for {depth}.")
    kernel = kernel.reshape(*window, 1, depth * multiplier)
    return conv(inputs, kernel, strides, padding, data_format, dilation_rate)


@override
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    from ..ops import convolve as c

    data_format = config.standardize_data_format(data_format)
    x, kernel, kind = _pair(inputs, kernel)
    rank = c._rank("conv_transpose", x.shape, kernel.shape)
    steps, dilation = (
        c.per_axis(strides, rank, "strides"),
        c.per_axis(dilation_rate, rank, "dilation_rate"),
    )
    extra: Any = (None,) * rank
    if output_padding is not None:
        extra = c.per_axis(output_padding, rank, "output_padding")
    name = c._padding(padding, ("valid", "same"), "conv_transpose")
    # What a full transposed convolution gives beyond the result, or (below 0) less than it.
    cuts = []
    for k, s, d, e in zip(kernel.shape[:-2], steps, dilation, extra):
        before, after = c.transposed_padding(k, s, d, name, e)
        cuts.append(((k - 1) * d - before, (k - 1) * d - after))
    both = [max(min(cut), 0) for cut in cuts]
    rest = [(n - a, n - b) for n, (a, b) in zip(both, cuts)]
    steps, dilation = _flat(rank, steps, dilation)
    both = [0, *both] if rank == 1 else both
    x, weight = _as_image(x, rank, data_format), _filters(kernel, rank)
    y = _TRANSPOSED[rank](x, weight, None, steps, both, 0, 1, dilation)
    if any(p != (0, 0) for p in rest):
        y = F.pad(y, [n for p in reversed(rest) for n in p])
    return asarray(_from_image(y, rank, data_format), kind)


def _pool(inputs: Any, settings: tuple, what: str, value: float, run: Callable) -> Any:
    """``run(x, window, strides, padding, count)`` with channels second; `count` is how many elements
    of the input lie in each window, ``None`` if that follows from the padding."""
    from ..ops import convolve as c

    pool_size, strides, padding, data_format = settings
    data_format = config.standardize_data_format(data_format)
    name = c._padding(padding, ("valid", "same"), what)
    space = c.spatial(inputs.shape, data_format)
    rank = len(space)
    window = c.per_axis(pool_size, rank, "pool_size")
    steps = window if strides is None else c.per_axis(strides, rank, "strides")
    places = c._windows(what, space, window, steps, name, 1)
    pads = [(0, 0)] * rank
    if name == "same":
        pads = [c.same_padding(*each) for each in zip(space, window, steps)]
    count = None
    if any(a != b for a, b in pads):
        count = np.ones((), np.float32)
        for n, k, s, (a, _), m in zip(space, window, steps, pads, places):
            start = np.arange(m) * s - a
            inside = np.minimum(start + k, n) - np.maximum(start, 0)
            count = count[..., None] * inside
    x, even = _padded(_as_image(inputs, rank, data_format), pads, value)
    y = run(rank, x, *_flat(rank, window, steps), even, count)
    return _from_image(y, rank, data_format)


def _max(rank: int, x: Any, window: Any, steps: Any, pads: Any, count: Any) -> Any:
    return (F.max_pool3d if rank == 3 else F.max_pool2d)(x, window, steps, pads)


def _average(rank: int, x: Any, window: Any, steps: Any, pads: Any, count: Any) -> Any:
    native = F.avg_pool3d if rank == 3 else F.avg_pool2d
    if count is None:
        return native(x, window, steps, pads, False, False)
    total = native(x, window, steps, pads, False, True, 1)
    return total / asarray(count, NAMES[x.dtype])


@override
def max_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    x = asarray(inputs)
    kind = NAMES[x.dtype]
    if not x.is_floating_point():
        x = x.double()
    y = _pool(x, (pool_size, strides, padding, data_format), "max_pool", -math.inf, _max)
    return asarray(y, kind)


@override
def average_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    settings = pool_size, strides, padding, data_format
    return _pool(as_float(inputs), settings, "average_pool", 0.0, _average)


# --- linear algebra -----------------------------------------------------------------------------


@override
def cholesky(x: Any, upper: bool = False) -> Any:
    out, failed = torch.linalg.cholesky_ex(as_float(x), upper=upper)
    if recording(failed):
        return torch.where(failed[..., None, None] == 0, out, math.nan)
    if failed.any():
        raise ValueError("cholesky: the matrix is not positive definite.")
    return out


OVERRIDES["det"] = lambda x: torch.linalg.det(as_float(x))
OVERRIDES["inv"] = lambda x: torch.linalg.inv(as_float(x))
OVERRIDES["eig"] = lambda x: tuple(torch.linalg.eig(as_float(x)))
OVERRIDES["eigh"] = lambda x: tuple(torch.linalg.eigh(as_float(x)))
OVERRIDES["slogdet"] = lambda x: tuple(torch.linalg.slogdet(as_float(x)))


@override
def lu_factor(x: Any) -> Any:
    factors, pivots = torch.linalg.lu_factor(as_float(x))
    return factors, pivots - 1


@override
def solve(a: Any, b: Any) -> Any:
    return torch.linalg.solve(*as_floats(a, b))


@override
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    a, b = as_floats(a, b)
    vector = b.dim() == 1 or (b.dim() == a.dim() - 1 and b.shape == a.shape[:-1])
    x = torch.linalg.solve_triangular(a, b.unsqueeze(-1) if vector else b, upper=not lower)
    return x.squeeze(-1) if vector else x


@override
def qr(x: Any, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode must be 'reduced' or 'complete', got {mode!r}.")
    return tuple(torch.linalg.qr(as_float(x), mode))


@override
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    x = as_float(x)
    return tuple(torch.linalg.svd(x, full_matrices)) if compute_uv else torch.linalg.svdvals(x)


# --- control ------------------------------------------------------------------------------------


def _tensors(x: Any) -> Any:
    return tree.map_structure(lambda v: None if v is None else asarray(v), x)


def _unrollable(steps: int) -> None:
    if steps > LONGEST_UNROLLED and is_recording():
        raise NotRecordable(f"a loop of {steps} steps runs as it is")


def _chosen(index: Any, results: Sequence[Any]) -> Any:
    """The result of that number, leaf by leaf, where the number is not known yet."""

    def choose(*leaves: Any) -> Any:
        if leaves[0] is None:
            return None
        out = leaves[-1]
        for i in reversed(range(len(leaves) - 1)):
            out = torch.where(index == i, leaves[i], out)
        return out

    return tree.map_alike(choose, *map(_tensors, results))


@override
def cond(pred: Any, true_fn: Callable, false_fn: Callable) -> Any:
    if not isinstance(pred, (bool, np.bool_)):
        pred = asarray(pred)
        if recording(pred):
            return _chosen(pred.eq(0).to(torch.int32), [true_fn(), false_fn()])
    return true_fn() if pred else false_fn()


@override
def switch(index: Any, branches: Sequence[Callable], *operands: Any) -> Any:
    index = torch.clamp(asarray(index), 0, len(branches) - 1)
    operands = tuple(_tensors(v) for v in operands)
    if recording(index):
        return _chosen(index, [b(*operands) for b in branches])
    return branches[int(index)](*operands)


@override
def while_loop(
    cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: Any = None
) -> Any:
    many = isinstance(loop_vars, (list, tuple))
    values = _tensors(list(loop_vars) if many else [loop_vars])
    steps = 0
    while maximum_iterations is None or steps < maximum_iterations:
        go = cond(*values)
        if isinstance(go, Tensor) and recording(go):
            raise NotRecordable("how often a loop runs depends on its values")
        if not go:
            break
        _unrollable(steps)
        new = body(*values)
        values = _tensors(list(new) if isinstance(new, (list, tuple)) else [new])
        steps += 1
    return type(loop_vars)(values) if many else values[0]


@override
def fori_loop(lower: Any, upper: Any, body_fun: Callable, init_val: Any) -> Any:
    for v in (lower, upper):
        if recording(v):
            raise NotRecordable("how often a loop runs depends on its values")
    value = _tensors(init_val)
    _unrollable(int(upper) - int(lower))
    for i in range(int(lower), int(upper)):
        value = _tensors(body_fun(asarray(np.int32(i)), value))
    return value


@override
def scan(
    f: Callable,
    init: Any,
    xs: Any = None,
    length: Any = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> Any:
    carry, xs = _tensors(init), _tensors(xs)
    rows = [None if v is None else v.unbind(0) for v in tree.flatten(xs)]
    count = next((len(r) for r in rows if r is not None), length)
    _unrollable(count)
    order = range(count)[::-1] if reverse else range(count)
    if not count:  # a step on zeros shows what its results are like
        none = tree.map_structure(lambda v: v if v is None else v.new_zeros(v.shape[1:]), xs)
        return carry, tree.map_structure(
            lambda v: v if v is None else v[:0], _stacked([f(carry, none)[1]])
        )
    ys = []
    for i in order:
        row = tree.pack_sequence_as(xs, [None if r is None else r[i] for r in rows])
        carry, y = f(carry, row)
        ys.append(_tensors(y))
    if reverse:
        ys.reverse()
    return _tensors(carry), _stacked(ys)


def _stacked(results: Sequence[Any]) -> Any:
    return tree.map_structure(
        lambda *v: None if v[0] is None else torch.stack(together(v)), *results
    )


@override
def map(f: Callable, xs: Any) -> Any:
    return scan(lambda _, x: (None, f(x)), None, xs)[1]


@override
def vectorized_map(function: Callable, elements: Any) -> Any:
    return torch.vmap(lambda x: _tensors(function(x)), randomness="different")(_tensors(elements))


def vectorize(pyfunc: Callable, *, excluded: Any = None, signature: Any = None) -> Callable:
    """`pyfunc`, written for single elements or for the core axes in `signature`, for whole tensors."""
    excluded = excluded or ()
    terms = (
        signature.partition("->")[0].replace(" ", "").strip("()").split("),(") if signature else []
    )

    def run(*args: Any) -> Any:
        given = {i: asarray(a) for i, a in enumerate(args) if i not in excluded}
        core = [len(t.split(",")) if t else 0 for t in terms] or [0] * len(given)
        outer = [v.shape[: v.dim() - c] for v, c in zip(given.values(), core)]
        shape = torch.broadcast_shapes(*outer)
        flat = [
            v.expand(*shape, *v.shape[v.dim() - c :]).reshape(-1, *v.shape[v.dim() - c :])
            for v, c in zip(given.values(), core)
        ]

        def one(*values: Any) -> Any:
            full = list(args)
            for i, v in zip(given, values):
                full[i] = v
            return _tensors(pyfunc(*full))

        out = torch.vmap(one, randomness="different")(*flat)
        return tree.map_structure(lambda v: v.reshape(*shape, *v.shape[1:]), out)

    return run


def jvp(fun: Callable, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """``torch.func.jvp``."""
    primals, tangents = (tuple(asarray(v) for v in vs) for vs in (primals, tangents))
    return torch.func.jvp(fun, primals, tangents, has_aux=has_aux)


# --- randomness ---------------------------------------------------------------------------------

_library = torch.library.Library("kerata", "FRAGMENT")


def leaf(name: str, types: str, run: Callable, like: Callable) -> None:
    """Define an operation that a recording takes as it is; `like` gives results without values."""
    _library.define(name + types)
    _library.impl(name, run, "CompositeExplicitAutograd")
    torch.library.register_fake(f"kerata::{name}", like)


def _made(key: Tensor, shape: Any, dtype: Any) -> Tensor:
    return torch.empty(shape, dtype=dtype, device=here())


def _draw(native: Callable) -> Callable:
    return lambda key, shape, dtype: native(
        tuple(shape), generator=generator(key), dtype=dtype, device=here()
    )


def _draw_bits(key: Tensor, shape: Any) -> Tensor:
    return torch.randint(2**62, tuple(shape), generator=generator(key), device=here())


def _draw_kept(key: Tensor, shape: Any, p: float) -> Tensor:
    return _made(key, shape, torch.bool).bernoulli_(p, generator=generator(key))


_SIZES = "(Tensor key, SymInt[] shape"
leaf("uniform", _SIZES + ", ScalarType dtype) -> Tensor", _draw(torch.rand), _made)
leaf("normal", _SIZES + ", ScalarType dtype) -> Tensor", _draw(torch.randn), _made)
leaf("bits", _SIZES + ") -> Tensor", _draw_bits, lambda k, shape: _made(k, shape, torch.int64))
leaf(
    "kept",
    _SIZES + ", float p) -> Tensor",
    _draw_kept,
    lambda key, shape, p: _made(key, shape, torch.bool),
)
leaf(
    "gamma",
    "(Tensor key, Tensor alpha) -> Tensor",
    lambda key, alpha: torch._standard_gamma(alpha, generator(key)),
    lambda key, alpha: torch.empty_like(alpha),
)
leaf(
    "binomial",
    "(Tensor key, Tensor n, Tensor p) -> Tensor",
    lambda key, n, p: torch.binomial(n, p, generator(key)),
    lambda key, n, p: torch.empty_like(n),
)
leaf(
    "categorical",
    "(Tensor key, Tensor p, SymInt n) -> Tensor",
    lambda key, p, n: torch.multinomial(p, n, True, generator=generator(key)),
    lambda key, p, n: _made(key, (p.shape[0], n), torch.int64),
)
torch.library.register_autograd(
    "kerata::gamma",
    lambda ctx, grad: (None, grad * torch._standard_gamma_grad(*ctx.saved_tensors)),
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(inputs[1], output),
)
_leaves = torch.ops.kerata


def _uniform(key: Any, shape: Any, dtype: str, low: Any = 0.0, high: Any = 1.0) -> Any:
    x = _leaves.uniform(key, shape, DTYPES[dtype])
    if type(low) is type(high) is float and (low, high) == (0.0, 1.0):
        return x
    low, high = (v if isinstance(v, (int, float)) else asarray(v, dtype) for v in (low, high))
    return x * (high - low) + low


def _scaled(draw: Callable) -> Callable:
    def sample(key: Any, shape: Any, dtype: str, mean: Any, stddev: Any) -> Any:
        x = draw(key, shape, dtype)
        return x if (mean, stddev) == (0.0, 1.0) else asarray(x * stddev + mean, dtype)

    return sample


def _truncated(key: Any, shape: Any, dtype: str) -> Any:
    reach = math.erf(math.sqrt(2.0))  # the share within two deviations
    x = _uniform(key, shape, "float64" if dtype == "float64" else "float32", -reach, reach)
    return asarray(torch.clamp(torch.erfinv(x) * math.sqrt(2.0), -2.0, 2.0), dtype)


def _integers(key: Any, shape: Any, dtype: str, low: Any, high: Any) -> Any:
    low, high = (v if isinstance(v, int) else asarray(v).long() for v in (low, high))
    return asarray(_leaves.bits(key, shape) % (high - low) + low, dtype)


def _gamma(key: Any, shape: Any, dtype: str, alpha: Any) -> Any:
    kind = "float64" if dtype == "float64" else "float32"
    return asarray(_leaves.gamma(key, asarray(alpha, kind).expand(shape).contiguous()), dtype)


def _beta(key: Any, shape: Any, dtype: str, alpha: Any, beta: Any) -> Any:
    a, b = (_gamma(fold(key, i), shape, dtype, v) for i, v in enumerate((alpha, beta)))
    return a / (a + b)


def _binomial(key: Any, shape: Any, dtype: str, counts: Any, probabilities: Any) -> Any:
    n, p = (asarray(v, "float32").expand(shape).contiguous() for v in (counts, probabilities))
    return asarray(_leaves.binomial(key, n, p), dtype)


def _bernoulli(key: Any, shape: Any, dtype: str, p: Any) -> Any:
    if isinstance(p, float):
        return _leaves.kept(key, shape, p)
    return _leaves.uniform(key, shape, torch.float32) < p


def _categorical(key: Any, shape: Any, dtype: str, logits: Any) -> Any:
    p = torch.softmax(as_float(logits).detach(), -1)
    return asarray(_leaves.categorical(key, p, shape[1]), dtype)


def _shuffle(key: Any, shape: Any, dtype: str, x: Any, axis: int) -> Any:
    order = torch.argsort(_leaves.bits(key, shape), axis)
    return torch.take_along_dim(asarray(x), order, axis)


_DISTRIBUTIONS: dict[str, Callable] = {
    "uniform": _uniform,
    "normal": _scaled(lambda k, s, d: _leaves.normal(k, s, DTYPES[d])),
    "truncated_normal": _scaled(_truncated),
    "randint": _integers,
    "gamma": _gamma,
    "beta": _beta,
    "binomial": _binomial,
    "bernoulli": _bernoulli,
    "categorical": _categorical,
    "shuffle": _shuffle,
}


def random(
    distribution: str, key: Any, shape: tuple[int, ...], dtype: str, *parameters: Any
) -> Any:
    """Numbers of a distribution: `parameters` as in the op of that name."""
    return _DISTRIBUTIONS[distribution](asarray(key), shape, dtype, *parameters)


# --- faster than the bodies ---------------------------------------------------------------------


def _activation(name: str, native: Callable) -> None:
    OVERRIDES[name] = lambda x, *args, **kwargs: native(as_float(x), *args, **kwargs)


for _name, _native in {
    "sigmoid": torch.sigmoid,
    "silu": F.silu,
    "softplus": lambda x: F.softplus(x, 1.0, 40.0),
    "log_sigmoid": F.logsigmoid,
    "elu": F.elu,
    "celu": F.celu,
    "selu": F.selu,
    "gelu": lambda x, approximate=True: F.gelu(x, approximate="tanh" if approximate else "none"),
    "leaky_relu": lambda x, negative_slope=0.2: F.leaky_relu(x, negative_slope),
    "mish": F.mish,
    "relu6": F.relu6,
    "hard_sigmoid": F.hardsigmoid,
    "softmax": lambda x, axis=-1: _normalized(x, axis, torch.softmax, torch.exp),
    "log_softmax": lambda x, axis=-1: _normalized(x, axis, torch.log_softmax, lambda v: v),
}.items():
    _activation(_name, _native)


def _normalized(x: Any, axis: Any, native: Callable, finish: Callable) -> Any:
    if isinstance(axis, int):
        return native(x, axis)
    return finish(x - torch.logsumexp(x, axes_of(axis, x.dim()), True))


@override
def relu(x: Any) -> Any:
    x = asarray(x)
    return torch.relu(x) if x.dtype is not torch.bool else body_of("relu")(x)


@override
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    x = asarray(x)
    rank = x.dim() + 1
    classes = torch.arange(num_classes, dtype=torch.int32, device=x.device)
    place = axes_of(axis, rank)[0]
    found = x.to(torch.int32).unsqueeze(place) == classes.reshape([-1] + [1] * (rank - place - 1))
    return found.to(DTYPES[dtype_of_name(dtype)])


@override
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 1e-3,
) -> Any:
    given = [v for v in (x, mean, variance, offset, scale) if v is not None]
    tensors = iter(together(given))
    x, mean, variance = next(tensors), next(tensors), next(tensors)
    shape = [1] * x.dim()
    shape[axis] = -1
    inverse = torch.rsqrt(variance + epsilon)
    shift = next(tensors) if offset is not None else None
    if scale is not None:
        inverse = inverse * next(tensors)
    shift = -mean * inverse if shift is None else shift - mean * inverse
    return torch.addcmul(shift.reshape(shape), x, inverse.reshape(shape))


@override
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: Any = None, **kwargs: Any
) -> Any:
    x = as_float(x)
    axes = axes_of(axis, x.dim())
    shape = x.shape[axes[0] :]
    whole = axes == tuple(range(axes[0], x.dim()))
    weights = [None if w is None else asarray(w, NAMES[x.dtype]) for w in (gamma, beta)]
    if kwargs or not whole or any(w is not None and w.shape != shape for w in weights):
        return body_of("layer_normalization")(x, gamma, beta, axis, epsilon, **kwargs)
    return F.layer_norm(x, shape, *weights, config.epsilon() if epsilon is None else epsilon)


@override
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: Any = None,
    is_causal: bool = False,
    flash_attention: Any = None,
    attn_logits_soft_cap: Any = None,
) -> Any:
    q, k, v = together([query, key, value])
    if attn_logits_soft_cap is not None or q.dim() != 4 or not q.is_floating_point():
        return body_of("dot_product_attention")(
            q, k, v, bias, mask, scale, is_causal, flash_attention, attn_logits_soft_cap
        )
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    if mask is not None:
        # Added, not put in place: where nothing may be attended to, all is attended to alike.
        lowest = -0.7 * torch.finfo(q.dtype).max
        mask = torch.where(asarray(mask, "bool"), 0.0, lowest).to(q.dtype)
    if bias is not None:
        bias = asarray(bias, NAMES[q.dtype])
        mask = bias if mask is None else mask + bias
    if is_causal and mask is not None:
        order = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=q.device).tril()
        mask, is_causal = torch.where(order, mask, -0.7 * torch.finfo(q.dtype).max), False
    y = F.scaled_dot_product_attention(
        q, k, v, mask, 0.0, is_causal, scale=scale, enable_gqa=q.shape[1] != k.shape[1]
    )
    return y.transpose(1, 2)
