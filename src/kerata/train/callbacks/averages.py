"""SwapEMAWeights: evaluate and save with the moving averages of the weights."""

from __future__ import annotations

from typing import Any

from ...errors import InputError
from .base import Callback


class SwapEMAWeights(Callback):
    """Puts the moving averages of an optimizer with ``use_ema=True`` in place of the weights.

    They are in place during evaluation and prediction; with `swap_on_epoch` also from the end of an
    epoch to the beginning of the next, so that a `ModelCheckpoint` after this one saves them.

    Args:
        swap_on_epoch: Swap at the ends of epochs too.

    >>> import numpy as np
    >>> from kerata import Sequential, layers, optimizers
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> model.compile(optimizers.SGD(use_ema=True), "mse")
    >>> swap = SwapEMAWeights(swap_on_epoch=True)
    >>> _ = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[swap])
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = getattr(self.model, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if optimizer is None or not getattr(optimizer, "use_ema", False):
            raise InputError(
                "SwapEMAWeights needs a model compiled with an optimizer made with use_ema=True."
            )
        if not getattr(optimizer, "built", True):
            return []
        return list(zip(optimizer._trainable_variables, optimizer._averages))

    def _swap(self) -> None:
        pairs = self._pairs()
        for variable, average in pairs:
            if average is not None:
                weight = variable.snapshot()
                variable.assign(average.value)
                average.assign(weight)
        self._swapped = not self._swapped if pairs else False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Train on the weights themselves."""
        if self.swap_on_epoch and self._swapped:
            self._swap()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Leave the averages in place; after the last epoch for good."""
        if not self.swap_on_epoch:
            return
        if not self._swapped:
            self._swap()
        if epoch + 1 == (self.params or {}).get("epochs"):
            self._settle()

    def on_train_end(self, logs: Any = None) -> None:
        """A training that ended early keeps the averages, too."""
        if self.swap_on_epoch:
            self._settle()

    def _settle(self) -> None:
        if self._swapped:
            # What `fit` does at its end puts the averages in place: they must be averages again.
            for variable, average in self._pairs():
                if average is not None:
                    average.assign(variable.snapshot())
            self._swapped = False

    def on_test_begin(self, logs: Any = None) -> None:
        """Evaluate with the averages."""
        if not self._swapped:
            self._swap()

    def on_test_end(self, logs: Any = None) -> None:
        """Go back to the weights."""
        if self._swapped:
            self._swap()

    def on_predict_begin(self, logs: Any = None) -> None:
        """Predict with the averages."""
        if not self._swapped:
            self._swap()

    def on_predict_end(self, logs: Any = None) -> None:
        """Go back to the weights."""
        if self._swapped:
            self._swap()
