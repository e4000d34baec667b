"""The learning phase: whether layers behave as in training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ... import ops
from ...errors import InputError
from ...scope import local
from ...spec import Spec
from ._define import backend_op

Tensor = Any


class LearningPhase(int):
    """The phase while nothing has set it: 0 as a number, and an input that `function` knows.

    >>> LearningPhase() == 0
    True
    """

    name = "keras_learning_phase"
    shape = ()
    dtype = "bool"


PHASE = LearningPhase()


class _State:
    value: int | None = None


def given() -> int | None:
    """The phase that the program has set, or ``None``."""
    return _State.value


def reset() -> None:
    """Forget what the program has set."""
    _set(None)


def _set(value: int | None) -> None:
    from ...layers.layer import Layer

    _State.value = value
    # Calls of layers that do not say how they are meant; fit, predict and evaluate do.
    Layer._training_default = None if value is None else bool(value)


def learning_phase() -> int:
    """1 in training, 0 else: what `set_learning_phase` set, or what the layer call that runs is for.

    >>> learning_phase()
    0
    """
    if _State.value is not None:
        return _State.value
    if local.call is not None and local.call.training is not None:
        return int(local.call.training)
    return PHASE


def set_learning_phase(value: Any) -> None:
    """Choose how layers behave that are called outside of fit, evaluate and predict.

    >>> set_learning_phase(1); learning_phase()
    1
    >>> reset()
    """
    if value not in (0, 1):
        raise InputError(f"set_learning_phase: expected 0 or 1, got {value!r}.")
    _set(int(value))


@contextmanager
def learning_phase_scope(value: Any) -> Iterator[None]:
    """A block with this learning phase.

    >>> with learning_phase_scope(1):
    ...     learning_phase()
    1
    """
    before = _State.value
    set_learning_phase(value)
    try:
        yield
    finally:
        _set(before)


def _called(x: Any) -> Any:
    return x() if callable(x) and not hasattr(x, "shape") else x


def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """`x` in training, `alt` else; both may be functions of nothing.

    >>> in_train_phase(1, 2, training=True), in_train_phase(1, lambda: 2, training=0)
    (1, 2)
    """
    if training is None or isinstance(training, LearningPhase):
        training = learning_phase()
    if isinstance(training, LearningPhase):
        x, alt = _called(x), _called(alt)
        return _by_phase(x, alt) if isinstance(x, Spec) or isinstance(alt, Spec) else alt
    if not hasattr(training, "dtype"):
        return _called(x) if training else _called(alt)
    return switch(training, x, alt)


def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """`alt` in training, `x` else; both may be functions of nothing.

    >>> in_test_phase(1, 2, training=True)
    2
    """
    return in_train_phase(alt, x, training)


@backend_op
def _by_phase(x: Tensor, alt: Tensor) -> Tensor:
    """`x` where the graph runs in training, `alt` else."""
    return ops.copy(x if learning_phase() else alt)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two values: for each element, or each sample, that `condition` is about, or for all.

    Args:
        condition: A truth, or a tensor of them with the first axes of the expressions.
        then_expression: A tensor, or a function of nothing giving one.
        else_expression: The same, of the same shape.

    >>> switch([True, False], [[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]).tolist()
    [[1.0, 2.0], [0.0, 0.0]]
    """
    if isinstance(condition, LearningPhase):
        return in_train_phase(then_expression, else_expression)
    if isinstance(condition, (bool, int)):
        return _called(then_expression if condition else else_expression)
    if len(ops.shape(condition)) == 0:
        lazy: list[Callable] = [
            e if callable(e) and not hasattr(e, "shape") else (lambda e=e: e)
            for e in (then_expression, else_expression)
        ]
        if not isinstance(condition, Spec):
            return ops.cond(ops.cast(condition, "bool"), *lazy)
        return ops.where(ops.cast(condition, "bool"), lazy[0](), lazy[1]())
    return _chosen(condition, _called(then_expression), _called(else_expression))


@backend_op
def _chosen(condition: Tensor, then_expression: Tensor, else_expression: Tensor) -> Tensor:
    """One of two values for each element or sample."""
    rank = len(ops.shape(then_expression))
    shape = ops.shape(condition)
    if len(shape) > rank:
        raise InputError(
            f"switch: the condition has {len(shape)} axes, more than the expressions' {rank}."
        )
    condition = ops.reshape(ops.cast(condition, "bool"), (*shape, *[1] * (rank - len(shape))))
    return ops.where(condition, then_expression, else_expression)
