"""``keras.preprocessing.image``: pictures in files and as arrays."""

from __future__ import annotations

import functools
from typing import Any

from ..utils import images
from ..utils.images import array_to_img, img_to_array, save_img, smart_resize

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]


@functools.wraps(images.load_img)
def load_img(*args: Any, **kwargs: Any) -> Any:
    if "grayscale" in kwargs or (len(args) > 1 and not isinstance(args[1], str)):
        from ..legacy.images import load_img as old

        return old(*args, **kwargs)
    return images.load_img(*args, **kwargs)


def __getattr__(name: str) -> Any:
    from ..legacy.preprocessing import resolve

    return resolve(__name__, name)
