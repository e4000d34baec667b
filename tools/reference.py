"""The pages of the documentation that nobody writes by hand: a hook of mkdocs (see ``mkdocs.yml``).

The API reference is made of the signatures and docstrings of all public names (`tools.catalogue`), the
home page of the README. ``make docs`` builds the site.
"""

from __future__ import annotations

import functools
import inspect
import posixpath
import re
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [p for p in (str(ROOT), str(ROOT / "src")) if p not in sys.path]

from tools import catalogue, docstrings  # noqa: E402
from tools.catalogue import Entry  # noqa: E402

# Files of the repository that are pages of the site.
TEXTS = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
WIDTH = 88
# Methods that are shown although the class below has them: they say what the class computes.
TELLING = ("call", "update_state")


class Reference:
    """The whole reference: where each name is described, and the text of each page."""

    def __init__(self) -> None:
        self.entries = catalogue.entries()
        self.pages: dict[str, list[Entry]] = defaultdict(list)
        self.by_name: dict[str, Entry] = {}
        self.anchors: dict[str, str] = {}
        for entry in self.entries:
            self.pages[entry.page].append(entry)
            for name in (entry.name, *entry.aliases):
                self.by_name[name] = entry
                self.anchors[name] = self._place(entry)
            for method in methods(entry.value):
                self.anchors[f"{entry.name}.{method}"] = f"{entry.page}#{entry.name}.{method}"
        self.pages.setdefault("api/index.md", [])
        short: dict[str, set[str]] = defaultdict(set)
        for name in self.by_name:
            short[name.rpartition(".")[2]].add(self.anchors[name])
        # Names that mean one thing wherever they stand: those of classes.
        self.unique = {n: a.pop() for n, a in short.items() if len(a) == 1 and n[:1].isupper()}

    @staticmethod
    def _place(entry: Entry) -> str:
        return (
            entry.page
            if entry.page.endswith("index.md") and _leads(entry)
            else f"{entry.page}#{anchor(entry.name)}"
        )

    def link(self, page: str, entry: Entry, skip: frozenset[str]) -> docstrings.Link:
        """What finds the names that a docstring of an entry mentions."""

        def find(name: str) -> str:
            name = re.sub(r"\(.*\)$", "", name)
            if name in skip or not re.fullmatch(r"[A-Za-z_][\w.]*", name):
                return ""
            owner = entry.name if inspect.isclass(entry.value) else entry.namespace
            for full in (f"{owner}.{name}", f"{entry.namespace}.{name}", f"kerata.{name}"):
                if full in self.anchors and full != entry.name:
                    return relative(self.anchors[full], page)
            place = self.unique.get(name, "")
            return relative(place, page) if place and place != self.anchors[entry.name] else ""

        return find

    def text(self, page: str) -> str:
        """A page in Markdown."""
        members = self.pages[page]
        spaces = [e for e in members if catalogue.is_module(e)]
        out = [f"# {catalogue.title(page)}"]
        if page == "api/index.md":
            out.append("Every public name, made from the sources. Those of the top level:")
            out.append(self.table(page, "kerata"))
        for space in spaces:
            if not _leads(space) or space.page != page:
                out.append(f"## {space.name} {{ #{anchor(space.name)} }}")
            out += [self.described(page, space), self.table(page, space.name)]
        if not page.endswith("index.md"):
            out.append(docstrings.inline(_about(members), lambda name: ""))
        objects = [e for e in members if not catalogue.is_module(e)]
        objects.sort(key=lambda e: (not inspect.isclass(e.value), e.name.lower(), e.name))
        out += [self.entry(page, e) for e in objects]
        return "\n\n".join(filter(None, out)) + "\n"

    def described(self, page: str, entry: Entry, value: Any = None) -> str:
        """The docstring of an entry, or of a method of it."""
        value = entry.value if value is None else value
        doc = docstrings.read(inspect.getdoc(value) if value is entry.value else value.__doc__)
        if inspect.isclass(value):
            _inherit(doc, value)
        skip = frozenset(n for n in doc.items()) | frozenset(parameters(value))
        return docstrings.markdown(doc, self.link(page, entry, skip))

    def table(self, page: str, space: str) -> str:
        """The names of a namespace, with links to where they are described."""
        rows = ["| name | |", "|---|---|"]
        here = [n for n in self.by_name if n.rpartition(".")[0] == space]
        for name in sorted(here, key=lambda n: (n.lower(), n)):
            entry = self.by_name[name]
            doc = docstrings.read(inspect.getdoc(entry.value) if _documented(entry.value) else "")
            summary = docstrings.inline(doc.summary, lambda n: "")
            last = name.rpartition(".")[2]
            rows.append(f"| [`{last}`]({relative(self.anchors[name], page)}) | {summary} |")
        return "\n".join(rows) if here else ""

    def entry(self, page: str, entry: Entry) -> str:
        """All about one object."""
        short = entry.name.rpartition(".")[2]
        out = [f"## `{short}` {{ #{anchor(entry.name)} }}"]
        if not _documented(entry.value):
            return "\n\n".join([*out, f"```python\n{entry.name} = {entry.value!r}\n```"])
        out.append(f"```python\n{signature(entry.name, entry.value)}\n```")
        notes = [self.bases(page, entry.value)] if inspect.isclass(entry.value) else []
        if entry.aliases:
            notes.append("Also " + ", ".join(f"`{a}`" for a in entry.aliases) + ".")
        out += [" ".join(filter(None, notes)), self.described(page, entry)]
        for name, method in methods(entry.value).items():
            out.append(f"### `{name}` {{ #{entry.name}.{name} }}")
            shown = getattr(method, "fget", None) or method
            if not isinstance(method, property):
                out.append(f"```python\n{signature(name, _function(method))}\n```")
            out.append(self.described(page, entry, shown))
        return "\n\n".join(filter(None, out))

    def bases(self, page: str, cls: type) -> str:
        """The public class that a class builds on."""
        for base in cls.__mro__[1:]:
            entry = self._of(base)
            if entry is not None:
                return f"Based on [`{entry.name}`]({relative(self.anchors[entry.name], page)})."
        return ""

    def _of(self, value: Any) -> Entry | None:
        return _public().get(id(value))


@functools.cache
def _public() -> dict[int, Entry]:
    """The public classes by their identity."""
    return {id(e.value): e for e in catalogue.entries() if inspect.isclass(e.value)}


def anchor(name: str) -> str:
    """The place of a name on its page. Two underscores would be read as Markdown."""
    return name.replace("__", "-")


def _leads(entry: Entry) -> bool:
    """Whether an entry is the namespace that its page is named after."""
    return entry.page == "/".join(("api", *entry.name.split(".")[1:], "index.md"))


def _documented(value: Any) -> bool:
    return callable(value) or inspect.ismodule(value)


def _about(members: list[Entry]) -> str:
    """What the module says of itself whose objects are on a page: the first paragraph."""
    home = members[0].home
    package = ".".join(home.split(".")[:3])
    doc = docstrings.read(sys.modules[package].__doc__)
    return doc.summary


def relative(place: str, page: str) -> str:
    """The address of a place (page#anchor) as written on a page."""
    path, _, anchor = place.partition("#")
    if path == page and anchor:
        return f"#{anchor}"
    short = posixpath.relpath(path, posixpath.dirname(page))
    return f"{short}#{anchor}" if anchor else short


# --- signatures and members ---------------------------------------------------------------------


def _function(member: Any) -> Any:
    return getattr(member, "__func__", member)


def parameters(value: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a function or constructor, without ``self``."""
    if inspect.ismodule(value) or not callable(value):
        return {}
    try:
        found = dict(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return {}
    return {n: p for n, p in found.items() if n not in ("self", "cls")}


def signature(name: str, value: Any) -> str:
    """A call, with types and defaults, on one line where there is room."""
    given = parameters(value)
    shown, star = [], False
    for p in given.values():
        if p.kind is p.KEYWORD_ONLY and not star:
            shown.append("*")
        star = star or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        shown.append(_parameter(p))
    slash = [i for i, p in enumerate(given.values()) if p.kind is p.POSITIONAL_ONLY]
    if slash:
        shown.insert(slash[-1] + 1, "/")
    result = "" if inspect.isclass(value) else _result(value)
    line = f"{name}({', '.join(shown)}){result}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {s}," for s in shown), f"){result}"])


def _parameter(p: inspect.Parameter) -> str:
    stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    kind = _type(p.annotation)
    out = f"{stars}{p.name}" + (f": {kind}" if kind else "")
    if p.default is p.empty:
        return out
    value = getattr(p.default, "__name__", None) or repr(p.default)
    value = re.sub(r" at 0x[0-9a-f]+", "", value)
    return f"{out} = {value}" if kind else f"{out}={value}"


def _type(annotation: Any) -> str:
    """A type as written; nothing where it says nothing."""
    if annotation is inspect.Parameter.empty or annotation in (Any, "Any"):
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _result(value: Any) -> str:
    try:
        kind = _type(inspect.signature(value).return_annotation)
    except (TypeError, ValueError):
        return ""
    return f" -> {kind}" if kind else ""


def methods(cls: Any) -> dict[str, Any]:
    """The documented methods and properties that a public class adds to the public class it builds on."""
    if not inspect.isclass(cls):
        return {}
    known: set[type] = {object}
    for base in cls.__mro__[1:]:
        if id(base) in _public():
            known.update(base.__mro__)
    found: dict[str, Any] = {}
    for c in cls.__mro__:
        if c in known or not c.__module__.startswith("kerata"):
            continue
        for name, value in vars(c).items():
            shown = getattr(value, "fget", None) or _function(value)
            wanted = not name.startswith("_") and (callable(shown) or isinstance(value, property))
            wanted = wanted and (name in TELLING or not any(name in vars(k) for k in known))
            # Accessors made by `operator.attrgetter` have the docstring of that.
            wanted = wanted and (hasattr(shown, "__code__") or hasattr(shown, "__wrapped__"))
            if wanted and not inspect.isclass(value) and getattr(shown, "__doc__", None):
                found.setdefault(name, value)
    return found


def _inherit(doc: docstrings.Docstring, cls: type) -> None:
    """Add what classes that are no public names say of the arguments of a class built on them."""
    said = doc.items()
    missing = [n for n in parameters(cls) if n not in said and n != "kwargs"]
    added: list[docstrings.Item] = []
    for base in cls.__mro__[1:]:
        if id(base) in _public() or not missing:
            break
        for item in docstrings.read(base.__doc__).items().values():
            names = [n for n in item.names if n in missing]
            if names:
                missing = [n for n in missing if n not in names]
                added.append(docstrings.Item(names, item.text))
    if not added:
        return
    sections = doc.sections("Args")
    if not sections:
        place = next((i for i, p in enumerate(doc.parts) if isinstance(p, list)), -1) + 1
        doc.parts.insert(place, docstrings.Section("Args"))
        sections = doc.sections("Args")
    sections[0].items += added


# --- the hook -----------------------------------------------------------------------------------


@functools.cache
def reference() -> Reference:
    """The reference, made once."""
    return Reference()


def site_texts() -> dict[str, str]:
    """Texts of the repository as pages: links lead to pages, or are none where there is no page."""
    out = {}
    for file, page in TEXTS.items():
        source = (ROOT / file).read_text(encoding="utf-8")
        out[page] = re.sub(r"\[([^\]]+)\]\(([^)]+)\)", lambda m: _linked(*m.groups()), source)
    return out


def _linked(label: str, target: str) -> str:
    if target.startswith("http"):
        return f"[{label}]({target})"
    page = TEXTS.get(target, target.removeprefix("docs/") if target.startswith("docs/") else "")
    label = label.removeprefix("docs/")
    return f"[{label}]({page})" if page else label


def navigation() -> list[Any]:
    """The tree of pages on the left: namespaces, and below large ones their parts."""
    tree: dict[str, list[str]] = defaultdict(list)
    pages = sorted(reference().pages, key=lambda p: (p.count("/"), not p.endswith("index.md"), p))
    for page in pages:
        folder = posixpath.dirname(page)
        tree[folder].append(page)
    return _branch("api", tree)


def _branch(folder: str, tree: dict[str, list[str]]) -> list[Any]:
    below = sorted(f for f in tree if posixpath.dirname(f) == folder)
    leaves = [p for p in tree[folder] if p.endswith("index.md")]
    leaves += sorted((p for p in tree[folder] if p not in leaves), key=catalogue.title)
    out: list[Any] = [p if p.endswith("index.md") else {catalogue.title(p): p} for p in leaves]
    for child in below:
        branch = _branch(child, tree)
        label = posixpath.basename(child)
        out.append({label: branch[0] if len(branch) == 1 else branch})
    return out


def on_config(config: Any) -> Any:
    """Put the reference into the navigation, where ``mkdocs.yml`` says "API"."""
    config.nav = [{"API": navigation()} if item == "API" else item for item in config.nav]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made here."""
    from mkdocs.structure.files import File

    made: dict[str, Callable[[], str]] = {
        p: functools.partial(reference().text, p) for p in reference().pages
    }
    made.update({p: functools.partial(str, t) for p, t in site_texts().items()})
    for page, text in made.items():
        files.append(File.generated(config, page, content=text()))
    return files
