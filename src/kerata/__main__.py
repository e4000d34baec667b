"""``python -m kerata``: the command ``kerata``."""

from __future__ import annotations

from .cli import main

main()
