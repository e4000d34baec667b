"""`LossScaleOptimizer`: training in float16 without losing small gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops, tree
from ..capture import Configurable
from ..engine import part_of_step
from ..errors import InputError
from ..scope import Binding
from ..variable import Variable
from .base import Optimizer

# What configurations of earlier versions hold, and the only values that mean anything here.
_IDLE = {
    "weight_decay": None, "clipnorm": None, "clipvalue": None, "global_clipnorm": None, "use_ema": False,
    "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
    "gradient_accumulation_steps": None, "decay": None,
}  # fmt: skip


class LossScaleOptimizer(Optimizer):
    """Scales the loss for another optimizer, by a factor that follows the gradients.

    float16 has nothing below 6e-8, where many gradients are. The loss is therefore multiplied by a large
    scale, and the gradients divided by it (Micikevicius et al., arXiv:1710.03740). A step whose gradients
    hold an infinity or NaN, as they do when the scale is too large, changes nothing but halves the
    scale; after every `dynamic_growth_steps` good steps in a row it is doubled. `Model.compile` puts
    this around the optimizer of a model of the policy ``mixed_float16``.

    Args:
        inner_optimizer: The optimizer that changes the variables. Options such as ``clipnorm`` are its.
        initial_scale: The scale at the start.
        dynamic_growth_steps: Number of good steps after which the scale is doubled.
        name: Name of the optimizer.
        dynamic: Must be True, as it could be otherwise in Keras 2.

    Raises:
        InputError: The inner optimizer is none, or scales the loss dynamically itself, or an option is
            given that belongs to it.

    >>> from kerata import Variable, optimizers
    >>> w, optimizer = Variable([1.0]), LossScaleOptimizer(optimizers.SGD(0.5), initial_scale=8.0)
    >>> optimizer.apply([[float("inf")]], [w])
    >>> float(w.numpy()[0]), float(optimizer.dynamic_scale)
    (1.0, 4.0)
    >>> optimizer.apply([[4.0]], [w])
    >>> float(w.numpy()[0]), float(optimizer.dynamic_scale)
    (0.5, 4.0)
    """

    def __init__(
        self, inner_optimizer: Optimizer, initial_scale: float = 2.0**15, dynamic_growth_steps: int = 2000,
        name: str | None = None, *, dynamic: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        if not isinstance(inner_optimizer, Optimizer) or isinstance(
            inner_optimizer, LossScaleOptimizer
        ):
            raise InputError(
                "LossScaleOptimizer needs an optimizer that does not scale the loss by itself, got "
                f"{inner_optimizer!r}."
            )
        if not dynamic:
            raise InputError(
                "LossScaleOptimizer has no dynamic=False: for a constant scale set loss_scale_factor of the "
                "inner optimizer, and use that alone."
            )
        for option, value in kwargs.items():
            if value != _IDLE[option]:
                raise InputError(
                    f"LossScaleOptimizer has no {option}: give it to the inner optimizer."
                )
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        self.use_ema = inner_optimizer.use_ema
        inner_optimizer.loss_scale_factor = None  # or else gradients would be scaled twice

    # --- state -----------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """All state: that of its own, then that of the inner optimizer."""
        return [*self._tracked, *self.inner_optimizer.variables]

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for these variables; done by the first `apply` where it is not called."""
        if self.built:
            return
        self.step_counter = self._variable(0, "step_counter", "int32")
        self.dynamic_scale = self._variable(self.initial_scale, "dynamic_scale", "float32")
        self.inner_optimizer.build(variables)
        self._trainable_variables = list(variables)
        self.built = True

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.inner_optimizer.learning_rate = value

    lr = learning_rate

    @property
    def iterations(self) -> Any:
        """Number of updates so far; a step that was skipped is none."""
        return self.inner_optimizer.iterations

    @iterations.setter
    def iterations(self, value: Any) -> None:
        self.inner_optimizer.iterations = value

    @property
    def rates(self) -> list[Any]:
        """What the learning rate is read from."""
        return self.inner_optimizer.rates

    # --- updating --------------------------------------------------------------------------------

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale, of which gradients are to be taken."""
        return loss * (self.dynamic_scale.value if self.built else self.initial_scale)

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One step with gradients of the scaled loss, or none if they are not finite.

        Args:
            grads: A gradient for each variable, or ``None``.
            trainable_variables: The variables; those of `build` by default.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_of(grads, trainable_variables)
        pairs = [(ops.convert_to_tensor(g), v) for g, v in zip(grads, variables) if g is not None]
        with part_of_step("optimizer"):
            state = tree.unique([*variables, *self._trainable_variables, *self.variables])
            values = [v.value for v in state]

            def update() -> list[Any]:
                with Binding(state, values) as run:
                    self._update_inner(pairs)
                return run.result()

            def skip() -> list[Any]:
                with Binding(state, values) as run:
                    self._adapt(0, 0.5)
                return run.result()

            finite = ops.all(ops.stack([ops.all(ops.isfinite(g)) for g, _ in pairs]))
            for v, value in zip(state, ops.cond(finite, update, skip)):
                v.assign(value)

    def _update_inner(self, pairs: Sequence[tuple[Any, Variable]]) -> None:
        scale = self.dynamic_scale.value
        grads = [g if v.overwrite_with_gradient else g / scale for g, v in pairs]
        self.inner_optimizer.apply(grads, [v for _, v in pairs])
        count = self.step_counter.value + 1
        grows = count == self.dynamic_growth_steps
        self._adapt(ops.where(grows, 0, count), ops.where(grows, 2.0, 1.0))

    def _adapt(self, count: Any, factor: Any) -> None:
        self.step_counter.assign(count)
        self.dynamic_scale.assign(self.dynamic_scale.value * factor)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Put the moving averages in place of the weights, if the inner optimizer keeps them."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Let these variables, and those whose name holds one of these texts, not decay."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal optimizer, the inner one's configuration among them."""
        config = Configurable.get_config(self)
        own = ("inner_optimizer", "initial_scale", "dynamic_growth_steps")
        return {"name": self.name, **{k: config[k] for k in own}}
