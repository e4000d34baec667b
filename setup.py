"""Builds the native kernels; everything else is in pyproject.toml.

A machine without a compiler installs Kerata without them; another than Linux on x86-64 has only those
for texts and for calls of ops.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CSRC = Path("src/kerata/kernels/csrc")
NATIVE = "kerata.kernels._native"
# These need neither oneDNN nor XLA.
OWN = {"kerata.kernels._text": CSRC / "text", "kerata.kernels._calls": CSRC / "calls"}
ONEDNN = "onednn-devel-cpu-gomp"
LIBRARY = "libdnnl.so.3"


def header_of_onednn() -> Path:
    """The folder of oneDNN's headers, of the package that the build requires."""
    for file in importlib.metadata.files(ONEDNN) or ():
        if file.name == "dnnl.hpp" and "oneapi" not in file.parts:
            return Path(str(file.locate())).resolve().parent
    raise FileNotFoundError(f"{ONEDNN} holds no dnnl.hpp")


def header_of_xla() -> Path:
    """The folder of the headers that jaxlib ships; jaxlib itself is not imported."""
    found = importlib.util.find_spec("jaxlib")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("jaxlib is not there")
    return Path(found.submodule_search_locations[0]) / "include"


class BuildKernels(build_ext):
    """Compiles the kernels, or says why it cannot and goes on without them."""

    def build_extension(self, ext: Extension) -> None:
        try:
            if ext.name in OWN:
                super().build_extension(ext)
                return
            if sys.platform != "linux" or platform.machine() != "x86_64":
                raise OSError("they are for Linux on x86-64")
            ext.include_dirs = [str(header_of_xla()), str(header_of_onednn())]
            with tempfile.TemporaryDirectory() as folder:
                ext.extra_link_args = ["-fopenmp", "-Wl,--no-as-needed", stand_in(Path(folder))]
                super().build_extension(ext)
        except Exception as e:  # whatever it is, Kerata works without kernels
            print(f"Kerata's native kernels {ext.name} were not built ({type(e).__name__}: {e}).")


def stand_in(folder: Path) -> str:
    """An empty library with the name of oneDNN's, which is found when Kerata runs."""
    source, out = folder / "empty.c", folder / LIBRARY
    source.write_text("")
    subprocess.run(
        ["gcc", "-shared", f"-Wl,-soname,{LIBRARY}", "-o", str(out), str(source)], check=True
    )
    return str(out)


def sources(folder: Path) -> dict[str, list[str]]:
    """The files of an extension, and those that it depends on."""
    return {
        "sources": sorted(str(p) for p in folder.glob("*.cc")),
        "depends": sorted(str(p) for p in folder.glob("*.h")),
    }


ARGUMENTS = (
    ["/std:c++17", "/O2"] if sys.platform == "win32" else ["-std=c++17", "-O3", "-w", "-pthread"]
)
setup(
    ext_modules=[
        Extension(
            NATIVE,
            language="c++",
            extra_compile_args=["-std=c++17", "-O3", "-fopenmp", "-w"],
            optional=True,
            **sources(CSRC),
        ),
        *(
            Extension(
                name, language="c++", extra_compile_args=ARGUMENTS, optional=True, **sources(folder)
            )
            for name, folder in OWN.items()
        ),
    ],
    cmdclass={"build_ext": BuildKernels},
)
