"""Learning rates of tf.keras's experiments."""

from __future__ import annotations

import math
from typing import Any

from .. import config, ops
from ..optimizers.schedules import LearningRateSchedule, _check_steps, _float


class LinearCosineDecay(LearningRateSchedule):
    """A fall along a line and a cosine wave (Bello et al., arXiv:1709.07417).

    ``initial_learning_rate * ((alpha + 1 - p) * (1 + cos(2 * pi * num_periods * p)) / 2 + beta)`` with
    ``p = min(step, decay_steps) / decay_steps``.

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Length of the fall.
        num_periods: Number of cosine waves in it.
        alpha, beta: See the formula.

    >>> round(float(LinearCosineDecay(0.1, 10)(5)), 5)
    0.0251
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, num_periods: float = 0.5, alpha: float = 0.0,
        beta: float = 0.001, name: str | None = None,
    ) -> None:  # fmt: skip
        _check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.num_periods, self.alpha, self.beta, self.name = num_periods, alpha, beta, name

    def _noise(self, step: Any) -> Any:
        return 0.0

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        step = ops.minimum(_float(step), self.decay_steps)
        p = step / self.decay_steps
        line = self.alpha + 1.0 - p + self._noise(step)
        wave = 0.5 * (1.0 + ops.cos(2.0 * math.pi * self.num_periods * p))
        return self.initial_learning_rate * (line * wave + self.beta)


class NoisyLinearCosineDecay(LinearCosineDecay):
    """`LinearCosineDecay` with noise on its line, whose variance falls (Bello et al., arXiv:1709.07417).

    Args:
        initial_learning_rate, decay_steps, num_periods, alpha, beta: See `LinearCosineDecay`.
        initial_variance: Variance of the noise at step 0.
        variance_decay: It is divided by ``(1 + step) ** variance_decay``.

    >>> round(float(NoisyLinearCosineDecay(0.1, 10, initial_variance=0.0)(5)), 5)
    0.0251
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, initial_variance: float = 1.0,
        variance_decay: float = 0.55, num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001,
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(initial_learning_rate, decay_steps, num_periods, alpha, beta, name)
        self.initial_variance, self.variance_decay = initial_variance, variance_decay

    def _noise(self, step: Any) -> Any:
        variance = self.initial_variance / ops.power(1.0 + step, self.variance_decay)
        return ops.random.normal((), dtype=config.floatx()) * ops.sqrt(variance)
