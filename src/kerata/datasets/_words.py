"""What the two data sets of encoded texts have in common."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

Texts = list[list[int]]


def shift(texts: Sequence[Sequence[int]], start_char: int | None, index_from: int | None) -> Texts:
    """Word numbers counted from `index_from`, each text led by `start_char` if there is one."""
    # Without either, Keras leaves the numbers alone; a start without an offset is an offset of 0.
    lead = [] if start_char is None else [start_char]
    add = index_from or 0
    return [lead + [w + add for w in text] for text in texts]


def shorter_than(maxlen: int, texts: Texts, labels: Any) -> tuple[Texts, np.ndarray]:
    """Texts of fewer than `maxlen` words with their labels: as in Keras, one of `maxlen` goes."""
    kept = [i for i, text in enumerate(texts) if len(text) < maxlen]
    return [texts[i] for i in kept], np.asarray(labels)[np.asarray(kept, int)]


def restrict(texts: Texts, num_words: int | None, skip_top: int, oov_char: int | None) -> Texts:
    """Words outside of ``skip_top <= word < num_words`` replaced by `oov_char`, or left out.

    Without `num_words` the bound is the greatest number that occurs, so that this one word counts
    as outside; that is how Keras has it, and what its users' numbers depend on.
    """
    lengths = [len(t) for t in texts]
    words = np.fromiter(chain.from_iterable(texts), np.int64, sum(lengths))
    if not num_words:
        num_words = int(words.max()) if words.size else 0
    inside = (words >= skip_top) & (words < num_words)
    if oov_char is None:
        ends = np.concatenate([[0], np.cumsum(inside)])[np.cumsum([0, *lengths])].tolist()
        flat = words[inside].tolist()
    else:
        ends = np.cumsum([0, *lengths]).tolist()
        flat = np.where(inside, words, oov_char).tolist()
    return [flat[a:b] for a, b in pairwise(ends)]


def ragged(texts: Texts) -> np.ndarray:
    """An array of lists."""
    out = np.empty(len(texts), object)
    for i, text in enumerate(texts):
        out[i] = text
    return out


def read_index(path: str) -> dict[str, int]:
    """A JSON file of words and their ranks."""
    with open(path, encoding="utf-8") as f:
        return json.load(f)
