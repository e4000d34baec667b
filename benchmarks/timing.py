"""How a training is timed, whatever library it is written in."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

clock = time.perf_counter

# A training is timed this many times; the median counts.
REPEATS = int(os.environ.get("BENCHMARK_REPEATS", "3"))


@dataclass(frozen=True)
class Training:
    """A model with its data, ready to be trained.

    `fit(rows, epochs)` trains on the first `rows` rows; a measurement takes `epochs` of all `rows`.
    """

    fit: Callable[[int, int], Any]
    rows: int
    batch: int
    epochs: int = 1


def median_time(call: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Median seconds of a call."""
    times = []
    for _ in range(repeats):
        start = clock()
        call()
        times.append(clock() - start)
    return statistics.median(times)


def step_seconds(training: Training) -> float:
    """Seconds of a training step: a whole `fit`, its epochs' ends included, over its steps."""
    training.fit(training.rows, 2)
    steps = training.epochs * -(-training.rows // training.batch)
    return median_time(lambda: training.fit(training.rows, training.epochs)) / steps


def first_step(training: Training) -> float:
    """One batch is trained on; what counts is timed outside, from the start of the process."""
    start = clock()
    training.fit(training.batch, 1)
    return clock() - start


def peak_memory(training: Training) -> float:
    """The most memory (MB) that this process has had after three epochs (VmHWM of Linux)."""
    training.fit(training.rows, 3)
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6
