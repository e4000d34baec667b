"""Schedules against their formulas, as numbers and inside a compiled function."""

import math

import numpy as np
import pytest

from kerata.engine import engine
from kerata.errors import InputError
from kerata.optimizers import schedules as S

CASES = [
    (S.ExponentialDecay(0.1, 4, 0.5), lambda t: 0.1 * 0.5 ** (t / 4)),
    (S.ExponentialDecay(0.1, 4, 0.5, staircase=True), lambda t: 0.1 * 0.5 ** (t // 4)),
    (S.InverseTimeDecay(0.1, 4, 0.5), lambda t: 0.1 / (1 + 0.5 * t / 4)),
    (S.InverseTimeDecay(0.1, 4, 0.5, staircase=True), lambda t: 0.1 / (1 + 0.5 * (t // 4))),
    (S.PolynomialDecay(0.1, 8, 0.01, 2.0), lambda t: 0.09 * (1 - min(t, 8) / 8) ** 2 + 0.01),
    (S.PolynomialDecay(0.1, 3, 0.01, cycle=True),
     lambda t: 0.09 * (1 - t / (3 * max(1, math.ceil(t / 3)))) + 0.01),
    (S.PiecewiseConstantDecay([2, 5], [0.3, 0.2, 0.1]), lambda t: 0.3 if t <= 2 else 0.2 if t <= 5 else 0.1),
    (S.CosineDecay(0.1, 8, 0.2), lambda t: 0.1 * (0.8 * 0.5 * (1 + math.cos(math.pi * min(t, 8) / 8)) + 0.2)),
    (S.CosineDecay(0.1, 6, warmup_target=0.3, warmup_steps=3),
     lambda t: 0.1 + 0.2 * t / 3 if t < 3 else 0.15 * (1 + math.cos(math.pi * min(t - 3, 6) / 6))),
    (S.CosineDecayRestarts(0.1, 4, 1.0, 0.5, 0.1),
     lambda t: 0.1 * (0.9 * 0.5 * 0.5 ** (t // 4) * (1 + math.cos(math.pi * (t % 4) / 4)) + 0.1)),
]  # fmt: skip


@pytest.mark.parametrize("schedule, formula", CASES, ids=lambda x: getattr(x, "name", ""))
def test_formula(schedule, formula):
    compiled = engine().compile(schedule)
    for t in range(11):
        np.testing.assert_allclose(float(schedule(t)), formula(t), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(float(compiled(t)), formula(t), rtol=1e-5, atol=1e-7)
    again = S.deserialize(S.serialize(schedule))
    assert again.get_config() == schedule.get_config()


def test_restarts_grow_longer():
    schedule = S.CosineDecayRestarts(0.1, 2)
    peaks = [t for t in range(1, 20) if float(schedule(t)) > 0.0995]
    assert peaks == [2, 6, 14]


def test_errors():
    with pytest.raises(InputError, match="above 0"):
        S.ExponentialDecay(0.1, 0, 0.5)
    with pytest.raises(InputError, match="one value more"):
        S.PiecewiseConstantDecay([1, 2], [0.1, 0.2])
