"""Shapes: reshaping, moving, joining, splitting, padding, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor, Spec
from ops.check import Case, case, check, every

rng = np.random.RandomState(0)
X = rng.randn(2, 3, 4).astype("float32")
M = rng.randn(3, 4).astype("float32")
V = rng.randn(4).astype("float32")
INT = np.arange(12, dtype="int32").reshape(3, 4)


def pad(x, width, mode="constant", constant_values=0):
    more = {"constant_values": constant_values} if mode == "constant" else {}
    return np.pad(x, width, mode, **more)


CASES = [
    case("reshape", X, (4, 6), ref=np.reshape, unknown=False),
    case("reshape", X, (-1, 4), ref=np.reshape),
    case("reshape", X, -1, ref=np.reshape),
    case("reshape", X, [2, 12], ref=np.reshape, unknown=False),
    case("ravel", X, ref=np.ravel),
    case("transpose", X, ref=np.transpose),
    case("transpose", X, (1, 0, -1), ref=lambda x, a: np.transpose(x, (1, 0, 2))),
    case("transpose", X, axes=[2, 0, 1], ref=np.transpose),
    case("rearrange", X, "a b c -> c a b", ref=lambda x, _: x.transpose(2, 0, 1)),
    case("rearrange", X, "a b c->b (c a)", ref=lambda x, _: x.transpose(1, 2, 0).reshape(3, 8)),
    case(
        "rearrange",
        X,
        "a b (c d) -> a (b d) c",
        d=2,
        ref=lambda x, _, d: x.reshape(2, 3, 2, 2).transpose(0, 1, 3, 2).reshape(2, 6, 2),
    ),
    case(
        "rearrange",
        X,
        "a b (c d e) -> (a b) d (e c)",
        d=2,
        e=1,
        ref=lambda x, _, d, e: x.reshape(6, 2, 2).transpose(0, 2, 1),
    ),
    case("rearrange", X, "a b c -> (a b c)", ref=lambda x, _: x.ravel()),
    case("swapaxes", X, 0, -1, ref=np.swapaxes),
    case("moveaxis", X, 0, -1, ref=np.moveaxis),
    case("moveaxis", X, [0, 1], [2, 0], ref=np.moveaxis),
    case("expand_dims", X, 1, ref=np.expand_dims),
    case("expand_dims", X, (0, -1), ref=np.expand_dims),
    case("squeeze", X[:, :1], 1, ref=np.squeeze),
    case("squeeze", X[:1, :1], ref=np.squeeze, unknown=False),
    case("broadcast_to", M, (2, 3, 4), ref=np.broadcast_to),
    case("flip", X, 1, ref=np.flip),
    case("flip", X, ref=np.flip),
    case("flip", X, (0, 2), ref=np.flip),
    case("fliplr", X, ref=np.fliplr),
    case("flipud", X, ref=np.flipud),
    case("roll", X, 2, 1, ref=np.roll),
    case("roll", X, 5, ref=np.roll),
    case("roll", X, (1, 2), (0, 1), ref=np.roll),
    case("rot90", X, ref=np.rot90),
    case("rot90", X, 3, (1, 2), ref=np.rot90),
    case("concatenate", [X, X * 2], 1, ref=np.concatenate),
    case("concatenate", (M, INT), -1, ref=np.concatenate),
    case("stack", [M, INT], 1, ref=np.stack),
    case("stack", [V, V], -1, ref=np.stack),
    case("split", X, 2, -1, ref=np.split),
    case("split", X, [1, 3], 2, ref=np.split),
    case("split", X, [1, 9], 2, ref=np.split),
    case("array_split", X, 3, 2, ref=np.array_split),
    case("unstack", X, None, 1, ref=lambda x, n, a: [x[:, i] for i in range(3)]),
    case("hstack", [M, M], ref=np.hstack),
    case("hstack", [V, V], ref=np.hstack),
    case("vstack", [V, V], ref=np.vstack),
    case("vstack", [M, M], ref=np.vstack),
    case("dstack", [M, M], ref=np.dstack),
    case("hsplit", X, 3, ref=np.hsplit),
    case("vsplit", X, 2, ref=np.vsplit),
    case("dsplit", X, 2, ref=np.dsplit),
    case("append", M, M, 1, ref=np.append),
    case("append", M, V, ref=np.append),
    case("tile", X, (2, 1, 3), ref=np.tile),
    case("tile", V, (2, 2), ref=np.tile),
    case("tile", X, 2, ref=np.tile),
    case("repeat", X, 2, 1, ref=np.repeat),
    case("repeat", X, 2, ref=np.repeat),
    case("repeat", X, [1, 2, 0], 1, ref=np.repeat),
    case("pad", X, 1, ref=pad),
    case("pad", M, ((1, 2), (0, 1)), ref=pad),
    case("pad", M, ((1, 2), (0, 1)), constant_values=3.0, ref=pad),
    case("pad", M, ((1, 2), (2, 1)), "reflect", ref=pad),
    case("pad", M, ((1, 2), (2, 1)), "symmetric", ref=pad),
    case("pad", M, ((1, 2), (2, 1)), mode="edge", ref=pad),
    case("pad", M, [[1, 2], [2, 1]], mode="wrap", ref=pad),
]


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


UNKNOWN = [
    (lambda x: ops.reshape(x, (-1, 6)), (None, 2, 3), (None, 6)),
    (lambda x: ops.reshape(x, (-1, 2, 3)), (None, 6), (None, 2, 3)),
    (lambda x: ops.reshape(x, (-1,)), (None, 6), (None,)),
    (lambda x: ops.reshape(x, (None, 3, 2)), (None, 6), (None, 3, 2)),
    (lambda x: ops.reshape(x, (ops.shape(x)[0], -1)), (None, 2, 3), (None, 6)),
    (lambda x: ops.reshape(x, (ops.shape(x)[0], 6)), (None, 2, 3), (None, 6)),
    (lambda x: ops.reshape(x, (-1, x.shape[1], 3)), (None, None, 6), (None, None, 3)),
    (lambda x: ops.reshape(x, (-1, 4)), (None, None, 6), (None, 4)),
    (lambda x: ops.concatenate([x, x], 0), (None, 3), (None, 3)),
    (lambda x: ops.concatenate([x, x], 1), (None, 3), (None, 6)),
    (lambda x: ops.concatenate([x, ops.zeros((4, 3))], 1), (None, 3), (4, 6)),
    (lambda x: ops.split(x, 3, 1)[0], (None, 6), (None, 2)),
    (lambda x: ops.split(x, 2, 0)[0], (None, 6), (None, 6)),
    (lambda x: ops.pad(x, ((1, 1), (0, 2))), (None, 6), (None, 8)),
    (lambda x: ops.tile(x, (2, 2)), (None, 6), (None, 12)),
    (lambda x: ops.repeat(x, 3, 0), (None, 6), (None, 6)),
    (lambda x: ops.broadcast_to(x, (5, 7, 6)), (None, 6), (5, 7, 6)),
    (lambda x: ops.squeeze(x, 0), (None, 6), (6,)),
    (lambda x: ops.ravel(x), (None, 6), (None,)),
]  # fmt: skip


@pytest.mark.parametrize(("fn", "shape", "want"), UNKNOWN)
def test_unknown_axes(fn, shape, want) -> None:
    assert fn(KerasTensor(shape)).shape == want


ERRORS = [
    (lambda: ops.reshape(X, (5, 5)), r"24 elements.*25"),
    (lambda: ops.reshape(X, (-1, 5)), r"\(2, 3, 4\) has 24 elements"),
    (lambda: ops.reshape(X, (-1, -1)), "only one size may be -1"),
    (lambda: ops.reshape(KerasTensor((3, 4)), (5, 5)), "12 elements"),
    (lambda: ops.transpose(X, (0, 0, 1)), "is no order of the 3 axes"),
    (lambda: ops.concatenate([X, M], 0), "same number of axes"),
    (lambda: ops.concatenate([X, X[:, :, :2]], 0), "sizes must agree"),
    (lambda: ops.stack([M, V]), "same shape"),
    (lambda: ops.squeeze(X, 1), "has the size 3, not 1"),
    (lambda: ops.split(X, 2, 1), "2 equal parts"),
    (lambda: ops.broadcast_to(X, (5, 4)), "broadcast"),
    (lambda: ops.pad(X, ((1, 1), (1, 1))), "2 pairs"),
    (lambda: ops.unstack(Spec((None, 3))), "give num"),
    (lambda: ops.expand_dims(X, 7), "out of range"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises(ShapeError, match=message):
        fn()


PATTERNS = [
    ("a b c", "expected 'axes -> axes'"),
    ("a b -> b a", "names 2 axes, the tensor's shape is .2, 3, 4."),
    ("a b c -> a b", "must have the same names"),
    ("a b b -> a b b", "a name stands twice"),
    ("a b ... -> b a ...", "may hold names"),
    ("a b (c d) -> a b c d", "all but one"),
]


@pytest.mark.parametrize(("pattern", "message"), PATTERNS)
def test_patterns(pattern, message) -> None:
    with pytest.raises(ValueError, match=message):
        ops.rearrange(X, pattern)


def test_rearrange_by_sizes() -> None:
    with pytest.raises(ShapeError, match="an axis of 4 cannot be made"):
        ops.rearrange(X, "a b (c d) -> a b c d", c=3)
    with pytest.raises(ValueError, match="the same names"):
        ops.rearrange(X, "a b c -> c b a", d=3)
    x = KerasTensor((None, 6, None))
    assert ops.rearrange(x, "a (b d) c -> (a d) b c", d=2).shape == (None, 3, None)


def test_shape_size_ndim() -> None:
    assert ops.shape(X) == (2, 3, 4)
    assert ops.shape([[1, 2]]) == (1, 2)
    assert ops.shape(KerasTensor((None, 3))) == (None, 3)
    assert (ops.size(X), ops.ndim(X), ops.size(KerasTensor((None, 3)))) == (24, 3, None)


def test_reshape_of_none_with_values() -> None:
    assert ops.reshape(X, (None, 12)).shape == (2, 12)
    assert ops.reshape(X, (None, 2, -1)).shape == (2, 2, 6)
