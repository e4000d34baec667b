"""`fit`, `evaluate`, `predict` and their one-batch forms: one loop for all engines and data."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import config, rng, tree
from ..engine import engine
from ..errors import InputError
from ..ops import random
from ..variable import with_shared
from . import profile as profiles
from .data import Source, make_source, validation_split
from .front import input_keys, through, validation_through
from .logs import Logs
from .nan import NanSearch
from .notices import warn_user
from .program import Program, program, takes_state
from .step import overrides

_WORKERS = ("workers", "use_multiprocessing", "max_queue_size")

# Makes what programs of old get of a predicted array; set while one runs, see `compat`.
presented: Callable[[Any], Any] | None = None

# Data beyond this stays on the host and goes to the device batch by batch.
_DEVICE_SHARE = 2**31


def fit(model: Any, x: Any, y: Any, *, batch_size: int | None, epochs: int, verbose: Any, callbacks: Any,
        validation_split: float, validation_data: Any, shuffle: Any, class_weight: Any, sample_weight: Any,
        initial_epoch: int, steps_per_epoch: int | None, validation_steps: int | None,
        validation_batch_size: int | None, validation_freq: Any, profile: Any = False,
        debug_nan: bool = False, **kwargs: Any) -> Any:  # fmt: skip
    """See `Model.fit`."""
    model._need_compiled("fit")
    epochs = _limited(epochs, config.max_epochs(), "epochs")
    workers = _worker_arguments("fit", kwargs)
    x, validation_data = through(model, x, y), validation_through(model, validation_data)
    x, y, sample_weight, validation_data = _split(
        x, y, sample_weight, validation_split, validation_data
    )
    source = make_source(
        x, y, sample_weight, batch_size=batch_size, steps=steps_per_epoch, shuffle=shuffle,
        class_weight=class_weight, repeat=True, **workers,
    )  # fmt: skip
    source.keys = input_keys(model)
    source.is_loose = overrides(model, "train_step")
    validation = _validation_source(
        validation_data, validation_batch_size or batch_size, validation_steps, workers
    )
    if validation is not None:
        validation.keys = source.keys
        validation.is_loose = overrides(model, "test_step")
    watch = profiles.watch(model, profile, verbose)
    run = _Run(model, source, "train", watch, NanSearch() if debug_nan else None)
    calls = _callbacks(
        model, callbacks, verbose, add_history=True, epochs=epochs, initial_epoch=initial_epoch,
        steps=source.steps, samples=source.num_samples, batch_size=source.batch_size,
        do_validation=validation is not None,
    )  # fmt: skip
    if validation_data is not None:
        calls.set_validation_data(_validation_arrays(validation_data))
    run.prepare()
    model.stop_training = False
    calls.on_train_begin()
    try:
        initial_epoch = getattr(model, "_initial_epoch", None) or initial_epoch
        metrics = model.metrics
        logs: Any = None
        for epoch in range(initial_epoch, epochs):
            if source.arrays is None:  # the first batch of a stream decides which metrics there are
                metrics = model.metrics
            reset(model, metrics)
            calls.on_epoch_begin(epoch)
            logs = run.epoch(epoch, calls)
            if validation is not None and _due(validation_freq, epoch):
                logs.update({f"val_{k}": v for k, v in _evaluate(model, validation, calls).items()})
            source.on_epoch_end()
            calls.on_epoch_end(epoch, logs)
            if model.stop_training or source.exhausted:
                break
        calls.on_train_end(logs)
    finally:
        model.__dict__.pop("_initial_epoch", None)
        source.close()
        if validation is not None:
            validation.close()
        _finish(model)
        profile = watch.close() if watch is not None else None
    model.history.profile = profile
    return model.history


def _limited(value: int, limit: int | None, name: str) -> int:
    if limit is None or value <= limit:
        return value
    warn_user(f"{name} is limited to {limit} by config.set_max_{name}.")
    return limit


def _worker_arguments(where: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    from ..capture import unknown_argument

    workers = {k: kwargs.pop(k) for k in _WORKERS if k in kwargs}
    if kwargs:
        raise TypeError(
            unknown_argument(
                where, next(iter(kwargs)), ["batch_size", "epochs", "steps_per_epoch", *_WORKERS]
            )
        )
    return {k: v for k, v in workers.items() if v is not None}


def _split(
    x: Any, y: Any, weight: Any, fraction: float, validation_data: Any
) -> tuple[Any, Any, Any, Any]:
    if not fraction or validation_data is not None:
        return x, y, weight, validation_data
    train, held = validation_split((x, y, weight), fraction)
    return (*train, held)


def _validation_source(
    data: Any, batch_size: int | None, steps: int | None, workers: dict
) -> Source | None:
    if data is None:
        return None
    x, y, w = data, None, None
    if isinstance(data, (tuple, list)) and 2 <= len(data) <= 3:
        x, y, w = (*data, None)[:3]
    from .data.kinds import is_array_like

    arrays = is_array_like(x)
    return make_source(
        x,
        y,
        w,
        batch_size=batch_size if arrays else None,
        steps=steps,
        what="validation_data",
        **workers,
    )


def _validation_arrays(data: Any) -> Any:
    return tuple(data) if isinstance(data, (tuple, list)) else data


def _due(freq: Any, epoch: int) -> bool:
    if isinstance(freq, (list, tuple, set)):
        return epoch + 1 in freq
    return (epoch + 1) % freq == 0


def _callbacks(
    model: Any, callbacks: Any, verbose: Any, add_history: bool = False, **params: Any
) -> Any:
    from .callbacks import CallbackList

    if isinstance(callbacks, CallbackList):
        return callbacks
    verbose = _verbosity(verbose)
    return CallbackList(
        callbacks,
        add_history=add_history,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        **params,
    )


def _verbosity(verbose: Any) -> int:
    if verbose == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    return int(verbose)


def _finish(model: Any) -> None:
    """What has to be put right in the model after training: averaged weights."""
    optimizer = model.optimizer
    if optimizer is not None and getattr(optimizer, "use_ema", False):
        optimizer.finalize_variable_values(model.trainable_weights)


def reset(model: Any, metrics: list[Any]) -> None:
    """Set the metrics of a model to their start, from the second time on without computing it."""
    known = model._compiled.__dict__.setdefault("_starts", {})
    for m in metrics:
        start = known.get(id(m))
        if start is None or start[0] is not m:
            m.reset_state()
            state = [(v, v.snapshot()) for v in m.variables]
            if state:  # a metric may make its state only when it meets data
                known[id(m)] = (m, state)
        else:
            for v, value in start[1]:
                v.replace(value)


class _Run:
    """Epochs of training or evaluation over one source of data."""

    def __init__(
        self,
        model: Any,
        source: Source,
        mode: str,
        watch: profiles.Watch | None = None,
        search: NanSearch | None = None,
    ) -> None:
        self.model, self.source, self.mode = model, source, mode
        self.watch, self.search = watch, search
        self.program: Any = None  # a Program, once the data's form is known
        self._device: Any = None

    def prepare(self) -> None:
        """Build what depends on shapes, look for impossible values, and stage the data."""
        arrays = self.source.arrays
        if arrays is None:
            return
        compiled = self.model._compiled
        compiled.prepare(self.model, *arrays)
        check_indices(self.model, arrays[0])
        self._use_program(arrays)
        stepwise = compiled.run_eagerly or self.program.direct is not None
        if not stepwise and _bytes(arrays) <= _DEVICE_SHARE:
            self._device = tree.map_structure(
                lambda a: None if a is None else engine().asarray(a), arrays
            )

    def _use_program(self, batch: Any) -> None:
        # A program of its own, as names of layers are in its functions only if compiled for it.
        fresh = self.watch is not None and self.program is None
        self.program = program(self.model, self.mode, fresh)
        if self.program._logs_like is None:
            # A step of the user's own may count on batches of this size.
            rows = self.source.batch_size if self.source.arrays is not None else None
            one = tree.map_structure(lambda a: None if a is None else a[:rows], batch)
            self.program.warm_up(one)

    def epoch(self, epoch: int, calls: Any) -> Logs:
        """Run one epoch; returns its logs."""
        if self.watch is not None:
            self.watch.epoch()
        results = (
            self._on_device(epoch, calls)
            if self._device is not None
            else self._from_host(epoch, calls)
        )
        return self._logs(results)

    def _logs(self, results: Any) -> Logs:
        logs = (
            Logs(self.program.logs(results))
            if results is not None and self.program is not None
            else Logs()
        )
        kinds = self.model._compiled.metrics.resolved
        if kinds:
            logs.kinds = kinds
        _note_nan(self.model, logs, self.mode)
        return logs

    def _on_device(self, epoch: int, calls: Any) -> Any:
        """Compiled runs of steps over data on the device."""
        p: Program = self.program
        source: Any = self.source
        order = source.order(epoch)
        batch = source.batch_size
        full, rest = divmod(len(order), batch)
        # The order of a small epoch goes along with each call; that costs less than sending it ahead.
        rows = order if full <= 1 or order.nbytes < 2**16 else engine().asarray(order)
        stepwise = calls.needs_batches if self.mode == "train" else calls.needs_test_batches
        begin, end = _hooks(calls, self.mode)
        watch = self.watch
        if watch is not None:
            if full:
                watch.rehearse(p, self._device, order[: full * batch], batch)
            else:
                watch.rehearse(p, self._device, order, rest)
        results: Any = None
        i = 0
        while i < full:
            n = 1 if stepwise or self.search else p.chunk(full - i)
            if stepwise:
                begin(i)
            self._before()
            with p.timed(n, p.is_warm(batch)), watch.call(p, n) if watch else _UNWATCHED:
                results = p.on_rows(self._device, rows, batch, i, i + n)
                if i + n < full or calls.shows_progress or stepwise:
                    p.wait()
            self._after(results, order[i * batch : (i + 1) * batch])
            i += n
            if stepwise:
                end(i - 1, self._logs(results))
            calls.on_chunk_end(i, functools.partial(self._logs, results))
            if self.mode == "train" and self.model.stop_training:
                return results
        if rest:
            if stepwise:
                begin(full)
            self._before()
            results = p.on_rows(self._device, order[full * batch :], rest, 0, 1)
            self._after(results, order[full * batch :])
            if stepwise:
                end(full, self._logs(results))
            calls.on_chunk_end(full + 1, functools.partial(self._logs, results))
        return results

    def _from_host(self, epoch: int, calls: Any) -> Any:
        """One step a batch, the batches coming from the source."""
        stepwise = calls.needs_batches if self.mode == "train" else calls.needs_test_batches
        begin, end = _hooks(calls, self.mode)
        results: Any = None
        watch = self.watch
        batches = self.source.epoch(epoch)
        if watch is not None:
            batches = watch.batches(iter(batches))
        for i, data in enumerate(batches):
            if self.program is None or self.source.arrays is None:
                self._meet(data)
            if watch is not None:
                watch.rehearse(self.program, data)
            if stepwise:
                begin(i)
            self._before()
            with watch.call(self.program, 1) if watch is not None else _UNWATCHED:
                results = self.program.on_batch(data)
            self._after(results, data=data)
            if stepwise:
                end(i, self._logs(results))
            calls.on_chunk_end(i + 1, functools.partial(self._logs, results))
            if self.mode == "train" and self.model.stop_training:
                break
        if results is None:
            raise InputError(
                f"{self.source.what} gave no batch at all: there is nothing to {_VERB[self.mode]}."
            )
        return results

    def _before(self) -> None:
        """A step begins."""
        if self.search is not None:
            self.search.begin(self.program)

    def _after(self, results: Any, rows: Any = None, data: Any = None) -> None:
        """A step on rows of the staged data, or on a batch, has ended."""
        if self.search is None:
            return
        if rows is not None:
            data = functools.partial(_rows_of, self._device, rows)
        self.search.check(self.program, self.program.logs(results).get("loss"), data)

    def _meet(self, data: Any) -> None:
        """Get ready for a batch whose form may be new."""
        signature = tuple(getattr(a, "shape", (0,))[1:] for a in tree.flatten(data))
        if signature in self.__dict__.setdefault("_met", set()):
            return
        self._met.add(signature)
        compiled = self.model._compiled
        compiled.prepare(self.model, *data)
        check_indices(self.model, data[0])
        self._use_program(data)


_UNWATCHED = contextlib.nullcontext()
_VERB = {"train": "train on", "test": "evaluate"}


def _hooks(calls: Any, mode: str) -> tuple[Any, Any]:
    if mode == "train":
        return calls.on_train_batch_begin, calls.on_train_batch_end
    return calls.on_test_batch_begin, calls.on_test_batch_end


def _rows_of(data: Any, rows: Any) -> Any:
    rows = engine().asarray(rows)
    return tree.map_structure(lambda a: None if a is None else engine().take_rows(a, rows), data)


def _bytes(arrays: Any) -> int:
    return sum(a.nbytes for a in tree.flatten(arrays) if a is not None and hasattr(a, "nbytes"))


def _note_nan(model: Any, logs: Logs, mode: str) -> None:
    loss = logs.get("loss")
    if (
        mode != "train"
        or loss is None
        or np.isfinite(loss)
        or model._compiled.__dict__.get("_told_nan")
    ):
        return
    model._compiled._told_nan = True
    warn_user(
        f"The loss of model {model.name!r} has become {loss} after {model._compiled.steps} steps; training goes on. "
        "Usual causes: a learning rate too high, NaN or infinity in the data, or a logarithm or division in a loss "
        "or layer of your own. The callback TerminateOnNaN stops such a run."
    )


def check_indices(model: Any, x: Any) -> None:
    """Compare host integers that go straight into an `Embedding` with its range."""
    if model._graph is None or x is None:
        return
    leaves = tree.flatten(x)
    if len(leaves) != len(model._graph.flat_inputs) or isinstance(x, dict):
        return
    for symbol, array in zip(model._graph.flat_inputs, leaves):
        if not isinstance(array, np.ndarray):
            continue
        for node in model._graph.nodes:
            check = getattr(node.operation, "check_indices", None)
            if check is not None and any(t is symbol for t in node.inputs):
                check(array)


# --- evaluation and prediction --------------------------------------------------------------------


def evaluate(model: Any, x: Any, y: Any, *, batch_size: int | None, verbose: Any, sample_weight: Any,
             steps: int | None, callbacks: Any, return_dict: bool, profile: Any = False,
             **kwargs: Any) -> Any:  # fmt: skip
    """See `Model.evaluate`."""
    model._need_compiled("evaluate")
    source = make_source(
        through(model, x, y),
        y,
        sample_weight,
        batch_size=batch_size,
        steps=steps,
        **_worker_arguments("evaluate", kwargs),
    )
    source.keys = input_keys(model)
    source.is_loose = overrides(model, "test_step")
    calls = _callbacks(
        model, callbacks, verbose, epochs=1, steps=source.steps, samples=source.num_samples,
        batch_size=source.batch_size, mode="test",
    )  # fmt: skip
    watch = profiles.Watch(model, verbose not in (0, False)) if profile else None
    try:
        logs = _evaluate(model, source, calls, watch)
    finally:
        source.close()
        if watch is not None:
            watch.close()
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _evaluate(model: Any, source: Source, calls: Any, watch: profiles.Watch | None = None) -> Logs:
    run = source.__dict__.get("_run")
    if run is None or run.model is not model:
        run = _Run(model, source, "test", watch)
        run.prepare()
        source.__dict__["_run"] = run
    elif run.program is not None:
        run.program = program(model, "test")
    reset(model, model.metrics)
    with calls.testing():
        calls.on_test_begin()
        logs = run.epoch(0, calls)
        calls.on_test_end(logs)
    return logs


def _as_presented(predicts: Callable) -> Callable:
    @functools.wraps(predicts)
    def call(*args: Any, **kwargs: Any) -> Any:
        out = predicts(*args, **kwargs)
        return out if presented is None else tree.map_structure(presented, out)

    return call


@_as_presented
def predict(model: Any, x: Any, *, batch_size: int | None, verbose: Any, steps: int | None, callbacks: Any,
            **kwargs: Any) -> Any:  # fmt: skip
    """See `Model.predict`."""
    x = through(model, x)
    if callbacks is None and steps is None and verbose == 0 and type(x) is np.ndarray:
        if 0 < len(x) <= (batch_size or 32):
            return tree.map_structure(_array, predict_batch(model, x))
    source = make_source(
        x, batch_size=batch_size, steps=steps, **_worker_arguments("predict", kwargs)
    )
    source.keys = input_keys(model)
    calls = _callbacks(
        model, callbacks, verbose, epochs=1, steps=source.steps, samples=source.num_samples,
        batch_size=source.batch_size, mode="predict",
    )  # fmt: skip
    parts: list[Any] = []
    if source.arrays is not None:
        check_indices(model, source.arrays[0])
    calls.on_predict_begin()
    try:
        for i, (batch, _, _) in enumerate(source.epoch(0)):
            if calls.needs_predict_batches:
                calls.on_predict_batch_begin(i)
            out = predict_batch(model, batch)
            parts.append(out)
            if calls.needs_predict_batches:
                calls.on_predict_batch_end(i, {"outputs": tree.map_structure(_array, out)})
            if calls.shows_progress:
                engine().block(out)
            calls.on_chunk_end(i + 1, {})
    finally:
        source.close()
    calls.on_predict_end()
    if not parts:
        raise InputError(f"{source.what} gave no batch at all: there is nothing to predict.")
    if len(parts) == 1:
        return tree.map_structure(_array, parts[0])
    return tree.map_structure(lambda *p: np.concatenate([_array(v) for v in p]), *parts)


def _array(x: Any) -> np.ndarray:
    # Users change predictions in place; what shares memory with a tensor cannot be written to.
    out = np.asarray(engine().to_numpy(x))
    return out if out.flags.writeable else out.copy()


class _Predictor:
    """The compiled prediction of one model."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.variables = with_shared(tree.unique(model.variables))
        self.draws = 0
        self.seed = rng.draw_seed()
        self.key = engine().key(self.seed)
        self.changes: list[Any] = []
        self.run = engine().compile(self._call)

    def _call(self, values: list, key: Any, number: Any, x: Any) -> Any:
        from ..scope import Binding

        with Binding(self.variables, values, random.fold(key, number)) as run:
            out = predict_on(self.model, x)
            after = run.result(self.variables)
        # Only what a stateful layer has changed comes back.
        self.changes = [v for v, a, b in zip(self.variables, values, after) if a is not b]
        return out, [b for a, b in zip(values, after) if a is not b]


def predict_on(model: Any, x: Any) -> Any:
    """The model's `predict_step`, also where it has Keras's form for JAX: ``(state, data) -> (outputs, state)``."""
    if not takes_state(model.predict_step):
        return model.predict_step((x,))
    state = model.trainable_variables, model.non_trainable_variables
    out, after = model.predict_step(tuple([v.value for v in group] for group in state), (x,))
    for v, value in zip(state[1], after):
        v.assign(value)
    return out


def predict_batch(model: Any, x: Any) -> Any:
    """Predictions for one batch, still on the device."""
    if not model.built:
        model(tree.map_structure(lambda a: a if hasattr(a, "shape") else np.asarray(a), x))
    if model.run_eagerly:
        return predict_on(model, x)
    cache = model.__dict__.get("_predictor")
    if cache is None or not cache.fits(model):
        cache = model.__dict__["_predictor"] = _PredictorCache(model)
    p = cache.predictor
    out, changed = p.run([v.snapshot() for v in p.variables], p.key, np.int32(p.draws), x)
    p.draws += 1
    if changed:
        for v, value in zip(p.changes, changed):
            v.replace(value)
    return out


class _PredictorCache:
    """A predictor, and how to see that the model is still the one it was made for."""

    def __init__(self, model: Any) -> None:
        self.predictor = _Predictor(model)
        self.graph = model._graph
        self.layers = model._layers

    def fits(self, model: Any) -> bool:
        if self.graph is not None:
            return model._graph is self.graph
        now = model._layers
        return len(now) == len(self.layers) and all(a is b for a, b in zip(now, self.layers))


# --- one batch -------------------------------------------------------------------------------------


def _one_batch(
    model: Any, mode: str, x: Any, y: Any, weight: Any, class_weight: Any = None
) -> Logs:
    x = through(model, x, y)
    source = make_source(x, y, weight, batch_size=_rows(x), class_weight=class_weight)
    run = _Run(model, source, mode)
    data = next(iter(source.epoch(0)))
    compiled = model._compiled
    compiled.prepare(model, *data)
    run._use_program(data)
    return run._logs(run.program.on_batch(data))


def _rows(x: Any) -> int:
    leaves = [a for a in tree.flatten(x) if hasattr(a, "shape")]
    return max(int(leaves[0].shape[0]), 1) if leaves else max(len(x), 1)


def train_on_batch(model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool,
                   reset_metrics: bool = True) -> Any:  # fmt: skip
    """See `Model.train_on_batch`."""
    model._need_compiled("train_on_batch")
    if reset_metrics:
        reset(model, model.metrics)
    with model._compiled.as_compiled():
        logs = _one_batch(model, "train", x, y, sample_weight, class_weight)
    return _as_asked(logs, return_dict)


def test_on_batch(
    model: Any, x: Any, y: Any, sample_weight: Any, return_dict: bool, reset_metrics: bool = True
) -> Any:
    """See `Model.test_on_batch`."""
    model._need_compiled("test_on_batch")
    if reset_metrics:
        reset(model, model.metrics)
    return _as_asked(_one_batch(model, "test", x, y, sample_weight), return_dict)


@_as_presented
def predict_on_batch(model: Any, x: Any) -> Any:
    """See `Model.predict_on_batch`."""
    x = through(model, x, x)
    source = make_source(x, batch_size=_rows(x))
    return tree.map_structure(_array, predict_batch(model, next(iter(source.epoch(0)))[0]))


def _as_asked(logs: Logs, return_dict: bool) -> Any:
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


# --- resuming --------------------------------------------------------------------------------------


def training_state(model: Any) -> dict[str, np.ndarray]:
    """Everything that the rest of a training depends on, as arrays by name."""
    from . import step

    out = {f"v{i}": v.numpy() for i, v in enumerate(step.state_variables(model))}
    compiled = model._compiled
    out["steps"] = np.asarray(compiled.steps, np.int64)
    out["seed"] = np.asarray(compiled.seed, np.uint64)
    return out


def restore_training_state(model: Any, state: dict[str, np.ndarray]) -> None:
    """Put back what `training_state` gave; all of it, or nothing where it does not fit."""
    from . import step

    variables = step.state_variables(model)
    values = [state.get(f"v{i}") for i in range(len(variables))]
    if f"v{len(variables)}" in state or any(
        a is None or tuple(a.shape) != v.shape for v, a in zip(variables, values)
    ):
        raise InputError(
            "The saved training belongs to another model or optimizer: the variables do not fit."
        )
    for v, a in zip(variables, values):
        v.assign(a)
    compiled = model._compiled
    compiled.steps = int(state["steps"])
    compiled.seed = int(state["seed"])
    compiled.programs.clear()
