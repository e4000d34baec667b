"""Settings that other modules obey."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import kerata as keras
from kerata import config, layers


@pytest.fixture
def limits() -> Iterator[None]:
    yield
    config.set_max_epochs(None)
    config.set_max_steps_per_epoch(None)


def model() -> keras.Model:
    made = keras.Sequential([layers.Input((2,)), layers.Dense(1)])
    made.compile("sgd", "mse")
    return made


class Count(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.epochs = self.batches = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1


X, Y = np.ones((12, 2), "float32"), np.ones((12, 1), "float32")


def test_max_epochs(limits: None) -> None:
    assert config.max_epochs() is None
    config.set_max_epochs(2)
    with pytest.warns(UserWarning, match="epochs is limited to 2"):
        history = model().fit(X, Y, epochs=5, verbose=0)
    assert len(history.history["loss"]) == 2
    assert len(model().fit(X, Y, epochs=1, verbose=0).history["loss"]) == 1
    with pytest.raises(ValueError, match="max_epochs"):
        config.set_max_epochs(0)


def test_max_steps(limits: None) -> None:
    config.set_max_steps_per_epoch(2)
    count = Count()
    with pytest.warns(UserWarning, match="limited to 2"):
        model().fit(X, Y, batch_size=3, epochs=2, verbose=0, callbacks=[count])
    assert (count.epochs, count.batches) == (2, 4)
    with pytest.warns(UserWarning, match="limited to 2"):
        assert len(model().predict(X, batch_size=3, verbose=0)) == 6
    count = Count()  # an epoch that is short enough stays whole
    model().fit(X, Y, batch_size=6, verbose=0, callbacks=[count])
    assert count.batches == 2
    with pytest.warns(UserWarning, match="limited to 2"):
        model().fit(((X[:3], Y[:3]) for _ in range(9)), steps_per_epoch=4, verbose=0)


def test_limits_from_the_environment() -> None:
    code = "from kerata import config; print(config.max_epochs(), config.max_steps_per_epoch())"
    env = {
        "KERAS_MAX_EPOCHS": "3",
        "KERATA_MAX_STEPS_PER_EPOCH": "7",
        "PYTHONPATH": ":".join(sys.path),
    }
    out = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == ["3", "7"]


def test_flash_attention() -> None:
    assert config.is_flash_attention_enabled() is None and not config.is_nnx_enabled()
    x = np.random.default_rng(0).standard_normal((1, 4, 6)).astype("float32")
    layer = layers.MultiHeadAttention(2, 3)
    want = np.asarray(layer(x, x))
    config.disable_flash_attention()
    try:
        assert config.is_flash_attention_enabled() is False
        np.testing.assert_allclose(layer(x, x), want, rtol=1e-5, atol=1e-6)
    finally:
        config.enable_flash_attention()
    assert config.is_flash_attention_enabled() is None


@pytest.mark.parametrize("late", [False, True])
def test_determinism(late: bool) -> None:
    """In a process of its own, as it cannot be undone; before and after the engine is there."""
    order = ["k.config.enable_determinism()", "k.ops.ones(2)"]
    code = f"""
import kerata as k, numpy as np, os, sys
assert not k.config.is_determinism_enabled()
{chr(10).join(reversed(order) if late else order)}
print(k.config.is_determinism_enabled(), np.asarray(k.ops.sum(k.random.normal((3,), seed=1))).shape)
if k.config.backend() == "torch":
    import torch
    assert torch.are_deterministic_algorithms_enabled()
if k.config.backend() == "jax":
    assert "deterministic" in os.environ["XLA_FLAGS"]
"""
    out = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert out.stdout.strip() == "True ()", out.stderr
