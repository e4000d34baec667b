"""The core layers one behind the other, and the losses by their names."""

import numpy as np

from keras.layers import Activation, ActivityRegularization, Dense, Dropout, Flatten
from keras.layers import LSTM, Lambda, Masking, Permute, RepeatVector, Reshape
from keras.models import Sequential

model = Sequential()
model.add(Dense(12, input_shape=(8,)))
model.add(Activation("relu"))
model.add(ActivityRegularization(l1=1e-4, l2=1e-4))
model.add(Reshape((3, 4)))
model.add(Permute((2, 1)))
model.add(Lambda(lambda t: t**2))
model.add(Flatten())
model.add(Dropout(0.5, noise_shape=None, seed=None))
model.add(RepeatVector(5))
model.add(Masking(mask_value=0.0))
model.add(LSTM(4))
model.add(Dense(1))
shapes = [layer.output_shape for layer in model.layers]
model.compile(loss="mean_squared_error", optimizer="adam")
rng = np.random.RandomState(26)
x = rng.normal(size=(64, 8))
history = model.fit(x, x[:, :1] ** 2, epochs=4, batch_size=16, verbose=2)

errors = {}
y = rng.randint(0, 2, size=(64, 1)).astype("float32")
model = Sequential([Dense(1, input_dim=8, activation="sigmoid")])
for loss in [
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "hinge",
    "binary_crossentropy",
]:
    model.compile(loss=loss, optimizer="sgd")
    errors[loss] = model.evaluate(x, y, batch_size=64, verbose=0)
outputs = model.predict(x)

classes = rng.randint(0, 3, size=64)
model = Sequential([Dense(3, input_dim=8), Activation("softmax")])
for loss, targets in [
    ("categorical_crossentropy", np.eye(3)[classes]),
    ("sparse_categorical_crossentropy", classes),
]:
    model.compile(loss=loss, optimizer="sgd")
    errors[loss] = model.evaluate(x, targets, batch_size=64, verbose=0)
probabilities = model.predict(x)
