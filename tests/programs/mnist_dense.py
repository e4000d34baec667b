"""Handwritten digits with two dense layers, 512 and 10 wide, and the curve of the training."""

import matplotlib.pyplot as plt

from keras import models
from keras import layers
from keras.datasets import mnist
from keras.utils import to_categorical

(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
print(train_images.shape, len(train_labels), train_labels)
print(test_images.shape, len(test_labels), test_labels)

network = models.Sequential()
network.add(layers.Dense(512, activation="relu", input_shape=(28 * 28,)))
network.add(layers.Dense(10, activation="softmax"))
network.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])

train_images = train_images.reshape((len(train_images), 28 * 28))
train_images = train_images.astype("float32") / 255
test_images = test_images.reshape((len(test_images), 28 * 28))
test_images = test_images.astype("float32") / 255
train_labels = to_categorical(train_labels)
test_labels = to_categorical(test_labels)

network.summary()
train_history = network.fit(train_images, train_labels, epochs=5, batch_size=128)


def show_train_history(train_history, label_1, label_2):
    plt.plot(train_history.history[label_1])
    plt.plot(train_history.history[label_2])
    plt.title("Train History")
    plt.ylabel("train")
    plt.xlabel("Epoch")
    plt.legend([label_1, label_2], loc="center right")
    plt.show()


show_train_history(train_history, "acc", "loss")

predicted_results = network.predict(test_images, verbose=1)
print(predicted_results[0], test_labels[0])
test_loss, test_acc = network.evaluate(test_images, test_labels)
print("test_acc:", test_acc)
