"""Against overfitting: a penalty on weights, and units left out by chance."""

import numpy as np

from keras import models
from keras import layers
from keras import regularizers

rng = np.random.RandomState(8)
x = (rng.random_sample((120, 10000)) < 0.01).astype("float32")
y = x[:, :200].sum(axis=1) > 2

model = models.Sequential()
model.add(
    layers.Dense(
        16,
        kernel_regularizer=regularizers.l2(0.001),
        activation="relu",
        input_shape=(10000,),
    )
)
model.add(layers.Dropout(0.5))
model.add(layers.Dense(16, kernel_regularizer=regularizers.l2(0.001), activation="relu"))
model.add(layers.Dropout(0.5))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
history = model.fit(x, y, epochs=3, batch_size=64, validation_split=0.2)
penalty = sum(0.001 * np.square(layer.get_weights()[0]).sum() for layer in model.layers[0:3:2])
evaluated = model.evaluate(x, y, verbose=0)
