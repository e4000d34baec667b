"""Reviews read word by word: SimpleRNN, then LSTM, in ten epochs each."""

import os

import matplotlib.pyplot as plt

from keras.datasets import imdb
from keras.layers import LSTM, Dense, Embedding, SimpleRNN
from keras.models import Sequential
from keras.preprocessing import sequence

max_features = 10000
maxlen = int(os.environ.get("MAXLEN", "500"))
epochs_asked = max(2, round(10 * float(os.environ.get("EPOCHS", "1"))))

# Either the last answer of a recurrent layer, or the answers at all times.
model = Sequential()
model.add(Embedding(10000, 32))
model.add(SimpleRNN(32))
model.summary()
last_only = model.output_shape
model = Sequential()
model.add(Embedding(10000, 32))
model.add(SimpleRNN(32, return_sequences=True))
model.summary()
all_times = model.output_shape

(input_train, y_train), (input_test, y_test) = imdb.load_data(num_words=max_features)
print(len(input_train), "train sequences")
print(len(input_test), "test sequences")
input_train = sequence.pad_sequences(input_train, maxlen=maxlen)
input_test = sequence.pad_sequences(input_test, maxlen=maxlen)
print("input_train shape:", input_train.shape)

histories = {}
for recurrent in (SimpleRNN, LSTM):
    model = Sequential()
    model.add(Embedding(max_features, 32))
    model.add(recurrent(32))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
    history = model.fit(
        input_train, y_train, epochs=epochs_asked, batch_size=128, validation_split=0.2
    )
    histories[recurrent.__name__] = history

    acc = history.history["acc"]
    val_acc = history.history["val_acc"]
    loss = history.history["loss"]
    val_loss = history.history["val_loss"]
    epochs = range(1, len(acc) + 1)
    plt.plot(epochs, acc, "bo", label="Training acc")
    plt.plot(epochs, val_acc, "b", label="Validation acc")
    plt.legend()
    plt.figure()
    plt.plot(epochs, loss, "bo", label="Training loss")
    plt.plot(epochs, val_loss, "b", label="Validation loss")
    plt.legend()
    plt.show()
