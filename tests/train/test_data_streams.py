"""Generators, iterables, loaders and `PyDataset` as sources of batches."""

from __future__ import annotations

import gc
import importlib
import sys
import threading
import time
import traceback
import warnings

import numpy as np
import pytest

from kerata import rng
from kerata.errors import DtypeError, InputError
from kerata.train.data import (
    GeneratorSource,
    PyDataset,
    PyDatasetSource,
    Sequence,
    make_source,
    pack_x_y_sample_weight,
    unpack_x_y_sample_weight,
)
from kerata.train.data.prefetch import Prefetcher


def numbers(stop=None, rows=2):
    """Batches (x, y) whose x holds the number of the batch."""
    i = 0
    while stop is None or i < stop:
        yield np.full((rows, 1), i), np.zeros(rows)
        i += 1


class Loader:
    """An iterable that can be started anew."""

    def __init__(self, count, length=True):
        self.count, self.starts = count, 0
        if length:
            self.__class__ = LoaderWithLength

    def __iter__(self):
        self.starts += 1
        return numbers(self.count)


class LoaderWithLength(Loader):
    def __len__(self):
        return self.count


def seen(source, epoch=0):
    return [int(np.asarray(x).ravel()[0]) for x, _, _ in source.epoch(epoch)]


def our_threads():
    return [t for t in threading.enumerate() if t.name.startswith("kerata")]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    gc.collect()
    limit = time.monotonic() + 2
    while our_threads() and time.monotonic() < limit:
        time.sleep(0.01)
    assert not our_threads()


# --- batches ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "batch, parts",
    [
        (np.zeros((2, 1)), "x"),
        ((np.zeros((2, 1)),), "x"),
        ((np.zeros((2, 1)), np.zeros(2)), "xy"),
        ([np.zeros((2, 1)), np.zeros(2)], "xy"),
        ((np.zeros((2, 1)), np.zeros(2), np.ones(2)), "xyw"),
        ((np.zeros((2, 1)), None), "x"),
        ((np.zeros((2, 1)), (None, None)), "x"),
        (({"a": np.zeros((2, 1)), "b": [1, 2]}, {"c": np.zeros(2)}), "xy"),
        ({"a": np.zeros((2, 1))}, "x"),
        ((([1.0, 2.0], np.zeros(2)), [0, 1]), "xy"),
    ],
)
def test_forms_of_a_batch(batch, parts):
    ((x, y, w),) = GeneratorSource(iter([batch])).epoch(0)
    assert x is not None and (y is not None) == ("y" in parts) and (w is not None) == ("w" in parts)


def test_batches_are_converted():
    x, y, w = next(
        iter(
            make_source(iter([(np.zeros((2, 3)), np.array([0, 1]))]), class_weight={1: 4.0}).epoch(
                0
            )
        )
    )
    assert x.dtype == "float32" and y.dtype == "int32" and w.tolist() == [1, 4]


def test_tensors_in_batches_stay():
    from kerata import ops

    x, _, _ = next(iter(make_source(iter([ops.ones((2, 2))])).epoch(0)))
    assert isinstance(x, type(ops.ones(1)))


@pytest.mark.parametrize(
    "batch, error, words",
    [
        (None, InputError, "batch 1 is None"),
        ((1, 2, 3, 4), InputError, "4 parts"),
        ((np.zeros((2, 1)), np.zeros(3)), InputError, "differ in batch 1: x has 2, y has 3"),
        ((np.float32(1), np.float32(2)), InputError, "single number"),
        (np.array(["a"]), DtypeError, "strings"),
    ],
)
def test_bad_batches(batch, error, words):
    with pytest.raises(error, match=words):
        list(make_source(iter([batch])).epoch(0))


def test_pack_and_unpack():
    assert unpack_x_y_sample_weight([1, 2, 3]) == (1, 2, 3)
    assert unpack_x_y_sample_weight(pack_x_y_sample_weight((1, 2))) == ((1, 2), None, None)
    assert pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)
    assert pack_x_y_sample_weight(1, None, 3) == 1


# --- epochs of generators and iterables ---------------------------------------------------------


def test_an_endless_generator_is_read_step_by_step():
    generator = numbers()
    source = make_source(generator, steps=3, repeat=True)
    assert source.steps == 3 and source.batch_size is None
    assert seen(source, 0) == [0, 1, 2]
    assert source.batch_size == 2
    assert seen(source, 1) == [3, 4, 5]
    assert int(next(generator)[0][0, 0]) == 6  # not one batch more was taken


def test_a_generator_that_ends_early_warns_with_the_count():
    source = make_source(numbers(5), steps=4, repeat=True)
    assert seen(source) == [0, 1, 2, 3] and not source.exhausted
    with pytest.warns(
        UserWarning, match="x ran out of data after 1 of 4 batches of epoch 2"
    ) as found:
        assert seen(source, 1) == [4]
    assert len(found) == 1 and source.exhausted
    assert found[0].filename == __file__


def test_a_generator_without_steps_is_one_epoch():
    source = make_source(numbers(3))
    assert source.steps is None
    assert seen(source) == [0, 1, 2]
    assert source.steps == 3 and source.exhausted
    with pytest.warns(UserWarning, match="ran out of data after 0 of 3 batches of epoch 2"):
        assert seen(source, 1) == []


def test_an_iterable_starts_anew_each_epoch():
    data = Loader(3, length=False)
    source = make_source(data)
    assert source.steps is None and seen(source) == [0, 1, 2] and source.steps == 3
    assert seen(source, 1) == [0, 1, 2] and data.starts == 2 and not source.exhausted


def test_a_length_is_used():
    assert make_source(Loader(3)).steps == 3


def test_iterable_with_steps_follows_on_in_training():
    source = make_source(Loader(3), steps=2, repeat=True)
    assert [seen(source, e) for e in range(3)] == [[0, 1], [2, 0], [1, 2]]
    assert seen(make_source(Loader(3), steps=7, repeat=True)) == [0, 1, 2, 0, 1, 2, 0]


def test_iterable_with_steps_starts_anew_in_evaluation():
    source = make_source(Loader(3), steps=2)
    assert [seen(source), seen(source)] == [[0, 1], [0, 1]]
    with pytest.warns(UserWarning, match="after 3 of 5 batches of epoch 1. Ask for fewer steps"):
        seen(make_source(Loader(3), steps=5, what="validation_data"))


def test_a_list_of_batches():
    source = make_source(list(numbers(3)))
    assert source.steps == 3 and seen(source) == seen(source, 1) == [0, 1, 2]
    # Pairs of input arrays beside labels are inputs.
    assert make_source([(np.zeros(3), np.zeros(3))], np.zeros(3)).num_samples == 3


def test_no_batch_at_all_is_an_error():
    with pytest.raises(InputError, match="x gave no batch"):
        seen(make_source(iter(())))
    with pytest.raises(InputError, match="gave no batch"):
        seen(make_source(Loader(0, length=False), steps=3, repeat=True))


def test_an_epoch_left_early_loses_nothing():
    source = make_source(numbers(9), steps=4, repeat=True)
    first = source.epoch(0)
    assert int(next(first)[0][0, 0]) == 0
    time.sleep(0.02)
    first.close()
    assert seen(source, 1) == [1, 2, 3, 4]
    assert seen(source, 2) == [5, 6, 7, 8]


def test_without_workers_no_thread():
    source = make_source(numbers(), steps=2, workers=0)
    epoch = source.epoch(0)
    next(epoch)
    assert not our_threads()
    assert len(list(epoch)) == 1


def test_an_error_in_a_generator_keeps_its_traceback():
    def failing():
        yield np.zeros((2, 1))
        raise KeyError("lost file")

    epoch = make_source(failing(), steps=5).epoch(0)
    next(epoch)
    with pytest.raises(KeyError, match="lost file") as e:
        next(epoch)
    assert "in failing" in "".join(traceback.format_tb(e.value.__traceback__))


def test_reading_ahead_is_bounded():
    taken = []

    def slow_reader():
        for i in range(50):
            taken.append(i)
            yield np.zeros((1, 1))

    epoch = make_source(slow_reader(), max_queue_size=3).epoch(0)
    next(epoch)
    time.sleep(0.05)
    assert len(taken) <= 6
    epoch.close()


def test_a_thread_stuck_in_user_code_is_left_behind(monkeypatch):
    monkeypatch.setattr("kerata.train.data.prefetch.PATIENCE", 0.05)
    release = threading.Event()

    def stuck():
        yield 1
        release.wait(5)
        yield 2

    with Prefetcher(stuck(), 2) as ahead:
        assert next(iter(ahead)) == 1
    release.set()


# --- what does not fit together -----------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"y": np.zeros(3)}, "y is given beside x, which is a generator"),
        ({"sample_weight": np.zeros(3)}, "sample_weight is given beside x"),
    ],
)
def test_arguments_for_arrays_only(arguments, words):
    with pytest.raises(InputError, match=words):
        make_source(numbers(3), **arguments)


def test_batch_size_with_a_dataset():
    with pytest.warns(
        UserWarning, match="batch_size=4 has no effect on validation_data, a PyDataset"
    ):
        make_source(Numbers(3), batch_size=4, what="validation_data")


# --- other libraries, told by their classes -----------------------------------------------------


def foreign(name, module, **members):
    return type(name, (), {"__module__": module, **members})


class FakeTensor:
    def __init__(self, value):
        self.value = np.asarray(value)
        self.shape, self.dtype = self.value.shape, self.value.dtype

    def numpy(self):
        return self.value


def test_tf_dataset():
    kind = foreign(
        "_BatchDataset",
        "tensorflow.python.data.ops.batch_op",
        element_spec=None,
        cardinality=lambda self: np.int64(2),
        __iter__=lambda self: ((FakeTensor(x), FakeTensor(y)) for x, y in numbers(2)),
    )
    source = make_source(kind())
    assert source.steps == 2 and seen(source) == [0, 1] == seen(source, 1)
    with pytest.warns(UserWarning, match=r"a tf\.data\.Dataset"):
        make_source(kind(), batch_size=3)
    kind.cardinality = lambda self: np.int64(-2)
    assert make_source(kind()).steps is None


def test_torch_loader_and_dataset():
    loader = foreign(
        "DataLoader",
        "torch.utils.data.dataloader",
        batch_size=2,
        __len__=lambda self: 3,
        __iter__=lambda self: ([FakeTensor(x), FakeTensor(y)] for x, y in numbers(3)),
    )
    source = make_source(loader())
    assert (source.steps, source.batch_size) == (3, 2) and seen(source) == [0, 1, 2]
    dataset = foreign(
        "Dataset",
        "torch.utils.data.dataset",
        __getitem__=lambda self, i: i,
        __iter__=lambda self: None,
    )
    with pytest.raises(InputError, match=r"torch\.utils\.data\.DataLoader"):
        make_source(dataset())


def test_foreign_sequence():
    base = foreign("Sequence", "tf_keras.src.utils.data_utils")
    kind = type(
        "Mine", (base,), {"__len__": lambda s: 2, "__getitem__": lambda s, i: (np.full((2, 1), i),)}
    )
    source = make_source(kind())
    assert isinstance(source, PyDatasetSource) and seen(source) == [0, 1]
    source.on_epoch_end()


# --- PyDataset ----------------------------------------------------------------------------------


class Numbers(PyDataset):
    """Batches that hold their number; optionally slow, so that order is put to the test."""

    def __init__(self, count, delay=0.0, **kwargs):
        super().__init__(**kwargs)
        self.count, self.delay = count, delay
        self.begun = self.ended = 0
        self.threads = set()

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.threads.add(threading.current_thread().name)
        time.sleep(self.delay if index % 2 == 0 else 0)
        return np.full((2, 1), index), np.zeros(2)

    def on_epoch_begin(self):
        self.begun += 1

    def on_epoch_end(self):
        self.ended += 1


class Failing(Numbers):
    def __getitem__(self, index):
        if index == 2:
            raise OSError("cannot read picture 2")
        return super().__getitem__(index)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_come_in_order(workers):
    data = Numbers(7, 0.01, workers=workers)
    source = make_source(data)
    assert source.steps == 7
    assert seen(source) == list(range(7))
    source.on_epoch_end()
    assert (data.begun, data.ended) == (1, 1)
    assert all(t.startswith("kerata") for t in data.threads) == (workers > 0)


def test_arguments_override_the_data_set():
    data = Numbers(3, workers=4)
    assert seen(make_source(data, workers=0)) == [0, 1, 2]
    assert threading.main_thread().name in data.threads


def test_shuffled_batches():
    rng.set_seed(5)
    source = make_source(Numbers(20), shuffle=True)
    a, b = seen(source), seen(source, 1)
    assert sorted(a) == sorted(b) == list(range(20)) and a != b and a == seen(source, 0)


def test_steps_of_a_data_set():
    source = make_source(Numbers(3), steps=2, repeat=True)
    assert [seen(source, e) for e in range(3)] == [[0, 1], [2, 0], [1, 2]]
    assert seen(make_source(Numbers(3), steps=2), 1) == [0, 1]
    with pytest.warns(UserWarning, match="after 3 of 5 batches"):
        assert seen(make_source(Numbers(3), steps=5)) == [0, 1, 2]


def test_a_length_may_change_between_epochs():
    data = Numbers(3)
    source = make_source(data)
    assert len(seen(source)) == 3
    data.count = 5
    assert len(seen(source, 1)) == 5 and source.steps == 5


def test_endless_data_set():
    class Endless(PyDataset):
        @property
        def num_batches(self):
            return None

        def __getitem__(self, index):
            return np.full((1, 1), index)

    with pytest.raises(InputError, match="has no end"):
        make_source(Endless())
    source = make_source(Endless(), steps=2, repeat=True)
    assert seen(source, 0) == [0, 1] and seen(source, 1) == [2, 3]


def test_base_class():
    assert Sequence is PyDataset

    class Bare(PyDataset):
        def __init__(self):
            pass

    with pytest.raises(NotImplementedError, match="num_batches"):
        make_source(Bare())
    with pytest.raises(NotImplementedError, match="__getitem__"):
        Bare()[0]
    assert (Bare().workers, Bare().max_queue_size) == (1, 10)
    with pytest.raises(InputError, match="its length is 0"):
        make_source(Numbers(0))


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_in_a_data_set(workers):
    epoch = make_source(Failing(9, workers=workers)).epoch(0)
    next(epoch), next(epoch)
    with pytest.raises(OSError, match="picture 2"):
        next(epoch)


def test_an_epoch_of_a_data_set_left_early():
    epoch = make_source(Numbers(50, 0.001, workers=2)).epoch(0)
    next(epoch)
    epoch.close()


MODULE = """
import os
import numpy as np
from kerata.train.data import PyDataset

class Squares(PyDataset):
    def __init__(self, count):
        super().__init__(workers=2, use_multiprocessing=True)
        self.count, self.offset = count, 0
    def __len__(self):
        return self.count
    def __getitem__(self, index):
        if index + self.offset == 102:
            raise ValueError("no batch 102")
        if index + self.offset == 200:
            os._exit(1)
        return np.full((2, 1), index + self.offset), np.zeros(2)
    def on_epoch_end(self):
        self.offset += 100
"""


@pytest.fixture
def squares(tmp_path, monkeypatch):
    """A data set whose class worker processes find by the name of its module."""
    (tmp_path / "squares_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "squares_module", raising=False)
    source = make_source(importlib.import_module("squares_module").Squares(5))
    yield source
    source.close()
    assert source._pool is None


def test_processes(squares):
    assert seen(squares) == [0, 1, 2, 3, 4]
    squares.on_epoch_end()  # the workers must see the change
    epoch = squares.epoch(1)
    assert [int(next(epoch)[0][0, 0]) for _ in range(2)] == [100, 101]
    with pytest.raises(ValueError, match="no batch 102"):
        next(epoch)
    squares.on_epoch_end()
    with pytest.raises(InputError, match="A process that makes batches died"):
        seen(squares, 2)


def test_processes_that_cannot_find_the_class(squares, monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[1:])
    with pytest.raises(InputError, match="cannot find the class of the data set"):
        seen(squares)


def test_a_data_set_that_cannot_be_pickled_uses_threads():
    data = Numbers(3, workers=2, use_multiprocessing=True)
    data.handle = threading.Lock()
    with pytest.warns(UserWarning, match="cannot be sent to other processes"):
        assert seen(make_source(data)) == [0, 1, 2]


def test_plain_use_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        seen(make_source(Numbers(3)))
        seen(make_source(numbers(3), steps=3, repeat=True))
