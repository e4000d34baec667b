"""Locally connected layers: convolutions whose filters differ from place to place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...errors import InputError, ShapeError
from ...layers.input_spec import InputSpec
from ...layers.layer import Layer
from ...layers.windows import padding_mode, per_axis
from ...spec import Spec
from ..arguments import sequence_call
from ..positions import by_name, first_reading

Sizes = int | Sequence[int]


class LocallyConnected(Layer):
    """A convolution with other filters at every place of its output, of any rank.

    `LocallyConnected1D` and `LocallyConnected2D` fix the rank.

    Args:
        filters: Number of output channels.
        kernel_size: Size of the window along each axis; one number stands for all.
        strides: Steps of the window.
        padding: ``valid``, or ``same`` where `implementation` is 2 or 3.
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        activation: Function applied to the result.
        use_bias: Whether a number per filter and place is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties added to the loss.
        kernel_constraint, bias_constraint: Projections applied after each step.
        implementation: Form of the kernel. 1: (places, window * channels, filters). 2: a full matrix,
            (input..., channels, output..., filters), of which only the connected part counts. 3: only
            the connected weights, in one row.

    Weights: ``kernel``, ``bias`` (output..., filters).
    """

    rank = 0

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.adopt(locals())
        self.kernel_size = per_axis(kernel_size, self.rank, "kernel_size")
        self.strides = per_axis(strides, self.rank, "strides")
        self.padding = padding_mode(padding)
        if implementation not in (1, 2, 3):
            raise InputError(
                f"{type(self).__name__}: implementation must be 1, 2 or 3, got {implementation!r}."
            )
        if implementation == 1 and self.padding != "valid":
            raise InputError(
                f"{type(self).__name__}: padding='same' needs implementation=2 or 3; 1 knows 'valid' only."
            )
        self.input_spec = InputSpec(ndim=self.rank + 2)

    # --- building --------------------------------------------------------------------------------

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights; all sizes but the batch's must be known."""
        InputSpec(ndim=self.rank + 2).check(Spec(input_shape), f"Layer {self.name!r}")
        if any(d is None for d in input_shape[1:]):
            raise ShapeError(
                f"{type(self).__name__} has weights for each place: it needs to know the sizes of its input, got "
                f"the shape {tuple(input_shape)}. Give them in Input(shape=...)."
            )
        sizes: Any = tuple(input_shape[1:])
        first = self.data_format == "channels_first"
        self._space, channels = (sizes[1:], sizes[0]) if first else (sizes[:-1], sizes[-1])
        reach = [
            _reach(n, k, s, self.padding)
            for n, k, s in zip(self._space, self.kernel_size, self.strides)
        ]
        self._out = tuple(len(r) for r in reach)
        if min(self._out) < 1:
            raise ShapeError(
                f"{type(self).__name__}: a window of {self.kernel_size} does not fit into {self._space}."
            )
        self._table = _connections(reach, self._space, channels, first)
        self.kernel = self.weight("kernel", self._kernel_shape(channels))
        self.bias = self.weight("bias", (*self._out, self.filters)) if self.use_bias else None
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={1 if first else -1: channels})

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        places, window = self._table.shape
        if self.implementation == 1:
            return (places, window, self.filters)
        if self.implementation == 3:
            return (int((self._table >= 0).sum()) * self.filters,)
        if self.data_format == "channels_first":
            return (channels, *self._space, self.filters, *self._out)
        return (*self._space, channels, *self._out, self.filters)

    # --- computing -------------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """``activation(inputs through the connections + bias)``."""
        batch = ops.shape(inputs)[0]
        x = ops.reshape(inputs, (batch, math.prod(ops.shape(inputs)[1:])))
        first = self.data_format == "channels_first"
        if self.implementation == 2:
            y = ops.matmul(x, self._masked())
        else:
            y = ops.einsum("bpm,pmf->bpf", self._windows(x), self._by_place())
            if first:
                y = ops.transpose(y, (0, 2, 1))
        y = ops.reshape(
            y, (batch, self.filters, *self._out) if first else (batch, *self._out, self.filters)
        )
        if self.bias is not None:
            # With channels first Keras reads the numbers of the bias in the order of the output.
            bias = ops.convert_to_tensor(self.bias)
            y = ops.add(y, ops.reshape(bias, (self.filters, *self._out)) if first else bias)
        return y if self.activation is None else self.activation(y)

    def _windows(self, x: Any) -> Any:
        """What each place sees, (batch, places, window); 0 beyond the border."""
        table = self._table
        if (table < 0).any():
            x = ops.pad(x, ((0, 0), (0, 1)))
            table = np.where(table < 0, ops.shape(x)[1] - 1, table)
        return ops.take(x, table, axis=1)

    def _by_place(self) -> Any:
        """The kernel as (places, window, filters)."""
        if self.implementation == 1:
            return ops.convert_to_tensor(self.kernel)
        there = self._table >= 0
        counts = there.sum(axis=1)
        rank = np.cumsum(there, axis=1) - 1
        before = np.cumsum(counts) - counts
        f = np.arange(self.filters)
        if self.data_format == "channels_first":
            place = (before[:, None] + rank)[:, :, None] + f * int(counts.sum())
        else:
            place = (before * self.filters)[:, None, None] + f * counts[:, None, None]
            place = place + rank[:, :, None]
        kernel = ops.pad(ops.convert_to_tensor(self.kernel), ((0, 1),))
        last = ops.shape(kernel)[0] - 1
        return ops.take(kernel, np.where(there[:, :, None], place, last), axis=0)

    def _masked(self) -> Any:
        """The full matrix from inputs to outputs, 0 where there is no connection."""
        places = len(self._table)
        inputs = math.prod(self.kernel.shape) // (places * self.filters)
        mask = np.zeros((inputs, places), np.float32)
        p, m = np.nonzero(self._table >= 0)
        mask[self._table[p, m], p] = 1
        if self.data_format == "channels_first":
            full = np.broadcast_to(mask[:, None, :], (inputs, self.filters, places))
        else:
            full = np.broadcast_to(mask[:, :, None], (inputs, places, self.filters))
        shape = (inputs, places * self.filters)
        kernel = ops.reshape(ops.convert_to_tensor(self.kernel), shape)
        return ops.multiply(kernel, ops.cast(full.reshape(shape), ops.dtype(kernel)))


def _reach(size: int, window: int, stride: int, padding: str) -> np.ndarray:
    """What each place along one axis sees: (places, window), -1 beyond the border."""
    if padding == "valid":
        places, start = max(0, (size - window) // stride + 1), 0
    else:
        places, start = -(-size // stride), -(window // 2)
    seen = start + stride * np.arange(places)[:, None] + np.arange(window)
    return np.where((seen >= 0) & (seen < size), seen, -1)


def _connections(
    reach: list[np.ndarray], space: Sequence[int], channels: int, first: bool
) -> np.ndarray:
    """Flat numbers of the inputs that each place sees: (places, window * channels), -1 for none."""
    at, there = np.zeros((1, 1), int), np.ones((1, 1), bool)
    for r, n in zip(reach, space):
        at = at[:, None, :, None] * n + np.maximum(r, 0)[None, :, None, :]
        there = there[:, None, :, None] & (r >= 0)[None, :, None, :]
        at, there = (x.reshape(x.shape[0] * x.shape[1], -1) for x in (at, there))
    c = np.arange(channels)
    if first:
        flat = c[None, :, None] * math.prod(space) + at[:, None, :]
        mask = np.broadcast_to(there[:, None, :], flat.shape)
    else:
        flat = at[:, :, None] * channels + c
        mask = np.broadcast_to(there[:, :, None], flat.shape)
    return np.where(mask, flat, -1).reshape(len(at), -1)


def _old_call(cls: type, args: tuple, kwargs: dict[str, Any], least: int) -> Any:
    """A call as of Keras 1, where its arguments by position are so."""
    read = first_reading(cls, args, kwargs) if len(args) >= least else None
    return (args, kwargs) if read is None else ((), by_name(cls, args, read))


class LocallyConnected1D(LocallyConnected):
    """A locally connected layer over sequences (batch, steps, channels). Arguments as in `LocallyConnected`.

    >>> layer = LocallyConnected1D(4, 3)
    >>> layer.compute_output_shape((None, 10, 2)), layer.kernel.shape, layer.bias.shape
    ((None, 8, 4), (8, 6, 4), (8, 4))
    """

    rank = 1

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        if len(args) > 2 and isinstance(args[2], str):
            args, kwargs = _old_call(LocallyConnected1D, args, kwargs, 3)
        return sequence_call(args, kwargs) if "input_dim" in kwargs else (args, kwargs)


class LocallyConnected2D(LocallyConnected):
    """A locally connected layer over images (batch, height, width, channels). Arguments as in `LocallyConnected`.

    As in Keras 1 and 2, ``LocallyConnected2D(filters, rows, columns)`` has a window of rows x columns.

    >>> layer = LocallyConnected2D(4, 3, implementation=3, padding="same")
    >>> layer.compute_output_shape((None, 5, 5, 1)), layer.kernel.shape
    ((None, 5, 5, 4), (676,))
    """

    rank = 2

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        return _old_call(LocallyConnected2D, args, kwargs, 3)
