"""Arguments of layers that slide a window: sizes for each spatial axis, and the padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError


def per_axis(value: Any, rank: int, name: str, least: int = 1) -> tuple[int, ...]:
    """One whole number for each of `rank` axes; a single number stands for all of them.

    >>> per_axis(3, 2, "kernel_size"), per_axis([1, 2], 2, "strides")
    ((3, 3), (1, 2))
    """
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        value = (value,) * rank
    fits = (
        isinstance(value, (Sequence, np.ndarray))
        and not isinstance(value, str)
        and len(value) == rank
    )
    if not fits or any(not isinstance(v, (int, np.integer)) or v < least for v in value):
        form = (
            "a whole number"
            if rank == 1
            else f"a whole number or {rank} of them, one for each axis"
        )
        raise InputError(f"{name} must be {form}, each at least {least}; got {value!r}.")
    return tuple(int(v) for v in value)


def padding_mode(value: Any, *more: str) -> str:
    """A padding in lower case: ``valid``, ``same``, or one of `more`.

    >>> padding_mode("SAME")
    'same'
    """
    allowed = ("valid", "same", *more)
    mode = value.lower() if isinstance(value, str) else value
    if mode not in allowed:
        raise InputError(f"padding must be one of {allowed}; got {value!r}.")
    return mode
