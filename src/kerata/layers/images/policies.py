"""Layers made of others: a pipeline, and random choices among augmentations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import tree
from ...scope import get_mask
from ..layer import Layer


class Pipeline(Layer):
    """Layers one after the other: like a `Sequential`, but of anything, such as dicts of images.

    Args:
        layers: The layers.
        name: Its name.

    >>> from kerata.layers import CenterCrop, Rescaling
    >>> Pipeline([CenterCrop(1, 1), Rescaling(0.5)])(np.arange(9.0).reshape(3, 3, 1)).tolist()
    [[[2.0]]]
    """

    _training_default = True

    def __init__(self, layers: Sequence[Layer], name: str | None = None) -> None:
        super().__init__(name=name)
        self._pipeline_layers = list(layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers."""
        return self._pipeline_layers

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        for layer in self._pipeline_layers:
            signature, given = layer._call_signature, {}
            if signature.mask:
                given["mask"] = mask
            if signature.training:
                given["training"] = training
            inputs = layer(inputs, **given)
            mask = tree.map_structure(get_mask, inputs)
        return inputs
