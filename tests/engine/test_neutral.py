"""No code outside the engines asks which one runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "count_engines.py"


def load():
    spec = importlib.util.spec_from_file_location("count_engines", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_asks_for_the_engine():
    assert load().leaks() == []


def test_what_the_tool_finds(tmp_path):
    file = tmp_path / "layer.py"
    file.write_text(
        "import jax.numpy as jnp\n"
        "from torch import nn\n"
        "from ..engine.torch import here\n"
        "if engine().name == 'torch': pass\n"
        "if config.backend() in ('jax', 'torch'): pass\n"
        "native('tensorflow', 'x')\n"
        "table = {'jax': 1}\n"
        "if module == 'tensorflow': pass\n"  # the name of a package in a file, not of the engine
        "import numpy\n"
    )
    assert [line for line, _ in load().questions(file)] == [1, 2, 3, 4, 5, 6, 7]


def test_lines_of_code(tmp_path):
    file = tmp_path / "f.py"
    file.write_text(
        '"""Doc.\n\nMore."""\n\n# comment\nx = [\n    1,\n]\n\n\ndef f():\n    """Doc."""\n    return x\n'
    )
    assert load().code_lines(file) == 5
