"""Element-wise arithmetic, comparison and logic; conversion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import dtypes
from ..engine import engine
from ..errors import ShapeError
from ..spec import Spec, broadcast, unprobe
from ._define import Tensor, alias, dtype_of, op, primitive, shape_of

# --- families -----------------------------------------------------------------------------------


def _same(dtype: str) -> str:
    return dtype


def _bool(dtype: str) -> str:
    return "bool"


def _number(dtype: str) -> str:
    return "int32" if dtype == "bool" else dtype


def _real(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def _named(body: Callable, name: str, doc: str) -> Any:
    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    return primitive(body)


def _unary(name: str, dtype: Callable[[str], str], doc: str) -> Any:
    """A primitive of one tensor: the result has its shape, and the dtype that `dtype` makes of its."""

    def body(x: Tensor) -> Tensor:
        return Spec(shape_of(x), dtype(dtype_of(x)))

    return _named(body, name, doc)


def _binary(name: str, dtype: Callable[[str], str], doc: str) -> Any:
    """A primitive of two tensors that broadcast; the dtype is made of the promoted one."""

    def body(x1: Tensor, x2: Tensor) -> Tensor:
        shape = broadcast(shape_of(x1), shape_of(x2), what=name)
        return Spec(shape, dtype(dtypes.result_type(x1, x2)))

    return _named(body, name, doc)


def _bitwise(name: str, doc: str, dtype: Callable[[str], str] = _same) -> Any:
    def body(x: Tensor, y: Tensor) -> Tensor:
        shape = broadcast(shape_of(x), shape_of(y), what=name)
        return Spec(shape, dtype(dtypes.result_type(x, y)))

    return _named(body, name, doc)


_float = dtypes.to_float


# --- one tensor ---------------------------------------------------------------------------------

fabs = _unary("fabs", lambda d: _float(_real(d)), "Absolute value, a float also for integers.")
negative = _unary("negative", _same, "``-x``.")
positive = _unary("positive", _same, "``+x``.")
absolute = _unary("absolute", _real, "Absolute value; the modulus of complex numbers.")
abs = alias("abs", absolute)
sign = _unary("sign", _same, "-1, 0 or 1 as `x` is negative, zero or positive.")
signbit = _unary("signbit", _bool, "Whether the sign bit is set (also that of -0.0).")
square = _unary("square", _number, "``x * x``.")
sqrt = _unary("sqrt", _float, "Square root; NaN below zero.")
rsqrt = _unary("rsqrt", _float, "``1 / sqrt(x)``.")
cbrt = _unary("cbrt", _float, "Cube root, real also below zero.")
reciprocal = _unary("reciprocal", _float, "``1 / x``.")
exp = _unary("exp", _float, "e to the power of `x`.")
exp2 = _unary("exp2", _float, "2 to the power of `x`.")
expm1 = _unary("expm1", _float, "``exp(x) - 1``, exact near zero.")
log = _unary("log", _float, "Natural logarithm; -inf at zero, NaN below.")
log1p = _unary("log1p", _float, "``log(1 + x)``, exact near zero.")
log2 = _unary("log2", _float, "Logarithm to base 2.")
log10 = _unary("log10", _float, "Logarithm to base 10.")
sin = _unary("sin", _float, "Sine of an angle in radians.")
cos = _unary("cos", _float, "Cosine of an angle in radians.")
tan = _unary("tan", _float, "Tangent of an angle in radians.")
sinh = _unary("sinh", _float, "Hyperbolic sine.")
cosh = _unary("cosh", _float, "Hyperbolic cosine.")
tanh = _unary("tanh", _float, "Hyperbolic tangent, in (-1, 1).")
arcsin = _unary("arcsin", _float, "Inverse sine in radians, in [-pi/2, pi/2].")
arccos = _unary("arccos", _float, "Inverse cosine in radians, in [0, pi].")
arctan = _unary("arctan", _float, "Inverse tangent in radians, in (-pi/2, pi/2).")
arcsinh = _unary("arcsinh", _float, "Inverse hyperbolic sine.")
arccosh = _unary("arccosh", _float, "Inverse hyperbolic cosine; NaN below 1.")
arctanh = _unary("arctanh", _float, "Inverse hyperbolic tangent; NaN outside [-1, 1].")
sinc = _unary("sinc", _float, "``sin(pi x) / (pi x)``, 1 at zero.")
i0 = _unary("i0", _float, "Modified Bessel function of the first kind and order 0.")
erf = _unary("erf", _float, "Gauss error function.")
erfc = _unary("erfc", _float, "``1 - erf(x)``, exact for large `x`.")
erfinv = _unary("erfinv", _float, "Inverse of the Gauss error function.")
lgamma = _unary("lgamma", _float, "Logarithm of the absolute value of the gamma function.")
digamma = _unary("digamma", _float, "Derivative of `lgamma`.")
ceil = _unary("ceil", _float, "Smallest whole number not below `x`.")
floor = _unary("floor", _float, "Largest whole number not above `x`.")
trunc = _unary("trunc", _same, "`x` without its fraction.")
deg2rad = _unary("deg2rad", _float, "Degrees as radians.")
rad2deg = _unary("rad2deg", _float, "Radians as degrees.")
isnan = _unary("isnan", _bool, "Whether an element is NaN.")
isinf = _unary("isinf", _bool, "Whether an element is infinite.")
isposinf = _unary("isposinf", _bool, "Whether an element is plus infinity.")
isneginf = _unary("isneginf", _bool, "Whether an element is minus infinity.")
isfinite = _unary("isfinite", _bool, "Whether an element is neither NaN nor infinite.")
isreal = _unary("isreal", _bool, "Whether an element has no imaginary part.")
logical_not = _unary("logical_not", _bool, "Whether an element is zero or false.")
real = _unary("real", _real, "Real part.")
imag = _unary("imag", _real, "Imaginary part.")
angle = _unary("angle", lambda d: _real(_float(d)), "Argument of complex numbers, in radians.")
conjugate = _unary("conjugate", _same, "Complex conjugate.")
conj = alias("conj", conjugate)


@primitive
def bitwise_not(x: Tensor) -> Tensor:
    """Every bit inverted."""
    return Spec(shape_of(x), dtype_of(x))


bitwise_invert = alias("bitwise_invert", bitwise_not)

# --- two tensors --------------------------------------------------------------------------------

add = _binary("add", _same, "``x1 + x2``.")
subtract = _binary("subtract", _same, "``x1 - x2``.")
multiply = _binary("multiply", _same, "``x1 * x2``.")
divide = _binary("divide", _float, "``x1 / x2``, a float also for integers.")
true_divide = alias("true_divide", divide)
floor_divide = _binary("floor_divide", _number, "The largest whole number not above ``x1 / x2``.")
mod = _binary("mod", _number, "Remainder of ``x1 / x2`` with the sign of `x2`.")
fmod = _binary("fmod", _number, "Remainder of ``x1 / x2`` with the sign of `x1`.")
power = _binary("power", _number, "`x1` to the power of `x2`.")
maximum = _binary("maximum", _same, "The larger of two; NaN where one is NaN.")
minimum = _binary("minimum", _same, "The smaller of two; NaN where one is NaN.")
arctan2 = _binary("arctan2", _float, "Angle of the point (x2, x1) in radians, in (-pi, pi].")
hypot = _binary("hypot", _float, "``sqrt(x1**2 + x2**2)`` without overflow.")
logaddexp = _binary("logaddexp", _float, "``log(exp(x1) + exp(x2))`` without overflow.")
logaddexp2 = _binary("logaddexp2", _float, "``log2(2**x1 + 2**x2)`` without overflow.")
nextafter = _binary("nextafter", _float, "The float next to `x1` towards `x2`.")
gcd = _binary("gcd", _same, "Greatest common divisor of integers.")
lcm = _binary("lcm", _same, "Least common multiple of integers.")
equal = _binary("equal", _bool, "``x1 == x2``.")
not_equal = _binary("not_equal", _bool, "``x1 != x2``.")
less = _binary("less", _bool, "``x1 < x2``.")
less_equal = _binary("less_equal", _bool, "``x1 <= x2``.")
greater = _binary("greater", _bool, "``x1 > x2``.")
greater_equal = _binary("greater_equal", _bool, "``x1 >= x2``.")
logical_and = _binary("logical_and", _bool, "Whether both are true (not zero).")
logical_or = _binary("logical_or", _bool, "Whether one or both are true (not zero).")
logical_xor = _binary("logical_xor", _bool, "Whether exactly one is true (not zero).")
bitwise_and = _bitwise("bitwise_and", "Bits set in both.")
bitwise_or = _bitwise("bitwise_or", "Bits set in one or both.")
bitwise_xor = _bitwise("bitwise_xor", "Bits set in exactly one.")
left_shift = _bitwise("left_shift", "Bits of `x` moved up by `y` places.", _number)
right_shift = _bitwise(
    "right_shift", "Bits of `x` moved down by `y` places, keeping the sign.", _number
)
bitwise_left_shift = alias("bitwise_left_shift", left_shift)
bitwise_right_shift = alias("bitwise_right_shift", right_shift)


@op
def fmax(x1: Tensor, x2: Tensor) -> Tensor:
    """The larger of two; the other where one is NaN."""
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


@op
def fmin(x1: Tensor, x2: Tensor) -> Tensor:
    """The smaller of two; the other where one is NaN."""
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


@op
def heaviside(x1: Tensor, x2: Tensor) -> Tensor:
    """0 where `x1` is negative, 1 where positive, else `x2`."""
    kind = _float(dtypes.result_type(x1, x2))
    x1, x2 = cast(x1, kind), cast(x2, kind)
    step = where(less(x1, 0), 0.0, where(greater(x1, 0), 1.0, x2))
    return where(isnan(x1), x1, step)


@op
def divide_no_nan(x1: Tensor, x2: Tensor) -> Tensor:
    """``x1 / x2``, and 0 where `x2` is 0 (with a gradient of 0 there)."""
    if isinstance(x2, (bool, int, float)):
        return divide(multiply(x1, 0), 1) if x2 == 0 else divide(x1, x2)
    zero = equal(x2, 0)
    return where(zero, 0, divide(x1, where(zero, 1, x2)))


@op
def ldexp(x1: Tensor, x2: Tensor) -> Tensor:
    """``x1 * 2**x2`` for integer `x2`."""
    return multiply(x1, exp2(cast(x2, _float(dtype_of(x1)))))


@op
def isclose(
    x1: Tensor, x2: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether ``|x1 - x2| <= atol + rtol * |x2|``, element by element."""
    kind = _float(dtypes.result_type(x1, x2))
    x1, x2 = cast(x1, kind), cast(x2, kind)
    near = less_equal(absolute(subtract(x1, x2)), add(atol, multiply(rtol, absolute(x2))))
    close = logical_or(logical_and(near, isfinite(x2)), equal(x1, x2))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


@op
def allclose(
    x1: Tensor, x2: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether all elements are close, as `isclose` says."""
    from .reduce import all

    return all(isclose(x1, x2, rtol, atol, equal_nan))


@op
def view_as_complex(x: Tensor) -> Tensor:
    """Complex numbers out of their real and imaginary parts on the last axis, of size 2."""
    from .index import get_item

    shape = shape_of(x)
    if not shape or shape[-1] != 2:
        raise ShapeError(f"view_as_complex: the last axis must have the size 2, got {shape}.")
    return add(get_item(x, (..., 0)), multiply(get_item(x, (..., 1)), 1j))


@op
def view_as_real(x: Tensor) -> Tensor:
    """Real and imaginary parts of complex numbers, on a new last axis."""
    from .arrange import stack

    return stack([real(x), imag(x)], -1)


# --- more than two, or with settings ------------------------------------------------------------


@primitive
def clip(x: Tensor, x_min: Tensor, x_max: Tensor) -> Tensor:
    """`x` held within ``[x_min, x_max]``; ``None`` leaves a side open."""
    shape = broadcast(shape_of(x), shape_of(x_min), shape_of(x_max), what="clip")
    bounds = [b for b in (x_min, x_max) if b is not None]
    return Spec(shape, _number(dtypes.result_type(x, *bounds)))


@primitive
def where(condition: Tensor, x1: Tensor | None = None, x2: Tensor | None = None) -> Tensor:
    """`x1` where `condition` holds, else `x2`; with `condition` alone, the indices where it holds.

    The gradient of the side that is not taken is zero times its own: keep that side finite.
    """
    if x1 is None and x2 is None:
        raise TypeError("ops.where of a condition alone needs its values: give x1 and x2.")
    shape = broadcast(shape_of(condition), shape_of(x1), shape_of(x2), what="where")
    return Spec(shape, dtypes.result_type(x1, x2))


@primitive
def round(x: Tensor, decimals: int = 0) -> Tensor:
    """The nearest number with that many decimals; halves go to the even neighbour."""
    return Spec(shape_of(x), _number(dtype_of(x)))


@op
def nan_to_num(
    x: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """`x` with NaN and the infinities replaced, these by the largest finite numbers by default."""
    kind = dtype_of(x)
    if not dtypes.is_float(kind):
        return positive(x)
    low, high = number_range(kind)
    x = where(isnan(x), nan, x)
    x = where(isposinf(x), high if posinf is None else posinf, x)
    return where(isneginf(x), low if neginf is None else neginf, x)


# --- conversion ---------------------------------------------------------------------------------


@primitive
def cast(x: Tensor, dtype: Any) -> Tensor:
    """`x` in another dtype; floats to integers drop the fraction.

    >>> cast([0.6, 1.9], "int32").tolist()
    [0, 1]
    """
    return Spec(shape_of(x), dtypes.explicit(dtype))


@primitive
def view(x: Tensor, dtype: Any = None) -> Tensor:
    """The bits of `x` taken for another dtype, its own by default.

    Where elements of the new dtype are smaller or larger, the last axis grows or shrinks.

    >>> view([1.0, -2.0], "int32").tolist()
    [1065353216, -1073741824]
    >>> view([[1, 256]], "uint8").tolist()
    [[1, 0, 0, 0, 0, 1, 0, 0]]
    """
    shape, old = shape_of(x), dtype_of(x)
    new = old if dtype is None else dtypes.explicit(dtype)
    before, after = dtypes.size(old), dtypes.size(new)
    if before == after:
        return Spec(shape, new)
    if not shape:
        raise ShapeError(f"view: a scalar of {old} cannot be viewed as {new}: the sizes differ.")
    if shape[-1] is None:
        return Spec(shape, new)
    if shape[-1] * before % after:
        raise ShapeError(
            f"view: the last axis of {unprobe(shape)}, of {old}, does not hold whole elements of {new}."
        )
    return Spec((*shape[:-1], shape[-1] * before // after), new)


@op
def saturate_cast(x: Tensor, dtype: Any) -> Tensor:
    """`x` in another dtype, held within what that dtype can express.

    >>> saturate_cast([-5.0, 300.0], "uint8").tolist()
    [0, 255]
    """
    target = dtypes.explicit(dtype)
    low, high = number_range(target)
    source = dtype_of(x)
    if dtypes.is_integer(source) or source == "bool":
        least, most = number_range(source)
        low, high = max(low, least), min(high, most)
    return cast(clip(x, low, high), target)


_LARGEST = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float64": 1.7976931348623157e308,
}


def number_range(dtype: str) -> tuple[Any, Any]:
    """Smallest and largest number of a dtype."""
    if dtype == "bool":
        return 0, 1
    if dtypes.is_integer(dtype):
        bits = 8 * dtypes.size(dtype)
        return (
            (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        )
    most = _LARGEST.get(dtype, 3.4028234663852886e38)
    return -most, most


@primitive
def convert_to_tensor(
    x: Tensor, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None
) -> Tensor:
    """Anything array-like as a tensor of the engine; Python floats become ``floatx()``.

    >>> convert_to_tensor([1, 2], "float32").tolist()
    [1.0, 2.0]
    """
    return Spec(shape_of(x), dtype_of(x) if dtype is None else dtypes.explicit(dtype))


@op
def array(x: Tensor, dtype: Any = None) -> Tensor:
    """Anything array-like as a tensor: `convert_to_tensor` under NumPy's name."""
    return convert_to_tensor(x, dtype)


@primitive
def copy(x: Tensor) -> Tensor:
    """A copy of `x`."""
    return Spec(shape_of(x), dtype_of(x))


@primitive
def stop_gradient(variable: Tensor) -> Tensor:
    """The same value, through which no gradient flows."""
    return Spec(shape_of(variable), dtype_of(variable))


def convert_to_numpy(x: Any) -> Any:
    """A tensor, Variable or list as a NumPy array.

    >>> from kerata import ops
    >>> convert_to_numpy(ops.ones((2,)))
    array([1., 1.], dtype=float32)
    """
    import numpy as np

    x = getattr(x, "value", x)
    return np.array(engine().to_numpy(x))


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor of the engine or a symbolic one.

    >>> from kerata import ops
    >>> is_tensor(ops.ones((2,))), is_tensor([1, 1])
    (True, False)
    """
    return isinstance(x, Spec) or engine().is_tensor(x)


def dtype(x: Any) -> str:
    """Name of the dtype of a tensor, Variable, array or Python number.

    >>> dtype([1.0])
    'float32'
    """
    return dtype_of(x)
