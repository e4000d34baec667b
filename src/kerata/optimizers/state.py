"""State of an optimizer: its variables, the slots of weights, and both in files."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..capture import Configurable
from ..errors import InputError, NotBuiltError, ShapeError
from ..variable import Variable


class State(Configurable):
    """What an optimizer keeps from step to step."""

    name: str
    built: bool
    _slots: dict[str, list[Variable | None]]

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable) and "_tracked" in self.__dict__:
            self._track(value)
        super().__setattr__(name, value)

    def _track(self, variable: Variable) -> None:
        if not any(v is variable for v in self._tracked):
            self._tracked.append(variable)

    @property
    def variables(self) -> list[Variable]:
        """All state: the number of steps, the learning rate, then the slots."""
        return list(self._tracked)

    @property
    def weights(self) -> list[Variable]:
        """The same as `variables`."""
        return self.variables

    def slots(self) -> list[tuple[str, ...]]:
        """Names of the slots that the rule keeps for each variable.

        The slots of a group lie together variable by variable, the groups one after the other: files
        depend on this order.
        """
        return []

    def slot_start(self, name: str) -> float:
        """What a slot is filled with at the start."""
        return 0.0

    def slot_shape(self, name: str, variable: Variable) -> tuple[int, ...] | None:
        """Shape of a variable's slot; ``None`` where the rule keeps none for this variable."""
        return variable.shape

    def _make_slots(self, variables: Sequence[Variable], group: tuple[str, ...]) -> None:
        made: dict[str, list[Variable | None]] = {name: [] for name in group}
        for v in variables:
            for name, into in made.items():
                shape = None if overwritten(v) else self.slot_shape(name, v)
                start = functools.partial(_fill, self.slot_start(name))
                into.append(
                    None
                    if shape is None
                    else self.add_variable_from_reference(v, name, start, shape=shape)
                )
        self._slots.update(made)

    def _variable(self, value: Any, name: str, dtype: str) -> Variable:
        made = Variable(value, dtype=dtype, trainable=False, name=name)
        made.path = f"{self.name}/{name}"
        self._tracked.append(made)
        return made

    def add_variable(
        self, shape: Sequence[int], initializer: Any = "zeros", dtype: Any = None,
        aggregation: str = "none", layout: Any = None, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """A new variable of the optimizer's state."""
        if isinstance(initializer, str):
            from .. import initializers

            initializer = initializers.get(initializer)
        made = Variable(initializer, tuple(shape), dtype, trainable=False, name=name)
        made.path = f"{self.name}/{made.name}"
        self._tracked.append(made)
        return made

    def add_variable_from_reference(
        self, reference_variable: Any = None, name: str | None = None, initializer: Any = "zeros",
        shape: Any = None, **old: Any,
    ) -> Variable:  # fmt: skip
        """A slot of the shape and dtype of a variable, named after it."""
        if "model_variable" in old or "variable_name" in old:  # the names of Keras 2
            reference_variable = old.get("model_variable", reference_variable)
            name = old.get("variable_name", name)
        path = getattr(reference_variable, "path", None) or str(reference_variable.name)
        return self.add_variable(
            shape=reference_variable.shape if shape is None else shape,
            initializer=_fill_zeros if initializer == "zeros" else initializer,
            dtype=reference_variable.dtype,
            name=f"{path.replace('/', '_').replace(':', '_')}_{name or 'var'}",
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Slots for variables: a list for one name, a tuple of lists for several."""
        names = [name] if isinstance(name, str) else list(name)
        starts = (
            list(initializer)
            if isinstance(initializer, (list, tuple))
            else [initializer] * len(names)
        )
        if len(names) != len(starts):
            raise InputError(f"{len(names)} names of slots but {len(starts)} initializers.")
        made: tuple[list, ...] = tuple([] for _ in names)
        for v in trainable_variables:
            for into, n, start in zip(made, names, starts):
                into.append(
                    None
                    if overwritten(v)
                    else self.add_variable_from_reference(v, n, initializer=start)
                )
        return made[0] if isinstance(name, str) else made

    def get_weights(self) -> list[np.ndarray]:
        """Values of `variables`."""
        return [v.numpy() for v in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state to values in the order of `variables`. All fit, or none is set."""
        if not self.built:
            raise NotBuiltError(
                "The optimizer is not built yet: optimizer.build(model.trainable_variables) first."
            )
        values, own = [np.asarray(w) for w in weights], self.variables
        if len(values) != len(own):
            raise ShapeError(f"{len(values)} arrays for the {len(own)} variables of {self.name!r}.")
        for v, w in zip(own, values):
            if w.shape != v.shape:
                raise ShapeError(
                    f"The optimizer's variable {v.path!r} has the shape {v.shape}, got {w.shape}."
                )
        for v, w in zip(own, values):
            v.assign(w)

    def save_own_variables(self, store: Any) -> None:
        """Write the state into a mapping."""
        for i, v in enumerate(self.variables):
            store[str(i)] = v.host()

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote."""
        keys, count = list(store.keys()), len(self.variables)
        if len(keys) != count:
            if len(keys) > 2:
                warnings.warn(
                    f"The file's optimizer state has {len(keys)} variables, {self.name!r} has {count}: "
                    "it is not read, and training starts with fresh state.",
                    stacklevel=2,
                )
            return
        self.set_weights([np.asarray(store[str(i)]) for i in range(len(keys))])


def overwritten(variable: Any) -> bool:
    """Whether a variable takes its gradient as its new value."""
    return getattr(variable, "overwrite_with_gradient", False)


def _fill(value: float, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
    return np.full(tuple(shape), value, np.float64 if dtype == "float64" else np.float32)


_fill_zeros = functools.partial(_fill, 0.0)
