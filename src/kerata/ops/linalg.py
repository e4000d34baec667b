"""Linear algebra: ``ops.linalg``. Leading axes are batches of matrices."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..engine import engine
from ..errors import ShapeError
from ..spec import Spec, broadcast, same, unprobe
from . import math
from ._define import Tensor, dtype_of, op, primitive, shape_of
from .arrange import smaller
from .reduce import norm as norm


def _matrix(what: str, x: Any, square: bool = True) -> tuple[tuple[int | None, ...], str]:
    shape = shape_of(x)
    if len(shape) < 2:
        raise ShapeError(
            f"{what}: expected a matrix (at least 2 axes), got the shape {unprobe(shape)}."
        )
    if square:
        same(f"{what}: the matrix must be square;", shape[-2], shape[-1])
    return shape, dtypes.to_float(dtype_of(x))


@primitive
def cholesky(x: Tensor, upper: bool = False) -> Tensor:
    """The triangular L with ``L @ L.T == x`` of a positive definite matrix (or its transpose)."""
    return Spec(*_matrix("cholesky", x))


@op
def cholesky_inverse(x: Tensor, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor is `x`."""
    from .arrange import swapaxes
    from .create import eye
    from .product import matmul

    one = eye(shape_of(x)[-1], dtype=dtypes.to_float(dtype_of(x)))
    inverse = solve_triangular(x, one, lower=not upper)
    flipped = swapaxes(inverse, -1, -2)
    return matmul(inverse, flipped) if upper else matmul(flipped, inverse)


@primitive
def det(x: Tensor) -> Tensor:
    """Determinant."""
    shape, kind = _matrix("det", x)
    return Spec(shape[:-2], kind)


@primitive
def slogdet(x: Tensor) -> tuple[Tensor, Tensor]:
    """Sign and logarithm of the absolute value of the determinant."""
    shape, kind = _matrix("slogdet", x)
    return Spec(shape[:-2], kind), Spec(shape[:-2], kind)


@op
def logdet(x: Tensor) -> Tensor:
    """Logarithm of the determinant of a positive definite matrix."""
    return slogdet(x)[1]


@primitive
def eig(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and right eigenvectors (columns), complex. On CPU only."""
    shape, kind = _matrix("eig", x)
    kind = "complex128" if kind in ("float64", "complex128") else "complex64"
    return Spec(shape[:-1], kind), Spec(shape, kind)


@primitive
def eigh(x: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues, ascending, and eigenvectors (columns) of a symmetric matrix."""
    shape, kind = _matrix("eigh", x)
    return Spec(shape[:-1], math._real(kind)), Spec(shape, kind)


@primitive
def inv(x: Tensor) -> Tensor:
    """Inverse of a square matrix."""
    return Spec(*_matrix("inv", x))


@op
def pinv(x: Tensor, rcond: float | None = None) -> Tensor:
    """Moore-Penrose pseudo-inverse; singular values below `rcond` times the largest count as 0."""
    from .arrange import expand_dims, swapaxes
    from .product import matmul

    shape, _ = _matrix("pinv", x, square=False)
    u, s, vh = svd(x, full_matrices=False)
    kept = _above(s, _smallest(shape, dtype_of(s), 10) if rcond is None else rcond)
    inverse = math.where(kept, math.divide(1, math.where(kept, s, 1)), 0)
    u, v = math.conjugate(swapaxes(u, -1, -2)), math.conjugate(swapaxes(vh, -1, -2))
    return matmul(math.multiply(v, expand_dims(inverse, -2)), u)


_EPSILON = {"float64": 2.0**-52, "float16": 2.0**-10, "bfloat16": 2.0**-7}


def _smallest(shape: Any, dtype: str, factor: int) -> float:
    """The share of the largest singular value below which another may be but rounding."""
    return factor * max(shape[-2:]) * _EPSILON.get(dtype, 2.0**-23)


def _above(values: Any, share: Any) -> Any:
    from .reduce import max as largest

    return math.greater(values, math.multiply(share, largest(values, -1, keepdims=True)))


@primitive
def lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    """LU factors, both in one matrix, and the pivots (int32)."""
    shape, kind = _matrix("lu_factor", x, square=False)
    return Spec(shape, kind), Spec((*shape[:-2], smaller(shape[-2], shape[-1])), "int32")


@op
def matrix_rank(x: Tensor, tol: float | None = None) -> Tensor:
    """Rank (int32): how many singular values are above `tol` times the largest."""
    from .reduce import sum as total

    shape, _ = _matrix("matrix_rank", x, square=False)
    s = svd(x, compute_uv=False)
    return total(_above(s, _smallest(shape, dtype_of(s), 1) if tol is None else tol), -1)


@primitive
def qr(x: Tensor, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """Orthonormal Q and upper triangular R with ``Q @ R == x``; `mode` is ``reduced`` or ``complete``."""
    shape, kind = _matrix("qr", x, square=False)
    m, n = shape[-2:]
    k = m if mode == "complete" else smaller(m, n)
    return Spec((*shape[:-2], m, k), kind), Spec((*shape[:-2], k, n), kind)


@primitive
def solve(a: Tensor, b: Tensor) -> Tensor:
    """The x with ``a @ x == b``; `b` is a vector or the columns of a matrix."""
    return _solved("solve", a, b)


@primitive
def solve_triangular(a: Tensor, b: Tensor, lower: bool = False) -> Tensor:
    """The x with ``a @ x == b`` for a triangular `a` (upper unless `lower`)."""
    return _solved("solve_triangular", a, b)


def _solved(what: str, a: Any, b: Any) -> Spec:
    shape, _ = _matrix(what, a)
    right = shape_of(b)
    kind = dtypes.to_float(dtypes.result_type(a, b))
    if len(right) == 1:
        same(f"{what}: rows of a and b", shape[-2], right[0])
        return Spec((*shape[:-2], shape[-1]), kind)
    if len(right) == len(shape) - 1 and right == shape[:-1]:
        return Spec(right, kind)
    same(f"{what}: rows of a and b", shape[-2], right[-2])
    return Spec((*broadcast(shape[:-2], right[:-2], what=what), shape[-1], right[-1]), kind)


@primitive
def svd(x: Tensor, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular value decomposition: ``(u, s, vh)`` with ``u * s @ vh == x``, or `s` alone."""
    shape, kind = _matrix("svd", x, square=False)
    m, n = shape[-2:]
    k = smaller(m, n)
    s = Spec((*shape[:-2], k), math._real(kind))
    if not compute_uv:
        return s
    left, right = (m, n) if full_matrices else (k, k)
    return Spec((*shape[:-2], m, left), kind), s, Spec((*shape[:-2], right, n), kind)


@op
def lstsq(a: Tensor, b: Tensor, rcond: float | None = None) -> Tensor:
    """The x for which ``|a @ x - b|`` is smallest."""
    from .product import matmul

    shape, kind = _matrix("lstsq", a, square=False)
    same("lstsq: rows of a and b", shape[0], shape_of(b)[0])
    rcond = _smallest(shape, kind, 1) if rcond is None else rcond
    return matmul(pinv(a, rcond), b)


def jvp(fun: Any, primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """Value of `fun` and its directional derivative along `tangents`.

    >>> from kerata import ops
    >>> value, slope = jvp(lambda x: x * x, (ops.array(3.0),), (ops.array(1.0),))
    >>> float(value), float(slope)
    (9.0, 6.0)
    """
    return engine().jvp(fun, primals, tangents, has_aux)
