"""Windows of a series as a data set."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import InputError
from .dataset import Dataset, HostArray
from .directories import check_format, in_format


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Any:
    """Batches of windows that slide along a series.

    The window that starts at step i has the steps ``i, i + sampling_rate, ...``; the next one starts
    `sequence_stride` later.

    Args:
        data: Array (steps, ...).
        targets: ``targets[i]`` belongs to the window that starts at step i; None for none.
        sequence_length: Steps of a window.
        sequence_stride: Steps from a window to the next.
        sampling_rate: Steps between two of a window.
        batch_size: Windows of a batch; None for single ones.
        shuffle: Whether windows come in random order, a new one for each pass.
        seed: For the same orders each time.
        start_index, end_index: Only steps from `start_index` up to, and without, `end_index` are used.
        format: As in `image_dataset_from_directory`.

    Returns:
        A data set of windows (batch, sequence_length, ...), with targets of pairs.

    >>> windows = timeseries_dataset_from_array(np.arange(6), np.arange(6) * 10, 3, batch_size=2)
    >>> [(x.tolist(), y.tolist()) for x, y in windows.take(1)]
    [([[0, 1, 2], [1, 2, 3]], [0, 10])]
    """
    data = np.asarray(data)
    _check(len(data), sequence_stride, sampling_rate, start_index, end_index)
    check_format(format)
    if batch_size is not None and batch_size < 1:
        raise InputError(f"batch_size must be at least 1, or None; got {batch_size!r}.")
    first, last = start_index or 0, len(data) if end_index is None else end_index
    count = last - first - (sequence_length - 1) * sampling_rate
    if targets is not None:
        targets = np.asarray(targets)
        count = min(count, len(targets))
        targets = targets[first:last]
    places = np.arange(0, max(count, 0), sequence_stride)
    seed = int(np.random.randint(1_000_000)) if seed is None else seed
    steps = np.arange(sequence_length) * sampling_rate
    series = data[first:last]
    passes = itertools.count()

    def windows() -> Iterator[Any]:
        order = places
        if shuffle:
            order = np.random.default_rng([seed, next(passes)]).permutation(places)
        size = batch_size or 1
        for i in range(0, len(order), size):
            starts: Any = order[i : i + size] if batch_size else order[i]
            window = series[starts[:, None] + steps if batch_size else starts + steps]
            window = window.view(HostArray)
            yield window if targets is None else (window, _view(targets[starts]))

    made = Dataset(windows, -(-len(places) // batch_size) if batch_size else len(places))
    made._batched = batch_size is not None
    return in_format(made, format)


def _view(x: Any) -> Any:
    return x.view(HostArray) if isinstance(x, np.ndarray) else x


def _check(n: int, stride: int, rate: int, start: int | None, end: int | None) -> None:
    for name, value in (("sampling_rate", rate), ("sequence_stride", stride)):
        if not 0 < value < n:
            raise InputError(
                f"{name} must be above 0 and below the number of steps, {n}; got {value!r}."
            )
    if start and not 0 <= start < n:
        raise InputError(f"start_index must be from 0 to {n - 1}; got {start!r}.")
    if end is not None and not 0 < end < n:
        raise InputError(f"end_index must be from 1 to {n - 1}, or None; got {end!r}.")
    if start and end is not None and end <= start:
        raise InputError(f"end_index must be above start_index, {start}; got {end!r}.")
