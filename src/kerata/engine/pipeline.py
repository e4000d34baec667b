"""Python functions inside a ``tf.data`` pipeline or ``tf.function``, whatever the engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..spec import Spec


def is_in_pipeline(x: Any) -> bool:
    """Whether `x` is a tensor of a TensorFlow graph, which has no value yet."""
    library = sys.modules.get("tensorflow")
    return library is not None and library.is_symbolic_tensor(x)


def outline(x: Any) -> Spec:
    """Shape and dtype of a tensor of a TensorFlow graph; its number of axes must be known."""
    return Spec(tuple(x.shape.as_list()), x.dtype.name)


def on_host(fn: Callable, tensors: Sequence[Any], results: Any) -> Any:
    """`fn` as a node of the TensorFlow graph: it gets the tensors' values as NumPy arrays.

    Args:
        fn: Function of NumPy arrays.
        tensors: Tensors of the graph.
        results: What it returns, with a Spec for each array.
    """
    import tensorflow as tf

    specs: list[Spec] = tree.flatten(results)

    def run(*values: Any) -> list[np.ndarray]:
        arrays = tree.flatten(fn(*values))
        return [
            np.asarray(a, object if s.dtype == "string" else s.dtype)
            for a, s in zip(arrays, specs, strict=True)
        ]

    made = tf.numpy_function(run, list(tensors), [tf.as_dtype(s.dtype) for s in specs])
    for t, s in zip(made, specs):
        t.set_shape(s.shape)
    return tree.pack_sequence_as(results, made) if tree.is_nested(results) else made[0]
