"""Training by hand, one batch at a time."""

import numpy as np

from keras.layers import Dense
from keras.models import Sequential

rng = np.random.RandomState(6)
x = rng.normal(size=(320, 4)).astype("float32")
y = (x[:, 0] * x[:, 1] > 0).astype("float32")

model = Sequential()
model.add(Dense(16, input_dim=4, activation="relu"))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])

first = model.test_on_batch(x, y)
for _ in range(10):
    for start in range(0, 320, 32):
        rows = slice(start, start + 32)
        result = model.train_on_batch(x[rows], y[rows], class_weight={0: 1.0, 1: 1.0})
last = model.test_on_batch(x, y)
answers = model.predict_on_batch(x[:7])
