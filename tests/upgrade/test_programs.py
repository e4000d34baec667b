"""Whole programs of each era, upgraded, and run where names of earlier eras are refused."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pytest

pytest.importorskip("libcst")

from kerata.legacy import modules
from kerata.upgrade.rewrite import upgrade

PROGRAMS = {
    "keras-1-images": """
        from __future__ import print_function
        import numpy as np
        from keras.models import Sequential
        from keras.layers.core import Dense, Dropout, Activation, Flatten
        from keras.layers.convolutional import Convolution2D, MaxPooling2D, ZeroPadding2D
        from keras.layers.normalization import BatchNormalization
        from keras.optimizers import SGD
        from keras.regularizers import l2
        from keras.callbacks import EarlyStopping
        from keras.utils import np_utils

        nb_classes, nb_filters, nb_conv = 3, 4, 3
        rng = np.random.RandomState(0)
        X = rng.rand(24, 8, 8, 1).astype('float32')
        y = rng.randint(0, nb_classes, 24)
        Y = np_utils.to_categorical(y, nb_classes)

        model = Sequential()
        model.add(ZeroPadding2D((1, 1), input_shape=(8, 8, 1), dim_ordering='tf'))
        model.add(Convolution2D(nb_filters, nb_conv, nb_conv, border_mode='valid', init='he_normal'))
        model.add(Activation('relu'))
        model.add(Convolution2D(nb_filters, 3, 3, subsample=(2, 2), W_regularizer=l2(1e-4), bias=False))
        model.add(BatchNormalization(mode=0))
        model.add(MaxPooling2D(pool_size=(2, 2), border_mode='same'))
        model.add(Dropout(p=0.25))
        model.add(Flatten())
        model.add(Dense(output_dim=nb_classes, init='uniform'))
        model.add(Activation('softmax'))
        sgd = SGD(lr=0.05, decay=1e-6, momentum=0.9, nesterov=True)
        model.compile(loss='categorical_crossentropy', optimizer=sgd, metrics=['accuracy'])
        h = model.fit(X, Y, batch_size=8, nb_epoch=2, verbose=0, validation_split=0.25,
                      callbacks=[EarlyStopping(monitor='val_acc', patience=3)])
        print(len(h.history['acc']), len(h.history['val_acc']))
        result = model.predict_classes(X, verbose=0)
        proba = model.predict_proba(X, verbose=0)
        assert proba.shape == (24, 3) and (result == proba.argmax(1)).all()
        model.optimizer.lr
    """,
    "keras-1-graph": """
        import numpy as np
        from keras.models import Model, Sequential
        from keras.layers import Input, Embedding, LSTM, Dense, merge, TimeDistributed, Lambda
        from keras import backend as K
        from keras import objectives

        a = Input(shape=(5,), dtype='int32', name='a')
        b = Input(shape=(4,), name='b')
        e = Embedding(output_dim=6, input_dim=20, input_length=5, dropout=0.)(a)
        s = LSTM(output_dim=3, inner_activation='hard_sigmoid', return_sequences=False)(e)
        d = Dense(3, activation='tanh', b_regularizer=None)(b)
        both = merge([s, d], mode='concat', concat_axis=-1)
        added = merge([s, d], mode='sum')
        norm = Lambda(lambda x: K.l2_normalize(x, axis=-1), output_shape=(6,))(both)
        p = merge([norm, merge([added, added], mode='concat')], mode='mul')
        out = Dense(1, activation='sigmoid', name='out')(p)

        def loss(y, p):
            return K.mean(K.square(y - p), axis=-1) + objectives.binary_crossentropy(y, p)

        model = Model(input=[a, b], output=out)
        model.compile(optimizer='rmsprop', loss=loss)
        rng = np.random.RandomState(0)
        data = [rng.randint(0, 20, (16, 5)), rng.rand(16, 4)]
        model.fit(data, rng.randint(0, 2, (16, 1)), nb_epoch=1, batch_size=8, verbose=0)
        result = model.predict(data, verbose=0)
        assert result.shape == (16, 1)
    """,
    "keras-2-text": """
        import numpy as np
        import keras
        from keras import optimizers, regularizers
        from keras.models import Sequential
        from keras.layers import Dense, GRU, Bidirectional
        from keras.layers.embeddings import Embedding
        from keras.layers.advanced_activations import LeakyReLU
        from keras.initializers import Constant
        from keras.callbacks import ReduceLROnPlateau, Callback

        rng = np.random.RandomState(0)
        x = rng.randint(0, 30, (32, 7))
        y = (x.sum(1) > 100).astype('float32')
        table = rng.rand(30, 5)

        class Log(Callback):
            def on_train_begin(self, logs=None):
                self.seen = []

            def on_epoch_end(self, epoch, logs=None):
                self.seen.append(logs.get('val_acc'))

        model = Sequential()
        model.add(Embedding(30, 5, input_length=7, weights=[table], trainable=False))
        model.add(Bidirectional(GRU(3)))
        model.add(Dense(4, kernel_regularizer=regularizers.l2(0.001)))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dense(1, activation='sigmoid'))
        model.compile(optimizers.Adam(lr=0.01), 'binary_crossentropy', metrics=['accuracy'])
        np.testing.assert_allclose(model.layers[0].get_weights()[0], table, rtol=1e-6)

        def batches():
            while True:
                for i in range(0, 32, 8):
                    yield x[i:i + 8], y[i:i + 8]

        log = Log()
        history = model.fit_generator(batches(), 4, 2, verbose=0, validation_data=(x, y), max_queue_size=2,
                                      callbacks=[log, ReduceLROnPlateau(monitor='val_loss', epsilon=1e-3)])
        assert len(history.history['val_acc']) == 2 and None not in log.seen
        score = model.evaluate_generator(batches(), steps=4)
        result = model.predict_classes(x)
        assert set(result.ravel()) <= {0, 1}
        assert model.predict_generator(batches(), 4).shape == (32, 1)
    """,
    "keras-2-backend": """
        import numpy as np
        from keras.layers import Input, Dense, Lambda, Layer
        from keras.models import Model
        from keras import backend as K
        from keras import metrics

        class Scale(Layer):
            def build(self, input_shape):
                self.w = self.add_weight(name='w', shape=(input_shape[-1],), initializer='ones')
                super(Scale, self).build(input_shape)

            def call(self, x):
                return K.relu(x * self.w)

            def get_output_shape_for(self, shape):
                return shape

        x = Input(shape=(6,))
        h = Scale()(Dense(8, activation='tanh')(x))
        z_mean, z_log_var = Dense(2)(h), Dense(2)(h)

        def sampling(args):
            z_mean, z_log_var = args
            eps = K.random_normal(shape=(K.shape(z_mean)[0], K.int_shape(z_mean)[1]), mean=0., stddev=1.)
            return z_mean + K.exp(z_log_var / 2) * eps

        z = Lambda(sampling, output_shape=(2,))([z_mean, z_log_var])
        out = Dense(6, activation='sigmoid')(z)
        vae = Model(x, out)
        kl = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
        vae.add_loss(K.mean(6 * metrics.binary_crossentropy(x, out) + kl))
        vae.compile(optimizer='adam')
        data = np.random.RandomState(0).rand(16, 6)
        vae.fit(data, epochs=1, batch_size=8, verbose=0)
        K.set_value(vae.optimizer.lr, 0.5)
        assert abs(float(K.get_value(vae.optimizer.lr)) - 0.5) < 1e-6

        loss = K.sum(K.abs(z_mean))
        f = K.function([x], [loss, K.gradients(loss, [x])[0]])
        value, grads = f([data])
        result = grads
        assert result.shape == (16, 6)
    """,
    "tf-keras": """
        import numpy as np
        import tensorflow as tf
        from tensorflow.keras.layers.experimental import preprocessing

        layers = tf.keras.layers
        data = np.random.RandomState(0).rand(16, 4).astype('float32')
        norm = preprocessing.Normalization()
        norm.adapt(data)
        inputs = tf.keras.Input(shape=(4,))
        x = layers.Dense(8, activation=tf.keras.activations.relu)(norm(inputs))
        outputs = layers.Dense(2, activation='softmax', kernel_regularizer=tf.keras.regularizers.l1_l2(l1=0.1, l2=0.1))(x)
        model = tf.keras.Model(inputs, outputs)
        schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
        model.compile(optimizer=tf.keras.optimizers.Adam(lr=0.01), metrics=['acc'],
                      loss=tf.keras.losses.SparseCategoricalCrossentropy())
        h = model.fit(data, np.arange(16) % 2, epochs=2, verbose=0)
        print(tf.keras.backend.mean(data), h.history['acc'])
        result = model.predict(data, verbose=0)
        tf.keras.backend.clear_session()
    """,
    "tf_keras": """
        import tf_keras
        import numpy as np
        from tf_keras.utils import to_categorical
        m = tf_keras.models.Sequential([
            tf_keras.layers.Dense(3, batch_input_shape=(None, 2)),  # the first
            tf_keras.layers.Softmax(),
        ])
        m.compile(tf_keras.optimizers.SGD(lr=0.1, decay=0.01), 'categorical_crossentropy')
        m.fit(np.ones((4, 2)), to_categorical([0, 1, 2, 0]), verbose=0)
        result = m.predict(np.ones((4, 2)), verbose=0)
    """,
    "keras-3": """
        import os
        os.environ.setdefault("KERAS_BACKEND", "jax")
        import keras
        import numpy as np
        from keras import layers, ops

        @keras.saving.register_keras_serializable()
        class Twice(layers.Layer):
            def call(self, x):
                return ops.multiply(x, 2.0)

        model = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="relu"), Twice(), layers.Dense(1)])
        model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse")
        model.fit(np.ones((8, 3)), np.ones((8, 1)), verbose=0)
        result = model.predict(np.ones((8, 3)), verbose=0)
    """,
}


def run(source: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("KERATA_LEGACY", "error")
    space: dict[str, Any] = {"__name__": "program"}
    exec(compile(source, "program.py", "exec"), space)
    return space


@pytest.mark.parametrize("name", PROGRAMS)
def test_runs_without_a_name_of_old(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = textwrap.dedent(PROGRAMS[name]).lstrip()
    made = upgrade(source)
    found = run(made.source, monkeypatch)
    assert np.isfinite(np.asarray(found["result"], "float64")).all()
    assert upgrade(made.source).source == made.source


@pytest.mark.skipif(modules.module("legacy.images") is None, reason="no ImageDataGenerator here")
def test_generators_of_images(monkeypatch: pytest.MonkeyPatch) -> None:
    source = textwrap.dedent(
        """
        import numpy as np
        from keras.models import Sequential
        from keras.layers import Flatten, Dense
        from keras.preprocessing.image import ImageDataGenerator

        model = Sequential([Flatten(input_shape=(8, 8, 3)), Dense(1, activation='sigmoid')])
        model.compile('sgd', 'binary_crossentropy', metrics=['accuracy'])
        gen = ImageDataGenerator(rescale=1. / 255, horizontal_flip=True)
        train = gen.flow(np.random.rand(20, 8, 8, 3) * 255, np.arange(20) % 2, batch_size=8)
        h = model.fit_generator(train, samples_per_epoch=20, nb_epoch=2, verbose=0)
        result = h.history['acc']
        """
    )
    made = upgrade(source).source
    assert "from kerata.legacy.images import ImageDataGenerator" in made
    assert len(run(made, monkeypatch)["result"]) == 2
