"""Recurrent nets over a whole sequence: ``lstm``, ``gru``, ``simple_rnn``.

Sequences have time as their first axis. The bodies loop with `scan`; an engine whose library has such
a net runs that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import math
from ._define import Tensor, op
from .arrange import reshape, split
from .control import scan
from .index import get_item
from .nn import sigmoid
from .product import matmul


def _affine(x: Any, kernel: Any, bias: Any) -> Any:
    y = matmul(x, kernel)
    return y if bias is None else math.add(y, bias)


def _run(
    advance: Callable, init: list, x: Any, reverse: bool, sequences: bool, mask: Any = None
) -> Any:
    def body(old: list, inputs: Any) -> tuple[list, Any]:
        now, there = inputs
        new = advance(now, old)
        if there is not None:
            keep = reshape(there, (-1, 1))
            new = [math.where(keep, n, o) for n, o in zip(new, old)]
        return new, new[0] if sequences else None

    final, outputs = scan(body, init, (x, mask), reverse=reverse)
    return outputs, *final


def lstm_gates(z: Any, c: Any, gate: Callable, activation: Callable, axis: int) -> list[Any]:
    """The next output and memory of an LSTM out of its memory and the sums of its gates, along `axis`."""
    i, f, candidate, o = split(z, 4, axis=axis)
    c = math.add(math.multiply(gate(f), c), math.multiply(gate(i), activation(candidate)))
    return [math.multiply(gate(o), activation(c)), c]


def gru_gates(x: Any, h: Any, inner: Any, gate: Callable, activation: Callable) -> Any:
    """The next state of a GRU, resetting after the product: `x` and `inner` are what the gates take
    from the input and from the state `h`, in the order update, reset, candidate."""
    n = 2 * (x.shape[-1] // 3)
    x_gates, x_candidate = split(x, [n], axis=-1)
    h_gates, h_candidate = split(inner, [n], axis=-1)
    update, reset = split(gate(math.add(x_gates, h_gates)), 2, axis=-1)
    candidate = activation(math.add(x_candidate, math.multiply(reset, h_candidate)))
    return mix(update, h, candidate)


def mix(update: Any, h: Any, candidate: Any) -> Any:
    """``update * h + (1 - update) * candidate``."""
    return math.add(math.multiply(update, h), math.multiply(math.subtract(1, update), candidate))


@op
def lstm(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    reverse: bool = False,
    sequences: bool = True,
    mask: Tensor | None = None,
) -> Any:
    """A long short-term memory over `x`, (time, batch, features), from the states `h` and `c`.

    The kernels, (features, 4 * units) and (units, 4 * units), hold the gates in the order input,
    forget, candidate, output; the gates are sigmoids, the others tanh. Gives the outputs of all steps,
    (time, batch, units), or None without `sequences`, and the last states. At steps where the mask,
    boolean (time, batch), is false, the states stay as they are.
    """

    def advance(now: Any, old: list) -> list:
        z = math.add(_affine(now, kernel, bias), matmul(old[0], recurrent_kernel))
        return lstm_gates(z, old[1], sigmoid, math.tanh, -1)

    return _run(advance, [h, c], x, reverse, sequences, mask)


@op
def gru(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    reverse: bool = False,
    sequences: bool = True,
    mask: Tensor | None = None,
) -> Any:
    """Gated recurrent units over `x`, (time, batch, features), from the state `h`.

    The kernels, (features, 3 * units) and (units, 3 * units), and the bias, (2, 3 * units) for input
    and state, hold the gates in the order update, reset, candidate; the reset acts after the product.
    Gives the outputs of all steps, or None without `sequences`, and the last state, which stays as it
    is at steps where the mask, boolean (time, batch), is false.
    """
    b, inner_b = (None, None) if bias is None else (get_item(bias, 0), get_item(bias, 1))

    def advance(now: Any, old: list) -> list:
        z = _affine(now, kernel, b)
        return [
            gru_gates(z, old[0], _affine(old[0], recurrent_kernel, inner_b), sigmoid, math.tanh)
        ]

    return _run(advance, [h], x, reverse, sequences, mask)


@op
def simple_rnn(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    reverse: bool = False,
    sequences: bool = True,
    mask: Tensor | None = None,
) -> Any:
    """``h = tanh(x @ kernel + h @ recurrent_kernel + bias)`` over `x`, (time, batch, features).

    Gives the outputs of all steps, or None without `sequences`, and the last state, which stays as it
    is at steps where the mask, boolean (time, batch), is false.
    """

    def advance(now: Any, old: list) -> list:
        return [math.tanh(math.add(_affine(now, kernel, bias), matmul(old[0], recurrent_kernel)))]

    return _run(advance, [h], x, reverse, sequences, mask)
