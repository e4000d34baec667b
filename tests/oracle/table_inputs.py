"""Numbers that the cases are run on."""

import numpy as np


def arrays(seed, shapes, scale=1.0):
    rng = np.random.RandomState(seed)
    return [(scale * rng.standard_normal(s)).astype("float32") for s in shapes]
