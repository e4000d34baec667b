"""Symbolic calls: recording them as nodes, inferring their results, evaluating the graph."""

from __future__ import annotations

import re
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

from . import tree
from .errors import InputError, ShapeError
from .scope import get_mask, local, set_mask
from .spec import PROBES, KerasTensor, Spec, probe, probing, spec_of, unprobe

_names: Counter[str] = Counter()


def snake(name: str) -> str:
    """A class name as the stem of an instance name.

    >>> snake("Conv2DTranspose"), snake("LSTM"), snake("MaxPooling2D")
    ('conv2d_transpose', 'lstm', 'max_pooling2d')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(stem: str) -> str:
    """`stem`, then ``stem_1``, ``stem_2`` ... until `reset_names`."""
    n = _names[stem]
    _names[stem] += 1
    return f"{stem}_{n}" if n else stem


def reset_names() -> None:
    """Start the numbering of automatic names anew."""
    _names.clear()


class Operation:
    """Something that can be a node of a graph: a layer, a model, or the call of an op.

    >>> class Twice(Operation):
    ...     def call(self, x):
    ...         return x * 2
    >>> Twice()(3), Twice()(KerasTensor((None, 4))).shape
    (6, (None, 4))
    """

    def __init__(self, name: str | None = None) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"name must be a string without '/', got {name!r}.")
        self._name = name or auto_name(snake(type(self).__name__))
        self._inbound_nodes: list[Node] = []
        if local.remat:
            mode = local.remat[-1]
            self._remat_mode = mode if mode.mode is not None else None

    _remat_mode: Any = None

    @property
    def name(self) -> str:
        """Its name, unique within a model."""
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """``call`` on values; on symbolic tensors a node of the graph, with what ``call`` would give."""
        if any(isinstance(x, KerasTensor) for x in tree.flatten((args, kwargs))):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; subclasses write it."""
        raise NotImplementedError(
            f"{type(self).__name__} has no call method: define call(self, ...)."
        )

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic outputs of a call, which is noted as a node."""
        return add_node(self, args, kwargs, self.compute_output_spec(*args, **kwargs))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shape and dtype of what ``call`` gives, found by running it on shapes."""
        return infer(self.call, args, kwargs)

    @property
    def input(self) -> Any:
        """Symbolic input of its only call."""
        return self._only_node("input").input_structure

    @property
    def output(self) -> Any:
        """Symbolic output of its only call."""
        return self._only_node("output").output_structure

    def _only_node(self, what: str) -> Node:
        nodes = self._inbound_nodes
        if not nodes:
            raise AttributeError(
                f"The layer {self.name!r} has never been called on a symbolic input and thus has no defined {what}."
            )
        if len(nodes) > 1 and what != "first":
            kept = {tuple(map(id, getattr(n, what + "s"))) for n in nodes}
            if len(kept) > 1:
                raise AttributeError(
                    f"The layer {self.name!r} has {len(nodes)} inbound nodes, hence no single {what}: "
                    f"use get_{what}_at(node_index)."
                )
        return nodes[0]

    def get_input_at(self, node_index: int) -> Any:
        """Symbolic input of one of its calls."""
        return self._inbound_nodes[node_index].input_structure

    def get_output_at(self, node_index: int) -> Any:
        """Symbolic output of one of its calls."""
        return self._inbound_nodes[node_index].output_structure


class Function(Operation):
    """The computation that leads from symbolic inputs to symbolic outputs, to be run on other inputs.

    Like a functional model, but no layer: it has no weights of its own to track, and no training.

    Args:
        inputs: Symbolic tensors, alone or nested.
        outputs: Symbolic tensors computed from them, alone or nested.
        name: Name of the function.

    >>> from kerata import KerasTensor, ops
    >>> a, b = KerasTensor((None, 2)), KerasTensor((None, 2))
    >>> f = Function([a, b], {"sum": ops.add(a, b)})
    >>> f([ops.ones((1, 2)), ops.ones((1, 2))])["sum"].tolist()
    [[2.0, 2.0]]
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name)
        for what, given in (("inputs", inputs), ("outputs", outputs)):
            if not tree.flatten(given):
                raise InputError(f"Function: {what} is empty; got {given!r}.")
        for x in tree.flatten(inputs):
            if isinstance(x, KerasTensor) and x._keras_history is None:
                Node(Operation("input"), (), {}, x)  # a tensor that nothing has made
        self._graph = Graph(inputs, outputs)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, flat."""
        return list(self._graph.flat_inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, flat."""
        return list(self._graph.flat_outputs)

    @property
    def operations(self) -> list[Operation]:
        """The layers and ops on the way, those near the inputs first."""
        return list(self._graph.operations)

    def call(self, inputs: Any) -> Any:
        """Values of the outputs for values of the inputs, which have the form given at the start."""
        flat = tree.flatten(inputs)
        own = self._graph.flat_inputs
        if len(flat) != len(own):
            raise InputError(f"{self.name!r} has {len(own)} inputs, got {len(flat)}.")
        for i, (x, want) in enumerate(zip(flat, own)):
            shape = tuple(getattr(x, "shape", want.shape))
            if len(shape) != len(want.shape):
                raise ShapeError(
                    f"{self.name!r}: input {i} must have the shape {want.shape}; got {shape}."
                )
        return self._graph.run(flat)


class OpCall(Operation):
    """One call of an op in a graph; what it was called with stands in its node."""

    def __init__(self, op: Any, name: str | None = None) -> None:
        super().__init__(name or auto_name(op.name))
        self.op = op

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, KerasTensor) for x in tree.flatten((args, kwargs))):
            return add_node(self, args, kwargs, infer(self.op, args, kwargs))
        return self.op(*args, **kwargs)


class Node:
    """One symbolic call: what was called with which arguments, and the tensors that came out."""

    __slots__ = (
        "operation", "args", "kwargs", "inputs", "outputs", "output_structure", "__weakref__",
    )  # fmt: skip

    def __init__(
        self, operation: Operation, args: tuple, kwargs: dict, outputs: Any, outside: Any = ()
    ) -> None:
        self.operation, self.args, self.kwargs = operation, args, kwargs
        self.inputs = [x for x in tree.flatten((args, kwargs)) if isinstance(x, KerasTensor)]
        self.inputs.extend(outside)  # tensors that the call uses without being given them
        self.output_structure = outputs
        self.outputs = [x for x in tree.flatten(outputs) if isinstance(x, KerasTensor)]
        index = len(operation._inbound_nodes)
        for i, x in enumerate(self.outputs):
            x._keras_history = (operation, index, i)
        operation._inbound_nodes.append(self)
        for x in self.inputs:  # weakly: a net is not kept alive by what is built on top of it
            if x._keras_history is not None:
                x._keras_history[0].__dict__.setdefault("_consumers", []).append(weakref.ref(self))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from .legacy.nodes import attribute

        return attribute(self, name)

    @property
    def input_structure(self) -> Any:
        """The first argument, or the flat list of inputs where it holds no tensor."""
        first = self.args[0] if self.args else None
        if first is not None and any(isinstance(x, KerasTensor) for x in tree.flatten(first)):
            return first
        return self.inputs[0] if len(self.inputs) == 1 else (self.inputs or self.output_structure)

    @property
    def is_input(self) -> bool:
        """Whether the node makes a tensor out of nothing (an `InputLayer`)."""
        return not self.inputs and not isinstance(self.operation, Constant)


def node_of(x: KerasTensor) -> Node:
    """The node whose output `x` is."""
    if x._keras_history is None:
        raise InputError(
            f"The symbolic tensor {x.name!r} comes from no layer: make inputs with Input(shape=...), "
            "not with KerasTensor directly."
        )
    operation, index, _ = x._keras_history
    return operation._inbound_nodes[index]


def infer(fn: Callable, args: tuple, kwargs: dict) -> Any:
    """Specs that `fn` gives where each KerasTensor among the arguments is replaced by its Spec.

    Where one has an unknown axis, `fn` runs twice with different sizes in its place.
    """
    flat = tree.flatten((args, kwargs))
    unknown = any(isinstance(x, KerasTensor) and None in x.shape for x in flat)

    def run(size: int) -> Any:
        def sized(x: Spec) -> Spec:
            return Spec(tuple(size if d is None else d for d in x.shape), x.dtype)

        def spec(x: Any) -> Any:
            if not isinstance(x, KerasTensor):
                return x
            found = sized(x)
            mask = get_mask(x)
            if mask is not None:
                set_mask(found, sized(mask))
            return found

        with probing(size):
            try:
                return fn(*tree.map_structure(spec, args), **tree.map_structure(spec, kwargs))
            except ShapeError as e:
                e.message = e.message.replace(str(size), "None")
                raise

    outer = probe()
    if outer is not None and any(type(x) is Spec for x in flat):
        return run(outer)  # beside a Spec of an inference that is running, its size stands for None
    if not unknown:
        return run(PROBES[0])
    return tree.map_structure(_merge, run(PROBES[0]), run(PROBES[1]))


def _merge(a: Any, b: Any) -> Any:
    if not isinstance(a, Spec):
        return a
    both = Spec(
        tuple(m if m == n else None for m, n in zip(a.shape, b.shape, strict=True)), a.dtype
    )
    mask, other = get_mask(a), get_mask(b)
    if mask is not None and other is not None:
        set_mask(both, _merge(mask, other))
    return both


def record(op: Any, args: tuple, kwargs: dict) -> Any:
    """The symbolic result of calling an op on symbolic tensors, recorded as a node."""
    return OpCall(op)(*args, **kwargs)


def add_node(operation: Operation, args: tuple, kwargs: dict, specs: Any, outside: Any = ()) -> Any:
    """A node for a call with these result Specs; returns its symbolic outputs."""

    def symbol(s: Any) -> Any:
        if not isinstance(s, Spec):
            return s
        made = KerasTensor(unprobe(s.shape), s.dtype, name=auto_name("keras_tensor"))
        set_mask(made, get_mask(s))
        return made

    outputs = tree.map_structure(symbol, specs)
    Node(operation, args, kwargs, outputs, outside)
    return outputs


def fed_symbol(value: Any) -> Any:
    """The symbolic output that a value is one of in the step that runs, or the value itself."""
    for known, symbol in local.fed[2] if local.fed is not None else ():
        if known is value:
            return symbol
    return value


def fed_value(x: KerasTensor, what: str) -> Any:
    """The value that a symbolic tensor has for the inputs of the model that runs.

    Args:
        x: A tensor computed from tensors of the model.
        what: What it is, for the error message.

    Raises:
        InputError: No model runs.
    """
    size = probe()
    if size is not None:
        return Spec(tuple(size if d is None else d for d in x.shape), x.dtype)
    if local.fed is None:
        raise InputError(
            f"{what} is symbolic: it is computed from symbolic tensors of a model, and is no number outside of "
            "the model's fit and evaluate. There, model.add_loss(tensor) is the plain way."
        )
    inputs, values, _ = local.fed
    return Graph(inputs, [x]).run(values())[0]


class Graph:
    """The calls that lead from input tensors to output tensors, in an order that can be run."""

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.flat_inputs: list[KerasTensor] = tree.flatten(inputs)
        self.flat_outputs: list[KerasTensor] = tree.flatten(outputs)
        for role, tensors in (("input", self.flat_inputs), ("output", self.flat_outputs)):
            for x in tensors:
                if not isinstance(x, KerasTensor):
                    raise InputError(
                        f"Every {role} of a functional model must be a symbolic tensor that starts at "
                        f"Input(shape=...); got {type(x).__name__}: {str(x)[:60]}"
                    )
        self.nodes, order = self._sort()
        self.operations = self._by_depth(order)
        self._steps = [_Step(n) for n in self.nodes if not self._given(n)]

    def _given(self, node: Node) -> bool:
        ids = {id(x) for x in self.flat_inputs}
        return node.is_input or all(id(x) in ids for x in node.outputs)

    def _sort(self) -> tuple[list[Node], dict[Operation, int]]:
        """Nodes in post-order of a walk from the outputs, and when each operation was first met."""
        given = {id(x) for x in self.flat_inputs}
        done: set[int] = set()
        open_: set[int] = set()
        nodes: list[Node] = []
        order: dict[Operation, int] = {}
        for output in self.flat_outputs:
            todo: list[tuple[KerasTensor, bool]] = [(output, False)]
            while todo:
                x, leaving = todo.pop()
                node = node_of(x)
                if leaving:
                    open_.discard(id(node))
                    done.add(id(node))
                    nodes.append(node)
                    continue
                if id(node) in done or id(node) in open_:
                    continue
                order.setdefault(node.operation, len(order))
                open_.add(id(node))
                todo.append((x, True))
                if node.is_input:
                    if id(x) not in given:
                        raise InputError(
                            f"The graph is disconnected: the output depends on the input {node.operation.name!r}, "
                            f"which is not among the model's inputs {[t.name for t in self.flat_inputs]}. Add it."
                        )
                elif id(x) not in given:
                    todo.extend((t, False) for t in reversed(node.inputs))
        for x in self.flat_inputs:
            node = node_of(x)
            if id(node) not in done:
                done.add(id(node))
                nodes.append(node)
                order.setdefault(node.operation, len(order))
        return nodes, order

    def _by_depth(self, order: dict[Operation, int]) -> list[Operation]:
        """Operations from the inputs to the outputs, as `model.layers` lists them."""
        given = {id(x) for x in self.flat_inputs}
        node_depth: dict[int, int] = {}
        op_depth: dict[Operation, int] = {}
        for node in reversed(self.nodes):
            depth = max(node_depth.setdefault(id(node), 0), op_depth.get(node.operation, 0))
            op_depth[node.operation] = depth
            node_depth[id(node)] = depth
            if all(id(x) in given for x in node.outputs):
                continue
            for x in node.inputs:
                parent = id(node_of(x))
                node_depth[parent] = max(depth + 1, node_depth.get(parent, 0))
        return sorted(op_depth, key=lambda o: (-op_depth[o], order[o]))

    def run(self, inputs: list[Any]) -> Any:
        """Values of the outputs for the values of the flat inputs."""
        values = {id(k): v for k, v in zip(self.flat_inputs, inputs, strict=True)}
        with _Running(self, values):
            for step in self._steps:
                step.run(values)
        out = [values[id(k)] for k in self.flat_outputs]
        return (
            out[0]
            if self.outputs is self.flat_outputs[0]
            else tree.pack_sequence_as(self.outputs, out)
        )


class Outside:
    """A ``with`` block in which the call of a layer meets symbolic tensors that are none of its arguments.

    A function in a `Lambda`, or a layer's ``call``, may use tensors of the model around it. While the
    shapes of the call are inferred, such a tensor stands for its Spec, and is noted in `found`: the node
    of the call then depends on it, too.

    Args:
        args: The arguments of the call, positional ones and others.
    """

    def __init__(self, args: Any) -> None:
        self.given = {id(x) for x in tree.flatten(args)}
        self.start = KerasTensor(()).number
        self.found: list[KerasTensor] = []
        self.outer: Any = None

    def __enter__(self) -> Outside:
        self.outer, local.around = local.around, self
        return self

    def __exit__(self, *_: Any) -> None:
        local.around = self.outer

    def look(self, x: KerasTensor) -> Any:
        """The Spec of a tensor from outside; ``None`` for one that was made in the block, or is an argument."""
        if x.number >= self.start or id(x) in self.given or x._keras_history is None:
            return None
        if not any(x is y for y in self.found):
            self.found.append(x)
        size = probe()
        probes = getattr(x, "probes", None)  # a size, see `legacy.backend`
        if probes is not None:
            return probes[PROBES.index(size)] if size in PROBES else None
        return Spec(tuple(size if d is None else d for d in x.shape), x.dtype)


class _Running:
    """A graph that runs, whose values are known to the calls in it."""

    def __init__(self, graph: Graph, values: dict[int, Any]) -> None:
        self.graph, self.values = graph, values
        self.held: list[KerasTensor] = []  # their ids are keys, and must not be given away
        self.outer: Any = None

    def __enter__(self) -> _Running:
        self.outer, local.around = local.around, self
        return self

    def __exit__(self, *_: Any) -> None:
        local.around = self.outer

    def look(self, x: KerasTensor) -> Any:
        """The value of a tensor of the graph, or of one computed from its inputs."""
        found = self.values.get(id(x))
        if found is None and x._keras_history is not None:
            flat = self.graph.flat_inputs
            try:
                more = Graph(flat, [x])
            except InputError:  # it is of another graph
                return None
            found = self.values[id(x)] = more.run([self.values[id(k)] for k in flat])[0]
            self.held.append(x)
        return found


def known(x: Any) -> Any:
    """What stands for a symbolic tensor from outside in the call that runs: a value, or a Spec.

    Anything else, and a tensor that nothing around the call knows, stays as it is.
    """
    if not isinstance(x, KerasTensor):
        return x
    frame = local.around
    while frame is not None:
        found = frame.look(x)
        if found is not None:
            return found
        frame = frame.outer
    return x


class Constant(Operation):
    """A tensor with values, or a variable, as a part of a graph.

    >>> constant([1.0, 2.0]).shape
    (2,)
    """

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value
        self.variables = [value] if hasattr(value, "assign") else []

    def call(self) -> Any:
        return self.value.value if self.variables else self.value


def constant(value: Any) -> KerasTensor:
    """A symbolic tensor that has these values."""
    found = spec_of(value)
    return add_node(Constant(value), (), {}, Spec(found.shape, found.dtype))


class _MaskOf(Operation):
    """The mask that a tensor has when the graph runs."""

    def call(self, x: Any) -> Any:
        return get_mask(x)


def symbolic_mask(x: KerasTensor) -> KerasTensor | None:
    """The mask of a symbolic tensor, as one more symbolic tensor; ``None`` if it has none."""
    like = get_mask(x)
    if like is None:
        return None
    found = x.__dict__.get("_mask_node")
    if found is None:
        found = x.__dict__["_mask_node"] = add_node(_MaskOf(), (x,), {}, like)
    return found


KerasTensor._keras_mask = property(symbolic_mask)  # type: ignore[attr-defined]


class _Step:
    """A node made ready to run: where its arguments come from and its results go."""

    __slots__ = ("node", "operation", "single", "outputs")

    def __init__(self, node: Node) -> None:
        self.node, self.operation = node, node.operation
        args = node.args
        simple = len(args) == 1 and isinstance(args[0], KerasTensor) and not node.kwargs
        self.single = id(args[0]) if simple else None
        self.outputs = [id(x) for x in node.outputs]

    def run(self, values: dict[int, Any]) -> None:
        if self.single is not None:
            result = self.operation(values[self.single])  # type: ignore[operator]
        else:

            def value(x: Any) -> Any:
                return values[id(x)] if isinstance(x, KerasTensor) else x

            args = tree.map_structure(value, self.node.args)
            kwargs = tree.map_structure(value, self.node.kwargs)
            result = self.operation(*args, **kwargs)  # type: ignore[operator]
        if len(self.outputs) == 1 and not tree.is_nested(result):
            values[self.outputs[0]] = result
        else:
            for key, v in zip(self.outputs, tree.flatten(result)):
                values[key] = v
