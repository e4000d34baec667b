"""Compiled programs: many steps of training or evaluation as one call of the engine.

A program owns nothing but functions. State lives in the model's variables: it is read from them
before each call and written back after it, so callbacks may read and change weights at any time,
and whatever happens the model holds the last step that was completed.
"""

from __future__ import annotations

import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import tree
from ..engine import collector_paused, engine
from ..ops import random
from ..scope import Binding
from ..variable import with_shared
from . import step as steps

# One call should take about this long: short enough for a lively progress bar and a quick answer
# to Ctrl-C, long enough that the cost of a call does not count.
SECONDS_PER_CALL = 0.075

# Gives a vector of scalars and what else there is, when a run's results are wanted.
Results = Callable[[], tuple[Any, dict]]


class Program:
    """Steps of one mode (``train`` or ``test``) of one model.

    Args:
        model: A prepared model.
        mode: ``"train"`` or ``"test"``.
    """

    def __init__(self, model: Any, mode: str) -> None:
        self.model, self.mode = model, mode
        self.compiled = model._compiled
        self.own_step = steps.overrides(model, f"{mode}_step") or (
            mode == "train" and steps.overrides(model, "compute_metrics")
        )
        self.variables = with_shared(steps.state_variables(model))
        self.key: Any = None
        self._names: list[str] = []
        self._functions: dict[Any, Callable] = {}
        self._logs_like: Any = None
        # Runs a step that cannot be compiled as a pure function, on the variables themselves.
        self.direct: Callable | None = None
        self.seconds_per_step: float | None = None

    # --- the pure functions ----------------------------------------------------------------------

    def _update(self, data: Any) -> dict[str, Any] | None:
        """A step on the bound variables; logs where the model has a step of its own."""
        model = self.model
        if not self.own_step:
            (steps.train_update if self.mode == "train" else steps.test_update)(model, data)
            return None
        method = getattr(model, f"{self.mode}_step")
        data = _packed(data)
        if _takes_state(method):
            return self._stateless(method, data)
        return dict(method(data))

    def _change(self, key: Any, data: Any) -> dict[str, Any] | None:
        """A step that changes the variables themselves."""
        with Binding(key=key):
            return self._update(data)

    def _stateless(self, method: Callable, data: Any) -> dict[str, Any]:
        """A step in Keras's form for JAX: ``(state, data) -> (logs, state)``."""
        model = self.model
        groups = [model.trainable_variables, model.non_trainable_variables]
        if self.mode == "train":
            groups.append(model.optimizer.variables)
        groups.append(model.metrics_variables)
        state = tuple([v.value for v in group] for group in groups)
        logs, state = method(state, data)
        for group, values in zip(groups, state):
            for v, value in zip(group, values):
                v.assign(value)
        return dict(logs)

    def _results(self, logs: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        """Scalars stacked into one vector, so that one transfer brings them; others as they are."""
        from .. import config, ops

        if logs is None:
            logs = self.model.get_metrics_result()
        scalars: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name, value in logs.items():
            (
                scalars
                if getattr(value, "shape", ()) == () and not tree.is_nested(value)
                else others
            )[name] = value
        self._names = list(scalars)
        vector = (
            ops.stack([ops.cast(v, config.floatx()) for v in scalars.values()])
            if scalars
            else ops.zeros((0,))
        )
        return vector, others

    def _one(self, values: list, key: Any, number: Any, data: Any) -> Any:
        """One step on a batch: new values, and logs of a step of the user's own."""
        with Binding(self.variables, values, random.fold(key, number)) as run:
            logs = self._update(data)
            return run.result(self.variables), logs

    def _on_rows(
        self, batch: int, i: Any, carry: Any, key: Any, first: Any, order: Any, data: Any
    ) -> Any:
        """Step `i` of an epoch over data on the device."""
        e = engine()
        with e.named("kerata.batch"):
            rows = e.slice_rows(order, i * batch, batch)
            part = tree.map_structure(lambda a: None if a is None else e.take_rows(a, rows), data)
        values, logs = self._one(carry[0], key, first + i, part)
        return values, _cast_like(logs, self._logs_like)

    def _summarize(self, values: list, logs: Any) -> tuple[Any, dict]:
        """Results out of the state."""
        with Binding(self.variables, values):
            return self._results(logs)

    # --- running them ----------------------------------------------------------------------------

    def warm_up(self, data: Any) -> None:
        """Let a step of the user's own make its variables, and find what logs it gives."""
        if not self.own_step or self.direct is not None or self.compiled.run_eagerly:
            return
        e = engine()
        flat = tree.flatten(data)
        from ..spec import spec_of

        for _ in range(2):
            self.variables = with_shared(steps.state_variables(self.model))
            made: dict[str, Any] = {}

            def run(*leaves: Any) -> Any:
                batch = tree.pack_sequence_as(data, list(leaves))
                values = [v.value for v in self.variables]
                with Binding(self.variables, values, e.key(0), catches=True):
                    return self._update(batch)

            try:
                made = e.infer(run, [spec_of(a) for a in flat])
            except Exception:
                # Written in the manner of the engine's library, it works on variables only.
                self.direct = e.direct(self._change, fuse=self.compiled.fuse)
                if self.direct is None:
                    raise
                return
        self._logs_like = made
        self.variables = with_shared(steps.state_variables(self.model))

    def _base_key(self) -> Any:
        if self.key is None:
            self.key = engine().key(self.compiled.seed)
        return self.key

    def on_batch(self, data: Any) -> Results:
        """Run one step on a batch."""
        if self.compiled.run_eagerly or self.direct is not None:
            run = self._change if self.compiled.run_eagerly else self.direct
            data = self._tensors(data)
            logs = run(random.fold(self._base_key(), self.compiled.steps), data)  # type: ignore[misc]
            self._count(1)
            return functools.partial(self._results, logs)
        with uninterrupted(), collector_paused(new="one" not in self._functions):
            values, logs = self._function("one", self._one)(
                self._values(), self._base_key(), np.int32(self.compiled.steps), data
            )
            self._store(values)
        self._count(1)
        return functools.partial(self._function("results", self._summarize), values, logs)

    def on_rows(self, data: Any, order: Any, batch: int, start: int, stop: int) -> Results:
        """Run steps on rows of data on the device."""
        new = batch not in self._functions
        run = self._loop(batch)
        first = np.int32(self.compiled.steps - start)
        logs = None if self._logs_like is None else _zeros(self._logs_like)
        with uninterrupted(), collector_paused(new):
            values, logs = run(
                (self._values(), logs), start, stop, self._base_key(), first, order, data
            )
            self._store(values)
        self._count(stop - start)
        return functools.partial(self._function("results", self._summarize), values, logs)

    def _loop(self, batch: int) -> Callable:
        found = self._functions.get(batch)
        if found is None:
            found = self._functions[batch] = engine().compile_loop(
                functools.partial(self._on_rows, batch), fuse=self.compiled.fuse
            )
        return found

    def _function(self, name: str, pure: Callable) -> Callable:
        found = self._functions.get(name)
        if found is None:
            fuse = self.compiled.fuse if name == "one" else None
            found = self._functions[name] = engine().compile(pure, fuse=fuse)
        return found

    # --- profiling them --------------------------------------------------------------------------

    def profile_rows(self, data: Any, order: Any, batch: int, most: int, seconds: float) -> Any:
        """A `Trace` of steps on rows of data on the device; what they compute is thrown away."""
        key, first = self._base_key(), np.int32(self.compiled.steps)
        logs = None if self._logs_like is None else _zeros(self._logs_like)
        there = len(order) // batch
        run = self._loop(batch)

        def compiled(n: int) -> Any:
            state = (self._values(), logs)
            for start in range(0, n, there):
                state = run(state, 0, min(there, n - start), key, first, order, data)
            return state

        def plain(n: int) -> Any:
            state = (self._values(), logs)
            rows = engine().asarray(order)
            for i in range(n):
                state = self._on_rows(batch, np.int32(i % there), state, key, first, rows, data)
            return state

        return engine().profile(compiled, plain, most, seconds)

    def profile_batch(self, data: Any, most: int, seconds: float) -> Any:
        """A `Trace` of steps on a batch; what they compute is thrown away."""
        key, first = self._base_key(), self.compiled.steps
        eager = self.compiled.run_eagerly
        if eager or self.direct is not None:
            return self._profile_direct(data, most, seconds)
        run = self._function("one", self._one)

        def steps(one: Callable, data: Any, n: int) -> Any:
            values = self._values()
            for i in range(n):
                values, _ = one(values, key, np.int32(first + i), data)
            return values

        tensors = self._tensors(data)
        return engine().profile(
            functools.partial(steps, run, data),
            functools.partial(steps, self._one, tensors),
            most,
            seconds,
        )

    def _profile_direct(self, data: Any, most: int, seconds: float) -> Any:
        """The same for steps that change the variables, which get their values back."""
        before = self._values()
        data = self._tensors(data)

        def plain(n: int) -> None:
            for i in range(n):
                self._change(random.fold(self._base_key(), self.compiled.steps + i), data)

        try:
            return engine().profile(None, plain, most, seconds)
        finally:
            self._store(before)

    def _tensors(self, data: Any) -> Any:
        return tree.map_structure(lambda a: None if a is None else engine().asarray(a), data)

    def _count(self, n: int) -> None:
        if self.mode == "train":
            self.compiled.steps += n

    def _values(self) -> list[Any]:
        return [v.snapshot() for v in self.variables]

    def _store(self, values: list[Any]) -> None:
        for v, value in zip(self.variables, values):
            v.replace(value)

    def wait(self) -> None:
        """Wait until the steps so far have been computed."""
        engine().block([v.snapshot() for v in self.variables[-1:]])

    def logs(self, results: Results) -> dict[str, Any]:
        """Results as numbers by name; waits for the computation."""
        vector, others = results()
        out: dict[str, Any] = dict(zip(self._names, engine().to_numpy(vector).tolist()))
        for name, value in others.items():
            if isinstance(value, dict):
                out.update({k: _number(v) for k, v in value.items()})
            else:
                out[name] = _number(value)
        return out

    def chunk(self, left: int) -> int:
        """How many steps to put into the next call."""
        if self.seconds_per_step is None:
            return min(left, 4)
        return max(1, min(left, int(SECONDS_PER_CALL / self.seconds_per_step)))

    @contextmanager
    def timed(self, n: int, warm: bool) -> Iterator[None]:
        """Measure the block as `n` steps, unless it may contain a compilation."""
        start = time.perf_counter()
        yield
        took = (time.perf_counter() - start) / n
        if warm:
            before = self.seconds_per_step
            self.seconds_per_step = took if before is None else 0.5 * (before + took)

    def is_warm(self, kind: Any) -> bool:
        """Whether a function has been compiled already."""
        return kind in self._functions


def program(model: Any, mode: str, fresh: bool = False) -> Program:
    """The program of a model and mode, made anew where what is trained, or how, has changed.

    With `fresh` it is made anew in any case.
    """
    compiled = model._compiled
    layers = list(model._flatten_layers())
    key = (
        mode,
        tuple(x._trainable for x in layers),
        len(layers),
        tuple(v.trainable for v in model.weights),
        # a schedule may take the place of a rate
        tuple(id(rate) for rate in getattr(model.optimizer, "rates", ())),
    )
    found = compiled.programs.get(mode)
    if fresh or found is None or found[0] != key or found[1].model is not model:
        found = compiled.programs[mode] = (key, Program(model, mode))
    return found[1]


def _packed(data: Any) -> Any:
    """A batch in the form in which Keras hands it to a step: without what is not there."""
    from .data import pack_x_y_sample_weight

    return pack_x_y_sample_weight(*data) if isinstance(data, tuple) else data


def _takes_state(method: Callable) -> bool:
    import inspect

    return len(inspect.signature(method).parameters) >= 2


def _zeros(like: Any) -> Any:
    from .. import ops

    return tree.map_structure(lambda s: ops.zeros(s.shape, s.dtype), like)


def _cast_like(logs: Any, like: Any) -> Any:
    if like is None:
        return None
    e = engine()
    return tree.map_structure(lambda v, s: e.asarray(v, s.dtype), dict(logs), like)


def _number(value: Any) -> Any:
    array = engine().to_numpy(value) if not isinstance(value, (int, float)) else np.asarray(value)
    return array.item() if array.ndim == 0 else array


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the block is through; a second one goes through at once.

    Between the end of a compiled call and the writing back of its results an interruption would
    lose the step.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    came: list[int] = []

    def note(number: int, frame: Any) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt
