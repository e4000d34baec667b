"""The progress bar."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterable
from typing import Any

from . import output
from .base import Callback

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Progbar:
    """A bar that shows how far something has come and the latest values.

    On a terminal and in a notebook it is redrawn in place; anywhere else it is one line at the end.

    Args:
        target: Steps to be done, ``None`` if unknown.
        width: Characters of the bar.
        verbose: 0 for nothing, 1 for the bar, 2 for one line at the end.
        interval: Least time between two drawings, in seconds.
        stateful_metrics: Names of values to be shown as they come; others are averaged over steps.
        stateless_metrics: Names of the only values to be averaged.
        unit_name: What a step is called.
        prefix: Text before the one line where there is no bar.

    >>> bar = Progbar(2, verbose=2, prefix="Epoch 1/1")
    >>> bar.update(1, [("loss", 3.0)])
    >>> "loss: 2.0000" in bar.line([("loss", 1.0)], 2)
    True
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
        prefix: str = "",
    ) -> None:
        if stateful_metrics and stateless_metrics:
            raise ValueError("Give stateful_metrics or stateless_metrics, not both.")
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self.unit_name, self.prefix = unit_name, prefix
        self._live = output.is_live()
        self._colour = output.is_terminal() and "NO_COLOR" not in os.environ
        self._marks = "━─" if output.can_print("━─") else "=-"
        self._start = time.monotonic()
        self._first: tuple[int, float] | None = None
        self._values: dict[str, tuple[float, float]] = {}
        self._seen = 0
        self._drawn = -math.inf
        self._width = 0

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Show that `current` steps are done.

        Args:
            current: Steps done.
            values: Pairs of name and value.
            finalize: Whether this is the end; by default if `current` reaches the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._take(current, values)
        now = time.monotonic()
        if self._first is None:
            self._first = (current, now)
        if self.verbose == 1 and self._live:
            if finalize or now - self._drawn >= self.interval:
                self._drawn = now
                self._draw(current, now, finalize)
        elif self.verbose and finalize:
            output.say(self._plain(current, now))

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._seen + n, values)

    def line(self, values: Iterable[tuple[str, Any]], current: int) -> str:
        """The one line that stands for the whole bar."""
        self._take(current, values)
        return self._plain(current, time.monotonic())

    def _take(self, current: int, values: Iterable[tuple[str, Any]] | None) -> None:
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            if not self._averaged(name):
                self._values[name] = (value, 1)
            else:
                total, count = self._values.get(name, (0.0, 0))
                self._values[name] = (total + value * steps, count + steps)
        self._seen = current

    def _averaged(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return name not in self.stateful_metrics

    # --- text ------------------------------------------------------------------------------------

    def _draw(self, current: int, now: float, last: bool) -> None:
        text = (
            self._count(current)
            + " "
            + self._bar(current)
            + self._clock(current, now, last)
            + self._metrics()
        )
        if not last:
            from shutil import get_terminal_size

            text = _cut(text, get_terminal_size().columns - 1)
        output.redraw(text, self._width, last)
        self._width = len(_COLOUR.sub("", text))

    def _plain(self, current: int, now: float) -> str:
        count = f"{current}/{current if self.target is None else self.target} - " if current else ""
        spent = f"{_duration(now - self._start)}"
        step = f" - {_rate((now - self._start) / current)}/{self.unit_name}" if current else ""
        head = f"{self.prefix} - " if self.prefix else ""
        return f"{head}{count}{spent}{step}{self._metrics()}"

    def _count(self, current: int) -> str:
        if self.target is None:
            return f"{current}/Unknown"
        text = f"{current:>{len(str(self.target))}}/{self.target}"
        return f"\x1b[1m{text}\x1b[0m" if self._colour else text

    def _bar(self, current: int) -> str:
        if self.target is None:
            return ""
        done = int(self.width * min(current / max(self.target, 1), 1))
        full, empty = self._marks[0] * done, self._marks[1] * (self.width - done)
        return f"\x1b[32m{full}\x1b[0m\x1b[2m{empty}\x1b[0m " if self._colour else f"{full}{empty} "

    def _clock(self, current: int, now: float, last: bool) -> str:
        step = self._time_per_step(current, now)
        if last or self.target is None:
            shown = _duration(now - self._start)
        else:
            shown = _duration(step * (self.target - current))
        return f"{shown} {_rate(step)}/{self.unit_name}"

    def _time_per_step(self, current: int, now: float) -> float:
        # The first steps are left out where there are others: they hold the time of compilation.
        first, since = self._first or (0, self._start)
        if current > first:
            return (now - since) / (current - first)
        return (now - self._start) / max(current, 1)

    def _metrics(self) -> str:
        out = ""
        for name, (total, count) in self._values.items():
            value = total / max(count, 1) if self._averaged(name) else total
            out += f" - {name}: {_number(value)}"
        return out


def _number(value: Any) -> str:
    try:
        value = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest}s"


def _rate(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def _cut(text: str, width: int) -> str:
    """The first `width` visible characters, colours kept."""
    out, used = [], 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", text):
        if part.startswith("\x1b"):
            out.append(part)
        else:
            out.append(part[: max(0, width - used)])
            used += len(part)
    return "".join(out)


class ProgbarLogger(Callback):
    """Shows the progress of `fit`, `evaluate` and `predict`; the loop adds it where ``verbose`` is on.

    A bar that is redrawn at most five times a second on a terminal or in a notebook; elsewhere, and
    with ``verbose=2``, one line for each epoch.

    Args:
        count_mode: Taken for old programs; steps are counted.
        stateful_metrics: Taken for old programs; the values that the loop gives are averages already.

    >>> isinstance(ProgbarLogger(), Callback)  # fit adds one by itself where verbose is not 0
    True
    """

    interval = 0.2

    def __init__(
        self, count_mode: str = "steps", stateful_metrics: Iterable[str] | None = None
    ) -> None:
        super().__init__()
        self._bar: Progbar | None = None
        self._in_fit = False
        self.steps_done = 0
        self._next = 0.0

    @property
    def _verbose(self) -> int:
        verbose = (self.params or {}).get("verbose", 1)
        return 1 if verbose in ("auto", True) else int(verbose or 0)

    @property
    def chunk_due(self) -> bool:
        """Whether the bar wants to be redrawn after a run of steps now."""
        bar = self._bar
        return bar is not None and bar.verbose == 1 and bar._live and time.monotonic() >= self._next

    def on_chunk_end(self, step: int, logs: Any) -> None:
        """Redraw the bar after `step` steps; called between runs of steps, not for every batch."""
        self.steps_done = step
        if self.chunk_due and self._bar is not None:
            self._bar.update(step, logs.items(), finalize=False)
            self._next = time.monotonic() + self.interval

    def _open(self, prefix: str = "") -> None:
        steps = (self.params or {}).get("steps")
        self.steps_done, self._next = 0, 0.0
        self._bar = Progbar(
            steps, verbose=self._verbose, interval=0, stateless_metrics=(), prefix=prefix
        )

    def _close(self, logs: Any) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            done = self.steps_done or (self.params or {}).get("steps") or 0
            if bar.target is None:
                bar.target = done or None
            bar.update(done, (logs or {}).items(), finalize=True)

    def on_train_begin(self, logs: Any = None) -> None:
        """Evaluations from now on are part of the training."""
        self._in_fit = True

    def on_train_end(self, logs: Any = None) -> None:
        """The training is over."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start a bar."""
        epochs = (self.params or {}).get("epochs")
        title = f"Epoch {epoch + 1}" + (f"/{epochs}" if epochs else "")
        self._open(title)
        if self._bar is not None and self._bar.verbose == 1 and self._bar._live:
            output.say(title)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Finish the bar."""
        self._close(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        """Start a bar for `evaluate`."""
        if not self._in_fit:
            self._open()

    def on_test_end(self, logs: Any = None) -> None:
        """Finish the bar of `evaluate`."""
        if not self._in_fit:
            self._close(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Start a bar for `predict`."""
        self._open()

    def on_predict_end(self, logs: Any = None) -> None:
        """Finish the bar of `predict`."""
        self._close(logs)
