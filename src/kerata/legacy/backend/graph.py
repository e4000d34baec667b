"""Placeholders and functions: evaluating what is computed from a model's symbolic tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import dtypes, graph, ops, rng, tree
from ...engine import engine
from ...errors import InputError
from ...scope import Binding, Call
from ...spec import KerasTensor, Spec
from ...variable import Variable
from ..notes import note
from . import phase
from ._define import backend_op, is_size

Tensor = Any


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
    ragged: bool = False,
) -> KerasTensor:
    """A symbolic tensor whose value a `function` is given.

    >>> placeholder((None, 3)).shape
    (None, 3)
    """
    from ...layers import Input

    if shape is None:
        if ndim is None:
            raise InputError("placeholder: give shape=(...), or ndim= for unknown sizes.")
        shape = (None,) * ndim
    made = Input(batch_shape=tuple(shape), dtype=dtype, sparse=sparse, ragged=ragged, name=name)
    made._is_backend_placeholder = True
    return made


def is_placeholder(x: Any) -> bool:
    """Whether `placeholder` made `x`.

    >>> is_placeholder(placeholder((2,))), is_placeholder(1.0)
    (True, False)
    """
    return hasattr(x, "_is_backend_placeholder")


class Watching(Binding):
    """A binding that notes the variables which are read or changed in it without being bound."""

    def __init__(self, variables: Any, values: Any, key: Any = None) -> None:
        super().__init__(variables, values, key, catches=True)
        self.added = []  # losses of layers stay here
        self.missed: list[Any] = []

    def _miss(self, variable: Any) -> None:
        scope: Any = self
        while isinstance(scope.outer, Watching):
            scope = scope.outer
        if not any(v is variable for v in scope.missed):
            scope.missed.append(variable)

    def read(self, variable: Any) -> Any:
        """The bound value; what is not bound is noted."""
        found = super().read(variable)
        if found is None:
            self._miss(variable)
        return found

    def write(self, variable: Any, value: Any) -> bool:
        """Change the bound value; what is not bound is noted, and not changed."""
        if super().read(variable) is None:
            self._miss(variable)
        return super().write(variable, value)


def variables_of(nodes: list[graph.Node]) -> list[Variable]:
    """The variables that calls use: layers' own, and arguments of ops."""
    found: list[Any] = []
    for node in nodes:
        operation: Any = node.operation
        found.extend(getattr(operation, "variables", None) or ())
        found.extend(v for v in tree.flatten((node.args, node.kwargs)) if isinstance(v, Variable))
    return tree.unique(found)


class Function:
    """A compiled function from values of symbolic tensors to values of others; see `function`."""

    def __init__(
        self, inputs: Any, outputs: Any, updates: Any = None, name: str | None = None
    ) -> None:
        self.name = name or "function"
        self.inputs = list(inputs) if isinstance(inputs, (list, tuple)) else tree.flatten(inputs)
        self._many = isinstance(inputs, (list, tuple, dict))
        self.outputs = outputs
        self.updates = _pairs(updates)
        self._check()
        fed = [x for x in self.inputs if isinstance(x, KerasTensor)]
        self._fed = tree.unique(fed)
        wanted = [*tree.flatten(outputs), *[v for _, v in self.updates]]
        self._symbols = tree.unique(x for x in wanted if isinstance(x, KerasTensor))
        self._graph = graph.Graph(self._fed, self._symbols) if self._symbols else None
        nodes = self._graph.nodes if self._graph is not None else []
        given = [x for x in [*wanted, *self.inputs] if isinstance(x, Variable)]
        given.extend(v for v, _ in self.updates if v is not None)
        self.variables = tree.unique([*variables_of(nodes), *given])
        self._changed: dict[bool, list[Variable]] = {}
        self._compiled: dict[bool, Any] = {}

    def _check(self) -> None:
        for x in self.inputs:
            if not isinstance(x, (KerasTensor, Variable, int)):
                raise InputError(
                    "K.function: inputs must be symbolic tensors (model.input, a layer's output, a "
                    f"placeholder), variables or K.learning_phase(); got {type(x).__name__} {str(x)[:60]}"
                )

    def __call__(self, *inputs: Any) -> Any:
        """Values of the outputs as NumPy arrays, for a list with a value for each input."""
        feeds, given, training = self._sorted(self._listed(inputs))
        outputs, changed, missed = self._run(feeds, given, training)
        for _ in range(2):
            if not missed:
                break
            # A function inside, such as a Lambda's, uses variables that could not be seen: again with
            # them. One that makes new ones each time it runs is content with the first values of these.
            self.variables.extend(missed)
            self._compiled.clear()
            outputs, changed, missed = self._run(feeds, given, training)
        for v, new in zip(self._changed[training], changed):
            v.replace(new)
        values = iter(outputs)

        def value(x: Any) -> Any:
            # A copy: programs change what they get in place.
            return np.array(engine().to_numpy(next(values)))[()] if _computes(x) else x

        flat = [value(x) for x in tree.flatten(self.outputs)]
        return (
            tree.pack_sequence_as(self.outputs, flat) if tree.is_nested(self.outputs) else flat[0]
        )

    def _listed(self, inputs: tuple) -> list[Any]:
        if self._many and len(inputs) == 1 and isinstance(inputs[0], (list, tuple, dict)):
            return list(tree.flatten(inputs[0]) if isinstance(inputs[0], dict) else inputs[0])
        return list(inputs)

    def _sorted(self, inputs: list[Any]) -> tuple[list[Any], dict[int, Any], bool]:
        """Values of the symbolic inputs, of variables, and the phase."""
        if len(inputs) != len(self.inputs):
            names = [getattr(x, "name", str(x)) for x in self.inputs]
            raise InputError(
                f"K.function: expected a list of {len(names)} values, for {names}; got {len(inputs)}."
            )
        training = bool(phase.given() or 0)
        feeds: dict[int, Any] = {}
        given: dict[int, Any] = {}
        for x, value in zip(self.inputs, inputs):
            if isinstance(x, KerasTensor):
                feeds[id(x)] = _fitting(x, value)
            elif isinstance(x, Variable):
                given[id(x)] = engine().asarray(np.asarray(value), x.dtype)
            else:
                training = bool(value)
        return [feeds[id(x)] for x in self._fed], given, training

    def _run(self, feeds: list, given: dict[int, Any], training: bool) -> Any:
        values = [given[id(v)] if id(v) in given else v.snapshot() for v in self.variables]
        if training not in self._compiled:
            self._compiled[training] = (engine().compile(self._pure(training)), missed := [])
        run, missed = self._compiled[training]
        missed.clear()
        key = engine().key(rng.draw_seed())
        outputs, changed = run(feeds, values, key)
        return outputs, changed, list(missed)

    def _pure(self, training: bool) -> Any:
        """The computation as a pure function of feeds, variables and a key."""

        def run(feeds: list, values: list, key: Any) -> Any:
            e = engine()
            with Watching(self.variables, values, key) as scope, Call(None, training):
                found: dict[int, Any] = {}
                if self._graph is not None:
                    found = {id(x): v for x, v in zip(self._symbols, self._graph.run(feeds))}

                def value(x: Any) -> Any:
                    x = found[id(x)] if isinstance(x, KerasTensor) else x
                    return e.asarray(x.value if isinstance(x, Variable) else x)

                outputs = [value(x) for x in tree.flatten(self.outputs) if _computes(x)]
                for v, new in self.updates:
                    if v is not None:
                        v.assign(value(new))
                own = list(zip(self.variables, values))
                changed = [(v, b) for v, a in own if (b := scope.values[id(v)]) is not a]
                self._changed[training] = [v for v, _ in changed]
                self._compiled[training][1].extend(scope.missed)
                return outputs, [b for _, b in changed]

        return run


def _computes(x: Any) -> bool:
    """Whether an output has to be computed, and is not a number, ``None`` or a size."""
    return isinstance(x, (KerasTensor, Variable)) or (not is_size(x) and engine().is_tensor(x))


def _pairs(updates: Any) -> list[tuple[Any, Any]]:
    """Pairs of variable and new value; ``None`` for what assigns itself when it is computed."""
    out = []
    for u in updates or ():
        pair = tuple(u) if isinstance(u, (list, tuple)) else (None, u)
        if len(pair) != 2:
            raise InputError(f"K.function: updates are pairs of variable and value; got {u!r}.")
        out.append(pair)
    return out


def _fitting(x: KerasTensor, value: Any) -> Any:
    """The value of an input as a tensor of its dtype."""
    if not engine().is_tensor(value):
        value = np.asarray(value.value if isinstance(value, Variable) else value)
    shape = tuple(value.shape)
    fits = len(shape) == len(x.shape) and all(d in (None, s) for d, s in zip(x.shape, shape))
    if not fits:
        raise InputError(
            f"K.function: the input {x.name!r} has the shape {x.shape}; the value given has {shape}."
        )
    return engine().asarray(value, dtypes.standardize(x.dtype))


def function(
    inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **kwargs: Any
) -> Function:
    """A compiled function that gives values of `outputs` for values of `inputs`.

    Args:
        inputs: A list of symbolic tensors: inputs of models, outputs of layers, placeholders; among
            them `learning_phase()`, for which 0 or 1 is then given.
        outputs: Symbolic tensors, among them `gradients`; or variables. A list, or nested.
        updates: Pairs of a variable and a symbolic tensor that it becomes with each call.
        name: Taken.

    >>> x = placeholder((None, 2))
    >>> double = function([x], [x * 2.0])
    >>> double([np.ones((1, 2))])[0].tolist()
    [[2.0, 2.0]]
    """
    return Function(inputs, outputs, updates, name)


def stop_gradient(variables: Any) -> Any:
    """The value of a tensor, or of each in a list, through which no derivative goes.

    >>> stop_gradient([1.0]).tolist()
    [1.0]
    """
    if isinstance(variables, (list, tuple)) and any(hasattr(v, "shape") for v in variables):
        return [ops.stop_gradient(v) for v in variables]
    return ops.stop_gradient(variables)


@backend_op
def print_tensor(x: Tensor, message: str = "", summarize: int = 3) -> Tensor:
    """`x`, whose value is printed, wherever it has one: not within compiled code.

    >>> _ = print_tensor(ops.convert_to_tensor([1.0]), "x is")
    x is [1.]
    """
    value = x.value if isinstance(x, Variable) else x
    if isinstance(value, Spec):
        return x
    if engine().is_tensor(value):
        if engine().is_tracing(value):
            note("K.print_tensor in compiled code", None)
            return x
        value = engine().to_numpy(value)
    with np.printoptions(threshold=2 * summarize, edgeitems=summarize):
        print(*[m for m in (message,) if m], np.asarray(value))
    return x
