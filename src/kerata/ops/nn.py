"""``ops.nn``: activations, normalization and attention; under this name also what `convolve`,
`recurrent`, `loss`, `ctc` and `create` define of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import config, dtypes
from ..errors import ShapeError
from ..spec import normalize_axis
from . import math, reduce
from ._define import REGISTRY, Tensor, alias, dtype_of, op, shape_of
from .arrange import expand_dims, repeat, reshape, split
from .create import arange, ones_like
from .product import einsum

_ELSEWHERE = frozenset(
    """
    adaptive_average_pool adaptive_max_pool average_pool binary_crossentropy
    categorical_crossentropy conv conv_transpose ctc_decode ctc_loss depth_to_space depthwise_conv
    fold gru lstm max_pool multi_hot one_hot separable_conv simple_rnn space_to_depth
    sparse_categorical_crossentropy unfold
    """.split()
)


def __getattr__(name: str) -> Any:
    if name in _ELSEWHERE:
        return REGISTRY[name]
    raise AttributeError(f"ops.nn has no {name!r}.")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ELSEWHERE})


# --- activations --------------------------------------------------------------------------------


def _as_float(x: Any) -> Any:
    kind = dtype_of(x)
    return x if kind in dtypes.FLOATS or kind in dtypes.COMPLEX else math.cast(x, config.floatx())


@op
def relu(x: Tensor) -> Tensor:
    """``max(x, 0)``; its gradient at 0 is 0.

    >>> relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return math.where(math.greater(x, 0), x, 0)


@op
def relu6(x: Tensor) -> Tensor:
    """``min(max(x, 0), 6)``."""
    x = _as_float(x)
    return math.where(math.greater(x, 6), 6, relu(x))


@op
def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``, computed without overflow."""
    x = _as_float(x)
    small = math.exp(math.negative(math.absolute(x)))
    return math.divide(
        math.where(math.greater_equal(x, 0), ones_like(x), small), math.add(1, small)
    )


@op
def sparse_sigmoid(x: Tensor) -> Tensor:
    """``(x + 1) / 2`` held within [0, 1]."""
    return math.clip(math.multiply(math.add(_as_float(x), 1), 0.5), 0, 1)


@op
def hard_sigmoid(x: Tensor) -> Tensor:
    """``x / 6 + 1/2`` held within [0, 1]."""
    return math.clip(math.add(math.divide(_as_float(x), 6), 0.5), 0, 1)


@op
def log_sigmoid(x: Tensor) -> Tensor:
    """``log(sigmoid(x))``, finite also for very negative `x`."""
    return math.negative(softplus(math.negative(_as_float(x))))


@op
def softplus(x: Tensor) -> Tensor:
    """``log(1 + exp(x))``, computed without overflow."""
    return math.logaddexp(_as_float(x), 0)


@op
def softsign(x: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    x = _as_float(x)
    return math.divide(x, math.add(1, math.absolute(x)))


@op
def silu(x: Tensor) -> Tensor:
    """``x * sigmoid(x)`` (Elfwing et al. 2017), also called swish."""
    x = _as_float(x)
    return math.multiply(x, sigmoid(x))


swish = alias("swish", silu)


@op
def hard_silu(x: Tensor) -> Tensor:
    """``x * hard_sigmoid(x)`` (Howard et al. 2019), also called hard swish."""
    x = _as_float(x)
    return math.multiply(x, hard_sigmoid(x))


hard_swish = alias("hard_swish", hard_silu)


@op
def hard_tanh(x: Tensor) -> Tensor:
    """`x` held within [-1, 1]."""
    return math.clip(x, -1, 1)


@op
def tanh_shrink(x: Tensor) -> Tensor:
    """``x - tanh(x)``."""
    x = _as_float(x)
    return math.subtract(x, math.tanh(x))


@op
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """`x` moved towards 0 by `threshold`, and 0 within it."""
    x = _as_float(x)
    inside = math.less_equal(math.absolute(x), threshold)
    return math.where(inside, 0, math.subtract(x, math.multiply(math.sign(x), threshold)))


@op
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """`x` where ``|x| > threshold``, else 0."""
    x = _as_float(x)
    return math.where(math.greater(math.absolute(x), threshold), x, 0)


@op
def threshold(x: Tensor, threshold: float, default_value: float) -> Tensor:
    """`x` where it is above `threshold`, else `default_value`."""
    return math.where(math.greater(x, threshold), x, default_value)


@op
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """`x` above 0, ``alpha * (exp(x) - 1)`` below (Clevert et al. 2015)."""
    x = _as_float(x)
    low = math.expm1(math.where(math.greater(x, 0), 0, x))
    return math.where(math.greater(x, 0), x, math.multiply(alpha, low))


@op
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """`x` above 0, ``alpha * (exp(x / alpha) - 1)`` below (Barron 2017)."""
    x = _as_float(x)
    low = math.expm1(math.divide(math.where(math.greater(x, 0), 0, x), alpha))
    return math.where(math.greater(x, 0), x, math.multiply(alpha, low))


@op
def selu(x: Tensor) -> Tensor:
    """``1.0507 * elu(x, 1.6733)`` (Klambauer et al. 2017), which keeps mean 0 and variance 1."""
    return math.multiply(1.0507009873554805, elu(x, 1.6732632423543772))


@op
def gelu(x: Tensor, approximate: bool = True) -> Tensor:
    """``x`` times the normal distribution's probability of less than `x` (Hendrycks and Gimpel 2016).

    `approximate` takes its formula with tanh instead of the error function.
    """
    x = _as_float(x)
    if approximate:
        inner = math.multiply(
            0.7978845608028654, math.add(x, math.multiply(0.044715, math.power(x, 3)))
        )
        share = math.add(1, math.tanh(inner))
    else:
        share = math.add(1, math.erf(math.multiply(x, 0.7071067811865476)))
    return math.multiply(math.multiply(0.5, x), share)


@op
def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    """`x` above 0, ``negative_slope * x`` below."""
    return math.where(math.greater(x, 0), x, math.multiply(negative_slope, x))


@op
def mish(x: Tensor) -> Tensor:
    """``x * tanh(softplus(x))`` (Misra 2019)."""
    x = _as_float(x)
    return math.multiply(x, math.tanh(softplus(x)))


@op
def squareplus(x: Tensor, b: float = 4) -> Tensor:
    """``(x + sqrt(x**2 + b)) / 2``, a smooth rectifier (Barron 2021)."""
    x = _as_float(x)
    return math.multiply(math.add(x, math.sqrt(math.add(math.square(x), b))), 0.5)


@op
def sparse_plus(x: Tensor) -> Tensor:
    """0 below -1, `x` above 1, ``(x + 1)**2 / 4`` between."""
    x = _as_float(x)
    middle = math.multiply(math.square(math.add(x, 1)), 0.25)
    return math.where(math.less_equal(x, -1), 0, math.where(math.less(x, 1), middle, x))


@op
def glu(x: Tensor, axis: int = -1) -> Tensor:
    """The first half along `axis` times the sigmoid of the second (Dauphin et al. 2016)."""
    first, second = split(x, 2, axis)
    return math.multiply(first, sigmoid(second))


@op
def softmax(x: Tensor, axis: int | Sequence[int] | None = -1) -> Tensor:
    """``exp(x)`` divided by its sum along `axis` (one, several, or all for ``None``).

    >>> softmax([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    x = _as_float(x)
    e = math.exp(math.subtract(x, math.stop_gradient(reduce.max(x, axis, keepdims=True))))
    return math.divide(e, reduce.sum(e, axis, keepdims=True))


@op
def log_softmax(x: Tensor, axis: int | Sequence[int] | None = -1) -> Tensor:
    """``log(softmax(x))``, without overflow and without log of 0."""
    x = _as_float(x)
    x = math.subtract(x, math.stop_gradient(reduce.max(x, axis, keepdims=True)))
    return math.subtract(x, math.log(reduce.sum(math.exp(x), axis, keepdims=True)))


@op
def sparsemax(x: Tensor, axis: int = -1) -> Tensor:
    """The point of the probability simplex nearest to `x` (Martins and Astudillo 2016)."""
    x = _as_float(x)
    shape = shape_of(x)
    place = normalize_axis(axis, len(shape))
    n = shape[place]
    falling = math.negative(reduce.sort(math.negative(x), axis=place))
    column = [1] * len(shape)
    column[place] = -1
    k = reshape(math.cast(arange(1, n + 1), dtype_of(x)), column)
    total = reduce.cumsum(falling, axis=place)
    inside = math.greater(math.add(1, math.multiply(k, falling)), total)
    size = reduce.sum(math.cast(inside, dtype_of(x)), place, keepdims=True)
    kept = reduce.sum(math.where(inside, falling, 0), place, keepdims=True)
    return math.maximum(math.subtract(x, math.divide(math.subtract(kept, 1), size)), 0)


# --- statistics and normalization ---------------------------------------------------------------


def _wide(x: Any) -> tuple[Any, str]:
    """`x` in float32 at least, and the dtype it came in: sums of squares overflow half precision."""
    x = _as_float(x)
    kind = dtype_of(x)
    return (math.cast(x, "float32") if kind in ("float16", "bfloat16") else x), kind


@op
def moments(
    x: Tensor, axes: Any, keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """Mean and variance along `axes`, in float32 inside for half precision."""
    x, kind = _wide(x)
    mean = reduce.mean(x, axes, keepdims=True)
    variance = reduce.mean(
        math.square(math.subtract(x, math.stop_gradient(mean))), axes, keepdims=keepdims
    )
    # The gradient of the variance through the mean is exactly zero, hence the stop.
    if not keepdims:
        mean = reduce.sum(mean, axes)
    if kind == "float16":
        mean, variance = math.clip(mean, -65504.0, 65504.0), math.clip(variance, -65504.0, 65504.0)
    return math.cast(mean, kind), math.cast(variance, kind)


@op
def normalize(
    x: Tensor,
    axis: int | Sequence[int] | None = -1,
    order: int | float = 2,
    epsilon: float | None = None,
) -> Tensor:
    """`x` divided by its norm of that order along `axis`, the norm held above `epsilon`."""
    x = _as_float(x)
    epsilon = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        squares = reduce.sum(math.square(x), axis, keepdims=True)
        return math.multiply(x, math.rsqrt(math.maximum(squares, epsilon**2)))
    return math.divide(x, math.maximum(reduce.norm(x, order, axis, keepdims=True), epsilon))


@op
def batch_normalization(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    axis: int,
    offset: Tensor | None = None,
    scale: Tensor | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """``(x - mean) / sqrt(variance + epsilon) * scale + offset``, these given per channel on `axis`."""
    shape = [1] * len(shape_of(x))
    shape[normalize_axis(axis, len(shape))] = -1
    inverse = math.rsqrt(math.add(reshape(variance, shape), epsilon))
    if scale is not None:
        inverse = math.multiply(inverse, reshape(scale, shape))
    shift = math.multiply(math.negative(reshape(mean, shape)), inverse)
    if offset is not None:
        shift = math.add(shift, reshape(offset, shape))
    return math.add(math.multiply(x, inverse), shift)


def _over(axis: Any, rank: int) -> list[int]:
    return [normalize_axis(a, rank) for a in ([axis] if isinstance(axis, int) else axis)]


def _spread(w: Any, x: Any, axes: list[int]) -> Any:
    # Weights are of the shape of the normalized axes: give them 1 in the place of the others.
    if w is None or len(shape_of(w)) == len(shape_of(x)):
        return w
    shape = [d if i in axes else 1 for i, d in enumerate(shape_of(x))]
    return reshape(w, shape)


@op
def layer_normalization(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Tensor:
    """`x` with mean 0 and variance 1 along `axis`, then times `gamma`, plus `beta` (Ba et al. 2016)."""
    rms = kwargs.pop("rms_scaling", False)
    if kwargs:
        raise TypeError(f"layer_normalization: unknown arguments {sorted(kwargs)}.")
    epsilon = config.epsilon() if epsilon is None else epsilon
    axes = _over(axis, len(shape_of(x)))
    gamma, beta = _spread(gamma, x, axes), _spread(beta, x, axes)
    x, kind = _wide(x)
    mean = reduce.mean(x, axes, keepdims=True)
    centred = math.subtract(x, mean)
    variance = reduce.mean(math.square(centred), axes, keepdims=True)
    if rms:  # Keras 3's older spelling: scaled by the deviation alone, not centred
        out = math.multiply(x, math.rsqrt(math.add(variance, epsilon)))
        return math.cast(
            out if gamma is None else math.multiply(out, math.cast(gamma, dtype_of(x))), kind
        )
    out = math.multiply(centred, math.rsqrt(math.add(variance, epsilon)))
    if gamma is not None:
        out = math.multiply(out, math.cast(gamma, dtype_of(x)))
    if beta is not None:
        out = math.add(out, math.cast(beta, dtype_of(x)))
    return math.cast(out, kind)


@op
def rms_normalization(
    x: Tensor,
    scale: Tensor | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
) -> Tensor:
    """`x` divided by its root mean square along `axis`, times `scale` (Zhang and Sennrich 2019)."""
    epsilon = config.epsilon() if epsilon is None else epsilon
    axes = _over(axis, len(shape_of(x)))
    scale = _spread(scale, x, axes)
    x, kind = _wide(x)
    mean = reduce.mean(math.square(x), axes, keepdims=True)
    out = math.multiply(x, math.rsqrt(math.add(mean, epsilon)))
    if scale is not None:
        out = math.multiply(out, math.cast(scale, dtype_of(x)))
    return math.cast(out, kind)


@op
def psnr(x1: Tensor, x2: Tensor, max_val: float) -> Tensor:
    """Peak signal-to-noise ratio in decibels of two images whose largest value is `max_val`."""
    if shape_of(x1) != shape_of(x2):
        raise ShapeError(
            f"psnr: both images need one shape, got {shape_of(x1)} and {shape_of(x2)}."
        )
    error = reduce.mean(math.square(math.subtract(x1, x2)))
    peak = math.cast(max_val, dtypes.to_float(dtype_of(x2)))
    return math.subtract(math.multiply(20, math.log10(peak)), math.multiply(10, math.log10(error)))


@op
def polar(abs_: Tensor, angle: Tensor) -> Tensor:
    """The complex number of that modulus and angle (radians)."""
    re = math.multiply(abs_, math.cos(angle))
    im = math.multiply(abs_, math.sin(angle))
    return math.add(re, math.multiply(im, 1j))


# --- attention ----------------------------------------------------------------------------------


@op
def dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """Scaled dot-product attention (Vaswani et al. 2017).

    Shapes: `query` (batch, T, heads, size), `key` and `value` (batch, S, key heads, size), where
    heads is a multiple of key heads; `bias` and the boolean `mask` (true: attend) broadcast to
    (batch, heads, T, S). `scale` is ``1 / sqrt(size)`` by default; `is_causal` hides later places;
    `attn_logits_soft_cap` c replaces the scores s by ``c * tanh(s / c)``. Softmax runs in float32.
    `flash_attention` tells PyTorch whether to do without the matrix of scores (by default as
    `config.is_flash_attention_enabled` says); the other engines compute it in any case.

    Returns a tensor of the shape of `query` (with the size of `value`).
    """
    for name, t in (("query", query), ("key", key), ("value", value)):
        if len(shape_of(t)) != 4:
            raise ShapeError(
                f"dot_product_attention: {name} needs 4 axes, got the shape {shape_of(t)}."
            )
    heads, shared = shape_of(query)[2], shape_of(key)[2]
    if heads != shared:
        key, value = (repeat(t, heads // shared, axis=2) for t in (key, value))
    kind = dtypes.result_type(query, key, value)
    size = shape_of(query)[3]
    scale = size**-0.5 if scale is None else scale
    scores = einsum("btnh,bsnh->bnts", query, key)
    scores, _ = _wide(scores)
    scores = math.multiply(scores, scale)
    if attn_logits_soft_cap is not None:
        scores = math.multiply(
            attn_logits_soft_cap, math.tanh(math.divide(scores, attn_logits_soft_cap))
        )
    if bias is not None:
        scores = math.add(scores, math.cast(bias, dtype_of(scores)))
    scores = _masked(scores, mask, is_causal)
    weights = math.cast(softmax(scores), dtype_of(key))
    return math.cast(einsum("bnts,bsnh->btnh", weights, value), kind)


def _masked(scores: Any, mask: Any, causal: bool) -> Any:
    if causal:
        t, s = shape_of(scores)[-2:]
        order = math.greater_equal(expand_dims(arange(t), 1), expand_dims(arange(s), 0))
        mask = order if mask is None else math.logical_and(order, math.cast(mask, "bool"))
    if mask is None:
        return scores
    lowest = -0.7 * math.number_range(dtype_of(scores))[1]
    return math.where(math.cast(mask, "bool"), scores, lowest)
