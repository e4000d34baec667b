"""A data set cut in two."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import tree
from ..errors import InputError

Size = int | float | None


def split_dataset(
    dataset: Any,
    left_size: Size = None,
    right_size: Size = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Two parts of a data set, such as one to train on and one to test with.

    Each part has the form of the whole: an array gives arrays; a list, tuple or dict of arrays of
    one length gives lists, tuples or dicts; a ``tf.data.Dataset`` or a ``torch.utils.data.Dataset``
    gives such data sets; any other iterable of samples gives lists of samples.

    Args:
        dataset: The whole.
        left_size: Samples of the first part: a number of them, or a fraction between 0 and 1.
        right_size: Samples of the second part. At least one size is needed; the other is the rest.
            The first part is taken from the beginning and the second from the end.
        shuffle: Whether to shuffle the samples first.
        seed: Seed of the shuffling.
        preferred_backend: ``"tensorflow"`` or ``"torch"`` for data sets of that library.

    >>> x, y = np.arange(5), np.arange(5) * 10
    >>> (x_train, y_train), (x_test, y_test) = split_dataset((x, y), left_size=0.6)
    >>> y_train.tolist(), y_test.tolist()
    ([0, 10, 20], [30, 40])
    """
    if left_size is None and right_size is None:
        raise InputError("split_dataset needs left_size or right_size.")
    kind = _library(dataset)
    samples = _Samples(dataset, kind)
    order = list(range(samples.count))
    if shuffle:
        random.Random(seed).shuffle(order)
    left, right = _sizes(left_size, right_size, samples.count)
    wanted = preferred_backend or kind
    return samples.take(order[:left], wanted), samples.take(order[-right:], wanted)


def _library(dataset: Any) -> str | None:
    """The library whose data set this is, told by the classes' modules so that none is imported."""
    for cls in type(dataset).__mro__:
        module = cls.__module__ or ""
        if module.startswith("tensorflow.python.data") and "Dataset" in cls.__name__:
            return "tensorflow"
        if module.startswith("torch.utils.data") and cls.__name__ == "Dataset":
            return "torch"
    return None


class _Samples:
    """The samples of a data set by their number."""

    def __init__(self, dataset: Any, kind: str | None) -> None:
        self.dataset, self.kind = dataset, kind
        self.arrays: Any = None
        self.batch: int | None = None
        if kind == "tensorflow":
            self._read_tensorflow(dataset)
        elif kind == "torch" and hasattr(dataset, "__getitem__"):
            self.count = len(dataset)
        elif _is_array(dataset):
            self.arrays, self.count = dataset, len(dataset)
        elif isinstance(dataset, (list, tuple, dict)) and all(
            map(_is_array, tree.flatten(dataset))
        ):
            self.arrays, self.count = dataset, _common_length(dataset)
        elif isinstance(dataset, Iterable) and not isinstance(dataset, (str, bytes, dict)):
            self.samples = list(dataset)
            self.count = len(self.samples)
        else:
            raise TypeError(
                f"split_dataset cannot split {type(dataset).__name__}. Expected an array, a list, tuple or "
                "dict of arrays, a data set of TensorFlow or PyTorch, or an iterable of samples."
            )
        if not self.count:
            raise InputError("split_dataset got an empty data set.")

    def _read_tensorflow(self, dataset: Any) -> None:
        if hasattr(dataset, "_batch_size"):
            self.batch = int(dataset._batch_size)
            dataset = dataset.unbatch()
        samples = list(dataset.as_numpy_iterator())
        self.count = len(samples)
        if samples:
            self.arrays = tree.map_structure(lambda *parts: np.stack(parts), *samples)

    def take(self, numbers: list[int], library: str | None) -> Any:
        """The samples of these numbers, as a data set of `library` if one is named."""
        if library == "torch" and self.kind == "torch":
            from torch.utils.data import Subset

            return Subset(self.dataset, numbers)
        if library in (None, "jax", "numpy"):
            return self._plain(numbers)
        if library == "tensorflow":
            import tensorflow as tf

            part = tree.lists_to_tuples(self._stacked(numbers))
            made = tf.data.Dataset.from_tensor_slices(part)
            return (made.batch(self.batch) if self.batch else made).prefetch(tf.data.AUTOTUNE)
        if library == "torch":
            import torch
            from torch.utils.data import TensorDataset

            return TensorDataset(*map(torch.as_tensor, tree.flatten(self._stacked(numbers))))
        raise InputError(
            f"preferred_backend={library!r}; expected 'tensorflow', 'torch', 'jax' or None."
        )

    def _plain(self, numbers: list[int]) -> Any:
        if self.arrays is not None:
            return tree.map_structure(lambda a: _pick(a, numbers), self.arrays)
        source = self.dataset if self.kind == "torch" else self.samples
        return [source[i] for i in numbers]

    def _stacked(self, numbers: list[int]) -> Any:
        if self.arrays is not None:
            return self._plain(numbers)
        return tree.map_structure(lambda *parts: np.stack(parts), *self._plain(numbers))


def _is_array(x: Any) -> bool:
    return hasattr(x, "shape") and len(x.shape) > 0


def _pick(array: Any, numbers: list[int]) -> Any:
    take = array.iloc if hasattr(array, "iloc") else array
    return take[np.asarray(numbers)]


def _common_length(arrays: Any) -> int:
    lengths = [len(a) for a in tree.flatten(arrays)]
    if len(set(lengths)) > 1:
        raise InputError(f"split_dataset needs arrays of one length; got lengths {lengths}.")
    return lengths[0] if lengths else 0


def _sizes(left: Size, right: Size, count: int) -> tuple[int, int]:
    """Both sizes as numbers of samples."""
    for name, size in (("left_size", left), ("right_size", right)):
        _check_size(name, size, count)
    if isinstance(left, float) and isinstance(right, float) and left + right > 1:
        raise InputError(f"left_size={left} and right_size={right} add up to more than 1.")
    n_left, n_right = _samples_of(left, count), _samples_of(right, count)
    if n_left is None:
        n_left = count - (n_right or 0)
    if n_right is None:
        n_right = count - n_left
    if n_left + n_right > count:
        raise InputError(
            f"left_size={left} and right_size={right} ask for more than the {count} samples."
        )
    if not n_left or not n_right:
        side = "left" if not n_left else "right"
        raise InputError(
            f"The {side} part of {count} samples would be empty with left_size={left} and right_size={right}."
        )
    return n_left, n_right


def _check_size(name: str, size: Size, count: int) -> None:
    if size is None:
        return
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer)):
        raise TypeError(
            f"{name} must be a whole number or a fraction; got {size!r}, a {type(size).__name__}."
        )
    limit = 1 if isinstance(size, float) else count
    if not 0 < size < limit:
        raise InputError(
            f"{name}={size}; expected a fraction between 0 and 1, or a number of samples from 1 to {count - 1}."
        )


def _samples_of(size: Size, count: int) -> int | None:
    if size is None:
        return None
    return round(size * count) if isinstance(size, float) else int(size)
