"""What the nodes of a graph told of themselves in Keras 1 and 2, and which nodes a layer leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import graph, tree
from ..scope import get_mask
from ..spec import KerasTensor


def outbound_nodes(layer: Any) -> list[graph.Node]:
    """The calls that take what a layer gives.

    >>> from kerata import layers
    >>> x = layers.Input((2,))
    >>> y = layers.Dense(1, name="last")(x)
    >>> [node.outbound_layer.name for node in outbound_nodes(graph.node_of(x).operation)]
    ['last']
    """
    found = (ref() for ref in layer.__dict__.get("_consumers", ()))
    return tree.unique(node for node in found if node is not None)


def _unpacked(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _layers_before(node: graph.Node) -> Any:
    return _unpacked([graph.node_of(x).operation for x in node.inputs])


def mask_at(what: str) -> Callable[[Any, int], Any]:
    """A method giving the masks of the inputs (``"inputs"``) or the outputs of one of a layer's calls."""

    def masks(layer: Any, node_index: int) -> Any:
        return _unpacked(_masks(getattr(layer._inbound_nodes[node_index], what)))

    return masks


def only_mask(what: str) -> Callable[[Any], Any]:
    """An attribute giving these masks for a layer that has been called once."""
    at = mask_at(what)

    def mask(layer: Any) -> Any:
        if len(layer._inbound_nodes) != 1:
            raise AttributeError(
                f"The layer {layer.name!r} has been called {len(layer._inbound_nodes)} times and thus has no single "
                f"mask: use get_{what[:-1]}_mask_at(node_index)."
            )
        return at(layer, 0)

    return mask


def _masks(tensors: list[KerasTensor]) -> list[Any]:
    return [None if get_mask(x) is None else x._keras_mask for x in tensors]  # type: ignore[attr-defined]


VALUES: dict[str, Callable[[graph.Node], Any]] = {
    "arguments": lambda n: n.kwargs,
    "call_args": lambda n: n.args,
    "call_kwargs": lambda n: n.kwargs,
    "inbound_layers": _layers_before,
    "input_masks": lambda n: _masks(n.inputs),
    "input_shapes": lambda n: _unpacked([x.shape for x in n.inputs]),
    "input_tensors": lambda n: n.inputs,
    "keras_inputs": lambda n: n.inputs,
    "layer": lambda n: n.operation,
    "node_indices": lambda n: [x._keras_history[1] for x in n.inputs],
    "outbound_layer": lambda n: n.operation,
    "output_masks": lambda n: _masks(n.outputs),
    "output_shapes": lambda n: _unpacked([x.shape for x in n.outputs]),
    "output_tensors": lambda n: n.outputs,
    "parent_nodes": lambda n: [graph.node_of(x) for x in n.inputs],
    "tensor_indices": lambda n: [x._keras_history[2] for x in n.inputs],
}
"""Attributes of a node."""


def attribute(node: graph.Node, name: str) -> Any:
    """The value of an attribute that a node once had.

    Raises:
        AttributeError: It never had such an attribute.
    """
    if name in VALUES:
        return VALUES[name](node)
    raise AttributeError(f"'Node' object has no attribute {name!r}")
