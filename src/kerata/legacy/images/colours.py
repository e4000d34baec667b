"""Shifts of brightness and of channels of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import InputError
from ...utils.images import array_to_img, img_to_array, pillow


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """A picture with `intensity` added, clipped to the least and greatest value that it had.

    Args:
        x: Array with three axes.
        intensity: What is added.
        channel_axis: Which axis holds the channels; all get the same, so it does not matter.

    >>> apply_channel_shift(np.array([[[0.0, 1.0, 4.0]]]), 2).tolist()
    [[[2.0, 3.0, 4.0]]]
    """
    x = np.asarray(x)
    return np.clip(x + intensity, x.min(), x.max())


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> np.ndarray:
    """`apply_channel_shift` by an intensity drawn from [-`intensity_range`, `intensity_range`).

    >>> random_channel_shift(np.ones((1, 2, 2)), 3.0).tolist()
    [[[1.0, 1.0], [1.0, 1.0]]]
    """
    intensity = np.random.uniform(-intensity_range, intensity_range)
    return apply_channel_shift(x, intensity, channel_axis)


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> np.ndarray:
    """A picture made darker (below 1) or brighter (above 1), in whole numbers from 0 to 255.

    Args:
        x: (height, width, channels).
        brightness: Factor; 0 gives black, 1 changes nothing.
        scale: Whether values are first stretched to 0 ... 255, as keras-preprocessing does; else only
            those beyond are, and brought back afterwards.

    >>> apply_brightness_shift(np.array([[[0.0], [255.0]]]), 0.2).tolist()
    [[[0.0], [51.0]]]
    """
    pillow()
    from PIL import ImageEnhance

    x = np.asarray(x)
    low, high = x.min(), x.max()
    beyond = bool(low < 0 or high > 255)
    picture = array_to_img(x, "channels_last", scale or beyond)
    out = img_to_array(ImageEnhance.Brightness(picture).enhance(brightness), "channels_last")
    return out / 255 * (high - low) + low if beyond and not scale else out


def random_brightness(x: Any, brightness_range: Sequence[float], scale: bool = True) -> np.ndarray:
    """`apply_brightness_shift` by a factor drawn from `brightness_range`, (least, greatest).

    >>> random_brightness(np.zeros((1, 2, 1)), (0.5, 1.5)).tolist()
    [[[0.0], [0.0]]]
    """
    if not isinstance(brightness_range, (tuple, list)) or len(brightness_range) != 2:
        raise InputError(
            f"random_brightness: brightness_range={brightness_range!r}; expected (least, greatest)."
        )
    return apply_brightness_shift(x, np.random.uniform(*brightness_range), scale)
