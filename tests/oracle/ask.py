"""Runs in the environment of an oracle: ``python ask.py LIBRARY write|read FOLDER``.

``write`` trains every model of `zoo` a little and saves it in every format, with its predictions
and what they are after some more training. ``read`` loads files that Kerata wrote and records the
same numbers. LIBRARY is ``keras`` or ``tf_keras``.
"""

import os
import sys
import traceback
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import zoo


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


def record(path, model, x, y):
    """Predictions, and predictions after three more steps of training."""
    before = flat(model.predict(x, verbose=0))
    train(model, x, y, 3)
    after = flat(model.predict(x, verbose=0))
    np.savez(path, **{f"before{i}": v for i, v in enumerate(before)}, **{f"after{i}": v for i, v in enumerate(after)})


def write(keras, folder, suffixes=(".keras", ".h5", ".weights.h5")):
    for kind, make in zoo.KINDS.items():
        keras.utils.set_random_seed(7)
        model, x, y = make(keras)
        train(model, x, y, 3)
        for suffix in suffixes:
            save = model.save_weights if "weights" in suffix else model.save
            try:
                save(str(folder / (kind + suffix)))
            except Exception:
                (folder / (kind + suffix + ".error")).write_text(traceback.format_exc())
        record(folder / f"{kind}.npz", model, x, y)


def read(keras, folder):
    for path in sorted(folder.iterdir()):
        kind = path.name.partition(".")[0]
        if path.suffix not in (".keras", ".h5") or kind not in zoo.KINDS:
            continue
        fresh, x, y = zoo.KINDS[kind](keras)
        try:
            if ".weights" in path.name:
                fresh.load_weights(str(path))
                out = flat(fresh.predict(x, verbose=0))
                np.savez(f"{path}.npz", **{f"before{i}": v for i, v in enumerate(out)})
            else:
                record(f"{path}.npz", keras.models.load_model(str(path)), x, y)
        except Exception:
            Path(f"{path}.error").write_text(traceback.format_exc())


if __name__ == "__main__":
    name, action, folder = sys.argv[1:]
    {"write": write, "read": read}[action](library(name), Path(folder))
