"""Arguments of ``keras.backend`` in Keras 1: their names, and an order that Keras 2 turned round."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import era
from ..arguments import modern_value
from ..notes import note

# By function: old=new; a name alone has no effect any more.
_NAMES = """
conv1d: border_mode=padding stride=strides image_shape filter_shape
conv2d: border_mode=padding dim_ordering=data_format image_shape filter_shape
conv3d: border_mode=padding dim_ordering=data_format volume_shape filter_shape
expand_dims: dim=axis
one_hot: nb_classes=num_classes
pool2d: border_mode=padding dim_ordering=data_format
pool3d: border_mode=padding dim_ordering=data_format
random_normal: std=stddev
random_uniform: low=minval high=maxval
resize_images: X=x dim_ordering=data_format
resize_volumes: X=x dim_ordering=data_format
separable_conv2d: border_mode=padding dim_ordering=data_format
spatial_2d_padding: dim_ordering=data_format
spatial_3d_padding: dim_ordering=data_format
truncated_normal: std=stddev
"""

NAMES: dict[str, dict[str, str]] = {
    name: {old: new for old, _, new in (word.partition("=") for word in words.split())}
    for name, _, words in (line.partition(": ") for line in _NAMES.strip().splitlines())
}
"""By function: old name of an argument and new one, empty where there is none."""

SWAPPED = frozenset(
    {"binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"}
)
"""Functions whose first two arguments were ``(output, target)``."""


def taking_first_names(name: str, function: Callable) -> Callable:
    """A function of ``keras.backend`` that takes its arguments as Keras 1 called them, too.

    >>> from kerata.legacy.backend.random import random_normal
    >>> tuple(taking_first_names("random_normal", random_normal)(shape=(2, 3), std=0.1).shape)
    (2, 3)
    """
    table = NAMES.get(name)
    if table is None and name not in SWAPPED:
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if table and not table.keys().isdisjoint(kwargs):
            kwargs = _renamed(name, table, kwargs)
        if name in SWAPPED and args and era.current() == 1:
            kwargs = {"output": args[0], **dict(zip(("target", "from_logits"), args[1:])), **kwargs}
            args = ()
        return function(*args, **kwargs)

    return call


def _renamed(name: str, table: dict[str, str], kwargs: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in kwargs.items():
        new = table.get(key)
        if new is None:
            out[key] = value
            continue
        note(f"K.{name}({key}=)", f"{new}=" if new else None)
        if new:
            out[new] = modern_value(key, value)
    return out
