"""Snippets of every era before and after, one a line or a block; what is left, and that nothing moves twice."""

from __future__ import annotations

import ast
import textwrap

import pytest

pytest.importorskip("libcst")

from kerata.upgrade.rewrite import upgrade

# A line of an import | a line of old | the line as it is now. Lines of imports are compared elsewhere.
LINES = """
# Keras 1
from keras.layers import Convolution2D | Convolution2D(64, 3, 5, border_mode='same') | Conv2D(64, (3, 5), padding='same')
from keras.layers import Convolution2D | Convolution2D(8, rows, cols, subsample=(2, 2)) | Conv2D(8, (rows, cols), strides=(2, 2))
from keras.layers import Convolution2D | Convolution2D(8, 3, 3, dim_ordering='th') | Conv2D(8, (3, 3), data_format="channels_first")
from keras.layers import Convolution1D | Convolution1D(nb_filter=8, filter_length=3) | Conv1D(filters=8, kernel_size=3)
from keras.layers import AtrousConvolution2D | AtrousConvolution2D(8, 3, 3, atrous_rate=(2, 2)) | Conv2D(8, (3, 3), dilation_rate=(2, 2))
from keras.layers.core import Dense | Dense(output_dim=3, input_dim=4, init='uniform') | Dense(units=3, input_dim=4, kernel_initializer='uniform')
from keras.layers.core import Dense | Dense(3, W_regularizer=r, b_constraint=c, bias=False) | Dense(3, kernel_regularizer=r, bias_constraint=c, use_bias=False)
from keras.layers.core import Dropout | Dropout(p=0.5) | Dropout(rate=0.5)
from keras.layers.noise import GaussianNoise | GaussianNoise(sigma=0.1) | GaussianNoise(stddev=0.1)
from keras.layers import MaxPooling1D | MaxPooling1D(pool_length=2, stride=2) | MaxPooling1D(pool_size=2, strides=2)
from keras.layers import LSTM | LSTM(output_dim=8, dropout_W=0.2, dropout_U=0.1) | LSTM(units=8, dropout=0.2, recurrent_dropout=0.1, recurrent_activation=hard_sigmoid_keras2)
from keras.layers import merge | merge([a, b], mode='concat', concat_axis=1) | keras.layers.concatenate([a, b], axis=1)
from keras.layers import merge | merge([a, b], mode='sum') | keras.layers.add([a, b])
from keras.layers import merge | merge([a, b], 'mul', name="m") | keras.layers.multiply([a, b], name="m")
from keras.layers import merge | merge([a, b], mode='cos', dot_axes=1) | keras.layers.dot([a, b], axes=1, normalize=True)
from keras.models import Model | Model(input=a, output=b) | Model(inputs=a, outputs=b)
from keras.objectives import mse | mse(a, b) | mse(a, b)
import keras | model.fit(x, y, nb_epoch=3, show_accuracy=True) | model.fit(x, y, epochs=3)
import keras | model.compile('sgd', 'mse', class_mode='binary') | model.compile('sgd', 'mse')
# Keras 2
from keras.optimizers import SGD | SGD(lr=0.1, momentum=0.9) | SGD(learning_rate=0.1, momentum=0.9)
from keras.optimizers import Adam | Adam(lr=1e-3, decay=1e-6) | Adam(learning_rate=keras.optimizers.schedules.InverseTimeDecay(1e-3, 1, 1e-6))
from keras.optimizers import adam | adam(lr=.1) | Adam(learning_rate=.1)
from keras.layers.embeddings import Embedding | Embedding(9, 8, input_length=5) | Embedding(9, 8, input_shape=(5,))
from keras.layers import Embedding | Embedding(9, 8, weights=[m]) | Embedding(9, 8, embeddings_initializer=keras.initializers.Constant(m))
from keras.layers import Dense | Dense(3, batch_input_shape=(1, 2)) | Dense(3, batch_shape=(1, 2))
from keras.layers import LeakyReLU | LeakyReLU(alpha=0.1) | LeakyReLU(negative_slope=0.1)
from keras.layers import Input | Input(batch_input_shape=(1, 2)) | Input(batch_shape=(1, 2))
from keras.layers import MaxPooling2D | MaxPooling2D((2, 2), dim_ordering=order) | MaxPooling2D((2, 2), data_format={"th": "channels_first", "tf": "channels_last"}.get(order, order))
from keras.utils import np_utils | np_utils.to_categorical(y, 3) | keras.utils.to_categorical(y, 3)
from keras.utils.np_utils import to_categorical | to_categorical(y, nb_classes=3) | to_categorical(y, num_classes=3)
from keras.preprocessing.text import Tokenizer | Tokenizer(nb_words=9) | Tokenizer(num_words=9)
from keras.datasets import imdb | imdb.load_data(nb_words=9) | imdb.load_data(num_words=9)
from keras.utils.np_utils import to_categorical | to_categorical(y) | to_categorical(y)
import keras | model.fit_generator(g, 10, 3, verbose=0) | model.fit(g, steps_per_epoch=10, epochs=3, verbose=0)
import keras | model.fit_generator(generator=g, steps_per_epoch=2, workers=4) | model.fit(x=g, steps_per_epoch=2)
import keras | model.evaluate_generator(g, steps=3) | model.evaluate(g, steps=3)
import keras | model.predict_generator(g, 3) | model.predict(g, steps=3)
import keras | print(h.history['acc'], h.history["val_acc"]) | print(h.history['accuracy'], h.history["val_accuracy"])
from keras.callbacks import EarlyStopping | EarlyStopping(monitor='val_acc') | EarlyStopping(monitor='val_accuracy')
from keras import backend as K | K.mean(K.square(a - b), axis=-1) | keras.ops.mean(keras.ops.square(a - b), axis=-1)
from keras import backend as K | K.clip(x, 0, 1) + K.epsilon() | keras.ops.clip(x, 0, 1) + K.epsilon()
from keras import backend as K | K.expand_dims(x) | keras.ops.expand_dims(x, axis=-1)
from keras import backend as K | K.argmax(x) | keras.ops.argmax(x, axis=-1)
from keras import backend as K | K.concatenate(tensors=[a, b], axis=1) | keras.ops.concatenate(xs=[a, b], axis=1)
from keras import backend as K | K.permute_dimensions(x, (0, 2, 1)) | keras.ops.transpose(x, (0, 2, 1))
from keras import backend as K | K.random_normal((K.shape(x)[0], 2), stddev=0.5) | keras.random.normal((keras.ops.shape(x)[0], 2), stddev=0.5)
from keras import backend as K | K.int_shape(x)[1] | tuple(x.shape)[1]
from keras import backend as K | K.sqrt(K.sum(K.square(x))) | keras.ops.sqrt(keras.ops.sum(keras.ops.square(x)))
from keras import backend as K | K.sqrt(x) | keras.ops.sqrt(keras.ops.maximum(x, 0.0))
from keras import backend as K | K.set_value(model.optimizer.lr, 0.1) | model.optimizer.learning_rate = 0.1
from keras import backend as K | K.get_value(model.optimizer.lr) | keras.ops.convert_to_numpy(model.optimizer.learning_rate)
from keras import backend as K | K.set_image_dim_ordering('th') | keras.config.set_image_data_format("channels_first")
from keras import backend as K | K.gradients(a, b) | legacy_backend.gradients(a, b)
from keras.layers import LocallyConnected1D | LocallyConnected1D(3, 2) | LocallyConnected1D(3, 2)
from keras.callbacks import ReduceLROnPlateau | ReduceLROnPlateau(epsilon=0.1) | ReduceLROnPlateau(min_delta=0.1)
# tf.keras and tf_keras
import tensorflow as tf | tf.keras.layers.Dense(3)(x) | keras.layers.Dense(3)(x)
import tensorflow as tf | tf.keras.optimizers.Adam(lr=0.1) | keras.optimizers.Adam(learning_rate=0.1)
import tensorflow | tensorflow.keras.layers.Dense(3) | keras.layers.Dense(3)
import tensorflow.keras as K2 | K2.layers.Dense(3) | K2.layers.Dense(3)
import tf_keras | tf_keras.layers.Dense(3) | keras.layers.Dense(3)
from tensorflow.keras import layers | layers.Conv2D(8, 3, strides=2) | layers.Conv2D(8, 3, strides=2)
from tensorflow.keras.layers.experimental import preprocessing | preprocessing.Normalization() | keras.layers.Normalization()
from tensorflow.python.keras.layers import Dense | Dense(3) | Dense(3)
# Keras 3
import keras | keras.ops.mean(x) + keras.layers.Dense(3)(x) | keras.ops.mean(x) + keras.layers.Dense(3)(x)
from keras import ops, layers | ops.sum(layers.Conv2D(8, 3, 2)(x)) | ops.sum(layers.Conv2D(8, 3, 2)(x))
# What is not Keras's
import keras | scores.fit(lr=3) | scores.fit(lr=3)
import keras | clf.get('acc') | clf.get('acc')
import keras | d['acc'] | d['acc']
"""

CASES = [
    [part.strip() for part in line.split(" | ")]
    for line in LINES.strip().splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("imported", "old", "new"), CASES, ids=lambda x: x[:60])
def test_line(imported: str, old: str, new: str) -> None:
    out = upgrade(f"{imported}\n{old}\n").source
    assert out.splitlines()[-1] == new
    assert upgrade(out).source == out


@pytest.mark.parametrize("line", sorted({c[0] for c in CASES}))
def test_no_import_of_another_keras_is_left(line: str) -> None:
    old = [c[1] for c in CASES if c[0] == line]
    out = upgrade("\n".join([line, *old]) + "\n").source
    roots = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(out))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert roots <= {"kerata", "numpy"}


IMPORTS = """
import keras | keras.layers | import kerata as keras
import keras as k | k.layers | import kerata as k
from tensorflow import keras | keras.layers | import kerata as keras
import keras.backend as K | K.epsilon() | from kerata import backend as K
from keras.layers.convolutional import Conv2D | Conv2D(1, 2) | from kerata.layers import Conv2D
from keras.layers.core import Dense as D | D(3) | from kerata.layers import Dense as D
from keras.engine.topology import Layer, Input | Layer, Input | from kerata.layers import Layer, Input
from keras.layers.core import * | Dense(3) | from kerata.layers import *
from tensorflow.keras.models import Sequential as S  # the model | S() | from kerata.models import Sequential as S  # the model
L = tf.keras.layers | L.Dense | from kerata import layers as L
"""


@pytest.mark.parametrize("line", IMPORTS.strip().splitlines())
def test_import(line: str) -> None:
    imported, use, new = (part.strip() for part in line.split(" | "))
    assert upgrade(f"{imported}\n{use}\n").source.splitlines()[0] == new


def block(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


def test_layout_and_comments_stay() -> None:
    old = block(
        """
        # A program.
        from keras.layers import (  # layers
            Dense,
            Dropout,
        )
        from keras.utils import np_utils  # one-hot

        x = Dense(output_dim = 3,   # three
                  activation = 'relu')
        y = np_utils.to_categorical( y )   # labels
        """
    )
    assert upgrade(old).source == block(
        """
        # A program.
        import kerata as keras
        from kerata.layers import (  # layers
            Dense,
            Dropout,
        )
        # one-hot

        x = Dense(units = 3,   # three
                  activation = 'relu')
        y = keras.utils.to_categorical( y )   # labels
        """
    )


def test_classes_of_a_prediction_depend_on_the_last_layer() -> None:
    def last(layer: str) -> str:
        program = f"from keras import *\nfrom keras.models import Sequential\nfrom keras.layers import *\nm = Sequential()\n{layer}\np = m.predict_classes(x)\n"
        return upgrade(program).source.splitlines()[-1]

    assert (
        last("m.add(Dense(1, activation='sigmoid'))") == 'p = (m.predict(x) > 0.5).astype("int32")'
    )
    assert last("m.add(Dense(5, activation='softmax'))") == "p = np.argmax(m.predict(x), axis=-1)"
    assert (
        last("m.add(Dense(1))\nm.add(Activation('sigmoid'))")
        == 'p = (m.predict(x) > 0.5).astype("int32")'
    )
    assert last("") == "p = m.predict_classes(x)"


def test_numpy_is_imported_where_it_is_needed() -> None:
    out = upgrade(
        "from keras.models import Sequential\nfrom keras.layers import Dense\nm = Sequential([Dense(3)])\nm.predict_classes(x)\n"
    ).source
    assert "import numpy as np\n" in out


def test_keys_stay_where_the_metric_is_called_acc() -> None:
    old = "import kerata as keras\nm.compile('sgd', 'mse', metrics=['acc'])\nprint(h.history['acc'])\n"
    assert upgrade(old).source == old


def test_decay_stays_where_a_callback_sets_the_rate() -> None:
    made = upgrade(
        "from keras.optimizers import SGD\nfrom keras.callbacks import LearningRateScheduler\n"
        "o = SGD(lr=0.1, decay=0.1)\nc = LearningRateScheduler(f)\n"
    )
    assert "decay=0.1" in made.source
    assert [(x.line, "LearningRateScheduler" in x.reason) for x in made.left] == [(3, True)]


def test_a_name_that_is_taken_stays() -> None:
    out = upgrade(
        "from keras.layers import Convolution2D\ndef Conv2D():\n    pass\nc = Convolution2D(3, 3, 3)\n"
    ).source
    assert out.splitlines()[0] == "from kerata.layers import Conv2D as Convolution2D"
    assert out.splitlines()[-1] == "c = Convolution2D(3, (3, 3))"


def test_tensorflow_stays_where_it_is_used() -> None:
    out = upgrade(
        "import tensorflow as tf\nx = tf.constant(1)\ny = tf.keras.layers.Dense(2)(x)\n"
    ).source
    assert out.splitlines()[:2] == [
        "import kerata as keras",
        "import tensorflow as tf",
    ] or out.splitlines()[:2] == ["import tensorflow as tf", "import kerata as keras"]


def test_what_is_left_is_listed_with_its_line() -> None:
    made = upgrade(
        block(
            """
            from keras import backend as K
            from keras.applications import VGG16
            from keras.layers import Dense
            f = K.function([a], [b])
            d = Dense(3, ouput_dim=4)
            m.fit_generator(g, samples_per_epoch=300)
            p = net.predict_classes(x)
            """
        )
    )
    assert [x.line for x in made.left] == [2, 4, 5, 6, 7]
    reasons = [x.reason for x in made.left]
    assert "VGG16" in reasons[0] and "K.function" in reasons[1] and "output_dim" not in made.source
    assert "samples" in reasons[3] and "last layer" in reasons[4]


@pytest.mark.parametrize(
    ("source", "line", "word"),
    [
        ("import keras\nprint 'loss', x\n", 2, "Python 2"),
        ("import keras\nx = (\n", 2, "no Python 3"),
    ],
)
def test_what_python_cannot_read_is_left_alone(source: str, line: int, word: str) -> None:
    made = upgrade(source)
    assert made.source == source
    assert made.left[0].line == line and word in made.left[0].reason


def test_defaults_of_old_are_written_where_nothing_may_hide_them() -> None:
    old = "from keras.utils import np_utils\nfrom keras.layers import GRU\na = GRU(3)\nb = GRU(3, **kw)\n"
    assert upgrade(old).source.splitlines()[-2:] == [
        "a = GRU(3, reset_after=False)",
        "b = GRU(3, **kw)",
    ]


def test_imports_in_every_place() -> None:
    old = "import os, keras\nif os: from keras.layers.core import Dense\ndef f():\n    from keras.utils import np_utils\n    np_utils.f\n"
    assert upgrade(old.replace("np_utils.f", "np_utils.to_categorical(keras)")).source == (
        "import os\nimport kerata as keras\nif os: from kerata.layers import Dense\ndef f():\n"
        "    keras.utils.to_categorical(keras)\n"
    )


def test_a_program_without_keras_stays() -> None:
    assert upgrade("import torch\nlr = 3\n") == ("import torch\nlr = 3\n", [])
