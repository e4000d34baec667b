"""Branches and shortcuts: a block of four branches, a residual, a residual through a convolution."""

import numpy as np

from keras import layers
from keras import Input
from keras.models import Model

x = Input(shape=(16, 16, 4))
branch_a = layers.Conv2D(8, 1, activation="relu", strides=2)(x)

branch_b = layers.Conv2D(8, 1, activation="relu")(x)
branch_b = layers.Conv2D(8, 3, activation="relu", strides=2, padding="same")(branch_b)

branch_c = layers.AveragePooling2D(3, strides=2, padding="same")(x)
branch_c = layers.Conv2D(8, 3, activation="relu", padding="same")(branch_c)

branch_d = layers.Conv2D(8, 1, activation="relu")(x)
branch_d = layers.Conv2D(8, 3, activation="relu", padding="same")(branch_d)
branch_d = layers.Conv2D(8, 3, activation="relu", strides=2, padding="same")(branch_d)

block = layers.concatenate([branch_a, branch_b, branch_c, branch_d], axis=-1)

# The way round a block, where shapes stay as they are.
y = layers.Conv2D(32, 3, activation="relu", padding="same")(block)
y = layers.Conv2D(32, 3, activation="relu", padding="same")(y)
same_size = layers.add([y, block])

# The way round a block that halves the picture: a 1 x 1 convolution brings the shapes together.
y = layers.Conv2D(16, 3, activation="relu", padding="same")(same_size)
y = layers.Conv2D(16, 3, activation="relu", padding="same")(y)
y = layers.MaxPooling2D(2, strides=2)(y)
residual = layers.Conv2D(16, 1, strides=2, padding="same")(same_size)
half_size = layers.add([y, residual])

pooled = layers.GlobalAveragePooling2D()(half_size)
model = Model(x, layers.Dense(3, activation="softmax")(pooled))
model.summary()
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["acc"])
rng = np.random.RandomState(19)
history = model.fit(
    rng.random_sample((60, 16, 16, 4)), rng.randint(0, 3, size=60), epochs=2, batch_size=20
)
