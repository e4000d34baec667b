"""Wide and deep networks: one input, two inputs, two outputs, and the same as a subclass."""

import numpy as np

from tensorflow import keras

rng = np.random.RandomState(1)
X_train = rng.normal(size=(200, 8)).astype("float32")
y_train = (X_train[:, :3].sum(axis=1) + 0.1 * rng.normal(size=200)).astype("float32")
X_valid = rng.normal(size=(50, 8)).astype("float32")
y_valid = X_valid[:, :3].sum(axis=1)
X_train_A, X_train_B = X_train[:, :5], X_train[:, 2:]
X_valid_A, X_valid_B = X_valid[:, :5], X_valid[:, 2:]

# One input that goes both ways.
input_ = keras.layers.Input(shape=X_train.shape[1:])
hidden1 = keras.layers.Dense(30, activation="relu")(input_)
hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
concat = keras.layers.concatenate([input_, hidden2])
output = keras.layers.Dense(1)(concat)
model = keras.models.Model(inputs=[input_], outputs=[output])
model.summary()
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=1e-2))
one_input = model.fit(X_train, y_train, epochs=5, validation_data=(X_valid, y_valid), verbose=2)

# Two inputs.
input_A = keras.layers.Input(shape=[5], name="wide_input")
input_B = keras.layers.Input(shape=[6], name="deep_input")
hidden1 = keras.layers.Dense(30, activation="relu")(input_B)
hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
concat = keras.layers.concatenate([input_A, hidden2])
output = keras.layers.Dense(1, name="output")(concat)
model = keras.models.Model(inputs=[input_A, input_B], outputs=[output])
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=1e-2))
two_inputs = model.fit(
    [X_train_A, X_train_B],
    y_train,
    epochs=5,
    validation_data=([X_valid_A, X_valid_B], y_valid),
    verbose=2,
)
by_list = model.predict([X_valid_A, X_valid_B])
by_name = model.predict({"deep_input": X_valid_B, "wide_input": X_valid_A})

# Two outputs, the main one weighing more.
input_A = keras.layers.Input(shape=[5], name="wide_input")
input_B = keras.layers.Input(shape=[6], name="deep_input")
hidden1 = keras.layers.Dense(30, activation="relu")(input_B)
hidden2 = keras.layers.Dense(30, activation="relu")(hidden1)
concat = keras.layers.concatenate([input_A, hidden2])
output = keras.layers.Dense(1, name="main_output")(concat)
aux_output = keras.layers.Dense(1, name="aux_output")(hidden2)
model = keras.models.Model(inputs=[input_A, input_B], outputs=[output, aux_output])
model.compile(
    loss=["mse", "mse"],
    loss_weights=[0.9, 0.1],
    optimizer=keras.optimizers.SGD(learning_rate=1e-2),
)
two_outputs = model.fit(
    [X_train_A, X_train_B],
    [y_train, y_train],
    epochs=5,
    validation_data=([X_valid_A, X_valid_B], [y_valid, y_valid]),
    verbose=2,
)
total_loss, main_loss, aux_loss = model.evaluate([X_valid_A, X_valid_B], [y_valid, y_valid])
y_pred_main, y_pred_aux = model.predict([X_valid_A, X_valid_B])


class WideAndDeepModel(keras.models.Model):
    def __init__(self, units=30, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.hidden1 = keras.layers.Dense(units, activation=activation)
        self.hidden2 = keras.layers.Dense(units, activation=activation)
        self.main_output = keras.layers.Dense(1)
        self.aux_output = keras.layers.Dense(1)

    def call(self, inputs):
        input_A, input_B = inputs
        hidden1 = self.hidden1(input_B)
        hidden2 = self.hidden2(hidden1)
        concat = keras.layers.concatenate([input_A, hidden2])
        main_output = self.main_output(concat)
        aux_output = self.aux_output(hidden2)
        return main_output, aux_output


model = WideAndDeepModel(30, activation="relu")
model.compile(loss="mse", loss_weights=[0.9, 0.1], optimizer=keras.optimizers.SGD(1e-2))
subclassed = model.fit([X_train_A, X_train_B], [y_train, y_train], epochs=5, verbose=2)
sub_main, sub_aux = model.predict([X_valid_A, X_valid_B])
