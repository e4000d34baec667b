"""A small convnet on folders of JPEGs: first as they are, then with augmentation."""

import os

import matplotlib.pyplot as plt
import numpy as np

from keras import models
from keras import layers
from keras import optimizers
from keras.preprocessing import image
from keras.preprocessing.image import ImageDataGenerator

SIZE = 32
base_dir = "cats_and_dogs_small"
train_dir = os.path.join(base_dir, "train")
validation_dir = os.path.join(base_dir, "validation")


def make_pictures(folder, count, seed):
    """Cats are striped from left to right, dogs from top to bottom; sizes differ."""
    rng = np.random.RandomState(seed)
    for kind in ("cats", "dogs"):
        os.makedirs(os.path.join(folder, kind))
        for i in range(count):
            side = rng.randint(40, 60)
            line = (np.arange(side) + rng.randint(8)) // 4 % 2 * 200.0
            x = np.broadcast_to(line[:, None] if kind == "cats" else line, (side, side))
            x = np.repeat(x[..., None], 3, axis=2) + rng.uniform(0, 50, (side, side, 3))
            name = f"{kind[:-1]}.{i}.jpg"
            image.save_img(os.path.join(folder, kind, name), x, scale=False)


make_pictures(train_dir, 30, seed=0)
make_pictures(validation_dir, 10, seed=1)
print("total training cat images:", len(os.listdir(os.path.join(train_dir, "cats"))))

train_datagen = ImageDataGenerator(
    rescale=1.0 / 255,
    rotation_range=20,
    width_shift_range=0.2,
    height_shift_range=0.2,
    shear_range=0.2,
    zoom_range=0.2,
    horizontal_flip=True,
    fill_mode="nearest",
)
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

# One picture, augmented four times.
fnames = [
    os.path.join(train_dir, "cats", fname)
    for fname in sorted(os.listdir(os.path.join(train_dir, "cats")))
]
img = image.load_img(fnames[3], target_size=(SIZE, SIZE))
x = image.img_to_array(img)
x = x.reshape((1, *x.shape))
augmented = []
i = 0
for batch in train_datagen.flow(x, batch_size=1):
    plt.figure(i)
    plt.imshow(image.array_to_img(batch[0]))
    augmented.append(batch[0])
    i += 1
    if i % 4 == 0:
        break

model = models.Sequential()
model.add(layers.Conv2D(8, (3, 3), activation="relu", input_shape=(SIZE, SIZE, 3)))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(16, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Flatten())
model.add(layers.Dropout(0.2))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer=optimizers.RMSprop(lr=3e-3), metrics=["acc"])

history = model.fit_generator(
    train_generator,
    steps_per_epoch=6,
    epochs=5,
    validation_data=validation_generator,
    validation_steps=2,
)
model.save("cats_and_dogs_small_2.h5")

acc = history.history["acc"]
val_acc = history.history["val_acc"]
test_loss, test_acc = model.evaluate_generator(validation_generator, steps=2)
print("test acc:", test_acc)
