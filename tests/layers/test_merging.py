"""Layers of several inputs, and what they do with masks."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from kerata import layers, ops, scope
from kerata.errors import InputError, ShapeError
from layers.check import check_layer, close, make_input

TWO = [(2, 3, 4), (2, 3, 4)]


def fold(op):
    return lambda x: functools.reduce(op, x)


CASES = [
    (layers.Add, {}, TWO, fold(np.add)),
    (layers.Add, {}, [(2, 3), (2, 1), (2, 3)], fold(np.add)),
    (layers.Add, {}, [(2, 3, 4), (2, 4)], lambda x: x[0] + x[1][:, None]),
    (layers.Subtract, {}, TWO, fold(np.subtract)),
    (layers.Multiply, {}, [*TWO, (2, 3, 1)], fold(np.multiply)),
    (layers.Average, {}, [*TWO, (2, 3, 1)], lambda x: (x[0] + x[1] + x[2]) / 3),
    (layers.Maximum, {}, TWO, fold(np.maximum)),
    (layers.Minimum, {}, TWO, fold(np.minimum)),
    (layers.Concatenate, {}, [(2, 3, 4), (2, 3, 1)], lambda x: np.concatenate(x, -1)),
    (layers.Concatenate, {"axis": 1}, [(2, 3, 4), (2, 2, 4), (2, 1, 4)], lambda x: np.concatenate(x, 1)),
    (layers.Dot, {"axes": 1}, [(2, 4), (2, 4)], lambda x: (x[0] * x[1]).sum(1, keepdims=True)),
    (layers.Dot, {"axes": (1, 2)}, [(2, 3, 5), (2, 4, 3)], lambda x: np.einsum("bac,bda->bcd", *x)),
    (layers.Dot, {"axes": -1}, [(2, 3, 5), (2, 5)], lambda x: np.einsum("bac,bc->ba", *x)),
    (layers.Dot, {"axes": (1, 3)}, [(2, 3), (2, 4, 5, 3)], lambda x: np.einsum("ba,bcda->bcd", *x)),
    (
        layers.Dot, {"axes": 1, "normalize": True}, [(2, 4), (2, 4)],
        lambda x: np.sum(x[0] * x[1], 1, keepdims=True)
        / np.linalg.norm(x[0], axis=1, keepdims=True) / np.linalg.norm(x[1], axis=1, keepdims=True),
    ),
]  # fmt: skip


@pytest.mark.parametrize("cls, arguments, shapes, expected", CASES)
def test_layer(cls, arguments, shapes, expected):
    check_layer(cls, arguments, shapes, expected=expected)


@pytest.mark.parametrize(
    "name", ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"]
)
def test_functional_form(name):
    x = make_input([(2, 3), (2, 3)], "float32")
    function, cls = getattr(layers, name), getattr(layers, name.capitalize())
    close(function(x), (cls(axes=-1) if name == "dot" else cls())(x))
    symbols = [layers.Input((3,)), layers.Input((3,))]
    assert function(symbols, name="merged").shape == (None, *function(x).shape[1:])


def masked(values, mask):
    """A tensor (1, steps, 1) with a mask."""
    x = layers.Identity()(np.array(values, "float32").reshape(1, -1, 1)) + 0
    if mask is not None:
        scope.set_mask(x, np.array([mask], bool))
    return x


A = ([1, 2, 3, 4], [1, 1, 0, 0])
B = ([5, -6, 7, -8], [1, 0, 1, 0])
C = ([9, 9, 9, 9], None)

MASKS = [
    # layer, inputs, values, mask; values where all inputs are masked follow Keras
    (layers.Add, (A, B), [6, -4, 10, -4], [1, 1, 1, 0]),
    (layers.Add, (A, C), [10, 11, 12, 13], None),
    (layers.Multiply, (A, B), [5, 2, 7, 0], [1, 1, 1, 0]),
    (layers.Multiply, (A, C), [9, 18, 9, 9], None),
    (layers.Maximum, (A, B), [5, 2, 7, 4], [1, 1, 1, 0]),
    (layers.Minimum, (A, B), [1, 2, 7, 4], [1, 1, 1, 0]),
    (layers.Maximum, (A, C), [9, 9, 9, 9], None),
    (layers.Minimum, (A, C), [1, 2, 9, 9], None),
    (layers.Concatenate, (A, C), None, [1, 1, 1, 1]),
    (layers.Concatenate, (A, B), None, [1, 1, 1, 0]),
    (functools.partial(layers.Dot, 1), (A, B), None, None),
]


@pytest.mark.parametrize("cls, inputs, values, mask", MASKS)
def test_masks(cls, inputs, values, mask):
    y = cls()([masked(*x) for x in inputs])
    if values is not None:
        assert np.asarray(y).ravel().tolist() == values
    found = scope.get_mask(y)
    assert (None if found is None else np.asarray(found).astype(int).ravel().tolist()) == mask


def test_concatenated_steps_keep_their_masks():
    y = layers.Concatenate(axis=1)([masked(*A), masked(*C)])
    assert np.asarray(scope.get_mask(y)).astype(int).tolist() == [[1, 1, 0, 0, 1, 1, 1, 1]]


def test_integers():
    pair = [np.array([[1, 2]]), np.array([[3, 5]])]
    assert ops.dtype(layers.Add()(pair)) == "int32"
    assert ops.dtype(layers.Average()(pair)) == "float32"
    assert layers.Average()(pair).tolist() == [[2.0, 3.5]]


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: layers.Add()(np.ones((2, 3))), InputError, "list of tensors"),
        (lambda: layers.Subtract()([np.ones((2, 3))] * 3), InputError, "exactly 2"),
        (lambda: layers.Add()([np.ones((2, 3)), np.ones((2, 4))]), ShapeError, "broadcast"),
        (lambda: layers.Add()([np.ones((2, 3)), np.ones((4, 3))]), ShapeError, "batch"),
        (lambda: layers.Concatenate()([np.ones((2, 3)), np.ones((4, 3))]), ShapeError, "differ"),
        (lambda: layers.Concatenate(5)([np.ones((2, 3))] * 2), ShapeError, "out of range"),
        (lambda: layers.Dot(1)([np.ones((2, 3)), np.ones((2, 4))]), ShapeError, "3 and 4"),
        (lambda: layers.Dot(0)([np.ones((2, 3))] * 2), ShapeError, "batch axis"),
        (lambda: layers.Dot((1, 2, 3)), InputError, "axes"),
        (lambda: layers.Dot("1"), InputError, "axes"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()
