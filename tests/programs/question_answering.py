"""A text and a question go in, one word of an answer comes out."""

import numpy as np

from keras import layers
from keras import Input
from keras.models import Model

text_vocabulary_size = 10000
question_vocabulary_size = 10000
answer_vocabulary_size = 500

text_input = Input(shape=(None,), dtype="int32", name="text")
embedded_text = layers.Embedding(text_vocabulary_size, 64)(text_input)
encoded_text = layers.LSTM(32)(embedded_text)

question_input = Input(shape=(None,), dtype="int32", name="question")
embedded_question = layers.Embedding(question_vocabulary_size, 32)(question_input)
encoded_question = layers.LSTM(16)(embedded_question)

concatenated = layers.concatenate([encoded_text, encoded_question], axis=-1)
answer = layers.Dense(answer_vocabulary_size, activation="softmax")(concatenated)
model = Model([text_input, question_input], answer)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["acc"])

rng = np.random.RandomState(16)
num_samples = 128
text = rng.randint(1, text_vocabulary_size, size=(num_samples, 30))
question = rng.randint(1, question_vocabulary_size, size=(num_samples, 10))
answers = np.eye(answer_vocabulary_size)[rng.randint(0, answer_vocabulary_size, num_samples)]
by_list = model.fit([text, question], answers, epochs=2, batch_size=64)
by_name = model.fit({"text": text, "question": question}, answers, epochs=2, batch_size=64)
