"""Random numbers that are the same on every engine."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import config, layers, ops, random, rng
from kerata.models import Sequential
from kerata.ops import portable
from support import array, jit


@pytest.fixture(autouse=True)
def portable_numbers():
    config.set_portable_random(True)
    yield
    config.set_portable_random(False)


@pytest.mark.parametrize(
    ("key", "counter", "want"),  # the known answers of the authors' Random123
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers(key, counter, want) -> None:
    words = [np.array(v, np.uint32).view(np.int32) for v in (*key, *counter)]
    tensors = [ops.convert_to_tensor(w) for w in words]
    got = portable.threefry((tensors[0], tensors[1]), tensors[2], tensors[3])
    assert tuple(int(array(g).view(np.uint32)) for g in got) == want


def test_the_same_numbers_on_every_engine() -> None:
    assert array(random.randint((6,), 0, 1000, seed=3)).tolist() == RANDINT
    np.testing.assert_array_equal(array(random.uniform((4,), seed=7)), np.float32(UNIFORM))
    np.testing.assert_allclose(array(random.normal((4,), seed=7)), NORMAL, rtol=1e-5)
    assert array(random.shuffle(np.arange(8), seed=2)).tolist() == SHUFFLED


RANDINT = [690, 595, 388, 522, 825, 275]
UNIFORM = [0.14276182651519775, 0.44893693923950195, 0.7357209920883179, 0.5398601293563843]
NORMAL = [-1.067993, -0.128347, 0.630209, 0.100081]
SHUFFLED = [6, 1, 5, 7, 3, 2, 0, 4]


@pytest.mark.parametrize(
    ("draw", "mean", "deviation"),
    [
        (lambda n: random.uniform((n,), -1.0, 3.0, seed=1), 1.0, 4 / 12**0.5),
        (lambda n: random.normal((n,), 2.0, 3.0, seed=1), 2.0, 3.0),
        (lambda n: random.truncated_normal((n,), seed=1), 0.0, 0.8796),
        (lambda n: random.randint((n,), -3, 5, seed=1), 0.5, 2.2913),
        (lambda n: random.gamma((n,), 0.3, seed=1), 0.3, 0.3**0.5),
        (lambda n: random.gamma((n,), 5.0, seed=1), 5.0, 5.0**0.5),
        (lambda n: random.beta((n,), 2.0, 3.0, seed=1), 0.4, 0.2),
        (lambda n: random.binomial((n,), 10, 0.3, seed=1), 3.0, 2.1**0.5),
        (lambda n: random.categorical(np.log([[0.1, 0.2, 0.7]]), n, seed=1)[0], 1.6, 0.44**0.5),
        (lambda n: random.dropout(np.ones(n, "float32"), 0.2, seed=1), 1.0, 0.5),
    ],
)
def test_moments(draw, mean, deviation) -> None:
    n = 20000
    x = array(draw(n)).astype("float64")
    assert abs(x.mean() - mean) < 4 * deviation / n**0.5
    assert abs(x.std() / deviation - 1) < 0.03


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_never_one(dtype) -> None:
    x = array(ops.cast(random.uniform((5000,), dtype=dtype, seed=1), "float32"))
    assert x.min() >= 0 and x.max() < 1


def test_compiled_as_eager() -> None:
    key = np.array([5, 6], np.uint32)

    def draw(k):
        return portable.draw("normal", portable.fold(k, 3), (4, 3), "float32", 0.0, 1.0)

    np.testing.assert_allclose(array(jit(draw)(key)), array(draw(key)), rtol=1e-6)


def test_dropout_in_training() -> None:
    rng.set_seed(0)
    model = Sequential([layers.Input((4,)), layers.Dense(8), layers.Dropout(0.5), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.linspace(-1, 1, 64, dtype="float32").reshape(16, 4)
    history = model.fit(x, x[:, :1], epochs=3, batch_size=4, verbose=0).history["loss"]
    np.testing.assert_allclose(history, LOSSES, rtol=1e-4)


LOSSES = [1.856286, 0.589498, 0.792844]
