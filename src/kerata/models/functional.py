"""Configuration of functional models: their layers, and the calls that join them."""

from __future__ import annotations

from typing import Any

from .. import graph, tree
from ..capture import is_built_in
from ..errors import FileError
from ..layers.layer import Layer
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..spec import KerasTensor


def functional_config(model: Any) -> dict[str, Any]:
    """Name, layers with their calls, inputs and outputs of a functional model."""
    nodes = _Nodes(model._graph)
    config: dict[str, Any] = {"name": model.name, "trainable": model.trainable, "layers": []}
    for operation in model._graph.operations:
        config["layers"].append(_operation_config(operation, nodes))
    for x in nodes.foreign:
        config["layers"].insert(0, _input_config(x))
    config["input_layers"] = tree.map_structure(nodes.reference, model._graph.inputs)
    config["output_layers"] = tree.map_structure(nodes.reference, model._graph.outputs)
    return config


class _Nodes:
    """Numbers of the calls of each operation as the graph counts them.

    An input tensor that another layer makes (a sub-model from an inner tensor) stands as an
    `InputLayer` of its own.
    """

    def __init__(self, g: graph.Graph) -> None:
        self.index: dict[int, int] = {}
        self.kept: dict[int, list[graph.Node]] = {}
        inside = {id(n) for n in g.nodes}
        given = {id(x) for x in g.flat_inputs}
        foreign = {id(x): x for x in g.flat_inputs if not graph.node_of(x).is_input}
        for operation in g.operations:
            nodes = [
                n for n in operation._inbound_nodes
                if id(n) in inside and (n.is_input or not all(id(x) in given for x in n.outputs))
            ]  # fmt: skip
            self.kept[id(operation)] = nodes
            self.index.update((id(n), i) for i, n in enumerate(nodes))
        self.foreign = list(foreign.values())

    def reference(self, x: KerasTensor) -> list[Any]:
        """``[operation name, call, output]`` of a tensor."""
        if any(x is f for f in self.foreign):
            return [_foreign_name(x), 0, 0]
        operation, _, tensor_index = x._keras_history
        return [operation.name, self.index[id(graph.node_of(x))], tensor_index]


def _foreign_name(x: KerasTensor) -> str:
    return f"{x._keras_history[0].name}_output_{x._keras_history[2]}".removesuffix("_0")


def _input_config(x: KerasTensor) -> dict[str, Any]:
    name = _foreign_name(x)
    config = {"batch_shape": x.shape, "dtype": x.dtype, "sparse": False, "name": name}
    return {
        "module": "keras.layers", "class_name": "InputLayer", "config": config,
        "registered_name": None, "name": name, "inbound_nodes": [],
    }  # fmt: skip


def _operation_config(operation: Any, nodes: _Nodes) -> dict[str, Any]:
    if isinstance(operation, Layer):
        out = serialize_keras_object(operation)
    else:
        out = {
            "module": "kerata.graph", "class_name": "OpCall",
            "config": {"name": operation.name, "op": operation.op.key}, "registered_name": None,
        }  # fmt: skip
    calls = nodes.kept[id(operation)]
    out["name"] = operation.name
    out["inbound_nodes"] = [] if isinstance(operation, Layer) and all(n.is_input for n in calls) else [
        _call_config(n, nodes) for n in calls
    ]  # fmt: skip
    return out


def _call_config(node: graph.Node, nodes: _Nodes) -> dict[str, Any]:
    def argument(x: Any) -> Any:
        if isinstance(x, KerasTensor):
            history = nodes.reference(x)
            return {
                "class_name": "__keras_tensor__",
                "config": {"shape": list(x.shape), "dtype": x.dtype, "keras_history": history},
            }
        if isinstance(x, list):
            return [argument(v) for v in x]
        if isinstance(x, tuple):
            return {"class_name": "__tuple__", "items": [argument(v) for v in x]}
        if isinstance(x, dict):
            return {k: argument(v) for k, v in x.items()}
        return serialize_keras_object(x)

    args, kwargs = _named(node)
    return {
        "args": [argument(a) for a in args],
        "kwargs": {k: argument(v) for k, v in kwargs.items()},
    }


def _named(node: graph.Node) -> tuple[Any, dict[str, Any]]:
    """The arguments of a call, for a layer of the user's own all but the first by name.

    The format of Keras 2 knows only names, and whoever writes it does not know the class.
    """
    layer = node.operation
    if len(node.args) < 2 or not isinstance(layer, Layer) or is_built_in(type(layer)):
        return node.args, node.kwargs
    names = layer._call_signature.names
    if len(names) < len(node.args):
        return node.args, node.kwargs
    return node.args[:1], {**dict(zip(names[1:], node.args[1:])), **node.kwargs}


def functional_from_config(cls: type, config: dict[str, Any]) -> Any:
    """The functional model of a configuration in the layout of Keras 3."""
    operations: dict[str, Any] = {}
    offsets: dict[str, int] = {}
    pending: list[tuple[str, dict]] = []
    for entry in config["layers"]:
        made = _operation(entry)
        operations[entry["name"]] = made
        offsets[entry["name"]] = len(made._inbound_nodes) if entry["inbound_nodes"] else 0
        pending.extend((entry["name"], call) for call in entry["inbound_nodes"])
    done: dict[str, list[graph.Node]] = {}

    def tensor(history: list) -> KerasTensor | None:
        name, call, output = history
        if name not in operations:
            raise FileError(f"The model's configuration refers to an unknown layer {name!r}.")
        if name in done and call < len(done[name]):
            return done[name][call].outputs[output]
        operation = operations[name]
        if not _has_calls(config, name):
            return operation._inbound_nodes[call].outputs[output]
        return None

    while pending:
        left: list[tuple[str, dict]] = []
        blocked: set[str] = set()
        for name, call in pending:
            missing: list[Any] = []
            args = _arguments(call["args"], tensor, missing)
            kwargs = _arguments(call["kwargs"], tensor, missing)
            if missing or name in blocked:
                left.append((name, call))
                blocked.add(name)
                continue
            operation = operations[name]
            operation(*args, **kwargs)
            done.setdefault(name, []).append(operation._inbound_nodes[-1])
        if len(left) == len(pending):
            raise FileError(
                f"The model's configuration has calls that depend on each other: {left[0][0]!r}."
            )
        pending = left

    def end(x: Any) -> Any:
        if isinstance(x, (list, tuple)) and len(x) == 3 and isinstance(x[0], str):
            return tensor(list(x))
        if isinstance(x, dict):
            return {k: end(v) for k, v in x.items()}
        return [end(v) for v in x]

    model = cls(
        inputs=end(config["input_layers"]),
        outputs=end(config["output_layers"]),
        name=config.get("name"),
    )
    if config.get("trainable") is False:
        model.trainable = False
    return model


def _has_calls(config: dict[str, Any], name: str) -> bool:
    calls = config.get("_calls")
    if calls is None:
        calls = config["_calls"] = {e["name"] for e in config["layers"] if e["inbound_nodes"]}
    return name in calls


def _operation(entry: dict[str, Any]) -> Any:
    if entry["class_name"] == "OpCall":
        from ..ops import REGISTRY

        if entry["config"]["op"].startswith("backend."):  # a function of the old keras.backend
            from ..legacy.backend._define import operation

            return operation(entry["config"]["op"], entry["config"]["name"])
        op = REGISTRY.get(entry["config"]["op"])
        if op is None:
            raise FileError(f"The model uses an unknown op {entry['config']['op']!r}.")
        return graph.OpCall(op, name=entry["config"]["name"])
    made = deserialize_keras_object(
        {k: v for k, v in entry.items() if k not in ("inbound_nodes", "name")}
    )
    if not isinstance(made, (Layer, graph.Operation)):
        raise FileError(f"{entry['class_name']!r} in the model's configuration is no layer.")
    return made


def _arguments(x: Any, tensor: Any, missing: list) -> Any:
    if isinstance(x, dict):
        if x.get("class_name") == "__keras_tensor__":
            found = tensor(x["config"]["keras_history"])
            if found is None:
                missing.append(x)
            return found
        if x.get("class_name") == "__tuple__" and "items" in x:
            return tuple(_arguments(v, tensor, missing) for v in x["items"])
        if "class_name" in x and "config" in x:
            return deserialize_keras_object(x)
        return {k: _arguments(v, tensor, missing) for k, v in x.items()}
    if isinstance(x, list):
        return [_arguments(v, tensor, missing) for v in x]
    return x
