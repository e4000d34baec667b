"""Reductions, cumulative sums, order: ops along axes."""

from __future__ import annotations

import builtins
import math as numbers
from collections.abc import Callable, Sequence
from typing import Any

from .. import dtypes
from ..errors import ShapeError
from ..spec import Spec, normalize_axes, normalize_axis, probe
from . import math
from ._define import Tensor, dtype_of, op, primitive, shape_of

Axis = int | Sequence[int] | None


def reduced(shape: Sequence[int | None], axis: Axis, keepdims: bool) -> tuple[int | None, ...]:
    """`shape` without the axes reduced, or with 1 in their place."""
    axes = normalize_axes(_ints(axis), len(shape))
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes)


def _ints(axis: Any) -> Axis:
    if axis is None or isinstance(axis, int):
        return axis
    if isinstance(axis, (list, tuple)):
        return tuple(int(a) for a in axis)
    return int(axis)


def _summed(dtype: str) -> str:
    # Small integers are summed in 32 bits, as in JAX.
    if dtype in ("bool", "int8", "int16"):
        return "int32"
    return "uint32" if dtype in ("uint8", "uint16") else dtype


def _reduction(name: str, dtype: Callable[[str], str], doc: str) -> Any:
    def body(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return Spec(reduced(shape_of(x), axis, keepdims), dtype(dtype_of(x)))

    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    return primitive(body)


_float = dtypes.to_float
_same, _bool = math._same, math._bool

sum = _reduction(
    "sum", _summed, "Sum along `axis`, or of everything. Booleans are counted as int32."
)
mean = _reduction("mean", _float, "Mean along `axis`; a float also for integers.")
var = _reduction("var", lambda d: math._real(_float(d)), "Variance along `axis` (divided by n).")
std = _reduction(
    "std",
    lambda d: math._real(_float(d)),
    "Standard deviation along `axis` (n in the denominator).",
)
all = _reduction("all", _bool, "Whether all are true along `axis`.")
any = _reduction("any", _bool, "Whether any is true along `axis`.")
logsumexp = _reduction("logsumexp", _float, "``log(sum(exp(x)))`` along `axis` without overflow.")


@primitive
def prod(x: Tensor, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Product along `axis`, or of everything."""
    kind = _summed(dtype_of(x)) if dtype is None else dtypes.explicit(dtype)
    return Spec(reduced(shape_of(x), axis, keepdims), kind)


@primitive
def max(x: Tensor, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """Largest along `axis`, or `initial` if that is larger; NaN wins."""
    return Spec(reduced(shape_of(x), axis, keepdims), dtype_of(x))


@primitive
def min(x: Tensor, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """Smallest along `axis`, or `initial` if that is smaller; NaN wins."""
    return Spec(reduced(shape_of(x), axis, keepdims), dtype_of(x))


def _without_nan(x: Any, fill: Any) -> Any:
    """`x` with something else in the place of NaN, which only floats can hold."""
    return math.where(math.isnan(x), fill, x) if dtypes.is_float(dtype_of(x)) else x


def _ignoring(name: str, plain: Callable, fill: float, doc: str) -> Any:
    def body(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
        out = plain(_without_nan(x, fill), axis, keepdims=keepdims)
        if fill in (0, 1) or not dtypes.is_float(dtype_of(x)):
            return out
        return math.where(all(math.isnan(x), axis, keepdims), numbers.nan, out)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    return op(body)


nansum = _ignoring("nansum", sum, 0, "Sum along `axis` of what is not NaN.")
nanprod = _ignoring("nanprod", prod, 1, "Product along `axis` of what is not NaN.")
nanmax = _ignoring("nanmax", max, -numbers.inf, "Largest along `axis` of what is not NaN.")
nanmin = _ignoring("nanmin", min, numbers.inf, "Smallest along `axis` of what is not NaN.")


@op
def nanmean(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean along `axis` of what is not NaN."""
    x = math.cast(x, _float(dtype_of(x)))
    count = sum(math.cast(math.logical_not(math.isnan(x)), dtype_of(x)), axis, keepdims)
    return math.divide(nansum(x, axis, keepdims), count)


@op
def nanvar(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Variance along `axis` of what is not NaN."""
    distance = math.absolute(math.subtract(x, nanmean(x, axis, keepdims=True)))
    return nanmean(math.square(distance), axis, keepdims)


@op
def nanstd(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Standard deviation along `axis` of what is not NaN."""
    return math.sqrt(nanvar(x, axis, keepdims))


@op
def amax(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest along `axis`: `max` under NumPy's older name."""
    return max(x, axis, keepdims)


@op
def amin(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest along `axis`: `min` under NumPy's older name."""
    return min(x, axis, keepdims)


@op
def ptp(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest less smallest along `axis`."""
    return math.subtract(max(x, axis, keepdims), min(x, axis, keepdims))


def _position(name: str, doc: str) -> Any:
    def body(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return Spec(reduced(shape_of(x), axis, keepdims), "int32")

    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    return primitive(body)


argmax = _position("argmax", "Index (int32) of the largest along `axis`, the first of equals.")
argmin = _position("argmin", "Index (int32) of the smallest along `axis`, the first of equals.")


@op
def nanargmax(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index (int32) of the largest that is not NaN; -1 where all are NaN."""
    found = argmax(_without_nan(x, -numbers.inf), axis, keepdims)
    return math.where(all(math.isnan(x), axis, keepdims), -1, found)


@op
def nanargmin(x: Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index (int32) of the smallest that is not NaN; -1 where all are NaN."""
    found = argmin(_without_nan(x, numbers.inf), axis, keepdims)
    return math.where(all(math.isnan(x), axis, keepdims), -1, found)


@op
def average(x: Tensor, axis: Axis = None, weights: Tensor | None = None) -> Tensor:
    """Mean along `axis`, weighted if `weights` (of the shape of `x`, or 1-D along `axis`) are given."""
    if weights is None:
        return mean(x, axis)
    shape, w_shape = shape_of(x), shape_of(weights)
    if len(w_shape) == 1 and len(shape) > 1:
        if axis is None:
            raise ShapeError("average: one-dimensional weights need an axis.")
        (place,) = normalize_axes(_ints(axis), len(shape))
        from .arrange import reshape

        weights = reshape(weights, [1] * place + [w_shape[0]] + [1] * (len(shape) - place - 1))
    dtype = _float(dtypes.result_type(x, weights))
    x, weights = math.cast(x, dtype), math.cast(weights, dtype)
    weights = math.add(weights, math.multiply(x, 0)) if len(shape) != len(w_shape) else weights
    return math.divide(sum(math.multiply(x, weights), axis), sum(weights, axis))


@op
def count_nonzero(x: Tensor, axis: Axis = None) -> Tensor:
    """How many elements along `axis` are not zero (int32)."""
    return sum(math.not_equal(x, 0), axis)


def _cumulative(name: str, doc: str) -> Any:
    def body(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
        shape = shape_of(x)
        kind = math._number(dtype_of(x)) if dtype is None else dtypes.explicit(dtype)
        if axis is None:
            return Spec((_size(shape),), kind)
        normalize_axis(axis, len(shape))
        return Spec(shape, kind)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    return primitive(body)


def _size(shape: Sequence[int | None]) -> int | None:
    n = 1
    for d in shape:
        if d is None:
            return None
        n *= d
    return n


cumsum = _cumulative("cumsum", "Running sum along `axis`, or of the flattened tensor.")
cumprod = _cumulative("cumprod", "Running product along `axis`, or of the flattened tensor.")


@op
def nancumsum(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running sum that counts NaN as 0."""
    return cumsum(_without_nan(x, 0), axis, dtype)


@op
def nancumprod(x: Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running product that counts NaN as 1."""
    return cumprod(_without_nan(x, 1), axis, dtype)


@op
def quantile(
    x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The values below which the fractions `q` (0 to 1) of the elements lie along `axis`.

    The axes of `q` come first in the result. `method` says how to interpolate: ``linear``,
    ``lower``, ``higher``, ``midpoint`` or ``nearest``.
    """
    kind = _float(dtype_of(x))
    out = nanquantile(x, q, axis, method, keepdims)
    holes = any(math.isnan(math.cast(x, kind)), axis, keepdims)
    return math.where(holes, numbers.nan, out)


@op
def nanquantile(
    x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`quantile` of what is not NaN."""
    if method not in _BETWEEN:
        raise ValueError(f"quantile: method must be one of {tuple(_BETWEEN)}, got {method!r}.")
    from .arrange import reshape, transpose
    from .index import take_along_axis

    shape, kind = shape_of(x), _float(dtype_of(x))
    axes = normalize_axes(_ints(axis), len(shape))
    kept = [i for i in range(len(shape)) if i not in axes]
    rows = [shape[i] for i in kept]
    ordered = sort(reshape(transpose(math.cast(x, kind), [*kept, *axes]), [*rows, -1]))
    q_shape = shape_of(q)
    q = reshape(math.cast(q, kind), (-1,))
    count = sum(math.cast(math.logical_not(math.isnan(ordered)), kind), -1, keepdims=True)
    place = math.multiply(q, math.maximum(math.subtract(count, 1), 0))
    low, high = math.cast(math.floor(place), "int32"), math.cast(math.ceil(place), "int32")
    share = _BETWEEN[method](math.subtract(place, math.floor(place)))
    first, last = take_along_axis(ordered, low, -1), take_along_axis(ordered, high, -1)
    out = math.add(first, math.multiply(math.subtract(last, first), share))
    out = transpose(out, [len(rows), *range(len(rows))])
    return reshape(out, q_shape + reduced(shape, axis, keepdims))


# How far between its two neighbours a quantile lies, out of how far its place does.
_BETWEEN: dict[str, Callable] = {
    "linear": lambda share: share,
    "lower": lambda share: math.multiply(share, 0),
    "higher": math.ceil,
    "midpoint": lambda share: math.multiply(math.ceil(share), 0.5),
    "nearest": math.round,
}


@op
def median(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Median along `axis`; the mean of the middle two for an even count."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


@op
def nanmedian(x: Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Median along `axis` of what is not NaN."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


@op
def percentile(
    x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`quantile` with `q` in percent."""
    return quantile(x, math.divide(q, 100), axis, method, keepdims)


@op
def nanpercentile(
    x: Tensor, q: Tensor, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """`percentile` of what is not NaN."""
    return nanquantile(x, math.divide(q, 100), axis, method, keepdims)


@op
def norm(
    x: Tensor, ord: int | float | str | None = None, axis: Axis = None, keepdims: bool = False
) -> Tensor:
    """Vector norm along one axis, or matrix norm along two.

    `ord` is 2 by default for vectors (``None``) and Frobenius for matrices; also 1, ``inf``,
    ``-inf``, 0, any number for vectors, ``"fro"`` and ``"nuc"`` for matrices.
    """
    rank = len(shape_of(x))
    if axis is None and ord is not None and rank > 2:
        raise ShapeError(f"norm: ord={ord!r} of a tensor with {rank} axes needs an axis.")
    given = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    axes = [normalize_axis(int(a), rank) for a in given]
    x = math.cast(x, _float(dtype_of(x)))
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return math.sqrt(sum(math.square(math.absolute(x)), axes, keepdims))
    if len(axes) == 1:
        return _vector_norm(math.absolute(x), ord, axes, keepdims)
    if len(axes) != 2:
        raise ShapeError(f"norm: ord={ord!r} goes with one or two axes, not {len(axes)}.")
    return _matrix_norm(x, ord, axes, keepdims)


def _vector_norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    if ord in (numbers.inf, -numbers.inf):
        return (max if ord > 0 else min)(x, axis, keepdims)
    if ord == 0:
        return sum(math.cast(math.not_equal(x, 0), dtype_of(x)), axis, keepdims)
    if ord == 1:
        return sum(x, axis, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is for matrices; of vectors give a number.")
    return math.power(sum(math.power(x, ord), axis, keepdims), 1 / ord)


def _matrix_norm(x: Any, ord: Any, axis: list[int], keepdims: bool) -> Any:
    if ord in ("nuc", 2, -2):
        from .arrange import moveaxis
        from .linalg import svd

        values = svd(moveaxis(x, axis, (-2, -1)), compute_uv=False)
        out = {"nuc": sum, 2: max, -2: min}[ord](values, -1)
    elif ord in (1, -1, numbers.inf, -numbers.inf):
        lines, across = axis if abs(ord) == 1 else axis[::-1]
        total = sum(math.absolute(x), lines)
        out = (max if ord > 0 else min)(total, across - (lines < across))
    else:
        raise ValueError(f"norm: unknown ord={ord!r} for matrices.")
    from .arrange import expand_dims

    return expand_dims(out, sorted(axis)) if keepdims else out


# --- order --------------------------------------------------------------------------------------


@primitive
def sort(x: Tensor, axis: int = -1) -> Tensor:
    """Sorted from small to large along `axis`."""
    return Spec(shape_of(x), dtype_of(x))


@primitive
def argsort(x: Tensor, axis: int = -1) -> Tensor:
    """Indices (int32) that sort along `axis`; ``None`` sorts the flattened tensor. Equals keep order."""
    shape = shape_of(x)
    return Spec((_size(shape),) if axis is None else shape, "int32")


@op
def argpartition(x: Tensor, kth: int, axis: int = -1) -> Tensor:
    """Indices (int32) that put the k-th smallest at place `kth` and the smaller ones before it."""
    return argsort(x, axis)


@primitive
def top_k(x: Tensor, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The `k` largest along the last axis, from large to small, and their indices (int32)."""
    shape = shape_of(x)
    if not shape or (shape[-1] is not None and shape[-1] != probe() and k > shape[-1]):
        raise ShapeError(f"top_k: k={k} is more than the last axis of {shape} holds.")
    return Spec((*shape[:-1], k), dtype_of(x)), Spec((*shape[:-1], k), "int32")


@op
def in_top_k(targets: Tensor, predictions: Tensor, k: int) -> Tensor:
    """Whether the class `targets` is among the `k` with the largest `predictions`; ties count as in.

    NaN counts as the smallest number, and so does the prediction for a class that does not exist.

    >>> in_top_k([2, 0, 7], [[0.1, 0.7, 0.2], [0.1, 0.7, 0.2], [0.1, 0.7, 0.2]], 2).tolist()
    [True, False, False]
    """
    from .arrange import expand_dims
    from .index import take_along_axis

    classes = expand_dims(math.cast(targets, "int32"), -1)
    exists = math.less(classes, shape_of(predictions)[-1])
    own = take_along_axis(predictions, math.where(exists, classes, 0), -1)
    told = math.logical_and(exists, math.logical_not(math.isnan(own)))
    own = math.where(told, own, math.cast(float("-inf"), dtype_of(own)))
    larger = sum(math.cast(math.greater(predictions, own), "int32"), -1)
    return math.less(larger, k)


@primitive
def searchsorted(sorted_sequence: Tensor, values: Tensor, side: str = "left") -> Tensor:
    """Where (int32) in a sorted vector each value would go, before or after equal elements."""
    if len(shape_of(sorted_sequence)) != 1:
        raise ShapeError(
            f"searchsorted: sorted_sequence must have 1 axis, got {shape_of(sorted_sequence)}."
        )
    return Spec(shape_of(values), "int32")


@op
def digitize(x: Tensor, bins: Tensor) -> Tensor:
    """Number (int32) of the bin that each element falls in: i where ``bins[i-1] <= x < bins[i]``.

    Where the bins fall, i where ``bins[i] <= x < bins[i-1]``.
    """
    from .arrange import flip
    from .index import get_item

    rising = searchsorted(bins, x, "right")
    falling = math.subtract(shape_of(bins)[0], searchsorted(flip(bins), x, "right"))
    return math.where(math.less_equal(get_item(bins, 0), get_item(bins, -1)), rising, falling)


@primitive
def bincount(
    x: Tensor, weights: Tensor | None = None, minlength: int = 0, sparse: bool = False
) -> Tensor:
    """How often each number 0, 1, 2 ... occurs along the last axis, or the sum of its `weights`.

    The length of the result is ``max(x) + 1``, or `minlength` if that is more; inside a compiled
    function, where values are not known, it is `minlength`.
    """
    dtype = "int32" if weights is None else dtype_of(weights)
    return Spec((*shape_of(x)[:-1], minlength or None), dtype)


@op
def unique(
    x: Tensor,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements (or slices along `axis`), and on request where each was first met,
    which one each element is, and how often each occurs (int32).

    How many there are depends on the values: in compiled code give `size`, to which the result is
    cut or filled up with `fill_value` (the smallest element by default).

    >>> unique([3, 1, 3], return_counts=True)[1].tolist()
    [1, 2]
    """
    wanted = (True, return_index, return_inverse, return_counts)
    results = (_unique_specs if isinstance(x, Spec) else _unique)(x, axis, size, fill_value)
    asked = tuple(r for w, r in zip(wanted, results) if w)
    return asked if len(asked) > 1 else asked[0]


def _unique_specs(x: Spec, axis: int | None, size: int | None, fill_value: Any) -> tuple:
    shape = list(x.shape)
    if axis is None:
        found, inverse = [size], tuple(shape)
    else:
        place = normalize_axis(axis, len(shape), "unique: axis")
        inverse = (shape[place],)
        found = [size if i == place else d for i, d in enumerate(shape)]
    counts = Spec((size,), "int32")
    return Spec(found, x.dtype), counts, Spec(inverse, "int32"), counts


def _unique(x: Any, axis: int | None, size: int | None, fill_value: Any) -> tuple:
    """Different rows, where each was first met, which one each row is, how often each occurs."""
    from . import arrange, create, index

    rows = arrange.ravel(x) if axis is None else arrange.moveaxis(x, axis, 0)
    n = shape_of(rows)[0]
    columns = arrange.reshape(rows, (n, -1))
    order = create.arange(n)
    for i in reversed(range(shape_of(columns)[1])):  # sorts that keep the order of equals
        column = index.get_item(columns, (slice(None), i))
        order = index.take(order, argsort(index.take(column, order)))
    ordered = index.take(columns, order, 0)
    same = (index.get_item(ordered, slice(1, None)), index.get_item(ordered, slice(0, -1)))
    new = math.cast(any(math.not_equal(*same), 1), "int32")
    which = cumsum(arrange.concatenate([create.zeros(builtins.min(n, 1), "int32"), new]))
    found = math.add(max(which, initial=-1), 1)
    count = int(math.convert_to_numpy(found)) if size is None else size
    first = index.segment_min(order, which, count)
    counts = index.segment_sum(create.ones_like(order), which, count)
    inverse = index.scatter(arrange.expand_dims(order, 1), which, (n,))
    there = math.less(create.arange(count), found)
    first = math.where(there, first, index.get_item(first, slice(0, 1)))
    values = index.take(rows, first, 0)
    if fill_value is not None:
        there = arrange.reshape(there, [count] + [1] * (len(shape_of(rows)) - 1))
        values = math.where(there, values, math.cast(fill_value, dtype_of(x)))
    if axis is None:
        return values, first, arrange.reshape(inverse, shape_of(x)), counts
    return arrange.moveaxis(values, 0, axis), first, inverse, counts


@op
def histogram(
    x: Tensor, bins: int = 10, range: tuple[float, float] | None = None
) -> tuple[Tensor, Tensor]:
    """Counts in equally wide bins over `range` (of the data by default), and the edges of the bins.

    Both are floats, as in Keras.

    >>> counts, edges = histogram([1.0, 2.0, 2.5, 5.0], 2)
    >>> counts.tolist(), edges.tolist()
    ([3.0, 1.0], [1.0, 3.0, 5.0])
    """
    from .arrange import concatenate, ravel
    from .create import linspace
    from .index import get_item
    from .product import diff

    kind = _float(dtype_of(x))
    x = ravel(math.cast(x, kind))
    low, high = (min(x), max(x)) if range is None else (math.cast(v, kind) for v in range)
    flat = math.equal(low, high)
    low, high = math.where(flat, low - 0.5, low), math.where(flat, high + 0.5, high)
    edges = linspace(low, high, bins + 1)
    if isinstance(x, Spec):  # of a range that is given edges would be known numbers
        return Spec((bins,), kind), Spec((bins + 1,), kind)
    ordered = sort(x)
    # How many lie before each edge; the last bin holds its right edge.
    before = searchsorted(ordered, get_item(edges, slice(0, -1)), "left")
    last = searchsorted(ordered, get_item(edges, slice(-1, None)), "right")
    return math.cast(diff(concatenate([before, last])), kind), edges
