"""Every callback of the manual, by the path and with the arguments that are printed there."""

import numpy as np

import keras

rng = np.random.RandomState(27)
x = rng.normal(size=(120, 6))
y = (x[:, 0] > 0).astype("float32")

model = keras.models.Sequential()
model.add(keras.layers.Dense(4, activation="relu", input_shape=(6,)))
model.add(keras.layers.Dense(1, activation="sigmoid"))
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])

recorded = keras.callbacks.callbacks.History()
begun = []
callbacks_list = [
    keras.callbacks.callbacks.BaseLogger(stateful_metrics=None),
    keras.callbacks.callbacks.TerminateOnNaN(),
    keras.callbacks.callbacks.ProgbarLogger(count_mode="samples", stateful_metrics=None),
    recorded,
    keras.callbacks.callbacks.ModelCheckpoint(
        "weights.{epoch:02d}-{val_loss:.2f}.hdf5",
        monitor="val_loss",
        verbose=0,
        save_best_only=False,
        save_weights_only=False,
        mode="auto",
        period=1,
    ),
    keras.callbacks.callbacks.EarlyStopping(
        monitor="val_loss",
        min_delta=0,
        patience=3,
        verbose=0,
        mode="auto",
        baseline=None,
        restore_best_weights=False,
    ),
    keras.callbacks.callbacks.RemoteMonitor(
        root="http://localhost:9000",
        path="/publish/epoch/end/",
        field="data",
        headers=None,
        send_as_json=False,
    ),
    keras.callbacks.callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.5, verbose=0),
    keras.callbacks.callbacks.ReduceLROnPlateau(
        monitor="val_loss",
        factor=0.1,
        patience=10,
        verbose=0,
        mode="auto",
        min_delta=0.0001,
        cooldown=0,
        min_lr=0,
    ),
    keras.callbacks.callbacks.CSVLogger("training.csv", separator=",", append=False),
    keras.callbacks.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: begun.append(epoch),
        on_epoch_end=None,
        on_batch_begin=None,
        on_batch_end=None,
        on_train_begin=None,
        on_train_end=None,
    ),
    keras.callbacks.tensorboard_v1.TensorBoard(
        log_dir="./logs",
        histogram_freq=0,
        batch_size=32,
        write_graph=True,
        write_grads=False,
        write_images=False,
        embeddings_freq=0,
        embeddings_layer_names=None,
        embeddings_metadata=None,
        embeddings_data=None,
        update_freq="epoch",
    ),
]
history = model.fit(
    x, y, epochs=3, batch_size=30, validation_split=0.25, verbose=0, callbacks=callbacks_list
)
