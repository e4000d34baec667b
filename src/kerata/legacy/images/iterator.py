"""What the iterators of `ImageDataGenerator` share: the order of the pictures, and batches out of files."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator as Generator
from typing import Any

import numpy as np

from ... import config
from ...errors import InputError
from ...train.data import PyDataset
from ...train.data.source import whole_number
from ...utils.images import CHANNELS, array_to_img
from .files import FORMATS, read
from .filling import fill


class Iterator(PyDataset):
    """Batches by their numbers, or one after another without end.

    With a seed, everything that a batch draws comes from ``np.random.seed(seed + total_batches_seen)``;
    without one, from NumPy's global generator as it stands, which `utils.set_random_seed` seeds.

    A subclass defines ``_get_batches_of_transformed_samples(index_array)``.

    Args:
        n: Number of samples.
        batch_size: Samples of a batch; the last one of a pass may have fewer.
        shuffle: Whether each pass has an order of its own.
        seed: Whole number, or ``None``.

    Attributes:
        index_array: The order of the current pass, ``None`` before it has begun.
        batch_index: Number of the next batch that `next` gives.
        total_batches_seen: Batches given so far, of all passes.

    >>> class Numbers(Iterator):
    ...     def _get_batches_of_transformed_samples(self, index_array):
    ...         return index_array.tolist()
    >>> numbers = Numbers(5, 2, shuffle=False, seed=None)
    >>> len(numbers), numbers[1], next(numbers)
    (3, [2, 3], [0, 1])
    """

    white_list_formats = FORMATS
    # Threads of the loop's would only wait for each other, and batches would come in their order.
    makes_own_threads = True

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        super().__init__()
        self.n = n
        self.batch_size: int = whole_number(batch_size, "batch_size") or 32
        self.shuffle = shuffle
        self.seed = seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self.lock = threading.RLock()
        self.index_array: np.ndarray | None = None
        self.index_generator = self._flow_index()

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _begin(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def __getitem__(self, idx: int) -> Any:
        """The batch with this number; negative ones count from the end."""
        index = idx + len(self) if idx < 0 else idx
        if not 0 <= index < len(self):
            raise InputError(f"There is no batch {idx}: the data has {len(self)} batches.")
        with self.lock:
            self._begin()
            if self.index_array is None:
                self._set_index_array()
            start = self.batch_size * index
            return self._get_batches_of_transformed_samples(
                self.index_array[start : start + self.batch_size]  # type: ignore[index]
            )

    def __len__(self) -> int:
        """Batches of a pass."""
        return -(-self.n // self.batch_size)

    def on_epoch_end(self) -> None:
        """Make the order of the next pass."""
        with self.lock:
            self._set_index_array()

    def reset(self) -> None:
        """Let `next` begin a pass."""
        self.batch_index = 0

    def _flow_index(self) -> Generator[np.ndarray]:
        """The samples of one batch after the other, pass after pass."""
        self.reset()
        while True:
            if self.n == 0:
                raise InputError("There are no samples, so there is no batch of them.")
            self._begin()
            if self.batch_index == 0:
                self._set_index_array()
            start = self.batch_index * self.batch_size % self.n
            self.batch_index = self.batch_index + 1 if self.n > start + self.batch_size else 0
            yield self.index_array[start : start + self.batch_size]  # type: ignore[index]

    def __iter__(self) -> Iterator:
        """Itself: it has no end."""
        return self

    def __next__(self, *args: Any, **kwargs: Any) -> Any:
        return self.next(*args, **kwargs)

    def next(self) -> Any:
        """The next batch."""
        with self.lock:
            return self._get_batches_of_transformed_samples(next(self.index_generator))

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} must define _get_batches_of_transformed_samples(self, index_array), "
            "which returns the batch of these samples."
        )


def check_subset(subset: str | None, generator: Any) -> None:
    """An error for what is no part of the data, or cannot be told."""
    if subset is None:
        return
    if subset not in ("training", "validation"):
        raise InputError(f"subset={subset!r}; expected 'training', 'validation' or None.")
    if subset == "validation" and not getattr(generator, "_validation_split", None):
        raise InputError(
            "subset='validation' without a validation_split would be empty. Give the share, as in "
            "ImageDataGenerator(validation_split=0.2)."
        )


def save_pictures(it: Any, batch: np.ndarray, index_array: np.ndarray, top: int) -> None:
    """Write the pictures of a batch to the folder of an iterator, under numbers drawn below `top`."""
    os.makedirs(it.save_to_dir, exist_ok=True)
    for x, number in zip(batch, index_array):
        name = f"{it.save_prefix}_{number}_{np.random.randint(top)}.{it.save_format}"
        array_to_img(x, it.data_format, scale=True).save(os.path.join(it.save_to_dir, name))


class BatchFromFilesMixin:
    """Batches of pictures in files. An iterator with it has the properties `filepaths`, `labels` and
    `sample_weight`, and the attributes ``class_mode``, ``classes``, ``class_indices`` and ``dtype``."""

    class_mode: str | None
    classes: Any
    class_indices: dict[str, int]
    dtype: Any

    def set_processing_attrs(
        self,
        image_data_generator: Any,
        target_size: Any,
        color_mode: str,
        data_format: str | None,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool = False,
    ) -> None:
        """Set how pictures are read, transformed and saved.

        Args:
            image_data_generator: What transforms them; ``None`` leaves them as they are.
            target_size: (height, width).
            color_mode: ``rgb``, ``rgba`` or ``grayscale``.
            data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
            save_to_dir: Folder to which each picture given is written as well.
            save_prefix: What their names begin with.
            save_format: What they end with.
            subset: ``training``, ``validation`` or ``None``.
            interpolation: How sizes are changed, as in `load_img`.
            keep_aspect_ratio: Whether the middle is cut out in the shape of the target first.
        """
        if color_mode not in CHANNELS:
            raise InputError(f"color_mode={color_mode!r}; expected one of {tuple(CHANNELS)}.")
        if not isinstance(target_size, (tuple, list)) or len(target_size) != 2:
            raise InputError(f"target_size={target_size!r}; expected (height, width).")
        check_subset(subset, image_data_generator)
        self.image_data_generator = image_data_generator
        self.target_size = tuple(target_size)
        self.color_mode = color_mode
        self.data_format = config.standardize_data_format(data_format)
        channels = (CHANNELS[color_mode],)
        last = self.data_format == "channels_last"
        self.image_shape = self.target_size + channels if last else channels + self.target_size
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        self.subset = subset
        self.split: tuple[float, float] | None = None
        if subset is not None:
            share = image_data_generator._validation_split or 0.0
            self.split = (0.0, share) if subset == "validation" else (share, 1.0)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        paths = self.filepaths
        first = self.data_format == "channels_first"

        def picture(i: int) -> np.ndarray:
            x = read(
                paths[index_array[i]], self.color_mode, self.target_size, self.interpolation,
                self.keep_aspect_ratio,
            )  # fmt: skip
            return x.transpose(2, 0, 1) if first else x

        x = np.zeros((len(index_array), *self.image_shape), self.dtype)
        fill(self.image_data_generator, x, picture)
        if self.save_to_dir:
            save_pictures(self, x, index_array, 10**7)
        if self.class_mode is None:
            return x
        y = self._targets_of(index_array, x)
        weight = self.sample_weight
        return (x, y) if weight is None else (x, y, weight[index_array])

    def _targets_of(self, index_array: np.ndarray, x: np.ndarray) -> Any:
        if self.class_mode == "input":
            return x.copy()
        if self.class_mode == "raw":
            return self.labels[index_array]
        if self.class_mode == "multi_output":
            return [part[index_array] for part in self.labels]
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.classes[i] for i in index_array], self.dtype)
        y = np.zeros((len(index_array), len(self.class_indices)), self.dtype)
        for row, i in zip(y, index_array):
            row[self.classes[i]] = 1  # one class or a list of them
        return y

    @property
    def filepaths(self) -> list[str]:
        """Paths of all pictures."""
        raise NotImplementedError(f"{type(self).__name__} must define the property filepaths.")

    @property
    def labels(self) -> Any:
        """What is to be learned of each picture."""
        raise NotImplementedError(f"{type(self).__name__} must define the property labels.")

    @property
    def sample_weight(self) -> Any:
        """Weight of each picture, or ``None``."""
        raise NotImplementedError(f"{type(self).__name__} must define the property sample_weight.")


def check_class_mode(class_mode: str | None, allowed: set[str | None]) -> None:
    """An error for what is no kind of targets."""
    if class_mode not in allowed:
        names = ", ".join(sorted(repr(m) for m in allowed if m))
        raise InputError(f"class_mode={class_mode!r}; expected one of {names} or None.")
