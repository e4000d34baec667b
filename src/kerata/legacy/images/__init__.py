"""``keras.preprocessing.image`` of Keras 1 and 2: `ImageDataGenerator`, its iterators and its transforms."""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = {
    "arrays": "NumpyArrayIterator",
    "colours": (
        "apply_brightness_shift apply_channel_shift random_brightness random_channel_shift"
    ),
    "dataframe": "DataFrameIterator",
    "directory": "DirectoryIterator",
    "files": "array_to_img img_to_array list_pictures load_img save_img validate_filename",
    "generator": "ImageDataGenerator",
    "geometry": (
        "apply_affine_transform flip_axis random_rotation random_shear random_shift random_zoom "
        "transform_matrix_offset_center"
    ),
    "iterator": "BatchFromFilesMixin Iterator",
}

_HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
