"""What an engine offers beside ops: the whole protocol, on the engine in use."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops
from kerata.engine import engine
from kerata.engine.protocol import Engine
from kerata.spec import Spec
from support import array, tensor

X = np.arange(6, dtype="float32").reshape(2, 3)


def test_nothing_is_missing():
    wanted = {n: f for n, f in vars(Engine).items() if inspect.isfunction(f) and n[0] != "_"}
    assert len(wanted) > 25
    for name, declared in wanted.items():
        offered = getattr(engine(), name)
        if inspect.isfunction(offered):
            takes = list(inspect.signature(offered).parameters)
            assert len(takes) >= len(inspect.signature(declared).parameters) - 1, name


def test_value_and_grad():
    fn = engine().value_and_grad(lambda ws, x: (ops.sum(ws[0] * x) + ws[1] ** 2, "aux"), True)
    (value, aux), grads = fn([tensor(X), tensor(3.0)], tensor(X))
    assert (float(array(value)), aux) == (float((X * X).sum()) + 9, "aux")
    np.testing.assert_array_equal(array(grads[0]), X)
    assert array(grads[1]) == 6


def test_unused_weights_have_zero_gradients():
    _, grads = engine().value_and_grad(lambda ws: ops.sum(ws[0]))([tensor(X), tensor(X)])
    assert not array(grads[1]).any()


def test_checkpoint():
    def inner(w, x):
        return ops.tanh(ops.matmul(x, w)) ** 2

    def run(f):
        return engine().value_and_grad(lambda ws: ops.sum(f(ws[0], tensor(X))))([tensor(X.T / 9)])

    for compiled in (False, True):
        fn = engine().compile(lambda: run(engine().checkpoint(inner))) if compiled else None
        value, grads = fn() if fn else run(engine().checkpoint(inner))
        expected, theirs = run(inner)
        np.testing.assert_allclose(array(value), array(expected), rtol=1e-6)
        np.testing.assert_allclose(array(grads[0]), array(theirs[0]), rtol=1e-5)


def test_custom_gradient():
    def clipped(x):
        return ops.square(x), lambda upstream: ops.clip(upstream * 2 * x, -1.0, 1.0)

    fn = engine().custom_gradient(clipped)
    value, grads = engine().value_and_grad(lambda xs: ops.sum(fn(xs[0])))([tensor(X)])
    assert float(array(value)) == (X**2).sum()
    np.testing.assert_array_equal(array(grads[0]), np.clip(2 * X, -1, 1))


def test_custom_gradient_in_the_form_of_keras():
    def doubled(x):
        def grad(*args, upstream=None):
            (upstream,) = args if upstream is None else (upstream,)
            return 2 * upstream

        return x + 0, grad

    fn = engine().custom_gradient(doubled)
    _, grads = engine().value_and_grad(lambda xs: ops.sum(fn(xs[0])))([tensor(X)])
    np.testing.assert_array_equal(array(grads[0]), np.full_like(X, 2))


def test_vmap():
    rows = engine().vmap(lambda x: ops.sum(x) * x)(tensor(X))
    np.testing.assert_allclose(array(rows), X.sum(1, keepdims=True) * X)
    both = engine().vmap(lambda a, b: ops.matmul(a, b), (0, None))(tensor(X), tensor(X[0]))
    np.testing.assert_allclose(array(both), X @ X[0])


@pytest.mark.parametrize("fuse", [None, True, False])
def test_compile(fuse):
    calls = []

    def fn(state, x):
        calls.append(1)
        return {"y": state["w"] * x, "kept": None, "pair": (x + 1, [state["w"]])}

    run = engine().compile(fn, fuse=fuse)
    for k in (1.0, 2.0, 3.0):
        out = run({"w": tensor(k)}, X)
        np.testing.assert_array_equal(array(out["y"]), k * X)
        assert out["kept"] is None and array(out["pair"][1][0]) == k
    assert len(calls) <= 2  # for one form of the arguments the Python code runs once
    assert array(run({"w": tensor(2.0)}, X[:1])["y"]).shape == (1, 3)


@pytest.mark.parametrize("fuse", [None, True, False])
def test_compile_loop(fuse):
    def step(i, state, rows):
        total, seen = state
        row = engine().slice_rows(rows, i, 1)[0]
        return total + ops.sum(row), seen + engine().take_rows(rows, tensor([1, 0], "int32"))

    run = engine().compile_loop(step, fuse=fuse)
    start = (tensor(0.0), ops.zeros((2, 3)))
    total, seen = run(start, 0, 2, tensor(X))
    assert float(array(total)) == X.sum()
    np.testing.assert_array_equal(array(seen), 2 * X[::-1])
    total, _ = run((total, seen), 1, 2, tensor(X))  # the trip count is known when it runs
    assert float(array(total)) == X.sum() + X[1].sum()


def test_control_has_derivatives():
    def loss(ws):
        w = ws[0]
        a = ops.cond(ops.sum(w) > 0, lambda: w * w, lambda: -w)
        _, b = ops.scan(lambda c, x: (c + x, c * x), ops.zeros_like(w[0]), w)
        c = ops.fori_loop(0, 3, lambda i, v: v * 1.5, w)
        return ops.sum(a) + ops.sum(b) + ops.sum(c)

    expected = 2 * X + np.flip(X, 0) + 1.5**3
    for run in (engine().value_and_grad(loss), engine().compile(engine().value_and_grad(loss))):
        np.testing.assert_allclose(array(run([tensor(X)])[1][0]), expected, rtol=1e-6)


def test_infer():
    out = engine().infer(lambda x, n: {"y": ops.tile(x, (n, 1))}, [Spec((2, 3), "float32"), 4])
    assert (out["y"].shape, out["y"].dtype) == ((8, 3), "float32")


def test_together():
    tensors = [tensor(X), tensor(X[0])]
    joined = engine().together(tensors)
    if joined is None:
        return
    moved = list(ops.sqrt(joined * 2.0 + joined) / (1.0 - joined))
    for got, x in zip(moved, (X, X[0]), strict=True):
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(array(got), np.sqrt(3 * x) / (1 - x), rtol=1e-6)


def test_the_optimizing_compiler_gives_the_same_training():
    losses = []
    for jit in ("auto", True, False):
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [
                keras.Input((3,)),
                layers.Dense(4, activation="relu"),
                layers.BatchNormalization(),
                layers.Dense(1),
            ]
        )
        model.compile("adam", "mse", jit_compile=jit, metrics=["mae"])
        x = np.random.default_rng(0).normal(size=(22, 3)).astype("float32")
        losses.append(model.fit(x, x[:, 0], batch_size=8, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    np.testing.assert_allclose(losses[2], losses[0], rtol=1e-5)


def test_profile():
    w = tensor(np.ones((300, 300), "float32"))

    def step(w):
        def loss(ws):
            with engine().named("outer"), engine().named("inner"):
                y = ops.tanh(ops.matmul(ws[0], ws[0]))
            return ops.sum(y)

        value, grads = engine().value_and_grad(loss)([w])
        return w - 0.001 * grads[0] * value

    def repeated(run):
        def call(n):
            x = w
            for _ in range(n):
                x = run(x)
            return x

        return call

    trace = engine().profile(repeated(engine().compile(step)), repeated(step), 3, 1.0)
    assert 1 <= trace.steps <= 3 and 0 < trace.busy <= trace.wall
    assert any({"outer", "inner"} <= set(o.path) for o in trace.operations)
    assert any(o.backward for o in trace.operations)
    assert all(o.seconds >= 0 for o in trace.operations)
