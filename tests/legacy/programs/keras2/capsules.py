"""Capsules on colour pictures of any size: a layer of keras.backend functions, a margin loss, augmented batches."""

from __future__ import print_function

import numpy as np
from keras import activations, utils
from keras import backend as K
from keras.layers import *
from keras.models import Model
from keras.preprocessing.image import ImageDataGenerator


# the squashing function: 0.5 in place of 1, so that short vectors are less shortened
def squash(x, axis=-1):
    s_squared_norm = K.sum(K.square(x), axis, keepdims=True) + K.epsilon()
    scale = K.sqrt(s_squared_norm) / (0.5 + s_squared_norm)
    return scale * x


# define our own softmax function, as K.softmax does not take an axis on every backend
def softmax(x, axis=-1):
    ex = K.exp(x - K.max(x, axis=axis, keepdims=True))
    return ex / K.sum(ex, axis=axis, keepdims=True)


# define the margin loss like hinge loss
def margin_loss(y_true, y_pred):
    lamb, margin = 0.5, 0.1
    return K.sum(
        y_true * K.square(K.relu(1 - margin - y_pred)) + lamb * (1 - y_true) * K.square(K.relu(y_pred - margin)),
        axis=-1,
    )


class Capsule(Layer):
    """A capsule layer, routed by agreement.

    The input has the shape (batch, input capsules, input size), the output (batch, capsules, size).
    """

    def __init__(self, num_capsule, dim_capsule, routings=3, share_weights=True, activation="squash", **kwargs):
        super(Capsule, self).__init__(**kwargs)
        self.num_capsule = num_capsule
        self.dim_capsule = dim_capsule
        self.routings = routings
        self.share_weights = share_weights
        if activation == "squash":
            self.activation = squash
        else:
            self.activation = activations.get(activation)

    def build(self, input_shape):
        super(Capsule, self).build(input_shape)
        input_dim_capsule = input_shape[-1]
        if self.share_weights:
            self.W = self.add_weight(
                name="capsule_kernel",
                shape=(1, input_dim_capsule, self.num_capsule * self.dim_capsule),
                initializer="glorot_uniform",
                trainable=True,
            )
        else:
            input_num_capsule = input_shape[-2]
            self.W = self.add_weight(
                name="capsule_kernel",
                shape=(input_num_capsule, input_dim_capsule, self.num_capsule * self.dim_capsule),
                initializer="glorot_uniform",
                trainable=True,
            )

    def call(self, u_vecs):
        if self.share_weights:
            u_hat_vecs = K.conv1d(u_vecs, self.W)
        else:
            u_hat_vecs = K.local_conv1d(u_vecs, self.W, [1], [1])

        batch_size = K.shape(u_vecs)[0]
        input_num_capsule = K.shape(u_vecs)[1]
        u_hat_vecs = K.reshape(u_hat_vecs, (batch_size, input_num_capsule, self.num_capsule, self.dim_capsule))
        u_hat_vecs = K.permute_dimensions(u_hat_vecs, (0, 2, 1, 3))
        # final u_hat_vecs.shape = [None, num_capsule, input_num_capsule, dim_capsule]

        b = K.zeros_like(u_hat_vecs[:, :, :, 0])  # shape = [None, num_capsule, input_num_capsule]
        for i in range(self.routings):
            c = softmax(b, 1)
            o = K.batch_dot(c, u_hat_vecs, [2, 2])
            if K.backend() == "theano":
                o = K.sum(o, axis=1)
            if i < self.routings - 1:
                o = K.l2_normalize(o, -1)
                b = K.batch_dot(o, u_hat_vecs, [2, 3])
                if K.backend() == "theano":
                    b = K.sum(b, axis=1)

        return self.activation(o)

    def compute_output_shape(self, input_shape):
        return (None, self.num_capsule, self.dim_capsule)


batch_size = 32
num_classes = 4
epochs = 5

np.random.seed(3)


def load_data(samples):
    y = np.random.randint(0, num_classes, size=(samples, 1))
    x = np.random.randint(0, 60, size=(samples, 12, 12, 3)).astype("uint8")
    for image, label in zip(x, y[:, 0]):
        if label < 3:
            image[:, :, label] += 180
    return x, y


(x_train, y_train), (x_test, y_test) = load_data(256), load_data(64)
x_train = x_train.astype("float32")
x_test = x_test.astype("float32")
x_train /= 255
x_test /= 255
y_train = utils.to_categorical(y_train, num_classes)
y_test = utils.to_categorical(y_test, num_classes)

# a common Conv2D model
input_image = Input(shape=(None, None, 3))
x = Conv2D(8, (3, 3), activation="relu")(input_image)
x = AveragePooling2D((2, 2))(x)
x = Conv2D(8, (3, 3), activation="relu")(x)

# now we reshape it as (batch_size, input_num_capsule, input_dim_capsule), then connect a capsule layer:
# the output of the final model is the lengths of the capsules
x = Reshape((-1, 8))(x)
capsule = Capsule(num_classes, 6, 3, True)(x)
output = Lambda(lambda z: K.sqrt(K.sum(K.square(z), 2)))(capsule)
model = Model(inputs=input_image, outputs=output)

# we use a margin loss
model.compile(loss=margin_loss, optimizer="adam", metrics=["accuracy"])
model.summary()

datagen = ImageDataGenerator(
    featurewise_center=False,
    samplewise_center=False,
    featurewise_std_normalization=False,
    samplewise_std_normalization=False,
    zca_whitening=False,
    rotation_range=0,
    width_shift_range=0.1,
    height_shift_range=0.1,
    horizontal_flip=True,
    vertical_flip=False,
)
datagen.fit(x_train)
history = model.fit_generator(
    datagen.flow(x_train, y_train, batch_size=batch_size),
    epochs=epochs,
    validation_data=(x_test, y_test),
    workers=2,
)

# the same layer with weights of its own for each place of the input
sequence = Input(shape=(5, 6))
other = Model(sequence, Capsule(3, 4, routings=2, share_weights=False, activation="tanh")(sequence))
out = other.predict(np.random.normal(size=(2, 5, 6)))

lengths = model.predict(x_test)
larger = model.predict(np.random.random_sample((2, 20, 16, 3)))
assert capsule.shape[1:] == (num_classes, 6)
assert lengths.shape == (64, num_classes) and larger.shape == (2, num_classes)
assert 0 <= lengths.min() and lengths.max() < 1
assert out.shape == (2, 3, 4) and np.abs(out).max() < 1
assert history.history["loss"][-1] < 0.7 * history.history["loss"][0]
print(history.history)
