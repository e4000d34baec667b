"""Initial values as Keras 1 made them: functions of the shape.

``keras.initializations.normal(shape, scale=0.01, name="W")`` makes a variable, which a layer of Keras 1 takes for
its weight.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from types import FunctionType
from typing import Any

from .. import initializers
from ..variable import SHARED, Variable

Shape = Sequence[int]


def _made(initializer: Any, shape: Shape, name: str | None) -> Variable:
    made = Variable(initializer, tuple(shape), name=(name or "weight").replace("/", "_"))
    SHARED[id(made)] = made
    return made


def get(identifier: Any, **kwargs: Any) -> Any:
    """The function of a name; a function is returned as it is.

    >>> get("glorot_uniform")((2, 3), name="W").shape
    (2, 3)
    """
    own = {k: v for k, v in globals().items() if isinstance(v, FunctionType) and k not in _OTHERS}
    found = own.get(identifier) if isinstance(identifier, str) else None
    if found is not None:
        return functools.partial(found, **kwargs)
    if callable(identifier) and not hasattr(identifier, "prepare"):
        return identifier
    initializer = initializers.get(identifier)
    return lambda shape, name=None: _made(initializer, shape, name)


_OTHERS = frozenset({"get", "get_fans", "_made", "_scaled"})


def get_fans(shape: Shape, dim_ordering: str = "th") -> tuple[int, int]:
    """Numbers of inputs and outputs of a unit, for the shape of a weight.

    Args:
        dim_ordering: ``th`` for kernels (filters, channels, window...), ``tf`` for those of today,
            (window..., channels, filters).

    >>> get_fans((3, 3, 16, 32), "tf")
    (144, 288)
    """
    import math

    if len(shape) == 2:
        return int(shape[0]), int(shape[1])
    if len(shape) in (4, 5):
        if dim_ordering == "th":
            field = math.prod(shape[2:])
            return int(shape[1]) * field, int(shape[0]) * field
        field = math.prod(shape[:-2])
        return int(shape[-2]) * field, int(shape[-1]) * field
    side = int(math.sqrt(math.prod(shape)))
    return side, side


def uniform(shape: Shape, scale: float = 0.05, name: str | None = None) -> Any:
    """Uniform between ``-scale`` and ``scale``.

    >>> tuple(uniform((2, 3)).shape)
    (2, 3)
    """
    return _made(initializers.RandomUniform(-scale, scale), shape, name)


def normal(shape: Shape, scale: float = 0.05, name: str | None = None) -> Any:
    """Normal, of standard deviation `scale`."""
    return _made(initializers.RandomNormal(0.0, scale), shape, name)


def _scaled(
    shape: Shape, dim_ordering: str, which: str, factor: float, flat: bool, name: str | None
) -> Any:
    n, m = get_fans(shape, dim_ordering)
    size = {"in": n, "both": n + m}[which]
    spread = (factor / size) ** 0.5
    return uniform(shape, spread, name) if flat else normal(shape, spread, name)


def lecun_uniform(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Uniform within ``sqrt(3 / n)`` for n inputs."""
    return _scaled(shape, dim_ordering, "in", 3.0, True, name)


def glorot_normal(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Normal of the variance ``2 / (n + m)`` for n inputs and m outputs."""
    return _scaled(shape, dim_ordering, "both", 2.0, False, name)


def glorot_uniform(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Uniform within ``sqrt(6 / (n + m))``."""
    return _scaled(shape, dim_ordering, "both", 6.0, True, name)


def he_normal(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Normal of the variance ``2 / n``."""
    return _scaled(shape, dim_ordering, "in", 2.0, False, name)


def he_uniform(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Uniform within ``sqrt(6 / n)``."""
    return _scaled(shape, dim_ordering, "in", 6.0, True, name)


def orthogonal(shape: Shape, scale: float = 1.1, name: str | None = None) -> Any:
    """An orthogonal matrix times `scale`."""
    return _made(initializers.Orthogonal(scale), shape, name)


def identity(shape: Shape, scale: float = 1, name: str | None = None) -> Any:
    """The identity matrix times `scale`."""
    return _made(initializers.Identity(scale), shape, name)


def zero(shape: Shape, name: str | None = None) -> Any:
    """Zeros."""
    return _made(initializers.Zeros(), shape, name)


def one(shape: Shape, name: str | None = None) -> Any:
    """Ones."""
    return _made(initializers.Ones(), shape, name)
