"""`TimeDistributed`: a layer applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

from ... import ops, tree
from ...errors import ShapeError
from ...spec import unprobe
from ..wrapper import Wrapper


class TimeDistributed(Wrapper):
    """Applies a layer to each step of its input, (batch, time, ...), with the same weights.

    All steps go through the layer at once, as a batch of batch * time samples.

    Args:
        layer: The layer, which takes (batch, ...).

    >>> from kerata.layers import Dense
    >>> TimeDistributed(Dense(4)).compute_output_shape((None, 10, 3))
    (None, 10, 4)
    """

    supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        """Build the layer for the shape of a step."""
        super().build(_each(input_shape, lambda s: (s[0], *s[2:])))

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The layer's outputs for all steps, (batch, time, ...)."""
        first = tree.flatten(inputs)[0]
        batch, time = first.shape[:2]
        kwargs: dict[str, Any] = {}
        if self.layer._call_signature.training and training is not None:
            kwargs["training"] = training
        if mask is not None and any(m is not None for m in tree.flatten(mask)):
            self._check_masks(mask, first)
            if self.layer._call_signature.mask:
                kwargs["mask"] = tree.map_structure(
                    lambda m: None if m is None else _merge(m), mask
                )
        outputs = self.layer(tree.map_structure(_merge, inputs), **kwargs)
        return tree.map_structure(lambda y: ops.reshape(y, (batch, time, *y.shape[1:])), outputs)

    def _check_masks(self, mask: Any, x: Any) -> None:
        for m in tree.flatten(mask):
            if m is not None and tuple(m.shape[:2]) != tuple(x.shape[:2]):
                raise ShapeError(
                    f"The mask of a TimeDistributed layer must begin with the axes (batch, time) of its input, "
                    f"{unprobe(x.shape[:2])}; got a mask of shape {unprobe(m.shape)}."
                )


def _merge(x: Any) -> Any:
    """(batch, time, ...) as (batch * time, ...)."""
    return ops.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def _each(shapes: Any, fn: Any) -> Any:
    """`fn` of each shape in a structure of shapes."""
    if isinstance(shapes, dict):
        return {k: _each(s, fn) for k, s in shapes.items()}
    if any(isinstance(s, (list, tuple)) for s in shapes):
        return [_each(s, fn) for s in shapes]
    if len(shapes) < 3:
        raise ShapeError(
            f"TimeDistributed needs inputs (batch, time, ...) with at least 3 axes; got the shape {tuple(shapes)}."
        )
    return fn(shapes)
