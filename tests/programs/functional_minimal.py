"""Layers as functions of tensors."""

import numpy as np

from keras import layers
from keras import Input
from keras.models import Model

input_tensor = Input(shape=(32,))
dense = layers.Dense(32, activation="relu")
output_tensor = dense(input_tensor)
short = Model(input_tensor, output_tensor)

a = Input(shape=(32,))
b = layers.Dense(32)(a)
model = Model(inputs=a, outputs=b)

input_tensor = Input(shape=(64,))
x = layers.Dense(32, activation="relu")(input_tensor)
x = layers.Dense(32, activation="relu")(x)
output_tensor = layers.Dense(10, activation="softmax")(x)
model = Model(input_tensor, output_tensor)
model.summary()

model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
x_train = np.random.random((1000, 64))
y_train = np.random.random((1000, 10))
history = model.fit(x_train, y_train, epochs=3, batch_size=128)
score = model.evaluate(x_train, y_train)
config = model.get_config()
