"""Optimizers as Keras 1 and 2 wrote them: ``get_updates(loss, params)`` lists the updates of a step.

There it was called once and built a graph. Here it runs in each step, with the gradients at hand, and what
it lists is assigned when it has returned. Variables that it makes are made once, in a rehearsal, and are the
same ones in every step. Called by a program itself, with a loss made of symbolic tensors, it gives
something that `K.function` takes among its updates.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from .. import graph, ops
from ..capture import accepted, is_built_in
from ..engine import engine
from ..errors import FileError, InputError
from ..scope import Binding
from ..spec import KerasTensor, Spec, probing
from ..variable import Variable

_running: list[Run] = []


class Loss:
    """Stands for the loss in a step, whose gradients are known already."""

    name = "loss"


class Run:
    """One call of ``get_updates`` within a step.

    Args:
        optimizer: The optimizer.
        params: The variables.
        grads: Their gradients.
        made: The variables that the rehearsal made, in their order; ``None`` in the rehearsal itself.
    """

    def __init__(
        self, optimizer: Any, params: Sequence[Variable], grads: Sequence[Any], made: list | None
    ) -> None:
        self.optimizer, self.params = optimizer, list(params)
        self.grads = {id(p): g for p, g in zip(params, grads)}
        self.rehearsal = made is None
        self.made: list[Variable] = [] if made is None else made
        self.next = 0
        self.pending: list[tuple[Any, Any]] = []
        self.loss = Loss()

    def __enter__(self) -> Run:
        _running.append(self)
        return self

    def __exit__(self, *_: Any) -> None:
        _running.pop()

    def variable(self, make: Callable[[], Variable]) -> Variable:
        """The next variable that ``get_updates`` makes."""
        if self.rehearsal:
            self.made.append(make())
            return self.made[-1]
        if self.next == len(self.made):
            raise InputError(
                f"get_updates of {type(self.optimizer).__name__} makes more variables in this step than in its first "
                "one. Make them in __init__, or the same ones in every call."
            )
        self.next += 1
        return self.made[self.next - 1]

    def gradients(self, params: Any) -> list[Any]:
        """Gradients of variables."""
        wanted = list(params) if isinstance(params, (list, tuple)) else [params]
        for p in wanted:
            if id(p) not in self.grads:
                raise InputError(
                    f"{getattr(p, 'path', p)!r} is none of the variables that the optimizer updates."
                )
        return [self.grads[id(p)] for p in wanted]


def running() -> Run | None:
    """The call of ``get_updates`` that runs within a step, if one does."""
    return _running[-1] if _running else None


# --- a step -------------------------------------------------------------------------------------


def _call(optimizer: Any, run: Run) -> None:
    """Run ``get_updates`` as it is written, and assign what it lists."""
    own = type(optimizer).get_updates
    own = getattr(own, "_own", own)
    given = {
        "loss": run.loss, "params": run.params,
        "constraints": {p: p.constraint for p in run.params if p.constraint is not None},
    }  # fmt: skip
    names = [n for n in inspect.signature(own).parameters if n in given]
    optimizer.__dict__["updates"] = []
    with run:
        listed = own(optimizer, **{n: given[n] for n in names})
    listed = optimizer.__dict__.pop("updates") if listed is None else listed
    for variable, value in [*run.pending, *_pairs(listed)]:
        if not run.rehearsal:
            variable.assign(engine().asarray(getattr(value, "value", value), variable.dtype))
    optimizer.__dict__.pop("updates", None)  # they are tensors of this step


def _pairs(listed: Any) -> list[tuple[Any, Any]]:
    found = listed if isinstance(listed, (list, tuple)) else ()
    return [u for u in found if isinstance(u, tuple) and len(u) == 2 and hasattr(u[0], "assign")]


def build(self: Any, variables: Sequence[Variable]) -> None:
    """Let ``get_updates`` make its variables, in a step on shapes."""
    if self.built:
        return
    _base().build(self, variables)
    run: list[Run] = []

    def rehearse(*grads: Any) -> Any:
        run[:] = [Run(self, variables, grads, None)]
        known = [*variables, *self.variables]
        with probing(None), Binding(known, [v.value for v in known], engine().key(0), catches=True):
            _call(self, run[0])
        return grads[0]

    engine().infer(rehearse, [Spec(v.shape, v.dtype) for v in variables])
    self.__dict__["_made"] = run[0].made
    for v in run[0].made:
        v.trainable = v.can_train = False
        self._track(v)
    for value in vars(self).values():  # an optimizer that this one is built around
        if isinstance(value, _base()):
            for v in value.variables:
                self._track(v)


def apply(self: Any, grads: Sequence[Any], trainable_variables: Any = None) -> None:
    """One step."""
    variables = self._variables_of(list(grads), trainable_variables)
    pairs = [(engine().asarray(g, v.dtype), v) for g, v in zip(grads, variables) if g is not None]
    _call(self, Run(self, [v for _, v in pairs], [g for g, _ in pairs], self._made))


@functools.cache
def _base() -> Any:
    from ..optimizers import Optimizer

    return Optimizer


def _set_weights(self: Any, weights: Sequence[Any]) -> None:
    for w in weights:
        if isinstance(w, Variable):
            self._track(w)


def _with_rate(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """``super().__init__(**kwargs)`` as of old: the learning rate was the subclass's affair."""
    if args and isinstance(args[0], str):
        kwargs, args = {"name": args[0], **kwargs}, args[1:]
    if not args and "learning_rate" not in kwargs:
        kwargs = {"learning_rate": 0.01, **kwargs}
    return args, kwargs


def _fitting_config(cls: type, own: Callable) -> Callable:
    """The class's ``get_config`` without what its constructor does not take: the base had fewer arguments."""

    @functools.wraps(own)
    def get_config(self: Any) -> dict[str, Any]:
        known = accepted(cls)
        return {k: v for k, v in own(self).items() if known is None or k in known}

    return get_config


def adopt(cls: type) -> None:
    """Let a class of the user's that defines ``get_updates`` train models."""
    own = cls.__dict__["get_updates"]

    @functools.wraps(own)
    def get_updates(self: Any, *args: Any, **kwargs: Any) -> Any:
        run = running()
        if run is not None:
            return own(self, *args, **kwargs)
        return symbolic(self, *args, **kwargs)

    get_updates._own = own  # type: ignore[attr-defined]
    built_in = next(c for c in cls.__mro__ if is_built_in(c))
    new: dict[str, Any] = {"get_updates": get_updates, "build": build, "apply": apply}
    if built_in is _base():
        new["_legacy_call"] = staticmethod(_with_rate)
    new["weights"] = property(lambda self: self.variables, _set_weights)
    if "get_config" in cls.__dict__:
        new["get_config"] = _fitting_config(cls, cls.__dict__["get_config"])
    for name, value in new.items():
        setattr(cls, name, value)


# --- called by a program ------------------------------------------------------------------------


class Update(graph.Operation):
    """A step of an optimizer, given the gradients; its result is the number of steps."""

    def __init__(self, optimizer: Any, params: list[Variable]) -> None:
        super().__init__(graph.auto_name("update"))
        optimizer.build(params)
        self.optimizer, self.params = optimizer, params
        self.variables = [*params, *optimizer.variables]

    @property
    def op(self) -> Any:
        """What a saved model would name; there is no such thing."""
        raise FileError("A step of an optimizer among a model's calls cannot be saved.")

    def compute_output_spec(self, grads: list[Any]) -> Any:
        """A number."""
        return Spec((), "int32")

    def call(self, grads: list[Any]) -> Any:
        """Change the variables."""
        self.optimizer.apply(list(grads), self.params)
        return self.optimizer._iterations.value


def _sorted(args: tuple, kwargs: dict[str, Any]) -> tuple[Any, list[Variable]]:
    """The loss and the variables, which eras gave in three orders."""
    given = [kwargs[k] for k in ("loss", "params") if k in kwargs] + list(args)
    losses = [x for x in given if isinstance(x, (KerasTensor, Loss))]
    params = [x for x in given if isinstance(x, (list, tuple)) and x and isinstance(x[0], Variable)]
    if len(losses) != 1 or len(params) != 1:
        raise InputError(
            "get_updates: expected a loss made of symbolic tensors and a list of variables, as in "
            "optimizer.get_updates(loss=loss, params=model.trainable_weights)."
        )
    return losses[0], list(params[0])


def symbolic(optimizer: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """A step on the gradients of a symbolic loss, for the updates of a `K.function`."""
    loss, params = _sorted(args, kwargs)
    from .backend.derivatives import gradients

    grads = gradients(loss, params)
    reached = [(g, p) for g, p in zip(grads, params) if g is not None]
    if not reached:
        raise InputError("get_updates: the loss depends on none of the variables.")
    step = Update(optimizer, [p for _, p in reached])
    return [step.symbolic_call([g for g, _ in reached])]


def get_updates(optimizer: Any, *args: Any, **kwargs: Any) -> list[Any]:
    """That of Kerata's own optimizers, also where a subclass calls it by ``super()``.

    >>> from kerata import backend as K, layers, optimizers
    >>> import numpy as np
    >>> x, w = layers.Input((1,)), Variable([[3.0]])
    >>> loss = K.sum(K.square(K.dot(x, w)))
    >>> train = K.function([x], [loss], updates=optimizers.SGD(0.25).get_updates([w], [], loss))
    >>> train([np.ones((1, 1))])[0].tolist(), w.numpy().tolist()
    (9.0, [[1.5]])
    """
    run = running()
    if run is None:
        return symbolic(optimizer, *args, **kwargs)
    _, params = _sorted(args, kwargs)
    base = _base()
    if run.optimizer is not optimizer and not optimizer.built:
        optimizer.build(params)
    base.apply(optimizer, run.gradients(params), params)
    return []


def get_gradients(optimizer: Any, loss: Any, params: Any) -> list[Any]:
    """Gradients of a loss, clipped as the optimizer says."""
    from ..optimizers.base import clip_by_global_norm
    from .backend.derivatives import gradients

    run = running()
    grads = gradients(loss, params) if run is None else run.gradients(params)
    if optimizer.clipnorm:
        grads = clip_by_global_norm(grads, optimizer.clipnorm)
    if optimizer.clipvalue:
        grads = [ops.clip(g, -optimizer.clipvalue, optimizer.clipvalue) for g in grads]
    return grads
