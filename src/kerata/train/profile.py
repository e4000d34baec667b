"""Where the time of a step goes, layer by layer: what ``fit(..., profile=True)`` measures and prints.

The operations of some steps are measured before the training, on copies of its state, so that a
training with a profile computes what it computes without. What a step takes from end to end, data
and Python included, is measured during the training itself.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
import weakref
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..engine import PARTS, collector_paused

# At most so many steps, and about so many seconds of them, are measured.
STEPS = 10
SECONDS = 3.0
# Of the training itself so many steps, or those of one call, are timed.
_TIMED = 64
_TOP = 5

_TITLES = {
    "kerata.batch": "taking the batch",
    "kerata.loss": "loss",
    "kerata.backward": "backward pass of all layers",
    "kerata.metrics": "metrics",
    "kerata.optimizer": "optimizer",
    "other": "other operations",
    "whole": "the step as a whole",
    "idle": "between operations",
    "input": "waiting for data",
    "python": "callbacks, Python",
}


@dataclasses.dataclass
class Row:
    """A line of a profile; times are seconds of one step.

    Attributes:
        name: Path of the layer, ``outer/inner``, or what it is that belongs to no layer.
        kind: Class of the layer, empty where it is none.
        forward: Time of the forward pass; of what has no passes, all of it.
        backward: Time of the derivatives.
        share: Part of the step's time, from 0 to 1.

    >>> Row("dense", "Dense", 0.25, 0.5, 1.0).seconds
    0.75
    """

    name: str
    kind: str
    forward: float
    backward: float
    share: float

    @property
    def seconds(self) -> float:
        """Forward and backward together."""
        return self.forward + self.backward


@dataclasses.dataclass
class TopOperation:
    """One of the costliest operations: its name, where it stands, seconds a step, part of the step."""

    name: str
    layer: str
    backward: bool
    seconds: float
    share: float


@dataclasses.dataclass
class Profile:
    """Where the time of a step went; printing it gives the table. ``fit(...).profile``.

    Attributes:
        model: Name of the model.
        mode: ``"train"`` or ``"test"``.
        rows: Layers in the order of the model, then what belongs to no layer. Their shares add up to 1.
        operations: The costliest operations, where the engine tells them.
        step_seconds: What a step took.
        steps: How many steps were looked into.
        timed_steps: How many steps of the training itself `step_seconds` is the mean of; 0 if there
            were too few, and it comes from the steps looked into.
        compile_seconds: What it took to compile the step.
        note: How the steps ran, where that was not as in training.
    """

    model: str
    mode: str
    rows: list[Row]
    operations: list[TopOperation]
    step_seconds: float
    steps: int
    timed_steps: int
    compile_seconds: float
    note: str = ""

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"{name} (there are: {', '.join(r.name for r in self.rows)})")

    def to_dict(self) -> dict[str, Any]:
        """All numbers in dicts and lists, for JSON or a DataFrame of ``["rows"]``."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        return _text(self)


# --- the switch ---------------------------------------------------------------------------------


class _Everywhere:
    """Profiles of each model's first training, while `everywhere` is open."""

    def __init__(self) -> None:
        self.profiles: list[Profile] = []
        self.trainings = 0
        self.met: weakref.WeakSet[Any] = weakref.WeakSet()


_everywhere: _Everywhere | None = None


@contextlib.contextmanager
def everywhere() -> Iterator[_Everywhere]:
    """Profile the first `fit` of each model in the block, as if it had been asked to."""
    global _everywhere
    before = _everywhere
    _everywhere = _Everywhere()
    try:
        yield _everywhere
    finally:
        _everywhere = before


def watch(model: Any, asked: Any, verbose: Any) -> Watch | None:
    """A `Watch` for a training or evaluation that is to be profiled, else ``None``."""
    if _everywhere is not None:
        _everywhere.trainings += 1
        if model not in _everywhere.met:
            _everywhere.met.add(model)
            return Watch(model, True)
    return Watch(model, verbose not in (0, False)) if asked else None


# --- measuring ----------------------------------------------------------------------------------


class _Call(NamedTuple):
    steps: int
    inside: float
    waited: float
    total: float


class Watch:
    """Measures one training (or evaluation) of a model.

    Args:
        model: The model.
        prints: Whether the table is printed at the end.
    """

    def __init__(self, model: Any, prints: bool) -> None:
        self.model, self.prints = model, prints
        self.mode = "train"
        self.trace: Any = None
        # Calls during the training: steps, seconds in the call, waiting for data, of everything.
        self.calls: list[_Call] = []
        self.firsts: list[_Call] = []  # those that are the first of their epochs
        self._epochs = 0
        self._last: float | None = None  # when the last call of this epoch ended
        self._wait = 0.0

    def rehearse(self, program: Any, data: Any, order: Any = None, batch: int = 0) -> None:
        """Look into steps of the program, once, before it runs."""
        if self.trace is not None:
            return
        self.mode = program.mode
        with collector_paused(new=True):
            if order is None:
                self.trace = program.profile_batch(data, STEPS, SECONDS)
            else:
                self.trace = program.profile_rows(data, order, batch, STEPS, SECONDS)

    def epoch(self) -> None:
        """An epoch begins; what was between the epochs is no part of a step."""
        self._last, self._wait = None, 0.0
        self._epochs += 1

    def batches(self, source: Iterator[Any]) -> Iterator[Any]:
        """The batches, their coming timed."""
        while True:
            start = time.perf_counter()
            try:
                data = next(source)
            except StopIteration:
                return
            self._wait += time.perf_counter() - start
            yield data

    @contextlib.contextmanager
    def call(self, program: Any, n: int) -> Iterator[None]:
        """Time a call of `n` steps."""
        start = time.perf_counter()
        yield
        if sum(c.steps for c in self.calls) >= _TIMED:
            return
        program.wait()
        end = time.perf_counter()
        inside, waited = end - start, self._wait
        if self._last is not None:
            self.calls.append(_Call(n, inside, waited, end - self._last))
        elif self._epochs > 1:
            # It follows no other, so what is between two calls is missing: used if all are like that.
            self.firsts.append(_Call(n, inside, waited, inside + waited))
        self._last, self._wait = end, 0.0

    def timed(self) -> _Call:
        """The sum of the calls that tell what a step takes."""
        calls = self.calls or self.firsts
        # The first ones still find batches that were read ahead, before there was a step to wait for.
        calls = calls[len(calls) // 2 :]
        return _Call(*map(sum, zip(*calls))) if calls else _Call(0, 0.0, 0.0, 0.0)

    def close(self) -> Profile | None:
        """The profile, printed if wanted; ``None`` where nothing was measured."""
        if self.trace is None:
            return None
        found = _profile(self)
        if _everywhere is not None:
            _everywhere.profiles.append(found)
        if self.prints:
            print(found, flush=True)
        return found


# --- from operations to layers ------------------------------------------------------------------


class _Place:
    """A layer in the tree of the model."""

    def __init__(self, layer: Any, name: str) -> None:
        self.layer, self.name = layer, name
        self.inside: dict[str, _Place] = {}
        for child in _children(layer):
            path = f"{name}/{child.name}" if name else child.name
            self.inside.setdefault(child.name, _Place(child, path))

    def all(self) -> Iterator[_Place]:
        """This place and those in it, as in the summary."""
        yield self
        for child in self.inside.values():
            yield from child.all()


def _children(layer: Any) -> list[Any]:
    """Layers with rows of their own: those of models, and of layers that a user has put together."""
    layers = getattr(layer, "layers", None)
    if isinstance(layers, list) and hasattr(layer, "_graph"):
        return layers
    own = type(layer).__module__.partition(".")[0] == __name__.partition(".")[0]
    return [] if own else list(layer._layers)


def _locate(root: _Place, path: tuple[str, ...]) -> _Place | str:
    """The layer, or other part of a step, that a path of scopes leads to."""
    here: _Place | str | None = None
    for name in path:
        if name in PARTS:
            here = name
        elif isinstance(here, _Place) and name in here.inside:
            here = here.inside[name]
        elif not isinstance(here, _Place):
            if name == root.layer.name:
                here = root
            elif name in root.inside:  # a step that calls parts of the model
                here = root.inside[name]
    return here if here is not None else "other"


def _profile(watch: Watch) -> Profile:
    trace = watch.trace
    root = _Place(watch.model, "")
    steps, inside, waited, step = watch.timed()
    if steps:
        inside, waited, step = inside / steps, waited / steps, step / steps
    elif trace.steps:
        inside = step = trace.wall / trace.steps
    # Times of threads that worked side by side are scaled to the time they took together, and steps
    # under the profiler, which slows them down, to those of the training.
    summed = sum(o.seconds for o in trace.operations)
    busy = inside * trace.busy / trace.wall if trace.wall else 0.0
    scale = busy / summed if summed else 0.0

    spent: dict[Any, list[float]] = defaultdict(lambda: [0.0, 0.0])
    single: dict[Any, float] = defaultdict(float)
    for o in trace.operations:
        where = _locate(root, o.path)
        spent[where][o.backward] += o.seconds * scale
        if o.name:
            single[o.name, where, o.backward] += o.seconds * scale
    for name, seconds in (
        ("idle" if trace.operations else "whole", inside - busy), ("input", waited), ("python", step - inside - waited),
    ):  # fmt: skip
        spent[name][0] = max(seconds, 0.0)
    whole = sum(map(sum, spent.values())) or 1.0

    def row(key: Any) -> Row:
        forward, backward = spent[key]
        name, kind = _title(root, key)
        return Row(name, kind, forward, backward, (forward + backward) / whole)

    places = [p for p in root.all() if not p.inside or any(spent[p])]
    places = [*(p for p in places if p is not root), *(p for p in places if p is root)]
    always = _ALWAYS if watch.mode == "train" else _ALWAYS - {"kerata.optimizer"}
    others = [name for name in _TITLES if any(spent[name]) or name in always]
    top = sorted(single.items(), key=lambda item: -item[1])[:_TOP]
    return Profile(
        model=watch.model.name,
        mode=watch.mode,
        rows=[row(key) for key in [*places, *others]],
        operations=[
            TopOperation(name, _title(root, where)[0], back, seconds, seconds / whole)
            for (name, where, back), seconds in top
        ],
        step_seconds=whole,
        steps=trace.steps,
        timed_steps=steps,
        compile_seconds=trace.compile_seconds,
        note=trace.how,
    )


_ALWAYS = {"kerata.loss", "kerata.metrics", "kerata.optimizer", "input", "python"}


def _title(root: _Place, key: Any) -> tuple[str, str]:
    if not isinstance(key, _Place):
        return _TITLES[key], ""
    kind = type(key.layer).__name__
    # What a model or layer with rows below does itself.
    own = " (itself)" if key.inside else ""
    return f"{key.name or key.layer.name}{own}", kind


# --- the table ----------------------------------------------------------------------------------


def _text(p: Profile) -> str:
    from ..models.summary import draw_table

    def cells(row: Row, passes: bool) -> list[str]:
        name = f"{row.name} ({row.kind})" if row.kind else row.name
        if not passes:
            return [name, _ms(row.seconds), f"{row.share:.1%}"]
        back = _ms(row.backward) if row.kind or row.backward else ""
        return [name, _ms(row.forward), back, f"{row.share:.1%}"]

    passes = any(r.backward for r in p.rows if r.kind)
    head = ["Layer (type)", *(["forward ms", "backward ms"] if passes else ["ms"]), "share"]
    layers = [cells(r, passes) for r in p.rows if r.kind]
    others = [cells(r, passes) for r in p.rows if not r.kind]
    verb = "training" if p.mode == "train" else "evaluation"
    lines = [f'Profile of {verb}: "{p.model}", {_ms(p.step_seconds)} ms a step']
    lines += draw_table(head, [layers, others])
    if p.operations:
        lines.append(" Costliest operations:")
        names = [o.name + (", backward" if o.backward else "") for o in p.operations]
        wide = max(map(len, names))
        lines += [
            f"   {o.share:6.1%}  {_ms(o.seconds):>9} ms  {n:<{wide}}  {o.layer}"
            for o, n in zip(p.operations, names)
        ]
    lines += [f" {line}" for line in _remarks(p)]
    return "\n".join(lines)


def _remarks(p: Profile) -> list[str]:
    what = f"{p.steps} step{'s' * (p.steps != 1)} looked into"
    if p.timed_steps:
        what += f", {p.timed_steps} timed"
    if p.compile_seconds:
        what += f"; compiled in {p.compile_seconds:.2f} s"
    lines = [what + "."]
    if p.note:
        lines.append(f"Layers: {p.note}.")
    elif p.operations:
        lines.append("Work of parallel threads is added up and scaled to the time of the step.")
    return lines


def _ms(seconds: float) -> str:
    """Milliseconds in three or four digits."""
    ms = seconds * 1e3
    return f"{ms:,.3f}" if ms < 10 else f"{ms:,.1f}"
