"""Where progress and messages of callbacks go: a terminal, a notebook, a file, or the log."""

from __future__ import annotations

import sys

from ... import config

_open_line = False


def is_live() -> bool:
    """Whether a line on the output can be redrawn in place: on a terminal or in a notebook."""
    if not config.is_interactive_logging_enabled():
        return False
    return is_terminal() or type(sys.stdout).__module__.startswith("ipykernel")


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    try:
        return bool(sys.stdout.isatty())
    except (AttributeError, ValueError):
        return False


def can_print(text: str) -> bool:
    """Whether the encoding of standard output has these characters."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say(text: str) -> None:
    """Print a line, below a bar that is being drawn; or log it, where interactive logging is off."""
    global _open_line
    if not config.is_interactive_logging_enabled():
        import logging

        logging.getLogger("kerata").info(text)
        return
    print(("\n" if _open_line else "") + text, flush=True)
    _open_line = False


def redraw(text: str, width_before: int, last: bool) -> None:
    """Draw a line over the one drawn before it, which was `width_before` characters wide.

    Args:
        text: The new line.
        width_before: Characters to blank out.
        last: Whether the line is final.
    """
    global _open_line
    clear = "\x1b[K" if is_terminal() else " " * max(0, width_before - len(text))
    sys.stdout.write("\r" + text + clear + ("\n" if last else ""))
    sys.stdout.flush()
    _open_line = not last
