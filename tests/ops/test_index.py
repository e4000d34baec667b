"""Picking and placing elements, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor, Spec
from ops.check import Case, case, check, every
from support import jit

rng = np.random.RandomState(0)
X = rng.randn(3, 4, 5).astype("float32")
V = rng.randn(6).astype("float32")
ORDER = np.argsort(X, 1).astype("int32")
S = slice


def item(x, key):
    return x[key]


def put(x, indices, updates, reduction=None):
    x = np.array(x)
    place = tuple(np.moveaxis(np.asarray(indices), -1, 0))
    how = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}
    if reduction is None:
        x[place] = updates
    else:
        how[reduction].at(x, place, updates)
    return x


def update(x, start, block):
    x = np.array(x)
    x[tuple(S(s, s + d) for s, d in zip(start, block.shape))] = block
    return x


def segments(ids, n, combine, start):
    def run(data, *_):
        out = np.full((n, *data.shape[1:]), start)
        combine.at(out, ids, data)
        return out

    return run


IDS = [0, 2, 0]
FLAT = np.array([[0, 1], [2, 3], [0, 1]], np.int32)
NEW = np.array([[1.0] * 5, [2.0] * 5, [3.0] * 5], np.float32)
KEYS = [
    0, -1, S(1, 3), S(None, None, -1), S(None, -1), None, Ellipsis,
    (0, 1), (S(None), 2), (Ellipsis, 0), (None, S(0, 2), Ellipsis, None), (S(0, 2), Ellipsis, S(1, None, 2)),
    (S(None), [0, 2]), ([0, 1], [2, 3]), ([0, 1], S(None), [2, 3]), (0, S(None), [1, 2]),
    (S(None), 0, [1, 2]), (S(None), [[0, 1], [2, 3]]), ([0, 2], Ellipsis, 1), [0, 2],
]  # fmt: skip

CASES = [case("get_item", X, key=key, ref=lambda x, key: x[key]) for key in KEYS] + [
    case("take", X, np.array([[0, 1], [2, -1]]), 0, ref=np.take),
    case("take", X, [1, 2], -1, ref=np.take),
    case("take", X, 7, ref=np.take),
    case("take", X, [1, 7], ref=np.take),
    case("take_along_axis", X, ORDER, 1, ref=np.take_along_axis),
    case("take_along_axis", V, np.array([2, 0]), ref=lambda x, i: np.take_along_axis(x, i, None)),
    case("take_along_axis", X, ORDER[:, :2, :1], 1, ref=np.take_along_axis),
    case("slice", X, (1, 0, 2), (2, 3, 2), ref=lambda x, s, n: x[1:3, 0:3, 2:4], unknown=False),
    case("slice", X, (0, 0, 2), (-1, 2, -1), ref=lambda x, s, n: x[:, 0:2, 2:]),
    case("slice_update", X, (1, 0, 2), np.ones((2, 2, 2), np.float32), ref=update, unknown=False),
    case("scatter", np.array([[0], [2], [2]]), V[:3], (4,), ref=lambda i, v, s: put(np.zeros(s), i, v, "add")),
    case("scatter", FLAT, NEW, (3, 4, 5), ref=lambda i, v, s: put(np.zeros(s), i, v, "add")),
    case("scatter_update", X, FLAT[:2], NEW[:2], ref=put),
    case("scatter_update", X, FLAT, NEW, "add", ref=put),
    case("scatter_update", X, FLAT, NEW, "max", ref=put, grad=False),
    case("scatter_update", X, FLAT, NEW, "min", ref=put, grad=False),
    case("scatter_update", X, FLAT[:2], NEW[:2], "mul", ref=put, grad=False),
    case("unravel_index", np.array([3, 7]), (2, 4), ref=np.unravel_index),
    case("select", [X > 1, X > 0], [X, X * 2], 7.0, ref=np.select, grad=False),
    case("isin", np.array([1, 2, 3]), np.array([2, 5]), ref=np.isin),
    case("isin", np.array([1, 2, 3]), np.array([2, 5]), invert=True, ref=np.isin),
    case("segment_sum", X, np.array(IDS), 4, ref=segments(IDS, 4, np.add, 0.0)),
    case("segment_max", X, np.array(IDS), 3, ref=segments(IDS, 3, np.maximum, -np.inf), grad=False),
    case("segment_min", X, np.array(IDS), 3, ref=segments(IDS, 3, np.minimum, np.inf), grad=False),
    case("segment_prod", X, np.array(IDS), 3, ref=segments(IDS, 3, np.multiply, 1.0), grad=False),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


def test_mask_with_known_values() -> None:
    x = ops.arange(4)
    assert ops.get_item(x, np.array([True, False, True, False])).tolist() == [0, 2]


def test_nonzero() -> None:
    rows, columns = ops.nonzero(np.array([[0, 1], [2, 0]]))
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])


def test_slice_with_a_start_known_only_at_run_time() -> None:
    out = jit(lambda x, s: ops.slice(x, s, (2,)))(V, np.array([3]))
    np.testing.assert_allclose(out, V[3:5])


UNKNOWN = [
    (lambda x: x[:, 0], (None, 3, 4), (None, 4)),
    (lambda x: x[0], (None, 3, 4), (3, 4)),
    (lambda x: x[:, -1:], (None, None, 4), (None, 1, 4)),
    (lambda x: x[..., None], (None, 3), (None, 3, 1)),
    (lambda x: x[1:], (None, 3), (None, 3)),
    (lambda x: x[:, ::2], (None, 5), (None, 3)),
    (lambda x: x[[0, 1]], (None, 5), (2, 5)),
    (lambda x: ops.take(x, np.zeros((2, 6), int), 1), (None, 5, 3), (None, 2, 6, 3)),
    (lambda x: ops.slice(x, (0, 1), (-1, 2)), (None, 5), (None, 2)),
]


@pytest.mark.parametrize(("fn", "shape", "want"), UNKNOWN)
def test_unknown_axes(fn, shape, want) -> None:
    assert fn(KerasTensor(shape)).shape == want


ERRORS = [
    (lambda: Spec((2, 3))[5], "Index 5 is out of range"),
    (lambda: Spec((2, 3))[0, 0, 0], "Too many indices"),
    (lambda: Spec((2, 3))[Spec((2,), "bool")], "use ops.where"),
    (lambda: ops.slice(Spec((2, 3)), (0, 0), (5, 1)), "does not fit"),
    (lambda: ops.take_along_axis(X, ORDER[0], 1), "3 axes, indices 2"),
    (lambda: ops.scatter_update(Spec((3,)), Spec((2,), "int32"), Spec((2,))), "2 axes"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises(ShapeError, match=message):
        fn()
