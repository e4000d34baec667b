"""Where the oracle's Python is, and running it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def interpreter() -> Path | None:
    """Python of the environment that has Keras and tf_keras: ``$KERATA_ORACLE``, or that of ``make oracle``."""
    given = os.environ.get("KERATA_ORACLE")
    path = Path(given) if given else ROOT / ".venv-oracle" / "bin" / "python"
    return path if path.exists() else None


needs_oracle = [
    pytest.mark.oracle,
    pytest.mark.skipif(
        interpreter() is None, reason="no environment with Keras and tf_keras: make oracle"
    ),
]


def ask(library: str, action: str, folder: Path) -> None:
    """Run `ask.py` in the oracle's environment."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [str(interpreter()), str(HERE / "ask.py"), library, action, str(folder)]
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERATA_ENGINE")}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, timeout=1200
    )
    assert done.returncode == 0, done.stderr[-4000:]
