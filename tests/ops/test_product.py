"""Products of tensors, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.spatial.distance

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor, Spec
from ops.check import Case, case, check, every

rng = np.random.RandomState(0)
B = rng.randn(2, 3, 4).astype("float32")
C = rng.randn(2, 4, 5).astype("float32")
M = rng.randn(4, 5).astype("float32")
V = rng.randn(4).astype("float32")
INT = rng.randint(-5, 5, (3, 4)).astype("int32")
TRIPLE = rng.randn(2, 3).astype("float32")

CASES = [
    case("matmul", B, C, ref=np.matmul),
    case("matmul", B, M, ref=np.matmul),
    case("matmul", V, M, ref=np.matmul),
    case("matmul", B, V, ref=np.matmul),
    case("matmul", V, V, ref=np.matmul),
    case("matmul", INT, INT.T.copy(), ref=np.matmul),
    case("matmul", INT, M, ref=np.matmul),
    case("matmul", INT.astype("int8"), INT.T.astype("int8"), ref=lambda a, b: a.astype("int32") @ b.astype("int32")),
    case("dot", B, M, ref=np.dot),
    case("dot", V, V, ref=np.dot),
    case("dot", B, C, ref=np.dot),
    case("dot", B, 2.0, ref=np.dot),
    case("inner", B, V, ref=np.inner),
    case("inner", B, B[0], ref=np.inner),
    case("outer", V, B[0], ref=np.outer),
    case("vdot", B, B * 2, ref=np.vdot),
    case("tensordot", B, M, 1, ref=np.tensordot),
    case("tensordot", B, B, ([0, 1], [0, 1]), ref=np.tensordot),
    case("tensordot", B, C, [[2], [1]], ref=np.tensordot),
    case("tensordot", V, V, 0, ref=np.tensordot),
    case("einsum", "bij,bjk->bik", B, C, ref=np.einsum),
    case("einsum", "bij,jk", B, M, ref=np.einsum),
    case("einsum", "...ij,jk->...ik", B, M, ref=np.einsum),
    case("einsum", "bij->bji", B, ref=np.einsum),
    case("einsum", "ii->i", M[:, :4], ref=np.einsum, unknown=False),
    case("einsum", "bij->b", B, ref=np.einsum),
    case("cross", TRIPLE, TRIPLE + 1, ref=np.cross),
    case("cross", TRIPLE.T.copy(), TRIPLE.T + 1, axis=0, ref=np.cross, unknown=False),
    case("kron", M, V, ref=np.kron),
    case("kron", M[:2], M[:3], ref=np.kron),
    case("diff", B, ref=np.diff),
    case("diff", B, 2, 1, ref=np.diff),
    case("trapezoid", B, ref=np.trapezoid),
    case("trapezoid", B, dx=0.5, axis=1, ref=np.trapezoid),
    case("trapezoid", B, np.array([0.0, 1.0, 3.0, 4.0], np.float32), ref=np.trapezoid),
    case("cdist", M, M + 1, ref=scipy.spatial.distance.cdist),
    case("corrcoef", M, ref=np.corrcoef, tol=1e-4),
    case("correlate", V, M[0], "full", ref=np.correlate),
    case("correlate", V, M[0, :2], ref=np.correlate),
    case("correlate", V, M[0, :3], mode="same", ref=np.correlate),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


def test_unknown_axes() -> None:
    x = KerasTensor((None, None, 4))
    assert ops.matmul(x, M).shape == (None, None, 5)
    assert ops.einsum("bij,jk->bik", x, M).shape == (None, None, 5)
    assert ops.einsum("bij,bkj->bik", x, x).shape == (None, None, None)
    assert (x @ M).shape == (None, None, 5)


ERRORS = [
    (
        lambda: ops.matmul(np.ones((2, 3), "f"), np.ones((4, 5), "f")),
        r"\(2, 3\) and \(4, 5\).*3 and 4",
    ),
    (lambda: ops.matmul(KerasTensor((None, 3)), np.ones((4, 5), "f")), r"\(None, 3\)"),
    (lambda: ops.matmul(np.float32(2), M), "scalars"),
    (lambda: ops.einsum("ij,jk->ik", Spec((2, 3)), Spec((4, 5))), "axis 'j'"),
    (lambda: ops.einsum("ij->i", Spec((2, 3, 4))), "does not fit"),
    (lambda: ops.tensordot(B, M, ([0], [0])), "inner sizes 2 and 4"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises(ShapeError, match=message):
        fn()


def test_vectorize() -> None:
    double = ops.vectorize(lambda x: x * 2)
    assert double(np.array([1.0, 2.0], "float32")).tolist() == [2.0, 4.0]
