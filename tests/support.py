"""What tests ask of the engine in use: compiled functions, derivatives, tensors, shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kerata import ops, tree
from kerata.engine import engine
from kerata.spec import Spec


def jit(fn: Callable) -> Callable:
    """`fn` compiled by the engine."""
    return engine().compile(fn)


def tensor(x: Any, dtype: Any = None) -> Any:
    """A tensor of the engine."""
    return ops.convert_to_tensor(x, dtype)


def value_and_grad(fn: Callable, has_aux: bool = False) -> Callable:
    """As ``jax.value_and_grad``: with regard to the first argument, nested tensors."""

    def run(x: Any, *rest: Any) -> Any:
        def flat(leaves: list, *others: Any) -> Any:
            return fn(tree.pack_sequence_as(x, leaves) if tree.is_nested(x) else leaves[0], *others)

        leaves = [tensor(v) for v in (tree.flatten(x) if tree.is_nested(x) else [x])]
        out, grads = engine().value_and_grad(flat, has_aux)(leaves, *rest)
        return out, tree.pack_sequence_as(x, grads) if tree.is_nested(x) else grads[0]

    return run


def grad(fn: Callable) -> Callable:
    """As ``jax.grad``."""
    both = value_and_grad(fn)
    return lambda *args: both(*args)[1]


def infer(fn: Callable, *like: Any) -> Any:
    """Specs of the results of `fn` for tensors like these, found by the engine itself."""
    return engine().infer(
        fn, [x if isinstance(x, Spec) or np.isscalar(x) else Spec(x.shape, x.dtype) for x in like]
    )


def array(x: Any) -> np.ndarray:
    """A tensor as a NumPy array."""
    return ops.convert_to_numpy(x)
