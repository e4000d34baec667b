"""Docstrings read into parts, and written as Markdown.

The form is that of the sources: a summary, text, sections such as ``Args:`` whose items are indented, and
examples that begin with ``>>>``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SECTION = re.compile(r"^(Args|Call arguments|Attributes|Raises|Returns|Yields):$")
_ITEM = re.compile(r"^([*\w.]+(?:, [*\w.]+)*): (.*)$")
_CODE = re.compile(r"(``.+?``|`[^`]+`)", re.DOTALL)

Link = Callable[[str], str]
"""Gives the address of a name in a docstring, or an empty text."""


@dataclass
class Item:
    """One entry of a section: the names that it is about, and what it says of them."""

    names: list[str]
    text: list[str]


@dataclass
class Section:
    """A headed part of a docstring; `items` where it lists names, else `text`."""

    title: str
    items: list[Item] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


@dataclass
class Docstring:
    """A docstring's parts; text and sections in their order."""

    parts: list[list[str] | Section]

    @property
    def summary(self) -> str:
        """The first paragraph, on one line, up to the end of its first sentence."""
        text = self.parts[0] if self.parts and isinstance(self.parts[0], list) else []
        lines: list[str] = []
        for line in text:
            if not line.strip() or line.lstrip().startswith(">>>"):
                break
            lines.append(line.strip())
        whole = " ".join(lines)
        # Not at "e.g. " nor inside of code.
        ends = re.search(r"(?<!e\.g)(?<!i\.e)(?<!\bal)\.(?= [A-Z`])", _CODE.sub(_masked, whole))
        return whole[: ends.end()] if ends else whole

    def sections(self, title: str) -> list[Section]:
        """The sections with a title."""
        return [p for p in self.parts if isinstance(p, Section) and p.title == title]

    def items(self, title: str = "Args") -> dict[str, Item]:
        """The items of the sections with a title, by each of their names without stars."""
        found = [i for s in self.sections(title) for i in s.items]
        return {name.lstrip("*"): item for item in found for name in item.names}


def _masked(code: re.Match[str]) -> str:
    return "x" * len(code.group())


def read(text: str | None) -> Docstring:
    """The parts of a docstring."""
    parts: list[list[str] | Section] = []
    section: Section | None = None
    for line in inspect.cleandoc(text or "").splitlines():
        heading = SECTION.match(line)
        if heading:
            section = Section(heading.group(1))
            parts.append(section)
        elif section is not None and (line.startswith("    ") or not line):
            _add(section, line[4:])
        else:
            section = None
            if not parts or isinstance(parts[-1], Section):
                parts.append([])
            last = parts[-1]
            assert isinstance(last, list)
            last.append(line)
    return Docstring(parts)


def _add(section: Section, line: str) -> None:
    item = _ITEM.match(line) if section.title not in ("Returns", "Yields") else None
    if item:
        section.items.append(Item(item.group(1).split(", "), [item.group(2)]))
    elif section.items and not re.match(r"\S", line):
        section.items[-1].text.append(line.removeprefix("    "))
    else:
        section.text.append(line)


def markdown(doc: Docstring, link: Link) -> str:
    """A docstring as Markdown; names in single backticks become links where `link` knows them."""
    out: list[str] = []
    for part in doc.parts:
        if isinstance(part, list):
            out.append(text(part, link))
        else:
            out.append(f"**{part.title}**")
            out.extend(["\n".join(_items(part, link))] if part.items else [])
            if any(part.text):
                out.append(text(part.text, link))
    return "\n\n".join(filter(None, out))


def _items(section: Section, link: Link) -> Iterator[str]:
    for item in section.items:
        names = ", ".join(
            inline(f"`{n}`", link if section.title == "Raises" else _none) for n in item.names
        )
        first, *rest = text(item.text, link).splitlines() or [""]
        yield f"- {names}: {first}"
        yield from (f"    {line}" if line else "" for line in rest)


def _none(name: str) -> str:
    return ""


def text(lines: list[str], link: Link) -> str:
    """Lines of a docstring outside of sections: paragraphs, lists, examples."""
    blocks: list[str] = []
    for block in _blocks(lines):
        if block[0].lstrip().startswith(">>>"):
            shown = re.sub(r" +# doctest: .*", "", inspect.cleandoc("\n".join(block)))
            blocks.append(f"```pycon\n{shown}\n```")
        elif all(line.startswith("    ") for line in block):
            blocks.append("\n".join(["```text", *(line[4:] for line in block), "```"]))
        else:
            blocks.append(inline("\n".join(block), link))
    return "\n\n".join(blocks)


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines between blank ones; an example, and a list, begin a block of their own."""
    block: list[str] = []
    for line in lines:
        begins = line.lstrip().startswith(">>>") and not (
            block and block[0].lstrip().startswith(">>>")
        )
        lists = line.startswith(("- ", "* ")) and block and not block[0].startswith(("- ", "* "))
        if (not line.strip() or begins or lists) and block:
            yield block
            block = []
        if line.strip():
            block.append(line)
    if block:
        yield block


def inline(source: str, link: Link) -> str:
    """Text with code in backticks, as Markdown: signs that Markdown would read are escaped."""
    out = []
    for piece in _CODE.split(source):
        if piece.startswith("``"):
            out.append(
                f"`` {piece.strip('`')} ``" if "`" in piece.strip("`") else f"`{piece.strip('`')}`"
            )
        elif piece.startswith("`") and len(piece) > 1:
            address = link(piece.strip("`"))
            out.append(f"[{piece}]({address})" if address else piece)
        else:
            bullets = re.split(r"(?m)^([-*] )", piece)
            out.append("".join(b if i % 2 else _escaped(b) for i, b in enumerate(bullets)))
    return "".join(out)


def _escaped(plain: str) -> str:
    plain = re.sub(r"([*_\[\]\\])", r"\\\1", plain)
    return plain.replace("<", "&lt;").replace("|", "&#124;")
