"""Calls of keras.backend, run in Kerata and in tf_keras: the same arrays must come out."""

import traceback

import numpy as np

rng = np.random.RandomState(11)


def _array(*shape):
    return rng.standard_normal(shape).astype("float32")


ARRAYS = {
    "a": _array(4, 3), "b": _array(4, 3), "p": rng.uniform(0.05, 0.95, (4, 3)).astype("float32"),
    "v": _array(3), "w": _array(3, 5), "t": _array(2, 6, 3), "u": _array(2, 3, 4), "q": _array(2, 3, 4, 5),
    "m": _array(2, 7, 8, 3), "d": _array(2, 4, 5, 4, 2), "i": np.array([2, 0, 1, 1], "int32"),
    "j": np.array([[1, 2, 2], [0, 1, 2]], "int32"), "y": np.eye(3, dtype="float32")[[1, 0, 2, 2]],
    "c": rng.uniform(size=(4, 3)) > 0.5, "k1": _array(3, 3, 4), "k2": _array(3, 2, 3, 4),
    "k3": _array(2, 2, 2, 2, 3), "kd": _array(3, 3, 3, 2), "kp": _array(1, 1, 6, 5), "kt": _array(3, 3, 5, 3),
    "ke": _array(4, 4, 5, 3), "kl": _array(4, 9, 4), "kc": _array(12, 12, 2), "z": _array(4, 6, 5),
    "n": np.array([6, 4, 5, 6], "int32"), "e": np.array([[2], [1], [2], [3]], "int32"),
    "l": np.array([[1, 2, 0], [3, 0, 0], [0, 0, 0], [1, 1, 2]], "int32"),
}  # fmt: skip

# Left out: means of whole numbers, which TensorFlow rounds, and the corrected variance of its fused kernels.
CALLS = """
abs(a), square(a), sqrt(a), exp(a), log(p), round(a * 5), sign(a), sin(a), cos(a), tanh(a), sigmoid(a)
hard_sigmoid(a * 3), softplus(a), softsign(a), pow(p, 2.5), clip(a, -0.3, 0.4), clip(a, 1, -1)
maximum(a, b), minimum(a, b), equal(c, c), not_equal(j, 2), greater(a, b), greater_equal(a, a), less(a, b)
less_equal(a, b), sum(t, axis=[0, 2]), sum(a, 1, True), prod(a, axis=-1), max(t, axis=1), min(t, axis=(0, 1))
mean(a, axis=-1), mean(c), mean(c, axis=0, keepdims=True), var(t, axis=1), std(a), std(c, axis=1)
any(c, axis=1), all(a, axis=-1), argmax(a), argmin(t, axis=1), cumsum(a), cumprod(t, axis=1)
dot(a, w), dot(t, w), dot(t, u), dot(u, q), batch_dot(a, b), batch_dot(a, b, axes=1), batch_dot(t, u)
batch_dot(t, u, axes=(2, 1)), batch_dot(t[:, 0], u), batch_dot(q, t, axes=[1, 2]), batch_dot(q, q, axes=[3, 3])
batch_dot(u, t[:, 0], axes=1), transpose(w), reshape(t, (2, -1)), reshape(t, (-1,)), permute_dimensions(q, (0, 3, 1, 2))
flatten(t), batch_flatten(q), expand_dims(a), expand_dims(a, 0), squeeze(w[None], 0), concatenate([a, b])
concatenate([a, b], axis=0), stack([a, b]), stack([a, b], axis=-1), repeat(a, 3), repeat_elements(t, 3, 1)
tile(a, [2, 3]), tile(v, 2), reverse(t, 1), reverse(q, [1, 3]), gather(w, j), one_hot(j, 4), zeros_like(a)
ones_like(a, 'int32'), cast(c, 'float32'), cast(a * 9, 'int32'), arange(5), arange(2, 9, 3), arange(-2)
arange(3, dtype='float32'), eye(3), temporal_padding(t, (2, 1)), spatial_2d_padding(m, ((1, 2), (0, 1)))
spatial_2d_padding(m, ((1, 2), (0, 1)), 'channels_first'), spatial_3d_padding(d), shape(q)
resize_images(m, 2, 3, 'channels_last'), resize_images(q, 2, 1, 'channels_first'), resize_volumes(d, 2, 1, 2, 'channels_last')
resize_images(m, 2, 3, 'channels_last', 'bilinear')
relu(a), relu(a, alpha=0.2), relu(a * 4, 0.2, 1.5, 0.5), relu(a * 9, max_value=6), relu(a, threshold=0.3)
elu(a), elu(a, 0.4), softmax(a), softmax(t, axis=1), l2_normalize(a, 1), l2_normalize(t), in_top_k(a, i, 2)
bias_add(t, v), bias_add(m, v), bias_add(u, v, 'channels_first')
bias_add(t, t[0]), batch_normalization(a, v, exp(v), v, v), batch_normalization(m, v, exp(v), v, exp(v), epsilon=0.1)
normalize_batch_in_training(t, v, v, [0, 1]), normalize_batch_in_training(t, None, None, [0, 2])
binary_crossentropy(y, p), binary_crossentropy(y, a, True), binary_focal_crossentropy(y, p, True, 0.3, 1.5)
binary_focal_crossentropy(y, a, from_logits=True), categorical_crossentropy(y, p), categorical_crossentropy(y, a, True)
categorical_crossentropy(t, softmax(t, 1), axis=1), categorical_focal_crossentropy(y, p)
sparse_categorical_crossentropy(i, p), sparse_categorical_crossentropy(i[:, None], p)
sparse_categorical_crossentropy(i, a, True), sparse_categorical_crossentropy(j[:, :2], softmax(z)[:2, :2])
sparse_categorical_crossentropy(i, a, True, ignore_class=1)
conv1d(t, k1), conv1d(t, k1, 2, 'same'), conv1d(t, k1, padding='causal', dilation_rate=2), conv2d(m, k2)
conv2d(m, k2, (2, 3), 'same'), conv2d(m, k2, dilation_rate=(2, 2)), conv3d(d, k3), conv3d(d, k3, (1, 2, 1), 'same')
depthwise_conv2d(m, kd), depthwise_conv2d(m, kd, (2, 2), 'same'), separable_conv2d(m, kd, kp, padding='same')
conv2d_transpose(m, kt, (2, 9, 10, 5)), conv2d_transpose(m, kt, (2, 15, 17, 5), (2, 2))
conv2d_transpose(m, kt, (2, 16, 18, 5), (2, 2)), conv2d_transpose(m, kt, (2, 14, 16, 5), (2, 2), 'same')
conv2d_transpose(m, kt, (2, 13, 15, 5), (2, 2), 'same'), conv2d_transpose(m, ke, (2, 14, 15, 5), (2, 2), 'same')
pool2d(m, (2, 2)), pool2d(m, (3, 2), (2, 2), 'same', pool_mode='avg'), pool3d(d, (2, 2, 2), (2, 2, 2))
pool3d(d, (2, 3, 2), padding='same', pool_mode='avg'), local_conv1d(t, kl, (3,), (1,))
local_conv2d(m, kc, (2, 2), (2, 2), (3, 4)), local_conv1d(permute_dimensions(t, (0, 2, 1)), kl, (3,), (1,), 'channels_first')
switch(c, a, b), switch(sum(a) > 0, a, b), switch(greater(a[:, :1], 0), a, b), map_fn(lambda x: x * 2, a)
foldl(lambda s, x: s * 0.5 + x, a), foldr(lambda s, x: s * 0.5 + x, a), stop_gradient(a), dropout(a, 0.0)
rnn(lambda x, s: (tanh(x + s[0]), [tanh(x + s[0])]), t, [zeros_like(t[:, 0])])
rnn(lambda x, s: (tanh(x + s[0]), [s[0] + x]), t, [zeros_like(t[:, 0])], mask=greater(t[:, :, 0], 0))
rnn(lambda x, s: (x + s[0], [s[0] + x]), t, [zeros_like(t[:, 0])], True, greater(t[:, :, 0], 0), unroll=True)
rnn(lambda x, s: (x * s[1], [s[0] + x]), t, [zeros_like(t[:, 0])], constants=[v], return_all_outputs=False)
ctc_batch_cost(l, softmax(z), n[:, None], e), ctc_decode(softmax(z * 3), n)
ctc_decode(softmax(z * 3), n, greedy=False, beam_width=50, top_paths=2)
moving_average_update(variable(a), b, 0.9), update_add(variable(a), b), update(variable(a), b)
"""


def calls():
    """The calls, one by one: commas between them stand outside of all brackets."""
    out, depth, last = [], 0, ""
    for line in CALLS.strip().splitlines():
        for letter in line + ",":
            depth += (letter in "([{") - (letter in ")]}")
            if letter == "," and depth == 0:
                out.append(last.strip())
                last = ""
            else:
                last += letter
    return [c for c in out if c]


def run(K):
    """Arrays by ``"call number"`` of all calls; what failed, by ``"call error"``."""
    out = {}
    for call in calls():
        names = {n: getattr(K, n) for n in dir(K) if not n.startswith("_")}
        given = {k: K.constant(v, dtype=v.dtype.name) for k, v in ARRAYS.items()}
        try:
            found = flat_values(K, eval(call, {**names, **given}))
        except Exception:
            out[f"{call} error"] = np.array(traceback.format_exc())
            continue
        out.update({f"{call} {i}": v for i, v in enumerate(found)})
    return out


def flat_values(K, x):
    if isinstance(x, (list, tuple)):
        return [v for part in x for v in flat_values(K, part)]
    return [np.asarray(K.get_value(x))]
