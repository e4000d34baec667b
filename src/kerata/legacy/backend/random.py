"""Random tensors. Sizes among the shapes may be symbolic."""

from __future__ import annotations

from typing import Any

from ... import config, dtypes, ops
from ...ops.arrange import as_sizes
from ._define import backend_op

Tensor = Any


def _kind(dtype: Any) -> str:
    return dtypes.standardize(dtype or config.floatx())


def _sizes(shape: Any) -> Any:
    try:
        return tuple(as_sizes(shape))
    except TypeError:  # sizes that a graph does not know: the engine may take tensors
        return shape


@backend_op
def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers of the normal distribution.

    >>> tuple(random_normal((2, 3)).shape)
    (2, 3)
    """
    return ops.random.normal(_sizes(shape), mean, stddev, _kind(dtype), seed)


@backend_op
def random_uniform(
    shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers equally likely between `minval` and, without, `maxval`; whole ones for integer dtypes.

    >>> tuple(random_uniform((2, 3)).shape)
    (2, 3)
    """
    kind = _kind(dtype)
    draw = ops.random.randint if dtypes.is_integer(kind) else ops.random.uniform
    return draw(_sizes(shape), minval, maxval, kind, seed)


@backend_op
def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Tensor:
    """Numbers of the normal distribution, those beyond two deviations left out.

    >>> tuple(truncated_normal((2, 3)).shape)
    (2, 3)
    """
    return ops.random.truncated_normal(_sizes(shape), mean, stddev, _kind(dtype), seed)


@backend_op
def random_bernoulli(shape: Any, p: Any = 0.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Ones with probability `p`, zeros else.

    >>> random_bernoulli((3,), p=1.0).tolist()
    [1.0, 1.0, 1.0]
    """
    draws = ops.random.uniform(_sizes(shape), seed=seed)
    return ops.cast(ops.less(draws, p), _kind(dtype))


@backend_op
def random_binomial(shape: Any, p: Any = 0.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Ones with probability `p`, zeros else: `random_bernoulli` under its first name.

    >>> random_binomial((3,), p=0.0).tolist()
    [0.0, 0.0, 0.0]
    """
    return random_bernoulli(shape, p, dtype, seed)


@backend_op
def dropout(x: Tensor, level: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Elements set to 0 with probability `level`, the others divided by ``1 - level``.

    `noise_shape` is the shape of what is drawn, which is broadcast.

    >>> dropout([1.0, 2.0], 0.0).tolist()
    [1.0, 2.0]
    """
    noise = None if noise_shape is None else [None if d is None else int(d) for d in noise_shape]
    return ops.random.dropout(ops.convert_to_tensor(x), level, noise, seed)
