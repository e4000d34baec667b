"""What a compiled model was made of in Keras 1 and 2, as symbolic tensors: its loss, targets and sample weights.

Programs took gradients of ``model.total_loss`` and evaluated them by `K.function`.
"""

from __future__ import annotations

from typing import Any

from .. import graph, tree
from ..errors import FileError
from ..scope import Binding
from ..spec import KerasTensor, Spec


def _kept(model: Any, name: str, make: Any) -> Any:
    """What `make` gives, once for each time that the model is compiled."""
    compiled = model._need_compiled(name)
    held = compiled.__dict__.setdefault("_symbols", {})
    if name not in held:
        held[name] = make()
    return held[name]


def targets(model: Any) -> list[KerasTensor]:
    """A placeholder for the labels of each output.

    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> [x.shape for x in targets(model)], [x.shape for x in sample_weights(model)]
    ([(None, None)], [(None,)])
    """
    from .backend.graph import placeholder

    return _kept(model, "targets", lambda: [placeholder(ndim=len(x.shape)) for x in model.outputs])


def sample_weights(model: Any) -> list[KerasTensor]:
    """A placeholder for the weights of each output's rows."""
    from .backend.graph import placeholder

    return _kept(model, "sample_weights", lambda: [placeholder(ndim=1) for _ in model.outputs])


def total_loss(model: Any) -> KerasTensor:
    """The loss of ``compile`` and all penalties, computed from the model's inputs and the placeholders."""

    def make() -> Any:
        return TotalLoss(model).symbolic_call(model.outputs, targets(model), sample_weights(model))

    return _kept(model, "total_loss", make)


class TotalLoss(graph.Operation):
    """The loss of a model as a call in a graph."""

    def __init__(self, model: Any) -> None:
        super().__init__(graph.auto_name("total_loss"))
        self.model = model
        self.variables = model.trainable_variables

    @property
    def op(self) -> Any:
        """What a saved model would name; there is no such thing."""
        raise FileError("The loss of a model among another model's calls cannot be saved.")

    def compute_output_spec(self, outputs: Any, labels: Any, weights: Any) -> Any:
        """A number."""
        return Spec((), "float32")

    def call(self, outputs: Any, labels: Any, weights: Any) -> Any:
        """The loss of a batch; the means that training follows stay as they are."""
        y_pred = tree.pack_sequence_as(self.model.output, list(outputs))
        with Binding(catches=True):
            return self.model._compiled.total_loss(self.model, list(labels), y_pred, list(weights))


# --- metrics that are tensors ---------------------------------------------------------------------


def follow(model: Any, kind: str, item: Any) -> None:
    """Take a name (``names``) or a tensor (``tensors``); both together are a metric."""
    waiting = model.__dict__.setdefault("_to_follow", {"names": [], "tensors": []})
    waiting[kind].append(item)
    while waiting["names"] and waiting["tensors"]:
        model.add_metric(waiting["tensors"].pop(0), name=waiting["names"].pop(0))


class MetricTensors(list):
    """``model.metrics_tensors``: what is appended is followed as a metric, by a name in ``metrics_names``.

    Args:
        model: The model.

    >>> from kerata import Sequential, layers, ops
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> model.metrics_names.append("mean")
    >>> MetricTensors(model).append(ops.mean(model.output))
    >>> model.metrics_names
    ['loss', 'mean']
    """

    def __init__(self, model: Any) -> None:
        super().__init__(m.result() for m in model.metrics)
        self._model = model

    def append(self, tensor: Any) -> None:
        """Follow the mean of a symbolic tensor."""
        super().append(tensor)
        follow(self._model, "tensors", tensor)

    def __reduce__(self) -> Any:
        return list, (list(self),)
