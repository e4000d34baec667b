"""Where the first NaN or infinity of a training arises: what ``fit(..., debug_nan=True)`` looks for.

Steps run one by one; loss and weights are looked at after each. A step that spoils them is taken
back and repeated in the open, op by op: forward, loss, derivatives, update.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..engine import engine
from ..errors import KerataError, NanError
from ..ops import random
from ..ops._define import Op, dtype_of, observed
from ..scope import Binding, local
from . import step as steps


class _Seen(NamedTuple):
    """An op that has run: where, on what, and what came out."""

    layer: str
    op: Op
    args: tuple
    kwargs: dict[str, Any]
    result: Any


class NanSearch:
    """Watches the steps of a program; `check` raises `NanError` after one that went wrong."""

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._step = 0
        self._finite = engine().compile(_all_finite)

    def begin(self, program: Any) -> None:
        """Keep what the next step begins with."""
        self._values = program._values()
        self._step = program.compiled.steps

    def check(self, program: Any, loss: Any, data: Any) -> None:
        """Look at what the step has left; `data` gives the batch ``(x, y, sample_weight)``."""
        floats = [i for i, v in enumerate(program.variables) if _is_float(v.dtype)]
        before = [self._values[i] for i in floats[: len(self._values)]]
        after = [program.variables[i].snapshot() for i in floats]
        # What was infinite from the start, such as a best value so far, is as it should be.
        good = np.isfinite(loss) if loss is not None else True
        if good and len(before) == len(after):
            pairs = zip(self._finite(before), self._finite(after))
            good = all(bool(b) or not bool(a) for a, b in pairs)
        if good:
            return
        program._store(self._values)
        program.compiled.steps = self._step
        raise self._found(program, data() if callable(data) else data)

    def _found(self, program: Any, data: Any) -> NanError:
        """The error that names the place."""
        head = f"Step {self._step + 1} of the training of model {program.model.name!r} gave "
        tail = (
            "\nThe model is as it was before this step. Usual cures: look for such numbers in the data, add "
            "keras.config.epsilon() under a logarithm, root or division, lower the learning rate, or give the "
            "optimizer clipnorm=1.0."
        )
        return NanError(head + _place(program, data, self._step) + tail)


def _all_finite(values: Sequence[Any]) -> list[Any]:
    from .. import ops

    return [ops.all(ops.isfinite(v)) for v in values]


def _is_float(dtype: Any) -> bool:
    return "float" in str(dtype)


def _leaves(x: Any) -> list[Any]:
    """Tensors of floats among nested arguments or results."""
    return [
        a for a in tree.flatten(x) if hasattr(a, "shape") and hasattr(a, "dtype") and _is_float(dtype_of(a))
    ]  # fmt: skip


def _bad(x: Any) -> str:
    """What is wrong with the numbers of a tensor: "NaN", "infinity", or nothing."""
    array = np.asarray(engine().to_numpy(engine().asarray(x)), np.float64)
    if np.isnan(array).any():
        return "NaN"
    return "infinity" if np.isinf(array).any() else ""


def _first_bad(x: Any) -> str:
    return next((b for b in map(_bad, _leaves(x)) if b), "")


def _place(program: Any, data: Any, number: int) -> str:
    """What went wrong first in a step, and where, in words."""
    x, y, weight = data
    for what, part in (("inputs", x), ("targets", y), ("sample weights", weight)):
        if part is not None and (bad := _first_bad(part)):
            return f"{bad} because its {what} hold it: clean the data."
    model = program.model
    for v in program.variables:
        if _is_float(v.dtype) and (bad := _bad(v.value)) and v.trainable:
            return f"{bad} because the weight {v.path!r} held it before."
    seen: list[_Seen] = []
    key = random.fold(program._base_key(), np.int32(number))
    values = program._values()

    def see(op: Op, args: tuple, kwargs: dict[str, Any], result: Any) -> None:
        if not any(engine().is_tracing(a) for a in _leaves(result)):
            seen.append(_Seen("/".join(local.names), op, args, kwargs, result))

    with Binding(program.variables, values, key), observed(see):
        y_pred = model(x, training=True)
        ends = len(seen)
        if program.compiled.losses is not None:
            steps.loss_of(model, x, y, y_pred, weight, True)
    return (
        _forward(seen, ends)
        or _derivative(program, data, key, seen, ends)
        or "numbers that are none, but doing it again op by op did not: the step itself must draw or hold "
        "numbers of its own."
    )  # fmt: skip


def _where(seen: _Seen, in_model: bool) -> str:
    return f"layer {seen.layer!r}" if seen.layer else ("the model" if in_model else "the loss")


def _forward(seen: list[_Seen], ends: int) -> str:
    """The first op whose result holds what its arguments do not."""
    for i, s in enumerate(seen):
        bad = _first_bad(s.result)
        if not bad:
            continue
        where = _where(s, i < ends)
        given = _first_bad((s.args, s.kwargs))
        if given:
            return (
                f"{given} in {where}, before its op {s.op.name!r}, in plain arithmetic on tensors."
            )
        return f"{bad} in {where}, in its op {s.op.name!r} on {_ranges(s.args)}."
    return ""


def _ranges(args: tuple) -> str:
    """Smallest and largest numbers of tensors, in words."""
    parts = []
    for a in _leaves(args):
        array = np.asarray(engine().to_numpy(engine().asarray(a)), np.float64)
        if array.size:
            parts.append(f"numbers from {array.min():.4g} to {array.max():.4g}")
    return " and ".join(parts[:2]) or "its arguments"


def _derivative(program: Any, data: Any, key: Any, seen: list[_Seen], ends: int) -> str:
    """What derivative is not finite; where all are, the update."""
    model, (x, y, weight) = program.model, data
    variables = model.trainable_variables

    def objective() -> tuple[Any, Any]:
        y_pred = model(x, training=True)
        loss = steps.loss_of(model, x, y, y_pred, weight, True)
        return loss, None

    if not variables or program.compiled.losses is None:
        return ""
    with Binding(program.variables, program._values(), key):
        _, _, grads = steps.gradients(model, objective, variables)
    found = [(v, bad) for v, g in zip(variables, grads) if g is not None and (bad := _bad(g))]
    if not found:
        size = max(
            float(np.abs(engine().to_numpy(g)).max(initial=0)) for g in grads if g is not None
        )
        return (
            f"weights that are no numbers in the update by {type(model.optimizer).__name__}: loss and gradients "
            f"are finite, the largest gradient is {size:.4g}."
        )  # fmt: skip
    names = ", ".join(repr(v.path) for v, _ in found[:3]) + (" …" if len(found) > 3 else "")
    text = f"{found[0][1]} in the gradient of {names}; the loss itself is finite."
    for i in range(len(seen) - 1, -1, -1):
        if bad := _own_derivative(seen[i]):
            where = _where(seen[i], i < ends)
            given = _ranges(seen[i].args)
            return f"{text} The derivative of the op {seen[i].op.name!r} in {where} is {bad} on {given}."
    return f"{text} No op has such a derivative by itself: their product has grown too large."


def _own_derivative(seen: _Seen) -> str:
    """What is wrong with the derivative of one op, each number of its result moved alike."""
    from .. import ops

    places = [
        i for i, a in enumerate(seen.args) if _leaves(a) and not isinstance(a, (list, tuple, dict))
    ]
    if not places or not _leaves(seen.result):
        return ""

    def total(tensors: list[Any]) -> Any:
        args = list(seen.args)
        for i, t in zip(places, tensors):
            args[i] = t
        return sum(ops.sum(t) for t in _leaves(seen.op(*args, **seen.kwargs)))

    try:
        tensors = [engine().asarray(seen.args[i]) for i in places]
        _, grads = engine().value_and_grad(total)(tensors)
    except (KerataError, TypeError, ValueError, RuntimeError):  # an op without a derivative
        return ""
    return _first_bad([g for g in grads if g is not None])
