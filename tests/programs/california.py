"""House prices of California: a small regressor, SGD with a rate of 0.001."""

import os

from tensorflow import keras

(X_train_full, y_train_full), (X_test, y_test) = keras.datasets.california_housing.load_data(
    version="small"
)
held_out = len(X_train_full) // 4
X_valid, X_train = X_train_full[:held_out], X_train_full[held_out:]
y_valid, y_train = y_train_full[:held_out] / 1e5, y_train_full[held_out:] / 1e5
y_test = y_test / 1e5

mean, std = X_train.mean(axis=0), X_train.std(axis=0)
X_train, X_valid, X_test = ((part - mean) / std for part in (X_train, X_valid, X_test))

model = keras.models.Sequential(
    [
        keras.layers.Dense(30, activation="relu", input_shape=X_train.shape[1:]),
        keras.layers.Dense(1),
    ]
)
model.compile(loss="mean_squared_error", optimizer=keras.optimizers.SGD(learning_rate=1e-3))
epochs = max(5, round(20 * float(os.environ.get("EPOCHS", "1"))))
history = model.fit(X_train, y_train, epochs=epochs, validation_data=(X_valid, y_valid))
mse_test = model.evaluate(X_test, y_test)
X_new = X_test[:3]
y_pred = model.predict(X_new)
