"""``keras.models.experimental``: training with sharpness-aware minimization."""

from __future__ import annotations

from typing import Any

from .. import ops, tree
from ..errors import InputError
from ..graph import auto_name
from ..models import Model
from ..scope import results_only
from ..train import step
from ..train.data import unpack_x_y_sample_weight

__all__ = ["SharpnessAwareMinimization"]


class SharpnessAwareMinimization(Model):
    """Trains a model by gradients taken at the worst place near its weights (Foret et al., arXiv:2010.01412).

    For the gradient g at the weights w, a step uses the gradient at ``w + rho * g / ||g||``.

    Args:
        model: The model to train; this one computes the same.
        rho: How far to go from the weights.
        num_batch_splits: Number of parts of a batch, each with a place of its own; their gradients are
            added up. One part by default.
        name: Name of the model.

    >>> from kerata import Input, Sequential, layers
    >>> import numpy as np
    >>> inner = Sequential([Input((1,)), layers.Dense(1)])
    >>> model = SharpnessAwareMinimization(inner)
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0)
    >>> list(history.history)
    ['loss']
    """

    def __init__(
        self,
        model: Any,
        rho: float = 0.05,
        num_batch_splits: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name or auto_name("sharpness_aware_minimization"))
        self.model, self.rho, self.num_batch_splits = model, rho, num_batch_splits

    def call(self, inputs: Any, **kwargs: Any) -> Any:
        """What the model gives."""
        return self.model(inputs, **kwargs)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step: two gradients for each part of the batch."""
        x, y, weight = unpack_x_y_sample_weight(data)
        variables = self.model.trainable_variables
        total: list[Any] = [0.0] * len(variables)
        losses, outputs = [], []
        for part in self._parts(x, y, weight):
            places = [v.value for v in variables]
            _, _, grads = step.gradients(self, self._objective(part, False), variables)
            norm = ops.sqrt(sum(ops.sum(ops.square(g)) for g in grads))
            for v, place, g in zip(variables, places, grads):
                v.assign(place + g * (self.rho / (norm + 1e-12)))
            loss, y_pred, grads = step.gradients(self, self._objective(part, True), variables)
            for v, place in zip(variables, places):
                v.assign(place)
            total = [a + g for a, g in zip(total, grads)]
            losses.append(loss)
            outputs.append(y_pred)
        self.optimizer.apply(total, variables)
        whole = tree.map_structure(lambda *p: ops.concatenate(p, axis=0), *outputs)
        step._follow(self, x, y, whole, weight, sum(losses) / len(losses))
        return self.get_metrics_result()

    def _parts(self, x: Any, y: Any, weight: Any) -> list[Any]:
        """The batch in pieces of equal size; one that has too few rows stays whole."""
        n = self.num_batch_splits
        rows = next(a.shape[0] for a in tree.flatten(x))
        if n is None or rows < n:
            return [(x, y, weight)]
        if rows % n:
            raise InputError(
                f"SharpnessAwareMinimization cannot cut a batch of {rows} rows into {n} equal parts: choose a "
                "batch_size that both the number of rows and num_batch_splits divide."
            )
        size = rows // n

        def piece(a: Any, i: int) -> Any:
            return None if a is None else a[i * size : (i + 1) * size]

        return [
            tuple(tree.map_structure(lambda a, i=i: piece(a, i), part) for part in (x, y, weight))
            for i in range(n)
        ]

    def _objective(self, part: Any, training: bool) -> Any:
        x, y, weight = part

        def objective() -> tuple[Any, Any]:
            with results_only():
                y_pred = self(x, training=training)
            loss = self.compute_loss(
                x=x, y=y, y_pred=y_pred, sample_weight=weight, training=training
            )
            return loss, y_pred

        return objective
