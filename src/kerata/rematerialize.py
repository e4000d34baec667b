"""Rematerialization: values inside a function are computed again for the gradient, not kept.

Chen et al. 2016, "Training deep nets with sublinear memory cost".
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import graph, rng, scope, tree
from .engine import engine
from .errors import InputError
from .scope import Binding, local
from .spec import Spec, probe, spec_of

_MODES = ("full", "activations", "larger_than", "list_of_layers", None)


class RematScope:
    """Layers made in this ``with`` block compute values inside their calls again for the gradient.

    That costs time, and saves the memory of those values. Outputs of layers are kept.

    Args:
        mode: ``full``, every layer; ``activations``, only what is between a layer's sum and its
            activation's result; ``larger_than``, layers with more than `output_size_threshold`
            numbers in their output; ``list_of_layers``, layers of the names in `layer_names`;
            ``None``, none (to make an exception inside another scope).
        output_size_threshold: See `mode`; the batch counts.
        layer_names: See `mode`.

    >>> from kerata import layers, ops
    >>> with RematScope("full"):
    ...     layer = layers.Dense(2, kernel_initializer="ones")
    >>> layer(ops.array([[1.0, 2.0]])).tolist()
    [[3.0, 3.0]]
    """

    def __init__(
        self,
        mode: str | None = "full",
        output_size_threshold: int = 1024,
        layer_names: Sequence[str] | None = None,
    ) -> None:
        if mode not in _MODES:
            raise InputError(f"RematScope: mode={mode!r}; expected one of {_MODES}.")
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or ())

    def __enter__(self) -> RematScope:
        local.remat.append(self)
        return self

    def __exit__(self, *_: Any) -> None:
        local.remat.pop()


def remat(f: Callable) -> Callable:
    """`f` with the values inside it computed again for the gradient rather than kept.

    `f` may read and assign variables, draw random numbers and call layers: when it runs again it
    meets what it met the first time, and what it changes then is dropped. Tensors that are to get
    gradients come as arguments or in variables (TensorFlow does not see through others).

    >>> from kerata import ops
    >>> square = remat(lambda x: x * x)
    >>> square(ops.array([3.0])).tolist()
    [9.0]
    """

    @functools.wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        flat = tree.flatten((args, kwargs))
        if probe() is not None or any(isinstance(x, Spec) for x in flat):
            return f(*args, **kwargs)
        return _Run(f, args, kwargs).result()

    return run


def layer_call(layer: Any, args: tuple, kwargs: dict) -> Any:
    """``layer.call(...)`` as the `RematScope` that the layer was made in wants it."""
    mode = layer._remat_mode
    if probe() is not None or any(isinstance(x, Spec) for x in tree.flatten((args, kwargs))):
        return layer.call(*args, **kwargs)
    if mode.mode == "activations":
        own = getattr(layer, "activation", None)
        if own is None:
            return layer.call(*args, **kwargs)
        layer.activation = remat(own)
        try:
            return layer.call(*args, **kwargs)
        finally:
            layer.activation = own
    wanted = mode.mode == "full"
    if mode.mode == "list_of_layers":
        wanted = layer.name in mode.layer_names
    elif mode.mode == "larger_than":
        wanted = _size(layer, args, kwargs) > mode.output_size_threshold
    return (remat(layer.call) if wanted else layer.call)(*args, **kwargs)


def _size(layer: Any, args: tuple, kwargs: dict) -> int:
    """How many numbers the layer's output has."""
    specs = tree.map_structure(lambda x: spec_of(x) if hasattr(x, "shape") else x, (args, kwargs))
    found = graph.infer(layer._run_abstract, *specs)
    return sum(math.prod(s.shape) for s in tree.flatten(found) if isinstance(s, Spec))


class _Notes(NamedTuple):
    """What the first run left behind besides tensors: the form of the result, and what changed."""

    form: Any
    tensors: list[int]
    masks: list[int]
    logits: list[tuple[int, str, Any]]
    changed: list[Any]
    losses: list[Any]
    draws: int


class _Run:
    """One call of a rematerialized function."""

    def __init__(self, f: Callable, args: tuple, kwargs: dict) -> None:
        self.f, self.form = f, (args, kwargs)
        e = engine()
        self.flat = [x.value if hasattr(x, "assign") else x for x in tree.flatten((args, kwargs))]
        self.places = [i for i, x in enumerate(self.flat) if e.is_tensor(x)]
        self.binding = local.binding
        self.call, self.results_only = local.call, local.results_only
        self.names = list(local.names)
        self.rng = rng.get_state()
        self.masks = [scope.get_mask(x) for x in self.flat]
        self.variables, self.values = self._bound()
        self.given = [v for v in self._owned() if id(v) in self.values]
        self.draws = 0 if self.binding is None else self.binding.draws
        self.notes: _Notes | None = None

    def _bound(self) -> tuple[dict[int, Any], dict[int, Any]]:
        """Variables that are bound around the call, and their values."""
        chain: list[Binding] = []
        binding = self.binding
        while binding is not None:
            chain.append(binding)
            binding = binding.outer
        variables: dict[int, Any] = {}
        values: dict[int, Any] = {}
        for b in reversed(chain):
            variables.update((id(v), v) for v in b.variables)
            values.update(b.values)
        return variables, values

    def _owned(self) -> list[Any]:
        """The variables that the function may read: its layer's, or all that are bound."""
        owner = getattr(self.f, "__self__", None)
        own = getattr(owner, "variables", None)
        return list(own) if isinstance(own, list) else list(self.variables.values())

    def result(self) -> Any:
        """What the function returns; what it changed is changed."""
        given = [self.values[id(v)] for v in self.given]
        tensors = [self.flat[i] for i in self.places]
        out = list(engine().checkpoint(self._pure)(*tensors, *given))
        notes = self.notes
        assert notes is not None
        take = iter(out)
        flat = list(tree.flatten(notes.form))
        for i in notes.tensors:
            flat[i] = next(take)
        for i in notes.masks:
            scope.set_mask(flat[i], next(take))
        for i, function, axis in notes.logits:
            scope.set_logits(flat[i], function, axis, next(take))
        for v in notes.changed:
            if id(v) not in self.values:  # running again, the function must meet the old value
                self.values[id(v)] = v.value
            v.assign(next(take))
        for layer in notes.losses:
            layer.add_loss(next(take))
        if self.binding is not None:
            self.binding.draws = notes.draws
        return tree.pack_sequence_as(notes.form, flat) if tree.is_nested(notes.form) else flat[0]

    def _pure(self, *parts: Any) -> list[Any]:
        """The function of tensors alone; what it leaves behind is noted in the first run."""
        flat = list(self.flat)
        for i, x in zip(self.places, parts):
            flat[i] = x
        for x, m in zip(flat, self.masks):
            if m is not None and scope.get_mask(x) is None:
                scope.set_mask(x, m)
        args, kwargs = tree.pack_sequence_as(self.form, flat)
        inner = Binding(catches=True)
        inner.variables = list(self.variables.values())
        inner.values = {**self.values}
        inner.values.update(zip(map(id, self.given), parts[len(self.places) :]))
        inner.key = None if self.binding is None else self.binding.key
        inner.draws, inner.added = self.draws, []
        start = dict(inner.values)
        with _Around(self, inner):
            result = self.f(*args, **kwargs)
        return self._note(result, inner, start)

    def _note(self, result: Any, inner: Binding, start: dict[int, Any]) -> list[Any]:
        e = engine()
        flat = tree.flatten(result)
        tensors = [i for i, x in enumerate(flat) if e.is_tensor(x)]
        masks = [i for i in tensors if scope.get_mask(flat[i]) is not None]
        logits = [(i, scope.get_logits(flat[i])) for i in tensors]
        kept = [(i, known) for i, known in logits if known is not None]
        found = {id(v): v for v in inner.variables}
        changed = [
            found[k]
            for k, value in inner.values.items()
            if k in found and value is not start.get(k)
        ]
        losses = inner.added or []
        if self.notes is None:
            empty = [None if e.is_tensor(x) else x for x in flat]
            form = tree.pack_sequence_as(result, empty) if tree.is_nested(result) else empty[0]
            self.notes = _Notes(
                form, tensors, masks, [(i, known[0], known[1]) for i, known in kept], changed,
                [layer for layer, _ in losses], inner.draws,
            )  # fmt: skip
        return [
            *[flat[i] for i in tensors],
            *[scope.get_mask(flat[i]) for i in masks],
            *[known[2] for _, known in kept],
            *[inner.values[id(v)] for v in changed],
            *[loss for _, loss in losses],
        ]


class _Around:
    """What was around the first run of a function, while it runs again, perhaps in another thread."""

    def __init__(self, run: _Run, binding: Binding) -> None:
        self.run, self.binding = run, binding

    def __enter__(self) -> None:
        run = self.run
        self.before = (local.binding, local.call, local.names, local.results_only)
        local.binding, local.call = self.binding, run.call
        local.names, local.results_only = list(run.names), run.results_only
        self.again = run.notes is not None
        if self.again:
            self.state = rng.get_state()
            rng.set_state(run.rng)

    def __exit__(self, *_: Any) -> None:
        local.binding, local.call, local.names, local.results_only = self.before
        if self.again:
            rng.set_state(self.state)
