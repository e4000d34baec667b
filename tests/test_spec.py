"""Shapes without values: broadcasting, unknown axes and probes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from kerata import ops, spec
from kerata.errors import ShapeError
from kerata.spec import (
    PROBES,
    KerasTensor,
    Spec,
    broadcast,
    normalize_axes,
    normalize_axis,
    probing,
    same,
    unprobe,
)

SHAPES = [(), (1,), (3,), (2, 3), (2, 1), (1, 3), (4, 1, 3), (4, 2, 1), (4, 2, 3)]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(SHAPES, SHAPES)))
def test_broadcast_is_numpys(a, b) -> None:
    assert broadcast(a, b) == np.broadcast_shapes(a, b)


def test_broadcast_of_many() -> None:
    assert broadcast((2, 1), (3,), (4, 1, 1)) == (4, 2, 3)
    assert broadcast() == ()


def test_broadcast_with_unknown_axes() -> None:
    assert broadcast((None, 3), (3,)) == (None, 3)
    assert broadcast((None, 3), (1, 3)) == (None, 3)
    assert broadcast((None, 3), (5, 3)) == (5, 3)
    assert broadcast((None,), (None,)) == (None,)


def test_broadcast_error_names_the_shapes() -> None:
    with pytest.raises(ShapeError, match=r"add: shapes \(2, 3\) and \(4,\) do not broadcast"):
        broadcast((2, 3), (4,), what="add")


def test_same() -> None:
    assert same("x", 3, 3) == 3
    assert same("x", None, 3) == 3
    assert same("x", 3, None) == 3
    with pytest.raises(ShapeError, match="x: sizes 3 and 4 must be equal. Look."):
        same("x", 3, 4, "Look.")


def test_probe_agrees_with_any_size() -> None:
    p = PROBES[0]
    with probing(p):
        assert spec.probe() == p
        assert same("x", p, 3) == same("x", 3, p) == 3
        assert broadcast((p, 3), (5, 3)) == (5, 3)
        assert unprobe((p, 3)) == (None, 3)
        with probing(PROBES[1]):
            assert spec.probe() == PROBES[1]
        assert spec.probe() == p
    assert spec.probe() is None
    with pytest.raises(ShapeError):
        same("x", p, 3)


def test_probing_ends_with_an_error() -> None:
    with pytest.raises(RuntimeError), probing(7):
        raise RuntimeError
    assert spec.probe() is None


def test_errors_show_unknown_axes_as_none() -> None:
    with pytest.raises(ShapeError, match=r"\(None, 3\) and \(4,\)"):
        ops.add(KerasTensor((None, 3)), np.ones(4, "float32"))


def test_axes() -> None:
    assert normalize_axis(-1, 3) == 2
    assert normalize_axes(None, 3) == (0, 1, 2)
    assert normalize_axes([-1, 0], 3) == (0, 2)
    with pytest.raises(ShapeError, match="axis=3 is out of range"):
        normalize_axis(3, 3)


def test_spec() -> None:
    s = Spec((2, None, 3), "int64")
    assert (s.shape, s.dtype, s.ndim, s.size, len(s)) == ((2, None, 3), "int32", 3, None, 2)
    assert Spec((2, 3)).size == 6
    with pytest.raises(TypeError, match="unknown axis"):
        len(Spec((None, 2)))
    with pytest.raises(TypeError, match="truth value"):
        bool(s)
    with pytest.raises(TypeError, match="kerata.ops"):
        np.asarray(s)
    assert [x.shape for x in Spec((2, 3))] == [(3,), (3,)]


def test_spec_of() -> None:
    assert spec.spec_of([[1, 2], [3, 4]]).shape == (2, 2)
    assert spec.spec_of([1, 2.5]).dtype == "float32"
    assert spec.spec_of(np.zeros((2, 3), "int8")).dtype == "int8"
    assert spec.spec_of(3) == 3
    assert spec.shape_of(5) == ()
    assert spec.shape_of([[1], [2]]) == (2, 1)


OPERATORS = [
    (lambda x: x + 1, "float32"), (lambda x: 1 - x, "float32"), (lambda x: x * x, "float32"), (lambda x: 2 / x, "float32"),
    (lambda x: x // 2, "float32"), (lambda x: x % 2, "float32"), (lambda x: x**2, "float32"), (lambda x: 2**x, "float32"),
    (lambda x: -x, "float32"), (lambda x: abs(x), "float32"), (lambda x: x < 1, "bool"), (lambda x: x >= 1, "bool"),
    (lambda x: x == 1, "bool"), (lambda x: x != x, "bool"), (lambda x: ~(x > 0), "bool"), (lambda x: (x > 0) & (x < 1), "bool"),
    (lambda x: x.astype("int32"), "int32"), (lambda x: +x, "float32"),
]  # fmt: skip


@pytest.mark.parametrize(("fn", "dtype"), OPERATORS)
def test_operator(fn, dtype) -> None:
    out = fn(Spec((2, 3)))
    assert (out.shape, out.dtype) == ((2, 3), dtype)
    symbolic = fn(KerasTensor((None, 3)))
    assert (symbolic.shape, symbolic.dtype) == ((None, 3), dtype)


def test_shapes_by_method() -> None:
    x = KerasTensor((None, 4))
    assert (x @ Spec((4, 5))).shape == (None, 5)
    assert x.T.shape == (4, None)
    assert x.reshape(-1, 2, 2).shape == (None, 2, 2)
    assert x.reshape((-1, 2, 2)).shape == (None, 2, 2)
