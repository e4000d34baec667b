"""Graphs of several inputs and outputs, shared layers, parts of models, files: what the guides taught."""

from __future__ import print_function

import h5py
import numpy as np

import keras
from keras import backend as K
from keras.callbacks import Callback, CSVLogger, EarlyStopping, LambdaCallback, ModelCheckpoint
from keras.layers import LSTM, BatchNormalization, Conv2D, Dense, Dropout, Embedding, Flatten, Input
from keras.layers import MaxPooling2D, TimeDistributed
from keras.models import Model, Sequential, load_model, model_from_json, model_from_yaml
from keras.utils.io_utils import HDF5Matrix

rng = np.random.RandomState(0)

# Two inputs, two outputs: losses and data by list, then by name.
main_input = Input(shape=(20,), dtype="int32", name="main_input")
x = Embedding(output_dim=8, input_dim=100, input_length=20)(main_input)
lstm_out = LSTM(8)(x)
auxiliary_output = Dense(1, activation="sigmoid", name="aux_output")(lstm_out)
auxiliary_input = Input(shape=(5,), name="aux_input")
x = keras.layers.concatenate([lstm_out, auxiliary_input])
x = Dense(8, activation="relu")(x)
main_output = Dense(1, activation="sigmoid", name="main_output")(x)
model = Model(inputs=[main_input, auxiliary_input], outputs=[main_output, auxiliary_output])
model.compile(optimizer="rmsprop", loss="binary_crossentropy", loss_weights=[1.0, 0.2])
headline_data, additional_data = rng.randint(0, 100, (64, 20)), rng.rand(64, 5)
labels = (additional_data[:, :1] > 0.5).astype(int)
model.fit([headline_data, additional_data], [labels, labels], epochs=1, batch_size=32)
model.compile(
    optimizer="rmsprop",
    loss={"main_output": "binary_crossentropy", "aux_output": "binary_crossentropy"},
    loss_weights={"main_output": 1.0, "aux_output": 0.2},
    metrics={"main_output": "accuracy"},
)
history = model.fit(
    {"main_input": headline_data, "aux_input": additional_data, "note": ["not an input"] * 64},
    {"main_output": labels, "aux_output": labels},
    epochs=2, batch_size=32, validation_split=0.25, verbose=2,
)  # fmt: skip
for key in (
    "loss",
    "main_output_loss",
    "aux_output_loss",
    "val_main_output_loss",
    "main_output_acc",
):
    assert key in history.history, sorted(history.history)
total, main, aux = (
    history.history["loss"][0],
    history.history["main_output_loss"][0],
    history.history["aux_output_loss"][0],
)
assert abs(total - (main + 0.2 * aux)) < 1e-4
main_pred, aux_pred = model.predict({"main_input": headline_data, "aux_input": additional_data})
assert main_pred.shape == aux_pred.shape == (64, 1)

# One layer, several calls.
a, b = Input(shape=(7, 4)), Input(shape=(7, 4))
lstm = LSTM(8)
encoded_a, encoded_b = lstm(a), lstm(b)
assert lstm.get_output_at(0) is encoded_a and lstm.get_output_at(1) is encoded_b
try:
    print(lstm.output)
except AttributeError as e:
    assert "multiple inbound nodes" in str(e) or "2 inbound nodes" in str(e)
else:
    raise AssertionError("a layer of two outputs gave one")
conv = Conv2D(4, (3, 3), padding="same")
conv(Input(shape=(12, 12, 3)))
assert conv.input_shape == (None, 12, 12, 3)
conv(Input(shape=(24, 24, 3)))
assert conv.get_input_shape_at(1) == (None, 24, 24, 3)
assert conv.get_output_shape_at(0) == (None, 12, 12, 4)

# A question about a picture, and the same model over the frames of a video.
vision_model = Sequential()
vision_model.add(Conv2D(4, (3, 3), activation="relu", padding="same", input_shape=(12, 12, 3)))
vision_model.add(Conv2D(4, (3, 3), activation="relu"))
vision_model.add(MaxPooling2D((2, 2)))
vision_model.add(Flatten())
image_input = Input(shape=(12, 12, 3))
encoded_image = vision_model(image_input)
question_input = Input(shape=(6,), dtype="int32")
encoded_question = LSTM(8)(Embedding(input_dim=50, output_dim=8, input_length=6)(question_input))
merged = keras.layers.concatenate([encoded_question, encoded_image])
vqa_model = Model(
    inputs=[image_input, question_input], outputs=Dense(10, activation="softmax")(merged)
)
video_input = Input(shape=(3, 12, 12, 3))
encoded_frame_sequence = TimeDistributed(vision_model)(video_input)
encoded_video = LSTM(8)(encoded_frame_sequence)
question_encoder = Model(inputs=question_input, outputs=encoded_question)
video_question_input = Input(shape=(6,), dtype="int32")
merged = keras.layers.concatenate([encoded_video, question_encoder(video_question_input)])
output = Dense(10, activation="softmax")(merged)
video_qa_model = Model(inputs=[video_input, video_question_input], outputs=output)
video_qa_model.compile("adam", "sparse_categorical_crossentropy")
before = vision_model.get_weights()[0].copy()
clips, asked = rng.rand(16, 3, 12, 12, 3), rng.randint(0, 50, (16, 6))
video_qa_model.fit([clips, asked], rng.randint(0, 10, 16), batch_size=8, verbose=0)
assert K.int_shape(encoded_frame_sequence) == (None, 3, 100)
assert not np.allclose(before, vision_model.get_weights()[0])  # shared with vqa_model
assert vqa_model.predict([clips[:, 0], asked]).shape == (16, 10)

# A plain model: files, texts, parts, phases.
x, y = rng.rand(96, 8), rng.rand(96, 3)
model = Sequential()
model.add(Dense(16, input_dim=8, name="dense_1", activation="relu"))
model.add(Dropout(0.5))
model.add(BatchNormalization())
model.add(Dense(3, name="dense_2"))
model.compile(loss="mse", optimizer="rmsprop")


class LossHistory(Callback):
    def on_train_begin(self, logs={}):
        self.losses = []

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get("loss"))


class OnValidation(Callback):
    def on_epoch_end(self, epoch, logs={}):
        held_x, held_y = self.validation_data[0], self.validation_data[1]
        logs["own"] = float(np.abs(self.model.predict(held_x) - held_y).mean())


losses, seen = LossHistory(), []
history = model.fit(
    x, y, batch_size=16, epochs=3, validation_split=1.0 / 3, verbose=0,
    callbacks=[
        losses, OnValidation(), EarlyStopping(monitor="val_loss", patience=5),
        ModelCheckpoint("weights.{epoch:02d}.hdf5", save_best_only=False, save_weights_only=True),
        LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)), CSVLogger("training.log"),
    ],
)  # fmt: skip
assert len(losses.losses) == 12 and seen == [0, 1, 2] and len(history.history["own"]) == 3
model.save("my_model.h5")
expected = model.predict(x)
again = load_model("my_model.h5")
by_json, by_yaml = model_from_json(model.to_json()), model_from_yaml(model.to_yaml())
by_config = Sequential.from_config(model.get_config())
model.save_weights("my_weights.h5")
for other in (by_json, by_yaml):
    other.load_weights("my_weights.h5")
by_config.set_weights(model.get_weights())
for other in (again, by_json, by_yaml, by_config):
    np.testing.assert_allclose(other.predict(x), expected, rtol=1e-5, atol=1e-6)
partly = Sequential()
partly.add(Dense(16, input_dim=8, name="dense_1"))
partly.add(Dense(10, name="new_dense"))
partly.load_weights("my_weights.h5", by_name=True)
np.testing.assert_array_equal(partly.layers[0].get_weights()[0], model.layers[0].get_weights()[0])

inner = Model(inputs=model.input, outputs=model.get_layer("dense_1").output)
get_third = K.function([model.layers[0].input, K.learning_phase()], [model.layers[2].output])
in_test, in_train = get_third([x, 0])[0], get_third([x, 1])[0]
assert inner.predict(x).shape == in_test.shape == (96, 16)
assert not np.allclose(in_test, in_train)
model.pop()
assert len(model.layers) == 3 and model.output_shape == (None, 16)

# Frozen in one model, trained in another.
i = Input(shape=(8,))
layer = Dense(8)
layer.trainable = False
o = layer(i)
frozen_model = Model(i, o)
frozen_model.compile(optimizer="rmsprop", loss="mse")
start = layer.get_weights()[0]
frozen_model.fit(x, x, verbose=0)
np.testing.assert_array_equal(start, layer.get_weights()[0])
layer.trainable = True
trainable_model = Model(i, o)
trainable_model.compile(optimizer="rmsprop", loss="mse")
trainable_model.fit(x, x, verbose=0)
assert not np.array_equal(start, layer.get_weights()[0])

# Data in a file.
with h5py.File("data.hdf5", "w") as f:
    f.create_dataset("x_data", data=x)
    f.create_dataset("y_data", data=y)
X_data = HDF5Matrix("data.hdf5", "x_data", start=0, end=64)
y_data = HDF5Matrix("data.hdf5", "y_data", start=0, end=64)
flat = Sequential([Dense(3, input_shape=(8,))])
flat.compile("sgd", "mse")
flat.fit(X_data, y_data, shuffle="batch", batch_size=16, verbose=0)
assert flat.evaluate(HDF5Matrix("data.hdf5", "x_data", start=64), y[64:], verbose=0) > 0

# A state that goes on from batch to batch.
model = Sequential()
model.add(LSTM(6, input_shape=(5, 4), batch_size=8, stateful=True))
model.add(Dense(4, activation="softmax"))
model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
s = rng.rand(8, 11, 4)
first = model.predict(s[:, :5], batch_size=8)
second = model.predict(s[:, :5], batch_size=8)
assert not np.allclose(first, second)
model.reset_states()
np.testing.assert_allclose(model.predict(s[:, :5], batch_size=8), first, rtol=1e-5)
model.train_on_batch(s[:, :5, :], np.reshape(s[:, 5, :], (8, 4)))
model.layers[0].reset_states()
