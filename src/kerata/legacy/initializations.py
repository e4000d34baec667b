"""Initial values as Keras 1 made them: functions of the shape.

``keras.initializations.normal(shape, scale=0.01)`` gives the values, here as a tensor. The argument
`name` is taken and not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import initializers
from ..initializers import get as get

Shape = Sequence[int]


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

    >>> uniform((2, 3)).shape
    (2, 3)
    """
    return initializers.RandomUniform(-scale, scale)(shape)


def normal(shape: Shape, scale: float = 0.05, name: str | None = None) -> Any:
    """Normal, of standard deviation `scale`."""
    return initializers.RandomNormal(0.0, scale)(shape)


def _scaled(shape: Shape, dim_ordering: str, which: str, factor: float, flat: bool) -> Any:
    n, m = get_fans(shape, dim_ordering)
    size = {"in": n, "both": n + m}[which]
    spread = (factor / size) ** 0.5
    return uniform(shape, spread) if flat else normal(shape, spread)


def lecun_uniform(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Uniform within ``sqrt(3 / n)`` for n inputs."""
    return _scaled(shape, dim_ordering, "in", 3.0, True)


def glorot_normal(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Normal of the variance ``2 / (n + m)`` for n inputs and m outputs."""
    return _scaled(shape, dim_ordering, "both", 2.0, False)


def glorot_uniform(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Uniform within ``sqrt(6 / (n + m))``."""
    return _scaled(shape, dim_ordering, "both", 6.0, True)


def he_normal(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Normal of the variance ``2 / n``."""
    return _scaled(shape, dim_ordering, "in", 2.0, False)


def he_uniform(shape: Shape, name: str | None = None, dim_ordering: str = "th") -> Any:
    """Uniform within ``sqrt(6 / n)``."""
    return _scaled(shape, dim_ordering, "in", 6.0, True)


def orthogonal(shape: Shape, scale: float = 1.1, name: str | None = None) -> Any:
    """An orthogonal matrix times `scale`."""
    return initializers.Orthogonal(scale)(shape)


def identity(shape: Shape, scale: float = 1, name: str | None = None) -> Any:
    """The identity matrix times `scale`."""
    return initializers.Identity(scale)(shape)


def zero(shape: Shape, name: str | None = None) -> Any:
    """Zeros."""
    return initializers.Zeros()(shape)


def one(shape: Shape, name: str | None = None) -> Any:
    """Ones."""
    return initializers.Ones()(shape)
