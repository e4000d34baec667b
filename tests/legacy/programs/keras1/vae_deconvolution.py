"""A variational autoencoder of convolutions, as Keras 1 had them: Deconvolution2D, objectives, one loss function."""

import numpy as np
from keras import backend as K
from keras import objectives
from keras.datasets import mnist
from keras.layers import Convolution2D, Deconvolution2D, Dense, Flatten, Input, Lambda, Reshape
from keras.models import Model

# input image dimensions
img_rows, img_cols, img_chns = 28, 28, 1
# number of convolutional filters to use
nb_filters = 4
# convolution kernel size
nb_conv = 3

batch_size = 50
if K.image_dim_ordering() == "th":
    original_img_size = (img_chns, img_rows, img_cols)
else:
    original_img_size = (img_rows, img_cols, img_chns)
latent_dim = 2
intermediate_dim = 16
epsilon_std = 0.01
nb_epoch = 3

x = Input(batch_shape=(batch_size,) + original_img_size)
conv_1 = Convolution2D(img_chns, 2, 2, border_mode="same", activation="relu")(x)
conv_2 = Convolution2D(
    nb_filters, 2, 2, border_mode="same", activation="relu", subsample=(2, 2)
)(conv_1)
conv_3 = Convolution2D(
    nb_filters, nb_conv, nb_conv, border_mode="same", activation="relu", subsample=(1, 1)
)(conv_2)
flat = Flatten()(conv_3)
hidden = Dense(intermediate_dim, activation="relu")(flat)

z_mean = Dense(latent_dim)(hidden)
z_log_var = Dense(latent_dim)(hidden)


def sampling(args):
    z_mean, z_log_var = args
    epsilon = K.random_normal(shape=(batch_size, latent_dim), mean=0.0, std=epsilon_std)
    return z_mean + K.exp(z_log_var) * epsilon


# note that "output_shape" isn't necessary with the TensorFlow backend
# so you could write `Lambda(sampling)([z_mean, z_log_var])`
z = Lambda(sampling, output_shape=(latent_dim,))([z_mean, z_log_var])

# we instantiate these layers separately so as to reuse them later
decoder_hid = Dense(intermediate_dim, activation="relu")
decoder_upsample = Dense(nb_filters * 14 * 14, activation="relu")

if K.image_dim_ordering() == "th":
    output_shape = (batch_size, nb_filters, 14, 14)
else:
    output_shape = (batch_size, 14, 14, nb_filters)

decoder_reshape = Reshape(output_shape[1:])
decoder_deconv_1 = Deconvolution2D(
    nb_filters, nb_conv, nb_conv, output_shape, border_mode="same", subsample=(1, 1), activation="relu"
)
if K.image_dim_ordering() == "th":
    output_shape = (batch_size, nb_filters, 29, 29)
else:
    output_shape = (batch_size, 29, 29, nb_filters)
decoder_deconv_2_upsamp = Deconvolution2D(
    nb_filters, 2, 2, output_shape, border_mode="valid", subsample=(2, 2), activation="relu"
)
decoder_mean_squash = Convolution2D(img_chns, 2, 2, border_mode="valid", activation="sigmoid")

hid_decoded = decoder_hid(z)
up_decoded = decoder_upsample(hid_decoded)
reshape_decoded = decoder_reshape(up_decoded)
deconv_1_decoded = decoder_deconv_1(reshape_decoded)
x_decoded_relu = decoder_deconv_2_upsamp(deconv_1_decoded)
x_decoded_mean_squash = decoder_mean_squash(x_decoded_relu)


def vae_loss(x, x_decoded_mean):
    # NOTE: binary_crossentropy expects a batch_size by dim for x and x_decoded_mean, so we MUST flatten these!
    x = K.flatten(x)
    x_decoded_mean = K.flatten(x_decoded_mean)
    xent_loss = img_rows * img_cols * objectives.binary_crossentropy(x, x_decoded_mean)
    kl_loss = -0.5 * K.mean(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
    return xent_loss + kl_loss


vae = Model(x, x_decoded_mean_squash)
vae.compile(optimizer="rmsprop", loss=vae_loss)
vae.summary()

(x_train, _), (x_test, y_test) = mnist.load_data()
x_train = x_train.astype("float32") / 255.0
x_train = x_train.reshape((x_train.shape[0],) + original_img_size)
x_test = x_test.astype("float32") / 255.0
x_test = x_test.reshape((x_test.shape[0],) + original_img_size)
print("x_train.shape:", x_train.shape)

history = vae.fit(
    x_train, x_train, shuffle=True, nb_epoch=nb_epoch, batch_size=batch_size, validation_data=(x_test, x_test)
)

# build a model to project inputs on the latent space
encoder = Model(x, z_mean)
x_test_encoded = encoder.predict(x_test, batch_size=batch_size)

# build a digit generator that can sample from the learned distribution
decoder_input = Input(shape=(latent_dim,))
_hid_decoded = decoder_hid(decoder_input)
_up_decoded = decoder_upsample(_hid_decoded)
_reshape_decoded = decoder_reshape(_up_decoded)
_deconv_1_decoded = decoder_deconv_1(_reshape_decoded)
_x_decoded_relu = decoder_deconv_2_upsamp(_deconv_1_decoded)
_x_decoded_mean_squash = decoder_mean_squash(_x_decoded_relu)
generator = Model(decoder_input, _x_decoded_mean_squash)

n = 3
digit_size = 28
figure = np.zeros((digit_size * n, digit_size * n))
grid_x = np.linspace(-15, 15, n)
grid_y = np.linspace(-15, 15, n)
for i, yi in enumerate(grid_x):
    for j, xi in enumerate(grid_y):
        z_sample = np.array([[xi, yi]])
        z_sample = np.tile(z_sample, batch_size).reshape(batch_size, 2)
        x_decoded = generator.predict(z_sample, batch_size=batch_size)
        digit = x_decoded[0].reshape(digit_size, digit_size)
        figure[i * digit_size : (i + 1) * digit_size, j * digit_size : (j + 1) * digit_size] = digit

assert vae.input_shape == (batch_size, 28, 28, 1)
assert generator.output_shape == (None, 28, 28, 1)
assert x_test_encoded.shape == (len(x_test), latent_dim)
assert history.history["loss"][-1] < 0.9 * history.history["loss"][0]
assert "val_loss" in history.history
assert 0.0 < figure.min() and figure.max() < 1.0
