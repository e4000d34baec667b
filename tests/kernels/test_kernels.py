"""Native kernels give what XLA gives: values, derivatives of every order, mapped and in threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import kerata as keras
from kerata import kernels, ops
from kernels_support import close, drawn

pytestmark = [
    pytest.mark.engine("jax"),
    pytest.mark.skipif(
        keras.config.backend() != "jax" or not kernels.ready(),
        reason="there are no native kernels here",
    ),
]

if keras.config.backend() == "jax":
    import jax
    import jax.numpy as jnp
    from hypothesis import given, settings
    from hypothesis import strategies as st
    from jax import lax

    from kerata.kernels import convolution as c
    from kerata.kernels import pooling as p
    from kerata.kernels import recurrent as r


# --- convolution ----------------------------------------------------------------------------------

# Shapes of input and kernel, strides, pads, dilation, groups.
TABLE = [
    ((2, 9, 8, 3), (3, 3, 3, 5), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    ((2, 9, 8, 4), (3, 2, 2, 6), (2, 1), ((1, 1), (0, 1)), (1, 1), 2),
    ((2, 9, 8, 4), (3, 2, 1, 8), (1, 1), ((1, 1), (0, 1)), (2, 2), 4),
    ((1, 7, 7, 16), (1, 1, 16, 32), (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    ((3, 11, 4), (3, 4, 6), (2,), ((2, 0),), (1,), 1),
    ((1, 1, 1), (1, 1, 1), (1,), ((0, 0),), (1,), 1),
    # Few output channels: products of shifted planes.
    ((3, 9, 8, 16), (3, 3, 16, 1), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    ((1, 9, 8, 17), (4, 2, 17, 3), (1, 1), ((3, 0), (0, 2)), (2, 3), 1),
    ((2, 5, 6, 7, 16), (3, 3, 2, 16, 2), (1, 1, 1), ((1, 1), (0, 1), (0, 0)), (1, 1, 1), 1),
    ((4, 3, 20), (5, 20, 7), (1,), ((2, 2),), (1,), 1),
    ((2, 3, 5), (5, 5, 7), (1,), ((2, 2),), (1,), 1),  # a kernel larger than the input
    ((2, 5, 6, 7, 3), (3, 3, 2, 3, 4), (1, 2, 1), ((1, 1), (0, 1), (0, 0)), (1, 1, 1), 1),
]


def both(x, w, others):
    """Values, both derivatives, a second derivative: of the kernel and of XLA's."""
    out = []
    for fn in others:
        y, back = jax.vjp(fn, x, w)
        square = lambda x, w, fn=fn: (fn(x, w) ** 2).sum()  # noqa: E731
        second = jax.grad(lambda x, w, f=square: (jax.grad(f)(x, w) ** 2).sum(), 1)(x, w)
        out.append((y, back(drawn(y.shape, 5)), second))
    return out


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_convolution(case):
    x, w, *rest = case
    setting = c.Setting(*rest)
    mine = lambda x, w: c.convolution(x, w, setting)  # noqa: E731
    xla = lambda x, w: c._reference(x, w, setting=setting, other=())  # noqa: E731
    a, b = both(drawn(x), drawn(w, 1), (mine, xla))
    close(a[:2], b[:2])
    close(a[2], b[2], scale=10)


if keras.config.backend() == "jax":

    @st.composite
    def convolutions(draw):
        rank = draw(st.integers(1, 3))
        few = st.integers(1, 3)
        several = lambda s: tuple(draw(s) for _ in range(rank))  # noqa: E731
        groups = draw(st.sampled_from([1, 1, 2, 3]))
        depth, filters = draw(st.sampled_from([1, 2, 3, 16])) * groups, draw(few) * groups
        window, dilation = several(st.integers(1, 4)), several(st.integers(1, 2))
        strides = several(few) if max(dilation) == 1 else (1,) * rank
        pads = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(rank))
        sizes = [
            draw(st.integers(max(1, (k - 1) * d + 1 - a - b), 11))
            for k, d, (a, b) in zip(window, dilation, pads)
        ]
        x = (draw(st.sampled_from([1, 2, 7])), *sizes, depth)
        return x, (*window, depth // groups, filters), strides, pads, dilation, groups

    @settings(max_examples=20, deadline=None, derandomize=True)
    @given(convolutions())
    def test_convolutions_of_odd_shapes(case):
        x, w, *rest = case
        setting = c.Setting(*rest)
        x, w = drawn(x), drawn(w, 1)
        out = []
        for fn in (c.convolution, lambda x, w, s: c._reference(x, w, setting=s, other=())):
            y, back = jax.vjp(lambda x, w, f=fn: f(x, w, setting), x, w)
            out.append((y, back(drawn(y.shape, 5))))
        close(*out)

    @st.composite
    def windows(draw):
        rank = draw(st.integers(1, 3))
        size = tuple(draw(st.integers(1, 4)) for _ in range(rank))
        strides = tuple(draw(st.integers(1, 4)) for _ in range(rank))
        pads = tuple((draw(st.integers(0, k - 1)), draw(st.integers(0, k - 1))) for k in size)
        space = [draw(st.integers(max(1, k - a - b), 13)) for k, (a, b) in zip(size, pads)]
        # Windows that lie in the padding altogether do not come up: pads are smaller than windows.
        channels = draw(st.sampled_from([1, 3, 16, 70]))
        return (draw(st.sampled_from([1, 2, 5])), *space, channels), p.Window(size, strides, pads)

    @settings(max_examples=20, deadline=None, derandomize=True)
    @given(windows())
    def test_pooling_of_odd_shapes(case):
        shape, window = case
        out = p._output_shape(shape, window)
        reach = [(o - 1) * s + k for o, s, k in zip(out[1:-1], window.strides, window.size)]
        if any(
            r - k >= n + a for r, k, n, (a, _) in zip(reach, window.size, shape[1:-1], window.pads)
        ):
            return  # the last window would hold padding only
        x = drawn(shape)
        for mine, largest in ((p.maximum, True), (p.average, False)):
            y, back = jax.vjp(lambda x, f=mine: f(x, window), x)
            y2, back2 = jax.vjp(lambda x, m=largest: pooled(x, window, m), x)
            ct = drawn(y.shape, 5)
            close((y, back(ct)), (y2, back2(ct)))


def pooled(x, w, largest):
    """By XLA."""
    full, steps, pads = (1, *w.size, 1), (1, *w.strides, 1), ((0, 0), *w.pads, (0, 0))
    if largest:
        return lax.reduce_window(x, -np.inf, lax.max, full, steps, pads)
    total, count = (
        lax.reduce_window(v, 0.0, lax.add, full, steps, pads) for v in (x, jnp.ones_like(x))
    )
    return total / count


@pytest.mark.parametrize("fn", ["maximum", "average"])
def test_pooling_has_all_derivatives(fn):
    window = p.Window((2, 3), (2, 1), ((0, 0), (1, 1)))
    mine, x = getattr(p, fn), drawn((2, 6, 7, 3))
    xla = {"maximum": p._reference_max, "average": p._reference_mean}[fn]

    def reference(x):
        y = xla(x, window=window, other=())
        return y[0] if fn == "maximum" else y

    def second(f):
        inner = lambda x: (f(x) ** 3).sum()  # noqa: E731
        return jax.grad(lambda x: (jax.grad(inner)(x) ** 2).sum())(x)

    close(second(lambda x: mine(x, window)), second(reference))
    t = drawn(x.shape, 3)
    close(jax.jvp(lambda x: mine(x, window), (x,), (t,)), jax.jvp(reference, (x,), (t,)))
    many = jnp.stack([x, t])
    close(jax.vmap(lambda x: mine(x, window))(many), jax.vmap(reference)(many))


def test_maximum_of_nan_and_ties():
    window = p.Window((2,), (2,), ((0, 0),))
    x = jnp.asarray([[[1.0], [np.nan], [3.0], [3.0], [-np.inf], [-np.inf]]])
    assert np.isnan(p.maximum(x, window)[0, 0, 0]) and p.maximum(x, window)[0, 1, 0] == 3
    assert p.maximum(x, window)[0, 2, 0] == -np.inf
    got = jax.grad(lambda x: p.maximum(x, window)[0, 1:].sum())(x)
    assert got[0, :, 0].tolist() == [0, 0, 1, 0, 1, 0]  # the first of equals, as in XLA


def test_mapped_convolution():
    setting = c.Setting((1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    x, w = drawn((4, 2, 6, 6, 3)), drawn((4, 3, 3, 3, 5), 1)
    mine = lambda x, w: c.convolution(x, w, setting)  # noqa: E731
    xla = lambda x, w: c._reference(x, w, setting=setting, other=())  # noqa: E731
    for axes, args in (((0, None), (x, w[0])), ((None, 0), (x[0], w)), ((0, 0), (x, w))):
        close(jax.vmap(mine, axes)(*args), jax.vmap(xla, axes)(*args))
        grads = [
            jax.vmap(jax.grad(lambda x, w, f=f: (f(x, w) ** 2).sum(), (0, 1)), axes)(*args)
            for f in (mine, xla)
        ]
        close(*grads, scale=10)
    t = drawn(x[0].shape, 3)
    close(*(jax.jvp(lambda x, f=f: f(x, w[0]), (x[0],), (t,)) for f in (mine, xla)))


# --- recurrent nets -------------------------------------------------------------------------------


NETS = ["lstm", "gru", "simple"]


def net(name, reverse):
    """The native net and the scan, as functions of tensors with tuples of results."""
    if name == "lstm":
        return lambda *a: r.lstm(*a, reverse=reverse), r._LSTM._net(reverse)
    if name == "gru":
        return lambda *a: (r.gru(*a, reverse=reverse),), r._GRU._net(reverse)
    return lambda *a: (r.simple(*a, reverse=reverse),), r._SIMPLE._net(reverse)


def arguments(name, steps, batch, features, units, masked=False):
    state, width = (batch, units), {"lstm": 4, "gru": 3, "simple": 1}[name] * units
    kernels = [(features, width), (units, width), (width,)]
    more = {"lstm": [state, *kernels], "gru": [*kernels, (width,)], "simple": kernels}[name]
    shapes = [(steps, batch, features), state, *more]
    mask = (drawn((steps, batch), 20) > 0).astype(jnp.float32) if masked else jnp.zeros((0, 0))
    return (*(0.4 * drawn(s, i) for i, s in enumerate(shapes)), mask)


# Rows and units that fill blocks of 6 and 16, that do not, and single ones.
SIZES = [
    ((5, 12, 8, 32), False),
    ((4, 7, 70, 3), True),
    ((2, 9, 33, 70), False),
    ((3, 5, 2, 50), True),
    ((1, 1, 1, 1), False),
]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("size", "reverse"), SIZES, ids=str)
@pytest.mark.parametrize("name", NETS)
def test_recurrent(name, size, reverse, masked):
    mine, scan = net(name, reverse)
    args = arguments(name, *size, masked)
    (y, back), (y2, back2) = jax.vjp(mine, *args), jax.vjp(scan, *args)
    ct = tuple(drawn(v.shape, 9) for v in y)
    close((y, back(ct)), (y2, back2(ct)), scale=2)


@pytest.mark.parametrize(("name", "masked"), [("lstm", True), ("gru", False), ("simple", True)])
def test_recurrent_has_all_derivatives(name, masked):
    both_nets, args = net(name, False), arguments(name, 3, 4, 2, 5, masked)
    places = tuple(range(len(args) - 1))

    def second(f):
        loss = lambda *a: sum((v**2).sum() for v in f(*a))  # noqa: E731
        norm = lambda *a: sum((g**2).sum() for g in jax.grad(loss, places)(*a))  # noqa: E731
        return jax.grad(norm, places)(*args)

    close(*map(second, both_nets), scale=10)
    moved = (*(drawn(a.shape, 4) for a in args[:-1]), jnp.zeros_like(args[-1]))
    close(*(jax.jvp(f, args, moved) for f in both_nets))
    many = (jnp.stack([args[0], moved[0]]), *args[1:])
    close(*(jax.vmap(f, (0, *[None] * len(places)))(*many) for f in both_nets))
    twice = lambda f: jax.hessian(lambda h: f(args[0], h, *args[2:])[0].sum())(args[1])  # noqa: E731
    close(*map(twice, both_nets))


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN"])
def test_recurrent_layers_train_alike(layer, monkeypatch):
    losses = []
    for on in ("1", "0"):
        monkeypatch.setenv("KERATA_KERNELS", on)
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((9, 4)),
                keras.layers.Masking(),
                keras.layers.Bidirectional(
                    getattr(keras.layers, layer)(7, return_sequences=True, dropout=0.2)
                ),
                getattr(keras.layers, layer)(6, go_backwards=True),
                keras.layers.Dense(1),
            ]
        )
        model.compile("adam", "mse")
        x = np.random.default_rng(0).normal(size=(50, 9, 4)).astype("float32")
        x[::2, 5:] = x[::3, :2] = 0
        history = model.fit(x, x[:, 0, :1], batch_size=16, epochs=3, verbose=0).history
        losses.append(history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


# --- as ops ---------------------------------------------------------------------------------------


def named(fn, *args):
    return str(jax.make_jaxpr(fn)(*args))


def test_ops_use_them():
    x, w = drawn((2, 8, 8, 3)), drawn((3, 3, 3, 4))
    assert "kerata_conv" in named(lambda x: ops.conv(x, w, padding="same"), x)
    assert "kerata_conv" in named(lambda x: ops.depthwise_conv(x, drawn((3, 3, 3, 2))), x)
    assert "kerata_conv_input" in named(
        lambda x: ops.conv_transpose(x, drawn((3, 3, 5, 3)), strides=2, padding="same"), x
    )
    assert "kerata_pool_max" in named(lambda x: ops.max_pool(x, 2), x)
    z = drawn((5, 2, 3))
    layers = [keras.layers.LSTM(4), keras.layers.GRU(4), keras.layers.SimpleRNN(4)]
    for layer, name in zip(layers, ("lstm", "gru", "rnn")):
        mask = jnp.ones((5, 2), bool)
        layer(z)
        assert f"kerata_{name}" in named(layer, z)
        assert f"kerata_{name}" in named(lambda z, layer=layer: layer(z, mask=mask), z)  # noqa: B023
    a, b = drawn((64, 40)), drawn((40, 32))
    assert "kerata_product" in named(ops.matmul, a, b)
    assert "kerata_product" not in named(ops.matmul, a[:2], b)
    q = drawn((2, 32, 4, 16))
    assert "kerata_product" in named(lambda q: ops.einsum("btnh,bsnh->bnts", q, q), q)
    assert "kerata_softmax" in named(ops.softmax, drawn((128, 128)))
    drop = lambda x: ops.random.dropout(x, 0.5, seed=1)  # noqa: E731
    assert "bernoulli" in named(drop, a)
    assert "kerata_pool_mean" in named(lambda x: ops.average_pool(x, 2, padding="same"), x)


def test_bfloat16(monkeypatch):
    """By oneDNN where the processor has it: float32's numbers to two digits; else XLA's."""
    x, w = drawn((2, 9, 8, 20)), drawn((3, 3, 20, 2), 1)
    a, b = drawn((64, 50)), drawn((50, 40), 1)
    half = [v.astype("bfloat16") for v in (x, w, a, b)]

    def all_of(x, w, a, b):
        conv = lambda x, w: ops.conv(x, w, padding="same")  # noqa: E731
        out = []
        for f, args in ((conv, (x, w)), (ops.matmul, (a, b))):
            y, back = jax.vjp(f, *args)
            out += [y, *back(y)]
        return [v.astype("float32") for v in out]

    for mine, exact in zip(all_of(*half), all_of(x, w, a, b)):
        np.testing.assert_allclose(mine, exact, atol=0.02 * float(jnp.abs(exact).max()))
    for computes in (True, False):
        monkeypatch.setattr(kernels, "computes_bfloat16", lambda computes=computes: computes)
        assert ("kerata_conv" in named(lambda x: ops.conv(x, half[1]), half[0])) == computes
        assert ("kerata_product" in named(lambda a: ops.matmul(a, half[3]), half[2])) == computes


@pytest.mark.parametrize("dtype", ["float16", "int32"])
def test_other_dtypes_fall_back(dtype):
    x, w = drawn((2, 8, 8, 3)).astype(dtype), drawn((3, 3, 3, 4)).astype(dtype)
    assert "kerata" not in named(lambda x: ops.conv(x, w), x)
    assert "kerata" not in named(lambda x: ops.max_pool(x, 2), x)
    assert ops.conv(x, w).dtype == dtype


def test_no_samples_and_large_windows_fall_back():
    assert ops.conv(jnp.zeros((0, 8, 8, 3)), drawn((3, 3, 3, 4))).shape == (0, 6, 6, 4)
    assert ops.max_pool(jnp.zeros((0, 8, 8, 3)), 2).shape == (0, 4, 4, 3)
    assert "kerata" not in named(lambda x: ops.max_pool(x, 17), drawn((1, 34, 34, 1)))
    assert ops.max_pool(drawn((1, 34, 34, 1)), 17).shape == (1, 2, 2, 1)


def test_threads():
    """Several at once, with shapes of their own and the same ones."""
    setting = c.Setting((1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    args = [(drawn((2, n, n, 4), n), drawn((3, 3, 4, 8), n)) for n in (5, 6, 7, 8) * 2]
    expected = [c._reference(*a, setting=setting, other=()) for a in args]
    found = [None] * len(args)

    def work(i):
        for _ in range(25):
            found[i] = c.convolution(*args[i], setting)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(args))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    close(found, expected)


def test_nothing_leaks():
    psutil = pytest.importorskip("psutil")
    setting = c.Setting((1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    window = p.Window((2, 2), (2, 2), ((0, 0), (0, 0)))
    loss = lambda x, w: p.maximum(c.convolution(x, w, setting), window).sum()  # noqa: E731
    step = jax.jit(jax.grad(loss, (0, 1)))
    x, w = drawn((4, 16, 16, 8)), drawn((3, 3, 8, 8))

    def memory(calls):
        for _ in range(calls):
            out = step(x, w)
        jax.block_until_ready(out)
        return psutil.Process().memory_info().rss

    before = memory(500)
    assert memory(10_000) - before < 20e6


# --- on and off -----------------------------------------------------------------------------------

PROGRAM = """
import numpy as np, kerata
from kerata import kernels
layer = kerata.layers.Conv2D(4, 3, kernel_initializer="ones")
print(float(np.asarray(layer(np.ones((1, 5, 5, 2), "float32"))).sum()))
print(kernels.why_not())
"""


def run(**env):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    value, why = [*done.stdout.splitlines(), ""][:2]
    assert float(value) == 9 * 2 * 9 * 4
    return why


ISA = """
import numpy as np, jax
from kerata import kernels
from kerata.kernels import pooling, recurrent as r, softmax
assert kernels.ready()
g = np.random.default_rng(0)
for net, gates in ((r._LSTM, 4), (r._GRU, 3), (r._SIMPLE, 1)):
    state, width = (7, 20), gates * 20
    shapes = [(4, 7, 18), state, *([state] if gates == 4 else []), (18, width), (20, width), (width,)]
    shapes += [(width,)] * (net.arity - 1 - len(shapes)) + [(4, 7)]
    args = [(0.3 * g.standard_normal(s)).astype("float32") for s in shapes]
    native = lambda *a: tuple(net.forward.bind(*a, reverse=False, keep=True)[: net.count])
    (y, back), (y2, back2) = jax.vjp(native, *args), jax.vjp(net._net(False), *args)
    for a, b in zip(jax.tree.leaves((y, back(y))), jax.tree.leaves((y2, back2(y)))):
        np.testing.assert_allclose(a, b, atol=1e-5)
x = g.standard_normal((300, 77)).astype("float32")
np.testing.assert_allclose(softmax.softmax(x), jax.nn.softmax(x), atol=1e-6)
x = g.standard_normal((2, 9, 9, 21)).astype("float32")
window = pooling.Window((3, 2), (2, 1), ((1, 1), (0, 1)))
shape = pooling._output_shape(x.shape, window)
for a, b in zip(pooling._max.bind(x, window=window, other=shape),
                pooling._reference_max(x, window=window, other=shape)):
    np.testing.assert_array_equal(a, b)
print("same")
"""


@pytest.mark.parametrize("instructions", ["avx512", "avx2", "plain"])
def test_instruction_sets(instructions):
    done = subprocess.run(
        [sys.executable, "-c", ISA],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "KERATA_ISA": instructions,
        },
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "same", done.stderr


def test_turned_off():
    assert run() == ""
    assert run(KERATA_KERNELS="0") == "KERATA_KERNELS=0 turns them off"


def test_what_is_missing(monkeypatch, tmp_path):
    load = kernels._load.__wrapped__
    monkeypatch.setattr(kernels, "_onednn", lambda: str(tmp_path / "libdnnl.so.3"))
    assert "cannot be loaded" in load() and "libdnnl" in load()
    monkeypatch.undo()
    monkeypatch.setattr(kernels, "_version", lambda library: (2, 7))
    assert load() == "oneDNN is 2.7, expected 3.2 or newer"
    monkeypatch.undo()
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "__init__.py"))
    assert "not built" in load() and "g++" in load()
    monkeypatch.setattr(kernels.platform, "machine", lambda: "arm64")
    assert "x86-64" in load()
