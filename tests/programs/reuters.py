"""News in 46 topics: 64-64-46, one-hot labels, then anew for six epochs, then the predictions."""

import os

import matplotlib.pyplot as plt
import numpy as np

from keras import models
from keras import layers
from keras.datasets import reuters
from keras.utils.np_utils import to_categorical

(train_data, train_labels), (test_data, test_labels) = reuters.load_data(num_words=10000)
print(len(train_data), len(test_data))
word_index = reuters.get_word_index()
index_word = dict([(value, key) for (key, value) in word_index.items()])
decoded_newswire = " ".join([index_word.get(i - 3, "?") for i in train_data[0]])


def vectorize_sequences(sequences, dimension=10000):
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.0
    return results


def to_one_hot(labels, dimension=46):
    results = np.zeros((len(labels), dimension))
    for i, label in enumerate(labels):
        results[i, label] = 1.0
    return results


x_train = vectorize_sequences(train_data)
x_test = vectorize_sequences(test_data)
one_hot_train_labels = to_categorical(train_labels)
one_hot_test_labels = to_categorical(test_labels)
by_hand = to_one_hot(train_labels)


def build():
    model = models.Sequential()
    model.add(layers.Dense(64, activation="relu", input_shape=(10000,)))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(46, activation="softmax"))
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


held_out = len(x_train) // 9
x_val, partial_x_train = x_train[:held_out], x_train[held_out:]
y_val, partial_y_train = one_hot_train_labels[:held_out], one_hot_train_labels[held_out:]
model = build()
history = model.fit(
    partial_x_train,
    partial_y_train,
    epochs=max(2, round(20 * float(os.environ.get("EPOCHS", "1")))),
    batch_size=512,
    validation_data=(x_val, y_val),
)

loss = history.history["loss"]
val_loss = history.history["val_loss"]
epochs = range(1, len(loss) + 1)
plt.plot(epochs, loss, "bo", label="Training loss")
plt.plot(epochs, val_loss, "b", label="Validation loss")
plt.legend()
plt.show()
plt.clf()
acc = history.history["acc"]
val_acc = history.history["val_acc"]
plt.plot(epochs, acc, "bo", label="Training acc")
plt.plot(epochs, val_acc, "b", label="Validation acc")
plt.legend()
plt.show()

model = build()
model.fit(
    partial_x_train, partial_y_train, epochs=6, batch_size=512, validation_data=(x_val, y_val)
)
test_loss, test_accu = model.evaluate(x_test, one_hot_test_labels)

predictions = model.predict(x_test)
total = np.sum(predictions[0])
topic = np.argmax(predictions[0])
