"""`Callback`: what a user may hook into training, and `LambdaCallback`, made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...capture import Configurable
from ...errors import InputError
from ..data.source import whole_number

HOOKS = (
    "on_epoch_begin",
    "on_epoch_end",
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
    "on_train_begin",
    "on_train_end",
    "on_test_begin",
    "on_test_end",
    "on_predict_begin",
    "on_predict_end",
)
"""Names of all hooks."""


class Callback(Configurable):
    """Base class of objects whose methods are called along the way of training.

    A subclass overrides the hooks that it needs; others cost nothing. While no callback overrides a
    hook for batches of training, many steps run at once.

    Attributes:
        model: The model that is trained.
        params: ``epochs``, ``steps``, ``verbose`` and more, as known to the loop.
        validation_data: What was given to `fit` to validate on, if anything.

    >>> class Report(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    >>> Report().on_epoch_end(0, {"loss": 1.0})
    0 ['loss']
    """

    # For subclasses whose __init__ does not call this one.
    params: dict[str, Any] | None = None
    validation_data: Any = None
    _model: Any = None
    _idle_hooks: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.validation_data = None
        self.params = None
        self._model = None

    @property
    def model(self) -> Any:
        """The model that is trained."""
        return self._model

    @model.setter
    def model(self, model: Any) -> None:
        self._model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Take what is known of the training."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model that is trained."""
        self.model = model

    def _adopt_save_freq(self, save_freq: Any, or_never: bool = False) -> None:
        """Take ``save_freq`` of callbacks that save: ``"epoch"`` or a number of batches, or ``False``."""
        if save_freq == "epoch" or (or_never and save_freq is False):
            self._idle_hooks = frozenset({"on_train_batch_end"})
        elif isinstance(save_freq, str):
            raise InputError(
                f"save_freq must be 'epoch' or a number of batches, got {save_freq!r}."
            )
        else:
            save_freq = whole_number(save_freq, "save_freq") or 1
        self.save_freq: Any = save_freq

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Before an epoch; they are counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """After an epoch, with its loss and metrics (``val_...`` where it was validated)."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training; the older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training; the older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of training."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of training, with the averages of the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of evaluation."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of evaluation."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Before a batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """After a batch of prediction, with its ``outputs``."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Before training."""

    def on_train_end(self, logs: Any = None) -> None:
        """After training, with the logs of the last epoch."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Before evaluation, also that of validation data."""

    def on_test_end(self, logs: Any = None) -> None:
        """After evaluation."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Before prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """After prediction."""


class LambdaCallback(Callback):
    """A callback made of functions, each with the arguments of the hook of its name.

    >>> seen = []
    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)).on_epoch_end(3, {})
    >>> seen
    [3]
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
        *,
        on_batch_begin: Callable | None = None,
        on_batch_end: Callable | None = None,
        on_test_begin: Callable | None = None,
        on_test_end: Callable | None = None,
        on_test_batch_begin: Callable | None = None,
        on_test_batch_end: Callable | None = None,
        on_predict_begin: Callable | None = None,
        on_predict_end: Callable | None = None,
        on_predict_batch_begin: Callable | None = None,
        on_predict_batch_end: Callable | None = None,
    ) -> None:
        given = {k: v for k, v in locals().items() if k in HOOKS and v is not None}
        super().__init__()
        for name, function in given.items():
            if not callable(function):
                raise TypeError(f"{name} must be a function, got {function!r}.")
        self.__dict__.update(given)
