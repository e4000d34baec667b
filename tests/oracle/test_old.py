"""Layers, metrics and optimizers of earlier eras against tf_keras, case by case."""

from __future__ import annotations

import types

import numpy as np
import pytest

import kerata as keras
from kerata.legacy import layers, metrics

from . import oracle_support, table_old

pytestmark = oracle_support.needs_oracle

OLD = types.SimpleNamespace(layers=layers, metrics=metrics)


@pytest.fixture(scope="session")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old")
    oracle_support.ask("tf_keras", "old", folder)
    return np.load(folder / "old.npz")


@pytest.mark.parametrize("kind, call, rest", table_old.names(), ids=lambda x: x)
def test_case(record, kind, call, rest):
    key = f"{kind} {call} {rest}"
    assert f"{key} error" not in record.files, str(record[f"{key} error"])[-2000:]
    want = [record[f"{key} {i}"] for i in range(99) if f"{key} {i}" in record.files]
    got = [np.asarray(a) for a in table_old.run(keras, kind, call, rest, OLD)]
    assert len(got) == len(want)
    for i, (g, w) in enumerate(zip(got, want)):
        assert g.shape == w.shape
        np.testing.assert_allclose(g, w, rtol=2e-5, atol=2e-5, err_msg=str(i))
