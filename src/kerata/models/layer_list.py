"""The list that ``model.layers`` gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class LayerList(list):
    """Layers of a model. Popping one takes it out of the model, on which programs for Keras 1 and 2 rely.

    >>> from kerata import Input, Sequential, layers
    >>> model = Sequential([Input((2,)), layers.Dense(3), layers.Dense(1)])
    >>> model.layers.pop().units, model.output_shape
    (1, (None, 3))
    """

    def __init__(self, layers: Iterable[Any], model: Any) -> None:
        super().__init__(layers)
        self._model = model

    def pop(self, index: Any = -1) -> Any:
        """Take a layer out of the list, and out of the model."""
        from ..legacy.methods import take_out

        layer = super().pop(index)
        take_out(self._model, layer)
        return layer

    def __reduce__(self) -> Any:
        return list, (list(self),)

    def __deepcopy__(self, memo: Any) -> list[Any]:
        import copy

        return copy.deepcopy(list(self), memo)
