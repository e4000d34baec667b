"""Two kinds of pictures from a generator that never ends: fit, save, watch, evaluate, go on."""

import os

import matplotlib.pyplot as plt
import numpy as np

from keras import models
from keras import layers
from keras import optimizers
from keras.callbacks import ModelCheckpoint
from keras.models import load_model

SIZE = 48
MODEL_NAME = "stripes_small"
os.mkdir("Models")


def pictures(batch_size, seed):
    """Batches of pictures with level (0) or upright (1) stripes, for ever."""
    rng = np.random.RandomState(seed)
    while True:
        labels = rng.randint(0, 2, size=batch_size)
        phase = rng.randint(0, 6, size=batch_size)
        line = (np.arange(SIZE)[None] + phase[:, None]) // 3 % 2
        images = np.where(labels[:, None, None] == 1, line[:, None, :], line[:, :, None])
        noise = rng.random_sample((batch_size, SIZE, SIZE, 3)) * 0.2
        yield (images[..., None] + noise).astype("float32"), labels.astype("float32")


train_generator = pictures(20, seed=1)
validation_generator = pictures(20, seed=2)

model = models.Sequential()
model.add(layers.Conv2D(8, (3, 3), activation="relu", input_shape=(SIZE, SIZE, 3)))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(8, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(16, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(16, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Flatten())
model.add(layers.Dropout(0.5))
model.add(layers.Dense(64, activation="relu"))
model.add(layers.Dense(1, activation="sigmoid"))
model.summary()

model.compile(loss="binary_crossentropy", optimizer=optimizers.RMSprop(lr=1e-3), metrics=["acc"])
checkpointer = ModelCheckpoint(
    filepath=f"Models/{MODEL_NAME}.model.hdf5", verbose=1, save_best_only=True
)
history = model.fit_generator(
    train_generator,
    steps_per_epoch=5,
    epochs=4,
    callbacks=[checkpointer],
    validation_data=validation_generator,
    validation_steps=3,
)

acc = history.history["acc"]
val_acc = history.history["val_acc"]
loss = history.history["loss"]
val_loss = history.history["val_loss"]
epochs = range(1, len(acc) + 1)
plt.plot(epochs, acc, "bo", label="Training acc")
plt.plot(epochs, val_acc, "b", label="Validation acc")
plt.legend()
plt.figure()
plt.plot(epochs, loss, "bo", label="Training loss")
plt.plot(epochs, val_loss, "b", label="Validation loss")
plt.legend()
plt.show()

model_2 = load_model(f"Models/{MODEL_NAME}.model.hdf5")
test_loss, test_acc = model_2.evaluate_generator(pictures(20, seed=3), steps=3)
answers = model_2.predict_generator(pictures(20, seed=3), steps=2)
print("test acc:", test_acc)
