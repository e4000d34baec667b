"""A recurrent layer as a loop in NumPy, and the layer of the library with the same weights."""

import numpy as np

from keras.layers import SimpleRNN
from keras.models import Sequential

timesteps = 100
input_features = 32
output_features = 64

rng = np.random.RandomState(24)
inputs = rng.random_sample((timesteps, input_features))
state_t = np.zeros((output_features,))
W = rng.normal(size=(output_features, input_features)) * 0.1
U = rng.normal(size=(output_features, output_features)) * 0.1
b = rng.random_sample((output_features,))

successive_outputs = []
for input_t in inputs:
    output_t = np.tanh(np.dot(W, input_t) + np.dot(U, state_t) + b)
    successive_outputs.append(output_t)
    state_t = output_t
final_output_sequence = np.stack(successive_outputs, axis=0)

model = Sequential()
model.add(
    SimpleRNN(output_features, return_sequences=True, input_shape=(timesteps, input_features))
)
model.set_weights([W.T, U.T, b])
from_layer = model.predict(inputs[None])[0]
