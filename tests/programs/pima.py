"""Diabetes among the Pima: a first perceptron of several layers, 8-12-8-1."""

import os

import numpy

from keras.layers import Dense
from keras.models import Sequential

numpy.random.seed(7)
dataset = numpy.loadtxt("pima-indians-diabetes.csv", delimiter=",")
X = dataset[:, 0:8]
Y = dataset[:, 8]

model = Sequential()
model.add(Dense(12, input_dim=8, activation="relu"))
model.add(Dense(8, activation="relu"))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
epochs = round(150 * float(os.environ.get("EPOCHS", "1")))
history = model.fit(X, Y, epochs=epochs, batch_size=10)
scores = model.evaluate(X, Y)
print("\n%s: %.2f%%" % (model.metrics_names[1], scores[1] * 100))
