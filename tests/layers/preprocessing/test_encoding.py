"""Integers as vectors, numbers in bins, on the device."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import dtypes, layers, ops
from kerata.errors import InputError, NotBuiltError
from kerata.layers.preprocessing.encoding import encode_on_host, encoded_shape
from layers.check import check_layer

INTS = np.array([[0, 3, 3], [2, 9, -1]], "int32")


def by_hand(x: np.ndarray, mode: str, depth: int) -> np.ndarray:
    """Encodings by plain loops."""
    x = np.atleast_1d(x)
    if mode == "one_hot":
        if x.ndim > 1 and x.shape[-1] == 1:
            x = x[..., 0]
        out = np.zeros((*x.shape, depth))
        for place in np.ndindex(x.shape):
            if 0 <= x[place] < depth:
                out[(*place, x[place])] = 1
        return out
    out = np.zeros((*x.shape[:-1], depth))
    for place in np.ndindex(x.shape):
        if 0 <= x[place] < depth:
            out[(*place[:-1], x[place])] += 1
    return np.minimum(out, 1) if mode == "multi_hot" else out


SHAPES = [INTS, INTS[:, :1], INTS[0], np.stack([INTS, INTS + 1]), np.array(2)]


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
@pytest.mark.parametrize("x", SHAPES, ids=lambda x: str(x.shape))
def test_encodings(mode, x):
    want = by_hand(x, mode, 4)
    layer = layers.CategoryEncoding(4, mode)
    out = np.asarray(layer(x))
    assert out.dtype == "float32" and np.array_equal(out, want)
    assert np.array_equal(encode_on_host(x, mode, 4, "int32"), want)
    assert layer.compute_output_shape(x.shape) == want.shape == encoded_shape(x.shape, mode, 4)


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_category_encoding(mode):
    arguments = {"num_tokens": 4, "output_mode": mode}
    check_layer(layers.CategoryEncoding, arguments, data=INTS, gradients=False, expected=by_hand(INTS, mode, 4))  # fmt: skip


def test_weights_lists_and_old_names():
    layer = layers.CategoryEncoding(4, "count")
    out = layer([[1, 1]], count_weights=[[0.5, 2.0]])
    assert np.asarray(out).tolist() == [[0, 2.5, 0, 0]]
    out = layers.CategoryEncoding(3, "binary")([1, 2])
    assert np.asarray(out).tolist() == [0, 1, 1]
    assert np.asarray(layers.CategoryEncoding(3, "one_hot")(2.0)).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_sparse_results_are_dense_ones(mode):
    for make in (layers.CategoryEncoding, lambda n, **k: layers.Discretization([0.5, 1.5], **k)):
        layer = make(3, output_mode=mode, sparse=True)
        x = np.array([[0], [2]])
        assert np.asarray(layer(x)).tolist() == [[1, 0, 0], [0, 0, 1]]
        assert layer.get_config()["sparse"] is True


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: layers.CategoryEncoding(), "num_tokens"),
        (lambda: layers.CategoryEncoding(0), "at least 1"),
        (lambda: layers.CategoryEncoding(3, "int"), "'one_hot', 'multi_hot', 'count'"),
        (lambda: layers.Discretization([1.0], sparse=True), "sparse"),
        (lambda: layers.CategoryEncoding(3)([1], count_weights=[1.0]), "count_weights"),
        (lambda: layers.Discretization(), "neither"),
        (lambda: layers.Discretization([1.0], 2), "both"),
        (lambda: layers.Discretization(num_bins=-1), "negative"),
        (lambda: layers.Discretization([1.0]).adapt([2.0]), "was given"),
        (lambda: layers.Discretization(num_bins=3).adapt(iter(())), "no data"),
    ],
)
def test_errors(make, text):
    with pytest.raises(InputError, match=text):
        make()


VALUES = np.array([[-1.0, 0.0, 0.3], [1.0, 2.5, 1.0]], "float32")


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_discretization(mode):
    bins = np.digitize(VALUES, [0.0, 1.0])
    want = bins if mode == "int" else by_hand(bins, mode, 3)
    arguments = {"bin_boundaries": [0.0, 1.0], "output_mode": mode}
    out = check_layer(layers.Discretization, arguments, data=VALUES, gradients=False, expected=want)
    assert dtypes.standardize(out.dtype) == ("int32" if mode == "int" else "float32")


def test_discretization_of_integers_and_no_boundary():
    assert np.asarray(layers.Discretization([0.5, 2])(np.array([0, 1, 2]))).tolist() == [0, 1, 2]
    assert np.asarray(layers.Discretization([])(np.array([3.0]))).tolist() == [0]


@pytest.mark.parametrize("chunks", [1, 7])
def test_quantiles(chunks):
    values = np.random.default_rng(0).normal(size=7000)
    layer = layers.Discretization(num_bins=5, epsilon=0.005)
    layer.adapt(values if chunks == 1 else np.split(values, chunks).__iter__())
    limits = np.array(layer.bin_boundaries)
    shares = np.searchsorted(np.sort(values), limits) / len(values)
    np.testing.assert_allclose(shares, [0.2, 0.4, 0.6, 0.8], atol=0.02)
    counts = np.bincount(np.asarray(layer(values)), minlength=5)
    assert counts.min() > 1200 and counts.sum() == 7000


def test_adapt_again_and_configuration():
    layer = layers.Discretization(num_bins=2)
    with pytest.raises(NotBuiltError, match="adapt"):
        layer(VALUES)
    layer.adapt(np.arange(10.0))
    layer.adapt([np.full(5, 100.0), np.full(5, 200.0)])
    assert len(layer.bin_boundaries) == 1 and 100 <= layer.bin_boundaries[0] < 200
    other = layers.Discretization.from_config(layer.get_config())
    assert other.bin_boundaries == layer.bin_boundaries and other.num_bins == 2
    layer.adapt(iter([np.zeros(3), np.full(4, 9.0), np.full(40, 1e6)]), steps=2)
    assert layer.bin_boundaries[0] <= 9


def test_on_tensors():
    x = ops.convert_to_tensor(INTS)
    assert (
        np.asarray(layers.CategoryEncoding(4)(x)).tolist() == by_hand(INTS, "multi_hot", 4).tolist()
    )
