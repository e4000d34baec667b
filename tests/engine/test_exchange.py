"""JAX and the engine in use: the same first weights, order of data, losses, files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import exchange_support as support
import kerata

pytestmark = pytest.mark.engine("torch", "tensorflow")

LOSS, PREDICTION = 1e-4, 1e-5


def with_jax(folder: Path, *options: str) -> None:
    """Run the support module with JAX, in a process of its own."""
    source = str(Path(kerata.__file__).parents[1])
    paths = filter(None, [source, os.environ.get("PYTHONPATH")])
    env = dict(os.environ, KERATA_ENGINE="jax", PYTHONPATH=os.pathsep.join(paths))
    done = subprocess.run(
        [sys.executable, support.__file__, str(folder), *options],
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def jax(tmp_path_factory):
    """A folder with JAX's files, and what JAX found."""
    folder = tmp_path_factory.mktemp("jax")
    with_jax(folder)
    return folder, dict(np.load(folder / "found.npz"))


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The same of the engine in use, and what JAX reads from its files."""
    folder = tmp_path_factory.mktemp("here")
    support.write(folder)
    with_jax(folder, "--read")
    return dict(np.load(folder / "found.npz")), dict(np.load(folder / "read.npz"))


def test_first_weights_are_equal(jax, here):
    keys = [k for k in jax[1] if "/first/" in k]
    assert len(keys) > 30
    for key in keys:
        assert jax[1][key].dtype == here[0][key].dtype
        assert jax[1][key].tobytes() == here[0][key].tobytes(), key


def test_order_of_the_data(jax, here):
    order = here[0]["order"].tolist()
    assert order == jax[1]["order"].tolist()
    assert sorted(order[:50]) == list(range(50)) != order[:50] != order[50:]


@pytest.mark.parametrize("name", support.MODELS)
def test_training(name, jax, here):
    """Three epochs; of the model with dropout and noise with portable random numbers."""
    key = f"{name}/losses"
    np.testing.assert_allclose(here[0][key], jax[1][key], atol=LOSS, rtol=0)


@pytest.mark.parametrize("name", support.MODELS)
def test_files_written_by_jax(name, jax):
    folder, found = jax
    for kind in ("keras", "h5"):
        model = kerata.models.load_model(folder / f"{name}.{kind}")
        got = model.predict(support.data(model)[0], verbose=0)
        np.testing.assert_allclose(got, found[f"{name}/predictions"], atol=PREDICTION, rtol=0)
    fresh = support.MODELS[name]()
    fresh.load_weights(folder / f"{name}.weights.h5")
    got = fresh.predict(support.data(model)[0], verbose=0)
    np.testing.assert_allclose(got, found[f"{name}/predictions"], atol=PREDICTION, rtol=0)
    if name != "dropped":
        np.testing.assert_allclose(support.go_on(model), found[f"{name}/next"], atol=LOSS, rtol=0)


@pytest.mark.parametrize("name", support.MODELS)
def test_files_read_by_jax(name, here):
    found, read = here
    for kind in ("keras", "h5", "weights"):
        np.testing.assert_allclose(
            read[f"{name}/{kind}"], found[f"{name}/predictions"], atol=PREDICTION, rtol=0
        )
    if name != "dropped":
        np.testing.assert_allclose(read[f"{name}/next"], found[f"{name}/next"], atol=LOSS, rtol=0)
