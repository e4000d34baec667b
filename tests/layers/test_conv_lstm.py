"""Convolutional LSTM: against the LSTM, both data formats, states, dropout, errors."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import layers
from kerata.errors import ShapeError
from kerata.layers.rnn.conv_lstm import ConvLSTMCell
from layers.check import check_layer, close, make_input

MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 1]], bool)
X = make_input((3, 5, 4), "float32")


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("ConvLSTM1D", {"filters": 2, "kernel_size": 2, "return_sequences": True}, (2, 3, 4, 2)),
        (
            "ConvLSTM2D",
            {"filters": 2, "kernel_size": 2, "padding": "same", "strides": 2},
            (1, 2, 4, 3, 1),
        ),
        (
            "ConvLSTM3D",
            {"filters": 1, "kernel_size": 2, "use_bias": False, "go_backwards": True},
            (1, 2, 2, 3, 2, 1),
        ),
    ],
)
def test_conv_lstm(name: str, arguments: dict, shape: tuple) -> None:
    check_layer(getattr(layers, name), arguments, shape)


def test_conv_lstm_with_a_window_of_one_is_an_lstm() -> None:
    layer = layers.ConvLSTM1D(3, 1, return_sequences=True, return_state=True)
    y, h, c = layer(X[:, :, None], mask=MASK)
    weights = [np.reshape(w, w.shape[-2:] if w.ndim > 1 else -1) for w in layer.get_weights()]
    want = layers.LSTM(3, return_sequences=True, return_state=True, weights=weights)(X, mask=MASK)
    close([y[:, :, 0], h[:, 0], c[:, 0]], want)
    states = [make_input((3, 1, 3), "float32", seed=i) for i in range(2)]
    plain = layers.LSTM(3, weights=weights)(X, initial_state=[s[:, 0] for s in states])
    close(layer([X[:, :, None], *states])[0][:, -1, 0], plain)


def test_conv_lstm_channels_first_and_its_cell() -> None:
    x = make_input((2, 3, 4, 5, 2), "float32")
    last = layers.ConvLSTM2D(
        3, 2, strides=2, padding="same", bias_initializer="normal", return_sequences=True
    )
    want = np.moveaxis(np.asarray(last(x)), -1, 2)
    first = layers.ConvLSTM2D(
        3,
        2,
        2,
        "same",
        "channels_first",
        return_sequences=True,
        return_state=True,
        weights=last.get_weights(),
    )
    y, h, c = first(np.moveaxis(x, -1, 2))
    close(y, want)
    assert h.shape == c.shape == (2, 3, 2, 3)
    cell = ConvLSTMCell(2, 3, 2, 2, "same", weights=last.get_weights())
    cell.build((None, 4, 5, 2))
    output, _ = cell(x[:, 0], cell.get_initial_state(2))
    close(output, np.moveaxis(want[:, 0], 1, -1))


def test_conv_lstm_dropout_and_unknown_sizes() -> None:
    layer = layers.ConvLSTM2D(2, 2, dropout=0.3, recurrent_dropout=0.3, seed=1)
    x = make_input((2, 3, 4, 4, 1), "float32")
    a, b = (np.asarray(layer(x, training=True)) for _ in range(2))
    assert a.shape == (2, 3, 3, 2) and np.abs(a - b).max() > 0
    assert layer.compute_output_shape((None, None, 4, 4, 1)) == (None, 3, 3, 2)
    with pytest.raises(ShapeError, match="needs known spatial sizes"):
        layers.ConvLSTM2D(2, 2)(layers.Input((3, None, 4, 1)))
