"""The tools of `benchmarks/`: what they name, judge and write; no time is measured here."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    return load("run")


def result(bench: Any, name: str, kerata: list[float], keras: list[float]) -> Any:
    measure = next(m for m in bench.MEASURES if m.name == name)
    return bench.Result(measure, kerata, keras)


def test_every_measure_has_a_workload(bench: Any) -> None:
    assert [m.name for m in bench.MEASURES] == list(load("workloads").WORKLOADS)


def test_medians_and_targets(bench: Any) -> None:
    fast = result(bench, "boston_step", [9.0, 10.0, 50.0], [220.0, 230.0, 200.0])
    assert (fast.ours, fast.theirs, fast.ratio) == (10.0, 220.0, 22.0)
    assert fast.measure.reached(fast.ours, fast.ratio)
    slow = result(bench, "boston_step", [20.0], [220.0])
    assert not slow.measure.reached(slow.ours, slow.ratio)
    alone = result(bench, "boston_step", [20.0], [])
    assert alone.measure.reached(alone.ours, alone.ratio) is None
    predict = result(bench, "predict_one", [0.2], [3.6])
    assert predict.measure.reached(predict.ours, predict.ratio) is False


def test_results_are_written(bench: Any, tmp_path: Path) -> None:
    results = [result(bench, "fit_call", [1.0], [5.0]), result(bench, "memory", [0.0], [])]
    bench.write(results, {"processor": "any"}, tmp_path / "new")
    stored = json.loads((tmp_path / "new" / "speed.json").read_text())
    assert [row["ratio"] for row in stored["results"]] == [5.0, None]
    page = (tmp_path / "new" / "speed.md").read_text()
    assert "| 1 ms | 5 ms | 5.0 | at most 1.5 ms | yes | 1 |" in page
    assert len(bench.plain(results).splitlines()) == 3


def test_libraries_do_not_share_settings(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    assert "KERAS_BACKEND" not in bench.environment("kerata")
    assert bench.environment("keras")["KERAS_BACKEND"] == "jax"
    assert "PYTHONPATH" not in bench.environment("keras")


# --- engines ------------------------------------------------------------------------------------


def test_engines_have_workloads() -> None:
    rows, workloads = load("engines").ROWS, load("workloads")
    known = {*workloads.WORKLOADS, *workloads.MORE}
    assert {r.name for r in rows} <= known
    plain = (FOLDER / "plain_torch.py").read_text()  # which needs torch to be imported
    assert all(f"def {r.name}()" in plain for r in rows if r.plain)


def test_engines_are_judged() -> None:
    engines = load("engines")
    row = next(r for r in engines.ROWS if r.name == "lstm_step")
    found = {"kerata": [70.0, 60.0], "keras": [1300.0], "plain_torch": [80.0]}
    line = engines.judge(row, "torch", found)
    assert line[2:] == ["65 ms", "1,300 ms", "0.05", "0.08", "80 ms", "0.81", "1.1", "yes"]
    assert engines.judge(row, "torch", {**found, "plain_torch": [50.0]})[-1] == "no"
    assert engines.judge(row, "tensorflow", {"kerata": [65.0], "keras": [60.0]})[-1] == "no"
    one = next(r for r in engines.ROWS if r.name == "predict_one")
    assert engines.judge(one, "torch", {"kerata": [0.4], "keras": [2.0]})[-1] == "no"


def test_agreement_of_runs() -> None:
    distance = load("../tools/agreement").distance
    a = {"losses": [0.5, 200.0], "start": ["x"], "error": ""}
    assert distance(a, {"losses": [0.5, 200.02], "start": ["x"], "error": ""}) == pytest.approx(
        1e-4
    )
    assert distance(a, {"losses": [0.5], "start": ["x"], "error": ""}) == float("inf")
    assert distance(a, {"losses": [0.5, 200.0], "start": ["y"], "error": ""}) == float("inf")
