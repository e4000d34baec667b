"""The programs in ``examples/`` that need nothing but Kerata and its engine."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

ANY_ENGINE = """functional_api masking_and_padding new_layers_and_models preprocessing_layers
saving_and_serialization sequential training_and_evaluation transfer_learning writing_callbacks""".split()


def run(name: str) -> None:
    """Each program ends by checking what it has found."""
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")


@pytest.mark.parametrize("name", ANY_ENGINE)
def test_any_engine(name: str) -> None:
    run(name)


@pytest.mark.engine("jax")
def test_custom_train_step_jax() -> None:
    run("custom_train_step_jax")


@pytest.mark.engine("torch")
def test_custom_loop_torch() -> None:
    run("custom_loop_torch")


@pytest.mark.engine("tensorflow")
def test_custom_train_step_tensorflow() -> None:
    run("custom_train_step_tensorflow")


def test_table_names_all() -> None:
    table = (EXAMPLES / "README.md").read_text()
    assert all(f"[{path.name}]({path.name})" in table for path in EXAMPLES.glob("*.py"))


@pytest.mark.engine("jax")
def test_custom_loop_jax(capsys: pytest.CaptureFixture[str]) -> None:
    program = runpy.run_path(str(EXAMPLES / "custom_loop_jax.py"))
    train, model = program["train"], program["model"]
    before = [v.numpy() for v in model.variables]
    in_training, on_test = train()
    assert "epoch 6" in capsys.readouterr().out
    assert in_training > 0.94 and on_test > 0.94
    # The values are back in the model: used in the usual way it is as good.
    assert not any(np.array_equal(a, v.numpy()) for a, v in zip(before, model.variables))
    scores = model.predict(program["x_test"], verbose=0)
    whole = len(scores) // 32 * 32
    right = np.mean(scores[:whole].argmax(-1) == program["y_test"][:whole])
    assert abs(right - on_test) < 1e-6
    assert int(program["optimizer"].iterations) == 6 * (len(program["x_train"]) // 32)
