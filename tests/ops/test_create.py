"""Ops that make tensors, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from kerata import config, ops
from kerata.spec import KerasTensor, Spec, probing
from ops.check import Case, case, check, every

rng = np.random.RandomState(0)
X = rng.randn(2, 3, 4).astype("float32")
M = rng.randn(3, 4).astype("float32")
V = rng.randn(4).astype("float32")
IDS = np.array([[0, 2], [3, 7]], np.int32)

CASES = [
    case("zeros_like", X, ref=np.zeros_like),
    case("ones_like", X, "int32", ref=np.ones_like, grad=False),
    case("full_like", X, 2.5, ref=np.full_like, grad=False),
    case("tril", X, -1, ref=np.tril),
    case("triu", X, 1, ref=np.triu),
    case("diag", V, 1, ref=np.diag),
    case("diag", M, -1, ref=np.diag),
    case("diagflat", M, ref=np.diagflat),
    case("diagonal", X, 1, 0, 2, ref=np.diagonal),
    case("diagonal", X, -1, 1, 2, ref=np.diagonal),
    case("trace", X, 0, 1, 2, ref=np.trace),
    case("meshgrid", V, V[:3], ref=np.meshgrid),
    case("meshgrid", V, V[:3], V[:2], indexing="ij", ref=np.meshgrid),
    case("vander", V, ref=np.vander),
    case("vander", V, 3, True, ref=np.vander),
    case("linspace", V, V + 2, 4, axis=-1, ref=np.linspace),
    case("linspace", V, V + 2, 4, False, ref=np.linspace),
    case("one_hot", IDS, 4, ref=lambda x, n: (x[..., None] == np.arange(n)).astype("float32")),
    case("one_hot", IDS, 4, 0, ref=lambda x, n, a: (x[None] == np.arange(n)[:, None, None]).astype("float32")),
    case("one_hot", IDS, 4, dtype="bool", ref=lambda x, n, dtype: x[..., None] == np.arange(n)),
    case("multi_hot", IDS, 4, ref=lambda x, n: np.array([[1, 0, 1, 0], [0, 0, 0, 1]], "float32")),
    case("multi_hot", IDS[0], 4, ref=lambda x, n: np.array([1, 0, 1, 0], "float32")),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


MADE = [
    ("zeros", ((2, 3),), np.zeros((2, 3), "float32")),
    ("zeros", (3, "int32"), np.zeros(3, "int32")),
    ("ones", ([2, 1],), np.ones((2, 1), "float32")),
    ("full", ((2,), 3), np.full((2,), 3, "float32")),
    ("full", ((2, 2), [1, 2], "int32"), np.full((2, 2), [1, 2], "int32")),
    ("arange", (5,), np.arange(5, dtype="int32")),
    ("arange", (5.0,), np.arange(5, dtype="float32")),
    ("arange", (2, 9, 3), np.arange(2, 9, 3, dtype="int32")),
    ("arange", (5, 0, -2), np.arange(5, 0, -2, dtype="int32")),
    ("arange", (3, None, None, "float16"), np.arange(3, dtype="float16")),
    ("linspace", (0, 1, 5), np.linspace(0, 1, 5, dtype="float32")),
    ("logspace", (0, 2, 3), np.logspace(0, 2, 3, dtype="float32")),
    ("geomspace", (1, 8, 4), np.geomspace(1, 8, 4, dtype="float32")),
    ("eye", (3,), np.eye(3, dtype="float32")),
    ("eye", (2, 3, 1, "int32"), np.eye(2, 3, 1, dtype="int32")),
    ("identity", (2,), np.eye(2, dtype="float32")),
    ("tri", (3, 4, -1), np.tri(3, 4, -1, dtype="float32")),
    ("bartlett", (5,), np.bartlett(5).astype("float32")),
    ("blackman", (5,), np.blackman(5).astype("float32")),
    ("hamming", (5,), np.hamming(5).astype("float32")),
    ("hanning", (5,), np.hanning(5).astype("float32")),
    ("kaiser", (5, 2.0), np.kaiser(5, 2.0).astype("float32")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "want"), MADE, ids=lambda v: str(v)[:20])
def test_made(name, args, want) -> None:
    out = getattr(ops, name)(*args)
    assert ops.dtype(out) == want.dtype.name
    np.testing.assert_allclose(np.asarray(out), want, atol=1e-6)
    with probing(7919):
        spec = getattr(ops, name)(*args)
    assert isinstance(spec, Spec)
    assert (spec.shape, spec.dtype) == (want.shape, str(want.dtype))


def test_empty() -> None:
    assert ops.empty((2, 3)).shape == (2, 3)
    assert ops.dtype(ops.empty_like(X, "int32")) == "int32"


def test_linspace_with_step() -> None:
    values, step = ops.linspace(0.0, 1.0, 5, retstep=True)
    assert (values.tolist(), float(step)) == ([0, 0.25, 0.5, 0.75, 1], 0.25)


def test_default_dtype_follows_floatx() -> None:
    config.set_floatx("float16")
    try:
        assert ops.dtype(ops.zeros(2)) == "float16"
        assert ops.dtype(ops.one_hot([1], 2)) == "float16"
        assert ops.dtype(ops.convert_to_tensor(1.5)) == "float16"
    finally:
        config.set_floatx("float32")


def test_shapes_out_of_unknown_sizes() -> None:
    """A tensor made while shapes are inferred is a Spec: a probe's size is never allocated."""
    from kerata import graph

    def call(x):
        return ops.add(ops.zeros((x.shape[0], 3)), x), ops.arange(x.shape[0])

    a, b = graph.infer(call, (KerasTensor((None, 3)),), {})
    assert (a.shape, b.shape) == ((None, 3), (None,))


def test_one_hot_outside_the_range_is_zero() -> None:
    assert ops.one_hot([-1, 5], 3).tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("window", ["bartlett", "blackman", "hamming", "hanning"])
def test_windows_are_symmetric(window) -> None:
    name = {"hanning": "hann"}.get(window, window)
    want = scipy.signal.get_window(name, 9, fftbins=False)
    np.testing.assert_allclose(getattr(ops, window)(9), want, atol=1e-6)


def test_a_tensor_made_in_build_has_values_though_the_build_happens_during_inference() -> None:
    from kerata.layers import Input, Layer

    class Shift(Layer):
        def build(self, input_shape):
            self.shift = ops.arange(3.0)

        def call(self, x):
            return x + self.shift

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Shift()

        def call(self, x):
            return self.inner(x)

    outer = Outer()
    assert outer(Input((3,))).shape == (None, 3)
    assert outer.inner.shift.tolist() == [0, 1, 2]
    assert outer(np.ones((1, 3), "float32")).tolist() == [[1, 2, 3]]


@pytest.mark.engine("tensorflow")
def test_sizes_that_the_graph_knows():
    """Shapes made of parts of ``tf.shape(x)``, as TensorFlow's programs write them."""
    import tensorflow as tf

    @tf.function
    def run(x):
        rows = tf.shape(x)[0]
        grown = ops.concatenate([x, ops.ones((rows, 2))], axis=-1)
        drawn = ops.random.normal((rows, 4), seed=1)
        return drawn, ops.zeros(tf.shape(grown)), ops.ones(tf.shape(x)[1:])

    assert [tuple(y.shape) for y in run(tf.zeros((3, 5)))] == [(3, 4), (3, 7), (5,)]

    @tf.function(input_signature=[tf.TensorSpec((None, 2))])
    def unknown(x):
        return ops.zeros((tf.shape(x)[0],))

    with pytest.raises(TypeError):
        unknown(tf.zeros((3, 2)))
