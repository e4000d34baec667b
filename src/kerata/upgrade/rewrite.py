"""A program of any era in today's spelling: names and calls here, imports in `imports`."""

from __future__ import annotations

import ast
import re
from typing import Any, NamedTuple

import libcst as cst
from libcst import metadata

from ..legacy import era, guess
from ..legacy.arguments import modern_value
from ..legacy.notes import silence
from . import backend, calls, training
from .facts import Facts, dotted
from .imports import Imports
from .targets import Target, old_value, target, value, why_not
from .values import wrap, write

__all__ = ["Left", "Upgraded", "upgrade"]


class Left(NamedTuple):
    """What was left as it is: its line, counted from 1, and why."""

    line: int
    reason: str


class Upgraded(NamedTuple):
    """A program in today's spelling, and what is left to do by hand."""

    source: str
    left: list[Left]


def upgrade(source: str) -> Upgraded:
    """Rewrite a program for Keras 1, 2, tf.keras or Keras 3 as one for Kerata.

    Comments and layout stay. A program that Python 3 cannot read is left alone, which is then said.

    Args:
        source: Its text.

    >>> print(upgrade("from keras.layers.core import Dense\\nd = Dense(output_dim=3)").source)
    from kerata.layers import Dense
    d = Dense(units=3)
    """
    try:
        ast.parse(source)
    except SyntaxError as e:
        return Upgraded(source, [Left(e.lineno or 1, _no_python(e, source))])
    except ValueError as e:
        return Upgraded(source, [Left(1, f"this is no Python: {e}")])
    if not re.search(r"keras|kerata", source):
        return Upgraded(source, [])
    number = (
        None if re.search(r"^\s*(?:from|import)\s+kerata\b", source, re.M) else guess.era_of(source)
    )
    with calls.reading_as(number, guess.is_tensorflow(source)):
        module = _assigned_modules(cst.parse_module(source))
        wrapper = metadata.MetadataWrapper(module)
        facts = Facts()
        wrapper.visit(facts)
        facts.constants = {k: v for k, v in facts.constants.items() if facts.bound.get(k) == 1}
        imports = Imports(facts)
        wrapper.module.visit(imports.reader())
        rewriter = _Rewriter(facts, imports)
        changed = imports.rewrite(wrapper.visit(rewriter))
    left = sorted({*rewriter.left, *imports.left}, key=lambda x: (x[0], x[1]))
    out = changed.code
    try:
        ast.parse(out)
    except SyntaxError as e:
        return Upgraded(
            source, [Left(1, f"the rewritten program cannot be read ({e}): please report this")]
        )
    return Upgraded(out, [Left(*x) for x in left])


def _no_python(e: SyntaxError, source: str) -> str:
    line = (e.text or "").strip()
    if re.match(r"print\s+[^(=]|exec\s+['\"]|raise\s+\w+\s*,|except\s+\w+\s*,", line):
        return f"this is Python 2 ({line}): run it through 2to3 first. The file is left alone"
    return f"this is no Python 3 ({e.msg}). The file is left alone"


def _assigned_modules(module: cst.Module) -> cst.Module:
    """``layers = tf.keras.layers`` as an import, which it is."""
    body: list[Any] = []
    for line in module.body:
        made = None
        if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1:
            made = _as_import(line.body[0])
        body.append(line.with_changes(body=[made]) if made is not None else line)
    return module.with_changes(body=body)


def _as_import(node: cst.BaseSmallStatement) -> cst.BaseSmallStatement | None:
    if not isinstance(node, cst.Assign) or len(node.targets) != 1:
        return None
    name, path = node.targets[0].target, dotted(node.value)
    if not isinstance(name, cst.Name) or not path or not re.match(r"(tf|tensorflow|keras)\.", path):
        return None
    full = re.sub(r"^tf\.", "tensorflow.", path)
    above, _, last = full.rpartition(".")
    if not re.match(r"(tensorflow\.)?keras(\.[a-z_]+)*$", full) or full == "tensorflow.keras.Input":
        return None
    alias = "" if last == name.value else f" as {name.value}"
    found = cst.parse_statement(f"from {above} import {last}{alias}\n")
    return found.body[0]  # type: ignore[union-attr, index, return-value]


class _Rewriter(cst.CSTTransformer):
    """Names of Keras and what is called by them."""

    METADATA_DEPENDENCIES = (metadata.PositionProvider, metadata.QualifiedNameProvider)

    def __init__(self, facts: Facts, imports: Imports) -> None:
        super().__init__()
        self.facts, self.imports = facts, imports
        self.left: set[tuple[int, str]] = set()
        self.paths: dict[int, str] = {}
        self.layers: list[bool] = []
        self.called: set[int] = set()
        self.open_calls: list[cst.Call] = []
        self.era = era.current()

    def _say(self, node: cst.CSTNode, reason: str) -> None:
        at = self.get_metadata(metadata.PositionProvider, node, None)
        self.left.add((at.start.line if at is not None else 1, reason))

    def path(self, node: cst.CSTNode) -> str | None:
        """See `Facts.path`; here metadata come from this visit."""
        key = id(node)
        if key not in self.paths:
            self.facts.metadata = self.metadata
            self.paths[key] = self.facts.path(node) or ""
            if self.facts.path(node) is None:
                self.paths[key] = "-"
        found = self.paths[key]
        return None if found == "-" else found

    # --- what is no name to rewrite ---------------------------------------------------------------

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Arg(self, node: cst.Arg) -> None:
        if node.keyword is not None:
            self.paths[id(node.keyword)] = "-"

    # --- names -------------------------------------------------------------------------------------

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        self.paths[id(node.attr)] = "-"
        path = self.path(node)
        return path is None or target(path) is None

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        path = self.path(original_node)
        if path is not None:
            return self._reference(original_node, path, updated_node)
        return training.attribute(updated_node)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        path = self.path(original_node)
        if path is None or (self.imports.is_module(original_node.value)):
            return updated_node
        return self._reference(original_node, path, updated_node)

    def _reference(self, node: Any, path: str, updated: Any) -> cst.BaseExpression:
        found = target(path)
        if found is None:
            if isinstance(node, cst.Attribute):  # imports say it for themselves
                self._say(node, why_not(path))
            return updated
        if found.place == "legacy.backend" and id(node) not in self.called:
            self._say(
                node,
                f"K.{found.name} has no twin in keras.ops: it is taken from kerata.legacy.backend",
            )
        made = self.imports.refer(found, node)
        return made.with_changes(lpar=updated.lpar, rpar=updated.rpar)

    def refer(self, what: Any) -> cst.BaseExpression:
        """An expression for a path within Kerata, or for a function of it."""
        if isinstance(what, str):
            place, _, name = what.rpartition(".")
            return self.imports.refer(Target(place, name))
        module = what.__module__.partition(".")[2]
        return self.imports.refer(Target(module, what.__name__))

    # --- calls -------------------------------------------------------------------------------------

    def visit_Call(self, node: cst.Call) -> None:
        self.open_calls.append(node)
        self.called.add(id(node.func))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        made = self._call(original_node, updated_node)
        self.open_calls.pop()
        return made

    def _call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        path = self.path(original_node.func)
        if path is None:
            return training.method_call(self, original_node, updated_node)
        found = target(path)
        if found is None:
            return updated_node
        try:
            if found.place == "legacy.backend":
                return self._backend(found, original_node, updated_node)
            if found.place == "legacy.layers" and found.name in ("merge", "Merge"):
                return self._merge(found, original_node, updated_node)
            return self._constructor(path, found, original_node, updated_node)
        except calls.Unclear as e:
            self._say(original_node, f"{found.name}(...): {str(e).rstrip('.')}")
            return updated_node

    def _constructor(
        self, path: str, found: Target, node: cst.Call, updated: cst.Call
    ) -> cst.BaseExpression:
        if found.name in training.RENAMED:
            table = training.RENAMED[found.name]
            updated = updated.with_changes(args=training.renamed(updated.args, table))
        with silence():
            cls = old_value(path) if not found.rest else None
            cls = value(found) if cls is None and not found.rest else cls
        if (
            isinstance(cls, type)
            and cls.__module__.startswith("kerata.")
            and "__init__" in dir(cls)
        ):
            self._warn(cls, node)
            if not hasattr(cls, "_captured"):
                return updated
            given = [training.ordering(a, self.facts.constants) for a in updated.args]
            args = calls.constructor(cls, given, self.facts.constants, self.refer)
            if args is not None:
                if any(a.keyword is not None and a.keyword.value == "weights" for a in args):
                    self._say(node, "weights= is no argument of Keras 3; Kerata takes it")
                return updated.with_changes(args=args)
        elif found.name == "Input" or path.endswith(".Input"):
            return updated.with_changes(
                args=training.renamed(updated.args, {"batch_input_shape": "batch_shape"})
            )
        return updated

    def _warn(self, cls: type, node: cst.Call) -> None:
        named = {a.keyword.value for a in node.args if a.keyword is not None}
        changing = self.facts.callbacks & {"ReduceLROnPlateau", "LearningRateScheduler"}
        if "decay" in named and changing and any(c.__name__ == "Optimizer" for c in cls.__mro__):
            raise calls.Unclear(
                f"decay= becomes a schedule, whose rate {sorted(changing)[0]} cannot change; Kerata takes decay="
            )

    def _backend(self, found: Target, node: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        special = training.backend_call(found.name, updated)
        if special is not None:
            return special
        if found.name == "set_image_dim_ordering" and len(updated.args) == 1:
            order = modern_value("dim_ordering", wrap(updated.args[0].value, self.facts.constants))
            if isinstance(order, str):
                func = self.refer("config.set_image_data_format")
                return updated.with_changes(func=func, args=[cst.Arg(write(order))])
        updated = updated.with_changes(args=training.first_names(found.name, updated.args))
        if found.name == "batch_dot" and era.old_defaults():
            found = found._replace(name="older_batch_dot")
        made = backend.call(found.name, updated.args)
        if made is None:
            if found.name in backend.TWINS:
                self._say(
                    node,
                    f"this call of K.{found.name} has no twin: it is taken from kerata.legacy.backend",
                )
            elif id(node) not in self.called:
                self._say(
                    node,
                    f"K.{found.name} has no twin in keras.ops: it is taken from kerata.legacy.backend",
                )
            return updated.with_changes(func=self.imports.refer(found))
        path, args = made
        if path == "ops.sqrt" and not backend.above_zero(args[0].value):
            bound = cst.Call(
                self.refer("ops.maximum"), [cst.Arg(args[0].value), cst.Arg(cst.Float("0.0"))]
            )
            args = [cst.Arg(bound)]
        return updated.with_changes(func=self.refer(path), args=args)

    def _merge(self, found: Target, node: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        made = training.merge(updated.args, self.facts.constants) if found.name == "merge" else None
        if made is None:
            raise calls.Unclear(
                "it is taken from kerata.legacy.layers; write the layer that merges today"
            )
        name, args = made
        return updated.with_changes(func=self.refer(f"layers.{name}"), args=args)

    # --- classes and texts ------------------------------------------------------------------------

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.layers.append(any(self.path(b.value) is not None for b in node.bases))

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef:
        self.layers.pop()
        return updated_node

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        if self.layers and self.layers[-1] and updated_node.name.value == "get_output_shape_for":
            return updated_node.with_changes(name=cst.Name("compute_output_shape"))
        return updated_node

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return training.monitor(updated_node, self.facts)

    def visit_Subscript(self, node: cst.Subscript) -> None:
        self.called.add(id(node.value))

    def leave_Subscript(
        self, original_node: cst.Subscript, updated_node: cst.Subscript
    ) -> cst.BaseExpression:
        made = training.shape_of(self, original_node, updated_node)
        return made if made is not None else training.history_key(updated_node, self.facts)

    def leave_Expr(self, original_node: cst.Expr, updated_node: cst.Expr) -> cst.BaseSmallStatement:
        return training.assigned_rate(updated_node)
