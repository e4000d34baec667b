"""Classics of keras.io in tf.keras spelling without TensorFlow's own functions."""

import numpy as np
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.preprocessing.sequence import pad_sequences
import random
import io
import pathlib
import os


# addition
class CharacterTable:
    def __init__(self, chars):
        self.chars = sorted(set(chars))
        self.char_indices = dict((c, i) for i, c in enumerate(self.chars))
        self.indices_char = dict((i, c) for i, c in enumerate(self.chars))

    def encode(self, C, num_rows):
        x = np.zeros((num_rows, len(self.chars)))
        for i, c in enumerate(C):
            x[i, self.char_indices[c]] = 1
        return x

    def decode(self, x, calc_argmax=True):
        if calc_argmax:
            x = x.argmax(axis=-1)
        return "".join(self.indices_char[x] for x in x)


TRAINING_SIZE, DIGITS, REVERSE = 200, 2, True
MAXLEN = DIGITS + 1 + DIGITS
chars = "0123456789+ "
ctable = CharacterTable(chars)
questions, expected = [], []
while len(questions) < TRAINING_SIZE:

    def f():
        return int(
            "".join(
                np.random.choice(list("0123456789"))
                for i in range(np.random.randint(1, DIGITS + 1))
            )
        )

    a, b = f(), f()
    q = "{}+{}".format(a, b)
    query = q + " " * (MAXLEN - len(q))
    ans = str(a + b)
    ans += " " * (DIGITS + 1 - len(ans))
    questions.append(query[::-1])
    expected.append(ans)
x = np.zeros((len(questions), MAXLEN, len(chars)), dtype=np.bool_)
y = np.zeros((len(questions), DIGITS + 1, len(chars)), dtype=np.bool_)
for i, sentence in enumerate(questions):
    x[i] = ctable.encode(sentence, MAXLEN)
for i, sentence in enumerate(expected):
    y[i] = ctable.encode(sentence, DIGITS + 1)
model = keras.Sequential()
model.add(layers.LSTM(16, input_shape=(MAXLEN, len(chars))))
model.add(layers.RepeatVector(DIGITS + 1))
for _ in range(1):
    model.add(layers.LSTM(16, return_sequences=True))
model.add(layers.Dense(len(chars), activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
h = model.fit(x[20:], y[20:], batch_size=32, epochs=2, validation_data=(x[:20], y[:20]))
assert h.history["loss"][1] < h.history["loss"][0]
for i in range(2):
    ind = np.random.randint(0, 20)
    rowx, rowy = x[np.array([ind])], y[np.array([ind])]
    preds = np.argmax(model.predict(rowx), axis=-1)
    q = ctable.decode(rowx[0])
    guess = ctable.decode(preds[0], calc_argmax=False)
    print("Q", q[::-1], "T", ctable.decode(rowy[0]), end=" ")

# char seq2seq
latent_dim, num_encoder_tokens, num_decoder_tokens = 8, 10, 12
encoder_inputs = keras.Input(shape=(None, num_encoder_tokens))
encoder = keras.layers.LSTM(latent_dim, return_state=True)
encoder_outputs, state_h, state_c = encoder(encoder_inputs)
encoder_states = [state_h, state_c]
decoder_inputs = keras.Input(shape=(None, num_decoder_tokens))
decoder_lstm = keras.layers.LSTM(latent_dim, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
decoder_dense = keras.layers.Dense(num_decoder_tokens, activation="softmax")
decoder_outputs = decoder_dense(decoder_outputs)
model = keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
enc = np.eye(10)[np.random.randint(0, 10, (64, 5))]
dec = np.eye(12)[np.random.randint(0, 12, (64, 6))]
model.fit([enc, dec], np.roll(dec, -1, 1), batch_size=32, epochs=1, validation_split=0.2)
model.save("s2s")
model = keras.models.load_model("s2s")
encoder_inputs = model.input[0]
encoder_outputs, state_h_enc, state_c_enc = model.layers[2].output
encoder_states = [state_h_enc, state_c_enc]
encoder_model = keras.Model(encoder_inputs, encoder_states)
decoder_inputs = model.input[1]
decoder_state_input_h = keras.Input(shape=(latent_dim,), name="input_3")
decoder_state_input_c = keras.Input(shape=(latent_dim,), name="input_4")
decoder_states_inputs = [decoder_state_input_h, decoder_state_input_c]
decoder_lstm = model.layers[3]
decoder_outputs, state_h_dec, state_c_dec = decoder_lstm(
    decoder_inputs, initial_state=decoder_states_inputs
)
decoder_states = [state_h_dec, state_c_dec]
decoder_dense = model.layers[4]
decoder_outputs = decoder_dense(decoder_outputs)
decoder_model = keras.Model(
    [decoder_inputs] + decoder_states_inputs, [decoder_outputs] + decoder_states
)
states_value = encoder_model.predict(enc[:1])
target_seq = np.zeros((1, 1, num_decoder_tokens))
target_seq[0, 0, 0] = 1.0
for _ in range(3):
    output_tokens, h, c = decoder_model.predict([target_seq] + states_value)
    sampled_token_index = np.argmax(output_tokens[0, -1, :])
    target_seq = np.zeros((1, 1, num_decoder_tokens))
    target_seq[0, 0, sampled_token_index] = 1.0
    states_value = [h, c]
