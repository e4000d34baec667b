"""LSTM, GRU and simple RNN over whole sequences, as JAX primitives to be differentiated, mapped and
compiled.

Inputs are (time, batch, features), kernels (features, gates * units) and (units, gates * units), with
the gates in the order input, forget, candidate, output, or update, reset, candidate. A mask, numbers
(time, batch), is 0 where the state stays as it is; without elements it masks nothing.

The native code computes a net and its first derivative. Whatever else JAX asks for (forward mode,
second derivatives, `vmap`, other devices) comes from the same net written as a scan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from .primitive import primitive


def lstm(
    x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any, mask: Any, reverse: bool
) -> tuple[Any, Any]:
    """The outputs of all steps, (time, batch, units), and the last memory."""
    y, c, *_ = _LSTM(x, h, c, kernel, recurrent, bias, mask, reverse=reverse)
    return y, c


def gru(
    x: Any, h: Any, kernel: Any, recurrent: Any, bias: Any, inner: Any, mask: Any, reverse: bool
) -> Any:
    """The outputs of all steps; `inner` is the bias of what the gates take from the state."""
    return _GRU(x, h, kernel, recurrent, bias, inner, mask, reverse=reverse)[0]


def simple(x: Any, h: Any, kernel: Any, recurrent: Any, bias: Any, mask: Any, reverse: bool) -> Any:
    """The outputs of all steps of a net whose next state is tanh of input and state."""
    return _SIMPLE(x, h, kernel, recurrent, bias, mask, reverse=reverse)[0]


# --- the nets as scans; behind the results what the native derivatives need -------------------------


def _masks(mask: Any, x: Any) -> Any:
    """For each step a column of which rows go on, or None."""
    return mask[..., None] > 0 if mask.size else jnp.ones((*x.shape[:2], 1), bool)


def _scan_lstm(
    x: Any, h: Any, c: Any, kernel: Any, recurrent: Any, bias: Any, mask: Any, reverse: bool
) -> tuple:
    def step(state: Any, inputs: Any) -> Any:
        now, on = inputs
        i, f, g, o = jnp.split(now + state[0] @ recurrent, 4, -1)
        i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
        c = jnp.where(on, f * state[1] + i * g, state[1])
        h = jnp.where(on, o * jnp.tanh(c), state[0])
        return (h, c), (h, jnp.concatenate([i, f, g, o], -1), c)

    steps = (x @ kernel + bias, _masks(mask, x))
    (_, last), (y, gates, cells) = lax.scan(step, (h, c), steps, reverse=reverse)
    return y, last, gates, cells


def _scan_gru(
    x: Any, h: Any, kernel: Any, recurrent: Any, bias: Any, inner: Any, mask: Any, reverse: bool
) -> tuple:
    def step(h: Any, inputs: Any) -> Any:
        now, on = inputs
        own, given = jnp.split(h @ recurrent + inner, 3, -1), jnp.split(now, 3, -1)
        update, reset = (jax.nn.sigmoid(a + b) for a, b in zip(given[:2], own[:2]))
        candidate = jnp.tanh(given[2] + reset * own[2])
        h = jnp.where(on, candidate + update * (h - candidate), h)
        return h, (h, jnp.concatenate([update, reset, candidate, own[2]], -1))

    return lax.scan(step, h, (x @ kernel + bias, _masks(mask, x)), reverse=reverse)[1]


def _scan_simple(
    x: Any, h: Any, kernel: Any, recurrent: Any, bias: Any, mask: Any, reverse: bool
) -> tuple:
    def step(h: Any, inputs: Any) -> Any:
        now, on = inputs
        h = jnp.where(on, jnp.tanh(now + h @ recurrent), h)
        return h, h

    steps = (x @ kernel + bias, _masks(mask, x))
    return (lax.scan(step, h, steps, reverse=reverse)[1],)


def _back_lstm(cts: Any, args: Any, results: Any, reverse: bool) -> Any:
    *inputs, mask = args
    gates = results[2]
    call = jax.ffi.ffi_call("kerata_lstm_back", [_like(a) for a in (*inputs, gates)])
    y, _, *kept = results
    return call(*cts, *inputs[:5], mask, y, *kept, reverse=reverse)[:6]


def _back_gru(cts: Any, args: Any, results: Any, reverse: bool) -> Any:
    *inputs, mask = args
    steps, batch, _ = inputs[0].shape
    dz = jax.ShapeDtypeStruct((steps, batch, inputs[2].shape[1]), inputs[0].dtype)
    call = jax.ffi.ffi_call("kerata_gru_back", [*map(_like, inputs), dz, dz])
    return call(*cts, *inputs[:4], mask, *results, reverse=reverse)[:6]


def _back_simple(cts: Any, args: Any, results: Any, reverse: bool) -> Any:
    *inputs, mask = args
    call = jax.ffi.ffi_call("kerata_rnn_back", [_like(a) for a in (*inputs, *results)])
    return call(*cts, *inputs[:4], mask, *results, reverse=reverse)[:5]


def _like(x: Any) -> Any:
    return jax.ShapeDtypeStruct(x.shape, x.dtype)


# --- primitives ---------------------------------------------------------------------------------


class _Net:
    """The three primitives of a net: itself, its tangents, its cotangents.

    The latter two take, behind what they are linear in, the net's arguments and results. Scans need
    only the arguments, the native derivative mostly the results.

    Args:
        name: Name of the native function, and of the primitives.
        arity: How many tensors the net takes, the last being the mask.
        scan: The net as a scan: its results, and what the native derivative needs.
        count: How many of these are results.
        back: The native derivative with regard to all tensors but the mask.
    """

    def __init__(self, name: str, arity: int, scan: Callable, count: int, back: Callable) -> None:
        self.arity, self.scan, self.count = arity, scan, count
        self.forward = _primitive(name, self._run, self._results)
        self.tangent = _primitive(
            f"{name}_tangent",
            lambda *args, reverse: self._tangents(reverse)(*args),
            lambda *args, reverse: args[2 * arity : 2 * arity + count],
        )
        self.back = _primitive(
            f"{name}_back",
            lambda *args, reverse: self._cotangents(reverse)(*args),
            lambda *args, reverse: args[count : count + arity],
        )

        def native(*args: Any, reverse: bool) -> Any:
            inputs, results = args[count : count + arity], args[count + arity :]
            return [*back(args[:count], inputs, results, reverse), jnp.zeros_like(inputs[-1])]

        mlir.register_lowering(
            self.forward,
            lambda ctx, *args, reverse, keep: jax.ffi.ffi_lowering(name)(
                ctx, *args, reverse=reverse
            ),
            platform="cpu",
        )
        mlir.register_lowering(
            self.back, mlir.lower_fun(native, multiple_results=True), platform="cpu"
        )
        ad.primitive_jvps[self.forward] = self._jvp
        ad.primitive_jvps[self.tangent] = self._second(self.tangent, self._tangents, arity)
        ad.primitive_jvps[self.back] = self._second(self.back, self._cotangents, count)
        ad.primitive_transposes[self.tangent] = self._transpose

    def __call__(self, *args: Any, reverse: bool) -> Any:
        """The results, and nothing behind them."""
        return self.forward.bind(*args, reverse=reverse, keep=False)

    def _run(self, *args: Any, reverse: bool, keep: bool) -> Any:
        found = self.scan(*args, reverse)
        return found if keep else self._bare(found)

    def _results(self, *args: Any, reverse: bool, keep: bool) -> Any:
        found = jax.eval_shape(lambda *a: self.scan(*a, reverse), *map(_like, args))
        return [v if keep or i < self.count else _like(jnp.zeros(0)) for i, v in enumerate(found)]

    def _bare(self, found: Sequence) -> list[Any]:
        """Results without what derivatives need."""
        return [*found[: self.count], *(jnp.zeros(0, v.dtype) for v in found[self.count :])]

    def _net(self, reverse: bool) -> Callable:
        return lambda *args: tuple(self.scan(*args, reverse)[: self.count])

    def _tangents(self, reverse: bool) -> Callable:
        n = self.arity
        return lambda *args: jax.jvp(self._net(reverse), args[n : 2 * n], args[:n])[1]

    def _cotangents(self, reverse: bool) -> Callable:
        n, end = self.count, self.count + self.arity
        return lambda *args: jax.vjp(self._net(reverse), *args[n:end])[1](tuple(args[:n]))

    def _jvp(self, primals: Sequence, tangents: Sequence, *, reverse: bool, keep: bool) -> Any:
        results = self.forward.bind(*primals, reverse=reverse, keep=True)
        moved = self.tangent.bind(*_full(tangents), *primals, *results, reverse=reverse)
        out = results if keep else self._bare(results)
        # Only the derivatives take what stands behind the results, as known numbers.
        still = [ad.Zero(jax.typeof(v).to_tangent_aval()) for v in out[self.count :]]
        return out, [*moved, *still]

    def _second(self, primitive: Primitive, function: Callable, count: int) -> Callable:
        """The tangent of a derivative that is linear in its first `count` arguments."""

        def jvp(primals: Sequence, tangents: Sequence, *, reverse: bool) -> Any:
            out = primitive.bind(*primals, reverse=reverse)
            n = count + self.arity
            moved = jax.jvp(function(reverse), tuple(primals[:n]), tuple(_full(tangents[:n])))[1]
            return out, list(moved)

        return jvp

    def _transpose(self, cts: Sequence, *args: Any, reverse: bool) -> list[Any]:
        rest = args[self.arity :]
        cts = [
            jnp.zeros(v.shape, v.dtype) if type(ct) is ad.Zero else ct
            for ct, v in zip(cts, rest[self.arity :])
        ]
        return [*self.back.bind(*cts, *rest, reverse=reverse), *[None] * len(rest)]


def _primitive(name: str, reference: Callable, results: Callable) -> Primitive:
    def run(*args: Any, **settings: Any) -> Any:
        return tuple(reference(*args, **settings))

    def shapes(*args: Any, **settings: Any) -> list[Any]:
        found = results(*args, **settings)
        return [jax.core.ShapedArray(v.shape, v.dtype) for v in found]

    def mapped(args: Sequence, dims: Sequence, **settings: Any) -> Any:
        out = jax.vmap(lambda *a: run(*a, **settings), tuple(dims))(*args)
        return out, [0] * len(out)

    made = primitive(name, run, shapes, settings=("reverse", "keep"), several=True)
    batching.primitive_batchers[made] = mapped
    return made


def _full(tangents: Sequence) -> list[Any]:
    return [ad.instantiate_zeros(t) for t in tangents]


_LSTM = _Net("kerata_lstm", 7, _scan_lstm, 2, _back_lstm)
_GRU = _Net("kerata_gru", 7, _scan_gru, 1, _back_gru)
_SIMPLE = _Net("kerata_rnn", 6, _scan_simple, 1, _back_simple)
