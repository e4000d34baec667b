"""Writes the small files of tf_keras in this folder: ``python make_tf_files.py`` where tf_keras and TensorFlow are.

For each model: a checkpoint, a SavedModel (only what is read of it: its saved_model.pb is replaced by an
empty file) and predictions.
"""

import shutil
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras as keras

HERE = Path(__file__).parent
L = keras.layers


def small():
    return keras.Sequential(
        [
            keras.Input((6, 6, 2), name="image"),
            L.Conv2D(3, 3, activation="relu", name="conv"),
            L.BatchNormalization(name="norm"),
            L.Flatten(name="flat"),
            L.Dropout(0.5, name="drop"),
            L.Dense(2, activation="softmax", name="out"),
        ],
        name="small",
    ), (2, 6, 6, 2)


def graph():
    x = keras.Input((5, 4), name="x")
    inner = keras.Sequential(
        [keras.Input((6,)), L.Dense(3, activation="tanh", name="a")], name="inner"
    )
    y = L.Bidirectional(L.LSTM(3, name="lstm"), name="both")(x)
    z = L.MultiHeadAttention(2, 2, name="attention")(x, x)
    z = L.GlobalAveragePooling1D(name="mean")(z)
    z = L.GRU(2, name="gru")(L.TimeDistributed(L.Dense(3, name="each"), name="times")(x)) + L.Dense(
        2, name="d"
    )(z)
    return keras.Model(x, L.Concatenate(name="cat")([inner(y), z]), name="graph"), (2, 5, 4)


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [L.Dense(4, activation="relu"), L.Dense(3)]
        self.last = L.Dense(2)

    def call(self, x):
        for b in self.blocks:
            x = b(x)
        return self.last(x)


def main():
    for make in (small, graph, lambda: (Net(), (2, 3))):
        keras.utils.set_random_seed(1)
        model, shape = make()
        x = np.random.RandomState(2).standard_normal(shape).astype("float32")
        model.compile("adam", "mse", metrics=["mae"])
        for _ in range(2):
            model.train_on_batch(x, np.ones_like(model(x)))
        name = (
            type(model).__name__.lower() if make is not small and make is not graph else model.name
        )
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        model.save_weights(str(folder / "w.ckpt"))
        if name == "net":
            tf.train.Checkpoint(model=model).write(str(folder / "whole"))
        else:
            model.save(str(folder / "saved"), save_format="tf")
            for unused in ("fingerprint.pb", "assets"):
                path = folder / "saved" / unused
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            (folder / "saved" / "saved_model.pb").write_bytes(b"")
        np.savez(folder / "predictions.npz", x=x, y=model.predict(x, verbose=0))


main()
