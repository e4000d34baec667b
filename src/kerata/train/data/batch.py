"""One batch as a stream of batches yields it, checked and converted."""

from __future__ import annotations

from typing import Any

from ... import tree
from ...errors import InputError
from .array_source import count_rows, names_of
from .convert import convert
from .packing import unpack_x_y_sample_weight
from .weights import apply_class_weight, spread


def convert_batch(
    data: Any,
    number: int,
    what: str,
    class_weight: Any = None,
    is_loose: bool = False,
    keys: frozenset[str] | None = None,
) -> tuple[Any, Any, Any]:
    """``(x, y, weight)`` of arrays out of what a generator, data set or loader gives.

    Args:
        data: ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.
        number: Number of the batch, for messages.
        what: Name of the source of batches, for messages.
        class_weight: Weight of each class.
        keys: Names of the model's inputs: other entries of a dict `x` are left out.
        is_loose: See `Source`.
    """
    name = f"batch {number}" if what == "x" else f"batch {number} of {what}"
    if data is None:
        raise InputError(f"{name} is None. Expected x, (x, y) or (x, y, sample_weight).")
    x, y, weight = unpack_x_y_sample_weight(data)
    names = names_of(name)
    x = convert(only(keys, x), names[0])
    if y is not None:
        y = _convert_some(y, names[1])
    if weight is not None:
        weight = _convert_some(weight, names[2])
    if is_loose and class_weight is None:
        return x, y, weight
    count_rows((x, y, weight), name)
    return x, y, apply_class_weight(y, spread(weight, y), class_weight)


def only(keys: frozenset[str] | None, x: Any) -> Any:
    """A dict without entries that are no inputs: programs keep notes there, such as the text of a picture.

    >>> only(frozenset("a"), {"a": 1, "note": "x"})
    {'a': 1}
    """
    if keys is None or not isinstance(x, dict) or not keys < x.keys():
        return x
    return {k: v for k, v in x.items() if k in keys}


def _convert_some(part: Any, name: str) -> Any:
    # Keras's own examples yield a tuple of Nones where an output has no label.
    if isinstance(part, (list, tuple)) and all(v is None for v in part):
        return None
    return convert(part, name)


def rows_of(batch: tuple[Any, Any, Any]) -> int:
    """Number of samples in a converted batch."""
    return int(tree.flatten(batch[0])[0].shape[0])
