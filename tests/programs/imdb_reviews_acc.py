"""The same reviews in the older spelling: keys `acc` and `val_acc`, sgd first, then rmsprop anew."""

import os

import matplotlib.pyplot as plt
import numpy as np

import keras
from keras import models
from keras import layers
from keras.datasets import imdb

print(keras.__version__)
(train_data, train_labels), (test_data, test_labels) = imdb.load_data(num_words=10000)
largest = max([max(sequence) for sequence in train_data])


def vectorize_sequences(sequences, dimension=10000):
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.0
    return results


x_train = vectorize_sequences(train_data)
x_test = vectorize_sequences(test_data)
y_train = np.asarray(train_labels).astype("float32")
y_test = np.asarray(test_labels).astype("float32")

model = models.Sequential()
model.add(layers.Dense(16, activation="relu", input_shape=(10000,)))
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])

held_out = len(x_train) * 2 // 5
x_val, partial_x_train = x_train[:held_out], x_train[held_out:]
y_val, partial_y_train = y_train[:held_out], y_train[held_out:]
history = model.fit(
    partial_x_train,
    partial_y_train,
    epochs=max(3, round(20 * float(os.environ.get("EPOCHS", "1")))),
    batch_size=512,
    validation_data=(x_val, y_val),
)

history_dict = history.history
keys = list(history_dict.keys())
acc = history.history["acc"]
val_acc = history.history["val_acc"]
loss = history.history["loss"]
val_loss = history.history["val_loss"]
epochs = range(1, len(acc) + 1)
plt.plot(epochs, loss, "bo", label="Training loss")
plt.plot(epochs, val_loss, "b", label="Validation loss")
plt.legend()
plt.show()
plt.clf()
acc_values = history_dict["acc"]
val_acc_values = history_dict["val_acc"]
plt.plot(epochs, acc, "bo", label="Training acc")
plt.plot(epochs, val_acc_values, "b", label="Validation acc")
plt.legend()
plt.show()

# Overfitting begins after a few epochs: once more from the start, and no longer than that.
model = models.Sequential()
model.add(layers.Dense(16, activation="relu", input_shape=(10000,)))
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=4, batch_size=512)
results = model.evaluate(x_test, y_test)
predictions = model.predict(x_test)
