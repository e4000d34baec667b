"""One LSTM reads two sentences; one small convnet looks through two cameras."""

import numpy as np

from keras import layers
from keras import Input
from keras.models import Model, Sequential

lstm = layers.LSTM(16)
left_input = Input(shape=(None, 8))
left_output = lstm(left_input)
right_input = Input(shape=(None, 8))
right_output = lstm(right_input)
merged = layers.concatenate([left_output, right_output], axis=-1)
predictions = layers.Dense(1, activation="sigmoid")(merged)
model = Model([left_input, right_input], predictions)
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
rng = np.random.RandomState(20)
left_data = rng.normal(size=(64, 6, 8)).astype("float32")
right_data = rng.normal(size=(64, 9, 8)).astype("float32")
targets = rng.randint(0, 2, size=64)
history = model.fit([left_data, right_data], targets, epochs=2, batch_size=32)
weights_of_lstm = lstm.get_weights()

# A whole model used as a layer, twice.
eye = Sequential(name="eye")
eye.add(layers.Conv2D(4, 3, activation="relu", input_shape=(20, 20, 3)))
eye.add(layers.GlobalMaxPooling2D())
left_camera = Input(shape=(20, 20, 3))
right_camera = Input(shape=(20, 20, 3))
left_features = eye(left_camera)
right_features = eye(right_camera)
merged_features = layers.concatenate([left_features, right_features], axis=-1)
depth = Model([left_camera, right_camera], layers.Dense(1)(merged_features))
depth.compile(optimizer="adam", loss="mse")
pictures = rng.random_sample((16, 20, 20, 3))
distance = depth.fit([pictures, pictures[::-1]], rng.normal(size=16), epochs=2, verbose=2)
