"""Pictures in folders as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config
from ..errors import InputError
from . import images
from .directories import Request, from_directory

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Batches of the pictures in a folder, a folder of its own for each class.

    Files (bmp, gif, jpeg, png) are read when the data set is iterated over, by threads. Takes Pillow.

    Args:
        directory: The folder.
        labels: ``inferred``: each folder in it is a class; None: no labels; or a list of whole
            numbers, one for each file in the order of their paths.
        label_mode: ``int``: int32 (batch,); ``categorical``: one-hot float32 (batch, classes);
            ``binary``: 0 or 1, float32 (batch, 1); None: no labels.
        class_names: The classes, in another order than that of their names, or not all.
        color_mode: ``rgb``, ``rgba`` or ``grayscale``.
        batch_size: Pictures in a batch; None for single ones.
        image_size: (height, width) to which all are resized.
        shuffle: Whether files come in random order, a new one for each pass; else by their names.
        seed: For the same orders each time.
        validation_split: Share of the files, the last ones, for validation.
        subset: Which part to give: ``training``, ``validation``, or ``both`` for a list of the two.
        interpolation: ``bilinear``, ``nearest``, ``bicubic``, ``area``, ``lanczos3``, ``lanczos5``,
            ``gaussian`` or ``mitchellcubic``.
        follow_links: Whether links to folders are followed.
        crop_to_aspect_ratio: Cut out the middle in the shape of the target first.
        pad_to_aspect_ratio: Resize without distortion, with zeros around.
        data_format: ``channels_last`` or ``channels_first``; the default one for None.
        format: ``tf`` for a `Dataset` of Kerata's, which has the methods of ``tf.data`` and needs no
            TensorFlow; ``grain`` for the same with functions of one argument; ``tf.data`` and
            ``torch`` for a data set of that library.
        verbose: Whether the numbers of files and classes are printed.

    Returns:
        A data set of (pictures, labels), or of pictures alone: float32 (batch, height, width,
        channels) from 0 to 255. It has ``class_names`` and ``file_paths``.

    >>> import os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for name in ("cats", "dogs"):
    ...     os.mkdir(f"{folder}/{name}")
    ...     images.save_img(f"{folder}/{name}/0.png", np.ones((4, 6, 3)))
    >>> data = image_dataset_from_directory(folder, image_size=(2, 3), verbose=False)
    >>> [(x.shape, sorted(y.tolist())) for x, y in data], data.class_names
    ([((2, 2, 3, 3), [0, 1])], ['cats', 'dogs'])
    """
    request = Request(
        "picture", SUFFIXES, directory, labels, label_mode, class_names, batch_size, shuffle, seed,
        validation_split, subset, follow_links, verbose, format,
    )  # fmt: skip
    request.check()
    if color_mode not in images.CHANNELS:
        raise InputError(f"color_mode={color_mode!r}; expected one of {tuple(images.CHANNELS)}.")
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(size, (list, tuple)) or len(size) != 2:
        raise InputError(f"image_size must be (height, width); got {image_size!r}.")
    if interpolation.lower() not in images.METHODS:
        raise InputError(f"interpolation={interpolation!r}; expected one of {images.METHODS}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise InputError("crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other.")
    images.pillow()
    first = config.standardize_data_format(data_format) == "channels_first"
    way = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else "stretch"

    def load(path: str) -> np.ndarray:
        made = read_picture(
            path, color_mode, (int(size[0]), int(size[1])), interpolation.lower(), way
        )
        return made.transpose(2, 0, 1) if first else made

    return from_directory(request, load)


def read_picture(
    path: str, color_mode: str, size: tuple[int, int], interpolation: str, way: str
) -> np.ndarray:
    """A picture of a file, float32 (height, width, channels), resized by ``stretch``, ``crop`` or ``pad``."""
    x: Any = np.asarray(images.load_img(path, color_mode))
    x = x[..., None] if x.ndim == 2 else x
    height, width = size
    if way == "pad":
        return images.fit_into(x, height, width, interpolation)
    if way == "crop":
        x = x[images.middle(x.shape[0], x.shape[1], height, width)]
    return images.resample(x, height, width, interpolation)
