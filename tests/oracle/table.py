"""The cases of the differential suite, written once for Kerata and Keras 3: layers and optimizers here.

`run` gives arrays by case name in whatever library it is handed: the same weights and inputs must
give the same outputs, and the same weights after a step of training.
"""

import numpy as np

from oracle import table_images, table_ops, table_parts, table_preprocessing, table_scores
from oracle.table_inputs import arrays, gradient

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
MultiHeadAttention(2, 3, use_gate=True) | (4, 5) (6, 5)
GroupQueryAttention(3, 4, 2) | (4, 5) (6, 5)
GroupQueryAttention(3, 4, 1, use_gate=True, sliding_window=2) | (4, 5) (4, 5)
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

OPTIMIZERS = """
SGD(0.1)
SGD(0.1, momentum=0.9)
SGD(0.1, momentum=0.9, nesterov=True)
RMSprop(0.1)
RMSprop(0.1, centered=True, momentum=0.3)
RMSprop(0.1, 0.5, epsilon=0.01)
Adagrad(0.1)
Adagrad(0.1, 0.5, 0.01)
Adadelta(1.0)
Adadelta(1.0, 0.7, 0.01)
Adam(0.1)
Adam(0.1, amsgrad=True)
Adam(0.1, 0.5, 0.9, 0.01)
AdamW(0.1)
AdamW(0.1, 0.05, 0.5, 0.9, 0.01, True)
Adamax(0.1)
Adamax(0.1, 0.5, 0.9, 0.01)
Nadam(0.1)
Nadam(0.1, 0.5, 0.9, 0.01)
SGD(0.1, clipnorm=0.1)
SGD(0.1, 0.5, clipvalue=0.01)
SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)
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
Adafactor(0.5, epsilon_1=0.01)
Ftrl(0.1)
Ftrl(0.1, l1_regularization_strength=0.05, l2_regularization_strength=0.1)
Ftrl(0.1, learning_rate_power=-0.8, l2_shrinkage_regularization_strength=0.1, beta=0.3)
Ftrl(0.1, initial_accumulator_value=0.5)
Lamb(0.1)
Lamb(0.1, beta_1=0.5, beta_2=0.9, epsilon=0.001)
Lion(0.01)
Lion(0.01, beta_1=0.5, beta_2=0.8)
Lion(0.01, weight_decay=0.2)
Muon(0.1)
Muon(0.1, nesterov=False, ns_steps=3, rms_rate=None)
Muon(0.1, exclude_layers=['dense'], adam_lr_ratio=0.5, adam_beta_1=0.8)
Muon(0.1, adam_weight_decay=None, momentum=0.5)
Muon(0.1, adam_beta_2=0.9, epsilon=0.01, weight_decay=0.2, ns_steps=2)
ScheduleFreeAdamW(0.1)
ScheduleFreeAdamW(0.1, beta_1=0.7, warmup_steps=3)
ScheduleFreeAdamW(0.1, 0.8, 0.9, 0.01)
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


def cases(text):
    """Pairs of a constructor call and what stands behind the bar."""
    return [
        tuple(p.strip() for p in line.partition(" | ")[::2]) for line in text.strip().splitlines()
    ]


def _inputs(text):
    whole = text.startswith("int")
    shapes = eval("[" + text.removeprefix("int").strip().replace(") (", "), (") + "]")
    xs = arrays(1, [(6, *s) for s in shapes])
    return [np.abs(x * 2).astype("int32") % 5 for x in xs] if whole else xs


def trained_layer(keras, call, xs):
    """The model around a layer; its outputs, their inferred shape, and the weights after one step of
    gradient descent."""
    ins = [keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in xs]
    layer = eval("L." + call, {"L": keras.layers})
    # Some layers take their inputs one by one, the others as a list.
    apart = len(ins) == 1 or call.startswith(("MultiHeadAttention", "GroupQueryAttention"))
    model = keras.Model(ins, layer(*ins) if apart else layer(ins))
    model.set_weights([np.abs(w) for w in arrays(2, [w.shape for w in model.get_weights()], 0.5)])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    x = xs if len(xs) > 1 else xs[0]
    out = np.asarray(model.predict(x, verbose=0))
    if model.trainable_weights:
        model.train_on_batch(x, np.full_like(out, 0.5))
    shape = np.array([-1 if n is None else n for n in model.output_shape])
    return model, [out, shape, *model.get_weights()]


def layer_case(keras, call, inputs):
    """What `trained_layer` gives, and the derivative by the first input."""
    xs = _inputs(inputs)
    x0 = xs[0]
    model, found = trained_layer(keras, call, xs)
    if x0.dtype.kind == "f":
        others = [keras.ops.convert_to_tensor(x) for x in xs[1:]]
        found.append(gradient(keras, lambda x: model([x, *others] if others else x), x0))
    return found


def optimizer_case(keras, call, _=""):
    """Weights of a small model after each of five steps."""
    x, y = arrays(5, [(8, 3), (8, 2)])
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)]
    )
    model.set_weights(arrays(6, [w.shape for w in model.get_weights()], 0.5))
    optimizer = eval("O." + call, {"O": keras.optimizers, "S": keras.optimizers.schedules})
    model.compile(optimizer=optimizer, loss="mse")
    out = []
    for _step in range(5):
        model.train_on_batch(x, y)
        out.extend(model.get_weights())
    return out


KINDS = {
    "layer": (LAYERS, layer_case),
    "optimizer": (OPTIMIZERS, optimizer_case),
    **table_parts.KINDS,
    **table_scores.KINDS,
    **table_ops.KINDS,
    **table_preprocessing.KINDS,
    **table_images.KINDS,
}


def names():
    """``(kind, case)`` of everything in the tables."""
    return [(kind, call, rest) for kind, (text, _) in KINDS.items() for call, rest in cases(text)]


def run(keras, kind, call, rest):
    """Arrays of one case."""
    return KINDS[kind][1](keras, call, rest)
