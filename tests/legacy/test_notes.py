"""Lines about old names."""

from __future__ import annotations

import pytest

from kerata.errors import OldNameError
from kerata.legacy import notes


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(notes, "_said", set())
    monkeypatch.delenv("KERATA_LEGACY", raising=False)
    monkeypatch.delenv("KERATA_LEGACY_NOTES", raising=False)


def test_each_line_once(capsys):
    for _ in range(2):
        notes.note("lr=", "learning_rate=")
        notes.note("implementation=", None)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "kerata: lr= is now learning_rate=",
        "kerata: implementation= has no effect any more",
    ]


def test_silence(capsys, monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")
    notes.note("lr=", "learning_rate=")
    assert not capsys.readouterr().err


def test_refused(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY", "error")
    for _ in range(2):
        with pytest.raises(OldNameError, match="lr= is now learning_rate=.*kerata upgrade"):
            notes.note("lr=", "learning_rate=")
