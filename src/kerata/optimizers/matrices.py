"""Rules that look at the shape of a weight: Adafactor and Muon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..variable import Variable
from .base import Optimizer, options


class Adafactor(Optimizer):
    """Adam without its memory (Shazeer, Stern, arXiv:1804.04235).

    Of the mean squares of a weight with two or more axes it keeps, for the last two, those of rows and
    of columns only, whose outer product stands for the whole. A step is held below ``clip_threshold``
    in the root of its mean square, and scaled with that of the weight.

    Args:
        learning_rate: A number or a schedule: the largest rate, as no step's is above ``1 / sqrt(t)``.
        beta_2_decay: Power of the step's number in ``beta_2 = 1 - t ** beta_2_decay``.
        epsilon_1: Added to the squares of gradients.
        epsilon_2: Least scale of a weight.
        clip_threshold: Largest root of the mean square of a step.
        relative_step: Whether a rate given as a number is held below ``1 / sqrt(t)``. As every rate is,
            in Keras, too, it makes no difference.

    See `Optimizer` for the other arguments.

    >>> from kerata import Variable
    >>> w, optimizer = Variable([[1.0, 1.0]]), Adafactor(0.1)
    >>> optimizer.apply([[[2.0, -0.5]]], [w])
    >>> [round(float(x), 4) for x in w.numpy()[0]]
    [0.9, 1.1]
    """

    elementwise = False

    @options
    def __init__(
        self, learning_rate: Any = 0.001, beta_2_decay: float = -0.8, epsilon_1: float = 1e-30, epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0, relative_step: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **kwargs)
        self.beta_2_decay, self.relative_step = beta_2_decay, relative_step
        self.epsilon_1, self.epsilon_2, self.clip_threshold = epsilon_1, epsilon_2, clip_threshold

    def slots(self) -> list[tuple[str, ...]]:
        return [("row", "column", "velocity")]

    def slot_shape(self, name: str, variable: Variable) -> tuple[int, ...] | None:
        shape = variable.shape
        if name == "velocity":
            return shape
        if len(shape) < 2:  # a number that nothing uses: Keras has it in files
            return ()
        return shape[:-1] if name == "row" else (*shape[:-2], shape[-1])

    def prepare(self, rate: Any, dtype: str) -> Any:
        t = self._step(dtype)
        return ops.minimum(rate, 1 / ops.sqrt(t)), 1 - ops.power(t, self.beta_2_decay)

    def rule(self, g: Any, x: Any, scalars: Any, s: dict[str, Any]) -> Any:
        rate, share = scalars
        square = ops.square(g) + self.epsilon_1
        if len(x.shape) >= 2:
            r = s["row"] = share * s["row"] + (1 - share) * ops.mean(square, axis=-1)
            c = s["column"] = share * s["column"] + (1 - share) * ops.mean(square, axis=-2)
            r = r / ops.mean(r, axis=-1, keepdims=True)
            v = ops.expand_dims(r, -1) * ops.expand_dims(c, -2)
        else:
            v = share * s["velocity"] + (1 - share) * square
        s["velocity"] = v
        u = g / ops.sqrt(v)
        u = u / ops.maximum(_root_mean_square(u) / self.clip_threshold, 1.0)
        return x - ops.maximum(_root_mean_square(x), self.epsilon_2) * rate * u


def _root_mean_square(x: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(x)))


class Muon(Optimizer):
    """Momentum with all its singular values made equal, for matrices (Jordan et al., 2024).

    ``m = momentum * m + g; w -= rate * O(m)``, where a few Newton-Schulz steps, polynomials of the
    matrix, bring the singular values of ``O(m)`` near 1 and keep its singular vectors. Weights that
    have not two axes, embeddings, and the layers in `exclude_layers`, to which the last one of a
    classifier should belong, are changed by AdamW instead.

    Args:
        learning_rate: A number or a schedule.
        adam_beta_1: AdamW's share of the old mean in the new.
        adam_beta_2: AdamW's share of the old mean square in the new.
        adam_weight_decay: Weight decay of the weights that AdamW changes; ``None`` for none.
        epsilon: Added to AdamW's root.
        weight_decay: Weight decay of the matrices; ``None`` for none.
        exclude_layers: Regular expressions; AdamW changes the weights whose paths hold a match.
        exclude_embeddings: Whether AdamW changes the weights with "embedding" in their paths.
        muon_a: Factor of the matrix in a Newton-Schulz step.
        muon_b: Factor of its third power.
        muon_c: Factor of its fifth power.
        adam_lr_ratio: AdamW's rate over that of the matrices.
        momentum: Share of the old sum of gradients in the new.
        ns_steps: Number of Newton-Schulz steps.
        nesterov: Look ahead along the momentum.
        rms_rate: Steps are multiplied by this and the root of the larger side, so that their elements are
            of the size of Adam's (Liu et al., arXiv:2502.16982); ``None`` leaves them.

    See `Optimizer` for the other arguments.

    >>> import numpy as np
    >>> from kerata import Variable
    >>> w, optimizer = Variable(np.zeros((2, 2))), Muon(0.1, ns_steps=10, rms_rate=None)
    >>> optimizer.apply([[[2.0, 0.0], [0.0, 1.0]]], [w])
    >>> bool(np.allclose(w.numpy(), [[-0.1, 0.0], [0.0, -0.1]], atol=0.035))
    True
    """

    elementwise = False

    def __init__(
        self, learning_rate: Any = 0.001, adam_beta_1: float = 0.9, adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004, epsilon: float = 1e-7, weight_decay: float | None = 0.004,
        clipnorm: float | None = None, clipvalue: float | None = None, global_clipnorm: float | None = None,
        use_ema: bool = False, ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None, gradient_accumulation_steps: int | None = None,
        name: str | None = None, exclude_layers: Sequence[str] | None = None, exclude_embeddings: bool = True,
        muon_a: float = 3.4445, muon_b: float = -4.7750, muon_c: float = 2.0315, adam_lr_ratio: float = 1,
        momentum: float = 0.95, ns_steps: int = 5, nesterov: bool = True, rms_rate: float | None = 0.2,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name, **kwargs,
        )  # fmt: skip
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers = list(exclude_layers or [])
        self.exclude_embeddings = exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c, self.ns_steps = muon_a, muon_b, muon_c, ns_steps
        self.momentum, self.nesterov, self.rms_rate = momentum, nesterov, rms_rate

    def _by_adam(self, variable: Variable) -> bool:
        path = variable.path
        return (
            len(variable.shape) != 2
            or (self.exclude_embeddings and "embedding" in path.lower())
            or any(re.search(pattern, path) for pattern in self.exclude_layers)
        )

    def slots(self) -> list[tuple[str, ...]]:
        return [("momentum", "velocity")]

    def slot_shape(self, name: str, variable: Variable) -> tuple[int, ...] | None:
        return variable.shape if name == "momentum" or self._by_adam(variable) else None

    def _decay_of(self, variable: Variable) -> float | None:
        return self.adam_weight_decay if self._by_adam(variable) else self.weight_decay

    def prepare(self, rate: Any, dtype: str) -> Any:
        t = self._step(dtype)
        start = ops.sqrt(1 - ops.power(self.adam_beta_2, t)) / (1 - ops.power(self.adam_beta_1, t))
        return rate, rate * self.adam_lr_ratio * start

    def rule(self, g: Any, x: Any, scalars: Any, s: dict[str, Any]) -> Any:
        rate, rate_of_adam = scalars
        if "velocity" in s:
            m = s["momentum"] = s["momentum"] + (g - s["momentum"]) * (1 - self.adam_beta_1)
            v = s["velocity"] + (ops.square(g) - s["velocity"]) * (1 - self.adam_beta_2)
            s["velocity"] = v
            return x - m * rate_of_adam / (ops.sqrt(v) + self.epsilon)
        m = s["momentum"] = self.momentum * s["momentum"] + g
        move = self._orthogonal(g + self.momentum * m if self.nesterov else m)
        if self.rms_rate is not None:
            move = move * (self.rms_rate * max(x.shape) ** 0.5)
        return x - rate * move

    def _orthogonal(self, x: Any) -> Any:
        """A matrix with the singular vectors of `x` and singular values near 1."""
        upright = x.shape[0] > x.shape[1]
        x = ops.transpose(x) if upright else x
        x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            a = ops.matmul(x, ops.transpose(x))
            x = self.muon_a * x + ops.matmul(self.muon_b * a + self.muon_c * ops.matmul(a, a), x)
        return ops.transpose(x) if upright else x
