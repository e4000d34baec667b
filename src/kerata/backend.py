"""``keras.backend``: global settings and small questions about tensors.

Computations are in `kerata.ops`. Names that Keras 2 had here, such as ``mean`` or ``function``, are found
in `kerata.legacy.backend`.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

from . import dtypes, graph
from .config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from .dtypes import result_type
from .dtypes import standardize as standardize_dtype
from .spec import is_symbolic as is_keras_tensor

__all__ = [
    "backend",
    "clear_session",
    "device",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


def clear_session(free_memory: bool = True) -> None:
    """Start the numbering of automatic names anew, and free models that nothing refers to.

    >>> clear_session(); get_uid("dense")
    1
    """
    graph.reset_names()
    phase = sys.modules.get(f"{__package__}.legacy.backend.phase")
    if phase is not None:
        phase.reset()
    if free_memory:
        gc.collect()


def get_uid(prefix: str = "") -> int:
    """A number, from 1, that was not given before with this prefix.

    >>> first = get_uid("an_example")
    >>> get_uid("an_example") - first
    1
    """
    graph._names[prefix] += 1
    return graph._names[prefix]


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of floating-point numbers.

    >>> is_float_dtype("bfloat16"), is_float_dtype("int32")
    (True, False)
    """
    return dtypes.is_float(dtypes.standardize(dtype))


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of whole numbers, with or without a sign.

    >>> is_int_dtype("uint8"), is_int_dtype("float32")
    (True, False)
    """
    return dtypes.is_integer(dtypes.standardize(dtype))


def device(device_name: str) -> Any:
    """A context in which new tensors are placed on a device such as ``"cpu:0"`` or ``"gpu:1"``.

    >>> from kerata import ops
    >>> with device("cpu:0"):
    ...     x = ops.zeros((2,))
    >>> x.tolist()
    [0.0, 0.0]
    """
    from .engine import engine

    return engine().device(device_name)


def __getattr__(name: str) -> Any:
    """Functions of the ``keras.backend`` of Keras 1, 2 and tf.keras."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "tensorflow_backend":  # where Keras 2 kept these functions
        return sys.modules[__name__]
    from .legacy.backend import resolve

    return resolve(name, __all__)
