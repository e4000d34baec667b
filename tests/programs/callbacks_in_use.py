"""Stop early, keep the best, lower the rate, log: the callbacks that come with the library."""

import numpy as np

import keras
from keras import layers

rng = np.random.RandomState(21)
x, x_val = rng.normal(size=(160, 6)), rng.normal(size=(40, 6))
y, y_val = (x[:, 0] > 0).astype("float32"), (x_val[:, 0] > 0).astype("float32")

model = keras.models.Sequential()
model.add(layers.Dense(8, activation="relu", input_shape=(6,)))
model.add(layers.Dense(1, activation="sigmoid"))

callbacks_list = [
    keras.callbacks.EarlyStopping(monitor="acc", patience=1),
    keras.callbacks.ModelCheckpoint(
        filepath="my_model.h5", monitor="val_loss", save_best_only=True
    ),
]
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
early = model.fit(
    x,
    y,
    epochs=10,
    batch_size=32,
    callbacks=callbacks_list,
    validation_data=(x_val, y_val),
)
best = keras.models.load_model("my_model.h5")
best_loss = best.evaluate(x_val, y_val, verbose=0)[0]

callbacks_list = [
    keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.1, patience=1, min_delta=10.0),
]
reduced = model.fit(
    x,
    y,
    epochs=4,
    batch_size=32,
    callbacks=callbacks_list,
    validation_data=(x_val, y_val),
)

seen = []
history = keras.callbacks.History()
logged = model.fit(
    x,
    y,
    epochs=3,
    batch_size=32,
    verbose=0,
    validation_data=(x_val, y_val),
    callbacks=[
        keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 / (epoch + 1), verbose=1),
        keras.callbacks.CSVLogger("training.csv", separator=",", append=False),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: seen.append(("epoch", epoch)),
            on_batch_end=lambda batch, logs: seen.append(("batch", batch)),
            on_train_end=lambda logs: seen.append(("end",)),
        ),
        keras.callbacks.ModelCheckpoint("weights.{epoch:02d}-{val_loss:.2f}.hdf5", period=1),
        history,
    ],
)
