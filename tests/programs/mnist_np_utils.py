"""Handwritten digits in the spelling of 2017: `input_dim`, `np_utils`, `predict_classes`."""

import numpy as np
from matplotlib import pyplot as plt

from keras.datasets import mnist
from keras.layers import Activation, Dense, Dropout, Flatten
from keras.models import Sequential
from keras.utils import np_utils  # one-hot labels

np.random.seed(10)
(X_train, y_train), (X_test, y_test) = mnist.load_data()

model = Sequential()
model.add(Dense(units=256, input_dim=784, kernel_initializer="normal", activation="relu"))
model.add(Dense(units=10, kernel_initializer="normal", activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

y_TrainOneHot = np_utils.to_categorical(y_train)
y_TestOneHot = np_utils.to_categorical(y_test)
X_train_2D = X_train.reshape(len(X_train), 28 * 28).astype("float32")
X_test_2D = X_test.reshape(len(X_test), 28 * 28).astype("float32")
x_Train_norm = X_train_2D / 255
x_Test_norm = X_test_2D / 255

train_history = model.fit(
    x=x_Train_norm, y=y_TrainOneHot, validation_split=0.2, epochs=10, batch_size=800, verbose=2
)

scores = model.evaluate(x_Test_norm, y_TestOneHot)
print()
print("\t[Info] Accuracy of testing data = {:2.1f}%".format(scores[1] * 100.0))

X = x_Test_norm[0:10, :]
predictions = model.predict_classes(X)
print(predictions)

plt.imshow(X_test[0])
plt.show()
