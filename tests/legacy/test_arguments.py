"""Calls of constructors as Keras 1, 2 and tf.keras had them, and the calls of today that they equal."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kerata import (
    Input,
    Model,
    Sequential,
    callbacks,
    constraints,
    initializers,
    layers,
    optimizers,
    regularizers,
    saving,
)
from kerata.errors import InputError, OldNameError
from kerata.legacy import arguments, era, notes
from kerata.legacy import layers as old_layers

NAMES = {
    "L": layers, "O": optimizers, "I": initializers, "C": callbacks, "R": regularizers, "K": constraints,
    "old": old_layers, "np": np, "hard": arguments._activation("hard_sigmoid"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(notes, "_said", set())
    monkeypatch.delenv("KERATA_LEGACY", raising=False)
    monkeypatch.delenv("KERATA_LEGACY_NOTES", raising=False)
    yield
    era.set_era(None)


def made(text):
    return eval(text, dict(NAMES))


def same(old, new):
    """Whether two calls give objects of equal configuration, apart from names made up for them."""
    one, other = (made(t).get_config() for t in (old, new))
    for config in (one, other):
        config.pop("name", None)
        for key in ("input_shape", "input_dim"):  # they stand in batch_shape
            config.pop(key, None)
    assert json.dumps(one) == json.dumps(other)


# Old call, call of today.
CALLS = """
L.Dense(output_dim=4, init='uniform') | L.Dense(4, kernel_initializer='uniform')
L.Dense(4, W_regularizer='l2', b_regularizer='l1', W_constraint='unitnorm', b_constraint='nonneg') | L.Dense(4, kernel_regularizer='l2', bias_regularizer='l1', kernel_constraint='unitnorm', bias_constraint='nonneg')
L.Dense(4, bias=False, input_dim=3) | L.Dense(4, use_bias=False, input_shape=(3,))
L.Dense(4, 'uniform', 'relu', bias=False) | L.Dense(4, 'relu', False, 'uniform')
L.Dense(4, batch_input_shape=(2, 3)) | L.Dense(4, batch_shape=(2, 3))
L.Dense(4, input_shape=(3,), batch_size=2) | L.Dense(4, batch_shape=(2, 3))
L.Dense(4, input_dim=3, batch_size=2) | L.Dense(4, batch_shape=(2, 3))
L.Dense(4, input_dtype='float16') | L.Dense(4, dtype='float16')
L.Dense(4, dynamic=False) | L.Dense(4)
L.Embedding(9, 4, input_length=5) | L.Embedding(9, 4, input_shape=(5,))
L.Embedding(9, 4, init='normal', W_regularizer='l2', W_constraint='nonneg', input_dtype='int32') | L.Embedding(9, 4, embeddings_initializer='normal', embeddings_regularizer='l2', embeddings_constraint='nonneg')
L.Embedding(9, 4, dropout=0.2) | L.Embedding(9, 4)
L.Convolution2D(4, 3, 5) | L.Conv2D(4, (3, 5))
L.Convolution2D(4, 3, 5, 'he_normal', 'relu') | L.Conv2D(4, (3, 5), kernel_initializer='he_normal', activation='relu')
L.Convolution2D(4, 3, 5, border_mode='same', subsample=(2, 1), dim_ordering='th') | L.Conv2D(4, (3, 5), padding='same', strides=(2, 1), data_format='channels_first')
L.Convolution2D(4, 3, 5, dim_ordering='tf', bias=False) | L.Conv2D(4, (3, 5), data_format='channels_last', use_bias=False)
L.Convolution2D(4, 3, 5, dim_ordering='default') | L.Conv2D(4, (3, 5))
L.Convolution2D(4, (3, 5), (2, 2), 'same') | L.Conv2D(4, (3, 5), (2, 2), 'same')
L.Convolution2D(nb_filter=4, nb_row=3, nb_col=5) | L.Conv2D(4, (3, 5))
L.Conv2D(4, 3, 5, border_mode='same') | L.Conv2D(4, (3, 5), padding='same')
L.Conv2D(4, 3, nb_col=5) | L.Conv2D(4, (3, 5))
L.Conv2D(4, (3, 3), border_mode='same') | L.Conv2D(4, (3, 3), padding='same')
L.Conv2D(4, 3, 5) | L.Conv2D(4, 3, strides=5)
L.Convolution1D(4, 3, border_mode='causal', subsample_length=1) | L.Conv1D(4, 3, padding='causal', strides=1)
L.Convolution1D(4, 3, 'uniform', 'relu') | L.Conv1D(4, 3, kernel_initializer='uniform', activation='relu')
L.Conv1D(nb_filter=4, filter_length=3, input_dim=2, input_length=9) | L.Conv1D(4, 3, input_shape=(9, 2))
L.Conv1D(4, 3, input_dim=2) | L.Conv1D(4, 3, input_shape=(None, 2))
L.Convolution3D(4, 3, 2, 1, subsample=(2, 1, 1)) | L.Conv3D(4, (3, 2, 1), strides=(2, 1, 1))
L.Conv3D(4, kernel_dim1=3, kernel_dim2=2, kernel_dim3=1) | L.Conv3D(4, (3, 2, 1))
old.AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2)) | L.Conv2D(4, (3, 3), dilation_rate=(2, 2))
old.AtrousConvolution1D(4, 3, atrous_rate=2) | L.Conv1D(4, 3, dilation_rate=2)
old.Deconvolution2D(4, 3, 3, (None, 8, 8, 4), subsample=(2, 2), border_mode='same') | L.Conv2DTranspose(4, (3, 3), strides=(2, 2), padding='same')
L.SeparableConvolution2D(4, 3, 3, init='uniform') | L.SeparableConv2D(4, (3, 3), depthwise_initializer='uniform', pointwise_initializer='uniform')
L.DepthwiseConv2D(3, init='uniform', dim_ordering='th') | L.DepthwiseConv2D(3, depthwise_initializer='uniform', data_format='channels_first')
L.MaxPooling1D(pool_length=3, stride=2, border_mode='same') | L.MaxPooling1D(3, 2, 'same')
L.AveragePooling2D((2, 2), (1, 1), border_mode='same', dim_ordering='th') | L.AveragePooling2D((2, 2), (1, 1), 'same', 'channels_first')
L.GlobalAveragePooling2D(dim_ordering='th') | L.GlobalAveragePooling2D('channels_first')
L.UpSampling1D(length=3) | L.UpSampling1D(3)
L.UpSampling2D((2, 3), dim_ordering='th') | L.UpSampling2D((2, 3), 'channels_first')
L.ZeroPadding2D((1, 2), dim_ordering='th') | L.ZeroPadding2D((1, 2), 'channels_first')
L.Cropping2D(((1, 0), (0, 1)), dim_ordering='tf') | L.Cropping2D(((1, 0), (0, 1)), 'channels_last')
L.LSTM(output_dim=4, inner_init='uniform', inner_activation='hard_sigmoid') | L.LSTM(4, recurrent_initializer='uniform', recurrent_activation=hard)
L.LSTM(4, forget_bias_init='zero', dropout_W=0.1, dropout_U=0.2) | L.LSTM(4, unit_forget_bias=False, dropout=0.1, recurrent_dropout=0.2)
L.LSTM(4, U_regularizer='l2', W_regularizer='l1', b_regularizer='l2', consume_less='gpu') | L.LSTM(4, recurrent_regularizer='l2', kernel_regularizer='l1', bias_regularizer='l2')
L.LSTM(4, implementation=2, batch_input_shape=(2, 5, 3), stateful=True) | L.LSTM(4, batch_shape=(2, 5, 3), stateful=True)
L.LSTM(4, input_dim=3, input_length=5) | L.LSTM(4, input_shape=(5, 3))
L.LSTM(4, input_dim=3) | L.LSTM(4, input_shape=(None, 3))
L.LSTM(4, time_major=False) | L.LSTM(4)
L.GRU(4, init='uniform', return_sequences=True) | L.GRU(4, kernel_initializer='uniform', return_sequences=True)
L.ConvLSTM2D(nb_filter=4, nb_row=3, nb_col=3, border_mode='same') | L.ConvLSTM2D(4, (3, 3), padding='same')
L.BatchNormalization(mode=0, gamma_init='one', beta_init='zero') | L.BatchNormalization(gamma_initializer='one', beta_initializer='zero')
L.BatchNormalization(fused=True, virtual_batch_size=None) | L.BatchNormalization()
L.Dropout(p=0.3) | L.Dropout(0.3)
L.GaussianDropout(p=0.3) | L.GaussianDropout(0.3)
L.SpatialDropout2D(p=0.3, dim_ordering='th') | L.SpatialDropout2D(0.3, 'channels_first')
L.GaussianNoise(sigma=0.3) | L.GaussianNoise(0.3)
L.LeakyReLU(alpha=0.1) | L.LeakyReLU(0.1)
L.PReLU(init='one', shared_axes=[1]) | L.PReLU('one', shared_axes=[1])
L.CategoryEncoding(max_tokens=4) | L.CategoryEncoding(num_tokens=4)
L.Discretization(bins=[0.0, 1.0]) | L.Discretization(bin_boundaries=[0.0, 1.0])
L.InputLayer(input_shape=(3,)) | L.InputLayer(shape=(3,))
L.InputLayer(batch_input_shape=(2, 3), input_dtype='int32') | L.InputLayer(batch_shape=(2, 3), dtype='int32')
L.TimeDistributed(L.Dense(4, name='d'), input_shape=(5, 3), batch_size=2) | L.TimeDistributed(L.Dense(4, name='d'), batch_shape=(2, 5, 3))
O.SGD(lr=0.1, clipnorm=1.0) | O.SGD(0.1, clipnorm=1.0)
O.SGD(lr=0.1, decay=0.5) | O.SGD(O.schedules.InverseTimeDecay(float(np.float32(0.1)), 1, 0.5))
O.Nadam(lr=0.1, schedule_decay=0.004) | O.Nadam(0.1)
O.Adam(0.1, epsilon=None, is_legacy_optimizer=True) | O.Adam(0.1, epsilon=None)
O.LossScaleOptimizer(O.SGD(name='s'), loss_scale='dynamic') | O.LossScaleOptimizer(O.SGD(name='s'))
I.RandomUniform(scale=0.1) | I.RandomUniform(-0.1, 0.1)
I.RandomNormal(scale=0.1) | I.RandomNormal(stddev=0.1)
I.Orthogonal(scale=1.1) | I.Orthogonal(1.1)
I.GlorotUniform(seed=1, dtype='float32') | I.GlorotUniform(1)
R.l1(l=0.1) | R.L1(0.1)
R.l2(l=0.1) | R.L2(0.1)
K.maxnorm(m=3) | K.MaxNorm(3)
K.MinMaxNorm(low=0.1, high=0.9) | K.MinMaxNorm(0.1, 0.9)
C.ReduceLROnPlateau(epsilon=0.1) | C.ReduceLROnPlateau(min_delta=0.1)
C.TensorBoard('logs', batch_size=32, write_grads=False) | C.TensorBoard('logs')
C.ModelCheckpoint('m.h5', period=2) | C.ModelCheckpoint('m.h5', period=2)
""".strip().splitlines()


@pytest.mark.parametrize("line", CALLS)
def test_call(line):
    same(*line.split(" | "))


# Era, whether it is tf.keras; the call; the call of today. "refused" for calls of two readings.
IN_ERAS = """
1 keras | L.Conv2D(4, 3, 5) | L.Conv2D(4, (3, 5))
1 keras | L.Conv2D(4, 3, 5, padding='same') | L.Conv2D(4, (3, 5), padding='same')
1 keras | L.Conv2D(4, (3, 5)) | L.Conv2D(4, (3, 5))
1 keras | L.Dense(4, 'uniform', 'relu') | L.Dense(4, 'relu', kernel_initializer='uniform')
1 keras | L.Dense(4, 'relu') | L.Dense(4, activation='relu')
1 keras | L.Dense(4, 'uniform') | L.Dense(4, kernel_initializer='uniform')
1 keras | L.BatchNormalization(1e-5, 0, 1, 0.9) | L.BatchNormalization(1, 0.9, 1e-5)
1 keras | L.MaxPooling2D((2, 2), (1, 1), 'same', 'th') | L.MaxPooling2D((2, 2), (1, 1), 'same', 'channels_first')
1 keras | L.MaxPooling1D(3, 2) | L.MaxPooling1D(3, 2)
1 keras | L.LSTM(4, 'uniform', 'uniform', 'zero', 'relu', 'sigmoid') | L.LSTM(4, 'relu', 'sigmoid', kernel_initializer='uniform', recurrent_initializer='uniform', unit_forget_bias=False)
1 keras | L.LSTM(4) | L.LSTM(4, recurrent_activation=hard)
1 keras | L.Embedding(9, 4, 'normal', 5) | L.Embedding(9, 4, 'normal', input_shape=(5,))
1 keras | L.ZeroPadding2D((1, 2, 3, 4)) | L.ZeroPadding2D(((1, 2), (3, 4)))
1 keras | L.ZeroPadding2D({'top_pad': 1, 'right_pad': 2}) | L.ZeroPadding2D(((1, 0), (0, 2)))
1 keras | O.SGD(0.1, 0.9, 0.5, True) | O.SGD(O.schedules.InverseTimeDecay(float(np.float32(0.1)), 1, 0.5), 0.9, True)
1 keras | O.Adagrad() | O.Adagrad(0.01)
2 keras | L.Conv2D(4, 3, 5) | L.Conv2D(4, (3, 5))
2 keras | L.Conv2D(4, 3, 5, padding='same') | refused
2 keras | L.Conv3D(4, 3, 2, 1) | L.Conv3D(4, (3, 2, 1))
2 keras | O.RMSprop(0.1, 0.8, 1e-5) | O.RMSprop(0.1, 0.8, epsilon=1e-5)
2 keras | O.Adadelta() | O.Adadelta(1.0)
2 keras | O.get('adamax') | O.Adamax(0.002)
2 keras | O.Adadelta(lr=0.5) | O.Adadelta(0.5)
2 keras | L.GRU(4) | L.GRU(4, reset_after=False)
2 keras | L.GRU(4, reset_after=True) | L.GRU(4)
2 keras | L.LSTM(4) | L.LSTM(4)
2 keras | L.LSTM(4, recurrent_activation='hard_sigmoid') | L.LSTM(4, recurrent_activation=hard)
2 keras | L.Activation('hard_sigmoid') | L.Activation(hard)
2 keras | C.ModelCheckpoint('m.h5', 'loss', 0, True, True, 'min', 3) | C.ModelCheckpoint('m.h5', 'loss', 0, True, True, 'min', period=3)
2 keras | C.TensorBoard('logs', 1, 32, False) | C.TensorBoard('logs', 1, False)
2 tf | L.Conv2D(4, 3, 5) | L.Conv2D(4, 3, strides=5)
2 tf | L.GRU(4) | L.GRU(4)
2 tf | O.Adadelta() | O.Adadelta(0.001)
2 tf | L.GRU(4, recurrent_activation='hard_sigmoid') | L.GRU(4, recurrent_activation=hard)
3 keras | L.Conv2D(4, 3, 5) | L.Conv2D(4, 3, strides=5)
3 keras | L.Convolution2D(4, 3, 5) | L.Conv2D(4, 3, strides=5)
""".strip().splitlines()


@pytest.mark.parametrize("line", IN_ERAS)
def test_call_of_an_era(line):
    when, old, new = line.split(" | ")
    number, kind = when.split()

    def config(text):
        out = made(text).get_config()
        out.pop("name", None)
        out.pop("input_shape", None)
        return json.dumps(out)

    era.set_era(int(number), tensorflow=kind == "tf")
    if new == "refused":
        with pytest.raises(InputError, match=r"two readings.*kernel_size=\(3, 5\).*strides=5"):
            made(old)
        return
    got = config(old)
    era.set_era(None)
    assert got == config(new)


@pytest.mark.parametrize(
    "call, message",
    [
        ("O.SGD(0.01, 0.9, 1e-6, True)", "third argument was decay.*decay=1e-06"),
        ("L.BatchNormalization(mode=1)", "LayerNormalization"),
        ("L.BatchNormalization(mode=2)", "training=True"),
        ("L.LSTM(4, forget_bias_init='uniform')", "unit_forget_bias"),
        ("L.LSTM(4, time_major=True)", "Permute"),
        ("L.Dense(4, ragged=True)", "Pad the sequences"),
        ("L.Convolution2D(4, 3, 3, border_mode='full')", "ZeroPadding"),
        ("L.Conv2D(4, nb_row=3)", "belong together"),
        ("O.LossScaleOptimizer(O.SGD(), loss_scale=8.0)", "loss_scale_factor"),
    ],
)
def test_refused(call, message):
    with pytest.raises(InputError, match=message):
        made(call)


def test_old_and_new_name_together():
    with pytest.raises(TypeError, match="old name of kernel_initializer="):
        layers.Dense(4, init="uniform", kernel_initializer="zeros")


def test_mistyped_name_gets_the_closest_real_one():
    with pytest.raises(TypeError, match="Did you mean 'activation'"):
        layers.Dense(4, activaton="relu")


def test_model_of_keras_1():
    x = Input((3,))
    y = layers.Dense(2)(x)
    assert Model(input=x, output=y).output_shape == (None, 2)
    assert Model(input=[x], output=[y]).count_params() == 8


def test_functions_of_the_shape_as_initial_values():
    layer = layers.Dense(2, init=lambda shape, name=None: np.full(shape, 0.5), input_dim=3)
    layer.build((None, 3))
    assert layer.get_weights()[0].tolist() == [[0.5, 0.5]] * 3


def test_weights_given_to_a_layer():
    kernel, bias = np.ones((3, 2), "float32"), np.array([1.0, 2.0], "float32")
    model = Sequential([layers.Dense(2, weights=[kernel, bias], input_dim=3)])
    assert model.predict(np.ones((1, 3)), verbose=0).tolist() == [[4.0, 5.0]]


def test_each_translation_is_told_once(capsys):
    for _ in range(2):
        layers.Dense(4, init="uniform", dynamic=False)
        layers.Convolution2D(4, 3, 3)
        layers.Conv2D(4, nb_row=3, nb_col=3)
    assert capsys.readouterr().err.splitlines() == [
        "kerata: init= is now kernel_initializer=",
        "kerata: dynamic= has no effect any more",
        "kerata: the order of arguments of Convolution2D(...) is now another: give them by name",
        "kerata: nb_row=, nb_col= is now kernel_size=",
    ]


def test_files_are_read_without_a_word(capsys, monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY", "error")
    config = {
        "nb_filter": 4, "nb_row": 3, "nb_col": 3, "border_mode": "same", "subsample": [1, 1], "init": "uniform",
        "bias": False, "dim_ordering": "tf", "name": "c", "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5},
        "batch_input_shape": [None, 8, 8, 1], "input_dtype": "float32", "trainable": True, "b_constraint": None,
        "activation": "relu",
    }  # fmt: skip
    layer = layers.deserialize({"class_name": "Convolution2D", "config": config})
    assert layer.kernel_size == (3, 3) and layer.kernel_regularizer.l2 == 0.5 and not layer.use_bias
    text = json.dumps(
        {"class_name": "Sequential", "config": [{"class_name": "Convolution2D", "config": config}],
         "keras_version": "1.2.2"}
    )  # fmt: skip
    from kerata.models import model_from_json

    assert model_from_json(text).output_shape == (None, 8, 8, 4)
    assert capsys.readouterr().err == ""
    with pytest.raises(OldNameError):
        layers.Dense(4, init="uniform")


def test_a_file_outlives_the_era(tmp_path):
    """What a program of an era builds is saved with its own defaults, and read back without the era."""
    era.set_era(2)
    model = Sequential([layers.GRU(3, input_shape=(4, 2)), layers.Dense(1)])
    era.set_era(None)
    model.save(tmp_path / "m.keras")
    again = saving.load_model(tmp_path / "m.keras")
    assert again.layers[0].reset_after is False
    x = np.random.default_rng(0).standard_normal((2, 4, 2))
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)


def test_decay_of_old_is_that_of_the_formula():
    """Gradient 1: the steps are the rates lr / (1 + decay * n)."""
    from kerata import Variable

    w, optimizer = Variable([0.0]), optimizers.SGD(lr=0.5, decay=0.25)
    seen = [0.0]
    for _ in range(4):
        optimizer.apply([[1.0]], [w])
        seen.append(float(w.numpy()[0]))
    np.testing.assert_allclose(-np.diff(seen), [0.5 / (1 + 0.25 * n) for n in range(4)], rtol=1e-5)


def test_unknown_era():
    with pytest.raises(InputError, match="1, 2, 3 or None"):
        era.set_era(4)
