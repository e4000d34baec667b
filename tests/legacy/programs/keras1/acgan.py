"""An auxiliary classifier GAN in the spelling of Keras 1: merge(mode='mul'), train_on_batch, a frozen discriminator."""

from __future__ import print_function

import pickle
from collections import defaultdict

import keras.backend as K
import numpy as np
from keras.datasets import mnist
from keras.layers import Dense, Dropout, Embedding, Flatten, Input, Reshape, merge
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.convolutional import Convolution2D, UpSampling2D
from keras.models import Model, Sequential
from keras.optimizers import Adam
from keras.utils.generic_utils import Progbar

np.random.seed(1331)
K.set_image_dim_ordering("th")


def build_generator(latent_size):
    # we will map a pair of (z, L), where z is a latent vector and L is a label, to image space (1, 28, 28)
    cnn = Sequential()

    cnn.add(Dense(32, input_dim=latent_size, activation="relu"))
    cnn.add(Dense(8 * 7 * 7, activation="relu"))
    cnn.add(Reshape((8, 7, 7)))

    # upsample to (..., 14, 14)
    cnn.add(UpSampling2D(size=(2, 2)))
    cnn.add(Convolution2D(8, 5, 5, border_mode="same", activation="relu", init="glorot_normal"))

    # upsample to (..., 28, 28)
    cnn.add(UpSampling2D(size=(2, 2)))
    cnn.add(Convolution2D(4, 5, 5, border_mode="same", activation="relu", init="glorot_normal"))

    # take a channel axis reduction
    cnn.add(Convolution2D(1, 2, 2, border_mode="same", activation="tanh", init="glorot_normal"))

    # this is the z space commonly refered to in GAN papers
    latent = Input(shape=(latent_size,))
    # this will be our label
    image_class = Input(shape=(1,), dtype="int32")
    cls = Flatten()(Embedding(10, latent_size, init="glorot_normal")(image_class))

    # hadamard product between z-space and a class conditional embedding
    h = merge([latent, cls], mode="mul")

    fake_image = cnn(h)

    return Model(input=[latent, image_class], output=fake_image)


def build_discriminator():
    cnn = Sequential()

    cnn.add(Convolution2D(4, 3, 3, border_mode="same", subsample=(2, 2), input_shape=(1, 28, 28)))
    cnn.add(LeakyReLU())
    cnn.add(Dropout(0.3))

    cnn.add(Convolution2D(8, 3, 3, border_mode="same", subsample=(2, 2)))
    cnn.add(LeakyReLU())
    cnn.add(Dropout(0.3))

    cnn.add(Flatten())

    image = Input(shape=(1, 28, 28))
    features = cnn(image)

    # first output (name=generation) is whether or not the discriminator thinks the image is fake, and the
    # second (name=auxiliary) is the class that it thinks the image belongs to.
    fake = Dense(1, activation="sigmoid", name="generation")(features)
    aux = Dense(10, activation="softmax", name="auxiliary")(features)

    return Model(input=image, output=[fake, aux])


nb_epochs = 2
batch_size = 50
latent_size = 10
adam_lr = 0.001
adam_beta_1 = 0.5

# build the discriminator
discriminator = build_discriminator()
discriminator.compile(
    optimizer=Adam(lr=adam_lr, beta_1=adam_beta_1),
    loss=["binary_crossentropy", "sparse_categorical_crossentropy"],
)

# build the generator
generator = build_generator(latent_size)
generator.compile(optimizer=Adam(lr=adam_lr, beta_1=adam_beta_1), loss="binary_crossentropy")

latent = Input(shape=(latent_size,))
image_class = Input(shape=(1,), dtype="int32")

# get a fake image
fake = generator([latent, image_class])

# we only want to be able to train generation for the combined model
discriminator.trainable = False
fake, aux = discriminator(fake)
combined = Model(input=[latent, image_class], output=[fake, aux])

combined.compile(
    optimizer=Adam(lr=adam_lr, beta_1=adam_beta_1),
    loss=["binary_crossentropy", "sparse_categorical_crossentropy"],
)

# get our mnist data, and force it to be of shape (..., 1, 28, 28) with range [-1, 1]
(X_train, y_train), (X_test, y_test) = mnist.load_data()
X_train = (X_train.astype(np.float32) - 127.5) / 127.5
X_train = np.expand_dims(X_train, axis=1)[:300]
X_test = (X_test.astype(np.float32) - 127.5) / 127.5
X_test = np.expand_dims(X_test, axis=1)

nb_train, nb_test = X_train.shape[0], X_test.shape[0]

train_history = defaultdict(list)
test_history = defaultdict(list)
before = [w.copy() for w in discriminator.get_weights()]

for epoch in range(nb_epochs):
    print("Epoch {} of {}".format(epoch + 1, nb_epochs))

    nb_batches = int(X_train.shape[0] / batch_size)
    progress_bar = Progbar(target=nb_batches)

    epoch_gen_loss = []
    epoch_disc_loss = []

    for index in range(nb_batches):
        progress_bar.update(index)
        # generate a new batch of noise
        noise = np.random.uniform(-1, 1, (batch_size, latent_size))

        # get a batch of real images
        image_batch = X_train[index * batch_size : (index + 1) * batch_size]
        label_batch = y_train[index * batch_size : (index + 1) * batch_size]

        # sample some labels from p_c, and generate a batch of fake images
        sampled_labels = np.random.randint(0, 10, batch_size)
        generated_images = generator.predict([noise, sampled_labels.reshape((-1, 1))], verbose=0)

        X = np.concatenate((image_batch, generated_images))
        y = np.array([1] * batch_size + [0] * batch_size)
        aux_y = np.concatenate((label_batch, sampled_labels), axis=0)

        # see if the discriminator can figure itself out...
        epoch_disc_loss.append(discriminator.train_on_batch(X, [y, aux_y]))

        # make new noise, of the size that the discriminator has met
        noise = np.random.uniform(-1, 1, (2 * batch_size, latent_size))
        sampled_labels = np.random.randint(0, 10, 2 * batch_size)

        # we want to train the generator to trick the discriminator
        trick = np.ones(2 * batch_size)
        epoch_gen_loss.append(
            combined.train_on_batch([noise, sampled_labels.reshape((-1, 1))], [trick, sampled_labels])
        )

    print("\nTesting for epoch {}:".format(epoch + 1))
    noise = np.random.uniform(-1, 1, (nb_test, latent_size))
    sampled_labels = np.random.randint(0, 10, nb_test)
    generated_images = generator.predict([noise, sampled_labels.reshape((-1, 1))], verbose=False)
    X = np.concatenate((X_test, generated_images))
    y = np.array([1] * nb_test + [0] * nb_test)
    aux_y = np.concatenate((y_test, sampled_labels), axis=0)

    discriminator_test_loss = discriminator.evaluate(X, [y, aux_y], verbose=False)
    discriminator_train_loss = np.mean(np.array(epoch_disc_loss), axis=0)

    noise = np.random.uniform(-1, 1, (2 * nb_test, latent_size))
    sampled_labels = np.random.randint(0, 10, 2 * nb_test)
    trick = np.ones(2 * nb_test)
    generator_test_loss = combined.evaluate(
        [noise, sampled_labels.reshape((-1, 1))], [trick, sampled_labels], verbose=False
    )
    generator_train_loss = np.mean(np.array(epoch_gen_loss), axis=0)

    # generate an epoch report on performance
    train_history["generator"].append(generator_train_loss)
    train_history["discriminator"].append(discriminator_train_loss)
    test_history["generator"].append(generator_test_loss)
    test_history["discriminator"].append(discriminator_test_loss)

    print("{0:<22s} | {1:4s} | {2:15s} | {3:5s}".format("component", *discriminator.metrics_names))
    print("-" * 65)
    ROW_FMT = "{0:<22s} | {1:<4.2f} | {2:<15.2f} | {3:<5.2f}"
    print(ROW_FMT.format("generator (train)", *train_history["generator"][-1]))
    print(ROW_FMT.format("generator (test)", *test_history["generator"][-1]))
    print(ROW_FMT.format("discriminator (train)", *train_history["discriminator"][-1]))
    print(ROW_FMT.format("discriminator (test)", *test_history["discriminator"][-1]))

    # save weights every epoch
    generator.save_weights("params_generator_epoch_{0:03d}.hdf5".format(epoch), True)
    discriminator.save_weights("params_discriminator_epoch_{0:03d}.hdf5".format(epoch), True)

    # generate some digits to display
    noise = np.random.uniform(-1, 1, (10, latent_size))
    sampled_labels = np.array([[i] for i in range(10)])
    generated_images = generator.predict([noise, sampled_labels], verbose=0)
    img = (np.concatenate([r.reshape(-1, 28) for r in generated_images], axis=-1) * 127.5 + 127.5).astype(np.uint8)

pickle.dump({"train": train_history, "test": test_history}, open("acgan-history.pkl", "wb"))

assert generated_images.shape == (10, 1, 28, 28) and img.shape == (28, 280)
assert discriminator.metrics_names == ["loss", "generation_loss", "auxiliary_loss"]
assert len(train_history["generator"][-1]) == 3
# what counts is what was trainable when each model was compiled
assert not np.allclose(before[0], discriminator.get_weights()[0])
assert train_history["discriminator"][1][0] < train_history["discriminator"][0][0]
loss, generation, auxiliary = test_history["discriminator"][-1]
assert abs(loss - generation - auxiliary) < 1e-3
