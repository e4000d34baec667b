"""`clone_model`: the same architecture with new weights."""

from __future__ import annotations

import copy as copying
from collections.abc import Callable
from types import FunctionType
from typing import Any

from .. import graph, tree
from ..errors import InputError
from ..layers.layer import Layer
from ..metrics import Metric
from ..spec import KerasTensor
from .model import Model
from .sequential import Sequential


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable | None = None,
    call_function: Callable | None = None,
    recursive: bool = False,
) -> Model:
    """A copy of a model with layers and weights of its own, compiled as the model is.

    The copy has an optimizer, losses and metrics of its own too, in their first state.

    Args:
        model: A `Sequential` or functional model, or a subclassed one with a configuration.
        input_tensors: Symbolic tensors to use as the copy's inputs.
        clone_function: Makes a layer's copy; ``layer.from_config(layer.get_config())`` by default.
        call_function: Applies a copied layer: ``(layer, *args, **kwargs)``.
        recursive: Whether the layers of nested models go through `clone_function`, too.

    >>> from kerata import Input, layers
    >>> model = Sequential([Input((3,)), layers.Dense(2)])
    >>> model.compile("adam", "mse")
    >>> clone_model(model).output_shape, clone_model(model).compiled
    ((None, 2), True)
    """

    def copy(layer: Any) -> Any:
        if recursive and isinstance(layer, Model) and layer._graph is not None:
            return clone_model(layer, None, clone_function, call_function, True)
        if clone_function is not None:
            return clone_function(layer)
        return _copy_of(layer) if isinstance(layer, Layer) else layer

    made = _clone(model, input_tensors, clone_function, copy, call_function)
    _compile_alike(made, model)
    return made


def _copy_of(layer: Layer) -> Layer:
    """A layer of the same configuration; functions and classes of the program in it are the same objects."""
    from ..layers import Lambda
    from ..serialization import custom_object_scope

    if type(layer) is Lambda:  # its function need not be one that files know
        args, kwargs = layer._captured[Lambda]
        return Lambda(*args, **{**kwargs, "name": layer.name})
    own: dict[str, Any] = {}
    for args, kwargs in layer._captured.values():
        for x in tree.flatten((args, kwargs)):
            found = x if isinstance(x, FunctionType) else type(x)
            if not (found.__module__ or "").startswith(("builtins", __name__.partition(".")[0])):
                own[found.__name__] = found
    with custom_object_scope(own):
        return type(layer).from_config(layer.get_config())


def _clone(
    model: Model, input_tensors: Any, clone_function: Any, copy: Callable, call: Callable | None
) -> Model:
    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors, copy)
    if model._graph is None:
        if clone_function is not None or input_tensors is not None:
            raise InputError(
                "A subclassed model is cloned from its configuration alone: leave out the other arguments."
            )
        return type(model).from_config(model.get_config())
    return _clone_functional(model, input_tensors, copy, call)


def _compile_alike(made: Model, model: Model) -> None:
    """Compile a copy as its model is: not by way of a configuration, in which a lambda could not be."""
    if not model.compiled or made.compiled:
        return
    if type(model).compile is not Model.compile:  # what it takes is known to it alone
        if type(made).compile_from_config is not Model.compile_from_config:
            made.compile_from_config(model.get_compile_config())
        return
    given = {k: v for k, v in model._compiled.given.items() if k != "optimizer"}
    given = copying.deepcopy(given)
    for metric in tree.flatten([given["metrics"], given["weighted_metrics"]]):
        if isinstance(metric, Metric):
            metric.reset_state()
    optimizer = model.optimizer
    made.compile(optimizer and type(optimizer).from_config(optimizer.get_config()), **given)


def _clone_sequential(model: Sequential, input_tensors: Any, copy: Callable) -> Sequential:
    from ..layers import Input, InputLayer

    made = Sequential(name=model.name)
    if input_tensors is not None:
        x = tree.flatten(input_tensors)[0]
        if isinstance(x, KerasTensor) and not isinstance(graph.node_of(x).operation, InputLayer):
            x = Input(batch_shape=x.shape, dtype=x.dtype)
        made.add(x)
    elif model._trail:
        x = model._trail[0]
        made.add(Input(batch_shape=x.shape, dtype=x.dtype, name=x._keras_history[0].name))
    for layer in model.layers:
        made.add(copy(layer))
    return made


def _clone_functional(
    model: Model, input_tensors: Any, copy: Callable, call: Callable | None
) -> Model:
    from ..layers import Input

    g = model._graph
    assert g is not None
    if input_tensors is None:
        sources = [
            Input(batch_shape=x.shape, dtype=x.dtype, name=graph.node_of(x).operation.name) for x in g.flat_inputs
        ]  # fmt: skip
    else:
        sources = tree.flatten(input_tensors)
    values = {id(k): v for k, v in zip(g.flat_inputs, sources, strict=True)}
    copies: dict[int, Any] = {}
    for node in g.nodes:
        if g._given(node):
            continue
        operation = node.operation
        made = copies.get(id(operation))
        if made is None:
            made = copies[id(operation)] = (
                graph.OpCall(operation.op)
                if isinstance(operation, graph.OpCall)
                else copy(operation)
            )

        def value(x: Any) -> Any:
            return values[id(x)] if isinstance(x, KerasTensor) else x

        args, kwargs = tree.map_structure(value, node.args), tree.map_structure(value, node.kwargs)
        out = made(*args, **kwargs) if call is None else call(made, *args, **kwargs)
        for old, new in zip(node.outputs, tree.flatten(out)):
            values[id(old)] = new
    cls = type(model) if type(model).__init__ is Model.__init__ else Model
    outputs = tree.pack_sequence_as(g.outputs, [values[id(x)] for x in g.flat_outputs])
    return cls(inputs=tree.pack_sequence_as(g.inputs, sources), outputs=outputs, name=model.name)
