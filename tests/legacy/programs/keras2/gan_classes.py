"""Adversarial nets as classes: a GAN, a conditional one, a WGAN with clipped weights and one with a penalty."""

from __future__ import division, print_function

from functools import partial

import keras.backend as K
import numpy as np
from keras.layers import (
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Reshape,
    multiply,
)
from keras.layers.advanced_activations import LeakyReLU
from keras.layers.convolutional import Conv2D, UpSampling2D, ZeroPadding2D
from keras.layers.merge import _Merge
from keras.models import Model, Sequential
from keras.optimizers import Adam, RMSprop


def load_data():
    rng = np.random.RandomState(0)
    y = rng.randint(0, 2, 64)
    x = rng.randint(0, 30, (64, 8, 8)).astype("uint8")
    x[y == 0, 2:6, :4] = 250
    x[y == 1, :4, 2:6] = 250
    return x, y


class GAN:
    def __init__(self):
        self.img_rows = 8
        self.img_cols = 8
        self.channels = 1
        self.img_shape = (self.img_rows, self.img_cols, self.channels)
        self.latent_dim = 10

        optimizer = Adam(0.01, 0.5)
        self.discriminator = self.build_discriminator()
        self.discriminator.compile(
            loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"]
        )
        self.generator = self.build_generator()
        z = Input(shape=(self.latent_dim,))
        img = self.generator(z)
        # For the combined model we will only train the generator
        self.discriminator.trainable = False
        validity = self.discriminator(img)
        self.combined = Model(z, validity)
        self.combined.compile(loss="binary_crossentropy", optimizer=Adam(0.01, 0.5))

    def build_generator(self):
        model = Sequential()
        model.add(Dense(16, input_dim=self.latent_dim))
        model.add(LeakyReLU(alpha=0.2))
        model.add(BatchNormalization(momentum=0.8))
        model.add(Dense(np.prod(self.img_shape), activation="tanh"))
        model.add(Reshape(self.img_shape))
        model.summary()
        noise = Input(shape=(self.latent_dim,))
        img = model(noise)
        return Model(noise, img)

    def build_discriminator(self):
        model = Sequential()
        model.add(Flatten(input_shape=self.img_shape))
        model.add(Dense(16))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dense(1, activation="sigmoid"))
        img = Input(shape=self.img_shape)
        validity = model(img)
        return Model(img, validity)

    def train(self, epochs, batch_size=128, sample_interval=50):
        X_train, _ = load_data()
        X_train = X_train / 127.5 - 1.0
        X_train = np.expand_dims(X_train, axis=3)
        valid = np.ones((batch_size, 1))
        fake = np.zeros((batch_size, 1))
        self.log = []
        for epoch in range(epochs):
            idx = np.random.randint(0, X_train.shape[0], batch_size)
            imgs = X_train[idx]
            noise = np.random.normal(0, 1, (batch_size, self.latent_dim))
            gen_imgs = self.generator.predict(noise)
            d_loss_real = self.discriminator.train_on_batch(imgs, valid)
            d_loss_fake = self.discriminator.train_on_batch(gen_imgs, fake)
            d_loss = 0.5 * np.add(d_loss_real, d_loss_fake)
            noise = np.random.normal(0, 1, (batch_size, self.latent_dim))
            g_loss = self.combined.train_on_batch(noise, valid)
            if epoch % sample_interval == 0:
                print(
                    "%d [D loss: %f, acc.: %.2f%%] [G loss: %f]"
                    % (epoch, d_loss[0], 100 * d_loss[1], g_loss)
                )
            self.log.append((d_loss[0], g_loss))


np.random.seed(0)
gan = GAN()
before = [w.copy() for w in gan.discriminator.get_weights()]
gan.train(epochs=12, batch_size=16, sample_interval=5)
assert gan.discriminator.trainable is False
# It was compiled while it was trainable, and so it learns; within the combined model it does not.
assert all(np.abs(a - b).max() > 0 for a, b in zip(before, gan.discriminator.get_weights()))
held = [w.copy() for w in gan.discriminator.get_weights()]
start = [w.copy() for w in gan.generator.get_weights()]
gan.combined.train_on_batch(np.random.normal(0, 1, (16, 10)), np.ones((16, 1)))
assert all(np.array_equal(a, b) for a, b in zip(held, gan.discriminator.get_weights()))
assert any(not np.array_equal(a, b) for a, b in zip(start, gan.generator.get_weights()))


class CGAN:
    def __init__(self):
        self.img_shape = (8, 8, 1)
        self.num_classes = 2
        self.latent_dim = 6
        self.discriminator = self.build_discriminator()
        self.discriminator.compile(
            loss=["binary_crossentropy"], optimizer=Adam(0.005, 0.5), metrics=["accuracy"]
        )
        self.generator = self.build_generator()
        noise = Input(shape=(self.latent_dim,))
        label = Input(shape=(1,))
        img = self.generator([noise, label])
        self.discriminator.trainable = False
        valid = self.discriminator([img, label])
        self.combined = Model([noise, label], valid)
        self.combined.compile(loss=["binary_crossentropy"], optimizer=Adam(0.005, 0.5))

    def build_generator(self):
        model = Sequential()
        model.add(Dense(16, input_dim=self.latent_dim))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dense(4 * 4 * 2, activation="relu"))
        model.add(Reshape((4, 4, 2)))
        model.add(UpSampling2D())
        model.add(Conv2D(1, kernel_size=3, padding="same", activation="tanh"))
        noise = Input(shape=(self.latent_dim,))
        label = Input(shape=(1,), dtype="int32")
        label_embedding = Flatten()(Embedding(self.num_classes, self.latent_dim)(label))
        model_input = multiply([noise, label_embedding])
        return Model([noise, label], model(model_input))

    def build_discriminator(self):
        model = Sequential()
        model.add(Dense(16, input_dim=np.prod(self.img_shape)))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dropout(0.4))
        model.add(Dense(1, activation="sigmoid"))
        img = Input(shape=self.img_shape)
        label = Input(shape=(1,), dtype="int32")
        label_embedding = Flatten()(Embedding(self.num_classes, np.prod(self.img_shape))(label))
        flat_img = Flatten()(img)
        return Model([img, label], model(multiply([flat_img, label_embedding])))


X, labels = load_data()
X = np.expand_dims((X.astype(np.float32) - 127.5) / 127.5, axis=3)
labels = labels.reshape(-1, 1)
cgan = CGAN()
for epoch in range(3):
    idx = np.random.randint(0, X.shape[0], 16)
    noise = np.random.normal(0, 1, (16, 6))
    gen_imgs = cgan.generator.predict([noise, labels[idx]])
    d_loss_real = cgan.discriminator.train_on_batch([X[idx], labels[idx]], np.ones((16, 1)))
    d_loss_fake = cgan.discriminator.train_on_batch([gen_imgs, labels[idx]], np.zeros((16, 1)))
    sampled_labels = np.random.randint(0, 2, 16).reshape(-1, 1)
    g_loss = cgan.combined.train_on_batch([noise, sampled_labels], np.ones((16, 1)))
assert gen_imgs.shape == (16, 8, 8, 1) and len(d_loss_real) == 2 and np.isfinite(g_loss)


class RandomWeightedAverage(_Merge):
    """Provides a (random) weighted average between real and generated image samples"""

    def _merge_function(self, inputs):
        weights = K.random_uniform((16, 1, 1, 1))
        return (weights * inputs[0]) + ((1 - weights) * inputs[1])


class WGANGP:
    def __init__(self):
        self.img_shape = (8, 8, 1)
        self.latent_dim = 6
        self.n_critic = 2
        optimizer = RMSprop(lr=0.005)
        self.generator = self.build_generator()
        self.critic = self.build_critic()

        # Construct the computational graph for the critic
        self.generator.trainable = False
        real_img = Input(shape=self.img_shape)
        z_disc = Input(shape=(self.latent_dim,))
        fake_img = self.generator(z_disc)
        fake = self.critic(fake_img)
        valid = self.critic(real_img)
        interpolated_img = RandomWeightedAverage()([real_img, fake_img])
        validity_interpolated = self.critic(interpolated_img)

        partial_gp_loss = partial(self.gradient_penalty_loss, averaged_samples=interpolated_img)
        partial_gp_loss.__name__ = "gradient_penalty"  # Keras requires function names
        self.critic_model = Model(
            inputs=[real_img, z_disc], outputs=[valid, fake, validity_interpolated]
        )
        self.critic_model.compile(
            loss=[self.wasserstein_loss, self.wasserstein_loss, partial_gp_loss],
            optimizer=optimizer,
            loss_weights=[1, 1, 10],
        )

        # Construct the computational graph for the generator
        self.critic.trainable = False
        self.generator.trainable = True
        z_gen = Input(shape=(self.latent_dim,))
        img = self.generator(z_gen)
        valid = self.critic(img)
        self.generator_model = Model(z_gen, valid)
        self.generator_model.compile(loss=self.wasserstein_loss, optimizer=RMSprop(lr=0.005))

    def gradient_penalty_loss(self, y_true, y_pred, averaged_samples):
        gradients = K.gradients(y_pred, averaged_samples)[0]
        gradients_sqr = K.square(gradients)
        gradients_sqr_sum = K.sum(gradients_sqr, axis=np.arange(1, len(gradients_sqr.shape)))
        gradient_l2_norm = K.sqrt(gradients_sqr_sum)
        gradient_penalty = K.square(1 - gradient_l2_norm)
        return K.mean(gradient_penalty)

    def wasserstein_loss(self, y_true, y_pred):
        return K.mean(y_true * y_pred)

    def build_generator(self):
        model = Sequential()
        model.add(Dense(4 * 4 * 2, activation="relu", input_dim=self.latent_dim))
        model.add(Reshape((4, 4, 2)))
        model.add(UpSampling2D())
        model.add(Conv2D(1, kernel_size=3, padding="same", activation="tanh"))
        noise = Input(shape=(self.latent_dim,))
        return Model(noise, model(noise))

    def build_critic(self):
        model = Sequential()
        model.add(Conv2D(4, kernel_size=3, strides=2, input_shape=self.img_shape, padding="same"))
        model.add(ZeroPadding2D(padding=((0, 1), (0, 1))))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Flatten())
        model.add(Dense(1))
        img = Input(shape=self.img_shape)
        return Model(img, model(img))

    def train(self, epochs, batch_size):
        valid = -np.ones((batch_size, 1))
        fake = np.ones((batch_size, 1))
        dummy = np.zeros((batch_size, 1))  # Dummy gt for gradient penalty
        self.log = []
        for epoch in range(epochs):
            for _ in range(self.n_critic):
                idx = np.random.randint(0, X.shape[0], batch_size)
                noise = np.random.normal(0, 1, (batch_size, self.latent_dim))
                d_loss = self.critic_model.train_on_batch([X[idx], noise], [valid, fake, dummy])
            g_loss = self.generator_model.train_on_batch(noise, valid)
            self.log.append((d_loss, g_loss))


wgan = WGANGP()
g_start = [w.copy() for w in wgan.generator.get_weights()]
wgan.train(epochs=10, batch_size=16)
penalties = [d[3] for d, _ in wgan.log]
print("penalties", penalties)
assert len(wgan.log[0][0]) == 4
assert penalties[-1] < penalties[0]
assert any(not np.array_equal(a, b) for a, b in zip(g_start, wgan.generator.get_weights()))

# The first WGAN: the critic's weights are clipped.
critic = wgan.build_critic()
critic.compile(loss=wgan.wasserstein_loss, optimizer=RMSprop(lr=0.00005), metrics=["accuracy"])
for i in range(2):
    critic.train_on_batch(X[:16], -np.ones((16, 1)))
    for l in critic.layers:
        weights = l.get_weights()
        weights = [np.clip(w, -0.01, 0.01) for w in weights]
        l.set_weights(weights)
assert max(np.abs(w).max() for w in critic.get_weights()) <= 0.01
