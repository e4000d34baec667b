"""Arguments of calls: read by the tables of `kerata.legacy`, written as today's."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import libcst as cst

from .. import capture
from ..legacy import era
from ..legacy.arguments import FIRST_ERA, translate
from ..legacy.notes import silence
from .values import Code, Number, code, wrap, write

Refer = Callable[[Any], cst.BaseExpression]


class Unclear(Exception):
    """A call that cannot be rewritten; the message says why."""


@contextlib.contextmanager
def reading_as(number: int | None, tensorflow: bool) -> Iterator[None]:
    """Read calls as an era did, as long as the context lasts."""
    before = era.current(), era.in_tensorflow()
    era.set_era(number, tensorflow)
    try:
        with silence():
            yield
    finally:
        era.set_era(*before)


def split(
    args: Sequence[cst.Arg], constants: dict[str, Any]
) -> tuple[tuple, dict[str, Any], list[cst.Arg]]:
    """Arguments by position, by name, and those that stand behind ``**``.

    Raises:
        Unclear: There is a ``*args`` among them.
    """
    if any(a.star == "*" for a in args):
        raise Unclear("its arguments stand in *args, which cannot be seen")
    given = tuple(wrap(a.value, constants) for a in args if not a.star and a.keyword is None)
    named = {a.keyword.value: wrap(a.value, constants) for a in args if a.keyword is not None}
    return given, named, [a for a in args if a.star]


def constructor(
    cls: type, args: Sequence[cst.Arg], constants: dict[str, Any], refer: Refer
) -> list[cst.Arg] | None:
    """Arguments of a call of a class as today's; ``None`` where nothing changes.

    Args:
        cls: The class, by the name that the program calls it.
        args: The arguments.
        constants: Values of the program's names.
        refer: Makes an expression of a function or class of Kerata.

    Raises:
        Unclear: The arguments cannot be had today, or cannot be seen.
    """
    try:
        given, named, stars = split(args, constants)
    except Unclear:
        if FIRST_ERA.isdisjoint(a.keyword.value for a in args if a.keyword is not None):
            return None
        raise
    try:
        read = _read(cls, given, named, bool(stars))
        if not named.keys() >= {"nb_row"} and read[0] and _doubtful(cls, given, named):
            numbers = tuple(Number(v.node) if type(v) is Code else v for v in given)
            again = _read(cls, numbers, named, bool(stars))
            read = again if len(again[0]) < len(read[0]) else read
            given = numbers if read is again else given
    except Unclear:
        raise
    except Exception as e:  # whatever the tables say about these values
        raise Unclear(str(e).partition("\n")[0]) from e
    new_args, new_named = _by_place(cls, given, *_tidy(cls, *read))
    if _same(given, named, new_args, new_named):
        return None
    return arrange(args, new_args, new_named, stars, refer)


def _doubtful(cls: type, given: tuple, named: dict[str, Any]) -> bool:
    """Whether a call may be one of Keras 1 whose numbers stand in variables."""
    old = hasattr(cls, "_legacy_call") and len(given) > 2
    return any(type(v) is Code for v in given) and (old or not FIRST_ERA.isdisjoint(named))


def _read(
    cls: type, args: tuple, kwargs: dict[str, Any], hidden: bool
) -> tuple[tuple, dict[str, Any]]:
    """What the wrapper of constructors does with arguments: see `capture`.

    Where some are `hidden` in ``**kwargs``, no default of the era is added, which may be among them.
    """
    if capture.reread is not None:
        given = kwargs
        args, kwargs = capture.reread(cls, args, kwargs)
        # Defaults of that era come in front; they are written behind what the program says.
        added = [k for k, v in kwargs.items() if k not in given and not _said(v)]
        kwargs = {
            **{k: v for k, v in kwargs.items() if k not in added},
            **{k: kwargs[k] for k in added if not hidden},
        }
    known = capture.accepted(cls) if kwargs else None
    if known is not None and not kwargs.keys() <= known:
        args, kwargs = translate(cls, args, kwargs, known)
        for name in kwargs:
            if name not in known:
                raise Unclear(capture.unknown_argument(cls.__name__, name, known))
    hook = getattr(cls, "_legacy_call", None)
    return (args, kwargs) if hook is None else hook(args, kwargs)


def _said(value: Any) -> bool:
    """Whether a value stands in the program, or is made of such."""
    return hasattr(value, "node") or (isinstance(value, tuple) and any(map(_said, value)))


def _tidy(cls: type, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    out = dict(kwargs)
    shape = out.get("input_shape")
    if isinstance(shape, int) and not isinstance(shape, Code):
        out["input_shape"] = (shape,)
    names = {c.__name__ for c in cls.__mro__}
    if "Optimizer" in names and "decay" in out:
        args, out = _decayed(cls, args, out)
    if "Embedding" in names and isinstance(out.get("weights"), list) and len(out["weights"]) == 1:
        matrix = write(out["weights"][0])
        out["embeddings_initializer"] = _call("initializers.Constant", matrix)
        del out["weights"]
    return args, out


def _by_place(
    cls: type, given: tuple, args: tuple, kwargs: dict[str, Any]
) -> tuple[tuple, dict[str, Any]]:
    """What stood without a name stands so again, as far as the order of today allows."""
    if args or not given:
        return args, kwargs
    nodes = {id(getattr(v, "node", v)) for v in given}
    out, rest = [], dict(kwargs)
    for name in list(inspect.signature(cls).parameters):
        if name not in rest:
            break
        value = rest[name]
        parts = value if isinstance(value, tuple) and not hasattr(value, "node") else [value]
        if not all(id(getattr(v, "node", v)) in nodes for v in parts):
            break
        out.append(rest.pop(name))
    return tuple(out), rest


class Made(tuple):
    """A call of a name of Kerata: the path, and its arguments."""


def _call(path: str, *args: Any) -> Made:
    return Made((path, args))


def _decayed(cls: type, args: tuple, out: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    decay = out.pop("decay")
    if not isinstance(decay, Code) and not decay:
        return args, out
    if args:
        rate, args = args[0], args[1:]
        if args:
            raise Unclear(
                "decay= is given beside several arguments by position; give these by name"
            )
    else:
        default = inspect.signature(cls).parameters["learning_rate"].default
        rate = out.pop("learning_rate", default)
    schedule = _call("optimizers.schedules.InverseTimeDecay", write(rate), write(1), write(decay))
    return args, {"learning_rate": schedule, **out}


def _same(args: tuple, kwargs: dict[str, Any], new: tuple, named: dict[str, Any]) -> bool:
    return (
        len(args) == len(new)
        and all(a is b for a, b in zip(args, new))
        and list(kwargs) == list(named)
        and all(kwargs[k] is named[k] for k in kwargs)
    )


def arrange(
    old: Sequence[cst.Arg], args: tuple, kwargs: dict[str, Any], stars: list[cst.Arg], refer: Refer
) -> list[cst.Arg]:
    """New arguments in the layout of the old ones, whose expressions are kept where they still stand."""
    by_node = {id(a.value): a for a in old}
    out = [_argument(None, v, by_node, refer) for v in args]
    out += [_argument(k, v, by_node, refer) for k, v in kwargs.items()]
    return with_commas([*out, *stars], old)


def _argument(key: str | None, value: Any, by_node: dict[int, cst.Arg], refer: Refer) -> cst.Arg:
    keyword = None if key is None else cst.Name(key)
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    found = by_node.get(id(getattr(value, "node", None)))
    if found is not None:
        if found.keyword is not None and keyword is not None:
            return found.with_changes(keyword=keyword)
        return found.with_changes(
            keyword=keyword, equal=equal if keyword else cst.MaybeSentinel.DEFAULT
        )
    if isinstance(value, Made):
        path, inner = value
        node: cst.BaseExpression = cst.Call(refer(path), [cst.Arg(v) for v in inner])
    elif callable(value) and not isinstance(value, Code):
        node = refer(value)
    else:
        node = write(value)
    if keyword is None:
        return cst.Arg(node)
    return cst.Arg(node, keyword, equal=equal)


def with_commas(args: list[cst.Arg], old: Sequence[cst.Arg]) -> list[cst.Arg]:
    """The arguments with commas between them; the last ends as the last of old did."""
    out = []
    for i, arg in enumerate(args):
        if i == len(args) - 1:
            comma = old[-1].comma if old else cst.MaybeSentinel.DEFAULT
            if isinstance(arg.comma, cst.Comma) and "#" in code(arg.comma):
                comma = arg.comma  # its comment stays
        elif isinstance(arg.comma, cst.Comma) and arg is not old[-1]:
            comma = arg.comma
        else:
            comma = cst.Comma(whitespace_after=_gap(old))
        if isinstance(comma, cst.Comma) and i < len(args) - 1 and _ends(comma):
            comma = cst.Comma(whitespace_after=_gap(old))
        out.append(arg.with_changes(comma=comma))
    return out


def _gap(old: Sequence[cst.Arg]) -> Any:
    commas = [a.comma for a in old[:-1] if isinstance(a.comma, cst.Comma)]
    text = [c for c in commas if "#" not in code(c)]
    return text[-1].whitespace_after if text else cst.SimpleWhitespace(" ")


def _ends(comma: cst.Comma) -> bool:
    """Whether a comma was the last, with no space behind it."""
    return not code(comma.whitespace_after)
