"""Sample weights: spread over outputs, made from class weights, multiplied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import config, tree
from ...errors import InputError


def spread(weight: Any, y: Any, name: str = "sample_weight") -> Any:
    """Sample weights in the structure of `y`.

    One array of one axis serves every output; outputs that a dict leaves out, or for which a
    structure holds ``None``, get ones.
    """
    if weight is None or y is None or not tree.is_nested(y):
        return _only(weight) if y is not None else weight
    if not tree.is_nested(weight):
        if len(weight.shape) != 1 and len(tree.flatten(y)) > 1:
            raise InputError(
                f"{name} is one array of shape {tuple(weight.shape)} for {len(tree.flatten(y))} outputs. "
                "Expected a list or dict with one array for each output, or one array of one axis for all."
            )
        return tree.map_structure(lambda _: weight, y)
    if isinstance(y, dict) and isinstance(weight, dict):
        unknown = [k for k in weight if k not in y]
        if unknown:
            raise InputError(
                f"{name} names {unknown}, which are no outputs. The outputs are {list(y)}."
            )
        weight = {k: weight.get(k) for k in y}
    elif isinstance(y, (list, tuple)) and len(weight) != len(y):
        raise InputError(f"{name} has {len(weight)} entries for {len(y)} outputs.")
    return tree.map_alike(_ones_for, y, weight)


def _only(weight: Any) -> Any:
    flat = tree.flatten(weight)
    if len(flat) > 1:
        raise InputError(f"sample_weight has {len(flat)} arrays, but there is one output.")
    return flat[0]


def _ones_for(y: Any, weight: Any) -> Any:
    return np.ones(len(y), config.floatx()) if weight is None and y is not None else weight


def apply_class_weight(y: Any, weight: Any, class_weight: Any, what: str = "class_weight") -> Any:
    """Sample weights multiplied by the weights of the samples' classes.

    Args:
        y: Labels: class numbers of shape ``(n,)`` or ``(n, 1)``, or one-hot rows ``(n, classes)``.
        weight: Sample weights in the structure of `y`, or ``None``.
        class_weight: Weight of each class number; classes that are not named weigh 1. For several
            outputs a list or dict of such dicts.
        what: Name for messages.
    """
    if class_weight is None:
        return weight
    if y is None:
        raise InputError(
            f"{what} is given, but there are no labels y whose classes it could weigh."
        )
    if not tree.is_nested(y):
        own = _of_labels(y, _table(class_weight, what), what)
        return own if weight is None else weight * own
    tables = _per_output(y, class_weight, what)
    names = list(y) if isinstance(y, dict) else range(len(y))
    made = {
        k: apply_class_weight(y[k], None if weight is None else weight[k], tables.get(k), what)
        for k in names
    }
    made = {k: _ones_for(y[k], w) for k, w in made.items()}
    return made if isinstance(y, dict) else type(y)(made.values())


def _per_output(y: Any, class_weight: Any, what: str) -> dict[Any, Any]:
    values = class_weight.values() if isinstance(class_weight, Mapping) else class_weight
    one_level = not any(isinstance(v, (Mapping, list, tuple, np.ndarray)) for v in values)
    if one_level:
        if len(y) == 1:
            return {next(iter(y)) if isinstance(y, dict) else 0: class_weight}
        raise InputError(
            f"{what} is one table for {len(y)} outputs. Expected a list or dict with one table for each output."
        )
    if isinstance(class_weight, Mapping):
        return dict(class_weight)
    return dict(enumerate(class_weight))


def _table(class_weight: Any, what: str) -> dict[int, float]:
    if isinstance(class_weight, (list, tuple, np.ndarray)):
        class_weight = dict(enumerate(class_weight))
    if not isinstance(class_weight, Mapping):
        raise InputError(
            f"{what} must be a dict from class number to weight, such as {{0: 1.0, 1: 5.0}}, got {class_weight!r}."
        )
    try:
        return {int(k): float(v) for k, v in class_weight.items()}
    except (TypeError, ValueError) as e:
        raise InputError(
            f"{what} must map class numbers to weights, such as {{0: 1.0, 1: 5.0}}, got {class_weight!r}."
        ) from e


def _of_labels(y: Any, table: dict[int, float], what: str) -> np.ndarray:
    y = np.asarray(y)
    if y.ndim > 2:
        raise InputError(
            f"{what} needs class numbers or one-hot rows, got labels of shape {y.shape}. "
            "For labels with more axes pass sample_weight with one weight for each."
        )
    if y.ndim == 2:
        y = np.argmax(y, axis=-1) if y.shape[-1] != 1 else y[:, 0]
    classes, where = np.unique(np.round(y).astype(np.int64), return_inverse=True)
    return np.array([table.get(int(c), 1.0) for c in classes], config.floatx())[where]
