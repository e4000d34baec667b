"""A loop over the time steps of sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ... import ops, tree
from ...errors import InputError
from ...spec import Spec, shape_of
from ._define import backend_op

Tensor = Any


class _Loop(NamedTuple):
    """What the loop does at each step."""

    step: Callable
    constants: list[Any]
    keep_all: bool
    zero_masked: bool


@backend_op
def rnn(
    step_function: Callable,
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Tensor | None = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: Any = None,
    time_major: bool = False,
    zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> tuple[Any, Any, Any]:
    """``output, states = step_function(input, states + constants)`` for each time step.

    Args:
        step_function: Takes (batch, ...) inputs of one step and a list of states and constants;
            returns the output and the new states.
        inputs: (batch, time, ...), alone or nested.
        initial_states: A list of (batch, ...) tensors.
        go_backwards: Whether to begin at the last step; outputs are in the order they came.
        mask: (batch, time) truths; at a masked step states, and the output, stay as they were.
        constants: Tensors handed to each step behind the states.
        unroll: Whether to write the loop out.
        input_length: Numbers of steps that count, instead of a mask, or the length of all (not needed).
        time_major: Whether time is the first axis of inputs and outputs, the batch the second.
        zero_output_for_mask: Whether outputs of masked steps are 0 instead.
        return_all_outputs: Whether all outputs are returned, or the last alone on the time axis.

    Returns:
        The last output, all outputs (batch, time, ...), and the last states.

    >>> step = lambda x, states: (x + states[0], [x + states[0]])
    >>> last, every, states = rnn(step, ops.ones((1, 3, 1)), [ops.zeros((1, 1))])
    >>> last.tolist(), every.tolist()
    ([[3.0]], [[[1.0], [2.0], [3.0]]])
    """
    x = tree.map_structure(_tensor if time_major else _swapped, inputs)
    first = tree.flatten(x)[0]
    time = shape_of(first)[0]
    mask = _mask(mask, input_length, first, time_major)
    if go_backwards:
        x = tree.map_structure(lambda v: ops.flip(v, 0), x)
        mask = None if mask is None else ops.flip(mask, 0)
    loop = _Loop(step_function, list(constants or ()), return_all_outputs, zero_output_for_mask)
    states = [_tensor(s) for s in initial_states]
    run = _unrolled if unroll else _scanned
    last, outputs, states = run(loop, x, states, mask, time)
    if not time_major:
        outputs = tree.map_structure(_swapped, outputs)
    return last, outputs, states


def _tensor(x: Any) -> Any:
    return ops.convert_to_tensor(x)


def _swapped(x: Any) -> Any:
    return ops.swapaxes(_tensor(x), 0, 1)


def _mask(mask: Any, lengths: Any, x: Any, time_major: bool) -> Any:
    """The mask as truths (time, batch), or ``None``."""
    if mask is None:
        if lengths is None or not shape_of(lengths):
            return None
        steps = ops.expand_dims(ops.arange(shape_of(x)[0]), 1)
        return ops.less(steps, ops.expand_dims(ops.cast(lengths, "int32"), 0))
    mask = ops.cast(mask, "bool")
    if len(shape_of(mask)) == 3:
        mask = ops.squeeze(mask, -1)
    return mask if time_major else ops.swapaxes(mask, 0, 1)


def _choose(there: Any, new: Any, old: Any) -> Any:
    """`new` for the samples that are there, `old` for the others."""
    rank = len(shape_of(new))
    return ops.where(ops.reshape(there, (-1, *[1] * (rank - 1))), new, old)


def _advance(loop: _Loop, x: Any, previous: Any, states: list, there: Any) -> tuple[Any, Any, list]:
    """One step: what goes into the outputs, what a later masked step repeats, the states."""
    output, new = loop.step(x, [*states, *loop.constants])
    new = list(new) if isinstance(new, (list, tuple)) else [new]
    if there is None:
        return output, output, new
    if loop.zero_masked:
        previous = tree.map_structure(ops.zeros_like, previous)
    output = tree.map_structure(lambda n, o: _choose(there, n, o), output, previous)
    new = [tree.map_structure(lambda n, o: _choose(there, n, o), a, b) for a, b in zip(new, states)]
    return output, output, new


def _first_output(loop: _Loop, x: Any, states: list) -> Any:
    """Zeros in the form of a step's output."""
    one = tree.map_structure(lambda v: v[0], x)
    return tree.map_structure(ops.zeros_like, loop.step(one, [*states, *loop.constants])[0])


def _scanned(loop: _Loop, x: Any, states: list, mask: Any, time: Any) -> tuple[Any, Any, list]:
    previous = _first_output(loop, x, states)

    def body(carry: Any, now: Any) -> tuple[Any, Any]:
        old, kept = carry
        part, there = now
        output, old, kept = _advance(loop, part, old, kept, there)
        return (_like(old, carry[0]), _like(kept, carry[1])), output if loop.keep_all else None

    (last, states), outputs = ops.scan(body, (previous, states), (x, mask))
    if not loop.keep_all:
        outputs = tree.map_structure(lambda v: ops.expand_dims(v, 0), last)
    return last, outputs, list(states)


def _like(new: Any, old: Any) -> Any:
    """The new values in the dtypes of the old: a loop's state keeps its type."""

    def cast(a: Any, b: Any) -> Any:
        return (
            ops.cast(a, ops.dtype(b)) if isinstance(b, Spec) or ops.dtype(a) != ops.dtype(b) else a
        )

    return tree.map_structure(cast, new, old)


def _unrolled(loop: _Loop, x: Any, states: list, mask: Any, time: Any) -> tuple[Any, Any, list]:
    if time is None or not time:
        raise InputError("rnn: unroll=True needs a known number of time steps.")
    outputs = []
    previous = None if mask is None else _first_output(loop, x, states)
    for t in range(time):
        part = tree.map_structure(lambda v, t=t: v[t], x)
        output, previous, states = _advance(
            loop, part, previous, states, None if mask is None else mask[t]
        )
        outputs.append(output)
    kept = outputs if loop.keep_all else outputs[-1:]
    return outputs[-1], tree.map_structure(lambda *v: ops.stack(v, 0), *kept), states
