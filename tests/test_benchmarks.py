"""The tools of `benchmarks/`: what they name, judge, merge and write; no time is judged here."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def bench() -> Iterator[SimpleNamespace]:
    """The modules of the folder, as the scripts in it see them."""
    names = ["rows", "rivals", "report", "run", "keras_nets", "workloads"]
    sys.path.insert(0, str(FOLDER))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    finally:
        sys.path.remove(str(FOLDER))
        for name in (*names, "timing", "made_data"):
            sys.modules.pop(name, None)


def result(bench: Any, name: str, engine: str = "jax", **numbers: list[float]) -> Any:
    row = next(r for r in bench.rows.ROWS if r.name == name)
    found = {key.replace("_on_", "-"): runs for key, runs in numbers.items()}
    return bench.rows.Result(row, engine, found)


# --- what there is ------------------------------------------------------------------------------


def test_every_row_has_a_workload(bench: Any) -> None:
    nets, calls = set(bench.keras_nets.TRAININGS), set(bench.workloads.CALLS)
    for row in bench.rows.ROWS:
        ends = [end for end in bench.workloads.KINDS if row.program.endswith(end)]
        assert row.program in calls or any(row.program.removesuffix(e) in nets for e in ends)
    names = [row.name for row in bench.rows.ROWS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("rival", "file", "needs"),
    [("torch", "torch", "torch"), ("jax", "jax", "optax"), ("sklearn", "sklearn", "sklearn")],
)
def test_plain_rivals_have_the_workloads_of_their_rows(
    bench: Any, rival: str, file: str, needs: str
) -> None:
    pytest.importorskip(needs)
    plain: ModuleType = importlib.import_module(f"plain_{file}")
    sys.modules.pop(plain.__name__)
    for row in (r for r in bench.rows.ROWS if rival in r.rivals):
        ends = [end for end in bench.workloads.KINDS if row.program.endswith(end)]
        nets = [row.program.removesuffix(e) for e in ends]
        assert row.program in plain.CALLS or any(net in plain.TRAININGS for net in nets)


def test_targets_name_contenders_that_run(bench: Any) -> None:
    for row in bench.rows.ROWS:
        assert set(row.rivals) <= set(bench.report.TITLES)
        for engine, targets in row.targets.items():
            for target in targets:
                named = {*(target.of or ())} - {"no-kernels"}
                assert named <= set(row.rivals_of(engine))


# --- judging ------------------------------------------------------------------------------------


def test_medians_ratios_and_targets(bench: Any) -> None:
    fast = result(
        bench, "boston_step",
        kerata=[9.0, 10.0, 50.0], keras_on_jax=[220.0, 230.0, 200.0], torch=[90.0, 100.0, 80.0],
    )  # fmt: skip
    assert fast.medians == {"kerata": 10.0, "keras-jax": 220.0, "torch": 90.0}
    assert fast.ratio == pytest.approx(10 / 90)
    assert fast.reached is True
    slow = result(bench, "boston_step", kerata=[20.0], keras_on_jax=[220.0])
    assert slow.reached is False
    assert bench.report.verdict(slow) == "no: 0.09 of Keras JAX"
    alone = result(bench, "boston_step", kerata=[20.0])
    assert (alone.reached, alone.ratio) == (None, None)


def test_the_best_of_some_rivals_and_kernels(bench: Any) -> None:
    numbers = {"keras_on_tensorflow": [10.0], "torch": [20.0], "keras_on_jax": [8.5]}
    good = result(bench, "cats_dogs_step", kerata=[8.0], **numbers)
    assert good.reached is True  # 0.8 of TensorFlow and less than Keras on JAX
    assert good.ratio == pytest.approx(8 / 8.5)
    kernels = replace(good, numbers={**good.numbers, "no-kernels": [7.0]})
    assert kernels.ratio == good.ratio  # it is no rival
    assert kernels.reached is False
    slower = replace(good, numbers={**good.numbers, "jax": [7.0]})
    assert bench.report.verdict(slower) == "no: 1.14 of JAX + Optax"


def test_limits_in_units(bench: Any) -> None:
    assert result(bench, "predict_one", kerata=[0.1], keras_on_jax=[3.6]).reached is True
    assert result(bench, "predict_one", kerata=[0.2], keras_on_jax=[3.6]).reached is False
    assert result(bench, "predict_one", "torch", kerata=[0.2]).reached is True
    memory = result(bench, "memory", kerata=[-0.1])
    assert (memory.reached, memory.ratio) == (True, None)


def test_other_engines_meet_their_own_library(bench: Any) -> None:
    row = result(bench, "lstm_step").row
    assert row.rivals_of("torch") == ("keras-torch", "torch")
    assert row.rivals_of("tensorflow") == ("keras-tensorflow", "tf_keras")
    assert "no-kernels" in row.rivals_of("jax")
    found = {"kerata": [70.0], "keras_on_torch": [1300.0], "torch": [80.0]}
    assert result(bench, "lstm_step", "torch", **found).reached is True
    assert result(bench, "lstm_step", "torch", **{**found, "torch": [50.0]}).reached is False


# --- running ------------------------------------------------------------------------------------


def contender(bench: Any, **changes: Any) -> Any:
    made = bench.rivals.Contender("torch", "torch", "kerata", ("oracle",), ("json",))
    return replace(made, python=sys.executable, **changes)


def test_libraries_do_not_share_settings(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("KERATA_KERNELS", "1")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    kerata = bench.rivals.kerata_on("jax").environment(tmp_path)
    assert "KERAS_BACKEND" not in kerata and "KERATA_KERNELS" not in kerata
    assert kerata["PYTHONPATH"].startswith(str(ROOT / "src"))
    keras = bench.rivals.keras_on("jax").environment(tmp_path)
    assert keras["KERAS_BACKEND"] == "jax" and "PYTHONPATH" not in keras
    assert bench.rivals.NO_KERNELS.environment(tmp_path)["KERATA_KERNELS"] == "0"


def test_a_rival_that_is_missing(bench: Any, tmp_path: Path) -> None:
    pythons = {"oracle": str(tmp_path / "none"), "jax": sys.executable}
    assert bench.rivals.find(contender(bench), pythons, tmp_path) is None
    other = contender(bench, places=("jax",), needs=("no_such_package",))
    assert bench.rivals.find(other, pythons, tmp_path) is None
    found = bench.rivals.find(contender(bench, places=("oracle", "jax")), pythons, tmp_path)
    assert found is not None
    assert found[0].python == sys.executable
    assert {"python", "json"} <= set(found[1])


def test_a_rival_that_fails_gets_a_note_and_the_others_go_on(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[str] = []

    def once(rows: Any, who: Any, home: Path, time_limit: float) -> list[float]:
        calls.append(who.key)
        if who.key == "torch":
            raise bench.rivals.Failed("ValueError: too large")
        return [float(len(calls)) + 100 * i for i in range(len(rows))]

    monkeypatch.setattr(bench.rivals, "once", once)
    row = result(bench, "lstm_step").row
    both = [contender(bench, key="kerata"), contender(bench)]
    (numbers,), failed = bench.rivals.by_turns([row], both, 2, tmp_path, 1.0)
    assert (numbers, failed) == ({"kerata": [1.0, 3.0]}, {"torch": "ValueError: too large"})
    assert calls == ["kerata", "torch", "kerata"]
    text = bench.report.tables([bench.rows.Result(row, "jax", numbers, failed)])
    assert "| – (1) |" in text
    assert "\n1. `lstm_step`, torch: ValueError: too large\n" in text
    calls.clear()
    whole = next(r for r in bench.rows.ROWS if r.whole and not r.fresh)
    (numbers,), _ = bench.rivals.by_turns([whole], both[:1], 2, tmp_path, 1.0)
    assert numbers == {"kerata": [2.0, 3.0]}  # the first one fills caches
    calls.clear()
    found, _ = bench.rivals.by_turns([row, row], both[:1], 2, tmp_path, 1.0)
    assert found == [{"kerata": [1.0, 2.0]}, {"kerata": [101.0, 102.0]}]


def test_rows_of_a_bundle_share_a_process(bench: Any) -> None:
    bundles = bench.run.bundles("jax", [])
    assert [r.name for b in bundles for r in b] == [r.name for r in bench.rows.ROWS]
    for rows in bundles:
        assert len({r.rivals for r in rows}) == len({r.bundle for r in rows}) == 1
        assert len(rows) == 1 or not any(r.whole or r.fresh for r in rows)
    assert max(len(rows) for rows in bundles) > 5
    assert bench.run.bundles("torch", ["fit_call"]) == []


def test_processes_that_fail(bench: Any, tmp_path: Path) -> None:
    row = result(bench, "lstm_step").row
    with pytest.raises(bench.rivals.Failed, match="No module named"):
        bench.rivals.once([row], contender(bench, library="no_such_library"), tmp_path, 60)
    with pytest.raises(bench.rivals.Failed, match="took more than"):
        bench.rivals.once([row], contender(bench), tmp_path, 0.01)
    told = bench.rivals.reason("Traceback\nOSError: no /some/where/deep.txt | here\nlast words\n")
    assert told == "OSError: no … / here"


# --- writing ------------------------------------------------------------------------------------


def test_results_are_merged_and_written(bench: Any, tmp_path: Path) -> None:
    report, out, page = bench.report, tmp_path / "new", tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    first = [
        result(bench, "fit_call", kerata=[1.0], keras_on_jax=[5.0]),
        result(bench, "boston_step", kerata=[1.0]),
    ]
    report.write(first, {"Keras JAX": {"jax": "1"}}, out, page)
    again = [
        result(bench, "fit_call", kerata=[2.0, 2.0], keras_on_jax=[5.0, 5.0]),
        result(bench, "boston_step", "torch", kerata=[300.0]),
    ]
    report.write(again, {"torch": {"torch": "2"}}, out, page)
    stored = json.loads((out / "benchmarks.json").read_text())
    assert [(r["name"], r["engine"]) for r in stored["results"]] == [
        ("boston_step", "jax"), ("fit_call", "jax"), ("boston_step", "torch"),
    ]  # fmt: skip
    assert stored["results"][1]["numbers"] == {"kerata": [2.0, 2.0], "keras-jax": [5.0, 5.0]}
    assert stored["results"][1]["of_the_best"] == 0.4
    assert stored["machine"]["versions"] == {"Keras JAX": {"jax": "1"}, "torch": {"torch": "2"}}
    text = page.read_text()
    assert "| 2 ms | 5 ms | 0.40 | 1.5 ms | no: more than 1.5 ms | 2 |" in text
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "| 2 ms | 5 ms |" in (out / "benchmarks.md").read_text()


def test_the_page_has_a_place_for_the_tables(bench: Any) -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert text.count(bench.report.BEGIN) == text.count(bench.report.END) == 1


@pytest.mark.slow
@pytest.mark.engine("jax")
def test_the_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_REPEATS", "1")
    command = [sys.executable, str(FOLDER / "run.py"), "import_library", "mnist_conv_8_step"]
    options = ["--rivals", "no-kernels", "tf_keras", "--oracle", str(tmp_path / "no-python")]
    done = subprocess.run(
        [*command, *options, "--runs", "1", "--out", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode in (0, 1), (
        done.stderr
    )  # 1 if a target is missed, which is not judged here
    assert "Not installed: tf_keras" in done.stdout
    results = json.loads((tmp_path / "benchmarks.json").read_text())["results"]
    assert [r["name"] for r in results] == ["import_library", "mnist_conv_8_step"]
    assert set(results[1]["medians"]) == {"kerata", "no-kernels"}
    assert not any(r["failed"] for r in results)


def test_agreement_of_runs() -> None:
    spec = importlib.util.spec_from_file_location("agreement", ROOT / "tools" / "agreement.py")
    assert spec is not None and spec.loader is not None
    agreement = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(agreement)
    distance = agreement.distance
    a = {"losses": [0.5, 200.0], "start": ["x"], "error": ""}
    close = {"losses": [0.5, 200.02], "start": ["x"], "error": ""}
    assert distance(a, close) == pytest.approx(1e-4)
    assert distance(a, {"losses": [0.5], "start": ["x"], "error": ""}) == float("inf")
    assert distance(a, {"losses": [0.5, 200.0], "start": ["y"], "error": ""}) == float("inf")
