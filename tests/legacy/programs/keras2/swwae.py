"""A stacked what-where autoencoder: poolings whose places, found by K.gradients in a Lambda, guide the unpooling."""

from __future__ import print_function

import numpy as np
from keras import backend as K
from keras import layers
from keras.datasets import mnist
from keras.layers import Activation, Conv2D, Input, MaxPooling2D, UpSampling2D
from keras.models import Model


def convresblock(x, nfeats=8, ksize=3, nskipped=2, elu=True):
    """A residual block, in the form in which the activation comes first.

    x: tensor of the input; nfeats: number of filters; ksize: width of the windows;
    nskipped: number of convolutions beside the shortcut; elu: ELU in place of batch normalization and ReLU.
    """
    y0 = Conv2D(nfeats, ksize, padding="same")(x)
    y = y0
    for i in range(nskipped):
        if elu:
            y = layers.ELU()(y)
        else:
            y = layers.BatchNormalization(axis=1)(y)
            y = Activation("relu")(y)
        y = Conv2D(nfeats, 1, padding="same")(y)
    return layers.add([y0, y])


def getwhere(x):
    """The 'where' mask: 1 where an element was the largest of its window, by the slope of the pooling."""
    y_prepool, y_postpool = x
    return K.gradients(K.sum(y_postpool), y_prepool)


# This example assume 'channels_last' data format.
K.set_image_data_format("channels_last")

# input image dimensions
img_rows, img_cols = 28, 28

# the data, split between train and test sets
(x_train, _), (x_test, _) = mnist.load_data()
x_train = x_train[:256].reshape(-1, img_rows, img_cols, 1).astype("float32") / 255
x_test = x_test.reshape(x_test.shape[0], img_rows, img_cols, 1).astype("float32") / 255
print("x_train shape:", x_train.shape)

# the size of the kernel used for the MaxPooling2D
pool_size = 2
# the total number of feature maps at each layer
nfeats = [4, 6]
# the sizes of the pooling kernel at each layer
pool_sizes = np.array([1, 1]) * pool_size
# the convolution kernel size
ksize = 3
# number of epochs to train for
epochs = 4
# batch size during training
batch_size = 64

# if using a 5 layer net of pool_size = 2 the shape would have to be padded
input_shape = x_train.shape[1:]

# the final number of feature maps at each layer, with that of the input
nfeats_all = [input_shape[2]] + nfeats

# first build the encoder, all the while keeping track of the 'where' masks
img_input = Input(shape=input_shape)

# we push the 'where' masks to the following list
wheres = [None] * len(nfeats)
y = img_input
for i in range(len(nfeats)):
    y_prepool = convresblock(y, nfeats=nfeats_all[i + 1], ksize=ksize)
    y = MaxPooling2D(pool_size=(pool_sizes[i], pool_sizes[i]))(y_prepool)
    wheres[i] = layers.Lambda(getwhere, output_shape=lambda x: x[0])([y_prepool, y])

# now build the decoder, and use the stored 'where' masks to place the features
for i in range(len(nfeats)):
    ind = len(nfeats) - 1 - i
    y = UpSampling2D(size=(pool_sizes[ind], pool_sizes[ind]))(y)
    y = layers.multiply([y, wheres[ind]])
    y = convresblock(y, nfeats=nfeats_all[ind], ksize=ksize)

# use hard_simgoid to clip range of reconstruction
y = Activation("hard_sigmoid")(y)

# define the model and its mean square error loss, and compile it with Adam
model = Model(img_input, y)
model.compile("adam", "mse")

# fit the model
history = model.fit(
    x_train, x_train, validation_data=(x_test, x_test), batch_size=batch_size, epochs=epochs
)

# plot
x_recon = model.predict(x_test[:25])
x_plot = np.concatenate((x_test[:25], x_recon), axis=1)
x_plot = x_plot.reshape((5, 10, img_rows, img_cols))
x_plot = np.vstack([np.hstack(x) for x in x_plot])

where = K.function([img_input], [wheres[0]])([x_test[:2]])[0]

assert where.shape == (2, 28, 28, 4)
assert np.array_equal(where.reshape(2, 14, 2, 14, 2, 4).sum(axis=(2, 4)), np.ones((2, 14, 14, 4)))
assert x_plot.shape == (140, 280)
assert history.history["val_loss"][-1] < 0.8 * history.history["val_loss"][0]
