"""One seed for all."""

from __future__ import annotations

import random

import numpy as np
import pytest

from kerata import rng
from kerata.utils.seed import set_random_seed


def test_all_sources():
    def draw():
        return random.random(), np.random.rand(), rng.next_stream(), rng.generator(3).random()

    set_random_seed(11)
    first = draw()
    assert draw() != first
    set_random_seed(np.int64(11))
    assert draw() == first
    set_random_seed(12)
    assert draw() != first


@pytest.mark.parametrize("seed", [1.5, None, "1", True, -1, 2**32])
def test_errors(seed):
    with pytest.raises(ValueError, match="set_random_seed"):
        set_random_seed(seed)
