"""Learning rates that are functions of the step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import config as settings
from .. import ops
from ..capture import Configurable
from ..errors import InputError
from ..variable import Variable


class LearningRateSchedule(Configurable):
    """A function of the number of steps so far; subclasses define ``__call__(step)``.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5**step
    >>> Halving()(2)
    0.025
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at a step, a number or a scalar tensor."""
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(step).")


def _float(step: Any) -> Any:
    if isinstance(step, Variable):
        step = step.value
    return ops.cast(step, settings.floatx())


def _check_steps(name: str, steps: Any) -> None:
    if not steps > 0:
        raise InputError(f"{name} must be above 0, got {steps}.")


class ExponentialDecay(LearningRateSchedule):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Steps in which the rate falls by the factor `decay_rate`.
        decay_rate: That factor.
        staircase: Let the rate fall at once every `decay_steps` rather than evenly.

    >>> round(float(ExponentialDecay(0.1, 10, 0.5)(20)), 4)
    0.025
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:  # fmt: skip
        _check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = (
            initial_learning_rate,
            decay_steps,
            decay_rate,
        )
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        p = _float(step) / self.decay_steps
        return self.initial_learning_rate * ops.power(
            self.decay_rate, ops.floor(p) if self.staircase else p
        )


class InverseTimeDecay(LearningRateSchedule):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Steps that count as one.
        decay_rate: What one of them adds to the divisor.
        staircase: Count whole multiples of `decay_steps` only.

    >>> round(float(InverseTimeDecay(0.1, 10, 1.0)(10)), 4)
    0.05
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:  # fmt: skip
        _check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = (
            initial_learning_rate,
            decay_steps,
            decay_rate,
        )
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> Any:
        p = _float(step) / self.decay_steps
        return self.initial_learning_rate / (
            1 + self.decay_rate * (ops.floor(p) if self.staircase else p)
        )


class PolynomialDecay(LearningRateSchedule):
    """From one rate to another along ``(1 - step / decay_steps) ** power``.

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Step at which the end is reached.
        end_learning_rate: Rate from there on.
        power: 1 falls evenly.
        cycle: Go on, beyond `decay_steps`, over the next multiple of them.

    >>> round(float(PolynomialDecay(0.1, 10, 0.0)(5)), 4)
    0.05
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:  # fmt: skip
        _check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.end_learning_rate = (
            initial_learning_rate,
            end_learning_rate,
        )
        self.decay_steps, self.power, self.cycle, self.name = decay_steps, power, cycle, name

    def __call__(self, step: Any) -> Any:
        step = _float(step)
        if self.cycle:
            p = step / (self.decay_steps * ops.maximum(ops.ceil(step / self.decay_steps), 1.0))
        else:
            p = ops.minimum(step, self.decay_steps) / self.decay_steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * ops.power(1 - p, self.power) + self.end_learning_rate


class PiecewiseConstantDecay(LearningRateSchedule):
    """Constant between boundaries: ``values[i]`` up to and including step ``boundaries[i]``.

    Args:
        boundaries: Steps at which the rate changes, in rising order.
        values: Rates, one more than boundaries.

    >>> rate = PiecewiseConstantDecay([10, 20], [0.3, 0.2, 0.1])
    >>> [round(float(rate(s)), 4) for s in (10, 11, 21)]
    [0.3, 0.2, 0.1]
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise InputError(
                f"There must be one value more than boundaries, got {len(values)} and {len(boundaries)}."
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> Any:
        step = step.value if isinstance(step, Variable) else ops.convert_to_tensor(step)
        rate = ops.convert_to_tensor(self.values[-1], settings.floatx())
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1])):
            # Steps are counted in integers, boundaries may be computed: 5. * steps.
            rate = ops.where(step <= ops.cast(boundary, step.dtype), value, rate)
        return rate


class CosineDecay(LearningRateSchedule):
    """Half a cosine wave down, after an even rise where one is asked for (arXiv:1608.03983).

    Args:
        initial_learning_rate: Rate at step 0.
        decay_steps: Length of the fall.
        alpha: Share of the peak that remains at its end.
        warmup_target: Rate to which the warm-up rises, and from which the rate then falls.
        warmup_steps: Length of the warm-up.

    >>> round(float(CosineDecay(0.1, 10)(5)), 4)
    0.05
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: float = 0,
    ) -> None:  # fmt: skip
        _check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.alpha = (
            initial_learning_rate,
            decay_steps,
            alpha,
        )
        self.name, self.warmup_target, self.warmup_steps = name, warmup_target, warmup_steps

    def __call__(self, step: Any) -> Any:
        step = _float(step)
        start, target = self.initial_learning_rate, self.warmup_target
        if target is None:
            return self._fall(ops.minimum(step, self.decay_steps), start)
        step = ops.minimum(step, self.decay_steps + self.warmup_steps)
        if not self.warmup_steps:
            return self._fall(step, target)
        rising = start + (target - start) * step / self.warmup_steps
        return ops.where(
            step < self.warmup_steps, rising, self._fall(step - self.warmup_steps, target)
        )

    def _fall(self, step: Any, top: float) -> Any:
        cosine = 0.5 * (1 + ops.cos(math.pi * step / self.decay_steps))
        return top * ((1 - self.alpha) * cosine + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Half cosine waves one after the other (warm restarts, arXiv:1608.03983).

    Args:
        initial_learning_rate: Rate at step 0.
        first_decay_steps: Length of the first wave.
        t_mul: Length of each wave over that of the one before.
        m_mul: Height of each wave over that of the one before.
        alpha: Share of the rate that remains at the end of a wave.

    >>> round(float(CosineDecayRestarts(0.1, 10)(20)), 4)
    0.05
    """

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: float, t_mul: float = 2.0, m_mul: float = 1.0,
        alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        _check_steps("first_decay_steps", first_decay_steps)
        self.initial_learning_rate, self.first_decay_steps, self.alpha = (
            initial_learning_rate,
            first_decay_steps,
            alpha,
        )
        self._t_mul, self._m_mul, self.name = t_mul, m_mul, name

    def __call__(self, step: Any) -> Any:
        done, t = _float(step) / self.first_decay_steps, self._t_mul
        if t == 1.0:
            wave = ops.floor(done)
            part = done - wave
        else:
            wave = ops.floor(ops.log(1.0 - done * (1.0 - t)) / math.log(t))
            length = ops.power(t, wave)
            part = (done - (1.0 - length) / (1.0 - t)) / length
        cosine = 0.5 * ops.power(self._m_mul, wave) * (1 + ops.cos(math.pi * part))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


class OneCycle(LearningRateSchedule):
    """Up to a high rate and down again, once in a training (Smith, Topin, arXiv:1708.07120).

    The rate rises along half a cosine from ``max_learning_rate / div_factor`` to `max_learning_rate` in
    the first ``pct_start * total_steps`` steps, and falls along another one to
    ``max_learning_rate / div_factor / final_div_factor``, where it stays.

    Args:
        max_learning_rate: The highest rate; `kerata.utils.lr_find` suggests one.
        total_steps: Steps of the training: epochs times steps of an epoch.
        pct_start: Part of the steps in which the rate rises.
        div_factor: The highest rate over the first.
        final_div_factor: The first rate over the last.
        name: A name.

    >>> schedule = OneCycle(0.1, 100)
    >>> [round(float(schedule(step)), 4) for step in (0, 15, 30, 65, 100)]
    [0.004, 0.052, 0.1, 0.05, 0.0]
    """

    def __init__(
        self, max_learning_rate: float, total_steps: int, pct_start: float = 0.3, div_factor: float = 25.0,
        final_div_factor: float = 1e4, name: str = "OneCycle",
    ) -> None:  # fmt: skip
        _check_steps("total_steps", total_steps)
        if not 0 < pct_start < 1:
            raise InputError(f"pct_start must be between 0 and 1, got {pct_start}.")
        self.max_learning_rate, self.total_steps = max_learning_rate, total_steps
        self.pct_start, self.name = pct_start, name
        self.div_factor, self.final_div_factor = div_factor, final_div_factor

    def __call__(self, step: Any) -> Any:
        top, first = self.max_learning_rate, self.max_learning_rate / self.div_factor
        last = first / self.final_div_factor
        up = self.pct_start * self.total_steps
        t = _float(step)
        rising = first + (top - first) * _half_cosine(t / up)
        falling = top + (last - top) * _half_cosine((t - up) / (self.total_steps - up))
        return ops.where(t < up, rising, falling)


def _half_cosine(part: Any) -> Any:
    """From 0 at 0 to 1 at 1, smoothly at both ends."""
    return 0.5 * (1 - ops.cos(math.pi * ops.clip(part, 0.0, 1.0)))


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Configuration of a schedule.

    >>> serialize(ExponentialDecay(0.5, 10, 0.5))["class_name"]
    'ExponentialDecay'
    """
    from ..serialization import serialize_keras_object

    return serialize_keras_object(learning_rate_schedule)


def deserialize(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> LearningRateSchedule:
    """The schedule of a configuration.

    >>> config = {"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.5,
    ...           "decay_steps": 10, "decay_rate": 0.5}}
    >>> round(float(deserialize(config)(10)), 4)
    0.25
    """
    from ..serialization import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects)
