"""One step of training and of evaluation, written on objects with state.

Run inside `scope.bind`, where variables stand for values, a step is a pure function of the state;
that is how `program` compiles it. Run outside, it changes the model directly.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .. import tree
from ..engine import engine, part_of_step
from ..scope import Binding, get_mask, local, results_only, set_mask


def gradients(
    model: Any, objective: Callable[[], tuple[Any, Any]], variables: list[Any]
) -> tuple[Any, Any, list]:
    """``objective()`` gives ``(loss, other)``; returns both and the gradients of the loss.

    What the objective assigns to other variables (statistics, metrics) is kept.
    """
    outer = local.binding
    trained = {id(v) for v in variables}
    # A step that runs eagerly has a binding, for its key, but no variables are bound.
    bound = outer.variables if outer is not None else []
    others = [v for v in bound or state_variables(model) if id(v) not in trained]

    def pure(values: list[Any], rest: list[Any]) -> Any:
        with Binding([*variables, *others], [*values, *rest]) as run:
            loss, other = objective()
            scaled = _scale(model, loss)
            return scaled, (loss, other, run.result(others))

    values = [v.value for v in variables]
    rest = [v.value for v in others]
    found = engine().value_and_grad(pure, has_aux=True)(values, rest)
    (_, (loss, other, rest_after)), grads = found
    for v, before, after in zip(others, rest, rest_after):
        if after is not before:
            v.assign(after)
    return loss, other, grads


def _scale(model: Any, loss: Any) -> Any:
    compiled = model._compiled
    if compiled is None or compiled.optimizer is None:
        return loss
    scale = getattr(compiled.optimizer, "scale_loss", None)
    return scale(loss) if scale is not None else loss


def train_update(model: Any, data: Any) -> None:
    """Forward, backward, optimizer, metrics for one batch."""
    from .data import unpack_x_y_sample_weight

    x, y, weight = unpack_x_y_sample_weight(data)

    def objective() -> tuple[Any, Any]:
        with results_only():
            y_pred = model(x, training=True)
        loss = loss_of(model, x, y, y_pred, weight, True)
        return loss, (y_pred, [get_mask(p) for p in tree.flatten(y_pred)])

    variables = model.trainable_variables
    if variables:
        loss, (y_pred, masks), grads = gradients(model, objective, variables)
        model.optimizer.apply(grads, variables)
    else:
        loss, (y_pred, masks) = objective()
    for p, m in zip(tree.flatten(y_pred), masks):
        set_mask(p, m)
    _follow(model, x, y, y_pred, weight, loss)


def test_update(model: Any, data: Any) -> None:
    """Forward and metrics for one batch."""
    from .data import unpack_x_y_sample_weight

    x, y, weight = unpack_x_y_sample_weight(data)
    with results_only():
        y_pred = model(x, training=False)
    loss = loss_of(model, x, y, y_pred, weight, False)
    _follow(model, x, y, y_pred, weight, loss)


def _follow(model: Any, x: Any, y: Any, y_pred: Any, weight: Any, loss: Any) -> None:
    compiled = model._compiled
    first = next((a for a in tree.flatten(x) if a is not None), None)
    rows = first.shape[0] if first is not None and first.shape else 1
    with part_of_step("metrics"):
        compiled.loss_tracker.update_state(loss, sample_weight=rows)
    if overrides(model, "compute_metrics"):
        model.compute_metrics(x, y, y_pred, weight)
    else:
        compiled.update_metrics(y, y_pred, weight)


def loss_of(model: Any, x: Any, y: Any, y_pred: Any, weight: Any, training: bool) -> Any:
    """What the model's `compute_loss` gives; a user's own need not take `training`, which came with Keras 3."""
    parts = {"x": x, "y": y, "y_pred": y_pred, "sample_weight": weight}
    if _takes_training(type(model).compute_loss) or "compute_loss" in model.__dict__:
        parts["training"] = training
    return model.compute_loss(**parts)


@functools.cache
def _takes_training(method: Callable) -> bool:
    parameters = inspect.signature(method).parameters
    return "training" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def overrides(model: Any, method: str) -> bool:
    """Whether a model's class (or the object itself) has its own version of a method of `Model`."""
    from ..models.model import Model

    return method in model.__dict__ or getattr(type(model), method) is not getattr(Model, method)


def state_variables(model: Any) -> list[Any]:
    """Every variable that a step may change: weights, metrics, optimizers."""
    from ..optimizers import Optimizer

    found = list(model.variables)
    compiled = model._compiled
    optimizers = [v for v in model.__dict__.values() if isinstance(v, Optimizer)]
    if compiled is not None:
        for m in compiled.trackers():
            found.extend(m.variables)
        if compiled.losses is not None:
            found.extend(compiled.losses.variables)
        if compiled.optimizer is not None:
            optimizers.append(compiled.optimizer)
    for m in model.metrics:
        found.extend(m.variables)
    for o in tree.unique(optimizers):
        found.extend(o.variables)
    return tree.unique(found)
