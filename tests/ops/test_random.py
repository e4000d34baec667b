"""Random tensors: where their numbers come from, and their distributions."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import ops, rng, scope
from kerata.engine import engine
from kerata.ops.random import SeedGenerator
from kerata.spec import KerasTensor, Spec
from support import jit

random = ops.random
N = (20000,)

# Draw, mean and standard deviation of its distribution.
DISTRIBUTIONS = [
    (lambda s: random.uniform(N, -1.0, 3.0, seed=s), 1.0, 4 / 12**0.5),
    (lambda s: random.normal(N, 2.0, 0.5, seed=s), 2.0, 0.5),
    (lambda s: random.truncated_normal(N, 1.0, 1.0, seed=s), 1.0, 0.8796),
    (lambda s: random.randint(N, 0, 10, seed=s), 4.5, 2.8723),
    (lambda s: random.gamma(N, 2.0, seed=s), 2.0, 2**0.5),
    (lambda s: random.beta(N, 2.0, 3.0, seed=s), 0.4, 0.2),
    (lambda s: random.binomial(N, 5.0, 0.3, seed=s), 1.5, 1.05**0.5),
    (lambda s: random.dropout(np.ones(N, "float32"), 0.25, seed=s), 1.0, (1 / 3) ** 0.5),
]


@pytest.mark.parametrize(("draw", "mean", "deviation"), DISTRIBUTIONS)
def test_distribution(draw, mean, deviation) -> None:
    x = np.asarray(draw(7), np.float64)
    assert x.mean() == pytest.approx(mean, abs=5 * deviation / N[0] ** 0.5)
    assert x.std() == pytest.approx(deviation, rel=0.03)
    np.testing.assert_array_equal(x, np.asarray(draw(7)))
    assert (x != np.asarray(draw(8))).any()


def test_categorical() -> None:
    out = np.asarray(
        random.categorical(np.log([[0.2, 0.8, 1e-30]]).astype("float32"), 5000, seed=1)
    )
    assert (out.shape, out.dtype) == ((1, 5000), np.int32)
    assert (out == 1).mean() == pytest.approx(0.8, abs=0.03)
    assert (out == 2).sum() == 0


def test_shuffle_keeps_the_elements() -> None:
    out = np.asarray(random.shuffle(np.arange(50), seed=1))
    assert (out != np.arange(50)).any()
    assert sorted(out) == list(range(50))


def test_truncated_normal_stays_within_two_deviations() -> None:
    assert float(ops.max(ops.abs(random.truncated_normal(N, seed=1)))) <= 2


def test_dropout_shapes_and_extremes() -> None:
    x = np.ones((3, 4, 5), np.float32)
    out = np.asarray(random.dropout(x, 0.5, (None, 1, 5), seed=1))
    assert (out == out[:, :1]).all()
    assert set(np.unique(out)) == {0.0, 2.0}
    assert random.dropout(x, 0.0) is x
    assert float(ops.sum(random.dropout(x, 1.0))) == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        random.dropout(x, 1.5)


@pytest.mark.engine("jax")
def test_same_numbers_as_keras_on_jax_for_a_seed() -> None:
    """An int seed s is the key (s, 0): known numbers of JAX's own generator."""
    import jax

    want = jax.random.uniform(np.array([1337, 0], np.uint32), (3,))
    assert random.uniform((3,), seed=1337).tolist() == want.tolist()
    assert random.uniform((3,), seed=np.int64(1337)).tolist() == want.tolist()


def test_seed_generator_moves_on() -> None:
    a, b = SeedGenerator(5), SeedGenerator(5)
    first, second = random.normal((3,), seed=a), random.normal((3,), seed=a)
    assert first.tolist() != second.tolist()
    assert random.normal((3,), seed=b).tolist() == first.tolist()
    assert a.state.numpy().tolist() == [5, 2]
    assert SeedGenerator.from_config(a.get_config()).next().tolist() == [5, 0]
    assert not a.state.trainable


def test_no_seed_follows_the_global_one() -> None:
    rng.set_seed(3)
    a, g = random.normal((3,)).tolist(), SeedGenerator().seed
    assert random.normal((3,)).tolist() != a
    rng.set_seed(3)
    assert random.normal((3,)).tolist() == a
    assert SeedGenerator().seed == g


def bound(key, fn):
    with scope.bind(key=key):
        return fn()


def test_a_bound_key_decides() -> None:
    key, other = engine().key(1), engine().key(2)
    gen = SeedGenerator(5)

    def draws():
        return [random.uniform((2,)).tolist() for _ in range(2)] + [
            random.uniform((2,), seed=s).tolist() for s in (4, 5, gen, gen)
        ]

    first = bound(key, draws)
    assert bound(key, draws) == first  # a pure function of the key
    assert bound(other, draws) != first
    assert len({tuple(v) for v in first}) == 6  # every draw gives new numbers
    assert gen.state.numpy().tolist() == [5, 0]


def test_bound_draws_can_be_compiled() -> None:
    step = jit(lambda key: bound(key, lambda: random.dropout(np.ones(100, "float32"), 0.5)))
    a, b = step(engine().key(1)), step(engine().key(2))
    assert a.tolist() != b.tolist()
    assert step(engine().key(1)).tolist() == a.tolist()


def test_inference_draws_nothing() -> None:
    before = rng.get_state()
    assert random.dropout(Spec((2, 3)), 0.5).shape == (2, 3)
    assert random.categorical(KerasTensor((None, 4)), 3).shape == (None, 3)
    assert random.shuffle(Spec((5,), "int32")).dtype == "int32"
    assert rng.get_state() == before


def test_errors() -> None:
    with pytest.raises(ValueError, match="seed must be"):
        random.uniform((2,), seed="abc")
    with pytest.raises(ValueError, match="integer"):
        random.randint((2,), 0, 3, dtype="float32")
    with pytest.raises(ValueError, match="int or None"):
        SeedGenerator("a")
