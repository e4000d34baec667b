"""The tuple ``(x, y, sample_weight)`` that a batch is: made and taken apart."""

from __future__ import annotations

from typing import Any

from ...errors import InputError


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """The three parts of a batch; parts that are not there are ``None``.

    Args:
        data: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``; a list counts as a tuple.

    Raises:
        InputError: If `data` has no part or more than three.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    >>> unpack_x_y_sample_weight({"a": 1})
    ({'a': 1}, None, None)
    """
    if not isinstance(data, (tuple, list)) or hasattr(data, "_fields"):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise InputError(
            f"A batch has {len(data)} parts. Expected x, (x,), (x, y) or (x, y, sample_weight). "
            "Several inputs belong together in one part: ([a, b], y) or ({'a': a, 'b': b}, y)."
        )
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch made of its parts, the inverse of `unpack_x_y_sample_weight`.

    `x` alone stays as it is unless it is a list or tuple, which would read as several parts.

    >>> pack_x_y_sample_weight(1, 2), pack_x_y_sample_weight(1), pack_x_y_sample_weight([1, 2])
    ((1, 2), 1, ([1, 2],))
    """
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
