"""Maximum and average over windows, as JAX primitives that can be differentiated, mapped and compiled.

The maximum also gives the place of each maximum within its window, a byte; its derivatives take
elements from these places and put elements there, the two being transposes of each other, as are the
average and its derivative. Tensors lie channels last.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching

from .primitive import in_front, primitive, shape_of

LARGEST_WINDOW = 255
"""Places that a byte tells apart."""


class Window(NamedTuple):
    """A window; one number (or pair) for each spatial axis."""

    size: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]


def _output_shape(x: tuple, w: Window) -> tuple[int, ...]:
    space = (
        (n + a + b - k) // s + 1 for n, k, s, (a, b) in zip(x[1:-1], w.size, w.strides, w.pads)
    )
    return (x[0], *space, x[-1])


def maximum(x: Any, window: Window) -> Any:
    """The largest element of each window."""
    return _max.bind(x, window=window, other=_output_shape(x.shape, window))[0]


def average(x: Any, window: Window) -> Any:
    """The mean of the elements of each window, padding not counted."""
    return _mean.bind(x, window=window, other=_output_shape(x.shape, window))


# --- the same by XLA, for other devices -------------------------------------------------------------


def _slices(x: Any, window: Window, fill: float) -> Any:
    """For each place of the window the elements there, along a new first axis."""
    shape = _output_shape(x.shape, window)
    x = jnp.pad(x, [(0, 0), *window.pads, (0, 0)], constant_values=fill)
    out = []
    for place in itertools.product(*map(range, window.size)):
        stop = [p + (n - 1) * s + 1 for p, n, s in zip(place, shape[1:-1], window.strides)]
        out.append(
            lax.slice(x, (0, *place, 0), (shape[0], *stop, shape[-1]), (1, *window.strides, 1))
        )
    return jnp.stack(out)


def _reference_max(x: Any, *, window: Window, other: tuple) -> Any:
    found = _slices(x, window, -np.inf)
    return found.max(0), found.argmax(0).astype(np.uint8)


def _reference_take(x: Any, where: Any, *, window: Window, other: tuple) -> Any:
    places = np.arange(np.prod(window.size), dtype=np.uint8)
    mine = where == places.reshape(-1, *[1] * where.ndim)
    return jnp.where(mine, _slices(x, window, 0.0), 0.0).sum(0)


def _reference_put(y: Any, where: Any, *, window: Window, other: tuple) -> Any:
    like = jax.ShapeDtypeStruct(other, y.dtype)
    return jax.linear_transpose(lambda x: _reference_take(x, where, window=window, other=()), like)(
        y
    )[0]


def _reference_mean(x: Any, *, window: Window, other: tuple) -> Any:
    count = _slices(jnp.ones_like(x[:1]), window, 0.0).sum(0)
    return _slices(x, window, 0.0).sum(0) / count


def _reference_spread(y: Any, *, window: Window, other: tuple) -> Any:
    like = jax.ShapeDtypeStruct(other, y.dtype)
    return jax.linear_transpose(lambda x: _reference_mean(x, window=window, other=()), like)(y)[0]


# --- primitives ---------------------------------------------------------------------------------


def _lower(name: str, ctx: Any, *args: Any, window: Window, other: tuple) -> Any:
    return jax.ffi.ffi_lowering(name)(
        ctx,
        *args,
        window=np.array(window.size, np.int64),
        strides=np.array(window.strides, np.int64),
        before=np.array([p[0] for p in window.pads], np.int64),
    )


def _primitive(name: str, reference: Callable, several: bool = False) -> Primitive:
    def result(*args: Any, window: Window, other: tuple) -> Any:
        first = jax.core.ShapedArray(other, args[0].dtype)
        return [first, jax.core.ShapedArray(other, np.uint8)] if several else first

    def mapped(args: Sequence, dims: Sequence, *, window: Window, other: tuple) -> Any:
        args = in_front(args, dims)
        size = args[0].shape[0]
        flat = [a.reshape(size * a.shape[1], *a.shape[2:]) for a in args]
        out = made.bind(*flat, window=window, other=(size * other[0], *other[1:]))
        if several:
            return [v.reshape(size, *other) for v in out], [0] * len(out)
        return out.reshape(size, *other), 0

    made = primitive(
        name, reference, result, functools.partial(_lower, name), ("window", "other"), several
    )
    batching.primitive_batchers[made] = mapped
    return made


_max = _primitive("kerata_pool_max", _reference_max, several=True)
_take = _primitive("kerata_pool_take", _reference_take)
_put = _primitive("kerata_pool_put", _reference_put)
_mean = _primitive("kerata_pool_mean", _reference_mean)
_spread = _primitive("kerata_pool_spread", _reference_spread)


def _max_jvp(primals: Sequence, tangents: Sequence, *, window: Window, other: tuple) -> Any:
    y, where = _max.bind(*primals, window=window, other=other)
    no = ad.Zero(jax.typeof(where).to_tangent_aval())
    if type(tangents[0]) is ad.Zero:
        return (y, where), (ad.Zero(jax.typeof(y).to_tangent_aval()), no)
    return (y, where), (_take.bind(tangents[0], where, window=window, other=other), no)


ad.primitive_jvps[_max] = _max_jvp


def _linear(primitive: Primitive, transpose: Primitive) -> None:
    """`primitive` is linear in its first argument, with that transpose."""

    def jvp(t: Any, x: Any, *rest: Any, **settings: Any) -> Any:
        return primitive.bind(t, *rest, **settings)

    def back(ct: Any, x: Any, *rest: Any, window: Window, other: tuple) -> list[Any]:
        if type(ct) is ad.Zero:
            return [None] * (1 + len(rest))
        return [
            transpose.bind(ct, *rest, window=window, other=shape_of(x)),
            *[None] * len(rest),
        ]

    ad.defjvp(primitive, jvp, *[None] * (primitive in (_take, _put)))
    ad.primitive_transposes[primitive] = back


for _a, _b in ((_take, _put), (_mean, _spread)):
    _linear(_a, _b)
    _linear(_b, _a)
