"""Layers, losses, metrics, activations, optimizers and ops, written once for Kerata and Keras 3.

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
AdaptiveAveragePooling1D(3) | (7, 2)
AdaptiveAveragePooling2D((5, 2)) | (7, 6, 2)
AdaptiveAveragePooling3D(2) | (3, 4, 5, 2)
AdaptiveMaxPooling1D(3) | (7, 2)
AdaptiveMaxPooling2D((5, 2)) | (7, 6, 2)
AdaptiveMaxPooling3D(2) | (3, 4, 5, 2)
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
SpectralNormalization(L.Dense(3)) | (4,)
SpectralNormalization(L.Conv2D(3, 2), power_iterations=3) | (5, 5, 2)
ReversibleEmbedding(5, 3) | int (4,)
ReversibleEmbedding(5, 3, tie_weights=False) | int (4,)
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
STFTSpectrogram(frame_length=8, frame_step=4) | (24, 2)
STFTSpectrogram('magnitude', 8, padding='same', expand_dims=True, window='hamming') | (25, 2)
STFTSpectrogram('psd', 6, 2, 8, scaling='spectrum', data_format='channels_last') | (24, 1)
STFTSpectrogram('real', 8, 3, periodic=True) | (24, 1)
STFTSpectrogram('imag', 8, 3, 16, window=None, expand_dims=True) | (24, 2)
STFTSpectrogram('angle', 8, 3, scaling=None) | (24, 1)
STFTSpectrogram('stft', 8, 3, expand_dims=True) | (24, 2)
MelSpectrogram(64, 16, num_mel_bins=8, sampling_rate=1000) | (200,)
MelSpectrogram(64, 16, 48, 'hamming', 1000, 8, 30.0, 400.0, top_db=30.0, ref_power=2.0) | (200,)
MelSpectrogram(64, 16, num_mel_bins=8, sampling_rate=1000, power_to_db=False, mag_exp=1.0) | (200,)
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
Adafactor(0.1)
Adafactor(0.5, beta_2_decay=-0.5, clip_threshold=0.5, epsilon_2=0.1)
Adafactor(0.5, relative_step=False)
Ftrl(0.1)
Ftrl(0.1, l1_regularization_strength=0.05, l2_regularization_strength=0.1)
Ftrl(0.1, learning_rate_power=-0.8, l2_shrinkage_regularization_strength=0.1, beta=0.3)
Lamb(0.1)
Lamb(0.1, beta_1=0.5, beta_2=0.9, epsilon=0.001)
Lion(0.01)
Lion(0.01, beta_1=0.5, beta_2=0.8)
Muon(0.1)
Muon(0.1, nesterov=False, ns_steps=3, rms_rate=None)
Muon(0.1, exclude_layers=['dense'], adam_lr_ratio=0.5, adam_beta_1=0.8)
Muon(0.1, adam_weight_decay=None, momentum=0.5)
ScheduleFreeAdamW(0.1)
ScheduleFreeAdamW(0.1, beta_1=0.7, warmup_steps=3)
Adafactor(0.05, clipnorm=0.1)
Adafactor(0.05, gradient_accumulation_steps=2)
Ftrl(0.05, weight_decay=0.1)
Ftrl(0.05, clipvalue=0.01)
Lamb(0.05, weight_decay=0.1)
Lamb(0.05, use_ema=True, ema_overwrite_frequency=2)
Lion(0.05, global_clipnorm=0.1)
Lion(0.05, loss_scale_factor=8.0)
Muon(0.05, use_ema=True, ema_overwrite_frequency=2)
Muon(0.05, gradient_accumulation_steps=2)
ScheduleFreeAdamW(0.05, weight_decay=0.1)
ScheduleFreeAdamW(0.05, gradient_accumulation_steps=2)
ScheduleFreeAdamW(0.05, clipnorm=0.1)
Adafactor(S.ExponentialDecay(0.1, 2, 0.5))
Muon(S.ExponentialDecay(0.1, 2, 0.5))
ScheduleFreeAdamW(S.ExponentialDecay(0.1, 2, 0.5))
LossScaleOptimizer(O.Adam(0.1))
LossScaleOptimizer(O.SGD(0.1, momentum=0.9), initial_scale=16.0, dynamic_growth_steps=2)
LossScaleOptimizer(O.SGD(0.1), initial_scale=2.0**127)
LossScaleOptimizer(O.Adam(0.1, gradient_accumulation_steps=2, clipnorm=0.1))
MultiOptimizer(O.OptimizerMap(O.SGD(0.1), {'.*bias': O.Adam(0.1)}))
MultiOptimizer(O.OptimizerMap(O.Lion(0.01), {'.*bias': O.SGD(0.1, use_ema=True, ema_overwrite_frequency=2)}), loss_scale_factor=4.0)
"""

# Calls of `ops` on the arrays that `_op_arguments` names. Left out: `image.gaussian_blur` without a
# data_format, which Keras 3.15.1 on JAX takes for channels_first whatever the setting is; affine
# transforms whose last two numbers are not 0, which it multiplies by the number of the channel, against
# its documentation; one transform for several images, which it refuses; `elastic_transform`, random;
# pieces of signals without overlap, a place covered by all the pieces, and a centred `fft_length` of 1, for which
# `stft` and `istft` of 3.15.1 on JAX lose numbers or take another distance than the one given.
OPS = """
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


# Layer; what it is adapted to, if anything; its input.
PREPROCESSING = """
CategoryEncoding(5) | | INTS
CategoryEncoding(5, 'one_hot') | | INTS
CategoryEncoding(5, 'count') | | INTS
CategoryEncoding(5, output_mode='one_hot') | | INTS[:, :1]
CategoryEncoding(5, output_mode='multi_hot') | | 2
CategoryEncoding(num_tokens=5, output_mode='one_hot') | | 2
Discretization([0.0, 0.5]) | | REALS
Discretization([0.0, 0.5], output_mode='one_hot') | | REALS
Discretization([0.0, 0.5], output_mode='multi_hot') | | REALS
Discretization([0.0, 0.5], output_mode='count') | | REALS
Discretization(num_bins=5) | REALS | REALS
Discretization(num_bins=7, epsilon=0.05) | iter(np.split(MANY, 4)) | REALS
Discretization(num_bins=3, epsilon=0.1) | MANY | REALS
Hashing(3) | | WORDS
Hashing(1000) | | WORDS
Hashing(1000, salt=[133, 137]) | | WORDS
Hashing(1000, salt=5, mask_value='b') | | WORDS
Hashing(7, mask_value='b', output_mode='count') | | WORDS
Hashing(7, output_mode='one_hot') | | WORDS[:, :1]
Hashing(9999) | | INTS * 123457
Hashing(99, mask_value=0) | | INTS
Hashing(99) | | REALS * 1000
HashedCrossing(1000) | | (WORDS[:, 0], INTS[:, 0])
HashedCrossing(num_bins=1000) | | (WORDS[:, :1], WORDS[:, 1:2])
HashedCrossing(10, output_mode='one_hot') | | (WORDS[:, :1], WORDS[:, 1:2], INTS[:, 2:])
StringLookup() | WORDS | WORDS[::-1]
StringLookup(max_tokens=3) | WORDS | WORDS
StringLookup(num_oov_indices=5, mask_token='b') | WORDS[:1] | WORDS
StringLookup(num_oov_indices=5, salt=[7, 9]) | WORDS[:1] | WORDS
StringLookup(num_oov_indices=0) | WORDS | WORDS
StringLookup(vocabulary=['b', 'dd']) | | WORDS
StringLookup(vocabulary=['', '[UNK]', 'b', 'dd'], mask_token='') | | WORDS
StringLookup(output_mode='one_hot') | WORDS | WORDS[:, :1]
StringLookup(output_mode='multi_hot', mask_token='b') | WORDS | WORDS
StringLookup(output_mode='count', max_tokens=12, pad_to_max_tokens=True) | WORDS | WORDS
StringLookup(output_mode='tf_idf') | WORDS | WORDS
StringLookup(output_mode='tf_idf', max_tokens=12, pad_to_max_tokens=True) | WORDS | WORDS
StringLookup(output_mode='tf_idf', vocabulary=['b', 'dd'], idf_weights=[0.5, 1.5]) | | WORDS
IntegerLookup() | INTS | INTS + 1
IntegerLookup(mask_token=0, max_tokens=4) | INTS | INTS
IntegerLookup(vocabulary=[3, 1], num_oov_indices=3) | | INTS - 2
IntegerLookup(vocabulary=[3, 1], num_oov_indices=3, oov_method='farmhash') | | INTS - 2
IntegerLookup(vocabulary=[3, 1], num_oov_indices=4, oov_method='farmhash', salt=2) | | INTS - 2
IntegerLookup(vocabulary=[3, 1], invert=True) | | INTS
IntegerLookup(output_mode='multi_hot') | INTS | INTS
IntegerLookup(output_mode='count', mask_token=1) | INTS | INTS
IntegerLookup(output_mode='tf_idf') | INTS | INTS
TextVectorization() | TEXTS | TEXTS
TextVectorization(max_tokens=6) | np.array(TEXTS)[:, None] | TEXTS[::-1]
TextVectorization(output_sequence_length=3) | iter([TEXTS[:2], TEXTS[2:]]) | TEXTS
TextVectorization(standardize=None) | TEXTS | TEXTS
TextVectorization(standardize='lower') | TEXTS | TEXTS
TextVectorization(standardize='strip_punctuation') | TEXTS | TEXTS
TextVectorization(split='character', max_tokens=20) | TEXTS | TEXTS
TextVectorization(split=None) | TEXTS | TEXTS
TextVectorization(ngrams=2) | TEXTS | TEXTS
TextVectorization(ngrams=(1, 3)) | TEXTS | TEXTS
TextVectorization(output_mode='multi_hot') | TEXTS | TEXTS
TextVectorization(output_mode='count', ngrams=2) | TEXTS | TEXTS
TextVectorization(output_mode='tf_idf') | TEXTS | TEXTS
TextVectorization(output_mode='tf_idf', max_tokens=40, pad_to_max_tokens=True) | TEXTS | TEXTS
TextVectorization(vocabulary=['a', 'film']) | | TEXTS
"""


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
    """Weights of a small model after each of five steps."""
    x, y = _arrays(5, [(8, 3), (8, 2)])
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)]
    )
    model.set_weights(_arrays(6, [w.shape for w in model.get_weights()], 0.5))
    optimizer = eval("O." + call, {"O": keras.optimizers, "S": keras.optimizers.schedules})
    model.compile(optimizer=optimizer, loss="mse")
    out = []
    for _step in range(5):
        model.train_on_batch(x, y)
        out.extend(model.get_weights())
    return out


_TEXTS = [
    "A film, a FILM!",
    'no  good\tfilm; it\'s "bad"',
    "",
    "caf\u00e9 \u00c9t\u00e9 (good)\nfilm film",
]


def preprocessing_case(keras, call, rest):
    """The output, and the vocabulary or the boundaries."""
    adapt, _, data = rest.partition("|")
    names = {
        "np": np,
        "INTS": np.array([[3, 1, 4], [1, 5, 3], [2, 6, 3]]),
        "REALS": _arrays(7, [(4, 3)])[0],
        "MANY": _arrays(8, [(800,)])[0],
        "WORDS": np.array([["b", "ccc", "b"], ["dd", "a", "ccc"], ["\u00ea" * 40, "x" * 70, "b"]]),
        "TEXTS": _TEXTS,
    }
    layer = eval("L." + call, {"L": keras.layers})
    if adapt.strip():
        layer.adapt(eval(adapt.strip(), names))
    out = [np.asarray(layer(eval(data.strip(), names)))]
    if hasattr(layer, "get_vocabulary"):
        text = "\n".join(map(str, layer.get_vocabulary()))
        out.append(np.array([ord(c) for c in text]))
    if hasattr(layer, "bin_boundaries"):
        out.append(np.asarray(layer.bin_boundaries))
    return out


def _op_arguments():
    rng = np.random.RandomState(7)
    x, y = rng.rand(2, 2, 8, 7, 3).astype("float32")
    corners = np.array([[0, 0], [6, 0], [0, 7], [6, 7]], "float32")
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
        "numbers": np.array([1.64, 0.55, -0.3, 1.4], "float32"),
    }


def op_case(keras, call, _=""):
    names = {k: keras.ops.convert_to_tensor(v) for k, v in _op_arguments().items()}
    out = eval("ops." + call, {"ops": keras.ops, **names})
    out = out if isinstance(out, (list, tuple)) else [out]
    return [np.asarray(keras.ops.convert_to_numpy(v)) for v in out]


KINDS = {
    "preprocessing": (PREPROCESSING, preprocessing_case),


# Layers for images, in training, with nothing left to chance: on four images of 9 by 12 (by 8: "square")
# with pixels from 0 to 255, or to 1. With "boxes" also bounding boxes and masks. Left out, as Keras 3.15.1 is
# wrong there: boxes in `RandomCrop` (x and y are taken for each other), `RandomPerspective` (the result is in
# another format than asked for), `RandomShear` of images that are not square and masks in `MixUp`;
# `RandomSaturation` above 0.5 with values to 255 (it gives negative colours); `AutoContrast` with channels first;
# `Solarization` with a lower bound above 0 (which is not multiplied by 255); uint8 with `RandomBrightness`.
IMAGES = """
CenterCrop(4, 7) | 255
CenterCrop(9, 12) | 255
CenterCrop(12, 10) | 255
CenterCrop(5, 30) | 255
CenterCrop(4, 7, bounding_box_format='xyxy') | 255 boxes
CenterCrop(12, 10, bounding_box_format='xywh') | 255 boxes
CenterCrop(4, 7, data_format='channels_first') | 255 first
RandomCrop(9, 12) | 255
RandomCrop(9, 5) | 255
RandomCrop(14, 10) | 255
AutoContrast() | 255
AutoContrast((0, 1)) | 1
Equalization() | 255
Equalization(bins=40) | 255
Equalization((0, 1)) | 1
Equalization(data_format='channels_first') | 255 first
ContrastLimitedAdaptiveHistogramEqualization() | 255
ContrastLimitedAdaptiveHistogramEqualization(clip_limit=1.5, tile_grid_size=(3, 2)) | 255
ContrastLimitedAdaptiveHistogramEqualization((0, 1), tile_grid_size=(2, 5)) | 1
ContrastLimitedAdaptiveHistogramEqualization(data_format='channels_first') | 255 first
Solarization() | 255
Solarization((0, 0), (0, 0), (0, 1)) | 1
RandomBrightness((0.3, 0.3)) | 255
RandomBrightness((-0.4, -0.4), (0, 1)) | 1
RandomContrast((-0.4, 0.4)) | 255
RandomContrast((-0.4, 0.4), data_format='channels_first') | 255 first
RandomGrayscale(1.0) | 255
RandomGrayscale(1.0, 'channels_first') | 255 first
RandomInvert((1.0, 1.0)) | 255
RandomInvert((1.0, 1.0), (0, 1)) | 1
RandomPosterization((3, 3)) | 255
RandomPosterization(1, (0, 1)) | 1
RandomColorDegeneration((0.4, 0.4)) | 255
RandomColorDegeneration((-0.4, -0.4), (0, 1)) | 1
RandomSaturation((0.3, 0.3)) | 255
RandomSaturation((0.8, 0.8), (0, 1)) | 1
RandomHue((1.0, 1.0)) | 255
RandomHue((0.0, 0.0), data_format='channels_first') | 255 first
RandomColorJitter((0, 255), (0.1, 0.1), (-0.2, 0.2), (0.3, 0.3), (1.0, 1.0)) | 255
RandomSharpness((0.1, 0.1)) | 255
RandomSharpness((0.9, 0.9), data_format='channels_first') | 255 first
RandomGaussianBlur((1.0, 1.0), 5, (0.7, 0.7), data_format='channels_last') | 255
RandomErasing((1.0, 1.0), (1.0, 1.0), 7) | 255
RandomFlip(seed=1) | none
RandomRotation((0.1, 0.1)) | 255
RandomRotation((-0.3, -0.3), 'constant', 'nearest', fill_value=5.0) | 255
RandomRotation((0.2, 0.2), 'wrap', data_format='channels_first') | 255 first
RandomRotation((0.2, 0.2), bounding_box_format='xyxy') | 255 boxes
RandomShear(0.0, 0.0) | 255
RandomTranslation((0.2, 0.2), (-0.3, -0.3)) | 255
RandomTranslation((0.2, 0.2), (-0.3, -0.3), 'nearest', 'nearest') | 255
RandomTranslation((-0.2, -0.2), (0.1, 0.1), 'constant', bounding_box_format='xywh') | 255 boxes
RandomZoom((0.3, 0.3)) | 255
RandomZoom((-0.3, -0.3), (0.2, 0.2), 'wrap') | 255
RandomZoom((-0.3, -0.3), bounding_box_format='xyxy') | 255 boxes
RandomPerspective((1.0, 1.0), 0.0) | 255
RandomElasticTransform(0.0) | 255
MaxNumBoundingBoxes(3, bounding_box_format='xyxy') | 255 boxes
MaxNumBoundingBoxes(1, 7, bounding_box_format='xyxy') | 255 boxes
"""

# What the factors of layers for images become.
FACTORS = """
RandomBrightness(0.3)
RandomBrightness((0.5, -0.2))
RandomContrast(0.3)
RandomContrast((0.1, 0.4))
RandomColorDegeneration(0.3)
RandomSaturation(0.3)
RandomHue(0.3)
RandomSharpness(0.3)
RandomInvert(0.3)
RandomPosterization(5)
RandomPosterization((2, 6))
RandomErasing(0.3)
RandomRotation(0.3)
RandomRotation((-0.1, 0.3))
RandomGaussianBlur(0.3)
RandomPerspective(0.3)
RandomElasticTransform(0.3)
CutMix(0.3)
RandAugment(factor=0.3)
AugMix(factor=0.3)
"""

# Functions of `utils.bounding_boxes` on `a` and `b`, boxes as corners, `r`, shares of the sides, and `one`.
BOXES = """
convert_format(a, 'xyxy', 'yxyx')
convert_format(a, 'xyxy', 'xywh')
convert_format(a, 'xyxy', 'center_xywh')
convert_format(a, 'xyxy', 'center_yxhw')
convert_format(a, 'xyxy', 'rel_xyxy', 30, 40)
convert_format(a, 'xyxy', 'rel_yxyx', 30, 40)
convert_format(a, 'xyxy', 'rel_xywh', 30, 40)
convert_format(a, 'xyxy', 'rel_center_xywh', 30, 40)
convert_format(a, 'yxyx', 'xywh')
convert_format(a, 'xywh', 'center_xywh')
convert_format(a, 'center_xywh', 'yxyx')
convert_format(a, 'center_yxhw', 'rel_xywh', 30, 40)
convert_format(r, 'rel_xyxy', 'center_yxhw', 30, 40)
convert_format(r, 'rel_yxyx', 'xyxy', 30, 40)
convert_format(r, 'rel_xywh', 'xyxy', 30, 40)
convert_format(r, 'rel_center_xywh', 'rel_yxyx', 30, 40)
clip_to_image_size({'boxes': a, 'labels': one}, 20, 15)['boxes']
clip_to_image_size({'boxes': a, 'labels': one}, 20, 15)['labels']
clip_to_image_size({'boxes': r * 1.5, 'labels': one}, bounding_box_format='rel_xyxy')['boxes']
compute_iou(a, b, 'xyxy')
compute_iou(a[0], b[0], 'yxyx')
compute_iou(r, r[:, ::-1], 'rel_xyxy', image_shape=(30, 40, 3))
compute_iou(a[0] - 12, b[0], 'xyxy', use_masking=True, mask_val=-2)
compute_ciou(a, b[:, :4], 'xyxy')
compute_ciou(a, b[:, :4], 'center_xywh')
crop(a, 3, 4, 12, 10)
pad(a, 3, 4)
encode_box_to_deltas(a, b[:, :4], 'xyxy', 'xyxy')
encode_box_to_deltas(a, r, 'xyxy', 'rel_xyxy', 'center_xywh', [0.1, 0.1, 0.2, 0.2], (30, 40, 3))
decode_deltas_to_boxes(a, r, 'xyxy', 'xywh')
decode_deltas_to_boxes(a, r, 'xyxy', 'rel_yxyx', 'center_xywh', [0.1, 0.1, 0.2, 0.2], (30, 40, 3))
decode_deltas_to_boxes({'P3': a}, {'P3': r}, 'center_yxhw', 'xyxy')['P3']
affine_transform(a, 20 * one[:, 0], 0.1 * one[:, 0], -0.2 * one[:, 0], one[:, 0], 10 * one[:, 0], 5 * one[:, 0], 30, 40)
affine_transform(a, -70 * one[:, 0], 0 * one[:, 0], 0 * one[:, 0], 1.5 * one[:, 0], 0 * one[:, 0], 0 * one[:, 0], 30, 40, 0.2, 0.7)
"""


def image_case(keras, call, kind):
    """Images, boxes and masks after a layer."""
    layer = eval("L." + call, {"L": keras.layers})
    x = np.random.RandomState(7).randint(0, 256, (4, 9, 12, 3)).astype("float32")
    x = x / 255 if kind.startswith("1") else x
    x = x.transpose(0, 3, 1, 2) if "first" in kind else x
    if "none" in kind:
        return [np.asarray(layer(x, training=False))]
    if "boxes" not in kind:
        return [np.asarray(layer(x, training=True))]
    boxes = np.random.RandomState(8).uniform(1, 5, (4, 2, 4)).astype("float32")
    boxes[..., 2:] += boxes[..., :2]
    data = {
        "images": x,
        "segmentation_masks": x[..., :1],
        "bounding_boxes": {"boxes": boxes, "labels": np.arange(8).reshape(4, 2)},
    }
    out = layer(data, training=True)
    found = out["bounding_boxes"]
    return [np.asarray(v) for v in (out["images"], found["boxes"], found["labels"])]


def factor_case(keras, call, _=""):
    layer = eval("L." + call, {"L": keras.layers})
    return [np.asarray(layer.factor, "float32")]


def boxes_case(keras, call, _=""):
    numbers = np.random.RandomState(9)
    a, b = (numbers.uniform(0, 12, (2, n, 4)).astype("float32") for n in (4, 5))
    for boxes in (a, b):
        boxes[..., 2:] += boxes[..., :2] + 0.5
    scope = {"a": a, "b": b, "r": a / 40, "one": np.ones((2, 4), "float32")}
    return [np.asarray(eval("U." + call, {"U": keras.utils.bounding_boxes, **scope}))]


KINDS = {
    "image": (IMAGES, image_case),
    "factor": (FACTORS, factor_case),
    "boxes": (BOXES, boxes_case),
    "layer": (LAYERS, layer_case),
    "loss": (LOSSES, loss_case),
    "metric": (METRICS, metric_case),
    "activation": ("\n".join(ACTIVATIONS.split()), activation_case),
    "optimizer": (OPTIMIZERS, optimizer_case),
    "op": (OPS, op_case),
}


def names():
    """``(kind, case)`` of everything in the tables."""
    return [(kind, call, rest) for kind, (text, _) in KINDS.items() for call, rest in cases(text)]


def run(keras, kind, call, rest):
    """Arrays of one case."""
    return KINDS[kind][1](keras, call, rest)
