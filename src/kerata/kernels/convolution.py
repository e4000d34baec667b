"""Convolution by oneDNN, as JAX primitives that can be differentiated, mapped and compiled.

Three bilinear functions of two tensors each, every one the transpose of the others: the convolution,
its derivative with regard to the input and the one with regard to the kernel. On other devices than
a CPU they are lowered to XLA's own convolutions.

Tensors lie channels last, kernels as (space, channels in / groups, channels out).
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching

from .primitive import primitive, shape_of

Pairs = tuple[tuple[int, int], ...]


class Setting(NamedTuple):
    """What a convolution is besides its tensors; one number (or pair) for each spatial axis."""

    strides: tuple[int, ...]
    pads: Pairs
    dilation: tuple[int, ...]
    groups: int


def _output_shape(x: tuple, w: tuple, s: Setting) -> tuple[int, ...]:
    space = (
        (n + a + b - (k - 1) * d - 1) // t + 1
        for n, k, t, (a, b), d in zip(x[1:-1], w[:-2], s.strides, s.pads, s.dilation)
    )
    return (x[0], *space, w[-1])


def convolution(x: Any, w: Any, setting: Setting) -> Any:
    """The convolution of `x` with the kernel `w`."""
    return _conv.bind(x, w, setting=setting, other=_output_shape(x.shape, w.shape, setting))


def transposed(y: Any, w: Any, setting: Setting, shape: tuple[int, ...]) -> Any:
    """The derivative of a convolution whose output is like `y` and whose input has that shape."""
    return _input.bind(y, w, setting=setting, other=shape)


# Each primitive takes two of (input, kernel, output) and gives the third, whose shape is `other`.


def _reference(x: Any, w: Any, *, setting: Setting, other: tuple) -> Any:
    s = setting
    letters = "DHW"[-len(s.strides) :]
    return lax.conv_general_dilated(
        x,
        w,
        s.strides,
        s.pads,
        rhs_dilation=s.dilation,
        dimension_numbers=(f"N{letters}C", f"{letters}IO", f"N{letters}C"),
        feature_group_count=s.groups,
    )


def _reference_input(y: Any, w: Any, *, setting: Setting, other: tuple) -> Any:
    like = jax.ShapeDtypeStruct(other, y.dtype)
    return jax.linear_transpose(lambda x: _reference(x, w, setting=setting, other=()), like)(y)[0]


def _reference_kernel(x: Any, y: Any, *, setting: Setting, other: tuple) -> Any:
    like = jax.ShapeDtypeStruct(other, y.dtype)
    return jax.linear_transpose(lambda w: _reference(x, w, setting=setting, other=()), like)(y)[0]


def _lower(name: str, ctx: Any, a: Any, b: Any, *, setting: Setting, other: tuple) -> Any:
    return jax.ffi.ffi_lowering(name)(
        ctx,
        a,
        b,
        strides=np.array(setting.strides, np.int64),
        before=np.array([p[0] for p in setting.pads], np.int64),
        after=np.array([p[1] for p in setting.pads], np.int64),
        dilation=np.array(setting.dilation, np.int64),
        groups=np.int64(setting.groups),
    )


def _result(a: Any, b: Any, *, setting: Setting, other: tuple) -> Any:
    return jax.core.ShapedArray(other, a.dtype)


def _primitive(name: str, reference: Any) -> Primitive:
    return primitive(
        name, reference, _result, functools.partial(_lower, name), ("setting", "other")
    )


_conv = _primitive("kerata_conv", _reference)
_input = _primitive("kerata_conv_input", _reference_input)
_kernel = _primitive("kerata_conv_kernel", _reference_kernel)


def _bilinear(primitive: Primitive, first: Any, second: Any) -> None:
    """`first` and `second` give the cotangents of the two arguments."""
    ad.defbilinear(
        primitive,
        lambda ct, a, b, *, setting, other: first(ct, b, setting=setting, other=shape_of(a)),
        lambda ct, a, b, *, setting, other: second(a, ct, setting=setting, other=shape_of(b)),
    )


def _swapped(primitive: Primitive) -> Any:
    return lambda a, b, **kwargs: primitive.bind(b, a, **kwargs)


_bilinear(_conv, _input.bind, _kernel.bind)
# Of the cotangent of an input and a kernel: the output; of an output and that cotangent: a kernel.
_bilinear(_input, _conv.bind, _swapped(_kernel))
# Of the cotangent of a kernel and an output: the input; of an input and that cotangent: the output.
_bilinear(_kernel, _swapped(_input), _conv.bind)


def _batched(primitive: Primitive, images: tuple[int, ...], gives_image: bool) -> None:
    """A mapped axis goes into the batch where all tensors that have one are mapped, else into a loop."""

    def rule(args: Any, dims: Any, *, setting: Setting, other: tuple) -> Any:
        size = next(a.shape[d] for a, d in zip(args, dims) if d is not None)
        args = [a if d is None else jnp.moveaxis(a, d, 0) for a, d in zip(args, dims)]
        mapped = [d is not None for d in dims]
        if gives_image and mapped == [i in images for i in range(2)]:
            flat = [
                a.reshape(size * a.shape[1], *a.shape[2:]) if m else a for a, m in zip(args, mapped)
            ]
            out = primitive.bind(*flat, setting=setting, other=(size * other[0], *other[1:]))
            return out.reshape(size, *other), 0

        def one(i: Any) -> Any:
            a, b = (v[i] if m else v for v, m in zip(args, mapped))
            return primitive.bind(a, b, setting=setting, other=other)

        return lax.map(one, jnp.arange(size)), 0

    batching.primitive_batchers[primitive] = rule


_batched(_conv, (0,), True)
_batched(_input, (0,), True)
_batched(_kernel, (), False)
