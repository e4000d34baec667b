"""Element-wise functions, comparisons and reductions."""

from __future__ import annotations

from typing import Any

from ... import config, dtypes, ops
from ..functions import hard_sigmoid_keras2
from ._define import axes, is_size, on_sizes

Tensor = Any


def _float(x: Any) -> Any:
    """`x`, with truths as 0.0 and 1.0."""
    return ops.cast(x, config.floatx()) if dtypes.result_type(x) == "bool" else x


# --- element by element -------------------------------------------------------------------------


def abs(x: Tensor) -> Tensor:
    """Absolute value.

    >>> abs([-2.0, 1.0]).tolist()
    [2.0, 1.0]
    """
    return on_sizes("absolute", x) if is_size(x) else ops.absolute(x)


def square(x: Tensor) -> Tensor:
    """``x * x``.

    >>> square([-2.0, 1.0]).tolist()
    [4.0, 1.0]
    """
    return on_sizes("square", x) if is_size(x) else ops.square(x)


def sqrt(x: Tensor) -> Tensor:
    """Square root, that of negative numbers being 0.

    >>> sqrt([4.0, -4.0]).tolist()
    [2.0, 0.0]
    """
    return ops.sqrt(ops.maximum(x, 0.0))


def exp(x: Tensor) -> Tensor:
    """e to the power of `x`.

    >>> exp([0.0]).tolist()
    [1.0]
    """
    return ops.exp(x)


def log(x: Tensor) -> Tensor:
    """Natural logarithm.

    >>> log([1.0]).tolist()
    [0.0]
    """
    return ops.log(x)


def round(x: Tensor) -> Tensor:
    """The nearest whole number, the even one of two.

    >>> round([0.5, 1.5, 2.6]).tolist()
    [0.0, 2.0, 3.0]
    """
    return ops.round(x)


def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1.

    >>> sign([-3.0, 0.0]).tolist()
    [-1.0, 0.0]
    """
    return ops.sign(x)


def sin(x: Tensor) -> Tensor:
    """Sine of an angle in radians.

    >>> sin([0.0]).tolist()
    [0.0]
    """
    return ops.sin(x)


def cos(x: Tensor) -> Tensor:
    """Cosine of an angle in radians.

    >>> cos([0.0]).tolist()
    [1.0]
    """
    return ops.cos(x)


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent.

    >>> tanh([0.0]).tolist()
    [0.0]
    """
    return ops.tanh(x)


def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``.

    >>> sigmoid([0.0]).tolist()
    [0.5]
    """
    return ops.sigmoid(x)


def hard_sigmoid(x: Tensor) -> Tensor:
    """``0.2 * x + 0.5`` between 0 and 1, as in Keras 1 and 2.

    >>> hard_sigmoid([-3.0, 0.0, 3.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return hard_sigmoid_keras2(x)


def softplus(x: Tensor) -> Tensor:
    """``log(1 + exp(x))``.

    >>> softplus([0.0]).tolist()[0] > 0.69
    True
    """
    return ops.softplus(x)


def softsign(x: Tensor) -> Tensor:
    """``x / (1 + |x|)``.

    >>> softsign([1.0]).tolist()
    [0.5]
    """
    return ops.softsign(x)


def pow(x: Tensor, a: Tensor) -> Tensor:
    """`x` to the power of `a`.

    >>> pow([2.0], 3).tolist()
    [8.0]
    """
    return ops.power(x, a)


def clip(x: Tensor, min_value: Any, max_value: Any) -> Tensor:
    """`x` held between two numbers; ``None`` is no limit, an upper one below the lower counts as equal.

    >>> clip([-1.0, 0.5, 2.0], 0, None).tolist()
    [0.0, 0.5, 2.0]
    """
    if isinstance(min_value, (int, float)) and isinstance(max_value, (int, float)):
        max_value = max_value if max_value > min_value else min_value
    if min_value is None and max_value is None:
        return x
    if min_value is None:
        return ops.minimum(x, max_value)
    return ops.maximum(x, min_value) if max_value is None else ops.clip(x, min_value, max_value)


# --- two tensors --------------------------------------------------------------------------------


def maximum(x: Tensor, y: Tensor) -> Tensor:
    """The larger of two, element by element.

    >>> maximum([1.0, 4.0], 2.0).tolist()
    [2.0, 4.0]
    """
    return on_sizes("maximum", x, y) if is_size([x, y]) else ops.maximum(x, y)


def minimum(x: Tensor, y: Tensor) -> Tensor:
    """The smaller of two, element by element.

    >>> minimum([1.0, 4.0], 2.0).tolist()
    [1.0, 2.0]
    """
    return on_sizes("minimum", x, y) if is_size([x, y]) else ops.minimum(x, y)


def equal(x: Tensor, y: Tensor) -> Tensor:
    """``x == y``, element by element.

    >>> equal([1, 2], [1, 3]).tolist()
    [True, False]
    """
    return ops.equal(x, y)


def not_equal(x: Tensor, y: Tensor) -> Tensor:
    """``x != y``, element by element.

    >>> not_equal([1, 2], [1, 3]).tolist()
    [False, True]
    """
    return ops.not_equal(x, y)


def greater(x: Tensor, y: Tensor) -> Tensor:
    """``x > y``, element by element.

    >>> greater([1, 2], 1).tolist()
    [False, True]
    """
    return ops.greater(x, y)


def greater_equal(x: Tensor, y: Tensor) -> Tensor:
    """``x >= y``, element by element.

    >>> greater_equal([1, 2], 2).tolist()
    [False, True]
    """
    return ops.greater_equal(x, y)


def less(x: Tensor, y: Tensor) -> Tensor:
    """``x < y``, element by element.

    >>> less([1, 2], 2).tolist()
    [True, False]
    """
    return ops.less(x, y)


def less_equal(x: Tensor, y: Tensor) -> Tensor:
    """``x <= y``, element by element.

    >>> less_equal([1, 2], 1).tolist()
    [True, False]
    """
    return ops.less_equal(x, y)


# --- along axes ---------------------------------------------------------------------------------


def sum(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Sum along axes, or of everything.

    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=-1).tolist()
    [3.0, 7.0]
    """
    if is_size(x):
        return on_sizes("sum", x, axis=axis, keepdims=keepdims)
    return ops.sum(x, axes(axis), keepdims)


def prod(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Product along axes, or of everything.

    >>> prod([[1.0, 2.0], [3.0, 4.0]], axis=0).tolist()
    [3.0, 8.0]
    """
    if is_size(x):
        return on_sizes("prod", x, axis=axis, keepdims=keepdims)
    return ops.prod(x, axes(axis), keepdims)


def max(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Largest along axes, or of everything.

    >>> max([[1.0, 2.0], [3.0, 4.0]], axis=[0, 1]).tolist()
    4.0
    """
    if is_size(x):
        return on_sizes("max", x, axis=axis, keepdims=keepdims)
    return ops.max(x, axes(axis), keepdims)


def min(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Smallest along axes, or of everything.

    >>> min([[1.0, 2.0], [3.0, 4.0]], axis=1, keepdims=True).tolist()
    [[1.0], [3.0]]
    """
    if is_size(x):
        return on_sizes("min", x, axis=axis, keepdims=keepdims)
    return ops.min(x, axes(axis), keepdims)


def mean(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Mean along axes, or of everything; truths count as 0.0 and 1.0.

    >>> mean([True, False, True, True]).tolist()
    0.75
    """
    return ops.mean(_float(x), axes(axis), keepdims)


def var(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Variance along axes (n in the denominator).

    >>> var([1.0, 3.0]).tolist()
    1.0
    """
    return ops.var(_float(x), axes(axis), keepdims)


def std(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Standard deviation along axes (n in the denominator).

    >>> std([1.0, 5.0]).tolist()
    2.0
    """
    return ops.std(_float(x), axes(axis), keepdims)


def any(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether any is true, or not 0, along axes.

    >>> any([[0.0, 2.0], [0.0, 0.0]], axis=1).tolist()
    [True, False]
    """
    return ops.any(ops.cast(x, "bool"), axes(axis), keepdims)


def all(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether all are true, or not 0, along axes.

    >>> all([[1.0, 2.0], [0.0, 1.0]], axis=1).tolist()
    [True, False]
    """
    return ops.all(ops.cast(x, "bool"), axes(axis), keepdims)


def logsumexp(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    """``log(sum(exp(x)))`` along axes without overflow.

    >>> logsumexp([1000.0]).tolist()
    1000.0
    """
    return ops.logsumexp(x, axes(axis), keepdims)


def argmax(x: Tensor, axis: int = -1) -> Tensor:
    """Index of the largest along an axis.

    >>> argmax([[1.0, 5.0, 2.0]]).tolist()
    [1]
    """
    return ops.argmax(x, axes(axis))


def argmin(x: Tensor, axis: int = -1) -> Tensor:
    """Index of the smallest along an axis.

    >>> argmin([[1.0, 5.0, 0.0]]).tolist()
    [2]
    """
    return ops.argmin(x, axes(axis))


def cumsum(x: Tensor, axis: int = 0) -> Tensor:
    """Partial sums along an axis.

    >>> cumsum([1.0, 2.0, 3.0]).tolist()
    [1.0, 3.0, 6.0]
    """
    return on_sizes("cumsum", x, axis=axis) if is_size(x) else ops.cumsum(x, axis)


def cumprod(x: Tensor, axis: int = 0) -> Tensor:
    """Partial products along an axis.

    >>> cumprod([1.0, 2.0, 3.0]).tolist()
    [1.0, 2.0, 6.0]
    """
    return on_sizes("cumprod", x, axis=axis) if is_size(x) else ops.cumprod(x, axis)
