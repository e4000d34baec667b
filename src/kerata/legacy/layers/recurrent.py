"""Recurrent layers of earlier eras: CuDNN's layouts of weights, bases for cells and layers of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import activations, ops
from ...errors import InputError
from ...layers.input_spec import InputSpec
from ...layers.layer import Layer
from ...layers.rnn.cells import GRUCell, LSTMCell, Masks
from ...layers.rnn.conv_lstm import ConvLSTMCell, Sizes
from ...layers.rnn.loop import Options, run
from ...layers.rnn.rnn import RNN, _swap, _time_major, delegates, take_states
from ...layers.windows import padding_mode, per_axis
from ...ops import recurrent

# --- CuDNN --------------------------------------------------------------------------------------


def _gates(kernel: Any, gates: int, transform: Any) -> Any:
    return ops.concatenate([transform(k) for k in ops.split(kernel, gates, axis=-1)], axis=-1)


def _input_kernel(kernel: Any) -> Any:
    """A gate's kernel as a matrix (features, units): CuDNN's is its transpose, in the same row of numbers."""
    features, units = ops.shape(kernel)
    return ops.transpose(ops.reshape(kernel, (units, features)))


def _as_gates(kernel: Any, recurrent_kernel: Any, gates: int) -> tuple[Any, Any]:
    """CuDNN's kernels in the layout of `LSTM` and `GRU`."""
    kernel, recurrent_kernel = (ops.convert_to_tensor(k) for k in (kernel, recurrent_kernel))
    return _gates(kernel, gates, _input_kernel), _gates(recurrent_kernel, gates, ops.transpose)


class CuDNNLSTMCell(LSTMCell):
    """An `LSTMCell` with the weights of `CuDNNLSTM`: a bias in two parts, kernels transposed gate by gate."""

    bias_initializer: Any
    unit_forget_bias: bool

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights."""
        n = 4 * self.units
        start, forget = self.bias_initializer, self.unit_forget_bias
        self.bias_initializer, self.unit_forget_bias = _TwoBiases(start, forget), False
        self._make_weights((input_shape[-1], n), (self.units, n), (2 * n,))
        self.bias_initializer, self.unit_forget_bias = start, forget

    def _layout(self) -> tuple[Any, Any, Any]:
        first, second = ops.split(ops.convert_to_tensor(self.bias), 2)
        return (*_as_gates(self.kernel, self.recurrent_kernel, 4), ops.add(first, second))

    def project(self, x: Any, masks: Masks) -> Any:
        """What the gates take from the input."""
        kernel, _, bias = self._layout()
        return ops.add(self.combine(x, kernel), bias)

    def advance(self, z: Any, states: list[Any], masks: Masks) -> list[Any]:
        """The next output and memory."""
        h, c = states
        z = ops.add(z, self.combine(h, self._layout()[1]))
        return recurrent.lstm_gates(z, c, self.recurrent_activation, self.activation, -1)

    def whole(
        self, xs: Any, states: list[Any], reverse: bool, sequences: bool, mask: Any = None
    ) -> Any:
        """All steps."""
        usual = {"activation": activations.tanh, "recurrent_activation": activations.sigmoid}
        if not self._plain(xs, states, **usual):
            return None
        outputs, *new = ops.nn.lstm(xs, *states, *self._layout(), reverse, sequences, mask)
        return outputs, new


class _TwoBiases:
    """The biases of input and state in one row; in the second the forget gate's may start at one."""

    def __init__(self, others: Any, forget: bool) -> None:
        self.others, self.forget = others, forget

    def prepare(self, shape: Sequence[int], dtype: Any = None) -> Callable[[], np.ndarray]:
        """Take random streams now; make the values later."""
        make = getattr(self.others, "prepare", None) or (
            lambda shape, dtype: lambda: self.others(shape, dtype=dtype)
        )
        value = make(shape, dtype)
        n = shape[0] // 8

        def made() -> np.ndarray:
            bias = np.array(value())
            if self.forget:
                bias[5 * n : 6 * n] = 1
            return bias

        return made

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        return self.prepare(shape, dtype)()


class CuDNNGRUCell(GRUCell):
    """A `GRUCell` with the weights of `CuDNNGRU`: a bias in two parts, kernels transposed gate by gate."""

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights."""
        n = 3 * self.units
        self._make_weights((input_shape[-1], n), (self.units, n), (2 * n,))

    def _layout(self) -> tuple[Any, Any, Any]:
        bias = ops.reshape(ops.convert_to_tensor(self.bias), (2, 3 * self.units))
        return (*_as_gates(self.kernel, self.recurrent_kernel, 3), bias)

    def project(self, x: Any, masks: Masks) -> Any:
        """What the gates take from the input."""
        kernel, _, bias = self._layout()
        return ops.add(self.combine(x, kernel), ops.get_item(bias, 0))

    def advance(self, z: Any, states: list[Any], masks: Masks) -> list[Any]:
        """The next state."""
        _, kernel, bias = self._layout()
        inner = ops.add(self.combine(states[0], kernel), ops.get_item(bias, 1))
        return [
            recurrent.gru_gates(
                z, states[0], inner, self.recurrent_activation, self.activation
            )
        ]  # fmt: skip

    def whole(
        self, xs: Any, states: list[Any], reverse: bool, sequences: bool, mask: Any = None
    ) -> Any:
        """All steps."""
        usual = {"activation": activations.tanh, "recurrent_activation": activations.sigmoid}
        if not self._plain(xs, states, **usual):
            return None
        outputs, *new = ops.nn.gru(xs, *states, *self._layout(), reverse, sequences, mask)
        return outputs, new


@delegates(CuDNNLSTMCell)
class CuDNNLSTM(RNN):
    """The LSTM of Keras 2 for graphics cards: sequences (batch, steps, features) to (batch, units).

    It computes what `LSTM` does, on any device. Its weights have CuDNN's layout, so that old files fit:
    ``kernel`` (features, 4 * units), ``recurrent_kernel`` (units, 4 * units), ``bias`` (8 * units,).

    The arguments are those of `LSTM`, without functions and dropout.

    >>> CuDNNLSTM(8, return_sequences=True).compute_output_shape((None, 10, 3))
    (None, 10, 8)
    """

    def __init__(
        self,
        units: int,
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = CuDNNLSTMCell(
            units, kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer, unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer, recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer, kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint, bias_constraint=bias_constraint,
            dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True), name="cudnn_lstm_cell",
        )  # fmt: skip
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=3)


@delegates(CuDNNGRUCell)
class CuDNNGRU(RNN):
    """The GRU of Keras 2 for graphics cards: sequences (batch, steps, features) to (batch, units).

    It computes what ``GRU(reset_after=True)`` does, on any device. Its weights have CuDNN's layout, so
    that old files fit: ``kernel`` (features, 3 * units), ``recurrent_kernel`` (units, 3 * units),
    ``bias`` (6 * units,).

    The arguments are those of `GRU`, without functions and dropout.

    >>> layer = CuDNNGRU(8)
    >>> layer.compute_output_shape((None, 10, 3)), layer.cell.bias.shape
    ((None, 8), (48,))
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = CuDNNGRUCell(
            units, kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer, bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint, recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint, dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True),
            name="cudnn_gru_cell",
        )  # fmt: skip
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=3)


# --- cells --------------------------------------------------------------------------------------


class AbstractRNNCell(Layer):
    """Base of cells of one's own, for `RNN`.

    A subclass defines ``call(inputs, states)``, which returns the output and the new states, and the
    attributes or properties ``state_size`` and ``output_size``.

    >>> class Sum(AbstractRNNCell):
    ...     state_size = output_size = 2
    ...     def call(self, inputs, states):
    ...         total = states[0] + inputs
    ...         return total, [total]
    >>> RNN(Sum())(ops.ones((1, 3, 2))).tolist()
    [[3.0, 3.0]]
    """

    def call(self, inputs: Any, states: Any) -> Any:
        """One step; subclasses write it."""
        raise NotImplementedError(f"{type(self).__name__} needs call(inputs, states).")

    @property
    def state_size(self) -> Any:
        """Size of the state, or sizes of the states; subclasses write it."""
        raise NotImplementedError(f"{type(self).__name__} needs state_size.")

    @property
    def output_size(self) -> Any:
        """Size of the output; subclasses write it."""
        raise NotImplementedError(f"{type(self).__name__} needs output_size.")

    def get_initial_state(
        self, inputs: Any = None, batch_size: Any = None, dtype: Any = None
    ) -> Any:
        """Zeros, one tensor for each state."""
        from ... import tree

        batch = ops.shape(inputs)[0] if inputs is not None else batch_size
        kind = ops.dtype(inputs) if inputs is not None else (dtype or self.compute_dtype)
        nested = isinstance(self.state_size, (list, tuple))
        sizes = self.state_size if nested else [self.state_size]
        made = [
            ops.zeros((batch, *(n if isinstance(n, (list, tuple)) else (n,))), dtype=kind)
            for n in sizes
        ]
        return tree.map_structure(lambda x: x, made)


class PeepholeLSTMCell(LSTMCell):
    """An `LSTMCell` whose gates see the memory, too (Gers, Schraudolph, 2002).

    The gates of input and forgetting see the old memory, that of the output the new one, each through a
    weight per unit. Arguments as of `LSTMCell`.

    >>> output, states = PeepholeLSTMCell(4)(ops.ones((2, 3)), [ops.zeros((2, 4)), ops.zeros((2, 4))])
    >>> tuple(output.shape)
    (2, 4)
    """

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights."""
        super().build(input_shape)
        for gate in ("input", "forget", "output"):
            name = f"{gate}_gate_peephole_weights"
            setattr(self, name, self.add_weight((self.units,), self.kernel_initializer, name=name))

    def advance(self, z: Any, states: list[Any], masks: Masks) -> list[Any]:
        """The next output and memory."""
        h, c = states
        z = ops.add(z, self.product(h, self.recurrent_kernel, masks, 4))
        i, f, candidate, o = ops.split(z, 4, axis=-1)
        gate: Any = self.recurrent_activation
        peep: Any = [
            getattr(self, f"{g}_gate_peephole_weights") for g in ("input", "forget", "output")
        ]
        new = ops.add(
            ops.multiply(gate(ops.add(f, ops.multiply(peep[1], c))), c),
            ops.multiply(gate(ops.add(i, ops.multiply(peep[0], c))), self.activation(candidate)),
        )
        out = gate(ops.add(o, ops.multiply(peep[2], new)))
        return [ops.multiply(out, self.activation(new)), new]


class ConvLSTM2DCell(ConvLSTMCell):
    """One step of `ConvLSTM2D`: `kerata.layers.rnn.conv_lstm.ConvLSTMCell` for images.

    >>> cell = ConvLSTM2DCell(3, 2)
    >>> cell.build((None, 5, 5, 1))
    >>> tuple(cell.get_initial_state(2)[0].shape)
    (2, 4, 4, 3)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "hard_sigmoid",
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
        **kwargs: Any,
    ) -> None:
        from ..arguments import _activation

        super().__init__(
            2, filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
            _activation(recurrent_activation), use_bias, kernel_initializer, recurrent_initializer,
            bias_initializer, unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer,
            kernel_constraint, recurrent_constraint, bias_constraint, dropout, recurrent_dropout, **kwargs,
        )  # fmt: skip


# --- layers -------------------------------------------------------------------------------------


class ConvRNN2D(RNN):
    """An `RNN` over sequences of images, (batch, time, height, width, channels).

    The cell, such as `ConvLSTM2DCell`, makes its states in ``get_initial_state``.

    >>> ConvRNN2D(ConvLSTM2DCell(3, 2)).compute_output_shape((None, 4, 5, 5, 1))
    (None, 4, 4, 3)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        if unroll:
            raise InputError("ConvRNN2D: unroll=True is not possible, it never was. Leave it out.")
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, **kwargs)
        self.input_spec = InputSpec(ndim=5)


class _StepCell:
    """What `Recurrent.step` does, as a cell."""

    def __init__(self, layer: Any, constants: list[Any], sizes: list[int]) -> None:
        self.layer, self.constants, self.state_size = layer, constants, sizes

    def call(self, inputs: Any, states: Any) -> Any:
        """One step."""
        return self.layer.step(inputs, [*states, *self.constants])


class Recurrent(Layer):
    """Base of recurrent layers of one's own, of Keras 1 and 2.0.

    A subclass defines ``step(inputs, states)``, which returns the output and the new states of a step;
    and, where it needs them, ``build``, ``get_initial_state(inputs)``, ``get_constants(inputs)`` (tensors
    that follow the states in each step) and ``preprocess_input(inputs)`` (all steps at once). It sets
    ``states``, a list with as many entries as there are states, and ``units`` (or ``output_dim``).

    Args:
        return_sequences, return_state, go_backwards, stateful, unroll: As of `RNN`.
        implementation: Taken and not used.

    >>> class Total(Recurrent):
    ...     units = 2
    ...     def step(self, inputs, states):
    ...         return states[0] + inputs, [states[0] + inputs]
    >>> Total()(ops.ones((1, 3, 2))).tolist()
    [[3.0, 3.0]]
    """

    supports_masking = True
    states: Any = (None,)

    def __init__(
        self,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        implementation: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if stateful:
            raise InputError(
                "Recurrent: stateful=True needs the states to be variables: write the step as a cell and use "
                "RNN(cell, stateful=True)."
            )
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll = go_backwards, stateful, unroll
        self.implementation = implementation
        self.input_spec = InputSpec(ndim=3)

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        from ..arguments import sequence_call

        return sequence_call(args, kwargs) if "input_dim" in kwargs else (args, kwargs)

    def step(self, inputs: Any, states: Any) -> Any:
        """One step; subclasses write it."""
        raise NotImplementedError(f"{type(self).__name__} needs step(inputs, states).")

    def preprocess_input(self, inputs: Any, training: Any = None) -> Any:
        """What `step` gets, for all steps: the inputs, unless a subclass says otherwise."""
        return inputs

    def get_constants(self, inputs: Any, training: Any = None) -> list[Any]:
        """Tensors that each step gets after the states."""
        return []

    def get_initial_state(self, inputs: Any) -> list[Any]:
        """The states before the first step: zeros (batch, units)."""
        size = getattr(self, "units", None) or getattr(self, "output_dim", None)
        if size is None:
            raise InputError(f"{type(self).__name__} needs units, or get_initial_state(inputs).")
        shape = (ops.shape(inputs)[0], size)
        return [ops.zeros(shape, dtype=self.compute_dtype) for _ in self.states]

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the layer; ``[inputs, *states]`` is taken apart first."""
        inputs, args, kwargs = take_states(inputs, args, kwargs)
        return super().__call__(inputs, *args, **kwargs)

    def call(
        self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None
    ) -> Any:
        """The last output or all, with the last states if these are wanted."""
        states = list(initial_state) if initial_state else list(self.get_initial_state(inputs))
        xs = _swap(self.preprocess_input(inputs))
        cell = _StepCell(self, list(self.get_constants(inputs)), [1] * len(states))
        how = Options(training, self.go_backwards, self.unroll, False, self.return_sequences)
        outputs, last, states = run(cell, xs, states, _time_major(mask), how)
        if self.return_sequences:
            last = _swap(ops.flip(outputs, 0) if self.go_backwards else outputs)
        return (last, *states) if self.return_state else last

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the steps where all are returned."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        own = mask if self.return_sequences else None
        return [own, *(None for _ in self.states)] if self.return_state else own


class ConvRecurrent2D(Recurrent):
    """`Recurrent` over sequences of images, with the arguments of a convolution.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate: As of `Conv2D`; kept as
            attributes for the subclass.

    The others are those of `Recurrent`. A subclass defines ``get_initial_state``.

    >>> ConvRecurrent2D(4, 3).kernel_size
    (3, 3)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(return_sequences, False, go_backwards, stateful, **kwargs)
        self.adopt({"data_format": data_format})
        self.filters = filters
        self.kernel_size = per_axis(kernel_size, 2, "kernel_size")
        self.strides = per_axis(strides, 2, "strides")
        self.padding = padding_mode(padding)
        self.dilation_rate = per_axis(dilation_rate, 2, "dilation_rate")
        self.input_spec = InputSpec(ndim=5)


def time_distributed_dense(
    x: Any,
    w: Any,
    b: Any = None,
    dropout: float | None = None,
    input_dim: int | None = None,
    output_dim: int | None = None,
    timesteps: int | None = None,
    training: Any = None,
) -> Any:
    """``x @ w + b`` for each step of (batch, steps, features).

    Args:
        x: The sequences.
        w: (features, units).
        b: (units,).
        dropout: Share of features that are set to 0 in training, the same ones in each step.
        input_dim, output_dim, timesteps: Sizes; not needed.
        training: Whether it is training; found out by default.

    >>> time_distributed_dense(ops.ones((1, 2, 3)), ops.ones((3, 1))).tolist()
    [[[3.0], [3.0]]]
    """
    from ..backend import resolve

    if dropout:
        shape = (ops.shape(x)[0], 1, ops.shape(x)[-1])
        dropped = ops.random.dropout(x, dropout, shape)
        x = resolve("in_train_phase")(dropped, x, training)
    out = ops.matmul(x, w)
    return out if b is None else ops.add(out, b)
