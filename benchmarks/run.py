"""Kerata's speed beside that of Keras on JAX: ``python benchmarks/run.py [--oracle PYTHON] [names…]``.

Each measure runs by turns with Kerata and with Keras (A B A B …), every run in a process of its own,
both with the identical program (`workloads.py`). The medians, their ratio and the target are printed
as a table and written to `results/` as JSON and Markdown.

Keras runs in an environment of its own, made by ``make oracle``: the Python of it is given by
``--oracle``, else by ``$KERATA_ORACLE``, else it is `.venv-oracle/bin/python`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TIME_LIMIT = 3600  # seconds a process


@dataclass(frozen=True)
class Measure:
    """A row of the table: what is measured, in which unit, and what has to be reached.

    `ratio` is how many times faster than Keras Kerata has to be, `limit` the most that Kerata may
    take in `unit`; either may be missing. `scale` turns a workload's number into `unit`.
    """

    name: str
    text: str
    unit: str
    scale: float
    ratio: float | None = None
    limit: float | None = None
    runs: int = 5
    whole_process: bool = False

    @property
    def target(self) -> str:
        """The target in words."""
        if self.ratio is not None:
            return "not slower" if self.ratio == 1 else f"{self.ratio:g} times faster"
        return f"at most {self.limit:g} {self.unit}"

    def reached(self, ours: float, ratio: float | None) -> bool | None:
        """Whether the target is reached; ``None`` where it takes Keras to tell and Keras has not run."""
        if self.limit is not None:
            return ours <= self.limit
        assert self.ratio is not None
        return None if ratio is None else ratio >= self.ratio


MEASURES = [
    Measure(
        "boston_step",
        "training step, MLP 13-64-64-1, rmsprop, 404 rows, batch 1",
        "µs",
        1e6,
        ratio=20,
    ),
    Measure("pima_step", "training step, MLP 8-12-8-1, adam, batch 10", "µs", 1e6, ratio=10),
    Measure("epoch_cost", "an epoch beyond its steps, `verbose=0`", "ms", 1e3, limit=0.5),
    Measure(
        "pima_program",
        "whole Pima program as a process, 150 epochs, second run",
        "s",
        1,
        ratio=5,
        whole_process=True,
    ),
    Measure("predict_one", "`model.predict` of one row", "ms", 1e3, limit=0.15),
    Measure("fit_call", "`fit` call of one step on a compiled model", "ms", 1e3, limit=1.5),
    Measure("mnist_step", "training step, MNIST MLP 512-10, batch 128", "µs", 1e6, ratio=1),
    Measure(
        "review_step", "training step, review MLP 10,000-16-16-1, batch 512", "µs", 1e6, ratio=1
    ),
    Measure("import_library", "import", "s", 1, limit=0.2),
    Measure(
        "import_and_summary",
        "import, build a 20-layer model, print its summary",
        "s",
        1,
        limit=0.3,
    ),
    Measure(
        "memory",
        "growth of memory over 500 build-fit-predict cycles after the first 50",
        "MB",
        1,
        limit=5,
        runs=1,
    ),
]


@dataclass
class Result:
    """What the runs of a measure gave, in its unit."""

    measure: Measure
    kerata: list[float] = field(default_factory=list)
    keras: list[float] = field(default_factory=list)

    @property
    def ours(self) -> float:
        """Median of Kerata."""
        return statistics.median(self.kerata)

    @property
    def theirs(self) -> float | None:
        """Median of Keras, if it ran."""
        return statistics.median(self.keras) if self.keras else None

    @property
    def ratio(self) -> float | None:
        """How many times faster (or smaller) Kerata is."""
        if self.theirs is None or min(self.ours, self.theirs) <= 0:
            return None
        return self.theirs / self.ours

    def cells(self) -> list[str]:
        """The row of the table."""
        reached = self.measure.reached(self.ours, self.ratio)
        return [
            self.measure.text,
            f"{self.ours:.3g} {self.measure.unit}",
            "–" if self.theirs is None else f"{self.theirs:.3g} {self.measure.unit}",
            "–" if self.ratio is None else f"{self.ratio:.1f}",
            self.measure.target,
            {True: "yes", False: "no", None: "–"}[reached],
            str(len(self.kerata)),
        ]


HEADER = ["measure", "Kerata", "Keras", "ratio", "target", "reached", "runs"]


def environment(library: str, engine: str = "jax") -> dict[str, str]:
    """The environment of a run: what is set outside for one library must not reach the other."""
    # A package that pip has installed comes with its bytecode; one in a folder writes it at the first
    # run, unless it is forbidden to.
    dropped = ("KERAS_BACKEND", "KERATA_ENGINE", "PYTHONDONTWRITEBYTECODE")
    env = {k: v for k, v in os.environ.items() if k not in dropped}
    env["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if library == "keras":
        env["KERAS_BACKEND"] = engine
        env.pop("PYTHONPATH", None)
    else:
        env["KERATA_ENGINE"] = engine
        env["PYTHONPATH"] = os.pathsep.join(
            [str(ROOT / "src"), *filter(None, [env.get("PYTHONPATH")])]
        )
    return env


def run_once(measure: Measure, library: str, python: str, engine: str = "jax") -> float:
    """One run in a process of its own; its number in the unit of the measure."""
    start = time.perf_counter()
    done = subprocess.run(
        [python, str(HERE / "workloads.py"), library, measure.name],
        env=environment(library, engine),
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{measure.name} failed with {library}:\n{done.stderr[-3000:]}")
    number = seconds if measure.whole_process else float(done.stdout.splitlines()[-1])
    return number * measure.scale


def run(measure: Measure, oracle: str | None, runs: int) -> Result:
    """All runs of a measure, by turns with the two libraries."""
    pythons = {"kerata": sys.executable} | ({"keras": oracle} if oracle else {})
    result = Result(measure)
    if measure.whole_process:  # the first run fills the caches on disk and is not counted
        for library, python in pythons.items():
            run_once(measure, library, python)
    for i in range(runs):
        for library, python in pythons.items():
            number = run_once(measure, library, python)
            getattr(result, library).append(number)
            print(
                f"  {measure.name} {i + 1}/{runs} {library}: {number:.4g} {measure.unit}",
                file=sys.stderr,
                flush=True,
            )
    return result


def versions(python: str, packages: list[str], library: str) -> dict[str, str]:
    """Versions of Python and of packages, as that interpreter sees them."""
    code = (
        "import importlib.metadata as m, json, platform, sys\n"
        "out = {'python': platform.python_version()}\n"
        "for name in sys.argv[1:]:\n"
        "    try: out[name] = m.version(name)\n"
        "    except m.PackageNotFoundError: pass\n"
        "print(json.dumps(out))"
    )
    command = [python, "-c", code, *packages]
    out = subprocess.run(
        command, env=environment(library), capture_output=True, text=True, check=True
    )
    return json.loads(out.stdout)


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


def markdown(results: list[Result]) -> str:
    """The table in Markdown."""
    rows = [HEADER, ["---"] * len(HEADER), *(r.cells() for r in results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def plain(results: list[Result]) -> str:
    """The table for a terminal."""
    rows = [HEADER, *(r.cells() for r in results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    align: list[Callable[[str, int], str]] = [str.ljust] + [str.rjust] * (len(HEADER) - 1)
    return "\n".join(
        "  ".join(a(cell, w) for a, cell, w in zip(align, row, widths, strict=True)) for row in rows
    )


def write(results: list[Result], machine: dict[str, object], folder: Path) -> None:
    """Write `speed.json` and `speed.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": machine,
        "results": [
            asdict(r)
            | {
                "ratio": r.ratio,
                "target": r.measure.target,
                "median": r.ours,
                "median_keras": r.theirs,
            }
            for r in results
        ],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / "speed.json").write_text(text + "\n", encoding="utf-8")
    facts = "\n".join(f"- {key}: {value}" for key, value in machine.items())
    page = f"# Speed\n\nMedians of the runs, by turns with both libraries.\n\n{facts}\n\n{markdown(results)}"
    (folder / "speed.md").write_text(page, encoding="utf-8")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Kerata's speed beside that of Keras on JAX.")
    names = [m.name for m in MEASURES]
    parser.add_argument("names", nargs="*", metavar="name", help="measures: " + ", ".join(names))
    parser.add_argument(
        "--oracle",
        default=os.environ.get("KERATA_ORACLE") or str(ROOT / ".venv-oracle" / "bin" / "python"),
        help="Python of an environment with Keras and JAX",
    )
    parser.add_argument("--alone", action="store_true", help="run Kerata only")
    parser.add_argument("--runs", type=int, help="runs of each measure (default: 5, memory 1)")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the results")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - set(names))
    if unknown:
        parser.error(f"unknown measure {', '.join(unknown)}; there are {', '.join(names)}")
    if not given.alone and not Path(given.oracle).exists():
        parser.error(
            f"no Python at {given.oracle}: `make oracle` makes it, or give --oracle or --alone"
        )
    return given


def main() -> int:
    """Measure, print, write; gives 1 if a target is missed."""
    given = arguments()
    oracle = None if given.alone else given.oracle
    chosen = [m for m in MEASURES if not given.names or m.name in given.names]
    results = [run(m, oracle, given.runs or m.runs) for m in chosen]
    machine: dict[str, object] = {
        "processor": processor(),
        "system": platform.platform(),
        "kerata": versions(sys.executable, ["jax", "numpy"], "kerata"),
    }
    if oracle:
        machine["keras"] = versions(oracle, ["keras", "jax", "numpy"], "keras")
    write(results, machine, given.out)
    print(plain(results))
    missed = [r.measure.name for r in results if r.measure.reached(r.ours, r.ratio) is False]
    if missed:
        print(f"Missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
