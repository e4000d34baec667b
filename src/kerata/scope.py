"""What holds for the length of a call: bound values of variables, training flag, key, losses, masks.

`bind` is the bridge between objects with state and the pure functions that engines compile.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from .errors import InputError


class _Local(threading.local):
    binding: Binding | None = None
    call: Call | None = None
    tree: list[str] | None = None
    results_only = False
    symbolic = False
    fed: tuple[list[Any], Callable[[], list[Any]], Sequence[tuple[Any, Any]]] | None = None
    around: Any = (
        None  # blocks in which a call meets symbolic tensors of the graph around it, see `graph`
    )

    def __init__(self) -> None:
        self.masks: dict[int, tuple[Any, Any]] = {}
        self.logits: dict[int, tuple[Any, Any]] = {}
        self.finishes: dict[int, tuple[Any, Any]] = {}
        self.names: list[str] = []
        self.callers: list[tuple[Any, str]] = []
        self.remat: list[Any] = []


local = _Local()


class Binding:
    """Values that stand in for those of variables inside a ``with`` block.

    Reads of a bound variable give the bound value, assignments change it, and the variable itself
    stays as it was. Bindings nest: an inner one sees and hides the outer.

    A random `key` makes every random op in the block a pure function of it: each call folds in
    its own number.

    With `catches` assignments to variables that are not bound stay in the block, too: those to
    variables that are made there while shapes are found, whose values are none to keep.
    """

    def __init__(
        self,
        variables: Sequence[Any] = (),
        values: Sequence[Any] = (),
        key: Any = None,
        catches: bool = False,
    ) -> None:
        self.values = {id(v): value for v, value in zip(variables, values, strict=True)}
        self.variables = list(variables)
        self.key = key
        self.catches = catches
        self.draws = 0
        self.added: list[tuple[Any, Any]] | None = None  # a list takes what layers add to the loss
        self.outer: Binding | None = None

    def __enter__(self) -> Binding:
        self.outer, local.binding = local.binding, self
        if self.key is None and self.outer is not None:
            self.key, self.draws = self.outer.key, self.outer.draws
            self._shares_key = True
        else:
            self._shares_key = False
        return self

    def __exit__(self, *_: Any) -> None:
        local.binding = self.outer
        if self._shares_key and self.outer is not None:
            self.outer.draws = self.draws

    def read(self, variable: Any) -> Any:
        """The bound value of `variable`, or ``None`` where it is not bound."""
        scope: Binding | None = self
        key = id(variable)
        while scope is not None:
            if key in scope.values:
                return scope.values[key]
            scope = scope.outer
        return None

    def write(self, variable: Any, value: Any) -> bool:
        """Change the bound value; ``False`` where `variable` is not bound."""
        scope: Binding | None = self
        key = id(variable)
        while scope is not None:
            if key in scope.values:
                scope.values[key] = value
                return True
            if scope.catches:
                scope.values[key] = value
                scope.variables.append(variable)  # held, so that its id is not given away
                return True
            scope = scope.outer
        return False

    def take_loss(self, layer: Any, loss: Any) -> bool:
        """Whether what a layer adds to the loss stays here, in `added`, and not with the layer."""
        if self.added is None:
            return False
        self.added.append((layer, loss))
        return True

    def result(self, variables: Sequence[Any] | None = None) -> list[Any]:
        """Values as they are now, of all bound variables or of those given."""
        return [self.values[id(v)] for v in (self.variables if variables is None else variables)]


bind = Binding


class SymbolicScope:
    """A ``with`` block in which shapes rather than values are asked for.

    Losses that layers add in it are not collected by a `StatelessScope` around it.

    >>> with SymbolicScope():
    ...     in_symbolic_scope()
    True
    """

    def __enter__(self) -> SymbolicScope:
        self.outer, local.symbolic = local.symbolic, True
        return self

    def __exit__(self, *_: Any) -> None:
        local.symbolic = self.outer


def in_symbolic_scope() -> bool:
    """Whether a `SymbolicScope` is open."""
    return local.symbolic


class name_scope:
    """A ``with`` block that puts a name in front of the paths of variables made in it.

    Args:
        name: The name, without ``/``.
        caller: Who opens the scope. A scope of the same caller and name as the one it is opened in
            adds nothing.
        deduplicate: Whether that is so.
        override_parent: A path that takes the place of the names around the block.

    >>> from kerata import Variable
    >>> with name_scope("encoder"), name_scope("first"):
    ...     Variable(0.0, name="scale").path
    'encoder/first/scale'
    """

    def __init__(
        self,
        name: str,
        caller: Any = None,
        deduplicate: bool = True,
        override_parent: str | None = None,
    ) -> None:
        if not isinstance(name, str) or "/" in name:
            raise InputError(f"name_scope: name must be a string without '/'; got {name!r}.")
        self.name, self.caller = name, caller
        self.deduplicate, self.override_parent = deduplicate, override_parent

    def __enter__(self) -> name_scope:
        self.outer = local.names
        callers = local.callers
        same = self.deduplicate and self.caller is not None and bool(callers)
        if same and callers[-1][0] is self.caller and callers[-1][1] == self.name:
            self.opened = False
            return self
        around = self.outer
        if self.override_parent is not None:
            around = [part for part in self.override_parent.split("/") if part]
        local.names = [*around, self.name]
        callers.append((self.caller, self.name))
        self.opened = True
        return self

    def __exit__(self, *_: Any) -> None:
        local.names = self.outer
        if self.opened:
            local.callers.pop()


class results_only:
    """A ``with`` block that runs a model of which nothing but its outputs will be used.

    Outside such a block somebody may ask for the gradient of a result in regard to a tensor on its
    way, so that it has to lie on that way.
    """

    def __enter__(self) -> None:
        self.outer, local.results_only = local.results_only, True

    def __exit__(self, *_: Any) -> None:
        local.results_only = self.outer


class feeding:
    """A ``with`` block in which symbolic tensors of a model have values: those for these inputs.

    Args:
        inputs: The model's symbolic inputs.
        values: Gives their values when they are asked for.
        outputs: Values of the outputs, as they have been computed already, with their symbolic tensors.
    """

    def __init__(
        self,
        inputs: list[Any],
        values: Callable[[], list[Any]],
        outputs: Sequence[tuple[Any, Any]] = (),
    ) -> None:
        self.fed = (inputs, values, outputs)

    def __enter__(self) -> None:
        self.outer, local.fed = local.fed, self.fed

    def __exit__(self, *_: Any) -> None:
        local.fed = self.outer


class Call:
    """A layer call that runs: its layer, its training flag, and the dtype it sees weights in.

    `autocast` is ``None`` where weights are seen in their own dtype.
    """

    __slots__ = ("training", "entry", "outer", "autocast")

    def __init__(self, entry: Any, training: bool | None, autocast: str | None = None) -> None:
        self.entry, self.training, self.autocast = entry, training, autocast
        self.outer: Call | None = None

    def __enter__(self) -> Call:
        self.outer, local.call = local.call, self
        return self

    def __exit__(self, *_: Any) -> None:
        local.call = self.outer


def training() -> bool:
    """Whether the call that runs is a training call."""
    return bool(local.call is not None and local.call.training)


def _get(table: dict[int, tuple[Any, Any]], x: Any) -> Any:
    entry = table.get(id(x))
    if entry is not None and entry[0]() is x:
        return entry[1]
    return None


def _set(table: dict[int, tuple[Any, Any]], x: Any, value: Any) -> None:
    key = id(x)
    if value is None:
        table.pop(key, None)
        return

    def forget(_: Any) -> None:
        table.pop(key, None)

    table[key] = (weakref.ref(x, forget), value)


def get_mask(x: Any) -> Any:
    """The mask that the layer which made `x` gave to it, or ``None``."""
    return _get(local.masks, x)


def set_mask(x: Any, mask: Any) -> None:
    """Attach a mask to the tensor `x` for as long as `x` lives."""
    _set(local.masks, x, mask)


def get_logits(x: Any) -> Any:
    """``(function, axis, logits)`` where `x` is a sigmoid or softmax of logits, or ``None``."""
    return _get(local.logits, x)


def set_logits(x: Any, function: str, axis: Any, logits: Any) -> None:
    """Note that `x` is the `function` ("sigmoid" or "softmax") of logits.

    A cross-entropy of `x` is then computed from the logits, which is exact where `x` has rounded to
    0 or 1 and its own derivative would have vanished.
    """
    _set(local.logits, x, (function, axis, logits))


def get_finish(x: Any) -> Any:
    """``(y, finish)`` where `x` is ``finish(y)``, or ``None``. See `set_finish`."""
    return _get(local.finishes, x)


def set_finish(x: Any, y: Any, finish: Any) -> None:
    """Note that `x` is ``finish(y)``, a function that never falls and treats each channel alike.

    The largest of several places of `x` is then `finish` of the largest of `y`. So a pooling may come
    first, and bias and activation meet a quarter of the numbers.
    """
    _set(local.finishes, x, (y, finish))
