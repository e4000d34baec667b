"""Define, compile, fit: the three steps on random vectors of 784 numbers."""

import numpy as np

from tensorflow.keras import models
from tensorflow.keras import layers

layer = layers.Dense(32, input_shape=(784,))
shape_of_layer = layer(np.ones((2, 784), "float32")).shape

model = models.Sequential()
model.add(layers.Dense(32, input_shape=(784,)))
model.add(layers.Dense(32))

model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

rng = np.random.RandomState(0)
input_tensor = rng.random_sample((256, 784)).astype("float32")
target_tensor = rng.randint(0, 32, size=256)
history = model.fit(input_tensor, target_tensor, epochs=5, batch_size=128)
