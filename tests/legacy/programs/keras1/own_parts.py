"""Layers, initial weights and callbacks of one's own, written for Keras 1."""

from __future__ import print_function

import numpy as np

np.random.seed(7)

from keras import backend as K
from keras import callbacks, initializations, objectives
from keras.engine.topology import InputSpec, Layer
from keras.layers import GRU, Bidirectional, Dense, Embedding, Input, Lambda
from keras.models import Model, Sequential


class Linear(Layer):
    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super(Linear, self).__init__(**kwargs)

    def build(self, input_shape):
        start = np.random.uniform(-0.1, 0.1, (input_shape[1], self.output_dim))
        self.W = K.variable(start)
        self.trainable_weights = [self.W]

    def call(self, x, mask=None):
        return K.dot(x, self.W)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.output_dim)


class Attention(Layer):
    def __init__(self, init="normal", **kwargs):
        self.init = initializations.get(init)
        self.supports_masking = True
        super(Attention, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 3
        self.input_spec = [InputSpec(ndim=3)]
        self.W = self.add_weight(
            (input_shape[-1],), initializer=self.init, name="{}_W".format(self.name)
        )
        super(Attention, self).build(input_shape)

    def compute_mask(self, input, mask=None):
        return None

    def call(self, x, mask=None):
        score = K.exp(K.tanh(K.sum(x * self.W, axis=-1)))
        if mask is not None:
            score = score * K.cast(mask, K.floatx())
        weights = score / K.expand_dims(K.sum(score, axis=1) + K.epsilon(), dim=1)
        return K.sum(x * K.expand_dims(weights), axis=1)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], input_shape[-1])


def small(shape, name=None):
    return initializations.normal(shape, scale=0.01, name=name)


class Diary(callbacks.Callback):
    def on_train_begin(self, logs={}):
        self.losses, self.sizes = [], []
        print(self.params["nb_epoch"], "epochs of", self.params["nb_sample"], "samples")

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get("loss"))
        self.sizes.append(logs["size"])

    def on_epoch_end(self, epoch, logs={}):
        K.set_value(self.model.optimizer.lr, 0.9 * K.get_value(self.model.optimizer.lr))


def halfway(y_true, y_pred):
    return objectives.mean_squared_error(y_true, y_pred) + K.mean(
        K.binary_crossentropy(y_pred, y_true)
    )


x = np.random.rand(64, 8)
y = (x[:, :1] > 0.5).astype("float32")
model = Sequential()
model.add(Linear(6, input_shape=(8,)))
model.add(Dense(8, init=small, activation="tanh"))
model.add(Dense(1, activation="sigmoid"))
model.compile("adam", loss=halfway, metrics=["accuracy", "binary_accuracy"])
before = model.layers[0].get_weights()[0]
diary = Diary()
model.fit(x, y, nb_epoch=12, batch_size=24, verbose=0, callbacks=[diary])
assert not np.allclose(before, model.layers[0].get_weights()[0])
assert diary.sizes[:3] == [24, 24, 16] and len(diary.losses) == 36
assert diary.losses[-1] < diary.losses[0]
assert abs(float(K.get_value(model.optimizer.lr)) - 0.001 * 0.9**12) < 1e-6

# Words that are looked at more or less.
words = np.random.randint(1, 20, (64, 6))
words[:, 4:] = 0
signs = (words[:, :4] > 15).any(axis=1).astype("float32")
reader = Sequential()
reader.add(Embedding(20, 8, input_length=6, mask_zero=True))
reader.add(Bidirectional(GRU(4, return_sequences=True)))
reader.add(Attention())
reader.add(Dense(1, activation="sigmoid"))
reader.compile("adam", "binary_crossentropy", metrics=["acc"])
history = reader.fit(words, signs, nb_epoch=8, batch_size=16, verbose=0)
assert history.history["loss"][-1] < history.history["loss"][0]

# Noise in a Lambda, and a part of a graph computed by a function of the backend.
i = Input(shape=(8,))
h = Dense(4, name="code")(i)


def noisy(z):
    return z + K.random_normal(shape=K.shape(z), mean=0.0, std=0.1)


o = Lambda(noisy, output_shape=(4,))(h)
net = Model(input=i, output=o)
code = K.function([net.layers[0].input, K.learning_phase()], [net.get_layer("code").output])
found = code([x, 0])[0]
assert found.shape == (64, 4)
spread = (net.predict(x) - found).std()
assert 0.05 < spread < 0.2, spread
