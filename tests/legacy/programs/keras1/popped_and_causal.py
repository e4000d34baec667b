"""Repositories of Keras 1: a net popped and continued, causal convolutions, attention by variables, SSD's norm."""

from functools import partial

import numpy as np
from keras import backend as K
from keras import initializations
from keras.callbacks import Callback
from keras.engine import InputSpec, Layer
from keras.engine.topology import get_source_inputs
from keras.layers import Activation, Dense, Dropout, Flatten, Input, Lambda, Reshape, merge
from keras.layers.advanced_activations import ELU
from keras.layers.convolutional import (
    AtrousConvolution1D,
    Convolution1D,
    Convolution2D,
    MaxPooling2D,
    ZeroPadding2D,
)
from keras.layers.embeddings import Embedding
from keras.layers.normalization import BatchNormalization
from keras.layers.pooling import GlobalAveragePooling2D, MaxPooling1D
from keras.layers.recurrent import GRU, LSTM
from keras.layers.wrappers import Bidirectional, TimeDistributed
from keras.models import Model, Sequential, model_from_json
from keras.objectives import categorical_crossentropy
from keras.optimizers import SGD, Adam
from keras.regularizers import l2
from keras.utils.np_utils import conv_output_length, to_categorical
from keras.utils.layer_utils import convert_all_kernels_in_model
from keras.applications.imagenet_utils import _obtain_input_shape


class Normalize(Layer):
    """Normalization layer as described in ParseNet paper."""

    def __init__(self, scale, **kwargs):
        if K.image_dim_ordering() == "tf":
            self.axis = 3
        else:
            self.axis = 1
        self.scale = scale
        super(Normalize, self).__init__(**kwargs)

    def build(self, input_shape):
        self.input_spec = [InputSpec(shape=input_shape)]
        shape = (input_shape[self.axis],)
        init_gamma = self.scale * np.ones(shape)
        self.gamma = K.variable(init_gamma, name="{}_gamma".format(self.name))
        self.trainable_weights = [self.gamma]

    def call(self, x, mask=None):
        output = K.l2_normalize(x, self.axis)
        output *= self.gamma
        return output


class AttLayer(Layer):
    def __init__(self, **kwargs):
        self.init = initializations.get("normal")
        super(AttLayer, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 3
        self.W = self.init((input_shape[-1],))
        self.W = K.variable(K.eval(self.W)) if not hasattr(self.W, "assign") else self.W
        self.trainable_weights = [self.W]
        super(AttLayer, self).build(input_shape)

    def call(self, x, mask=None):
        eij = K.tanh(K.dot(x, K.expand_dims(self.W)))[:, :, 0]
        ai = K.exp(eij)
        weights = ai / K.expand_dims(K.sum(ai, axis=1), 1)
        weighted_input = x * K.expand_dims(weights, 2)
        return K.sum(weighted_input, axis=1)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], input_shape[-1])


class CausalAtrousConvolution1D(AtrousConvolution1D):
    def __init__(
        self,
        nb_filter,
        filter_length,
        init="glorot_uniform",
        activation=None,
        weights=None,
        border_mode="valid",
        subsample_length=1,
        atrous_rate=1,
        W_regularizer=None,
        b_regularizer=None,
        activity_regularizer=None,
        W_constraint=None,
        b_constraint=None,
        bias=True,
        causal=False,
        **kwargs,
    ):
        super(CausalAtrousConvolution1D, self).__init__(
            nb_filter,
            filter_length,
            init,
            activation,
            weights,
            border_mode,
            subsample_length,
            atrous_rate,
            W_regularizer,
            b_regularizer,
            activity_regularizer,
            W_constraint,
            b_constraint,
            bias,
            **kwargs,
        )
        self.causal = causal
        if self.causal and border_mode != "valid":
            raise ValueError("Causal mode dictates border_mode=valid.")

    def get_output_shape_for(self, input_shape):
        input_length = input_shape[1]
        if self.causal:
            input_length += self.atrous_rate * (self.filter_length - 1)
        length = conv_output_length(
            input_length,
            self.filter_length,
            self.border_mode,
            self.subsample[0],
            dilation=self.atrous_rate,
        )
        return (input_shape[0], length, self.nb_filter)

    def call(self, x, mask=None):
        if self.causal:
            x = K.asymmetric_temporal_padding(x, self.atrous_rate * (self.filter_length - 1), 0)
        return super(CausalAtrousConvolution1D, self).call(x, mask)


def vgg_std(img_rows, img_cols, channel=1, num_classes=None, weights_path=None):
    model = Sequential()
    model.add(ZeroPadding2D((1, 1), input_shape=(img_rows, img_cols, channel)))
    model.add(Convolution2D(4, 3, 3, activation="relu"))
    model.add(MaxPooling2D((2, 2), strides=(2, 2)))
    model.add(ZeroPadding2D((1, 1)))
    model.add(Convolution2D(8, 3, 3, activation="relu"))
    model.add(MaxPooling2D((2, 2), strides=(2, 2)))
    model.add(Flatten())
    model.add(Dense(16, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(10, activation="softmax"))
    if weights_path:
        model.load_weights(weights_path)
        # Truncate and replace softmax layer for transfer learning
        model.layers.pop()
        model.outputs = [model.layers[-1].output]
        model.layers[-1].outbound_nodes = []
        model.add(Dense(num_classes, activation="softmax"))
        for layer in model.layers[:3]:
            layer.trainable = False
    sgd = SGD(lr=1e-1, decay=1e-6, momentum=0.9, nesterov=True)
    model.compile(optimizer=sgd, loss="categorical_crossentropy", metrics=["accuracy"])
    return model


np.random.seed(0)
X = np.random.uniform(0, 0.3, (48, 8, 8, 1)).astype("float32")
labels = np.random.randint(0, 3, 48)
for picture, label in zip(X, labels):
    picture[2 * label : 2 * label + 3] = 1
Y = to_categorical(labels, 3)

vgg_std(8, 8).save_weights("vgg.h5")
model = vgg_std(8, 8, num_classes=3, weights_path="vgg.h5")
frozen = model.layers[1].get_weights()
history = model.fit(
    X, Y, batch_size=16, nb_epoch=8, shuffle=True, verbose=0, validation_data=(X, Y)
)
assert model.layers[-1].output_dim == 3 and len(model.layers) == 10
assert history.history["val_acc"][-1] > 0.8, history.history
assert all(np.array_equal(a, b) for a, b in zip(frozen, model.layers[1].get_weights()))


# A residual net in the functional style; its top is replaced.
def identity_block(input_tensor, nb_filter, stage, block, strides=None):
    bn_axis = 3 if K.image_dim_ordering() == "tf" else 1
    conv_name_base = "res" + str(stage) + block + "_branch"
    bn_name_base = "bn" + str(stage) + block + "_branch"
    x = Convolution2D(nb_filter, 1, 1, subsample=strides or (1, 1), name=conv_name_base + "2a")(
        input_tensor
    )
    x = BatchNormalization(axis=bn_axis, name=bn_name_base + "2a")(x)
    x = Activation("relu")(x)
    x = Convolution2D(nb_filter, 3, 3, border_mode="same", name=conv_name_base + "2b")(x)
    shortcut = input_tensor
    if strides:
        shortcut = Convolution2D(nb_filter, 1, 1, subsample=strides, name=conv_name_base + "1")(
            input_tensor
        )
    x = merge([x, shortcut], mode="sum")
    return Activation("relu")(x)


def ResNet(include_top=True, weights=None, input_tensor=None, input_shape=None, classes=10):
    input_shape = _obtain_input_shape(
        input_shape,
        default_size=16,
        min_size=8,
        dim_ordering=K.image_dim_ordering(),
        include_top=include_top,
    )
    if input_tensor is None:
        img_input = Input(shape=input_shape)
    else:
        if not K.is_keras_tensor(input_tensor):
            img_input = Input(tensor=input_tensor, shape=input_shape)
        else:
            img_input = input_tensor
    x = identity_block(img_input, 4, 2, "a", strides=(1, 1))
    x = Normalize(20, name="norm")(x)
    x = identity_block(x, 4, 2, "b")
    x = GlobalAveragePooling2D()(x)
    if include_top:
        x = Dense(classes, activation="softmax", name="fc10")(x)
    if input_tensor is not None:
        inputs = get_source_inputs(input_tensor)
    else:
        inputs = img_input
    model = Model(inputs, x, name="resnet")
    if K.backend() == "theano":
        convert_all_kernels_in_model(model)
    return model


model = ResNet(input_tensor=Input(shape=(8, 8, 1)), input_shape=(8, 8, 1))
model.layers.pop()
x_newfc = Dense(3, activation="softmax", name="fc3")(model.layers[-1].output)
model = Model(input=model.input, output=x_newfc)
gamma = K.get_value(model.get_layer("norm").gamma)
model.compile(optimizer=Adam(lr=1e-2), loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(X, Y, batch_size=16, nb_epoch=5, verbose=0)
assert history.history["loss"][-1] < history.history["loss"][0]
assert gamma.tolist() == [20.0] * 4 and not np.allclose(
    gamma, K.get_value(model.get_layer("norm").gamma)
)
assert model.get_layer("norm").trainable_weights[0] is model.get_layer("norm").gamma
assert [n.outbound_layer.name for n in model.get_layer("norm").outbound_nodes] == [
    "res2b_branch2a",
    "merge_2",
] or len(model.get_layer("norm").outbound_nodes) == 2
for i, layer in enumerate(model.layers):
    layer.name = "renamed_%d" % i
assert model.get_layer("renamed_0") is model.layers[0] and model.get_layer(index=1).nb_filter == 4


# WaveNet's blocks.
def residual_block(x, i, nb_filters=4):
    original_x = x
    tanh_out = CausalAtrousConvolution1D(
        nb_filters,
        2,
        atrous_rate=2**i,
        border_mode="valid",
        causal=True,
        bias=True,
        name="dilated_conv_%d_tanh" % (2**i),
        activation="tanh",
    )(x)
    sigm_out = CausalAtrousConvolution1D(
        nb_filters,
        2,
        atrous_rate=2**i,
        border_mode="valid",
        causal=True,
        bias=True,
        name="dilated_conv_%d_sigm" % (2**i),
        activation="sigmoid",
    )(x)
    x = merge([tanh_out, sigm_out], mode="mul", name="gated_activation_%d" % i)
    res_x = Convolution1D(nb_filters, 1, border_mode="same")(x)
    skip_x = Convolution1D(nb_filters, 1, border_mode="same")(x)
    res_x = merge([original_x, res_x], mode="sum")
    return res_x, skip_x


fragment = Input(shape=(12, 3), name="input_part")
out = CausalAtrousConvolution1D(
    4, 2, atrous_rate=1, border_mode="valid", causal=True, name="initial_causal_conv"
)(fragment)
skips = []
for i in range(3):
    out, skip = residual_block(out, i)
    skips.append(skip)
out = merge(skips, mode="sum")
out = Activation("relu")(out)
out = Convolution1D(3, 1)(out)
out = Activation("softmax", name="output_softmax")(out)
wavenet = Model(fragment, out)
wavenet.compile("adam", loss=categorical_crossentropy, metrics=["accuracy"])
ids = np.random.randint(0, 3, (32, 13))
ids[:, 1:] = (np.cumsum(np.ones((32, 12), int), 1) + ids[:, :1]) % 3
sound = np.eye(3)[ids]
h = wavenet.fit(sound[:, :-1], sound[:, 1:], nb_epoch=6, batch_size=8, verbose=0)
assert wavenet.output_shape == (None, 12, 3) and h.history["loss"][-1] < h.history["loss"][0]
changed = sound[:1, :-1].copy()
changed[:, 8:] = 0
assert np.allclose(
    wavenet.predict(sound[:1, :-1])[:, :8], wavenet.predict(changed)[:, :8], atol=1e-6
)

# A hierarchical attention net.
sentence = Input(shape=(4,), dtype="int32")
l_lstm = Bidirectional(GRU(4, return_sequences=True))(
    Embedding(10, 6, input_length=4, trainable=True)(sentence)
)
l_dense = TimeDistributed(Dense(6))(l_lstm)
sent_encoder = Model(sentence, AttLayer()(l_dense))
review = Input(shape=(3, 4), dtype="int32")
review_encoder = TimeDistributed(sent_encoder)(review)
l_lstm_sent = Bidirectional(GRU(4, return_sequences=True))(review_encoder)
l_att_sent = AttLayer(name="sentences")(TimeDistributed(Dense(6))(l_lstm_sent))
han = Model(review, Dense(2, activation="softmax")(l_att_sent))
han.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["acc"])
words = np.random.randint(0, 10, (32, 3, 4))
han.fit(
    words, to_categorical((words[:, 0] > 4).sum(1) > 1, 2), nb_epoch=1, batch_size=16, verbose=0
)
assert han.predict(words).shape == (32, 2) and len(han.get_layer("sentences").weights) == 1
again = model_from_json(
    wavenet.to_json(), custom_objects={"CausalAtrousConvolution1D": CausalAtrousConvolution1D}
)
again.set_weights(wavenet.get_weights())
assert np.allclose(again.predict(sound[:2, :-1]), wavenet.predict(sound[:2, :-1]), atol=1e-6)
