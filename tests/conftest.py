"""The suite runs with any engine: KERATA_ENGINE chooses it, tests/xfail/<engine>.txt says what fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ENGINE = os.environ.get("KERATA_ENGINE") or os.environ.get("KERAS_BACKEND") or "jax"
XFAIL = Path(__file__).parent / "xfail" / f"{ENGINE}.txt"


def expected_failures() -> dict[str, str]:
    """Reasons by test id (without parameters: all of them), from lines ``id  # reason``."""
    found = {}
    for line in XFAIL.read_text().splitlines() if XFAIL.exists() else []:
        test, _, reason = line.partition("  # ")
        if test.strip() and not line.startswith("#"):
            assert reason, f"{XFAIL.name}: {test} needs a reason"
            found[test.strip()] = reason.strip()
    return found


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    failures = expected_failures()
    for item in items:
        only = item.get_closest_marker("engine")
        if only is not None and ENGINE not in only.args:
            item.add_marker(pytest.mark.skip(reason=f"for the engine {' or '.join(only.args)}"))
        reason = failures.get(item.nodeid) or failures.get(item.nodeid.partition("[")[0])
        if reason:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def pytest_configure(config: pytest.Config) -> None:
    # Small operations that two processes compute with all cores each wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if ENGINE == "tensorflow":  # its tensors lack a method that those of the others have
        import tensorflow as tf

        tf.Tensor.tolist = lambda self: self.numpy().tolist()


@pytest.fixture(autouse=True)
def values_only():
    """With torch, results of layers as NumPy can take them; a derivative that is asked for is computed."""
    if ENGINE != "torch":
        yield
        return
    import torch

    with torch.no_grad():
        yield


@pytest.fixture(scope="module", autouse=True)
def room_for_programs():
    """A worker compiles more programs than a process may hold: those of the tests before are let go."""
    yield
    if ENGINE == "jax":
        from kerata.engine import jax

        jax.make_room()
