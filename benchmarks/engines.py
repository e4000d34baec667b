"""Kerata beside Keras on PyTorch and on TensorFlow: ``python benchmarks/engines.py [names…]``.

As `run.py`, with the engine as one more column and plain PyTorch as one more rival. Kerata's engines
run in environments of their own (``--python-torch``, ``--python-tensorflow``; the Python that runs
this by default), Keras in that of ``make oracle``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from run import HERE, ROOT, Measure, processor, run_once


@dataclass(frozen=True)
class Row:
    """A workload, and the most that a step of Kerata's may take of a step of a rival's."""

    name: str
    text: str
    torch: float | None = None
    tensorflow: float | None = None
    plain: float | None = None
    most: dict[str, float] = field(default_factory=dict)
    jax: float | None = None


ROWS = [
    Row("boston_step", "MLP 13-64-64-1, batch 1", 0.25, 0.20, 1.3),
    Row("pima_step", "MLP 8-12-8-1, batch 10", 0.25, 0.20),
    Row("cats_dogs_step", "convnet 150x150x3, batch 20", 0.60, 1.0, 1.1),
    Row("mnist_conv_step", "convnet 28x28, batch 64", 0.60, 1.0, 1.1),
    Row("lstm_step", "Embedding + LSTM(32), 500 steps", 0.08, 1.0, 1.1),
    Row("gru_step", "GRU(32), 240 steps", 0.60, 1.0),
    Row("lstm_stack_step", "LSTM(300) twice, 50 steps", 0.60, 1.0),
    Row("conv1d_step", "Embedding + Conv1D", 0.60, 1.0),
    Row("predict_one", "`predict` of one row", most={"torch": 0.3, "tensorflow": 0.5}),
]  # fmt: skip
HEADER = ["workload", "engine", "Kerata", "Keras", "of Keras", "at most", "plain torch", "of plain", "at most", "reached"]  # fmt: skip


def measure(row: Row, engine: str, given: argparse.Namespace) -> dict[str, list[float]]:
    """Milliseconds of each library, by turns."""
    what = Measure(row.name, row.text, "ms", 1e3)
    pythons = {"kerata": getattr(given, f"python_{engine}")}
    if not given.alone:
        pythons["keras"] = given.oracle
        if engine in ("torch", "jax") and row.plain is not None:
            pythons["plain_torch"] = given.python_torch
    found: dict[str, list[float]] = {library: [] for library in pythons}
    for _ in range(given.runs):
        for library, python in pythons.items():
            found[library].append(run_once(what, library, python, engine))
            print(f"  {row.name} {engine} {library}: {found[library][-1]:.4g} ms", file=sys.stderr)
    return found


def shown_ms(milliseconds: float) -> str:
    """Three digits of a time."""
    return f"{milliseconds:,.0f} ms" if milliseconds >= 1000 else f"{milliseconds:.3g} ms"


def judge(row: Row, engine: str, found: dict[str, list[float]]) -> list[str]:
    """The line of the table."""
    ours = statistics.median(found["kerata"])
    limits = [row.most[engine]] if engine in row.most else []
    reached = [ours <= limit for limit in limits]
    cells = [row.text, engine, shown_ms(ours)]
    for library, limit in (("keras", getattr(row, engine)), ("plain_torch", row.plain)):
        times = found.get(library)
        ratio = ours / statistics.median(times) if times else None
        cells.append("–" if not times else shown_ms(statistics.median(times)))
        cells.append("–" if ratio is None else f"{ratio:.2f}")
        shown = limit if library == "keras" or engine == "torch" else None
        if library == "keras" and limits:
            cells.append(f"{limits[0]} ms")
        else:
            cells.append("–" if shown is None else f"{shown:g}")
        if ratio is not None and shown is not None:
            reached.append(ratio <= shown)
    return [*cells, "yes" if all(reached) else "no"]


def main() -> int:
    """Measure, print, write `results/engines.md` and `.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [r.name for r in ROWS]
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(names))
    parser.add_argument("--engines", nargs="+", default=["torch", "tensorflow"])
    parser.add_argument("--python-torch", default=sys.executable)
    parser.add_argument("--python-tensorflow", default=sys.executable)
    parser.add_argument("--python-jax", default=sys.executable)
    parser.add_argument(
        "--oracle",
        default=os.environ.get("KERATA_ORACLE") or str(ROOT / ".venv-oracle" / "bin" / "python"),
    )
    parser.add_argument("--alone", action="store_true", help="run Kerata only")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "results")
    given = parser.parse_args()
    lines, raw = [], []
    for row in ROWS:
        if given.names and row.name not in given.names:
            continue
        for engine in given.engines:
            found = measure(row, engine, given)
            lines.append(judge(row, engine, found))
            raw.append({"workload": row.name, "engine": engine, "milliseconds": found})
    table = "\n".join("| " + " | ".join(r) + " |" for r in [HEADER, ["---"] * len(HEADER), *lines])
    print(table)
    given.out.mkdir(parents=True, exist_ok=True)
    page = f"# Engines\n\nMedians of {given.runs} runs by turns, {processor()}.\n\n{table}\n"
    (given.out / "engines.md").write_text(page, encoding="utf-8")
    (given.out / "engines.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    return int(any(line[-1] == "no" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
