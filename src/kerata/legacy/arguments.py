"""Old argument names and what they are called now. Reached when a constructor meets an unknown name."""

from __future__ import annotations

from typing import Any

# By class (any class in the MRO counts), then "*" for all: old name -> new name.
RENAMED: dict[str, dict[str, str]] = {
    "Optimizer": {"lr": "learning_rate"},
    "Layer": {"batch_input_shape": "batch_shape", "input_dtype": "dtype"},
    "ReduceLROnPlateau": {"epsilon": "min_delta"},
}

# Old arguments that no longer do anything: taken and dropped.
DROPPED: dict[str, set[str]] = {
    "Embedding": {"input_length"},
    "BaseRNN": {"implementation", "input_length"},
    "RNN": {"implementation", "input_length"},
    "Optimizer": {"jit_compile", "is_legacy_optimizer"},
    "Nadam": {"schedule_decay"},
    "BatchNormalization": {"fused", "virtual_batch_size", "adjustment", "renorm"},
    "TensorBoard": {"batch_size", "write_grads", "profile_batch"},
    "ModelCheckpoint": {"options"},
}


def translate(cls: type, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments of a constructor call with old names replaced by their modern ones.

    >>> class Optimizer: pass
    >>> translate(Optimizer, (), {"lr": 0.1})
    ((), {'learning_rate': 0.1})
    """
    names = [c.__name__ for c in cls.__mro__]
    out: dict[str, Any] = {}
    for key, value in kwargs.items():
        if any(key in DROPPED.get(n, ()) for n in names):
            continue
        new = next((RENAMED[n][key] for n in names if key in RENAMED.get(n, ())), key)
        out[new] = value
    return args, out
