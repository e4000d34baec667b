"""`Wrapper`: the base of layers that change what another layer does."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from .layer import Layer


def check_layer_given(layer: Any, where: str, name: str = "layer") -> None:
    """Raise an error unless `layer` is a layer."""
    if isinstance(layer, type) and issubclass(layer, Layer):
        raise InputError(
            f"{where}: {name} must be a layer, got the class {layer.__name__}. Make one: {layer.__name__}(...)."
        )
    if not isinstance(layer, Layer):
        raise InputError(f"{where}: {name} must be a layer; got {layer!r}.")


class Wrapper(Layer):
    """Base of wrappers: holds a layer, builds it, and leaves ``call`` to subclasses.

    Args:
        layer: The layer that is wrapped.

    >>> from kerata.layers import Dense
    >>> class Twice(Wrapper):
    ...     def call(self, x):
    ...         return self.layer(self.layer(x))
    >>> Twice(Dense(3)).compute_output_shape((None, 3))
    (None, 3)
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        check_layer_given(layer, type(self).__name__)
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the wrapped layer."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
