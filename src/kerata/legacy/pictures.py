"""``keras.applications.imagenet_utils``: the shape of a net's pictures, and their values as nets of old took them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..errors import InputError, ShapeError
from ..spec import KerasTensor

__all__ = ["_obtain_input_shape", "obtain_input_shape", "preprocess_input"]

# Means of the channels of ImageNet's pictures, blue first, and the deviations, red first.
_MEAN_BGR = (103.939, 116.779, 123.68)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _obtain_input_shape(
    input_shape: Sequence[int | None] | None,
    default_size: int,
    min_size: int,
    data_format: str | None = None,
    require_flatten: bool = True,
    weights: Any = None,
    include_top: Any = None,
    dim_ordering: str | None = None,
) -> tuple[int | None, ...]:
    """Shape of the pictures that a net takes.

    Args:
        input_shape: What its user asks for, ``None`` for the default.
        default_size: Side of the pictures that it was made for.
        min_size: Side that it needs at least.
        data_format: ``channels_last`` or ``channels_first``.
        require_flatten: Whether it ends in dense layers, which need to know the shape.
        weights: ``"imagenet"`` where it has the weights of that task.
        include_top: `require_flatten` as Keras 1 called it.
        dim_ordering: `data_format` as Keras 1 called it: ``tf`` or ``th``.

    >>> _obtain_input_shape(None, 224, 32, "channels_last", True)
    (224, 224, 3)
    >>> _obtain_input_shape((64, 48, 1), 224, 32, "channels_last", False)
    (64, 48, 1)
    """
    require_flatten = require_flatten if include_top is None else bool(include_top)
    first = (data_format or dim_ordering) in ("channels_first", "th")
    if (data_format or dim_ordering) in (None, "default"):
        first = config.image_data_format() == "channels_first"

    def shape(sides: Sequence[int | None], channels: int) -> tuple[int | None, ...]:
        return (channels, *sides) if first else (*sides, channels)

    default = shape((default_size, default_size), 3)
    if input_shape is None:
        return default if require_flatten else shape((None, None), 3)
    given = tuple(input_shape)
    if len(given) != 3:
        raise ShapeError(f"input_shape has three sizes for a picture; got {given}.")
    if weights == "imagenet" and require_flatten and given != default:
        raise ShapeError(
            f"With include_top=True and the weights of ImageNet input_shape must be {default}; got {given}."
        )
    sides = given[1:] if first else given[:2]
    if any(d is not None and d < min_size for d in sides):
        raise ShapeError(
            f"The net needs pictures of at least {min_size} x {min_size}; got input_shape={given}."
        )
    if require_flatten and None in given:
        raise ShapeError(
            f"With include_top=True all sizes of input_shape must be known; got {given}."
        )
    return given


obtain_input_shape = _obtain_input_shape


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Pictures with values from 0 to 255 as nets of ImageNet take them.

    Args:
        x: An array, or a symbolic tensor, of one picture or of many.
        data_format: ``channels_last`` or ``channels_first``.
        mode: ``caffe``: blue first, less the mean. ``tf``: from -1 to 1. ``torch``: from 0 to 1, less the
            mean, by the deviation.

    >>> preprocess_input(np.full((1, 1, 3), 255.0), mode="tf").ravel().tolist()
    [1.0, 1.0, 1.0]
    """
    if mode not in ("caffe", "tf", "torch"):
        raise InputError(f"preprocess_input: mode must be 'caffe', 'tf' or 'torch', got {mode!r}.")
    if not isinstance(x, KerasTensor):
        x = np.array(x, dtype=config.floatx())
    if mode == "tf":
        return x / 127.5 - 1.0
    first = config.standardize_data_format(data_format) == "channels_first"
    shape = (-1, 1, 1) if first else (-1,)

    def channels(values: Sequence[float]) -> np.ndarray:
        return np.asarray(values, config.floatx()).reshape(shape)

    if mode == "torch":
        return (x / 255.0 - channels(_MEAN)) / channels(_DEVIATION)
    axis = -3 if first else -1
    flipped = ops.flip(x, axis) if isinstance(x, KerasTensor) else np.flip(x, axis)
    return flipped - channels(_MEAN_BGR)
