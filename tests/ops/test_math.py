"""Element-wise ops against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from kerata import dtypes, ops
from kerata.errors import ShapeError
from kerata.ops._define import REGISTRY
from kerata.spec import Spec
from ops.check import Case, case, check, every
from support import grad, infer

rng = np.random.RandomState(0)
X = rng.randn(3, 4).astype("float32")
Y = rng.randn(3, 4).astype("float32")
ROW = rng.randn(4).astype("float32")
POS = (np.abs(X) + 0.3).astype("float32")
IN = np.tanh(X).astype("float32") * 0.9
INT = np.array([[5, -3, 2], [7, 0, -8]], np.int32)
INT2 = np.array([[2, 2, -3], [3, 4, 5]], np.int32)
BOOL = np.array([[True, False, True], [False, False, True]])
ODD = np.array([1.0, np.nan, np.inf, -np.inf, -0.0], np.float32)

UNARY = [
    case("negative", X, ref=np.negative),
    case("positive", X, ref=np.positive),
    case("abs", X, ref=np.abs),
    case("fabs", INT, ref=np.fabs),
    case("view_as_complex", X[:, :2], ref=lambda x: x[:, 0] + 1j * x[:, 1], grad=False),
    case(
        "view_as_real", (X + 1j).astype("complex64"), ref=lambda x: np.stack([x.real, x.imag], -1)
    ),
    case("sign", X, ref=np.sign),
    case("signbit", ODD, ref=np.signbit, grad=False),
    case("square", X, ref=np.square),
    case("sqrt", POS, ref=np.sqrt),
    case("rsqrt", POS, ref=lambda x: 1 / np.sqrt(x)),
    case("cbrt", POS, ref=np.cbrt),
    case("reciprocal", POS, ref=np.reciprocal),
    case("exp", X, ref=np.exp),
    case("exp2", X, ref=np.exp2),
    case("expm1", X, ref=np.expm1),
    case("log", POS, ref=np.log),
    case("log1p", POS, ref=np.log1p),
    case("log2", POS, ref=np.log2),
    case("log10", POS, ref=np.log10),
    case("sin", X, ref=np.sin),
    case("cos", X, ref=np.cos),
    case("tan", IN, ref=np.tan),
    case("sinh", X, ref=np.sinh),
    case("cosh", X, ref=np.cosh),
    case("tanh", X, ref=np.tanh),
    case("arcsin", IN, ref=np.arcsin),
    case("arccos", IN, ref=np.arccos),
    case("arctan", X, ref=np.arctan),
    case("arcsinh", X, ref=np.arcsinh),
    case("arccosh", POS + 1, ref=np.arccosh),
    case("arctanh", IN, ref=np.arctanh),
    case("sinc", X, ref=np.sinc),
    case("i0", X, ref=np.i0, grad=False),
    case("erf", X, ref=scipy.special.erf),
    case("erfc", X, ref=scipy.special.erfc),
    case("erfinv", IN, ref=scipy.special.erfinv),
    case("lgamma", POS, ref=scipy.special.gammaln),
    case("digamma", POS, ref=scipy.special.digamma),
    case("ceil", X, ref=np.ceil),
    case("floor", X, ref=np.floor),
    case("trunc", X, ref=np.trunc),
    case("round", X * 10, ref=np.round),
    case("round", X, 2, ref=np.round, grad=False),
    case("deg2rad", X, ref=np.deg2rad),
    case("rad2deg", X, ref=np.rad2deg),
    case("isnan", ODD, ref=np.isnan, grad=False),
    case("isinf", ODD, ref=np.isinf, grad=False),
    case("isposinf", ODD, ref=np.isposinf, grad=False),
    case("isneginf", ODD, ref=np.isneginf, grad=False),
    case("isfinite", ODD, ref=np.isfinite, grad=False),
    case("isreal", X, ref=np.isreal, grad=False),
    case("logical_not", BOOL, ref=np.logical_not),
    case("real", X + 1j, ref=np.real),
    case("imag", X + 1j, ref=np.imag),
    case("angle", (X + 1j).astype("complex64"), ref=np.angle),
    case("conjugate", (X + 1j).astype("complex64"), ref=np.conjugate),
    case("bitwise_not", INT, ref=np.bitwise_not),
    case("nan_to_num", ODD, ref=lambda x: np.nan_to_num(x.astype("float32")), grad=False),
    case("nan_to_num", ODD, nan=1, posinf=2, neginf=3, ref=np.nan_to_num, grad=False),
    case("exp", INT, ref=np.exp),
    case("square", INT, ref=np.square),
    case("floor", INT, ref=lambda x: x.astype("float32")),
]

BINARY = [
    case("add", X, ROW, ref=np.add),
    case("subtract", X, Y, ref=np.subtract),
    case("multiply", X, ROW[:, None][:3], ref=np.multiply),
    case("divide", X, POS, ref=np.divide),
    case("divide", INT, INT2, ref=np.true_divide),
    case("divide_no_nan", X, POS, ref=np.divide),
    case("divide_no_nan", INT, INT * 0, ref=lambda a, b: np.zeros(a.shape)),
    case("floor_divide", INT, INT2, ref=np.floor_divide),
    case("floor_divide", X, POS, ref=np.floor_divide, grad=False),
    case("mod", INT, INT2, ref=np.mod),
    case("mod", X, POS, ref=np.mod, grad=False, tol=1e-4),
    case("fmod", INT, INT2, ref=np.fmod),
    case("power", POS, Y, ref=np.power),
    case("power", X, 3, ref=np.power),
    case("power", INT, 2, ref=np.power),
    case("maximum", X, Y, ref=np.maximum),
    case("minimum", X, 0.1, ref=np.minimum),
    case("fmax", X, Y, ref=np.fmax),
    case("fmin", X, Y, ref=np.fmin),
    case("arctan2", X, Y, ref=np.arctan2),
    case("hypot", X, Y, ref=np.hypot),
    case("logaddexp", X * 50, Y * 50, ref=np.logaddexp, tol=1e-4),
    case("logaddexp2", X, Y, ref=np.logaddexp2),
    case("heaviside", X, Y, ref=np.heaviside, grad=False),
    case(
        "nextafter",
        X,
        Y,
        ref=lambda a, b: np.nextafter(a.astype("float32"), b.astype("float32")),
        grad=False,
    ),
    case("gcd", INT, INT2, ref=np.gcd),
    case("lcm", INT, INT2, ref=np.lcm),
    case("equal", INT, INT2, ref=np.equal),
    case("not_equal", INT, 2, ref=np.not_equal),
    case("less", X, Y, ref=np.less, grad=False),
    case("less_equal", X, Y, ref=np.less_equal, grad=False),
    case("greater", X, Y, ref=np.greater, grad=False),
    case("greater_equal", X, 0, ref=np.greater_equal, grad=False),
    case("logical_and", BOOL, INT, ref=np.logical_and),
    case("logical_or", BOOL, INT, ref=np.logical_or),
    case("logical_xor", BOOL, INT, ref=np.logical_xor),
    case("bitwise_and", INT, INT2, ref=np.bitwise_and),
    case("bitwise_or", INT, INT2, ref=np.bitwise_or),
    case("bitwise_xor", INT, 3, ref=np.bitwise_xor),
    case("left_shift", INT, 2, ref=np.left_shift),
    case("right_shift", INT, 1, ref=np.right_shift),
    case("ldexp", X, 3, ref=np.ldexp),
    case("allclose", X, X + 1e-9, ref=np.allclose, grad=False),
    case("isclose", X, X + 1e-9, ref=np.isclose, grad=False),
]

OTHERS = [
    case(
        "round",
        np.array([14, 15, 25, -15, -16, 351], "int32"),
        -1,
        ref=lambda x, d: np.round(x.astype("float64"), d).astype("int32"),
    ),
    case("round", INT * 37, -2, ref=lambda x, d: np.round(x.astype("float64"), d).astype("int32")),
    case("clip", X, -0.5, 0.7, ref=np.clip),
    case("clip", INT, -1, 3, ref=np.clip),
    case("where", BOOL, X[:2, :3], 0.0, ref=np.where),
    case("where", X[:2, :3] > 0, X[:2, :3], Y[:2, :3], ref=np.where),
    case("cast", X * 3, "int32", ref=lambda x, d: x.astype(d), grad=False),
    case("cast", INT, "float16", ref=lambda x, d: x.astype(d)),
    case(
        "saturate_cast", X * 300, "uint8", ref=lambda x, d: np.clip(x, 0, 255).astype(d), grad=False
    ),
    case("saturate_cast", INT * 100, "int8", ref=lambda x, d: np.clip(x, -128, 127).astype(d)),
    case("view", X, "int32", ref=lambda x, d: X.view(d), grad=False),
    case("view", X, "uint8", ref=lambda x, d: X.view(d), grad=False),
    case(
        "view",
        INT.astype("int16")[:, :2],
        "float32",
        grad=False,
        ref=lambda x, d: np.ascontiguousarray(x).view(d),
    ),
    case("view", BOOL, "int8", ref=lambda x, d: x.view(d)),
    case("view", X, ref=lambda x: x, grad=False),
    case("convert_to_tensor", X, "float16", ref=lambda x, d: x, tol=1e-3),
    case("array", X, ref=np.array),
    case("copy", X, ref=np.copy),
]


@every(UNARY + BINARY + OTHERS)
def test_op(case: Case) -> None:
    check(case)


def test_view_needs_whole_elements() -> None:
    with pytest.raises(ShapeError, match="does not hold whole elements"):
        ops.view(Spec((2, 3), "int8"), "int32")
    with pytest.raises(ShapeError, match="the sizes differ"):
        ops.view(Spec((), "int8"), "int32")


KINDS = ["bool", "uint8", "int8", "int16", "int32", "uint32", "float16", "bfloat16", "float32"]
ONE = sorted(
    {c.op for c in UNARY}
    - {"real", "imag", "angle", "nan_to_num", "view_as_complex", "view_as_real"}
)
TWO = sorted({c.op for c in BINARY} - {"allclose"})


def _dtype(name: str, *args: object) -> str | None:
    tensors = [a for a in args if not isinstance(a, (bool, int, float))]
    scalars = args[len(tensors) :]
    try:
        out = infer(lambda *t: getattr(ops, name)(*t, *scalars), *tensors)
    except Exception:  # such as the negative of booleans
        return None
    return dtypes.standardize(out.dtype)


@pytest.mark.parametrize("name", ONE)
def test_dtype_of_one(name: str) -> None:
    for kind in KINDS:
        actual = _dtype(name, Spec((2,), kind))
        assert actual in (None, getattr(ops, name)(Spec((2,), kind)).dtype), kind


@pytest.mark.parametrize("name", TWO)
def test_dtype_of_two(name: str) -> None:
    for kind in KINDS:
        for other in ["int32", "bfloat16", "float32", kind, True, 2, 0.5]:
            tensor = isinstance(other, str)
            b = Spec((2,), other) if tensor else other
            actual = _dtype(name, Spec((2,), kind), b)
            inferred = getattr(ops, name)(Spec((2,), kind), Spec((2,), other) if tensor else other)
            assert actual in (None, inferred.dtype), (kind, other)


def test_aliases_are_the_same_op() -> None:
    for old, new in (
        ("absolute", "abs"),
        ("true_divide", "divide"),
        ("swish", "silu"),
        ("conj", "conjugate"),
    ):
        assert REGISTRY[old] is REGISTRY[new]


def test_gradient_of_divide_no_nan_is_zero_at_zero() -> None:
    g = grad(lambda x: ops.sum(ops.divide_no_nan(1.0, x)))(np.array([0.0, 2.0], np.float32))
    assert g.tolist() == [0.0, -0.25]


def test_where_of_a_condition_alone() -> None:
    (indices,) = ops.where(np.array([True, False, True]))
    assert indices.tolist() == [0, 2]


def test_stop_gradient() -> None:
    g = grad(lambda x: ops.sum(ops.stop_gradient(x) * x))(np.array([3.0], np.float32))
    assert g.tolist() == [3.0]


def test_convert_to_numpy_copies() -> None:
    x = ops.ones((2,))
    y = ops.convert_to_numpy(x)
    y[0] = 5
    assert x.tolist() == [1.0, 1.0]
    assert isinstance(ops.convert_to_numpy([1, 2]), np.ndarray)
