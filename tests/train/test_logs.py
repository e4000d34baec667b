"""One entry for a metric, found under every name it has."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from kerata.train.logs import Logs


@pytest.mark.parametrize(
    "entry, asked",
    [
        ("accuracy", "acc"),
        ("acc", "accuracy"),
        ("val_accuracy", "val_acc"),
        ("val_out_acc", "val_out_accuracy"),
        ("mae", "mean_absolute_error"),
        ("mean_squared_error", "mse"),
        ("val_mape", "val_mean_absolute_percentage_error"),
        ("msle", "MSLE"),
        ("cosine_similarity", "cosine_proximity"),
        ("learning_rate", "lr"),
        ("accuracy", "binary_accuracy"),
        ("acc", "sparse_categorical_accuracy"),
        ("val_accuracy", "val_categorical_accuracy"),
        ("binary_accuracy", "acc"),
        ("val_sparse_categorical_accuracy", "val_accuracy"),
        ("head_accuracy", "head_binary_accuracy"),
    ],
)
def test_names_of_one_entry(entry, asked):
    logs = Logs({"loss": 1.0, entry: 2.0})
    assert logs[asked] == logs.get(asked) == 2.0 and asked in logs and logs.find(asked) == entry
    assert list(logs) == ["loss", entry]
    assert logs.pop(asked) == 2.0 and list(logs) == ["loss"]


@pytest.mark.parametrize(
    "entry, asked",
    [
        ("accuracy", "val_accuracy"),
        ("accuracy", "top_k_categorical_accuracy"),
        ("top_k_categorical_accuracy", "accuracy"),
        ("binary_accuracy", "categorical_accuracy"),
        ("loss", "los"),
        ("a_loss", "loss"),
    ],
)
def test_names_of_different_entries(entry, asked):
    logs = Logs({entry: 1.0})
    assert asked not in logs and logs.get(asked, "none") == "none"
    with pytest.raises(KeyError, match=f"{asked}.*there are: {entry}"):
        logs[asked]


def test_writing_through_another_name():
    logs = Logs(accuracy=1)
    logs["acc"] = 2
    logs.update({"ACC": 0}, loss=5)
    logs |= {"acc": 3}
    assert dict(logs) == {"accuracy": 3, "ACC": 0, "loss": 5}
    assert logs.setdefault("acc", 9) == 3 and logs.setdefault("mse", 7) == 7
    del logs["mean_squared_error"]
    assert "mse" not in logs
    assert (logs | {"acc": 4})["accuracy"] == 4 and logs["accuracy"] == 3


def test_two_names_become_one_entry():
    assert dict(Logs({"acc": 1, "loss": 2, "accuracy": 3})) == {"acc": 3, "loss": 2}


def test_kinds_asked_for_beside_each_other_stay_two():
    logs = Logs(accuracy=1)
    logs["binary_accuracy"] = 2
    assert dict(logs) == {"accuracy": 1, "binary_accuracy": 2}
    assert Logs(binary_accuracy=1, categorical_accuracy=2).get("acc") is None


def test_a_known_kind_decides():
    logs = Logs(accuracy=1, val_accuracy=2)
    logs.kinds = {"accuracy": "binary_accuracy"}
    assert logs["binary_accuracy"] == 1 and logs["val_binary_accuracy"] == 2
    assert "categorical_accuracy" not in logs and "val_categorical_accuracy" not in logs
    assert logs.copy().kinds == logs.kinds


def test_it_is_a_dict_to_others():
    logs = Logs(loss=1.5, acc=[1, 2])
    assert json.loads(json.dumps(logs)) == {"loss": 1.5, "acc": [1, 2]} == logs
    for twin in (
        pickle.loads(pickle.dumps(logs)),
        copy.deepcopy(logs),
        copy.copy(logs),
        logs.copy(),
    ):
        assert type(twin) is Logs and twin == logs and twin["accuracy"] == [1, 2]
    import pandas as pd

    assert list(pd.DataFrame(Logs(loss=[1.0], acc=[2.0])).columns) == ["loss", "acc"]
    assert {**logs} == dict(logs) and "{acc}".format(**logs) == "[1, 2]"


def test_keys_that_are_no_strings():
    logs = Logs({1: 2})
    assert logs[1] == 2 and 3 not in logs and logs.get(None) is None
