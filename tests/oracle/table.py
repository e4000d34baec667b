"""Single layers, losses, metrics, activations, optimizers and ops, written once for Kerata and Keras 3.

`run` gives arrays by case name in whatever library it is handed: the same weights and inputs must
give the same outputs, and the same weights after a step of training.
"""

import numpy as np

# Name of the layer; its arguments; shapes of its inputs. "int" before a shape: whole numbers below 5.
LAYERS = """
Dense(4) | (6,)
Dense(4, activation='gelu', use_bias=False) | (3, 6)
EinsumDense('abc,cd->abd', output_shape=(None, 4), bias_axes='d') | (3, 5)
Embedding(5, 3) | int (4,)
Activation('softmax') | (6,)
LeakyReLU(0.1) | (6,)
PReLU() | (3, 4)
PReLU(shared_axes=[1]) | (3, 4)
ELU(0.7) | (6,)
ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2) | (6,)
Softmax(axis=1) | (3, 4)
Masking(0.0) | (3, 4)
Flatten() | (3, 4)
Reshape((2, -1)) | (3, 4)
Permute((2, 1)) | (3, 4)
RepeatVector(3) | (4,)
Cropping1D((1, 2)) | (6, 3)
Cropping2D(((1, 0), (0, 2))) | (5, 6, 2)
Cropping3D(1) | (4, 4, 4, 2)
ZeroPadding1D((1, 2)) | (4, 3)
ZeroPadding2D(((1, 0), (0, 2))) | (3, 4, 2)
ZeroPadding3D(1) | (2, 2, 2, 2)
UpSampling1D(2) | (3, 2)
UpSampling2D((2, 3)) | (3, 2, 2)
UpSampling2D(2, interpolation='bilinear') | (3, 4, 2)
UpSampling3D(2) | (2, 2, 2, 1)
Conv1D(4, 3) | (8, 3)
Conv1D(4, 3, padding='causal', dilation_rate=2) | (8, 3)
Conv1D(4, 3, strides=2, padding='same', activation='relu') | (8, 3)
Conv2D(4, 3, strides=(2, 1), padding='same') | (7, 6, 3)
Conv2D(4, (2, 3), groups=2, dilation_rate=2) | (8, 9, 4)
Conv3D(3, 2, padding='same') | (4, 4, 4, 2)
Conv1DTranspose(4, 3, strides=2) | (5, 3)
Conv2DTranspose(4, 3, strides=2, padding='same') | (5, 4, 3)
Conv2DTranspose(2, 3, strides=2, output_padding=1) | (4, 4, 3)
Conv3DTranspose(2, 2, strides=2) | (3, 3, 3, 2)
DepthwiseConv1D(3, depth_multiplier=2) | (8, 3)
DepthwiseConv2D(3, strides=2, padding='same') | (7, 7, 3)
SeparableConv1D(4, 3) | (8, 3)
SeparableConv2D(4, 3, padding='same', depth_multiplier=2) | (7, 6, 3)
MaxPooling1D(2) | (7, 3)
MaxPooling2D((2, 3), strides=1, padding='same') | (7, 6, 2)
MaxPooling3D(2) | (4, 4, 4, 2)
AveragePooling1D(2, padding='same') | (7, 3)
AveragePooling2D(3, strides=2, padding='same') | (7, 6, 2)
AveragePooling3D(2) | (4, 4, 4, 2)
GlobalMaxPooling1D() | (5, 3)
GlobalMaxPooling2D(keepdims=True) | (4, 5, 3)
GlobalAveragePooling1D() | (5, 3)
GlobalAveragePooling2D() | (4, 5, 3)
GlobalAveragePooling3D() | (3, 3, 3, 2)
SimpleRNN(4, return_sequences=True) | (5, 3)
LSTM(4) | (5, 3)
LSTM(4, return_sequences=True, go_backwards=True, use_bias=False) | (5, 3)
LSTM(4, recurrent_activation='hard_sigmoid', unit_forget_bias=False) | (5, 3)
GRU(4) | (5, 3)
GRU(4, reset_after=False, return_sequences=True) | (5, 3)
RNN([L.LSTMCell(3), L.GRUCell(4)]) | (5, 3)
Bidirectional(L.GRU(3, return_sequences=True), merge_mode='sum') | (5, 3)
TimeDistributed(L.Dense(3)) | (4, 5)
ConvLSTM1D(2, 3) | (3, 6, 2)
ConvLSTM2D(2, 3, padding='same', return_sequences=True) | (3, 5, 5, 2)
BatchNormalization() | (4,)
BatchNormalization(axis=1, momentum=0.5, scale=False) | (3, 4)
LayerNormalization() | (3, 4)
LayerNormalization(axis=[1, 2], center=False) | (3, 4)
GroupNormalization(2) | (5, 4)
RMSNormalization() | (3, 4)
UnitNormalization() | (4,)
Add() | (4,) (4,)
Subtract() | (4,) (4,)
Multiply() | (4,) (4,) (4,)
Average() | (4,) (4,)
Maximum() | (4,) (4,)
Minimum() | (4,) (4,)
Concatenate(axis=1) | (2, 4) (3, 4)
Dot(axes=(2, 2), normalize=True) | (2, 4) (3, 4)
Dot(axes=1) | (4,) (4,)
Attention(use_scale=True) | (3, 4) (5, 4)
AdditiveAttention() | (3, 4) (5, 4)
Rescaling(0.5, offset=1.0) | (4,)
Resizing(4, 5) | (6, 6, 2)
Resizing(3, 3, interpolation='nearest') | (6, 6, 2)
"""

# Loss: what the targets are.
LOSSES = """
MeanSquaredError() | real
MeanAbsoluteError() | real
MeanAbsolutePercentageError() | positive
MeanSquaredLogarithmicError() | positive
Huber(0.5) | real
LogCosh() | real
CosineSimilarity() | real
Poisson() | positive
Hinge() | binary
SquaredHinge() | binary
CategoricalHinge() | one-hot
KLDivergence() | probability
BinaryCrossentropy(label_smoothing=0.1) | binary
BinaryCrossentropy(from_logits=True) | binary
BinaryFocalCrossentropy(apply_class_balancing=True) | binary
CategoricalCrossentropy() | one-hot
CategoricalCrossentropy(from_logits=True, label_smoothing=0.2) | one-hot
CategoricalFocalCrossentropy() | one-hot
SparseCategoricalCrossentropy() | class
SparseCategoricalCrossentropy(from_logits=True, ignore_class=1) | class
Dice() | probability
Tversky(0.3, 0.7) | probability
"""

METRICS = """
MeanSquaredError() | real
RootMeanSquaredError() | real
MeanAbsoluteError() | real
R2Score() | real
CosineSimilarity() | real
LogCoshError() | real
Accuracy() | class-class
BinaryAccuracy(threshold=0.4) | binary
CategoricalAccuracy() | one-hot
SparseCategoricalAccuracy() | class
TopKCategoricalAccuracy(2) | one-hot
SparseTopKCategoricalAccuracy(2) | class
BinaryCrossentropy() | binary
CategoricalCrossentropy() | one-hot
SparseCategoricalCrossentropy() | class
KLDivergence() | probability
Hinge() | binary
Poisson() | positive
Precision() | binary
Recall(thresholds=0.3) | binary
AUC() | binary
AUC(curve='PR', num_thresholds=50) | binary
F1Score(average='macro') | one-hot
FBetaScore(beta=0.5, threshold=0.4) | one-hot
FalsePositives() | binary
TrueNegatives(thresholds=[0.2, 0.7]) | binary
PrecisionAtRecall(0.5) | binary
SensitivityAtSpecificity(0.5) | binary
BinaryIoU() | binary
OneHotMeanIoU(4) | one-hot
PearsonCorrelation() | real
"""

# sparsemax is left out: what Keras 3.15.1 gives does not sum to 1.
ACTIVATIONS = """
celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
squareplus swish tanh tanh_shrink
"""

OPTIMIZERS = """
SGD(0.1)
SGD(0.1, momentum=0.9)
SGD(0.1, momentum=0.9, nesterov=True)
RMSprop(0.1)
RMSprop(0.1, centered=True, momentum=0.3)
Adagrad(0.1)
Adadelta(1.0)
Adam(0.1)
Adam(0.1, amsgrad=True)
AdamW(0.1)
Adamax(0.1)
Nadam(0.1)
Adam(0.1, clipnorm=0.1)
Adam(0.1, clipvalue=0.01)
SGD(0.1, global_clipnorm=0.1)
SGD(0.1, weight_decay=0.1)
Adam(0.1, use_ema=True, ema_overwrite_frequency=2)
Adam(0.1, gradient_accumulation_steps=2)
SGD(0.1, loss_scale_factor=8.0)
SGD(S.ExponentialDecay(0.1, 2, 0.5))
SGD(S.CosineDecay(0.1, 4, warmup_target=0.2, warmup_steps=2))
SGD(S.CosineDecayRestarts(0.1, 2))
SGD(S.PolynomialDecay(0.1, 3, cycle=True))
SGD(S.PiecewiseConstantDecay([1, 2], [0.1, 0.2, 0.3]))
SGD(S.InverseTimeDecay(0.1, 2, 0.5, staircase=True))
"""

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


def cases(text):
    """Pairs of a constructor call and what stands behind the bar."""
    return [
        tuple(p.strip() for p in line.partition(" | ")[::2]) for line in text.strip().splitlines()
    ]


def _arrays(seed, shapes, scale=1.0):
    rng = np.random.RandomState(seed)
    return [(scale * rng.standard_normal(s)).astype("float32") for s in shapes]


def _inputs(text):
    whole = text.startswith("int")
    shapes = eval("[" + text.removeprefix("int").strip().replace(") (", "), (") + "]")
    xs = _arrays(1, [(6, *s) for s in shapes])
    return [np.abs(x * 2).astype("int32") % 5 for x in xs] if whole else xs


def layer_case(keras, call, inputs):
    """Outputs, and the weights after one step of gradient descent."""
    xs = _inputs(inputs)
    ins = [keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in xs]
    layer = eval("L." + call, {"L": keras.layers})
    model = keras.Model(ins, layer(ins if len(ins) > 1 else ins[0]))
    model.set_weights([np.abs(w) for w in _arrays(2, [w.shape for w in model.get_weights()], 0.5)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    x = xs if len(xs) > 1 else xs[0]
    out = np.asarray(model.predict(x, verbose=0))
    if model.trainable_weights:
        model.train_on_batch(x, np.full_like(out, 0.5))
    return [out, *model.get_weights()]


def _targets(kind):
    rng = np.random.RandomState(3)
    logits = rng.standard_normal((8, 4)).astype("float32")
    share = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    classes = rng.randint(0, 4, 8)
    return {
        "real": (rng.standard_normal((8, 4)).astype("float32"), logits),
        "positive": (
            np.abs(rng.standard_normal((8, 4))).astype("float32") + 0.1,
            np.abs(logits) + 0.1,
        ),
        "binary": ((rng.uniform(size=(8, 4)) > 0.5).astype("float32"), share),
        "one-hot": (np.eye(4, dtype="float32")[classes], share),
        "class": (classes.astype("int32"), share),
        "class-class": (classes.astype("float32"), rng.randint(0, 4, 8).astype("float32")),
        "probability": (share[::-1].copy(), share),
    }[kind]


def loss_case(keras, call, kind):
    y, p = _targets(kind)
    weight = np.linspace(0.0, 2.0, len(y)).astype("float32")
    loss = eval("M." + call, {"M": keras.losses})
    plain = eval(
        "M." + call.replace(")", f"{'' if call.endswith('()') else ', '}reduction=None)"),
        {"M": keras.losses},
    )
    return [np.asarray(v) for v in (loss(y, p), loss(y, p, sample_weight=weight), plain(y, p))]


def metric_case(keras, call, kind):
    y, p = _targets(kind)
    metric = eval("M." + call, {"M": keras.metrics})
    metric.update_state(y[:5], p[:5])
    first = np.asarray(metric.result())
    metric.update_state(y[5:], p[5:])
    return [first, np.asarray(metric.result())]


def activation_case(keras, name, _=""):
    x = _arrays(4, [(4, 6)], 2.0)[0]
    return [np.asarray(getattr(keras.activations, name)(x))]


def optimizer_case(keras, call, _=""):
    """Weights of a small model after each of four steps."""
    x, y = _arrays(5, [(8, 3), (8, 2)])
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)]
    )
    model.set_weights(_arrays(6, [w.shape for w in model.get_weights()], 0.5))
    optimizer = eval("O." + call, {"O": keras.optimizers, "S": keras.optimizers.schedules})
    model.compile(optimizer=optimizer, loss="mse")
    out = []
    for _step in range(4):
        model.train_on_batch(x, y)
        out.extend(model.get_weights())
    return out


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


KINDS = {
    "layer": (LAYERS, layer_case),
    "loss": (LOSSES, loss_case),
    "metric": (METRICS, metric_case),
    "activation": ("\n".join(ACTIVATIONS.split()), activation_case),
    "optimizer": (OPTIMIZERS, optimizer_case),
    "op": (_op_cases(), op_case),
}


def names():
    """``(kind, case)`` of everything in the tables."""
    return [(kind, call, rest) for kind, (text, _) in KINDS.items() for call, rest in cases(text)]


def run(keras, kind, call, rest):
    """Arrays of one case."""
    return KINDS[kind][1](keras, call, rest)
