"""What layers need of TensorFlow to hold a SavedModel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from .. import tree
from ..scope import local
from ..variable import Variable
from .tensorflow import asarray


def load(path: Any) -> Any:
    """The SavedModel in a folder. Its graphs can do anything TensorFlow can: trust its source."""
    return tf.saved_model.load(str(path))


def endpoint(loaded: Any, name: str) -> Callable | None:
    """A function of a SavedModel: one of its attributes or signatures."""
    found = getattr(loaded, name, None)
    return found if found is not None else loaded.signatures.get(name)


def endpoints(loaded: Any) -> list[str]:
    """Names of the functions of a SavedModel."""
    public = {n for n, v in vars(loaded).items() if hasattr(v, "concrete_functions")}
    return sorted(public | set(loaded.signatures))


def adopt(functions: Sequence[Any]) -> list[Variable]:
    """Variables that share their values with those which the functions read, trainable ones first."""
    used = [
        v
        for f in functions
        for concrete in getattr(f, "concrete_functions", [f])
        for v in concrete.graph.variables
    ]
    made = []
    for storage in sorted({v.ref(): v for v in used}.values(), key=lambda v: not v.trainable):
        name = storage.name.partition(":")[0].replace("/", "_")
        v = Variable(storage.numpy(), trainable=storage.trainable, name=name)
        v._value, v._start, v._dtype = storage, None, storage.dtype.name
        made.append(v)
    return made


def run(fn: Callable, variables: Sequence[Variable], args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call a function of a SavedModel with the values that its variables have here.

    Its graph reads the ``tf.Variable`` behind each. Where other values are bound, these are put
    there for the length of the call, and the derivative is led to them.
    """
    binding = local.binding
    values = [None if binding is None else binding.read(v) for v in variables]
    if all(value is None for value in values):
        return fn(*args, **kwargs)
    given = [asarray(x) for x in tree.flatten((args, kwargs))]
    forms: list[Any] = []
    storages = [v.storage for v in variables]
    fixed = [i for i, s in enumerate(storages) if not s.trainable]
    watched = [s for s in storages if s.trainable]

    @tf.custom_gradient
    def call(*tensors: Any) -> Any:
        inputs, bound = tensors[: len(given)], tensors[len(given) :]
        before = [s.read_value() for s in storages]
        for s, value in zip(storages, bound):
            s.assign(value)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([*inputs, *watched])
            a, k = tree.pack_sequence_as((args, kwargs), list(inputs))
            out = fn(*a, **k)
            results = tree.flatten(out)
        forms.append(out)
        after = [storages[i].read_value() for i in fixed]
        for s, value in zip(storages, before):
            s.assign(value)

        def backward(*upstream: Any, variables: Any = None) -> Any:
            found = tape.gradient(results, [*inputs, *watched], upstream[: len(results)])
            by_storage = dict(zip([s.ref() for s in watched], found[len(inputs) :]))
            grads = [*found[: len(inputs)], *(by_storage.get(s.ref()) for s in storages)]
            grads = [None if g is None else tf.convert_to_tensor(g) for g in grads]
            return (grads, [None] * len(variables)) if variables is not None else grads

        return [*results, *after], backward

    bound = [s.read_value() if b is None else b for b, s in zip(values, storages)]
    out = call(*given, *bound)
    for i, value in zip(fixed, out[len(out) - len(fixed) :]):
        variables[i].assign(value)
    return tree.pack_sequence_as(forms[0], list(out[: len(out) - len(fixed)]))


def own_variable(storage: Any) -> Any:
    """The `Variable` that shares its value with a ``tf.Variable``: always the same one.

    What holds no numbers, or has no fixed shape, is no weight and stays as it is.
    """
    numbers = storage.dtype.is_floating or storage.dtype.is_integer or storage.dtype.is_bool
    if not numbers or not storage.shape.is_fully_defined():
        return storage
    known = storage.__dict__.get("_kerata_variable")
    if known is None:
        name = storage.name.partition(":")[0].replace("/", "_")
        shape = tuple(storage.shape)
        known = Variable(lambda *_, **__: storage, shape, trainable=storage.trainable, name=name)
        known._value, known._start, known._dtype = storage, None, storage.dtype.name
        known.constraint = storage.constraint
        storage._kerata_variable = known
    return known


def gradients(loss: Any, variables: Sequence[Any], tape: Any) -> list[Any]:
    """Derivatives of a loss, or of what a function of no arguments gives, with regard to variables."""
    if tape is None:
        with tf.GradientTape() as tape:
            loss = loss()
    elif callable(loss):
        with tape:
            loss = loss()
    return tape.gradient(loss, list(variables))
