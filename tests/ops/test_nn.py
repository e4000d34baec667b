"""Activations, normalization and attention against their formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from kerata import ops
from kerata.errors import ShapeError
from ops.check import Case, case, check, every
from support import grad

rng = np.random.RandomState(0)
X = (rng.randn(3, 4) * 2).astype("float32")
T = rng.randn(2, 3, 4).astype("float32")
HUGE = np.array([-1e4, -90.0, -20.0, 0.0, 20.0, 90.0, 1e4], np.float32)
MEAN, VAR = rng.randn(4).astype("float32"), (rng.rand(4) + 0.5).astype("float32")
GAMMA, BETA = rng.randn(4).astype("float32"), rng.randn(4).astype("float32")
Q = rng.randn(2, 5, 4, 8).astype("float32")
K = rng.randn(2, 6, 4, 8).astype("float32")
W = rng.randn(2, 6, 4, 8).astype("float32")
MASK = rng.rand(2, 1, 5, 6) > 0.4
BIAS = rng.randn(1, 4, 5, 6).astype("float32")
sigmoid = scipy.special.expit


def softplus(x):
    return np.logaddexp(x, 0)


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def gelu(x, approximate=True):
    if approximate:
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x * scipy.special.ndtr(x)


def sparsemax(x, axis=-1):
    """The projection onto the simplex by bisection of its threshold."""
    x = np.moveaxis(x, axis, -1)
    low, high = x.min(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(200):
        middle = (low + high) / 2
        above = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.moveaxis(np.maximum(x - low, 0), -1, axis)


def glu(x, axis=-1):
    a, b = np.split(x, 2, axis)
    return a * sigmoid(b)


def moments(x, axes, keepdims=False):
    return x.mean(axes, keepdims=keepdims), x.var(axes, keepdims=keepdims)


def normalize(x, axis=-1, order=2):
    return x / np.linalg.norm(x, order, axis, keepdims=True)


def batch_norm(x, mean, variance, axis, offset=0.0, scale=1.0, epsilon=1e-3):
    x = np.moveaxis(x, axis, -1)
    return np.moveaxis((x - mean) / np.sqrt(variance + epsilon) * scale + offset, -1, axis)


def layer_norm(x, gamma=1.0, beta=0.0, axis=-1, epsilon=1e-7):
    axis = tuple(axis) if isinstance(axis, list) else axis
    m, v = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    return (x - m) / np.sqrt(v + epsilon) * gamma + beta


def rms_norm(x, scale=1.0, axis=-1, epsilon=1e-7):
    return x / np.sqrt((x**2).mean(axis, keepdims=True) + epsilon) * scale


def attention(q, k, v, bias=0.0, mask=None, scale=None, is_causal=False, attn_logits_soft_cap=None):
    k, v = (np.repeat(t, q.shape[2] // t.shape[2], 2) for t in (k, v))
    s = np.einsum("btnh,bsnh->bnts", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if attn_logits_soft_cap:
        s = np.tanh(s / attn_logits_soft_cap) * attn_logits_soft_cap
    s = s + bias
    if is_causal:
        s = np.where(np.tri(*s.shape[-2:]), s, -np.inf)
    if mask is not None:
        s = np.where(mask, s, -1e30)
    return np.einsum("bnts,bsnh->btnh", scipy.special.softmax(s, -1), v)


CASES = [
    case("relu", X, ref=lambda x: np.maximum(x, 0)),
    case("relu", np.array([-2, 3], np.int32), ref=lambda x: np.maximum(x, 0)),
    case("relu6", X * 3, ref=lambda x: np.clip(x, 0, 6)),
    case("sigmoid", X, ref=sigmoid),
    case("sigmoid", HUGE, ref=sigmoid, grad=False),
    case("sparse_sigmoid", X, ref=lambda x: np.clip((x + 1) / 2, 0, 1)),
    case("hard_sigmoid", X * 2, ref=lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    case("log_sigmoid", X, ref=lambda x: -softplus(-x)),
    case("log_sigmoid", HUGE, ref=lambda x: -softplus(-x), grad=False),
    case("softplus", X, ref=softplus),
    case("softplus", HUGE, ref=softplus, grad=False),
    case("softsign", X, ref=lambda x: x / (1 + np.abs(x))),
    case("silu", X, ref=lambda x: x * sigmoid(x)),
    case("hard_silu", X * 2, ref=lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    case("hard_tanh", X, ref=lambda x: np.clip(x, -1, 1)),
    case("tanh_shrink", X, ref=lambda x: x - np.tanh(x)),
    case("soft_shrink", X, 0.4, ref=lambda x, t: np.sign(x) * np.maximum(np.abs(x) - t, 0)),
    case("hard_shrink", X, ref=lambda x: np.where(np.abs(x) > 0.5, x, 0)),
    case("threshold", X, 0.2, -1.0, ref=lambda x, t, d: np.where(x > t, x, d)),
    case("elu", X, 0.7, ref=elu),
    case("elu", HUGE, ref=elu, grad=False),
    case("celu", X, 0.7, ref=lambda x, a: np.maximum(x, 0) + np.minimum(0, a * np.expm1(x / a))),
    case("selu", X, ref=lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772)),
    case("gelu", X, ref=gelu),
    case("gelu", X, False, ref=gelu),
    case("leaky_relu", X, ref=lambda x: np.where(x > 0, x, 0.2 * x)),
    case("leaky_relu", X, 0.01, ref=lambda x, a: np.where(x > 0, x, a * x)),
    case("mish", X, ref=lambda x: x * np.tanh(softplus(x))),
    case("squareplus", X, 2, ref=lambda x, b: (x + np.sqrt(x**2 + b)) / 2),
    case("sparse_plus", X, ref=lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x))),
    case("glu", T, ref=glu),
    case("glu", T[:, :2], 1, ref=glu),
    case("softmax", X, ref=lambda x: scipy.special.softmax(x, -1)),
    case("softmax", HUGE, ref=scipy.special.softmax, grad=False),
    case("softmax", T, 1, ref=scipy.special.softmax),
    case("softmax", T, (0, 2), ref=scipy.special.softmax),
    case("log_softmax", X, ref=lambda x: scipy.special.log_softmax(x, -1)),
    case("log_softmax", HUGE, ref=scipy.special.log_softmax, grad=False),
    case("log_softmax", T, 1, ref=scipy.special.log_softmax),
    case("sparsemax", X, ref=sparsemax),
    case("sparsemax", T, 1, ref=sparsemax),
    case("moments", T, [0, 2], ref=lambda x, a: moments(x, tuple(a))),
    case("moments", T, 1, True, ref=moments),
    case("normalize", T, ref=normalize),
    case("normalize", T, 1, 1, ref=normalize),
    case("normalize", T, 2, 3, ref=normalize),
    case("batch_normalization", T, MEAN, VAR, -1, BETA, GAMMA, ref=batch_norm, tol=1e-4),
    case("batch_normalization", T, MEAN[:3], VAR[:3], 1, ref=batch_norm, tol=1e-4, unknown=False),
    case("layer_normalization", T, ref=layer_norm),
    case("layer_normalization", T, GAMMA, BETA, epsilon=0.1, ref=layer_norm),
    case("layer_normalization", T, None, None, [1, 2], ref=lambda x, *_: layer_norm(x, axis=(1, 2))),
    case("layer_normalization", T, GAMMA[:3], axis=1,
         ref=lambda x, g, axis: layer_norm(x, g[:, None], axis=1), unknown=False),
    case("rms_normalization", T, GAMMA, ref=rms_norm),
    case("rms_normalization", T, axis=1, ref=rms_norm),
    case("psnr", np.abs(X), np.abs(X) + 0.1, 1.0, ref=lambda a, b, m: 20 * np.log10(m) - 10 * np.log10(((a - b) ** 2).mean()), tol=1e-4),
    case("polar", np.abs(X), X, ref=lambda r, a: r * np.exp(1j * a), grad=False),
    case("dot_product_attention", Q, K, W, ref=attention),
    case("dot_product_attention", Q, K, W, BIAS, MASK, ref=attention, unknown=False),
    case("dot_product_attention", Q, Q, Q, is_causal=True, scale=0.2, ref=attention),
    case("dot_product_attention", Q, K[:, :, :2], W[:, :, :2], ref=attention),
    case("dot_product_attention", Q, K, W, attn_logits_soft_cap=2.0, ref=attention),
]  # fmt: skip


@every(CASES)
def test_op(case: Case) -> None:
    check(case)


@pytest.mark.parametrize(
    "name", ["softmax", "log_softmax", "softplus", "sigmoid", "silu", "log_sigmoid", "elu", "gelu"]
)
def test_gradients_stay_finite_far_out(name) -> None:
    g = grad(lambda x: ops.sum(getattr(ops, name)(x) * ops.arange(7.0)))(HUGE)
    assert np.isfinite(np.asarray(g)).all()


def test_gradient_of_relu_is_zero_at_zero() -> None:
    assert float(grad(lambda x: ops.relu(x))(np.float32(0))) == 0.0
    assert float(grad(ops.relu.body)(np.float32(0))) == 0.0


def test_half_precision_is_computed_in_float32_inside() -> None:
    x = ops.full((1, 1000), 300.0, "float16")
    mean, variance = ops.moments(x, [1])
    assert (ops.dtype(mean), float(mean[0]), float(variance[0])) == ("float16", 300.0, 0.0)
    assert np.isfinite(np.asarray(ops.rms_normalization(x))).all()


def test_nothing_to_attend_to_gives_numbers() -> None:
    out = ops.dot_product_attention(Q, K, W, mask=np.zeros((2, 1, 5, 6), bool))
    assert np.isfinite(np.asarray(out)).all()


def test_zero_vector_is_normalized_to_zero() -> None:
    assert ops.normalize(np.zeros((1, 2), "float32")).tolist() == [[0.0, 0.0]]


ERRORS = [
    (lambda: ops.dot_product_attention(Q[0], K, W), "query needs 4 axes"),
    (lambda: ops.psnr(X, T, 1.0), "one shape"),
    (lambda: ops.glu(T[:, :, :3]), "2 equal parts"),
]


@pytest.mark.parametrize(("fn", "message"), ERRORS)
def test_errors(fn, message) -> None:
    with pytest.raises(ShapeError, match=message):
        fn()
