"""A function that builds a network from hyperparameters, and a search by hand over a few of them."""

import os

import numpy as np

from tensorflow import keras

rng = np.random.RandomState(3)
X = rng.normal(size=(240, 8)).astype("float32")
y = np.sin(X[:, 0]) + X[:, 1]
X_train, X_valid, y_train, y_valid = X[:180], X[180:], y[:180], y[180:]


def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3, input_shape=[8]):
    model = keras.models.Sequential()
    model.add(keras.layers.InputLayer(input_shape=input_shape))
    for _ in range(n_hidden):
        model.add(keras.layers.Dense(n_neurons, activation="relu"))
    model.add(keras.layers.Dense(1))
    optimizer = keras.optimizers.SGD(learning_rate=learning_rate)
    model.compile(loss="mse", optimizer=optimizer)
    return model


scores = {}
for n_hidden in (0, 1, 2):
    model = build_model(n_hidden=n_hidden, n_neurons=20, learning_rate=1e-2)
    model.fit(
        X_train,
        y_train,
        epochs=max(5, round(100 * float(os.environ.get("EPOCHS", "1")))),
        validation_data=(X_valid, y_valid),
        callbacks=[keras.callbacks.EarlyStopping(patience=10)],
        verbose=0,
    )
    scores[n_hidden] = model.evaluate(X_valid, y_valid, verbose=0)
best = min(scores, key=scores.get)
print(scores, best)
