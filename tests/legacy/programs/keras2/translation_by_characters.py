"""A sentence into another, character by character: trained, taken apart for inference, restored from a file."""

from __future__ import print_function

import numpy as np

from keras import backend as K
from keras.layers import GRU, LSTM, Activation, Concatenate, Convolution1D, Dense, Dot, Embedding
from keras.layers import Input, Lambda, RepeatVector, TimeDistributed
from keras.models import Model, Sequential, load_model

latent_dim = 24
data_path = "pairs.txt"
rng = np.random.RandomState(3)
with open(data_path, "w", encoding="utf-8") as f:
    for _ in range(90):
        word = "".join(rng.choice(list("abc"), rng.randint(2, 4)))
        f.write(word + "\t" + word.upper() + "\n")

input_texts, target_texts = [], []
input_characters, target_characters = set(), set()
with open(data_path, encoding="utf-8") as f:
    lines = f.read().split("\n")
for line in lines[: min(80, len(lines) - 1)]:
    input_text, target_text = line.split("\t")
    # "tab" is the "start sequence" character, "\n" the "end sequence" character
    target_text = "\t" + target_text + "\n"
    input_texts.append(input_text)
    target_texts.append(target_text)
    input_characters.update(input_text)
    target_characters.update(target_text)

input_characters = sorted(list(input_characters))
target_characters = sorted(list(target_characters))
num_encoder_tokens = len(input_characters)
num_decoder_tokens = len(target_characters)
max_encoder_seq_length = max([len(txt) for txt in input_texts])
max_decoder_seq_length = max([len(txt) for txt in target_texts])
input_token_index = dict([(char, i) for i, char in enumerate(input_characters)])
target_token_index = dict([(char, i) for i, char in enumerate(target_characters)])

encoder_input_data = np.zeros(
    (len(input_texts), max_encoder_seq_length, num_encoder_tokens), dtype="float32"
)
decoder_input_data = np.zeros(
    (len(input_texts), max_decoder_seq_length, num_decoder_tokens), dtype="float32"
)
decoder_target_data = np.zeros(
    (len(input_texts), max_decoder_seq_length, num_decoder_tokens), dtype="float32"
)
for i, (input_text, target_text) in enumerate(zip(input_texts, target_texts)):
    for t, char in enumerate(input_text):
        encoder_input_data[i, t, input_token_index[char]] = 1.0
    for t, char in enumerate(target_text):
        # decoder_target_data is ahead of decoder_input_data by one timestep
        decoder_input_data[i, t, target_token_index[char]] = 1.0
        if t > 0:
            decoder_target_data[i, t - 1, target_token_index[char]] = 1.0

encoder_inputs = Input(shape=(None, num_encoder_tokens))
encoder = LSTM(latent_dim, return_state=True)
encoder_outputs, state_h, state_c = encoder(encoder_inputs)
encoder_states = [state_h, state_c]
decoder_inputs = Input(shape=(None, num_decoder_tokens))
decoder_lstm = LSTM(latent_dim, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
decoder_dense = Dense(num_decoder_tokens, activation="softmax")
decoder_outputs = decoder_dense(decoder_outputs)
model = Model([encoder_inputs, decoder_inputs], decoder_outputs)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
history = model.fit(
    [encoder_input_data, decoder_input_data], decoder_target_data,
    batch_size=16, epochs=6, validation_split=0.2, verbose=2,
)  # fmt: skip
assert history.history["val_loss"][-1] < history.history["val_loss"][0]
model.save("s2s.h5")

encoder_model = Model(encoder_inputs, encoder_states)
decoder_state_input_h = Input(shape=(latent_dim,))
decoder_state_input_c = Input(shape=(latent_dim,))
decoder_states_inputs = [decoder_state_input_h, decoder_state_input_c]
decoder_outputs, state_h, state_c = decoder_lstm(
    decoder_inputs, initial_state=decoder_states_inputs
)
decoder_states = [state_h, state_c]
decoder_outputs = decoder_dense(decoder_outputs)
decoder_model = Model([decoder_inputs] + decoder_states_inputs, [decoder_outputs] + decoder_states)
reverse_target_char_index = dict((i, char) for char, i in target_token_index.items())


def decode_sequence(input_seq, encoder_model, decoder_model):
    states_value = encoder_model.predict(input_seq)
    target_seq = np.zeros((1, 1, num_decoder_tokens))
    target_seq[0, 0, target_token_index["\t"]] = 1.0
    decoded_sentence = ""
    while True:
        output_tokens, h, c = decoder_model.predict([target_seq] + states_value)
        sampled_token_index = np.argmax(output_tokens[0, -1, :])
        sampled_char = reverse_target_char_index[sampled_token_index]
        decoded_sentence += sampled_char
        if sampled_char == "\n" or len(decoded_sentence) > max_decoder_seq_length:
            return decoded_sentence
        target_seq = np.zeros((1, 1, num_decoder_tokens))
        target_seq[0, 0, sampled_token_index] = 1.0
        states_value = [h, c]


some = [encoder_input_data[k : k + 1] for k in range(3)]
decoded = [decode_sequence(seq, encoder_model, decoder_model) for seq in some]
print("Input sentences:", input_texts[:3], "decoded:", decoded)

# The same, out of the file: layers and tensors by their places in the model.
model = load_model("s2s.h5")
encoder_inputs = model.input[0]  # input_1
encoder_outputs, state_h_enc, state_c_enc = model.layers[2].output  # lstm_1
encoder_model = Model(encoder_inputs, [state_h_enc, state_c_enc])
decoder_inputs = model.input[1]  # input_2
decoder_state_input_h = Input(shape=(latent_dim,), name="input_3")
decoder_state_input_c = Input(shape=(latent_dim,), name="input_4")
decoder_states_inputs = [decoder_state_input_h, decoder_state_input_c]
decoder_lstm = model.layers[3]
decoder_outputs, state_h_dec, state_c_dec = decoder_lstm(
    decoder_inputs, initial_state=decoder_states_inputs
)
decoder_dense = model.layers[4]
decoder_outputs = decoder_dense(decoder_outputs)
decoder_model = Model(
    [decoder_inputs] + decoder_states_inputs, [decoder_outputs, state_h_dec, state_c_dec]
)
assert [decode_sequence(seq, encoder_model, decoder_model) for seq in some] == decoded

# A GRU, whole numbers through embeddings, and a decoder that is fed its own outputs.
encoder_inputs = Input(shape=(None,))
x = Embedding(num_encoder_tokens, 8)(encoder_inputs)
_, state_h = GRU(8, return_state=True)(x)
decoder_inputs = Input(shape=(1, num_decoder_tokens))
decoder_gru = GRU(8, return_sequences=True, return_state=True)
decoder_dense = Dense(num_decoder_tokens, activation="softmax")
all_outputs, inputs = [], decoder_inputs
for _ in range(max_decoder_seq_length):
    outputs, state_h = decoder_gru(inputs, initial_state=state_h)
    outputs = decoder_dense(outputs)
    all_outputs.append(outputs)
    inputs = outputs
decoder_outputs = Lambda(lambda x: K.concatenate(x, axis=1))(all_outputs)
fed_back = Model([encoder_inputs, decoder_inputs], decoder_outputs)
fed_back.compile(optimizer="rmsprop", loss="categorical_crossentropy")
start = np.zeros((len(input_texts), 1, num_decoder_tokens))
start[:, 0, target_token_index["\t"]] = 1.0
fed_back.fit(
    [encoder_input_data.argmax(-1), start], decoder_target_data, batch_size=16, epochs=1, verbose=0
)
assert fed_back.output_shape == (None, max_decoder_seq_length, num_decoder_tokens)

# Convolutions that look back, and attention of the one side to the other.
encoder_inputs = Input(shape=(None, num_encoder_tokens))
x_encoder = Convolution1D(12, kernel_size=3, activation="relu", padding="causal")(encoder_inputs)
x_encoder = Convolution1D(12, kernel_size=3, activation="relu", padding="causal", dilation_rate=2)(
    x_encoder
)
decoder_inputs = Input(shape=(None, num_decoder_tokens))
x_decoder = Convolution1D(12, kernel_size=3, activation="relu", padding="causal")(decoder_inputs)
attention = Activation("softmax")(Dot(axes=[2, 2])([x_decoder, x_encoder]))
context = Dot(axes=[2, 1])([attention, x_encoder])
decoder_combined_context = Concatenate(axis=-1)([context, x_decoder])
decoder_outputs = Dense(num_decoder_tokens, activation="softmax")(decoder_combined_context)
conv_model = Model([encoder_inputs, decoder_inputs], decoder_outputs)
conv_model.compile(optimizer="adam", loss="categorical_crossentropy")
conv_model.fit(
    [encoder_input_data, decoder_input_data],
    decoder_target_data,
    batch_size=16,
    epochs=2,
    validation_split=0.2,
    verbose=0,
)
later = decoder_input_data[:4].copy()
later[:, -1] = 1.0  # what comes later changes nothing before
a = conv_model.predict([encoder_input_data[:4], decoder_input_data[:4]])
b = conv_model.predict([encoder_input_data[:4], later])
np.testing.assert_allclose(a[:, :-1], b[:, :-1], rtol=1e-5, atol=1e-6)

# A vector repeated, and one Dense for every step: capital letters, all at once.
RNN = LSTM
small = Sequential()
small.add(RNN(24, input_shape=(max_encoder_seq_length, num_encoder_tokens)))
small.add(RepeatVector(max_decoder_seq_length))
small.add(RNN(24, return_sequences=True))
small.add(TimeDistributed(Dense(num_decoder_tokens)))
small.add(Activation("softmax"))
small.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = small.fit(
    encoder_input_data,
    decoder_target_data,
    batch_size=16,
    epochs=4,
    verbose=0,
    validation_data=(encoder_input_data, decoder_target_data),
)
preds = small.predict_classes(encoder_input_data[:2], verbose=0)
assert preds.shape == (2, max_decoder_seq_length)
assert history.history["val_acc"][-1] > 0.2
