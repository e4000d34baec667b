"""Where the time of a step goes: torch's profiler, with the layers' names as its ranges."""

from __future__ import annotations

import contextlib
import itertools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, record_function

from .profiling import BACKWARD, Operation, Trace, warm_up

_MARK = "kerata|"
_DERIVATIVE = "autograd::engine::evaluate_function"
_NOTHING = contextlib.nullcontext()
_numbers = itertools.count()
_on = False


def named(layer: str) -> Any:
    """A range of the profiler while it runs."""
    # Numbered, as torch makes one range of two of the same name of which one is all of the other.
    return record_function(f"{_MARK}{next(_numbers)}|{layer}") if _on else _NOTHING


def profile(plain: Callable[[int], Any], recorded: bool, steps: int, seconds: float) -> Trace:
    """See `Engine.profile`; the steps run as they stand, as recordings have no layers."""
    global _on
    cuda = torch.cuda.is_available()

    def run(n: int) -> None:
        plain(n)
        if cuda:
            torch.cuda.synchronize()

    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    # In a recording derivatives turn it on where they need it; steps in torch's own manner expect it.
    with torch.set_grad_enabled(not recorded):
        _, steps = warm_up(run, steps, seconds)
        _on = True
        try:
            with torch.profiler.profile(activities=activities) as found:
                run(steps)
        finally:
            _on = False
    operations = read_events(found.events(), cuda)
    # Only the operations count: the Python code between them does not run in training.
    busy = sum(o.seconds for o in operations)
    how = "operations of steps run eagerly, scaled to the time of the recorded step"
    if not recorded:
        how = "operations of steps run eagerly, scaled to the time of the step"
    return Trace(operations, busy, busy, steps, 0.0, how)


def read_events(events: Any, cuda: bool) -> list[Operation]:
    """Operations out of the events of torch's profiler."""
    places: dict[int, tuple[str, ...]] = {}  # where the operation of an autograd node was called
    spent: dict[tuple[str, tuple[str, ...], bool], float] = defaultdict(float)
    for e in sorted(events, key=lambda e: e.time_range.start):
        names, node = _above(e)
        if node is None:
            if e.sequence_nr >= 0:
                # Of those with one number the last has made the node.
                places[e.sequence_nr] = names
        else:
            names = places.get(node.sequence_nr) or (BACKWARD,)
        if e.name.startswith((_MARK, _DERIVATIVE)):
            continue
        micro = e.self_device_time_total if cuda else e.self_cpu_time_total
        spent[e.name.removeprefix("aten::"), names, node is not None] += micro * 1e-6
    return [Operation(name, path, back, s) for (name, path, back), s in spent.items() if s > 0]


def _above(event: Any) -> tuple[tuple[str, ...], Any]:
    """The ranges around an event, and the autograd node that runs it, if one does."""
    names, node, at = [], None, event
    while at is not None:
        if at.name.startswith(_MARK):
            names.append(at.name.split("|", 2)[2])
        elif at.name.startswith(_DERIVATIVE):
            node = at
        at = at.cpu_parent
    return tuple(reversed(names)), node
