"""Imports of a program, and the names that it calls Keras by."""

from __future__ import annotations

from typing import Any

import libcst as cst

from .facts import Facts, dotted
from .targets import Target, path_of, target, why_not

# What a module of Kerata is called where the program has no name for it.
_LOCAL = {"legacy.backend": "legacy_backend"}


class Imports:
    """Imports as they will be.

    Args:
        facts: Facts of the program.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.left: set[tuple[int, str]] = set()
        self.bindings: dict[str, str] = {}  # local name: the path in Kerata that it will stand for
        self.renamed: dict[
            str, str
        ] = {}  # local name of an imported class or function: the new one
        self.old: dict[str, str] = {}  # local name: its path in Keras
        self.needed: dict[str, set[str]] = {}  # module: names to import from it besides
        self.root: str | None = None  # what the package is called in this program
        self.needs_root = False

    # --- reading -----------------------------------------------------------------------------------

    def reader(self) -> cst.CSTVisitor:
        """A visitor that reads the program's imports."""
        imports = self

        class Reader(cst.CSTVisitor):
            def visit_Import(self, node: cst.Import) -> None:
                for item in node.names:
                    imports._read_import(item)

            def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
                imports._read_from(node)

            def leave_Module(self, original_node: cst.Module) -> None:
                imports._choose_root()

        return Reader()

    def _read_import(self, item: cst.ImportAlias) -> None:
        name = dotted(item.name) or ""
        path = path_of(name)
        if path is None:
            return
        local = item.evaluated_alias
        if local is None:
            if name.partition(".")[0] in ("keras", "kerata"):
                self.bindings[name.partition(".")[0]] = "kerata"
            return
        self._bind_module(local, path)

    def _bind_module(self, local: str, path: str) -> None:
        found = target(path)
        if found is not None:
            self.old[local] = path
            self.bindings[local] = found.full

    def _read_from(self, node: cst.ImportFrom) -> None:
        above = module_of(node)
        if above is None or isinstance(node.names, cst.ImportStar):
            return
        for item in node.names:
            name, local = item.evaluated_name, item.evaluated_alias or item.evaluated_name
            path = path_of(f"{above}.{name}")
            if path is None:
                continue
            found = target(path)
            if found is None:
                continue
            self.old[local] = path
            if not found.name:
                if (
                    item.evaluated_alias is None
                    and found.place.rpartition(".")[2] != name
                    and found.place
                ):
                    continue  # np_utils.f becomes keras.utils.f
                self.bindings[local] = found.full
            elif found.place != "legacy.backend":
                self.bindings[local] = found.full
                self.renamed[local] = self._new_local(local, item, found)

    def _new_local(self, local: str, item: cst.ImportAlias, found: Target) -> str:
        if item.evaluated_alias is not None or found.name == local:
            return local
        other = self.old.get(found.name)
        taken = self.facts.bound.get(found.name, 0)
        if taken and (other is None or target(other) != found) and not self._imported_too(found):
            return local
        return found.name

    def _imported_too(self, found: Target) -> bool:
        return self.bindings.get(found.name) == found.full

    def _choose_root(self) -> None:
        own = [k for k, v in self.bindings.items() if v == "kerata"]
        if own:
            self.root = own[0]
        else:
            self.root = "kerata" if self.facts.bound.get("keras") else "keras"

    def is_module(self, local: str) -> bool:
        """Whether a name of the program stands for a module, which keeps the name."""
        path = self.old.get(local)
        if local in self.bindings and local not in self.renamed:
            return True
        found = target(path) if path is not None else None
        return local in ("keras", "tf_keras", "tensorflow", "tf") or (
            found is not None and not found.name
        )

    # --- references --------------------------------------------------------------------------------

    def refer(self, found: Target, node: cst.BaseExpression | None = None) -> cst.BaseExpression:
        """An expression for a name of Kerata.

        Args:
            found: The name.
            node: The expression of old, which may begin with a name that still serves.
        """
        local = (dotted(node) or "").partition(".")[0] if node is not None else ""
        base = self.bindings.get(local)
        if local in self.renamed and base is not None:
            return _chain(self.renamed[local], found.full[len(base) + 1 :])
        if base == found.full:
            return _chain(local, "")
        if (
            base is not None
            and found.full.startswith(f"{base}.")
            and not found.place.startswith("legacy")
        ):
            return _chain(local, found.full[len(base) + 1 :])
        stars = [target(s) for s in self.facts.stars]
        if node is not None and not self.facts.bound.get(local):
            if any(s is not None and s.full == found.module for s in stars):
                return _chain(found.name, found.rest)
        if found.place.startswith("legacy"):
            return self._legacy(found)
        for name, path in self.bindings.items():
            if path == found.module and found.place and name not in self.renamed:
                return _chain(name, f"{found.name}.{found.rest}".strip("."))
        self.needs_root = self.needs_root or self.root not in self.bindings
        return _chain(str(self.root), found.full[len("kerata.") :])

    def _legacy(self, found: Target) -> cst.BaseExpression:
        rest = f".{found.rest}" if found.rest else ""
        if found.place in _LOCAL or not found.name:
            above, _, name = found.module.rpartition(".")
            local = _LOCAL.get(found.place, name)
            alias = name if local == name else f"{name} as {local}"
            if self.bindings.get(local) != found.module:
                self.needed.setdefault(above, set()).add(alias)
            return _chain(local, f"{found.name}{rest}".strip("."))
        local = found.name
        if self.bindings.get(local) != found.full:
            taken = self.facts.bound.get(local, 0) and local not in self.old
            local = f"legacy_{local}" if taken else local
            self.needed.setdefault(found.module, set()).add(
                found.name if local == found.name else f"{found.name} as {local}"
            )
        return _chain(local, found.rest)

    # --- writing -----------------------------------------------------------------------------------

    def rewrite(self, module: cst.Module) -> cst.Module:
        """The program with its imports rewritten; its names have been."""
        used = _used(module)
        writer = _Writer(self, used)
        out = module.visit(writer)
        assert isinstance(out, cst.Module)
        lines = self._needed_lines(_used(out))
        if not lines:
            return out
        body = list(out.body)
        at = next((i for i, s in enumerate(body) if _imports_kerata(s)), None)
        if at is None:
            at = _behind_head(body)
        found = [cst.parse_statement(f"{line}\n") for line in lines]
        if at < len(body) and body[at].leading_lines:
            found[0] = found[0].with_changes(leading_lines=body[at].leading_lines)
            body[at] = body[at].with_changes(leading_lines=[])
        have = {cst.Module([s]).code.strip() for s in body}
        found = [s for s in found if cst.Module([s]).code.strip() not in have]
        return out.with_changes(body=[*body[:at], *found, *body[at:]])

    def _needed_lines(self, used: dict[str, int]) -> list[str]:
        lines = []
        if self.needs_root and used.get(str(self.root)):
            lines.append(
                "import kerata" if self.root == "kerata" else f"import kerata as {self.root}"
            )
        for module in sorted(self.needed):
            names = sorted(n for n in self.needed[module] if used.get(n.rpartition(" ")[2]))
            if module and names:
                lines.append(f"from {module} import {', '.join(names)}")
        if "" in self.needed:
            lines += sorted(self.needed[""])
        return lines

    def renames(self, node: cst.ImportFrom) -> bool:
        """Whether a statement that imports from Kerata has a name of old in it."""
        above = module_of(node)
        if isinstance(node.names, cst.ImportStar):
            return False
        for item in node.names:
            found = target(path_of(f"{above}.{item.evaluated_name}") or "")
            if found is not None and found.full != f"{above}.{item.evaluated_name}":
                return True
        return False

    def need_numpy(self) -> str:
        """What NumPy is called in the program, which will import it."""
        if self.facts.numpy is None:
            self.needed.setdefault("", set()).add("import numpy as np")
        return self.facts.numpy or "np"


def module_of(node: cst.ImportFrom) -> str | None:
    """The module of ``from ... import``, ``None`` of a relative one."""
    return dotted(node.module) if node.module is not None and not node.relative else None


def _chain(name: str, rest: str) -> Any:
    return cst.parse_expression(f"{name}.{rest}" if rest else name)


def _used(module: cst.Module) -> dict[str, int]:
    class Counter(cst.CSTVisitor):
        def __init__(self) -> None:
            super().__init__()
            self.found: dict[str, int] = {}

        def visit_Import(self, node: cst.Import) -> bool:
            return False

        def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
            return False

        def visit_Attribute(self, node: cst.Attribute) -> bool:
            node.value.visit(self)
            return False

        def visit_Arg(self, node: cst.Arg) -> bool:
            node.value.visit(self)
            return False

        def visit_Name(self, node: cst.Name) -> None:
            self.found[node.value] = self.found.get(node.value, 0) + 1

    counter = Counter()
    module.visit(counter)
    return counter.found


def _imports_kerata(statement: Any) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and any(
        isinstance(s, (cst.Import, cst.ImportFrom)) and "kerata" in cst.Module([]).code_for_node(s)
        for s in statement.body
    )


def _behind_head(body: list[Any]) -> int:
    at = 0
    for i, s in enumerate(body):
        text = cst.Module([s]).code.lstrip()
        if text.startswith("from __future__") or (
            i == 0 and text.startswith(('"', "'", 'r"', "#"))
        ):
            at = i + 1
        else:
            break
    return at


class _Writer(cst.CSTTransformer):
    """Writes import statements, and takes away those that nothing needs any more."""

    def __init__(self, imports: Imports, used: dict[str, int]) -> None:
        super().__init__()
        self.imports, self.used = imports, used

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return updated_node.with_changes(body=self._lines(updated_node.body, False))

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        return updated_node.with_changes(body=self._lines(updated_node.body, True))

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.SimpleStatementSuite:
        parts, changed = self._parts(updated_node.body)
        if not changed:
            return updated_node
        found: Any = cst.parse_statement("; ".join(parts or ["pass"]) + "\n")
        return updated_node.with_changes(body=found.body)

    def _lines(self, body: Any, block: bool) -> list[Any]:
        out: list[Any] = []
        waiting: list[cst.EmptyLine] = []
        for line in body:
            made = self._line(line)
            if not made:
                waiting += [x for x in line.leading_lines]
                comment = line.trailing_whitespace.comment
                if comment is not None:
                    waiting.append(cst.EmptyLine(comment=comment))
                continue
            if len(made) == 1 and _text(made[0]) in {_text(x) for x in out if made[0] is not line}:
                waiting += made[0].leading_lines
                continue
            if waiting:
                made[0] = made[0].with_changes(leading_lines=[*waiting, *made[0].leading_lines])
                waiting = []
            out += made
        if block and not out:
            out = [cst.parse_statement("pass\n")]
        return out

    def _line(self, line: Any) -> list[Any]:
        if not isinstance(line, cst.SimpleStatementLine):
            return [line]
        parts, changed = self._parts(line.body)
        if not changed:
            return [line]
        found: list[Any] = [cst.parse_statement(f"{p}\n") for p in parts]
        if found:
            found[0] = found[0].with_changes(leading_lines=line.leading_lines)
            found[-1] = found[-1].with_changes(trailing_whitespace=line.trailing_whitespace)
        return found

    def _parts(self, statements: Any) -> tuple[list[str], bool]:
        """Texts of small statements as they will be, and whether one changes."""
        parts: list[str] = []
        changed = False
        for small in statements:
            made = self._statement(small)
            changed = changed or made is not None
            parts += [cst.Module([]).code_for_node(small).rstrip("; ")] if made is None else made
        return parts, changed

    def _statement(self, node: Any) -> list[str] | None:
        if isinstance(node, cst.Import):
            return self._import(node)
        if isinstance(node, cst.ImportFrom):
            return self._from(node)
        return None

    def _gone(self, local: str) -> bool:
        return bool(self.imports.facts.used.get(local)) and not self.used.get(local)

    def _import(self, node: cst.Import) -> list[str] | None:
        out, changed = [], False
        for item in node.names:
            made = self._import_item(item)
            text = cst.Module([]).code_for_node(item).rstrip(", ")
            changed = changed or made is not None
            out += [f"import {text}"] if made is None else made
        return out if changed else None

    def _import_item(self, item: cst.ImportAlias) -> list[str] | None:
        name = dotted(item.name) or ""
        local = item.evaluated_alias
        if name == "tensorflow":
            return [] if self._gone(local or name) else None
        path = path_of(name)
        if path is None or (name == "kerata" or name.startswith("kerata.")):
            return None
        if local is None:
            above = name.partition(".")[0]
            if above == "keras":
                return ["import kerata as keras"]
            return [f"import {above}"] if self.used.get(above) and above == "tensorflow" else []
        found = target(path)
        if found is None:
            return None
        if self._gone(local):
            return []
        return [_spelled(found, local)]

    def _from(self, node: cst.ImportFrom) -> list[str] | None:
        above = module_of(node)
        if above is None or not self._is_keras(above, node):
            return None
        if isinstance(node.names, cst.ImportStar):
            found = target(path_of(above) or "")
            return None if found is None else [f"from {found.full} import *"]
        made: dict[str, list[str]] = {}
        rest: list[str] = []
        for item in node.names:
            self._from_item(above, item, made, rest)
        lines = [
            f"from {m} import {', '.join(dict.fromkeys(n))}" if m else n[0] for m, n in made.items()
        ]
        if len(lines) == 1 and not rest and len(node.names) == len(next(iter(made.values()))):
            lines = [_same_layout(node, lines[0], above)]
        if rest:
            lines.append(f"from {above} import {', '.join(rest)}")
        return lines

    def _is_keras(self, above: str, node: cst.ImportFrom) -> bool:
        if above.partition(".")[0] == "kerata" and not self.imports.renames(node):
            return False
        items = () if isinstance(node.names, cst.ImportStar) else node.names
        return path_of(above) is not None or any(
            path_of(f"{above}.{i.evaluated_name}") is not None for i in items
        )

    def _from_item(
        self, above: str, item: cst.ImportAlias, made: dict[str, list[str]], rest: list[str]
    ) -> None:
        imports = self.imports
        name, alias = item.evaluated_name, item.evaluated_alias
        local = alias or name
        path = path_of(f"{above}.{name}")
        found = target(path) if path is not None else None
        if path is None or found is None:
            rest.append(f"{name} as {alias}" if alias else name)
            if path is not None:
                imports.left.add((imports.facts.lines.get(f"{above}.{name}", 1), why_not(path)))
            return
        if not found.name:
            if not self._gone(local) and not found.place:
                made[""] = [_spelled(found, local)]
            elif not self._gone(local):
                module, _, last = found.full.rpartition(".")
                made.setdefault(module, []).append(last if last == local else f"{last} as {local}")
            return
        new = imports.renamed.get(local, local)
        if self._gone(local) and not self.used.get(new):
            return
        made.setdefault(found.module, []).append(
            found.name if found.name == new else f"{found.name} as {new}"
        )


def _same_layout(node: cst.ImportFrom, line: str, above: str) -> str:
    """The statement as it stood, in parentheses over several lines perhaps, where only names change."""
    text = cst.Module([]).code_for_node(node)
    if "(" not in text or not isinstance(node.names, (tuple, list)):
        return line
    head, _, names = line.partition(" import ")
    out = text.replace(f"from {above} import", f"{head} import", 1)
    for item, new in zip(node.names, names.split(", ")):
        old = cst.Module([]).code_for_node(item.with_changes(comma=cst.MaybeSentinel.DEFAULT))
        if old != new:
            return line
    return out


def _spelled(found: Target, local: str) -> str:
    if not found.place:
        return "import kerata" if local == "kerata" else f"import kerata as {local}"
    above, _, last = found.full.rpartition(".")
    return f"from {above} import {last}" + ("" if last == local else f" as {local}")


def _text(line: Any) -> str:
    if not _imports_kerata(line):
        return str(id(line))
    return cst.Module([]).code_for_node(line.with_changes(leading_lines=[])).strip()
