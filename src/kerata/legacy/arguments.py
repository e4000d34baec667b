"""Old argument names and what they are called now. Reached when a constructor meets an unknown name."""

from __future__ import annotations

from typing import Any

# By class (any class in the MRO counts), then "*" for all: old name -> new name.
RENAMED: dict[str, dict[str, str]] = {
    "Embedding": {"input_length": "input_shape"},
    "InputLayer": {"input_shape": "shape"},
    "L1": {"l": "l1"},
    "L2": {"l": "l2"},
    "Layer": {"batch_input_shape": "batch_shape", "input_dtype": "dtype"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "Optimizer": {"lr": "learning_rate"},
    "ReduceLROnPlateau": {"epsilon": "min_delta"},
}

# Old arguments that no longer do anything: taken and dropped.
DROPPED: dict[str, set[str]] = {
    "RNN": {"implementation", "time_major"},
    "RecurrentCell": {"implementation"},
    "Optimizer": {"jit_compile", "is_legacy_optimizer"},
    "Nadam": {"schedule_decay"},
    "BatchNormalization": {"fused", "virtual_batch_size", "adjustment"},
    "Softmax": {"robust_masking"},
    "TensorBoard": {"batch_size", "write_grads", "embeddings_data"},
    "ModelCheckpoint": {"options"},
}


# Classes whose inputs are sequences, (input_length, input_dim), where `input_length` is no argument.
SEQUENTIAL = frozenset({"RNN", "Conv1D"})


def _sequence_shape(kwargs: dict[str, Any]) -> dict[str, Any]:
    """``input_length`` and ``input_dim`` as the ``input_shape`` that they mean."""
    out = {k: v for k, v in kwargs.items() if k not in ("input_length", "input_dim")}
    length, size = kwargs.get("input_length"), kwargs.get("input_dim")
    if size is not None and not out.keys() & {"input_shape", "batch_shape", "batch_input_shape"}:
        out["input_shape"] = (length, size)
    return out


def sequence_call(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments of a layer of sequences, where ``input_dim`` alone is no unknown name.

    >>> sequence_call((8,), {"input_dim": 3})
    ((8,), {'input_shape': (None, 3)})
    """
    return args, _sequence_shape(kwargs)


def translate(cls: type, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments of a constructor call with old names replaced by their modern ones.

    >>> class Optimizer: pass
    >>> translate(Optimizer, (), {"lr": 0.1})
    ((), {'learning_rate': 0.1})
    """
    names = [c.__name__ for c in cls.__mro__]
    if "input_length" in kwargs and not SEQUENTIAL.isdisjoint(names):
        kwargs = _sequence_shape(kwargs)
    out: dict[str, Any] = {}
    for key, value in kwargs.items():
        if any(key in DROPPED.get(n, ()) for n in names):
            continue
        new = next((RENAMED[n][key] for n in names if key in RENAMED.get(n, ())), key)
        out[new] = value
    return args, out
