"""The JAX engine's ops: those whose form or meaning differs from JAX's function of that name, and
those where JAX has something faster than the reference body."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .. import config, dtypes
from ..spec import Spec
from .jax import asarray

OVERRIDES: dict[str, Callable] = {}


def override(fn: Callable) -> Callable:
    """Use `fn` for the op of its name."""
    OVERRIDES[fn.__name__.rstrip("_")] = fn
    return fn


def _dtype(x: Any) -> str:
    return dtypes.result_type(x)


def _given(dtype: Any) -> str:
    if dtype is None:
        return dtypes.standardize(None)
    name = dtypes.explicit(dtype)
    if config.wide() and not jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", True)
    return name


def _float(x: Any) -> Any:
    """`x` as an array of a float (or complex) type."""
    x = asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(config.floatx())


# --- conversion ---------------------------------------------------------------------------------


@override
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    return asarray(x, None if dtype is None else _given(dtype))


@override
def cast(x: Any, dtype: Any) -> Any:
    return asarray(x, _given(dtype))


@override
def copy(x: Any) -> Any:
    return jnp.array(asarray(x), copy=True)


@override
def stop_gradient(variable: Any) -> Any:
    return lax.stop_gradient(asarray(variable))


# --- element-wise -------------------------------------------------------------------------------

OVERRIDES["erf"] = lambda x: lax.erf(_float(x))
OVERRIDES["erfc"] = lambda x: lax.erfc(_float(x))
OVERRIDES["erfinv"] = lambda x: lax.erf_inv(_float(x))
OVERRIDES["lgamma"] = lambda x: lax.lgamma(_float(x))
OVERRIDES["digamma"] = lambda x: lax.digamma(_float(x))
OVERRIDES["rsqrt"] = lambda x: lax.rsqrt(_float(x))
OVERRIDES["reciprocal"] = lambda x: jnp.reciprocal(_float(x))
OVERRIDES["ceil"] = lambda x: jnp.ceil(_float(x))
OVERRIDES["floor"] = lambda x: jnp.floor(_float(x))


@override
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    x = asarray(x)
    return jnp.clip(x.astype("int32") if x.dtype == bool else x, x_min, x_max)


@override
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    if x1 is None and x2 is None:
        return jnp.where(asarray(condition))
    return jnp.where(condition, x1, x2)


@override
def round(x: Any, decimals: int = 0) -> Any:
    x = asarray(x)
    return jnp.round(x.astype("int32") if x.dtype == bool else x, decimals)


@override
def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    return jnp.nan_to_num(asarray(x), nan=nan, posinf=posinf, neginf=neginf)


# --- reductions ---------------------------------------------------------------------------------


def _axis(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _reduction(name: str, native: Callable, as_float: bool = False) -> None:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if as_float:
            x = _float(x)
        return native(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)

    OVERRIDES[name] = reduce


for _name in ("nansum", "nanprod", "all", "any", "nanmax", "nanmin"):
    _reduction(_name, getattr(jnp, _name))
for _name in ("mean", "var", "std", "nanmean", "nanvar", "nanstd"):
    _reduction(_name, getattr(jnp, _name))
for _name in ("median", "nanmedian"):
    _reduction(_name, getattr(jnp, _name), as_float=True)
_reduction("logsumexp", jax.scipy.special.logsumexp, as_float=True)
# In 64-bit mode JAX would sum int32 in int64: the dtype is asked for where that could happen.
_SUMMED = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


def _sum_dtype(x: Any) -> Any:
    if not config.wide():
        return None
    kind = _dtype(x)
    return _SUMMED.get(kind, kind)


@override
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return jnp.sum(x, axis=_axis(axis), keepdims=keepdims, dtype=_sum_dtype(x))


@override
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    return jnp.prod(x, axis=_axis(axis), keepdims=keepdims, dtype=_sum_dtype(x) if dtype is None else _given(dtype))


@override
def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    return jnp.max(x, axis=_axis(axis), keepdims=keepdims, initial=initial)


@override
def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    return jnp.min(x, axis=_axis(axis), keepdims=keepdims, initial=initial)


def _position(name: str) -> None:
    native = getattr(jnp, name)

    def find(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return native(x, axis=axis, keepdims=keepdims).astype("int32")

    OVERRIDES[name] = find


for _name in ("argmax", "argmin", "nanargmax", "nanargmin"):
    _position(_name)


def _cumulative(name: str) -> None:
    native = getattr(jnp, name)

    def run(x: Any, axis: Any = None, dtype: Any = None) -> Any:
        if dtype is None:
            kind = _dtype(x)
            kind = "int32" if kind == "bool" else kind
        else:
            kind = _given(dtype)
        return native(asarray(x), axis=axis, dtype=kind)

    OVERRIDES[name] = run


for _name in ("cumsum", "cumprod", "nancumsum", "nancumprod"):
    _cumulative(_name)


@override
def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    x = _float(x)
    return jnp.quantile(x, asarray(q, x.dtype), axis=_axis(axis), method=method, keepdims=keepdims)


@override
def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    x = _float(x)
    return jnp.nanquantile(x, asarray(q, x.dtype), axis=_axis(axis), method=method, keepdims=keepdims)


@override
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return jnp.linalg.norm(_float(x), ord=ord, axis=_axis(axis), keepdims=keepdims)


# --- order --------------------------------------------------------------------------------------


@override
def argsort(x: Any, axis: Any = -1) -> Any:
    x = asarray(x)
    x = x.astype("int32") if x.dtype == bool else x
    return jnp.argsort(x, axis=axis).astype("int32")


@override
def argpartition(x: Any, kth: int, axis: int = -1) -> Any:
    return jnp.argpartition(asarray(x), kth, axis).astype("int32")


@override
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    values, indices = lax.top_k(asarray(x), k)
    return values, indices


@override
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    return jnp.searchsorted(asarray(sorted_sequence), asarray(values), side=side).astype("int32")


@override
def digitize(x: Any, bins: Any) -> Any:
    return jnp.digitize(asarray(x), asarray(bins)).astype("int32")


@override
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    x = asarray(x)
    length = minlength
    if not isinstance(x, jax.core.Tracer):
        length = builtins.max(minlength, int(x.max()) + 1 if x.size else 0)
    kind = "int32" if weights is None else _dtype(weights)
    weights = jnp.ones(x.shape, kind) if weights is None else jnp.broadcast_to(asarray(weights), x.shape)

    def count(row: Any, w: Any) -> Any:
        return jnp.zeros(length, kind).at[row].add(w)

    rows = jax.vmap(count)(x.reshape(-1, x.shape[-1]), weights.reshape(-1, x.shape[-1]))
    return rows.reshape(*x.shape[:-1], length)


@override
def histogram(x: Any, bins: int = 10, range: Any = None) -> Any:
    counts, edges = jnp.histogram(asarray(x), bins=bins, range=range)
    return counts.astype("int32"), edges


# --- shapes -------------------------------------------------------------------------------------


@override
def reshape(x: Any, newshape: Any) -> Any:
    if isinstance(newshape, (list, tuple)) and None in newshape:
        from ..ops.arrange import target_shape

        newshape = target_shape(x.shape, newshape)
    return jnp.reshape(x, newshape)


@override
def transpose(x: Any, axes: Any = None) -> Any:
    return jnp.transpose(x, axes)


@override
def concatenate(xs: Any, axis: int = 0) -> Any:
    return jnp.concatenate([asarray(x) for x in xs], axis)


@override
def stack(x: Any, axis: int = 0) -> Any:
    return jnp.stack([asarray(v) for v in x], axis)


@override
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    x = asarray(x)
    if not isinstance(indices_or_sections, (int, np.integer)):
        # NumPy holds cuts within the axis, JAX does not.
        d = x.shape[axis]
        indices_or_sections = [builtins.min(int(i), d) for i in indices_or_sections]
    return list(jnp.split(x, indices_or_sections, axis))


@override
def broadcast_to(x: Any, shape: Any) -> Any:
    return jnp.broadcast_to(asarray(x), tuple(shape) if not isinstance(shape, int) else (shape,))


@override
def expand_dims(x: Any, axis: Any) -> Any:
    return jnp.expand_dims(asarray(x), tuple(axis) if isinstance(axis, list) else axis)


@override
def squeeze(x: Any, axis: Any = None) -> Any:
    return jnp.squeeze(asarray(x), _axis(axis))


@override
def flip(x: Any, axis: Any = None) -> Any:
    return jnp.flip(asarray(x), _axis(axis))


@override
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    return jnp.roll(asarray(x), shift, _axis(axis))


@override
def tile(x: Any, repeats: Any) -> Any:
    return jnp.tile(asarray(x), (repeats,) if isinstance(repeats, int) else tuple(int(r) for r in repeats))


@override
def repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    x = asarray(x)
    if isinstance(repeats, (int, np.integer)):
        return jnp.repeat(x, repeats, axis=axis)
    counts = np.asarray(repeats)
    size = x.size if axis is None else x.shape[axis]
    total = int(np.broadcast_to(counts, (size,)).sum())
    return jnp.repeat(x, counts, axis=axis, total_repeat_length=total)


@override
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    from ..ops.arrange import pad_pairs

    x = asarray(x)
    more = {}
    if mode == "constant":
        more["constant_values"] = 0 if constant_values is None else constant_values
    elif constant_values is not None:
        raise ValueError(f"pad: constant_values is for mode='constant', not {mode!r}.")
    return jnp.pad(x, pad_pairs(pad_width, x.ndim), mode=mode, **more)


# --- making tensors -----------------------------------------------------------------------------


def _shape(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(d) for d in shape)


@override
def zeros(shape: Any, dtype: Any = None) -> Any:
    return jnp.zeros(_shape(shape), _given(dtype))


@override
def ones(shape: Any, dtype: Any = None) -> Any:
    return jnp.ones(_shape(shape), _given(dtype))


OVERRIDES["empty"] = zeros


@override
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    return jnp.full(_shape(shape), fill_value, _given(dtype))


@override
def zeros_like(x: Any, dtype: Any = None) -> Any:
    return jnp.zeros_like(asarray(x), dtype if dtype is None else _given(dtype))


@override
def ones_like(x: Any, dtype: Any = None) -> Any:
    return jnp.ones_like(asarray(x), dtype if dtype is None else _given(dtype))


OVERRIDES["empty_like"] = zeros_like


@override
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    return jnp.full_like(asarray(x), fill_value, dtype if dtype is None else _given(dtype))


@override
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    from ..ops.create import range_dtype

    kind = range_dtype(start, stop, step, dtype)
    if stop is None:
        start, stop = 0, start
    return jnp.arange(start, stop, step, _given(kind))


@override
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    kind = _between(start, stop, dtype)
    return jnp.linspace(start, stop, num, endpoint=endpoint, retstep=retstep, dtype=kind, axis=axis)


@override
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None, axis: int = 0
) -> Any:
    return jnp.logspace(start, stop, num, endpoint, base, _between(start, stop, dtype), axis)


@override
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    return jnp.geomspace(start, stop, num, endpoint, _between(start, stop, dtype), axis)


def _between(start: Any, stop: Any, dtype: Any) -> str:
    return _given(dtype) if dtype is not None else dtypes.to_float(dtypes.result_type(start, stop))


@override
def eye(N: int, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    return jnp.eye(N, M, k, _given(dtype))


@override
def tri(N: int, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    return jnp.tri(N, M, k, _given(dtype))


for _name in ("bartlett", "blackman", "hamming", "hanning"):
    OVERRIDES[_name] = lambda x, _f=getattr(jnp, _name): _f(int(x)).astype(config.floatx())
OVERRIDES["kaiser"] = lambda x, beta: jnp.kaiser(int(x), beta).astype(config.floatx())


# --- indexing -----------------------------------------------------------------------------------


@override
def get_item(x: Any, key: Any) -> Any:
    if isinstance(key, list):
        key = np.asarray(key)
    elif isinstance(key, tuple):
        key = tuple(np.asarray(k) if isinstance(k, list) else k for k in key)
    return asarray(x)[key]


@override
def take(x: Any, indices: Any, axis: Any = None) -> Any:
    return jnp.take(asarray(x), asarray(indices), axis=axis)


@override
def take_along_axis(x: Any, indices: Any, axis: Any = None) -> Any:
    return jnp.take_along_axis(asarray(x), asarray(indices), axis=axis)


@override
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    x = asarray(inputs)
    if -1 in shape:
        shape = [d - int(s) if n == -1 else n for n, d, s in zip(shape, x.shape, start_indices)]
    return lax.dynamic_slice(x, _starts(start_indices), tuple(shape))


def _starts(start_indices: Any) -> Any:
    if isinstance(start_indices, (list, tuple)):
        return tuple(start_indices)
    array = asarray(start_indices)
    return tuple(array[i] for i in range(array.shape[0]))


@override
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    x = asarray(inputs)
    return lax.dynamic_update_slice(x, asarray(updates, x.dtype), _starts(start_indices))


def _positions(indices: Any) -> tuple:
    indices = asarray(indices)
    return tuple(jnp.moveaxis(indices, -1, 0))


@override
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    values = asarray(values)
    return jnp.zeros(_shape(shape), values.dtype).at[_positions(indices)].add(values)


@override
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: Any = None) -> Any:
    x = asarray(inputs)
    place = x.at[_positions(indices)]
    updates = asarray(updates, x.dtype)
    if reduction not in (None, "add", "max", "min", "mul"):
        raise ValueError(f"scatter_update: unknown reduction {reduction!r}.")
    return getattr(place, {None: "set", "mul": "multiply"}.get(reduction, reduction))(updates)


@override
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    return jnp.select([asarray(c) for c in condlist], [asarray(c) for c in choicelist], default)


def _segment(name: str) -> None:
    native = getattr(jax.ops, name)

    def reduce(data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False) -> Any:
        return native(asarray(data), asarray(segment_ids), num_segments, indices_are_sorted=sorted)

    OVERRIDES[name] = reduce


for _name in ("segment_sum", "segment_max", "segment_min", "segment_prod"):
    _segment(_name)


# --- products -----------------------------------------------------------------------------------


@override
def matmul(x1: Any, x2: Any) -> Any:
    if getattr(x1, "dtype", None) == np.int8 and getattr(x2, "dtype", None) == np.int8:
        return jnp.matmul(x1, x2, preferred_element_type="int32")
    return jnp.matmul(x1, x2)


@override
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    return jnp.tensordot(asarray(x1), asarray(x2), axes if isinstance(axes, int) else [_axis(a) for a in axes])


@override
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    return jnp.einsum(subscripts, *(asarray(x) for x in operands))


@override
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    return jnp.correlate(_float(x1), _float(x2), mode)


# --- convolution and pooling --------------------------------------------------------------------

_SPACE = {1: "W", 2: "HW", 3: "DHW"}


def _pair(x: Any, kernel: Any) -> tuple[Any, Any]:
    x, kernel = asarray(x), asarray(kernel)
    if x.dtype != kernel.dtype:
        kind = dtypes.result_type(x, kernel)
        x, kernel = x.astype(kind), kernel.astype(kind)
    return x, kernel


def _numbers(rank: int, data_format: str, kernel: str) -> tuple[str, str, str]:
    s = _SPACE[rank]
    data = "NC" + s if data_format == "channels_first" else "N" + s + "C"
    return data, s + kernel, data


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
    x, kernel = _pair(inputs, kernel)
    rank = c._rank("conv", x.shape, kernel.shape)
    window = kernel.shape[:-2]
    strides, dilation = c.per_axis(strides, rank, "strides"), c.per_axis(dilation_rate, rank, "dilation_rate")
    name = c._padding(padding, ("valid", "same", "causal"), "conv")
    c._windows("conv", c.spatial(x.shape, data_format), window, strides, name, dilation)
    pads: Any = name.upper()
    if name == "causal":
        pads = [((k - 1) * d, 0) for k, d in zip(window, dilation)]
    return lax.conv_general_dilated(
        x,
        kernel,
        strides,
        pads,
        rhs_dilation=dilation,
        dimension_numbers=_numbers(rank, data_format, "IO"),
        feature_group_count=c.groups(c.channels(x.shape, data_format), kernel.shape),
    )


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
    return conv(
        inputs, kernel.reshape(*window, 1, depth * multiplier), strides, padding, data_format, dilation_rate
    )


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
    x, kernel = _pair(inputs, kernel)
    rank = c._rank("conv_transpose", x.shape, kernel.shape)
    strides, dilation = c.per_axis(strides, rank, "strides"), c.per_axis(dilation_rate, rank, "dilation_rate")
    extra = (None,) * rank if output_padding is None else c.per_axis(output_padding, rank, "output_padding")
    name = c._padding(padding, ("valid", "same"), "conv_transpose")
    pads = [
        c.transposed_padding(k, s, d, name, e)
        for k, s, d, e in zip(kernel.shape[:-2], strides, dilation, extra)
    ]
    return lax.conv_transpose(
        x,
        kernel,
        strides,
        pads,
        rhs_dilation=dilation,
        dimension_numbers=_numbers(rank, data_format, "IO"),
        transpose_kernel=True,
    )


def _window(inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: Any, what: str) -> tuple:
    from ..ops import convolve as c

    x = asarray(inputs)
    data_format = config.standardize_data_format(data_format)
    name = c._padding(padding, ("valid", "same"), what)
    space = c.spatial(x.shape, data_format)
    window = c.per_axis(pool_size, len(space), "pool_size")
    steps = window if strides is None else c.per_axis(strides, len(space), "strides")
    c._windows(what, space, window, steps, name, 1)
    pads = [c.same_padding(d, k, s) if name == "same" else (0, 0) for d, k, s in zip(space, window, steps)]
    full = [c.image_shape(1, v, 1, data_format) for v in (window, steps)]
    return x, *full, c.image_shape((0, 0), pads, (0, 0), data_format)


@override
def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None
) -> Any:
    x, window, steps, pads = _window(inputs, pool_size, strides, padding, data_format, "max_pool")
    if jnp.issubdtype(x.dtype, jnp.inexact):
        low: Any = -np.inf
    else:
        low = False if x.dtype == bool else jnp.iinfo(x.dtype).min
    return lax.reduce_window(x, np.array(low, x.dtype)[()], lax.max, window, steps, pads)


@override
def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None
) -> Any:
    x, window, steps, pads = _window(inputs, pool_size, strides, padding, data_format, "average_pool")
    x = _float(x)
    total = lax.reduce_window(x, np.array(0, x.dtype)[()], lax.add, window, steps, pads)
    if any(p != (0, 0) for p in pads):
        # Only what lies inside the input counts. The counts are constants of the compiled code.
        ones = jnp.ones([1 if w == 1 else d for d, w in zip(x.shape, window)], x.dtype)
        count = lax.reduce_window(ones, np.array(0, x.dtype)[()], lax.add, window, steps, pads)
        return (total / count).astype(x.dtype)
    return (total / int(np.prod(window))).astype(x.dtype)


# --- images -------------------------------------------------------------------------------------


@override
def image_interpolate(images: Any, shape: Any, method: str = "bilinear", antialias: bool = False) -> Any:
    x = asarray(images)
    return jax.image.resize(_float(x), shape, method="cubic" if method == "bicubic" else method, antialias=antialias)


# --- linear algebra -----------------------------------------------------------------------------


@override
def cholesky(x: Any, upper: bool = False) -> Any:
    out = jnp.linalg.cholesky(_float(x), upper=upper)
    if not isinstance(out, jax.core.Tracer) and bool(jnp.isnan(out).any()):
        raise ValueError("cholesky: the matrix is not positive definite.")
    return out


for _name in ("det", "inv", "eig"):
    OVERRIDES[_name] = lambda x, _f=getattr(jnp.linalg, _name): _f(_float(x))
OVERRIDES["slogdet"] = lambda x: tuple(jnp.linalg.slogdet(_float(x)))
OVERRIDES["eigh"] = lambda x: tuple(jnp.linalg.eigh(_float(x)))
OVERRIDES["qr"] = lambda x, mode="reduced": tuple(jnp.linalg.qr(_float(x), mode=mode))
OVERRIDES["pinv"] = lambda x, rcond=None: jnp.linalg.pinv(_float(x), rtol=rcond)
OVERRIDES["lu_factor"] = lambda x: tuple(jax.scipy.linalg.lu_factor(_float(x)))
OVERRIDES["matrix_rank"] = lambda x, tol=None: jnp.linalg.matrix_rank(_float(x), rtol=tol).astype("int32")
OVERRIDES["lstsq"] = lambda a, b, rcond=None: jnp.linalg.lstsq(*_floats(a, b), rcond=rcond)[0]


def _floats(a: Any, b: Any) -> tuple[Any, Any]:
    kind = dtypes.to_float(dtypes.result_type(a, b))
    return asarray(a, kind), asarray(b, kind)


@override
def solve(a: Any, b: Any) -> Any:
    a, b = _floats(a, b)
    if b.ndim == a.ndim - 1 and b.ndim > 1:
        return jnp.linalg.solve(a, b[..., None])[..., 0]
    return jnp.linalg.solve(a, b)


@override
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    a, b = _floats(a, b)
    if b.ndim == a.ndim - 1 and b.ndim > 1:
        return jax.scipy.linalg.solve_triangular(a, b[..., None], lower=lower)[..., 0]
    if b.ndim > 1 and b.ndim != a.ndim:
        rows = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = jnp.broadcast_to(a, rows + a.shape[-2:]), jnp.broadcast_to(b, rows + b.shape[-2:])
    return jax.scipy.linalg.solve_triangular(a, b, lower=lower)


@override
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    out = jnp.linalg.svd(_float(x), full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple(out) if compute_uv else out


# --- control ------------------------------------------------------------------------------------


@override
def cond(pred: Any, true_fn: Callable, false_fn: Callable) -> Any:
    from .jax import cond as run

    return run(asarray(pred) if not isinstance(pred, (bool, np.bool_)) else pred, true_fn, false_fn)


@override
def switch(index: Any, branches: Sequence[Callable], *operands: Any) -> Any:
    return lax.switch(asarray(index), branches, *operands)


@override
def while_loop(cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: Any = None) -> Any:
    from .jax import while_loop as run

    return run(cond, body, loop_vars, maximum_iterations)


@override
def fori_loop(lower: Any, upper: Any, body_fun: Callable, init_val: Any) -> Any:
    return lax.fori_loop(lower, upper, body_fun, init_val)


@override
def scan(f: Callable, init: Any, xs: Any = None, length: Any = None, reverse: bool = False, unroll: Any = 1) -> Any:
    init, xs = jax.tree_util.tree_map(asarray, (init, xs))
    return lax.scan(f, init, xs, length=length, reverse=reverse, unroll=unroll)


@override
def map(f: Callable, xs: Any) -> Any:
    return lax.map(f, jax.tree_util.tree_map(asarray, xs))


@override
def vectorized_map(function: Callable, elements: Any) -> Any:
    return jax.vmap(function)(jax.tree_util.tree_map(asarray, elements))


@override
def associative_scan(f: Callable, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    return lax.associative_scan(f, jax.tree_util.tree_map(asarray, elems), reverse=reverse, axis=axis)


def vectorize(pyfunc: Callable, *, excluded: Any = None, signature: Any = None) -> Callable:
    """``jnp.vectorize``."""
    return jnp.vectorize(pyfunc, excluded=excluded or frozenset(), signature=signature)


def jvp(fun: Callable, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """``jax.jvp``."""
    return jax.jvp(fun, tuple(primals), tuple(tangents), has_aux=has_aux)


# --- randomness ---------------------------------------------------------------------------------


def random(distribution: str, key: Any, shape: tuple[int, ...], dtype: str, *parameters: Any) -> Any:
    """Numbers of a distribution: `parameters` as in the op of that name."""
    return _DISTRIBUTIONS[distribution](key, shape, dtype, *parameters)


def _scaled(draw: Callable) -> Callable:
    def sample(key: Any, shape: Any, dtype: str, mean: Any, stddev: Any) -> Any:
        return (draw(key, shape, dtype) * stddev + mean).astype(dtype)

    return sample


_DISTRIBUTIONS: dict[str, Callable] = {
    "uniform": lambda k, s, d, low, high: jax.random.uniform(k, s, d, low, high),
    "normal": _scaled(jax.random.normal),
    "truncated_normal": _scaled(lambda k, s, d: jax.random.truncated_normal(k, -2.0, 2.0, s, d)),
    "randint": lambda k, s, d, low, high: jax.random.randint(k, s, low, high, d),
    "gamma": lambda k, s, d, a: jax.random.gamma(k, asarray(a, d), s, d),
    "beta": lambda k, s, d, a, b: jax.random.beta(k, asarray(a, d), asarray(b, d), s, d),
    "binomial": lambda k, s, d, n, p: jax.random.binomial(k, asarray(n, d), asarray(p, d), s, d),
    "bernoulli": lambda k, s, d, p: jax.random.bernoulli(k, p, s),
    "categorical": lambda k, s, d, logits: jax.random.categorical(k, asarray(logits)[..., None], 1, s).astype(d),
    "shuffle": lambda k, s, d, x, axis: jax.random.permutation(k, asarray(x), axis, independent=True),
}


# --- faster than the bodies ---------------------------------------------------------------------


@override
def relu(x: Any) -> Any:
    return jax.nn.relu(asarray(x))


OVERRIDES["sigmoid"] = lambda x: jax.nn.sigmoid(_float(x))
OVERRIDES["silu"] = lambda x: jax.nn.silu(_float(x))
OVERRIDES["softplus"] = lambda x: jax.nn.softplus(_float(x))
OVERRIDES["gelu"] = lambda x, approximate=True: jax.nn.gelu(_float(x), approximate)
OVERRIDES["softmax"] = lambda x, axis=-1: jax.nn.softmax(_float(x), _axis(axis))
OVERRIDES["log_softmax"] = lambda x, axis=-1: jax.nn.log_softmax(_float(x), _axis(axis))


@override
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    x = asarray(x)
    x = x if jnp.issubdtype(x.dtype, jnp.integer) else x.astype("int32")
    return jax.nn.one_hot(x, num_classes, dtype=_given(dtype), axis=axis)
