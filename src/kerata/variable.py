"""`Variable`: a named tensor with state."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .errors import InputError, ShapeError
from .scope import Binding, in_symbolic_scope, local
from .spec import Spec, TensorOperators, unprobe

SHARED: weakref.WeakValueDictionary[int, Variable] = weakref.WeakValueDictionary()
"""Variables that belong to no layer, by their ids, whose changes compiled steps and predictions are to see."""


# What variables once had, see `legacy.shapes`.
_OLD_NAMES = frozenset("eval get_shape initialized_value read_value".split())


class Variable(TensorOperators):
    """A tensor that layers, optimizers and metrics keep and change.

    The first value is made on the host, when it is first needed, so that a model can be built and
    looked at without an engine.

    Args:
        initializer: A value, or a function of ``(shape, dtype)``; `shape` is then needed.
        shape: Sizes of the axes.
        dtype: Name of the dtype; ``floatx()`` by default.
        trainable: Whether optimizers change it.
        name: Last part of its path.

    >>> v = Variable([1.0, 2.0], name="v")
    >>> v.shape, v.dtype
    ((2,), 'float32')
    """

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._start: Callable[[], Any] | None = None
        self._value: Any = None
        if callable(initializer) and not hasattr(initializer, "shape"):
            if shape is None:
                raise ValueError("A Variable made by an initializer function needs a shape.")
            self.shape = tuple(shape)
            self._dtype = dtypes.explicit(dtype) if dtype is not None else dtypes.standardize(None)
            self._check_shape(name)
            self._start = _delayed(initializer, self.shape, self._dtype)
        else:
            if isinstance(initializer, Variable):
                initializer = initializer.value
            if not hasattr(initializer, "dtype"):
                initializer = np.asarray(initializer)
                if dtype is None and initializer.dtype.kind == "f":
                    dtype = dtypes.standardize(None)
            self._dtype = (
                dtypes.explicit(dtype)
                if dtype is not None
                else dtypes.standardize(initializer.dtype)
            )
            self.shape = tuple(initializer.shape)
            if isinstance(initializer, np.ndarray):
                self._start = _delayed_array(initializer, self._dtype)
            else:
                self._start = lambda: initializer
        self._trainable = self.can_train = bool(trainable)
        self.autocast = autocast
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.name = name or "variable"
        self.path = "/".join([*local.names, self.name])
        self.constraint: Any = kwargs.get("constraint")
        self.regularizer: Any = kwargs.get("regularizer")
        self.overwrite_with_gradient = False
        _announce()

    def _check_shape(self, name: str | None) -> None:
        shape = unprobe(self.shape)
        if any(d is None for d in shape):
            raise ShapeError(
                f"Weight {name or 'variable'!r} would have the shape {shape}, with an unknown axis. "
                "Give the size of that axis in the input's shape."
            )

    @property
    def dtype(self) -> str:
        """Name of the dtype; within a layer of mixed precision that of the layer's arithmetic."""
        return self._cast_to() or self._dtype

    def _cast_to(self) -> str | None:
        """The dtype in which the layer call that runs sees the variable, if not its own."""
        call = local.call
        if (
            call is None
            or call.autocast is None
            or not self.autocast
            or not dtypes.is_float(self._dtype)
        ):
            return None
        return call.autocast

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def trainable(self) -> bool:
        """Whether optimizers change it."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        if self._value is not None:
            _engine_now().mark(self._value, self)

    @property
    def value(self) -> Any:
        """The value, as a tensor of the engine."""
        kind = self._cast_to()
        if kind is None:
            return self._stored()
        return _engine_now().asarray(self._stored(), kind)

    def _stored(self) -> Any:
        binding = local.binding
        if binding is not None:
            bound = binding.read(self)
            if bound is not None:
                return bound
        return _engine_now().held(self.storage)

    def _settle(self) -> None:
        """Give the value, which has stood on the host or not been made yet, to the engine."""
        e = _engine_now()
        self._value = e.hold(e.place(self._start, self._dtype), self)
        self._start = None

    @property
    def storage(self) -> Any:
        """What the engine keeps for the variable: a tensor, or a variable of its own library."""
        if self._value is None:
            self._settle()
        return self._value

    def snapshot(self) -> Any:
        """The value as a tensor that no later change of the variable reaches."""
        return _engine_now().plain(self.storage)

    def state(self) -> Any:
        """What `restore` needs to undo all changes from now on; nothing is brought to the engine."""
        return (None, self._start) if self._value is None else (self.snapshot(), None)

    def restore(self, state: Any) -> None:
        """Go back to a `state`."""
        value, start = state
        if value is None:
            self._value, self._start = None, start
        else:
            self.replace(value)

    def replace(self, value: Any) -> None:
        """Take a tensor of the right shape and dtype as the value, whatever is bound."""
        if self._value is None:
            self._value, self._start = _engine_now().hold(value, self), None
        else:
            self._value = _engine_now().change(self._value, value)

    def host(self) -> np.ndarray:
        """The value as a NumPy array, without bringing it to the engine if it is not there yet."""
        if self._value is None and (local.binding is None or local.binding.read(self) is None):
            value = self._start()  # type: ignore[misc]
            if isinstance(value, np.ndarray):
                value = value.astype(_numpy_dtype(self._dtype), copy=False)
                self._start = _delayed_array(value, self._dtype)
                return value
        return self.numpy()

    def numpy(self) -> np.ndarray:
        """The value as a NumPy array (a copy)."""
        return np.array(_engine_now().to_numpy(self.value))

    def assign(self, value: Any) -> Any:
        """Replace the value by one of the same shape; returns the new value."""
        if isinstance(value, Variable):
            value = value.value
        if isinstance(value, Spec):
            self._fits(value.shape)
            return value
        if not hasattr(value, "shape"):
            value = np.asarray(value)
        if tuple(value.shape) != self.shape:
            self._fits(value.shape)
        value = _engine_now().asarray(value, self._dtype)
        binding = local.binding
        if binding is not None and binding.write(self, value):
            return value
        self.replace(value)
        return value

    def _fits(self, shape: Sequence[int | None]) -> None:
        got = unprobe(shape)
        if len(got) != len(self.shape) or any(g not in (None, d) for g, d in zip(got, self.shape)):
            raise ShapeError(
                f"Variable {self.path!r} has the shape {self.shape}; it cannot take {tuple(got)}."
            )

    def assign_add(self, value: Any) -> Any:
        """Add `value` in place."""
        return self.assign(self + value)

    def assign_sub(self, value: Any) -> Any:
        """Subtract `value` in place."""
        return self.assign(self - value)

    def __getattr__(self, name: str) -> Any:
        if name in _OLD_NAMES:
            from .legacy.shapes import variable_attribute

            return variable_attribute(self, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        out = self.numpy()
        return out if dtype is None else out.astype(dtype)

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self._dtype}>"

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else repr(self)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["_value"], state["_start"] = self.host(), None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        value = state.pop("_value")
        self.__dict__.update(state)
        self._value, self._start = None, _delayed_array(value, self._dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        copy = type(self).__new__(type(self))
        memo[id(self)] = copy
        copy.__setstate__(self.__getstate__())
        return copy


class StatelessScope(Binding):
    """A ``with`` block in which no variable changes: assignments stay in the block.

    Variables have the values of `state_mapping`, the others their own; `get_current_value` tells,
    in the block and after it, what a variable has become.

    Args:
        state_mapping: Pairs of variable and value.
        collect_losses: Whether what layers add to the loss in the block is put into `losses`.
        initialize_variables: Taken; variables get their first values when they are first read.

    >>> v = Variable(1.0)
    >>> with StatelessScope([(v, 5.0)]) as scope:
    ...     _ = v.assign_add(2.0)
    >>> float(scope.get_current_value(v)), float(v)
    (7.0, 1.0)
    """

    def __init__(
        self,
        state_mapping: Any = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        pairs = [self._pair(*pair) for pair in state_mapping or ()]
        super().__init__([v for v, _ in pairs], [value for _, value in pairs], catches=True)
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []

    def _pair(self, variable: Any, value: Any) -> tuple[Variable, Any]:
        if not isinstance(variable, Variable):
            raise InputError(
                f"StatelessScope: state_mapping takes pairs of Variable and value; got {variable!r} as the first."
            )
        value = value.value if isinstance(value, Variable) else value
        value = _engine_now().asarray(value, variable._dtype)
        if tuple(value.shape) != variable.shape:
            raise ShapeError(
                f"StatelessScope: the variable {variable.path!r} has the shape {variable.shape}; the value "
                f"given for it {tuple(value.shape)}."
            )
        return variable, value

    @property
    def state_mapping(self) -> dict[int, Any]:
        """Values by the ids of their variables."""
        return self.values

    def add_loss(self, loss: Any) -> None:
        """Add to `losses`."""
        self.losses.append(loss)

    def take_loss(self, layer: Any, loss: Any) -> bool:
        """Collect what a layer adds to the loss; the layer keeps it, too."""
        if self.collect_losses and not in_symbolic_scope():
            self.losses.append(loss)
        return False

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Note a pair of variable and new value."""
        variable, value = update
        self.write(variable, value)

    def get_current_value(self, variable: Variable) -> Any:
        """The value of a variable in the block, None where it has not been given or assigned."""
        return self.values.get(id(variable))


def _announce() -> None:
    from .engine import announce_variable

    announce_variable()


def with_shared(variables: Sequence[Any]) -> list[Any]:
    """Variables, and those of `SHARED` that are not among them."""
    if not SHARED:
        return list(variables)
    known = {id(v) for v in variables}
    return [*variables, *[v for k, v in list(SHARED.items()) if k not in known]]


def as_values(values: Sequence[Any]) -> list[Any]:
    """Values as they are, and those of Variables among them."""
    return [v.value if isinstance(v, Variable) else v for v in values]


@functools.cache
def _engine_now() -> Any:
    from .engine import engine

    return engine()


def _delayed(initializer: Callable, shape: tuple, dtype: str) -> Callable[[], Any]:
    # Built-in initializers take the number of their random stream now, so that the order in which
    # weights are made, not that in which they are read, decides their values.
    prepare = getattr(initializer, "prepare", None)
    if prepare is not None:
        return prepare(shape, dtype)
    return lambda: initializer(shape, dtype=dtype)


def _numpy_dtype(name: str) -> Any:
    if name == "bfloat16" or name.startswith("float8"):
        import ml_dtypes

        return getattr(ml_dtypes, name)
    return name


def _delayed_array(value: np.ndarray, dtype: str) -> Callable[[], Any]:
    value = np.array(value)
    return lambda: value
