"""Batches out of pictures that a table names."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import config
from ...errors import DtypeError, InputError
from ...utils.directories import say
from .files import validate_filename
from .iterator import BatchFromFilesMixin, Iterator, check_class_mode

_WITHOUT_CLASSES = ("input", "multi_output", "raw", None)


class DataFrameIterator(BatchFromFilesMixin, Iterator):
    """Batches of transformed pictures named by a table, as `ImageDataGenerator.flow_from_dataframe` gives them.

    Args:
        dataframe: The table: a DataFrame, or anything with columns (``table["class"]``), such as a dict of lists.
        directory: What paths are relative to; nothing by default.
        image_data_generator: What transforms the pictures; ``None`` leaves them as they are.
        x_col: Column of the paths.
        y_col: Column of the targets; for some of the `class_mode` a list of columns.
        weight_col: Column of weights.
        target_size: (height, width).
        color_mode: ``rgb``, ``rgba`` or ``grayscale``.
        classes: The classes to use; by default all, sorted.
        class_mode: ``categorical`` (rows of zeros and ones, from a class or a list of them), ``binary`` or
            ``sparse`` (numbers), ``raw`` (the values of the columns), ``multi_output`` (those of each column
            by themselves), ``input`` (the pictures) or ``None``.
        batch_size: Pictures of a batch.
        shuffle: Whether each pass has an order of its own.
        seed: Whole number, or ``None``.
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        save_to_dir: Folder to which each picture given is written as well.
        save_prefix: What their names begin with.
        save_format: What they end with.
        subset: ``training`` or ``validation``, which is the first part of the table.
        interpolation: How sizes are changed, as in `load_img`.
        keep_aspect_ratio: Whether the middle is cut out in the shape of the target first.
        dtype: dtype of the batches.
        validate_filenames: Whether rows without a file of a picture are left out, with a warning.

    Raises:
        InputError: An unknown `class_mode`, or the wrong number of classes for ``binary``.
        DtypeError: A column with values of a wrong kind.
    """

    allowed_class_modes: set[str | None] = {
        "binary", "categorical", "input", "multi_output", "raw", "sparse", None,
    }  # fmt: skip

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
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
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
        validate_filenames: bool = True,
    ) -> None:
        self.set_processing_attrs(
            image_data_generator, target_size, color_mode, data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, keep_aspect_ratio,
        )  # fmt: skip
        check_class_mode(class_mode, self.allowed_class_modes)
        self.directory = os.fspath(directory) if directory else ""
        self.class_mode = class_mode
        self.dtype = dtype or config.floatx()
        names = _column(dataframe, x_col)
        _check_kinds(names, x_col, (str, os.PathLike), "paths")
        paths = [os.path.join(self.directory, name) for name in names]
        rows = self._there(paths, x_col) if validate_filenames else list(range(len(paths)))
        labels = self._labels(dataframe, y_col, classes)
        if labels is not None:
            rows = [i for i in rows if labels[i] is not None]
        rows = self._part(rows)
        self.filenames = [names[i] for i in rows]
        self._filepaths = [paths[i] for i in rows]
        self.samples = len(rows)
        self.classes = None if labels is None else self._numbers([labels[i] for i in rows])
        self._targets = self._values(dataframe, y_col, rows)
        self._sample_weight = _weights(dataframe, weight_col, rows)
        self._say(validate_filenames)
        super().__init__(self.samples, batch_size, shuffle, seed)

    def _there(self, paths: list[str], x_col: str) -> list[int]:
        rows = [i for i, p in enumerate(paths) if validate_filename(p, self.white_list_formats)]
        missing = len(paths) - len(rows)
        if missing:
            first = next(p for i, p in enumerate(paths) if i not in set(rows))
            warnings.warn(
                f"{missing} of {len(paths)} paths in the column {x_col!r} are left out, as no picture is there "
                f"(the first: {first}).",
                stacklevel=4,
            )
        return rows

    def _part(self, rows: list[int]) -> list[int]:
        if not self.split:
            return rows
        start, stop = (int(share * len(rows)) for share in self.split)
        return rows[start:stop]

    def _labels(self, dataframe: Any, y_col: Any, classes: Any) -> list[Any] | None:
        """The class or classes of each row, ``None`` for rows to leave out; sets `class_indices`."""
        if self.class_mode in _WITHOUT_CLASSES:
            if classes:
                warnings.warn(
                    f"classes={classes!r} has no effect with class_mode={self.class_mode!r}.",
                    stacklevel=4,
                )
            return None
        labels = _column(dataframe, y_col)
        several = self.class_mode == "categorical"
        _check_kinds(labels, y_col, (str, list, tuple) if several else (str,), "classes, as text")
        found = sorted(set(classes) if classes else _all_of(labels))
        if self.class_mode == "binary" and len(found) != 2:
            raise InputError(
                f"class_mode='binary' takes 2 classes; there are {len(found)}: {found}."
            )
        self.class_indices = {name: i for i, name in enumerate(found)}
        return [self._known(label) for label in labels] if classes else labels

    def _known(self, label: Any) -> Any:
        """What of a label is a class asked for."""
        if isinstance(label, str):
            return label if label in self.class_indices else None
        return [name for name in label if name in self.class_indices] or None

    def _numbers(self, labels: list[Any]) -> list[Any]:
        numbers = self.class_indices
        return [
            numbers[label] if isinstance(label, str) else [numbers[name] for name in label]
            for label in labels
        ]

    def get_classes(self, df: Any, y_col: str) -> list[Any]:
        """Number of the class of each row of a table, or a list of numbers where it has several."""
        return self._numbers(_column(df, y_col))

    def _values(self, dataframe: Any, y_col: Any, rows: list[int]) -> Any:
        if self.class_mode == "raw":
            if isinstance(y_col, (list, tuple)):
                columns = [np.asarray(_column(dataframe, name)) for name in y_col]
                return np.stack(columns, axis=1)[rows]
            return np.asarray(_column(dataframe, y_col))[rows]
        if self.class_mode != "multi_output":
            return None
        if not isinstance(y_col, (list, tuple)):
            raise DtypeError(
                f"class_mode='multi_output' takes a list of columns for y_col; got {y_col!r}."
            )
        several = [_column(dataframe, name) for name in y_col]
        return [np.array([column[i] for i in rows]) for column in several]

    def _say(self, validated: bool) -> None:
        classes = ""
        if self.class_mode not in _WITHOUT_CLASSES:
            classes = f" belonging to {len(self.class_indices)} classes"
        how = "validated" if validated else "non-validated"
        say(f"Found {self.samples} {how} image filenames{classes}.")

    @property
    def filepaths(self) -> list[str]:
        """Paths of all pictures."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """The targets: values of the columns, or numbers of classes."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self) -> np.ndarray | None:
        """Weight of each picture."""
        return self._sample_weight


def _column(dataframe: Any, name: Any) -> list[Any]:
    try:
        return list(dataframe[name])
    except (KeyError, ValueError, IndexError, TypeError):
        found = getattr(dataframe, "columns", None)
        found = list(dataframe if found is None else found)
        raise InputError(f"The table has no column {name!r}; it has {found}.") from None


def _all_of(labels: list[Any]) -> set[str]:
    out: set[str] = set()
    for label in labels:
        out.update([label] if isinstance(label, str) else label)
    return out


def _check_kinds(values: Iterable[Any], name: Any, kinds: tuple[type, ...], what: str) -> None:
    for i, value in enumerate(values):
        if not isinstance(value, kinds):
            raise DtypeError(
                f"The column {name!r} must hold {what}; row {i} is {value!r}, a {type(value).__name__}. "
                "Use .astype(str) for numbers; rows without a value must be dropped."
            )


def _weights(dataframe: Any, name: str | None, rows: list[int]) -> np.ndarray | None:
    if not name:
        return None
    weights = np.asarray(_column(dataframe, name))
    if weights.dtype.kind not in "iuf":
        raise DtypeError(
            f"The column {name!r} must hold weights, numbers; it holds {weights.dtype}."
        )
    return weights[rows]
