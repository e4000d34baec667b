"""From text files to word vectors: reviews read and numbered, vectors put into an Embedding and frozen."""

import os

import matplotlib.pyplot as plt
import numpy as np

from keras.layers import Dense, Embedding, Flatten
from keras.models import Sequential
from keras.preprocessing.sequence import pad_sequences
from keras.preprocessing.text import Tokenizer

imdb_dir = "aclImdb"
glove_dir = "glove.6B"
embedding_dim = 20

# Short reviews in folders, and vectors for all of their words but one.
rng = np.random.RandomState(13)
common = "it the a film story plot actor scene and was with of this".split()
telling = {"neg": "dull slow poor bad weak".split(), "pos": "bright quick fine good strong".split()}
train_dir = os.path.join(imdb_dir, "train")
for label_type in ["neg", "pos"]:
    os.makedirs(os.path.join(train_dir, label_type))
    for i in range(150):
        words = [*rng.choice(common, rng.randint(10, 30)), *rng.choice(telling[label_type], 4)]
        rng.shuffle(words)
        with open(os.path.join(train_dir, label_type, "%d_%d.txt" % (i, i % 10)), "w") as f:
            f.write(" ".join(words).capitalize() + ".")
os.mkdir(glove_dir)
with open(os.path.join(glove_dir, "glove.6B.20d.txt"), "w") as f:
    for word in common[1:] + telling["neg"] + telling["pos"]:
        f.write(word + " " + " ".join("%.4f" % v for v in rng.normal(size=embedding_dim)) + "\n")

labels = []
texts = []
for label_type in ["neg", "pos"]:
    dir_name = os.path.join(train_dir, label_type)
    for fname in sorted(os.listdir(dir_name)):
        if fname[-4:] == ".txt":
            f = open(os.path.join(dir_name, fname))
            texts.append(f.read())
            f.close()
            if label_type == "neg":
                labels.append(0)
            else:
                labels.append(1)

maxlen = 40
training_samples = 200
validation_samples = 10000
max_words = 1000
tokenizer = Tokenizer(num_words=max_words)
tokenizer.fit_on_texts(texts)
sequences = tokenizer.texts_to_sequences(texts)
word_index = tokenizer.word_index
print("Found %s unique tokens." % len(word_index))

data = pad_sequences(sequences, maxlen=maxlen)
labels = np.asarray(labels)
print("Shape of data tensor:", data.shape)
print("Shape of label tensor:", labels.shape)
indices = np.arange(data.shape[0])
np.random.shuffle(indices)
data = data[indices]
labels = labels[indices]
x_train = data[:training_samples]
y_train = labels[:training_samples]
x_val = data[training_samples : training_samples + validation_samples]
y_val = labels[training_samples : training_samples + validation_samples]

embeddings_index = {}
f = open(os.path.join(glove_dir, "glove.6B.20d.txt"))
for line in f:
    values = line.split()
    word = values[0]
    coefs = np.asarray(values[1:], dtype="float32")
    embeddings_index[word] = coefs
f.close()
print("Found %s word vectors." % len(embeddings_index))

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
history = model.fit(x_train, y_train, epochs=10, batch_size=32, validation_data=(x_val, y_val))
model.save_weights("pre_trained_glove_model.h5")
vectors_after = model.layers[0].get_weights()[0]

acc = history.history["acc"]
val_acc = history.history["val_acc"]
epochs = range(1, len(acc) + 1)
plt.plot(epochs, acc, "bo", label="Training acc")
plt.plot(epochs, val_acc, "b", label="Validation acc")
plt.title("Accuracy in training and validation")
plt.legend()
plt.show()

again = Sequential()
again.add(Embedding(max_words, embedding_dim, input_length=maxlen))
again.add(Flatten())
again.add(Dense(32, activation="relu"))
again.add(Dense(1, activation="sigmoid"))
again.load_weights("pre_trained_glove_model.h5")
same = np.allclose(model.predict(x_val), again.predict(x_val), atol=1e-6)
