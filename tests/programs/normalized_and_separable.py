"""Batch normalization after dense and convolution layers; a small convnet of separable ones."""

import numpy as np

from keras import layers
from keras.models import Sequential

height, width, channels, num_classes = 32, 32, 3, 4
rng = np.random.RandomState(23)
x = rng.random_sample((64, height, width, channels)).astype("float32")
y = np.eye(num_classes)[rng.randint(0, num_classes, size=64)]

normalized = Sequential()
normalized.add(layers.Conv2D(8, 3, activation="relu", input_shape=(height, width, channels)))
normalized.add(layers.BatchNormalization())
normalized.add(layers.Flatten())
normalized.add(layers.Dense(8, activation="relu"))
normalized.add(layers.BatchNormalization(axis=-1, momentum=0.9))
normalized.add(layers.Dense(num_classes, activation="softmax"))
normalized.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["acc"])
before = normalized.layers[1].get_weights()
normalized_history = normalized.fit(x, y, epochs=2, batch_size=32, validation_split=0.25)
after = normalized.layers[1].get_weights()

model = Sequential()
model.add(layers.SeparableConv2D(8, 3, activation="relu", input_shape=(height, width, channels)))
model.add(layers.SeparableConv2D(16, 3, activation="relu"))
model.add(layers.MaxPooling2D(2))
model.add(layers.SeparableConv2D(16, 3, activation="relu"))
model.add(layers.SeparableConv2D(32, 3, activation="relu"))
model.add(layers.MaxPooling2D(2))
model.add(layers.SeparableConv2D(16, 3, activation="relu"))
model.add(layers.GlobalAveragePooling2D())
model.add(layers.Dense(8, activation="relu"))
model.add(layers.Dense(num_classes, activation="softmax"))
model.summary()
model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
history = model.fit(x, y, epochs=2, batch_size=32)
