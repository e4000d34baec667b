"""Towers side by side, shortcuts and two outputs, by the merge function and Model(input=, output=)."""

from __future__ import print_function

import numpy as np

np.random.seed(1337)

from keras import backend as K
from keras.layers import Activation, AveragePooling2D, BatchNormalization, Convolution2D, Dense
from keras.layers import Dropout, Flatten, Input, MaxPooling2D, ZeroPadding2D, merge
from keras.layers.advanced_activations import PReLU
from keras.models import Model, Sequential
from keras.preprocessing import image
from keras.regularizers import l2
from keras.utils import np_utils

NB_CLASS = 4
DIM_ORDERING = K.image_dim_ordering()
WEIGHT_DECAY = 1e-4
if DIM_ORDERING == "th":
    INPUT_SHAPE, CHANNEL_AXIS = (3, 20, 20), 1
elif DIM_ORDERING == "tf":
    INPUT_SHAPE, CHANNEL_AXIS = (20, 20, 3), 3
else:
    raise Exception("Invalid dim ordering: " + str(DIM_ORDERING))


def conv_bn(
    x, nb_filter, nb_row, nb_col, border_mode="same", subsample=(1, 1), weight_decay=WEIGHT_DECAY
):
    W_regularizer = l2(weight_decay) if weight_decay else None
    x = Convolution2D(
        nb_filter, nb_row, nb_col, subsample=subsample, activation="relu", border_mode=border_mode,
        W_regularizer=W_regularizer, b_regularizer=None, dim_ordering=DIM_ORDERING,
    )(x)  # fmt: skip
    return BatchNormalization(axis=CHANNEL_AXIS)(x)


def shortcut_block(x, nb_filter, name):
    y = Convolution2D(nb_filter, 3, 3, border_mode="same", init="he_normal", name=name + "_a")(x)
    y = Activation("relu")(BatchNormalization(axis=CHANNEL_AXIS, mode=0, name=name + "_bn")(y))
    y = Convolution2D(nb_filter, 3, 3, border_mode="same", bias=False, name=name + "_b")(y)
    if x._keras_shape[CHANNEL_AXIS] != nb_filter:
        x = Convolution2D(nb_filter, 1, 1, name=name + "_short")(x)
    return Activation("relu")(merge([x, y], mode="sum", name=name + "_sum"))


def build():
    img_input = Input(shape=INPUT_SHAPE, name="img")
    x = ZeroPadding2D((1, 1))(img_input)
    x = conv_bn(x, 4, 3, 3, border_mode="valid", subsample=(2, 2))
    branch1 = conv_bn(x, 3, 1, 1)
    branch3 = conv_bn(conv_bn(x, 2, 1, 1), 3, 1, 3)
    pooled = AveragePooling2D(
        (3, 3), strides=(1, 1), border_mode="same", dim_ordering=DIM_ORDERING
    )(x)
    x = merge([branch1, branch3, pooled], mode="concat", concat_axis=CHANNEL_AXIS, name="mixed0")
    aux = Dense(NB_CLASS, activation="softmax", name="aux")(Flatten()(AveragePooling2D((5, 5))(x)))
    x = shortcut_block(x, 6, "res2")
    x = MaxPooling2D((2, 2), strides=(2, 2), dim_ordering=DIM_ORDERING)(x)
    x = Dropout(0.1)(Flatten()(x))
    preds = Dense(NB_CLASS, activation="softmax", name="preds", W_regularizer=l2(1e-4))(x)
    return Model(input=img_input, output=[preds, aux])


labels = np.random.randint(0, NB_CLASS, 64)
pictures = np.random.rand(64, 20, 20, 3).astype("float32") * 0.3
for k, label in enumerate(labels):
    pictures[
        k, 10 * (label // 2) : 10 * (label // 2) + 10, 10 * (label % 2) : 10 * (label % 2) + 10
    ] += 0.7
targets = np_utils.to_categorical(labels, NB_CLASS)

model = build()
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], loss_weights=[1.0, 0.3])
history = model.fit(
    {"img": pictures}, {"preds": targets, "aux": targets}, nb_epoch=8, batch_size=16, verbose=2
)
last = model.evaluate(pictures, [targets, targets], verbose=0)
assert model.metrics_names[0] == "loss" and len(last) == 5
assert history.history["aux_loss"][-1] < history.history["aux_loss"][0]

# The same graph takes the weights by the names of its layers.
model.save_weights("towers.h5", overwrite=True)
other = build()
for a, b in zip(model.layers, other.layers):
    if a.get_weights():
        a.name = b.name  # numbered names have gone on counting
model.save_weights("towers_by_name.h5", overwrite=True)
other.load_weights("towers_by_name.h5", by_name=True)
x = image.img_to_array(image.array_to_img(pictures[0], scale=False)) / 255.0
x = np.expand_dims(x, axis=0)
np.testing.assert_allclose(other.predict(x)[0], model.predict(x)[0], rtol=1e-4, atol=1e-6)
headless = Model(model.input, model.get_layer("mixed0").output, name="towers")
assert headless.output_shape == (None, 10, 10, 10)

# Every mode of merge.
a, b = Input((4,)), Input((4,))
one, two = np.full((2, 4), 1.0), np.full((2, 4), 2.0)
sums = {}
for mode in ("sum", "mul", "ave", "concat", "dot", "cos", "max"):
    merged = Model([a, b], merge([a, b], mode=mode))
    sums[mode] = float(merged.predict([one, two])[0].sum())
assert {k: round(v, 3) for k, v in sums.items()} == {
    "sum": 12.0, "mul": 8.0, "ave": 6.0, "concat": 12.0, "dot": 8.0, "cos": 1.0, "max": 8.0,
}  # fmt: skip
difference = merge([a, b], mode=lambda x: x[0] - x[1], output_shape=lambda shapes: shapes[0])
assert Model([a, b], difference).predict([two, one]).tolist() == one.tolist()

# Channels first, for a while.
K.set_image_dim_ordering("th")
i = Input((3, 8, 8))
assert Model(i, Convolution2D(2, 3, 3, subsample=(2, 2))(i)).output_shape == (None, 2, 3, 3)
K.set_image_dim_ordering("tf")

# Rows of a table, in the manner of an entry to a competition.
table = np.random.normal(size=(90, 6)).astype("float32")
classes = (table[:, 0] > 0).astype(int) + (table[:, 1] > 1).astype(int)
net = Sequential()
net.add(Dense(16, input_shape=(6,)))
net.add(PReLU())
net.add(BatchNormalization())
net.add(Dropout(0.2))
net.add(Dense(3))
net.add(Activation("softmax"))
net.compile(loss="categorical_crossentropy", optimizer="adam")
net.fit(
    table,
    np_utils.to_categorical(classes),
    nb_epoch=40,
    batch_size=16,
    validation_split=0.15,
    verbose=0,
)
proba = net.predict_proba(table, verbose=0)
assert proba.shape == (90, 3) and np.allclose(proba.sum(axis=1), 1, atol=1e-5)
assert (proba.argmax(axis=1) == classes).mean() > 0.5

assert history.history["preds_acc"][-1] > 0.6, history.history["preds_acc"]
