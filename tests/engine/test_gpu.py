"""What only a GPU can show; skipped without one. `docs/engines.md` lists these checks."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops
from kerata.engine import engine
from kerata.errors import InputError
from support import array, tensor

ENGINE = keras.config.backend()
GPUS = [d for d in engine().devices() if d.startswith("gpu")]
pytestmark = pytest.mark.skipif(not GPUS, reason="there is no GPU")


def device_of(x) -> str:
    """Kind of the device of a tensor: ``cpu`` or ``gpu``."""
    if ENGINE == "torch":
        return {"cuda": "gpu"}.get(x.device.type, x.device.type)
    if ENGINE == "tensorflow":
        return x.device.rpartition(":")[0].rpartition(":")[2].lower()
    return {"cuda": "gpu"}.get(kind := next(iter(x.devices())).platform, kind)


def convnet():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def recurrent():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((12, 6)),
            layers.LSTM(8, return_sequences=True),
            layers.GRU(8, return_sequences=True),
            layers.SimpleRNN(8),
            layers.Dense(10, activation="softmax"),
        ]
    )


def trained(make, device):
    rng = np.random.default_rng(0)
    with keras.device(device):
        model = make()
        x = rng.normal(size=(64, *model.input_shape[1:])).astype("float32")
        y = rng.integers(0, 10, 64)
        model.compile("adam", "sparse_categorical_crossentropy")
        history = model.fit(x, y, epochs=3, batch_size=16, verbose=0)
        return model, history.history["loss"], model.predict(x, verbose=0)


def test_new_tensors_lie_on_the_gpu():
    assert device_of(tensor(np.ones(3, "float32"))) == "gpu"
    assert device_of(layers.Dense(2)(tensor(np.ones((1, 3), "float32")))) == "gpu"


def test_a_block_for_the_cpu():
    with keras.device("cpu:0"):
        assert device_of(tensor(np.ones(3, "float32"))) == "cpu"
    with keras.device("gpu:0"):
        assert device_of(tensor(np.ones(3, "float32"))) == "gpu"


@pytest.mark.parametrize("make", [convnet, recurrent])
def test_training_agrees_with_the_cpu(make):
    """Native kernels for convolution and recurrence: to the accuracy of the hardware (TF32)."""
    _, here, predictions = trained(make, "gpu:0")
    _, there, expected = trained(make, "cpu:0")
    np.testing.assert_allclose(here, there, rtol=5e-3)
    np.testing.assert_allclose(predictions, expected, atol=5e-3)


def test_the_same_seed_gives_the_same_run():
    first, second = trained(recurrent, "gpu:0"), trained(recurrent, "gpu:0")
    np.testing.assert_allclose(first[1], second[1], rtol=1e-6)


def test_a_file_goes_to_the_cpu(tmp_path):
    model, _, expected = trained(convnet, "gpu:0")
    model.save(tmp_path / "model.keras")
    with keras.device("cpu:0"):
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert device_of(loaded.layers[0].kernel.value) == "cpu"
        x = np.random.default_rng(0).normal(size=(64, 16, 16, 3)).astype("float32")
        np.testing.assert_allclose(loaded.predict(x, verbose=0), expected, atol=5e-3)


def test_memory_is_taken_as_needed():
    """A small model must not take most of the GPU's memory, as the libraries do by themselves."""
    trained(convnet, "gpu:0")
    asked = ["nvidia-smi", "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
    used, total = (
        subprocess.run(asked, capture_output=True, text=True).stdout.split("\n")[0].split(",")
    )
    assert float(used) < 0.5 * float(total)


@pytest.mark.engine("torch")
def test_mixed_devices_are_told():
    a = tensor(np.ones((2, 2), "float32"))
    with keras.device("cpu:0"):
        b = tensor(np.ones((2, 2), "float32"))
    with pytest.raises(InputError, match="different devices"):
        ops.matmul(a, b)


@pytest.mark.engine("torch")
def test_a_model_is_moved():
    model, _, expected = trained(convnet, "gpu:0")
    model.cpu()
    assert device_of(model.layers[0].kernel.value) == "cpu"
    model.cuda()
    x = np.random.default_rng(0).normal(size=(64, 16, 16, 3)).astype("float32")
    np.testing.assert_allclose(array(model(x)), expected, atol=1e-4)


def test_streams_are_staged():
    """Batches of a generator reach the device; the numbers are those of arrays."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 16, 16, 3)).astype("float32")
    y = rng.integers(0, 10, 64)

    def batches():
        for i in range(0, 64, 16):
            yield x[i : i + 16], y[i : i + 16]

    losses = []
    for data in ((batches(),), (x, y)):
        model = convnet()
        model.compile("sgd", "sparse_categorical_crossentropy")
        more = {} if len(data) == 1 else {"batch_size": 16, "shuffle": False}
        losses.append(model.fit(*data, verbose=0, **more).history["loss"][0])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
