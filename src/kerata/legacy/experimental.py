"""``keras.experimental``: linear models, and linear models beside deep ones."""

from __future__ import annotations

from typing import Any

from .. import activations, layers, ops, tree
from ..errors import InputError
from ..models import Model
from ..optimizers import MultiOptimizer, get

__all__ = ["LinearModel", "WideDeepModel"]


class LinearModel(Model):
    """A weighted sum of all inputs, plus a bias.

    Args:
        units: Size of the output.
        activation: Applied to the sum.
        use_bias: Whether there is a bias.
        kernel_initializer, bias_initializer: How weights begin.
        kernel_regularizer, bias_regularizer: Penalties of weights.

    >>> import numpy as np
    >>> LinearModel()(np.ones((2, 3), "float32")).tolist()
    [[0.0], [0.0]]
    """

    def __init__(
        self,
        units: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "zeros",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.use_bias = units, use_bias
        self.activation = activations.get(activation)
        self._kernel = {
            "kernel_initializer": kernel_initializer,
            "kernel_regularizer": kernel_regularizer,
        }
        self._bias = {"initializer": bias_initializer, "regularizer": bias_regularizer}
        self.dense_layers: list[Any] = []
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        """Make a kernel for each input."""
        named = isinstance(input_shape, dict)
        shapes = dict(sorted(input_shape.items())) if named else {}
        if not named:
            several = len(input_shape) > 0 and isinstance(input_shape[0], (list, tuple))
            shapes = dict(enumerate(input_shape if several else [input_shape]))
        for key, shape in shapes.items():
            layer = layers.Dense(
                self.units, use_bias=False, name=key if named else None, **self._kernel
            )
            layer.build(shape)
            self.dense_layers.append(layer)
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.units,), name="bias", **self._bias)

    def call(self, inputs: Any) -> Any:
        """The sum over the inputs: a tensor, a list of tensors, or a dict."""
        if isinstance(inputs, dict):
            names = [layer.name for layer in self.dense_layers]
            if set(names) != set(inputs):
                raise InputError(
                    f"LinearModel expects the inputs {names}, got {sorted(inputs)}: pass a dict with these keys."
                )
            inputs = [inputs[n] for n in names]
        flat = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        total = sum(layer(x) for layer, x in zip(self.dense_layers, flat, strict=True))
        return self.activation(total if self.bias is None else total + self.bias)


class WideDeepModel(Model):
    """The sum of a linear model and a deep one, trained together (Cheng et al., arXiv:1606.07792).

    Its input is that of both, or a pair of inputs. ``compile`` takes one optimizer, or a pair.

    Args:
        linear_model: Such as a `LinearModel`.
        dnn_model: A model whose output has the same shape.
        activation: Applied to the sum.

    >>> import numpy as np
    >>> from kerata import Sequential
    >>> model = WideDeepModel(LinearModel(), Sequential([layers.Dense(1, kernel_initializer="zeros")]))
    >>> model.compile(["sgd", "adam"], "mse")
    >>> model.predict(np.ones((2, 3)), verbose=0).tolist()
    [[0.0], [0.0]]
    """

    def __init__(
        self, linear_model: Any, dnn_model: Any, activation: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.linear_model, self.dnn_model = linear_model, dnn_model
        self.activation = activations.get(activation)

    def compile(self, optimizer: Any = "rmsprop", *args: Any, **kwargs: Any) -> None:
        """As `Model.compile`; a pair of optimizers is one for each part."""
        if isinstance(optimizer, (list, tuple)):
            wide, deep = (get(o) for o in optimizer)

            def of(variable: Any) -> Any:
                linear = any(variable is w for w in self.linear_model.weights)
                return wide if linear else deep

            optimizer = MultiOptimizer(of)
        super().compile(optimizer, *args, **kwargs)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The sum of both."""
        pair = isinstance(inputs, (list, tuple)) and len(inputs) == 2
        wide, deep = inputs if pair else (inputs, inputs)
        total = tree.map_structure(
            ops.add, self.linear_model(wide), self.dnn_model(deep, training=training)
        )
        return tree.map_structure(self.activation, total)
