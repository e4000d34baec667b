"""What a program's text tells before it is rewritten: constants, models, data, metrics, imports."""

from __future__ import annotations

import builtins
from typing import Any

import libcst as cst
from libcst import metadata

from .targets import path_of
from .values import code, literal

_BUILT_IN = frozenset(dir(builtins))
_MODELS = frozenset("Sequential Model load_model model_from_json clone_model".split())


def dotted(node: cst.BaseExpression | None) -> str | None:
    """``a.b.c`` of a chain of names, ``None`` of anything else.

    >>> dotted(cst.parse_expression("a.b.c")), dotted(cst.parse_expression("a().b"))
    ('a.b.c', None)
    """
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        above = dotted(node.value)
        return above and f"{above}.{node.attr.value}"
    return None


class Facts(cst.CSTVisitor):
    """Facts of one program.

    Attributes:
        constants: Values of names that are bound once, to a literal.
        models: Names (``model``, ``self.model``) of models.
        last: By name of a model, its last layer's ``(units, activation)`` where these are seen.
        flows: Names of data that know their batch size.
        histories: Names of ``history.history``.
        keys: Texts in ``metrics=[...]``.
        stars: Paths of ``from ... import *`` of Keras.
        bound: Every name that the program binds, and how often.
        used: Every name that it reads, and how often.
        tensorflow: What TensorFlow itself is called.
        numpy: What NumPy is called.
        callbacks: Names of classes that it calls.
    """

    METADATA_DEPENDENCIES = (metadata.QualifiedNameProvider, metadata.PositionProvider)

    def __init__(self) -> None:
        super().__init__()
        self.constants: dict[str, Any] = {}
        self.models: set[str] = set()
        self.last: dict[str, tuple[Any, Any]] = {}
        self.flows: set[str] = set()
        self.histories: set[str] = set()
        self.keys: set[str] = set()
        self.stars: list[str] = []
        self.bound: dict[str, int] = {}
        self.used: dict[str, int] = {}
        self.callbacks: set[str] = set()
        self.numpy: str | None = None
        self.lines: dict[str, int] = {}  # imported name with its module: its line

    # --- names -------------------------------------------------------------------------------------

    def visit_Import(self, node: cst.Import) -> bool:
        for item in node.names:
            name = dotted(item.name) or ""
            local = item.evaluated_alias or name.partition(".")[0]
            self._bind(local)
            if name == "numpy":
                self.numpy = local
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        module = dotted(node.module) if node.module is not None and not node.relative else None
        if isinstance(node.names, cst.ImportStar):
            path = path_of(module) if module else None
            if path is not None:
                self.stars.append(path)
            return False
        line = self.get_metadata(metadata.PositionProvider, node).start.line
        for item in node.names:
            self._bind(item.evaluated_alias or item.evaluated_name)
            self.lines[f"{module}.{item.evaluated_name}"] = line
        return False

    def _bind(self, name: str) -> None:
        self.bound[name] = self.bound.get(name, 0) + 1

    def visit_Name(self, node: cst.Name) -> None:
        self.used[node.value] = self.used.get(node.value, 0) + 1

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        if node.keyword is not None and node.keyword.value in ("metrics", "weighted_metrics"):
            self._note_metrics(node.value)
        node.value.visit(self)
        return False

    def _note_metrics(self, node: cst.BaseExpression) -> None:
        try:
            found = literal(node)
        except ValueError:
            return
        for k in found if isinstance(found, (list, tuple)) else [found]:
            if isinstance(k, str):
                self.keys.add(k)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._bind(node.name.value)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self._bind(node.name.value)

    def visit_Param(self, node: cst.Param) -> None:
        self._bind(node.name.value)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._bind(dotted(node.target) or "")

    def visit_For(self, node: cst.For) -> None:
        self._bind_all(node.target)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self._bind_all(node.target)

    def visit_WithItem(self, node: cst.WithItem) -> None:
        if node.asname is not None:
            self._bind_all(node.asname.name)

    def _bind_all(self, target: cst.BaseExpression) -> None:
        if isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                self._bind_all(element.value)
        else:
            self._bind(dotted(target) or "")

    # --- values ------------------------------------------------------------------------------------

    def visit_Assign(self, node: cst.Assign) -> None:
        for t in node.targets:
            self._bind_all(t.target)
            name = dotted(t.target)
            if name is not None:
                self._value(name, node.value)

    def _value(self, name: str, value: cst.BaseExpression) -> None:
        try:
            self.constants[name] = literal(value)
        except ValueError:
            self.constants.pop(name, None)
        if isinstance(value, cst.Attribute) and value.attr.value == "history":
            self.histories.add(name)
        if not isinstance(value, cst.Call):
            return
        called = self.path(value.func) or ""
        last = called.rpartition(".")[2]
        if called and last in _MODELS:
            self.models.add(name)
            if last == "Sequential" and value.args and isinstance(value.args[0].value, cst.List):
                for e in value.args[0].value.elements[-1:]:
                    self._last_layer(name, e.value)
        if isinstance(value.func, cst.Attribute) and value.func.attr.value.startswith("flow"):
            self.flows.add(name)

    def visit_Call(self, node: cst.Call) -> None:
        path = self.path(node.func)
        if path:
            self.callbacks.add(path.rpartition(".")[2])
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "add" and node.args:
            name = dotted(node.func.value)
            if name in self.models:
                self._last_layer(name, node.args[0].value)
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "compile":
            if len(node.args) > 2 and all(a.keyword is None for a in node.args[:3]):
                self._note_metrics(node.args[2].value)

    def _last_layer(self, model: str, node: cst.BaseExpression) -> None:
        if not isinstance(node, cst.Call):
            self.last.pop(model, None)
            return
        name = (dotted(node.func) or "").rpartition(".")[2]
        given = {a.keyword.value: a.value for a in node.args if a.keyword is not None}
        by_place = [a.value for a in node.args if a.keyword is None]
        if name == "Activation" and by_place:
            units = self.last.get(model, (None,))[0]
            self.last[model] = (units, self._known(by_place[0]))
        elif name == "Dense":
            units = (
                given.get("units") or given.get("output_dim") or (by_place[0] if by_place else None)
            )
            act = given.get("activation") or (by_place[1] if len(by_place) > 1 else None)
            self.last[model] = (self._known(units), self._known(act))
        elif name not in ("Dropout", "Reshape", "Flatten"):
            self.last.pop(model, None)

    def _known(self, node: cst.BaseExpression | None) -> Any:
        if node is None:
            return None
        try:
            return literal(node)
        except ValueError:
            return self.constants.get(code(node))

    def path(self, node: cst.CSTNode) -> str | None:
        """The path within Keras that an expression names, ``None`` if it names none."""
        name = dotted(node) if isinstance(node, (cst.Name, cst.Attribute)) else None
        if name is None:
            return None  # of a call libcst would give the name of what is called
        try:
            found = self.get_metadata(metadata.QualifiedNameProvider, node, None)
        except KeyError:
            return None
        if callable(found):
            found = found()
        for q in sorted(found or (), key=lambda q: q.name):
            if q.source is metadata.QualifiedNameSource.IMPORT:
                path = path_of(q.name)
                if path is not None:
                    return path
        if self.stars and not self.bound.get(name.partition(".")[0]):
            return self._starred(name)
        return None

    def _starred(self, name: str) -> str | None:
        from .targets import target

        if name.partition(".")[0] in _BUILT_IN:
            return None
        for path in reversed(self.stars):
            full = f"{path}.{name}".lstrip(".")
            if target(full) is not None:
                return full
        return None
