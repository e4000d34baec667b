"""The host's random numbers: numbered streams of one seed, from NumPy's Philox.

Initial weights and the order of shuffled data come from here, so that a seed gives the same start
on every engine and every machine. A stream is a pure function of the seed and its number.
"""

from __future__ import annotations

import secrets
import threading
from typing import Any

import numpy as np

_lock = threading.Lock()
_state: dict[str, Any] = {"seed": None, "stream": 0, "spare": 0}


def set_seed(seed: int) -> None:
    """Begin anew with this seed: the streams are numbered from 0 again.

    >>> set_seed(7); a = draw_seed(); set_seed(7); a == draw_seed()
    True
    """
    with _lock:
        _state.update(seed=int(seed) & (2**64 - 1), stream=0, spare=0)


def seed() -> int:
    """The seed in use; one from the operating system's entropy if none was set."""
    with _lock:
        if _state["seed"] is None:
            _state["seed"] = secrets.randbits(63)
        return _state["seed"]


def next_stream() -> int:
    """The number of a stream not used before (since the seed was set)."""
    with _lock:
        _state["stream"] += 1
        return _state["stream"] - 1


def generator(stream: int | None = None, part: int = 0) -> np.random.Generator:
    """The generator of a stream, of the next new one by default.

    It is at the beginning of a part of the stream; a part has 2**128 numbers.
    """
    number = next_stream() if stream is None else stream
    key, counter = np.array([seed(), number], np.uint64), np.array([0, 0, part, 0], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def draw_seed() -> int:
    """A new seed (below 2**31) for something that keeps its own."""
    return int(generator().integers(0, 2**31 - 1))


def next_spare() -> int:
    """The number of a stream of the second kind, which `next_stream` never gives."""
    with _lock:
        _state["spare"] += 1
        return 2**63 + _state["spare"]


def spare_key(stream: int) -> np.ndarray:
    """Two words of 32 bits from the beginning of a stream."""
    return generator(stream).integers(0, 2**32, 2, np.uint32)


def get_state() -> dict[str, int]:
    """What `set_state` needs to go on from here, as plain numbers."""
    return {"seed": seed(), "stream": _state["stream"]}


def set_state(state: dict[str, int]) -> None:
    """Go on from a state that `get_state` gave, in this process or an earlier one."""
    with _lock:
        _state.update(seed=int(state["seed"]), stream=int(state["stream"]))
