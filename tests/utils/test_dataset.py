"""`Dataset`: the methods of ``tf.data`` on the host."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops
from kerata.errors import InputError, ShapeError
from kerata.utils.dataset import Dataset


def numbers(n: int = 6) -> Dataset:
    return Dataset.range(n)


def ints(data: Dataset) -> list:
    return [np.asarray(x).tolist() for x in data]


def test_choosing() -> None:
    data = numbers()
    assert (ints(data), ints(data), len(data)) == ([0, 1, 2, 3, 4, 5],) * 2 + (6,)
    assert (
        ints(data.take(2)) == [0, 1]
        and len(data.take(9)) == 6
        and ints(data.take(-1)) == ints(data)
    )
    assert ints(data.skip(4)) == [4, 5] and len(data.skip(9)) == 0 and ints(data.skip(-1)) == []
    assert ints(data.shard(3, 1)) == [1, 4] and len(data.shard(4, 1)) == 2
    assert ints(data.filter(lambda x: x % 2 == 0)) == [0, 2, 4]
    assert ints(data.take(2).repeat(2)) == [0, 1, 0, 1] and len(data.repeat(2)) == 12
    assert ints(data.take(2).repeat().take(5)) == [0, 1, 0, 1, 0]
    assert ints(data.take(1).concatenate(data.skip(5))) == [0, 5]
    assert [i for i, _ in data.enumerate(3)] == [3, 4, 5, 6, 7, 8]
    assert data.reduce(0, lambda total, x: total + int(x)) == 15
    assert int(data.take(1).get_single_element()) == 0
    assert ints(data.apply(lambda d: d.take(1))) == [0]
    with pytest.raises(InputError, match="exactly one"):
        data.get_single_element()


def test_lengths() -> None:
    data = numbers()
    assert data.cardinality() == 6 and data.repeat().cardinality() == -1
    assert data.filter(bool).cardinality() == -2 and bool(data.take(0))
    with pytest.raises(TypeError, match="no end"):
        len(data.repeat())
    with pytest.raises(TypeError, match="not known"):
        len(data.filter(bool))
    assert len(data.repeat().take(4)) == 4 and len(data.repeat().batch(2).take(3)) == 3


def test_batches() -> None:
    data = numbers(5)
    assert ints(data.batch(2)) == [[0, 1], [2, 3], [4]] and len(data.batch(2)) == 3
    assert ints(data.batch(2, drop_remainder=True)) == [[0, 1], [2, 3]]
    assert ints(data.batch(2).unbatch()) == ints(data)
    pairs = Dataset.from_tensor_slices(({"a": [1.0, 2.0], "b": [[1], [2]]}, ["x", "y"]))
    ((first, text),) = pairs.batch(2)
    assert (
        first["a"].tolist() == [1, 2] and first["b"].shape == (2, 1) and text.tolist() == ["x", "y"]
    )
    assert type(first["a"].numpy()) is np.ndarray and first["b"][0].numpy().tolist() == [1]
    ragged = Dataset(lambda: iter([np.ones(1), np.ones(3)]), 2)
    assert ints(ragged.padded_batch(2)) == [[[1, 0, 0], [1, 1, 1]]]
    assert ints(ragged.padded_batch(2, padding_values=-1))[0][0] == [1, -1, -1]
    with pytest.raises(ShapeError, match="padded_batch"):
        list(ragged.batch(2))
    with pytest.raises(InputError, match="batch_size"):
        data.batch(0)
    with pytest.raises(ShapeError, match="one length"):
        Dataset.from_tensor_slices(([1], [1, 2]))


def test_map() -> None:
    data = Dataset.zip((numbers(3), numbers(9)))
    assert len(data) == 3
    assert ints(data.map(lambda x, y: x + y)) == [0, 2, 4]
    names = set()

    def slow(x):
        names.add(threading.current_thread().name)
        time.sleep(0.002 * (5 - x))
        return x * 10

    assert ints(numbers(5).map(slow, num_parallel_calls=4)) == [0, 10, 20, 30, 40]
    assert len(names) > 1 and not any("MainThread" in n for n in names)
    with pytest.raises(ZeroDivisionError):
        list(numbers(3).map(lambda x: 1 // 0, num_parallel_calls=-1))
    batch = next(iter(numbers(4).map(lambda x: ops.add(x, 1)).batch(4)))
    assert isinstance(batch, np.ndarray) and batch.tolist() == [1, 2, 3, 4]
    assert [type(x) for x in numbers(1).map(lambda x: ops.add(x, 1)).as_numpy_iterator()] == [
        np.ndarray
    ]


def test_shuffle() -> None:
    data = numbers(50)
    a = data.shuffle(50, seed=3)
    first, second = ints(a), ints(a)
    assert sorted(first) == sorted(second) == list(range(50)) and first != second
    assert first == ints(data.shuffle(50, seed=3)) and first != ints(data.shuffle(50, seed=4))
    still = data.shuffle(50, seed=3, reshuffle_each_iteration=False)
    assert ints(still) == ints(still)
    near = ints(data.shuffle(4, seed=1))
    assert near != list(range(50)) and all(x <= i + 3 for i, x in enumerate(near))
    keras.utils.set_random_seed(1)
    one = ints(data.shuffle(50))
    keras.utils.set_random_seed(1)
    assert ints(data.shuffle(50)) == one


def test_cache_and_prefetch() -> None:
    made = []
    data = numbers(4).map(lambda x: made.append(int(x)) or x)
    kept = data.cache()
    next(iter(kept))
    assert ints(kept) == ints(kept) == [0, 1, 2, 3]
    assert made == [0, 0, 1, 2, 3]  # a pass that was not finished is not kept
    ahead = data.prefetch(2)
    assert ints(ahead) == [0, 1, 2, 3] and len(ahead) == 4
    iterator = iter(numbers(1000).repeat().prefetch(-1))
    next(iterator)
    iterator.close()  # ends the thread
    assert not any(t.name == "kerata-prefetch" for t in threading.enumerate())


def test_training() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 4)).astype("float32")
    y = x.sum(1, keepdims=True)
    data = Dataset.from_tensor_slices((x, y))
    scale = layers.Rescaling(1.0)
    train = data.shuffle(60, seed=0).batch(8).map(lambda a, b: (scale(a), b)).prefetch(2)
    model = keras.Sequential([layers.Input((4,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    history = model.fit(train, validation_data=data.batch(20), epochs=8, verbose=0).history
    assert history["loss"][-1] < 1e-2 and history["val_loss"][-1] < 1e-2
    np.testing.assert_allclose(
        model.evaluate(data.batch(7), verbose=0),
        model.evaluate(x, y, verbose=0),
        rtol=1e-4,
        atol=1e-6,
    )
    np.testing.assert_allclose(
        model.predict(data.batch(7).map(lambda a, b: a), verbose=0),
        model.predict(x, verbose=0),
        rtol=1e-4,
    )
    assert len(model.fit(train.repeat(), steps_per_epoch=3, epochs=2, verbose=0).epoch) == 2
    layer = layers.Normalization()
    layer.adapt(data.batch(10).map(lambda a, b: a))
    np.testing.assert_allclose(np.ravel(layer.mean), x.mean(0), atol=1e-5)


@pytest.mark.engine("tensorflow")
def test_to_tensorflow() -> None:
    data = Dataset.from_tensor_slices((np.ones((5, 2), "float32"), ["a"] * 5)).batch(2).to_tf()
    assert int(data.cardinality()) == 3 and data.element_spec[0].shape.as_list() == [None, 2]
    x, text = next(iter(data))
    assert x.shape == (2, 2) and text.numpy().tolist() == [b"a", b"a"]


@pytest.mark.engine("torch")
def test_to_torch() -> None:
    loader = (
        Dataset.from_tensor_slices((np.ones((5, 2), "float32"), np.arange(5))).batch(2).to_torch()
    )
    shapes = [(tuple(x.shape), y.tolist()) for x, y in loader]
    assert shapes == [((2, 2), [0, 1]), ((2, 2), [2, 3]), ((1, 2), [4])] and len(loader) == 3
    model = keras.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(loader, verbose=0)


@pytest.mark.engine("jax")
def test_needs_no_other_library() -> None:
    list(numbers().shuffle(3).batch(2).prefetch(1))
    assert "grain" not in sys.modules
