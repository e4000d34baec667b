"""Who takes part: libraries, the environments in which they are looked for, and single runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rows import SCALE, Row

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# What is set outside must not decide what runs, nor how. A package that pip has installed comes with
# its bytecode; one in a folder writes it at the first run, unless it is forbidden to.
DROPPED = (
    "KERAS_BACKEND", "KERATA_ENGINE", "KERATA_KERNELS", "KERATA_CACHE", "JAX_COMPILATION_CACHE_DIR",
    "PYTHONDONTWRITEBYTECODE", "PYTHONPATH",
)  # fmt: skip
PROBE = """
import importlib, json, platform, sys
found = {"python": platform.python_version()}
for name in sys.argv[1:]:
    found[name] = getattr(importlib.import_module(name), "__version__", "?")
print(json.dumps(found))
"""


class Failed(Exception):
    """A run that gave no number; the text says why."""


@dataclass(frozen=True)
class Contender:
    """A library that runs workloads: `python` is the first of `places` that has all it `needs`."""

    key: str
    title: str
    library: str
    places: tuple[str, ...]
    needs: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    python: str = ""

    def environment(self, home: Path) -> dict[str, str]:
        """The variables of its processes; settings and caches lie in `home`."""
        env = {k: v for k, v in os.environ.items() if k not in DROPPED}
        env |= {"TF_CPP_MIN_LOG_LEVEL": "3", "KERATA_HOME": str(home), "KERAS_HOME": str(home)}
        if self.library == "kerata":
            given = os.environ.get("PYTHONPATH")
            env["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), *([given] if given else [])])
        return env | self.env


def keras_on(backend: str) -> Contender:
    """Keras on one of its backends."""
    title = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "torch"}[backend]
    env = {"KERAS_BACKEND": backend}
    needs = ("keras", "numpy", backend)
    return Contender(f"keras-{backend}", f"Keras {title}", "keras", ("oracle",), needs, env)


def kerata_on(engine: str) -> Contender:
    """Kerata on one of its engines."""
    env = {"KERATA_ENGINE": engine}
    return Contender("kerata", "Kerata", "kerata", (engine,), ("kerata", "numpy", engine), env)


NO_KERNELS = replace(
    kerata_on("jax"),
    key="no-kernels",
    title="without kernels",
    env={"KERATA_ENGINE": "jax", "KERATA_KERNELS": "0"},
)
RIVALS = [
    NO_KERNELS,
    keras_on("jax"),
    keras_on("tensorflow"),
    keras_on("torch"),
    Contender("tf_keras", "tf_keras", "tf_keras", ("oracle",), ("tf_keras", "tensorflow")),
    Contender(
        "keras-preprocessing", "keras-preprocessing", "keras_preprocessing", ("oracle",),
        ("keras_preprocessing", "scipy", "PIL"),
    ),
    Contender("torch", "torch", "plain_torch", ("torch", "oracle"), ("torch", "numpy")),
    Contender("jax", "JAX + Optax", "plain_jax", ("jax", "oracle"), ("optax", "jax", "numpy")),
    Contender("sklearn", "scikit-learn", "plain_sklearn", ("jax", "oracle"), ("sklearn", "numpy")),
]  # fmt: skip
TITLES = {"kerata": "Kerata"} | {r.key: r.title for r in RIVALS}


def probe(contender: Contender, home: Path) -> dict[str, str] | None:
    """The versions of what a contender needs, or ``None`` if something cannot be imported."""
    command = [contender.python, "-c", PROBE, *contender.needs]
    env = contender.environment(home)
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else json.loads(done.stdout.splitlines()[-1])


def find(
    contender: Contender, pythons: dict[str, str], home: Path
) -> tuple[Contender, dict[str, str]] | None:
    """The contender with the first Python that has what it needs, and the versions there."""
    for place in dict.fromkeys(pythons[place] for place in contender.places):
        found = replace(contender, python=place)
        if versions := probe(found, home):
            return found, versions
    return None


def reason(stderr: str) -> str:
    """The line of an error output that says most, without folders of this machine."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Exit|Interrupt)\b", line)]
    last = (errors or lines or ["no message"])[-1]
    return re.sub(r"(/[\w.@+-]+){2,}", "…", last).replace("|", "/")[:160]


def once(rows: Sequence[Row], contender: Contender, home: Path, time_limit: float) -> list[float]:
    """One run of rows in a process of their own; the number of each in its unit."""
    programs = [row.program for row in rows]
    command = [contender.python, str(HERE / "workloads.py"), contender.library, *programs]
    env, most = contender.environment(home), time_limit * len(rows)
    start = time.perf_counter()
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=most)
    except subprocess.TimeoutExpired:
        raise Failed(f"took more than {most:g} s") from None
    seconds = time.perf_counter() - start
    if done.returncode:
        raise Failed(reason(done.stderr))
    if rows[0].whole:
        return [seconds * SCALE[rows[0].unit]]
    try:
        numbers = [float(line) for line in done.stdout.splitlines()[-len(rows) :]]
    except ValueError:
        numbers = []
    if len(numbers) < len(rows):
        raise Failed("printed no number")
    return [number * SCALE[row.unit] for number, row in zip(numbers, rows, strict=True)]


def turn(rows: Sequence[Row], contender: Contender, homes: Path, time_limit: float) -> list[float]:
    """One run, with the caches of the contender's earlier ones or with empty ones."""
    if rows[0].fresh:
        with tempfile.TemporaryDirectory() as empty:
            return once(rows, contender, Path(empty), time_limit)
    home = homes / f"{contender.key}-{contender.env.get('KERATA_ENGINE', '')}"
    home.mkdir(parents=True, exist_ok=True)
    return once(rows, contender, home, time_limit)


def by_turns(
    rows: Sequence[Row], contenders: list[Contender], runs: int, homes: Path, time_limit: float
) -> tuple[list[dict[str, list[float]]], dict[str, str]]:
    """Runs of all in turn, A B C A B C …: the numbers of each for each row, and why some have none.

    Several rows are of one bundle: a process runs one after the other.
    """
    found: list[dict[str, list[float]]] = [{c.key: [] for c in contenders} for _ in rows]
    failed: dict[str, str] = {}
    # The run before the first warms disk and caches.
    for i in range(-1 if rows[0].whole else 0, runs):
        for contender in contenders:
            if contender.key in failed:
                continue
            try:
                numbers = turn(rows, contender, homes, time_limit)
            except Failed as problem:
                failed[contender.key] = str(problem)
                for row, of_row in zip(rows, found, strict=True):
                    of_row[contender.key] = []
                    say(f"{row.name} {contender.title}: {problem}")
                continue
            for row, of_row, number in zip(rows, found, numbers, strict=True):
                if i >= 0:
                    of_row[contender.key].append(number)
                    say(f"{row.name} {i + 1}/{runs} {contender.title}: {number:.4g} {row.unit}")
    return [{k: v for k, v in of_row.items() if v} for of_row in found], failed


def say(text: str) -> None:
    """How far the measurement is."""
    print(f"  {text}", file=sys.stderr, flush=True)
