"""The same two layers as a chain of layers and as a graph, `RMSprop(lr=0.001)`, mean squared error."""

from keras import models
from keras import layers
from keras import optimizers
from keras.datasets import mnist
from keras.utils import to_categorical

(input_tensor_values, target_values), _ = mnist.load_data()
input_values = input_tensor_values.reshape((-1, 784)).astype("float32") / 255
target_values = to_categorical(target_values)

model = models.Sequential()
model.add(layers.Dense(32, activation="relu", input_shape=(784,)))
model.add(layers.Dense(10, activation="softmax"))
chain_parameters = model.count_params()

input_tensor = layers.Input(shape=(784,))
x = layers.Dense(32, activation="relu")(input_tensor)
output_tensor = layers.Dense(10, activation="softmax")(x)
model = models.Model(inputs=input_tensor, outputs=output_tensor)

model.compile(optimizer=optimizers.RMSprop(lr=0.001), loss="mse", metrics=["accuracy"])
history = model.fit(input_values, target_values, batch_size=128, epochs=10)
