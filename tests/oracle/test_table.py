"""Layers, losses, metrics, activations, optimizers and ops against Keras 3, case by case."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras

from . import oracle_support, table

pytestmark = oracle_support.needs_oracle


@pytest.fixture(scope="session")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    oracle_support.ask("keras", "table", folder)
    return np.load(folder / "table.npz")


@pytest.mark.parametrize("kind, call, rest", table.names(), ids=lambda x: x)
def test_case(record, kind, call, rest):
    key = f"{kind} {call}"
    assert f"{key} error" not in record.files, str(record[f"{key} error"])[-2000:]
    want = [record[f"{key} {i}"] for i in range(99) if f"{key} {i}" in record.files]
    got = [np.asarray(a) for a in table.run(keras, kind, call, rest)]
    assert len(got) == len(want)
    for i, (g, w) in enumerate(zip(got, want)):
        assert g.shape == w.shape
        assert kind != "op" or g.dtype == w.dtype
        tol = 2e-3 if g.dtype == np.float16 else 1e-5
        scale = np.abs(w[np.isfinite(w)]).max(initial=1.0)
        np.testing.assert_allclose(g, w, rtol=tol, atol=tol * float(scale), err_msg=str(i))
