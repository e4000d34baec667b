"""Initial values: distributions, fans, seeds, and the forms in which an initializer is given."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kerata import initializers, ops, random, rng
from kerata.errors import InputError, ShapeError
from kerata.layers import Dense
from kerata.variable import Variable
from support import array

SHAPE = (60, 80)

# Name, standard deviation, largest absolute value in standard deviations.
RANDOM = [
    ("random_normal", 0.05, None),
    ("random_uniform", 0.05 / 3**0.5, 3**0.5),
    ("truncated_normal", 0.05 * 0.8796, 2 / 0.8796),
    ("variance_scaling", (1 / 60) ** 0.5, 2 / 0.8796),
    ("glorot_uniform", (2 / 140) ** 0.5, 3**0.5),
    ("glorot_normal", (2 / 140) ** 0.5, 2 / 0.8796),
    ("he_uniform", (2 / 60) ** 0.5, 3**0.5),
    ("he_normal", (2 / 60) ** 0.5, 2 / 0.8796),
    ("lecun_uniform", (1 / 60) ** 0.5, 3**0.5),
    ("lecun_normal", (1 / 60) ** 0.5, 2 / 0.8796),
]


@pytest.mark.parametrize("name, std, most", RANDOM)
def test_moments(name, std, most):
    initializer = initializers.get({"class_name": name, "config": {"seed": 1}})
    values = np.asarray(initializer(SHAPE))
    assert values.shape == SHAPE and values.dtype == np.float32
    assert abs(values.mean()) < 4 * std / np.sqrt(values.size)
    assert abs(values.std() / std - 1) < 0.05
    if most is not None:
        assert 0.95 * most < np.abs(values).max() / std <= most * 1.001


@pytest.mark.parametrize("name", [r[0] for r in RANDOM] + ["orthogonal"])
def test_seeds(name):
    seeded, free = initializers.get(name), initializers.get(name)
    seeded.seed = 5
    rng.set_seed(1)
    first = np.asarray(seeded((4, 5)))
    assert np.array_equal(first, seeded((4, 5))), "an int gives the same values at every call"
    a, b = np.asarray(free((4, 5))), np.asarray(free((4, 5)))
    assert not np.array_equal(a, b)
    rng.set_seed(1)
    assert np.array_equal(free((4, 5)), a), "the global seed decides where there is no other"
    rng.set_seed(2)
    assert not np.array_equal(free((4, 5)), a)
    assert np.array_equal(seeded((4, 5)), first), "and only there"
    seeded.seed = 6
    assert not np.array_equal(seeded((4, 5)), first)


def test_seed_generator_gives_new_but_repeatable_values():
    one, two = (initializers.RandomNormal(seed=random.SeedGenerator(3)) for _ in range(2))
    a, b = np.asarray(one((3,))), np.asarray(one((3,)))
    assert not np.array_equal(a, b)
    assert np.array_equal(two((3,)), a) and np.array_equal(two((3,)), b)


def test_values_do_not_depend_on_when_they_are_read():
    def pair(order):
        rng.set_seed(0)
        made = [Variable(initializers.get("normal"), (3,)) for _ in range(2)]
        for i in order:
            made[i].numpy()
        return [v.numpy() for v in made]

    for a, b in zip(pair([0, 1]), pair([1, 0])):
        assert np.array_equal(a, b)


def test_one_instance_gives_each_weight_its_own_values():
    layer = Dense(4, kernel_initializer="normal")
    shared = initializers.RandomNormal()
    a, b = Dense(4, kernel_initializer=shared), Dense(4, kernel_initializer=shared)
    for part in (layer, a, b):
        part.build((None, 4))
    assert not np.array_equal(a.kernel.numpy(), b.kernel.numpy())


@pytest.mark.parametrize(
    "shape, axes, fans",
    [
        ((), (), (1, 1)),
        ((7,), (), (7, 7)),
        ((3, 4), (), (3, 4)),
        ((5, 3, 4), (), (15, 20)),
        ((3, 3, 16, 32), (), (144, 288)),
        ((2, 3, 4, 5), ([0, 3], [1]), (10, 3)),
    ],
)
def test_fans(shape, axes, fans):
    assert initializers.compute_fans(shape, *axes) == fans


def test_variance_scaling_arguments():
    for mode, fan in (("fan_in", 60), ("fan_out", 80), ("fan_avg", 70)):
        for distribution in ("uniform", "normal", "truncated_normal", "untruncated_normal"):
            init = initializers.VarianceScaling(3.0, mode, distribution, seed=0)
            assert abs(array(init(SHAPE)).std() / np.sqrt(3 / fan) - 1) < 0.05
    for bad in ({"scale": 0}, {"mode": "fan"}, {"distribution": "cauchy"}, {"seed": "x"}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            initializers.VarianceScaling(**bad)


def test_constants():
    assert initializers.Zeros()((2,)).tolist() == [0, 0]
    assert initializers.get("one")((2,), "int32").tolist() == [1, 1]
    assert initializers.Constant([1, 2])((2, 2)).tolist() == [[1, 2], [1, 2]]
    assert initializers.Identity(2.0)((2, 3)).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(ShapeError):
        initializers.Identity()((2, 2, 2))


@pytest.mark.parametrize("shape", [(4, 4), (3, 6), (6, 3), (3, 3, 2, 5), (2, 2, 2, 50)])
def test_orthogonal(shape):
    q = np.asarray(initializers.Orthogonal(gain=2.0, seed=1)(shape)).reshape(-1, shape[-1]) / 2
    gram = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-5)
    with pytest.raises(ShapeError):
        initializers.Orthogonal()((3,))


def test_stft():
    frame, bins = 16, 9
    real, imag = (
        np.asarray(initializers.STFT(side, None, None)((frame, 1, bins)))[:, 0]
        for side in ("real", "imag")
    )
    x = np.random.default_rng(0).standard_normal(frame)
    np.testing.assert_allclose(x @ real + 1j * (x @ imag), np.fft.rfft(x), atol=1e-4)
    windowed = np.asarray(initializers.STFT("real", "hann", "spectrum")((frame, 1, bins)))
    np.testing.assert_allclose(windowed[:, 0, 0].sum(), 1, rtol=1e-5)
    assert initializers.STFT(window=np.ones(frame), scaling="density")((frame, 1, bins)).shape == (
        frame,
        1,
        bins,
    )
    with pytest.raises(ValueError, match="side"):
        initializers.STFT("both")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int32"])
def test_dtypes(dtype):
    for name in ("zeros", "glorot_uniform", "truncated_normal"):
        assert ops.dtype(initializers.get(name)((2, 3), dtype=dtype)) == dtype


NAMES = {
    "GlorotUniform": ["glorot_uniform", "GlorotUniform", "glorotuniform"],
    "RandomUniform": ["uniform", "random_uniform", "RandomUniform"],
    "RandomNormal": ["normal", "random_normal"],
    "Zeros": ["zero", "zeros", "Zeros"],
    "Ones": ["one", "ones", "Ones"],
    "Orthogonal": ["orthogonal", "OrthogonalInitializer"],
    "Identity": ["identity", "IdentityInitializer"],
    "VarianceScaling": ["VarianceScaling", "variance_scaling"],
}


@pytest.mark.parametrize("cls, names", NAMES.items())
def test_names(cls, names):
    for name in names:
        assert type(initializers.get(name)).__name__ == cls


@pytest.mark.parametrize("cls", initializers._CLASSES, ids=lambda c: c.__name__)
def test_configuration(cls):
    made = cls(**({"seed": 3} if issubclass(cls, initializers.RandomInitializer) else {}))
    stored = json.loads(json.dumps(initializers.serialize(made)))
    assert stored["module"] == "keras.initializers" and stored["class_name"] == cls.__name__
    again = initializers.deserialize(stored)
    assert type(again) is cls and again.get_config() == made.get_config()
    shape = (4, 1, 3) if cls is initializers.STFT else (4, 3)
    assert np.array_equal(again(shape), made(shape))
    assert type(initializers.get(cls)) is cls
    assert initializers.get(made) is made


def test_custom_ones():
    class Halves(initializers.Initializer):
        def __init__(self, factor=1.0):
            self.factor = factor

        def __call__(self, shape, dtype=None):
            return self.factor * ops.full(shape, 0.5, dtype)

    def threes(shape, dtype=None):
        return np.full(shape, 3.0, dtype)

    for given, value in ((Halves, 0.5), (Halves(3.0), 1.5), (threes, 3.0)):
        layer = Dense(2, kernel_initializer=given)
        layer.build((None, 2))
        assert layer.kernel.numpy().tolist() == [[value] * 2] * 2
    config = initializers.serialize(Halves(3.0))
    assert config["config"] == {"factor": 3.0}
    assert initializers.deserialize(config, {"Halves": Halves})((1,)).tolist() == [1.5]
    with pytest.raises(InputError, match="Halves"):
        initializers.deserialize(config)


def test_arrays():
    table = np.arange(4.0).reshape(2, 2)
    layer = Dense(2, kernel_initializer=table)
    layer.build((None, 2))
    assert np.array_equal(layer.kernel.numpy(), table)
    with pytest.raises(ShapeError, match=r"\(2, 2\), the weight \(2, 3\)"):
        initializers.get(table)((2, 3))


def test_errors():
    assert initializers.get(None) is None
    with pytest.raises(InputError, match="Did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrom")
    with pytest.raises(NotImplementedError, match="neither sample nor"):
        initializers.Initializer()((2,))
