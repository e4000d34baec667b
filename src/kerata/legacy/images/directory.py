"""Batches out of folders of pictures, one folder for each class."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from ... import config
from ...errors import FileError
from ...utils.directories import say
from .iterator import BatchFromFilesMixin, Iterator, check_class_mode


class DirectoryIterator(BatchFromFilesMixin, Iterator):
    """Batches of transformed pictures out of a folder, as `ImageDataGenerator.flow_from_directory` gives them.

    Args:
        directory: The folder that holds one folder for each class.
        image_data_generator: What transforms the pictures.
        target_size: (height, width).
        color_mode: ``rgb``, ``rgba`` or ``grayscale``.
        classes: Names of the folders in the order of their numbers; by default all, sorted.
        class_mode: ``categorical`` (rows of zeros and a one), ``binary`` or ``sparse`` (numbers), ``input``
            (the pictures themselves) or ``None`` (no targets).
        batch_size: Pictures of a batch.
        shuffle: Whether each pass has an order of its own; else they come sorted by their paths.
        seed: Whole number, or ``None``.
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        save_to_dir: Folder to which each picture given is written as well.
        save_prefix: What their names begin with.
        save_format: What they end with.
        follow_links: Whether links to folders are followed.
        subset: ``training`` or ``validation``, which is the first part of each folder.
        interpolation: How sizes are changed, as in `load_img`.
        keep_aspect_ratio: Whether the middle is cut out in the shape of the target first.
        dtype: dtype of the batches.

    Attributes:
        class_indices: Number of each class by its name.
        classes: Class of each picture.
        filenames: Paths below `directory`.
        filepaths: Whole paths.
        samples: Number of pictures.

    Raises:
        FileError: There is no such folder.
        InputError: An unknown `class_mode`, `color_mode` or `subset`.
    """

    allowed_class_modes: set[str | None] = {"categorical", "binary", "sparse", "input", None}

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ) -> None:
        self.set_processing_attrs(
            image_data_generator, target_size, color_mode, data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, keep_aspect_ratio,
        )  # fmt: skip
        check_class_mode(class_mode, self.allowed_class_modes)
        self.directory = os.fspath(directory)
        if not os.path.isdir(self.directory):
            raise FileError(f"There is no folder {self.directory}.")
        self.class_mode = class_mode
        self.dtype = dtype or config.floatx()
        names = list(classes) if classes else self._folders()
        self.num_classes = len(names)
        self.class_indices = {name: i for i, name in enumerate(names)}
        self.filenames: list[str] = []
        counts = [self._add(name, follow_links) for name in names]
        self.samples = len(self.filenames)
        self.classes = np.repeat(np.arange(len(names), dtype="int32"), counts)
        say(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        self._check(names, counts)
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _folders(self) -> list[str]:
        names = sorted(os.listdir(self.directory))
        return [name for name in names if os.path.isdir(os.path.join(self.directory, name))]

    def _add(self, folder: str, follow_links: bool) -> int:
        """Note the pictures of a class; how many there are."""
        base = os.path.join(self.directory, folder)
        found = []
        for root, _, names in sorted(
            os.walk(base, followlinks=follow_links), key=lambda step: step[0]
        ):
            found += [
                os.path.join(folder, os.path.relpath(os.path.join(root, name), base))
                for name in sorted(names)
                if name.lower().endswith(self.white_list_formats)
            ]
        if self.split:
            found = found[int(self.split[0] * len(found)) : int(self.split[1] * len(found))]
        self.filenames += found
        return len(found)

    def _check(self, names: list[str], counts: list[int]) -> None:
        empty = [name for name, count in zip(names, counts) if not count]
        if not names:
            text = f"{self.directory} holds no folders; expected one folder of pictures for each class."
        elif empty and self.subset is None:
            kinds = ", ".join(self.white_list_formats)
            text = f"No pictures ({kinds}) of the classes {empty} in {self.directory}."
        elif self.class_mode == "binary" and len(names) > 2:
            text = f"class_mode='binary' with {len(names)} classes: the targets are numbers from 0 to {len(names) - 1}."
        else:
            return
        warnings.warn(text, stacklevel=4)

    @property
    def filepaths(self) -> list[str]:
        """Paths of all pictures."""
        return self._filepaths

    @property
    def labels(self) -> np.ndarray:
        """Number of the class of each picture."""
        return self.classes

    @property
    def sample_weight(self) -> None:
        """Folders hold no weights."""
        return None
