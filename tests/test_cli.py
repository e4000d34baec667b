"""The command ``kerata``."""

from __future__ import annotations

import subprocess
import sys

import kerata
from kerata import cli, config, kernels


def test_facts():
    facts = cli.facts()
    assert facts["kerata"].startswith(kerata.__version__)
    assert facts["engine"].startswith(config.backend())
    assert facts["devices"].startswith("cpu:0")
    assert facts["kernels"] == ("off: " + why if (why := kernels.why_not()) else "on")


def test_doctor(capsys):
    assert cli.run_doctor() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in lines[-2:]] == ["ok", "ok"]


def test_doctor_finds_what_is_wrong(monkeypatch, capsys):
    monkeypatch.setattr(cli, "check", lambda model: (0.1, 1.0, 0.0))
    assert cli.run_doctor() == 1
    assert "FAILED" in capsys.readouterr().out


def test_command():
    done = subprocess.run(
        [sys.executable, "-m", "kerata", "doctor", "--no-test"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "kernels" in done.stdout
    done = subprocess.run([sys.executable, "-m", "kerata", "nurse"], capture_output=True, text=True)
    assert done.returncode == 2 and "nurse" in done.stderr
