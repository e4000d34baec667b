"""Bases of layers that programs for Keras 2 made their own layers from, under the names that they had there."""

from __future__ import annotations

from typing import Any

from ...layers.merging import Merge
from ...layers.pooling import GlobalPooling
from ...spec import broadcast


class _Merge(Merge):
    """Base of layers that merge tensors: a subclass defines ``_merge_function(inputs)``.

    >>> from kerata import ops
    >>> class Difference(_Merge):
    ...     def _merge_function(self, inputs):
    ...         return inputs[0] - inputs[1]
    >>> Difference()([ops.array([[3.0]]), ops.array([[1.0]])]).tolist()
    [[2.0]]
    """

    def _merge_function(self, inputs: list[Any]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs _merge_function(inputs).")

    def _merge(self, inputs: list[Any], masks: list[Any]) -> Any:
        return self._merge_function(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the inputs, broadcast: the function may be one for a single size of batches."""
        batch = {s[0] for s in input_shape}
        rest = broadcast(*(tuple(s[1:]) for s in input_shape), what=type(self).__name__)
        return (batch.pop() if len(batch) == 1 else None, *rest)


class _GlobalPooling1D(GlobalPooling):
    """Base of layers that pool all steps: a subclass defines ``call(inputs)``."""

    rank = 1


class _GlobalPooling2D(GlobalPooling):
    """Base of layers that pool all places of pictures: a subclass defines ``call(inputs)``."""

    rank = 2


class _GlobalPooling3D(GlobalPooling):
    """Base of layers that pool all places of volumes: a subclass defines ``call(inputs)``."""

    rank = 3
