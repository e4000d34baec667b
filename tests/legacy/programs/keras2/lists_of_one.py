"""Models whose one input and one output stand in lists, in everything that takes them."""

import numpy as np
from keras.layers import BatchNormalization, Dense, Input, LeakyReLU
from keras.models import Model, Sequential, load_model
from keras.optimizers import RMSprop

np.random.seed(0)
X = np.random.rand(32, 3)
Y = X.dot(np.ones((3, 2)))
inp = Input((3,))
out = Dense(2, name="out")(inp)
model = Model(inputs=[inp], outputs=[out])
model.compile(loss=["mse"], optimizer=RMSprop(lr=0.01), metrics=["mae"], loss_weights=[1.0])
history = model.fit([X], [Y], validation_data=([X], [Y]), epochs=3, verbose=0)
assert history.history["loss"][-1] < history.history["loss"][0]
model.train_on_batch([X], [Y])
assert len(model.evaluate([X], [Y], verbose=0)) == 2
assert model.predict([X]).shape == (32, 2)
assert model.input_shape == (None, 3) and model.output_shape == (None, 2)
assert Model(inp, Dense(1)(model(inp))).predict(X).shape == (32, 1)
model.save("lists.h5")
assert np.allclose(load_model("lists.h5").predict([X]), model.predict(X), atol=1e-6)

# An adversarial network whose labels are blurred by noise.
discriminator = Sequential()
discriminator.add(Dense(4, input_dim=3))
discriminator.add(BatchNormalization(momentum=0.8))
discriminator.add(LeakyReLU(alpha=0.2))
discriminator.add(Dense(1, activation="sigmoid"))
discriminator.compile(
    optimizer=RMSprop(lr=0.0008, clipvalue=1.0, decay=1e-8), loss="binary_crossentropy"
)
labels = np.concatenate([np.ones((16, 1)), np.zeros((16, 1))])
labels += 0.05 * np.random.random(labels.shape)
assert np.isfinite(discriminator.train_on_batch(X, labels))
