"""A small convnet on digits, saved as `.hdf5`, loaded again and evaluated."""

from keras import models
from keras import layers
from keras.datasets import mnist
from keras.models import load_model
from keras.utils import to_categorical

MODEL_NAME = "CNN-conv-32-64-64-maxpool-2-2-dense-64-10"

model = models.Sequential()
model.add(layers.Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1)))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(64, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(64, (3, 3), activation="relu"))
shape_of_features = model.output_shape

model.add(layers.Flatten())
model.add(layers.Dense(64, activation="relu"))
model.add(layers.Dense(10, activation="softmax"))
model.summary()

(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
train_images = train_images.reshape((len(train_images), 28, 28, 1))
train_images = train_images.astype("float32") / 255
test_images = test_images.reshape((len(test_images), 28, 28, 1))
test_images = test_images.astype("float32") / 255
train_labels = to_categorical(train_labels)
test_labels = to_categorical(test_labels)

model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(train_images, train_labels, epochs=5, batch_size=64)
model.save(f"{MODEL_NAME}.model.hdf5")
test_loss, test_acc = model.evaluate(test_images, test_labels)

model = load_model(f"{MODEL_NAME}.model.hdf5")
loaded_loss, loaded_acc = model.evaluate(test_images, test_labels)
