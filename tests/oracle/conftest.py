"""Says at the end how many cases of the tables have been compared, and what came out."""

from __future__ import annotations

from collections import Counter

import pytest

_COMPARED = pytest.StashKey[Counter]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_COMPARED] = Counter()


@pytest.fixture
def compared(request: pytest.FixtureRequest) -> Counter:
    """How many cases of each kind agree with the oracle."""
    return request.config.stash[_COMPARED]


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    counts = config.stash[_COMPARED]
    if not counts:
        return
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))
    wrong = [r for r in terminalreporter.stats.get("failed", []) if "test_table.py" in r.nodeid]
    terminalreporter.write_line(
        f"differential suite: {counts.total() + len(wrong)} cases compared with Keras 3.15.1 on JAX, "
        f"{len(wrong) or 'none'} of them different ({kinds} agree)"
    )
