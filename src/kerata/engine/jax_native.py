"""What layers need of JAX to hold functions and modules written for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def flatten(structure: Any) -> tuple[list[tuple[str, Any]], Any]:
    """The leaves of a pytree with names made of their paths, and what `unflatten` needs."""
    leaves, form = jax.tree_util.tree_flatten_with_path(structure)
    return [(_name(path), leaf) for path, leaf in leaves], form


def unflatten(form: Any, leaves: Sequence[Any]) -> Any:
    """The pytree of that form with these leaves."""
    return jax.tree_util.tree_unflatten(form, leaves)


def _name(path: Any) -> str:
    return "_".join(re.findall(r"\w+", jax.tree_util.keystr(path))) or "variable"


def is_value(leaf: Any) -> bool:
    """Whether a leaf is an array or number rather than a setting."""
    return isinstance(leaf, (jax.Array, np.ndarray, np.generic, bool, int, float))


def at_once(fn: Callable[[], Any]) -> Any:
    """What `fn` gives, computed now even while a function is being traced."""
    with jax.ensure_compile_time_eval():
        return fn()


def ones(shape: Sequence[int]) -> Any:
    """An array of ones."""
    return jnp.ones(tuple(shape))
