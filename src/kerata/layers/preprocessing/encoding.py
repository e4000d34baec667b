"""Integers as vectors: `CategoryEncoding`, and the encoding that other layers share with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...errors import InputError
from ...spec import Spec
from ..data_layer import DataLayer
from .base import dense

_OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def mode_of(given: Any, allowed: tuple[str, ...], layer: str) -> str:
    """The output mode by its present name; an error with all of them if there is none such."""
    mode = _OLD_NAMES.get(given, given)
    if mode not in allowed:
        raise InputError(
            f"{layer}: unknown output_mode {given!r}. Expected one of {', '.join(map(repr, allowed))}."
        )
    return mode


def encode(indices: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Integers (a tensor or Spec) in an output mode, computed by ops.

    Args:
        indices: Numbers of categories; those outside ``0 ... depth - 1`` belong to none.
        mode: ``int``, ``one_hot`` (a vector for each), ``multi_hot`` or ``count`` (one for all along
            the last axis).
        depth: Number of categories.
        dtype: dtype of the result.
        weights: What each integer counts, with ``count``.
    """
    if mode == "int":
        return ops.cast(indices, dtype)
    shape = ops.shape(indices)
    if not shape:
        indices = ops.expand_dims(indices, -1)
    if mode == "one_hot":
        if len(shape) > 1 and shape[-1] == 1:
            indices = ops.squeeze(indices, -1)
        return ops.one_hot(indices, depth, dtype=dtype)
    codes = ops.one_hot(indices, depth, dtype="bool" if mode == "multi_hot" else dtype)
    if mode == "multi_hot":
        return ops.cast(ops.any(codes, axis=-2), dtype)
    if weights is not None:
        codes = ops.multiply(codes, ops.expand_dims(weights, -1))
    return ops.sum(codes, axis=-2)


def encode_on_host(indices: np.ndarray, mode: str, depth: int, dtype: str) -> np.ndarray:
    """What `encode` computes, for arrays: with memory for the result only."""
    if mode == "int":
        return indices.astype(dtype)
    if indices.ndim == 0:
        indices = indices[None]
    if mode == "one_hot":
        if indices.ndim > 1 and indices.shape[-1] == 1:
            indices = indices[..., 0]
        return (indices[..., None] == np.arange(depth)).astype(dtype)
    rows = int(np.prod(indices.shape[:-1], dtype=np.int64))
    owners = np.repeat(np.arange(rows), indices.shape[-1])
    counts = tally(indices.ravel(), owners, rows, depth)
    return as_mode(counts, mode, dtype).reshape(*indices.shape[:-1], depth)


def tally(indices: np.ndarray, owners: np.ndarray, rows: int, depth: int) -> np.ndarray:
    """How often each of `depth` categories occurs in each of `rows` samples; others are left out.

    Args:
        indices: Categories, a vector.
        owners: Number of the sample that each of them belongs to.
    """
    inside = (indices >= 0) & (indices < depth)
    places = owners[inside] * depth + indices[inside]
    return np.bincount(places, minlength=rows * depth).reshape(rows, depth)


def as_mode(counts: np.ndarray, mode: str, dtype: str) -> np.ndarray:
    """Counts, or only whether they are above 0."""
    return (counts > 0 if mode == "multi_hot" else counts).astype(dtype)


def encoded_shape(shape: tuple, mode: str, depth: int) -> tuple:
    """Shape of what `encode` gives."""
    if mode == "int":
        return shape
    if mode == "one_hot":
        shape = shape or (1,)
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*shape[:-1], depth)


class CategoryEncoding(DataLayer):
    """Integers, each the number of a category, as vectors.

    Input of integers (batch, ...); output of shape (..., num_tokens) and of the compute dtype.

    Args:
        num_tokens: Number of categories; the integers go from 0 to ``num_tokens - 1``.
        output_mode: ``one_hot``: a vector for each integer (a last axis of size 1 gives way to it);
            ``multi_hot``: one for each sample, with ones for the categories among the integers along
            the last axis; ``count``: as that, with their counts.
        sparse: Taken; the result is dense.

    Call arguments:
        count_weights: Of the shape of the input: what each integer counts, with ``count``.

    Integers out of range belong to no category.

    >>> CategoryEncoding(4, "multi_hot")(np.array([[0, 1], [3, 3]])).tolist()
    [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    >>> CategoryEncoding(3, "count")(np.array([[0, 2]]), count_weights=np.array([[0.5, 2.0]])).tolist()
    [[0.5, 0.0, 2.0]]
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.output_mode = mode_of(
            output_mode, ("one_hot", "multi_hot", "count"), "CategoryEncoding"
        )
        if not isinstance(num_tokens, (int, np.integer)) or num_tokens < 1:
            raise InputError(
                f"CategoryEncoding: num_tokens must be the number of categories, at least 1, got {num_tokens!r}. "
                "Where it is not known beforehand, IntegerLookup finds the categories by adapt."
            )
        self.num_tokens = int(num_tokens)
        self.sparse = dense(sparse, self.output_mode, "CategoryEncoding")

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None:
            if self.output_mode != "count":
                raise InputError(
                    f"CategoryEncoding: count_weights go with output_mode='count', not {self.output_mode!r}."
                )
            count_weights = ops.cast(as_tensor(count_weights), self.compute_dtype)
        indices = ops.cast(as_tensor(inputs), "int32")
        return encode(
            indices, self.output_mode, self.num_tokens, self.compute_dtype, count_weights
        )  # fmt: skip


def as_tensor(x: Any) -> Any:
    """Anything tensor-like as a tensor; a Spec stays."""
    return x if isinstance(x, Spec) else ops.convert_to_tensor(x)
