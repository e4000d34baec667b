"""Calls with all arguments that the manuals print, most of them as they are by default."""

import os

import numpy as np

import keras
from keras.preprocessing.image import ImageDataGenerator

rng = np.random.RandomState(28)

# Layers.
conv2d = keras.layers.Conv2D(
    4,
    (3, 3),
    strides=(1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1),
    activation=None,
    use_bias=True,
    kernel_initializer="glorot_uniform",
    bias_initializer="zeros",
    kernel_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    bias_constraint=None,
    input_shape=(16, 16, 3),
)
pooling = keras.layers.MaxPooling2D(pool_size=(2, 2), strides=None, padding="valid", data_format=None)
dropout = keras.layers.Dropout(0.25, noise_shape=None, seed=None)
dense = keras.layers.Dense(
    2,
    activation="softmax",
    use_bias=True,
    kernel_initializer="glorot_uniform",
    bias_initializer="zeros",
    kernel_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    bias_constraint=None,
)
conv1d = keras.layers.Conv1D(
    6,
    3,
    strides=1,
    padding="valid",
    data_format="channels_last",
    dilation_rate=1,
    activation=None,
    use_bias=True,
    kernel_initializer="glorot_uniform",
    bias_initializer="zeros",
    kernel_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    bias_constraint=None,
    input_shape=(8, 3),
)
simple = keras.layers.SimpleRNN(
    5,
    activation="tanh",
    use_bias=True,
    kernel_initializer="glorot_uniform",
    recurrent_initializer="orthogonal",
    bias_initializer="zeros",
    kernel_regularizer=None,
    recurrent_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    recurrent_constraint=None,
    bias_constraint=None,
    dropout=0.0,
    recurrent_dropout=0.0,
    return_sequences=True,
    return_state=False,
    go_backwards=False,
    stateful=False,
    unroll=False,
)
lstm = keras.layers.LSTM(
    4,
    activation="tanh",
    recurrent_activation="sigmoid",
    use_bias=True,
    kernel_initializer="glorot_uniform",
    recurrent_initializer="orthogonal",
    bias_initializer="zeros",
    unit_forget_bias=True,
    kernel_regularizer=None,
    recurrent_regularizer=None,
    bias_regularizer=None,
    activity_regularizer=None,
    kernel_constraint=None,
    recurrent_constraint=None,
    bias_constraint=None,
    dropout=0.0,
    recurrent_dropout=0.0,
    implementation=2,
    return_sequences=False,
    return_state=False,
    go_backwards=False,
    stateful=False,
    unroll=False,
)

# Data.
sequences = keras.preprocessing.sequence.pad_sequences(
    [[1, 2, 3], [4, 5], [6]],
    maxlen=None,
    dtype="int32",
    padding="pre",
    truncating="pre",
    value=0.0,
)
one_hot = keras.utils.to_categorical([0, 2, 1], num_classes=None, dtype="float32")
for kind in ["bright", "dark"]:
    os.makedirs(os.path.join("pictures", kind))
    for i in range(6):
        picture = rng.uniform(0, 100, size=(20, 20, 3)) + (150 if kind == "bright" else 0)
        name = os.path.join("pictures", kind, "%d.png" % i)
        keras.preprocessing.image.save_img(name, picture, scale=False)
datagen = ImageDataGenerator(
    featurewise_center=False,
    samplewise_center=False,
    featurewise_std_normalization=False,
    samplewise_std_normalization=False,
    zca_whitening=False,
    zca_epsilon=1e-06,
    rotation_range=0,
    width_shift_range=0.0,
    height_shift_range=0.0,
    brightness_range=None,
    shear_range=0.0,
    zoom_range=0.0,
    channel_shift_range=0.0,
    fill_mode="nearest",
    cval=0.0,
    horizontal_flip=False,
    vertical_flip=False,
    rescale=1.0 / 255,
    preprocessing_function=None,
    data_format="channels_last",
    validation_split=0.0,
    interpolation_order=1,
    dtype="float32",
)


def flow(class_mode):
    return datagen.flow_from_directory(
        "pictures",
        target_size=(16, 16),
        color_mode="rgb",
        classes=None,
        class_mode=class_mode,
        batch_size=4,
        shuffle=True,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        follow_links=False,
        subset=None,
        interpolation="nearest",
    )


labels = {}
for class_mode in ["categorical", "binary", "sparse", "input"]:
    labels[class_mode] = next(flow(class_mode))[1].shape
class_indices = flow("binary").class_indices

# Pictures.
model = keras.models.Sequential([conv2d, pooling, dropout, keras.layers.Flatten(), dense])
model.compile(
    optimizer="rmsprop",
    loss="categorical_crossentropy",
    metrics=["accuracy"],
    loss_weights=None,
    sample_weight_mode=None,
    weighted_metrics=None,
    target_tensors=None,
)
from_folder = model.fit_generator(flow("categorical"), steps_per_epoch=3, epochs=3)
loss, accuracy = model.evaluate_generator(flow("categorical"), steps=3)
without_labels = model.predict_generator(flow(None), steps=3)

# Sequences.
model = keras.models.Sequential([conv1d, simple, lstm, keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
x = rng.normal(size=(48, 8, 3))
y = x[:, :, 0].mean(axis=1)
history = model.fit(
    x=x,
    y=y,
    batch_size=None,
    epochs=3,
    verbose=1,
    callbacks=None,
    validation_split=0.0,
    validation_data=None,
    shuffle=True,
    class_weight=None,
    sample_weight=None,
    initial_epoch=1,
    steps_per_epoch=None,
    validation_steps=None,
)
scores = model.evaluate(
    x=x,
    y=y,
    batch_size=None,
    verbose=1,
    sample_weight=None,
    steps=None,
    callbacks=None,
    max_queue_size=10,
    workers=1,
    use_multiprocessing=False,
)
answers = model.predict(x, batch_size=None, verbose=0, steps=None, callbacks=None)

# A layer that expects 32 rows in every batch.
model = keras.models.Sequential()
model.add(keras.layers.LSTM(3, batch_size=32, input_shape=(6, 8), stateful=True))
fixed_shape = model.input_shape
once = model.predict(np.ones((32, 6, 8)), batch_size=32)
twice = model.predict(np.ones((32, 6, 8)), batch_size=32)
model.reset_states()
anew = model.predict(np.ones((32, 6, 8)), batch_size=32)
