"""Kerata's speed and memory beside its rivals: ``python benchmarks/run.py [names…]``.

Every row (`rows.py`) runs by turns with Kerata and with each rival that is installed (`rivals.py`),
A B C A B C …, each run in a process and an environment of its own. Medians, their ratio and targets
are printed and, after every row, written to `results/` and into `docs/benchmarks.md`; rows that were not
measured again stay as they are.

Keras runs in the environment of ``make oracle``, given by ``--oracle``, else by ``$KERATA_ORACLE``, else
`.venv-oracle/bin/python`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from report import ENGINE_TITLES, plain, write
from rivals import HERE, RIVALS, ROOT, Contender, by_turns, find, kerata_on
from rows import ROWS, Result, Row

RESULTS = HERE / "results"
PAGE = ROOT / "docs" / "benchmarks.md"


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Kerata's speed and memory beside its rivals.")
    names, keys = [r.name for r in ROWS], [r.key for r in RIVALS]
    parser.add_argument("names", nargs="*", metavar="name", help="rows: " + ", ".join(names))
    parser.add_argument("--rivals", nargs="+", metavar="rival", default=keys, help=", ".join(keys))
    parser.add_argument("--alone", action="store_true", help="run Kerata only")
    parser.add_argument(
        "--kerata", nargs="+", metavar="engine", default=["jax"], choices=list(ENGINE_TITLES),
        help="Kerata's engines, a table each (default: jax)",
    )  # fmt: skip
    parser.add_argument(
        "--runs", type=int, help="runs of each row (default: 2 to 5, as rows.py says)"
    )
    parser.add_argument("--limit", type=float, default=600, help="seconds a process may take")
    oracle = os.environ.get("KERATA_ORACLE") or str(ROOT / ".venv-oracle" / "bin" / "python")
    parser.add_argument("--oracle", default=oracle, help="Python that has Keras")
    for engine in ENGINE_TITLES:
        text = f"Python of Kerata on {engine} (default: this one)"
        parser.add_argument(f"--python-{engine}", default=sys.executable, help=text)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    known = parser.parse_args(given)
    for what, chosen, there in (("row", known.names, names), ("rival", known.rivals, keys)):
        if unknown := sorted(set(chosen) - set(there)):
            parser.error(f"unknown {what} {', '.join(unknown)}; there are {', '.join(there)}")
    return known


def gather(
    given: argparse.Namespace, home: Path
) -> tuple[dict[str, Contender], list[Contender], dict[str, dict[str, str]]]:
    """Kerata on each engine, the rivals that are installed, and the versions of all."""
    pythons = {"oracle": given.oracle} | {e: getattr(given, f"python_{e}") for e in ENGINE_TITLES}
    kerata, versions = {}, {}
    for engine in given.kerata:
        found = find(kerata_on(engine), pythons, home)
        if found is None:
            raise SystemExit(f"Kerata with {engine} cannot be imported by {pythons[engine]}")
        kerata[engine], versions[f"Kerata on {ENGINE_TITLES[engine]}"] = found
    rivals, missing = [], []
    for rival in [] if given.alone else [r for r in RIVALS if r.key in given.rivals]:
        found = find(rival, pythons, home)
        if found is None:
            missing.append(rival.title)
        else:
            rivals.append(found[0])
            if rival.library != "kerata":
                versions[rival.title] = found[1]
    if missing:
        print(f"Not installed: {', '.join(missing)}")
    return kerata, rivals, versions


def bundles(engine: str, names: list[str]) -> list[list[Row]]:
    """The rows to measure, those together that share a process."""
    found: dict[str, list[Row]] = {}
    for row in ROWS:
        if engine in row.targets and (not names or row.name in names):
            found.setdefault(row.bundle or row.name, []).append(row)
    return list(found.values())


def main(given: argparse.Namespace) -> int:
    """Measure, print, write; gives 1 if a target is missed."""
    results = []
    page = PAGE if given.out == RESULTS else None
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        kerata, rivals, versions = gather(given, home)
        for engine, rows in [(e, b) for e in given.kerata for b in bundles(e, given.names)]:
            beside = [r for r in rivals if r.key in rows[0].rivals_of(engine)]
            runs = given.runs or rows[0].runs
            found, failed = by_turns(rows, [kerata[engine], *beside], runs, home, given.limit)
            new = [Result(r, engine, n, failed) for r, n in zip(rows, found, strict=True)]
            write(new, versions, given.out, page)
            results += new
    for engine in given.kerata:
        if chosen := [r for r in results if r.engine == engine]:
            print(f"\nKerata on {ENGINE_TITLES[engine]}\n{plain(chosen)}")
    return int(any(r.missed() for r in results))


if __name__ == "__main__":
    sys.exit(main(arguments()))
