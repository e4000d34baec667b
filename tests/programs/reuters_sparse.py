"""News again with whole-number labels, and with a layer of four units as a bottleneck."""

import numpy as np

from keras import models
from keras import layers
from keras.datasets import reuters

(train_data, train_labels), (test_data, test_labels) = reuters.load_data(num_words=10000)


def vectorize_sequences(sequences, dimension=10000):
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.0
    return results


x_train, x_test = vectorize_sequences(train_data), vectorize_sequences(test_data)
y_train, y_test = np.array(train_labels), np.array(test_labels)

results = {}
for width in (64, 4):
    model = models.Sequential()
    model.add(layers.Dense(64, activation="relu", input_shape=(10000,)))
    model.add(layers.Dense(width, activation="relu"))
    model.add(layers.Dense(46, activation="softmax"))
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["acc"])
    history = model.fit(x_train, y_train, epochs=6, batch_size=128, verbose=2)
    results[width] = model.evaluate(x_test, y_test)
