"""What a profile is made of, and a stopwatch for engines whose compiled steps do not tell their parts."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Operation(NamedTuple):
    """What a profile has seen of one operation.

    Attributes:
        name: What it does, in the engine's words.
        path: Names of the scopes around it, see `Engine.named`, from the outermost to the innermost.
        backward: Whether it belongs to a derivative.
        seconds: Its time in all steps together.
    """

    name: str
    path: tuple[str, ...]
    backward: bool
    seconds: float


class Trace(NamedTuple):
    """Some steps under the eyes of a profiler.

    Attributes:
        operations: What ran. Their times may add up to more than `busy`, as threads work side by side.
        busy: Seconds in which at least one operation was at work.
        wall: Seconds from the start of the steps to their end.
        steps: How many there were.
        compile_seconds: What the first step took beyond that, which was not among them.
        how: In words, where the steps did not run as they do in training.
    """

    operations: list[Operation]
    busy: float
    wall: float
    steps: int
    compile_seconds: float
    how: str = ""


def warm_up(run: Callable[[int], Any], steps: int, seconds: float) -> tuple[float, int]:
    """Let a function of the number of steps run twice; what compiling took, and how many steps to measure.

    Args:
        run: Runs so many steps, and waits for them.
        steps: The most steps to be measured.
        seconds: About the most that they may take, but for a single one.
    """
    start = time.perf_counter()
    run(1)
    middle = time.perf_counter()
    run(1)
    once = time.perf_counter() - middle
    return max(middle - start - once, 0.0), max(1, min(steps, int(seconds / max(once, 1e-9))))


# --- the stopwatch ------------------------------------------------------------------------------


class _Stopwatch:
    """Time spent in each scope, without that of the scopes in it."""

    def __init__(self, wait: Callable[[], Any]) -> None:
        self.wait = wait
        self.path: list[str] = []
        self.spent: dict[tuple[str, ...], float] = {}
        self.since = time.perf_counter()

    def lap(self) -> None:
        """Book the time since the last lap on the scope that was open."""
        self.wait()
        now = time.perf_counter()
        key = tuple(self.path)
        self.spent[key] = self.spent.get(key, 0.0) + now - self.since
        self.since = now


_stopwatch: _Stopwatch | None = None
_NOTHING = contextlib.nullcontext()


def is_on() -> bool:
    """Whether a stopwatch runs."""
    return _stopwatch is not None


def scope(name: str) -> Any:
    """A context that is timed under this name while a stopwatch runs."""
    return _NOTHING if _stopwatch is None else _scope(_stopwatch, name)


@contextlib.contextmanager
def _scope(watch: _Stopwatch, name: str) -> Iterator[None]:
    watch.lap()
    watch.path.append(name)
    try:
        yield
    finally:
        watch.lap()
        watch.path.pop()


def backward() -> Any:
    """A context that is timed as the backward pass while a stopwatch runs."""
    return scope(BACKWARD)


# The scope of a backward pass that is not taken apart into layers.
BACKWARD = "kerata.backward"


def by_stopwatch(
    plain: Callable[[int], Any], steps: int, seconds: float, wait: Callable[[], Any], how: str
) -> Trace:
    """Run steps that are not compiled, with a stopwatch at the doors of the layers.

    Args:
        plain: Runs so many steps.
        steps: The most steps to be measured.
        seconds: About the most that they may take.
        wait: Waits for the device.
        how: What to tell about it.
    """
    global _stopwatch

    def run(n: int) -> None:
        plain(n)
        wait()

    _, steps = warm_up(run, steps, seconds)
    watch = _stopwatch = _Stopwatch(wait)
    try:
        run(steps)
        watch.lap()
    finally:
        _stopwatch = None
    operations = [Operation("", path, BACKWARD in path, s) for path, s in watch.spent.items()]
    total = sum(watch.spent.values())
    return Trace(operations, total, total, steps, 0.0, how)
