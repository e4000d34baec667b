"""Pictures in arrays, centred and augmented while a convnet trains, in the manner of the CIFAR-10 example."""

import numpy as np

import keras
from keras.layers import Activation, Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.preprocessing.image import ImageDataGenerator

batch_size = 32
num_classes = 4
epochs = 4

rng = np.random.RandomState(0)
labels = rng.randint(0, num_classes, size=(256, 1))
tints = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [200, 200, 40]])
pictures = np.clip(tints[labels[:, 0]][:, None, None] + rng.normal(0, 60, (256, 16, 16, 3)), 0, 255)
(x_train, y_train), (x_test, y_test) = (
    (pictures[:192], labels[:192]),
    (pictures[192:], labels[192:]),
)
y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)

model = Sequential()
model.add(Conv2D(8, (3, 3), padding="same", input_shape=x_train.shape[1:]))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Flatten())
model.add(Dense(num_classes))
model.add(Activation("softmax"))
opt = keras.optimizers.rmsprop(lr=0.002)
model.compile(loss="categorical_crossentropy", optimizer=opt, metrics=["accuracy"])

x_train = x_train.astype("float32") / 255
x_test = x_test.astype("float32") / 255
datagen = ImageDataGenerator(
    featurewise_center=True,
    featurewise_std_normalization=True,
    rotation_range=10,
    width_shift_range=0.1,
    height_shift_range=0.1,
    channel_shift_range=0.0,
    fill_mode="nearest",
    horizontal_flip=True,
    validation_split=0.0,
)
datagen.fit(x_train)
x_test = datagen.standardize(np.copy(x_test))
history = model.fit_generator(
    datagen.flow(x_train, y_train, batch_size=batch_size),
    epochs=epochs,
    validation_data=(x_test, y_test),
    workers=4,
)

# A loop by hand.
batches = 0
for x_batch, y_batch in datagen.flow(x_train, y_train, batch_size=batch_size):
    model.train_on_batch(x_batch, y_batch)
    batches += 1
    if batches >= len(x_train) / batch_size:
        break

scores = model.evaluate(x_test, y_test, verbose=1)
print("Test accuracy:", scores[1])
