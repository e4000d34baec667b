"""Activation functions by name: those of `kerata.ops.nn`, with the argument names of Keras.

>>> get("relu")([-1.0, 2.0]).tolist()
[0.0, 2.0]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import ops
from .scope import set_logits
from .serialization import deserialize_keras_object, lookup, serialize_keras_object
from .spec import Spec

celu = ops.celu
elu = ops.elu
glu = ops.glu
hard_shrink = ops.hard_shrink
hard_sigmoid = ops.hard_sigmoid
hard_silu = hard_swish = ops.hard_silu
hard_tanh = ops.hard_tanh
leaky_relu = ops.leaky_relu
log_sigmoid = ops.log_sigmoid
log_softmax = ops.log_softmax
mish = ops.mish
relu6 = ops.relu6
selu = ops.selu
silu = swish = ops.silu
soft_shrink = ops.soft_shrink
softplus = ops.softplus
softsign = ops.softsign
sparse_plus = ops.sparse_plus
sparse_sigmoid = ops.sparse_sigmoid
sparsemax = ops.sparsemax
squareplus = ops.squareplus
tanh = ops.tanh
tanh_shrink = ops.tanh_shrink
threshold = ops.threshold


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``. A cross-entropy of the result is computed from `x` itself.

    >>> sigmoid(0.0).tolist()
    0.5
    """
    y = ops.sigmoid(x)
    if not isinstance(y, Spec):
        set_logits(y, "sigmoid", None, x)
    return y


def softmax(x: Any, axis: Any = -1) -> Any:
    """``exp(x) / sum(exp(x))`` along `axis`. A cross-entropy of the result is computed from `x` itself.

    >>> softmax([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    y = ops.softmax(x, axis)
    if not isinstance(y, Spec):
        set_logits(y, "softmax", axis, x)
    return y


def linear(x: Any) -> Any:
    """`x` itself.

    >>> linear([1.0, -2.0])
    [1.0, -2.0]
    """
    return x


def exponential(x: Any) -> Any:
    """e to the power of `x`.

    >>> exponential([0.0]).tolist()
    [1.0]
    """
    return ops.exp(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """``x`` times the normal distribution's probability of less than `x`; exact by default.

    >>> round(float(gelu(1.0)), 4)
    0.8413
    """
    return ops.gelu(x, approximate=approximate)


def relu(
    x: Any,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Any:
    """The rectifier: `x` above `threshold`, else ``negative_slope * (x - threshold)``.

    `max_value` bounds the result from above.

    >>> relu([-2.0, 1.0, 9.0], negative_slope=0.5, max_value=6.0).tolist()
    [-1.0, 1.0, 6.0]
    """
    if negative_slope == 0 and threshold == 0 and max_value is None:
        return ops.relu(x)
    above = ops.greater(x, threshold)
    below = ops.multiply(negative_slope, ops.subtract(x, threshold)) if negative_slope else 0
    kept = x if max_value is None else ops.minimum(x, max_value)
    return ops.where(above, kept, below)


_NAMES = """
celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus
softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
"""
_TABLE: dict[str, Callable] = {name: globals()[name] for name in _NAMES.split()}


def get(identifier: Any) -> Callable:
    """The activation that a name, a configuration, a function or an object stands for.

    ``None`` is `linear`.

    >>> get("swish") is silu, get(None) is linear
    (True, True)
    """
    if identifier is None:
        return linear
    return lookup("activation", identifier, _TABLE)


def serialize(activation: Callable) -> Any:
    """The name of a built-in activation, the configuration of any other.

    >>> serialize(silu)
    'silu'
    """
    for name, known in _TABLE.items():
        if known is activation:
            return name
    return serialize_keras_object(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Callable:
    """The activation of a name or configuration that `serialize` gave.

    >>> deserialize("relu").__name__
    'relu'
    """
    if isinstance(config, str) and (custom_objects is None or config not in custom_objects):
        return get(config)
    return deserialize_keras_object(config, custom_objects, module_objects=_TABLE)


def __getattr__(name: str) -> Any:
    """Names of Keras 1, 2 and tf.keras."""
    from .doors import old_name

    return old_name(__name__, name, _TABLE)
