"""Which Keras a program was written for, where that is known.

Most calls of old say by themselves what they mean. The same call sometimes means two things, though:
``Conv2D(64, 3, 3)`` has a window of 3 x 3 in Keras 1 and 2, and one of 3 x 3 that moves by 3 in tf.keras
and Keras 3. Where the era is set, such calls are read as it read them.
"""

from __future__ import annotations

from typing import Any

from .. import capture
from ..errors import InputError
from ..layers import calls
from ..spec import Sizes

_current: int | None = None
_tensorflow = False


def current() -> int | None:
    """The era: 1, 2, 3, or ``None`` where it is not known.

    >>> current() is None
    True
    """
    return _current


def in_tensorflow() -> bool:
    """Whether the program's Keras is tf.keras, which differs from Keras 2 in some calls and defaults."""
    return _tensorflow


def set_era(number: int | None, tensorflow: bool = False) -> None:
    """Read all calls from now on as an era did.

    Args:
        number: 1, 2 or 3; ``None`` where it is not known.
        tensorflow: Whether it is tf.keras (or tf_keras).

    Raises:
        InputError: There is no such era.

    >>> set_era(1); current()
    1
    >>> set_era(None)
    """
    global _current, _tensorflow
    if number not in (None, 1, 2, 3):
        raise InputError(f"The era of a program is 1, 2, 3 or None, got {number!r}.")
    _current, _tensorflow = number, bool(tensorflow)
    # Programs of tf.keras call shape.as_list(); others may ask whether ``type(shape) is tuple``.
    calls.shape_class = Sizes if tensorflow else tuple
    if number in (1, 2):
        from .positions import reread

        capture.reread = reread
    elif number is None and tensorflow:
        capture.reread = alone
    else:
        capture.reread = None


def alone(cls: type, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments of a constructor, for a model with a list of one input or output these themselves.

    What such a model gave when called, and by ``predict``, was no list before Keras 3.
    """
    names = {c.__name__ for c in cls.__mro__}
    if "Model" not in names or "Sequential" in names:
        return args, kwargs
    for key in ("inputs", "outputs", "input", "output"):
        if _single(kwargs.get(key)):
            kwargs = {**kwargs, key: kwargs[key][0]}
    return (*(a[0] if _single(a) else a for a in args[:2]), *args[2:]), kwargs


def _single(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and len(x) == 1


def old_defaults() -> bool:
    """Whether constructors have the defaults of Keras 1 and 2 where others have replaced them."""
    return _current == 1 or (_current == 2 and not _tensorflow)
