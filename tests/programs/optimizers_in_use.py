"""Optimizers by object and by name, with a decaying rate, momentum and clipped gradients."""

import numpy as np

from keras import optimizers
from keras.layers import Activation, Dense
from keras.models import Sequential

rng = np.random.RandomState(7)
x = rng.normal(size=(96, 10)).astype("float32")
y = np.eye(64, dtype="float32")[rng.randint(0, 64, size=96)]
losses = {}


def build():
    model = Sequential()
    model.add(Dense(64, kernel_initializer="uniform", input_shape=(10,)))
    model.add(Activation("softmax"))
    return model


model = build()
sgd = optimizers.SGD(lr=0.01, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss="mean_squared_error", optimizer=sgd)
losses["object"] = model.fit(x, y, epochs=2, verbose=0).history["loss"]

# By name: the defaults apply.
for name in ["sgd", "rmsprop", "adam", "adagrad", "adadelta", "adamax", "nadam"]:
    model = build()
    model.compile(loss="mean_squared_error", optimizer=name)
    losses[name] = model.fit(x, y, epochs=2, verbose=0).history["loss"]

# No gradient longer than 1; no part of a gradient beyond 0.5.
for sgd in (optimizers.SGD(lr=0.01, clipnorm=1.0), optimizers.SGD(lr=0.01, clipvalue=0.5)):
    model = build()
    model.compile(loss="mean_squared_error", optimizer=sgd)
    losses[str(sgd.clipnorm)] = model.fit(x, y, epochs=2, verbose=0).history["loss"]

adam = optimizers.Adam(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08, decay=0.0)
model = build()
model.compile(loss="mean_squared_error", optimizer=adam)
losses["adam object"] = model.fit(x, y, epochs=2, verbose=0).history["loss"]
