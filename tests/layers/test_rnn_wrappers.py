"""`Bidirectional` and `TimeDistributed`, and bad arguments of recurrent layers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from kerata import layers, models
from kerata.errors import InputError, ShapeError
from kerata.scope import get_mask
from layers.check import close, make_input

MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 1]], bool)
X = make_input((3, 5, 4), "float32")
PAIRS = list(itertools.product((False, True), (False, True)))


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
@pytest.mark.parametrize(("sequences", "masked"), PAIRS)
def test_bidirectional(name: str, sequences: bool, masked: bool) -> None:
    mask = MASK if masked else None
    cls = getattr(layers, name)
    both = layers.Bidirectional(cls(3, return_sequences=sequences, return_state=True))
    y, *states = both(X, mask=mask)
    arguments = {
        "return_sequences": sequences,
        "return_state": True,
        "zero_output_for_mask": sequences,
    }
    half = len(both.get_weights()) // 2
    one = cls(3, weights=both.get_weights()[:half], **arguments)(X, mask=mask)
    two = cls(3, weights=both.get_weights()[half:], go_backwards=True, **arguments)(X, mask=mask)
    a, b = np.asarray(one[0]), np.asarray(two[0])
    b = b[:, ::-1] if sequences else b
    close(y, np.concatenate([a, b], -1))
    close(states, [*one[1:], *two[1:]])
    for mode, want in (("sum", a + b), ("ave", (a + b) / 2), ("mul", a * b), (None, [a, b])):
        merged = layers.Bidirectional(
            cls(3, return_sequences=sequences), mode, weights=both.get_weights()
        )
        close(merged(X, mask=mask), want)


def test_bidirectional_states_and_own_backward_layer() -> None:
    both = layers.Bidirectional(
        layers.GRU(3, return_sequences=True),
        backward_layer=layers.LSTM(2, return_sequences=True, go_backwards=True),
    )
    assert both(X).shape == (3, 5, 5)
    pair = layers.Bidirectional(layers.LSTM(3))
    states = [make_input((3, 3), "float32", seed=i) for i in range(4)]
    y = pair(X, initial_state=states)
    one = layers.LSTM(3, weights=pair.get_weights()[:3])(X, initial_state=states[:2])
    two = layers.LSTM(3, weights=pair.get_weights()[3:], go_backwards=True)(
        X, initial_state=states[2:]
    )
    close(y, np.concatenate([one, two], -1))
    close(pair([X, *states]), y)
    assert [w.path.split("/")[1].split("_")[0] for w in pair.weights[::3]] == [
        "forward",
        "backward",
    ]
    assert pair.layer is pair.forward_layer


def test_bidirectional_stateful() -> None:
    both = layers.Bidirectional(layers.GRU(2, stateful=True))
    first = both(X)
    assert len(both.states) == 2
    assert np.abs(np.asarray(both(X) - first)).max() > 1e-4
    both.reset_states()
    close(both(X), first)


def test_bidirectional_copies_the_layer() -> None:
    inner = layers.LSTM(2)
    inner.build((None, 5, 4))
    both = layers.Bidirectional(inner)
    both(X)
    assert both.forward_layer is not inner
    assert np.abs(both.get_weights()[0] - inner.get_weights()[0]).max() > 0
    assert both.forward_layer.name.startswith("forward_lstm")
    assert len(both.weights) == 6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Bidirectional(layers.LSTM), "must be a layer, got the class LSTM"),
        (lambda: layers.Bidirectional(layers.LSTM(2), "max"), "merge_mode must be one of"),
        (
            lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2)),
            "must differ in go_backwards",
        ),
        (
            lambda: layers.Bidirectional(
                layers.LSTM(2),
                backward_layer=layers.LSTM(2, go_backwards=True, return_sequences=True),
            ),
            "layer has return_sequences=False but backward_layer return_sequences=True",
        ),
        (lambda: layers.TimeDistributed(3), "layer must be a layer; got 3"),
        (lambda: layers.LSTM(0), "units must be a positive whole number"),
        (lambda: layers.GRU(2, use_cudnn="yes"), "use_cudnn must be"),
        (lambda: layers.RNN(3), "A recurrent cell needs a method call"),
        (lambda: layers.ConvLSTM1D(2, 3, strides=2, dilation_rate=2), "cannot both be above 1"),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_bad_inputs() -> None:
    with pytest.raises(ShapeError, match="expects an input with 3 axes, got 2"):
        layers.LSTM(2)(np.ones((3, 4), np.float32))
    with pytest.raises(
        ShapeError, match=r"initial_state must hold 2 tensors of the shapes \(3, 2\), \(3, 2\)"
    ):
        layers.LSTM(2)(X, initial_state=[np.ones((3, 5), np.float32)] * 2)
    with pytest.raises(InputError, match="given twice"):
        layers.GRU(2)([X, np.ones((3, 2), np.float32)], initial_state=np.ones((3, 2)))
    with pytest.raises(ShapeError, match="with at least 3 axes"):
        layers.TimeDistributed(layers.Dense(2))(np.ones((3, 4), np.float32))
    with pytest.raises(ShapeError, match="mask of a TimeDistributed layer"):
        layers.TimeDistributed(layers.Dense(2))(X, mask=np.ones((3, 4), bool))


def test_arguments_of_old() -> None:
    assert layers.LSTM(2, input_dim=4, input_length=7, implementation=1)._batch_shape == (
        None,
        7,
        4,
    )
    assert layers.GRU(2, input_dim=4)._batch_shape == (None, None, 4)
    assert layers.SimpleRNN(2, input_shape=(7, 4))._batch_shape == (None, 7, 4)
    assert layers.LSTM(2, batch_input_shape=(3, 7, 4), stateful=True)._batch_shape == (3, 7, 4)
    assert layers.LSTMCell(2, implementation=2).units == 2
    with pytest.raises(TypeError, match="LSTM has no argument 'unit'. Did you mean 'units'"):
        layers.LSTM(unit=2)


# --- TimeDistributed ----------------------------------------------------------------------------


def test_time_distributed() -> None:
    inner = layers.Conv1D(3, 2)
    layer = layers.TimeDistributed(inner)
    x = make_input((2, 3, 5, 2), "float32")
    y = layer(x)
    close(y, np.stack([np.asarray(inner(x[:, t])) for t in range(3)], 1))
    assert layer.compute_output_shape((None, None, 5, 2)) == (None, None, 4, 3)
    assert layer.compute_output_shape((2, 3, 5, 2)) == (2, 3, 4, 3)


def test_time_distributed_passes_masks_and_training() -> None:
    inner = layers.LSTM(3)
    layer = layers.TimeDistributed(inner)
    x = make_input((2, 3, 5, 4), "float32")
    mask = np.random.default_rng(0).random((2, 3, 5)) > 0.4
    close(
        layer(x, mask=mask),
        np.stack([np.asarray(inner(x[:, t], mask=mask[:, t])) for t in range(3)], 1),
    )
    dropped = np.asarray(
        layers.TimeDistributed(layers.Dropout(0.5, seed=1))(x * 0 + 1, training=True)
    )
    assert set(np.unique(dropped)) == {0.0, 2.0}
    y = layers.TimeDistributed(layers.Dense(2))(layers.Masking()(X * MASK[..., None]))
    np.testing.assert_array_equal(np.asarray(get_mask(y)), MASK)


def test_time_distributed_model() -> None:
    inner = models.Sequential([layers.Input((4, 4, 1)), layers.Conv2D(2, 3), layers.Flatten()])
    x = layers.Input((None, 4, 4, 1))
    model = models.Model(x, layers.LSTM(2)(layers.TimeDistributed(inner)(x)))
    assert model.output_shape == (None, 2)
    assert model(make_input((2, 3, 4, 4, 1), "float32")).shape == (2, 2)
