"""A model as one `.h5`, weights under a suffix of one's own, the best epoch kept by a callback."""

import numpy as np

from tensorflow import keras

rng = np.random.RandomState(2)
X = rng.normal(size=(300, 8)).astype("float32")
y = X[:, 0] * 2 - X[:, 1] + 0.1 * rng.normal(size=300)
X_train, X_valid, X_test = X[:200], X[200:250], X[250:]
y_train, y_valid, y_test = y[:200], y[200:250], y[250:]
X_new = X_test[:3]

model = keras.models.Sequential(
    [
        keras.layers.Dense(30, activation="relu", input_shape=X_train.shape[1:]),
        keras.layers.Dense(1),
    ]
)
model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=1e-2))
model.fit(X_train, y_train, epochs=5, validation_data=(X_valid, y_valid), verbose=0)

model.save("my_keras_model.h5")
before = model.predict(X_new)
model = keras.models.load_model("my_keras_model.h5")
after = model.predict(X_new)

model.save_weights("my_keras_weights.ckpt")
kept = model.get_weights()
model.set_weights([0 * w for w in kept])
model.load_weights("my_keras_weights.ckpt")
restored = model.get_weights()

model.compile(loss="mse", optimizer=keras.optimizers.SGD(learning_rate=1e-2))
checkpoint_cb = keras.callbacks.ModelCheckpoint("my_keras_model.h5", save_best_only=True)
history = model.fit(
    X_train,
    y_train,
    epochs=10,
    validation_data=(X_valid, y_valid),
    callbacks=[checkpoint_cb],
)
model = keras.models.load_model("my_keras_model.h5")  # the best of the ten epochs
best = model.evaluate(X_valid, y_valid)
mse_test = model.evaluate(X_test, y_test)
