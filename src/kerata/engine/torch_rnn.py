"""The PyTorch engine's recurrent nets over whole sequences.

On CPUs each is one operation of a recording, with a derivative of its own: oneDNN's for the LSTM, for
the others loops over preallocated tensors, several times as fast as torch's own of small operations
with their derivatives. Elsewhere (CUDA) they are torch's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .forms import body_of
from .torch import NAMES, asarray
from .torch_nn import leaf
from .torch_ops import override, together

_ops = torch.ops.kerata


def _weights(kernel: Any, recurrent: Any, bias: Any, inner: Any) -> list[Any]:
    """As torch's functions take them: (gates, features), and a bias for each."""
    zero = kernel.new_zeros(kernel.shape[1])
    biases = (zero if b is None else asarray(b, NAMES[kernel.dtype]) for b in (bias, inner))
    return [kernel.t(), recurrent.t(), *biases]


def _results(outputs: Any, states: Any, sequences: bool) -> Any:
    return (outputs if sequences else None, *states)


def _native(
    run: Callable, x: Any, states: Any, weights: list[Any], reverse: bool, sequences: bool
) -> Any:
    """``torch.lstm`` and its like: one layer in one direction."""
    x = x.flip(0) if reverse else x
    h = [s.unsqueeze(0) for s in states]
    y, *new = run(x, h if len(h) > 1 else h[0], weights, True, 1, 0.0, True, False, False)
    return _results(y.flip(0) if reverse else y, [s.squeeze(0) for s in new], sequences)


def _last(y: Any, reverse: bool) -> Any:
    return y[0] if reverse else y[-1]


# --- LSTM ---------------------------------------------------------------------------------------

_LSTM = 2  # among the modes of oneDNN's layer


def _draw_lstm(x: Any, h: Any, c: Any, weights: Any, reverse: bool, train: bool) -> tuple:
    x, h, c, *weights = (t.contiguous() for t in (x, h, c, *weights))
    # What the derivative needs is kept in this mode only.
    with torch.set_grad_enabled(train):
        y, h, c, kept = torch.ops.aten.mkldnn_rnn_layer(
            x, *weights, h, c, reverse, [], _LSTM, h.shape[1], 1, True, False, False, train
        )
    return y, h, c, kept if train else x.new_empty(0, dtype=torch.uint8)


def _lstm_backward(inputs: Any, outputs: Any, grads: Any, reverse: bool) -> list:
    x, h, c, *weights = (t.contiguous() for t in inputs)
    y, new_h, new_c, kept = outputs
    with torch.enable_grad():
        found = torch.ops.aten.mkldnn_rnn_layer_backward(
            x, *weights, h, c, y, new_h, new_c, *(g.contiguous() for g in grads),
            reverse, _LSTM, h.shape[1], 1, True, True, False, [], False, kept,
        )  # fmt: skip
    dx, dw, du, db, db2, dh, dc = found
    return [dx, dh, dc, dw, du, db, db2]


leaf(
    "lstm",
    "(Tensor x, Tensor h, Tensor c, Tensor[] weights, bool reverse, bool train)"
    " -> (Tensor, Tensor, Tensor, Tensor)",
    _draw_lstm,
    lambda x, h, c, weights, reverse, train: (
        x.new_empty(*x.shape[:2], h.shape[1]),
        torch.empty_like(h),
        torch.empty_like(c),
        x.new_empty(0, dtype=torch.uint8),
    ),
)
leaf(
    "lstm_backward",
    "(Tensor[] inputs, Tensor[] outputs, Tensor[] grads, bool reverse) -> Tensor[]",
    _lstm_backward,
    lambda inputs, outputs, grads, reverse: [torch.empty_like(t) for t in inputs],
)


def _keep_lstm(ctx: Any, inputs: Any, output: Any) -> None:
    x, h, c, weights, ctx.reverse, _ = inputs
    ctx.save_for_backward(x, h, c, *weights, *output)


def _back_lstm(ctx: Any, dy: Any, dh: Any, dc: Any, _: Any) -> tuple:
    inputs, outputs = list(ctx.saved_tensors[:7]), list(ctx.saved_tensors[7:])
    dx, dh, dc, *rest = _ops.lstm_backward(inputs, outputs, [dy, dh, dc], ctx.reverse)
    return dx, dh, dc, rest, None, None


torch.library.register_autograd("kerata::lstm", _back_lstm, setup_context=_keep_lstm)


@override
def lstm(
    x: Any,
    h: Any,
    c: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    reverse: bool = False,
    sequences: bool = True,
    mask: Any = None,
) -> Any:
    x, h, c, kernel, recurrent = together([x, h, c, kernel, recurrent_kernel])
    if x.dtype is not torch.float32 or not x.numel() or mask is not None:
        return body_of("lstm")(x, h, c, kernel, recurrent, bias, reverse, sequences, mask)
    weights = _weights(kernel, recurrent, bias, None)
    if x.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return _native(torch.lstm, x, (h, c), weights, reverse, sequences)
    train = torch.is_grad_enabled() and any(t.requires_grad for t in (x, h, c, *weights))
    y, h, c, _ = _ops.lstm(x, h, c, weights, reverse, train)
    return _results(y, (h, c), sequences)


# --- GRU ----------------------------------------------------------------------------------------


def _order(n: int, reverse: bool) -> range:
    return range(n)[::-1] if reverse else range(n)


def _steps(starts: Any, y: Any, reverse: bool) -> list[Any]:
    """The states before the steps."""
    rows = list(y.unbind(0))
    return [*rows[1:], starts] if reverse else [starts, *rows[:-1]]


def _draw_gru(x: Any, h: Any, kernel: Any, bias: Any, reverse: bool) -> tuple:
    n, (batch, units) = x.shape[0], h.shape
    y, candidates = x.new_empty(n, batch, units), x.new_empty(n, batch, units)
    gates, inner = x.new_empty(n, batch, 2 * units), x.new_empty(n, batch, 3 * units)
    rows = list(
        zip(x.unbind(0), gates.unbind(0), candidates.unbind(0), inner.unbind(0), y.unbind(0))
    )
    for t in _order(n, reverse):
        now, gate, candidate, own, new = rows[t]
        torch.addmm(bias, h, kernel, out=own)
        torch.add(now[:, : 2 * units], own[:, : 2 * units], out=gate).sigmoid_()
        reset = gate[:, units:]
        torch.addcmul(now[:, 2 * units :], reset, own[:, 2 * units :], out=candidate).tanh_()
        h = torch.lerp(candidate, h, gate[:, :units], out=new)
    return y, gates, candidates, inner[:, :, 2 * units :]


def _gru_backward(
    h: Any, kernel: Any, y: Any, gates: Any, candidates: Any, inner: Any, dy: Any, reverse: bool
) -> list:
    n, batch, units = y.shape
    back = kernel.t().contiguous()
    dx, da = y.new_empty(n, batch, 3 * units), y.new_empty(n, batch, 3 * units)
    before = _steps(h, y, reverse)
    total = torch.zeros_like(h)
    for t in _order(n, not reverse):
        total = total + dy[t]
        update, reset = gates[t, :, :units], gates[t, :, units:]
        candidate, d = candidates[t], dx[t]
        kept = total * update
        dc = torch.ops.aten.tanh_backward(total - kept, candidate)
        d[:, 2 * units :] = dc
        torch.mul(before[t] - candidate, total, out=d[:, :units])
        torch.mul(dc, inner[t], out=d[:, units : 2 * units])
        both = torch.ops.aten.sigmoid_backward(d[:, : 2 * units], gates[t])
        d[:, : 2 * units] = both
        own = da[t]
        own[:, : 2 * units] = both
        torch.mul(dc, reset, out=own[:, 2 * units :])
        total = torch.addmm(kept, own, back)
    flat = da.reshape(-1, 3 * units)
    return [dx, total, torch.cat(before).t() @ flat, flat.sum(0)]


leaf(
    "gru",
    "(Tensor x, Tensor h, Tensor kernel, Tensor bias, bool reverse)"
    " -> (Tensor, Tensor, Tensor, Tensor)",
    _draw_gru,
    lambda x, h, kernel, bias, reverse: tuple(
        x.new_empty(*x.shape[:2], k * h.shape[1]) for k in (1, 2, 1, 1)
    ),
)
leaf(
    "gru_backward",
    "(Tensor h, Tensor kernel, Tensor y, Tensor gates, Tensor candidates, Tensor inner, Tensor dy,"
    " bool reverse) -> Tensor[]",
    _gru_backward,
    lambda h, kernel, y, gates, candidates, inner, dy, reverse: [
        y.new_empty(*y.shape[:2], kernel.shape[1]),
        torch.empty_like(h),
        torch.empty_like(kernel),
        y.new_empty(kernel.shape[1]),
    ],
)


def _keep_gru(ctx: Any, inputs: Any, output: Any) -> None:
    _, h, kernel, _, ctx.reverse = inputs
    ctx.save_for_backward(h, kernel, *output)


torch.library.register_autograd(
    "kerata::gru",
    lambda ctx, dy, *_: (*_ops.gru_backward(*ctx.saved_tensors, dy, ctx.reverse), None),
    setup_context=_keep_gru,
)


@override
def gru(
    x: Any,
    h: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    reverse: bool = False,
    sequences: bool = True,
    mask: Any = None,
) -> Any:
    x, h, kernel, recurrent = together([x, h, kernel, recurrent_kernel])
    if not x.numel() or mask is not None:
        return body_of("gru")(x, h, kernel, recurrent, bias, reverse, sequences, mask)
    zeros = kernel.new_zeros(2, kernel.shape[1])
    outer, inner = (zeros if bias is None else asarray(bias, NAMES[kernel.dtype])).unbind(0)
    if x.device.type != "cpu":
        n = h.shape[1]

        def turned(w: Any) -> Any:  # torch has the reset before the update gate
            return torch.cat([w[..., n : 2 * n], w[..., :n], w[..., 2 * n :]], -1)

        weights = _weights(*map(turned, (kernel, recurrent, outer, inner)))
        return _native(torch.gru, x, (h,), weights, reverse, sequences)
    y = _ops.gru(torch.matmul(x, kernel) + outer, h, recurrent, inner, reverse)[0]
    return _results(y, (_last(y, reverse),), sequences)


# --- simple nets --------------------------------------------------------------------------------


def _draw_simple(x: Any, h: Any, kernel: Any, reverse: bool) -> Any:
    y = torch.empty_like(x)
    for t in _order(x.shape[0], reverse):
        h = torch.addmm(x[t], h, kernel, out=y[t]).tanh_()
    return y


def _simple_backward(h: Any, kernel: Any, y: Any, dy: Any, reverse: bool) -> list:
    back = kernel.t().contiguous()
    dx, total = torch.empty_like(y), dy[0 if reverse else -1]
    order = _order(y.shape[0], not reverse)
    for t in order:
        d = dx[t]
        d.copy_(torch.ops.aten.tanh_backward(total, y[t]))
        last = t == order[-1]
        total = d @ back if last else torch.addmm(dy[t + 1 if reverse else t - 1], d, back)
    return [dx, total, torch.cat(_steps(h, y, reverse)).t() @ dx.reshape(-1, y.shape[2])]


leaf(
    "simple_rnn",
    "(Tensor x, Tensor h, Tensor kernel, bool reverse) -> Tensor",
    _draw_simple,
    lambda x, h, kernel, reverse: torch.empty_like(x),
)
leaf(
    "simple_rnn_backward",
    "(Tensor h, Tensor kernel, Tensor y, Tensor dy, bool reverse) -> Tensor[]",
    _simple_backward,
    lambda h, kernel, y, dy, reverse: [torch.empty_like(t) for t in (y, h, kernel)],
)


def _keep_simple(ctx: Any, inputs: Any, output: Any) -> None:
    _, h, kernel, ctx.reverse = inputs
    ctx.save_for_backward(h, kernel, output)


torch.library.register_autograd(
    "kerata::simple_rnn",
    lambda ctx, dy: (*_ops.simple_rnn_backward(*ctx.saved_tensors, dy, ctx.reverse), None),
    setup_context=_keep_simple,
)


@override
def simple_rnn(
    x: Any,
    h: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    reverse: bool = False,
    sequences: bool = True,
    mask: Any = None,
) -> Any:
    x, h, kernel, recurrent = together([x, h, kernel, recurrent_kernel])
    if not x.numel() or mask is not None:
        return body_of("simple_rnn")(x, h, kernel, recurrent, bias, reverse, sequences, mask)
    if x.device.type != "cpu":
        weights = _weights(kernel, recurrent, bias, None)
        return _native(torch.rnn_tanh, x, (h,), weights, reverse, sequences)
    z = torch.matmul(x, kernel)
    y = _ops.simple_rnn(
        z if bias is None else z + asarray(bias, NAMES[z.dtype]), h, recurrent, reverse
    )
    return _results(y, (_last(y, reverse),), sequences)
