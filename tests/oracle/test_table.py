"""Everything in the tables against Keras 3, case by case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import kerata as keras

from . import oracle_support, table

pytestmark = oracle_support.needs_oracle

# Statistics of different random numbers.
TOLERANCE = {"random": 0.02}
DTYPES = ("op", "initializer", "random", "activation")


@pytest.fixture(scope="session")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    oracle_support.ask("keras", "table", folder)
    with np.load(folder / "table.npz") as found:
        return dict(found)


@pytest.mark.parametrize("kind, call, rest", table.names(), ids=lambda x: x)
def test_case(record, compared, kind, call, rest):
    key = f"{kind} {call} | {rest}"
    assert f"{key} error" not in record, str(record.get(f"{key} error"))[-2000:]
    want = []
    while f"{key} {len(want)}" in record:
        want.append(record[f"{key} {len(want)}"])
    assert want
    compare(kind, table.run(keras, kind, call, rest), want)
    compared[kind] += 1


def compare(kind: str, got: Sequence[Any], want: Sequence[np.ndarray]) -> None:
    """Numbers, shapes, and for some kinds dtypes."""
    assert len(got) == len(want)
    for i, (g, w) in enumerate(zip(map(np.asarray, got), want)):
        assert g.shape == w.shape, f"{i}: shape {g.shape}, Keras {w.shape}"
        if (
            kind == "layer" and w.dtype.kind == "i"
        ):  # an inferred shape, of which Kerata may know more
            g = np.where(w < 0, w, g)
        assert kind not in DTYPES or g.dtype == w.dtype, f"{i}: dtype {g.dtype}, Keras {w.dtype}"
        tol = 2e-3 if g.dtype == np.float16 else TOLERANCE.get(kind, 1e-5)
        scale = np.abs(w[np.isfinite(w)]).max(initial=1.0)
        np.testing.assert_allclose(g, w, rtol=tol, atol=tol * float(scale), err_msg=str(i))
