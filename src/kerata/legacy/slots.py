"""Optimizers as tf.keras 2.0 to 2.10 wrote them: ``_create_slots`` and ``_resource_apply_dense``.

A class of the user's that defines these gets the methods which its base had then, and its rule is run for
each weight of a step.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .. import ops
from ..variable import Variable
from .updates import _base, _fitting_config, _with_rate


class Dtype(str):
    """Name of a dtype that can be asked as TensorFlow's are.

    >>> Dtype("float32").base_dtype
    'float32'
    """

    @property
    def base_dtype(self) -> Dtype:
        """Itself: there are no references."""
        return self

    @property
    def name(self) -> str:
        """The plain name."""
        return str(self)


def _asked(v: Variable) -> None:
    v._dtype = Dtype(v._dtype)


def build(self: Any, variables: Sequence[Variable]) -> None:
    """Make the slots that the class wants."""
    if self.built:
        return
    _base().build(self, variables)
    for v in variables:
        _asked(v)
    self._create_slots(list(variables))


def update_step(self: Any, gradient: Any, variable: Variable, learning_rate: Any) -> None:
    """The class's own rule."""
    own = self._resource_apply_dense
    if len(inspect.signature(own).parameters) > 2:
        dtype = Dtype(variable.dtype)
        state: dict = {}
        key = ("", dtype)
        state[key] = {}
        self._prepare_local("", dtype, state)
        own(gradient, variable, _States(state[key]))
    else:
        own(gradient, variable)


class _States(dict):
    """What was prepared for a step, whatever the device it is asked for."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(one=values)

    def get(self, key: Any, default: Any = None) -> Any:
        return self["one"]

    def __missing__(self, key: Any) -> Any:
        return self["one"]


def _prepare_local(self: Any, device: Any, dtype: Any, state: Any) -> None:
    rate = self._decayed_lr(dtype)
    state[(device, dtype)].update(lr_t=rate, neg_lr_t=-rate)


def _fallback_apply_state(self: Any, device: Any, dtype: Any) -> dict[str, Any]:
    state: dict[Any, dict[str, Any]] = {(device, dtype): {}}
    self._prepare_local(device, dtype, state)
    return state[(device, dtype)]


def _set_hyper(self: Any, name: str, value: Any) -> None:
    self.__dict__.setdefault("_hyper", {})[name] = value
    if name == "decay":
        self.decay = float(value or 0.0)
    else:
        setattr(self, name, value)


def _get_hyper(self: Any, name: str, dtype: Any = None) -> Any:
    value = self._rate() if name == "learning_rate" else getattr(self, name)
    if callable(value):
        value = value()
    return value if dtype is None else ops.cast(ops.convert_to_tensor(value), str(dtype))


def _decayed_lr(self: Any, dtype: Any) -> Any:
    return ops.cast(ops.convert_to_tensor(self._rate()), str(dtype))


def _serialize_hyperparameter(self: Any, name: str) -> Any:
    if name == "learning_rate":
        return _base().get_config(self)["learning_rate"]
    value = getattr(self, name)
    return float(value) if isinstance(value, Variable) else value


def add_slot(
    self: Any, var: Any, slot_name: str, initializer: Any = "zeros", shape: Any = None
) -> Variable:
    """A variable beside a weight, made once."""
    made = self.__dict__.setdefault("_named_slots", {})
    if (id(var), slot_name) not in made:
        slot = self.add_variable_from_reference(var, slot_name, initializer, shape)
        _asked(slot)
        made[id(var), slot_name] = slot
    return made[id(var), slot_name]


def get_slot(self: Any, var: Any, slot_name: str) -> Variable:
    """What `add_slot` made."""
    return self._named_slots[id(var), slot_name]


def _create_slots(self: Any, var_list: list[Variable]) -> None:
    """No slots."""


_METHODS: dict[str, Callable] = {
    f.__name__: f
    for f in (
        _create_slots, _decayed_lr, _fallback_apply_state, _get_hyper, _prepare_local,
        _serialize_hyperparameter, _set_hyper, add_slot, get_slot,
    )
}  # fmt: skip


@functools.cache
def _old_base() -> type:
    """The base class as it was: a subclass of today's with these methods, which ``super()`` finds, too."""
    more = {
        "build": build, "update_step": update_step, "_use_locking": False,
        "_initial_decay": property(lambda self: self.decay), "__module__": __name__,
    }  # fmt: skip
    return type("OldOptimizer", (_base(),), {**_METHODS, **more})


def adopt(cls: type) -> None:
    """Let a class of the user's that defines ``_resource_apply_dense`` train models."""
    if _base() in cls.__bases__:
        cls.__bases__ = tuple(_old_base() if b is _base() else b for b in cls.__bases__)
    if not issubclass(
        cls, _old_base()
    ):  # a subclass of one of Kerata's own optimizers keeps its rule
        return
    cls._legacy_call = staticmethod(_with_rate)  # type: ignore[attr-defined]
    if "get_config" in cls.__dict__:
        cls.get_config = _fitting_config(cls, cls.__dict__["get_config"])  # type: ignore[attr-defined]
