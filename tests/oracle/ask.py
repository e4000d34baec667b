"""Runs in the environment of an oracle: ``python ask.py LIBRARY write|read|table|old|signatures FOLDER``.

``write`` trains every model of `zoo` a little and saves it in every format, with its predictions
and what they are after some more training. ``read`` loads files that Kerata wrote and records the
same numbers. ``write_texts`` and ``read_texts`` do so for the models of `texts`. ``table`` runs the
cases of `table`, ``old`` those of `table_old`, ``signatures`` lists the arguments of all public names. LIBRARY is ``keras`` or
``tf_keras``.
cases of `table`, ``backend`` those of `table_backend`, ``signatures`` lists the arguments of all public
names. LIBRARY is ``keras`` or ``tf_keras``.
"""

import json
import os
import sys
import traceback
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from oracle import signatures, table, table_old, texts, zoo
from oracle import signatures, table, table_backend, texts, zoo


def library(name):
    if name == "tf_keras":
        import tf_keras

        return tf_keras
    import keras

    return keras


def flat(y):
    return [np.asarray(v) for v in (y if isinstance(y, (list, tuple)) else [y])]


def train(model, x, y, steps):
    for _ in range(steps):
        model.train_on_batch(x, y)


def record(path, model, x, y, train_on=True):
    """Predictions, and predictions after three more steps of training."""
    out = {f"before{i}": v for i, v in enumerate(flat(model.predict(x, verbose=0)))}
    if train_on:
        train(model, x, y, 3)
        out.update({f"after{i}": v for i, v in enumerate(flat(model.predict(x, verbose=0)))})
    np.savez(path, **out)


def write(keras, folder, suffixes=(".keras", ".h5", ".weights.h5")):
    modern = zoo.MODERN if keras.__name__ == "keras" else {}
    for kind, make in {**zoo.KINDS, **modern}.items():
        keras.utils.set_random_seed(7)
        model, x, y = make(keras)
        train(model, x, y, 3)
        for suffix in suffixes if kind in zoo.KINDS else (".keras",):
            save = model.save_weights if "weights" in suffix else model.save
            try:
                save(str(folder / (kind + suffix)))
            except Exception:
                (folder / (kind + suffix + ".error")).write_text(traceback.format_exc())
        record(folder / f"{kind}.npz", model, x, y)


def read(keras, folder):
    for path in sorted(folder.iterdir()):
        kind = path.name.partition(".")[0]
        make = {**zoo.KINDS, **zoo.MODERN}.get(kind)
        if path.suffix not in (".keras", ".h5") or make is None:
            continue
        fresh, x, y = make(keras)
        try:
            if ".weights" in path.name:
                fresh.load_weights(str(path))
                record(f"{path}.npz", fresh, x, y, train_on=False)
            else:
                # Keras 3 cannot train what it loads from HDF5, its own files included.
                keras3_h5 = path.suffix == ".h5" and keras.__name__ == "keras"
                model = keras.models.load_model(str(path), compile=not keras3_h5)
                record(f"{path}.npz", model, x, y, train_on=not keras3_h5)
        except Exception:
            Path(f"{path}.error").write_text(traceback.format_exc())


def run_table(keras, folder):
    out = {}
    for kind, call, rest in table.names():
        try:
            arrays = table.run(keras, kind, call, rest)
        except Exception:
            out[f"{kind} {call} error"] = np.array(traceback.format_exc())
            continue
        out.update({f"{kind} {call} {i}": a for i, a in enumerate(arrays)})
    np.savez(folder / "table.npz", **out)


def run_old(keras, folder):
    out = {}
    for kind, call, rest in table_old.names():
        key = f"{kind} {call} {rest}"
        try:
            arrays = table_old.run(keras, kind, call, rest)
        except Exception:
            out[f"{key} error"] = np.array(traceback.format_exc())
            continue
        out.update({f"{key} {i}": a for i, a in enumerate(arrays)})
    np.savez(folder / "old.npz", **out)
def run_backend(keras, folder):
    np.savez(folder / "backend.npz", **table_backend.run(keras.backend))


def write_signatures(keras, folder):
    names = Path(__file__).parents[2] / "tools" / "names" / "keras-3.15.1.txt"
    found = signatures.signatures(keras, names.read_text().split())
    (folder / "signatures.json").write_text(json.dumps(found))


def read_texts(keras, folder):
    np.savez(folder / "read.npz", **texts.read(keras, folder))


ACTIONS = {
    "write": write,
    "read": read,
    "write_texts": texts.write,
    "read_texts": read_texts,
    "table": run_table,
    "old": run_old,
    "backend": run_backend,
    "signatures": write_signatures,
}

if __name__ == "__main__":
    name, action, folder = sys.argv[1:]
    ACTIONS[action](library(name), Path(folder))
