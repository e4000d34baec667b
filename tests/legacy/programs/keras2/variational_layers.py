"""Variational autoencoders of Keras 2: a layer that adds the loss out of outer tensors, and add_loss on the model."""

from __future__ import absolute_import, division, print_function

import argparse
import os

import matplotlib.pyplot as plt
import numpy as np
from keras import backend as K
from keras import metrics
from keras.datasets import mnist
from keras.layers import Dense, Input, Lambda, Layer
from keras.losses import binary_crossentropy, mse
from keras.models import Model

batch_size = 100
original_dim = 784
latent_dim = 2
intermediate_dim = 32
epochs = 4
epsilon_std = 1.0

# --- with a layer, as of Keras 2.0 ---

x = Input(shape=(original_dim,))
h = Dense(intermediate_dim, activation="relu")(x)
z_mean = Dense(latent_dim)(h)
z_log_var = Dense(latent_dim)(h)


def sampling(args):
    z_mean, z_log_var = args
    epsilon = K.random_normal(shape=(K.shape(z_mean)[0], latent_dim), mean=0.0, stddev=epsilon_std)
    return z_mean + K.exp(z_log_var / 2) * epsilon


# note that "output_shape" isn't necessary with the TensorFlow backend
z = Lambda(sampling, output_shape=(latent_dim,))([z_mean, z_log_var])

# we instantiate these layers separately so as to reuse them later
decoder_h = Dense(intermediate_dim, activation="relu")
decoder_mean = Dense(original_dim, activation="sigmoid")
h_decoded = decoder_h(z)
x_decoded_mean = decoder_mean(h_decoded)


# Custom loss layer
class CustomVariationalLayer(Layer):
    def __init__(self, **kwargs):
        self.is_placeholder = True
        super(CustomVariationalLayer, self).__init__(**kwargs)

    def vae_loss(self, x, x_decoded_mean):
        xent_loss = original_dim * metrics.binary_crossentropy(x, x_decoded_mean)
        kl_loss = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
        return K.mean(xent_loss + kl_loss)

    def call(self, inputs):
        x = inputs[0]
        x_decoded_mean = inputs[1]
        loss = self.vae_loss(x, x_decoded_mean)
        self.add_loss(loss, inputs=inputs)
        # We won't actually use the output.
        return x


y = CustomVariationalLayer()([x, x_decoded_mean])
vae = Model(x, y)
vae.compile(optimizer="rmsprop", loss=None)

# train the VAE on MNIST digits
(x_train, y_train), (x_test, y_test) = mnist.load_data()

x_train = x_train.astype("float32") / 255.0
x_test = x_test.astype("float32") / 255.0
x_train = x_train.reshape((len(x_train), np.prod(x_train.shape[1:])))
x_test = x_test.reshape((len(x_test), np.prod(x_test.shape[1:])))

first = vae.fit(
    x_train, shuffle=True, epochs=epochs, batch_size=batch_size, validation_data=(x_test, None)
)

# the loss on data, computed once more from the parts
encoder = Model(x, [z_mean, z_log_var])
mean, log_var = encoder.predict(x_test, batch_size=batch_size)
divergence = -0.5 * np.sum(1 + log_var - mean**2 - np.exp(log_var), axis=-1).mean()
total = vae.evaluate(x_test, None, batch_size=batch_size, verbose=0)

# build a digit generator that can sample from the learned distribution
decoder_input = Input(shape=(latent_dim,))
_h_decoded = decoder_h(decoder_input)
_x_decoded_mean = decoder_mean(_h_decoded)
generator = Model(decoder_input, _x_decoded_mean)

assert first.history["loss"][-1] < 0.9 * first.history["loss"][0]
assert total > divergence > 0
assert generator.predict(np.array([[0.1, -0.2]])).shape == (1, original_dim)

# --- with add_loss, as of Keras 2.2 ---


def plot_results(models, data, batch_size=128, model_name="vae_mnist"):
    """Labels as a function of the two latent numbers, and digits over the plane of these."""
    encoder, decoder = models
    x_test, y_test = data
    os.makedirs(model_name, exist_ok=True)

    filename = os.path.join(model_name, "vae_mean.png")
    # display a 2D plot of the digit classes in the latent space
    z_mean, _, _ = encoder.predict(x_test, batch_size=batch_size)
    plt.figure(figsize=(4, 4))
    plt.scatter(z_mean[:, 0], z_mean[:, 1], c=y_test)
    plt.colorbar()
    plt.xlabel("z[0]")
    plt.ylabel("z[1]")
    plt.savefig(filename)
    plt.show()

    n = 3
    digit_size = 28
    figure = np.zeros((digit_size * n, digit_size * n))
    grid_x = np.linspace(-4, 4, n)
    grid_y = np.linspace(-4, 4, n)[::-1]
    for i, yi in enumerate(grid_y):
        for j, xi in enumerate(grid_x):
            z_sample = np.array([[xi, yi]])
            x_decoded = decoder.predict(z_sample)
            digit = x_decoded[0].reshape(digit_size, digit_size)
            figure[i * digit_size : (i + 1) * digit_size, j * digit_size : (j + 1) * digit_size] = digit
    return figure


# VAE model = encoder + decoder
inputs = Input(shape=(original_dim,), name="encoder_input")
x = Dense(intermediate_dim, activation="relu")(inputs)
z_mean = Dense(latent_dim, name="z_mean")(x)
z_log_var = Dense(latent_dim, name="z_log_var")(x)
z = Lambda(sampling, output_shape=(latent_dim,), name="z")([z_mean, z_log_var])

encoder = Model(inputs, [z_mean, z_log_var, z], name="encoder")
encoder.summary()

latent_inputs = Input(shape=(latent_dim,), name="z_sampling")
x = Dense(intermediate_dim, activation="relu")(latent_inputs)
outputs = Dense(original_dim, activation="sigmoid")(x)

decoder = Model(latent_inputs, outputs, name="decoder")
decoder.summary()

# instantiate VAE model
outputs = decoder(encoder(inputs)[2])
vae = Model(inputs, outputs, name="vae_mlp")

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("-w", "--weights", help="Load h5 model trained weights")
    parser.add_argument("-m", "--mse", help="Use mse loss instead of binary cross entropy (default)", action="store_true")
    args = parser.parse_args()
    models = (encoder, decoder)
    data = (x_test, y_test)

    # VAE loss = mse_loss or xent_loss + kl_loss
    if args.mse:
        reconstruction_loss = mse(inputs, outputs)
    else:
        reconstruction_loss = binary_crossentropy(inputs, outputs)

    reconstruction_loss *= original_dim
    kl_loss = 1 + z_log_var - K.square(z_mean) - K.exp(z_log_var)
    kl_loss = K.sum(kl_loss, axis=-1)
    kl_loss *= -0.5
    vae_loss = K.mean(reconstruction_loss + kl_loss)
    vae.add_loss(vae_loss)
    vae.compile(optimizer="adam")
    vae.summary()

    if args.weights:
        vae.load_weights(args.weights)
    else:
        second = vae.fit(x_train, epochs=epochs, batch_size=batch_size, validation_data=(x_test, None))
        vae.save_weights("vae_mlp_mnist.h5")

    figure = plot_results(models, data, batch_size=batch_size, model_name="vae_mlp")

    assert second.history["loss"][-1] < second.history["loss"][0]
    assert np.isfinite(second.history["val_loss"]).all()
    assert figure.shape == (84, 84) and 0 < figure.min() < figure.max() < 1
    assert os.path.exists("vae_mlp_mnist.h5") and os.path.exists(os.path.join("vae_mlp", "vae_mean.png"))
