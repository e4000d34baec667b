"""A small convnet on folders of JPEGs: copied, fitted as they are, then augmented."""

import os
import shutil

import matplotlib.pyplot as plt
import numpy as np

from keras import layers
from keras import models
from keras import optimizers
from keras.callbacks import ModelCheckpoint
from keras.models import load_model
from keras.preprocessing import image
from keras.preprocessing.image import ImageDataGenerator

SIZE = 32
MODEL_NAME = "cats_and_dogs_small"
original_dataset_dir = "originals"
base_dir = "cats_and_dogs_small"

# Cats are striped from left to right, dogs from top to bottom; sizes differ.
rng = np.random.RandomState(0)
os.mkdir(original_dataset_dir)
for kind in ["cat", "dog"]:
    for i in range(50):
        side = rng.randint(40, 60)
        line = (np.arange(side) + rng.randint(8)) // 4 % 2 * 200.0
        x = np.broadcast_to(line[:, None] if kind == "cat" else line, (side, side))
        x = np.repeat(x[..., None], 3, axis=2) + rng.uniform(0, 50, (side, side, 3))
        image.save_img(
            os.path.join(original_dataset_dir, "{}.{}.jpg".format(kind, i)), x, scale=False
        )

os.mkdir(base_dir)
train_dir = os.path.join(base_dir, "train")
os.mkdir(train_dir)
validation_dir = os.path.join(base_dir, "validation")
os.mkdir(validation_dir)
test_dir = os.path.join(base_dir, "test")
os.mkdir(test_dir)
for folder, first, last in [(train_dir, 0, 30), (validation_dir, 30, 40), (test_dir, 40, 50)]:
    for kind in ["cat", "dog"]:
        kind_dir = os.path.join(folder, kind + "s")
        os.mkdir(kind_dir)
        fnames = ["{}.{}.jpg".format(kind, i) for i in range(first, last)]
        for fname in fnames:
            src = os.path.join(original_dataset_dir, fname)
            dst = os.path.join(kind_dir, fname)
            shutil.copyfile(src, dst)
train_cats_dir = os.path.join(train_dir, "cats")
print("total training cat images:", len(os.listdir(train_cats_dir)))


def build():
    model = models.Sequential()
    model.add(layers.Conv2D(8, (3, 3), activation="relu", input_shape=(SIZE, SIZE, 3)))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Conv2D(16, (3, 3), activation="relu"))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(
        loss="binary_crossentropy", optimizer=optimizers.RMSprop(lr=3e-3), metrics=["acc"]
    )
    return model


train_datagen = ImageDataGenerator(rescale=1.0 / 255)
test_datagen = ImageDataGenerator(rescale=1.0 / 255)
train_generator = train_datagen.flow_from_directory(
    train_dir, target_size=(SIZE, SIZE), batch_size=10, class_mode="binary"
)
validation_generator = test_datagen.flow_from_directory(
    validation_dir, target_size=(SIZE, SIZE), batch_size=10, class_mode="binary"
)
for data_batch, labels_batch in train_generator:
    print("data batch shape:", data_batch.shape)
    print("labels batch shape:", labels_batch.shape)
    break
model = build()
model.summary()
checkpointer = ModelCheckpoint(
    filepath=f"{MODEL_NAME}.model.hdf5", verbose=1, save_best_only=True
)
plain = model.fit_generator(
    train_generator,
    steps_per_epoch=3,
    epochs=2,
    callbacks=[checkpointer],
    validation_data=validation_generator,
    validation_steps=2,
)
model_2 = load_model(f"{MODEL_NAME}.model.hdf5")
plain_loss, plain_acc = model_2.evaluate_generator(validation_generator, steps=2)

# One picture, augmented four times.
datagen = ImageDataGenerator(
    rotation_range=20,
    width_shift_range=0.2,
    height_shift_range=0.2,
    shear_range=0.2,
    zoom_range=0.2,
    horizontal_flip=True,
    fill_mode="nearest",
)
fnames = [os.path.join(train_cats_dir, fname) for fname in os.listdir(train_cats_dir)]
img_path = fnames[3]
img = image.load_img(img_path, target_size=(SIZE, SIZE))
x = image.img_to_array(img)
x = x.reshape((1,) + x.shape)
augmented = []
i = 0
for batch in datagen.flow(x, batch_size=1):
    plt.figure(i)
    imgplot = plt.imshow(image.array_to_img(batch[0]))
    augmented.append(batch[0])
    i += 1
    if i % 4 == 0:
        break
plt.show()

model = build()
train_datagen = ImageDataGenerator(
    rescale=1.0 / 255,
    rotation_range=20,
    width_shift_range=0.2,
    height_shift_range=0.2,
    shear_range=0.2,
    zoom_range=0.2,
    horizontal_flip=True,
)
train_generator = train_datagen.flow_from_directory(
    train_dir, target_size=(SIZE, SIZE), batch_size=10, class_mode="binary"
)
history = model.fit_generator(
    train_generator,
    steps_per_epoch=6,
    epochs=5,
    validation_data=validation_generator,
    validation_steps=2,
)
model.save("cats_and_dogs_small_dropout.model.hdf5")

acc = history.history["acc"]
val_acc = history.history["val_acc"]
test_generator = test_datagen.flow_from_directory(
    test_dir, target_size=(SIZE, SIZE), batch_size=10, class_mode="binary"
)
test_loss, test_acc = model.evaluate_generator(test_generator, steps=2)
print("test acc:", test_acc)
