"""Expressions of a program as values that the tables of `kerata.legacy` can work on, and back.

A literal becomes an object of its type that remembers its expression; any other expression becomes
`Code`. What the tables only pass on is written as it stood; what they make is written anew.
"""

from __future__ import annotations

import ast
import contextlib
from typing import Any

import libcst as cst

_EMPTY = cst.Module([])


def code(node: cst.CSTNode) -> str:
    """The text of an expression.

    >>> code(cst.parse_expression("f( 1 )"))
    'f( 1 )'
    """
    return _EMPTY.code_for_node(node)


class Code:
    """An expression whose value is not known before the program runs."""

    prepare = None  # as initializers have: the tables shall not wrap it as a function of Keras 1

    def __init__(self, node: cst.BaseExpression) -> None:
        self.node = node

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("An expression of a program is not called.")

    def __neg__(self) -> Any:
        return Code(cst.UnaryOperation(cst.Minus(), _in_parentheses(self.node.deep_clone())))


class Number(Code, int):  # type: ignore[misc]
    """An expression whose value is taken to be a whole number, which it is not known to be."""

    def __new__(cls, node: cst.BaseExpression) -> Number:
        return int.__new__(cls, 0)


class _Int(int):
    node: cst.BaseExpression


class _Float(float):
    node: cst.BaseExpression


class _Str(str):
    node: cst.BaseExpression


class _Tuple(tuple):
    node: cst.BaseExpression


class _List(list):
    node: cst.BaseExpression


class _Dict(dict):
    node: cst.BaseExpression


_TYPES: dict[type, type] = {
    int: _Int, float: _Float, str: _Str, tuple: _Tuple, list: _List, dict: _Dict,
}  # fmt: skip


def literal(node: cst.BaseExpression) -> Any:
    """The value of a literal.

    Raises:
        ValueError: It is none.

    >>> literal(cst.parse_expression("(3, 'a')"))
    (3, 'a')
    """
    try:
        return ast.literal_eval(code(node).strip())
    except (SyntaxError, TypeError, MemoryError, RecursionError) as e:
        raise ValueError("no literal") from e


def wrap(node: cst.BaseExpression, constants: dict[str, Any] | None = None) -> Any:
    """An expression as a value.

    Args:
        node: The expression.
        constants: Values of names that are bound once, to a literal.

    >>> wrap(cst.parse_expression("n"), {"n": 3}) + 1
    4
    """
    if isinstance(node, cst.Name) and constants and node.value in constants:
        return _remembering(constants[node.value], node)
    with contextlib.suppress(ValueError):
        return _remembering(literal(node), node)
    if isinstance(node, (cst.Tuple, cst.List)) and all(
        isinstance(e, cst.Element) for e in node.elements
    ):
        kind = _Tuple if isinstance(node, cst.Tuple) else _List
        made = kind(wrap(e.value, constants) for e in node.elements)
        made.node = node
        return made
    return Code(node)


def _remembering(value: Any, node: cst.BaseExpression) -> Any:
    kind = _TYPES.get(type(value))
    if kind is None:
        return value
    made = kind(value)
    made.node = node
    return made


def write(value: Any) -> cst.BaseExpression:
    """The expression of a value.

    >>> code(write((1, wrap(cst.parse_expression("0x10")), None, "a")))
    '(1, 0x10, None, "a")'
    """
    node = getattr(value, "node", None)
    if node is not None:
        return node.deep_clone()
    return cst.parse_expression(_text(value))


def _text(value: Any) -> str:
    node = getattr(value, "node", None)
    if node is not None:
        return code(node)
    if isinstance(value, tuple):
        inner = ", ".join(map(_text, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return '"' + repr(value)[1:-1].replace('"', '\\"') + '"'
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    raise ValueError(f"{value!r} has no literal")


def _in_parentheses(node: Any) -> Any:
    if isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Integer, cst.Float)):
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
