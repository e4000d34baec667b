"""Batches out of pictures in memory."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ... import config
from ...errors import InputError, ShapeError
from .filling import fill
from .iterator import Iterator, check_subset, save_pictures


class NumpyArrayIterator(Iterator):
    """Batches of transformed pictures out of arrays, as `ImageDataGenerator.flow` gives them.

    Args:
        x: Pictures, with 4 axes; or (pictures, other) where `other` is an array, or a list of arrays, of
            which each batch gets its rows as they are.
        y: Targets, or ``None``.
        image_data_generator: What transforms the pictures.
        batch_size: Pictures of a batch.
        shuffle: Whether each pass has an order of its own.
        sample_weight: Weight of each picture.
        seed: Whole number, or ``None``.
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        save_to_dir: Folder to which each picture given is written as well.
        save_prefix: What their names begin with.
        save_format: What they end with.
        subset: ``training`` or ``validation``, which is the first part of the data.
        ignore_class_split: Whether the parts may have different classes.
        dtype: dtype of the batches.

    Raises:
        InputError: Lengths that differ, or parts with different classes.
        ShapeError: Pictures without 4 axes.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ) -> None:
        self.dtype = dtype or config.floatx()
        self.data_format = config.standardize_data_format(data_format)
        self.image_data_generator = image_data_generator
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.subset = subset
        x, others = _apart(x)
        parts = {"y": y, "sample_weight": sample_weight}
        parts |= {f"x[1][{i}]": other for i, other in enumerate(others)}
        _check_lengths(x, parts)
        part = self._part(len(x), y, ignore_class_split)
        self.x = np.asarray(x[part], self.dtype)
        self.x_misc = [np.asarray(other)[part] for other in others]
        self.y = None if y is None else np.asarray(y[part])
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)[part]
        self._check_pictures()
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _part(self, count: int, y: Any, ignore_class_split: bool) -> slice:
        check_subset(self.subset, self.image_data_generator)
        if self.subset is None:
            return slice(None)
        held = int(count * (self.image_data_generator._validation_split or 0.0))
        if y is not None and held and not ignore_class_split:
            before, after = np.unique(y[:held]), np.unique(y[held:])
            if not np.array_equal(before, after):
                raise InputError(
                    f"The first {held} rows, for validation, have other classes than the rest: {before} against "
                    f"{after}. Shuffle x and y first, or give ignore_class_split=True."
                )
        return slice(held) if self.subset == "validation" else slice(held, None)

    def _check_pictures(self) -> None:
        shape = self.x.shape
        if len(shape) != 4:
            raise ShapeError(f"flow needs pictures, an array with 4 axes; got the shape {shape}.")
        axis = 3 if self.data_format == "channels_last" else 1
        if shape[axis] not in (1, 3, 4):
            warnings.warn(
                f"Pictures have 1, 3 or 4 channels; x has the shape {shape}, so {shape[axis]} of them with "
                f"data_format={self.data_format!r}.",
                stacklevel=4,
            )

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        batch = np.zeros((len(index_array), *self.x.shape[1:]), self.dtype)
        fill(self.image_data_generator, batch, lambda i: self.x[index_array[i]])
        if self.save_to_dir:
            save_pictures(self, batch, index_array, 10**4)
        x = [batch, *(other[index_array] for other in self.x_misc)] if self.x_misc else batch
        if self.y is None:
            return x
        if self.sample_weight is None:
            return x, self.y[index_array]
        return x, self.y[index_array], self.sample_weight[index_array]


def _apart(x: Any) -> tuple[Any, list[Any]]:
    """Pictures, and what goes with them."""
    if not isinstance(x, (tuple, list)):
        return x if hasattr(x, "shape") else np.asarray(x), []
    if len(x) != 2:
        raise InputError(
            f"x is a {type(x).__name__} of {len(x)} parts; expected an array of pictures, or (pictures, other)."
        )
    pictures, others = x
    return np.asarray(pictures), others if isinstance(others, list) else [others]


def _check_lengths(x: Any, parts: dict[str, Any]) -> None:
    for name, part in parts.items():
        if part is not None and len(part) != len(x):
            raise InputError(
                f"x has {len(x)} pictures, {name} has {len(part)} rows. There must be one for each picture."
            )
