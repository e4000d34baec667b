"""Batches of pictures, made by several threads.

Decoding (Pillow), warping (the native kernel) and arithmetic on whole pictures (NumPy) release Python's
lock. What is drawn at random is drawn before, in one thread and in order, so results do not depend on the
number of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

_MOST = 8  # beyond that, threads wait for Python's lock


def _threads() -> int:
    if hasattr(os, "sched_getaffinity"):
        return min(_MOST, len(os.sched_getaffinity(0)))
    return min(_MOST, os.cpu_count() or 1)


def each(function: Callable[[int], None], count: int) -> None:
    """Call `function` with 0 to ``count - 1``, by as many threads as there are processors, 8 at most.

    The error of the lowest number is raised, if there are any.

    >>> squares = [0] * 4
    >>> def square(i): squares[i] = i * i
    >>> each(square, 4)
    >>> squares
    [0, 1, 4, 9]
    """
    numbers = iter(range(count))  # shared: each thread takes the next one
    errors: dict[int, Exception] = {}

    def work() -> None:
        for i in numbers:
            if errors and min(errors) < i:
                return
            try:
                function(i)
            except Exception as e:
                errors[i] = e

    # Threads of this call alone: starting one takes a hundredth of a batch's time, and none is left behind.
    helpers = [
        threading.Thread(target=work, name="kerata-pictures", daemon=True)
        for _ in range(min(_threads(), count) - 1)
    ]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[min(errors)]


def fill(generator: Any, out: np.ndarray, read: Callable[[int], np.ndarray]) -> None:
    """Write the pictures ``read(0)``, ``read(1)`` ... to the rows of `out`, transformed by a generator.

    Args:
        generator: An `ImageDataGenerator`, an object with its methods, or ``None``.
        out: The batch.
        read: Gives a picture, in uint8 or in the dtype in which it is transformed. It may be called by
            several threads; its results are not changed.
    """
    if generator is None:

        def copy(i: int) -> None:
            out[i] = read(i)

        each(copy, len(out))
    elif getattr(generator, "draws_first", lambda: False)():
        params = [generator.get_random_transform(out.shape[1:]) for _ in range(len(out))]
        each(lambda i: generator.write(read(i), params[i], out[i]), len(out))
    else:
        _one_by_one(generator, out, read)


def _one_by_one(generator: Any, out: np.ndarray, read: Callable[[int], np.ndarray]) -> None:
    """The old order: everything of a picture, functions of the user included, before the next one."""
    pictures: list[Any] = [None] * len(out)

    def get(i: int) -> None:
        pictures[i] = read(i)

    each(get, len(out))
    for i, x in enumerate(pictures):
        x = x.astype(np.float32 if x.dtype == np.uint8 else x.dtype)
        params = generator.get_random_transform(x.shape)
        out[i] = generator.standardize(generator.apply_transform(x, params))
        pictures[i] = None
