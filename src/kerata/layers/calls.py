"""What a layer's methods take, and the shapes of what they are given."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..spec import KerasTensor, Spec, unprobe


def first_leaf(x: Any) -> Any:
    while isinstance(x, (list, tuple)) and x:
        x = x[0]
    return x


def any_symbolic(values: Any) -> bool:
    for v in values:
        if isinstance(v, KerasTensor):
            return True
        if isinstance(v, (list, tuple)) and any_symbolic(v):
            return True
        if isinstance(v, dict) and any_symbolic(v.values()):
            return True
    return False


# What the shapes are that ``build`` and ``compute_output_shape`` are given.
shape_class: type = tuple


def shapes_of(x: Any) -> Any:
    """Shapes of a nested structure of tensors, with unknown axes as ``None``."""
    if isinstance(x, dict):
        return {k: shapes_of(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [shapes_of(v) for v in x]
    return shape_class(unprobe(x.shape)) if hasattr(x, "shape") else None


def as_shapes(x: Any) -> Any:
    """Shapes read from JSON: lists of sizes become tuples."""
    if isinstance(x, dict):
        return {k: as_shapes(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        if all(d is None or isinstance(d, int) for d in x):
            return tuple(x)
        return [as_shapes(v) for v in x]
    return x


def is_shape(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and all(
        d is None or isinstance(d, (int, np.integer)) for d in x
    )


def symbols(shape: Any, dtype: str) -> Any:
    if is_shape(shape):
        return KerasTensor(tuple(shape), dtype)
    if isinstance(shape, dict):
        return {k: symbols(v, dtype) for k, v in shape.items()}
    return [symbols(v, dtype) for v in shape]


def specs(shape: Any, dtype: str) -> Any:
    if not isinstance(shape, (list, tuple, dict)) and hasattr(shape, "as_list"):
        shape = tuple(shape.as_list())  # a tf.TensorShape
    if is_shape(shape):
        return Spec(tuple(shape), dtype)
    if isinstance(shape, dict):
        return {k: specs(v, dtype) for k, v in shape.items()}
    return type(shape)(specs(v, dtype) for v in shape)


class CallSignature:
    """What a ``call`` method takes."""

    def __init__(self, call: Callable) -> None:
        parameters = list(inspect.signature(call).parameters.values())[1:]
        kinds = inspect.Parameter
        self.names = [
            p.name
            for p in parameters
            if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
        ]
        every = {p.name: p for p in parameters}
        self.first = self.names[0] if self.names else "inputs"
        self.training = "training" in every
        default = every["training"].default if self.training else None
        self.training_required = default is kinds.empty
        self.training_default = None if self.training_required else default
        self.training_position = (
            self.names.index("training") if "training" in self.names else len(self.names)
        )
        self.mask = "mask" in every
        self.mask_position = self.names.index("mask") if "mask" in self.names else len(self.names)
        self.other_masks = [n for n in self.names if n.endswith("_mask")]
        self.any_keyword = any(p.kind is kinds.VAR_KEYWORD for p in parameters)


@functools.cache
def call_signature(call: Callable) -> CallSignature:
    return CallSignature(call)


@functools.cache
def shape_parameters(method: Callable) -> tuple[str, ...]:
    method = inspect.unwrap(method)
    parameters = list(inspect.signature(method).parameters.values())[1:]
    kinds = inspect.Parameter
    names = [
        p.name for p in parameters if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ]
    if any(p.kind is kinds.VAR_POSITIONAL for p in parameters) and not names:
        names = ["input_shape"]
    if len(names) > 1:
        names = [n for n in names if n.endswith("_shape")]
    return tuple(names)
