"""What symbolic tensors and their shapes had when they were TensorFlow's."""

from __future__ import annotations

import copy
import pickle

import pytest

from kerata import Input, KerasTensor, Model, layers


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("KERATA_LEGACY_NOTES", "0")


def test_methods_of_shapes():
    x = layers.Dense(3)(Input((4, 5)))
    assert x.get_shape().as_list() == x.shape.as_list() == [None, 4, 3]
    assert x._keras_shape == x.shape == (None, 4, 3)
    assert (x.shape.rank, x.shape.ndims, x.shape.dims) == (3, 3, [None, 4, 3])
    assert x.shape.num_elements() is None and not x.shape.is_fully_defined()
    assert KerasTensor((2, 3)).shape.num_elements() == 6
    assert repr(x.shape) == "(None, 4, 3)"


def test_sizes_can_be_filled_in():
    x = KerasTensor((None, 3))
    x.set_shape((2, None))
    assert x.shape == (2, 3)


def test_other_names_are_none():
    x = KerasTensor((None, 3))
    for thing in (x, x.shape):
        with pytest.raises(AttributeError, match="no attribute 'as_array'"):
            _ = thing.as_array
    assert copy.deepcopy(x.shape) == x.shape == pickle.loads(pickle.dumps(x.shape))


def test_a_model_uses_them():
    x = Input((4, 5))
    y = layers.Reshape((x.shape.as_list()[1] * int(x.get_shape()[2]),))(x)
    assert Model(x, y).output_shape == (None, 20)
