"""The loop of a cell over time, on tensors with time as the first axis."""

from __future__ import annotations

from typing import Any

from ... import ops, tree
from .cells import RecurrentCell, StackedRNNCells, step


class Options:
    """How a loop goes: direction, unrolling, masked outputs, and whether all outputs are wanted."""

    __slots__ = ("training", "reverse", "unroll", "zero_output", "sequences")

    def __init__(
        self, training: Any, reverse: bool, unroll: bool, zero_output: bool, sequences: bool
    ) -> None:
        self.training, self.reverse, self.unroll = training, reverse, unroll
        self.zero_output, self.sequences = zero_output, sequences

    def scan(self, body: Any, init: Any, xs: Any) -> Any:
        """The loop along the first axis of `xs`."""
        return ops.scan(body, init, xs, reverse=self.reverse, unroll=True if self.unroll else 1)

    def for_all(self) -> Options:
        """The same, with all outputs."""
        return Options(self.training, self.reverse, self.unroll, self.zero_output, True)


def run(cell: Any, xs: Any, states: Any, mask: Any, how: Options) -> tuple[Any, Any, Any]:
    """`cell` over the steps of `xs`, (time, batch, ...), from `states` on.

    `mask` is boolean, (time, batch), or None: where it is false the state stays and the output is
    the one before, or zero. Returns all outputs, (time, batch, ...) in the order of `xs`, or None
    where they are not wanted; the output of the last step taken; and the last states.
    """
    if type(cell) is StackedRNNCells:
        return _run_stack(cell, xs, states, mask, how)
    if isinstance(cell, RecurrentCell) and type(cell).call is RecurrentCell.call:
        return _run_built_in(cell, xs, states, mask, how)
    return _run_any(cell, xs, states, mask, how)


def _run_stack(
    stack: StackedRNNCells, xs: Any, states: Any, mask: Any, how: Options
) -> tuple[Any, Any, Any]:
    """Cell by cell, each over all steps: what a step of the stack computes, in another order."""
    new_states = []
    last = None
    for cell, state in zip(stack.cells, states, strict=True):
        final = cell is stack.cells[-1]
        xs, last, new = run(cell, xs, state, mask, how if final else how.for_all())
        new_states.append(new)
    return xs, last, new_states


def _run_built_in(
    cell: RecurrentCell, xs: Any, states: Any, mask: Any, how: Options
) -> tuple[Any, Any, Any]:
    """A built-in cell: no output beside its states is carried, and the dropout masks serve all steps."""
    nested = isinstance(states, (list, tuple))
    init = list(states) if nested else [states]
    x_masks, h_masks = cell.dropout_masks(_blank(xs), init[0], how.training)
    found = None
    if h_masks is None and (x_masks is None or len(x_masks) == 1) and not how.unroll:
        inputs = xs if x_masks is None else ops.multiply(xs, x_masks[0])
        found = cell.whole(inputs, init, how.reverse, how.sequences, mask)
    outputs, final = found or _step_by_step(cell, xs, init, mask, (x_masks, h_masks), how)
    last = final[0]
    if mask is not None and how.zero_output and xs.shape[0]:
        last = _where(ops.get_item(mask, 0 if how.reverse else -1), last, 0)
        if outputs is not None:
            outputs = _where_all(mask, outputs)
    return outputs, last, final if nested else final[0]


def _step_by_step(
    cell: RecurrentCell, xs: Any, init: list[Any], mask: Any, masks: Any, how: Options
) -> tuple[Any, list[Any]]:
    """The outputs of all steps and the last states, with masks for dropout of input and state."""
    x_masks, h_masks = masks
    if cell.ahead:
        xs = cell.project(xs, x_masks)

    def body(old: list[Any], inputs: Any) -> tuple[list[Any], Any]:
        x, m = inputs
        z = x if cell.ahead else cell.project(x, x_masks)
        new = _like(cell.advance(z, old, h_masks), old)
        if m is not None:
            new = [_where(m, n, o) for n, o in zip(new, old)]
        return new, new[0] if how.sequences else None

    final, outputs = how.scan(body, init, (xs, mask))
    return outputs, final


def _run_any(cell: Any, xs: Any, states: Any, mask: Any, how: Options) -> tuple[Any, Any, Any]:
    """Any cell, called step by step. The output is carried, as it need not be a state."""
    # Only the shape of this output counts: it stands before the first step.
    blank = tree.map_structure(_blank, xs)
    start = tree.map_structure(ops.zeros_like, step(cell, blank, states, how.training)[0])
    first = tree.flatten(states[-1] if isinstance(cell, StackedRNNCells) else states)[0]
    if not tree.is_nested(start) and start.shape == first.shape:
        start = _like([first], [start])[0]

    def body(carry: tuple[Any, Any], inputs: Any) -> tuple[tuple[Any, Any], Any]:
        old, before = carry
        x, m = inputs
        output, new = step(cell, x, old, how.training)
        new = tree.pack_sequence_as(old, _like(tree.flatten(new), tree.flatten(old)))
        like = _like(tree.flatten(output), tree.flatten(before))
        output = tree.pack_sequence_as(before, like)
        if m is not None:
            new = tree.map_structure(lambda n, o: _where(m, n, o), new, old)
            kept = tree.map_structure(ops.zeros_like, before) if how.zero_output else before
            output = tree.map_structure(lambda n, o: _where(m, n, o), output, kept)
        return (new, output), output if how.sequences else None

    (final, last), outputs = how.scan(body, (states, start), (xs, mask))
    return outputs, last, final


def _blank(xs: Any) -> Any:
    """Zeros in the shape of one step: the first step is not there when there are none."""
    return ops.zeros(tuple(xs.shape[1:]), dtype=ops.dtype(xs))


def _like(new: list[Any], old: list[Any]) -> list[Any]:
    """The new tensors in the dtypes of the old, as a loop demands."""
    return [
        n if ops.dtype(n) == ops.dtype(o) else ops.cast(n, ops.dtype(o))
        for n, o in zip(new, old, strict=True)
    ]


def _where_all(mask: Any, outputs: Any) -> Any:
    """The outputs of all steps, (time, batch, ...), and zeros where the mask is false."""
    return ops.where(ops.reshape(mask, (*mask.shape, *[1] * (len(outputs.shape) - 2))), outputs, 0)


def _where(mask: Any, x: Any, otherwise: Any) -> Any:
    """`x` where the mask, (batch,), is true."""
    return ops.where(ops.reshape(mask, (-1,) + (1,) * (len(x.shape) - 1)), x, otherwise)
