"""Linear algebra against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor, Spec
from ops.check import Case, case, check, every

rng = np.random.RandomState(0)
A = rng.randn(2, 3, 3).astype("float32")
SPD = (A @ A.transpose(0, 2, 1) + 2 * np.eye(3)).astype("float32")
TALL = rng.randn(5, 3).astype("float32")
B = rng.randn(2, 3, 2).astype("float32")
V = rng.randn(3).astype("float32")
LOWER = np.tril(SPD).astype("float32")

CASES = [
    case("cholesky", SPD, ref=np.linalg.cholesky, grad=False),
    case("linalg.cholesky", SPD, True, ref=lambda x, u: np.linalg.cholesky(x).transpose(0, 2, 1), grad=False),
    case("linalg.cholesky_inverse", np.linalg.cholesky(SPD), ref=lambda x: np.linalg.inv(x @ x.transpose(0, 2, 1)), tol=1e-3, grad=False),
    case("det", A, ref=np.linalg.det, tol=1e-4),
    case("slogdet", SPD, ref=np.linalg.slogdet, tol=1e-4),
    case("logdet", SPD, ref=lambda x: np.linalg.slogdet(x)[1], tol=1e-4),
    case("inv", SPD, ref=np.linalg.inv, tol=1e-4),
    case("pinv", TALL, ref=np.linalg.pinv, tol=1e-4),
    case("matrix_rank", SPD, ref=lambda x: np.linalg.matrix_rank(x), grad=False),
    case("solve", SPD, B, ref=np.linalg.solve, tol=1e-4),
    case("solve", SPD[0], V, ref=np.linalg.solve, tol=1e-4, unknown=False),
    case("solve_triangular", LOWER, B, True, ref=lambda a, b, lower: np.linalg.solve(a, b), tol=1e-4, grad=False),
    case("solve_triangular", LOWER[0].T.copy(), V, ref=scipy.linalg.solve_triangular, tol=1e-4, unknown=False),
    case("lstsq", TALL, rng.randn(5, 2).astype("float32"), ref=lambda a, b: np.linalg.lstsq(a, b)[0], tol=1e-4),
    case("linalg.norm", A, ord=1, axis=(1, 2), ref=np.linalg.norm),
    case("svd", TALL, compute_uv=False, ref=np.linalg.svd, tol=1e-4),
    case("svd", TALL, grad=False),
    case("svd", TALL, False, grad=False),
    case("qr", TALL, grad=False),
    case("qr", TALL, "complete", grad=False),
    case("eigh", SPD, grad=False),
    case("lu_factor", A, grad=False),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


def test_factors_multiply_to_the_matrix() -> None:
    q, r = ops.qr(TALL)
    np.testing.assert_allclose(q @ r, TALL, atol=1e-5)
    u, s, vh = ops.svd(TALL, full_matrices=False)
    np.testing.assert_allclose((u * s) @ vh, TALL, atol=1e-5)
    w, v = ops.eigh(SPD)
    np.testing.assert_allclose(SPD @ np.asarray(v), v * w[:, None], atol=1e-4)
    lu, pivots = ops.lu_factor(A[0])
    np.testing.assert_allclose(
        scipy.linalg.lu_solve((lu, pivots), V), np.linalg.solve(A[0], V), rtol=1e-3
    )
    values, vectors = ops.linalg.eig(A[0])
    np.testing.assert_allclose(A[0] @ np.asarray(vectors), np.asarray(vectors * values), atol=1e-4)
    assert ops.linalg.eig(Spec((3, 3)))[0].dtype == "complex64"


def test_unknown_axes() -> None:
    u, s, vh = ops.svd(KerasTensor((None, 3)), full_matrices=False)
    assert (u.shape, s.shape, vh.shape) == ((None, None), (None,), (None, 3))
    assert ops.inv(KerasTensor((None, 3, 3))).shape == (None, 3, 3)


def test_jvp() -> None:
    value, slope = ops.linalg.jvp(ops.square, (np.float32(3),), (np.float32(1),))
    assert (float(value), float(slope)) == (9.0, 6.0)


ERRORS = [
    (lambda: ops.inv(np.ones((2, 3), "float32")), "must be square"),
    (lambda: ops.det(V), "at least 2 axes"),
    (lambda: ops.solve(SPD, np.ones((2, 4, 2), "float32")), "sizes 3 and 4"),
    (lambda: ops.cholesky(-SPD), "positive definite"),
    (lambda: ops.qr(TALL, "full"), "mode must be"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises((ShapeError, ValueError), match=message):
        fn()
