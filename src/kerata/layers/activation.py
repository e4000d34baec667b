"""Activations as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import activations, ops
from ..errors import InputError, ShapeError
from ..spec import unprobe
from .input_spec import InputSpec
from .layer import Layer


class Activation(Layer):
    """Applies an activation function, given by name or as a function.

    >>> Activation("relu")(ops.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)


def _not_negative(layer: str, **values: Any) -> None:
    for name, value in values.items():
        if value is None or value < 0:
            raise InputError(f"{layer}: {name} must be a number not below 0, got {value!r}.")


class ReLU(Layer):
    """The rectifier: see `kerata.activations.relu`.

    Args:
        max_value: Bound from above; none by default.
        negative_slope: Slope below `threshold`.
        threshold: Where the rectifier begins.

    >>> ReLU(max_value=1.0, negative_slope=0.5)(ops.array([-2.0, 3.0])).tolist()
    [-1.0, 1.0]
    """

    supports_masking = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _not_negative("ReLU", negative_slope=negative_slope, threshold=threshold)
        _not_negative("ReLU", max_value=0 if max_value is None else max_value)
        self.adopt(locals())

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """`x` above 0, ``negative_slope * x`` below.

    >>> LeakyReLU(0.5)(ops.array([-2.0, 3.0])).tolist()
    [-1.0, 3.0]
    """

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _not_negative("LeakyReLU", negative_slope=negative_slope)
        self.adopt(locals())

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, self.negative_slope)


class ThresholdedReLU(Layer):
    """`x` above `theta`, else 0 (a layer of Keras 2).

    >>> ThresholdedReLU(1.0)(ops.array([0.5, 3.0])).tolist()
    [0.0, 3.0]
    """

    supports_masking = True

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _not_negative("ThresholdedReLU", theta=theta)
        self.adopt(locals())

    def call(self, inputs: Any) -> Any:
        return ops.threshold(inputs, self.theta, 0)


class PReLU(Layer):
    """`x` above 0, ``alpha * x`` below, with a trained alpha for each unit (He et al. 2015).

    Args:
        alpha_initializer, alpha_regularizer, alpha_constraint: Of alpha.
        shared_axes: Axes along which one alpha serves all, e.g. ``[1, 2]`` after a `Conv2D`.

    >>> PReLU(alpha_initializer="ones")(ops.array([[-1.0, 2.0]])).tolist()
    [[-1.0, 2.0]]
    """

    supports_masking = True

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        if shared_axes is not None:
            self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else list(shared_axes)

    def build(self, input_shape: Sequence[int | None]) -> None:
        rank = len(input_shape)
        shared = {a % rank for a in self.shared_axes or ()}
        own: dict[int, Any] = {i: input_shape[i] for i in range(1, rank) if i not in shared}
        self.alpha = self.weight("alpha", tuple(own.get(i, 1) for i in range(1, rank)))
        self.input_spec = InputSpec(ndim=rank, axes=own)

    def call(self, inputs: Any) -> Any:
        return ops.subtract(
            ops.relu(inputs), ops.multiply(self.alpha, ops.relu(ops.negative(inputs)))
        )


class ELU(Layer):
    """`x` above 0, ``alpha * (exp(x) - 1)`` below.

    >>> ELU()(ops.array([1.0])).tolist()
    [1.0]
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, self.alpha)


class Softmax(Layer):
    """Softmax along `axis` (one or several); masked positions get 0.

    The mask, of booleans or of numbers above 0.5 for true, must broadcast to the input.

    >>> Softmax()(ops.array([[0.0, 0.0, 5.0]]), mask=ops.array([[True, True, False]])).tolist()
    [[0.5, 0.5, 0.0]]
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())

    def call(self, inputs: Any, mask: Any = None) -> Any:
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        if mask is None:
            return activations.softmax(inputs, axis)
        have, want = ops.shape(mask), ops.shape(inputs)
        if len(have) > len(want) or any(m not in (1, d) for m, d in zip(have[::-1], want[::-1])):
            raise ShapeError(
                f"Softmax: the mask of shape {unprobe(have)} does not broadcast to the input of shape "
                f"{unprobe(want)}. Give it axes of size 1, e.g. mask[..., None]."
            )
        if ops.dtype(mask) != "bool":
            mask = ops.greater(mask, 0.5)
        lowest = -3e4 if ops.dtype(inputs) == "float16" else -1e9
        return ops.where(mask, ops.softmax(ops.where(mask, inputs, lowest), axis), 0)
