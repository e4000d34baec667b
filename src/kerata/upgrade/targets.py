"""What a name of any era is called now: answers out of the tables of `kerata.legacy`."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from ..legacy import modules, names
from ..legacy.notes import silence

ROOTS = (
    "tensorflow.compat.v1.keras", "tensorflow.compat.v2.keras", "tensorflow.python.keras",
    "tensorflow.keras", "tf_keras", "keras", "kerata",
)  # fmt: skip
"""What the package has been called, and what it is called."""

# Modules that Keras 3 keeps for old programs only, and where their names belong.
_KEPT = {"utils.np_utils": "utils"}


class Target(NamedTuple):
    """A name of today: the module, the name in it (empty for the module itself), attributes behind it."""

    place: str
    name: str = ""
    rest: str = ""

    @property
    def full(self) -> str:
        """The path, the package in front.

        >>> Target("layers", "Dense").full
        'kerata.layers.Dense'
        """
        return ".".join(p for p in ("kerata", self.place, self.name, self.rest) if p)

    @property
    def module(self) -> str:
        """The path of the module."""
        return f"kerata.{self.place}" if self.place else "kerata"


def path_of(qualified: str) -> str | None:
    """A dotted name without the package, ``None`` where it is not one of Keras.

    >>> path_of("tensorflow.keras.layers.Dense"), path_of("keras"), path_of("numpy.array")
    ('layers.Dense', '', None)
    """
    for root in ROOTS:
        if qualified == root:
            return ""
        if qualified.startswith(f"{root}."):
            return modules.standard(qualified[len(root) + 1 :])[0]
    return None


def target(path: str) -> Target | None:
    """Where a name of an earlier era is now, ``None`` where Kerata has no such thing.

    >>> target("layers.convolutional.Convolution2D").full, target("objectives.mse").full
    ('kerata.layers.Conv2D', 'kerata.losses.mse')
    """
    parts = path.split(".") if path else []
    n = next(
        (i for i in range(len(parts), -1, -1) if modules.places(".".join(parts[:i])) is not None), 0
    )
    above = ".".join(parts[:n])
    if n == len(parts):
        return _function(parts) or Target(_home(above))
    with silence():
        found = _find(above, parts[n])
    return found and found._replace(rest=".".join(parts[n + 1 :]))


def _function(parts: list[str]) -> Target | None:
    """``keras.layers.merge`` is a function by the name of a module; what is imported is the function."""
    if len(parts) < 2 or not modules.is_old(".".join(parts)):
        return None
    with silence():
        found = _find(".".join(parts[:-1]), parts[-1])
    return found if found is not None and inspect.isfunction(value(found)) else None


def _home(path: str) -> str:
    if not path:
        return ""
    found = _places(path)
    return next((p for p in found if not p.startswith("legacy.")), found[0])


def _places(path: str) -> list[str]:
    found = list(modules.places(path) or ())
    return [_KEPT.get(p, p) for p in found]


def _find(path: str, name: str) -> Target | None:
    if path.startswith("legacy.") and modules.module(path) is not None:
        if name in names._own_names(modules.module(path)):
            return _modern(Target(path, name))  # a program that has been upgraded says so itself
    for place in _places(path):
        home = modules.module(place)
        if home is None:
            continue
        own = names._own_names(home)
        if name in own and modules._is_public(home, name, getattr(home, name, None)):
            return _modern(Target(place, name))
        new = names.RENAMED.get(place, {}).get(name)
        for below in names.HOMES.get(place, ()):
            found = modules.module(below)
            if found is not None and name in names._own_names(found):
                return _modern(Target(below, name))
        if new is not None:
            above, _, last = (new if "." in new else f"{place}.{new}").rpartition(".")
            return Target(above, last)
        if place == "backend":
            from ..legacy import backend

            if name in backend.TABLE:
                return Target("legacy.backend", name)
    return None


def _modern(found: Target) -> Target:
    """A class of old that differs from a modern one in the way it is called only, as that one."""
    cls = value(found)
    public = cls.__dict__.get("_public_name") if isinstance(cls, type) else None
    if public and cls.__module__.startswith("kerata.legacy.") and "__init__" not in cls.__dict__:
        return Target("layers", public)
    return found


def value(found: Target) -> Any:
    """The object itself."""
    home = modules.module(found.place)
    return getattr(home, found.name) if found.name else home


def old_value(path: str) -> Any:
    """The object that a path of an earlier era stands for, before it is called by a modern name."""
    above, _, name = path.rpartition(".")
    with silence():
        try:
            return modules.look(above, name)
        except (AttributeError, ImportError):
            return None


def why_not(path: str) -> str:
    """Why a name has no target.

    >>> why_not("layers.Dens")
    "module 'keras.layers' has no name 'Dens'. Did you mean 'Dense'?"
    """
    refused = names.refusal(path)
    if refused is not None:
        return str(refused)
    above, _, name = path.rpartition(".")
    return modules.unknown(above, name)
