"""Native functions that Python calls itself, through ctypes: they serve every engine and release the GIL."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import sys
from pathlib import Path
from typing import Any


def function(name: str) -> Any:
    """The C function of this name, or ``None`` where the kernels were not built or are turned off."""
    if os.environ.get("KERATA_KERNELS") == "0":
        return None
    library = _library()
    return None if library is None else getattr(library, name, None)


@functools.cache
def _library() -> ctypes.CDLL | None:
    from . import _onednn

    built = sorted(Path(__file__).parent.glob("_native*.so"))
    if not built or sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        ctypes.CDLL(
            _onednn()
        )  # the kernels are linked against it, and it is not where the system looks
        return ctypes.CDLL(str(built[0]))
    except OSError:
        return None
