"""Sums of products of two tensors over common axes (matrix products and their kin) by oneDNN.

One JAX primitive, an einsum of two operands in which every letter stands in at least two of the three
terms. Its derivatives and its maps over an axis are again such einsums. On other devices than a CPU,
and where strides cannot tell the order of the axes, it is lowered to XLA's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters import ad, batching, mlir

from . import FEWEST_MULTIPLICATIONS
from .primitive import primitive


class Terms(NamedTuple):
    """The letters of the axes."""

    a: str
    b: str
    out: str


def parse(subscripts: str, a: tuple[int, ...], b: tuple[int, ...]) -> Terms | None:
    """The terms of an einsum of tensors of these shapes, if it is worth a call of the kernel."""
    if "." in subscripts or subscripts.count(",") != 1 or "->" not in subscripts:
        return None
    left, out = subscripts.replace(" ", "").split("->")
    first, second = left.split(",")
    terms = Terms(first, second, out)
    if any(len(set(t)) < len(t) for t in terms) or (len(terms.a), len(terms.b)) != (len(a), len(b)):
        return None
    if any(sum(letter in t for t in terms) < 2 for letter in set("".join(terms))):
        return None
    if any(a[terms.a.index(x)] != b[terms.b.index(x)] for x in set(terms.a) & set(terms.b)):
        return None
    sizes = _sizes(terms, a, b)
    summed = math.prod(sizes[x] for x in set(sizes) - set(out))
    return terms if summed > 1 and math.prod(sizes.values()) >= FEWEST_MULTIPLICATIONS else None


def einsum(a: Any, b: Any, terms: Terms) -> Any:
    """The sum of products over the letters that are not in the output."""
    return _product.bind(a, b, terms=terms)


def matmul_terms(a: tuple[int, ...], b: tuple[int, ...]) -> Terms | None:
    """The terms of a matrix product of tensors of these shapes, if it is worth a call."""
    if len(a) < 2 or len(b) < 2 or (len(b) > 2 and a[:-2] != b[:-2]):
        return None
    batch = "abcdefghijklmnopqrstuvw"[: len(a) - 2]
    right = batch if len(b) > 2 else ""
    return parse(f"{batch}xy,{right}yz->{batch}xz", a, b)


def _sizes(terms: Terms, a: Sequence[int], b: Sequence[int]) -> dict[str, int]:
    return {**dict(zip(terms.a, a)), **dict(zip(terms.b, b))}


def _reference(a: Any, b: Any, *, terms: Terms) -> Any:
    return jnp.einsum(f"{terms.a},{terms.b}->{terms.out}", a, b)


def _strides(term: str, sizes: dict[str, int]) -> dict[str, int]:
    """How far apart elements lie that follow each other along each axis."""
    steps = [math.prod(sizes[x] for x in term[i + 1 :]) for i in range(len(term))]
    return dict(zip(term, steps))


def _plan(terms: Terms, sizes: dict[str, int]) -> dict[str, Any] | None:
    """Sizes and strides of a batch of matrix products, as the native code takes them."""
    a, b, out = (_strides(t, sizes) for t in terms)

    def merged(letters: str, *tensors: dict[str, int]) -> list[tuple[int, ...]]:
        """Size and strides of the axes, neighbours as one where they lie so in all tensors."""
        found: list[tuple[int, ...]] = []
        for x in letters:
            if sizes[x] == 1:
                continue
            now = (sizes[x], *(t[x] for t in tensors))
            if found and all(f == n * sizes[x] for f, n in zip(found[-1][1:], now[1:])):
                now = (found.pop()[0] * sizes[x], *now[1:])
            found.append(now)
        return found

    def chosen(inside: str, first: str, second: str, absent: str) -> str:
        return "".join(x for x in inside if x in first and x in second and x not in absent)

    batch = merged("".join(x for x in terms.out if x in terms.a and x in terms.b), a, b, out)
    rows = merged(chosen(terms.out, terms.a, terms.out, terms.b), a, out)
    columns = merged(chosen(terms.out, terms.b, terms.out, terms.a), b, out)
    summed = merged(chosen(terms.a, terms.a, terms.b, terms.out), a, b)
    if max(len(rows), len(columns), len(summed)) > 1 or len(batch) > 6:
        return None
    (m, am, cm), (n, bn, cn), (k, ak, bk) = (
        v[0] if v else (1, 1, 1) for v in (rows, columns, summed)
    )
    # oneDNN wants one of a matrix's two axes to be dense. An axis of one element may have any stride.
    am, ak = (ak * k if m == 1 else am), (am * m if k == 1 else ak)
    bk, bn = (bn * n if k == 1 else bk), (bk * k if n == 1 else bn)
    cm, cn = (cn * n if m == 1 else cm), (cm * m if n == 1 else cn)
    if 1 not in (am, ak) or 1 not in (bk, bn) or cn != 1:
        return None
    numbers = {
        "sizes": [*(x[0] for x in batch), m, n, k],
        "left": [*(x[1] for x in batch), am, ak],
        "right": [*(x[2] for x in batch), bk, bn],
        "out": [*(x[3] for x in batch), cm, cn],
    }
    return {name: np.array(v, np.int64) for name, v in numbers.items()}


def _shape(a: Any, b: Any, *, terms: Terms) -> Any:
    sizes = _sizes(terms, a.shape, b.shape)
    return jax.core.ShapedArray(tuple(sizes[x] for x in terms.out), a.dtype)


def _lower(ctx: Any, a: Any, b: Any, *, terms: Terms) -> Any:
    sizes = _sizes(terms, *(v.shape for v in ctx.avals_in))
    plan = _plan(terms, sizes) if math.prod(sizes.values()) else None
    if plan is None:  # perhaps as the product of the transposed
        turned = Terms(terms.b, terms.a, terms.out)
        plan = _plan(turned, sizes) if math.prod(sizes.values()) else None
        if plan is None:
            return mlir.lower_fun(_reference, multiple_results=False)(ctx, a, b, terms=terms)
        a, b = b, a
        ctx = ctx.replace(avals_in=ctx.avals_in[::-1])
    return jax.ffi.ffi_lowering("kerata_product")(ctx, a, b, **plan)


def _mapped(args: Sequence, dims: Sequence, *, terms: Terms) -> Any:
    new = next(x for x in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if x not in "".join(terms))

    def term(t: str, d: int | None) -> str:
        return t if d is None else t[:d] + new + t[d:]

    mapped = Terms(term(terms.a, dims[0]), term(terms.b, dims[1]), new + terms.out)
    return _product.bind(*args, terms=mapped), 0


_product = primitive("kerata_product", _reference, _shape, _lower, ("terms",))
batching.primitive_batchers[_product] = _mapped
ad.defbilinear(
    _product,
    lambda ct, a, b, *, terms: _product.bind(ct, b, terms=Terms(terms.out, terms.b, terms.a)),
    lambda ct, a, b, *, terms: _product.bind(a, ct, terms=Terms(terms.a, terms.out, terms.b)),
)
