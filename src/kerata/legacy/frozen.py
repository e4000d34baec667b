"""Which layers were trainable when a model was compiled: in Keras 1 and 2 that holds until it is compiled again.

Adversarial nets rely on it: the discriminator is compiled, then made untrainable, and compiled again as a part of
another model; trained by itself it still learns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Trainable:
    """The layers of a model and whether each is trainable now.

    Args:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        self.flags = [(layer, layer._trainable) for layer in model._flatten_layers()]

    @contextmanager
    def restored(self) -> Iterator[None]:
        """A block in which layers are trainable as they were when this was made."""
        now = [(layer, layer._trainable) for layer, was in self.flags if layer._trainable != was]
        _set([(layer, not flag) for layer, flag in now])
        try:
            yield
        finally:
            _set(now)


def _set(flags: list[tuple[Any, bool]]) -> None:
    for layer, flag in flags:
        layer._trainable = flag
        for v in layer._own_variables:
            v.trainable = flag and v.can_train
