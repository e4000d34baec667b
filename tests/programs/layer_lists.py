"""Layers in a list, activations as layers of their own, and a layer's many arguments."""

import numpy as np

from keras import constraints, initializers, regularizers
from keras.layers import Activation, Dense
from keras.models import Sequential

model = Sequential()
model.add(Dense(32, input_dim=784))
model.add(Activation("relu"))
first_shape = model.output_shape

model = Sequential(
    [
        Dense(32, input_shape=(784,)),
        Activation("relu"),
        Dense(10),
        Activation("softmax"),
    ]
)
probabilities = model.predict(np.random.RandomState(4).random_sample((5, 784)))

starts = {
    "zeros": initializers.Zeros(),
    "ones": initializers.Ones(),
    "constant": initializers.Constant(value=0.5),
    "identity": initializers.Identity(),
    "truncated": initializers.TruncatedNormal(mean=0.0, stddev=0.05, seed=1),
    "normal": initializers.RandomNormal(mean=0.0, stddev=0.05, seed=None),
    "uniform": initializers.RandomUniform(minval=-0.05, maxval=0.05, seed=None),
    "xavier": initializers.glorot_uniform(seed=7),
    "xavier normal": initializers.glorot_normal(seed=7),
}
kernels = {}
for name, initializer in starts.items():
    layer = Dense(40, kernel_initializer=initializer, bias_initializer="ones", input_shape=(40,))
    Sequential([layer])
    kernels[name] = layer.get_weights()[0]

model = Sequential()
model.add(
    Dense(
        units=16,
        activation="tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=regularizers.l2(0.01),
        bias_regularizer=regularizers.l1(0.01),
        activity_regularizer=regularizers.l1_l2(l1=0.001, l2=0.001),
        kernel_constraint=constraints.max_norm(1.0),
        bias_constraint=constraints.non_neg(),
        input_dim=6,
    )
)
model.add(Dense(1))
model.compile(loss="mse", optimizer="adam")
rng = np.random.RandomState(5)
history = model.fit(rng.normal(size=(64, 6)), rng.normal(size=(64, 1)), epochs=3, verbose=0)
kernel, bias = model.layers[0].get_weights()
