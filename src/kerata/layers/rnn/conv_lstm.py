"""Convolutional LSTM: cell and layers for sequences of one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import ops
from ...errors import InputError, ShapeError
from ...ops.recurrent import lstm_gates
from ...spec import Spec
from ..input_spec import InputSpec
from ..windows import padding_mode, per_axis
from .cells import Masks, RecurrentCell
from .rnn import RNN, cell_arguments, delegates

Sizes = int | Sequence[int]


class ConvLSTMCell(RecurrentCell):
    """One step of an LSTM whose products are convolutions (Shi et al. 2015, without peepholes).

    Args:
        rank: Number of spatial axes.
        filters: Number of channels of output and memory.
        kernel_size: Size of the window along each axis.
        strides: Steps of the window over the input.
        padding: ``valid`` or ``same``, for the input; the state is convolved with ``same``.
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        dilation_rate: Distances between the points of the window over the input.
        The others are those of `LSTMCell`.

    Weights: ``kernel`` (window..., channels, 4 * filters), ``recurrent_kernel`` (window..., filters,
    4 * filters), ``bias`` (4 * filters,), the gates in the order of `LSTMCell`.

    >>> cell = ConvLSTMCell(2, 3, 2)
    >>> cell.build((None, 5, 5, 1))
    >>> [s.shape for s in cell.get_initial_state(2)]
    [(2, 4, 4, 3), (2, 4, 4, 3)]
    """

    gates = 4
    ahead = True

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle()
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, per_axis(getattr(self, name), rank, name))
        self.padding = padding_mode(padding)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise InputError(
                f"strides={self.strides} and dilation_rate={self.dilation_rate} cannot both be above 1."
            )
        # The sizes of the states depend on the input's: get_initial_state knows them.
        self.state_size = [filters, filters]
        self._step_shape: tuple[int | None, ...] | None = None

    @property
    def output_size(self) -> Any:
        """Number of output channels."""
        return self.filters

    @property
    def mask_count(self) -> int:
        """A dropout mask for each gate."""
        return self.gates

    def build(self, inputs_shape: Sequence[int | None], states_shape: Any = None) -> None:
        """Make the weights; all sizes but the batch's must be known."""
        InputSpec(ndim=self.rank + 2).check(Spec(inputs_shape), f"Cell {self.name!r}")
        if any(d is None for d in inputs_shape[1:]):
            raise ShapeError(
                f"A convolutional LSTM needs known spatial sizes and channels; got steps of shape {tuple(inputs_shape)}."
            )
        self._step_shape = tuple(inputs_shape)
        channels = inputs_shape[self._channel_axis]
        n = 4 * self.filters
        window = self.kernel_size
        self._make_weights((*window, channels, n), (*window, self.filters, n), (n,))

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros in the shape of the output."""
        if self._step_shape is None:
            raise ShapeError(
                "A convolutional LSTM knows the shape of its states when it is built: call it first."
            )
        shape = list(self._input_conv(Spec((batch_size, *self._step_shape[1:])), self.kernel).shape)
        shape[self._channel_axis] = self.filters
        return [ops.zeros(shape, dtype=self.compute_dtype) for _ in range(2)]

    # --- the step --------------------------------------------------------------------------------

    @property
    def _channel_axis(self) -> int:
        return 1 if self.data_format == "channels_first" else -1

    def _input_conv(self, x: Any, kernel: Any) -> Any:
        return ops.conv(x, kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def _gates(self, conv: Any, x: Any, kernel: Any, masks: Masks) -> Any:
        """The convolutions of all gates, along the axis of channels."""
        if masks is None:
            return conv(x, kernel)
        parts = zip(masks, ops.split(kernel, 4, axis=-1))
        return ops.concatenate(
            [conv(ops.multiply(x, m), k) for m, k in parts], axis=self._channel_axis
        )

    def project(self, x: Any, masks: Masks) -> Any:
        """The convolution of the input, of one step or of (time, batch, ...)."""
        if len(x.shape) == self.rank + 2:
            z = self._gates(self._input_conv, x, self.kernel, masks)
        else:
            time, batch = x.shape[:2]
            if masks is not None:
                masks = [ops.tile(m, (time,) + (1,) * (self.rank + 1)) for m in masks]
            z = self._gates(
                self._input_conv, ops.reshape(x, (time * batch, *x.shape[2:])), self.kernel, masks
            )
            z = ops.reshape(z, (time, batch, *z.shape[1:]))
        if self.bias is None:
            return z
        bias = self.bias
        if self.data_format == "channels_first":
            bias = ops.reshape(bias, (-1,) + (1,) * self.rank)
        return ops.add(z, bias)

    def advance(self, z: Any, states: list[Any], masks: Masks) -> list[Any]:
        """The next output and memory."""

        def conv(x: Any, kernel: Any) -> Any:
            return ops.conv(x, kernel, 1, "same", self.data_format)

        h, c = states
        z = ops.add(z, self._gates(conv, h, self.recurrent_kernel, masks))
        return lstm_gates(z, c, self.recurrent_activation, self.activation, self._channel_axis)


@delegates(ConvLSTMCell)
class ConvLSTM(RNN):
    """Convolutional LSTM of any rank; `ConvLSTM1D`, `ConvLSTM2D` and `ConvLSTM3D` fix it.

    Input (batch, time, space..., channels), output (batch, space..., filters), with channels before
    space for ``channels_first``. The arguments are those of `ConvLSTMCell`, without the rank, and
    of `RNN`.
    """

    rank = 0

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = ConvLSTMCell(
            self.rank, **cell_arguments(ConvLSTMCell, locals()), name="conv_lstm_cell"
        )
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=self.rank + 3)


class ConvLSTM1D(ConvLSTM):
    """Convolutional LSTM over (batch, time, steps, channels). See `ConvLSTM`.

    >>> ConvLSTM1D(4, 3, padding="same").compute_output_shape((None, None, 8, 2))
    (None, 8, 4)
    """

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """Convolutional LSTM over (batch, time, height, width, channels). See `ConvLSTM`.

    >>> ConvLSTM2D(4, 3, return_sequences=True).compute_output_shape((None, 5, 8, 8, 1))
    (None, 5, 6, 6, 4)
    """

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """Convolutional LSTM over (batch, time, depth, height, width, channels). See `ConvLSTM`.

    >>> ConvLSTM3D(2, 2).compute_output_shape((None, 3, 4, 4, 4, 1))
    (None, 3, 3, 3, 2)
    """

    rank = 3
