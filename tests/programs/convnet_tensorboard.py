"""Three convolutions, each followed by its own Activation, pooling and dropout; a log on disk."""

import pickle

import numpy as np

from tensorflow.keras.callbacks import TensorBoard
from tensorflow.keras.layers import Activation, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from tensorflow.keras.models import Sequential
from tensorflow.keras.utils import to_categorical

MODEL_NAME = "3-conv-8-layer-dense-1-out-2-softmax-categorical-cross-2-CNN"

rng = np.random.RandomState(9)
with open("Xv.pickle", "wb") as pickle_out:
    pickle.dump(rng.randint(0, 256, size=(40, 50, 50, 1)), pickle_out)
with open("Y.pickle", "wb") as pickle_out:
    pickle.dump([0, 1] * 20, pickle_out)

with open("Xv.pickle", "rb") as pickle_in:
    X = pickle.load(pickle_in)
with open("Y.pickle", "rb") as pickle_in:
    y = pickle.load(pickle_in)
y = to_categorical(y)
X = X / 255.0

model = Sequential()

model.add(Conv2D(8, (3, 3), input_shape=(50, 50, 1)))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.3))

model.add(Conv2D(8, (3, 3)))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.3))

model.add(Conv2D(8, (3, 3)))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.3))

model.add(Flatten())

model.add(Dense(16))
model.add(Activation("relu"))

model.add(Dense(2))
model.add(Activation("softmax"))

tensorboard = TensorBoard(log_dir="Logs/{}".format(MODEL_NAME))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(X, y, batch_size=16, epochs=2, validation_split=0.3, callbacks=[tensorboard])
