"""Vision with tf.keras alone, 2020 to 2022: pictures from folders, a residual net, a U-Net fed by a Sequence."""

import os
import random

import numpy as np
from PIL import Image, ImageOps
from tensorflow import keras
from tensorflow.keras import backend as K
from tensorflow.keras import layers
from tensorflow.keras.preprocessing import image_dataset_from_directory
from tensorflow.keras.preprocessing.image import array_to_img, img_to_array, load_img

rng = np.random.RandomState(1337)
image_size = (24, 24)
batch_size = 8
for folder_name in ("Cat", "Dog"):
    folder_path = os.path.join("PetImages", folder_name)
    os.makedirs(folder_path, exist_ok=True)
    for i in range(16):
        a = rng.randint(0, 80, size=(30, 36, 3)).astype("uint8")
        a[..., 0 if folder_name == "Cat" else 2] += 150
        array_to_img(a).save(os.path.join(folder_path, "%d.jpg" % i))

train_ds = keras.preprocessing.image_dataset_from_directory(
    "PetImages",
    validation_split=0.25,
    subset="training",
    seed=1337,
    image_size=image_size,
    batch_size=batch_size,
)
val_ds = image_dataset_from_directory(
    "PetImages",
    validation_split=0.25,
    subset="validation",
    seed=1337,
    image_size=image_size,
    batch_size=batch_size,
)
data_augmentation = keras.Sequential(
    [
        layers.experimental.preprocessing.RandomFlip("horizontal"),
        layers.experimental.preprocessing.RandomRotation(0.1),
    ]
)
for images, labels in train_ds.take(1):
    for i in range(2):
        augmented_images = data_augmentation(images)
        assert images[i].numpy().astype("uint8").shape == (24, 24, 3)
        assert int(labels[i]) in (0, 1)
train_ds = train_ds.prefetch(buffer_size=32)
val_ds = val_ds.prefetch(buffer_size=32)


def make_model(input_shape, num_classes):
    inputs = keras.Input(shape=input_shape)
    x = data_augmentation(inputs)
    x = layers.experimental.preprocessing.Rescaling(1.0 / 255)(x)
    x = layers.Conv2D(8, 3, strides=2, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    previous_block_activation = x
    for size in [16]:
        x = layers.SeparableConv2D(size, 3, padding="same")(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(size, 1, strides=2, padding="same")(previous_block_activation)
        x = layers.add([x, residual])
    x = layers.GlobalAveragePooling2D()(x)
    if num_classes == 2:
        activation, units = "sigmoid", 1
    else:
        activation, units = "softmax", num_classes
    x = layers.Dropout(0.25)(x)
    return keras.Model(inputs, layers.Dense(units, activation=activation)(x))


model = make_model(input_shape=image_size + (3,), num_classes=2)
callbacks = [keras.callbacks.ModelCheckpoint("save_at_{epoch}.h5")]
model.compile(
    optimizer=keras.optimizers.Adam(5e-3), loss="binary_crossentropy", metrics=["accuracy"]
)
history = model.fit(train_ds, epochs=3, callbacks=callbacks)
img = load_img("PetImages/Cat/3.jpg", target_size=image_size)
img_array = np.expand_dims(img_to_array(img), 0)
score = model.predict(img_array)[0]
print("This image is %.2f percent cat." % (100 * (1 - score[0])))
assert history.history["loss"][-1] < history.history["loss"][0]
again = keras.models.load_model("save_at_3.h5")
assert all(np.array_equal(a, b) for a, b in zip(again.get_weights(), model.get_weights()))
assert 0 <= model.evaluate(val_ds, verbose=0)[1] <= 1


class Pets(keras.utils.Sequence):
    """Helper to iterate over the data (as Numpy arrays)."""

    def __init__(self, batch_size, img_size, input_img_paths, target_img_paths):
        self.batch_size = batch_size
        self.img_size = img_size
        self.input_img_paths = input_img_paths
        self.target_img_paths = target_img_paths

    def __len__(self):
        return len(self.target_img_paths) // self.batch_size

    def __getitem__(self, idx):
        i = idx * self.batch_size
        x = np.zeros((self.batch_size,) + self.img_size + (3,), dtype="float32")
        for j, path in enumerate(self.input_img_paths[i : i + self.batch_size]):
            x[j] = load_img(path, target_size=self.img_size)
        y = np.zeros((self.batch_size,) + self.img_size + (1,), dtype="uint8")
        for j, path in enumerate(self.target_img_paths[i : i + self.batch_size]):
            img = load_img(path, target_size=self.img_size, color_mode="grayscale")
            y[j] = np.expand_dims(img, 2)
            y[j] -= 1
        return x, y


os.makedirs("images", exist_ok=True)
os.makedirs("annotations", exist_ok=True)
for i in range(12):
    mask = np.full((32, 32), 2, "uint8")
    r = rng.randint(4, 16)
    mask[r : r + 12, r : r + 12] = 1
    mask[r : r + 12, r] = 3
    Image.fromarray(mask).save("annotations/%02d.png" % i)
    Image.fromarray(np.stack([mask * 80] * 3, -1)).save("images/%02d.png" % i)
input_img_paths = sorted(os.path.join("images", f) for f in os.listdir("images"))
target_img_paths = sorted(os.path.join("annotations", f) for f in os.listdir("annotations"))
random.Random(1337).shuffle(input_img_paths)
random.Random(1337).shuffle(target_img_paths)
train_gen = Pets(4, image_size, input_img_paths[:-4], target_img_paths[:-4])
val_gen = Pets(4, image_size, input_img_paths[-4:], target_img_paths[-4:])

K.clear_session()
inputs = keras.Input(shape=image_size + (3,))
x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(inputs)
channels = K.int_shape(x)[-1]
skip = x
x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
x = layers.Conv2DTranspose(channels, 3, padding="same", activation="relu")(x)
x = layers.UpSampling2D(2)(x)
x = layers.concatenate([x, skip])
x = layers.UpSampling2D(2)(x)
assert K.int_shape(x) == (None, 24, 24, 16)
outputs = layers.Conv2D(3, 3, activation="softmax", padding="same")(x)
unet = keras.Model(inputs, outputs)
unet.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
callbacks = [keras.callbacks.ModelCheckpoint("segmentation.h5", save_best_only=True)]
history = unet.fit(train_gen, epochs=3, validation_data=val_gen, callbacks=callbacks)
val_preds = unet.predict(val_gen)
mask = np.expand_dims(np.argmax(val_preds[0], axis=-1), axis=-1)
img = ImageOps.autocontrast(keras.preprocessing.image.array_to_img(mask))
assert img.size == (24, 24)
assert history.history["loss"][-1] < history.history["loss"][0]
assert os.path.exists("segmentation.h5")
