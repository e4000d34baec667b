"""The same with the two numbers of Embedding exchanged, as it is often written by mistake."""

import numpy as np

from keras import layers
from keras import Input
from keras.models import Model

text_vocabulary_size = 10000
question_vocabulary_size = 10000
answer_vocabulary_size = 50

text_input = Input(shape=(None,), dtype="int32", name="text")
embedded_text = layers.Embedding(64, text_vocabulary_size)(text_input)
encoded_text = layers.LSTM(4)(embedded_text)
question_input = Input(shape=(None,), dtype="int32", name="question")
embedded_question = layers.Embedding(32, question_vocabulary_size)(question_input)
encoded_question = layers.LSTM(4)(embedded_question)
concatenated = layers.concatenate([encoded_text, encoded_question], axis=-1)
answer = layers.Dense(answer_vocabulary_size, activation="softmax")(concatenated)
model = Model([text_input, question_input], answer)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["acc"])

rng = np.random.RandomState(17)
text = rng.randint(1, text_vocabulary_size, size=(16, 5))
question = rng.randint(1, question_vocabulary_size, size=(16, 5))
answers = rng.randint(0, 1, size=(16, answer_vocabulary_size))
model.fit([text, question], answers, epochs=1, batch_size=16)
