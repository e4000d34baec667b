"""Data sets cut in two."""

from __future__ import annotations

import random

import numpy as np
import pytest

from kerata.errors import InputError
from kerata.utils.dataset_split import split_dataset

X = np.arange(20).reshape(10, 2)
Y = np.arange(10)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"left_size": 0.8}, (8, 2)),
        ({"right_size": 0.25}, (8, 2)),
        ({"left_size": 3}, (3, 7)),
        ({"right_size": 4}, (6, 4)),
        ({"left_size": 2, "right_size": 0.5}, (2, 5)),
        ({"left_size": np.int64(2)}, (2, 8)),
    ],
)
def test_sizes(sizes, expected):
    left, right = split_dataset(Y, **sizes)
    assert (len(left), len(right)) == expected
    assert left.tolist() == list(range(expected[0]))
    assert right.tolist() == list(range(10 - expected[1], 10))


def test_structures():
    (a, b), (c, d) = split_dataset((X, Y), left_size=7)
    assert a.shape == (7, 2) and b.shape == (7,) and c.shape == (3, 2) and d.tolist() == [7, 8, 9]
    assert isinstance(split_dataset([X, Y], left_size=7)[0], list)
    left, _ = split_dataset({"x": X, "y": {"z": Y}}, left_size=2)
    assert left["y"]["z"].tolist() == [0, 1]
    left, right = split_dataset(((i, -i) for i in range(4)), left_size=0.5)
    assert left == [(0, 0), (1, -1)] and right == [(2, -2), (3, -3)]
    left, right = split_dataset([1, 2, 3], right_size=1)
    assert (left, right) == ([1, 2], [3])


def test_pandas():
    pd = pytest.importorskip("pandas")
    left, right = split_dataset(pd.DataFrame({"a": Y}, index=Y + 100), left_size=4)
    assert isinstance(left, pd.DataFrame) and right["a"].tolist() == [4, 5, 6, 7, 8, 9]


def test_shuffle_keeps_rows_together_and_repeats():
    order = list(range(10))
    random.Random(5).shuffle(order)
    state = random.getstate()
    (a, b), (c, d) = split_dataset((X, Y), left_size=6, shuffle=True, seed=5)
    assert random.getstate() == state
    assert b.tolist() + d.tolist() == order
    assert (a[:, 0] == b * 2).all() and (c[:, 0] == d * 2).all()


@pytest.mark.parametrize(
    ("data", "sizes", "says"),
    [
        (Y, {}, "needs left_size"),
        (Y, {"left_size": 10}, "left_size=10"),
        (Y, {"left_size": 1.5}, "1.5"),
        (Y, {"right_size": 0}, "right_size=0"),
        (Y, {"left_size": 0.7, "right_size": 0.7}, "more than 1"),
        (Y, {"left_size": 6, "right_size": 6}, "more than the 10"),
        (Y, {"left_size": 0.01}, "empty"),
        (Y[:0], {"left_size": 0.5}, "empty"),
        ((X, Y[:4]), {"left_size": 0.5}, r"\[10, 4\]"),
        (Y, {"left_size": 2, "preferred_backend": "mxnet"}, "mxnet"),
    ],
)
def test_errors(data, sizes, says):
    with pytest.raises(InputError, match=says):
        split_dataset(data, **sizes)


@pytest.mark.parametrize("data", [5, "text"])
def test_wrong_types(data):
    with pytest.raises(TypeError, match="cannot split"):
        split_dataset(data, left_size=1)
    with pytest.raises(TypeError, match="left_size"):
        split_dataset(Y, left_size="1")


def test_torch():
    torch = pytest.importorskip("torch")
    from torch.utils.data import Dataset, TensorDataset

    whole = TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    left, right = split_dataset(whole, left_size=0.3)
    assert isinstance(left, Dataset) and len(left) == 3 and int(right[0][1]) == 3
    left, _ = split_dataset((X, Y), left_size=4, preferred_backend="torch")
    assert isinstance(left, TensorDataset) and len(left) == 4


def test_tensorflow():
    tf = pytest.importorskip("tensorflow")
    whole = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
    left, right = split_dataset(whole, left_size=6)
    assert [len(y) for _, y in left] == [4, 2] and int(right.unbatch().cardinality()) == -2
    left, _ = split_dataset((X, Y), left_size=4, preferred_backend="tensorflow")
    assert int(left.cardinality()) == 4
