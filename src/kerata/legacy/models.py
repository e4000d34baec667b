"""Models of tf.keras's experiments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .. import activations, initializers, ops, regularizers
from ..errors import InputError
from ..layers.calls import is_shape
from ..layers.core import Dense
from ..models import Model


class LinearModel(Model):
    """A linear function of one input, or of several in a list or dict: the sum of a product with each.

    Args:
        units: Size of the output.
        activation: Function of the result; none by default.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial values.
        kernel_regularizer, bias_regularizer: Penalties.

    >>> model = LinearModel(kernel_initializer="ones")
    >>> model(ops.array([[1.0, 2.0]])).tolist()
    [[3.0]]
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
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.dense_layers: list[Dense] = []

    def build(self, input_shape: Any) -> None:
        """Make a kernel for each input, and the bias."""
        if isinstance(input_shape, dict):
            shapes: list[tuple[Any, str | None]] = [
                (input_shape[k], k) for k in sorted(input_shape)
            ]
        else:
            shapes = [(s, None) for s in ([input_shape] if is_shape(input_shape) else input_shape)]
        for shape, name in shapes:
            layer = Dense(
                self.units, use_bias=False, kernel_initializer=self.kernel_initializer,
                kernel_regularizer=self.kernel_regularizer, name=name,
            )  # fmt: skip
            layer.build(tuple(shape))
            layer.built = True
            self.dense_layers.append(layer)
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,), self.bias_initializer, regularizer=self.bias_regularizer, name="bias"
            )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The sum of all products."""
        if isinstance(inputs, dict):
            names = [layer.name for layer in self.dense_layers]
            missing = sorted(set(names) - set(inputs))
            if missing:
                raise InputError(
                    f"LinearModel: the inputs lack {', '.join(missing)}; they must be {', '.join(names)}."
                )
            inputs = [inputs[n] for n in names]
        elif not isinstance(inputs, (list, tuple)):
            inputs = [inputs]
        if len(inputs) != len(self.dense_layers):
            raise InputError(
                f"LinearModel was built for {len(self.dense_layers)} inputs, got {len(inputs)}."
            )
        y = self.dense_layers[0](inputs[0])
        for x, layer in zip(inputs[1:], self.dense_layers[1:]):
            y = ops.add(y, layer(x))
        return self.activation(y if self.bias is None else ops.add(y, self.bias))


class WideDeepModel(Model):
    """The sum of a linear and of a deep model (Cheng et al., arXiv:1606.07792).

    Args:
        linear_model: A `LinearModel`, or any other.
        dnn_model: The deep model, whose output has the same shape.
        activation: Function of the sum; none by default.

    The inputs are a pair, one for each, or one for both. `compile` may take a pair of optimizers.

    >>> from kerata import Sequential, layers
    >>> model = WideDeepModel(LinearModel(), Sequential([layers.Dense(1, kernel_initializer="ones")]))
    >>> model([ops.ones((1, 2)), ops.ones((1, 3))]).tolist()
    [[3.0]]
    """

    def __init__(
        self, linear_model: Model, dnn_model: Model, activation: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.linear_model, self.dnn_model = linear_model, dnn_model
        self.activation = activations.get(activation)

    def call(self, inputs: Any, training: Any = None) -> Any:
        """The sum of both outputs, through the activation."""
        pair = isinstance(inputs, (list, tuple)) and len(inputs) == 2
        wide, deep = inputs if pair else (inputs, inputs)
        y = ops.add(self.linear_model(wide), self.dnn_model(deep, training=training))
        return self.activation(y)

    def compile(self, optimizer: Any = "rmsprop", *args: Any, **kwargs: Any) -> None:
        """As of `Model`; of a pair of optimizers the first is for the linear model."""
        if isinstance(optimizer, (list, tuple)):
            optimizer = self._one_of(optimizer)
        super().compile(optimizer, *args, **kwargs)

    def _one_of(self, pair: Sequence[Any]) -> Any:
        from .. import optimizers

        if len(pair) != 2:
            raise InputError(f"WideDeepModel takes one optimizer or two, got {len(pair)}.")
        wide, deep = (optimizers.get(o) for o in pair)
        mine = f"(.*/)?{re.escape(self.linear_model.name)}/.*"
        return optimizers.MultiOptimizer(optimizers.OptimizerMap(deep, {mine: wide}))


class SharpnessAwareMinimization(Model):
    """Trains a model towards flat minima (Foret et al., arXiv:2010.01412).

    A step goes up along the gradient by `rho`, takes the gradient there, and applies it to where it was.

    Args:
        model: The model.
        rho: Length of the way up.
        num_batch_splits: Number of parts of a batch, each with a way of its own, whose gradients are
            added.

    >>> from kerata import Sequential, layers
    >>> model = SharpnessAwareMinimization(Sequential([layers.Dense(1, kernel_initializer="ones")]))
    >>> model(ops.ones((1, 3))).tolist()
    [[3.0]]
    """

    def __init__(
        self,
        model: Model,
        rho: float = 0.05,
        num_batch_splits: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.model, self.rho, self.num_batch_splits = model, rho, num_batch_splits

    def call(self, inputs: Any, training: Any = None) -> Any:
        """What the model gives."""
        return self.model(inputs, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step."""
        from ..train.data import unpack_x_y_sample_weight
        from ..train.step import _follow

        x, y, weight = unpack_x_y_sample_weight(data)
        parts, variables = self.num_batch_splits or 1, self.model.trainable_variables
        total: list[Any] = []
        preds, losses = [], []
        for batch in zip(*(_split(v, parts) for v in (x, y, weight))):
            before = [v.value for v in variables]
            _, _, grads = self._gradients(batch, variables, training=False)
            norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in grads))
            for v, value, g in zip(variables, before, grads):
                v.assign(value + g * (self.rho / (norm + 1e-12)))
            loss, pred, grads = self._gradients(batch, variables, training=True)
            for v, value in zip(variables, before):
                v.assign(value)
            total = [a + g for a, g in zip(total, grads)] if total else list(grads)
            preds.append(pred)
            losses.append(loss)
        self.optimizer.apply(total, variables)
        pred = preds[0] if parts == 1 else ops.concatenate(preds, axis=0)
        _follow(self, x, y, pred, weight, sum(losses) / parts)
        return self.get_metrics_result()

    def _gradients(self, batch: Any, variables: list[Any], training: bool) -> tuple[Any, Any, Any]:
        from ..train.step import gradients

        x, y, weight = batch

        def objective() -> tuple[Any, Any]:
            pred = self(x, training=training)
            loss = self.compute_loss(
                x=x, y=y, y_pred=pred, sample_weight=weight, training=training
            )
            return loss, pred

        return gradients(self, objective, variables)


def _split(x: Any, parts: int) -> list[Any]:
    return [x] * parts if x is None or parts == 1 else ops.split(x, parts, axis=0)
