"""Small conversions of arrays of labels and features."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..errors import InputError

F = TypeVar("F", bound=Callable)


def _takes_old_names(function: F) -> F:
    """Let `to_categorical` take its arguments by the names of Keras 1 and 2, too."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not {"y", "nb_classes"}.isdisjoint(kwargs):
            from ..legacy.arguments import renamed

            kwargs = renamed(kwargs, {"y": "x", "nb_classes": "num_classes"})
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]


@_takes_old_names
def to_categorical(x: Any, num_classes: int | None = None, dtype: Any = "float32") -> Any:
    """Class numbers as one-hot vectors along a new last axis.

    A last axis of size 1 is dropped first, so that labels of shape ``(n, 1)`` give ``(n, classes)``.

    Args:
        x: Integers from 0 to `num_classes` - 1, of any shape. A tensor gives a tensor.
        num_classes: Length of the vectors; one more than the greatest class by default.
        dtype: dtype of the result.

    Raises:
        InputError: A class is negative, not whole, or too great.

    >>> to_categorical([0, 2, 1]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    if _is_tensor(x):
        return _one_hot_tensor(x, num_classes, dtype)
    x = np.asarray(x)
    if x.ndim > 1 and x.shape[-1] == 1:
        x = x[..., 0]
    classes = _whole(x)
    if not num_classes:
        if not classes.size:
            raise InputError("to_categorical of no labels needs num_classes.")
        num_classes = int(classes.max()) + 1
    wrong = classes[(classes < 0) | (classes >= num_classes)]
    if wrong.size:
        raise InputError(
            f"to_categorical: the class {wrong[0]} lies outside of 0 to {num_classes - 1}. "
            f"num_classes must be greater than the greatest class, and no class below 0."
        )
    out = np.zeros((classes.size, num_classes), dtype)
    out[np.arange(classes.size), classes.reshape(-1)] = 1
    return out.reshape(*classes.shape, num_classes)


def _is_tensor(x: Any) -> bool:
    if isinstance(x, (np.ndarray, np.generic, list, tuple, int, float)):
        return False
    from ..engine import engine
    from ..spec import Spec
    from ..variable import Variable

    return isinstance(x, (Spec, Variable)) or engine().is_tensor(x)


def _one_hot_tensor(x: Any, num_classes: int | None, dtype: Any) -> Any:
    from .. import ops

    if len(x.shape) > 1 and x.shape[-1] == 1:
        x = ops.squeeze(x, -1)
    if not num_classes:
        num_classes = int(ops.convert_to_numpy(ops.max(x))) + 1
    return ops.one_hot(ops.cast(x, "int32"), num_classes, dtype=dtype)


def _whole(x: np.ndarray) -> np.ndarray:
    try:
        classes = x.astype(np.int64)
    except (TypeError, ValueError) as e:
        raise InputError(
            f"to_categorical needs numbers; got {x.dtype} labels such as {x.flat[0]!r}."
        ) from e
    if x.dtype.kind == "f" and not np.array_equal(classes, x):
        first = x[classes != x].flat[0]
        raise InputError(f"to_categorical needs whole numbers as classes; got {first}.")
    return classes


def normalize(x: Any, axis: int | None = -1, order: int = 2) -> Any:
    """`x` divided by its norm along an axis; vectors of norm 0 stay as they are.

    Args:
        x: An array, or a tensor, which gives a tensor.
        axis: Axis of the vectors; ``None`` takes the whole array as one.
        order: Order of the norm, 2 for the Euclidean length.

    >>> normalize([[3.0, 4.0], [0.0, 0.0]]).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    if _is_tensor(x):
        from .. import ops

        return ops.normalize(x, axis=axis, order=order)
    x = np.asarray(x)
    if axis is None:
        return normalize(x.reshape(-1), 0, order).reshape(x.shape)
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)
