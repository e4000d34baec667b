"""Control flow: values, compiled, and inferred."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import graph, ops
from kerata.errors import ShapeError
from kerata.spec import KerasTensor, Spec
from support import grad, jit

X = np.arange(6, dtype="float32").reshape(3, 2)


def test_cond() -> None:
    def pick(p, x):
        return ops.cond(p, lambda: x * 2, lambda: x)

    assert pick(True, X).tolist() == (X * 2).tolist()
    assert jit(pick)(np.array(False), X).tolist() == X.tolist()
    assert ops.cond(Spec((), "bool"), lambda: Spec((2,)), lambda: Spec((2,))).shape == (2,)
    with pytest.raises(ShapeError, match="one shape and dtype"):
        ops.cond(Spec((), "bool"), lambda: Spec((2,)), lambda: Spec((2, 3)))
    with pytest.raises(ShapeError, match="same structure"):
        ops.cond(Spec((), "bool"), lambda: Spec((2,)), lambda: (Spec((2,)), Spec((2,))))


def test_conditions_are_compiled() -> None:
    """What is compiled holds both sides: Python runs no more when the condition changes."""
    runs = []

    def both(i, x, n):
        runs.append(i)
        picked = ops.cond(i > 1, lambda: [x * 2, n], lambda: [x, n + 1])
        return [*picked, ops.switch(i, [lambda v: v, lambda v: v + 1, lambda v: v * 3], x)]

    compiled = jit(both)

    def values(i):
        return [float(v) for v in compiled(np.int32(i), np.float32(2), np.float32(0))]

    assert values(0) == [2, 1, 2]
    first = len(runs)
    assert (values(1), values(2)) == ([2, 1, 3], [4, 0, 6])
    assert len(runs) == first


def test_switch() -> None:
    branches = [lambda x: x, lambda x: x + 1, lambda x: x * 3]
    assert [float(ops.switch(i, branches, np.float32(2))) for i in (0, 1, 2, 7)] == [2, 3, 6, 6]
    assert ops.switch(Spec((), "int32"), branches, Spec((4,))).shape == (4,)


def test_while_loop() -> None:
    i, total = ops.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, 0))
    assert (int(i), int(total)) == (5, 10)
    (i,) = ops.while_loop(lambda i: i < 5, lambda i: (i + 1,), (0,), maximum_iterations=3)
    assert int(i) == 3
    assert int(ops.while_loop(lambda i: i < 5, lambda i: i + 1, 0)) == 5
    a, b = ops.while_loop(None, None, (Spec((2,)), Spec((), "int32")))  # never run to infer
    assert (a.shape, b.dtype) == ((2,), "int32")


def test_fori_loop() -> None:
    assert int(ops.fori_loop(0, 5, lambda i, s: s + i, 0)) == 10
    assert ops.fori_loop(0, 5, lambda i, s: s, Spec((3,))).shape == (3,)


def running_sum(carry, x):
    carry = carry + x
    return carry, carry * 2


def test_scan() -> None:
    last, all_ = ops.scan(running_sum, np.zeros(2, "float32"), X)
    assert last.tolist() == X.sum(0).tolist()
    assert all_.tolist() == (X.cumsum(0) * 2).tolist()
    _, back = ops.scan(running_sum, np.zeros(2, "float32"), X, reverse=True)
    assert back.tolist() == (X[::-1].cumsum(0)[::-1] * 2).tolist()
    last, ys = ops.scan(lambda c, _: (c * 2, c), 1.0, length=4)
    assert (float(last), ys.tolist()) == (16.0, [1, 2, 4, 8])


def test_scan_gradient() -> None:
    g = grad(lambda x: ops.sum(ops.scan(running_sum, np.zeros(2, "float32"), x, unroll=2)[1]))(X)
    assert g.tolist() == [[6, 6], [4, 4], [2, 2]]


def test_scan_is_inferred() -> None:
    last, ys = ops.scan(running_sum, Spec((2,)), Spec((7, 2)))
    assert (last.shape, ys.shape) == ((2,), (7, 2))

    def over_time(x):
        start = ops.zeros((x.shape[0], 4))
        return ops.scan(lambda c, t: (c + ops.sum(t), c), start, ops.swapaxes(x, 0, 1))

    last, ys = graph.infer(over_time, (KerasTensor((None, None, 3)),), {})
    assert (last.shape, ys.shape) == ((None, 4), (None, None, 4))
    with pytest.raises(ShapeError, match="keep its shape"):
        ops.scan(lambda c, x: (x, x), Spec(()), Spec((3, 2)))
    with pytest.raises(ShapeError, match="give length"):
        ops.scan(running_sum, Spec(()))


def test_maps() -> None:
    for mapped in (ops.map, ops.vectorized_map):
        assert mapped(lambda x: ops.sum(x), X).tolist() == X.sum(1).tolist()
        out = mapped(lambda x: {"a": x["u"] + 1, "b": ops.sum(x["u"])}, {"u": X})
        assert (out["a"].tolist(), out["b"].tolist()) == ((X + 1).tolist(), X.sum(1).tolist())
        assert mapped(lambda x: ops.sum(x), KerasTensor((None, 2))).shape == (None,)
        with pytest.raises(ShapeError, match="first axis"):
            mapped(lambda x: x, Spec(()))


def test_associative_scan() -> None:
    assert ops.associative_scan(ops.add, X).tolist() == X.cumsum(0).tolist()
    assert ops.associative_scan(ops.add, X, axis=1).tolist() == X.cumsum(1).tolist()
    assert ops.associative_scan(ops.add, Spec((3, 2))).shape == (3, 2)


def test_custom_gradient() -> None:
    @ops.custom_gradient
    def clipped(x):
        """The same number, with a gradient of at most 1."""

        def backward(*args, upstream=None):
            return ops.clip(args[0] if upstream is None else upstream, -1, 1)

        return x * 1, backward

    assert float(grad(lambda x: clipped(x) * 5)(np.float32(2))) == 1.0
    assert clipped(Spec((2,))).shape == (2,)
    assert clipped.__doc__.startswith("The same")
