"""Recurrent cells: one step of a simple RNN, a GRU, an LSTM; and stacks of cells.

A built-in cell says its step in two parts: `project`, what it takes from the input alone, and
`advance`, what it does with the state.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import activations, ops
from ...errors import InputError
from ...ops import recurrent
from ..layer import Layer

Masks = list[Any] | None


class RecurrentCell(Layer):
    """Base of the built-in cells. The first state is the output.

    `ahead` says whether a layer does the first part for all steps at once, before its loop. That pays
    for convolutions. It does not for products of matrices: on a CPU, XLA runs the gates two to four
    times slower where they read slices of a stored projection than where they follow a product.
    """

    gates = 1
    ahead = False
    dropout: float
    recurrent_dropout: float

    def _settle(self) -> None:
        """Check the adopted arguments; make the generator of dropout masks."""
        what = "units" if hasattr(self, "units") else "filters"
        size = getattr(self, what)
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise InputError(
                f"{type(self).__name__}: {what} must be a positive whole number; got {size!r}."
            )
        self.dropout = min(1.0, max(0.0, float(self.dropout)))
        self.recurrent_dropout = min(1.0, max(0.0, float(self.recurrent_dropout)))
        self.seed_generator = None
        if self.dropout or self.recurrent_dropout:
            self.seed_generator = ops.random.SeedGenerator(self.seed)

    @property
    def output_size(self) -> Any:
        """Size of the output."""
        return self.units

    # --- dropout ---------------------------------------------------------------------------------

    @property
    def mask_count(self) -> int:
        """Number of dropout masks for an input or a state: one, or one for each gate."""
        return self.gates if self.recurrent_dropout else 1

    def dropout_masks(self, inputs: Any, state: Any, training: Any) -> tuple[Masks, Masks]:
        """Masks for the inputs and for the state of one step; the same serve for all steps."""
        if not training:
            return None, None
        return self._draw(inputs, self.dropout), self._draw(state, self.recurrent_dropout)

    def _draw(self, like: Any, rate: float) -> Masks:
        if not rate:
            return None
        ones = ops.ones_like(like)
        return [
            ops.random.dropout(ones, rate, seed=self.seed_generator) for _ in range(self.mask_count)
        ]

    # --- a step ----------------------------------------------------------------------------------

    def combine(self, x: Any, kernel: Any) -> Any:
        """`x` times `kernel`: a product of matrices, or a convolution."""
        return ops.matmul(x, kernel)

    def product(self, x: Any, kernel: Any, masks: Masks, gates: int) -> Any:
        """`combine` for the gates whose kernels stand beside each other, after dropout."""
        if masks is None:
            return self.combine(x, kernel)
        if len(masks) == 1:
            return self.combine(ops.multiply(x, masks[0]), kernel)
        parts = zip(masks, ops.split(kernel, gates, axis=-1))
        return ops.concatenate([self.combine(ops.multiply(x, m), k) for m, k in parts], axis=-1)

    def project(self, x: Any, masks: Masks) -> Any:
        """What the gates take from the input: any number of leading axes, features last."""
        z = self.product(x, self.kernel, masks, self.gates)
        return z if self.input_bias is None else ops.add(z, self.input_bias)

    def advance(self, z: Any, states: list[Any], masks: Masks) -> list[Any]:
        """The next states out of the projected input and the states."""
        raise NotImplementedError

    def whole(
        self, xs: Any, states: list[Any], reverse: bool, sequences: bool, mask: Any = None
    ) -> Any:
        """All steps by the op that does so: (outputs, states), or None where none fits the cell."""
        return None

    def _plain(self, xs: Any, states: list[Any], **functions: Any) -> bool:
        """Whether the cell's functions are these, all tensors of one dtype, and the class none of a user's."""
        return (
            "whole" in type(self).__dict__
            and all(getattr(self, k) is f for k, f in functions.items())
            and all(ops.dtype(s) == ops.dtype(xs) == self.compute_dtype for s in states)
        )

    @property
    def input_bias(self) -> Any:
        """The bias that goes with the input."""
        return self.bias

    def call(self, inputs: Any, states: Any, training: Any = False) -> tuple[Any, Any]:
        """One step: the output, and the new states in the form of the old."""
        nested = isinstance(states, (list, tuple))
        old = list(states) if nested else [states]
        x_masks, h_masks = self.dropout_masks(inputs, old[0], training)
        new = self.advance(self.project(inputs, x_masks), old, h_masks)
        return new[0], new if nested else new[0]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros, one tensor (batch_size, size) for each state."""
        sizes = self.state_size if isinstance(self.state_size, (list, tuple)) else [self.state_size]
        return [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in sizes]

    # --- weights ---------------------------------------------------------------------------------

    def _make_weights(
        self, kernel: Sequence[Any], recurrent_kernel: Sequence[Any], bias: Sequence[Any]
    ) -> None:
        self.kernel = self.weight("kernel", kernel)
        self.recurrent_kernel = self.weight(
            "recurrent_kernel", recurrent_kernel, initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer, constraint=self.recurrent_constraint,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            start = self.bias_initializer
            if getattr(self, "unit_forget_bias", False):
                start = _ForgetBias(start)
            self.bias = self.weight("bias", bias, initializer=start)


class _ForgetBias:
    """A bias of four gates that starts at one for the second, the forget gate (Jozefowicz et al. 2015)."""

    def __init__(self, others: Any) -> None:
        self.others = others

    def prepare(self, shape: Sequence[int], dtype: Any = None) -> Callable[[], np.ndarray]:
        """Take random streams now, as the initializers do; make the values later."""
        n = shape[0] // 4
        make = getattr(self.others, "prepare", None)
        if make is None:
            first, rest = (
                (lambda: self.others((n,), dtype=dtype)),
                (lambda: self.others((2 * n,), dtype=dtype)),
            )
        else:
            first, rest = make((n,), dtype), make((2 * n,), dtype)
        return lambda: np.concatenate(
            [np.asarray(first()), np.ones(n, np.asarray(first()).dtype), np.asarray(rest())]
        )

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        return self.prepare(shape, dtype)()


class SimpleRNNCell(RecurrentCell):
    """One step ``h' = activation(x @ kernel + h @ recurrent_kernel + bias)``.

    Args:
        units: Size of the state, which is the output.
        activation: Function applied to the sum.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: How the weights start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: Penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: Projections after each step.
        dropout: Fraction of the inputs set to zero in training.
        recurrent_dropout: Fraction of the state set to zero in training.
        seed: Seed of the dropout.

    Weights: ``kernel`` (features, units), ``recurrent_kernel`` (units, units), ``bias`` (units,).

    >>> cell = SimpleRNNCell(4)
    >>> output, states = cell(np.ones((2, 3)), cell.get_initial_state(2))
    >>> output.shape, len(states)
    ((2, 4), 1)
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
        self.state_size = units

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights."""
        self._make_weights((input_shape[-1], self.units), (self.units, self.units), (self.units,))

    def advance(self, z: Any, states: list[Any], masks: Masks) -> list[Any]:
        """The next state."""
        z = ops.add(z, self.product(states[0], self.recurrent_kernel, masks, 1))
        return [z if self.activation is None else self.activation(z)]

    def whole(
        self, xs: Any, states: list[Any], reverse: bool, sequences: bool, mask: Any = None
    ) -> Any:
        """All steps, with tanh."""
        if not self._plain(xs, states, activation=activations.tanh):
            return None
        weights = (self.kernel, self.recurrent_kernel, self.bias)
        outputs, *new = ops.nn.simple_rnn(xs, *states, *weights, reverse, sequences, mask)
        return outputs, new


class GRUCell(RecurrentCell):
    """One step of a gated recurrent unit (Cho et al. 2014).

    With the gates ``z`` (update) and ``r`` (reset) through `recurrent_activation`, the candidate
    ``c = activation(x_c + r * (h @ U_c + b))`` (`reset_after`, as of v3 of the paper's preprint) or
    ``c = activation(x_c + (r * h) @ U_c)``, the new state is ``z * h + (1 - z) * c``.

    Args:
        units: Size of the state, which is the output.
        activation: Function of the candidate.
        recurrent_activation: Function of the gates.
        reset_after: Whether the reset gate acts after the product with the recurrent kernel.

    The other arguments are those of `SimpleRNNCell`.

    Weights: ``kernel`` (features, 3 * units) with the gates in the order z, r, c,
    ``recurrent_kernel`` (units, 3 * units), ``bias`` (2, 3 * units) for input and recurrent part,
    or (3 * units,) without `reset_after`.

    >>> cell = GRUCell(4)
    >>> output, states = cell(np.ones((2, 3)), cell.get_initial_state(2))
    >>> output.shape, cell.bias.shape
    ((2, 4), (2, 12))
    """

    gates = 3

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle()
        self.state_size = units

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights."""
        n = 3 * self.units
        self._make_weights(
            (input_shape[-1], n), (self.units, n), (2, n) if self.reset_after else (n,)
        )

    @property
    def input_bias(self) -> Any:
        """The bias that goes with the input."""
        return (
            self.bias if self.bias is None or not self.reset_after else ops.get_item(self.bias, 0)
        )

    def advance(self, z: Any, states: list[Any], masks: Masks) -> list[Any]:
        """The next state."""
        h, n = states[0], self.units
        gate, activation = self.recurrent_activation, self.activation
        if self.reset_after:
            inner = self.product(h, self.recurrent_kernel, masks, 3)
            if self.bias is not None:
                inner = ops.add(inner, ops.get_item(self.bias, 1))
            return [recurrent.gru_gates(z, h, inner, gate, activation)]
        x_gates, x_candidate = ops.split(z, [2 * n], axis=-1)
        both, last = ops.split(self.recurrent_kernel, [2 * n], axis=-1)
        h_gates = self.product(h, both, masks and masks[:2], 2)
        update, reset = ops.split(gate(ops.add(x_gates, h_gates)), 2, axis=-1)
        h_candidate = self.product(ops.multiply(reset, h), last, masks and masks[2:], 1)
        return [recurrent.mix(update, h, activation(ops.add(x_candidate, h_candidate)))]

    def whole(
        self, xs: Any, states: list[Any], reverse: bool, sequences: bool, mask: Any = None
    ) -> Any:
        """All steps, with the usual functions and the reset after the product."""
        usual = {"activation": activations.tanh, "recurrent_activation": activations.sigmoid}
        if not self.reset_after or not self._plain(xs, states, **usual):
            return None
        weights = (self.kernel, self.recurrent_kernel, self.bias)
        outputs, *new = ops.nn.gru(xs, *states, *weights, reverse, sequences, mask)
        return outputs, new


class LSTMCell(RecurrentCell):
    """One step of a long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    With the gates ``i, f, o`` through `recurrent_activation`, the new memory is
    ``c' = f * c + i * activation(...)`` and the output ``h' = o * activation(c')``. The states are
    ``[h, c]``.

    Args:
        units: Size of the output and of the memory.
        activation: Function of the candidate and of the memory.
        recurrent_activation: Function of the gates.
        unit_forget_bias: Whether the bias of the forget gate starts at one.

    The other arguments are those of `SimpleRNNCell`.

    Weights: ``kernel`` (features, 4 * units) with the gates in the order input, forget, candidate,
    output, ``recurrent_kernel`` (units, 4 * units), ``bias`` (4 * units,).

    >>> cell = LSTMCell(2)
    >>> output, states = cell(np.ones((1, 3)), cell.get_initial_state(1))
    >>> output.shape, cell.bias.numpy().tolist()
    ((1, 2), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    """

    gates = 4

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
        self.state_size = [units, units]

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights."""
        n = 4 * self.units
        self._make_weights((input_shape[-1], n), (self.units, n), (n,))

    def advance(self, z: Any, states: list[Any], masks: Masks) -> list[Any]:
        """The next output and memory."""
        h, c = states
        z = ops.add(z, self.product(h, self.recurrent_kernel, masks, 4))
        return recurrent.lstm_gates(z, c, self.recurrent_activation, self.activation, -1)

    def whole(
        self, xs: Any, states: list[Any], reverse: bool, sequences: bool, mask: Any = None
    ) -> Any:
        """All steps, with the usual functions."""
        usual = {"activation": activations.tanh, "recurrent_activation": activations.sigmoid}
        if not self._plain(xs, states, **usual):
            return None
        weights = (self.kernel, self.recurrent_kernel, self.bias)
        outputs, *new = ops.nn.lstm(xs, *states, *weights, reverse, sequences, mask)
        return outputs, new


class StackedRNNCells(Layer):
    """Cells on top of each other that act as one: each takes the output of the one before.

    Its state is the list of the cells' states.

    Args:
        cells: The cells, from the first to the last.

    >>> stack = StackedRNNCells([LSTMCell(3), SimpleRNNCell(2)])
    >>> stack.state_size, stack.output_size
    ([[3, 3], 2], 2)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            check_cell(cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The cells' state sizes."""
        return [c.state_size for c in self.cells]

    @property
    def output_size(self) -> Any:
        """Size of the last cell's output."""
        return output_size(self.cells[-1])

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Build each cell for the output of the one before."""
        for cell in self.cells:
            build_cell(cell, input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The cells' initial states."""
        return [initial_state(c, batch_size, self.compute_dtype) for c in self.cells]

    def call(
        self, inputs: Any, states: Any, training: Any = False, **kwargs: Any
    ) -> tuple[Any, list[Any]]:
        """One step through all cells."""
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, new = step(cell, inputs, state, training, **kwargs)
            new_states.append(new)
        return inputs, new_states


def check_cell(cell: Any) -> None:
    """Raise an error unless `cell` has what a cell needs."""
    for name, what in (
        ("call", "a method call(inputs, states)"),
        ("state_size", "an attribute state_size"),
    ):
        if not hasattr(cell, name):
            raise InputError(f"A recurrent cell needs {what}; {cell!r} has none.")


def build_cell(cell: Any, input_shape: Sequence[int | None]) -> None:
    """Make the weights of a cell, if it is a layer and has none yet."""
    if isinstance(cell, Layer) and not cell.built:
        cell.build(input_shape if isinstance(input_shape, dict) else tuple(input_shape))
        cell.built = True


def output_size(cell: Any) -> Any:
    """Size of a cell's output: what it says, else that of its first state."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
    return size


def initial_state(cell: Any, batch_size: Any, dtype: str) -> Any:
    """A cell's initial state, nested as it wants it: its own, else zeros."""
    make = getattr(cell, "get_initial_state", None)
    if make is not None:
        return make(batch_size=batch_size)

    def zeros(size: Any) -> Any:
        if isinstance(size, (list, tuple)):
            return [zeros(n) for n in size]
        sizes = size.as_list() if hasattr(size, "as_list") else [size]  # a tf.TensorShape
        return ops.zeros((batch_size, *sizes), dtype=dtype)

    return zeros(cell.state_size)


def step(cell: Any, inputs: Any, state: Any, training: Any, **kwargs: Any) -> tuple[Any, Any]:
    """One step of any cell; the new state in the form of the old."""
    nested = isinstance(state, (list, tuple))
    states = list(state) if nested else [state]
    run = cell if isinstance(cell, Layer) else cell.call
    target = cell.call if isinstance(cell, Layer) else run
    if "training" in inspect.signature(target).parameters:
        kwargs["training"] = training
    output, new = run(inputs, states, **kwargs)
    new = list(new) if isinstance(new, (list, tuple)) else [new]
    return output, new if nested else new[0]
