"""``kerata upgrade``: programs and notebooks as files, the diff of them, and writing them in one stroke."""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from .rewrite import Left, Upgraded, upgrade

_CELL = "__kerata_cell_{}__"
_MARK = re.compile(r"^__kerata_cell_(\d+)__\n", re.MULTILINE)
_MAGIC = re.compile(r"^([ \t]*)([%!?].*|.*[^\s'\"#]\?{1,2})$", re.MULTILINE)
_HIDDEN = re.compile(r"^([ \t]*)pass  # kerata: (.*)$", re.MULTILINE)


class File(NamedTuple):
    """A file: its text before and after, and what is left in it."""

    path: Path
    before: str
    after: str
    left: list[str]


def run(files: list[str], write: bool, check: bool) -> int:
    """Show what changes in files, and change it if `write`.

    Args:
        files: Programs (``.py``) and notebooks (``.ipynb``).
        write: Write the files.
        check: End with 1 if a file would change.

    Returns:
        An exit status: 2 if a file could not be read, 1 if `check` and one would change, else 0.
    """
    status, changed = 0, 0
    for name in files:
        try:
            found = read(Path(name))
        except (OSError, ValueError) as e:
            _complain(f"{name}: {e}")
            status = 2
            continue
        _show(difference(found))
        for line in found.left:
            _complain(line)
        if found.after != found.before:
            changed += 1
            if write:
                replace(found.path, found.after)
    what = "changed" if write else "would change"
    print(
        f"{len(files)} {'file' if len(files) == 1 else 'files'}: {changed} {what}.", file=sys.stderr
    )
    return status or int(check and changed > 0)


def read(path: Path) -> File:
    """A file, and what becomes of it.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no text of UTF-8, or no notebook.
    """
    if path.is_dir():
        raise ValueError("is a folder; name the programs in it, such as folder/*.py")
    with open(path, encoding="utf-8", newline="") as f:
        before = f.read()
    if path.suffix == ".ipynb":
        after, left = notebook(before)
        return File(path, before, after, [f"{path}: {line}" for line in left])
    made = upgrade(before)
    return File(path, before, made.source, [f"{path}:{n}: {reason}" for n, reason in made.left])


# --- notebooks ----------------------------------------------------------------------------------


def notebook(text: str) -> tuple[str, list[str]]:
    """A notebook with its cells of code rewritten, and what is left by hand; outputs stay.

    The cells are read together, for one imports what others use. A cell that is no Python (``%%bash``,
    or a syntax error) stays as it is.

    Raises:
        ValueError: It is no notebook.
    """
    try:
        content = json.loads(text)
        cells = [c for c in content["cells"] if c["cell_type"] == "code"]
    except (KeyError, TypeError, json.JSONDecodeError) as e:
        raise ValueError(f"is no notebook of format 4 ({type(e).__name__}: {e})") from e
    sources = ["".join(c.get("source", "")) for c in cells]
    usable = [i for i, s in enumerate(sources) if _parses(s)]
    left = [
        f"cell {i + 1}: it is no Python that can be read, and is left alone"
        for i, s in enumerate(sources)
        if i not in usable and "keras" in s and not s.lstrip().startswith("%%")
    ]
    program = "".join(f"{_CELL.format(i)}\n{_hidden(sources[i])}\n" for i in usable)
    made = upgrade(program)
    parts = _MARK.split(made.source)
    # Imports that are needed besides may stand in front of the first cell.
    extra, after = parts[0], dict(zip(map(int, parts[1::2]), parts[2::2]))
    changed = False
    for n, i in enumerate(after):
        new = (extra if n == 0 else "") + _shown(after[i])[:-1]
        changed = _store(cells[i], sources[i], new) or changed
    left += [_in_cell(program, x) for x in made.left]
    return (_written(content, text) if changed else text), left


def _parses(source: str) -> bool:
    return not source.lstrip().startswith("%%") and _is_python(_hidden(source))


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _hidden(source: str) -> str:
    """A cell with its commands for the notebook (``%matplotlib``, ``!pip``) as statements that do nothing."""
    if _is_python(source):
        return source
    return _MAGIC.sub(r"\1pass  # kerata: \2", source)


def _shown(source: str) -> str:
    return _HIDDEN.sub(r"\1\2", source)


def _store(cell: dict[str, Any], before: str, after: str) -> bool:
    if before == after:
        return False
    as_list = isinstance(cell.get("source"), list)
    cell["source"] = after.splitlines(keepends=True) if as_list else after
    return True


def _in_cell(program: str, x: Left) -> str:
    lines = program.splitlines()[: x.line]
    starts = [i for i, line in enumerate(lines) if re.fullmatch(r"__kerata_cell_\d+__", line)]
    if not starts:
        return f"cell 1: {x.reason}"
    number = int(re.sub(r"\D", "", lines[starts[-1]]))
    return f"cell {number + 1}, line {x.line - starts[-1] - 1}: {x.reason}"


def _written(content: Any, text: str) -> str:
    first = re.search(r"\n( +)\S", text)
    out = json.dumps(content, indent=len(first[1]) if first else None, ensure_ascii=not _wide(text))
    return out + ("\n" if text.endswith("\n") else "")


def _wide(text: str) -> bool:
    """Whether a notebook writes letters beyond ASCII as they are."""
    return not text.isascii() or "\\u" not in text


# --- showing and writing --------------------------------------------------------------------------


def difference(found: File) -> str:
    """A unified diff of a file; empty where nothing changes."""
    before, after = found.before, found.after
    if found.path.suffix == ".ipynb":
        before, after = _cells(before), _cells(after)
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        str(found.path),
        str(found.path),
        "",
        "",
        lineterm="",
    )
    return "\n".join(lines)


def _cells(text: str) -> str:
    cells = json.loads(text)["cells"]
    codes = [c for c in cells if c["cell_type"] == "code"]
    return "\n".join(f"# cell {i + 1}\n{''.join(c.get('source', ''))}" for i, c in enumerate(codes))


def _show(diff: str) -> None:
    if not diff:
        return
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        try:
            from rich.console import Console
            from rich.syntax import Syntax
        except ImportError:
            pass
        else:
            Console().print(Syntax(diff, "diff", background_color="default", word_wrap=True))
            return
    print(diff)


def replace(path: Path, text: str) -> None:
    """Write a file in one stroke: it holds the old text or the new one, whatever happens."""
    path = path.resolve()
    mode = stat.S_IMODE(path.stat().st_mode)
    handle, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        os.chmod(made, mode)
        os.replace(made, path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


__all__ = ["File", "Upgraded", "difference", "notebook", "read", "replace", "run"]
