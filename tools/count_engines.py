"""Lines of each engine, and code that asks which engine runs: ``python tools/count_engines.py``.

A line counts if it holds code: blank lines, comments and docstrings do not. Code outside `engine/`
and `kernels/` must not depend on the engine: it may not import a tensor library, compare the name of
the engine with one, or ask for the objects of one library. What Kerata offers for one library only
(`ALLOWED`) is the exception; the tool exits with 1 if there is anything else.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "src" / "kerata"
ENGINES = ("jax", "torch", "tensorflow")
OWN = {"engine", "kernels"}

# Files that are about one library, and why.
ALLOWED = {
    "layers/native.py": "layers around functions, modules and files of one library",
    "utils/modules.py": "a model as a module of torch",
    "cli.py": "names the libraries that are installed",
    "utils/dataset.py": "hands data sets on to torch and TensorFlow",
    "legacy/foreign_functions.py": "tables of the functions of each library",
    "utils/dataset_split.py": "splits data sets of torch and TensorFlow, with any engine",
}


def code_lines(file: Path) -> int:
    """The number of lines with code on them."""
    source = file.read_text()
    lines: set[int] = set()
    skipped = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
        tokenize.ENCODING, tokenize.ENDMARKER,
    }  # fmt: skip
    with file.open("rb") as f:
        for token in tokenize.tokenize(f.readline):
            if token.type not in skipped:
                lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node, clean=False
        ):
            text = node.body[0]
            lines -= set(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return len(lines)


def files_of(engine: str) -> list[Path]:
    """The modules of an engine."""
    found = [ROOT / "engine" / f"{engine}.py", *sorted((ROOT / "engine").glob(f"{engine}_*.py"))]
    return [f for f in found if f.exists()]


def questions(file: Path) -> Iterator[tuple[int, str]]:
    """Where a file depends on the engine, and how."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names = [a.name.partition(".")[0] for a in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [(node.module or "").partition(".")[0]]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine."):
            yield node.lineno, f"imports {node.module}"
            continue
        elif isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called == "native" and node.args and _library(node.args[0]):
                yield node.lineno, f"asks for objects of {_library(node.args[0])}"
            continue
        elif isinstance(node, (ast.Compare, ast.Dict)):
            parts = node.keys if isinstance(node, ast.Dict) else [node.left, *node.comparators]
            flat = [p for part in parts for p in getattr(part, "elts", [part])]
            asked = [_library(p) for p in flat if _library(p)]
            # Paths and formats of files have such names, too.
            of_engine = isinstance(node, ast.Dict) or re.search("engine|backend", ast.unparse(node))
            if asked and of_engine:
                yield node.lineno, f"decides by the name {' or '.join(asked)}"
            continue
        else:
            continue
        for name in names:
            if name in {*ENGINES, "jaxlib", "flax"}:
                yield node.lineno, f"imports {name}"


def _library(node: ast.AST | None) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and value in ENGINES else ""


def leaks() -> list[str]:
    """Places outside the engines that depend on which one runs, without those allowed."""
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        name = file.relative_to(ROOT)
        if name.parts[0] not in OWN and str(name) not in ALLOWED:
            found += [f"{name}:{line} {what}" for line, what in questions(file)]
    return found


def main() -> int:
    """Print the counts and what was found; gives 1 where code asks which engine runs."""
    print("| engine | lines of code | of which core, control and compilation |")
    print("|---|---:|---:|")
    for engine in ENGINES:
        counts = {f.stem: code_lines(f) for f in files_of(engine)}
        ops = sum(n for name, n in counts.items() if name.endswith(("_ops", "_nn", "_rnn")))
        print(f"| {engine} | {sum(counts.values()):,} | {sum(counts.values()) - ops:,} |")
        for name, n in counts.items():
            print(f"|   `{name}.py` | {n:,} | |")
    total = sum(code_lines(f) for f in ROOT.rglob("*.py"))
    shared = total - sum(code_lines(f) for e in ENGINES for f in files_of(e))
    print(f"| code for all engines | {shared:,} | |\n")
    found = leaks()
    print("Code outside engine/ and kernels/ that asks which engine runs:", len(found))
    print("\n".join(found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
