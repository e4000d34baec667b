"""``optimizer.minimize``: derivatives and a step in one call, as optimizers of tf.keras did it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine import engine, own_variable, watched_gradients
from ..errors import InputError
from ..scope import Binding
from .notes import note


def _gradients(loss: Any, variables: list[Any], tape: Any) -> list[Any]:
    if not callable(loss) and tape is None:
        raise InputError(
            "minimize: a loss that is a number tells nothing of its derivatives. Give a function without "
            "arguments that computes it, or the tape that has watched its computation: tape=tape."
        )
    found = watched_gradients(loss, variables, tape)
    if found is not None:
        return found

    def pure(values: list[Any]) -> Any:
        with Binding(variables, values):
            return loss()

    return engine().value_and_grad(pure)([v.value for v in variables])[1]


def compute_gradients(optimizer: Any, loss: Any, var_list: Any, tape: Any = None) -> list[Any]:
    """Pairs of gradient and variable, ready for ``apply_gradients``.

    Args:
        optimizer: The optimizer.
        loss: A function without arguments, or with `tape` a tensor.
        var_list: The variables, or a function that gives them when the loss has been computed.
        tape: A ``tf.GradientTape``.
    """
    note("optimizer.compute_gradients", "tape.gradient(loss, variables)")
    return _pairs(loss, var_list, tape)


def _pairs(loss: Any, var_list: Any, tape: Any) -> list[Any]:
    if callable(var_list):
        if callable(loss):
            loss()  # it makes the variables
        var_list = var_list()
    variables = [own_variable(v) for v in var_list]
    return list(zip(_gradients(loss, variables, tape), variables))


def minimize(optimizer: Any, loss: Any, var_list: Any, tape: Any = None, **kwargs: Any) -> None:
    """One step that makes a loss smaller; arguments as those of `compute_gradients`.

    >>> from kerata import Variable, optimizers
    >>> w = Variable([3.0])
    >>> minimize(optimizers.SGD(0.25), lambda: (w * w)[0], [w])
    >>> w.numpy().tolist()
    [1.5]
    """
    note("optimizer.minimize(loss, variables)", "optimizer.apply(gradients, variables)")
    optimizer.apply_gradients(_pairs(loss, var_list, tape))


METHODS: dict[str, Callable] = {f.__name__: f for f in (compute_gradients, minimize)}
"""Methods that optimizers had."""
