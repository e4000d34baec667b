"""`Optimizer`: what all update rules share, pure under `scope.bind`."""

from __future__ import annotations

import functools
import inspect
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import config as settings
from .. import graph, ops, tree
from ..engine import engine, own_variable, part_of_step
from ..errors import InputError, NotBuiltError
from ..scope import Binding
from ..variable import Variable, as_values
from .schedules import LearningRateSchedule
from .state import State, overwritten

# What optimizers once had, see `legacy.minimize`.
_OLD_NAMES = frozenset({"compute_gradients", "minimize"})


class Optimizer(State):
    """Changes variables so that a loss falls.

    The state (slots per variable, number of steps, learning rate) is kept in Variables and changed
    by assignment, so that the same code runs step by step and, under `scope.bind`, as a pure
    function that is compiled.

    A rule of Kerata's own names its slots in `slots` and gives the new value in `rule`. A user's
    class may instead override ``build`` and ``update_step(gradient, variable, learning_rate)`` and
    use `add_variable_from_reference`, as in Keras.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        weight_decay: Share of each weight that a step takes off it, times the learning rate.
        clipnorm: Largest norm of each gradient.
        clipvalue: Largest size of each element of a gradient.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Keep a moving average of the weights, and put it in their place at the end of `fit`.
        ema_momentum: Share of the old average in the new.
        ema_overwrite_frequency: Put the average in place of the weights every so many steps, too.
        loss_scale_factor: Factor of the loss, taken out of the gradients again.
        gradient_accumulation_steps: Update once in so many steps, with the mean of their gradients.
        name: Name of the optimizer.
        decay: Divide the learning rate by ``1 + decay * iterations``, as Keras 1 and 2 did.

    >>> from kerata import Variable, ops
    >>> class Descent(Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, learning_rate * gradient)
    >>> w, optimizer = Variable([1.0]), Descent(0.5)
    >>> optimizer.apply([ops.array([1.0])], [w])
    >>> w.numpy().tolist()
    [0.5]
    """

    _abstract_config = False
    # Whether a rule treats every element alike, so that all weights may be updated as one value.
    elementwise = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "get_updates" in cls.__dict__:  # written for Keras 1 or 2
            from ..legacy.updates import adopt

            adopt(cls)

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        *,
        decay: float | None = None,
    ) -> None:
        self.__dict__["_tracked"] = []
        self.name = name or graph.auto_name(graph.snake(type(self).__name__))
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.decay = float(decay or 0.0)
        self._check()
        self.built = False
        self._trainable_variables: list[Variable] = []
        self._index: dict[int, int] = {}
        self._slots: dict[str, list[Variable | None]] = {}
        self._averages: list[Variable | None] = []
        self._accumulators: list[Variable] = []
        self._excluded: tuple[set[int], re.Pattern | None] = (set(), None)
        self._scalars: dict[str, Any] | None = None
        self._told_missing = False
        self._iterations = self._variable(0, "iteration", "int32")
        if not callable(learning_rate):
            learning_rate = self._variable(
                _number(learning_rate), "learning_rate", settings.floatx()
            )
        self._learning_rate = learning_rate

    def _check(self) -> None:
        clips = {k: getattr(self, k) for k in ("clipnorm", "clipvalue", "global_clipnorm")}
        if sum(v is not None for v in clips.values()) > 1:
            raise InputError(
                f"Only one of clipnorm, clipvalue and global_clipnorm can be set, got {clips}."
            )
        steps = self.gradient_accumulation_steps
        if steps and not (isinstance(steps, (int, np.integer)) and steps >= 2):
            raise InputError(
                f"gradient_accumulation_steps must be an integer of at least 2, got {steps!r}."
            )
        if self.use_ema and not 0 <= self.ema_momentum <= 1:
            raise InputError(f"ema_momentum must be in [0, 1], got {self.ema_momentum}.")
        every = self.ema_overwrite_frequency
        if self.use_ema and every and not (isinstance(every, int) and every >= 1):
            raise InputError(
                f"ema_overwrite_frequency must be an integer of at least 1 or None, got {every!r}."
            )

    # --- variables -------------------------------------------------------------------------------

    @property
    def iterations(self) -> Any:
        """Number of updates so far."""
        if self.gradient_accumulation_steps:
            return self._iterations // self.gradient_accumulation_steps
        return self._iterations

    @iterations.setter
    def iterations(self, value: Any) -> None:
        self._iterations.assign(value)

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for these variables; done by the first `apply` where it is not called."""
        if self.built:
            return
        variables = [own_variable(v) for v in variables]
        self._trainable_variables = variables
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulators = [
                self.add_variable_from_reference(v, "gradient_accumulator") for v in variables
            ]
        for group in self.slots():
            self._make_slots(variables, group)
        self.built = True

    def _get_variable_index(self, variable: Any) -> int:
        i = self._index.get(id(variable))
        if (
            i is not None
            and i < len(self._trainable_variables)
            and self._trainable_variables[i] is variable
        ):
            return i
        self._index = {id(v): i for i, v in enumerate(self._trainable_variables)}
        if id(variable) in self._index:
            return self._index[id(variable)]
        raise InputError(
            f"The optimizer {self.name!r} does not know the variable {getattr(variable, 'path', variable)!r}: it works "
            "for the variables that it was built with. Make a new optimizer for another model or other variables."
        )

    def assign(self, variable: Variable, value: Any) -> None:
        """Replace the value of a variable."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        variable.assign(variable.value + value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign(variable.value - value)

    # --- learning rate ---------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a Variable, or what the schedule gives at this step."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            return rate
        return rate(self._iterations.value) if isinstance(rate, LearningRateSchedule) else rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        before = self._learning_rate
        if callable(value) and not hasattr(value, "dtype"):
            if isinstance(before, Variable):
                self._tracked[:] = [v for v in self._tracked if v is not before]
            self._learning_rate = value
        elif isinstance(before, Variable):
            before.assign(value)
        else:
            raise TypeError(
                f"The learning rate of {self.name!r} follows {type(before).__name__} and cannot be set to a number. "
                "Make the optimizer with a number, or set another schedule."
            )

    lr = learning_rate

    @property
    def rates(self) -> list[Any]:
        """What learning rates are read from: variables, schedules or functions."""
        return [self._learning_rate]

    def _rate(self) -> Any:
        rate = self.learning_rate
        if isinstance(rate, Variable):
            rate = rate.value
        if self.decay:
            rate = rate / (1.0 + self.decay * ops.cast(self._iterations.value, settings.floatx()))
        return rate

    # --- updating --------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]], **kwargs: Any) -> Any:
        """One step with pairs of gradient and variable."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One step.

        Args:
            grads: A gradient for each variable; those that are ``None`` leave theirs as it is.
            trainable_variables: The variables; those of `build` by default.

        Raises:
            InputError: All gradients are ``None``, or a variable is not known.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_of(grads, trainable_variables)
        with part_of_step("optimizer"):
            pairs = [
                (engine().asarray(g, v.dtype), v) for g, v in zip(grads, variables) if g is not None
            ]
            for g, v in pairs:
                if overwritten(v):
                    v.assign(g)
            pairs = [(g, v) for g, v in pairs if not overwritten(v)]
            if pairs:
                self._apply([g for g, _ in pairs], [v for _, v in pairs])
            self._iterations.assign(self._iterations.value + 1)

    def _variables_of(self, grads: Sequence[Any], variables: Sequence[Any] | None) -> list[Any]:
        """The variable of each gradient; tells of those that have none."""
        if variables is not None:
            variables = [own_variable(v) for v in variables]
            if not self.built:
                self.build(variables)
                self.built = True
        elif not self.built:
            raise NotBuiltError(
                "Without variables the optimizer must be built first: optimizer.build(variables)."
            )
        else:
            variables = self._trainable_variables
        if len(variables) != len(grads):
            raise InputError(
                f"{len(grads)} gradients for {len(variables)} variables: there must be one for each."
            )
        if any(g is None for g in grads):
            self._tell_missing(grads, variables)
        return variables

    def _tell_missing(self, grads: Sequence[Any], variables: Sequence[Any]) -> None:
        names = [v.path for g, v in zip(grads, variables) if g is None]
        if len(names) == len(grads):
            raise InputError(
                f"No gradients for any variable ({', '.join(names[:5])}{' ...' if len(names) > 5 else ''}): "
                "the loss does not depend on them."
            )
        if not self._told_missing:
            self._told_missing = True
            warnings.warn(
                f"No gradients for {names}: these variables stay as they are.", stacklevel=3
            )

    def _apply(self, grads: list[Any], variables: list[Variable]) -> None:
        if self.loss_scale_factor is not None:
            grads = [g / self.loss_scale_factor for g in grads]
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables)
        else:
            self._update(grads, variables)
        if self.use_ema:
            self._average()
        for v in variables:
            if v.constraint is not None:
                v.assign(v.constraint(v.value))

    def _update(self, grads: list[Any], variables: list[Variable]) -> None:
        rate = self._rate()
        grads = self._clip(grads)
        for v in variables:
            decay = self._decay_of(v) if self._use_weight_decay(v) else None
            if decay is not None:
                v.assign(v.value - v.value * (_as(rate, v.dtype) * decay))
        self._scalars = {}
        try:
            self._update_all(grads, variables, rate)
        finally:
            self._scalars = None

    def _update_all(self, grads: list[Any], variables: list[Variable], rate: Any) -> None:
        own_step = type(self).update_step is not Optimizer.update_step
        if len(variables) > 1 and self.elementwise and not own_step:
            for dtype in dict.fromkeys(v.dtype for v in variables):
                pairs = [(g, v) for g, v in zip(grads, variables) if v.dtype == dtype]
                if not self._update_together([g for g, _ in pairs], [v for _, v in pairs], rate):
                    break
            else:
                return
        for g, v in zip(grads, variables):
            self.update_step(g, v, rate)

    def _update_together(self, grads: list[Any], variables: list[Variable], rate: Any) -> bool:
        """The rule on all variables (of one dtype) as one value, where the engine has such a thing."""
        together = engine().together
        dtype = variables[0].dtype
        joined = together([_as(g, dtype) for g in grads])
        if joined is None:
            return False
        places = [self._get_variable_index(v) for v in variables]
        held: dict[str, Any] = {n: [made[i] for i in places] for n, made in self._slots.items()}
        slots = {n: together([v.value for v in made]) for n, made in held.items()}
        values = together([v.value for v in variables])
        for v, value in zip(
            variables, self.rule(joined, values, self._prepared(dtype, rate), slots)
        ):
            v.assign(value)
        for name, made in held.items():
            for v, value in zip(made, slots[name]):
                v.assign(value)
        return True

    def __getattr__(self, name: str) -> Any:
        if name in _OLD_NAMES:
            from ..legacy.minimize import METHODS

            return functools.partial(METHODS[name], self)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable. A user's rule overrides this."""
        if type(self).rule is Optimizer.rule:
            raise NotImplementedError(
                f"{type(self).__name__} needs update_step(gradient, variable, learning_rate)."
            )
        dtype = variable.dtype
        scalars = self._prepared(dtype, learning_rate)
        i = self._get_variable_index(variable)
        held = {name: made[i] for name, made in self._slots.items()}
        slots = {name: v.value for name, v in held.items() if v is not None}
        variable.assign(self.rule(_as(gradient, dtype), variable.value, scalars, slots))
        for name, v in held.items():
            if v is not None:
                v.assign(slots[name])

    def _prepared(self, dtype: str, learning_rate: Any) -> Any:
        """What `prepare` gives, in the dtype of the weights; once a step."""
        cache = self._scalars if self._scalars is not None else {}
        if dtype not in cache:  # in at least 32 bits: 0.999 of Adam's is 1 in 16 bits
            wide = "float64" if dtype == "float64" else "float32"
            scalars = self.prepare(_as(learning_rate, wide), wide)
            cache[dtype] = tree.map_structure(lambda x: _as(x, dtype), scalars)
        return cache[dtype]

    def prepare(self, learning_rate: Any, dtype: str) -> Any:
        """What `rule` needs of the learning rate and the step; computed once a step."""
        return learning_rate

    def rule(self, g: Any, x: Any, scalars: Any, s: dict[str, Any]) -> Any:
        """New value for the gradient `g` and the value `x`; changes the slots in `s`."""
        raise NotImplementedError

    def _step(self, dtype: str) -> Any:
        """Number of this update, from 1, as a float."""
        n = self._iterations.value
        if self.gradient_accumulation_steps:
            n = n // self.gradient_accumulation_steps
        return _as(n + 1, dtype)

    # --- options ---------------------------------------------------------------------------------

    def _clip(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm:
            return [_clip_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm:
            return clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue:
            return [ops.clip(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def _accumulate(self, grads: list[Any], variables: list[Variable]) -> None:
        steps = self.gradient_accumulation_steps
        sums = [self._accumulators[self._get_variable_index(v)] for v in variables]
        state = [*variables, *self._tracked]
        values = [v.value for v in state]

        def update() -> list[Any]:
            with Binding(state, values) as run:
                self._update([(g + a.value) / steps for g, a in zip(grads, sums)], variables)
                for a in sums:
                    a.assign(a.value * 0)
            return run.result()

        def keep() -> list[Any]:
            with Binding(state, values) as run:
                for g, a in zip(grads, sums):
                    a.assign(a.value + g)
            return run.result()

        due = (self._iterations.value + 1) % steps == 0
        for v, value in zip(state, ops.cond(due, update, keep)):
            v.assign(value)

    def _average(self) -> None:
        n = self.iterations
        n = n.value if isinstance(n, Variable) else n
        for v, average in zip(self._trainable_variables, self._averages):
            if average is None:
                continue
            momentum = _as(n != 0, v.dtype) * self.ema_momentum
            mean = momentum * average.value + (1 - momentum) * v.value
            average.assign(mean)
            if self.ema_overwrite_frequency:
                v.assign(ops.where((n + 1) % self.ema_overwrite_frequency == 0, mean, v.value))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Put the moving averages in place of the weights, with ``use_ema``."""
        if self.use_ema and self.built:
            for v in var_list:
                average = self._averages[self._get_variable_index(v)]
                if average is not None:
                    v.assign(average.value)

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Let these variables, and those whose name holds one of these texts, not decay."""
        pattern = re.compile("|".join(sorted(set(var_names)))) if var_names else None
        self._excluded = ({id(v) for v in var_list or ()}, pattern)

    def _decay_of(self, variable: Variable) -> float | None:
        """Share of a variable that a step takes off it, times the learning rate."""
        return self.weight_decay

    def _use_weight_decay(self, variable: Variable) -> bool:
        ids, pattern = self._excluded
        return id(variable) not in ids and not (
            pattern is not None and pattern.search(variable.name)
        )

    def scale_loss(self, loss: Any) -> Any:
        """The loss times ``loss_scale_factor``, of which gradients are to be taken."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # Of Keras 1 and 2. Methods, as subclasses ask for them by super().

    def get_updates(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Updates of a step on a symbolic loss, for `backend.function`."""
        from ..legacy.updates import get_updates

        return get_updates(self, *args, **kwargs)

    def get_gradients(self, loss: Any, params: Any) -> list[Any]:
        """Gradients of a symbolic loss, clipped."""
        from ..legacy.updates import get_gradients

        return get_gradients(self, loss, params)

    # --- pure form -------------------------------------------------------------------------------

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Any],
        grads: Sequence[Any],
        trainable_variables: Sequence[Any],
    ) -> tuple[list[Any], list[Any]]:
        """One step as a pure function of values: new values of the weights, and of the state."""
        if not self.built:
            raise NotBuiltError(
                "stateless_apply needs a built optimizer: optimizer.build(variables)."
            )
        for what, given, own in (
            ("optimizer_variables", optimizer_variables, self.variables),
            ("trainable_variables", trainable_variables, self._trainable_variables),
        ):
            if len(given) != len(own):
                raise InputError(f"{what} has {len(given)} values for {len(own)} variables.")
        own = self.variables
        names = [*self._trainable_variables, *own]
        with Binding(names, as_values([*trainable_variables, *optimizer_variables])) as run:
            self.apply(grads)
        return run.result(self._trainable_variables), run.result(own)

    # --- configuration and files -----------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Arguments that make an equal optimizer, with the learning rate as it is now."""
        from ..serialization import serialize_keras_object

        out = super().get_config()
        rate: Any = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate.numpy())
        if out.pop("decay", None):
            from .schedules import InverseTimeDecay

            rate = InverseTimeDecay(rate, decay_steps=1, decay_rate=self.decay)
        return {**out, "name": self.name, "learning_rate": serialize_keras_object(rate)}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Any:
        """An optimizer out of a configuration that `get_config` wrote."""
        from ..serialization import custom_object_scope

        with custom_object_scope(custom_objects):
            return super().from_config(config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def options(init: Callable) -> Callable:
    """Give a rule's constructor, which takes ``**kwargs``, the arguments that all optimizers have."""
    own = list(inspect.signature(init).parameters.values())[:-1]
    names = {p.name for p in own}
    common = [
        p for p in inspect.signature(Optimizer.__init__).parameters.values()
        if p.name not in names and p.name != "decay"
    ]  # fmt: skip
    rest = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        kwargs.update(zip([p.name for p in common], args[len(own) - 1 :]))
        init(self, *args[: len(own) - 1], **kwargs)

    __init__.__signature__ = inspect.Signature([*own, *common, rest])  # type: ignore[attr-defined]
    del __init__.__wrapped__  # type: ignore[attr-defined]
    return __init__


def default_epsilon(value: float | None) -> float:
    """The number itself, or the global epsilon for ``None``."""
    return settings.epsilon() if value is None else value


def clip_by_global_norm(grads: Sequence[Any], clip_norm: float) -> list[Any]:
    """Gradients scaled so that the norm of all together is at most `clip_norm`."""
    norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in grads))
    scale = clip_norm * ops.minimum(1.0 / norm, 1.0 / clip_norm) + (
        norm - norm
    )  # NaN where norm is not finite
    return [g * ops.cast(scale, ops.dtype(g)) for g in grads]


def _clip_norm(g: Any, largest: float) -> Any:
    return g * largest / ops.maximum(ops.sqrt(ops.sum(ops.square(g))), largest)


def _as(x: Any, dtype: str) -> Any:
    return engine().asarray(x, dtype)


def _number(x: Any) -> float:
    try:
        return float(x)
    except (TypeError, ValueError):
        raise InputError(
            f"learning_rate must be a number, a LearningRateSchedule, or a function without arguments, got {x!r}."
        ) from None
