"""`RNN`: a cell run over the steps of a sequence."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Sequence
from typing import Any

from ... import ops, tree
from ...errors import InputError, ShapeError
from ...spec import PROBES, Spec, probing, shape_of, unprobe
from ...variable import Variable
from ..layer import Layer
from .cells import RecurrentCell, StackedRNNCells, build_cell, check_cell, initial_state
from .loop import Options, run


class RNN(Layer):
    """A recurrent layer: a cell run over the steps of sequences (batch, steps, features...).

    Called with sequences, it gives the last output, (batch, units). A cell is an object, usually a
    `Layer`, with ``call(inputs, states)``, which returns the output and the new states, and
    ``state_size``, a size or a list of sizes; ``output_size`` and ``get_initial_state(batch_size)``
    may be added.

    Where the mask of the input, (batch, steps), is false, the state stays as it is and the output
    of the step before is repeated.

    Args:
        cell: The cell, or a list of cells on top of each other.
        return_sequences: Whether to return the outputs of all steps, (batch, steps, units).
        return_state: Whether to return the last states after the output.
        go_backwards: Whether to start with the last step; outputs come in the order taken.
        stateful: Whether each batch starts with the states that the one before ended with. The
            batch size must then be fixed.
        unroll: Whether to write the steps out instead of looping: longer to compile, faster for a
            few steps. The number of steps must be known.
        zero_output_for_mask: Whether masked steps give zeros.

    Call arguments: ``sequences``; ``initial_state``, a tensor or a list of them, which may also
    follow the sequences in a list; ``mask``; ``training``.

    >>> from kerata.layers.rnn.cells import GRUCell, LSTMCell
    >>> RNN([LSTMCell(8), GRUCell(4)], return_sequences=True).compute_output_shape((None, 10, 3))
    (None, 10, 4)
    """

    supports_masking = True

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(cell)
        self.adopt(locals())
        self._carried: Any = None

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        if "input_dim" not in kwargs:
            return args, kwargs
        from ...legacy.arguments import sequence_call

        return sequence_call(args, kwargs)

    def get_config(self) -> dict[str, Any]:
        """As of all layers; a list of cells is written as the stack that it makes."""
        from ...serialization import serialize_keras_object

        out = super().get_config()
        if "cell" in out:
            out["cell"] = serialize_keras_object(self.cell)
        out.pop("use_cudnn", None)
        return out

    @property
    def state_size(self) -> list[Any]:
        """Sizes of the states."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    # --- states ----------------------------------------------------------------------------------

    @property
    def states(self) -> Any:
        """The states that a stateful layer remembers, as Variables; else None."""
        return self._carried

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """The states before the first step."""
        state = initial_state(self.cell, batch_size, self.compute_dtype)
        return list(state) if isinstance(state, (list, tuple)) else [state]

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Make the weights of the cell, and the states to be remembered."""
        step = _step_shapes(sequences_shape)
        build_cell(self.cell, step)
        if self.stateful and self._carried is None:
            if sequences_shape[0] is None:
                raise ShapeError(
                    f"The stateful layer {self.name!r} needs a fixed batch size; got inputs of shape "
                    f"{tuple(sequences_shape)}. Give it in Input(batch_shape=...) or Input(..., batch_size=...)."
                )
            # Built-in cells begin with zeros: the shapes are enough, and need no engine.
            cells = self.cell.cells if isinstance(self.cell, StackedRNNCells) else [self.cell]
            known = all(isinstance(c, RecurrentCell) for c in cells)
            with probing(PROBES[0] if known else None):
                states = self.get_initial_state(sequences_shape[0])
            self._carried = tree.map_structure(self._remembered, states)

    def _remembered(self, state: Any) -> Variable:
        if isinstance(state, Spec):
            from ...initializers import get

            return Variable(
                get("zeros"), state.shape, self.variable_dtype, trainable=False, name="rnn_state"
            )
        return Variable(state, dtype=self.variable_dtype, trainable=False, name="rnn_state")

    def reset_state(self, states: Any = None) -> None:
        """Set the remembered states to zeros, or to `states`: arrays in the form of the states."""
        if not self.stateful:
            raise InputError(f"The layer {self.name!r} is not stateful: it has no states to reset.")
        if self._carried is None:
            return
        own = tree.flatten(self._carried)
        new = [ops.zeros(v.shape, v.dtype) for v in own] if states is None else tree.flatten(states)
        if len(new) != len(own):
            raise InputError(f"The layer {self.name!r} has {len(own)} states; got {len(new)}.")
        for v, value in zip(own, new):
            v.assign(value)

    reset_states = reset_state

    def _first_states(self, sequences: Any, given: Any) -> list[Any]:
        """The states to start from: those given, those remembered, or the cell's own."""
        batch = tree.flatten(sequences)[0].shape[0]
        if self.stateful:
            self._check_batch(batch)
        if given is None and self.stateful:
            return tree.map_structure(lambda v: ops.cast(v, self.compute_dtype), self._carried)
        states = self.get_initial_state(batch)
        if given is None:
            return states
        flat, own = tree.flatten(given), tree.flatten(states)
        fits = len(flat) == len(own) and all(
            len(shape_of(g)) == len(s.shape) for g, s in zip(flat, own)
        )
        if not fits or any(shape_of(g)[1:] != s.shape[1:] for g, s in zip(flat, own)):
            want = ", ".join(str(unprobe(s.shape)) for s in own)
            got = ", ".join(str(unprobe(shape_of(g))) for g in flat)
            raise ShapeError(
                f"initial_state must hold {len(own)} tensors of the shapes {want}; got {got or 'none'}."
            )
        return tree.pack_sequence_as(states, [ops.cast(g, self.compute_dtype) for g in flat])

    def _check_batch(self, batch: int) -> None:
        expected = tree.flatten(self._carried)[0].shape[0]
        if unprobe((batch,)) not in ((expected,), (None,)):
            raise ShapeError(
                f"The stateful layer {self.name!r} remembers the states of {expected} sequences; got a batch of "
                f"{batch}. Use batches of {expected}, in fit, evaluate and predict too (batch_size={expected})."
            )

    # --- calling ---------------------------------------------------------------------------------

    def __call__(self, sequences: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the layer; ``[sequences, *states]`` is taken apart first."""
        sequences, args, kwargs = take_states(sequences, args, kwargs)
        return super().__call__(sequences, *args, **kwargs)

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False
    ) -> Any:
        """The last output or all, with the last states if these are wanted."""
        if self.unroll and unprobe(tree.flatten(sequences)[0].shape)[1] is None:
            raise ShapeError(
                f"unroll=True needs a known number of steps; got inputs of shape "
                f"{unprobe(tree.flatten(sequences)[0].shape)}. Give it in Input(shape=(steps, features)), or leave unroll out."
            )
        states = self._first_states(sequences, initial_state)
        how = Options(
            training,
            self.go_backwards,
            self.unroll,
            self.zero_output_for_mask,
            self.return_sequences,
        )
        outputs, last, states = run(
            self.cell, tree.map_structure(_swap, sequences), states, _time_major(mask), how
        )
        if self.stateful:
            for v, state in zip(tree.flatten(self._carried), tree.flatten(states)):
                v.assign(ops.cast(state, v.dtype))
        if self.return_sequences:
            last = tree.map_structure(
                lambda x: _swap(ops.flip(x, 0) if self.go_backwards else x), outputs
            )
        last = tree.map_structure(lambda x: ops.cast(x, self.compute_dtype), last)
        return (last, *states) if self.return_state else last

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the steps where all are returned; none for states."""
        mask = tree.flatten(previous_mask)[0] if self.return_sequences else None
        return (
            [mask, *(None for _ in tree.flatten(self.cell.state_size))]
            if self.return_state
            else mask
        )


def _step_shapes(shapes: Any) -> Any:
    """Shapes of one step, without the axis of time."""
    if isinstance(shapes, dict):
        return {k: _step_shapes(s) for k, s in shapes.items()}
    if isinstance(shapes[0], (list, tuple)):
        return [_step_shapes(s) for s in shapes]
    return (shapes[0], *shapes[2:])


def take_states(
    sequences: Any, args: tuple, kwargs: dict[str, Any]
) -> tuple[Any, tuple, dict[str, Any]]:
    """Call arguments with the states that follow the sequences in a list made ``initial_state``.

    A named tuple is no such list, but an input of several parts.
    """
    listed = isinstance(sequences, (list, tuple)) and not hasattr(sequences, "_fields")
    if listed and sequences and hasattr(sequences[0], "shape"):
        sequences, *states = sequences
        if states:
            if args or kwargs.get("initial_state") is not None:
                raise InputError(
                    "Initial states are given twice: in the list of inputs and as an argument."
                )
            kwargs = {**kwargs, "initial_state": states}
    return sequences, args, kwargs


def _swap(x: Any) -> Any:
    """(batch, time, ...) to (time, batch, ...) and back."""
    return ops.swapaxes(x, 0, 1)


def _time_major(mask: Any) -> Any:
    """A mask (batch, time), or one with more axes of which any counts, as (time, batch) booleans."""
    mask = tree.flatten(mask)[0]
    if mask is None:
        return None
    mask = ops.cast(mask, "bool")
    if len(mask.shape) > 2:
        mask = ops.any(mask, axis=tuple(range(2, len(mask.shape))))
    return _swap(mask)


def cell_arguments(cell: type, arguments: dict[str, Any]) -> dict[str, Any]:
    """Those of a recurrent layer's constructor arguments that are for its cell."""
    names = inspect.signature(cell.__init__).parameters  # type: ignore[misc]
    out = {k: v for k, v in arguments.items() if k in names and k not in ("self", "kwargs")}
    given = arguments["kwargs"]
    return {**out, "dtype": given.get("dtype"), "trainable": given.get("trainable", True)}


def delegates(cell: type) -> Any:
    """A class decorator: the constructor arguments of `cell` are readable on the layer."""
    names: Sequence[str] = [
        p.name for p in inspect.signature(cell.__init__).parameters.values()  # type: ignore[misc]
        if p.name not in ("self", "kwargs", "seed") and p.kind is p.POSITIONAL_OR_KEYWORD
    ]  # fmt: skip

    def decorate(cls: type) -> type:
        for name in set(names) - set(vars(cls)):
            setattr(cls, name, property(operator.attrgetter(f"cell.{name}")))
        return cls

    return decorate
