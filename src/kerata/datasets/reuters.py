"""Reuters: news messages and their topics."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ._sources import fetch, load_npz, shuffled, split
from ._words import ragged, read_index, restrict, shift, shorter_than

__all__ = ["get_label_names", "get_word_index", "load_data"]

Part = tuple[np.ndarray, np.ndarray]

_LABELS = """
cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship
cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin
strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr
gas silver wpi hog lead
"""


def _takes_nb_words(function: Any) -> Any:
    """Let `load_data` take `num_words` by its name of Keras 1."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if "nb_words" in kwargs:
            kwargs["num_words"] = kwargs.pop("nb_words")
        return function(*args, **kwargs)

    return call


@_takes_nb_words
def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Part, Part]:
    """11,228 news messages of 46 topics, as lists of the ranks of their words.

    The most frequent word has the rank 1, which stands as ``1 + index_from``. Drawn from the
    collection Reuters-21578 by David D. Lewis.

    Args:
        path: Name in the cache folder of data sets, or the path of a file that is there already.
        num_words: Only words whose number is below it are kept.
        skip_top: Only words whose number is at least this are kept.
        maxlen: Only messages with fewer words, the start mark included, are kept.
        test_split: Fraction of the messages to test with.
        seed: Seed of the order of the messages.
        start_char: Number that marks the beginning of a message; ``None`` for no mark.
        oov_char: Number in place of words that are not kept; ``None`` leaves them out.
        index_from: What is added to the ranks, to make room for the marks.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: arrays of lists of integers, and of topics from
        0 to 45.

    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=10000)  # doctest: +SKIP
    >>> len(x_train), len(x_test)  # doctest: +SKIP
    (8982, 2246)
    """
    f = load_npz(
        fetch(
            path, "reuters.npz", "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
        )
    )
    order = shuffled(len(f["x"]), np.random.RandomState(seed))
    texts, labels = shift(f["x"][order], start_char, index_from), f["y"][order]
    if maxlen:
        texts, labels = shorter_than(maxlen, texts, labels)
    return split(ragged(restrict(texts, num_words, skip_top, oov_char)), labels, test_split)


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Words with their ranks: the most frequent has 1. In the data `index_from` is added to them.

    Args:
        path: Name in the cache folder of data sets, or the path of a file that is there already.

    >>> get_word_index()["the"]  # doctest: +SKIP
    1
    """
    return read_index(fetch(path, "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921"))


def get_label_names() -> tuple[str, ...]:
    """Names of the topics, in the order of their numbers.

    >>> len(get_label_names()), get_label_names()[3]
    (46, 'earn')
    """
    return tuple(_LABELS.split())
