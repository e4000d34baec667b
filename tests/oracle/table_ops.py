"""Ops, as in `table`."""

import numpy as np

# Ops of one tensor, applied to floats, whole numbers and truths, as far as Keras takes them.
UNARY_OPS = """
abs absolute arccos arccosh arcsin arcsinh arctan arctanh cbrt ceil conj
conjugate cos cosh deg2rad erfc exp exp2 expm1 fabs floor i0 imag isfinite isinf isnan isneginf
isposinf isreal log log10 log1p log2 logical_not rad2deg real reciprocal
signbit sin sinc sinh sqrt square tan tanh trunc nan_to_num erfinv
ravel transpose sum prod mean std var max min amax amin any all argmax argmin cumsum cumprod median
count_nonzero nansum nanprod nanmean nanstd nanvar nanmax nanmin nanmedian nancumsum nancumprod nanargmax
nanargmin sort argsort flip fliplr flipud diag tril triu trace diagonal diff
ones_like zeros_like copy size ndim shape logsumexp norm
relu relu6 softplus softsign leaky_relu hard_sigmoid hard_silu hard_swish elu selu gelu celu
squareplus sparse_plus sparse_sigmoid hard_tanh tanh_shrink hard_shrink soft_shrink
"""
FLOAT_OPS = "erf rsqrt sigmoid silu swish log_sigmoid softmax log_softmax round ptp negative sign"
BINARY_OPS = """
add subtract multiply divide true_divide floor_divide mod maximum minimum fmax fmin arctan2 hypot
logaddexp logaddexp2 equal not_equal greater greater_equal less less_equal logical_and logical_or
logical_xor isclose allclose heaviside divide_no_nan nextafter outer kron fmod
"""
WHOLE_OPS = """
bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift left_shift right_shift gcd lcm
"""

# Calls of ops on the arrays that `_op_arguments` names. Left out: `image.gaussian_blur` without a
# data_format, which Keras 3.15.1 on JAX takes for channels_first whatever the setting is; affine
# transforms whose last two numbers are not 0, which it multiplies by the number of the channel, against
# its documentation; one transform for several images, which it refuses; `elastic_transform`, random;
# pieces of signals without overlap, a place covered by all the pieces, and a centred `fft_length` of 1,
# for which `stft` and `istft` of 3.15.1 on JAX lose numbers or take another distance than the one given.
OPS = """
append(f, i), append(f, g, 0), append(i, w, axis=1)
average(f), average(i, 0), average(f, 1, weights=v), average(f, weights=g)
max(f, 1), max(f, (0, 1), keepdims=True), max(i, 0, initial=2), min(f, -1, initial=-0.5)
sum(f, 1), sum(u, 0, keepdims=True), mean(i, 1), mean(h, 0), mean(f, (0, 1), keepdims=True)
std(f, 1, keepdims=True), var(i, 0), prod(u, 1), prod(f, 0, dtype='float16'), any(b, 0), all(i, 1, keepdims=True)
cumsum(i, 1), cumsum(f, 0, 'float16'), cumprod(f, axis=1), cumsum(b, 1)
argmax(f, 1), argmin(i, 0, True), argmax(b, -1), argsort(f, 0), argsort(i, None), sort(f, 0)
nansum(n, 1), nanmean(n, 0), nanmax(n, 1, True), nanmin(n, 0), nanstd(n, 1), nanvar(n), nanprod(n, 1)
nanmedian(n, 1), nanquantile(n, 0.3), nanpercentile(n, [20, 70], 1), nancumsum(n, 1), nanargmax(n, 1)
quantile(f, 0.3), quantile(f, [0.1, 0.8], 1), quantile(f, 0.55, 0, 'nearest', True), quantile(i, 0.4, 1, 'lower')
percentile(f, 30), percentile(f, 64, 1, 'higher'), percentile(f, [5, 50], 0, 'midpoint', keepdims=True), median(i, (0, 1))
norm(f), norm(f, 1), norm(f, 'fro', (0, 1)), norm(f, 2, 1, True), norm(f, -1), norm(v, 3), norm(f, 'nuc')
logsumexp(f, 1), logsumexp(f, (0, 1), True), moments(f, [0]), moments(f, [1], keepdims=True)
count_nonzero(i, 1), ptp(f, 1, True), bincount(u[0]), bincount(w[0], minlength=9), bincount(w[0], weights=v)
histogram(f[0]), histogram(f[0], 4, (-1.0, 1.0)), digitize(f, sorted), searchsorted(sorted, v), searchsorted(sorted, v, 'right')
unique(i), unique(i, return_inverse=True, return_counts=True), in_top_k(w[0, :3] % 4, f, 2), top_k(f, 2), top_k(i, 3)
argpartition(v, 2), isin(i, w), isin(i, w[0], invert=True), nonzero(i), unravel_index(w[0], (4, 5))
clip(f, -0.5, 0.5), clip(i, 0, 2), clip(u, 1, 3), round(f, 1), round(i, -1), nan_to_num(n, 9.0), nan_to_num(n, 1, 2, 3)
where(b, f, g), where(b, i, 0.5), where(b, 1, 2), where(b, f, i), select([b, f > 0], [f, g], 5.0)
reshape(f, (4, -1)), expand_dims(f, 1), expand_dims(f, (0, -1)), squeeze(x[:1], 0), transpose(x, (0, 3, 1, 2))
moveaxis(x, 1, -1), moveaxis(x, [0, 1], [-1, 0]), swapaxes(x, 0, 2), roll(f, 1), roll(f, (1, -2), (0, 1)), rot90(f), rot90(x, 3, (1, 2))
concatenate([f, i], 1), stack([f, g], -1), hstack([f, g]), vstack([v, v]), dstack([v, f[0]]), split(f, 2, 1), split(f, [1, 3], 1)
array_split(v, 3), hsplit(f, 2), vsplit(f, 3), dsplit(x[0], 3), unstack(f, axis=1), tile(f, 2), tile(f, (2, 1, 3)), repeat(f, 2), repeat(f, 2, 1), repeat(f, array([1, 0, 2]), 0)
pad(f, 1), pad(f, ((1, 0), (2, 1)), 'reflect'), pad(f, ((1, 1), (0, 2)), constant_values=3), pad(f, 1, 'symmetric'), pad(f, ((2, 2), (1, 1)), 'edge'), pad(f, 1, 'wrap')
broadcast_to(v, (2, 4)), flip(f, 1), flip(x, (0, 2)), meshgrid(v, sorted), meshgrid(v, sorted, indexing='ij')
take(f, w % 12), take(f, w[0] % 4, axis=1), take(f, 1, axis=0), take_along_axis(f, w % 4, 1), take_along_axis(f, w[0] % 12), get_item(f, 1), get_item(f, (..., None, 2))
slice(f, (1, 0), (2, 3)), slice_update(f, (1, 1), g[:2, :2]), scatter(w[:2, :1], v[:2], (13,)), scatter_update(v, w[:2, :1] % 4, v[:2])
scatter_update(v, w[:2, :1] % 4, v[:2], 'add'), scatter_update(v, w[:2, :1] % 4, v[:2], 'max'), scatter_update(v, w[:2, :1] % 4, v[:2], 'mul')
segment_sum(f, w[0, :3] % 2, 3), segment_max(f, w[0, :3] % 2, 2), segment_min(i, w[0, :3] % 2, 2), segment_prod(f, w[0, :3] % 2, 2)
diag(v), diag(v, 1), diag(f, -1), diagflat(f, 1), diagonal(x, 1, 1, 2), trace(f, 1), trace(x, axis1=1, axis2=2), tri(3), tri(3, 4, 1, 'int32'), tril(f, 1), triu(x, -1)
vander(v), vander(v, 3, True), eye(3), eye(2, 4, 1), identity(3, 'int32'), arange(5), arange(1.0, 2.0, 0.3), arange(2, 9, 3, 'float32'), full((2, 2), 3), full_like(i, 2.5), full_like(f, 1, 'int32')
linspace(0, 1, 5), linspace(v, 2 * v, 3, endpoint=False, axis=1), linspace(0.0, 2.0, 4, retstep=True), logspace(0, 2, 4), logspace(0.0, 1.0, 3, False, 2.0), geomspace(1, 8, 4), zeros((2,)), ones((2,), 'int32'), zeros_like(i, 'float32')
bartlett(6), blackman(6), hamming(6), hanning(6), kaiser(6, 3.0)
one_hot(i[0], 4), one_hot(w[0], 6, 0), multi_hot(w % 5, 5), multi_hot(w[0] % 5, 5, dtype='int32')
matmul(f, matrix), matmul(i, transpose(i)), matmul(x, transpose(x[..., :3, :], (0, 1, 3, 2))), dot(f, v), dot(v, v), inner(f, g), outer(v, i[0]), vdot(f, g), tensordot(f, g, 2), tensordot(f, g, [[0], [0]]), cross(x[0, 0], x[0, 1])
einsum('ij,kj->ik', f, g), einsum('ij->ji', i), einsum('bhwc,c->bw', x, x[0, 0, 0]), kron(v, f), diff(f), diff(f, 2, 0), trapezoid(f), trapezoid(f, dx=0.5, axis=0), trapezoid(f, g), cdist(f, g), correlate(v, v), correlate(f[0], v, 'full'), corrcoef(f)
cholesky(spd), cholesky(spd, True), cholesky_inverse(cholesky(spd)), det(matrix), slogdet(matrix), logdet(spd), inv(matrix), pinv(f), lu_factor(matrix), matrix_rank(f), solve(matrix, transpose(f)), solve_triangular(matrix, transpose(f), lower=True), lstsq(transpose(f), v), svd(f, compute_uv=False), eigh(spd)[0], qr(transpose(f))[1] ** 2
linalg.norm(f, 'fro', axis=(0, 1), keepdims=True), linalg.det(spd), linalg.inv(spd), linalg.qr(matrix, 'complete')[1] ** 2
cast(f, 'int32'), cast(i, 'float16'), cast(f, 'bool'), saturate_cast(f * 300, 'uint8'), convert_to_tensor([1, 2.5]), array([1, 2]), array([True]), array(3, 'float32')
view_as_complex(x[..., :2]), view_as_real(polar(p, g)), polar(p, g), angle(polar(p, g)), real(polar(p, g)), imag(polar(p, g)), conj(polar(p, g)), abs(polar(p, g))
psnr(f, g, 2.0), rms_normalization(f), rms_normalization(x, x[0, 0, 0], axis=-1), layer_normalization(f), layer_normalization(x, x[0, 0, 0], x[1, 0, 0]), layer_normalization(f, epsilon=0.1), normalize(f), normalize(f, 0, 1), normalize(f, order=3)
batch_normalization(f, v, p[0], -1), batch_normalization(f, v, p[0], -1, v, v + 1, 0.01), batch_normalization(first, x[0, 0, 0], x[1, 0, 0], 1)
softmax(f, 0), softmax(x, (1, 2)), log_softmax(f, 0), gelu(f, False), elu(f, 0.5), leaky_relu(f, 0.3), celu(f, 2.0), squareplus(f, 1), glu(f), glu(f, 1), hard_shrink(f, 0.3), soft_shrink(f, 0.2), threshold(f, 0.1, 7.0), sparse_plus(f * 2)
categorical_crossentropy(softmax(g), softmax(f)), categorical_crossentropy(softmax(g), f, True), sparse_categorical_crossentropy(w[0, :3] % 4, softmax(f)), sparse_categorical_crossentropy(w[0, :3] % 4, f, from_logits=True), binary_crossentropy(sigmoid(g), sigmoid(f)), binary_crossentropy(sigmoid(g), f, True)
conv(x, kernel), conv(x, kernel, 2, 'same'), conv(first, kernel, (1, 2), data_format='channels_first'), conv(x, kernel, dilation_rate=2), conv(signal[..., None], kernel[0, :, :1], 2)
depthwise_conv(x, kernel), depthwise_conv(x, kernel, 2, 'same'), separable_conv(x, kernel, reshape(kernel, (1, 1, 6, 6)), 1, 'same'), conv_transpose(x, transpose(kernel, (0, 1, 3, 2)), 2), conv_transpose(x, transpose(kernel, (0, 1, 3, 2)), 2, 'same', 1)
max_pool(x, 2, 2), max_pool(x, (2, 3), 1, 'same'), average_pool(x, 2, 2, 'same'), average_pool(first, 3, 2, data_format='channels_first'), adaptive_average_pool(x, 3), adaptive_max_pool(x, (2, 3)), adaptive_average_pool(first, 2, 'channels_first')
space_to_depth(x[:, :, :6], 2), depth_to_space(concatenate([x, x, x, x], -1), 2), unfold(first, 2), unfold(first, (2, 3), 1, 1, 2), fold(unfold(first, 2, stride=2), (8, 6), 2, stride=2)
dot_product_attention(x, y, y), dot_product_attention(x, y, y, scale=0.3, is_causal=True), dot_product_attention(x, y, y, bias=frames[:1, :1, :1, :1] * ones((2, 7, 8, 8)))
ctc_loss(w % 4 + 1, frames[0], array([3, 2, 2]), array([6, 5, 6])), ctc_decode(frames[0], array([6, 5, 6]), 'greedy')[1]
cond(True, lambda: ops.ones((2,)), lambda: ops.zeros((2,))), switch(1, [lambda a: a, lambda a: a * 2], v), scan(lambda c, a: (c + a, c * a), v, f), map(lambda r: ops.sum(r), f), vectorized_map(lambda r: r * 2, f)
while_loop(lambda k, a: k < 3, lambda k, a: (k + 1, a * 2), (0, v)), fori_loop(0, 3, lambda k, a: ops.add(a, k), v), associative_scan(lambda p, q: p + q, f), associative_scan(lambda p, q: p * q, f, True, 1), vectorize(lambda a: ops.sum(a), signature='(k)->()')(f)
logical_and(b, i), logical_or(f, b), isclose(f, f + 1e-6), allclose(f, g), ldexp(f, i), hypot(f, i), power(f, g), power(i, 2), power(2.0, i), power(w, u), power(u, u), add(u, 1), add(i, 1.5), multiply(h, f), subtract(u, i), divide(i, 2), mod(i, -3), floor_divide(f, 0.3), maximum(i, 0.5)
image.rgb_to_hsv(x)
image.rgb_to_hsv(first[0], data_format='channels_first')
image.hsv_to_rgb(x)
image.rgb_to_grayscale(x[..., :1])
image.affine_transform(x, turn)
image.affine_transform(x, turn, 'nearest', 'reflect')
image.affine_transform(x, turn, fill_mode='nearest')
image.affine_transform(x, turn, fill_mode='wrap')
image.affine_transform(x, turn, fill_mode='mirror')
image.affine_transform(first, turn, fill_value=0.5, data_format='channels_first')
image.affine_transform(x[0], turn[0], interpolation='nearest', fill_value=0.5)
image.affine_transform(whole, turn)
image.map_coordinates(x[0], places, 0, 'reflect')
image.map_coordinates(x[0], places, 1)
image.map_coordinates(x[0], places, 1, 'mirror')
image.map_coordinates(whole[0], places, 1, 'wrap')
image.map_coordinates(row, [[-0.5, 0.5, 1.5, 2.5, 5.5]], 0, fill_value=2.0)
image.perspective_transform(x, corners, moved)
image.perspective_transform(x[0], corners[0], moved[0], 'nearest', 0.5)
image.perspective_transform(first, corners, moved, data_format='channels_first')
image.gaussian_blur(x, data_format='channels_last')
image.gaussian_blur(x, (5, 2), (0.7, 1.9), 'channels_last')
image.gaussian_blur(first[1], (3, 7), (2.0, 0.5), 'channels_first')
image.scale_and_translate(x, (2, 9, 5, 3), numbers[:2], numbers[2:4], (1, 2), 'linear')
image.scale_and_translate(x, (2, 9, 5, 3), numbers[:2], numbers[2:4], (1, 2), 'bicubic', antialias=False)
image.scale_and_translate(x, (2, 9, 5, 3), numbers[:2], numbers[2:4], (1, 2), 'lanczos3')
image.scale_and_translate(x[0], (4, 5, 3), numbers[:2], numbers[2:4], (0, -2), 'lanczos5', antialias=False)
image.extract_patches(x, 3)
image.extract_patches(x, (2, 3), (1, 2), padding='same')
image.extract_patches(x, 2, 1, 2)
image.extract_patches(first[0], 3, 1, data_format='channels_first')
image.extract_patches(volume, (2, 1, 3))
image.extract_patches_3d(volume, 2, (1, 2, 1), padding='same')
image.extract_patches_3d(volume[0], 2)
image.sobel_edges(x)
image.sobel_edges(first, 'channels_first')
image.ssim(x, y, filter_size=5)
image.ssim(first, first * 0.5, 2.0, 3, 0.8, 0.02, 0.05, 'channels_first')
image.ssim(x[0], y[0], filter_size=7)
fft((x[0, 0], y[0, 0]))
fft2((x, y))
ifft2((x, y))
rfft(signal)
rfft(signal, 16)
rfft(signal, fft_length=33)
irfft((x[0], y[0]))
irfft((x[0], y[0]), 7)
extract_sequences(signal, 5, 3)
extract_sequences(whole[0, 0, :, 0], 3, 2)
stft(signal, 5, 3, 8)
stft(signal, 6, 2, 7, 'hamming', False)
stft(signal, 5, 2, 6, row[:5])
stft(signal[0], 6, 4, 6, None)
istft((frames[0], frames[1]), 5, 3, 8)
istft((frames[0], frames[1]), 6, 2, 8, 11, 'hamming')
istft((frames[0], frames[1]), 8, 3, 8, 17, None, False)
istft((frames[0], frames[1]), 5, 2, 8, window=row[:5] + 1.0)
view(row, 'int32')
view(x, 'uint8')
view(whole[..., :2], 'int16')
rearrange(x, 'b h w c -> b c h w')
rearrange(x, 'b (h1 h) w c -> (b h1) h (w c)', h1=2)
rearrange(x, 'b (h h1) w c -> h w (c h1 b)', h1=4)
"""


def _calls(text):
    """The calls in a text, which stand behind each other on a line with commas between."""
    calls, call, depth = [], "", 0
    for sign in text.strip().replace("\n", ", ") + ",":
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            calls.append(call.strip())
            call = ""
        else:
            call += sign
    return calls


def _op_cases():
    one = [f"({n}(f), {n}(i), {n}(b))" for n in UNARY_OPS.split()]
    two = [f"({n}(f, g), {n}(i, w), {n}(b, w), {n}(u, w), {n}(f, i))" for n in BINARY_OPS.split()]
    one += [f"{n}({x})" for x in "fh" for n in FLOAT_OPS.split()]
    whole = [f"{n}({x})" for n in ("bitwise_invert", "bitwise_not") for x in "iu"]
    whole += [f"({n}(i, w), {n}(u, u), {n}(i, 2))" for n in WHOLE_OPS.split()]
    return "\n".join([*one, *two, *whole, *_calls(OPS)])


def _op_arguments():
    rng = np.random.RandomState(7)
    x, y = rng.rand(2, 2, 8, 7, 3).astype("float32")
    corners = np.array([[0, 0], [6, 0], [0, 7], [6, 7]], "float32")
    f, g = rng.randn(2, 3, 4).astype("float32")
    square = rng.randn(4, 4).astype("float32")
    turn = [[0.91, 0.32, -1.2, -0.22, 1.11, 0.7, 0, 0], [1.4, 0.01, 0.3, 0.12, 0.62, -2.3, 0, 0]]
    return {
        "x": x,
        "y": y,
        "first": np.moveaxis(x, -1, 1).copy(),
        "whole": (x * 255).astype("uint8"),
        "volume": rng.rand(2, 4, 5, 6, 2).astype("float32"),
        "signal": rng.randn(2, 21).astype("float32"),
        "frames": rng.randn(2, 3, 6, 5).astype("float32"),
        "row": rng.rand(6).astype("float32"),
        "turn": np.array(turn, "float32"),
        "places": rng.uniform(-9, 14, (3, 4, 6)).astype("float32"),
        "corners": np.stack([corners, corners]),
        "moved": corners + rng.uniform(-1, 1, (2, 4, 2)).astype("float32"),
        "f": f,
        "g": g,
        "v": f[1] * g[2],
        "p": np.abs(f) + 0.1,
        "n": np.where(np.abs(f) > 0.8, np.nan, f).astype("float32"),
        "h": g.astype("float16"),
        "i": rng.randint(-4, 5, (3, 4)).astype("int32"),
        "w": (rng.permutation(12) + 1).reshape(3, 4).astype("int32"),
        "u": rng.randint(0, 6, (3, 4)).astype("uint8"),
        "b": f > g,
        "sorted": np.sort(g[0]),
        "matrix": square,
        "spd": square @ square.T + np.eye(4, dtype="float32"),
        "kernel": rng.randn(2, 3, 3, 2).astype("float32"),
        "numbers": np.array([1.64, 0.55, -0.3, 1.4], "float32"),
    }


def op_case(keras, call, _=""):
    """What the calls give; names are those of arguments and of ops."""
    ops = keras.ops

    class Names(dict):
        def __missing__(self, name):
            return getattr(ops, name)

    names = Names({k: ops.convert_to_tensor(v) for k, v in _op_arguments().items()})
    out = eval(call, {"ops": ops}, names)
    flat = []

    def collect(x):
        if isinstance(x, (list, tuple)):
            for v in x:
                collect(v)
        elif x is not None:
            flat.append(np.asarray(ops.convert_to_numpy(x)))

    collect(out)
    return flat


KINDS = {"op": (_op_cases(), op_case)}
