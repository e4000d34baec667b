"""Recurrent layers on top of each other, read in both directions, and after convolutions."""

import numpy as np

from keras import layers
from keras.datasets import imdb
from keras.models import Sequential
from keras.optimizers import RMSprop
from keras.preprocessing import sequence

rng = np.random.RandomState(15)
x = rng.normal(size=(128, 12, 3)).astype("float32")
y = x[:, :, 0].mean(axis=1)

stacked = Sequential()
stacked.add(
    layers.GRU(
        8,
        dropout=0.1,
        recurrent_dropout=0.5,
        return_sequences=True,
        input_shape=(None, x.shape[-1]),
    )
)
stacked.add(layers.GRU(16, activation="relu", dropout=0.1, recurrent_dropout=0.5))
stacked.add(layers.Dense(1))
stacked.compile(optimizer=RMSprop(), loss="mae")
stacked_history = stacked.fit(x, y, epochs=3, batch_size=32, verbose=2)

both_ways = Sequential()
both_ways.add(layers.Bidirectional(layers.GRU(8), input_shape=(None, x.shape[-1])))
both_ways.add(layers.Dense(1))
both_ways.compile(optimizer=RMSprop(), loss="mae")
both_history = both_ways.fit(x, y, epochs=3, batch_size=32, verbose=2)

convolved = Sequential()
convolved.add(layers.Conv1D(8, 5, activation="relu", input_shape=(None, x.shape[-1])))
convolved.add(layers.MaxPooling1D(3))
convolved.add(layers.GRU(8, dropout=0.1, recurrent_dropout=0.5))
convolved.add(layers.Dense(1))
convolved.summary()
convolved.compile(optimizer=RMSprop(), loss="mae")
conv_history = convolved.fit(x, y, epochs=3, batch_size=32, verbose=2)

max_features, maxlen = 2000, 40
(x_train, y_train), _ = imdb.load_data(num_words=max_features)
x_train = sequence.pad_sequences([list(words)[::-1] for words in x_train], maxlen=maxlen)
reviews = Sequential()
reviews.add(layers.Embedding(max_features, 16))
reviews.add(layers.Bidirectional(layers.LSTM(16)))
reviews.add(layers.Dense(1, activation="sigmoid"))
reviews.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
review_history = reviews.fit(x_train, y_train, epochs=3, batch_size=128, validation_split=0.2)
