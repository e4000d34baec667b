"""How the C library treats memory that an engine has freed, and how much of it Linux lets a process map."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path


def keep_freed_memory() -> None:
    """Let the C library keep large blocks that were freed, up to 2 GiB, for the next ones.

    By default it gives each back to the system and asks for it anew, page by page: a program's
    working memory at every call, a data set at every `fit`. On a CPU that costs as much as the
    computation. ``KERATA_MALLOC=0`` leaves the library's own rule in place.
    """
    if not sys.platform.startswith("linux") or os.environ.get("KERATA_MALLOC") == "0":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        mallopt = ctypes.CDLL(None).mallopt
        trim_threshold, mmap_max, arena_max = -1, -4, -8
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(mmap_max, 0)
        # Threads get heaps of their own by default, which are given back however large the threshold.
        mallopt(arena_max, 1)


# Of the maps that Linux allows a process.
_MOST_MAPS = 0.6


def has_too_many_maps() -> bool:
    """Whether this process has used most of the memory maps that Linux allows it.

    Each compiled program has some of its own. Where there are no more, LLVM crashes.

    >>> has_too_many_maps()
    False
    """
    try:
        allowed = int(Path("/proc/sys/vm/max_map_count").read_text())
        return Path("/proc/self/maps").read_bytes().count(b"\n") > _MOST_MAPS * allowed
    except (OSError, ValueError):  # another system
        return False
