"""Functions of keras.backend one by one: on arrays, and on symbolic tensors with an unknown batch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from kerata import backend as K
from kerata.spec import KerasTensor

rng = np.random.RandomState(0)


def _array(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype("float32")


ARRAYS = {
    "a": _array(2, 3),
    "b": _array(2, 3),
    "p": rng.uniform(0.1, 0.9, (2, 3)).astype("float32"),
    "v": _array(3),
    "w": _array(3, 4),
    "t": _array(2, 5, 3),
    "u": _array(2, 3, 4),
    "q": _array(2, 3, 4, 5),
    "m": _array(2, 6, 6, 3),
    "d": _array(2, 4, 4, 4, 2),
    "i": np.array([2, 0], "int32"),
    "j": np.array([[1, 2, 2], [0, 1, 2]], "int32"),
    "y": np.array([[0, 1, 0], [1, 0, 0]], "float32"),
    "c": np.array([[True, False, True], [False, False, False]]),
    "k1": _array(3, 3, 4),
    "k2": _array(3, 3, 3, 4),
    "k3": _array(2, 2, 2, 2, 3),
    "kd": _array(3, 3, 3, 2),
    "kp": _array(1, 1, 6, 5),
    "kt": _array(3, 3, 5, 3),
    "kl": _array(3, 9, 4),
    "kc": _array(9, 12, 2),
}
# Stand as they are in a symbolic call: no placeholders.
WEIGHTS = {"v", "w", "k1", "k2", "k3", "kd", "kp", "kt", "kl", "kc"}


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def correlate(x: np.ndarray, k: np.ndarray, stride: int = 1) -> np.ndarray:
    """Convolution of (batch, rows, columns, channels) without padding."""
    h, w = k.shape[:2]
    rows, columns = (x.shape[1] - h) // stride + 1, (x.shape[2] - w) // stride + 1
    out = np.zeros((len(x), rows, columns, k.shape[3]), "float32")
    for r in range(rows):
        for c in range(columns):
            window = x[:, r * stride : r * stride + h, c * stride : c * stride + w]
            out[:, r, c] = np.einsum("bhwi,hwio->bo", window, k)
    return out


def pooled(x: np.ndarray, size: int, stride: int, how: str) -> np.ndarray:
    n = (x.shape[1] - size) // stride + 1
    rows = []
    for r in range(n):
        windows = [
            x[:, r * stride : r * stride + size, c * stride : c * stride + size] for c in range(n)
        ]
        rows.append(np.stack([getattr(z, how)((1, 2)) for z in windows], 1))
    return np.stack(rows, 1)


def spread(x: np.ndarray, k: np.ndarray, stride: int, size: int) -> np.ndarray:
    """The transpose of a convolution without padding."""
    out = np.zeros((len(x), size, size, k.shape[2]), "float32")
    for r in range(x.shape[1]):
        for c in range(x.shape[2]):
            place = (
                slice(None),
                slice(r * stride, r * stride + 3),
                slice(c * stride, c * stride + 3),
            )
            out[place] += np.einsum("bi,hwoi->bhwo", x[:, r, c], k)
    return out


def local(x: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Windows of 2 by 2 and stride 2 of images, each with its kernel."""
    out = np.zeros((len(x), 3, 3, 2), "float32")
    for r in range(3):
        for c in range(3):
            window = x[:, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2].reshape(len(x), -1)
            out[:, r, c] = window @ k[3 * r + c]
    return out


def entropy(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


# A call, and what NumPy says it gives.
CASES = """
K.abs(a) | np.abs(a)
K.square(a) | a * a
K.sqrt(a) | np.sqrt(np.maximum(a, 0))
K.exp(a) | np.exp(a)
K.log(p) | np.log(p)
K.round(a * 3) | np.round(a * 3)
K.sign(a) | np.sign(a)
K.sin(a) | np.sin(a)
K.cos(a) | np.cos(a)
K.tanh(a) | np.tanh(a)
K.sigmoid(a) | special.expit(a)
K.hard_sigmoid(a * 3) | np.clip(0.6 * a + 0.5, 0, 1)
K.softplus(a) | np.log1p(np.exp(a))
K.softsign(a) | a / (1 + np.abs(a))
K.pow(p, 3) | p ** 3
K.clip(a, -0.5, 0.5) | np.clip(a, -0.5, 0.5)
K.clip(a, 0.5, -0.5) | np.full_like(a, 0.5)
K.clip(a, None, 0.1) | np.minimum(a, 0.1)
K.maximum(a, b) | np.maximum(a, b)
K.minimum(a, 0.2) | np.minimum(a, 0.2)
K.equal(j, 2) | j == 2
K.not_equal(j, 2) | j != 2
K.greater(a, b) | a > b
K.greater_equal(a, b) | a >= b
K.less(a, b) | a < b
K.less_equal(a, b) | a <= b
K.sum(a) | a.sum()
K.sum(t, axis=[1, 2]) | t.sum((1, 2))
K.prod(a, axis=-1, keepdims=True) | a.prod(-1, keepdims=True)
K.max(t, axis=1) | t.max(1)
K.min(t, axis=(0, 2)) | t.min((0, 2))
K.mean(a, axis=-1) | a.mean(-1)
K.mean(c) | c.mean()
K.var(a, axis=1) | a.var(1)
K.std(a, 1, True) | a.std(1, keepdims=True)
K.var(c, axis=-1) | c.var(-1)
K.any(c, axis=1) | c.any(1)
K.all(y, axis=1) | y.all(1)
K.logsumexp(a, axis=1) | np.log(np.exp(a).sum(1))
K.argmax(a) | a.argmax(-1)
K.argmin(a, axis=1) | a.argmin(1)
K.cumsum(a) | a.cumsum(0)
K.cumsum(a, axis=1) | a.cumsum(1)
K.cumprod(a, 1) | a.cumprod(1)
K.dot(a, w) | a @ w
K.dot(t, w) | t @ w
K.dot(a, u) | np.einsum('ab,cbd->acd', a, u)
K.batch_dot(a, b, axes=1) | (a * b).sum(1, keepdims=True)
K.batch_dot(a, b) | (a * b).sum(1, keepdims=True)
K.batch_dot(a, u) | np.einsum('ai,aij->aj', a, u)
K.batch_dot(t, u) | t @ u
K.batch_dot(t, u, axes=[2, 1]) | t @ u
K.batch_dot(t, a, axes=(2, 1)) | np.einsum('ati,ai->at', t, a)
K.batch_dot(t, t, axes=2) | np.einsum('ati,asi->ats', t, t)
K.batch_dot(q, t, axes=[3, 1]) | np.einsum('aijk,akl->aijl', q, t)
K.transpose(w) | w.T
K.reshape(t, (-1, 15)) | t.reshape(-1, 15)
K.reshape(t, [K.shape(t)[0], 15]) | t.reshape(2, 15)
K.reshape(t, K.stack([-1, K.prod(K.shape(t)[1:])])) | t.reshape(2, 15)
K.reshape(t, (K.shape(t)[0] * 5, 3)) | t.reshape(10, 3)
K.reshape(t, K.concatenate([K.shape(a)[:1], [3, 5]])) | t.reshape(2, 3, 5)
K.permute_dimensions(t, (0, 2, 1)) | t.transpose(0, 2, 1)
K.flatten(a) | a.ravel()
K.batch_flatten(q) | q.reshape(2, -1)
K.expand_dims(a) | a[..., None]
K.expand_dims(a, 1) | a[:, None]
K.squeeze(K.expand_dims(a, 1), 1) | a
K.concatenate([a, b]) | np.concatenate([a, b], -1)
K.concatenate([a, b], axis=0) | np.concatenate([a, b], 0)
K.stack([a, b], axis=1) | np.stack([a, b], 1)
K.repeat(a, 4) | np.repeat(a[:, None], 4, 1)
K.repeat(a, K.shape(t)[1]) | np.repeat(a[:, None], 5, 1)
K.repeat_elements(t, 2, axis=1) | np.repeat(t, 2, 1)
K.tile(a, [1, 2]) | np.tile(a, [1, 2])
K.tile(v, 2) | np.tile(v, 2)
K.tile(K.expand_dims(v, 0), [K.shape(a)[0], 1]) | np.tile(v, [2, 1])
K.reverse(t, 1) | t[:, ::-1]
K.reverse(t, [1, 2]) | t[:, ::-1, ::-1]
K.gather(w, i) | w[i]
K.gather(w, j) | w[j]
K.slice(t, [0, 1, 0], [-1, 2, 3]) | t[:, 1:3, :3]
K.one_hot(j, 4) | np.eye(4)[j]
K.zeros_like(a) | np.zeros((2, 3))
K.ones_like(a, dtype='int32') | np.ones((2, 3), 'int32')
K.identity(a) | a
K.cast(c, 'float32') | c.astype('float32')
K.cast(a * 5, 'int32') | (a * 5).astype('int32')
K.temporal_padding(t, (2, 1)) | np.pad(t, ((0, 0), (2, 1), (0, 0)))
K.spatial_2d_padding(m) | np.pad(m, ((0, 0), (1, 1), (1, 1), (0, 0)))
K.spatial_2d_padding(m, ((1, 2), (0, 3)), 'channels_first') | np.pad(m, ((0, 0), (0, 0), (1, 2), (0, 3)))
K.spatial_3d_padding(d, ((1, 0), (0, 2), (1, 1))) | np.pad(d, ((0, 0), (1, 0), (0, 2), (1, 1), (0, 0)))
K.resize_images(m, 2, 3, 'channels_last') | m.repeat(2, 1).repeat(3, 2)
K.resize_images(q, 2, 2, 'channels_first') | q.repeat(2, 2).repeat(2, 3)
K.resize_volumes(d, 1, 2, 3, 'channels_last') | d.repeat(2, 2).repeat(3, 3)
K.relu(a) | np.maximum(a, 0)
K.relu(a, alpha=0.3) | np.where(a > 0, a, 0.3 * a)
K.relu(a * 5, 0.1, 2.0, 0.5) | np.where(a * 5 > 0.5, np.minimum(a * 5, 2), 0.1 * (a * 5 - 0.5))
K.relu(a, max_value=0.4) | np.clip(a, 0, 0.4)
K.elu(a, 0.7) | np.where(a > 0, a, 0.7 * np.expm1(a))
K.softmax(a) | softmax(a)
K.softmax(t, axis=1) | softmax(t, 1)
K.l2_normalize(a, axis=1) | a / np.linalg.norm(a, axis=1, keepdims=True)
K.l2_normalize(a) | a / np.linalg.norm(a)
K.in_top_k(a, i, 1) | a.argmax(1) == i
K.bias_add(t, v) | t + v
K.bias_add(u, v, 'channels_first') | u + v[:, None]
K.batch_normalization(a, v, K.exp(v), v * 2, v * 3) | (a - v) / np.sqrt(np.exp(v) + 1e-3) * v * 3 + v * 2
K.batch_normalization(u, v, K.exp(v), None, None, axis=1) | (u - v[:, None]) / np.sqrt(np.exp(v) + 1e-3)[:, None]
K.normalize_batch_in_training(t, v, v, [0, 1])[0] | (t - t.mean((0, 1))) / np.sqrt(t.var((0, 1)) + 1e-3) * v + v
K.normalize_batch_in_training(t, None, None, [0, 2])[1] | t.mean((0, 2))
K.normalize_batch_in_training(t, None, None, [0, 1])[2] | t.var((0, 1))
K.binary_crossentropy(y, p) | entropy(y, p)
K.binary_crossentropy(y, a, from_logits=True) | entropy(y, special.expit(a))
K.binary_crossentropy(K.expand_dims(y[:, 0]), p) | entropy(y[:, :1], p)
K.binary_focal_crossentropy(y, p, True, gamma=1.5) | entropy(y, p) * (1 - np.where(y > 0, p, 1 - p)) ** 1.5 * (y * 0.25 + (1 - y) * 0.75)
K.categorical_crossentropy(y, p) | -(y * np.log(p / p.sum(-1, keepdims=True))).sum(-1)
K.categorical_crossentropy(y, a, True) | -(y * np.log(softmax(a))).sum(-1)
K.categorical_crossentropy(u, K.softmax(u, axis=1), axis=1) | -(u * np.log(softmax(u, 1))).sum(1)
K.categorical_focal_crossentropy(y, a, from_logits=True) | -(y * np.log(softmax(a)) * 0.25 * (1 - softmax(a)) ** 2).sum(-1)
K.sparse_categorical_crossentropy(i, p) | -np.log((p / p.sum(-1, keepdims=True))[[0, 1], i])
K.sparse_categorical_crossentropy(K.expand_dims(i), a, from_logits=True) | -np.log(softmax(a)[[0, 1], i])
K.sparse_categorical_crossentropy(i, a, True, ignore_class=0) | -np.log(softmax(a)[[0, 1], i]) * [1, 0]
K.conv1d(t, k1) | correlate(t[:, :, None], k1[:, None])[:, :, 0]
K.conv1d(t, k1, padding='causal') | correlate(np.pad(t, ((0, 0), (2, 0), (0, 0)))[:, :, None], k1[:, None])[:, :, 0]
K.conv2d(m, k2) | correlate(m, k2)
K.conv2d(m, k2, (2, 2)) | correlate(m, k2, 2)
K.conv2d(m, k2, padding='same') | correlate(np.pad(m, ((0, 0), (1, 1), (1, 1), (0, 0))), k2)
K.conv3d(d, k3)[:, 0, 0, 0] | np.einsum('bhwdi,hwdio->bo', d[:, :2, :2, :2], k3)
K.depthwise_conv2d(m, kd)[:, :, :, 2:4] | correlate(m[..., 1:2], kd[:, :, 1:2])
K.separable_conv2d(m, kd, kp) | np.concatenate([correlate(m[..., n:n + 1], kd[:, :, n:n + 1]) for n in range(3)], -1) @ kp[0, 0]
K.separable_conv1d(t, kd[0], kp[0]) | np.concatenate([correlate(t[:, :, None, n:n + 1], kd[0][:, None, n:n + 1]) for n in range(3)], -1)[:, :, 0] @ kp[0, 0]
K.conv2d_transpose(m, kt, (None, 8, 8, 5)) | spread(m, kt, 1, 8)
K.conv2d_transpose(m, kt, (K.shape(m)[0], 13, 13, 5), strides=(2, 2)) | spread(m, kt, 2, 13)
K.conv2d_transpose(m, kt, (2, 14, 14, 5), strides=(2, 2)) | np.pad(spread(m, kt, 2, 13), ((0, 0), (0, 1), (0, 1), (0, 0)))
K.conv2d_transpose(m, kt, (2, 12, 12, 5), (2, 2), 'same') | spread(m, kt, 2, 13)[:, :12, :12]
K.conv2d_transpose(m, kt, (2, 11, 11, 5), (2, 2), 'same') | spread(m, kt, 2, 13)[:, 1:12, 1:12]
K.pool2d(m, (2, 2)) | pooled(m, 2, 1, 'max')
K.pool2d(m, (3, 3), (3, 3), pool_mode='avg') | pooled(m, 3, 3, 'mean')
K.pool3d(d, (2, 2, 2), (2, 2, 2)) | d.reshape(2, 2, 2, 2, 2, 2, 2, 2).max((2, 4, 6))
K.local_conv1d(t, kl, (3,), (1,)) | np.stack([t[:, n:n + 3].reshape(2, -1) @ kl[n] for n in range(3)], 1)
K.local_conv1d(K.permute_dimensions(t, (0, 2, 1)), kl, (3,), (1,), 'channels_first') | np.stack([t[:, n:n + 3].transpose(0, 2, 1).reshape(2, -1) @ kl[n] for n in range(3)], 2)
K.local_conv2d(m, kc, (2, 2), (2, 2), (3, 3)) | local(m, kc)
K.dropout(a, 0.0) | a
K.stop_gradient(a) | a
K.switch(c, a, b) | np.where(c, a, b)
K.switch(K.greater(i, 1), a, b) | np.where((i > 1)[:, None], a, b)
K.switch(K.sum(a) > 100.0, a, b) | b
K.switch(K.sum(a) < 100.0, a, b) | a
K.in_train_phase(a, b, training=1) | a
K.in_train_phase(a, b) | b
K.in_test_phase(a, b) | a
K.map_fn(lambda x: x * 2 + 1, a) | a * 2 + 1
K.map_fn(lambda z: z[0] * z[1], (a, b)) | a * b
K.foldl(lambda s, x: s * 0.5 + x, a) | a[0] * 0.5 + a[1]
K.foldr(lambda s, x: s * 0.5 + x, a) | a[1] * 0.5 + a[0]
K.foldl(lambda s, x: s + K.sum(x), a, K.constant(1.0)) | 1 + a.sum()
K.cast(K.shape(a)[0], 'float32') * a | 2 * a
K.ones((K.shape(a)[0], 2)) | np.ones((2, 2))
K.zeros(shape=(K.shape(a)[0], 2)) | np.zeros((2, 2))
K.arange(K.shape(t)[1]) | np.arange(5)
K.shape(t) | [2, 5, 3]
K.shape(t)[0] // 2 + 3 - K.shape(t)[1] % 2 | 3
K.ctc_batch_cost(j[:, :2] * 0 + 1, K.softmax(t), K.ones_like(i)[:, None] * 5, K.ones_like(i)[:, None]) | one_label(softmax(t))
"""


def one_label(p: np.ndarray) -> np.ndarray:
    """The loss of the single label 1, blank being 2: the sum over where it begins and ends."""
    total = 0.0
    for start in range(5):
        for end in range(start, 5):
            ones = np.isin(np.arange(5), np.arange(start, end + 1))
            total = total + np.where(ones, p[:, :, 1], p[:, :, 2]).prod(1)
    return -np.log(total)[:, None]


LINES = [line.split(" | ") for line in CASES.strip().splitlines()]
NAMES = {**ARRAYS, "K": K, "np": np, "special": special, "softmax": softmax, "correlate": correlate,
         "pooled": pooled, "spread": spread, "local": local, "entropy": entropy, "one_label": one_label}  # fmt: skip


def check(got: object, want: object) -> None:
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    assert (got.dtype == bool) == (want.dtype == bool)
    np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("call, want", LINES, ids=[c for c, _ in LINES])
def test_on_arrays(call: str, want: str) -> None:
    given = {k: K.constant(v, dtype=str(v.dtype)) for k, v in ARRAYS.items()}
    check(K.get_value(eval(call, {**NAMES, **given})), eval(want, NAMES))


@pytest.mark.parametrize("call, want", LINES, ids=[c for c, _ in LINES])
def test_on_symbolic_tensors(call: str, want: str) -> None:
    used = [n for n in ARRAYS if n not in WEIGHTS and n in compile(call, "", "eval").co_names]
    if "lambda" in call:
        used = [n for n in ("a", "b") if f"{n}" in call.replace("lambda", "")]
    given = {
        n: K.placeholder((None, *ARRAYS[n].shape[1:]), dtype=str(ARRAYS[n].dtype)) for n in used
    }
    given |= {n: K.variable(ARRAYS[n]) for n in WEIGHTS if n in call}
    result = eval(call, {**NAMES, **given})
    run = K.function([given[n] for n in used], [result])
    value = run([ARRAYS[n] for n in used])[0]
    wanted = eval(want, NAMES)
    check(value, wanted)
    if isinstance(result, KerasTensor):
        shape = K.int_shape(result)
        assert all(d in (None, n) for d, n in zip(shape, np.shape(wanted), strict=True))
