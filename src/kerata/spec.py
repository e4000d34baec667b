"""Shapes without values: `Spec`, unknown axes, broadcasting, and the symbolic `KerasTensor`.

An op's body run on Specs *is* shape inference. An unknown axis (``None``) becomes a probe number
for the length of a run; what differs between runs with two probe numbers is unknown in the result.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from . import dtypes
from .errors import ShapeError

Shape = tuple[Any, ...]

# Highly composite, so that reshapes and poolings by any usual factor divide them; unusual enough
# never to be met as a real size.
PROBES = (2**5 * 3**3 * 5 * 7 * 11 * 13, 2**6 * 3**2 * 5 * 7 * 11 * 17)

OPERATORS: dict[str, Callable] = {}
"""The ops by name; filled by `kerata.ops`, which stands above this module."""


class _Local(threading.local):
    probe: int | None = None
    beneath: int | None = None


_local = _Local()


def probe() -> int | None:
    """The number that stands for unknown axes in the inference that is running, if one is."""
    return _local.probe


@contextmanager
def probing(size: int | None, beneath: int | None = None) -> Iterator[None]:
    """Let `size` stand for unknown axes in the block; ``None``: no shapes are inferred there.

    Where the library of the engine infers shapes with numbers for unknown axes, `beneath` is that number.
    """
    before = _local.probe, _local.beneath
    _local.probe = size
    if beneath is not None:
        _local.beneath = beneath
    try:
        yield
    finally:
        _local.probe, _local.beneath = before


def unprobe(shape: Sequence[int | None]) -> Shape:
    """`shape` with the probe number turned back into ``None``."""
    p = _local.beneath if _local.probe is None else _local.probe
    return tuple(shape) if p is None else tuple(None if d == p else d for d in shape)


class TensorOperators:
    """Python's operators by way of the ops of the same meaning. For Spec, KerasTensor, Variable."""

    __slots__ = ()
    __array_priority__ = 100.0

    def __add__(self, other: Any) -> Any:
        return OPERATORS["add"](self, other)

    def __radd__(self, other: Any) -> Any:
        return OPERATORS["add"](other, self)

    def __sub__(self, other: Any) -> Any:
        return OPERATORS["subtract"](self, other)

    def __rsub__(self, other: Any) -> Any:
        return OPERATORS["subtract"](other, self)

    def __mul__(self, other: Any) -> Any:
        return OPERATORS["multiply"](self, other)

    def __rmul__(self, other: Any) -> Any:
        return OPERATORS["multiply"](other, self)

    def __truediv__(self, other: Any) -> Any:
        return OPERATORS["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return OPERATORS["divide"](other, self)

    def __floordiv__(self, other: Any) -> Any:
        return OPERATORS["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return OPERATORS["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Any:
        return OPERATORS["mod"](self, other)

    def __rmod__(self, other: Any) -> Any:
        return OPERATORS["mod"](other, self)

    def __pow__(self, other: Any) -> Any:
        return OPERATORS["power"](self, other)

    def __rpow__(self, other: Any) -> Any:
        return OPERATORS["power"](other, self)

    def __matmul__(self, other: Any) -> Any:
        return OPERATORS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return OPERATORS["matmul"](other, self)

    def __neg__(self) -> Any:
        return OPERATORS["negative"](self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return OPERATORS["absolute"](self)

    def __invert__(self) -> Any:
        return OPERATORS["logical_not"](self)

    def __and__(self, other: Any) -> Any:
        return OPERATORS["logical_and"](self, other)

    def __rand__(self, other: Any) -> Any:
        return OPERATORS["logical_and"](other, self)

    def __or__(self, other: Any) -> Any:
        return OPERATORS["logical_or"](self, other)

    def __ror__(self, other: Any) -> Any:
        return OPERATORS["logical_or"](other, self)

    def __xor__(self, other: Any) -> Any:
        return OPERATORS["logical_xor"](self, other)

    def __lt__(self, other: Any) -> Any:
        return OPERATORS["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return OPERATORS["less_equal"](self, other)

    def __gt__(self, other: Any) -> Any:
        return OPERATORS["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return OPERATORS["greater_equal"](self, other)

    def __eq__(self, other: Any) -> Any:
        return OPERATORS["equal"](self, other)

    def __ne__(self, other: Any) -> Any:
        return OPERATORS["not_equal"](self, other)

    def __getitem__(self, key: Any) -> Any:
        return OPERATORS["get_item"](self, key)

    def astype(self, dtype: Any) -> Any:
        """The tensor in another dtype."""
        return OPERATORS["cast"](self, dtype)

    def reshape(self, *shape: Any) -> Any:
        """The tensor in another shape."""
        return OPERATORS["reshape"](self, shape[0] if len(shape) == 1 else shape)

    @property
    def T(self) -> Any:
        """The transposed tensor."""
        return OPERATORS["transpose"](self)

    __hash__ = object.__hash__


class Spec(TensorOperators):
    """Shape and dtype of a tensor, without its values.

    >>> Spec((None, 3)), Spec((2,), "int32").ndim
    (Spec((None, 3), float32), 1)
    """

    __slots__ = ("shape", "dtype", "__weakref__")

    def __init__(self, shape: Sequence[int | None] = (), dtype: Any = None) -> None:
        self.shape: Shape = tuple(None if d is None else int(d) for d in shape)
        self.dtype: str = dtypes.standardize(dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    rank = ndim

    @property
    def size(self) -> int | None:
        """Number of elements, ``None`` where an axis is unknown."""
        n = 1
        for d in self.shape:
            if d is None:
                return None
            n *= d
        return n

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("A scalar has no length.")
        if self.shape[0] is None:
            raise TypeError("The length of an unknown axis is not known; use ops.shape(x)[0].")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        for i in range(len(self)):
            yield self[i]

    def __bool__(self) -> bool:
        raise TypeError(
            "A symbolic tensor has no truth value: its numbers are not known while the model is built. "
            "Use ops.where or ops.cond."
        )

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "A symbolic tensor has no values and cannot become a NumPy array. "
            "Use a function of kerata.ops instead of NumPy's, or wrap the call in a Lambda layer."
        )

    # Functions of other libraries become ops where they are called on a Spec or symbolic tensor.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        own = OPERATORS.get(ufunc.__name__)
        if own is not None and method == "__call__" and not kwargs:  # ``array + x``, for one
            return own(*inputs)
        from .legacy.native import numpy_ufunc

        return numpy_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        from .legacy.native import numpy_function

        return numpy_function(func, args, kwargs)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        from .legacy.native import torch_function

        return torch_function(func, args, kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shape}, {self.dtype})"


# What shapes and symbolic tensors once had, see `legacy.shapes`.
_OLD_NAMES = frozenset(
    """
    _keras_shape as_list dims get_shape is_fully_defined ndims num_elements rank set_shape
    """.split()
)


class Sizes(tuple):
    """The shape of a symbolic tensor: a tuple."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        return _old(self, name)


def _old(x: Any, name: str) -> Any:
    if name in _OLD_NAMES:
        from .legacy.shapes import attribute

        return attribute(x, name)
    raise AttributeError(f"{type(x).__name__!r} object has no attribute {name!r}")


class KerasTensor(Spec):
    """A symbolic tensor of a functional model: a `Spec` that knows the call that made it.

    >>> x = KerasTensor((None, 3), name="x")
    >>> (x * 2).shape
    (None, 3)
    """

    __slots__ = ("name", "sparse", "_keras_history", "__dict__")

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: Any = "float32",
        sparse: bool = False,
        name: str | None = None,
        record_history: bool = True,
    ) -> None:
        super().__init__(shape, dtype)
        self.shape = Sizes(self.shape)
        self.sparse = sparse
        self.name = name or "keras_tensor"
        self._keras_history: Any = None

    def __getattr__(self, name: str) -> Any:
        return _old(self, name)

    @property
    def __jax_array__(self) -> Any:
        # JAX looks for it, then complains in words of its own: so the looking has to fail.
        from .legacy.native import refuse_jax

        raise refuse_jax()

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def is_symbolic(x: Any) -> bool:
    """Whether `x` is a `KerasTensor`.

    >>> is_symbolic(KerasTensor((None, 3))), is_symbolic([1.0])
    (True, False)
    """
    return isinstance(x, KerasTensor)


def spec_of(x: Any) -> Any:
    """The Spec of a tensor, array, Variable or nested list of numbers; scalars stay as they are."""
    if isinstance(x, (Spec, bool, int, float, complex, str, type(None))):
        return x
    shape = getattr(x, "shape", None)
    if shape is not None and hasattr(x, "dtype"):
        return Spec(tuple(shape), x.dtype)
    if isinstance(x, (list, tuple)):
        return _spec_of_list(x)
    return x


def _spec_of_list(x: Sequence) -> Spec:
    parts = [spec_of(v) for v in x]
    inner: Shape = ()
    for p in parts:
        if isinstance(p, Spec):
            inner = p.shape
            break
    return Spec((len(x), *inner), dtypes.result_type(*parts) if parts else None)


def shape_of(x: Any) -> Shape:
    """Shape of anything tensor-like; ``()`` for a Python scalar."""
    shape = getattr(x, "shape", None)
    if shape is not None:
        return tuple(shape)
    return spec_of(x).shape if isinstance(x, (list, tuple)) else ()


def same(what: str, a: int | None, b: int | None, hint: str = "") -> int | None:
    """The common size of two axes that must agree (an unknown one agrees with any)."""
    p = _local.probe
    if a == b or b is None or b == p:
        return a
    if a is None or a == p:
        return b
    raise ShapeError(f"{what}: sizes {a} and {b} must be equal.{' ' + hint if hint else ''}")


def broadcast(*shapes: Sequence[int | None], what: str = "") -> Shape:
    """The shape to which the given ones broadcast, by NumPy's rule.

    >>> broadcast((8, 1, 3), (4, 3))
    (8, 4, 3)
    """
    if len(shapes) == 2 and shapes[0] == shapes[1]:
        return tuple(shapes[0])
    p = _local.probe
    rank = max((len(s) for s in shapes), default=0)
    out: list[int | None] = [1] * rank
    for s in shapes:
        offset = rank - len(s)
        for i, d in enumerate(s):
            j = i + offset
            o = out[j]
            if d == o or d == 1:
                continue
            if o == 1 or o is None or o == p:
                out[j] = d
            elif d is not None and d != p:
                listed = " and ".join(str(unprobe(t)) for t in shapes)
                raise ShapeError(
                    f"{what or 'broadcast'}: shapes {listed} do not broadcast together."
                )
    return tuple(out)


def normalize_axis(axis: int, rank: int, what: str = "axis") -> int:
    """`axis` counted from the front; an error if there is no such axis."""
    if not -rank <= axis < rank:
        raise ShapeError(f"{what}={axis} is out of range for a tensor of {rank} axes.")
    return axis % rank


def normalize_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """A sorted tuple of axes counted from the front; all of them for ``None``."""
    if axis is None:
        return tuple(range(rank))
    if isinstance(axis, int):
        return (normalize_axis(axis, rank),)
    return tuple(sorted(normalize_axis(int(a), rank) for a in axis))
