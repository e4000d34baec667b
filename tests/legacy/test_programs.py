"""Programs of every era as ``kerata run`` runs them, and again as ``kerata upgrade`` spells them.

A folder of `programs/` is an era. A program is written as those of its time are, on small data that
it makes itself or that stands in for a data set, and its last lines hold what it must have reached.
Those in `tensorflow/` use TensorFlow itself and so need its engine; the others run on the default one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ENGINE
from kerata import compat, runner, utils
from programs_support import install

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*/*.py"))
# Upgraded programs are of this time already, or call TensorFlow's own functions.
UPGRADED = [p for p in PROGRAMS if p.parent.name not in ("keras3", "tensorflow")]
# What `kerata upgrade` lists as left to its user, by program.
LEFT: dict[str, str] = {}


def name_of(path: Path) -> str:
    """Era and name."""
    return f"{path.parent.name}-{path.stem}"


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Any:
    """Run a program in an empty folder; a failure shows what it printed."""
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda *_, **__: None)
    plt.switch_backend("agg")

    def call(path: Path) -> None:
        if (path.parent.name == "tensorflow") != (ENGINE == "tensorflow"):
            pytest.skip("runs with another engine")
        install(monkeypatch.setattr)
        utils.set_random_seed(1)
        status = runner.run(str(path), [])
        printed = capfd.readouterr()
        assert status == 0, printed.out[-2000:] + printed.err[-4000:]

    yield call
    plt.close("all")
    compat.uninstall()


@pytest.mark.parametrize("path", PROGRAMS, ids=name_of)
def test_runs_unchanged(path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")
    run(path)


@pytest.mark.parametrize("path", UPGRADED, ids=name_of)
def test_runs_upgraded_without_a_name_of_old(
    path: Path, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("libcst")
    if name_of(path) in LEFT:
        pytest.skip(LEFT[name_of(path)])
    from kerata.upgrade.rewrite import upgrade

    monkeypatch.setenv("KERATA_LEGACY", "error")
    program = tmp_path / path.parent.name / path.name
    program.parent.mkdir()
    program.write_text(upgrade(path.read_text(encoding="utf-8")).source, encoding="utf-8")
    run(program)


def test_as_a_command(tmp_path: Path) -> None:
    """One of them as a process, in an empty folder."""
    path = next(p for p in PROGRAMS if p.parent.name == "keras1")
    done = subprocess.run(
        [sys.executable, "-m", "kerata", "run", str(path)],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, env=os.environ | {"KERATA_ENGINE": ENGINE},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
