"""Native kernels for CPUs: oneDNN and own loops, called by XLA from inside compiled JAX programs.

They take the place of XLA's own code where that is slow (convolution, pooling, recurrent nets, matrix
products, softmax, embeddings, random bits), on Linux on x86-64 where the package was built with a compiler.
``KERATA_KERNELS=0`` turns them off. Without them, and for dtypes and devices that they do not serve,
XLA computes the same.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
import os
import platform
import sys
import threading
from pathlib import Path

from .. import config

_TARGETS = (
    "kerata_conv",
    "kerata_conv_input",
    "kerata_conv_kernel",
    "kerata_pool_max",
    "kerata_pool_take",
    "kerata_pool_put",
    "kerata_pool_mean",
    "kerata_pool_spread",
    "kerata_lstm",
    "kerata_lstm_back",
    "kerata_gru",
    "kerata_gru_back",
    "kerata_rnn",
    "kerata_rnn_back",
    "kerata_product",
    "kerata_bits",
    "kerata_bernoulli",
    "kerata_softmax",
    "kerata_softmax_move",
    "kerata_rows",
    "kerata_rows_added",
    "kerata_rows_picked",
)
# With fewer multiplications (of a product) or elements (of a softmax, of rows) XLA's own code, which runs in line,
# is done before a call begins.
FEWEST_MULTIPLICATIONS = 1 << 15
FEWEST_ELEMENTS = 1 << 14
_PACKAGE = "onednn-cpu-gomp"
_LIBRARY = "libdnnl.so.3"
_OLDEST = (3, 2)

_lock = threading.Lock()


def ready() -> bool:
    """Whether the kernels are there and turned on; loads them at the first call."""
    return not why_not()


def why_not() -> str:
    """Why there are no kernels, in a few words; empty if there are."""
    if config.backend() != "jax":
        return f"they serve the engine 'jax', this is {config.backend()!r}"
    if os.environ.get("KERATA_KERNELS") == "0":
        return "KERATA_KERNELS=0 turns them off"
    with _lock:
        return _load()


@functools.cache
def computes_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; where it does not, oneDNN would imitate it."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


@functools.cache
def _load() -> str:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return f"they are for Linux on x86-64, this is {platform.system()} on {platform.machine()}"
    import jax

    if jax.default_backend() != "cpu":
        return f"JAX computes on {jax.default_backend()}"
    built = sorted(Path(__file__).parent.glob("_native*.so"))
    if not built:
        return "they were not built: install Kerata again where there is a compiler (g++)"
    # Threads that wait for work must not take processors from XLA's.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        onednn = ctypes.CDLL(_onednn())
        version = _version(onednn)
        if version < _OLDEST:
            return f"oneDNN is {'.'.join(map(str, version))}, expected {'.'.join(map(str, _OLDEST))} or newer"
        library = ctypes.CDLL(str(built[0]))
        for name in _TARGETS:
            jax.ffi.register_ffi_target(
                name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu"
            )
    except (OSError, AttributeError) as e:
        return f"they cannot be loaded: {e}"
    return ""


def _onednn() -> str:
    """Path of oneDNN's library."""
    try:
        for file in importlib.metadata.files(_PACKAGE) or ():
            if file.name == _LIBRARY:
                return str(Path(str(file.locate())).resolve())
    except importlib.metadata.PackageNotFoundError:
        pass
    return _LIBRARY  # for the system to find


class _Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_int), ("minor", ctypes.c_int)]  # and more behind them


def _version(onednn: ctypes.CDLL) -> tuple[int, int]:
    onednn.dnnl_version.restype = ctypes.POINTER(_Version)
    found = onednn.dnnl_version().contents
    return found.major, found.minor
