"""Noise in training, and penalties on activity."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import engine, layers, rng, scope
from kerata.errors import InputError, ShapeError
from kerata.random import SeedGenerator
from layers.check import check_layer, close
from support import jit

CASES = [
    (layers.Dropout, {"rate": 0.3}, (2, 3)),
    (layers.Dropout, {"rate": 0.3, "noise_shape": (None, 1, 4), "seed": 3}, (2, 3, 4)),
    (layers.SpatialDropout1D, {"rate": 0.3}, (2, 3, 4)),
    (
        layers.SpatialDropout2D,
        {"rate": 0.3, "data_format": "channels_first", "seed": 1},
        (2, 3, 4, 2),
    ),
    (layers.SpatialDropout3D, {"rate": 0.3}, (2, 2, 2, 2, 3)),
    (layers.GaussianNoise, {"stddev": 0.3}, (2, 3)),
    (layers.GaussianDropout, {"rate": 0.3, "seed": 5}, (2, 3)),
    (layers.AlphaDropout, {"rate": 0.3}, (2, 3)),
    (layers.ActivityRegularization, {"l1": 0.1, "l2": 0.2}, (2, 3)),
]


@pytest.mark.parametrize("cls, arguments, shape", CASES)
def test_layer(cls, arguments, shape):
    check_layer(cls, arguments, shape, expected=lambda x: x)
    out = check_layer(cls, arguments, shape, call={"training": True}, trains=False)
    assert out.shape == shape


BIG = np.ones((100, 50, 20), "float32")


def test_dropout():
    y = np.asarray(layers.Dropout(0.3)(BIG, training=True))
    kept = y != 0
    assert abs(kept.mean() - 0.7) < 0.01
    close(y[kept], np.full(kept.sum(), 1 / 0.7, "float32"))
    assert not np.any(np.asarray(layers.Dropout(1.0)(BIG, training=True)))
    close(layers.Dropout(0)(BIG, training=True), BIG)


@pytest.mark.parametrize(
    "layer, constant",
    [
        (layers.Dropout(0.5, noise_shape=(None, 1, None)), 1),
        (layers.SpatialDropout1D(0.5), 1),
        (layers.SpatialDropout1D(0.5, seed=2), 1),
    ],
)
def test_masks_are_shared_along_axes(layer, constant):
    y = np.asarray(layer(BIG, training=True))
    assert np.all(y == y.take([0], axis=constant))
    assert 0.4 < (y == 0).mean() < 0.6


@pytest.mark.parametrize("first", [True, False])
def test_spatial_dropout_drops_channels(first):
    x = np.ones((20, 10, 4, 10), "float32")
    layer = layers.SpatialDropout2D(0.5, "channels_first" if first else None)
    y = np.asarray(layer(x, training=True))
    assert np.all(y == (y[:, :, :1, :1] if first else y[:, :1, :1]))
    assert 0.3 < (y == 0).mean() < 0.7


def test_gaussians():
    noise = np.asarray(layers.GaussianNoise(0.5)(BIG, training=True)) - BIG
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 0.5) < 0.01
    scaled = np.asarray(layers.GaussianDropout(0.2)(BIG, training=True))
    assert abs(scaled.mean() - 1) < 0.01 and abs(scaled.std() - 0.5) < 0.01


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).standard_normal((200, 500)).astype("float32")
    for rate in (0.1, 0.5):
        y = np.asarray(layers.AlphaDropout(rate)(x, training=True))
        assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02
    y = np.asarray(layers.AlphaDropout(0.5, noise_shape=(None, 1))(x, training=True))
    assert {len(np.unique(row)) > 1 for row in y} == {True, False}
    assert all(len(np.unique(row)) == 1 or len(np.unique(row)) > 490 for row in y)


@pytest.mark.parametrize(
    "make", [layers.Dropout, layers.GaussianNoise, layers.GaussianDropout, layers.AlphaDropout]
)
def test_seeds(make):
    x = BIG[0]
    a, b = make(0.5, seed=4), make(0.5, seed=4)
    first, second = np.asarray(a(x, training=True)), np.asarray(a(x, training=True))
    assert not np.array_equal(first, second), "successive calls differ"
    close(b(x, training=True), first)
    close(b(x, training=True), second)
    rng.set_seed(1)
    unseeded = np.asarray(make(0.5)(x, training=True))
    rng.set_seed(1)
    close(make(0.5)(x, training=True), unseeded)
    assert a.weights == []


@pytest.mark.parametrize("seed", [None, 7])
def test_draws_in_a_compiled_step_follow_its_key(seed):
    layer = layers.Dropout(0.5, seed=seed)
    x = BIG[0]

    @jit
    def step(key):
        with scope.bind(key=key):
            return layer(x, training=True), layer(x, training=True)

    keys = [engine.engine().key(i) for i in (0, 1)]
    a, b = step(keys[0])
    assert not np.array_equal(a, b)
    assert not np.array_equal(a, step(keys[1])[0])
    close(step(keys[0]), [a, b])


def test_activity_regularization():
    layer = layers.ActivityRegularization(l1=0.5, l2=1.0)
    layer(np.array([[1.0, -2.0]]))
    assert [float(v) for v in layer.losses] == [6.5]


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.Dropout(1.5),
        lambda: layers.Dropout(-0.1),
        lambda: layers.Dropout("half"),
        lambda: layers.Dropout(0.5, noise_shape=(0, 1)),
        lambda: layers.Dropout(0.5, noise_shape="ab"),
        lambda: layers.GaussianDropout(1),
        lambda: layers.GaussianNoise(-1),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(InputError):
        make()


def test_wrong_rank():
    with pytest.raises(ShapeError, match="3 axes"):
        layers.SpatialDropout1D(0.5)(np.ones((2, 3)))


@pytest.mark.parametrize(
    "layer", [layers.Dropout(0.5), layers.GaussianNoise(1.0), layers.RandomFlip("horizontal")]
)
def test_stateless_calls_without_a_seed(layer):
    """A loop that somebody else compiles: every call draws anew, though its code stays the same."""
    x = np.random.default_rng(1).normal(size=(4, 8, 8, 3)).astype("float32")
    layer(x)
    (state,) = layer.non_trainable_variables
    assert layer.weights == [] and state.path == f"{layer.name}/" + state.path.partition("/")[2]
    call = jit(lambda values, x: layer.stateless_call([], values, x, training=True))
    first, after = call([state.value], x)
    second, _ = call(after, x)
    again, _ = call([state.value], x)
    first, second, again = (np.asarray(engine.engine().to_numpy(y)) for y in (first, second, again))
    assert not np.array_equal(first, second) and np.array_equal(first, again)


def test_generators_of_layers_are_state():
    class Two(layers.Layer):
        def __init__(self):
            super().__init__(name="two")
            self.first = SeedGenerator(1)
            self.others = [SeedGenerator(2)]

        def call(self, x):
            return x

    layer = Two()
    assert len(layer.non_trainable_variables) == 2 == len(layer.variables)
    assert layer.weights == [] and layer.first.state.path == "two/first/seed_generator_state"


def test_layers_without_a_seed_leave_other_numbers_alone():
    """Their state comes from streams of its own."""
    rng.set_seed(3)
    expected = rng.draw_seed()
    rng.set_seed(3)
    layer = layers.Dropout(0.5)
    value = layer.seed_generator.state.numpy()
    assert rng.draw_seed() == expected
    rng.set_seed(3)
    assert np.array_equal(layers.Dropout(0.5).seed_generator.state.numpy(), value)
    assert not np.array_equal(layers.Dropout(0.5).seed_generator.state.numpy(), value)
