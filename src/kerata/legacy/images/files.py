"""Pictures in files, with the arguments that the functions had in Keras 1 and 2."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import FileError
from ...utils import images
from ...utils.images import array_to_img, img_to_array, save_img
from ..notes import note

__all__ = [
    "FORMATS", "array_to_img", "img_to_array", "list_pictures", "load_img", "read", "save_img",
    "validate_filename",
]  # fmt: skip

FORMATS = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")


def load_img(
    path: Any,
    grayscale: bool | str = False,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """`kerata.utils.load_img` with the old argument `grayscale`, which stood in second place.

    Args:
        path: Path, or ``io.BytesIO``.
        grayscale: ``True`` for ``color_mode="grayscale"``; a string is taken for the `color_mode`.
        color_mode: ``rgb``, ``rgba`` or ``grayscale``.
        target_size: (height, width).
        interpolation: How the size is changed.
        keep_aspect_ratio: Whether the middle is cut out in the shape of the target first.

    Returns:
        A picture of Pillow's.

    >>> import io
    >>> file = io.BytesIO()
    >>> save_img(file, np.zeros((4, 6, 3)), file_format="png")
    >>> load_img(file, grayscale=True).mode
    'L'
    """
    if isinstance(grayscale, str):
        color_mode = grayscale
    elif grayscale:
        note("load_img(grayscale=True)", 'load_img(color_mode="grayscale")')
        color_mode = "grayscale"
    return images.load_img(path, color_mode, target_size, interpolation, keep_aspect_ratio)


def validate_filename(filename: str, white_list_formats: Sequence[str]) -> bool:
    """Whether a file is there and its name ends as that of a picture does.

    >>> validate_filename("nowhere.png", ("png",))
    False
    """
    return filename.lower().endswith(tuple(white_list_formats)) and os.path.isfile(filename)


def list_pictures(
    directory: Any,
    ext: str | Sequence[str] = ("jpg", "jpeg", "bmp", "png", "ppm", "tif", "tiff"),
) -> list[str]:
    """Paths of the pictures in a folder and in those below it.

    Args:
        directory: The folder.
        ext: What their names end with, one or several.

    >>> list_pictures("no such folder")
    []
    """
    endings = tuple(f".{e}" for e in ([ext] if isinstance(ext, str) else ext))
    return [
        os.path.join(root, name)
        for root, _, names in os.walk(directory)
        for name in names
        if name.lower().endswith(endings)
    ]


def read(
    path: str, color_mode: str, target_size: Any, interpolation: str, keep_aspect_ratio: bool
) -> np.ndarray:
    """A picture as (height, width, channels), in uint8 wherever it has 8 bits, else in float32."""
    try:
        picture = images.load_img(path, color_mode, target_size, interpolation, keep_aspect_ratio)
        x = np.asarray(picture)  # decodes, if nothing before has
    except (FileNotFoundError, PermissionError, FileError):  # they name the file
        raise
    except Exception as e:  # decoders raise whatever they like
        raise FileError(f"{path} cannot be read as a picture: {e}") from e
    if x.dtype != np.uint8:
        x = x.astype(np.float32)
    return x[..., None] if x.ndim == 2 else x
