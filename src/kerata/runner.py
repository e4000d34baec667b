"""``kerata run``: programs and notebooks for Keras of any era, unchanged."""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib.util
import json
import linecache
import os
import re
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .errors import InputError

__all__ = ["complain", "execute", "prepared", "run", "show_error"]


class Part(NamedTuple):
    """A piece of a program that runs as a whole: its text, and what tracebacks call it."""

    source: Any
    name: str


def run(script: str, arguments: list[str]) -> int:
    """Run a program or a notebook with ``keras`` and ``tf.keras`` given by Kerata.

    The era of the program is guessed from its source, and so is the engine, where neither
    ``KERATA_ENGINE`` nor ``KERAS_BACKEND`` is set: one that uses TensorFlow or PyTorch itself gets that.

    Args:
        script: A file of Python, or a notebook (``.ipynb``).
        arguments: What the program finds in ``sys.argv`` behind its name.

    Returns:
        An exit status: the program's own, or 1 if it failed.
    """
    try:
        body = prepared(script)
    except InputError as e:
        complain(str(e))
        return 2
    return execute(script, arguments, body)


def prepared(script: str) -> Callable[[dict[str, Any]], None]:
    """Read a program or a notebook, and let ``keras`` and ``tf.keras`` give Kerata from now on.

    Args:
        script: The file.

    Returns:
        What runs it in the names that `execute` gives.

    Raises:
        InputError: There is no such file, or it is no notebook.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "first.py"
    >>> _ = file.write_text("import keras\\nprint(keras.layers.Dense(3).units)")
    >>> execute(str(file), [], prepared(str(file)))
    3
    0
    >>> from kerata import compat; compat.uninstall()
    """
    path = Path(script)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"{script} {what}. Expected a Python program or a notebook (.ipynb).")
    try:
        parts = _notebook(path) if path.suffix == ".ipynb" else [Part(path.read_bytes(), script)]
    except ValueError as e:
        raise InputError(f"{script} is no notebook: {e}.") from e
    _prepare("\n".join(_text(p.source) for p in parts))
    shows = path.suffix == ".ipynb"
    return lambda space: _run_parts(parts, space, shows)


def _prepare(source: str) -> None:
    """Install the names, and choose what the program does not."""
    from . import compat
    from .legacy import guess

    libraries: set[str] = set()
    with contextlib.suppress(SyntaxError, ValueError):
        libraries = guess.libraries(ast.parse(source))
    _choose_engine(libraries, guess.backend_of(source))
    if sys.platform.startswith("linux") and "MPLBACKEND" not in os.environ:
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            os.environ["MPLBACKEND"] = "Agg"
            warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
    compat.install(guess.era_of(source))
    compat.tell_tensorflow(guess.is_tensorflow(source))


def _choose_engine(libraries: set[str], own: str | None) -> None:
    """Choose by the libraries that a program uses, unless somebody has chosen.

    Args:
        libraries: Their names.
        own: What the program itself writes into ``KERAS_BACKEND``.
    """
    from . import config

    given = os.environ.get("KERATA_ENGINE") or os.environ.get("KERAS_BACKEND")
    if given or config._settings["engine"] is not None:
        return
    if own is not None and own in config._ENGINES and importlib.util.find_spec(own) is not None:
        return  # it is read when the program has written it
    for name in ("jax", "tensorflow", "torch"):
        if name in libraries and importlib.util.find_spec(name) is not None:
            # The program's own processes are to have it, too.
            os.environ["KERATA_ENGINE"] = name
            return
    if own is not None:  # Theano, or one that is not installed: not what it would be read as
        config.backend()


def execute(script: str, arguments: list[str], body: Callable[[dict[str, Any]], None]) -> int:
    """Run a program as Python itself does: as ``__main__``, with its arguments and its folder.

    Args:
        script: The program's file.
        arguments: What it finds in ``sys.argv`` behind that.
        body: Called with the names of ``__main__``.

    Returns:
        An exit status.
    """
    argv, main, folder = sys.argv, sys.modules["__main__"], str(Path(script).resolve().parent)
    space = types.ModuleType("__main__")
    space.__dict__.update(__file__=script, __builtins__=builtins)
    sys.argv, sys.modules["__main__"] = [script, *arguments], space
    sys.path.insert(0, folder)
    status = 0
    try:
        body(space.__dict__)
    except SystemExit as e:
        status = e.code if isinstance(e.code, int) else int(e.code is not None)
        if isinstance(e.code, str):
            complain(e.code)
    except KeyboardInterrupt:
        complain("Interrupted.")
        status = 130
    except BaseException as e:
        show_error(e, script)
        status = 1
    finally:
        sys.argv, sys.modules["__main__"] = argv, main
        if folder in sys.path:
            sys.path.remove(folder)
    return status


def _run_parts(parts: list[Part], space: dict[str, Any], shows: bool) -> None:
    from .legacy.numpy_names import given_back

    if shows:
        space["display"] = _display
    with given_back():
        for part in parts:
            for code, shown in _compiled(part, shows):
                value = eval(code, space)
                if shown and value is not None:
                    _display(value)


def _compiled(part: Part, shows: bool) -> Iterator[tuple[Any, bool]]:
    """The code of a part, and of a cell's last expression, whose value a notebook shows."""
    tree = compile(part.source, part.name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    last = tree.body[-1] if shows and tree.body else None
    hidden = _text(part.source).rstrip().endswith(";")
    if not isinstance(last, ast.Expr) or hidden:
        yield compile(tree, part.name, "exec", dont_inherit=True), False
        return
    tree.body.pop()
    yield compile(tree, part.name, "exec", dont_inherit=True), False
    yield compile(ast.Expression(last.value), part.name, "eval", dont_inherit=True), True


def _display(*values: Any) -> None:
    for value in values:
        print(value if isinstance(value, str) else repr(value))


# --- notebooks ----------------------------------------------------------------------------------

_IGNORED = frozenset(
    "matplotlib config load_ext reload_ext autoreload pylab time timeit capture".split()
)
_COMMAND = re.compile(r"^(\s*)(?:[\w., ]+=\s*)?[!%](?!=)")


def _notebook(path: Path) -> list[Part]:
    """The cells of code of a notebook, without what is not Python."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))
        cells = cells["cells"] if "cells" in cells else cells["worksheets"][0]["cells"]
    except (UnicodeDecodeError, json.JSONDecodeError, LookupError, TypeError) as e:
        raise ValueError(str(e) or type(e).__name__) from e
    parts: list[Part] = []
    skipped: list[str] = []
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        text, left = _python(source if isinstance(source, str) else "".join(source))
        skipped += left
        name = f"{path.name} [cell {len(parts) + 1}]"
        # So that tracebacks show the lines.
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        parts.append(Part(text, name))
    for line in skipped:
        complain(f"kerata: not run, as it is no Python: {line}")
    return parts


def _python(text: str) -> tuple[str, list[str]]:
    """A cell without commands of the notebook: its text, and what was left out but for harmless magic.

    >>> _python("%matplotlib inline\\n!pip install keras\\nx = 5 % 2")
    ('pass\\npass\\nx = 5 % 2', ['!pip install keras'])
    """
    with contextlib.suppress(SyntaxError, ValueError):
        ast.parse(text)
        return text, []
    first = text.lstrip().partition("\n")[0]
    if first.startswith("%%"):
        rest = text.lstrip().partition("\n")[2]
        if first[2:].split()[0] in _IGNORED:
            return _python(rest)
        return "pass", [f"{first} ..."]
    lines, skipped = [], []
    for line in text.split("\n"):
        found = _COMMAND.match(line)
        question = re.fullmatch(r"\s*\??\??[\w.]+\s*\?{1,2}\s*", line) if "?" in line else None
        if found is None and question is None:
            lines.append(line)
            continue
        lines.append(f"{line[: len(line) - len(line.lstrip())]}pass")
        word = line.strip().lstrip("%").split()
        if not (line.strip().startswith("%") and word and word[0] in _IGNORED):
            skipped.append(line.strip())
    return "\n".join(lines), skipped


def _text(source: Any) -> str:
    return source.decode("utf-8", "replace") if isinstance(source, bytes) else source


# --- errors -------------------------------------------------------------------------------------


def complain(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr)


def show_error(error: BaseException, script: str) -> None:
    """The traceback of an error in a program, from the program on."""
    trace = error.__traceback__
    front = (script, f"{Path(script).name} [cell")
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(front):
        trace = trace.tb_next
    # There is none where the program could not even be read.
    traceback.print_exception(type(error), error, trace)
    if isinstance(error, SyntaxError) and "print" in (error.msg or ""):
        complain(
            f"{script} is a program for Python 2. `2to3 -w {script}` or `modernize -w {script}` translates "
            "most such programs."
        )
