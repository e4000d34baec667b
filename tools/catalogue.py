"""Every public name of Kerata, what it stands for, and the page of the documentation that describes it.

The names are read off the packages: their ``__all__``, else what they define, and the sub-modules of `ops`
by the list of Keras's names. An object with several names is one entry, under the shortest of the
namespaces that it was made for; the others are its aliases. ``tools/reference.py`` makes the pages.
"""

from __future__ import annotations

import importlib
import types
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tools import api

import kerata

# A namespace of more entries than this is split into a page for each module that defines some of them.
MOST = 60
# Sub-namespaces and modules of fewer names stay on the page above.
FEWEST, FEW = 6, 3

# Pages are titled after modules; these have names that abbreviate.
_TITLES = {
    "conv": "Convolution", "convolve": "Convolution and pooling", "create": "Creation",
    "images": "Image augmentation", "linalg": "Linear algebra",
    "math": "Element-wise", "nn": "Neural networks", "product": "Products",
    "reduce": "Reductions", "arrange": "Arrangement", "rnn": "Recurrent",
}  # fmt: skip

# `index.md` is the page of the namespace.
_FILES = {"index": "indexing"}


@dataclass
class Entry:
    """One object that users can name."""

    name: str
    value: Any
    aliases: list[str] = field(default_factory=list)
    page: str = ""

    @property
    def namespace(self) -> str:
        """The name without its last part."""
        return self.name.rpartition(".")[0]

    @property
    def home(self) -> str:
        """The module that defines it."""
        if isinstance(self.value, types.ModuleType):
            return self.value.__name__
        home = getattr(self.value, "__module__", None) or ""
        return home if home.startswith("kerata") else self.namespace


def _named(module: types.ModuleType) -> Iterator[str]:
    """The names that a module offers."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        yield from listed
        return
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("_") or isinstance(value, types.ModuleType) or not callable(value):
            continue
        home = getattr(value, "__module__", None) or ""
        if f"{home}.".startswith(f"{module.__name__}."):
            yield name


def _walk(path: str, module: types.ModuleType, found: dict[str, Any]) -> None:
    for name in _named(module):
        value = found[f"{path}.{name}"] = getattr(module, name)
        if isinstance(value, types.ModuleType) and f"{path}.{name}" == value.__name__:
            _walk(f"{path}.{name}", value, found)


def names() -> dict[str, Any]:
    """Every public name, with ``kerata.`` in front, and the object that it stands for."""
    found: dict[str, Any] = {}
    _walk("kerata", kerata, found)
    for name in api.read(api.MODERN):
        own = "kerata" + name.removeprefix("keras")
        if own not in found and not api.is_later(name) and api.found(name):
            found[own] = _get(own)
            parent = own.rpartition(".")[0]
            if parent not in found and parent != "kerata":
                found[parent] = importlib.import_module(parent)
    return found


def _get(name: str) -> Any:
    parent, _, last = name.rpartition(".")
    return getattr(importlib.import_module(parent), last)


def _preference(name: str, value: Any) -> tuple[Any, ...]:
    """Sorts the names of an object: its own name, where it is defined, and the short ones first."""
    last = name.rpartition(".")[2]
    home = getattr(value, "__module__", None) or ""
    namespace = name.rpartition(".")[0]
    inside = namespace != "kerata" and f"{home}.".startswith(f"{namespace}.")
    # `ops.numpy` and its kin repeat names of `ops`; `utils` and `models` some of `saving`.
    depth = name.count(".") if inside or namespace != "kerata" else 9
    return (last != getattr(value, "__name__", last), not inside, depth, name)


def entries() -> list[Entry]:
    """Every public object once, with the page it is on."""
    groups: dict[Any, list[tuple[str, Any]]] = defaultdict(list)
    for name, value in names().items():
        # Settings such as `__version__` are values: equal ones are not one thing.
        same = id(value) if callable(value) or isinstance(value, types.ModuleType) else name
        groups[same].append((name, value))
    out = []
    for group in groups.values():
        value = group[0][1]
        first, *rest = sorted((n for n, _ in group), key=lambda n: _preference(n, value))
        out.append(Entry(first, value, sorted(rest)))
    out.sort(key=lambda e: (e.namespace, e.name.lower(), e.name))
    _lay_out(out)
    return out


def _lay_out(found: list[Entry]) -> None:
    """Give each entry its page: that of its namespace, or of its module where the namespace is large."""
    spaces = {e.name for e in found if is_module(e)} | {"kerata"}
    listed: dict[str, int] = defaultdict(int)
    for entry in found:
        for name in (entry.name, *entry.aliases):
            listed[name.rpartition(".")[0]] += 1

    def page_of(space: str) -> str:
        parent = space.rpartition(".")[0]
        if parent not in ("", "kerata") and listed[space] < FEWEST:
            return page_of(parent)
        return "/".join(("api", *space.split(".")[1:], "index.md"))

    def page_of_part(page: str, space: str, part: str) -> str:
        if f"{space}.{part}" in spaces:
            return page_of(f"{space}.{part}")
        return f"{page.removesuffix('index.md')}{_FILES.get(part, part)}.md"

    parts: dict[str, list[Entry]] = defaultdict(list)
    for entry in found:
        own = entry.name if is_module(entry) else entry.namespace
        assert own in spaces, own
        entry.page = page_of(own)
        if not is_module(entry):
            part = entry.home.removeprefix(entry.namespace)
            if part.startswith("."):
                parts[page_of_part(entry.page, entry.namespace, part.split(".")[1])].append(entry)
    per_page: dict[str, int] = defaultdict(int)
    for entry in found:
        per_page[entry.page] += 1
    for page, members in parts.items():
        if per_page[members[0].page] > MOST and len(members) >= FEW:
            for entry in members:
                entry.page = page


def title(page: str) -> str:
    """The title of a page: ``api/layers/conv.md`` is about convolution layers."""
    parts = page.removesuffix(".md").split("/")[1:]
    if parts == ["index"]:
        return "kerata"
    if parts[-1] == "index":
        return ".".join(("kerata", *parts[:-1]))
    return _TITLES.get(parts[-1], parts[-1].replace("_", " ").capitalize())


def is_module(entry: Entry) -> bool:
    """Whether an entry is a namespace."""
    return isinstance(entry.value, types.ModuleType)
