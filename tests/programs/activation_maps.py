"""What the first eight layers of a saved convnet answer to one picture, drawn as grids."""

import os

import matplotlib.pyplot as plt
import numpy as np

from keras import models
from keras import layers
from keras.models import load_model
from keras.preprocessing import image

SIZE = 150
MODEL_NAME = "seen_inside"
model = models.Sequential()
model.add(layers.Conv2D(16, (3, 3), activation="relu", input_shape=(SIZE, SIZE, 3)))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(16, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(32, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(32, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Flatten())
model.add(layers.Dense(8, activation="relu"))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["acc"])
model.save(f"{MODEL_NAME}.model.hdf5")

model = load_model(f"{MODEL_NAME}.model.hdf5")
model.summary()

test_cats_dir = os.path.join("test", "cats")
os.makedirs(test_cats_dir)
img_path = os.path.join(test_cats_dir, "cat.1700.jpg")
image.save_img(img_path, np.random.RandomState(10).randint(0, 256, size=(180, 200, 3)))

img = image.load_img(img_path, target_size=(SIZE, SIZE))
img_tensor = image.img_to_array(img)
img_tensor = np.expand_dims(img_tensor, axis=0)
img_tensor /= 255.0
print(img_tensor.shape)
plt.imshow(img_tensor[0])
plt.show()

layer_outputs = [layer.output for layer in model.layers[:8]]
model_activation = models.Model(inputs=model.input, outputs=layer_outputs)
activations = model_activation.predict(img_tensor)
first_layer_activation = activations[0]
plt.matshow(first_layer_activation[0, :, :, 4], cmap="viridis")

layer_names = []
for layer in model.layers[:8]:
    layer_names.append(layer.name)
images_per_row = 16
grids = []

for layer_name, layer_activation in zip(layer_names, activations):
    n_features = layer_activation.shape[-1]
    size = layer_activation.shape[1]
    n_rows = n_features // images_per_row
    display_grid = np.zeros((size * n_rows, images_per_row * size))
    for row in range(n_rows):
        for col in range(images_per_row):
            channel_image = layer_activation[0, :, :, row * images_per_row + col]
            channel_image -= channel_image.mean()
            channel_image /= channel_image.std() + 1e-6
            channel_image *= 64
            channel_image += 128
            channel_image = np.clip(channel_image, 0, 255).astype("uint8")
            display_grid[row * size : (row + 1) * size, col * size : (col + 1) * size] = (
                channel_image
            )
    scale = 1.0 / size
    plt.figure(figsize=(scale * display_grid.shape[1], scale * display_grid.shape[0]))
    plt.title(layer_name)
    plt.grid(False)
    plt.imshow(display_grid, aspect="auto", cmap="viridis")
    grids.append(display_grid)
