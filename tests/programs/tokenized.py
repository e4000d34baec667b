"""Two sentences as numbers: characters one-hot by hand, words by a Tokenizer."""

import string

import numpy as np

from keras.preprocessing.text import Tokenizer

samples = ["The fox ran up the hill.", "The crow kept its cheese."]

characters = string.printable
ascii_table = dict(zip(characters, range(1, len(characters) + 1)))
max_length = 50
results = np.zeros((len(samples), max_length, max(ascii_table.values()) + 1))
for i, sample in enumerate(samples):
    for j, character in enumerate(sample):
        index = ascii_table.get(character)
        results[i, j, index] = 1

tokenizer = Tokenizer(num_words=1000)
tokenizer.fit_on_texts(samples)
sequences = tokenizer.texts_to_sequences(samples)
one_hot_results = tokenizer.texts_to_matrix(samples, mode="binary")
word_index = tokenizer.word_index
print("Found %s unique tokens." % len(word_index))
print(tokenizer.word_docs)

matrices = {}
for mode in ["count", "tfidf", "freq"]:
    matrices[mode] = tokenizer.texts_to_matrix(samples, mode=mode)
