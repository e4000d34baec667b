"""``tf.keras.__internal__``, as far as it names things that Kerata has."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..serialization import enable_unsafe_deserialization
from ..spec import KerasTensor

__all__ = [
    "KerasTensor", "apply_name_scope_on_model_declaration", "clone_and_build_model",
    "compute_weighted_loss", "convert_to_legacy_optimizer", "enable_unsafe_deserialization",
]  # fmt: skip


def apply_name_scope_on_model_declaration(enable: bool) -> None:
    """Has no effect: names of layers do not depend on where a model is declared."""


def convert_to_legacy_optimizer(optimizer: Any) -> Any:
    """The optimizer itself, as those of ``optimizers.legacy`` are the same."""
    return optimizer


def clone_and_build_model(
    model: Any,
    input_tensors: Any = None,
    target_tensors: Any = None,
    custom_objects: Any = None,
    compile_clone: bool = True,
    **kwargs: Any,
) -> Any:
    """A new model of the same layers with weights of its own, compiled as the given one is."""
    from ..models import clone_model
    from ..serialization import custom_object_scope

    with custom_object_scope(custom_objects or {}):
        clone = clone_model(model, input_tensors=input_tensors)
        if compile_clone and model.compiled:
            clone.compile_from_config(model.get_compile_config())
    return clone


def compute_weighted_loss(
    losses: Any, sample_weight: Any = None, reduction: str = "sum_over_batch_size", name: Any = None
) -> Any:
    """Losses times their weights, reduced as the losses of ``keras.losses`` are.

    >>> round(float(compute_weighted_loss([1.0, 3.0], [1.0, 0.5])), 4)
    1.25
    """
    from .. import ops

    values = ops.convert_to_tensor(losses)
    if sample_weight is not None:
        values = values * ops.cast(ops.convert_to_tensor(sample_weight), values.dtype)
    if reduction in ("none", None):
        return values
    return ops.sum(values) if reduction == "sum" else ops.mean(values)


def no_automatic_dependency_tracking(method: Callable) -> Callable:
    """The method itself: nothing is tracked behind a program's back."""
    return functools.wraps(method)(method)
