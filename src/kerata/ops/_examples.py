"""An example of each op that has none in its docstring, on one line: they are added there, and tested.

``name(arguments) = result`` shows the result as a list; ``name: expression = result`` is shown as it stands.
"""

from __future__ import annotations

_LINES = """
absolute([-1.5, 2.0]) = [1.5, 2.0]
add([1, 2], [[10], [20]]) = [[11, 12], [21, 22]]
adaptive_average_pool([[[1.0], [3.0], [5.0], [7.0]]], 2) = [[[2.0], [6.0]]]
adaptive_max_pool([[[1.0], [3.0], [5.0], [7.0]]], 2) = [[[3.0], [7.0]]]
all([[True, False], [True, True]], axis=1) = [False, True]
allclose([1.0, 2.0], [1.0, 2.0000001]) = True
amax([[1, 5], [4, 2]], axis=0) = [4, 5]
amin([[1, 5], [4, 2]], axis=0) = [1, 2]
angle([1j, -1j]) = [1.57..., -1.57...]
any([[False, False], [True, False]], axis=1) = [False, True]
append([1, 2], [3]) = [1, 2, 3]
arccos([1.0, 0.0]) = [0.0, 1.57...]
arccosh([1.0, 2.0]) = [0.0, 1.316...]
arcsin([0.0, 1.0]) = [0.0, 1.57...]
arcsinh([0.0, 1.0]) = [0.0, 0.881...]
arctan([0.0, 1.0]) = [0.0, 0.785...]
arctan2([1.0, 1.0], [1.0, 0.0]) = [0.785..., 1.57...]
arctanh([0.0, 0.5]) = [0.0, 0.549...]
argmax([[3, 9, 4], [7, 1, 2]], axis=1) = [1, 0]
argmin([[3, 9, 4], [7, 1, 2]], axis=1) = [0, 1]
argpartition([3, 1, 2], 0)[0] = 1
argsort([30, 10, 20]) = [1, 2, 0]
array([1, 2]) = [1, 2]
array_split: [part.tolist() for part in array_split([1, 2, 3, 4, 5], 2)] = [[1, 2, 3], [4, 5]]
associative_scan: associative_scan(ops.add, ops.array([1, 2, 3, 4])).tolist() = [1, 3, 6, 10]
average([1.0, 4.0], weights=[3.0, 1.0]) = 1.75
average_pool([[[1.0], [3.0], [5.0], [7.0]]], 2) = [[[2.0], [6.0]]]
bartlett(5) = [0.0, 0.5, 1.0, 0.5, 0.0]
batch_normalization: ops.round(batch_normalization([[1.0], [5.0]], [3.0], [4.0], axis=-1)).tolist() = [[-1.0], [1.0]]
binary_crossentropy([1.0, 0.0], [0.5, 0.5]) = [0.693..., 0.693...]
bincount([0, 2, 2]) = [1, 0, 2]
bitwise_and([6], [3]) = [2]
bitwise_not([0, 5]) = [-1, -6]
bitwise_or([6], [3]) = [7]
bitwise_xor([6], [3]) = [5]
blackman: tuple(blackman(5).shape) = (5,)
broadcast_to([1, 2], (2, 2)) = [[1, 2], [1, 2]]
categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]) = [0.693...]
cbrt([2.0]) = [1.259...]
cdist([[0.0, 0.0]], [[3.0, 4.0]]) = [[5.0]]
ceil([1.2, -1.2]) = [2.0, -1.0]
celu([-1.0, 2.0]) = [-0.632..., 2.0]
cholesky([[4.0, 2.0], [2.0, 5.0]]) = [[2.0, 0.0], [1.0, 2.0]]
cholesky_inverse([[2.0, 0.0], [0.0, 4.0]]) = [[0.25, 0.0], [0.0, 0.0625]]
clip([-3, 1, 9], 0, 5) = [0, 1, 5]
cond: cond(ops.array(3) > 2, lambda: ops.array(1), lambda: ops.array(0)).tolist() = 1
conjugate([1 + 2j]) = [(1-2j)]
conv([[[1.0], [2.0], [4.0]]], [[[1.0]], [[1.0]]]) = [[[3.0], [6.0]]]
conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[1.0]]], strides=2) = [[[1.0], [1.0], [2.0], [2.0]]]
copy([1, 2]) = [1, 2]
corrcoef: ops.round(corrcoef([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]])).tolist() = [[1.0, -1.0], [-1.0, 1.0]]
correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5], mode="valid") = [3.5]
cos([0.0, 1.0]) = [1.0, 0.540...]
cosh([0.0, 1.0]) = [1.0, 1.543...]
count_nonzero([[1, 0], [2, 3]], axis=1) = [1, 2]
cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]) = [0.0, 0.0, 1.0]
ctc_decode: ctc_decode([[[0.0, 9.0], [9.0, 0.0], [0.0, 9.0]]], [3], mask_index=0)[0].tolist() = [[[1, 1, -1]]]
ctc_loss([[1]], [[[0.0, 9.0], [9.0, 0.0]]], [1], [2]) = [0.00...]
cumprod([1, 2, 3, 4]) = [1, 2, 6, 24]
cumsum([[1, 2], [3, 4]], axis=0) = [[1, 2], [4, 6]]
deg2rad([0.0, 180.0]) = [0.0, 3.14...]
depth_to_space([[[[1, 2, 3, 4]]]], 2) = [[[[1], [2]], [[3], [4]]]]
depthwise_conv([[[1.0, 2.0], [3.0, 4.0]]], [[[1.0], [10.0]], [[1.0], [10.0]]]) = [[[4.0, 60.0]]]
det([[1.0, 2.0], [0.0, 3.0]]) = 3.0
diag([1, 2]) = [[1, 0], [0, 2]]
diagflat([[1], [2]]) = [[1, 0], [0, 2]]
diagonal([[1, 2], [3, 4]]) = [1, 4]
diff([1, 4, 9]) = [3, 5]
digamma([1.0]) = [-0.577...]
digitize([0.5, 2.5], [1.0, 2.0, 3.0]) = [0, 2]
divide([3, 1], 2) = [1.5, 0.5]
divide_no_nan([1.0, 4.0], [0.0, 2.0]) = [0.0, 2.0]
dot([1, 2], [3, 4]) = 11
dot_product_attention: tuple(dot_product_attention(*[ops.ones((1, 5, 2, 4))] * 3).shape) = (1, 5, 2, 4)
dsplit: [tuple(part.shape) for part in dsplit(ops.ones((1, 1, 4)), 2)] = [(1, 1, 2), (1, 1, 2)]
dstack([[1, 2], [3, 4]]) = [[[1, 3], [2, 4]]]
eig: ops.real(eig([[2.0, 0.0], [0.0, 2.0]])[0]).tolist() = [2.0, 2.0]
eigh: eigh([[2.0, 0.0], [0.0, 1.0]])[0].tolist() = [1.0, 2.0]
einsum("ij,j->i", [[1, 2], [3, 4]], [10, 1]) = [12, 34]
elu([-1.0, 2.0]) = [-0.632..., 2.0]
empty: tuple(empty((2, 3)).shape) = (2, 3)
empty_like: tuple(empty_like([[1, 2]]).shape) = (1, 2)
equal([1, 2], [1, 3]) = [True, False]
erf([0.0, 1.0]) = [0.0, 0.842...]
erfc([0.0, 1.0]) = [1.0, 0.157...]
erfinv([0.0, 0.5]) = [0.0, 0.476...]
exp([0.0, 1.0]) = [1.0, 2.718...]
exp2([0.0, 3.0]) = [1.0, 8.0]
expand_dims([1, 2], -1) = [[1], [2]]
expm1([0.0, 1.0]) = [0.0, 1.718...]
eye(2) = [[1.0, 0.0], [0.0, 1.0]]
fabs([-2, 3]) = [2.0, 3.0]
flip([[1, 2], [3, 4]], axis=1) = [[2, 1], [4, 3]]
fliplr([[1, 2], [3, 4]]) = [[2, 1], [4, 3]]
flipud([[1, 2], [3, 4]]) = [[3, 4], [1, 2]]
floor([1.8, -1.2]) = [1.0, -2.0]
floor_divide([7, -7], 2) = [3, -4]
fmax([1.0, float("nan")], [0.0, 2.0]) = [1.0, 2.0]
fmin([1.0, float("nan")], [0.0, 2.0]) = [0.0, 2.0]
fmod([7, -7], 3) = [1, -1]
fold([[[1.0], [2.0], [3.0], [4.0]]], 2, 2) = [[[[1.0, 2.0], [3.0, 4.0]]]]
fori_loop: fori_loop(0, 5, lambda i, total: total + i, ops.array(0)).tolist() = 10
full((2, 2), 7) = [[7.0, 7.0], [7.0, 7.0]]
full_like([1, 2], 7) = [7, 7]
gcd([12], [18]) = [6]
gelu([-1.0, 0.0, 1.0]) = [-0.158..., 0.0, 0.841...]
geomspace: ops.round(geomspace(1.0, 8.0, 4)).tolist() = [1.0, 2.0, 4.0, 8.0]
get_item([[1, 2], [3, 4]], (0, -1)) = 2
glu([1.0, 2.0, 0.0, 0.0]) = [0.5, 1.0]
greater([1, 3], 2) = [False, True]
greater_equal([1, 2], 2) = [False, True]
gru: tuple(gru(ops.ones((3, 1, 2)), ops.zeros((1, 4)), ops.zeros((2, 12)), ops.zeros((4, 12)))[0].shape) = (3, 1, 4)
hamming: tuple(hamming(5).shape) = (5,)
hanning: ops.round(hanning(5), 2).tolist() = [0.0, 0.5, 1.0, 0.5, 0.0]
hard_shrink([-1.0, 0.25, 1.0]) = [-1.0, 0.0, 1.0]
hard_sigmoid([-4.0, 0.0, 4.0]) = [0.0, 0.5, 1.0]
hard_silu([0.0, 4.0]) = [0.0, 4.0]
hard_tanh([-3.0, 0.5, 3.0]) = [-1.0, 0.5, 1.0]
heaviside([-1.0, 0.0, 1.0], 0.5) = [0.0, 0.5, 1.0]
hsplit: [part.tolist() for part in hsplit([[1, 2], [3, 4]], 2)] = [[[1], [3]], [[2], [4]]]
hstack([[1, 2], [3, 4]]) = [1, 2, 3, 4]
hypot([3.0], [4.0]) = [5.0]
i0([1.0]) = [1.266...]
identity(2) = [[1.0, 0.0], [0.0, 1.0]]
imag([1 + 2j]) = [2.0]
image_crop_images: tuple(ops.image.crop_images(ops.ones((1, 4, 6, 3)), 1, 2, 1, 2).shape) = (1, 2, 2, 3)
image_pad_images: tuple(ops.image.pad_images(ops.ones((1, 4, 6, 3)), 1, 2, 1, 2).shape) = (1, 6, 10, 3)
image_resize: ops.image.resize([[[1.0], [3.0]]], (1, 4), "nearest").tolist() = [[[1.0], [1.0], [3.0], [3.0]]]
inner([1, 2], [3, 4]) = 11
inv([[2.0, 0.0], [0.0, 4.0]]) = [[0.5, 0.0], [0.0, 0.25]]
isclose([1.0, 2.0], [1.0, 2.1]) = [True, False]
isfinite([1.0, float("inf")]) = [True, False]
isin([1, 2, 3], [2, 9]) = [False, True, False]
isinf([1.0, float("inf")]) = [False, True]
isnan([1.0, float("nan")]) = [False, True]
isneginf([1.0, -float("inf")]) = [False, True]
isposinf([1.0, float("inf")]) = [False, True]
isreal([1j, 2 + 0j]) = [False, True]
kaiser: tuple(kaiser(5, 14.0).shape) = (5,)
kron([1, 2], [1, 10]) = [1, 10, 2, 20]
layer_normalization: ops.round(layer_normalization([[1.0, 5.0]])).tolist() = [[-1.0, 1.0]]
lcm([4], [6]) = [12]
ldexp([0.5, 3.0], [2, 1]) = [2.0, 6.0]
leaky_relu([-1.0, 2.0], negative_slope=0.5) = [-0.5, 2.0]
left_shift([1, 3], [4, 1]) = [16, 6]
less([1, 3], 2) = [True, False]
less_equal([2, 3], 2) = [True, False]
lgamma([5.0]) = [3.178...]
linspace(0.0, 1.0, 5) = [0.0, 0.25, 0.5, 0.75, 1.0]
log([1.0, 2.0]) = [0.0, 0.693...]
log10([1.0, 2.0]) = [0.0, 0.301...]
log1p([0.0, 1.0]) = [0.0, 0.693...]
log2([1.0, 8.0]) = [0.0, 3.0]
log_sigmoid([0.0]) = [-0.693...]
log_softmax([0.0, 0.0]) = [-0.693..., -0.693...]
logaddexp([0.0], [0.0]) = [0.693...]
logaddexp2([3.0], [3.0]) = [4.0]
logdet([[1.0, 0.0], [0.0, 1.0]]) = 0.0
logical_and([True, True], [True, False]) = [True, False]
logical_not([True, False]) = [False, True]
logical_or([False, True], [False, False]) = [False, True]
logical_xor([True, True], [True, False]) = [False, True]
logspace: ops.round(logspace(0.0, 2.0, 3)).tolist() = [1.0, 10.0, 100.0]
logsumexp([0.0, 0.0]) = 0.693...
lstm: tuple(lstm(ops.ones((3, 1, 2)), *[ops.zeros((1, 4))] * 2, ops.zeros((2, 16)), ops.zeros((4, 16)))[0].shape) = (3, 1, 4)
lstsq: [round(x, 3) for x in lstsq([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0]).tolist()] = [3.0, 2.0]
lu_factor: tuple(lu_factor([[4.0, 2.0], [2.0, 4.0]])[0].shape) = (2, 2)
map: map(lambda row: ops.sum(row), ops.array([[1, 2], [3, 4]])).tolist() = [3, 7]
matrix_rank([[1.0, 2.0], [2.0, 4.0]]) = 1
max([[1, 5], [4, 2]], axis=1) = [5, 4]
max_pool([[[1.0], [3.0], [5.0], [7.0]]], 2) = [[[3.0], [7.0]]]
maximum([1, 5], [3, 4]) = [3, 5]
mean([[1.0, 2.0], [3.0, 6.0]], axis=0) = [2.0, 4.0]
median([1.0, 9.0, 2.0]) = 2.0
meshgrid: [part.tolist() for part in meshgrid([1, 2], [5, 6])] = [[[1, 2], [1, 2]], [[5, 5], [6, 6]]]
min([[1, 5], [4, 2]], axis=1) = [1, 2]
minimum([1, 5], [3, 4]) = [1, 4]
mish([0.0, 1.0]) = [0.0, 0.865...]
mod([7, -7], 3) = [1, 2]
moments: [part.tolist() for part in moments([1.0, 3.0], axes=0)] = [2.0, 1.0]
moveaxis: tuple(moveaxis(ops.ones((2, 3, 4)), 0, -1).shape) = (3, 4, 2)
multiply([1, 2], [3, 4]) = [3, 8]
nan_to_num([1.0, float("nan")], nan=-1.0) = [1.0, -1.0]
nanargmax([float("nan"), 1.0, 3.0]) = 2
nanargmin([float("nan"), 1.0, 3.0]) = 1
nancumprod([2.0, float("nan"), 3.0]) = [2.0, 2.0, 6.0]
nancumsum([2.0, float("nan"), 3.0]) = [2.0, 2.0, 5.0]
nanmax([1.0, float("nan"), 3.0]) = 3.0
nanmean([1.0, float("nan"), 3.0]) = 2.0
nanmedian([1.0, float("nan"), 3.0]) = 2.0
nanmin([1.0, float("nan"), 3.0]) = 1.0
nanpercentile([1.0, float("nan"), 3.0], 50) = 2.0
nanprod([2.0, float("nan"), 3.0]) = 6.0
nanquantile([1.0, float("nan"), 3.0], 0.5) = 2.0
nanstd([1.0, float("nan"), 3.0]) = 1.0
nansum([1.0, float("nan"), 3.0]) = 4.0
nanvar([1.0, float("nan"), 5.0]) = 4.0
negative([1, -2]) = [-1, 2]
nextafter([1.0], [2.0]) = [1.0000001...]
nonzero: [part.tolist() for part in nonzero([0, 3, 5])] = [[1, 2]]
norm([3.0, 4.0]) = 5.0
normalize([[0.0, 4.0]]) = [[0.0, 1.0]]
not_equal([1, 2], [1, 3]) = [False, True]
ones((2, 2)) = [[1.0, 1.0], [1.0, 1.0]]
ones_like([[1, 2]]) = [[1, 1]]
outer([1, 2], [3, 4]) = [[3, 4], [6, 8]]
pad([1, 2], (1, 2), constant_values=9) = [9, 1, 2, 9, 9]
percentile([1.0, 2.0, 5.0], 50) = 2.0
pinv: ops.round(pinv([[2.0, 0.0], [0.0, 4.0]]), 2).tolist() = [[0.5, 0.0], [0.0, 0.25]]
polar([2.0], [0.0]) = [(2+0j)]
positive([1, -2]) = [1, -2]
power([2, 3], [3, 2]) = [8, 9]
prod([[1, 2], [3, 4]], axis=1) = [2, 12]
psnr: ops.round(psnr([1.0, 0.0], [0.0, 1.0], 10.0)).tolist() = 20.0
ptp([3, 9, 4]) = 6
qr: qr([[2.0, 0.0], [0.0, 4.0]])[0].shape[0] = 2
quantile([1.0, 2.0, 5.0], 0.5) = 2.0
rad2deg([0.0, 1.0]) = [0.0, 57.29...]
random_beta: tuple(beta((2, 3), 1.0, 2.0, seed=1).shape) = (2, 3)
random_binomial: tuple(binomial((2, 3), 5.0, 0.5, seed=1).shape) = (2, 3)
random_categorical: tuple(categorical([[0.0, 0.0, 0.0]], 4, seed=1).shape) = (1, 4)
random_dropout: sorted(set(dropout([1.0] * 100, 0.5, seed=1).tolist())) = [0.0, 2.0]
random_gamma: tuple(gamma((2, 3), 2.0, seed=1).shape) = (2, 3)
random_normal: tuple(normal((2, 3), mean=5.0, seed=1).shape) = (2, 3)
random_randint: set(randint((100,), 3, 6, seed=1).tolist()) = {3, 4, 5}
random_shuffle: sorted(shuffle([3, 1, 2], seed=1).tolist()) = [1, 2, 3]
random_truncated_normal: tuple(truncated_normal((2, 3), seed=1).shape) = (2, 3)
ravel([[1, 2], [3, 4]]) = [1, 2, 3, 4]
real([1 + 2j]) = [1.0]
reciprocal([2.0, 4.0]) = [0.5, 0.25]
relu6([-1.0, 3.0, 9.0]) = [0.0, 3.0, 6.0]
repeat([1, 2], 2) = [1, 1, 2, 2]
right_shift([16, 6], [4, 1]) = [1, 3]
rms_normalization: ops.round(rms_normalization([[2.0, -2.0]])).tolist() = [[1.0, -1.0]]
roll([1, 2, 3], 1) = [3, 1, 2]
rot90([[1, 2], [3, 4]]) = [[2, 4], [1, 3]]
round([0.5, 1.5, 2.6]) = [0.0, 2.0, 3.0]
rsqrt([4.0, 16.0]) = [0.5, 0.25]
scan: scan(lambda total, x: (total + x, total), ops.array(0), ops.array([1, 2, 3]))[1].tolist() = [0, 1, 3]
scatter_update([0, 0, 0], [[1]], [5]) = [0, 5, 0]
searchsorted([1, 3, 5], [2, 5]) = [1, 2]
segment_max([1, 5, 2], [0, 0, 1], 2) = [5, 2]
segment_min([1, 5, 2], [0, 0, 1], 2) = [1, 2]
segment_prod([2, 5, 3], [0, 0, 1], 2) = [10, 3]
segment_sum([1, 5, 2], [0, 0, 1], 2) = [6, 2]
select([[True, False], [True, True]], [[1, 2], [3, 4]]) = [1, 4]
selu([0.0, 1.0]) = [0.0, 1.05...]
separable_conv([[[1.0], [2.0]]], [[[1.0]], [[1.0]]], [[[1.0, 10.0]]]) = [[[3.0, 30.0]]]
sigmoid([0.0, 2.0]) = [0.5, 0.880...]
sign([-3.0, 0.0, 2.0]) = [-1.0, 0.0, 1.0]
signbit([-1.0, 2.0]) = [True, False]
silu([0.0, 1.0]) = [0.0, 0.731...]
simple_rnn: tuple(simple_rnn(ops.ones((3, 1, 2)), ops.zeros((1, 4)), ops.zeros((2, 4)), ops.zeros((4, 4)))[0].shape) = (3, 1, 4)
sin([0.0, 1.0]) = [0.0, 0.841...]
sinc([0.0, 0.5]) = [1.0, 0.636...]
sinh([0.0, 1.0]) = [0.0, 1.175...]
slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2)) = [[2, 3], [5, 6]]
slice_update([1, 2, 3, 4], (1,), [8, 9]) = [1, 8, 9, 4]
slogdet: [part.tolist() for part in slogdet([[1.0, 0.0], [0.0, -1.0]])] = [-1.0, 0.0]
soft_shrink([-1.0, 0.25, 1.0]) = [-0.5, 0.0, 0.5]
softplus([0.0]) = [0.693...]
softsign([-1.0, 3.0]) = [-0.5, 0.75]
solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]) = [1.0, 0.5]
solve_triangular([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]) = [1.0, 0.5]
sort([[3, 1, 2]]) = [[1, 2, 3]]
space_to_depth([[[[1], [2]], [[3], [4]]]], 2) = [[[[1, 2, 3, 4]]]]
sparse_categorical_crossentropy([1], [[0.5, 0.5]]) = [0.693...]
sparse_plus([-2.0, 0.0, 2.0]) = [0.0, 0.25, 2.0]
sparse_sigmoid([-2.0, 0.0, 2.0]) = [0.0, 0.5, 1.0]
sparsemax([[3.0, 1.0, 0.0]]) = [[1.0, 0.0, 0.0]]
split: [part.tolist() for part in split([1, 2, 3, 4], 2)] = [[1, 2], [3, 4]]
sqrt([4.0, 9.0]) = [2.0, 3.0]
square([-2, 3]) = [4, 9]
squareplus([0.0]) = [1.0]
squeeze([[[1], [2]]]) = [1, 2]
stack([[1, 2], [3, 4]], axis=1) = [[1, 3], [2, 4]]
std([1.0, 3.0]) = 1.0
stop_gradient([1.0, 2.0]) = [1.0, 2.0]
subtract([5, 2], [1, 3]) = [4, -1]
sum([[1, 2], [3, 4]], axis=0) = [4, 6]
svd: [round(x, 3) for x in svd([[3.0, 0.0], [0.0, 2.0]], compute_uv=False).tolist()] = [3.0, 2.0]
swapaxes([[1, 2, 3]], 0, 1) = [[1], [2], [3]]
switch: switch(1, [lambda x: x + 1, lambda x: x * 10], ops.array(5)).tolist() = 50
take_along_axis([[10, 20], [30, 40]], [[1], [0]], axis=1) = [[20], [30]]
tan([0.0, 1.0]) = [0.0, 1.557...]
tanh([0.0, 1.0]) = [0.0, 0.761...]
tanh_shrink([0.0, 1.0]) = [0.0, 0.238...]
tensordot([[1, 2], [3, 4]], [[1, 0], [0, 1]], axes=2) = 5
threshold([0.5, 2.0], 1.0, 0.0) = [0.0, 2.0]
tile([1, 2], 2) = [1, 2, 1, 2]
top_k: [part.tolist() for part in top_k([3, 9, 4], 2)] = [[9, 4], [1, 2]]
trace([[1, 2], [3, 4]]) = 5
transpose([[1, 2, 3]]) = [[1], [2], [3]]
trapezoid([1.0, 2.0, 3.0]) = 4.0
tri(2, 3) = [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
tril([[1, 2], [3, 4]]) = [[1, 0], [3, 4]]
triu([[1, 2], [3, 4]]) = [[1, 2], [0, 4]]
trunc([1.8, -1.8]) = [1.0, -1.0]
unfold([[[[1.0, 2.0], [3.0, 4.0]]]], 2) = [[[1.0], [2.0], [3.0], [4.0]]]
unravel_index: [part.tolist() for part in unravel_index([5], (2, 3))] = [[1], [2]]
unstack: [part.tolist() for part in unstack([[1, 2], [3, 4]])] = [[1, 2], [3, 4]]
vander([1, 2, 3], 3) = [[1, 1, 1], [4, 2, 1], [9, 3, 1]]
var([1.0, 5.0]) = 4.0
vdot([1, 2], [3, 4]) = 11
vectorized_map: vectorized_map(lambda row: ops.sum(row), ops.array([[1, 2], [3, 4]])).tolist() = [3, 7]
view_as_complex([[1.0, 2.0]]) = [(1+2j)]
view_as_real([1 + 2j]) = [[1.0, 2.0]]
vsplit: [part.tolist() for part in vsplit([[1, 2], [3, 4]], 2)] = [[[1, 2]], [[3, 4]]]
vstack([[1, 2], [3, 4]]) = [[1, 2], [3, 4]]
where([True, False], [1, 2], [10, 20]) = [1, 20]
while_loop: while_loop(lambda n: n < 100, lambda n: (n * 2,), (ops.array(3),))[0].tolist() = 192
zeros((2, 2)) = [[0.0, 0.0], [0.0, 0.0]]
zeros_like([[1, 2]]) = [[0, 0]]
"""


def _read() -> dict[str, tuple[str, str]]:
    found = {}
    for line in _LINES.strip().splitlines():
        shown, _, result = line.rpartition(" = ")
        name, colon, expression = shown.partition(": ")
        if not colon or "(" in name:
            name, expression = shown.partition("(")[0], f"{shown}.tolist()"
        found[name] = expression, result
    return found


EXAMPLES = _read()
"""An expression and its result for each op of the table."""


def with_example(doc: str | None, name: str) -> str | None:
    """A docstring with the example of the op's name after it, where the table has one."""
    if doc is None or name not in EXAMPLES:
        return doc
    expression, result = EXAMPLES[name]
    indent = "    " if "\n" in doc else ""
    lines = [f">>> {expression}", result]
    if "ops." in expression:
        lines.insert(0, ">>> from kerata import ops")
    return "\n".join([doc.rstrip(), "", *(indent + line for line in lines), indent])
