"""``keras.preprocessing.sequence`` of Keras 1 and 2, beside `pad_sequences`, which is still there."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..preprocessing.sequence import pad_sequences
from ..train.data import PyDataset

__all__ = [
    "TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams",
    "timeseries_generator_from_json",
]  # fmt: skip

_GAMMA = 0.577  # Euler's constant, as word2vec's table in Keras has it


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """The probability with which `skipgrams` takes the word of each rank, the most frequent one first.

    It is ``min(1, sqrt(f / s) / (f / s))`` for the frequency f and the factor s (Mikolov et al. 2013), where
    Zipf's law gives f: ``1 / (rank * (log(rank) + gamma) + 1/2 - 1/(12 rank))``.

    Args:
        size: Number of words.
        sampling_factor: The factor s.

    >>> make_sampling_table(3).round(6).tolist()
    [0.003152, 0.003152, 0.005476]
    """
    rank = np.arange(size)
    rank[:1] = 1
    inverse = rank * (np.log(rank) + _GAMMA) + 0.5 - 1.0 / (12.0 * rank)
    share = sampling_factor * inverse
    return np.minimum(1.0, share / np.sqrt(share))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of words that stand near each other, labelled 1, and random pairs, labelled 0.

    They are what word2vec's skip-gram model learns from (Mikolov et al. 2013). What is random comes from
    Python's ``random``, drawn as Keras draws it.

    Args:
        sequence: Numbers of words; 0 is no word.
        vocabulary_size: Greatest number of a word, plus 1.
        window_size: Words to each side that count as near.
        negative_samples: Random pairs for each real one.
        shuffle: Whether the pairs are shuffled.
        categorical: Whether labels are ``[0, 1]`` and ``[1, 0]`` rather than 1 and 0.
        sampling_table: Probability of each word to be taken, as from `make_sampling_table`.
        seed: Seed of the shuffling (only).

    Returns:
        Pairs and labels, two lists.

    >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    couples: list[list[int]] = []
    for i, word in enumerate(sequence):
        if not word:
            continue
        if sampling_table is not None and sampling_table[word] < random.random():
            continue
        near = range(max(0, i - window_size), min(len(sequence), i + window_size + 1))
        couples += [[word, sequence[j]] for j in near if j != i and sequence[j]]
    yes, no = ([0, 1], [1, 0]) if categorical else (1, 0)
    labels: list[Any] = [yes] * len(couples)
    if negative_samples > 0:
        count = int(len(labels) * negative_samples)
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        couples += [
            [words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)
        ]
        labels += [no] * count
    if shuffle:
        seed = random.randint(0, 10_000_000) if seed is None else seed
        for part in (couples, labels):
            random.seed(seed)
            random.shuffle(part)
    return couples, labels


def _remove_long_seq(
    maxlen: int, seq: Sequence[Any], label: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """Sequences shorter than `maxlen`, and their labels."""
    kept = [(x, y) for x, y in zip(seq, label) if len(x) < maxlen]
    return [x for x, _ in kept], [y for _, y in kept]


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target at the step after it.

    Args:
        data: The series; its first axis is time.
        targets: A target for each step.
        length: Steps that a window spans.
        sampling_rate: Takes every n-th step of a window.
        stride: Steps from one window to the next.
        start_index: First step to use.
        end_index: Last step to use.
        shuffle: Whether windows are drawn at random, with repetition (NumPy's global generator).
        reverse: Whether time runs backwards in the windows.
        batch_size: Windows of a batch.

    Raises:
        InputError: Lengths that differ, or a span without any window.

    >>> series = np.arange(6.0)
    >>> x, y = TimeseriesGenerator(series, series, length=3, batch_size=2)[0]
    >>> x.tolist(), y.tolist()
    ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]], [3.0, 4.0])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        super().__init__()
        if len(data) != len(targets):
            raise InputError(
                f"data has {len(data)} steps, targets has {len(targets)}. There must be a target for each step."
            )
        self.data = data
        self.targets = targets
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        if self.start_index > self.end_index:
            raise InputError(
                f"No window fits: start_index + length = {self.start_index} is beyond the last step to use, "
                f"{self.end_index}. Use a shorter length or more data."
            )

    def __len__(self) -> int:
        """Number of batches."""
        span = self.batch_size * self.stride
        return (self.end_index - self.start_index + span) // span

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """The windows (batch, steps, ...) of a batch, and their targets."""
        if self.shuffle:
            ends = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            span = self.batch_size * self.stride
            first = self.start_index + span * index
            ends = np.arange(first, min(first + span, self.end_index + 1), self.stride)
        offsets = np.arange(-self.length, 0, self.sampling_rate)
        if self.reverse:
            offsets = offsets[::-1]
        return _rows(self.data, ends[:, None] + offsets), _rows(self.targets, ends)

    def get_config(self) -> dict[str, Any]:
        """The arguments, with `data` and `targets` as JSON texts.

        ``start_index`` is the argument. Keras writes it with `length` added, and adds that again when it
        reads, so that its generators come back with fewer windows.
        """
        names = (
            "length", "sampling_rate", "stride", "end_index", "shuffle", "reverse", "batch_size",
        )  # fmt: skip
        return (
            {"data": _json(self.data, "data"), "targets": _json(self.targets, "targets")}
            | {name: getattr(self, name) for name in names}
            | {"start_index": self.start_index - self.length}
        )

    def to_json(self, **kwargs: Any) -> str:
        """The generator as JSON, data included, in Keras's format.

        Args:
            kwargs: Options for ``json.dumps``.
        """
        return json.dumps(
            {"class_name": type(self).__name__, "config": self.get_config()}, **kwargs
        )


def _rows(data: Any, places: np.ndarray) -> np.ndarray:
    if isinstance(data, np.ndarray):
        return data[places]
    if places.ndim == 1:
        return np.array([data[i] for i in places])
    return np.array([[data[i] for i in row] for row in places])


def _json(values: Any, name: str) -> str:
    try:
        return json.dumps(values.tolist() if isinstance(values, np.ndarray) else values)
    except TypeError as e:
        raise TypeError(f"{name} cannot be written as JSON: {e}") from e


def timeseries_generator_from_json(json_string: str) -> TimeseriesGenerator:
    """The generator that `TimeseriesGenerator.to_json` has written; its data are lists.

    >>> first = TimeseriesGenerator([1, 2, 3, 4], [1, 2, 3, 4], length=2)
    >>> timeseries_generator_from_json(first.to_json())[0][0].tolist()
    [[1, 2], [2, 3]]
    """
    settings = dict(json.loads(json_string)["config"])
    for name in ("data", "targets"):
        settings[name] = json.loads(settings[name])
    return TimeseriesGenerator(**settings)
