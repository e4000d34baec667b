"""Writes the models in this folder: ``python make_keras_files.py keras|tf_keras``, where that library is.

Each is trained a little and saved in both formats, with predictions before and after three more steps.
"""

import importlib
import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import numpy as np  # noqa: E402

from oracle import zoo  # noqa: E402

keras = importlib.import_module(sys.argv[1])

for kind in ("convnet", "recurrent", "graph"):
    keras.utils.set_random_seed(7)
    model, x, y = zoo.KINDS[kind](keras)
    model.train_on_batch(x, y)
    for suffix in (".keras", ".h5"):
        model.save(str(HERE / f"{kind}-{sys.argv[1]}{suffix}"))
    record = {}
    for when in ("before", "after"):
        found = model.predict(x, verbose=0)
        found = found if isinstance(found, list) else [found]
        record |= {f"{when}{i}": v for i, v in enumerate(found)}
        for _ in range(3):
            model.train_on_batch(x, y)
    np.savez(HERE / f"{kind}-{sys.argv[1]}.npz", **record)
