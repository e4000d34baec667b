"""The host's random numbers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from kerata import rng


def test_a_seed_decides_everything() -> None:
    rng.set_seed(11)
    first = [rng.generator().random(), rng.draw_seed(), rng.next_stream()]
    rng.set_seed(11)
    assert [rng.generator().random(), rng.draw_seed(), rng.next_stream()] == first
    rng.set_seed(12)
    assert rng.generator().random() != first[0]


def test_a_stream_is_a_function_of_its_number() -> None:
    rng.set_seed(1)
    a = rng.generator(5).random(3)
    rng.next_stream()
    np.testing.assert_array_equal(rng.generator(5).random(3), a)
    assert (rng.generator(6).random(3) != a).all()


def test_known_numbers() -> None:
    """The same on every machine: Philox is exact arithmetic on integers."""
    rng.set_seed(0)
    want = np.random.Generator(np.random.Philox(key=[0, 0])).integers(0, 2**31 - 1)
    assert rng.draw_seed() == want


def test_going_on_from_a_state() -> None:
    rng.set_seed(4)
    rng.next_stream()
    state = rng.get_state()
    a = [rng.draw_seed() for _ in range(3)]
    rng.set_seed(99)
    rng.set_state(state)
    assert [rng.draw_seed() for _ in range(3)] == a


def test_without_a_seed_processes_differ() -> None:
    code = "from kerata import rng; print(rng.draw_seed())"
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 2


def test_large_and_negative_seeds() -> None:
    for seed in (-1, 2**70 + 3, np.int64(5)):
        rng.set_seed(seed)
        assert rng.draw_seed() >= 0
