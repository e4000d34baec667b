"""Recurrent nets over whole sequences, against the formulas in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerata import ops
from ops.check import Case, case, check, every
from support import array

rng = np.random.RandomState(0)
T, B, F, N = 5, 3, 4, 2


def f(*shape: int) -> np.ndarray:
    return (rng.randn(*shape) * 0.5).astype("float32")


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def lstm(x, h, c, w, u, b=0.0, reverse=False, sequences=True):
    out = []
    for t in range(len(x))[:: -1 if reverse else 1]:
        i, g, n, o = np.split(x[t] @ w + h @ u + b, 4, axis=-1)
        c = sigmoid(g) * c + sigmoid(i) * np.tanh(n)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return [*([np.stack(out[:: -1 if reverse else 1])] if sequences else []), h, c]


def gru(x, h, w, u, b=None, reverse=False, sequences=True):
    b = np.zeros((2, w.shape[-1])) if b is None else b
    out = []
    for t in range(len(x))[:: -1 if reverse else 1]:
        zx, rx, nx = np.split(x[t] @ w + b[0], 3, axis=-1)
        zh, rh, nh = np.split(h @ u + b[1], 3, axis=-1)
        z = sigmoid(zx + zh)
        h = z * h + (1 - z) * np.tanh(nx + sigmoid(rx + rh) * nh)
        out.append(h)
    return [*([np.stack(out[:: -1 if reverse else 1])] if sequences else []), h]


def simple_rnn(x, h, w, u, b=0.0, reverse=False, sequences=True):
    out = []
    for t in range(len(x))[:: -1 if reverse else 1]:
        h = np.tanh(x[t] @ w + h @ u + b)
        out.append(h)
    return [*([np.stack(out[:: -1 if reverse else 1])] if sequences else []), h]


L = (f(T, B, F), f(B, N), f(B, N), f(F, 4 * N), f(N, 4 * N))
G = (f(T, B, F), f(B, N), f(F, 3 * N), f(N, 3 * N))
S = (f(T, B, F), f(B, N), f(F, N), f(N, N))
CASES = [
    case("nn.lstm", *L, f(4 * N), ref=lstm, unknown=False),
    case("nn.lstm", *L, f(4 * N), ref=lstm, unknown=False, reverse=True),
    case("nn.lstm", *L, ref=lstm, unknown=False, sequences=False),
    case("nn.gru", *G, f(2, 3 * N), ref=gru, unknown=False),
    case("nn.gru", *G, f(2, 3 * N), ref=gru, unknown=False, reverse=True),
    case("nn.gru", *G, ref=gru, unknown=False, sequences=False),
    case("nn.simple_rnn", *S, f(N), ref=simple_rnn, unknown=False),
    case("nn.simple_rnn", *S, f(N), ref=simple_rnn, unknown=False, reverse=True),
    case("nn.simple_rnn", *S, ref=simple_rnn, unknown=False, sequences=False),
]


@every(CASES)
def test_recurrent(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("steps", [40, 100])
def test_many_steps(steps: int) -> None:
    x = f(steps, B, F)
    out, h, _ = ops.nn.lstm(x, *L[1:], reverse=True)
    want = lstm(x, *L[1:], reverse=True)
    np.testing.assert_allclose(array(out), want[0], rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(array(h), want[1], rtol=2e-5, atol=2e-6)
