"""Arrays of every kind as sources of batches."""

from __future__ import annotations

import warnings

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from kerata import config, ops, rng
from kerata.errors import DtypeError, InputError
from kerata.train.data import ArraySource, make_source, rows, validation_split


def batches(source, epoch=0):
    return list(source.epoch(epoch))


def xs(source, epoch=0):
    return [x.tolist() for x, _, _ in source.epoch(epoch)]


# --- what becomes of the data -------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, dtype, shape",
    [
        (np.zeros((4, 2)), "float32", (4, 2)),
        (np.zeros((4, 2), "float16"), "float32", (4, 2)),
        (np.zeros(4, "int64"), "int32", (4,)),
        (np.zeros(4, "uint64"), "uint32", (4,)),
        (np.zeros(4, "uint8"), "uint8", (4,)),
        (np.zeros(4, bool), "bool", (4,)),
        (np.zeros(4, "complex128"), "complex64", (4,)),
        ([1, 2, 3, 4], "int32", (4,)),
        ((1.0, 2.0, 3.0, 4.0), "float32", (4,)),
        ([[0, 0.5], [1, 1]], "float32", (2, 2)),
        ([np.float64(1), np.float64(2)], "float32", (2,)),
        ([np.array(1), np.array(2)], "int32", (2,)),
        ([True, False], "bool", (2,)),
        (pd.Series([1.5, 2.5]), "float32", (2,)),
        (pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}), "float32", (2, 2)),
        (pd.DataFrame({"a": [1, 2], "b": [True, False]}), "int32", (2, 2)),
        (pd.Series([1, 2, None], dtype="Int64"), "float32", (3,)),
        (pd.Series([1, 2], dtype="Int64"), "int32", (2,)),
        (scipy.sparse.csr_matrix(np.eye(3)), "float32", (3, 3)),
        (scipy.sparse.coo_array(np.eye(3)), "float32", (3, 3)),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, (str, tuple)) else str(v),
)
def test_one_array(given, dtype, shape):
    x, y, weight = make_source(given).arrays
    assert type(x) is np.ndarray and x.dtype == dtype and x.shape == shape
    assert y is None and weight is None


def test_an_array_of_the_right_dtype_is_not_copied():
    x = np.zeros((4, 2), "float32")
    assert make_source(x).arrays[0] is x


def test_pandas_missing_values_become_nan():
    x = make_source(
        pd.DataFrame({"a": [1.0, None], "b": pd.Series([None, 2], dtype="Int32")})
    ).arrays[0]
    assert np.isnan(x).tolist() == [[False, True], [True, False]]


def test_bfloat16_is_a_float():
    import ml_dtypes

    assert make_source(np.ones(3, ml_dtypes.bfloat16)).arrays[0].dtype == "float32"


def test_floatx_decides(monkeypatch):
    monkeypatch.setitem(config._settings, "floatx", "bfloat16")
    assert make_source(np.zeros(3)).arrays[0].dtype.name == "bfloat16"


def test_wide_keeps_64_bits(monkeypatch):
    monkeypatch.setitem(config._settings, "wide", True)
    monkeypatch.setitem(config._settings, "floatx", "float64")
    x, y, _ = make_source(np.zeros(3), np.zeros(3, "int64")).arrays
    assert x.dtype == "float64" and y.dtype == "int64"


def test_structures_stay():
    x = {"a": np.zeros((4, 1)), "b": (np.zeros(4), [1, 2, 3, 4])}
    source = make_source(x, [np.zeros(4), None], batch_size=3)
    got, y, _ = source.arrays
    assert set(got) == {"a", "b"} and type(got["b"]) is tuple and type(y) is list and y[1] is None
    (first, y1, _), (last, _, _) = batches(source)
    assert first["b"][1].tolist() == [1, 2, 3] and last["a"].shape == (1, 1) and y1[1] is None


def test_tensors_of_the_engine_are_left_alone():
    x = ops.arange(5.0)
    source = make_source(x, np.arange(5), batch_size=2)
    assert source.arrays[0] is x
    assert type(batches(source)[0][0]) is type(x)
    assert xs(source) == [[0, 1], [2, 3], [4]]


def test_variables_and_array_protocol():
    class Own:
        def __array__(self, dtype=None, copy=None):
            return np.arange(3)

    assert make_source(Own()).arrays[0].tolist() == [0, 1, 2]


# --- batches and order --------------------------------------------------------------------------


def test_counts():
    source = make_source(np.zeros(70), np.zeros(70))
    assert (source.batch_size, source.num_samples, source.steps) == (32, 70, 3)
    assert [len(x) for x, _, _ in source.epoch(0)] == [32, 32, 6]
    assert source.order(0).tolist() == list(range(70)) and source.order(0).dtype == np.int32


def test_shuffled_order_is_a_function_of_seed_stream_and_epoch():
    rng.set_seed(3)
    source = make_source(np.arange(50), shuffle=True)
    first, second = source.order(0).copy(), source.order(1).copy()
    assert sorted(first) == list(range(50)) and first.tolist() != second.tolist()
    assert first.dtype == np.int32 and source.order(0).tolist() == first.tolist()
    other = make_source(np.arange(50), shuffle=True)
    assert other.order(0).tolist() != first.tolist()
    rng.set_seed(3)
    again = make_source(np.arange(50), shuffle=True)
    assert again.order(1).tolist() == second.tolist()


def test_a_source_that_does_not_shuffle_takes_no_stream():
    before = rng.get_state()
    make_source(np.arange(5))
    assert rng.get_state() == before


def test_rows_stay_together_when_shuffled():
    source = make_source(
        np.arange(20), np.arange(20) * 2, np.arange(20) * 3, batch_size=7, shuffle=True
    )
    for x, y, w in source.epoch(4):
        assert (y == 2 * x).all() and (w == 3 * x).all()


def test_shuffle_batch_keeps_batches_whole():
    source = make_source(np.arange(22), batch_size=4, shuffle="batch")
    got = xs(source, 1)
    assert all(b == list(range(b[0], b[0] + len(b))) for b in got)
    assert got[-1] == [20, 21] and sorted(v for b in got for v in b) == list(range(22))
    assert any(xs(source, e) != got for e in range(2, 6))


def test_steps_follow_on_and_wrap_in_training():
    source = make_source(np.arange(10), batch_size=4, steps=2, repeat=True)
    assert source.steps == 2
    assert xs(source, 0) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert xs(source, 1) == [[8, 9, 0, 1], [2, 3, 4, 5]]
    assert len(xs(make_source(np.arange(10), batch_size=4, steps=7, repeat=True))) == 7


def test_wrapped_shuffle_uses_every_row_equally():
    source = make_source(np.arange(10), batch_size=4, steps=5, repeat=True, shuffle=True)
    rows_used = np.concatenate([source.order(e) for e in range(2)])
    assert np.bincount(rows_used).tolist() == [4] * 10
    assert sorted(rows_used[:10]) == list(range(10))


def test_steps_of_a_whole_pass_keep_the_short_batch():
    source = make_source(np.arange(10), batch_size=4, steps=3, repeat=True)
    assert xs(source, 1) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_steps_without_repeat_are_the_first_batches():
    source = make_source(np.arange(10), batch_size=4, steps=2)
    assert xs(source, 0) == xs(source, 1) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    with pytest.warns(UserWarning, match="it has 3 batches of 4 rows, 9 were asked for"):
        source = make_source(np.arange(10), batch_size=4, steps=9)
    assert source.steps == 3


# --- weights ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y",
    [np.array([0, 1, 2]), np.array([[0.0], [1.0], [2.0]]), np.eye(3), [0, 1, 2]],
    ids=["numbers", "column", "one-hot", "list"],
)
def test_class_weight(y):
    source = make_source(np.zeros(3), y, class_weight={0: 2.0, 1: 3.0, 7: 9.0})
    weight = source.arrays[2]
    assert weight.tolist() == [2.0, 3.0, 1.0] and weight.dtype == "float32"


def test_class_weight_multiplies_sample_weight():
    source = make_source(np.zeros(2), [0, 1], np.array([10.0, 100.0]), class_weight=[2, 3])
    assert source.arrays[2].tolist() == [20.0, 300.0]


def test_class_weight_by_output():
    y = {"a": np.array([0, 1]), "b": np.array([1, 1])}
    weight = make_source(np.zeros(2), y, class_weight={"a": {1: 5.0}}).arrays[2]
    assert weight["a"].tolist() == [1, 5] and weight["b"].tolist() == [1, 1]
    weight = make_source(np.zeros(2), [[0, 1]][0], class_weight={1: 5.0}).arrays[2]
    assert weight.tolist() == [1, 5]


@pytest.mark.parametrize(
    "y, table, words",
    [
        (np.zeros(2), "balanced", "must be a dict from class number to weight"),
        (np.zeros(2), {"cat": 2.0}, "must map class numbers"),
        (np.zeros((2, 3, 4)), {0: 1.0}, "pass sample_weight"),
        (None, {0: 1.0}, "no labels"),
        ([np.zeros(2), np.zeros(2)], {0: 1.0}, "one table for 2 outputs"),
    ],
)
def test_class_weight_errors(y, table, words):
    with pytest.raises(InputError, match=words):
        make_source(np.zeros(2), y, class_weight=table)


def test_sample_weight_spreads_over_outputs():
    y, w = [np.zeros(3), np.zeros((3, 2))], np.array([1.0, 2, 3])
    weight = make_source(np.zeros(3), y, w).arrays[2]
    assert [v.tolist() for v in weight] == [[1, 2, 3]] * 2
    weight = make_source(np.zeros(3), {"a": y[0], "b": y[1]}, {"b": w}).arrays[2]
    assert weight["a"].tolist() == [1, 1, 1] and weight["b"].tolist() == [1, 2, 3]
    assert make_source(np.zeros(3), y[0], [w]).arrays[2].tolist() == [1, 2, 3]


def test_sample_weight_errors():
    y = {"a": np.zeros(3), "b": np.zeros(3)}
    with pytest.raises(InputError, match=r"names \['c'\].*outputs are \['a', 'b'\]"):
        make_source(np.zeros(3), y, {"c": np.ones(3)})
    with pytest.raises(InputError, match="for 2 outputs"):
        make_source(np.zeros(3), y, np.ones((3, 4)))
    with pytest.raises(InputError, match="2 arrays, but there is one output"):
        make_source(np.zeros(3), np.zeros(3), [np.ones(3), np.ones(3)])


# --- errors -------------------------------------------------------------------------------------


def test_unequal_counts_are_listed_by_name():
    with pytest.raises(InputError) as e:
        make_source({"a": np.zeros(3), "b": np.zeros(4)}, [np.zeros(4), np.zeros(4)], np.zeros(5))
    for part in ("x['a'] has 3", "x['b'] has 4", "y[0] has 4", "y[1] has 4", "sample_weight has 5"):
        assert part in str(e.value)
    with pytest.raises(InputError, match="differ in validation_data: x has 3, y has 2"):
        make_source(np.zeros(3), np.zeros(2), what="validation_data")


def test_a_list_of_samples_gets_a_hint():
    with pytest.raises(InputError, match=r"read as 4 inputs.*numpy\.stack\(x\)"):
        make_source([np.zeros(2)] * 4, np.zeros(4))


@pytest.mark.parametrize(
    "given, error, words",
    [
        (np.zeros((0, 3)), InputError, "empty"),
        ([], InputError, "empty"),
        ({}, InputError, "empty"),
        (None, InputError, "None"),
        (np.float32(3), InputError, "single number"),
        (np.array(["a"]), DtypeError, "strings"),
        (["a", "b"], DtypeError, "strings"),
        (np.array([{}, []], object), DtypeError, "Python objects"),
        (np.array(["2020-01-01"], "datetime64[D]"), DtypeError, "dates"),
        (np.zeros(2, [("a", "f4")]), DtypeError, "records"),
        ([[1, 2], [3]], InputError, "from 1 to 2 entries.*pad_sequences"),
        (pd.DataFrame({"n": [1], "s": ["a"]}), DtypeError, "'s'"),
        (pd.Series(["a", "b"], dtype="category"), DtypeError, "get_dummies"),
        (np.array([2**40]), DtypeError, "beyond what int32"),
        (np.ma.masked_array([1.0, 2.0], [True, False]), InputError, "masked"),
        (3.5, InputError, "single number"),
        (object(), InputError, "type builtins.object"),
        (test_counts, InputError, "is a function: call it"),
        ("text", (InputError, DtypeError), "string"),
    ],
    ids=lambda v: "" if not isinstance(v, str) else v[:12],
)
def test_bad_data(given, error, words):
    with pytest.raises(error, match=words):
        make_source(given)


def test_symbolic_tensors_are_refused():
    from kerata.spec import Spec

    with pytest.raises(InputError, match="symbolic"):
        make_source(Spec((None, 3), "float32"))


@pytest.mark.parametrize(
    "size, words",
    [(0, "at least 1"), (2.5, "whole number"), ("8", "whole number"), (True, "whole")],
)
def test_bad_batch_size(size, words):
    with pytest.raises(InputError, match=words):
        make_source(np.zeros(3), batch_size=size)


def test_float_batch_size_that_is_whole():
    assert make_source(np.zeros(8), batch_size=4.0).steps == 2


def test_bad_shuffle():
    with pytest.raises(InputError, match="shuffle"):
        make_source(np.zeros(3), shuffle="rows")


# --- data that stays on disk --------------------------------------------------------------------


@pytest.fixture
def small_memory(monkeypatch):
    monkeypatch.setattr("kerata.train.data.convert.LAZY_BYTES", 64)


def test_small_hdf5_is_read_at_once(tmp_path):
    with h5py.File(tmp_path / "d.h5", "w") as f:
        source = make_source(f.create_dataset("x", data=np.arange(6.0)))
        assert source.arrays[0].dtype == "float32"


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("kind", ["hdf5", "memmap", "sparse"])
def test_big_data_is_read_batch_by_batch(tmp_path, small_memory, kind, shuffle):
    data = np.arange(60.0).reshape(20, 3)
    if kind == "hdf5":
        given = h5py.File(tmp_path / "d.h5", "w").create_dataset("x", data=data)
    elif kind == "memmap":
        given = np.memmap(tmp_path / "d.bin", "float64", "w+", shape=data.shape)
        given[:] = data
    else:
        given = scipy.sparse.csc_matrix(data)
    source = make_source(given, np.arange(20), batch_size=6, shuffle=shuffle)
    assert source.arrays is None and source.num_samples == 20
    seen = []
    for x, y, _ in source.epoch(1):
        assert type(x) is np.ndarray and x.dtype == "float32"
        assert x.tolist() == data[y].tolist()
        seen.extend(y.tolist())
    assert sorted(seen) == list(range(20))


def test_rows_without_order_are_read_once(small_memory):
    lazy = rows.LazyRows(np.arange(40).reshape(20, 2), "x", 5)
    assert lazy.take(np.array([3, 0, 3])).tolist() == [[16, 17], [10, 11], [16, 17]]
    assert lazy.span(2, 4).take(slice(0, 2)).tolist() == [[14, 15], [16, 17]]


# --- validation_split ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "n, fraction, trained",
    [(10, 0.2, 8), (100, 0.33, 67), (768, 0.33, 514), (10, 0.1, 9), (3, 0.5, 1)],
)
def test_split_takes_the_last_rows(n, fraction, trained):
    x = {"a": np.arange(n), "b": list(range(n))}
    (tx, ty, tw), (vx, vy, vw) = validation_split((x, np.arange(n), None), fraction)
    assert ty.tolist() == list(range(trained)) and vy.tolist() == list(range(trained, n))
    assert tx["b"].tolist() == ty.tolist() and vx["a"].tolist() == vy.tolist()
    assert tw is None and vw is None


def test_split_of_lazy_rows(small_memory):
    data = scipy.sparse.csr_matrix(np.arange(60.0).reshape(20, 3))
    train, held = validation_split((data, np.arange(20), None), 0.25)
    source = make_source(*held, batch_size=3)
    assert source.num_samples == 5
    assert next(iter(source.epoch(0)))[0][0].tolist() == [45, 46, 47]
    assert make_source(*train).num_samples == 15


@pytest.mark.parametrize(
    "data, fraction, words",
    [
        (np.zeros(3), 0.99, "leaves no training data"),
        (np.zeros(3), 1.5, "between 0 and 1"),
        ((i for i in range(3)), 0.5, "needs arrays, got generator"),
    ],
)
def test_split_errors(data, fraction, words):
    with pytest.raises(InputError, match=words):
        validation_split((data, None, None), fraction)


def test_small_fraction():
    assert validation_split((np.zeros(3), None, None), 0.1)[1][0].shape == (1,)


def test_a_source_passes_through():
    source = make_source(np.zeros(3))
    assert isinstance(source, ArraySource) and make_source(source) is source


def test_no_warning_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_source(np.zeros(10), np.zeros(10), steps=2, batch_size=5, repeat=True)
