"""`SimpleRNN`, `GRU` and `LSTM`: recurrent layers with a built-in cell."""

from __future__ import annotations

from typing import Any

from ...errors import InputError
from ..input_spec import InputSpec
from .cells import GRUCell, LSTMCell, SimpleRNNCell
from .rnn import RNN, cell_arguments, delegates


def _check_cudnn(value: Any) -> None:
    if value not in ("auto", True, False):
        raise InputError(f"use_cudnn must be 'auto', True or False; got {value!r}.")


@delegates(SimpleRNNCell)
class SimpleRNN(RNN):
    """A recurrent layer that feeds its output back: sequences (batch, steps, features) to (batch, units).

    The arguments are those of `SimpleRNNCell` and of `RNN`.

    >>> layer = SimpleRNN(8, return_sequences=True)
    >>> layer.compute_output_shape((None, 10, 3)), layer.count_params()
    ((None, 10, 8), 96)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
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
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(**cell_arguments(SimpleRNNCell, locals()), name="simple_rnn_cell")
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=3)


@delegates(GRUCell)
class GRU(RNN):
    """A layer of gated recurrent units: sequences (batch, steps, features) to (batch, units).

    The arguments are those of `GRUCell` and of `RNN`; `use_cudnn` is taken and has no effect.

    >>> from kerata import ops
    >>> output, state = GRU(4, return_state=True)(ops.ones((1, 2, 3)))
    >>> output.shape, state.shape
    ((1, 4), (1, 4))
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
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
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        _check_cudnn(use_cudnn)
        cell = GRUCell(**cell_arguments(GRUCell, locals()), name="gru_cell")
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.use_cudnn = use_cudnn
        self.input_spec = InputSpec(ndim=3)


@delegates(LSTMCell)
class LSTM(RNN):
    """A layer of long short-term memory: sequences (batch, steps, features) to (batch, units).

    The arguments are those of `LSTMCell` and of `RNN`; `use_cudnn` is taken and has no effect.
    The states are the output and the memory.

    >>> layer = LSTM(8, return_state=True)
    >>> layer.compute_output_shape((None, 10, 3))
    ((None, 8), (None, 8), (None, 8))
    """

    def __init__(
        self,
        units: int,
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
        unroll: bool = False,
        use_cudnn: bool | str = "auto",
        **kwargs: Any,
    ) -> None:
        _check_cudnn(use_cudnn)
        cell = LSTMCell(**cell_arguments(LSTMCell, locals()), name="lstm_cell")
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.use_cudnn = use_cudnn
        self.input_spec = InputSpec(ndim=3)
