"""Signatures of public names, read in any library with the Keras API."""

from __future__ import annotations

import importlib
import inspect

SIMPLE = (bool, int, float, str, tuple, list, type(None))


def _lookup(library, name):
    here, path = library, library.__name__
    for part in name.split(".")[1:]:
        path = f"{path}.{part}"
        here = getattr(here, part) if hasattr(here, part) else importlib.import_module(path)
    return here


def parameters(thing):
    """``[name, default]`` of each parameter that has a name; no default is ``"required"``."""
    try:
        found = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    out = []
    for p in found:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            out.append([("*" if p.kind is p.VAR_POSITIONAL else "**"), None])
        elif p.default is p.empty:
            out.append([p.name, "required"])
        else:
            out.append([p.name, repr(p.default) if isinstance(p.default, SIMPLE) else "object"])
    return out


def signatures(library, names):
    """By name: its parameters, and for a class those of its public methods, too."""
    out = {}
    for name in names:
        try:
            thing = _lookup(library, name)
        except (AttributeError, ImportError):
            continue
        if inspect.ismodule(thing):
            continue
        entry = {"": parameters(thing)} if callable(thing) else {}
        if inspect.isclass(thing):
            for method, value in inspect.getmembers(thing):
                if not method.startswith("_"):
                    entry[method] = parameters(value) if inspect.isroutine(value) else None
        out[name] = entry
    return out
