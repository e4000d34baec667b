"""Weights of layers of one's own as Keras 1 and 2 let them be declared: by lists of variables.

Layers find variables in their attributes by themselves. A list says which of them are trained.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..variable import Variable


def _declare(layer: Any, weights: Iterable[Any], trained: bool) -> list[Variable]:
    """Make variables weights of the layer, unless layers in it have them already."""
    given = [w for w in weights if isinstance(w, Variable)]
    below = {id(v) for part in layer._layers for v in part.weights}
    own = layer.__dict__.setdefault("_own_weights", [])
    for v in given:
        if id(v) in below:
            continue
        if not any(v is w for w in own):
            own.append(v)
        v.can_train = trained
        v.trainable = trained and layer._trainable
    return given


def set_trainable(layer: Any, weights: Any) -> None:
    """``self.trainable_weights = [...]``: these variables are trained, and no others of the layer's own.

    >>> import numpy as np
    >>> from kerata.layers import Layer
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.W, self.fixed = Variable(np.ones(2)), Variable(np.ones(3))
    ...         self.trainable_weights = [self.W]
    >>> layer = Scale()
    >>> layer.build((None, 2))
    >>> [v.shape for v in layer.trainable_weights], [v.shape for v in layer.non_trainable_weights]
    ([(2,)], [(3,)])
    """
    kept = {id(v) for v in _declare(layer, weights, True)}
    for v in layer._own_variables:
        if id(v) not in kept:
            v.can_train = v.trainable = False


def set_non_trainable(layer: Any, weights: Any) -> None:
    """``self.non_trainable_weights = [...]``: state that is saved and not trained."""
    _declare(layer, weights, False)


class Declared(list):
    """``self._trainable_weights``, or that of weights that are not trained: what is appended becomes a weight.

    Args:
        layer: The layer.
        trained: Which of the two it is.
    """

    def __init__(self, layer: Any, trained: bool) -> None:
        super().__init__(v for v in layer._own_variables if v.can_train == trained)
        self._layer, self._trained = layer, trained

    def append(self, weight: Any) -> None:
        """Declare a weight."""
        self.extend([weight])

    def extend(self, weights: Any) -> None:
        """Declare several."""
        super().extend(_declare(self._layer, weights, self._trained))

    def __iadd__(self, weights: Any) -> Declared:  # type: ignore[override, misc]
        self.extend(weights)
        return self

    def __reduce__(self) -> Any:
        return list, (list(self),)
