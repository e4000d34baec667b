"""Sequences of different lengths brought into one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences cut and filled to one length, as rows of an array.

    Args:
        sequences: Sequences of numbers, or of arrays of one shape.
        maxlen: Length of the rows; that of the longest sequence by default.
        dtype: dtype of the array; ``object`` for strings of any length.
        padding: Where short sequences are filled: ``"pre"`` (in front) or ``"post"``.
        truncating: Where long ones are cut: ``"pre"`` keeps their ends, ``"post"`` their beginnings.
        value: What they are filled with.

    Returns:
        An array of shape ``(len(sequences), maxlen, ...)``.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2).tolist()
    [[0, 1], [2, 3], [5, 6]]
    """
    _check(sequences, dtype, padding, truncating, value)
    lengths = [_length(s, i) for i, s in enumerate(sequences)]
    if maxlen is None:
        maxlen = max(lengths, default=0)
    first = next((s for s, n in zip(sequences, lengths) if n), None)
    inner = () if first is None else np.asarray(first).shape[1:]
    out = np.full((len(lengths), maxlen, *inner), value, dtype)
    if maxlen == 0:
        return out
    for i, (s, n) in enumerate(zip(sequences, lengths)):
        if not n:
            continue
        kept = np.asarray(s[-maxlen:] if truncating == "pre" else s[:maxlen], dtype)
        if kept.shape[1:] != inner:
            raise InputError(
                f"pad_sequences: elements of sequence {i} have the shape {kept.shape[1:]}, those of the "
                f"sequences before it {inner}. All must have one shape."
            )
        if padding == "pre":
            out[i, maxlen - len(kept) :] = kept
        else:
            out[i, : len(kept)] = kept
    return out


def _check(sequences: Any, dtype: Any, padding: str, truncating: str, value: Any) -> None:
    if not hasattr(sequences, "__len__"):
        raise InputError(
            f"pad_sequences needs a list of sequences; got {type(sequences).__name__}. Use list(...) around it."
        )
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise InputError(f"pad_sequences: {name}={side!r}; expected 'pre' or 'post'.")
    if isinstance(value, str) and np.dtype(dtype).kind not in "OSU":
        raise InputError(
            f"pad_sequences: the value {value!r} does not fit dtype={dtype!r}; use dtype=object."
        )


def _length(sequence: Any, i: int) -> int:
    try:
        return len(sequence)
    except TypeError:
        raise InputError(
            f"pad_sequences needs a list of sequences; element {i} is {sequence!r}, a {type(sequence).__name__}. "
            "Wrap a single sequence in a list."
        ) from None


def __getattr__(name: str) -> Any:
    from ..legacy.preprocessing import resolve

    return resolve(__name__, name)
