"""A dense network in the spelling of Keras 1: nb_epoch, output_dim, init, W_regularizer."""

import numpy as np
from keras.layers.core import Activation, Dense, Dropout
from keras.models import Sequential
from keras.optimizers import SGD
from keras.regularizers import l2
from keras.utils import np_utils

batch_size = 16
nb_classes = 3
nb_epoch = 20

np.random.seed(1337)
X_train = np.random.normal(size=(120, 20)).astype("float32")
y_train = X_train[:, :nb_classes].argmax(axis=1)
Y_train = np_utils.to_categorical(y_train, nb_classes)

model = Sequential()
model.add(Dense(output_dim=32, input_dim=20, init="glorot_uniform", W_regularizer=l2(1e-4)))
model.add(Activation("relu"))
model.add(Dropout(0.1))
model.add(Dense(nb_classes, init="normal"))
model.add(Activation("softmax"))

sgd = SGD(lr=0.1, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
history = model.fit(
    X_train, Y_train, batch_size=batch_size, nb_epoch=nb_epoch, verbose=1, validation_split=0.1
)
score = model.evaluate(X_train, Y_train, verbose=0)
print("Test score:", score[0])
print("Test accuracy:", score[1])

assert len(history.history["val_acc"]) == nb_epoch
assert score[1] > 0.9
assert model.predict_classes(X_train, verbose=0).shape == (120,)
