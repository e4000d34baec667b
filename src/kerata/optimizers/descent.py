"""Rules that follow the gradient: SGD, RMSprop, Adagrad, Adadelta, Lion, Ftrl."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import InputError
from .base import Optimizer, default_epsilon, options


class SGD(Optimizer):
    """Gradient descent, with momentum where it is given.

    ``w -= rate * g``; with momentum ``v = momentum * v - rate * g; w += v``, and with Nesterov's
    ``w += momentum * v - rate * g``.

    Args:
        learning_rate: A number or a schedule.
        momentum: Share of the last step that the next one keeps.
        nesterov: Look ahead along the momentum (Nesterov, 1983).

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), SGD(0.1)
    >>> optimizer.apply([[2.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.8
    """

    @options
    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if not isinstance(momentum, (int, float)) or not 0 <= momentum <= 1:
            raise InputError(f"momentum must be a number in [0, 1], got {momentum!r}.")
        if isinstance(nesterov, float):
            raise InputError(
                f"SGD: nesterov must be True or False, got {nesterov!r}. In Keras 1 and 2 the third argument was decay: "
                f"for that reading write SGD({learning_rate!r}, {momentum!r}, decay={nesterov!r}, nesterov=...)."
            )
        self.momentum, self.nesterov = float(momentum), nesterov

    def slots(self) -> list[tuple[str, ...]]:
        return [("momentum",)] if self.momentum else []

    def rule(self, g: Any, x: Any, rate: Any, s: dict[str, Any]) -> Any:
        move = g * rate
        if not self.momentum:
            return x - move
        m = s["momentum"] = s["momentum"] * self.momentum - move
        return x + (m * self.momentum - move) if self.nesterov else x + m


class RMSprop(Optimizer):
    """Gradient over the root of the running mean of its square (Hinton, lecture 6e, 2012).

    ``v = rho * v + (1 - rho) * g²; w -= rate * g / sqrt(v + epsilon)``

    Args:
        learning_rate: A number or a schedule.
        rho: Share of the old mean in the new.
        momentum: Share of the last step that the next one keeps.
        epsilon: Added to the mean square, under the root.
        centered: Take the square of the mean gradient off the mean square.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), RMSprop(0.1, rho=0.75)
    >>> optimizer.apply([[2.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.8
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.rho, self.momentum, self.epsilon = rho, momentum, default_epsilon(epsilon)
        self.centered = centered

    def slots(self) -> list[tuple[str, ...]]:
        names = [
            ("velocity", True),
            ("momentum", self.momentum > 0),
            ("average_gradient", self.centered),
        ]
        return [(name,) for name, used in names if used]

    def rule(self, g: Any, x: Any, rate: Any, s: dict[str, Any]) -> Any:
        v = s["velocity"] = self.rho * s["velocity"] + (1 - self.rho) * ops.square(g)
        if self.centered:
            mean = s["average_gradient"] = self.rho * s["average_gradient"] + (1 - self.rho) * g
            v = v - ops.square(mean)
        move = rate * g / ops.sqrt(v + self.epsilon)
        if self.momentum > 0:
            move = s["momentum"] = self.momentum * s["momentum"] + move
        return x - move


class Adagrad(Optimizer):
    """Gradient over the root of the sum of its squares so far (Duchi, Hazan, Singer, 2011).

    Args:
        learning_rate: A number or a schedule.
        initial_accumulator_value: What the sum starts with.
        epsilon: Added to the sum, under the root.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), Adagrad(0.1, initial_accumulator_value=0.0)
    >>> optimizer.apply([[2.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9
    """

    @options
    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value, self.epsilon = (
            initial_accumulator_value,
            default_epsilon(epsilon),
        )

    def slots(self) -> list[tuple[str, ...]]:
        return [("accumulator",)]

    def slot_start(self, name: str) -> float:
        return self.initial_accumulator_value

    def rule(self, g: Any, x: Any, rate: Any, s: dict[str, Any]) -> Any:
        total = s["accumulator"] = s["accumulator"] + ops.square(g)
        return x - rate * g / ops.sqrt(total + self.epsilon)


class Adadelta(Optimizer):
    """Steps of the size of recent steps, along the normalized gradient (Zeiler, arXiv:1212.5701).

    Args:
        learning_rate: A number or a schedule; 1.0 is that of the paper.
        rho: Share of the old means in the new.
        epsilon: Added to both mean squares, under the roots.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0]), Adadelta(1.0)
    >>> optimizer.apply([[2.0]], [w])
    >>> round(float(w.numpy()[0]), 4)
    0.9986
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho, self.epsilon = rho, default_epsilon(epsilon)

    def slots(self) -> list[tuple[str, ...]]:
        return [("accumulated_grad", "accumulated_delta_var")]

    def rule(self, g: Any, x: Any, rate: Any, s: dict[str, Any]) -> Any:
        before = s["accumulated_delta_var"]
        a = s["accumulated_grad"] = self.rho * s["accumulated_grad"] + (1 - self.rho) * ops.square(
            g
        )
        move = ops.sqrt(before + self.epsilon) * g / ops.sqrt(a + self.epsilon)
        s["accumulated_delta_var"] = self.rho * before + (1 - self.rho) * ops.square(move)
        return x - rate * move


class Lion(Optimizer):
    """Steps of one size along the sign of a running mean (Chen et al., arXiv:2302.06675).

    ``w -= rate * sign(beta_1 * m + (1 - beta_1) * g); m = beta_2 * m + (1 - beta_2) * g``. As every
    element moves by the whole rate, this wants to be 3 to 10 times smaller than Adam's.

    Args:
        learning_rate: A number or a schedule.
        beta_1: Share of the mean in the direction of a step.
        beta_2: Share of the old mean in the new.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([1.0, 1.0]), Lion(0.1)
    >>> optimizer.apply([[2.0, -0.5]], [w])
    >>> [round(float(x), 4) for x in w.numpy()]
    [0.9, 1.1]
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if not 0 < beta_1 <= 1:
            raise InputError(
                f"Lion's beta_1 must be above 0 and at most 1, got {beta_1}: with 0 only the sign of the "
                "gradient would be left."
            )
        self.beta_1, self.beta_2 = beta_1, beta_2

    def slots(self) -> list[tuple[str, ...]]:
        return [("momentum",)]

    def rule(self, g: Any, x: Any, rate: Any, s: dict[str, Any]) -> Any:
        m = s["momentum"]
        s["momentum"] = m * self.beta_2 + g * (1 - self.beta_2)
        return x - rate * ops.sign(m * self.beta_1 + g * (1 - self.beta_1))


class Ftrl(Optimizer):
    """Follow the regularized leader: sparse weights of a linear model (McMahan et al., KDD 2013).

    With the sum of squares ``n`` and the power ``p = -learning_rate_power``:
    ``z += g + 2 * shrinkage * w - (n_new^p - n^p) / rate * w`` and
    ``w = (clip(z, -l1, l1) - z) / (n_new^p / rate + 2 * l2 + beta / rate)``. A weight whose ``z`` stays
    within ``[-l1, l1]`` is exactly zero.

    Args:
        learning_rate: A number or a schedule.
        learning_rate_power: Power of the sum of squares in the rate of an element, at most 0; 0 for
            one that does not fall.
        initial_accumulator_value: What the sum of squares starts with, at least 0.
        l1_regularization_strength: The ``l1`` above.
        l2_regularization_strength: The ``l2`` above.
        l2_shrinkage_regularization_strength: Penalty on the size of the weights, in the gradient.
        beta: Added to the root of the sum of squares, as in the paper.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([0.0, 0.0]), Ftrl(0.1, l1_regularization_strength=1.0)
    >>> optimizer.apply([[8.0, -0.5]], [w])
    >>> [round(float(x), 4) for x in w.numpy()]
    [-0.0874, 0.0]
    """

    @options
    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        strengths = {
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        for name, value in strengths.items():
            if value < 0:
                raise InputError(f"Ftrl's {name} must be at least 0, got {value}.")
            setattr(self, name, value)
        if learning_rate_power > 0:
            raise InputError(
                f"Ftrl's learning_rate_power must be at most 0, got {learning_rate_power}."
            )
        self.learning_rate_power, self.beta = learning_rate_power, beta

    def slots(self) -> list[tuple[str, ...]]:
        return [("accumulator", "linear")]

    def slot_start(self, name: str) -> float:
        return self.initial_accumulator_value if name == "accumulator" else 0.0

    def rule(self, g: Any, x: Any, rate: Any, s: dict[str, Any]) -> Any:
        l1, power = self.l1_regularization_strength, -self.learning_rate_power
        n = s["accumulator"]
        n_new = s["accumulator"] = n + ops.square(g)
        before, after = ops.power(n, power) / rate, ops.power(n_new, power) / rate
        shrunk = g + 2 * self.l2_shrinkage_regularization_strength * x
        z = s["linear"] = s["linear"] + shrunk - (after - before) * x
        clipped = ops.maximum(ops.minimum(z, l1), -l1)
        return (clipped - z) / (after + self.beta / rate + 2 * self.l2_regularization_strength)
