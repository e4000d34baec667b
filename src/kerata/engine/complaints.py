"""What errors of tensor libraries mean, in words that help: shared by the engines.

An engine's ``explain(error)`` looks at errors that a user causes and cannot easily understand.
"""

from __future__ import annotations

import re

from ..errors import InputError


class NoValue(TypeError):
    """The values of a tensor are wanted while a function is being compiled."""

    def __init__(self) -> None:
        super().__init__(
            "A tensor inside a compiled function has no values yet and cannot become a NumPy array. "
            "Use kerata.ops, or compile(run_eagerly=True) to look at values."
        )


def first_line(error: BaseException) -> str:
    """The beginning of an error's message."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]


def no_value(library: str) -> str:
    """Python code asked for the value of a tensor in a function being compiled."""
    return (
        f"a tensor has no value yet while {library} compiles the function, but Python code asks for it, "
        "as in `if x > 0`, float(x), or for a shape that depends on values. Use ops.cond, ops.where or "
        "ops.while_loop there, or compile(run_eagerly=True)."
    )


def no_dtype(library: str, error: BaseException) -> str:
    """The library has no kernel for a dtype."""
    return (
        f"{library} cannot do this for the dtype it was given ({first_line(error)}). "
        "Cast to another one first, as in ops.cast(x, 'float32')."
    )


def two_devices(error: BaseException) -> str:
    """Tensors lie on several devices."""
    return (
        f"its tensors lie on different devices ({first_line(error)}). Make them all in one block "
        "`with kerata.device(...)`, or none in such a block."
    )


def not_compiled(compiler: str, what: str) -> str:
    """The optimizing compiler does not know an operation."""
    return f"{compiler} cannot compile {what}. Use compile(jit_compile=False), which runs it all the same."


def device_name(name: str, known: list[str]) -> str:
    """The name of one of the devices: ``gpu`` is ``gpu:0``, ``cuda`` is ``gpu``.

    Raises:
        InputError: There is no such device.

    >>> device_name("CUDA", ["cpu:0", "gpu:0"])
    'gpu:0'
    """
    kind, _, index = str(name).lower().removeprefix("/").removeprefix("device:").partition(":")
    found = f"{ {'cuda': 'gpu', 'rocm': 'gpu'}.get(kind, kind) }:{index or 0}"
    if not re.fullmatch(r"\w+:\d+", found) or found not in known:
        raise InputError(f"There is no device {name!r} here. There are: {', '.join(known)}.")
    return found
