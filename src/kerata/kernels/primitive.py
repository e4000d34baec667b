"""What the kernels' JAX primitives have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import mlir


def primitive(
    name: str,
    reference: Callable,
    shapes: Callable,
    native: Callable | None = None,
    settings: Sequence[str] = (),
    several: bool = False,
) -> Primitive:
    """A JAX primitive without rules for derivatives and `vmap`.

    Args:
        name: Its name.
        reference: The same in JAX's own functions, for devices other than a CPU.
        shapes: The abstract results of abstract arguments.
        native: The lowering to a native kernel.
        settings: Names of the keyword arguments.
        several: Whether there are several results, in a sequence.
    """
    made = Primitive(name)
    made.multiple_results = several

    def bind(*args: Any, **kwargs: Any) -> Any:
        return made.bind(*args, **kwargs)

    made.def_impl(jax.jit(bind, static_argnames=tuple(settings)))
    made.def_abstract_eval(shapes)
    mlir.register_lowering(made, mlir.lower_fun(reference, multiple_results=several))
    if native is not None:
        mlir.register_lowering(made, native, platform="cpu")
    return made


def in_front(args: Sequence, dims: Sequence) -> list[Any]:
    """The arguments of a `vmap` rule with the mapped axis as the first of each."""
    size = next(a.shape[d] for a, d in zip(args, dims) if d is not None)
    return [
        jnp.broadcast_to(a, (size, *a.shape)) if d is None else jnp.moveaxis(a, d, 0)
        for a, d in zip(args, dims)
    ]


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of what a transpose rule is handed: a tensor, or what stands for one."""
    return getattr(x, "aval", x).shape  # what is to be accumulated has no shape of its own
