"""Structures of tensors taken apart into a list of tensors and a form, and put together again.

For engines that compile functions of a flat list of tensors.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..variable import Variable

NUMBERS = (np.ndarray, np.generic, bool, int, float, complex, Variable)
"""What becomes a tensor where an engine's function is called with it."""


class Slot:
    """The place of a tensor in a form."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


def take_apart(x: Any, tensor: Callable[[Any], Any], tensors: list, key: list) -> Any:
    """The form of `x`: its structure with slots for tensors, which are appended to `tensors`.

    Args:
        x: Nested tensors, numbers and other things.
        tensor: Gives a leaf as ``(tensor, description)``, or None for what is no tensor.
        tensors: Takes the tensors.
        key: Takes what tells forms apart: types, sizes, descriptions, other things.
    """
    kind = type(x)
    if kind is list or kind is tuple or isinstance(x, (list, tuple)):
        key.append((kind, len(x)))
        parts = [take_apart(v, tensor, tensors, key) for v in x]
        return kind(*parts) if hasattr(x, "_fields") else kind(parts)
    if isinstance(x, dict):
        key.append((dict, tuple(x)))
        return {k: take_apart(v, tensor, tensors, key) for k, v in x.items()}
    if x is None or isinstance(x, (str, bytes)):
        key.append(x)
        return x
    found = tensor(x)
    if found is None:
        key.append(id(x))
        return x
    tensors.append(found[0])
    key.append(found[1])
    return Slot(len(tensors) - 1)


def fill(form: Any, tensors: Sequence[Any]) -> Any:
    """A form with tensors in its slots."""
    if type(form) is Slot:
        return tensors[form.number]
    if isinstance(form, (list, tuple)):
        parts = [fill(v, tensors) for v in form]
        return type(form)(*parts) if hasattr(form, "_fields") else type(form)(parts)
    if isinstance(form, dict):
        return {k: fill(v, tensors) for k, v in form.items()}
    return form


def slots(form: Any) -> Iterator[Slot]:
    """The slots of a form."""
    if type(form) is Slot:
        yield form
    elif isinstance(form, (list, tuple)):
        for v in form:
            yield from slots(v)
    elif isinstance(form, dict):
        for v in form.values():
            yield from slots(v)


def call_backward(back: Callable, args: Sequence[Any], upstream: Sequence[Any]) -> Any:
    """What a user's derivative gives: ``back(*upstream)``, or Keras's ``back(*args, upstream=...)``."""
    names = list(inspect.signature(back).parameters)
    if "upstream" not in names or names[0] == "upstream":
        return back(*upstream)
    return back(*args, upstream=upstream[0] if len(upstream) == 1 else upstream)


def body_of(name: str) -> Callable:
    """The body of an op, for the calls that an engine's own version of it does not serve."""
    from ..ops._define import REGISTRY

    return REGISTRY[name].body
