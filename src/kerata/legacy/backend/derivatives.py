"""Derivatives of symbolic tensors with regard to others, as symbolic tensors."""

from __future__ import annotations

from typing import Any

from ... import dtypes, graph, ops, tree
from ...engine import engine
from ...errors import FileError, InputError, SymbolsWantedError
from ...scope import get_mask, local, set_mask
from ...spec import KerasTensor, Spec, probe
from ...variable import Variable
from ..updates import Loss, running
from .graph import Watching, variables_of


def gradients(loss: Any, variables: Any) -> list[Any]:
    """Derivatives of the sum of `loss` with regard to each of `variables`, as symbolic tensors.

    Args:
        loss: A symbolic tensor, or several whose sums are added.
        variables: Symbolic tensors on the way to the loss (inputs, outputs of layers) or variables,
            alone or as a list.

    Returns:
        A list with a tensor for each; ``None`` where the loss does not depend on it.

    >>> from kerata.legacy.backend.graph import function, placeholder
    >>> x = placeholder((None, 2))
    >>> slope = gradients(ops.sum(x * x), x)[0]
    >>> function([x], [slope])([[[1.0, 3.0]]])[0].tolist()
    [[2.0, 6.0]]
    """
    losses = list(loss) if isinstance(loss, (list, tuple)) else [loss]
    targets = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    step = running()
    if step is not None and isinstance(losses[0], Loss):
        return step.gradients(targets)
    symbolic = all(isinstance(x, KerasTensor) for x in losses)
    if probe() is not None and local.call is None and not symbolic:
        # In a loss function, while shapes are inferred.
        return [
            graph.fed_value(x, "K.gradients") if isinstance(x, KerasTensor) else x for x in targets
        ]
    losses = [graph.fed_symbol(x) for x in losses]
    _check(losses, targets)
    way = _Way(losses, targets)
    if any(way.lies_behind_another(t) for t in targets):
        # Cutting the graph at one of them would hide what reaches the loss through it from the other.
        return [_derived(_Way(losses, [t]), losses, [t])[0] for t in targets]
    return _derived(way, losses, targets)


def _check(losses: list[Any], targets: list[Any]) -> None:
    for x in losses:
        if not isinstance(x, KerasTensor):
            raise SymbolsWantedError(
                "K.gradients: the loss must be a symbolic tensor, computed from a model's tensors or from "
                f"K.placeholder; got {type(x).__name__}. For values, use a GradientTape of the engine's "
                "library, or jax.grad."
            )
    for x in targets:
        if not isinstance(x, (KerasTensor, Variable)):
            raise InputError(
                "K.gradients: derivatives are with regard to symbolic tensors (model.input, a layer's output, "
                f"a placeholder) or variables; got {type(x).__name__} {str(x)[:60]}"
            )
        if not dtypes.is_float(x.dtype):
            raise InputError(
                f"K.gradients: {getattr(x, 'name', x)!r} holds {x.dtype}, which has no derivative. For an "
                "Embedding take the derivative with regard to its output."
            )


def _derived(way: _Way, losses: list[Any], targets: list[Any]) -> list[Any]:
    reached = [way.reaches(t) for t in targets]
    kept = [t for t, there in zip(targets, reached) if there]
    if not kept:
        return [None] * len(targets)
    found = iter(Gradient(losses, kept, way.edge())(*_inputs(kept, way.edge())))
    return [next(found) if there else None for there in reached]


def _inputs(targets: list[Any], edge: list[KerasTensor]) -> tuple[list[Any], list[Any]]:
    return [t for t in targets if isinstance(t, KerasTensor)], edge


class _Way:
    """Which calls on the way to the losses depend on which targets (bits of a number)."""

    def __init__(self, losses: list[KerasTensor], targets: list[Any]) -> None:
        self.targets = targets
        self.tensors = {id(t): 1 << i for i, t in enumerate(targets) if isinstance(t, KerasTensor)}
        self.weights = {id(t): 1 << i for i, t in enumerate(targets) if isinstance(t, Variable)}
        self.nodes = _upstream(losses)
        # What a tensor depends on, and what it depends on apart from being a target itself.
        self.bits: dict[int, int] = {}
        self.behind: dict[int, int] = {}
        for node in self.nodes:
            bits = 0
            for x in node.inputs:
                bits |= self.bits[id(x)]
            for v in variables_of([node]) if self.weights else ():
                bits |= self.weights.get(id(v), 0)
            for x in node.outputs:
                self.behind[id(x)] = bits
                self.bits[id(x)] = bits | self.tensors.get(id(x), 0)
        self.reached = 0
        for x in losses:
            self.reached |= self.bits[id(x)]

    def lies_behind_another(self, target: Any) -> bool:
        """Whether a target depends on another one."""
        return isinstance(target, KerasTensor) and self.behind.get(id(target), 0) != 0

    def reaches(self, target: Any) -> bool:
        """Whether the losses depend on a target."""
        bit = self.tensors.get(id(target), 0) | self.weights.get(id(target), 0)
        return bool(self.reached & bit)

    def edge(self) -> list[KerasTensor]:
        """Tensors that depend on no target and go into calls that do."""
        found: list[KerasTensor] = []
        for node in self.nodes:
            bits = 0
            for x in node.outputs:
                bits |= self.behind[id(x)]
            if bits:
                found.extend(x for x in node.inputs if not self.bits[id(x)])
            elif any(id(x) in self.tensors for x in node.outputs):
                found.extend(x for x in node.outputs if id(x) not in self.tensors)
        return tree.unique(found)


def _upstream(tensors: list[KerasTensor]) -> list[graph.Node]:
    """All calls that lead to the tensors, those near the inputs first."""
    done: set[int] = set()
    nodes: list[graph.Node] = []
    todo: list[tuple[KerasTensor, bool]] = [(x, False) for x in tensors]
    while todo:
        x, leaving = todo.pop()
        node = graph.node_of(x)
        if id(node) in done:
            continue
        if leaving:
            done.add(id(node))
            nodes.append(node)
        else:
            todo.append((x, True))
            todo.extend((y, False) for y in node.inputs)
    return nodes


class Gradient(graph.Operation):
    """The derivatives of losses with regard to tensors and variables.

    It is called with the values of the tensors, and of those that go into the way from them to the
    losses; that way is run again, which a compiler puts together with the first run.
    """

    def __init__(
        self, losses: list[KerasTensor], targets: list[Any], edge: list[KerasTensor]
    ) -> None:
        super().__init__(graph.auto_name("gradients"))
        tensors, _ = _inputs(targets, edge)
        self.targets = targets
        self.losses = losses
        self.graph = graph.Graph([*tensors, *edge], losses)
        self.variables = variables_of(self.graph.nodes)

    @property
    def op(self) -> Any:
        """What a saved model would name; there is no such thing."""
        raise FileError(
            "A model that holds K.gradients among its calls cannot be saved: a file has no place for them. "
            "Save the model whose tensors they were taken from, or its weights."
        )

    def compute_output_spec(self, tensors: list[Any], edge: list[Any]) -> Any:
        """Shapes and dtypes of the targets."""
        return [Spec(t.shape, t.dtype) for t in self.targets]

    def call(self, tensors: list[Any], edge: list[Any]) -> list[Any]:
        """Values of the derivatives."""
        wanted = [t for t in self.targets if isinstance(t, Variable)]
        ids = {id(v) for v in wanted}
        others = [v for v in self.variables if id(v) not in ids]
        n = len(tensors)

        def total(leaves: list[Any], edge: list[Any], rest: list[Any]) -> Any:
            for new, old in zip(leaves, tensors):
                set_mask(new, get_mask(old))
            with Watching([*wanted, *others], [*leaves[n:], *rest]):
                losses = self.graph.run([*leaves[:n], *edge])
                return sum(ops.sum(x) for x in losses)

        values = [*tensors, *[v.value for v in wanted]]
        _, found = engine().value_and_grad(total)(values, edge, [v.value for v in others])
        own, weights = iter(found[:n]), iter(found[n:])
        return [next(own if isinstance(t, KerasTensor) else weights) for t in self.targets]
