"""How functions of ``keras.backend`` stand in a graph where they need the sizes of unknown axes.

Most functions just call ops, which record themselves. Those made by `backend_op` are one node each:
their body runs when the numbers are known, and twice with stand-ins for them while shapes are inferred.
Sizes of symbolic tensors (`ShapeTensor`) may be among their arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ... import graph, tree
from ...errors import FileError, ShapeError
from ...ops._define import _KIND, Op
from ...scope import local
from ...spec import PROBES, KerasTensor, Spec, probe, probing, unprobe

F = TypeVar("F", bound=Callable)

OPS: dict[str, BackendOp] = {}
"""The functions made by `backend_op`, by the key under which saved models name them."""


class Sizes(np.ndarray):
    """Sizes of axes, on the host: whole numbers that shapes can be made of."""


def sizes(values: Any) -> Sizes:
    """Whole numbers as `Sizes`.

    >>> sizes([2, 3]).tolist()
    [2, 3]
    """
    return np.asarray(values, np.int32).view(Sizes)


class BackendOp(Op):
    """A function that is one node of a graph; see the module."""

    def __init__(self, body: Callable) -> None:
        super().__init__(body, False, f"backend.{body.__name__}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if local.around is not None:
            args, kwargs = (tree.map_structure(graph.known, a) for a in (args, kwargs))
        if any(isinstance(x, KerasTensor) for x in tree.flatten((args, kwargs))):
            return BackendCall(self)(*args, **kwargs)
        return super().__call__(*args, **kwargs)

    def __reduce__(self) -> Any:
        return (by_key, (self.key,))


def backend_op(body: F) -> F:
    """Make a function one node of a graph."""
    made: Any = BackendOp(body)
    OPS[made.key] = made
    return made


def by_key(key: str) -> BackendOp:
    """The function that a saved model calls by this key.

    Raises:
        FileError: There is none.
    """
    from . import load_all

    load_all()
    if key not in OPS:
        raise FileError(f"The model uses an unknown function {key!r} of keras.backend.")
    return OPS[key]


def operation(key: str, name: str | None = None) -> BackendCall:
    """The operation of a saved model's graph that calls a function of ``keras.backend``."""
    return BackendCall(by_key(key), name)


class BackendCall(graph.OpCall):
    """One call of a `backend_op` in a graph."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not any(isinstance(x, KerasTensor) for x in tree.flatten((args, kwargs))):
            return self.op(*args, **kwargs)
        numbers = [0, 1]
        if probe() in PROBES and any(type(x) is Spec for x in tree.flatten((args, kwargs))):
            # Beside a Spec of an inference that is running, its size stands for unknown axes.
            numbers = [PROBES.index(probe())] * 2
        first, second = (self._stand_in(i, args, kwargs) for i in numbers)
        outputs = tree.map_structure(_merged, first, second)
        if any(isinstance(x, KerasTensor) for x in tree.flatten(outputs)):
            graph.Node(self, args, kwargs, outputs)
        return outputs

    def _stand_in(self, i: int, args: tuple, kwargs: dict[str, Any]) -> Any:
        """The result for one of the two sizes that stand for unknown axes."""

        def value(x: Any) -> Any:
            if isinstance(x, ShapeTensor):
                return x.probes[i]
            if isinstance(x, KerasTensor):
                return Spec(tuple(PROBES[i] if d is None else d for d in x.shape), x.dtype)
            return x

        with probing(PROBES[i]):
            try:
                return self.op.infer(
                    tree.map_structure(value, args), tree.map_structure(value, kwargs)
                )
            except ShapeError as e:
                e.message = e.message.replace(str(PROBES[i]), "None")
                raise


def _merged(a: Any, b: Any) -> Any:
    if isinstance(a, Spec):
        shape = tuple(m if m == n else None for m, n in zip(a.shape, b.shape, strict=True))
        return KerasTensor(unprobe(shape), a.dtype, name=graph.auto_name("keras_tensor"))
    if isinstance(a, (np.ndarray, np.integer)):
        return sizes(a) if np.array_equal(a, b) else ShapeTensor((sizes(a), sizes(b)))
    return a


_NUMPY: dict[str, Callable] = {
    "item": lambda x, key: x[key],
    "stack": np.stack,
    "concatenate": np.concatenate,
    **{
        n: getattr(np, n)
        for n in (
            "add", "subtract", "multiply", "floor_divide", "mod", "negative", "maximum", "minimum",
            "prod", "sum", "max", "min", "take", "flip", "expand_dims", "squeeze", "square",
            "absolute", "cumsum", "cumprod", "ravel", "tile", "repeat",
        )
    },
}  # fmt: skip


@backend_op
def on_sizes(function: str, *args: Any, **kwargs: Any) -> Any:
    """A function of NumPy on sizes, which stay numbers that shapes can be made of."""
    return sizes(_NUMPY[function](*args, **kwargs))


def is_size(x: Any) -> bool:
    """Whether `x` is made of sizes of tensors: what is computed of it may be a size, too.

    >>> is_size(sizes([2])), is_size(2)
    (True, False)
    """
    if isinstance(x, (list, tuple)):
        return any(map(is_size, x)) and all(isinstance(v, int) or is_size(v) for v in x)
    return isinstance(x, (Sizes, ShapeTensor, np.integer))


def _operator(function: str, swapped: bool = False) -> Callable:
    name = f"__{'r' if swapped else ''}{_PYTHON[function]}__"

    def method(self: Any, other: Any) -> Any:
        if isinstance(other, int) or is_size(other):
            return on_sizes(function, *((other, self) if swapped else (self, other)))
        return getattr(KerasTensor, name)(self, other)

    return method


_PYTHON = {
    "add": "add", "subtract": "sub", "multiply": "mul", "floor_divide": "floordiv", "mod": "mod",
}  # fmt: skip


class ShapeTensor(KerasTensor):
    """Sizes of a symbolic tensor, some of them unknown until the graph runs.

    Arithmetic with whole numbers gives such sizes again; with anything else, a usual symbolic tensor.

    Args:
        probes: What the sizes are for the two stand-ins of unknown axes.
    """

    __slots__ = ("probes",)

    def __init__(self, probes: tuple[Sizes, Sizes]) -> None:
        super().__init__(probes[0].shape, "int32", name=graph.auto_name("shape"))
        self.probes = probes

    @property
    def known(self) -> list[int | None]:
        """The sizes, ``None`` where they are unknown."""
        a, b = self.probes
        return [int(m) if m == n else None for m, n in zip(a.ravel(), b.ravel())]

    __add__, __radd__ = _operator("add"), _operator("add", True)
    __sub__, __rsub__ = _operator("subtract"), _operator("subtract", True)
    __mul__, __rmul__ = _operator("multiply"), _operator("multiply", True)
    __mod__, __rmod__ = _operator("mod"), _operator("mod", True)
    __floordiv__, __rfloordiv__ = _operator("floor_divide"), _operator("floor_divide", True)

    def __neg__(self) -> Any:
        return on_sizes("negative", self)

    def __getitem__(self, key: Any) -> Any:
        return on_sizes("item", self, key)


_KIND[ShapeTensor] = _KIND[KerasTensor]


def axes(axis: Any) -> Any:
    """An axis, or several as a tuple, in the forms that ops take."""
    if axis is None or isinstance(axis, int):
        return axis
    return int(axis) if np.ndim(axis) == 0 else tuple(int(a) for a in axis)
