"""Rules with running moments of the gradient: Adam and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import InputError
from ..variable import Variable
from .base import Optimizer, default_epsilon, options


class Adam(Optimizer):
    """Running mean of the gradient over the root of that of its square (Kingma, Ba, arXiv:1412.6980).

    ``m += (1 - beta_1) * (g - m); v += (1 - beta_2) * (g² - v); w -= a * m / (sqrt(v) + epsilon)``
    where ``a = rate * sqrt(1 - beta_2^t) / (1 - beta_1^t)`` makes up for the start from zero.

    Args:
        learning_rate: A number or a schedule.
        beta_1: Share of the old mean in the new.
        beta_2: Share of the old mean square in the new.
        epsilon: Added to the root.
        amsgrad: Use the largest mean square so far (Reddi, Kale, Kumar, 2018).

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), Adam(0.1)
    >>> optimizer.apply([[2.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, default_epsilon(epsilon)
        self.amsgrad = amsgrad

    def slots(self) -> list[tuple[str, ...]]:
        return [("momentum", "velocity"), *([("velocity_hat",)] if self.amsgrad else [])]

    def prepare(self, rate: Any, dtype: str) -> Any:
        t = self._step(dtype)
        return rate * ops.sqrt(1 - ops.power(self.beta_2, t)) / (1 - ops.power(self.beta_1, t))

    def rule(self, g: Any, x: Any, rate: Any, s: dict[str, Any]) -> Any:
        m = s["momentum"] = s["momentum"] + (g - s["momentum"]) * (1 - self.beta_1)
        v = s["velocity"] = s["velocity"] + (ops.square(g) - s["velocity"]) * (1 - self.beta_2)
        if self.amsgrad:
            v = s["velocity_hat"] = ops.maximum(s["velocity_hat"], v)
        return x - m * rate / (ops.sqrt(v) + self.epsilon)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov, Hutter, arXiv:1711.05101).

    Args:
        learning_rate: A number or a schedule.
        weight_decay: Share of each weight that a step takes off it, times the learning rate.
        beta_1: Share of the old mean in the new.
        beta_2: Share of the old mean square in the new.
        epsilon: Added to the root.
        amsgrad: Use the largest mean square so far.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), AdamW(0.1, weight_decay=0.5)
    >>> optimizer.apply([[2.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.85
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        if weight_decay is None:
            raise InputError("AdamW needs a weight_decay; without one use Adam.")
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs
        )


class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the mean square (arXiv:1412.6980, section 7).

    Args:
        learning_rate: A number or a schedule.
        beta_1: Share of the old mean in the new.
        beta_2: Share of the old largest size in the new.
        epsilon: Added to the largest size.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), Adamax(0.1)
    >>> optimizer.apply([[2.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, default_epsilon(epsilon)

    def slots(self) -> list[tuple[str, ...]]:
        return [("momentum", "norm")]

    def prepare(self, rate: Any, dtype: str) -> Any:
        return rate / (1 - ops.power(self.beta_1, self._step(dtype)))

    def rule(self, g: Any, x: Any, rate: Any, s: dict[str, Any]) -> Any:
        m = s["momentum"] = s["momentum"] + (g - s["momentum"]) * (1 - self.beta_1)
        u = s["norm"] = ops.maximum(self.beta_2 * s["norm"], ops.abs(g))
        return x - rate * m / (u + self.epsilon)


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016).

    Args:
        learning_rate: A number or a schedule.
        beta_1: Share of the old mean in the new.
        beta_2: Share of the old mean square in the new.
        epsilon: Added to the root.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), Nadam(0.1)
    >>> optimizer.apply([[2.0]], [w])
    >>> bool(w.numpy()[0] < 1.0)
    True
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, default_epsilon(epsilon)

    def slots(self) -> list[tuple[str, ...]]:
        return [("momentum", "velocity")]

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        dtype = "float64" if variables and variables[0].dtype == "float64" else "float32"
        self._u_product = Variable(1.0, dtype=dtype, trainable=False, name="u_product")

    def restore_product(self) -> None:
        """Compute the product of all momenta so far anew, from the number of steps."""
        t = np.arange(1, int(self._iterations) + 1)
        self._u_product.assign(np.prod(self.beta_1 * (1.0 - 0.5 * 0.96**t)))

    def _update_all(self, grads: list[Any], variables: list[Variable], rate: Any) -> None:
        u = self._u_product
        u.assign(u.value * self._momentum(self._step(u.dtype)))
        super()._update_all(grads, variables, rate)

    def _momentum(self, t: Any) -> Any:
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, t))

    def prepare(self, rate: Any, dtype: str) -> Any:
        t = self._step(dtype)
        now, following = self._momentum(t), self._momentum(t + 1)
        product = ops.cast(self._u_product.value, dtype)
        return (
            rate,
            following / (1 - product * following),
            (1 - now) / (1 - product),
            1 - ops.power(self.beta_2, t),
        )

    def rule(self, g: Any, x: Any, scalars: Any, s: dict[str, Any]) -> Any:
        rate, of_mean, of_gradient, of_square = scalars
        m = s["momentum"] = s["momentum"] + (g - s["momentum"]) * (1 - self.beta_1)
        v = s["velocity"] = s["velocity"] + (ops.square(g) - s["velocity"]) * (1 - self.beta_2)
        return x - (of_mean * m + of_gradient * g) * rate / (ops.sqrt(v / of_square) + self.epsilon)


class Lamb(Optimizer):
    """Adam's step, scaled to the size of the weight that it changes (You et al., arXiv:1904.00962).

    With Adam's direction ``u = m' / (sqrt(v') + epsilon)``, whose moments have been corrected for the
    start from zero: ``w -= rate * norm(w) / norm(u) * u``, and ``w -= rate * u`` where a norm is zero.
    Made for very large batches.

    Args:
        learning_rate: A number or a schedule.
        beta_1: Share of the old mean in the new.
        beta_2: Share of the old mean square in the new.
        epsilon: Added to the root.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([3.0, 4.0]), Lamb(0.1)
    >>> optimizer.apply([[2.0, 0.0]], [w])
    >>> [round(float(x), 4) for x in w.numpy()]
    [2.5, 4.0]
    """

    elementwise = False

    @options
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, default_epsilon(epsilon)

    def slots(self) -> list[tuple[str, ...]]:
        return [("momentum", "velocity")]

    def prepare(self, rate: Any, dtype: str) -> Any:
        t = self._step(dtype)
        return rate, 1 - ops.power(self.beta_1, t), 1 - ops.power(self.beta_2, t)

    def rule(self, g: Any, x: Any, scalars: Any, s: dict[str, Any]) -> Any:
        rate, of_mean, of_square = scalars
        m = s["momentum"] = s["momentum"] + (g - s["momentum"]) * (1 - self.beta_1)
        v = s["velocity"] = s["velocity"] + (ops.square(g) - s["velocity"]) * (1 - self.beta_2)
        u = (m / of_mean) / (ops.sqrt(v / of_square) + self.epsilon)
        size, step = ops.sqrt(ops.sum(ops.square(x))), ops.sqrt(ops.sum(ops.square(u)))
        both = ops.logical_and(size > 0, step > 0)
        ratio = ops.where(both, size / ops.where(both, step, 1.0), 1.0)
        return x - ratio * rate * u


class ScheduleFreeAdamW(Optimizer):
    """Adam that needs no schedule: it averages its weights (Defazio et al., arXiv:2405.15682).

    Adam's steps are taken by ``z``, which the slot ``momentum`` holds; ``x`` is the mean of all ``z`` so
    far. Gradients are taken at, and the model holds, ``y = (1 - beta_1) * z + beta_1 * x``.

    Args:
        learning_rate: A number or a schedule.
        beta_1: Share of the mean in the weights, in place of Adam's momentum; above 0.
        beta_2: Share of the old mean square in the new.
        epsilon: Added to the root.
        warmup_steps: Steps over which the rate rises evenly to the given one.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), ScheduleFreeAdamW(0.1)
    >>> for _ in range(2): optimizer.apply([[2.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.845
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.0025, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        warmup_steps: int = 0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        if not 0 < beta_1 <= 1:
            raise InputError(
                f"ScheduleFreeAdamW's beta_1 must be above 0 and at most 1, got {beta_1}: the weights must "
                "hold some of the mean."
            )
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, default_epsilon(epsilon)
        self.warmup_steps = warmup_steps

    def slots(self) -> list[tuple[str, ...]]:
        return [("momentum", "velocity")]

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        for v, z in zip(self._trainable_variables, self._slots["momentum"]):
            if z is not None:
                z.assign(ops.copy(v.value))

    def prepare(self, rate: Any, dtype: str) -> Any:
        t = self._step(dtype)
        if self.warmup_steps > 0:
            rate = rate * ops.minimum(t / self.warmup_steps, 1.0)
        return rate, 1 - ops.power(self.beta_2, t), 1 / t

    def rule(self, g: Any, y: Any, scalars: Any, s: dict[str, Any]) -> Any:
        rate, of_square, newest = scalars
        v = s["velocity"] = s["velocity"] + (ops.square(g) - s["velocity"]) * (1 - self.beta_2)
        before = s["momentum"]
        z = s["momentum"] = before - rate * g / (ops.sqrt(v / of_square) + self.epsilon)
        x = (y - (1 - self.beta_1) * before) / self.beta_1
        x = (1 - newest) * x + newest * z
        return (1 - self.beta_1) * z + self.beta_1 * x
