"""Variables and constants: making, reading, changing them."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from ... import config, dtypes, graph, ops, tree
from ...engine import engine
from ...errors import InputError
from ...scope import local
from ...spec import KerasTensor, Spec, probe, shape_of
from ...variable import SHARED, Variable
from ..updates import running
from ._define import Sizes, backend_op, is_size

Tensor = Any


# --- making -------------------------------------------------------------------------------------


def variable(
    value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None
) -> Variable:
    """A variable with this first value.

    Compiled steps see its changes, though it belongs to no layer: a loss may hold a weight that a
    callback changes by `set_value`.

    >>> variable([1.0, 2.0]).shape
    (2,)
    """
    value = value.toarray() if hasattr(value, "toarray") else value
    return _shared(value, dtype=dtype or config.floatx(), name=name, constraint=constraint)


def _shared(*args: Any, **kwargs: Any) -> Variable:
    def make() -> Variable:
        made = Variable(*args, **kwargs)
        SHARED[id(made)] = made
        return made

    run = running()
    return make() if run is None else run.variable(make)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor of these values; a single one fills the whole `shape`.

    >>> constant(2.0, shape=(2,)).tolist()
    [2.0, 2.0]
    """
    array = np.asarray(value)
    if shape is not None:
        shape = tuple(int(d) for d in shape)
        array = np.broadcast_to(array, shape) if array.size == 1 else array.reshape(shape)
    return ops.convert_to_tensor(array, dtypes.standardize(dtype or config.floatx()))


def _inside() -> bool:
    """Whether a layer or a compiled function runs, in which no variables are made."""
    if running() is not None:
        return False
    return probe() is not None or local.binding is not None or local.call is not None


@backend_op
def _filled(value: Any, shape: Any, dtype: Any) -> Tensor:
    """A tensor of one value whose shape may hold symbolic sizes."""
    return ops.full(tuple(int(d) for d in shape), value, dtype)


def _made(value: int, shape: Any, dtype: Any, name: str | None) -> Any:
    shape = [shape] if isinstance(shape, (int, np.integer)) else shape
    dtype = dtypes.standardize(dtype or config.floatx())
    if _inside() or any(isinstance(x, Spec) for x in tree.flatten(shape)):
        return _filled(value, shape, dtype)
    return variable(np.full(tuple(int(d) for d in shape), value), dtype, name)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of zeros; inside a layer's call, or of symbolic sizes, a tensor.

    >>> eval(zeros((2,))).tolist()
    [0.0, 0.0]
    """
    return _made(0, shape, dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of ones; inside a layer's call, or of symbolic sizes, a tensor.

    >>> eval(ones((2,))).tolist()
    [1.0, 1.0]
    """
    return _made(1, shape, dtype, name)


def eye(size: Any, dtype: Any = None, name: str | None = None) -> Any:
    """The identity matrix of that size (or of ``(rows, columns)``) as a variable.

    >>> eval(eye(2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    rows, columns = size if isinstance(size, (list, tuple)) else (size, size)
    dtype = dtypes.standardize(dtype or config.floatx())
    if _inside():
        return ops.eye(int(rows), int(columns), dtype=dtype)
    return variable(np.eye(int(rows), int(columns)), dtype, name)


def zeros_like(x: Tensor, dtype: Any = None, name: str | None = None) -> Tensor:
    """Zeros in the shape of `x`.

    >>> zeros_like([1.0, 2.0]).tolist()
    [0.0, 0.0]
    """
    return ops.zeros_like(x, dtype)


def ones_like(x: Tensor, dtype: Any = None, name: str | None = None) -> Tensor:
    """Ones in the shape of `x`.

    >>> ones_like([1.0, 2.0]).tolist()
    [1.0, 1.0]
    """
    return ops.ones_like(x, dtype)


def identity(x: Tensor, name: str | None = None) -> Tensor:
    """The value of `x` as a tensor.

    >>> identity([1.0]).tolist()
    [1.0]
    """
    return x if is_size(x) else ops.copy(x)


@backend_op
def _arange(start: Any, stop: Any, step: Any) -> Tensor:
    """A range between symbolic sizes."""
    return ops.arange(start, stop, step, "int32")


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Tensor:
    """Numbers from `start` up to, without, `stop`; with one argument, from 0 up to it.

    >>> arange(3).tolist()
    [0, 1, 2]
    """
    if stop is None:
        start, stop = 0, start
        stop = builtins.max(stop, 0) if isinstance(stop, int) else stop
    if is_size([start, stop]):
        out = _arange(start, stop, step)
        return out if dtype == "int32" else ops.cast(out, dtype)
    return ops.arange(start, stop, step, dtype)


def random_uniform_variable(
    shape: Any,
    low: float,
    high: float,
    dtype: Any = None,
    name: str | None = None,
    seed: Any = None,
) -> Variable:
    """A variable of numbers equally likely between two.

    >>> float(eval(random_uniform_variable((9,), 2.0, 3.0)).min()) >= 2.0
    True
    """
    from ...initializers import RandomUniform

    return _drawn(RandomUniform(low, high, seed), shape, dtype, name)


def random_normal_variable(
    shape: Any,
    mean: float,
    scale: float,
    dtype: Any = None,
    name: str | None = None,
    seed: Any = None,
) -> Variable:
    """A variable of numbers of the normal distribution with deviation `scale`.

    >>> random_normal_variable((2, 3), 0.0, 1.0).shape
    (2, 3)
    """
    from ...initializers import RandomNormal

    return _drawn(RandomNormal(mean, scale, seed), shape, dtype, name)


def _drawn(initializer: Any, shape: Any, dtype: Any, name: str | None) -> Variable:
    return _shared(initializer, tuple(shape), dtype or config.floatx(), name=name)


# --- dtypes -------------------------------------------------------------------------------------


def dtype(x: Any) -> str:
    """Name of the dtype.

    >>> dtype(variable([1.0]))
    'float32'
    """
    return dtypes.result_type(x)


def cast(x: Tensor, dtype: Any) -> Tensor:
    """`x` in another dtype.

    >>> cast([True, False], "int32").tolist()
    [1, 0]
    """
    kind = dtypes.standardize(dtype)
    return x if is_size(x) and dtypes.is_integer(kind) else ops.cast(x, kind)


def cast_to_floatx(x: Any) -> Any:
    """A tensor, or an array as an array, in the default float type.

    >>> cast_to_floatx([1, 2]).dtype
    dtype('float32')
    """
    if isinstance(x, (Spec, Variable)) or engine().is_tensor(x):
        return ops.cast(x, config.floatx())
    return np.asarray(x, dtype=config.floatx())


# --- questions ----------------------------------------------------------------------------------


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor: one of the engine's, a symbolic one, or a variable.

    >>> is_tensor(constant(1.0)), is_tensor(1.0)
    (True, False)
    """
    return isinstance(x, (Spec, Variable, Sizes)) or engine().is_tensor(x)


def is_variable(x: Any) -> bool:
    """Whether `x` is a variable.

    >>> is_variable(variable(1.0)), is_variable(constant(1.0))
    (True, False)
    """
    return isinstance(x, Variable)


def is_sparse(x: Any) -> bool:
    """Whether `x` is a sparse matrix of SciPy's. Kerata's own tensors are dense.

    >>> is_sparse(constant(1.0))
    False
    """
    return hasattr(x, "toarray")


def to_dense(x: Any) -> Any:
    """A sparse matrix of SciPy's as a dense tensor; anything else as it is.

    >>> to_dense(np.ones(1)).tolist()
    [1.0]
    """
    return ops.convert_to_tensor(x.toarray()) if hasattr(x, "toarray") else x


# --- reading ------------------------------------------------------------------------------------


def eval(x: Any) -> Any:
    """The value of a tensor or variable as a NumPy array.

    >>> eval(variable([1.0]) + 1.0).tolist()
    [2.0]
    """
    return get_value(to_dense(x))


def get_value(x: Any) -> Any:
    """The value of a variable or tensor as a NumPy array; what is neither is returned as it is.

    A symbolic tensor has a value if it is computed from variables and constants alone.

    >>> get_value(variable(3.0)).tolist()
    3.0
    """
    if isinstance(x, KerasTensor):
        return np.array(engine().to_numpy(_computed(x)))[()]
    if isinstance(x, Variable):
        return x.numpy()[
            ()
        ]  # a single number is one, not an array that programs would change in place
    return np.array(engine().to_numpy(x))[()] if engine().is_tensor(x) else x


def _computed(x: KerasTensor) -> Any:
    try:
        return graph.Graph([], [x]).run([])[0]
    except InputError as e:
        raise InputError(
            f"The symbolic tensor {x.name!r} has no value before a model's inputs have one. "
            "Use K.function([inputs], [tensor])([values]), or model.predict."
        ) from e


def batch_get_value(tensors: Any) -> list[Any]:
    """The values of several variables or tensors.

    >>> [v.tolist() for v in batch_get_value([variable(1.0), variable(2.0)])]
    [1.0, 2.0]
    """
    return [get_value(x) for x in tensors]


# --- changing -----------------------------------------------------------------------------------


def set_value(x: Variable, value: Any) -> None:
    """Give a variable another value.

    >>> v = variable(1.0); set_value(v, 5); float(v)
    5.0
    """
    if not hasattr(x, "assign"):
        raise InputError(
            f"set_value: expected a variable, got {type(x).__name__} {str(x)[:40]!r}. What is no variable "
            "(a number that an optimizer keeps, say) is set by assignment: optimizer.learning_rate = 0.1."
        )
    x.assign(np.asarray(value))


def batch_set_value(tuples: Any) -> None:
    """Give variables other values: pairs of variable and value.

    >>> v = variable(1.0); batch_set_value([(v, 5)]); float(v)
    5.0
    """
    for x, value in tuples:
        set_value(x, value)


@backend_op
def update(x: Any, new_x: Tensor) -> Tensor:
    """Give a variable another value, and return that. A symbolic one is assigned when its graph runs.

    >>> v = variable(1.0); _ = update(v, 3.0); float(v)
    3.0
    """
    return _assigned(x, new_x)


@backend_op
def update_add(x: Any, increment: Tensor) -> Tensor:
    """Add to a variable, and return its new value.

    >>> v = variable(1.0); _ = update_add(v, 3.0); float(v)
    4.0
    """
    return _assigned(x, ops.add(x, increment))


@backend_op
def update_sub(x: Any, decrement: Tensor) -> Tensor:
    """Subtract from a variable, and return its new value.

    >>> v = variable(1.0); _ = update_sub(v, 3.0); float(v)
    -2.0
    """
    return _assigned(x, ops.subtract(x, decrement))


@backend_op
def moving_average_update(x: Any, value: Tensor, momentum: float) -> Tensor:
    """``x = momentum * x + (1 - momentum) * value``; returns the new value.

    >>> v = variable(1.0); _ = moving_average_update(v, 3.0, 0.5); float(v)
    2.0
    """
    change = ops.multiply(ops.subtract(value, x), ops.subtract(1.0, momentum))
    return _assigned(x, ops.add(x, change))


def _assigned(x: Any, value: Any) -> Any:
    run = running()
    if run is not None:  # all updates of a step are made of the values before it
        run.pending.append((x, value))
        return value
    if probe() is not None:
        return Spec(shape_of(x), dtypes.result_type(x))
    return x.assign(value)
