"""Two LSTMs learn which letter follows fifty others, then write on by themselves."""

import os

import numpy

from keras.layers import LSTM, Dense, Dropout
from keras.models import Sequential
from keras.utils import np_utils

numpy.random.seed(3)
WIDTH = int(os.environ.get("WIDTH", "300"))
line = "the tide comes in and the tide goes out while the boats lie still "
with open("tide.txt", "w") as f:
    f.write(line * 4)
text = (open("tide.txt").read()).lower()

unique_chars = sorted(list(set(text)))
char_to_int = {}
int_to_char = {}
for i, c in enumerate(unique_chars):
    char_to_int.update({c: i})
    int_to_char.update({i: c})

X = []
Y = []
for i in range(0, len(text) - 50, 1):
    sequence = text[i : i + 50]
    label = text[i + 50]
    X.append([char_to_int[char] for char in sequence])
    Y.append(char_to_int[label])

X_modified = numpy.reshape(X, (len(X), 50, 1))
X_modified = X_modified / float(len(unique_chars))
Y_modified = np_utils.to_categorical(Y)

model = Sequential()
model.add(
    LSTM(WIDTH, input_shape=(X_modified.shape[1], X_modified.shape[2]), return_sequences=True)
)
model.add(Dropout(0.2))
model.add(LSTM(WIDTH))
model.add(Dropout(0.2))
model.add(Dense(Y_modified.shape[1], activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam")
history = model.fit(X_modified, Y_modified, epochs=1, batch_size=30)
model.save("tide.model.hdf5")

start_index = numpy.random.randint(0, len(X) - 1)
new_string = X[start_index]
written = []
for _ in range(20):
    x = numpy.reshape(new_string, (1, len(new_string), 1))
    x = x / float(len(unique_chars))
    pred_index = numpy.argmax(model.predict(x, verbose=0))
    char_out = int_to_char[pred_index]
    seq_in = [int_to_char[value] for value in new_string]
    written.append(char_out)
    new_string.append(pred_index)
    new_string = new_string[1 : len(new_string)]
print("".join(seq_in), "->", "".join(written))
