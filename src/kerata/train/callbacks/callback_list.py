"""`CallbackList`: calls the hooks of all callbacks, and knows which of them there are."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from ... import capture, tree
from ...errors import InputError
from ..logs import Logs
from .base import HOOKS, Callback
from .history import History
from .progress import ProgbarLogger

_OLD_NAMES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class CallbackList:
    """The callbacks of one training, evaluation or prediction.

    Args:
        callbacks: A callback or a list of them.
        add_history: Add a `History` if there is none; it becomes ``model.history``.
        add_progbar: Add a `ProgbarLogger` if there is none.
        model: The model.
        **params: What the callbacks see as ``params``.

    >>> calls = CallbackList([History()], epochs=2)
    >>> calls.needs_batches, calls.callbacks[0].params
    (False, {'epochs': 2})
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        self.callbacks: list[Any] = [c for c in tree.flatten(callbacks or []) if c is not None]
        for callback in self.callbacks:
            _check(callback)
        self._history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        if add_history and self._history is None:
            self._history = History()
            self.callbacks.append(self._history)
        self.params: dict[str, Any] = {}
        self.model: Any = None
        self._evaluating = self._training = False
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)
        self._collect()

    def append(self, callback: Any) -> None:
        """Add a callback."""
        _check(callback)
        self.callbacks.append(callback)
        self._collect()

    def __iter__(self) -> Iterator[Any]:
        return iter(self.callbacks)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all callbacks what is known of the training."""
        self.params = _Params(params)
        self._tell("set_params", self.params)

    def set_model(self, model: Any) -> None:
        """Tell all callbacks the model."""
        self.model = model
        if self._history is not None:
            model.history = self._history
        self._tell("set_model", model)

    def set_validation_data(self, data: Any) -> None:
        """Give the data to validate on to all callbacks."""
        for callback in self.callbacks:
            callback.validation_data = data

    def _tell(self, method: str, value: Any) -> None:
        for callback in self.callbacks:
            function = getattr(callback, method, None)
            if function is not None:
                function(value)

    # --- which hooks there are -------------------------------------------------------------------

    def _collect(self) -> None:
        self._calls: dict[str, list[Callable]] = {name: [] for name in HOOKS}
        for callback in self.callbacks:
            own = _overridden(callback)
            for name in own:
                if name in _OLD_NAMES.values():
                    new = next(k for k, v in _OLD_NAMES.items() if v == name)
                    if new not in own:
                        self._calls[new].append(getattr(callback, name))
                else:
                    self._calls[name].append(getattr(callback, name))
        self._chunks = [c for c in self.callbacks if callable(getattr(c, "on_chunk_end", None))]

    def _has(self, kind: str) -> bool:
        return bool(self._calls[f"on_{kind}_batch_begin"] or self._calls[f"on_{kind}_batch_end"])

    @property
    def needs_batches(self) -> bool:
        """Whether a callback wants to be called for each batch of training."""
        return self._has("train")

    @property
    def needs_test_batches(self) -> bool:
        """Whether a callback wants to be called for each batch of evaluation."""
        return self._has("test")

    @property
    def needs_predict_batches(self) -> bool:
        """Whether a callback wants to be called for each batch of prediction."""
        return self._has("predict")

    @property
    def shows_progress(self) -> bool:
        """Whether a callback wants `on_chunk_end` to be called now."""
        if self._training and self._evaluating:
            return False
        return any(getattr(c, "chunk_due", True) for c in self._chunks)

    @contextlib.contextmanager
    def testing(self) -> Iterator[None]:
        """A context for an evaluation; one inside a training shows no progress of its own."""
        self._evaluating = True
        try:
            yield
        finally:
            self._evaluating = False

    def on_chunk_end(self, step: int, logs: Any) -> None:
        """Tell that `step` steps of the epoch are done, after a run of any number of steps.

        Args:
            step: Steps done.
            logs: Their values, or a function that gives them, called only if they are wanted.
        """
        if self._training and self._evaluating:
            return
        for callback in self._chunks:
            if getattr(callback, "chunk_due", True):
                logs = _logs(logs() if callable(logs) else logs)
                callback.on_chunk_end(step, logs)
            elif hasattr(callback, "steps_done"):
                callback.steps_done = step

    # --- hooks -----------------------------------------------------------------------------------

    def _call(self, name: str, logs: Any) -> None:
        calls = self._calls[name]
        if calls:
            logs = _logs(logs)
            for call in calls:
                call(logs)

    def _call_numbered(self, name: str, number: int, logs: Any) -> None:
        calls = self._calls[name]
        if calls:
            logs = _logs(logs)
            for call in calls:
                call(number, logs)

    def on_train_begin(self, logs: Any = None) -> None:
        """Before training. Looks at the callbacks again: some set their hooks only now."""
        self._training = True
        names = list(getattr(self.model, "metrics_names", None) or [])
        if names:
            validated = [f"val_{n}" for n in names] if self.params.get("do_validation") else []
            self.params.setdefault("metrics", names + validated)
        self._collect()
        self._call("on_train_begin", logs)
        self._collect()

    def on_train_end(self, logs: Any = None) -> None:
        """After training."""
        self._call("on_train_end", logs)
        self._training = False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch."""
        self._call_numbered("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch. Callbacks may add to the logs, which those after them see."""
        self._call_numbered("on_epoch_end", epoch, logs)

    def _with_size(self, batch: int, logs: Any) -> Any:
        """Logs of a batch; for programs of Keras 1 and 2 with its number and its rows, as far as these are known."""
        if capture.reread is None:
            return logs
        logs = _logs(logs)
        logs.setdefault("batch", batch)
        size, samples = self.params.get("batch_size"), self.params.get("samples")
        if size:
            logs.setdefault("size", size if not samples else min(size, samples - batch * size))
        return logs

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training."""
        self._call_numbered("on_train_batch_begin", batch, self._with_size(batch, logs))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training."""
        self._call_numbered("on_train_batch_end", batch, self._with_size(batch, logs))

    on_batch_begin = on_train_batch_begin
    on_batch_end = on_train_batch_end

    def on_test_begin(self, logs: Any = None) -> None:
        """Before evaluation."""
        self._call("on_test_begin", logs)

    def on_test_end(self, logs: Any = None) -> None:
        """After evaluation."""
        self._call("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of evaluation."""
        self._call_numbered("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of evaluation."""
        self._call_numbered("on_test_batch_end", batch, logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before prediction."""
        self._call("on_predict_begin", logs)

    def on_predict_end(self, logs: Any = None) -> None:
        """After prediction."""
        self._call("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of prediction."""
        self._call_numbered("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of prediction."""
        self._call_numbered("on_predict_batch_end", batch, logs)


class _Params(dict):
    """What callbacks are told of the training, also by the names of Keras 1."""

    def __missing__(self, key: Any) -> Any:
        return self[{"nb_epoch": "epochs", "nb_sample": "samples"}[key]]


def _logs(logs: Any) -> Logs:
    if isinstance(logs, Logs):
        return logs
    return Logs(logs) if logs else Logs()


def _check(callback: Any) -> None:
    if isinstance(callback, type):
        raise InputError(
            f"The callback {callback.__name__} is a class. Pass an object of it: {callback.__name__}()."
        )
    if not isinstance(callback, Callback) and not any(hasattr(callback, name) for name in HOOKS):
        raise InputError(
            f"{callback!r} is no callback. Expected an object of keras.callbacks.Callback; "
            "a function can be wrapped: keras.callbacks.LambdaCallback(on_epoch_end=function)."
        )


def _overridden(callback: Any) -> list[str]:
    """The hooks that a callback has of its own, by its class or set on the object."""
    own = _of_class(type(callback))  # type: ignore[arg-type]
    idle = getattr(callback, "_idle_hooks", ())
    attributes = getattr(callback, "__dict__", {})
    return [
        name
        for name in HOOKS
        if name in attributes
        or (name in own and not (name in idle and own[name].startswith("kerata.")))
    ]


@functools.lru_cache(maxsize=512)
def _of_class(cls: type) -> dict[str, str]:
    """The hooks that a class overrides, with the module that does it.

    A base class named Callback is one whatever library it comes from: its hooks do nothing.
    """
    out = {}
    for name in HOOKS:
        owner = next((c for c in cls.__mro__ if name in vars(c)), None)
        if owner is not None and owner.__name__ != "Callback":
            out[name] = owner.__module__
    return out
