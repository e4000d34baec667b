"""Watching one value: which it is, and whether more or less of it is better."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ... import tree
from ...errors import InputError
from ..logs import Logs
from ..notices import warn_user
from .base import Callback

_MORE_IS_BETTER = frozenset(
    (
        *("acc", "accuracy", "auc", "precision", "recall", "sensitivity", "specificity", "f1"),
        *("fbeta", "fscore", "fmeasure", "iou", "dice", "r2", "bleu", "hits"),
    )
)
_MORE_IS_BETTER_NAMES = (
    "cosine_similarity",
    "cosine_proximity",
    "r2_score",
    "f1_score",
    "f_score",
    "f_measure",
)


def infer_mode(monitor: str, model: Any = None) -> str:
    """Whether the least (``"min"``) or the most (``"max"``) of a value is best, judged by its name.

    A metric of the model that says so itself (by ``direction`` or ``_direction``) decides.

    >>> infer_mode("val_acc"), infer_mode("val_loss"), infer_mode("val_auc_2"), infer_mode("mae")
    ('max', 'min', 'max', 'min')
    """
    name = monitor.removeprefix("val_")
    if name == "loss" or name.endswith("_loss"):
        return "min"
    said = _said_by_metric(name, model)
    if said is not None:
        return said
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    if words & _MORE_IS_BETTER or any(name.endswith(n) for n in _MORE_IS_BETTER_NAMES):
        return "max"
    return "max" if re.search(r"accuracy|precision|recall", name.lower()) else "min"


def _said_by_metric(name: str, model: Any) -> str | None:
    try:
        metrics = tree.flatten(getattr(model, "metrics", None) or [])
    except Exception:  # a model of the user's own may not know its metrics yet
        return None
    for metric in metrics:
        if name in Logs({str(getattr(metric, "name", "")): None}):
            said = getattr(metric, "direction", None) or getattr(metric, "_direction", None)
            if said in ("up", "max"):
                return "max"
            if said in ("down", "min"):
                return "min"
    return None


class MonitorCallback(Callback):
    """Base of callbacks that watch one value of the logs.

    Args:
        monitor: Its name, old or new.
        mode: ``"min"``, ``"max"``, or ``"auto"``: by its name.
        best: The value to begin with.
        min_delta: By how much a value must be better to count.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        mode: str = "auto",
        best: float | None = None,
        min_delta: float = 0,
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise InputError(
                f"mode of {type(self).__name__} must be 'auto', 'min' or 'max', got {mode!r}."
            )
        self.monitor, self.mode, self.best = monitor, mode, best
        self.min_delta = abs(min_delta)
        self._direction: str | None = None if mode == "auto" else mode
        self._told = False

    def direction(self) -> str:
        """``"min"`` or ``"max"``."""
        if self._direction is None:
            self._direction = infer_mode(self.monitor, self.model)
        return self._direction

    def is_better(self, value: float, than: float | None, delta: float | None = None) -> bool:
        """Whether a value is better than another by more than `delta` (``min_delta``)."""
        if than is None:
            return not math.isnan(value)
        delta = self.min_delta if delta is None else delta
        return value - delta > than if self.direction() == "max" else value + delta < than

    def monitor_value(self, logs: Mapping[str, Any] | None, use: str) -> float | None:
        """The value in the logs; where there is none ``None``, and a warning the first time.

        Args:
            logs: The logs.
            use: What cannot be done without, for the warning.
        """
        logs = logs if isinstance(logs, Logs) else Logs(logs or {})
        value = logs.get(self.monitor)
        if value is None and not self._told:
            self._told = True
            names = ", ".join(map(str, logs)) or "none"
            warn_user(
                f"{type(self).__name__} cannot {use}: there is no {self.monitor!r}. There are: {names}."
            )
        return None if value is None else float(value)
