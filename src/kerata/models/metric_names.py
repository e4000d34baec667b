"""The list that ``model.metrics_names`` gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class MetricNames(list):
    """Names of metrics. Programs for Keras 1 and 2 append to it, and the tensor to ``metrics_tensors``.

    >>> MetricNames(["loss"], None)
    ['loss']
    """

    def __init__(self, names: Iterable[str], model: Any) -> None:
        super().__init__(names)
        self._model = model

    def append(self, name: str) -> None:
        """Follow a tensor under this name, too."""
        from ..legacy.totals import follow

        super().append(name)
        follow(self._model, "names", name)

    def __reduce__(self) -> Any:
        return list, (list(self),)
