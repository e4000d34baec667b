"""Reductions, cumulative sums and order against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor, Spec
from ops.check import Case, case, check, every
from support import infer, jit

rng = np.random.RandomState(0)
X = rng.randn(2, 3, 4).astype("float32")
POS = (np.abs(X) + 0.1).astype("float32")
INT = rng.randint(-5, 5, (3, 4)).astype("int32")
HOLES = np.where(rng.rand(3, 4) < 0.3, np.nan, rng.randn(3, 4)).astype("float32")
HOLES[:, 0] = 1.0
BOOL = INT > 0
VECTOR = np.array([3.0, 1.0, 2.0, 5.0, 4.0], np.float32)


def lse(x, axis=None, keepdims=False):
    return scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)


CASES = [
    case("sum", X, ref=np.sum),
    case("sum", X, axis=1, ref=np.sum),
    case("sum", X, axis=(0, -1), keepdims=True, ref=np.sum),
    case("sum", X, axis=[0, 2], ref=lambda x, axis: np.sum(x, tuple(axis))),
    case("sum", BOOL, axis=0, ref=np.sum),
    case("sum", INT.astype("int8"), ref=np.sum),
    case("sum", INT.astype("uint8"), 1, ref=lambda x, a: np.sum(x, a, dtype="uint32")),
    case("mean", X, axis=2, keepdims=True, ref=np.mean),
    case("mean", INT, ref=np.mean),
    case("mean", BOOL, axis=1, ref=np.mean),
    case("var", X, axis=1, ref=np.var),
    case("std", X, axis=(0, 1), ref=np.std),
    case("var", INT, ref=np.var),
    case("prod", POS, axis=-1, ref=np.prod),
    case("prod", INT, ref=np.prod),
    case("prod", POS, 0, True, "float32", ref=lambda x, a, k, d: np.prod(x, a, keepdims=k)),
    case("max", X, axis=1, ref=np.max),
    case("min", X, axis=None, ref=np.min),
    case("max", INT, 1, True, 3, ref=lambda x, a, k, i: np.max(x, a, keepdims=k, initial=i)),
    case("min", X, 0, False, 0.0, ref=lambda x, a, k, i: np.min(x, a, initial=i), grad=False),
    case("amax", X, 2, ref=np.amax),
    case("amin", X, 2, ref=np.amin),
    case("ptp", X, 1, ref=np.ptp),
    case("all", BOOL, 0, ref=np.all),
    case("any", BOOL, axis=1, keepdims=True, ref=np.any),
    case("logsumexp", X * 100, 1, ref=lse, tol=1e-4),
    case("logsumexp", X, (0, 2), True, ref=lse),
    case("logsumexp", X, ref=lse),
    case("median", X, 1, ref=np.median),
    case("median", INT, ref=np.median),
    case("quantile", X, 0.3, 1, ref=np.quantile),
    case("quantile", X, np.array([0.1, 0.7], np.float32), 2, keepdims=True, ref=np.quantile, grad=False, unknown=False),
    case("quantile", X, 0.25, 0, "nearest", ref=lambda x, q, a, m: np.quantile(x, q, axis=a, method=m), grad=False),
    case("percentile", X, 30, 1, ref=np.percentile),
    case("nanquantile", HOLES, 0.3, 1, ref=np.nanquantile, grad=False),
    case("nanpercentile", HOLES, 30, 1, ref=np.nanpercentile, grad=False),
    case("nansum", HOLES, 1, ref=np.nansum, grad=False),
    case("nanmean", HOLES, 1, ref=np.nanmean, grad=False),
    case("nanvar", HOLES, 1, ref=np.nanvar, grad=False),
    case("nanstd", HOLES, 0, ref=np.nanstd, grad=False),
    case("nanprod", HOLES, 1, ref=np.nanprod, grad=False),
    case("nanmax", HOLES, 0, ref=np.nanmax, grad=False),
    case("nanmin", HOLES, 1, True, ref=lambda x, a, k: np.nanmin(x, a, keepdims=k), grad=False),
    case("nanmedian", HOLES, 1, ref=np.nanmedian, grad=False),
    case("nanargmax", HOLES, 1, ref=np.nanargmax, grad=False),
    case("nanargmin", HOLES, 1, ref=np.nanargmin, grad=False),
    case("nancumsum", HOLES, 1, ref=np.nancumsum, grad=False),
    case("nancumprod", HOLES, 1, ref=np.nancumprod, grad=False),
    case("argmax", X, 1, ref=np.argmax, grad=False),
    case("argmax", X, ref=np.argmax, grad=False),
    case("argmin", X, axis=-1, keepdims=True, ref=np.argmin, grad=False),
    case("average", X, 1, ref=np.average),
    case("average", X, 1, np.array([1.0, 2.0, 3.0], np.float32), ref=np.average),
    case("average", X, None, POS, ref=np.average),
    case("count_nonzero", INT, 1, ref=np.count_nonzero),
    case("cumsum", X, 1, ref=np.cumsum),
    case("cumsum", INT, ref=np.cumsum),
    case("cumsum", BOOL, 0, "float32", ref=np.cumsum),
    case("cumprod", POS, -1, ref=np.cumprod),
    case("norm", X, axis=1, ref=np.linalg.norm),
    case("norm", X, 1, 2, ref=np.linalg.norm),
    case("norm", X[0], "fro", ref=np.linalg.norm),
    case("norm", X, np.inf, -1, True, ref=np.linalg.norm),
    case("norm", X, "nuc", (1, 2), ref=np.linalg.norm, tol=1e-4),
    case("norm", INT, axis=0, ref=np.linalg.norm),
    case("sort", X, 1, ref=np.sort),
    case("argsort", X, 1, ref=np.argsort, grad=False),
    case("argsort", X, None, ref=lambda x, a: np.argsort(x, None), grad=False),
    case("argsort", BOOL, ref=lambda x: np.argsort(x, kind="stable")),
    case("top_k", X, 2, ref=lambda x, k: (-np.sort(-x)[..., :k], np.argsort(-x)[..., :k])),
    case("in_top_k", np.array([1, 0]), np.array([[0.1, 0.9, 0.3], [0.2, 0.9, 0.3]], np.float32), 1,
         ref=lambda t, p, k: np.array([True, False]), grad=False),
    case("searchsorted", np.sort(VECTOR), VECTOR + 0.5, "right", ref=np.searchsorted, grad=False),
    case("digitize", X, np.array([-1.0, 0.0, 1.0], np.float32), ref=np.digitize, grad=False),
    case("histogram", VECTOR, 4, (0.0, 6.0), ref=np.histogram, grad=False),
    case("histogram", VECTOR, 3, ref=np.histogram, grad=False),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


KINDS = ["bool", "uint8", "int8", "int16", "int32", "uint32", "float16", "bfloat16", "float32"]


ALONE = """sum mean var std prod max min amax amin ptp all any logsumexp median nansum nanmean nanvar nanstd
nanprod nanmax nanmin nanmedian argmax argmin nanargmax nanargmin average count_nonzero cumsum cumprod nancumsum
nancumprod norm sort argsort""".split()


@pytest.mark.parametrize("name", ALONE)
def test_dtype(name: str) -> None:
    for kind in KINDS:
        try:
            out = infer(getattr(ops, name), Spec((2, 3), kind))
        except Exception:  # a dtype that the engine has no such function for
            continue
        assert getattr(ops, name)(Spec((2, 3), kind)).dtype == out.dtype, kind


def test_unknown_axis_stays_unknown() -> None:
    x = KerasTensor((None, 3, None))
    assert ops.sum(x, 1).shape == (None, None)
    assert ops.mean(x, (0, 2), keepdims=True).shape == (1, 3, 1)
    assert ops.cumsum(x).shape == (None,)


def test_bincount() -> None:
    assert ops.bincount([1, 2, 2, 5]).tolist() == [0, 1, 2, 0, 0, 1]
    assert ops.bincount([1, 2, 2], minlength=5).tolist() == [0, 1, 2, 0, 0]
    assert ops.bincount([1, 1], weights=[0.5, 0.25]).tolist() == [0.0, 0.75]
    assert ops.bincount([[1, 2], [0, 1]]).tolist() == [[0, 1, 1], [1, 1, 0]]
    compiled = jit(lambda x: ops.bincount(x, minlength=4))
    assert compiled(np.array([1, 1, 3])).tolist() == [0, 2, 0, 1]


def test_unique() -> None:
    x = np.array([[3, 1], [3, 2]])
    values, index, inverse, counts = ops.unique(
        x, return_index=True, return_inverse=True, return_counts=True
    )
    assert (values.tolist(), index.tolist(), counts.tolist()) == ([1, 2, 3], [1, 3, 0], [1, 1, 2])
    assert inverse.tolist() == [[2, 0], [2, 1]]
    assert ops.unique(np.array([[1, 2], [1, 2]]), axis=0).tolist() == [[1, 2]]
    compiled = jit(lambda x: ops.unique(x, size=4, fill_value=-1))
    assert compiled(x).tolist() == [1, 2, 3, -1]
    assert ops.unique(Spec((2, 3)), size=4).shape == (4,)
    assert ops.unique(Spec((2, 3)), axis=1, return_inverse=True)[1].shape == (3,)


def test_argpartition() -> None:
    x = rng.permutation(9).astype("float32")
    order = np.asarray(ops.argpartition(x, 4))
    assert sorted(x[order[:4]]) == [0, 1, 2, 3]
    assert x[order[4]] == 4
    assert ops.argpartition(Spec((9,)), 4).dtype == "int32"


def test_largest_of_equal_integers() -> None:
    values, places = ops.top_k(np.array([3, 7, 3, 7, 1], "int32"), 3)
    assert (np.asarray(values).tolist(), np.asarray(places).tolist()) == ([7, 7, 3], [1, 3, 0])


def test_ties_count_as_within_the_top() -> None:
    odd = [[0.1, np.nan, 0.3], [np.nan, 0.2, 0.1]]
    assert ops.in_top_k([1, 1], odd, 1).tolist() == [False, True]
    assert ops.in_top_k([3, 9], odd, 2).tolist() == [False, False]
    assert ops.in_top_k([0, 1], [[0.5, 0.5, 0.1], [0.5, 0.5, 0.1]], 1).tolist() == [True, True]


def test_axis_out_of_range() -> None:
    with pytest.raises(ShapeError, match="axis=3"):
        ops.sum(Spec((2, 3)), 3)


def test_more_than_there_are() -> None:
    with pytest.raises(ShapeError, match="k=5"):
        ops.top_k(np.ones((2, 3), np.float32), 5)
