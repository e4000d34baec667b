"""Ops that make tensors out of numbers: fills, ranges, identities, windows, one-hot codes."""

from __future__ import annotations

import math as numbers
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import ShapeError
from ..spec import Spec, broadcast, normalize_axis, probe
from . import math, reduce
from ._define import Tensor, closed_op, closed_primitive, dtype_of, op, primitive, shape_of
from .arrange import as_sizes, expand_dims, known, moveaxis, reshape, smaller


def _kind(dtype: Any, default: str | None = None) -> str:
    return dtypes.explicit(dtype) if dtype is not None else dtypes.standardize(None, default)


@closed_primitive
def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor full of zeros, of ``floatx()`` by default."""
    return Spec(as_sizes(shape), _kind(dtype))


@closed_primitive
def ones(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor full of ones, of ``floatx()`` by default."""
    return Spec(as_sizes(shape), _kind(dtype))


@closed_primitive
def empty(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor whose values do not matter."""
    return Spec(as_sizes(shape), _kind(dtype))


@closed_primitive
def full(shape: Any, fill_value: Tensor, dtype: Any = None) -> Tensor:
    """A tensor full of one value (or of an array that broadcasts), of ``floatx()`` by default."""
    return Spec(as_sizes(shape), _kind(dtype))


def _like(x: Any, dtype: Any) -> Spec:
    return Spec(shape_of(x), dtype_of(x) if dtype is None else dtypes.explicit(dtype))


@primitive
def zeros_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Zeros in the shape (and dtype) of `x`."""
    return _like(x, dtype)


@primitive
def ones_like(x: Tensor, dtype: Any = None) -> Tensor:
    """Ones in the shape (and dtype) of `x`."""
    return _like(x, dtype)


@primitive
def empty_like(x: Tensor, dtype: Any = None) -> Tensor:
    """A tensor in the shape (and dtype) of `x` whose values do not matter."""
    return _like(x, dtype)


@primitive
def full_like(x: Tensor, fill_value: Tensor, dtype: Any = None) -> Tensor:
    """One value in the shape (and dtype) of `x`."""
    return _like(x, dtype)


@closed_primitive
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Numbers from `start` up to, without, `stop`; with one argument, from 0 up to it.

    >>> arange(2, 8, 3).tolist()
    [2, 5]
    """
    kind = range_dtype(start, stop, step, dtype)
    if stop is None:
        start, stop = 0, start
    if any(isinstance(v, Spec) for v in (start, stop, step)):
        raise ShapeError("arange: its arguments decide the shape, so they cannot be symbolic.")
    return Spec((max(numbers.ceil((stop - start) / (1 if step is None else step)), 0),), kind)


def range_dtype(start: Any, stop: Any, step: Any, dtype: Any) -> str:
    """The dtype of a range: that of its limits unless one is given."""
    if dtype is not None:
        return dtypes.explicit(dtype)
    given = [dtype_of(v) for v in (start, stop, step) if v is not None]
    return dtypes.result_type(*given)


@closed_op
def linspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """`num` numbers at equal distances from `start` to `stop`, that included if `endpoint`.

    With `retstep`, a pair of these and the distance.
    """
    kind = _kind(dtype) if dtype is not None else dtypes.to_float(dtypes.result_type(start, stop))
    inner = dtypes.to_float(kind)
    start, stop = math.cast(start, inner), math.cast(stop, inner)
    gaps = num - 1 if endpoint else num
    base = broadcast(shape_of(start), shape_of(stop))
    share = math.cast(math.divide(arange(num), max(gaps, 1)), inner)
    share = reshape(share, [num] + [1] * len(base))
    # A weighted mean: exact at both ends.
    out = math.add(math.multiply(start, math.subtract(1, share)), math.multiply(stop, share))
    out = out if kind == inner else math.floor(out)
    out = math.cast(moveaxis(out, 0, axis), kind)
    step = math.divide(math.subtract(stop, start), gaps or numbers.nan)
    return (out, math.cast(step, kind)) if retstep else out


@closed_op
def logspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """`num` numbers at equal ratios from ``base**start`` to ``base**stop``."""
    powers = linspace(start, stop, num, endpoint, axis=axis)
    out = math.power(base, powers)
    return out if dtype is None else math.cast(out, dtype)


@closed_op
def geomspace(
    start: Tensor,
    stop: Tensor,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """`num` numbers at equal ratios from `start` to `stop`."""
    inner = dtypes.to_float(dtypes.result_type(start, stop))
    start, stop = math.cast(start, inner), math.cast(stop, inner)
    first, last = math.log(math.absolute(start)), math.log(math.absolute(stop))
    out = math.exp(linspace(first, last, num, endpoint))
    out = moveaxis(math.multiply(math.sign(start), out), 0, axis)
    return out if dtype is None else math.cast(out, dtype)


def _offsets(rows: int, columns: int | None, k: int) -> tuple[Any, Any]:
    columns = rows if columns is None else columns
    return expand_dims(arange(k, rows + k), 1), expand_dims(arange(columns), 0)


@closed_op
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """An N by M matrix with ones on the k-th diagonal."""
    return math.cast(math.equal(*_offsets(N, M, k)), _kind(dtype))


@closed_op
def identity(n: int, dtype: Any = None) -> Tensor:
    """The n by n identity matrix."""
    return eye(n, dtype=dtype)


@closed_op
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """An N by M matrix with ones on and below the k-th diagonal."""
    return math.cast(math.greater_equal(*_offsets(N, M, k)), _kind(dtype))


@op
def tril(x: Tensor, k: int = 0) -> Tensor:
    """`x` with zeros above the k-th diagonal of its last two axes."""
    return math.where(tri(*shape_of(x)[-2:], k, "bool"), x, zeros_like(x))


@op
def triu(x: Tensor, k: int = 0) -> Tensor:
    """`x` with zeros below the k-th diagonal of its last two axes."""
    return math.where(tri(*shape_of(x)[-2:], k - 1, "bool"), zeros_like(x), x)


@primitive
def diag(x: Tensor, k: int = 0) -> Tensor:
    """A matrix with the vector `x` on its k-th diagonal; of a matrix, its k-th diagonal."""
    shape = shape_of(x)
    if len(shape) == 1:
        n = None if shape[0] is None else shape[0] + abs(k)
        return Spec((n, n), dtype_of(x))
    if len(shape) != 2:
        raise ShapeError(f"diag: expected 1 or 2 axes, got {shape}.")
    return Spec((_diagonal(shape[0], shape[1], k),), dtype_of(x))


def _diagonal(rows: int | None, columns: int | None, k: int) -> int | None:
    if rows is None or columns is None:
        return None
    if not (known(rows) and known(columns)):
        return smaller(rows, columns)
    return max(min(rows, columns - k) if k >= 0 else min(rows + k, columns), 0)


@op
def diagflat(x: Tensor, k: int = 0) -> Tensor:
    """A matrix with all elements of `x` on its k-th diagonal."""
    return diag(reshape(x, (-1,)), k)


@primitive
def diagonal(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Diagonals of the matrices on two axes, as the last axis."""
    shape = shape_of(x)
    a, b = normalize_axis(axis1, len(shape)), normalize_axis(axis2, len(shape))
    rest = [d for i, d in enumerate(shape) if i not in (a, b)]
    return Spec((*rest, _diagonal(shape[a], shape[b], offset)), dtype_of(x))


@op
def trace(x: Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Sum of the diagonal of the matrices on two axes."""
    return reduce.sum(diagonal(x, offset, axis1, axis2), -1)


@op
def meshgrid(*x: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Coordinates of a grid: one tensor per vector, all of the grid's shape.

    ``xy`` puts the first vector along axis 1 (as for plots), ``ij`` along axis 0.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}.")
    n = len(x)
    sizes = [shape_of(v)[0] if shape_of(v) else 1 for v in x]
    order = list(range(n))
    if indexing == "xy" and n > 1:
        order[:2] = [1, 0]
    shape = [sizes[i] for i in order]
    from .arrange import broadcast_to

    out = []
    for i, v in enumerate(x):
        place = order.index(i)
        column = reshape(v, [1] * place + [sizes[i]] + [1] * (n - place - 1))
        out.append(broadcast_to(column, shape))
    return out


@op
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Powers of `x` as columns (Vandermonde's matrix), from high to low unless `increasing`."""
    n = shape_of(x)[0] if N is None else N
    powers = arange(n) if increasing else arange(n - 1, -1, -1)
    return math.power(expand_dims(x, -1), math.cast(powers, dtype_of(x)))


# --- windows ------------------------------------------------------------------------------------


def _constant(x: Any) -> Any:
    return Spec(x.shape, None) if probe() is not None else math.cast(x, _kind(None))


def _window(name: str, doc: str) -> Any:
    native = getattr(np, name)

    def body(x: Any) -> Tensor:
        return _constant(native(int(x)))

    body.__name__ = body.__qualname__ = name
    body.__doc__ = doc
    return closed_op(body)


bartlett = _window("bartlett", "Triangular window of `x` points.")
blackman = _window("blackman", "Blackman's window of `x` points.")
hamming = _window("hamming", "Hamming's window of `x` points.")
hanning = _window("hanning", "Hann's window of `x` points.")


@closed_op
def kaiser(x: Any, beta: float) -> Tensor:
    """Kaiser's window of `x` points with shape parameter `beta`."""
    return _constant(np.kaiser(int(x), beta))


# --- codes --------------------------------------------------------------------------------------


@op
def one_hot(
    x: Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """Each integer as a vector with a 1 at its place; all zeros for numbers outside the range.

    >>> one_hot([0, 2], 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    kind = _kind(dtype)
    rank = len(shape_of(x))
    place = normalize_axis(axis, rank + 1, "one_hot: axis")
    classes = reshape(arange(num_classes), [num_classes] + [1] * (rank - place))
    return math.cast(math.equal(expand_dims(math.cast(x, "int32"), place), classes), kind)


@op
def multi_hot(
    inputs: Tensor,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Tensor:
    """Ones at the places of all integers along the axis that follows the batch.

    >>> multi_hot([[0, 2, 2]], 4).tolist()
    [[1.0, 0.0, 1.0, 0.0]]
    """
    if num_classes is None:
        num_classes = kwargs["num_tokens"]
    reduction = 1 if len(shape_of(inputs)) > 1 else 0
    codes = one_hot(math.cast(inputs, "int32"), num_classes, axis=axis, dtype=dtype)
    return reduce.max(codes, axis=reduction)
