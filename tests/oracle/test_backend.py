"""Functions of the old keras.backend against tf_keras, call by call."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import backend as K
from kerata.legacy.backend import TABLE

from . import oracle_support, table_backend

pytestmark = oracle_support.needs_oracle


class _Names:
    """The functions as attributes, so that `dir` lists them."""

    def __dir__(self):
        return list(TABLE)

    def __getattr__(self, name):
        return getattr(K, name)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backend")
    oracle_support.ask("tf_keras", "backend", folder)
    return np.load(folder / "backend.npz")


@pytest.fixture(scope="session")
def found():
    return table_backend.run(_Names())


@pytest.mark.parametrize("call", table_backend.calls())
def test_call(recorded, found, call):
    assert f"{call} error" not in recorded.files, str(recorded[f"{call} error"])[-1500:]
    assert f"{call} error" not in found, str(found[f"{call} error"])[-1500:]
    keys = [k for k in recorded.files if k.rpartition(" ")[0] == call]
    assert len(keys) == len([k for k in found if k.rpartition(" ")[0] == call])
    for key in keys:
        want, got = recorded[key], found[key]
        assert got.shape == want.shape
        assert (got.dtype == bool) == (want.dtype == bool)
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-5)
