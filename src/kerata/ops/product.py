"""Products of tensors: matmul, einsum, tensordot and their kin."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from .. import dtypes, tree
from ..engine import engine
from ..errors import ShapeError
from ..spec import Spec, broadcast, normalize_axis, probe, same, unprobe
from . import math, reduce
from ._define import Tensor, dtype_of, op, primitive, shape_of
from .arrange import broadcast_to, expand_dims, flip, moveaxis, pad, ravel, reshape, stack, unstack


def _contract(
    what: str, s1: Sequence[int | None], s2: Sequence[int | None], a: int | None, b: int | None
) -> None:
    if a is not None and b is not None and a != b and probe() not in (a, b):
        raise ShapeError(
            f"{what}: {unprobe(s1)} and {unprobe(s2)} do not fit: "
            f"the inner sizes {a} and {b} must be equal."
        )


@primitive
def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """Matrix product over the last axis of `x1` and the last but one of `x2`; others broadcast.

    >>> matmul([[1.0, 2.0]], [[3.0], [4.0]]).tolist()
    [[11.0]]
    """
    s1, s2 = shape_of(x1), shape_of(x2)
    if not s1 or not s2:
        raise ShapeError(
            f"matmul: scalars have no matrix product (shapes {unprobe(s1)} and {unprobe(s2)})."
        )
    a = s1 if len(s1) > 1 else (1, *s1)
    b = s2 if len(s2) > 1 else (*s2, 1)
    _contract("matmul", s1, s2, a[-1], b[-2])
    out = broadcast(a[:-2], b[:-2], what="matmul")
    rows = () if len(s1) == 1 else (a[-2],)
    columns = () if len(s2) == 1 else (b[-1],)
    kinds = {dtype_of(x1), dtype_of(x2)}
    # Products of int8 are summed in int32, which is what quantized layers need.
    return Spec(
        (*out, *rows, *columns), "int32" if kinds == {"int8"} else dtypes.result_type(x1, x2)
    )


@op
def dot(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last axis of `x1` and the last but one (or only) of `x2`."""
    s1, s2 = shape_of(x1), shape_of(x2)
    if not s1 or not s2:
        return math.multiply(x1, x2)
    return tensordot(x1, x2, ([-1], [-2 if len(s2) > 1 else 0]))


@op
def inner(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of products over the last axes of both."""
    if not shape_of(x1) or not shape_of(x2):
        return math.multiply(x1, x2)
    return tensordot(x1, x2, ([-1], [-1]))


@op
def outer(x1: Tensor, x2: Tensor) -> Tensor:
    """All products of an element of `x1` and one of `x2`, both flattened: a matrix."""
    return math.multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


@op
def vdot(x1: Tensor, x2: Tensor) -> Tensor:
    """Sum of all products of elements at the same place (of the conjugate of `x1`), both flattened."""
    x1 = ravel(x1)
    if dtypes.is_complex(dtype_of(x1)):
        x1 = math.conjugate(x1)
    return dot(x1, ravel(x2))


@primitive
def tensordot(x1: Tensor, x2: Tensor, axes: Any = 2) -> Tensor:
    """Sum of products over `axes`: that many last and first ones, or a pair of lists of axes."""
    s1, s2 = shape_of(x1), shape_of(x2)
    if isinstance(axes, int):
        left, right = list(range(len(s1) - axes, len(s1))), list(range(axes))
    else:
        left, right = ([a] if isinstance(a, int) else list(a) for a in axes)
    left = [normalize_axis(a, len(s1)) for a in left]
    right = [normalize_axis(a, len(s2)) for a in right]
    if len(left) != len(right):
        raise ShapeError(f"tensordot: {len(left)} axes against {len(right)} in axes={axes}.")
    for a, b in zip(left, right):
        _contract("tensordot", s1, s2, s1[a], s2[b])
    kept1 = [d for i, d in enumerate(s1) if i not in left]
    kept2 = [d for i, d in enumerate(s2) if i not in right]
    return Spec((*kept1, *kept2), dtypes.result_type(x1, x2))


@primitive
def einsum(subscripts: str, *operands: Tensor, **kwargs: Any) -> Tensor:
    """Einstein's summation: ``einsum("bij,jk->bik", x, w)`` multiplies and sums by named axes.

    ``...`` stands for axes that broadcast. Without ``->`` the letters met once, sorted, are kept.
    """
    return Spec(
        einsum_shape(subscripts, [shape_of(x) for x in operands]), dtypes.result_type(*operands)
    )


def einsum_shape(subscripts: str, shapes: Sequence[Sequence[int | None]]) -> tuple[int | None, ...]:
    """The shape of an einsum of tensors of these shapes."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ShapeError(f"einsum: {subscripts!r} names {len(terms)} operands, got {len(shapes)}.")
    sizes: dict[str, int | None] = {}
    dots: tuple[int | None, ...] = ()
    for term, shape in zip(terms, shapes):
        before, ellipsis, after = term.partition("...")
        extra = len(shape) - len(before) - len(after)
        if extra < 0 or (extra and not ellipsis):
            raise ShapeError(
                f"einsum: {term!r} does not fit the shape {unprobe(shape)} in {subscripts!r}."
            )
        dots = broadcast(dots, shape[len(before) : len(before) + extra], what="einsum")
        named = zip(before + after, (*shape[: len(before)], *shape[len(before) + extra :]))
        for letter, d in named:
            known = sizes.get(letter, d)
            if known == 1 or d == 1:
                sizes[letter] = d if known == 1 else known
            else:
                sizes[letter] = same(f"einsum {subscripts!r}, axis {letter!r}", known, d)
    if not arrow:
        right = "..." + "".join(c for c in sorted(sizes) if left.count(c) == 1)
    before, ellipsis, after = right.partition("...")
    return (*(sizes[c] for c in before), *(dots if ellipsis else ()), *(sizes[c] for c in after))


@op
def cross(
    x1: Tensor,
    x2: Tensor,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Tensor:
    """Cross product of vectors of 2 or 3 components; of two with 2, its third component alone."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = _components(x1, axisa), _components(x2, axisb)
    third = _minor(a, b, 0, 1)
    if len(a) == len(b) == 2:
        return third
    a, b = [*a, 0][:3], [*b, 0][:3]
    return stack([_minor(a, b, 1, 2), _minor(a, b, 2, 0), third], axisc)


def _components(x: Any, axis: int) -> list[Any]:
    parts = unstack(x, axis=axis)
    if len(parts) not in (2, 3):
        raise ShapeError(f"cross: vectors have 2 or 3 components, not {len(parts)}.")
    return parts


def _minor(a: Sequence[Any], b: Sequence[Any], i: int, j: int) -> Any:
    return math.subtract(math.multiply(a[i], b[j]), math.multiply(a[j], b[i]))


@op
def kron(x1: Tensor, x2: Tensor) -> Tensor:
    """Kronecker's product: every element of `x1` times the whole of `x2`."""
    s1, s2 = list(shape_of(x1)), list(shape_of(x2))
    rank = builtins.max(len(s1), len(s2))
    s1, s2 = [1] * (rank - len(s1)) + s1, [1] * (rank - len(s2)) + s2
    products = math.multiply(
        reshape(x1, [n for d in s1 for n in (d, 1)]), reshape(x2, [n for d in s2 for n in (1, d)])
    )
    return reshape(products, [a * b for a, b in zip(s1, s2)])


@op
def diff(a: Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along `axis`, taken `n` times."""
    from .index import get_item

    rank = len(shape_of(a))
    place = normalize_axis(axis, rank)
    later = tuple(
        builtins.slice(1, None) if i == place else builtins.slice(None) for i in range(rank)
    )
    earlier = tuple(
        builtins.slice(0, -1) if i == place else builtins.slice(None) for i in range(rank)
    )
    for _ in range(n):
        combine = math.not_equal if dtype_of(a) == "bool" else math.subtract
        a = combine(get_item(a, later), get_item(a, earlier))
    return a


@op
def trapezoid(y: Tensor, x: Tensor | None = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """Integral of samples by the trapezoid rule, at the places `x` or at distances `dx`."""
    from .index import get_item

    y = moveaxis(y, axis, -1)
    width = dx
    if x is not None:
        width = diff(moveaxis(x, axis, -1) if len(shape_of(x)) > 1 else x)
    middle = math.multiply(
        math.add(
            get_item(y, (..., builtins.slice(1, None))), get_item(y, (..., builtins.slice(0, -1)))
        ),
        0.5,
    )
    return reduce.sum(math.multiply(middle, width), -1)


@op
def cdist(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distances between the rows of `x` and those of `y`."""
    difference = math.subtract(expand_dims(x, -2), expand_dims(y, -3))
    return math.sqrt(reduce.sum(math.square(difference), -1))


@op
def correlate(x1: Tensor, x2: Tensor, mode: str = "valid") -> Tensor:
    """Cross-correlation of two vectors; `mode` is ``valid``, ``same`` or ``full``."""
    from .convolve import conv

    n, m = shape_of(x1)[0], shape_of(x2)[0]
    if m > n:
        return flip(correlate(x2, x1, mode), 0)
    kind = dtypes.to_float(dtypes.result_type(x1, x2))
    pairs = {"valid": (0, 0), "same": (m // 2, m - 1 - m // 2), "full": (m - 1, m - 1)}
    x = pad(math.cast(x1, kind), [pairs[mode]])
    return reshape(conv(reshape(x, (1, -1, 1)), reshape(math.cast(x2, kind), (m, 1, 1))), (-1,))


@op
def corrcoef(x: Tensor) -> Tensor:
    """Pearson's correlation coefficients between the rows of `x`."""
    x = math.cast(x, dtypes.to_float(dtype_of(x)))
    if len(shape_of(x)) < 2:
        x = reshape(x, (1, -1))
    centred = math.subtract(x, reduce.mean(x, 1, keepdims=True))
    from .arrange import squeeze, transpose

    covariance = matmul(centred, transpose(centred))
    from .create import diag

    scale = math.sqrt(diag(covariance))
    out = math.divide(covariance, outer(scale, scale))
    out = math.clip(out, -1.0, 1.0)
    return squeeze(out) if shape_of(out) == (1, 1) else out


def vectorize(pyfunc: Callable, *, excluded: Any = None, signature: str | None = None) -> Callable:
    """`pyfunc`, written for single elements (or for the core axes in `signature`), for whole tensors.

    >>> from kerata import ops
    >>> total = vectorize(lambda row: ops.sum(row), signature="(n)->()")
    >>> total(ops.array([[1, 2], [3, 4]])).tolist()
    [3, 7]
    """
    own = getattr(engine(), "vectorize", None)
    if own is not None:
        return own(pyfunc, excluded=excluded, signature=signature)
    terms = (
        signature.partition("->")[0].replace(" ", "").strip("()").split("),(") if signature else []
    )

    def run(*args: Any) -> Any:
        given = {
            i: math.convert_to_tensor(a) for i, a in enumerate(args) if i not in (excluded or ())
        }
        cores = [len(t.split(",")) if t else 0 for t in terms] or [0] * len(given)
        shapes = [shape_of(v) for v in given.values()]
        rows = broadcast(*(s[: len(s) - c] for s, c in zip(shapes, cores)))
        whole = [(*rows, *s[len(s) - c :]) for s, c in zip(shapes, cores)]
        flat = [
            reshape(broadcast_to(v, s), (-1, *s[len(rows) :]))
            for v, s in zip(given.values(), whole)
        ]

        def one(*values: Any) -> Any:
            full = list(args)
            for i, v in zip(given, values):
                full[i] = v
            return pyfunc(*full)

        out = engine().vmap(one)(*flat)
        return tree.map_structure(lambda v: reshape(v, (*rows, *shape_of(v)[1:])), out)

    return run
