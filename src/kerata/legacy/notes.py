"""One short line, once a process, for each old name or argument that a program uses.

``KERATA_LEGACY_NOTES=0`` silences the lines; ``KERATA_LEGACY=error`` makes errors of them, which shows
where a program is not yet modern.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from ..errors import OldNameError

_said: set[str] = set()
_silent = False


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """A context in which nothing is noted: names are only looked up, not used.

    >>> with silence():
    ...     note("lr=", "learning_rate=")
    """
    global _silent
    before, _silent = _silent, True
    try:
        yield
    finally:
        _silent = before


def note(old: str, new: str | None) -> None:
    """Say once that `old` has become `new`, or, where `new` is ``None``, that it has no effect any more.

    Raises:
        OldNameError: ``KERATA_LEGACY`` is ``error`` in the environment.

    >>> import os; os.environ["KERATA_LEGACY_NOTES"] = "0"
    >>> note("lr=", "learning_rate=")
    """
    if _silent:
        return
    text = f"{old} has no effect any more" if new is None else f"{old} is now {new}"
    if os.environ.get("KERATA_LEGACY") == "error":
        raise OldNameError(
            f"{text}, and KERATA_LEGACY=error refuses names of earlier eras. "
            "`kerata upgrade FILE` rewrites a program."
        )
    if text in _said or os.environ.get("KERATA_LEGACY_NOTES") == "0":
        return
    _said.add(text)
    print(f"kerata: {text}", file=sys.stderr)
