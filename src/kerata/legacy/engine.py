"""Names of ``keras.engine``: the classes behind layers and models, and small functions for data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..graph import Node
from ..layers import Input, InputLayer, InputSpec, Layer
from ..models import Functional, Model, Sequential
from ..models.summary import source_inputs as get_source_inputs
from ..spec import KerasTensor
from .tools import slice_arrays, to_list

__all__ = [
    "Container", "Functional", "Input", "InputLayer", "InputSpec", "KerasTensor", "Layer", "Model", "Network",
    "Node", "Sequential", "batch_shuffle", "get_source_inputs", "iter_sequence_infinite", "make_batches",
    "slice_X", "slice_arrays", "to_list",
]  # fmt: skip

Container = Network = Model
slice_X = slice_arrays


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """Beginnings and ends of the batches of `size` rows.

    >>> make_batches(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    return [(i, min(size, i + batch_size)) for i in range(0, size, batch_size)]


def batch_shuffle(index_array: Any, batch_size: int) -> np.ndarray:
    """Row numbers with whole batches in a new order; those behind the last full batch stay there."""
    index = np.asarray(index_array)
    full = len(index) // batch_size * batch_size
    groups = index[:full].reshape(-1, batch_size)
    return np.concatenate([np.random.permutation(groups).ravel(), index[full:]])


def iter_sequence_infinite(seq: Any) -> Iterator[Any]:
    """The batches of a `Sequence`, over and over."""
    while True:
        yield from (seq[i] for i in range(len(seq)))
