"""The reference of all public names: what its pages hold, and what docstrings must have for it."""

from __future__ import annotations

import doctest
import functools
import inspect
import re
from collections import Counter

import pytest
from tools import api, catalogue, docstrings, reference

from kerata.capture import Configurable, accepted
from kerata.ops import math as math_ops
from kerata.ops import sqrt
from kerata.ops._define import REGISTRY
from kerata.ops._examples import EXAMPLES


@functools.cache
def pages() -> dict[str, str]:
    whole = reference.reference()
    return {page: whole.text(page) for page in whole.pages}


def described() -> list[tuple[str, object]]:
    """Every public class and function, and their methods."""
    out = []
    for entry in catalogue.entries():
        if callable(entry.value):
            out.append((entry.name, entry.value))
        for name, method in reference.methods(entry.value).items():
            out.append((f"{entry.name}.{name}", getattr(method, "fget", None) or method))
    return out


def test_all_names_of_keras_are_in_the_catalogue():
    have = catalogue.names()
    found = [n for n in api.read(api.MODERN) if api.found(n) and not api.is_later(n)]
    assert len(found) > 1200
    assert not [n for n in found if "kerata" + n.removeprefix("keras") not in have]


def test_each_name_is_on_one_page():
    headings = Counter()
    for text in pages().values():
        headings.update(re.findall(r"^##+ .*\{ #(kerata[-\w.]+) \}$", text, re.MULTILINE))
    assert not [n for n, times in headings.items() if times > 1]
    for entry in catalogue.entries():
        if not catalogue.is_module(entry):
            assert headings[reference.anchor(entry.name)] == 1, entry.name
            for other in entry.aliases:
                assert headings[other] == 0, other
    names = [n for e in catalogue.entries() for n in (e.name, *e.aliases)]
    assert sorted(names) == sorted(catalogue.names())


def test_aliases_are_named_beside_the_entry_and_in_the_table_of_their_namespace():
    text = pages()["api/losses/index.md"]
    assert "## `mean_squared_error` { #kerata.losses.mean_squared_error }" in text
    assert "`kerata.metrics.mean_squared_error`" in text
    assert "[`mse`](#kerata.losses.mean_squared_error)" in text
    assert (
        "[`mean_squared_error`](../losses/index.md#kerata.losses.mean_squared_error)"
        in pages()["api/metrics/index.md"]
    )


def test_members_of_families_have_entries():
    text = pages()["api/ops/math.md"]
    assert (
        "## `sqrt` { #kerata.ops.sqrt }\n\n```python\nkerata.ops.sqrt(x: Tensor) -> Tensor" in text
    )
    assert "Square root; NaN below zero." in text
    assert "[`sqrt`](../math.md#kerata.ops.sqrt)" in pages()["api/ops/numpy/index.md"]


def test_arguments_that_a_base_documents():
    text = pages()["api/layers/conv.md"]
    entry = text.partition("## `Conv2D` {")[2].partition("\n## ")[0]
    assert "- `filters`: Number of output channels." in entry
    assert "Based on [`kerata.layers.Layer`](index.md#kerata.layers.Layer)." in entry


@pytest.mark.parametrize("page", sorted(pages()))
def test_links_lead_somewhere(page):
    folder = page.rpartition("/")[0]
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"(?s)```.*?```", "", pages()[page])):
        path, _, anchor = target.partition("#")
        there = reference.posixpath.normpath(f"{folder}/{path}") if path else page
        assert not anchor or f"{{ #{anchor} }}" in pages()[there], target


def test_summaries():
    """The first sentence of every docstring says what the thing is, and ends."""
    assert not [
        name
        for name, value in described()
        if not docstrings.read(value.__doc__).summary.rstrip("`\"'").endswith((".", ")."))
    ]


def test_every_class_and_function_has_an_example():
    """In its own docstring, where ``make docs-test`` runs it."""
    found = [e.name for e in catalogue.entries() if callable(e.value)]
    assert len(found) > 800
    without = [n for n in found if ">>>" not in (inspect.getdoc(_value(n)) or "")]
    assert not without


def _value(name: str) -> object:
    return reference.reference().by_name[name].value


def test_the_table_of_examples_is_about_ops_that_have_no_other():
    for name in EXAMPLES:
        doc = REGISTRY[name].__doc__
        assert doc.count(">>>") == 1 + ("import ops" in doc), name
    assert (
        sqrt.__doc__
        == "Square root; NaN below zero.\n\n>>> sqrt([4.0, 9.0]).tolist()\n[2.0, 3.0]\n"
    )


def test_examples_run_as_they_are_collected():
    """pytest finds those of ops, which are objects, not functions."""
    tests = {t.name: t for t in doctest.DocTestFinder().find(math_ops)}
    (example,) = tests["kerata.ops.math.sqrt"].examples
    assert example.source == "sqrt([4.0, 9.0]).tolist()\n" and example.want == "[2.0, 3.0]\n"


def test_arguments_exist():
    wrong = []
    for name, value in described():
        given = reference.parameters(value)
        known: set[str] | None = set(given)
        if inspect.isclass(value) and issubclass(value, Configurable):
            known = accepted(value)
        elif any(p.kind is p.VAR_KEYWORD for p in given.values()):
            known = None  # options that the function takes out of its **kwargs
        doc = docstrings.read(value.__doc__)
        if known is not None:
            wrong += [f"{name}: {n}" for n in doc.items() if n not in known]
        sections = doc.sections("Args") + doc.sections("Raises")
        wrong += [f"{name}: {line}" for s in sections for line in s.text if line]
    assert not wrong


def test_docstrings_become_markdown():
    doc = docstrings.read(
        """Twice `x`, as a*b says. See `Dense`.

        - one <a>
        - two

        Args:
            x, *more: Numbers
                on two lines.

        Raises:
            ValueError: Never.

        >>> double(2)  # doctest: +SKIP
        4

        After.
        """
    )
    assert doc.summary == "Twice `x`, as a*b says."
    text = docstrings.markdown(doc, lambda name: "there.md" if name == "Dense" else "")
    assert text == "\n".join(
        [
            "Twice `x`, as a\\*b says. See [`Dense`](there.md).",
            "",
            "- one &lt;a>",
            "- two",
            "",
            "**Args**",
            "",
            "- `x`, `*more`: Numbers",
            "    on two lines.",
            "",
            "**Raises**",
            "",
            "- `ValueError`: Never.",
            "",
            "```pycon",
            ">>> double(2)",
            "4",
            "```",
            "",
            "After.",
        ]
    )


def test_texts_of_the_repository_are_pages():
    texts = reference.site_texts()
    assert set(texts) == {"index.md", "contributing.md", "changelog.md"}
    assert "[engines.md](engines.md)" in texts["index.md"]
    assert "](docs/" not in "".join(texts.values())
    for target in re.findall(r"\]\(([^)#]+)\)", texts["index.md"]):
        known = target in texts or (reference.ROOT / "docs" / target).is_file()
        assert known or target.startswith("http"), target
