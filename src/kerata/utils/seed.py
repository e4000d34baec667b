"""One seed for every source of randomness."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from .. import rng


def set_random_seed(seed: int) -> None:
    """Seed Python's `random`, NumPy, Kerata, and PyTorch and TensorFlow where they are imported.

    With the same seed, engine and machine a program gives the same numbers each time it runs.

    Args:
        seed: A whole number from 0 to 2**32 - 1.

    >>> set_random_seed(7); a = np.random.rand()
    >>> set_random_seed(7); a == np.random.rand()
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ValueError(
            f"set_random_seed needs a whole number; got {seed!r} of type {type(seed).__name__}."
        )
    seed = int(seed)
    if not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed needs a number from 0 to 2**32 - 1; got {seed}.")
    random.seed(seed)
    np.random.seed(seed)
    rng.set_seed(seed)
    # Their data pipelines shuffle, also where another engine trains.
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)
    tensorflow: Any = sys.modules.get("tensorflow")
    if tensorflow is not None:
        tensorflow.random.set_seed(seed)
