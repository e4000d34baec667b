"""Skip-grams, windows of series and queues of batches."""

from __future__ import annotations

import json
import random
import threading

import numpy as np
import pytest

import kerata as keras
from kerata.errors import InputError
from kerata.legacy.enqueuers import GeneratorEnqueuer, OrderedEnqueuer, SequenceEnqueuer
from kerata.preprocessing import sequence


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


def test_sampling_table():
    table = sequence.make_sampling_table(1000, 1e-3)
    rank = np.array([1, 1, 2, 500])
    frequency = 1 / (rank * (np.log(rank) + 0.577) + 0.5 - 1 / (12 * rank))
    wanted = np.minimum(1, np.sqrt(1e-3 / frequency))
    np.testing.assert_allclose(table[[0, 1, 2, 500]], wanted, rtol=1e-12)
    assert table.max() == 1 and sequence.make_sampling_table(0).size == 0


def test_near_words_are_pairs():
    words = [3, 0, 5, 7, 9]
    couples, labels = sequence.skipgrams(words, 10, 2, negative_samples=0, shuffle=False)
    wanted = [
        [a, b]
        for i, a in enumerate(words)
        for j, b in enumerate(words)
        if a and b and i != j and abs(i - j) <= 2
    ]
    assert couples == wanted and labels == [1] * len(wanted)


def test_random_pairs_and_orders():
    couples, labels = sequence.skipgrams(range(1, 20), 20, negative_samples=0.5, seed=3)
    assert sum(labels) * 1.5 == len(labels) == len(couples)
    assert all(1 <= b < 20 for _, b in couples)
    assert all(abs(a - b) <= 4 for (a, b), yes in zip(couples, labels) if yes)
    random.seed(1)
    first = sequence.skipgrams([1, 2, 3, 4], 5)
    random.seed(1)
    assert sequence.skipgrams([1, 2, 3, 4], 5) == first
    couples, labels = sequence.skipgrams([1, 2], 3, categorical=True, shuffle=False)
    assert labels == [[0, 1], [0, 1], [1, 0], [1, 0]]


def test_frequent_words_are_skipped():
    table = np.array([0.0, 0.0, 1.0])
    couples, _ = sequence.skipgrams([1, 2, 1], 3, 1, 0, False, sampling_table=table)
    assert couples == [[2, 1], [2, 1]]


def test_long_sequences_are_removed():
    kept = sequence._remove_long_seq(3, [[1], [1, 2, 3], [4, 5]], "abc")
    assert kept == ([[1], [4, 5]], ["a", "c"])


def windows(data, targets, length, rate=1, stride=1, start=0, end=None):
    """Window by window."""
    end = len(data) - 1 if end is None else end
    ends = range(start + length, end + 1, stride)
    return [data[e - length : e : rate] for e in ends], [targets[e] for e in ends]


@pytest.mark.parametrize("kind", [np.array, list])
@pytest.mark.parametrize(
    "kwargs, facts",
    [
        ({"length": 3}, {"length": 3}),
        ({"length": 10, "sampling_rate": 2}, {"length": 10, "rate": 2}),
        ({"length": 7, "sampling_rate": 3, "stride": 2}, {"length": 7, "rate": 3, "stride": 2}),
        (
            {"length": 4, "start_index": 5, "end_index": 20},
            {"length": 4, "start": 5, "end": 20},
        ),
    ],
)
def test_windows(kind, kwargs, facts):
    data = kind([[i, -i] for i in range(30)])
    targets = kind([10 * i for i in range(30)])
    series = sequence.TimeseriesGenerator(data, targets, batch_size=4, **kwargs)
    x, y = zip(*(series[i] for i in range(len(series))))
    wanted_x, wanted_y = windows(data, targets, **facts)
    np.testing.assert_array_equal(np.concatenate(x), wanted_x)
    np.testing.assert_array_equal(np.concatenate(y), wanted_y)
    backwards = sequence.TimeseriesGenerator(data, targets, batch_size=4, reverse=True, **kwargs)
    np.testing.assert_array_equal(backwards[0][0], x[0][:, ::-1])


def test_drawn_windows():
    data = np.arange(20)
    series = sequence.TimeseriesGenerator(data, data, 5, shuffle=True, batch_size=50)
    np.random.seed(2)
    ends = np.random.randint(5, 20, size=50)
    np.random.seed(2)
    x, y = series[0]
    np.testing.assert_array_equal(y, ends)
    np.testing.assert_array_equal(x, ends[:, None] + np.arange(-5, 0))


def test_windows_as_json():
    data = np.arange(12.0).reshape(12, 1)
    first = sequence.TimeseriesGenerator(
        data, data, 3, sampling_rate=2, start_index=2, end_index=9, reverse=True, batch_size=2
    )
    config = json.loads(first.to_json())["config"]
    assert config["start_index"] == 2 and json.loads(config["data"])[3] == [3.0]
    again = sequence.timeseries_generator_from_json(first.to_json())
    assert len(again) == len(first)
    for i in range(len(first)):
        np.testing.assert_array_equal(again[i][0], first[i][0])
    with pytest.raises(TypeError, match="targets cannot be written"):
        sequence.TimeseriesGenerator([1, 2, 3], [{1}] * 3, 1).to_json()


def test_windows_that_cannot_be():
    with pytest.raises(InputError, match="data has 3 steps, targets has 2"):
        sequence.TimeseriesGenerator([1, 2, 3], [1, 2], 1)
    with pytest.raises(InputError, match="No window fits"):
        sequence.TimeseriesGenerator([1, 2, 3], [1, 2, 3], 3)


def test_windows_train_a_model():
    data = np.sin(np.arange(60.0))[:, None].astype("float32")
    model = keras.Sequential([keras.Input((5, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    series = sequence.TimeseriesGenerator(data, data, 5, batch_size=16)
    model.fit_generator(series, epochs=2, verbose=0)
    assert model.predict(series, verbose=0).shape == (55, 1)


class Counted(keras.utils.Sequence):
    def __init__(self):
        super().__init__()
        self.ends = 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        if index == 2 and self.ends == 1:
            raise ValueError("broken")
        return (self.ends, index)

    def on_epoch_end(self):
        self.ends += 1


def test_batches_ahead_in_order():
    before = threading.active_count()
    ahead = OrderedEnqueuer(Counted(), use_multiprocessing=True)
    assert not ahead.is_running()
    ahead.start(workers=3, max_queue_size=2)
    batches = ahead.get()
    assert [next(batches) for _ in range(5)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    with pytest.raises(ValueError, match="broken"):
        next(batches)
    assert not ahead.is_running()
    shuffled = OrderedEnqueuer(Counted(), shuffle=True)
    shuffled.start()
    got = shuffled.get()
    assert sorted(next(got)[1] for _ in range(3)) == [0, 1, 2]
    shuffled.stop()
    assert threading.active_count() <= before + 4


def test_generators_ahead():
    ahead = GeneratorEnqueuer(iter([1, None, 3]))
    ahead.start(workers=4)
    assert list(ahead.get()) == [1, 3]

    def broken():
        yield 1
        raise KeyError("gone")

    ahead = GeneratorEnqueuer(broken())
    ahead.start()
    batches = ahead.get()
    assert next(batches) == 1
    with pytest.raises(KeyError, match="gone"):
        next(batches)
    with pytest.raises(NotImplementedError):
        next(SequenceEnqueuer([])._futures(None, None))
