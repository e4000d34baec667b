"""The JAX engine's ops: those whose form or meaning differs from JAX's function of that name, and
those where JAX has something faster than the reference body."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .. import config, dtypes, kernels
from .jax import ARRAYS, asarray

OVERRIDES: dict[str, Callable] = {}


def override(fn: Callable) -> Callable:
    """Use `fn` for the op of its name."""
    OVERRIDES[fn.__name__.rstrip("_")] = fn
    return fn


def _dtype(x: Any) -> str:
    return dtypes.result_type(x)


# JAX has these in the form of the op's body.
for _name in """cross dot fmax fmin inner isclose kron moveaxis ravel rot90 swapaxes tril triu
unravel_index""".split():
    OVERRIDES[_name] = getattr(jnp, _name)


def dtype_of_name(dtype: Any) -> str:
    if dtype is None:
        return dtypes.standardize(None)
    name = dtypes.explicit(dtype)
    if config.wide() and not jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", True)
    return name


def as_float(x: Any) -> Any:
    """`x` as an array of a float (or complex) type."""
    x = asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(config.floatx())


def as_floats(a: Any, b: Any) -> tuple[Any, Any]:
    kind = dtypes.to_float(dtypes.result_type(a, b))
    return asarray(a, kind), asarray(b, kind)


# --- conversion ---------------------------------------------------------------------------------


@override
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    return asarray(x, None if dtype is None else dtype_of_name(dtype))


@override
def cast(x: Any, dtype: Any) -> Any:
    return asarray(x, dtype_of_name(dtype))


@override
def copy(x: Any) -> Any:
    return jnp.array(asarray(x), copy=True)


@override
def stop_gradient(variable: Any) -> Any:
    return lax.stop_gradient(asarray(variable))


# --- element-wise -------------------------------------------------------------------------------


def _floating(name: str, arguments: int = 1) -> None:
    # JAX makes float32 of integers; that is right as long as floatx() is.
    native = getattr(jnp, name)

    def one(x: Any) -> Any:
        return native(x if config.floatx() == "float32" else as_float(x))

    def two(x1: Any, x2: Any) -> Any:
        if config.floatx() != "float32":
            x1, x2 = as_floats(x1, x2)
        return native(x1, x2)

    OVERRIDES[name] = one if arguments == 1 else two


for _name in """sqrt cbrt exp exp2 expm1 log log1p log2 log10 sin cos tan sinh cosh tanh arcsin arccos arctan
arcsinh arccosh arctanh sinc i0 deg2rad rad2deg angle""".split():
    _floating(_name)
for _name in "divide arctan2 hypot logaddexp logaddexp2 heaviside nextafter".split():
    _floating(_name, 2)
OVERRIDES["fabs"] = lambda x: jnp.abs(as_float(x))
OVERRIDES["erf"] = lambda x: lax.erf(as_float(x))
OVERRIDES["erfc"] = lambda x: lax.erfc(as_float(x))
OVERRIDES["erfinv"] = lambda x: lax.erf_inv(as_float(x))
OVERRIDES["lgamma"] = lambda x: lax.lgamma(as_float(x))
OVERRIDES["digamma"] = lambda x: lax.digamma(as_float(x))
OVERRIDES["rsqrt"] = lambda x: lax.rsqrt(as_float(x))
OVERRIDES["reciprocal"] = lambda x: jnp.reciprocal(as_float(x))
OVERRIDES["ceil"] = lambda x: jnp.ceil(as_float(x))
OVERRIDES["floor"] = lambda x: jnp.floor(as_float(x))


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
    x = x.astype("int32") if x.dtype == bool else x
    if decimals >= 0 or not jnp.issubdtype(x.dtype, jnp.integer):
        return jnp.round(x, decimals)
    unit = 10**-decimals
    below = x // unit
    rest = x - below * unit
    up = (rest > unit // 2) | ((rest == unit // 2) & (below % 2 == 1))
    return (below + up.astype(x.dtype)) * unit


@override
def nan_to_num(x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    return jnp.nan_to_num(asarray(x), nan=nan, posinf=posinf, neginf=neginf)


# --- reductions ---------------------------------------------------------------------------------


def as_axis(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _reduction(name: str, native: Callable, floating: bool = False, always: bool = False) -> None:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if floating and (always or config.floatx() != "float32"):
            x = as_float(x)
        if type(axis) is list:
            axis = tuple(axis)
        return native(x, axis, keepdims=keepdims)

    OVERRIDES[name] = reduce


for _name in ("nansum", "nanprod", "all", "any", "nanmax", "nanmin"):
    _reduction(_name, getattr(jnp, _name))
for _name in ("var", "std", "nanmean", "nanvar", "nanstd"):
    _reduction(_name, getattr(jnp, _name), floating=True)
for _name in ("median", "nanmedian"):
    _reduction(_name, getattr(jnp, _name), floating=True, always=True)
_reduction("logsumexp", jax.scipy.special.logsumexp, floating=True, always=True)
# In 64-bit mode JAX would sum int32 in int64: the dtype is asked for where that could happen.
_SUMMED = {
    "bool": "int32",
    "int8": "int32",
    "int16": "int32",
    "uint8": "uint32",
    "uint16": "uint32",
}


def _sum_dtype(x: Any) -> Any:
    kind = _dtype(x)
    return _SUMMED.get(kind, kind)


@override
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if type(axis) is list:
        axis = tuple(axis)
    return jnp.sum(x, axis, _sum_dtype(x) if config.wide() else None, None, keepdims)


@override
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if type(axis) is list:
        axis = tuple(axis)
    x = x if config.floatx() == "float32" else as_float(x)
    return jnp.mean(x, axis, None, None, keepdims)


@override
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    if dtype is not None:
        dtype = dtype_of_name(dtype)
    elif config.wide():
        dtype = _sum_dtype(x)
    return jnp.prod(x, as_axis(axis), dtype, keepdims=keepdims)


@override
def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    return jnp.max(x, as_axis(axis), keepdims=keepdims, initial=initial)


@override
def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    return jnp.min(x, axis=as_axis(axis), keepdims=keepdims, initial=initial)


_INT32 = np.dtype("int32")


def _position(name: str) -> None:
    native = getattr(jnp, name)

    def find(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        found = native(x, axis, None, keepdims)
        return found if found.dtype is _INT32 else found.astype(_INT32)

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
            kind = dtype_of_name(dtype)
        return native(asarray(x), axis=axis, dtype=kind)

    OVERRIDES[name] = run


for _name in ("cumsum", "cumprod", "nancumsum", "nancumprod"):
    _cumulative(_name)


@override
def quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    x = as_float(x)
    return jnp.quantile(
        x, asarray(q, x.dtype), axis=as_axis(axis), method=method, keepdims=keepdims
    )


@override
def nanquantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    x = as_float(x)
    return jnp.nanquantile(
        x, asarray(q, x.dtype), axis=as_axis(axis), method=method, keepdims=keepdims
    )


@override
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return jnp.linalg.norm(as_float(x), ord=ord, axis=as_axis(axis), keepdims=keepdims)


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
    weights = (
        jnp.ones(x.shape, kind) if weights is None else jnp.broadcast_to(asarray(weights), x.shape)
    )

    def count(row: Any, w: Any) -> Any:
        return jnp.zeros(length, kind).at[row].add(w)

    rows = jax.vmap(count)(x.reshape(-1, x.shape[-1]), weights.reshape(-1, x.shape[-1]))
    return rows.reshape(*x.shape[:-1], length)


@override
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    size: Any = None,
    fill_value: Any = None,
) -> Any:
    out = jnp.unique(
        asarray(x),
        return_index=return_index,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=axis,
        size=size,
        fill_value=fill_value,
    )
    if not isinstance(out, tuple):
        return out
    return (out[0], *(v.astype("int32") for v in out[1:]))


@override
def histogram(x: Any, bins: int = 10, range: Any = None) -> Any:
    counts, edges = jnp.histogram(as_float(x), bins=bins, range=range)
    return counts.astype(edges.dtype), edges


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
    return jnp.concatenate(xs, axis)


@override
def stack(x: Any, axis: int = 0) -> Any:
    for v in x:
        if type(v) not in ARRAYS:
            x = [asarray(v) for v in x]
            break
    return jnp.stack(x, axis)


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
    return jnp.squeeze(asarray(x), as_axis(axis))


@override
def flip(x: Any, axis: Any = None) -> Any:
    return jnp.flip(asarray(x), as_axis(axis))


@override
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    return jnp.roll(asarray(x), shift, as_axis(axis))


@override
def tile(x: Any, repeats: Any) -> Any:
    return jnp.tile(
        asarray(x), (repeats,) if isinstance(repeats, int) else tuple(int(r) for r in repeats)
    )


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
    return jnp.zeros(_shape(shape), dtype_of_name(dtype))


@override
def ones(shape: Any, dtype: Any = None) -> Any:
    return jnp.ones(_shape(shape), dtype_of_name(dtype))


OVERRIDES["empty"] = zeros


@override
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    return jnp.full(_shape(shape), fill_value, dtype_of_name(dtype))


@override
def zeros_like(x: Any, dtype: Any = None) -> Any:
    return jnp.zeros_like(asarray(x), dtype if dtype is None else dtype_of_name(dtype))


@override
def ones_like(x: Any, dtype: Any = None) -> Any:
    return jnp.ones_like(asarray(x), dtype if dtype is None else dtype_of_name(dtype))


OVERRIDES["empty_like"] = zeros_like


@override
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    return jnp.full_like(asarray(x), fill_value, dtype if dtype is None else dtype_of_name(dtype))


@override
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    from ..ops.create import range_dtype

    kind = range_dtype(start, stop, step, dtype)
    if stop is None:
        start, stop = 0, start
    return jnp.arange(start, stop, step, dtype_of_name(kind))


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
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    return jnp.logspace(start, stop, num, endpoint, base, _between(start, stop, dtype), axis)


@override
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    return jnp.geomspace(start, stop, num, endpoint, _between(start, stop, dtype), axis)


def _between(start: Any, stop: Any, dtype: Any) -> str:
    return (
        dtype_of_name(dtype)
        if dtype is not None
        else dtypes.to_float(dtypes.result_type(start, stop))
    )


@override
def eye(N: int, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    return jnp.eye(N, M, k, dtype_of_name(dtype))


@override
def tri(N: int, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    return jnp.tri(N, M, k, dtype_of_name(dtype))


def _window_function(native: Callable) -> Callable:
    return lambda x: native(int(x)).astype(config.floatx())


for _name in ("bartlett", "blackman", "hamming", "hanning"):
    OVERRIDES[_name] = _window_function(getattr(jnp, _name))
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
    x, indices = asarray(x), asarray(indices)
    if axis == 0 and x.ndim == 2 and indices.size * x.shape[1] >= kernels.FEWEST_ELEMENTS:
        if indices.dtype == np.int32 and has_kernels(x):
            from ..kernels import rows as native

            return native.take(x, indices)
    return jnp.take(x, indices, axis=axis)


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


_FLOAT32, _INT8 = np.dtype("float32"), np.dtype("int8")


def has_kernels(*tensors: Any, bfloat16: bool = False) -> bool:
    """Whether native kernels serve these tensors, that for bfloat16 being asked for, too."""
    kind = tensors[0].dtype
    if any(t.dtype != kind or not t.size for t in tensors):
        return False
    if kind == np.float32:
        return kernels.ready()
    return bfloat16 and kind == jnp.bfloat16 and kernels.ready() and kernels.computes_bfloat16()


@override
def matmul(x1: Any, x2: Any) -> Any:
    if type(x1) not in ARRAYS or type(x2) not in ARRAYS:
        x1, x2 = asarray(x1), asarray(x2)
    if (kind := x1.dtype) is not _FLOAT32 and kind == _INT8 and x2.dtype == _INT8:
        return jnp.matmul(x1, x2, preferred_element_type="int32")
    a, b = x1.shape, x2.shape
    # What costs least is asked first.
    work = a[0] * a[1] * b[1] if len(a) == 2 == len(b) else math.prod(a + b[-1:])
    if work >= kernels.FEWEST_MULTIPLICATIONS and has_kernels(x1, x2, bfloat16=True):
        from ..kernels import product

        terms = product.matmul_terms(a, b)
        if terms is not None:
            return product.einsum(x1, x2, terms)
    return jnp.matmul(x1, x2)


@override
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    return jnp.tensordot(
        asarray(x1), asarray(x2), axes if isinstance(axes, int) else [as_axis(a) for a in axes]
    )


@override
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    tensors = [asarray(x) for x in operands]
    if len(tensors) == 2 and has_kernels(*tensors, bfloat16=True):
        from ..kernels import product

        terms = product.parse(subscripts, tensors[0].shape, tensors[1].shape)
        if terms is not None:
            return product.einsum(tensors[0], tensors[1], terms)
    return jnp.einsum(subscripts, *tensors)


@override
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    return jnp.correlate(as_float(x1), as_float(x2), mode)


@override
def view(x: Any, dtype: Any = None) -> Any:
    x = asarray(x)
    return x if dtype is None else x.view(dtype_of_name(dtype))


@override
def spectrum(x: Any, kind: str, length: int | None = None) -> Any:
    transform = getattr(jnp.fft, kind)
    return transform(x) if length is None else transform(x, length)
