"""The results as tables and as JSON; old rows that were not measured again are kept."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from rivals import TITLES
from rows import GROUPS, ROWS, Result, Target

BEGIN, END = "<!-- tables: written by benchmarks/run.py -->", "<!-- end of tables -->"
ENGINE_TITLES = {"jax": "JAX", "torch": "PyTorch", "tensorflow": "TensorFlow"}
JUDGED = {True: "yes", False: "no", None: "–"}


def shown(number: float | None, unit: str) -> str:
    """Three digits and the unit."""
    if number is None:
        return "–"
    return f"{number:,.0f} {unit}" if abs(number) >= 1000 else f"{number:.3g} {unit}"


def target_text(result: Result) -> str:
    """The targets beyond those that all rows have, or these where there are no others."""
    targets = result.row.targets[result.engine]
    special = [t for t in targets if t.of != ("no-kernels",) and t != Target(1.0)]
    return "; ".join(t.text(TITLES) for t in special or targets[:1])


def verdict(result: Result) -> str:
    """Whether the targets are reached, and by which not."""
    if missed := result.missed():
        return "no: " + "; ".join(miss(result, t) for t in missed)
    return JUDGED[result.reached]


def miss(result: Result, target: Target) -> str:
    """What there is in place of a target."""
    medians = result.medians
    best = target.best(medians) if target.of is not None else None
    if "kerata" not in medians:
        return "did not run"
    if best is None or best[1] <= 0:
        return f"more than {target.text(TITLES)}"
    return f"{medians['kerata'] / best[1]:.2f} of {TITLES[best[0]]}"


def cells(result: Result, columns: list[str], notes: list[str]) -> list[str]:
    """The line of a table; reasons of missing numbers go into `notes`."""
    line, medians = [result.row.text], result.medians
    for key in columns:
        cell = shown(medians.get(key), result.row.unit)
        if key in result.failed:
            notes.append(f"`{result.row.name}`, {TITLES[key]}: {result.failed[key]}")
            cell += f" ({len(notes)})"
        line.append(cell)
    ratio = "–" if result.ratio is None else f"{result.ratio:.2f}"
    runs = str(max((len(n) for n in result.numbers.values()), default=0))
    return [*line, ratio, target_text(result), verdict(result), runs]


def rows_of_table(results: list[Result]) -> tuple[list[list[str]], list[str]]:
    """Header and lines of a table of results, and its footnotes."""
    keys = {key for r in results for key in (*r.numbers, *r.failed)} | {"kerata"}
    columns = [key for key in TITLES if key in keys]
    notes: list[str] = []
    header = [
        "workload",
        *(TITLES[k] for k in columns),
        "of the best",
        "at most",
        "reached",
        "runs",
    ]
    return [header, *(cells(r, columns, notes) for r in results)], notes


def tables(results: list[Result]) -> str:
    """All tables in Markdown, one for each engine and group."""
    parts = []
    for engine, engine_title in ENGINE_TITLES.items():
        for group, title in GROUPS.items():
            chosen = [r for r in results if r.engine == engine and r.row.group == group]
            if not chosen:
                continue
            (header, *lines), notes = rows_of_table(chosen)
            rule = ["---", *["---:"] * (len(header) - 4), "---", "---", "---:"]
            text = "\n".join("| " + " | ".join(line) + " |" for line in (header, rule, *lines))
            numbered = "".join(f"\n{i}. {note}" for i, note in enumerate(notes, 1))
            parts.append(
                f"### {title}, on {engine_title}\n\n{text}\n" + (numbered and f"{numbered}\n")
            )
    return "\n".join(parts)


def plain(results: list[Result]) -> str:
    """A table for a terminal, with its footnotes."""
    rows, notes = rows_of_table(results)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(
        [*(line.rstrip() for line in lines), *(f"({i}) {n}" for i, n in enumerate(notes, 1))]
    )


def processor() -> str:
    """Name and number of the processors."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {len(os.sched_getaffinity(0))} cores"


def entry(result: Result) -> dict[str, Any]:
    """A result as it is stored."""
    return {
        "name": result.row.name,
        "engine": result.engine,
        "unit": result.row.unit,
        "numbers": {k: [round(n, 6) for n in runs] for k, runs in result.numbers.items()},
        "medians": {k: round(n, 6) for k, n in result.medians.items()},
        "failed": result.failed,
        "of_the_best": result.ratio,
        "targets": [
            {"text": t.text(TITLES), "reached": t.reached(result.medians)}
            for t in result.row.targets[result.engine]
        ],
    }


def read(file: Path) -> tuple[list[Result], dict[str, Any]]:
    """Stored results of rows and engines that there still are, and facts of the machine."""
    if not file.exists():
        return [], {}
    content = json.loads(file.read_text(encoding="utf-8"))
    rows = {row.name: row for row in ROWS}
    return [
        Result(rows[e["name"]], e["engine"], e["numbers"], e["failed"])
        for e in content["results"]
        if e["name"] in rows and e["engine"] in rows[e["name"]].targets
    ], content["machine"]


def merged(old: list[Result], new: list[Result]) -> list[Result]:
    """The new results and those old ones that were not measured again, in the order of the rows."""
    found = {(r.row.name, r.engine): r for r in (*old, *new)}
    return [
        found[row.name, engine]
        for engine in ENGINE_TITLES
        for row in ROWS
        if (row.name, engine) in found
    ]


def facts(machine: dict[str, Any]) -> str:
    """Processor and versions as a list."""
    lines = [f"- processor: {machine['processor']}", f"- system: {machine['system']}"]
    for who, versions in machine["versions"].items():
        lines.append(f"- {who}: " + ", ".join(f"{k} {v}" for k, v in versions.items()))
    return "\n".join(lines)


def write(
    new: list[Result], versions: dict[str, dict[str, str]], folder: Path, page: Path | None
) -> None:
    """Write `benchmarks.json` and `.md`, and put the tables between the marks of `page`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "benchmarks.json"
    old, machine = read(file)
    results = merged(old, new)
    machine = {
        "processor": processor(),
        "system": platform.platform(),
        "versions": machine.get("versions", {}) | versions,
    }
    content = {"machine": machine, "results": [entry(r) for r in results]}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    half = file.with_suffix(".part")  # an interruption leaves the old file or the new one
    half.write_text(text, encoding="utf-8")
    half.replace(file)
    body = f"{facts(machine)}\n\n{tables(results)}"
    (folder / "benchmarks.md").write_text(f"# Benchmarks\n\n{body}", encoding="utf-8")
    if page is not None and page.exists():
        before, rest = page.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        page.write_text(f"{before}{BEGIN}\n\n{body}\n{END}{after}", encoding="utf-8")
