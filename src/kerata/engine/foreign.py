"""Tensors of other libraries on their way into an engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError

_LIBRARIES = {"torch": "torch", "tensorflow": "tensorflow", "jax": "jax", "jaxlib": "jax"}


def library_of(x: Any, engine: str) -> str | None:
    """The library of a tensor that is not one of `engine`; ``None`` for anything else."""
    library = _LIBRARIES.get(type(x).__module__.partition(".")[0])
    return None if library == engine or not hasattr(x, "shape") else library


def to_host(x: Any, engine: str) -> Any:
    """`x` itself, or as a NumPy array if it is a tensor of a library other than `engine`.

    Raises:
        InputError: A derivative or a compiled function would end there: the other library is
            recording what is done with the tensor.
    """
    if isinstance(x, (np.ndarray, np.generic, list, tuple, bool, int, float, complex)):
        return x
    library = library_of(x, engine)
    if library is None:
        return x
    if getattr(x, "requires_grad", False):
        _refuse("a torch tensor that requires a gradient", engine, "tensor.detach()")
    if library == "torch":
        x = x.detach().cpu()
        return x.float().numpy() if str(x.dtype) == "torch.bfloat16" else x.numpy()
    if type(x).__name__ == "RaggedTensor":
        x = x.to_tensor()
    try:
        return np.asarray(x)
    except Exception:
        _refuse(
            f"a {library} tensor without values, from a function being compiled",
            engine,
            "its values",
        )


def _refuse(what: str, engine: str, instead: str) -> None:
    raise InputError(
        f"The engine {engine!r} was handed {what}. Between libraries only values can pass, derivatives "
        f"and compiled code cannot. Pass {instead}, or choose that library as the engine (KERATA_ENGINE)."
    )
