"""One-hot vectors and normalized arrays."""

from __future__ import annotations

import numpy as np
import pytest

from kerata.errors import InputError
from kerata.utils import np_utils
from kerata.utils.arrays import normalize, to_categorical


def test_to_categorical():
    out = to_categorical([0, 2, 1])
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, np.eye(3)[[0, 2, 1]])
    assert to_categorical([1], num_classes=4).tolist() == [[0, 1, 0, 0]]
    assert to_categorical(np.array([[0], [1]])).shape == (2, 2)
    assert to_categorical(np.array([[0, 1], [1, 1]])).shape == (2, 2, 2)
    assert to_categorical(np.array([0.0, 1.0])).tolist() == [[1, 0], [0, 1]]
    assert to_categorical(1, 3).tolist() == [0, 1, 0]
    assert to_categorical([], 3).shape == (0, 3)
    assert to_categorical([0], 1, "int8").dtype == np.int8


@pytest.mark.parametrize(
    ("labels", "classes", "says"),
    [
        ([0, 3], 3, "class 3"),
        ([0, -1], None, "class -1"),
        ([0.5], None, "0.5"),
        (["a"], None, "numbers"),
        ([], None, "num_classes"),
    ],
)
def test_to_categorical_errors(labels, classes, says):
    with pytest.raises(InputError, match=says):
        to_categorical(labels, classes)


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert normalize(x).tolist() == [[0.6, 0.8], [0, 0]]
    np.testing.assert_allclose(normalize(x, axis=0), [[1, 1], [0, 0]])
    np.testing.assert_allclose(normalize(x, order=1), [[3 / 7, 4 / 7], [0, 0]])
    np.testing.assert_allclose(normalize(x, axis=None), x / 5)
    np.testing.assert_allclose(normalize([3, 4]), [0.6, 0.8])


def test_tensors_stay_tensors():
    from kerata import ops

    out = to_categorical(ops.array([[0], [2]]), 3)
    assert not isinstance(out, np.ndarray)
    np.testing.assert_array_equal(out, [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(to_categorical(ops.array([0, 1])), np.eye(2))
    np.testing.assert_allclose(normalize(ops.array([[3.0, 4.0]])), [[0.6, 0.8]], rtol=1e-6)


def test_old_module():
    assert np_utils.to_categorical is to_categorical and np_utils.normalize is normalize


def test_to_categorical_by_names_of_old():
    want = [[0.0, 1.0, 0.0]]
    assert (
        to_categorical([1], nb_classes=3).tolist()
        == to_categorical(y=[1], num_classes=3).tolist()
        == want
    )
    with pytest.raises(TypeError, match="unexpected keyword argument 'classes'"):
        to_categorical([1], classes=3)
