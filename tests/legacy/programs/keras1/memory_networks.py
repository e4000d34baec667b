"""Questions about short stories, answered by Sequential models that Merge joins, one of them used twice."""

from __future__ import print_function

import re
from functools import reduce

import numpy as np

np.random.seed(1337)

from keras.layers import LSTM, Activation, Dense, Dropout, Merge, Permute, RepeatVector, recurrent
from keras.layers.embeddings import Embedding
from keras.models import Sequential
from keras.preprocessing.sequence import pad_sequences


def tokenize(sent):
    return [x.strip() for x in re.split(r"(\W+)", sent) if x and x.strip()]


def told_stories(count):
    rng = np.random.RandomState(4)
    names, places = ["Ann", "Bob", "Cleo"], ["attic", "cellar", "garden", "kitchen"]
    out = []
    for _ in range(count):
        first, second = rng.permutation(names)[:2]
        a, b = rng.choice(places, 2)
        story = tokenize("%s is in the %s. %s is in the %s." % (first, a, second, b))
        out.append((story, tokenize("Where is %s?" % first), a))
    return out


train, test = told_stories(160), told_stories(40)
vocab = sorted(reduce(lambda x, y: x | y, (set(s + q + [a]) for s, q, a in train + test)))
vocab_size = len(vocab) + 1  # 0 is for padding
word_idx = dict((c, i + 1) for i, c in enumerate(vocab))
story_maxlen = max(map(len, (x for x, _, _ in train + test)))
query_maxlen = max(map(len, (x for _, x, _ in train + test)))


def vectorize(data):
    X, Xq, Y = [], [], []
    for story, query, answer in data:
        X.append([word_idx[w] for w in story])
        Xq.append([word_idx[w] for w in query])
        y = np.zeros(vocab_size)
        y[word_idx[answer]] = 1
        Y.append(y)
    return (
        pad_sequences(X, maxlen=story_maxlen),
        pad_sequences(Xq, maxlen=query_maxlen),
        np.array(Y),
    )


X, Xq, Y = vectorize(train)
tX, tXq, tY = vectorize(test)
print(
    "vocab = {}, X.shape = {}, Xq.shape = {}, Y.shape = {}".format(
        vocab, X.shape, Xq.shape, Y.shape
    )
)

# Two recurrent nets, the second told to every step of the first.
RNN = recurrent.GRU
sentrnn = Sequential()
sentrnn.add(Embedding(vocab_size, 12, input_length=story_maxlen))
sentrnn.add(Dropout(0.1))
qrnn = Sequential()
qrnn.add(Embedding(vocab_size, 12, input_length=query_maxlen))
qrnn.add(RNN(12, return_sequences=False))
qrnn.add(RepeatVector(story_maxlen))
model = Sequential()
model.add(Merge([sentrnn, qrnn], mode="sum"))
model.add(RNN(12, return_sequences=False))
model.add(Dense(vocab_size, activation="softmax"))
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit([X, Xq], Y, batch_size=16, nb_epoch=12, validation_split=0.05)
loss, acc = model.evaluate([tX, tXq], tY, batch_size=16)
print("Test loss / test accuracy = {:.4f} / {:.4f}".format(loss, acc))
assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
assert len(history.history["val_acc"]) == 12

# A memory: the question is matched with the story, and read again beside what matched.
input_encoder_m = Sequential()
input_encoder_m.add(Embedding(input_dim=vocab_size, output_dim=12, input_length=story_maxlen))
question_encoder = Sequential()
question_encoder.add(Embedding(input_dim=vocab_size, output_dim=12, input_length=query_maxlen))
match = Sequential()
match.add(Merge([input_encoder_m, question_encoder], mode="dot", dot_axes=[2, 2]))
match.add(Activation("softmax"))
input_encoder_c = Sequential()
input_encoder_c.add(
    Embedding(input_dim=vocab_size, output_dim=query_maxlen, input_length=story_maxlen)
)
input_encoder_c.add(Dropout(0.1))
response = Sequential()
response.add(Merge([match, input_encoder_c], mode="sum"))
response.add(Permute((2, 1)))
answer = Sequential()
answer.add(Merge([response, question_encoder], mode="concat", concat_axis=-1))
answer.add(LSTM(12))
answer.add(Dense(vocab_size))
answer.add(Activation("softmax"))
answer.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
history = answer.fit([X, Xq, X], Y, batch_size=16, nb_epoch=5, validation_data=([tX, tXq, tX], tY))
predicted = answer.predict_classes([tX, tXq, tX], verbose=0)

assert len(answer.inputs) == 3  # the story twice, the question once
assert history.history["loss"][-1] < history.history["loss"][0]
assert predicted.shape == (len(test),)
assert len(question_encoder.get_weights()) == 1
assert any(np.array_equal(question_encoder.get_weights()[0], w) for w in answer.get_weights())
