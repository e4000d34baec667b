"""A metric followed over batches, in every way: eager, compiled, reset, saved and made again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerata import metrics
from kerata.metrics import Metric
from support import jit

SIZES = (8, 8, 3)


def batches(make: Callable[[Any, int], tuple], sizes: Sequence[int] = SIZES, seed: int = 0) -> list:
    """Batches of these sizes, each what `make` gives for a random generator and a size."""
    rng = np.random.RandomState(seed)
    return [make(rng, n) for n in sizes]


def joined(parts: Sequence[tuple]) -> list[np.ndarray]:
    """All batches as one."""
    return [np.concatenate(p) for p in zip(*parts)]


def compiled(metric: Metric, parts: Sequence[tuple]) -> Any:
    """The value after all batches, by a compiled pure function of the state."""
    step = jit(metric.stateless_update_state)
    state = metric.stateless_reset_state()
    for part in parts:
        state = step(state, *part)
    return jit(metric.stateless_result)(state)


def check(metric: Metric, parts: Sequence[tuple], want: Any, tol: float = 2e-5) -> None:
    """Hold every way of following `metric` over the batches against the value wanted."""

    def same(found: Any, wanted: Any = want) -> None:
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=tol, atol=tol / 10)

    for part in parts:
        metric.update_state(*part)
    after = metric.result()
    same(after)
    assert len({id(v) for v in metric.variables}) == len(metric.variables) > 0
    assert not any(v.trainable for v in metric.variables)
    same(compiled(metric, parts))
    same(metric.result())  # which the compiled run left alone
    config = json.loads(json.dumps(metrics.serialize(metric)))
    assert config["module"] == "keras.metrics"
    again = metrics.deserialize(config)
    assert again.name == metric.name
    for part in parts:
        again.update_state(*part)
    same(again.result(), np.asarray(after))
    metric.reset_state()
    assert not any(np.any(v.numpy()) for v in metric.variables)
    for part in parts:
        metric.update_state(*part)
    same(metric.result(), np.asarray(after))
