"""The inputs of a functional model: `Input` and `InputLayer`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import config as settings
from .. import dtypes, graph
from ..engine import announce_variable, engine
from ..errors import InputError
from ..spec import KerasTensor, Shape
from ..variable import Variable
from .layer import Layer


class InputLayer(Layer):
    """The place where data enters a model. `Input` makes one and returns its tensor.

    Args:
        shape: Shape of a sample, without the batch axis; ``None`` for sizes that vary.
        batch_size: Size of the batch axis, if fixed.
        dtype: dtype of the data; ``floatx()`` by default.
        sparse: Whether sparse tensors are meant to come in; they are made dense.
        ragged: Not supported.
        batch_shape: Shape with the batch axis, instead of `shape` and `batch_size`.
        input_tensor: Symbolic tensor to use, instead of a new one.
        optional: Whether ``None`` may be given for this input.
        name: Name of the input, its key in dicts of data.

    >>> InputLayer(shape=(3,), name="x").output
    <KerasTensor shape=(None, 3), dtype=float32, name=x>
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
    ) -> None:
        if ragged:
            raise InputError(
                "Input: ragged tensors are not supported. Pad the sequences and mask them."
            )
        if input_tensor is not None and not isinstance(input_tensor, KerasTensor):
            input_tensor = _constant(input_tensor)
        if input_tensor is not None:
            _check_tensor(input_tensor, shape, batch_shape, batch_size, dtype)
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype
            sparse = input_tensor.sparse if sparse is None else sparse
        else:
            batch_shape = _batch_shape(shape, batch_shape, batch_size)
        kind = settings.floatx() if dtype is None else dtypes.explicit(dtype)
        announce_variable()  # the program may hand the tensor to functions of its library at once
        super().__init__(name=name, dtype=kind, batch_shape=batch_shape)
        self.sparse, self.ragged, self.optional = bool(sparse), False, optional
        history = None if input_tensor is None else input_tensor._keras_history
        if input_tensor is None:
            made = KerasTensor(batch_shape, kind, sparse=self.sparse, name=self.name)
            graph.Node(self, (), {}, made)
        elif history is not None and not history[0]._inbound_nodes[history[1]].is_input:
            # A tensor computed from others, given as an input of a model, is still computed from them.
            made = KerasTensor(batch_shape, kind, sparse=self.sparse, name=self.name)
            graph.Node(self, (input_tensor,), {}, made)
        else:
            graph.Node(self, (), {}, input_tensor)
        self.built = True

    @property
    def batch_shape(self) -> Shape:
        """Shape of the data with the batch axis."""
        return self._batch_shape

    def call(self, x: Any = None) -> Any:
        """Nothing to compute: the data is what it is."""
        return x

    def get_config(self) -> dict[str, Any]:
        """The arguments, in the one form that Keras writes."""
        return {
            "batch_shape": self._batch_shape, "dtype": self.dtype, "sparse": self.sparse,
            "ragged": self.ragged, "name": self.name, "optional": self.optional,
        }  # fmt: skip


def _batch_shape(shape: Any, batch_shape: Any, batch_size: int | None) -> Shape:
    if (shape is None) == (batch_shape is None):
        got = "neither" if shape is None else "both"
        raise InputError(f"Input needs either shape=(...) or batch_shape=(...), got {got}.")
    if batch_shape is not None:
        if batch_size is not None:
            raise InputError("Input: batch_size is part of batch_shape already; leave it out.")
        return _sizes(batch_shape)
    return (batch_size, *_sizes(shape))


def _sizes(shape: Any) -> Shape:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    for d in shape:
        if d is not None and (isinstance(d, bool) or not hasattr(d, "__index__") or d < 0):
            raise InputError(
                f"Input: a shape holds whole numbers not below 0 and None, got {shape}."
            )
    return tuple(None if d is None else int(d) for d in shape)


def _constant(value: Any) -> KerasTensor:
    """A symbolic tensor for one with values, or a variable: an input that need not be fed."""
    if not isinstance(value, Variable) and not engine().is_tensor(value):
        raise InputError(
            f"Input: the tensor must be a symbolic tensor, got {type(value).__name__}."
        )
    return graph.constant(value)


def _check_tensor(tensor: Any, shape: Any, batch_shape: Any, batch_size: Any, dtype: Any) -> None:
    given = {
        "shape": (shape, tensor.shape[1:]),
        "batch_shape": (batch_shape, tensor.shape),
        "batch_size": (batch_size, tensor.shape[0] if tensor.shape else None),
        "dtype": (None if dtype is None else dtypes.standardize(dtype), tensor.dtype),
    }
    for name, (want, have) in given.items():
        if want is not None and not _fits(want, have):
            raise InputError(
                f"Input: {name}={want} does not fit the given tensor, which has {have}."
            )


def _fits(want: Any, have: Any) -> bool:
    """Whether a tensor has what is asked for; an unknown size may be any."""
    if not isinstance(want, (list, tuple)):
        return bool(want == have)
    return len(want) == len(have) and all(w is None or w == h for w, h in zip(want, have))


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """A symbolic tensor that stands for the data fed to a model.

    For the arguments see `InputLayer`; `tensor` is its `input_tensor`.

    >>> Input(shape=(28, 28, 1)).shape
    (None, 28, 28, 1)
    """
    return InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name
    ).output
