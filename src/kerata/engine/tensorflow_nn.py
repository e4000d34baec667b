"""More of the TensorFlow engine's ops: convolution, linear algebra, control flow, random numbers,
activations."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from .. import config, tree
from .forms import body_of
from .tensorflow import DTYPES, asarray, seed_of
from .tensorflow_ops import (
    OVERRIDES,
    as_float,
    as_floats,
    dtype_of_name,
    number,
    override,
    promoted,
    to,
)

raw = tf.raw_ops

# --- convolution --------------------------------------------------------------------------------

# TensorFlow's kernels for a CPU want channels last, and those of two spatial axes also serve one.


def _to_last(x: Any, data_format: Any) -> tuple[Any, bool]:
    """A tensor with channels last, and whether they were first."""
    x = asarray(x)
    first = config.standardize_data_format(data_format) == "channels_first"
    return (tf.transpose(x, [0, *range(2, x.shape.rank), 1]) if first else x), first


def _from_last(x: Any, first: bool) -> Any:
    return tf.transpose(x, [0, x.shape.rank - 1, *range(1, x.shape.rank - 1)]) if first else x


def _spread(kernel: Any, dilation: Sequence[int]) -> Any:
    """A kernel with zeros between its elements, for kernels of TensorFlow that cannot dilate."""
    for axis, d in enumerate(dilation):
        n = kernel.shape[axis]
        if d > 1 and n > 1:
            shape = kernel.shape.as_list()
            pairs = [[0, d - 1 if i == axis + 1 else 0] for i in range(len(shape) + 1)]
            kernel = tf.reshape(
                tf.pad(tf.expand_dims(kernel, axis + 1), pairs),
                [*shape[:axis], n * d, *shape[axis + 1 :]],
            )
            kernel = tf.gather(kernel, np.arange((n - 1) * d + 1), axis=axis)
    return kernel


def _full(values: Sequence[int]) -> list[int]:
    return [1, *values, 1]


def _flat(fn: Callable) -> Callable:
    """A function of tensors with two spatial axes, for tensors with one."""

    def run(x: Any, kernel: Any, strides: Any, *rest: Any) -> Any:
        if x.shape.rank != 3:
            return fn(x, kernel, strides, *rest)
        # The kernels for single channels take but equal strides.
        out = fn(tf.expand_dims(x, 1), tf.expand_dims(kernel, 0), (*strides, *strides), *rest)
        return tf.squeeze(out, 1)

    return run


@_flat
def _convolved(x: Any, kernel: Any, strides: Any, padding: str) -> Any:
    """Of as many groups as the channels imply."""
    n = x.shape[-1] // kernel.shape[-2]
    two = x.shape.rank == 4
    if n > 1 and two and kernel.shape[-2] == 1:
        shape = [*kernel.shape[:2], n, kernel.shape[-1] // n]
        return _one_by_one(x, tf.reshape(kernel, shape), strides, padding)
    if n > 1:
        parts = zip(tf.split(x, n, -1), tf.split(kernel, n, -1))
        return tf.concat([_convolved(a, b, strides, padding) for a, b in parts], -1)
    native = raw.Conv2D if two else raw.Conv3D
    return native(input=x, filter=kernel, strides=_full(strides), padding=padding)


@_flat
def _one_by_one(x: Any, kernel: Any, strides: Any, padding: str) -> Any:
    """Each channel by itself."""
    from ..ops import convolve as c

    if len(set(strides)) > 1:
        if padding == "SAME":
            sizes = zip(x.shape[1:-1], kernel.shape, strides)
            x = tf.pad(x, [(0, 0), *(c.same_padding(n, k, s) for n, k, s in sizes), (0, 0)])
        return _one_by_one(x, kernel, (1, 1), "VALID")[:, :: strides[0], :: strides[1]]
    return raw.DepthwiseConv2dNative(
        input=x, filter=kernel, strides=_full(strides), padding=padding
    )


def _prepared(what: str, inputs: Any, kernel: Any, settings: tuple) -> tuple:
    """What the kernels need: input, kernel, strides, padding; and whether channels were first."""
    from ..ops import convolve as c

    strides, padding, data_format, dilation = settings
    x, kernel = promoted(inputs, kernel)
    rank = c._rank(what, x.shape, kernel.shape)
    strides, dilation = (
        c.per_axis(strides, rank, "strides"),
        c.per_axis(dilation, rank, "dilation_rate"),
    )
    name = c._padding(padding, ("valid", "same", "causal"), what)
    x, first = _to_last(x, data_format)
    window, space = kernel.shape[:-2].as_list(), x.shape[1:-1].as_list()
    c._windows(what, space, window, strides, name, dilation)
    if name == "causal":
        x = tf.pad(x, [(0, 0), *(((k - 1) * d, 0) for k, d in zip(window, dilation)), (0, 0)])
    return x, _spread(kernel, dilation), strides, "SAME" if name == "same" else "VALID", first


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

    settings = (strides, padding, data_format, dilation_rate)
    x, kernel, strides, padding, first = _prepared("conv", inputs, kernel, settings)
    c.groups(x.shape[-1], kernel.shape)
    return _from_last(_convolved(x, kernel, strides, padding), first)


@override
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    settings = (strides, padding, data_format, dilation_rate)
    x, kernel, strides, padding, first = _prepared("depthwise_conv", inputs, kernel, settings)
    if x.shape[-1] != kernel.shape[-2]:
        raise ValueError(
            f"depthwise_conv: {x.shape[-1]} channels against a kernel for {kernel.shape[-2]}."
        )
    return _from_last(_one_by_one(x, kernel, strides, padding), first)


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

    x, kernel = promoted(inputs, kernel)
    rank = c._rank("conv_transpose", x.shape, kernel.shape)
    strides, dilation = (
        c.per_axis(strides, rank, "strides"),
        c.per_axis(dilation_rate, rank, "dilation_rate"),
    )
    extra: tuple[Any, ...] = (None,) * rank
    if output_padding is not None:
        extra = c.per_axis(output_padding, rank, "output_padding")
    name = c._padding(padding, ("valid", "same"), "conv_transpose")
    x, first = _to_last(x, data_format)
    window = kernel.shape[:-2].as_list()
    out = _transposed(x, _spread(kernel, dilation), strides)
    cut, more = [builtins.slice(None)], [(0, 0)]
    for n, k, s, d, e in zip(x.shape[1:-1], window, strides, dilation, extra):
        before, after = c.transposed_padding(k, s, d, name, e)
        reach = (k - 1) * d
        size = (n - 1) * s + 1 + before + after - reach
        cut.append(builtins.slice(reach - before, reach - before + size))
        more.append((0, builtins.max(after - reach, 0)))
    out = out[tuple(cut)]
    if builtins.any(b for _, b in more):
        out = tf.pad(out, [*more, (0, 0)])
    return _from_last(out, first)


@_flat
def _transposed(x: Any, kernel: Any, strides: Any) -> Any:
    """The transpose of a convolution without padding."""
    space = [(n - 1) * s + k for n, s, k in zip(x.shape[1:-1], strides, kernel.shape)]
    sizes = [x.shape[0], *space, kernel.shape[-2]]
    native = raw.Conv2DBackpropInput if x.shape.rank == 4 else raw.Conv3DBackpropInputV2
    return native(
        input_sizes=sizes, filter=kernel, out_backprop=x, strides=_full(strides), padding="VALID"
    )


# --- pooling ------------------------------------------------------------------------------------


def _pool(
    what: str, kernels: tuple, x: Any, size: Any, strides: Any, padding: str, data_format: Any
) -> Any:
    from ..ops import convolve as c

    x, first = _to_last(x, data_format)
    space = x.shape[1:-1].as_list()
    window = c.per_axis(size, len(space), "pool_size")
    steps = window if strides is None else c.per_axis(strides, len(space), "strides")
    name = c._padding(padding, ("valid", "same"), what)
    c._windows(what, space, window, steps, name, 1)
    kind, line = x.dtype, len(space) == 1
    if kind not in (tf.float32, tf.float64) or len(space) == 3:
        x = tf.cast(x, tf.float32)
    if line:
        x, window, steps = tf.expand_dims(x, 1), (1, *window), (1, *steps)
    x = kernels[len(space) == 3](x, _full(window), _full(steps), name.upper())
    return to(_from_last(tf.squeeze(x, 1) if line else x, first), kind)


@override
def max_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    kernels = (tf.nn.max_pool2d, tf.nn.max_pool3d)
    return _pool("max_pool", kernels, inputs, pool_size, strides, padding, data_format)


@override
def average_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: Any = None,
) -> Any:
    kernels = (tf.nn.avg_pool2d, tf.nn.avg_pool3d)
    x = as_float(inputs)
    return _pool("average_pool", kernels, x, pool_size, strides, padding, data_format)


# --- linear algebra -----------------------------------------------------------------------------


@override
def cholesky(x: Any, upper: bool = False) -> Any:
    out = tf.linalg.cholesky(as_float(x))
    if _known(out) and bool(tf.reduce_any(tf.math.is_nan(tf.math.real(out)))):
        raise ValueError("cholesky: the matrix is not positive definite.")
    return tf.linalg.adjoint(out) if upper else out


OVERRIDES["det"] = lambda x: tf.linalg.det(as_float(x))
OVERRIDES["inv"] = lambda x: tf.linalg.inv(as_float(x))
OVERRIDES["eig"] = lambda x: tuple(tf.linalg.eig(as_float(x)))
OVERRIDES["slogdet"] = lambda x: tuple(tf.linalg.slogdet(as_float(x)))
OVERRIDES["eigh"] = lambda x: tuple(tf.linalg.eigh(as_float(x)))


def _solved(native: Callable, a: Any, b: Any) -> Any:
    a, b = as_floats(a, b)
    if b.shape.rank == 1 or b.shape == a.shape[:-1]:
        return _solved(native, a, b[..., None])[..., 0]
    rows = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    a, b = (tf.broadcast_to(v, [*rows, *v.shape[-2:]]) for v in (a, b))
    return native(a, b)


OVERRIDES["solve"] = lambda a, b: _solved(tf.linalg.solve, a, b)
OVERRIDES["solve_triangular"] = lambda a, b, lower=False: _solved(
    lambda x, y: tf.linalg.triangular_solve(x, y, lower), a, b
)


@override
def lu_factor(x: Any) -> Any:
    factors, order = tf.linalg.lu(as_float(x))
    n = order.shape[-1]
    # TensorFlow gives the rows' order, LAPACK the swaps that lead to it.
    now = tf.broadcast_to(tf.range(n), order.shape)
    swaps = []
    for i in range(n):
        wanted = order[..., i : i + 1]
        place = tf.argmax(tf.cast(tf.equal(now, wanted), tf.int8), -1, tf.int32)
        swaps.append(place)
        now = tf.where(tf.equal(tf.range(n), place[..., None]), now[..., i : i + 1], now)
        now = tf.where(tf.equal(tf.range(n), i), wanted, now)
    return factors, tf.stack(swaps, -1)


@override
def qr(x: Any, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode must be 'reduced' or 'complete', got {mode!r}.")
    return tuple(tf.linalg.qr(as_float(x), full_matrices=mode == "complete"))


@override
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    out = tf.linalg.svd(as_float(x), full_matrices, compute_uv)
    return (out[1], out[0], tf.linalg.adjoint(out[2])) if compute_uv else out


# --- control ------------------------------------------------------------------------------------


def _tensors(x: Any) -> tuple[list[Any], Callable[[Sequence[Any]], Any]]:
    """The tensors of a structure that may hold None, and what makes such a structure of others."""
    leaves = tree.flatten(x)
    there = [i for i, v in enumerate(leaves) if v is not None]

    def pack(tensors: Sequence[Any]) -> Any:
        full: list[Any] = [None] * len(leaves)
        for i, t in zip(there, tensors, strict=True):
            full[i] = t
        return tree.pack_sequence_as(x, full)

    return [asarray(leaves[i]) for i in there], pack


def _known(x: Any) -> bool:
    return not tf.is_symbolic_tensor(x)


def _branches(choose: Callable, branches: Sequence[Callable]) -> Any:
    """The result of one of several functions, chosen in the graph."""
    packs: list[Callable] = []

    def flat(branch: Callable) -> Callable:
        def run() -> Any:
            tensors, pack = _tensors(branch())
            packs.append(pack)
            return tensors

        return run

    out = choose([flat(b) for b in branches])
    return packs[0](out if isinstance(out, (list, tuple)) else [out])


@override
def cond(pred: Any, true_fn: Callable, false_fn: Callable) -> Any:
    """``tf.cond``."""
    if not isinstance(pred, (bool, np.bool_)):
        pred = asarray(pred, "bool")
    if _known(pred):
        return true_fn() if pred else false_fn()
    return _branches(lambda fns: tf.cond(pred, *fns), [true_fn, false_fn])


@override
def switch(index: Any, branches: Sequence[Callable], *operands: Any) -> Any:
    index = tf.clip_by_value(asarray(index, "int32"), 0, len(branches) - 1)
    if _known(index):
        return branches[int(index)](*operands)
    return _branches(
        lambda fns: tf.switch_case(index, fns), [lambda b=b: b(*operands) for b in branches]
    )


def _loop(test: Callable, body: Callable, start: Any, most: Any = None) -> Any:
    """``state = body(state)`` while the test holds, of structures that may hold None."""
    first, pack = _tensors(start)

    def advance(*tensors: Any) -> list[Any]:
        new = _tensors(body(pack(tensors)))[0]
        return [tf.ensure_shape(to(n, t.dtype), t.shape) for n, t in zip(new, tensors, strict=True)]

    out = tf.while_loop(lambda *t: test(pack(t)), advance, first, maximum_iterations=most)
    return pack(out)


@override
def while_loop(
    cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: Any = None
) -> Any:
    """``tf.while_loop``."""
    many = isinstance(loop_vars, (list, tuple))

    def advance(state: Any) -> Any:
        new = body(*state)
        return tuple(new) if isinstance(new, (list, tuple)) else (new,)

    start = tuple(loop_vars) if many else (loop_vars,)
    out = _loop(lambda s: asarray(cond(*s), "bool"), advance, start, maximum_iterations)
    return type(loop_vars)(out) if many else out[0]


@override
def fori_loop(lower: Any, upper: Any, body_fun: Callable, init_val: Any) -> Any:
    numbers = isinstance(lower, int) and isinstance(upper, int)
    return _loop(
        lambda s: s[0] < upper,
        lambda s: (s[0] + 1, body_fun(*s)),
        (asarray(lower, "int32"), init_val),
        builtins.max(upper - lower, 0) if numbers else None,
    )[1]


@override
def scan(
    f: Callable,
    init: Any,
    xs: Any = None,
    length: Any = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> Any:
    """A loop in the graph, or in Python where there is none or `unroll` says so."""
    given, parts = _tensors(xs)
    n = given[0].shape[0] if given else length
    if n is None:
        raise ValueError("scan: give length, as there is nothing to take it from.")
    start, pack = _tensors(init)
    init = pack(start)
    if n and (unroll is True or tf.executing_eagerly()):
        return _unrolled(f, init, [tf.unstack(g) for g in given], parts, n, reverse)
    like = _traced(f, init, parts([tf.zeros(g.shape[1:], g.dtype) for g in given]))
    slots = [tf.TensorArray(t.dtype, n, element_shape=t.shape) for t in like[0]]
    rows = [tf.TensorArray(g.dtype, n, element_shape=g.shape[1:]).unstack(g) for g in given]

    def body(i: Any, carry: Any, slots: Any) -> Any:
        at = n - 1 - i if reverse else i
        new, y = f(pack(carry), parts([r.read(at) for r in rows]))
        new = [tf.ensure_shape(to(v, c.dtype), c.shape) for v, c in zip(_tensors(new)[0], carry)]
        return i + 1, new, [s.write(at, v) for s, v in zip(slots, _tensors(y)[0], strict=True)]

    zero = tf.constant(0)
    _, carry, slots = tf.while_loop(
        lambda i, *_: i < n, body, (zero, start, slots), maximum_iterations=n
    )
    return pack(carry), like[1](
        [tf.ensure_shape(s.stack(), [n, *t.shape]) for s, t in zip(slots, like[0])]
    )


def _traced(f: Callable, init: Any, x: Any) -> tuple[list[Any], Callable]:
    """What a step of a scan gives beside its carry, found in a graph that is thrown away."""
    with tf.__internal__.FuncGraph("scan").as_default():
        return _tensors(f(init, x)[1])


def _unrolled(
    f: Callable, carry: Any, rows: list[Any], parts: Callable, n: int, reverse: bool
) -> Any:
    ys = []
    for i in reversed(range(n)) if reverse else range(n):
        carry, y = f(carry, parts([r[i] for r in rows]))
        ys.append(_tensors(y))
    ys = ys[::-1] if reverse else ys
    stacked = [tf.stack(column) for column in zip(*(tensors for tensors, _ in ys))]
    return carry, ys[0][1](stacked)


@override
def map(f: Callable, xs: Any) -> Any:
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


@override
def vectorized_map(function: Callable, elements: Any) -> Any:
    given, parts = _tensors(elements)
    packs: list[Callable] = []

    def one(tensors: Any) -> Any:
        out, pack = _tensors(function(parts(tensors)))
        packs.append(pack)
        return out

    out = tf.vectorized_map(one, given)
    return packs[0](out)


def jvp(fun: Callable, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """Value and directional derivative, by ``tf.autodiff.ForwardAccumulator``."""
    values = [tree.map_structure(asarray, p) for p in primals]
    flat, ways = tree.flatten(values), [asarray(t) for t in tree.flatten(list(tangents))]
    ways = [to(w, v.dtype) for w, v in zip(ways, flat, strict=True)]
    with tf.autodiff.ForwardAccumulator(flat, ways) as accumulator:
        out = fun(*values)
    value, aux = out if has_aux else (out, None)

    def slope(t: Any) -> Any:
        return accumulator.jvp(t, tf.UnconnectedGradients.ZERO)

    slopes = tree.map_structure(slope, value)
    return (value, slopes, aux) if has_aux else (value, slopes)


# --- randomness ---------------------------------------------------------------------------------


def random(
    distribution: str, key: Any, shape: tuple[int, ...], dtype: str, *parameters: Any
) -> Any:
    """Numbers of a distribution: `parameters` as in the op of that name."""
    return _DISTRIBUTIONS[distribution](seed_of(key), shape, DTYPES[dtype], *parameters)


def _bits(seed: Any, shape: Any, kind: tf.DType = tf.uint32) -> Any:
    # Of all generators only this one for integers gives the same numbers with and without XLA.
    return tf.random.stateless_uniform(shape, seed, None, None, kind, alg="philox")


_PRECISION = {tf.bfloat16: 8, tf.float16: 11, tf.float32: 24, tf.float64: 53}


def _unit(seed: Any, shape: Any, kind: tf.DType, inside: bool = False) -> Any:
    """Numbers in [0, 1), or `inside` (0, 1)."""
    n = _PRECISION[kind] - inside
    words = tf.uint64 if kind is tf.float64 else tf.uint32
    bits = tf.bitwise.right_shift(_bits(seed, shape, words), tf.constant(8 * words.size - n, words))
    out = tf.cast(bits, kind)
    return (out + 0.5 if inside else out) * 2.0**-n


def _uniform(seed: Any, shape: Any, kind: tf.DType, low: Any, high: Any) -> Any:
    return _moved(_unit(seed, shape, kind), low, _minus(high, low))


def _minus(a: Any, b: Any) -> Any:
    return (
        OVERRIDES["subtract"](a, b)
        if isinstance(a, tf.Tensor) or isinstance(b, tf.Tensor)
        else a - b
    )


def _moved(x: Any, shift: Any, scale: Any) -> Any:
    shift, scale = (asarray(v, x.dtype.name) for v in (shift, scale))
    return x * scale + shift


def _normal(limit: float) -> Callable:
    """Numbers of the normal distribution between two limits, by its inverse."""
    share = math.erf(limit / 2**0.5)

    def sample(seed: Any, shape: Any, kind: tf.DType, mean: Any, stddev: Any) -> Any:
        inner = kind if kind is tf.float64 else tf.float32
        x = tf.math.erfinv((_unit(seed, shape, inner, True) * 2 - 1) * share) * 2**0.5
        return _moved(to(tf.clip_by_value(x, -limit, limit), kind), mean, stddev)

    return sample


def _integers(seed: Any, shape: Any, kind: tf.DType, low: Any, high: Any) -> Any:
    low, high = (tf.broadcast_to(asarray(v, "int64"), shape) for v in (low, high))
    bits = tf.bitcast(tf.bitwise.right_shift(_bits(seed, shape, tf.uint64), 1), tf.int64)
    return tf.cast(bits % (high - low) + low, kind)


def _bernoulli(seed: Any, shape: Any, kind: tf.DType, p: Any) -> Any:
    if isinstance(p, (int, float)) and p < 1:
        return _bits(seed, shape, tf.int32) < int(p * 2**32) - 2**31
    return _unit(seed, shape, tf.float32) < asarray(p, "float32")


def _gamma(seed: Any, shape: Any, kind: tf.DType, alpha: Any) -> Any:
    return tf.random.stateless_gamma(shape, seed, asarray(alpha, kind.name), dtype=kind)


def _beta(seed: Any, shape: Any, kind: tf.DType, alpha: Any, beta: Any) -> Any:
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg="philox"))
    a, b = _gamma(seeds[0], shape, kind, alpha), _gamma(seeds[1], shape, kind, beta)
    return a / (a + b)


def _binomial(seed: Any, shape: Any, kind: tf.DType, counts: Any, probabilities: Any) -> Any:
    counts, probabilities = asarray(counts, "float32"), asarray(probabilities, "float32")
    out = tf.random.stateless_binomial(shape, seed, counts, probabilities, tf.float32)
    return to(out, kind)


def _categorical(seed: Any, shape: Any, kind: tf.DType, logits: Any) -> Any:
    logits = to(as_float(logits), tf.float32)[:, None, :]
    noise = _unit(seed, (*shape, logits.shape[-1]), tf.float32, True)
    return tf.cast(tf.argmax(logits - tf.math.log(-tf.math.log(noise)), -1, tf.int32), kind)


def _shuffle(seed: Any, shape: Any, kind: tf.DType, x: Any, axis: int) -> Any:
    order = tf.argsort(_bits(seed, shape, tf.int32), axis)
    return OVERRIDES["take_along_axis"](x, order, axis)


_DISTRIBUTIONS: dict[str, Callable] = {
    "uniform": _uniform,
    "normal": _normal(math.inf),
    "truncated_normal": _normal(2.0),
    "randint": _integers,
    "gamma": _gamma,
    "beta": _beta,
    "binomial": _binomial,
    "bernoulli": _bernoulli,
    "categorical": _categorical,
    "shuffle": _shuffle,
}


# --- faster than the bodies ---------------------------------------------------------------------

OVERRIDES["relu"] = lambda x: tf.nn.relu(number(x))
OVERRIDES["sigmoid"] = lambda x: tf.sigmoid(as_float(x))
OVERRIDES["silu"] = lambda x: tf.nn.silu(as_float(x))
OVERRIDES["softplus"] = lambda x: tf.math.softplus(as_float(x))
OVERRIDES["relu6"] = lambda x: tf.nn.relu6(as_float(x))
OVERRIDES["leaky_relu"] = lambda x, negative_slope=0.2: tf.nn.leaky_relu(
    as_float(x), negative_slope
)


def _along(native: Callable, name: str) -> Callable:
    def run(x: Any, axis: Any = -1) -> Any:
        x = as_float(x)
        if axis == -1 and x.dtype.is_floating:
            return native(logits=x)
        return body_of(name)(x, axis)

    return run


OVERRIDES["softmax"] = _along(raw.Softmax, "softmax")
OVERRIDES["log_softmax"] = _along(raw.LogSoftmax, "log_softmax")


@override
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    x, kind = asarray(x), dtype_of_name(dtype)
    x = x if x.dtype in (tf.int32, tf.int64, tf.uint8, tf.int8) else tf.cast(x, tf.int32)
    return to(
        tf.one_hot(x, num_classes, axis=axis, dtype=tf.uint8 if kind is tf.bool else kind), kind
    )
