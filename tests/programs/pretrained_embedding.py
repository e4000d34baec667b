"""Word vectors read from a file, put into an Embedding and frozen there."""

import numpy as np

from keras.datasets import imdb
from keras.layers import Dense, Embedding, Flatten
from keras.models import Sequential
from keras.preprocessing.sequence import pad_sequences

maxlen = 100
training_samples = 200
max_words = 1000
embedding_dim = 20

(sequences, labels), _ = imdb.load_data(num_words=max_words)
word_index = {word: i for word, i in imdb.get_word_index().items() if i < max_words}
data = pad_sequences(sequences, maxlen=maxlen)
labels = np.asarray(labels)
indices = np.arange(data.shape[0])
np.random.RandomState(12).shuffle(indices)
data, labels = data[indices], labels[indices]
x_train, y_train = data[:training_samples], labels[:training_samples]
x_val, y_val = data[training_samples:], labels[training_samples:]

rng = np.random.RandomState(13)
with open("vectors.txt", "w") as f:
    for word in list(word_index)[::2]:
        f.write(word + " " + " ".join("%.4f" % v for v in rng.normal(size=embedding_dim)) + "\n")

embeddings_index = {}
f = open("vectors.txt")
for line in f:
    values = line.split()
    word = values[0]
    coefs = np.asarray(values[1:], dtype="float32")
    embeddings_index[word] = coefs
f.close()

embedding_matrix = np.zeros((max_words, embedding_dim))
for word, i in word_index.items():
    if i < max_words:
        embedding_vector = embeddings_index.get(word)
        if embedding_vector is not None:
            embedding_matrix[i] = embedding_vector

model = Sequential()
model.add(Embedding(max_words, embedding_dim, input_length=maxlen))
model.add(Flatten())
model.add(Dense(32, activation="relu"))
model.add(Dense(1, activation="sigmoid"))
model.summary()

model.layers[0].set_weights([embedding_matrix])
model.layers[0].trainable = False

model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
history = model.fit(
    x_train, y_train, epochs=10, batch_size=32, validation_data=(x_val, y_val), verbose=2
)
model.save_weights("pre_trained_vectors_model.h5")
vectors_after = model.layers[0].get_weights()[0]

again = Sequential()
again.add(Embedding(max_words, embedding_dim, input_length=maxlen))
again.add(Flatten())
again.add(Dense(32, activation="relu"))
again.add(Dense(1, activation="sigmoid"))
again.load_weights("pre_trained_vectors_model.h5")
same = np.allclose(model.predict(x_val), again.predict(x_val), atol=1e-6)
