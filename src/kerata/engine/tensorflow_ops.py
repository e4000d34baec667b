"""The TensorFlow engine's ops: arithmetic, reductions, shapes, indexing, products.

TensorFlow promotes no dtypes and has no kernels for some of them: that is done here.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from .. import config, dtypes
from ..spec import normalize_axes, normalize_axis
from .tensorflow import DTYPES, Tensor, asarray

raw = tf.raw_ops
OVERRIDES: dict[str, Callable] = {}


def override(fn: Callable) -> Callable:
    """Use `fn` for the op of its name."""
    OVERRIDES[fn.__name__.rstrip("_")] = fn
    return fn


# --- dtypes -------------------------------------------------------------------------------------


def _kinds(names: str) -> frozenset[tf.DType]:
    return frozenset(DTYPES[n] for n in names.split())


BOOL = _kinds("bool")
_UNSIGNED = _kinds("uint8 uint16 uint32 uint64")
_HALF = _kinds("bfloat16 float16")
_REAL = _HALF | _kinds("float32 float64")
_COMPLEX = _kinds("complex64 complex128")
_INEXACT = _REAL | _COMPLEX
_SMALL = _kinds("uint8 uint16 int8 int16")
_BOOL_OR_UNSIGNED = BOOL | _UNSIGNED
# What a kernel that lacks a dtype is given instead; its result is cast back.
_CARRIER = {tf.uint32: tf.int64, tf.uint64: tf.int64} | dict.fromkeys(_HALF, tf.float32)
_CARRIER |= dict.fromkeys(BOOL | _SMALL, tf.int32)


def dtype_of_name(dtype: Any) -> tf.DType:
    """TensorFlow's dtype for one that a user named, ``floatx()`` for None."""
    return DTYPES[dtypes.standardize(None) if dtype is None else dtypes.explicit(dtype)]


def to(x: Any, kind: tf.DType) -> Any:
    """A tensor in another dtype."""
    return x if x.dtype is kind else tf.cast(x, kind)


def as_float(x: Any) -> Any:
    """`x` as a tensor of a float or complex type."""
    x = asarray(x)
    return x if x.dtype in _INEXACT else tf.cast(x, DTYPES[config.floatx()])


def promoted(a: Any, b: Any) -> tuple[Any, Any]:
    """Two tensors of the dtype that their kinds have in common."""
    if isinstance(a, Tensor):
        if isinstance(b, Tensor):
            if a.dtype is b.dtype:
                return a, b
        elif (type(b) is float and a.dtype in _REAL) or (type(b) is int and a.dtype in _WEAK_INT):
            return a, tf.constant(b, a.dtype)
    elif isinstance(b, Tensor) and type(a) in (int, float):
        return promoted(b, a)[::-1]
    kind = dtypes.result_type(a, b)
    return asarray(a, kind), asarray(b, kind)


_WEAK_INT = _REAL | _kinds("int32")


def all_promoted(xs: Sequence[Any]) -> list[Any]:
    """Tensors of the dtype that all have in common."""
    if builtins.all(isinstance(x, Tensor) for x in xs):
        first = xs[0].dtype
        if builtins.all(x.dtype is first for x in xs):
            return list(xs)
    kind = dtypes.result_type(*xs)
    return [asarray(x, kind) for x in xs]


def as_floats(a: Any, b: Any) -> tuple[Any, Any]:
    """Two tensors of a common float or complex type."""
    a, b = promoted(a, b)
    return as_float(a), as_float(b)


def ints(values: Any) -> Any:
    """Sizes or axes as a tensor: TensorFlow takes much longer to convert a list by itself."""
    return tf.constant(list(values), tf.int32)


def held(x: Any, low: int, high: int) -> Any:
    """Integers held within a range."""
    return raw.ClipByValue(
        t=x, clip_value_min=tf.constant(low, x.dtype), clip_value_max=tf.constant(high, x.dtype)
    )


# --- conversion ---------------------------------------------------------------------------------


@override
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    return asarray(x, None if dtype is None else dtypes.explicit(dtype))


@override
def cast(x: Any, dtype: Any) -> Any:
    return asarray(x, dtypes.explicit(dtype))


OVERRIDES["copy"] = lambda x: tf.identity(asarray(x))
OVERRIDES["stop_gradient"] = lambda variable: tf.stop_gradient(asarray(variable))


# --- element-wise -------------------------------------------------------------------------------


def _unary(name: str, native: Callable, floating: bool = False, lacking: Any = frozenset()) -> None:
    """An op of one tensor; `lacking` are the dtypes for which there is no kernel."""

    def run(x: Any) -> Any:
        if floating:
            if not (isinstance(x, Tensor) and x.dtype in _INEXACT):
                x = as_float(x)
        else:
            x = asarray(x)
        if lacking and x.dtype in lacking:
            return tf.cast(native(x=tf.cast(x, _CARRIER[x.dtype])), x.dtype)
        return native(x=x)

    OVERRIDES[name] = run


_LN2, _LN10, _DEGREE = np.log(2.0), np.log(10.0), np.pi / 180


def _cbrt(x: Any) -> Any:
    return tf.sign(x) * tf.pow(tf.abs(x), 1 / 3)


def _sinc(x: Any) -> Any:
    zero = tf.equal(x, 0)
    x = tf.where(zero, tf.ones_like(x), x * np.pi)
    # Near zero, where it is 1 - x²/6, also the derivative is right.
    return tf.where(zero, tf.ones_like(x), tf.sin(x) / x)


for _name, _native in {
    "sqrt": raw.Sqrt, "rsqrt": raw.Rsqrt, "exp": raw.Exp, "expm1": raw.Expm1, "log": raw.Log,
    "log1p": raw.Log1p, "sin": raw.Sin, "cos": raw.Cos, "tan": raw.Tan, "sinh": raw.Sinh,
    "cosh": raw.Cosh, "tanh": raw.Tanh, "arcsin": raw.Asin, "arccos": raw.Acos,
    "arctan": raw.Atan, "arcsinh": raw.Asinh, "arccosh": raw.Acosh, "arctanh": raw.Atanh,
    "reciprocal": raw.Reciprocal, "erf": raw.Erf, "erfc": raw.Erfc, "ceil": raw.Ceil,
    "floor": raw.Floor, "cbrt": _cbrt, "sinc": _sinc, "fabs": raw.Abs,
    "exp2": lambda x: tf.exp(x * _LN2), "log2": lambda x: tf.math.log(x) / _LN2,
    "log10": lambda x: tf.math.log(x) / _LN10, "deg2rad": lambda x: x * _DEGREE,
    "rad2deg": lambda x: x / _DEGREE,
}.items():  # fmt: skip
    _unary(_name, _native, floating=True)
for _name, _native in {
    "erfinv": raw.Erfinv, "lgamma": raw.Lgamma, "digamma": raw.Digamma, "i0": raw.BesselI0,
}.items():  # fmt: skip
    _unary(_name, _native, floating=True, lacking=_HALF)
_unary("negative", raw.Neg, lacking=_BOOL_OR_UNSIGNED)
_unary("sign", raw.Sign, lacking=_BOOL_OR_UNSIGNED)
_unary("positive", lambda x: tf.identity(x))
_unary("conjugate", lambda x: tf.math.conj(x) if x.dtype.is_complex else tf.identity(x))
_unary("bitwise_not", lambda x: ~x)


@override
def absolute(x: Any) -> Any:
    x = asarray(x)
    return x if x.dtype in _BOOL_OR_UNSIGNED else tf.abs(x)


@override
def square(x: Any) -> Any:
    return raw.Square(x=number(x))


def number(x: Any) -> Any:
    """`x` as a tensor of numbers: booleans as int32."""
    x = asarray(x)
    return tf.cast(x, tf.int32) if x.dtype is tf.bool else x


def _bool(x: Any) -> Any:
    x = asarray(x)
    return x if x.dtype is tf.bool else tf.cast(x, tf.bool)


def _of_floats(name: str, native: Callable, otherwise: bool) -> None:
    """A test of floats, whose answer for other real numbers is always the same."""

    def run(x: Any) -> Any:
        x = asarray(x)
        if x.dtype in _REAL:
            return native(x)
        if x.dtype in _COMPLEX:
            a, b = native(tf.math.real(x)), native(tf.math.imag(x))
            return a & b if otherwise else a | b
        return tf.fill(tf.shape(x), otherwise)

    OVERRIDES[name] = run


_of_floats("isnan", tf.math.is_nan, False)
_of_floats("isinf", tf.math.is_inf, False)
_of_floats("isfinite", tf.math.is_finite, True)
_of_floats("isposinf", lambda x: tf.equal(x, tf.constant(np.inf, x.dtype)), False)
_of_floats("isneginf", lambda x: tf.equal(x, tf.constant(-np.inf, x.dtype)), False)
OVERRIDES["logical_not"] = lambda x: tf.logical_not(_bool(x))


@override
def signbit(x: Any) -> Any:
    x = number(x)
    if x.dtype in _HALF:
        x = tf.cast(x, tf.float32)
    if x.dtype in _REAL:
        x = tf.bitcast(x, tf.int32 if x.dtype is tf.float32 else tf.int64)
    return tf.less(x, tf.zeros([], x.dtype))


@override
def trunc(x: Any) -> Any:
    x = asarray(x)
    if x.dtype not in _REAL:
        return x
    return tf.where(tf.less(x, 0), tf.math.ceil(x), tf.floor(x))


@override
def real(x: Any) -> Any:
    x = asarray(x)
    return tf.math.real(x) if x.dtype.is_complex else tf.identity(x)


@override
def imag(x: Any) -> Any:
    x = asarray(x)
    return tf.math.imag(x) if x.dtype in _COMPLEX else tf.zeros_like(x)


@override
def isreal(x: Any) -> Any:
    x = asarray(x)
    return tf.equal(imag(x), tf.zeros([], imag(x).dtype))


@override
def angle(x: Any) -> Any:
    x = as_float(x)
    if x.dtype in _COMPLEX:
        return tf.math.angle(x)
    return tf.where(tf.less(x, 0), tf.constant(np.pi, x.dtype), tf.zeros_like(x))


@override
def round(x: Any, decimals: int = 0) -> Any:
    x = number(x)
    if x.dtype not in _INEXACT:
        if decimals >= 0:
            return x
        return tf.cast(round(tf.cast(x, tf.float64), decimals), x.dtype)
    if decimals == 0:
        return tf.round(x)
    scale = tf.constant(10.0**decimals, x.dtype)
    return tf.round(x * scale) / scale


def _binary(
    name: str,
    native: Callable,
    floating: bool = False,
    numeric: bool = False,
    lacking: frozenset = BOOL,
) -> None:
    """An op of two tensors.

    Args:
        name: Its name.
        native: Its computation, given x and y of one dtype.
        floating: Whether integers become floats.
        numeric: Whether booleans become int32.
        lacking: The dtypes for which there is no kernel.
    """

    def run(x1: Any, x2: Any) -> Any:
        x1, x2 = promoted(x1, x2)
        kind = x1.dtype
        if floating and kind not in _INEXACT:
            x1, x2 = as_float(x1), as_float(x2)
            kind = x1.dtype
        if kind not in lacking:
            return native(x=x1, y=x2)
        out = native(x=tf.cast(x1, _CARRIER[kind]), y=tf.cast(x2, _CARRIER[kind]))
        keep = (numeric and kind is tf.bool) or out.dtype is tf.bool
        return out if keep else tf.cast(out, kind)

    OVERRIDES[name] = run


def _hypot(x: Any, y: Any) -> Any:
    x, y = tf.abs(x), tf.abs(y)
    large = tf.stop_gradient(tf.maximum(x, y))
    large = tf.where(tf.equal(large, 0) | tf.math.is_inf(large), tf.ones_like(large), large)
    return tf.sqrt(tf.square(x / large) + tf.square(y / large)) * large


def _logaddexp(x: Any, y: Any) -> Any:
    gap = x - y
    lost = tf.math.is_nan(gap)  # both infinite, or one NaN
    gap = tf.where(lost, tf.zeros_like(gap), gap)
    out = tf.where(tf.greater(gap, 0), x + tf.math.softplus(-gap), y + tf.math.softplus(gap))
    return tf.where(lost, x + y, out)


def _fmod(x: Any, y: Any) -> Any:
    out = raw.TruncateMod(x=x, y=y)
    if x.dtype not in _REAL:
        return out
    # TensorFlow knows no derivative of it: that of the formula is taken.
    formula = x - tf.stop_gradient(trunc(x / y)) * y
    return formula + tf.stop_gradient(out - formula)


def _nextafter(x: Any, y: Any) -> Any:
    # Floats of one sign are ordered as the integers of their bits are.
    kind = {2: tf.int16, 4: tf.int32, 8: tf.int64}[x.dtype.size]
    x, y = x + tf.zeros_like(y), y + tf.zeros_like(x)
    bits, away = tf.bitcast(x, kind), tf.equal(tf.greater(y, x), tf.greater(x, 0))
    moved = tf.bitcast(bits + tf.where(away, tf.ones_like(bits), -tf.ones_like(bits)), x.dtype)
    least = tf.bitcast(tf.ones_like(bits), x.dtype)
    moved = tf.where(tf.equal(x, 0), tf.where(tf.greater(y, 0), least, -least), moved)
    return tf.where(tf.equal(x, y) | tf.math.is_nan(y), y, tf.where(tf.math.is_nan(x), x, moved))


for _name, _native in {
    "add": raw.AddV2, "subtract": raw.Sub, "multiply": raw.Mul, "maximum": raw.Maximum,
    "minimum": raw.Minimum, "less": raw.Less, "less_equal": raw.LessEqual,
    "greater": raw.Greater, "greater_equal": raw.GreaterEqual, "bitwise_and": raw.BitwiseAnd,
    "bitwise_or": raw.BitwiseOr, "bitwise_xor": raw.BitwiseXor,
}.items():  # fmt: skip
    _binary(_name, _native)
_binary("equal", lambda x, y: raw.Equal(x=x, y=y), lacking=frozenset())
_binary("not_equal", lambda x, y: raw.NotEqual(x=x, y=y), lacking=frozenset())
_binary("floor_divide", raw.FloorDiv, numeric=True)
_binary("mod", raw.FloorMod, numeric=True)
_binary("fmod", _fmod, numeric=True, lacking=BOOL | _SMALL | _UNSIGNED)
_binary("left_shift", raw.LeftShift, numeric=True)
_binary("right_shift", raw.RightShift, numeric=True)
_binary("divide", raw.RealDiv, floating=True)
_binary("arctan2", lambda x, y: raw.Atan2(y=x, x=y), floating=True)
_binary("hypot", _hypot, floating=True)
_binary("logaddexp", _logaddexp, floating=True)
_binary("logaddexp2", lambda x, y: _logaddexp(x * _LN2, y * _LN2) / _LN2, floating=True)
_binary("nextafter", _nextafter, floating=True)
_binary("gcd", lambda x, y: tf.experimental.numpy.gcd(x, y), lacking=_BOOL_OR_UNSIGNED)
_binary("lcm", lambda x, y: tf.experimental.numpy.lcm(x, y), lacking=_BOOL_OR_UNSIGNED)
_binary("_power", raw.Pow, numeric=True, lacking=_BOOL_OR_UNSIGNED)
_power = OVERRIDES.pop("_power")

OVERRIDES["logical_and"] = lambda x1, x2: tf.logical_and(_bool(x1), _bool(x2))
OVERRIDES["logical_or"] = lambda x1, x2: tf.logical_or(_bool(x1), _bool(x2))
OVERRIDES["logical_xor"] = lambda x1, x2: tf.not_equal(_bool(x1), _bool(x2))


@override
def power(x1: Any, x2: Any) -> Any:
    if type(x2) is int and 1 <= x2 <= 4:  # much faster than the general one
        x = number(x1)
        twice = raw.Square(x=x) if x2 > 1 else x
        return (twice, twice, x * twice, raw.Square(x=twice))[x2 - 1]
    return _power(x1, x2)


@override
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    x = number(x)
    if x_min is not None:
        x = OVERRIDES["maximum"](x, x_min)
    return x if x_max is None else OVERRIDES["minimum"](x, x_max)


@override
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    condition = _bool(condition)
    if x1 is None and x2 is None:
        return nonzero(condition)
    x1, x2 = promoted(x1, x2)
    return raw.SelectV2(condition=condition, t=x1, e=x2)


# --- reductions ---------------------------------------------------------------------------------


def _reduction(name: str, native: Callable, prepare: Callable, wide: bool = False) -> None:
    """`wide`: half precision is summed in float32."""

    def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = prepare(x)
        axis = ints(axis) if isinstance(axis, (list, tuple)) else axis
        if wide and x.dtype in _HALF:
            return tf.cast(native(tf.cast(x, tf.float32), axis, keepdims), x.dtype)
        return native(x, axis, keepdims)

    OVERRIDES[name] = reduce


def _summand(x: Any) -> Any:
    x = asarray(x)
    if x.dtype in _SMALL or x.dtype is tf.bool:
        return tf.cast(x, tf.uint32 if x.dtype in _UNSIGNED else tf.int32)
    return x


_reduction("sum", tf.reduce_sum, _summand, wide=True)
_reduction("mean", tf.reduce_mean, as_float, wide=True)
_reduction("var", tf.math.reduce_variance, as_float, wide=True)
_reduction("std", tf.math.reduce_std, as_float, wide=True)
_reduction("logsumexp", tf.reduce_logsumexp, as_float, wide=True)
_reduction("all", tf.reduce_all, _bool)
_reduction("any", tf.reduce_any, _bool)


@override
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    x = _summand(x) if dtype is None else asarray(x, dtypes.explicit(dtype))
    return tf.reduce_prod(x, axis, keepdims)


def _extreme(name: str, native: Callable, of_bool: Callable, combine: Callable) -> None:
    def reduce(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
        x = asarray(x)
        out = (of_bool if x.dtype is tf.bool else native)(x, axis, keepdims)
        return out if initial is None else combine(out, asarray(initial, x.dtype.name))

    OVERRIDES[name] = reduce


_extreme("max", tf.reduce_max, tf.reduce_any, tf.maximum)
_extreme("min", tf.reduce_min, tf.reduce_all, tf.minimum)


def _position(name: str, native: Callable) -> None:
    def find(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = asarray(x)
        rank = x.shape.rank
        out = native(
            tf.reshape(x, [-1]) if axis is None else x, 0 if axis is None else axis, tf.int32
        )
        if not keepdims:
            return out
        return tf.reshape(out, [1] * rank) if axis is None else tf.expand_dims(out, axis)

    OVERRIDES[name] = find


_position("argmax", tf.argmax)
_position("argmin", tf.argmin)


def _cumulative(name: str, native: Callable) -> None:
    def run(x: Any, axis: Any = None, dtype: Any = None) -> Any:
        x = number(x) if dtype is None else asarray(x, dtypes.explicit(dtype))
        return native(tf.reshape(x, [-1]), 0) if axis is None else native(x, axis)

    OVERRIDES[name] = run


_cumulative("cumsum", tf.cumsum)
_cumulative("cumprod", tf.math.cumprod)


# --- order --------------------------------------------------------------------------------------


def _sortable(x: Any) -> Any:
    x = number(x)
    # Comparisons with NaN would leave any order: it goes to the end, as infinity.
    return tf.where(tf.math.is_nan(x), tf.constant(np.inf, x.dtype), x) if x.dtype in _REAL else x


@override
def sort(x: Any, axis: Any = -1) -> Any:
    x = asarray(x)
    if axis is None:
        x, axis = tf.reshape(x, [-1]), 0
    out = tf.cast(tf.sort(_sortable(x), axis), x.dtype)
    if x.dtype not in _REAL:
        return out
    n, place = x.shape[axis], normalize_axis(axis, x.shape.rank)
    holes = tf.reduce_sum(tf.cast(tf.math.is_nan(x), tf.int32), axis, keepdims=True)
    column = tf.reshape(tf.range(n), [n if i == place else 1 for i in range(x.shape.rank)])
    return tf.where(column >= n - holes, tf.constant(np.nan, x.dtype), out)


@override
def argsort(x: Any, axis: Any = -1) -> Any:
    x = _sortable(x)
    return tf.argsort(tf.reshape(x, [-1]), 0) if axis is None else tf.argsort(x, axis, stable=True)


@override
def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    return tuple(tf.math.top_k(asarray(x), k, sorted))


@override
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    line, values = promoted(sorted_sequence, values)
    return tf.reshape(tf.searchsorted(line, tf.reshape(values, [-1]), side), values.shape)


@override
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    x = asarray(x, "int32")
    length = minlength
    if not tf.is_symbolic_tensor(x):
        length = builtins.max(minlength, int(tf.reduce_max(x)) + 1 if builtins.min(x.shape) else 0)
    values = tf.ones_like(x) if weights is None else tf.broadcast_to(asarray(weights), x.shape)
    rows = tf.reshape(x, [-1, x.shape[-1]])
    first = tf.range(rows.shape[0])[:, None] * length
    places = tf.where((rows >= 0) & (rows < length), rows + first, -1)
    out = tf.math.unsorted_segment_sum(values, tf.reshape(places, x.shape), rows.shape[0] * length)
    return tf.reshape(out, [*x.shape[:-1], length])


# --- shapes -------------------------------------------------------------------------------------


def shape_list(shape: Any) -> list[Any]:
    """A shape given as an int or a sequence, as a list."""
    if isinstance(shape, (int, np.integer)):
        return [int(shape)]
    try:
        return [int(d) for d in shape]
    except TypeError:  # parts of ``tf.shape(x)``, which the graph may know
        from . import engine

        known = engine().known_sizes(shape)
        if known is None:
            raise
        return known


@override
def reshape(x: Any, newshape: Any) -> Any:
    x = asarray(x)
    if isinstance(newshape, (list, tuple)) and None in newshape:
        from ..ops.arrange import target_shape

        # A graph may not know the sizes; then one of them is what is left over.
        newshape = [-1 if d is None else d for d in target_shape(x.shape, newshape)]
    return tf.reshape(x, ints([newshape] if isinstance(newshape, int) else newshape))


@override
def transpose(x: Any, axes: Any = None) -> Any:
    x = asarray(x)
    if axes is not None:
        axes = [normalize_axis(a, x.shape.rank) for a in axes]
    return raw.Transpose(x=x, perm=ints(axes or range(x.shape.rank)[::-1]))


@override
def expand_dims(x: Any, axis: Any) -> Any:
    x = asarray(x)
    if not isinstance(axis, (list, tuple)):
        return tf.expand_dims(x, axis)
    rank = x.shape.rank + len(axis)
    for a in builtins.sorted(normalize_axis(a, rank) for a in axis):
        x = tf.expand_dims(x, a)
    return x


@override
def squeeze(x: Any, axis: Any = None) -> Any:
    return tf.squeeze(asarray(x), axis)


@override
def broadcast_to(x: Any, shape: Any) -> Any:
    return tf.broadcast_to(asarray(x), shape_list(shape))


@override
def flip(x: Any, axis: Any = None) -> Any:
    x = asarray(x)
    return tf.reverse(x, list(normalize_axes(axis, x.shape.rank)))


@override
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    x = asarray(x)
    if axis is None:
        return tf.reshape(tf.roll(tf.reshape(x, [-1]), shift, 0), x.shape)
    if isinstance(axis, (list, tuple)) and not isinstance(shift, (list, tuple)):
        shift = [shift] * len(axis)
    return tf.roll(x, shift, axis)


@override
def concatenate(xs: Any, axis: int = 0) -> Any:
    return tf.concat(all_promoted(xs), axis)


@override
def stack(x: Any, axis: int = 0) -> Any:
    return tf.stack(all_promoted(x), axis)


@override
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    from ..ops.arrange import _between

    x = asarray(x)
    if isinstance(indices_or_sections, (int, np.integer)):
        return tf.split(x, int(indices_or_sections), axis)
    return tf.split(x, _between([int(i) for i in indices_or_sections], x.shape[axis]), axis)


@override
def tile(x: Any, repeats: Any) -> Any:
    x, counts = asarray(x), shape_list(repeats)
    rank = x.shape.rank
    if len(counts) > rank:
        x = tf.reshape(x, [1] * (len(counts) - rank) + x.shape)
    return tf.tile(x, [1] * (rank - len(counts)) + counts)


@override
def repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    x = asarray(x)
    if axis is None:
        x, axis = tf.reshape(x, [-1]), 0
    counts = np.asarray(repeats)
    if counts.size == 1:
        return tf.repeat(x, int(counts.reshape(-1)[0]), axis)
    return tf.gather(x, np.repeat(np.arange(x.shape[axis]), counts), axis=axis)


@override
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    from ..ops import arrange

    x = asarray(x)
    if mode != "constant" or np.ndim(constant_values):
        return arrange.pad.body(x, pad_width, mode, constant_values)  # type: ignore[attr-defined]
    fill = asarray(0 if constant_values is None else constant_values, x.dtype.name)
    return tf.pad(x, arrange.pad_pairs(pad_width, x.shape.rank), constant_values=fill)


# --- making tensors -----------------------------------------------------------------------------


def _filled(value: Any, name: str) -> None:
    def like(x: Any, dtype: Any = None) -> Any:
        x = asarray(x)
        return full_of(x.shape, x.dtype if dtype is None else dtype_of_name(dtype))

    def full_of(shape: Any, kind: tf.DType) -> Any:
        number = tf.constant(np.asarray(value, kind.as_numpy_dtype))
        return tf.fill(ints(shape_list(shape)), number)

    OVERRIDES[name] = lambda shape, dtype=None: full_of(shape, dtype_of_name(dtype))
    OVERRIDES[name + "_like"] = like


_filled(0, "zeros")
_filled(0, "empty")
_filled(1, "ones")


@override
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    kind = dtype_of_name(dtype)
    return tf.broadcast_to(asarray(fill_value, kind.name), shape_list(shape))


@override
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    x = asarray(x)
    return full(x.shape, fill_value, x.dtype.name if dtype is None else dtype)


@override
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    from ..ops.create import range_dtype

    kind = DTYPES[range_dtype(start, stop, step, dtype)]
    if stop is None:
        start, stop = 0, start
    inner = kind if kind in _REAL or kind in (tf.int32, tf.int64) else _CARRIER[kind]
    limits = (v if isinstance(v, (int, float)) else asarray(v) for v in (start, stop, step or 1))
    start, stop, step = limits
    if inner not in _REAL and any(not isinstance(v, int) for v in limits):
        start, stop, step = (tf.cast(v, inner) for v in (start, stop, step))
    return to(tf.range(start, stop, step, dtype=inner), kind)


@override
def diag(x: Any, k: int = 0) -> Any:
    x = asarray(x)
    return tf.linalg.diag(x, k=k) if x.shape.rank == 1 else diagonal(x, k)


@override
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = asarray(x)
    a, b = normalize_axis(axis1, x.shape.rank), normalize_axis(axis2, x.shape.rank)
    rest = [i for i in range(x.shape.rank) if i not in (a, b)]
    x = tf.transpose(x, [*rest, a, b])
    if not -x.shape[-2] < offset < x.shape[-1]:
        return tf.zeros([*x.shape[:-2], 0], x.dtype)
    return tf.linalg.diag_part(x, k=offset)


# --- indexing -----------------------------------------------------------------------------------


def _is_array(k: Any) -> bool:
    if isinstance(k, (list, bool, np.bool_)):
        return True
    return hasattr(k, "shape") and (len(k.shape) > 0 or dtypes.standardize(k.dtype) == "bool")


def _scalar(k: Any) -> Any:
    if isinstance(k, Tensor) and k.dtype not in (tf.int32, tf.int64):
        return tf.cast(k, tf.int32)
    return int(k) if isinstance(k, (np.ndarray, np.generic)) else k


@override
def get_item(x: Any, key: Any) -> Any:
    x = asarray(x)
    keys = key if isinstance(key, tuple) else (key,)
    if builtins.any(_is_array(k) for k in keys):
        return _picked(x, keys)
    return x[tuple(_scalar(k) for k in keys)]


def _picked(x: Any, keys: tuple) -> Any:
    """Elements at arrays of indices: the other keys are taken first."""
    plain = _plain_keys(x, keys)
    spots = [i for i, k in enumerate(plain) if not (k is None or isinstance(k, builtins.slice))]
    x = x[tuple(builtins.slice(None) if i in spots else k for i, k in enumerate(plain))]
    found = [_within(plain[i], x.shape[i]) for i in spots]
    if len(spots) == 1:
        return tf.gather(x, found[0], axis=spots[0])
    rest = [i for i in range(x.shape.rank) if i not in spots]
    shape = found[0]
    for k in found[1:]:
        shape = tf.zeros_like(shape) + tf.zeros_like(k)
    places = tf.stack([k + tf.zeros_like(shape) for k in found], -1)
    out = tf.gather_nd(tf.transpose(x, spots + rest), places)
    # NumPy's rule: arrays that stand side by side leave their axes there, else these come first.
    start = spots[0] if spots[-1] - spots[0] + 1 == len(spots) else 0
    new = places.shape.rank - 1
    order = [*range(new, new + start), *range(new), *range(new + start, out.shape.rank)]
    return tf.transpose(out, order) if start else out


def _plain_keys(x: Any, keys: tuple) -> list[Any]:
    """Keys with masks as indices, one for each axis or new axis."""
    out: list[Any] = []
    for k in keys:
        if isinstance(k, (list, bool, np.bool_)):
            k = np.asarray(k)
        if getattr(k, "dtype", None) in (np.dtype(bool), tf.bool):
            k = np.nonzero(k) if isinstance(k, (np.ndarray, np.generic)) else nonzero(k)
            out.extend(k)
        else:
            out.append(k)
    used = builtins.sum(k is not None and k is not Ellipsis for k in out)
    free = [builtins.slice(None)] * (x.shape.rank - used)
    for i, k in enumerate(out):
        if k is Ellipsis:
            return [*out[:i], *free, *out[i + 1 :]]
    return out + free


def _within(k: Any, n: Any) -> Any:
    """Indices, held within an axis of n, counted from the front."""
    if not isinstance(k, Tensor):
        k = np.asarray(k)
        return tf.constant(np.clip(np.where(k < 0, k + n, k), 0, builtins.max(n - 1, 0)), tf.int32)
    k = k if k.dtype is tf.int64 else to(k, tf.int32)
    return held(tf.where(k < 0, k + n, k), 0, builtins.max(n - 1, 0))


def _outside(kind: tf.DType) -> Any:
    """What stands for an element that is not there."""
    if kind in _INEXACT:
        return np.nan
    return True if kind is tf.bool else kind.max if kind in _UNSIGNED else kind.min


def _gathered(x: Any, indices: Any, gather: Callable, n: int) -> Any:
    """``gather(indices held within n)`` and the mark of an absent element where one was not.

    `gather` gives also the shape in which the indices stand beside the result.
    """
    if not isinstance(indices, Tensor):
        k = np.asarray(indices)
        if ((k >= -n) & (k < n)).all():
            return gather(_within(k, n))[0]
    k = asarray(indices)
    k = k if k.dtype is tf.int64 else to(k, tf.int32)
    out, shape = gather(_within(k, n))
    known = tf.reshape((k >= -n) & (k < n), shape)
    return tf.where(known, out, tf.constant(_outside(x.dtype), x.dtype))


@override
def take(x: Any, indices: Any, axis: Any = None) -> Any:
    x = asarray(x)
    if axis is None:
        x, axis = tf.reshape(x, [-1]), 0
    axis = normalize_axis(axis, x.shape.rank)

    def gather(k: Any) -> Any:
        return tf.gather(x, k, axis=axis), k.shape + [1] * (x.shape.rank - axis - 1)

    return _gathered(x, indices, gather, x.shape[axis])


@override
def take_along_axis(x: Any, indices: Any, axis: Any = None) -> Any:
    x, indices = asarray(x), asarray(indices)
    if axis is None:
        x, indices, axis = tf.reshape(x, [-1]), tf.reshape(indices, [-1]), 0
    rank = x.shape.rank
    if indices.shape.rank != rank:
        raise ValueError("take_along_axis: x and indices must have the same number of axes.")
    axis = normalize_axis(axis, rank)
    order = [*(i for i in range(rank) if i != axis), axis]
    back = [order.index(i) for i in range(rank)]
    x, indices = tf.transpose(x, order), tf.transpose(indices, order)
    rows = np.broadcast_shapes(tuple(x.shape[:-1]), tuple(indices.shape[:-1]))
    x = tf.broadcast_to(x, [*rows, x.shape[-1]])
    indices = tf.broadcast_to(indices, [*rows, indices.shape[-1]])

    def gather(k: Any) -> Any:
        return tf.gather(x, k, axis=rank - 1, batch_dims=rank - 1), k.shape

    return tf.transpose(_gathered(x, indices, gather, x.shape[-1]), back)


def _starts(start_indices: Any, x: Any, block: Sequence[int]) -> Any:
    """Where a block of a tensor begins, moved so that it ends within."""
    if not isinstance(start_indices, (list, tuple, np.ndarray)):
        start_indices = tf.unstack(asarray(start_indices, "int32"))
    starts = [s if isinstance(s, Tensor) else int(s) for s in start_indices]
    return [
        held(tf.cast(tf.where(s < 0, s + d, s), tf.int32), 0, d - n)
        if isinstance(s, Tensor)
        else builtins.min(builtins.max(s + d if s < 0 else s, 0), d - n)
        for s, d, n in zip(starts, x.shape, block)
    ]


@override
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    x = asarray(inputs)
    sizes = [int(n) for n in shape]
    if -1 in sizes:
        sizes = [d - int(s) if n == -1 else n for n, d, s in zip(sizes, x.shape, start_indices)]
    starts = _starts(start_indices, x, sizes)
    return tf.ensure_shape(tf.slice(x, starts, sizes), sizes)


@override
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    x = asarray(inputs)
    new = asarray(updates, x.dtype.name)
    sizes = list(new.shape)
    starts = _starts(start_indices, x, sizes)
    inside = tf.constant(True)
    for axis, (start, n, d) in enumerate(zip(starts, sizes, x.shape)):
        if n < d:
            place = tf.range(d) - start
            new = tf.gather(new, held(place, 0, n - 1), axis=axis)
            column = [-1 if i == axis else 1 for i in range(len(sizes))]
            inside = inside & tf.reshape((place >= 0) & (place < n), column)
    return tf.where(inside, new, x)


def _places(indices: Any, shape: Any) -> Any:
    """Positions on the last axis, counted from the front."""
    indices = asarray(indices)
    indices = indices if indices.dtype is tf.int64 else to(indices, tf.int32)
    sizes = tf.constant([int(d) for d in shape[: indices.shape[-1]]], indices.dtype)
    return tf.where(indices < 0, indices + sizes, indices)


@override
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    values, sizes = asarray(values), shape_list(shape)
    out = tf.scatter_nd(_places(indices, sizes), number(values), sizes)
    return to(out, values.dtype)


_COMBINED = {
    None: tf.tensor_scatter_nd_update, "add": tf.tensor_scatter_nd_add,
    "max": tf.tensor_scatter_nd_max, "min": tf.tensor_scatter_nd_min,
}  # fmt: skip


@override
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: Any = None) -> Any:
    x = asarray(inputs)
    updates, places = asarray(updates, x.dtype.name), _places(indices, x.shape)
    if reduction in _COMBINED:
        updates = tf.broadcast_to(updates, places.shape[:-1] + x.shape[places.shape[-1] :])
        return _COMBINED[reduction](x, places, updates)
    if reduction != "mul":
        raise ValueError(f"scatter_update: unknown reduction {reduction!r}.")
    depth = places.shape[-1]
    sizes = [int(d) for d in x.shape[:depth]]
    strides = np.cumprod([1, *sizes[:0:-1]])[::-1]
    flat = tf.reduce_sum(places * tf.constant(strides.copy(), places.dtype), -1)
    factors = tf.math.unsorted_segment_prod(updates, flat, int(np.prod(sizes)))
    return x * tf.reshape(factors, x.shape)


@override
def nonzero(x: Any) -> Any:
    x = _bool(x)
    return tuple(tf.unstack(tf.cast(tf.where(x), tf.int32), x.shape.rank, axis=1))


def _segment(name: str, native: Callable, empty: float | None = None) -> None:
    def reduce(data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False) -> Any:
        data, ids = asarray(data), asarray(segment_ids)
        n = int(tf.reduce_max(ids)) + 1 if num_segments is None else num_segments
        ids = tf.where(ids < n, ids, -1)
        out = native(data, ids, n)
        if empty is None or data.dtype not in _REAL:
            return out
        met = tf.math.unsorted_segment_max(tf.ones_like(ids), ids, n) > 0
        met = tf.reshape(met, [n] + [1] * (data.shape.rank - 1))
        return tf.where(met, out, tf.constant(empty, data.dtype))

    OVERRIDES[name] = reduce


_segment("segment_sum", tf.math.unsorted_segment_sum)
_segment("segment_prod", tf.math.unsorted_segment_prod)
_segment("segment_max", tf.math.unsorted_segment_max, -np.inf)
_segment("segment_min", tf.math.unsorted_segment_min, np.inf)


# --- products -----------------------------------------------------------------------------------


def _carried(native: Callable, *tensors: Any) -> Any:
    """A product of tensors of one dtype, in another where there is no kernel for it."""
    kind = tensors[0].dtype
    if kind in _INEXACT or kind in (tf.int32, tf.int64):
        return native(*tensors)
    return tf.cast(native(*(tf.cast(t, _CARRIER[kind]) for t in tensors)), kind)


@override
def matmul(x1: Any, x2: Any) -> Any:
    x1, x2 = asarray(x1), asarray(x2)
    if x1.dtype is tf.int8 and x2.dtype is tf.int8:
        x1, x2 = tf.cast(x1, tf.int32), tf.cast(x2, tf.int32)
    return _carried(_product, *promoted(x1, x2))


def _product(a: Any, b: Any) -> Any:
    p, q = a.shape.rank, b.shape.rank
    if p == 2 and q == 2:
        return raw.MatMul(a=a, b=b)
    if p == 1 or q == 1:
        return tf.tensordot(a, b, [[-1], [-2 if q > 1 else 0]])
    if q == 2:  # one product of matrices, not one for each of a batch
        out = raw.MatMul(a=tf.reshape(a, [-1, a.shape[-1]]), b=b)
        return tf.reshape(out, a.shape[:-1] + b.shape[-1:])
    return raw.BatchMatMulV2(x=a, y=b)


@override
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    x1, x2 = promoted(x1, x2)
    return _carried(lambda a, b: tf.tensordot(a, b, axes), x1, x2)


@override
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    return _carried(lambda *xs: tf.einsum(subscripts, *xs), *all_promoted(operands))


@override
def view(x: Any, dtype: Any = None) -> Any:
    x = asarray(x)
    kind = x.dtype if dtype is None else DTYPES[dtypes.explicit(dtype)]
    if x.dtype == tf.bool:
        x = tf.cast(x, tf.uint8)
    target = tf.uint8 if kind == tf.bool else kind
    old, new, shape = x.dtype.size, target.size, x.shape.as_list()
    if new > old:  # `bitcast` joins the elements of an axis of their own
        x = tf.reshape(x, [*shape[:-1], shape[-1] * old // new, new // old])
    out = tf.bitcast(x, target)
    if new < old:  # and leaves the smaller ones on one
        out = tf.reshape(out, [*shape[:-1], shape[-1] * old // new])
    return tf.cast(out, kind)


@override
def spectrum(x: Any, kind: str, length: int | None = None) -> Any:
    x, back = asarray(x), kind == "irfft"
    if kind not in ("rfft", "irfft"):
        return getattr(tf.signal, kind.replace("2", "2d"))(x)
    if length is not None:  # TensorFlow, too, cuts and fills, but has no derivative of that
        have, want = x.shape[-1], length // 2 + 1 if back else length
        x = tf.pad(x[..., :want], [*[(0, 0)] * (x.shape.rank - 1), (0, max(want - have, 0))])
    return getattr(tf.signal, kind)(x, None if length is None else [length])
