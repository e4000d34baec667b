"""How the C library treats memory that an engine has freed."""

from __future__ import annotations

import contextlib
import os
import sys


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
