"""A convolutional base trained before: its features first, then frozen under a new head, then tuned."""

import os

import numpy as np

from keras import layers
from keras import models
from keras import optimizers
from keras.preprocessing import image
from keras.preprocessing.image import ImageDataGenerator

SIZE = 32
base_dir = "cats_and_dogs_small"
train_dir = os.path.join(base_dir, "train")
validation_dir = os.path.join(base_dir, "validation")
test_dir = os.path.join(base_dir, "test")

# Dogs are brighter than cats.
rng = np.random.RandomState(11)
for directory, count in [(train_dir, 30), (validation_dir, 10), (test_dir, 10)]:
    for kind in ["cats", "dogs"]:
        os.makedirs(os.path.join(directory, kind))
        for i in range(count):
            picture = rng.uniform(0, 150, size=(40, 40, 3)) + (80 if kind == "dogs" else 0)
            image.save_img(os.path.join(directory, kind, "%d.jpg" % i), picture, scale=False)

conv_base_model = models.Sequential(name="small_base")
for block, filters in enumerate((4, 8, 8), start=1):
    if block == 1:
        conv = layers.Conv2D(
            filters, 3, activation="relu", name="block1_conv1", input_shape=(SIZE, SIZE, 3)
        )
    else:
        conv = layers.Conv2D(filters, 3, activation="relu", name=f"block{block}_conv1")
    conv_base_model.add(conv)
    conv_base_model.add(layers.MaxPooling2D((2, 2), name=f"block{block}_pool"))
conv_base_model.summary()

datagen = ImageDataGenerator(rescale=1.0 / 255)
batch_size = 20


def extract_features(directory, sample_count):
    features = np.zeros(shape=(sample_count, 2, 2, 8))
    labels = np.zeros(shape=(sample_count))
    generator = datagen.flow_from_directory(
        directory, target_size=(SIZE, SIZE), batch_size=batch_size, class_mode="binary"
    )
    i = 0
    for inputs_batch, labels_batch in generator:
        features_batch = conv_base_model.predict(inputs_batch)
        features[i * batch_size : (i + 1) * batch_size] = features_batch
        labels[i * batch_size : (i + 1) * batch_size] = labels_batch
        i += 1
        if i * batch_size >= sample_count:
            break
    return features, labels


train_features, train_labels = extract_features(train_dir, 60)
validation_features, validation_labels = extract_features(validation_dir, 20)
train_features = np.reshape(train_features, (60, 2 * 2 * 8))
validation_features = np.reshape(validation_features, (20, 2 * 2 * 8))
model = models.Sequential()
model.add(layers.Dense(256, activation="relu", input_dim=2 * 2 * 8))
model.add(layers.Dropout(0.5))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(optimizer=optimizers.RMSprop(lr=2e-3), loss="binary_crossentropy", metrics=["acc"])
on_features = model.fit(
    train_features,
    train_labels,
    epochs=5,
    batch_size=20,
    validation_data=(validation_features, validation_labels),
)
model.save("cats_and_dogs_small_dense_dropout.model.hdf5")

# The base as a layer below a new head, frozen.
model = models.Sequential()
model.add(conv_base_model)
model.add(layers.Flatten())
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(1, activation="sigmoid"))
model.summary()
trainable_before = len(model.trainable_weights)
conv_base_model.trainable = False
trainable_after = len(model.trainable_weights)

train_datagen = ImageDataGenerator(
    rescale=1.0 / 255,
    rotation_range=40,
    width_shift_range=0.2,
    height_shift_range=0.2,
    shear_range=0.2,
    zoom_range=0.2,
    horizontal_flip=True,
    fill_mode="nearest",
)
test_datagen = ImageDataGenerator(rescale=1.0 / 255)
train_generator = train_datagen.flow_from_directory(
    train_dir, target_size=(SIZE, SIZE), batch_size=20, class_mode="binary"
)
validation_generator = test_datagen.flow_from_directory(
    validation_dir, target_size=(SIZE, SIZE), batch_size=20, class_mode="binary"
)
base_before = conv_base_model.get_weights()
model.compile(loss="binary_crossentropy", optimizer=optimizers.RMSprop(lr=5e-3), metrics=["acc"])
frozen = model.fit_generator(
    train_generator,
    steps_per_epoch=3,
    epochs=4,
    validation_data=validation_generator,
    validation_steps=1,
)
base_frozen = conv_base_model.get_weights()

# The last block thawed, the others kept as they are.
conv_base_model.trainable = True
set_trainable = False
for layer in conv_base_model.layers:
    if layer.name == "block3_conv1":
        set_trainable = True
    if set_trainable:
        layer.trainable = True
    else:
        layer.trainable = False
model.compile(loss="binary_crossentropy", optimizer=optimizers.RMSprop(lr=1e-3), metrics=["acc"])
tuned = model.fit_generator(
    train_generator,
    steps_per_epoch=3,
    epochs=2,
    validation_data=validation_generator,
    validation_steps=1,
)
base_tuned = conv_base_model.get_weights()
model.save("cats_and_dogs_small_tuned.model.hdf5")

test_generator = test_datagen.flow_from_directory(
    test_dir, target_size=(SIZE, SIZE), batch_size=20, class_mode="binary"
)
test_loss, test_acc = model.evaluate_generator(test_generator, steps=1)
print("test acc:", test_acc)
