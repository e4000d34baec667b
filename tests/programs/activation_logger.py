"""A callback of one's own: after each epoch the answers of all layers to one sample go to a file."""

import numpy as np

import keras


class ActivationLogger(keras.callbacks.Callback):
    def set_model(self, model):
        self.model = model
        layer_outputs = [layer.output for layer in model.layers]
        self.activations_model = keras.models.Model(model.input, layer_outputs)

    def on_epoch_end(self, epoch, logs=None):
        if self.validation_data is None:
            raise RuntimeError("Requires validation_data.")
        validation_sample = self.validation_data[0][0:1]
        activations = self.activations_model.predict(validation_sample)
        f = open("activations_at_epoch_" + str(epoch) + ".npz", "wb")
        np.savez(f, *activations)
        f.close()


class LossHistory(keras.callbacks.Callback):
    def on_train_begin(self, logs={}):
        self.losses = []

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get("loss"))


rng = np.random.RandomState(22)
x, y = rng.normal(size=(90, 5)).astype("float32"), rng.randint(0, 3, size=90)
model = keras.models.Sequential()
model.add(keras.layers.Dense(7, activation="relu", input_shape=(5,)))
model.add(keras.layers.Dense(3, activation="softmax"))
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
losses = LossHistory()
history = model.fit(
    x, y, epochs=3, batch_size=30, validation_split=1 / 3, callbacks=[ActivationLogger(), losses]
)
