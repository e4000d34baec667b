"""The PyTorch engine's ops: elements, reductions, order, shapes, indexing, products.

Calls with tensors of one dtype go straight to torch; all others are brought to Kerata's promotion
first, which differs from torch's for integers and for tensors without axes.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .. import dtypes
from .torch import DTYPES, NAMES, asarray, here, to_numpy
from .torch_replay import Many, _on_many, recording

OVERRIDES: dict[str, Callable] = {}


def override(fn: Callable) -> Callable:
    """Use `fn` for the op of its name."""
    OVERRIDES[fn.__name__.rstrip("_")] = fn
    return fn


# --- dtypes -------------------------------------------------------------------------------------

_FLOATING = frozenset(DTYPES[n] for n in (*dtypes.FLOATS[2:], *dtypes.COMPLEX))
_INTEGER = frozenset((torch.int8, torch.uint8, torch.int16, torch.int32))
_FAST: dict[str, frozenset] = {
    "same": _FLOATING | _INTEGER,
    "number": _FLOATING | _INTEGER,
    "real": _FLOATING | _INTEGER,
    "bool": _FLOATING | _INTEGER | {torch.bool},
    "float": _FLOATING,
    "angle": _FLOATING,
}
_REAL = {"complex64": "float32", "complex128": "float64"}
_SUMMED = {
    "bool": "int32",
    "int8": "int32",
    "int16": "int32",
    "uint8": "uint32",
    "uint16": "uint32",
}
_WIDER = {"uint16": "int64", "uint32": "int64", "uint64": "int64"}
_PLAIN = (int, float, complex)


def dtype_of_name(dtype: Any) -> str:
    return dtypes.standardize(None) if dtype is None else dtypes.explicit(dtype)


def kind_of(x: Any) -> str:
    return dtypes.result_type(x)


def as_float(x: Any) -> Any:
    """`x` as a tensor of a float (or complex) type."""
    if isinstance(x, Tensor) and x.dtype in _FLOATING:
        return x
    return asarray(x, dtypes.to_float(kind_of(x)))


def as_floats(*xs: Any) -> list[Any]:
    kind = dtypes.to_float(dtypes.result_type(*xs))
    return [asarray(x, kind) for x in xs]


def together(xs: Sequence[Any]) -> list[Any]:
    """Tensors of the dtype that all of them promote to."""
    first = xs[0] if len(xs) else None
    if isinstance(first, Tensor):
        if builtins.all(isinstance(x, Tensor) and x.dtype is first.dtype for x in xs):
            return list(xs)
    xs = [x if type(x) in _PLAIN else asarray(x) for x in xs]
    kind = dtypes.result_type(*xs)
    return [asarray(x, kind) for x in xs]


def _kinds(rule: str, kind: str) -> tuple[str, str]:
    """The dtype in which an op of a rule is computed and that of its result, for arguments of `kind`."""
    if rule in ("float", "angle"):
        kind = dtypes.to_float(kind)
    elif rule == "number" and kind == "bool":
        kind = "int32"
    out = "bool" if rule == "bool" else kind
    if rule in ("real", "angle"):
        out = _REAL.get(kind, kind)
    return _WIDER.get(kind, kind), out


def _to(x: Any, kind: str) -> Any:
    return x if x.dtype is DTYPES[kind] else x.to(DTYPES[kind])


# --- conversion ---------------------------------------------------------------------------------


@override
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    return asarray(x, None if dtype is None else dtype_of_name(dtype))


@override
def cast(x: Any, dtype: Any) -> Any:
    return asarray(x, dtype_of_name(dtype))


OVERRIDES["copy"] = lambda x: torch.clone(asarray(x))
OVERRIDES["stop_gradient"] = lambda variable: torch.detach(asarray(variable))


# --- elements of one tensor ---------------------------------------------------------------------


def _one(name: str, rule: str, native: Callable) -> None:
    fast = _FAST[rule]

    def run(x: Any) -> Any:
        if isinstance(x, Tensor) and x.dtype in fast:
            return native(x)
        if isinstance(x, Many):
            return _on_many(native.__name__, native, (x,), {})
        work, out = _kinds(rule, kind_of(x))
        return _to(native(asarray(x, work)), out)

    OVERRIDES[name] = run


for _name in """sqrt rsqrt reciprocal exp exp2 expm1 log log1p log2 log10 sin cos tan sinh cosh tanh arcsin arccos
arctan arcsinh arccosh arctanh sinc i0 erf erfc erfinv lgamma digamma ceil floor deg2rad rad2deg""".split():
    _one(_name, "float", getattr(torch, _name))
for _name in "isnan isinf isposinf isneginf isfinite isreal signbit logical_not".split():
    _one(_name, "bool", getattr(torch, _name))


def _but_truths(native: Callable) -> Callable:
    """`native` with truths left as they are, for which torch lacks what they have elsewhere."""
    return lambda x: x.clone() if x.dtype is torch.bool else native(x)


_one("negative", "same", torch.negative)
_one("positive", "same", _but_truths(torch.positive))
_one("trunc", "same", _but_truths(torch.trunc))
_one("sign", "same", torch.sgn)
_one("conjugate", "same", lambda x: torch.conj(x).resolve_conj())
_one("square", "number", torch.square)
_one("absolute", "real", _but_truths(torch.abs))
_one("fabs", "angle", torch.abs)
_one("angle", "angle", torch.angle)
_one("real", "real", torch.real)
_one("imag", "real", lambda x: torch.imag(x) if x.is_complex() else torch.zeros_like(x))
_one("cbrt", "float", lambda x: torch.sgn(x) * torch.abs(x) ** (1 / 3))
OVERRIDES["bitwise_not"] = lambda x: torch.bitwise_not(asarray(x))


# --- elements of two tensors --------------------------------------------------------------------


def _two(
    name: str, rule: str, native: Callable, second: bool = False, first: Callable | None = None
) -> None:
    """An op of two tensors. `native` takes a number as second argument if `second` says so; `first`
    is the function of a number and a tensor."""
    fast = _FAST[rule]

    def run(x1: Any, x2: Any) -> Any:
        if isinstance(x1, Tensor):
            if isinstance(x2, Tensor):
                if x1.dtype is x2.dtype and x1.dtype in fast:
                    return native(x1, x2)
            elif second and type(x2) in _PLAIN[:2] and x1.dtype in _FLOATING:
                return native(x1, x2)
        return slow(x1, x2)

    def slow(x1: Any, x2: Any) -> Any:
        if isinstance(x1, Many) or isinstance(x2, Many):
            return _on_many(native.__name__, run, (x1, x2), {})
        if isinstance(x1, (list, tuple)) or isinstance(x2, (list, tuple)):
            x1, x2 = (asarray(x) if isinstance(x, (list, tuple)) else x for x in (x1, x2))
        work, out = _kinds(rule, dtypes.result_type(x1, x2))
        if second and type(x2) in _PLAIN and type(x1) not in _PLAIN:
            return _to(native(asarray(x1, work), x2), out)
        if first is not None and type(x1) in _PLAIN and type(x2) not in _PLAIN:
            return _to(first(x1, asarray(x2, work)), out)
        return _to(native(asarray(x1, work), asarray(x2, work)), out)

    OVERRIDES[name] = run


def _floor_divide(a: Any, b: Any) -> Any:
    return torch.div(a, b, rounding_mode="floor")


def _maximum(a: Any, b: Any) -> Any:
    return torch.maximum(a, b) if isinstance(b, Tensor) else torch.clamp(a, min=b)


def _minimum(a: Any, b: Any) -> Any:
    return torch.minimum(a, b) if isinstance(b, Tensor) else torch.clamp(a, max=b)


def _hypot(a: Any, b: Any) -> Any:
    # The derivative of torch's own is NaN where both are 0.
    zero = (a == 0) & (b == 0)
    return torch.where(zero, torch.abs(a), torch.hypot(torch.where(zero, 1, a), b))


for _name, _native in {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "bitwise_and": torch.bitwise_and,
    "bitwise_or": torch.bitwise_or,
    "bitwise_xor": torch.bitwise_xor,
}.items():
    _two(_name, "same", _native, True, _native)
for _name, _native in {
    "power": torch.pow,
    "mod": torch.remainder,
    "left_shift": torch.bitwise_left_shift,
    "right_shift": torch.bitwise_right_shift,
}.items():
    _two(_name, "number", _native, True, _native)
_two("divide", "float", torch.div, True, torch.div)
_two("floor_divide", "number", _floor_divide, True)
_two("fmod", "number", torch.fmod, True)
_maximum.__name__, _minimum.__name__ = "maximum", "minimum"
_two("maximum", "same", _maximum, True, lambda n, x: _maximum(x, n))
_two("minimum", "same", _minimum, True, lambda n, x: _minimum(x, n))
for _name in "fmax fmin gcd lcm".split():
    _two(_name, "same", getattr(torch, _name))
for _name in "arctan2 logaddexp logaddexp2 nextafter".split():
    _two(_name, "float", getattr(torch, _name))
_two("hypot", "float", _hypot)
for _name, _native, _other in (
    ("equal", torch.eq, operator.eq),
    ("not_equal", torch.ne, operator.ne),
    ("less", torch.lt, operator.lt),
    ("less_equal", torch.le, operator.le),
    ("greater", torch.gt, operator.gt),
    ("greater_equal", torch.ge, operator.ge),
):
    _two(_name, "bool", _native, True, _other)
for _name in "logical_and logical_or logical_xor".split():
    _two(_name, "bool", getattr(torch, _name))


@override
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    if isinstance(x, Tensor) and x.dtype in _FLOATING:
        if type(x_min) in _PLAIN[:2] and type(x_max) in _PLAIN[:2]:
            return torch.clamp(x, x_min, x_max)
    bounds = [b for b in (x_min, x_max) if b is not None]
    work, out = _kinds("number", dtypes.result_type(x, *bounds))
    x = asarray(x, work)
    if builtins.any(type(b) not in _PLAIN for b in bounds):
        x_min, x_max = (None if b is None else asarray(b, work) for b in (x_min, x_max))
    return _to(torch.clamp(x, x_min, x_max), out) if bounds else x


@override
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    condition = asarray(condition)
    if condition.dtype is not torch.bool:
        condition = condition.ne(0)
    if x1 is None and x2 is None:
        return nonzero(condition)
    if isinstance(x1, Tensor):
        if x1.dtype is x2.dtype if isinstance(x2, Tensor) else type(x2) in _PLAIN[:2]:
            if x1.dtype in _FLOATING:
                return torch.where(condition, x1, x2)
    elif isinstance(x2, Tensor) and type(x1) in _PLAIN[:2] and x2.dtype in _FLOATING:
        return torch.where(condition, x1, x2)
    kind = dtypes.result_type(x1, x2)
    return torch.where(condition, asarray(x1, kind), asarray(x2, kind))


@override
def round_(x: Any, decimals: int = 0) -> Any:
    work, out = _kinds("number", kind_of(x))
    x = asarray(x, work)
    if x.dtype in _FLOATING:
        return torch.round(x, decimals=decimals)
    if decimals < 0:
        x = torch.round(x.double(), decimals=decimals)
    return _to(x, out)


# --- reductions ---------------------------------------------------------------------------------


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Axes counted from the front, in order; all for ``None``."""
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, (list, tuple)) else (axis,)
    axes = [operator.index(a) for a in given]
    for a in axes:
        if not -rank <= a < rank:
            raise ValueError(f"axis={a} is out of range for a tensor of {rank} axes.")
    return tuple(sorted(a % rank for a in axes))


def _reduction(name: str, rule: str, native: Callable) -> None:
    """`native` takes a tensor, a tuple of axes, whether they stay, and the torch dtype of the result."""
    fast = _FAST.get(rule, _FLOATING)

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        if isinstance(x, Tensor) and x.dtype in fast and rule != "angle":
            work: Any = None
            out: Any = torch.bool if rule == "bool" else x.dtype
        else:
            if isinstance(x, Many):
                return _on_many(name, reduce, (x,), {"axis": axis, "keepdims": keepdims})
            kind = kind_of(x)
            if rule == "sum":
                work, kind = _WIDER.get(kind, kind), _SUMMED.get(kind, kind)
                out = _WIDER.get(kind, kind)
            else:
                work, kind = _kinds(rule, kind)
                out = kind
            x, out = asarray(x, work), DTYPES[out]
        dims = axes_of(axis, x.dim())
        if not dims:
            x, dims, keepdims = x.unsqueeze(0), (0,), False
        y = native(x, dims, bool(keepdims), out)
        return y if work is None else _to(y, kind)

    OVERRIDES[name] = reduce


def _prod(x: Any, dims: tuple, keep: bool, dtype: Any) -> Any:
    for d in reversed(dims):
        x = torch.prod(x, d, keep, dtype=dtype)
    return x


_reduction("sum", "sum", lambda x, d, k, t: torch.sum(x, d, k, dtype=t))
_reduction("mean", "float", lambda x, d, k, t: torch.mean(x, d, k))
_reduction("var", "angle", lambda x, d, k, t: torch.var(x, d, correction=0, keepdim=k))
_reduction("std", "angle", lambda x, d, k, t: torch.std(x, d, correction=0, keepdim=k))
_reduction("all", "bool", lambda x, d, k, t: torch.all(x.ne(0), d, k))
_reduction("any", "bool", lambda x, d, k, t: torch.any(x.ne(0), d, k))
_reduction("logsumexp", "float", lambda x, d, k, t: torch.logsumexp(x, d, k))


@override
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    kind = _SUMMED.get(kind_of(x), kind_of(x)) if dtype is None else dtype_of_name(dtype)
    x = asarray(x, _WIDER.get(kind, kind))
    return _to(_prod(x, axes_of(axis, x.dim()), keepdims, x.dtype), kind)


def _extreme(name: str, native: Callable, combine: str) -> None:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
        if isinstance(x, Many):
            return _on_many(name, reduce, (x, axis, keepdims, initial), {})
        x = asarray(x)
        kind = NAMES[x.dtype]
        dims = axes_of(axis, x.dim())
        if initial is not None and 0 in [x.shape[d] for d in dims]:
            return torch.sum(x, dims, keepdims, dtype=x.dtype) + initial
        y = _to(native(_to(x, _WIDER.get(kind, kind)), dims, keepdims), kind)
        return y if initial is None else asarray(OVERRIDES[combine](y, initial), kind)

    OVERRIDES[name] = reduce


_extreme("max", torch.amax, "maximum")
_extreme("min", torch.amin, "minimum")


def _sortable(x: Any) -> Any:
    """`x` in a dtype for which torch has kernels that compare."""
    x = asarray(x)
    if x.dtype is torch.bool:
        return x.to(torch.uint8)
    return x.long() if NAMES[x.dtype] in _WIDER else x


def _position(name: str, native: Callable) -> None:
    OVERRIDES[name] = lambda x, axis=None, keepdims=False: native(_sortable(x), axis, keepdims).to(
        torch.int32
    )


_position("argmax", torch.argmax)
_position("argmin", torch.argmin)


def _cumulative(name: str, native: Callable) -> None:
    def run(x: Any, axis: Any = None, dtype: Any = None) -> Any:
        x = asarray(x)
        kind = _kinds("number", kind_of(x))[1] if dtype is None else dtype_of_name(dtype)
        if axis is None:
            x, axis = x.reshape(-1), 0
        return _to(native(x, axis, dtype=DTYPES[_WIDER.get(kind, kind)]), kind)

    OVERRIDES[name] = run


_cumulative("cumsum", torch.cumsum)
_cumulative("cumprod", torch.cumprod)


# --- order --------------------------------------------------------------------------------------


@override
def sort(x: Any, axis: Any = -1) -> Any:
    x = asarray(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    return torch.sort(x, axis).values


@override
def argsort(x: Any, axis: Any = -1) -> Any:
    x = asarray(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    return torch.argsort(x, dim=axis, stable=True).to(torch.int32)


@override
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    x = asarray(x)
    if k > x.shape[-1]:
        raise ValueError(f"top_k: k={k} is more than {x.shape[-1]}.")
    if x.is_floating_point():
        values, places = torch.topk(x, k)
    else:  # equal integers are common, and the first of them comes first
        values, places = torch.sort(x, dim=-1, descending=True, stable=True)
        values, places = values[..., :k], places[..., :k]
    return values, places.to(torch.int32)


@override
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    a, v = together([sorted_sequence, values])
    return torch.searchsorted(a.contiguous(), v.contiguous(), right=side == "right", out_int32=True)


@override
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    x = asarray(x).long()
    length = minlength
    if not recording(x):
        length = builtins.max(minlength, int(x.max()) + 1 if x.numel() else 0)
    w = torch.ones_like(x, dtype=torch.int32) if weights is None else asarray(weights)
    # What has no place among the bins goes into one behind them.
    rows = torch.where((x >= 0) & (x < length), x, length).reshape(-1, x.shape[-1])
    out = torch.zeros(rows.shape[0], length + 1, dtype=w.dtype, device=x.device)
    out = out.scatter_add(1, rows, w.expand(x.shape).reshape(rows.shape))
    return out[:, :length].reshape(*x.shape[:-1], length)


# --- shapes -------------------------------------------------------------------------------------


@override
def reshape(x: Any, newshape: Any) -> Any:
    x = asarray(x)
    if isinstance(newshape, (list, tuple)) and None in newshape:
        from ..ops.arrange import target_shape

        newshape = target_shape(x.shape, newshape)
    return x.reshape(newshape if isinstance(newshape, (int, tuple)) else as_shape(newshape))


@override
def transpose(x: Any, axes: Any = None) -> Any:
    x = asarray(x)
    return x.permute(tuple(range(x.dim()))[::-1] if axes is None else tuple(axes))


OVERRIDES["ravel"] = lambda x: asarray(x).reshape(-1)
OVERRIDES["swapaxes"] = lambda x, axis1, axis2: torch.swapaxes(asarray(x), axis1, axis2)
OVERRIDES["moveaxis"] = lambda x, source, destination: torch.moveaxis(
    asarray(x), source, destination
)
OVERRIDES["concatenate"] = lambda xs, axis=0: torch.cat(together(xs), axis)
OVERRIDES["stack"] = lambda x, axis=0: torch.stack(together(x), axis)


@override
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    x = asarray(x)
    if isinstance(indices_or_sections, (int, np.integer)):
        n = int(indices_or_sections)
        if x.shape[axis] % n:
            raise ValueError(f"split: {x.shape[axis]} cannot be cut into {n} equal parts.")
        return list(torch.tensor_split(x, n, axis))
    return list(torch.tensor_split(x, [int(i) for i in indices_or_sections], axis))


@override
def broadcast_to(x: Any, shape: Any) -> Any:
    return torch.broadcast_to(asarray(x), as_shape(shape))


@override
def expand_dims(x: Any, axis: Any) -> Any:
    x = asarray(x)
    if isinstance(axis, int):
        return x.unsqueeze(axis)
    for a in axes_of(axis, x.dim() + len(axis)):
        x = x.unsqueeze(a)
    return x


@override
def squeeze(x: Any, axis: Any = None) -> Any:
    x = asarray(x)
    if axis is None:
        return x.squeeze()
    axes = axes_of(axis, x.dim())
    if builtins.any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"squeeze: axis {axis} of {tuple(x.shape)} is not of size 1.")
    return x.squeeze(axes)


@override
def flip(x: Any, axis: Any = None) -> Any:
    x = asarray(x)
    return torch.flip(x, axes_of(axis, x.dim()))


@override
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    shift = shift if isinstance(shift, (int, tuple)) else np.asarray(shift).tolist()
    return torch.roll(asarray(x), shift, () if axis is None else axis)


@override
def tile(x: Any, repeats: Any) -> Any:
    return torch.tile(asarray(x), as_shape(repeats))


@override
def repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    x = asarray(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    axis = axes_of(axis, x.dim())[0]
    if isinstance(repeats, (int, np.integer)):
        sizes = [-1] * (x.dim() + 1)
        sizes[axis + 1] = int(repeats)
        return x.unsqueeze(axis + 1).expand(sizes).flatten(axis, axis + 1)
    places = np.repeat(np.arange(x.shape[axis]), to_numpy(repeats))
    return x.index_select(axis, asarray(places))


@override
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    from ..ops import arrange

    fill = 0 if constant_values is None else constant_values
    if mode != "constant" or not isinstance(fill, (bool, *_PLAIN)):
        return arrange.pad.body(x, pad_width, mode, constant_values)  # type: ignore[attr-defined]
    x = asarray(x)
    pairs = arrange.pad_pairs(pad_width, x.dim())
    return F.pad(x, [n for p in reversed(pairs) for n in p], value=fill)


# --- making tensors -----------------------------------------------------------------------------


def as_shape(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(d) for d in shape)


def _made(name: str, native: Callable) -> None:
    OVERRIDES[name] = lambda shape, dtype=None: native(
        as_shape(shape), dtype=DTYPES[dtype_of_name(dtype)], device=here()
    )
    like = getattr(torch, native.__name__ + "_like")
    OVERRIDES[name + "_like"] = lambda x, dtype=None: like(
        asarray(x), **({} if dtype is None else {"dtype": DTYPES[dtype_of_name(dtype)]})
    )


_made("zeros", torch.zeros)
_made("ones", torch.ones)
_made("empty", torch.zeros)


@override
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    kind, shape = dtype_of_name(dtype), as_shape(shape)
    if isinstance(fill_value, (bool, *_PLAIN)):
        return torch.full(shape, fill_value, dtype=DTYPES[kind], device=here())
    return asarray(fill_value, kind).expand(shape).clone()


@override
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    x = asarray(x)
    return full(tuple(x.shape), fill_value, NAMES[x.dtype] if dtype is None else dtype)


@override
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    from ..ops.create import range_dtype

    kind = dtype_of_name(range_dtype(start, stop, step, dtype))
    if stop is None:
        start, stop = 0, start
    limits = [
        v.item() if hasattr(v, "item") else v for v in (start, stop, 1 if step is None else step)
    ]
    return _to(torch.arange(*limits, dtype=DTYPES[_WIDER.get(kind, kind)], device=here()), kind)


OVERRIDES["tril"] = lambda x, k=0: torch.tril(asarray(x), k)
OVERRIDES["triu"] = lambda x, k=0: torch.triu(asarray(x), k)
OVERRIDES["diag"] = lambda x, k=0: torch.diag(asarray(x), k)
OVERRIDES["diagonal"] = lambda x, offset=0, axis1=0, axis2=1: torch.diagonal(
    asarray(x), offset, axis1, axis2
)


# --- indexing -----------------------------------------------------------------------------------


def _basic(k: Any) -> bool:
    """Whether torch takes this part of an index as NumPy does."""
    if isinstance(k, slice):
        return k.step is None or k.step > 0
    return type(k) is int or k is None or k is Ellipsis


@override
def get_item(x: Any, key: Any) -> Any:
    x = asarray(x)
    keys = list(key) if isinstance(key, tuple) else [key]
    if builtins.all(_basic(k) for k in keys):
        return x[key]
    keys = [k if _basic(k) or isinstance(k, slice) else _index(k) for k in keys]
    taken = builtins.sum(_taken(k) for k in keys if k is not Ellipsis)
    several = builtins.any(isinstance(k, Tensor) and k.dim() for k in keys)
    axis = 0
    for i, k in enumerate(keys):
        if isinstance(k, slice) and not _basic(k):
            there = range(*k.indices(x.shape[axis]))
            reach = slice(there[-1], there[0] + 1, -there.step) if there else slice(0, 0)
            x = torch.flip(x[(slice(None),) * axis + (reach,)], (axis,))
            keys[i] = slice(None)
        elif isinstance(k, Tensor) and k.dtype is not torch.bool:
            k = torch.clamp(k, -x.shape[axis], x.shape[axis] - 1)
            if k.dim() or several:
                keys[i] = k if k.dim() else k.reshape(1)
            else:  # torch would ask for the number itself
                k = torch.where(k < 0, k + x.shape[axis], k)
                x, keys[i] = x.index_select(axis, k.reshape(1)), 0
        elif type(k) is int and several:
            # Among arrays an integer is one of them: it moves their axes as theirs do.
            keys[i] = torch.tensor([k], device=x.device)
        axis += x.dim() - taken if k is Ellipsis else _taken(k)
    return x[tuple(keys)]


def _index(k: Any) -> Any:
    """An index that is no slice: a Python int, or a tensor of integers or booleans."""
    if isinstance(k, (np.integer, int)) and not isinstance(k, bool):
        return int(k)
    k = asarray(k)
    return k if k.dtype in (torch.bool, torch.int64) else k.to(torch.int32)


def _taken(k: Any) -> int:
    """How many axes a part of an index speaks of."""
    return k.dim() if isinstance(k, Tensor) and k.dtype is torch.bool else 0 if k is None else 1


def _wrapped(indices: Any, n: int) -> Any:
    """Indices as tensor of integers, those below 0 counted from the end."""
    indices = _index(asarray(indices))
    return torch.where(indices < 0, indices + n, indices)


@override
def take(x: Any, indices: Any, axis: Any = None) -> Any:
    x = asarray(x)
    if axis is None:
        x, axis = x.reshape(-1), 0
    axis = axes_of(axis, x.dim())[0]
    i = _wrapped(indices, x.shape[axis])
    if x.dim() == 2 and axis == 0:
        return F.embedding(i, x)
    rows = x.index_select(axis, i.reshape(-1))
    return rows.reshape((*x.shape[:axis], *i.shape, *x.shape[axis + 1 :]))


@override
def take_along_axis(x: Any, indices: Any, axis: Any = None) -> Any:
    x, i = asarray(x), asarray(indices)
    if axis is None:
        x, i, axis = x.reshape(-1), i.reshape(-1), 0
    if x.dim() != i.dim():
        raise ValueError("take_along_axis: x and indices must have as many axes.")
    return torch.take_along_dim(x, _wrapped(i, x.shape[axis]).long(), axis)


def _starts(start_indices: Any) -> list[Any]:
    if isinstance(start_indices, Tensor):
        return list(start_indices.unbind(0))
    return [s if isinstance(s, Tensor) else int(s) for s in start_indices]


def _held(start: Any, size: int, d: int) -> Any:
    """Where a block of `size` begins that shall lie within `d`."""
    if isinstance(start, Tensor):
        return torch.clamp(torch.where(start < 0, start + d, start), 0, d - size)
    return builtins.max(0, builtins.min(start + d if start < 0 else start, d - size))


@override
def slice_(inputs: Any, start_indices: Any, shape: Any) -> Any:
    x = asarray(inputs)
    for axis, (s, n) in enumerate(zip(_starts(start_indices), as_shape(shape), strict=True)):
        d = x.shape[axis]
        n = d - s if n == -1 else n
        s = _held(s, n, d)
        if isinstance(s, Tensor):
            x = x.index_select(axis, torch.arange(n, device=x.device) + s)
        else:
            x = x.narrow(axis, s, n)
    return x


@override
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    x = asarray(inputs)
    new = asarray(updates, NAMES[x.dtype])
    starts = [_held(s, n, d) for s, n, d in zip(_starts(start_indices), new.shape, x.shape)]
    if builtins.any(isinstance(s, Tensor) for s in starts):
        rank = x.dim()
        grid = [
            (torch.arange(n, device=x.device) + s).reshape([-1] + [1] * (rank - 1 - i))
            for i, (s, n) in enumerate(zip(starts, new.shape))
        ]
        return torch.index_put(x, grid, new)
    blocks = [x]
    for axis in range(x.dim() - 1):
        blocks.append(blocks[-1].narrow(axis, starts[axis], new.shape[axis]))
    for axis in reversed(range(x.dim())):
        new = torch.slice_scatter(
            blocks[axis], new, axis, starts[axis], starts[axis] + new.shape[axis]
        )
    return new


@override
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    values = asarray(values)
    start = torch.zeros(as_shape(shape), dtype=values.dtype, device=values.device)
    return torch.index_put(start, asarray(indices).long().unbind(-1), values, accumulate=True)


_COMBINED = {"add": "sum", "max": "amax", "min": "amin", "mul": "prod"}


@override
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: Any = None) -> Any:
    x = asarray(inputs)
    places = asarray(indices).long().unbind(-1)
    updates = asarray(updates, NAMES[x.dtype])
    if reduction in (None, "add"):
        return torch.index_put(x, places, updates, accumulate=reduction == "add")
    if reduction not in _COMBINED:
        raise ValueError(f"scatter_update: unknown reduction {reduction!r}.")
    flat = torch.zeros_like(places[0])
    for place, d in zip(places, x.shape):
        flat = flat * d + torch.where(place < 0, place + d, place)
    rows = x.reshape(-1, *x.shape[len(places) :])
    return _combine(rows, flat, updates, _COMBINED[reduction]).reshape(x.shape)


def _combine(rows: Any, places: Any, updates: Any, how: str) -> Any:
    """`rows` with `updates` combined into those at `places`."""
    places = places.reshape([-1] + [1] * (rows.dim() - 1)).expand(updates.shape)
    return torch.scatter_reduce(rows, 0, places, updates, how)


@override
def nonzero(x: Any) -> Any:
    return tuple(i.to(torch.int32) for i in torch.nonzero(asarray(x), as_tuple=True))


def _least(x: Any) -> Any:
    if x.dtype is torch.bool:
        return False
    return -math.inf if x.is_floating_point() else torch.iinfo(x.dtype).min


def _most(x: Any) -> Any:
    if x.dtype is torch.bool:
        return True
    return math.inf if x.is_floating_point() else torch.iinfo(x.dtype).max


def _segment(name: str, how: str, start: Callable) -> None:
    def reduce(data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False) -> Any:
        data, ids = asarray(data), asarray(segment_ids).long()
        n = int(ids.max()) + 1 if num_segments is None else int(num_segments)
        # Numbers out of range go to a row behind the others, which is then left out.
        ids = torch.where((ids >= 0) & (ids < n), ids, n)
        rows = torch.full(
            (n + 1, *data.shape[1:]), start(data), dtype=data.dtype, device=data.device
        )
        if how == "sum":
            return rows.index_add(0, ids, data)[:n]
        return _combine(rows, ids, data, how)[:n]

    OVERRIDES[name] = reduce


_segment("segment_sum", "sum", lambda x: 0)
_segment("segment_prod", "prod", lambda x: 1)
_segment("segment_max", "amax", _least)
_segment("segment_min", "amin", _most)


# --- products -----------------------------------------------------------------------------------


def _product(a: Any, b: Any, native: Callable, *more: Any) -> Any:
    """A product of tensors: of booleans counted, of integers in a type that has a kernel."""
    if isinstance(a, Tensor) and isinstance(b, Tensor) and a.dtype is b.dtype:
        if a.dtype in _FLOATING:
            return native(a, b, *more)
    a, b = asarray(a), asarray(b)
    kind = dtypes.result_type(a, b)
    if dtypes.is_integer(kind) or kind == "bool":
        work = "int64" if here().type == "cpu" else "float64"
        out = native(asarray(a, work), asarray(b, work), *more)
        return out.ne(0) if kind == "bool" else _to(out, kind)
    return native(asarray(a, kind), asarray(b, kind), *more)


@override
def matmul(x1: Any, x2: Any) -> Any:
    if isinstance(x1, Tensor) and x1.dtype in _FLOATING:
        return _product(x1, x2, torch.matmul)
    x1, x2 = asarray(x1), asarray(x2)
    if x1.dtype is x2.dtype is torch.int8:
        x1 = x1.to(torch.int32)
    return _product(x1, x2, torch.matmul)


@override
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    if not isinstance(axes, int):
        axes = [list(a) if isinstance(a, (list, tuple)) else [a] for a in axes]
    return _product(x1, x2, torch.tensordot, axes)


@override
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    given = together(operands)
    kind = NAMES[given[0].dtype]
    if given[0].dtype not in _FLOATING:
        given = [x.long() for x in given]
    return _to(torch.einsum(subscripts, *given), kind)


@override
def view(x: Any, dtype: Any = None) -> Any:
    x = asarray(x)
    return x if dtype is None else x.contiguous().view(DTYPES[dtypes.explicit(dtype)])


@override
def spectrum(x: Any, kind: str, length: int | None = None) -> Any:
    transform, x = getattr(torch.fft, kind), asarray(x)
    return transform(x) if length is None else transform(x, length)
