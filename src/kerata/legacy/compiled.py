"""``model.compiled_loss`` and ``model.compiled_metrics``: what a ``train_step`` of tf.keras called.

Keras 3 has ``compute_loss`` and ``compute_metrics`` in their place.
"""

from __future__ import annotations

from typing import Any

from .. import ops, tree
from .notes import note


class CompiledLoss:
    """The loss of ``compile`` as a function of labels and predictions; it follows its mean, too.

    Args:
        model: A compiled model.

    >>> import numpy as np
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> loss = CompiledLoss(model)
    >>> float(loss(np.zeros((4, 1)), np.ones((4, 1)), regularization_losses=[0.5]))
    1.5
    >>> [(m.name, float(m.result())) for m in loss.metrics]
    [('loss', 1.5)]
    """

    def __init__(self, model: Any) -> None:
        self._compiled = model._compiled

    def __call__(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        regularization_losses: Any = None,
    ) -> Any:
        """The total loss: that of ``compile`` and the penalties given."""
        compiled = self._compiled
        total = 0.0
        if compiled.losses is not None:
            total = compiled.losses(y_true, y_pred, sample_weight)
        for penalty in regularization_losses or ():
            total = total + ops.sum(penalty)
        rows = tree.flatten(y_pred)[0].shape[0]
        compiled.loss_tracker.update_state(total, sample_weight=rows)
        return total

    @property
    def metrics(self) -> list[Any]:
        """The means that are followed: of the total, and of single outputs where there are several."""
        compiled = self._compiled
        inner = [] if compiled.losses is None else compiled.losses.metrics
        return [compiled.loss_tracker, *inner]

    def reset_state(self) -> None:
        """Start the means anew."""
        for metric in self.metrics:
            metric.reset_state()

    reset_states = reset_state


def compiled_loss(model: Any) -> Any:
    """Behind ``model.compiled_loss``; ``None`` before ``compile``."""
    note("model.compiled_loss(y, y_pred)", "model.compute_loss(x, y, y_pred)")
    return None if model._compiled is None else CompiledLoss(model)


def compiled_metrics(model: Any) -> Any:
    """Behind ``model.compiled_metrics``; ``None`` before ``compile``."""
    note("model.compiled_metrics.update_state(y, y_pred)", "model.compute_metrics(x, y, y_pred)")
    return None if model._compiled is None else model._compiled.metrics
