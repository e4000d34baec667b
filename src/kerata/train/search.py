"""Searches before a training: for a learning rate, and for a batch size.

Both train for a few steps and put the model back as it was.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import config, rng
from ..errors import InputError
from ..variable import Variable
from . import loop
from .data import Source, make_source

# A search for a rate ends where the loss is so many times its lowest.
_DIVERGED = 4.0


@dataclasses.dataclass
class LearningRates:
    """What `lr_find` has found.

    Attributes:
        rates: The rates tried, rising.
        losses: The loss of the batch trained on with each.
        smooth: The losses with the noise of single batches taken out.
        suggestion: A rate to train with: where the loss fell fastest.
    """

    rates: list[float]
    losses: list[float]
    smooth: list[float]
    suggestion: float

    def plot(self, ax: Any = None) -> Any:
        """Draw losses over rates with matplotlib, into `ax` or a new picture; gives the axes."""
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots()[1]
        ax.plot(self.rates, self.losses, color="0.8", label="loss of a batch")
        ax.plot(self.rates, self.smooth, label="smoothed")
        ax.axvline(self.suggestion, linestyle=":", label=f"suggestion {self.suggestion:.2g}")
        ax.set(xscale="log", xlabel="learning rate", ylabel="loss")
        low, high = min(self.smooth), max(self.smooth[: len(self.smooth) // 2 + 1])
        ax.set_ylim(low - 0.1 * (high - low), high + 0.5 * (high - low))
        ax.legend()
        return ax


@dataclasses.dataclass
class BatchSizes:
    """What `batch_size_find` has found.

    Attributes:
        sizes: Batch sizes tried.
        rows_per_second: Rows trained on in a second with each.
        suggestion: The smallest size that is nearly as fast as the fastest.
        stopped: Why no larger one was tried.
    """

    sizes: list[int]
    rows_per_second: list[float]
    suggestion: int
    stopped: str

    def __str__(self) -> str:
        lines = [
            f"{size:8,}  {speed:14,.0f} rows/s{'  <- suggestion' if size == self.suggestion else ''}"
            for size, speed in zip(self.sizes, self.rows_per_second)
        ]
        return "\n".join(["batch size", *lines, self.stopped])


def lr_find(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    batch_size: int | None = None,
    lowest: float = 1e-7,
    highest: float = 10.0,
    steps: int = 100,
) -> LearningRates:
    """Try rising learning rates, a batch each, and suggest one (Smith, arXiv:1506.01186).

    The rate rises by the same factor from step to step until the loss has grown to 4 times its
    lowest or is no number. Model, optimizer and its rate are put back as they were.

    Args:
        model: A compiled model.
        x: Data as for `fit`.
        y: Targets, where `x` does not bring them.
        sample_weight: Factor of the loss for each row.
        batch_size: Rows a step, for arrays (32).
        lowest, highest: Rates to begin and end with.
        steps: Rates to try.

    >>> import kerata
    >>> kerata.utils.set_random_seed(0)
    >>> x = np.random.default_rng(0).normal(size=(200, 3))
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> found = lr_find(model, x, x @ [[1.0], [2.0], [3.0]])
    >>> 1e-3 < found.suggestion < 1, len(found.rates) == len(found.losses) < 100
    (True, True)
    """
    if not 0 < lowest < highest or steps < 3:
        raise InputError(
            f"lr_find: expected 0 < lowest < highest and at least 3 steps, got lowest={lowest}, highest={highest}, "
            f"steps={steps}."
        )
    model._need_compiled("lr_find")
    source = _source(x, y, sample_weight, batch_size=batch_size, shuffle=True)
    rates: list[float] = []
    losses: list[float] = []
    with _as_it_was(model, source), _own_rate(model.optimizer):
        for i, batch in enumerate(itertools.islice(_batches(source), steps)):
            rate = lowest * (highest / lowest) ** (i / (steps - 1))
            model.optimizer.learning_rate = rate
            loss = _train(model, batch)
            if not math.isfinite(loss):
                break
            rates.append(rate)
            losses.append(loss)
            if smoothed(losses)[-1] > _DIVERGED * min(smoothed(losses)):
                break
    if len(rates) < 3:
        raise InputError(
            f"lr_find: the loss was no number after {len(rates)} steps, at a rate of {lowest:g}: look for NaN in "
            "the data, or give a smaller `lowest`."
        )
    smooth = smoothed(losses)
    return LearningRates(rates, losses, smooth, _steepest(rates, smooth))


def smoothed(losses: list[float], share: float = 0.9) -> list[float]:
    """Running mean in which the last loss counts ``1 - share``, without the bias of its start.

    >>> [round(v, 3) for v in smoothed([1.0, 1.0, 4.0])]
    [1.0, 1.0, 2.107]
    """
    out, mean = [], 0.0
    for i, loss in enumerate(losses):
        mean = share * mean + (1 - share) * loss
        out.append(mean / (1 - share ** (i + 1)))
    return out


# Slopes are taken over so many steps, as those between neighbours are noise, and not among the first
# ones, which the running mean has hardly smoothed.
_SPAN, _ROUGH = 10, 10


def _steepest(rates: list[float], smooth: list[float]) -> float:
    """The rate at which the loss falls fastest per factor of the rate, before its lowest."""
    span = min(_SPAN, len(smooth) - 1)
    first = min(_ROUGH, len(smooth) - 1 - span)
    last = max(int(np.argmin(smooth)), first + span)
    falls = [smooth[i] - smooth[i + span] for i in range(first, last - span + 1)]
    return rates[first + int(np.argmax(falls)) + span // 2]


def batch_size_find(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    sample_weight: Any = None,
    lowest: int = 8,
    highest: int | None = None,
    seconds: float = 1.0,
) -> BatchSizes:
    """Try doubling batch sizes for speed and memory, and suggest one.

    Ends where memory does, with the data, at `highest`, or where two doublings have gained nothing. Model
    and optimizer are put back as they were. A larger batch takes fewer steps an epoch: the learning
    rate usually has to grow with it.

    Args:
        model: A compiled model.
        x, y, sample_weight: Arrays as for `fit`.
        lowest: Size to begin with.
        highest: Largest size to try; all rows by default.
        seconds: About how long to measure each.

    >>> import kerata
    >>> model = kerata.Sequential([kerata.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> found = batch_size_find(model, np.ones((40, 3)), np.ones((40, 1)), seconds=0.01)
    >>> found.sizes[:2], found.suggestion in found.sizes
    ([8, 16], True)
    """
    model._need_compiled("batch_size_find")
    source = _source(x, y, sample_weight)
    if source.arrays is None:
        raise InputError(
            f"batch_size_find needs arrays, got {type(x).__name__}, which decides itself how long batches are."
        )
    rows = int(source.num_samples or 0)
    most = min(rows, highest or rows)
    sizes: list[int] = []
    speeds: list[float] = []
    stopped = f"No more than {most:,} rows were to be tried."
    with _as_it_was(model, source):
        size = min(lowest, most)
        while size <= most:
            try:
                speed = _speed(model, x, y, sample_weight, size, seconds)
            except Exception as e:  # each library has errors of its own
                if not sizes or not _is_memory(e):
                    raise
                stopped = f"{size:,} rows did not fit into memory."
                break
            sizes.append(size)
            speeds.append(speed)
            if len(speeds) > 2 and max(speeds[-2:]) < 1.05 * max(speeds[:-2]):
                stopped = "Larger ones gain nothing."
                break
            size *= 2
    enough = 0.9 * max(speeds)
    return BatchSizes(sizes, speeds, next(s for s, v in zip(sizes, speeds) if v >= enough), stopped)


def _speed(model: Any, x: Any, y: Any, weight: Any, size: int, seconds: float) -> float:
    """Rows trained on in a second."""
    batch = next(_batches(_source(x, y, weight, batch_size=size)))
    _train(model, batch)  # compiles
    steps, start = 0, time.perf_counter()
    while steps < 2 or time.perf_counter() - start < seconds:
        _train(model, batch)
        steps += 1
    return steps * size / (time.perf_counter() - start)


def _train(model: Any, batch: Any) -> float:
    """One step; gives the loss of the batch before it."""
    x, y, weight = batch
    return float(loop.train_on_batch(model, x, y, weight, None, return_dict=True)["loss"])


def _is_memory(e: Exception) -> bool:
    text = str(e).lower()
    return isinstance(e, MemoryError) or "out of memory" in text or "resource_exhausted" in text


def _source(*data: Any, **how: Any) -> Source:
    """A source that takes no number from the host's generator."""
    drawn = rng.get_state()
    try:
        return make_source(*data, **how)
    finally:
        rng.set_state(drawn)


def _batches(source: Source) -> Iterator[Any]:
    """Batches of one epoch after the other."""
    for epoch in itertools.count():
        there = False
        for batch in source.epoch(epoch):
            there = True
            yield batch
        if not there:
            raise InputError(f"{source.what} gave no batch at all: there is nothing to try.")


@contextmanager
def _as_it_was(model: Any, source: Source) -> Iterator[None]:
    """Put everything back that training in the block has changed, the host's generator included."""
    drawn = rng.get_state()
    data = source.arrays
    if data is None:
        data = next(iter(source.epoch(0)))
    model._compiled.prepare(model, *data)
    state, drawn = loop.training_state(model), rng.get_state()
    told = model._compiled.__dict__.get("_told_nan")
    model._compiled._told_nan = True  # a loss that is no number is what a search may end with
    try:
        yield
    finally:
        model._compiled._told_nan = told
        loop.restore_training_state(model, state)
        rng.set_state(drawn)
        rng.set_state(drawn)
        loop.reset(model, model.metrics)
        source.close()


@contextmanager
def _own_rate(optimizer: Any) -> Iterator[None]:
    """Let the block set the optimizer's rate, be it a schedule or a number."""
    before, tracked = optimizer._learning_rate, list(optimizer._tracked)
    if not isinstance(before, Variable):
        optimizer._learning_rate = optimizer._variable(0.0, "learning_rate", config.floatx())
    try:
        yield
    finally:
        optimizer._learning_rate = before
        optimizer._tracked[:] = tracked
