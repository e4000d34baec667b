"""IMDB: film reviews and whether they praise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from ._sources import fetch, load_npz, shuffled
from ._words import ragged, read_index, restrict, shift, shorter_than

__all__ = ["get_word_index", "load_data"]

Part = tuple[np.ndarray, np.ndarray]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> tuple[Part, Part]:
    """25,000 reviews to train on and 25,000 to test with, as lists of the ranks of their words.

    The most frequent word has the rank 1, which stands as ``1 + index_from``. By Andrew Maas and
    others (2011); https://ai.stanford.edu/~amaas/data/sentiment/.

    Args:
        path: Name in the cache folder of data sets, or the path of a file that is there already.
        num_words: Only words whose number is below it are kept.
        skip_top: Only words whose number is at least this are kept.
        maxlen: Only reviews with fewer words, the start mark included, are kept.
        seed: Seed of the order of the reviews.
        start_char: Number that marks the beginning of a review; ``None`` for no mark.
        oov_char: Number in place of words that are not kept; ``None`` leaves them out.
        index_from: What is added to the ranks, to make room for the marks.
        **kwargs: ``nb_words``, the old name of `num_words`.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of integers, and of labels, 1
        for a review that praises and 0 for one that does not.

    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)  # doctest: +SKIP
    >>> len(x_train), len(x_test)  # doctest: +SKIP
    (25000, 25000)
    """
    num_words = kwargs.pop("nb_words", num_words)
    if kwargs:
        raise TypeError(f"load_data() got an unexpected keyword argument {next(iter(kwargs))!r}")
    f = load_npz(
        fetch(path, "imdb.npz", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f")
    )
    random = np.random.RandomState(seed)
    texts, labels, counts = [], [], []
    for part in ("train", "test"):
        order = shuffled(len(f[f"x_{part}"]), random)
        x = shift(f[f"x_{part}"][order], start_char, index_from)
        y = f[f"y_{part}"][order]
        if maxlen:
            x, y = shorter_than(maxlen, x, y)
            if not x:
                raise InputError(
                    f"maxlen={maxlen} leaves no review: all have {maxlen} words or more."
                )
        texts += x
        labels.append(y)
        counts.append(len(x))
    # The bound that `num_words=None` stands for is taken over both parts.
    texts = restrict(texts, num_words, skip_top, oov_char)
    n = counts[0]
    return (ragged(texts[:n]), labels[0]), (ragged(texts[n:]), labels[1])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Words with their ranks: the most frequent has 1. In the data `index_from` is added to them.

    Args:
        path: Name in the cache folder of data sets, or the path of a file that is there already.

    >>> get_word_index()["the"]  # doctest: +SKIP
    1
    """
    return read_index(fetch(path, "imdb_word_index.json", "bfafd718b763782e994055a2d397834f"))
