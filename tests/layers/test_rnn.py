"""Recurrent layers: values against loops in NumPy, masks, states, wrappers, errors."""

from __future__ import annotations

import collections
import itertools
from typing import Any

import numpy as np
import pytest

from kerata import Input, layers, models, ops
from kerata.errors import InputError, ShapeError
from kerata.scope import get_mask
from layers.check import check_layer, close, make_input, twin
from support import array, grad, jit

Array = np.ndarray
MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 1]], bool)
X = make_input((3, 5, 4), "float32")
PAIRS = list(itertools.product((False, True), (False, True)))


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def simple_step(x: Array, states: list[Array], w: Array, u: Array, b: Array) -> list[Array]:
    return [np.tanh(x @ w + states[0] @ u + b)]


def gru_step(x: Array, states: list[Array], w: Array, u: Array, b: Array) -> list[Array]:
    h, n = states[0], u.shape[0]
    after = b.ndim == 2
    xz, xr, xc = np.split(x @ w + (b[0] if after else b), 3, -1)
    hz, hr, hc = np.split(h @ u + (b[1] if after else 0), 3, -1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    c = np.tanh(xc + (r * hc if after else (r * h) @ u[:, 2 * n :]))
    return [z * h + (1 - z) * c]


def lstm_step(x: Array, states: list[Array], w: Array, u: Array, b: Array) -> list[Array]:
    h, c = states
    i, f, g, o = np.split(x @ w + h @ u + b, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return [sigmoid(o) * np.tanh(c), c]


STEPS = {"SimpleRNN": simple_step, "GRU": gru_step, "LSTM": lstm_step}


def loop(
    step: Any,
    weights: list[Array],
    x: Array,
    states: list[Array],
    mask: Array | None,
    backwards: bool,
    zeros: bool = False,
) -> tuple[Array, list[Array]]:
    """All outputs in the order taken, and the last states."""
    outputs = []
    before = states[0]
    for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
        new = step(x[:, t], states, *weights)
        keep = np.ones((len(x), 1), bool) if mask is None else mask[:, t : t + 1]
        before = np.where(keep, new[0], 0 if zeros else before)
        states = [np.where(keep, n, s) for n, s in zip(new, states)]
        outputs.append(before)
    return np.stack(outputs, 1), states


def zero_states(name: str, units: int = 3, batch: int = 3) -> list[Array]:
    return [np.zeros((batch, units), np.float32)] * (2 if name == "LSTM" else 1)


@pytest.mark.parametrize("name", list(STEPS))
@pytest.mark.parametrize(("backwards", "masked"), PAIRS)
def test_values(name: str, backwards: bool, masked: bool) -> None:
    mask = MASK if masked else None
    cls = getattr(layers, name)
    layer = cls(
        3,
        go_backwards=backwards,
        return_sequences=True,
        return_state=True,
        bias_initializer="normal",
    )
    y, *states = layer(X, mask=mask)
    want, want_states = loop(
        STEPS[name], layer.get_weights(), X, zero_states(name), mask, backwards
    )
    close(y, want)
    close(states, want_states)
    last = cls(3, go_backwards=backwards, weights=layer.get_weights())
    close(last(X, mask=mask), want[:, -1])
    zeros = cls(
        3,
        go_backwards=backwards,
        return_sequences=True,
        zero_output_for_mask=True,
        weights=layer.get_weights(),
    )
    close(
        zeros(X, mask=mask),
        loop(STEPS[name], layer.get_weights(), X, zero_states(name), mask, backwards, True)[0],
    )
    unrolled = cls(
        3, unroll=True, go_backwards=backwards, return_sequences=True, weights=layer.get_weights()
    )
    close(unrolled(X, mask=mask), want)


def test_gru_with_the_reset_before_the_product() -> None:
    layer = layers.GRU(3, reset_after=False, bias_initializer="normal")
    y = layer(X, mask=MASK)
    assert layer.get_weights()[2].shape == (9,)
    close(y, loop(gru_step, layer.get_weights(), X, zero_states("GRU"), MASK, False)[0][:, -1])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("SimpleRNN", {"units": 3}),
        (
            "SimpleRNN",
            {"units": 2, "use_bias": False, "activation": "sigmoid", "go_backwards": True},
        ),
        ("GRU", {"units": 3, "return_sequences": True}),
        ("GRU", {"units": 2, "reset_after": False, "unroll": True}),
        ("GRU", {"units": 2, "use_bias": False, "recurrent_activation": "hard_sigmoid"}),
        ("LSTM", {"units": 3, "return_sequences": True, "return_state": True}),
        ("LSTM", {"units": 2, "unit_forget_bias": False, "use_cudnn": False}),
        ("Bidirectional", {"layer": layers.LSTM(2), "merge_mode": "mul"}),
        ("Bidirectional", {"layer": layers.GRU(2, return_sequences=True), "merge_mode": None}),
        ("RNN", {"cell": [layers.LSTMCell(3), layers.GRUCell(2)], "return_sequences": True}),
        ("TimeDistributed", {"layer": layers.Dense(2, activation="tanh")}),
        ("TimeDistributed", {"layer": layers.Flatten()}),
    ],
)
def test_check(name: str, arguments: dict) -> None:
    check_layer(getattr(layers, name), arguments, (2, 3, 4))


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_compiled_with_mask_and_its_derivative(name: str) -> None:
    layer = getattr(layers, name)(3)
    layer.build((3, 5, 4))
    weights = [v.value for v in layer.trainable_variables]

    def total(w: list) -> Any:
        return ops.sum(ops.square(layer.stateless_call(w, [], X, mask=MASK)[0]))

    close(jit(total)(weights), total(weights))
    grads = jit(grad(total))(weights)
    for i, g in enumerate(map(array, grads)):
        direction = np.random.default_rng(i).standard_normal(g.shape).astype(np.float32)
        ends = [
            total([ops.add(w, s * direction) if j == i else w for j, w in enumerate(weights)])
            for s in (0.01, -0.01)
        ]
        slope = float(ends[0] - ends[1]) / 0.02
        np.testing.assert_allclose(float((g * direction).sum()), slope, rtol=1e-2, atol=1e-2)


def test_names_and_layouts_of_weights() -> None:
    for name, gates in (("SimpleRNN", 1), ("GRU", 3), ("LSTM", 4)):
        layer = getattr(layers, name)(5, name="r")
        layer.build((None, 7, 2))
        cell = {"SimpleRNN": "simple_rnn_cell", "GRU": "gru_cell", "LSTM": "lstm_cell"}[name]
        assert [w.path for w in layer.weights] == [
            f"r/{cell}/{w}" for w in ("kernel", "recurrent_kernel", "bias")
        ]
        bias = (2, 5 * gates) if name == "GRU" else (5 * gates,)
        assert [w.shape for w in layer.weights] == [(2, 5 * gates), (5, 5 * gates), bias]
    assert layer.get_weights()[2].tolist() == [0.0] * 5 + [1.0] * 5 + [0.0] * 10
    recurrent = layer.get_weights()[1]
    close(recurrent @ recurrent.T, np.eye(5))


def test_arguments_of_the_cell_are_readable_on_the_layer() -> None:
    layer = layers.LSTM(3, activation="relu", dropout=0.5, recurrent_dropout=0.25)
    assert (layer.units, layer.dropout, layer.recurrent_dropout) == (3, 0.5, 0.25)
    assert layer.activation is layer.cell.activation
    assert layers.GRU(2, reset_after=False).reset_after is False


# --- states -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(STEPS))
def test_initial_state(name: str) -> None:
    layer = getattr(layers, name)(3, return_sequences=True, return_state=True)
    states = [make_input((3, 3), "float32", seed=i) for i in range(2 if name == "LSTM" else 1)]
    y = layer(X, initial_state=states)
    want, want_states = loop(STEPS[name], layer.get_weights(), X, states, None, False)
    close(y, [want, *want_states])
    close(layer([X, *states]), y)
    if name != "LSTM":
        close(layer(X, initial_state=states[0]), y)
    masked, *_ = layer(X, initial_state=states, mask=MASK)
    close(masked, loop(STEPS[name], layer.get_weights(), X, states, MASK, False)[0])


def test_symbolic_initial_states() -> None:
    x, h, c = layers.Input((None, 4)), layers.Input((3,)), layers.Input((3,))
    layer = layers.LSTM(3)
    values = [X, *(make_input((3, 3), "float32", seed=i) for i in range(2))]
    want = layer(values[0], initial_state=values[1:])
    for y in (layer(x, initial_state=[h, c]), layer([x, h, c])):
        assert y.shape == (None, 3)
        close(models.Model([x, h, c], y)(values), want)
    encoder = layers.LSTM(3, return_state=True)
    _, *states = encoder(x)
    decoder = models.Model(x, layer(x, initial_state=states))
    close(decoder(X), layer(X, initial_state=encoder(X)[1:]))


@pytest.mark.parametrize("name", list(STEPS))
def test_stateful(name: str) -> None:
    layer = getattr(layers, name)(3, stateful=True)
    plain = getattr(layers, name)(3, return_sequences=True)
    plain.build((3, 5, 4))
    first = layer(X[:, :2])
    layer.set_weights(plain.get_weights())
    layer.reset_state()
    whole = plain(X)
    close(layer(X[:, :2]), whole[:, 1])
    close(layer(X[:, 2:]), whole[:, 4])
    layer.reset_states()
    close(layer(X), whole[:, 4])
    layer.reset_states([np.ones((3, 3))] * len(layer.states))
    assert np.abs(np.asarray(layer(X) - whole[:, 4])).max() > 1e-3
    assert len(layer.weights) == 3 and first.shape == (3, 3)


def test_stateful_in_a_compiled_model() -> None:
    model = models.Sequential(
        [layers.Input((5, 4), batch_size=3), layers.GRU(3, stateful=True), layers.Dense(1)]
    )
    rnn = model.layers[0]
    model.compile("sgd", "mse")
    model.predict(X, batch_size=3, verbose=0)
    once = [np.asarray(v.numpy()) for v in rnn.states]
    close(once[0], twin_output(rnn))
    model.predict(X, batch_size=3, verbose=0)
    assert np.abs(rnn.states[0].numpy() - once[0]).max() > 1e-4
    rnn.reset_state()
    model.fit(X, np.zeros((3, 1)), batch_size=3, epochs=2, shuffle=False, verbose=0)
    assert np.abs(rnn.states[0].numpy()).max() > 1e-3
    assert len(model.get_weights()) == 5
    assert len(rnn.non_trainable_variables) == 1 and not rnn.non_trainable_weights


def twin_output(rnn: Any) -> Array:
    plain = layers.GRU(3)
    plain.build((3, 5, 4))
    plain.set_weights(rnn.get_weights())
    return np.asarray(plain(X))


def test_stateful_needs_a_fixed_batch() -> None:
    with pytest.raises(ShapeError, match="needs a fixed batch size.*Input\\(batch_shape"):
        layers.LSTM(2, stateful=True)(layers.Input((5, 4)))
    layer = layers.LSTM(2, stateful=True)
    layer(X)
    with pytest.raises(ShapeError, match="remembers the states of 3 sequences; got a batch of 2"):
        layer(X[:2])
    with pytest.raises(InputError, match="not stateful"):
        layers.LSTM(2).reset_state()


# --- lengths ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(STEPS))
def test_lengths(name: str) -> None:
    cls = getattr(layers, name)
    layer = cls(3)
    assert layer(X[:, :1]).shape == (3, 3)
    close(layer(X[:, :0]), np.zeros((3, 3)))
    every = cls(3, return_sequences=True, weights=layer.get_weights())
    assert every(X[:, :0]).shape == (3, 0, 3)
    close(every(X[:, :0], mask=MASK[:, :0]), np.zeros((3, 0, 3)))
    assert every.compute_output_shape((None, None, 4)) == (None, None, 3)
    x = layers.Input((None, 4))
    model = models.Model(x, layer(x))
    close(model.predict(X, verbose=0), layer(X))
    close(model.predict(X[:, :2], verbose=0), layer(X[:, :2]))


def test_unroll_needs_a_known_length() -> None:
    with pytest.raises(ShapeError, match="unroll=True needs a known number of steps"):
        layers.GRU(2, unroll=True)(layers.Input((None, 4)))
    assert layers.GRU(2, unroll=True)(layers.Input((6, 4))).shape == (None, 2)


# --- dropout ------------------------------------------------------------------------------------


@pytest.mark.parametrize("recurrent", [False, True])
def test_dropout_is_the_same_at_every_step(recurrent: bool) -> None:
    """The identity as a kernel shows the mask: of the inputs, or of a state that is handed on."""
    arguments = {"recurrent_dropout": 0.5} if recurrent else {"dropout": 0.5}
    layer = layers.SimpleRNN(
        64, activation=None, use_bias=False, return_sequences=True, seed=1, **arguments
    )
    eye, none = np.eye(64, dtype=np.float32), np.zeros((64, 64), np.float32)
    layer.build((2, 3, 64))
    layer.set_weights([none, eye] if recurrent else [eye, none])
    x = np.ones((2, 3, 64), np.float32)
    start = np.ones((2, 64), np.float32)
    y = np.asarray(layer(x, initial_state=start, training=True))
    if recurrent:
        close(y[:, 1], y[:, 0] ** 2)
        close(y[:, 2], y[:, 0] ** 3)
    else:
        close(y, np.repeat(y[:, :1], 3, 1))
    assert set(np.unique(y[:, 0])) == {0.0, 2.0}
    assert 0.2 < (y[:, 0] == 0).mean() < 0.8
    assert np.abs(np.asarray(layer(x, initial_state=start, training=True)) - y).max() > 0
    assert np.abs(np.asarray(layer(x, initial_state=start)) - 1).max() == 0


@pytest.mark.parametrize("name", list(STEPS))
def test_dropout_trains(name: str) -> None:
    layer = getattr(layers, name)(3, dropout=0.3, recurrent_dropout=0.2, seed=3)
    model = models.Sequential([layers.Input((5, 4)), layer])
    model.compile("sgd", "mse")
    loss = model.fit(X, np.zeros((3, 3)), epochs=2, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
    outputs = [np.asarray(layer(X, training=True)) for _ in range(2)]
    assert np.abs(outputs[0] - outputs[1]).max() > 0
    twins = [twin(layer) for _ in range(2)]
    for other in twins:
        other.build(X.shape)
        other.set_weights(layer.get_weights())
    close(twins[0](X, training=True), twins[1](X, training=True))


# --- cells --------------------------------------------------------------------------------------


class Own(layers.Layer):
    """A cell whose output is not its state."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.built = True

    def call(self, inputs: Any, states: Any) -> Any:
        h = ops.tanh(ops.matmul(inputs, self.kernel) + states[0])
        return 2 * h, [h]


class Counter:
    """A cell that is no layer, with a state of its own to begin with."""

    state_size = (2,)
    output_size = 1

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        return [ops.ones((batch_size, 2))]

    def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
        new = states[0] + 1
        return ops.sum(inputs, -1, keepdims=True) + new[:, :1], [new]


@pytest.mark.parametrize(("backwards", "masked"), PAIRS)
def test_a_cell_of_the_user(backwards: bool, masked: bool) -> None:
    mask = MASK if masked else None
    layer = layers.RNN(Own(3), return_sequences=True, return_state=True, go_backwards=backwards)
    y, h = layer(X, mask=mask)
    (w,) = layer.get_weights()
    state, before, want = np.zeros((3, 3)), np.zeros((3, 3)), []
    for t in reversed(range(5)) if backwards else range(5):
        new = np.tanh(X[:, t] @ w + state)
        keep = MASK[:, t : t + 1] if masked else np.ones((3, 1), bool)
        before, state = np.where(keep, 2 * new, before), np.where(keep, new, state)
        want.append(before)
    close(y, np.stack(want, 1))
    close(h, state)
    last = layers.RNN(Own(3, weights=[w]), go_backwards=backwards, unroll=True)
    close(last(X, mask=mask), want[-1])
    assert layers.RNN(Own(3)).compute_output_shape((None, None, 4)) == (None, 3)
    assert layers.RNN(Own(3))(X[:, :0]).shape == (3, 3)


def test_a_cell_that_is_no_layer() -> None:
    layer = layers.RNN(Counter(), return_sequences=True, return_state=True)
    y, state = layer(X)
    close(y[..., 0], X.sum(-1) + np.arange(2, 7))
    close(state, np.full((3, 2), 6.0))
    assert layer(layers.Input((7, 4)))[0].shape == (None, 7, 1)


def test_a_cell_of_the_user_in_a_model() -> None:
    x = layers.Input((None, 4))
    model = models.Model(x, layers.Bidirectional(layers.RNN(Own(2)))(x))
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((3, 4)), verbose=0)
    assert model.output_shape == (None, 4)


def test_stacked_cells() -> None:
    cells = [layers.LSTMCell(3), layers.SimpleRNNCell(2), Own(4)]
    layer = layers.RNN(cells, return_sequences=True, return_state=True)
    y, lstm, simple, own = layer(X, mask=MASK)
    assert [s.shape for s in lstm] == [(3, 3), (3, 3)]
    one = layers.LSTM(3, return_sequences=True, weights=cells[0].get_weights())(X, mask=MASK)
    two = layers.SimpleRNN(2, return_sequences=True, weights=cells[1].get_weights())(one, mask=MASK)
    last = layers.RNN(Own(4, weights=cells[2].get_weights()), return_sequences=True)(two, mask=MASK)
    close(y, last)
    close(simple, [two[:, -1]])
    assert layer.compute_output_shape((None, 7, 4))[0] == (None, 7, 4)
    # The cell itself, step by step, does the same.
    states = layer.get_initial_state(3)
    for t in range(2):
        output, states = layer.cell(X[:, t], states)
    close(output, layers.RNN(cells)(X[:, :2]))
    nested = layers.RNN(cells, return_state=True)(X, initial_state=[lstm, simple, own])
    flat = layers.RNN(cells, return_state=True)([X, *lstm, *simple, own])
    close(nested[0], flat[0])


def test_config_of_stacked_cells() -> None:
    layer = layers.RNN(
        [layers.LSTMCell(3), layers.GRUCell(2, reset_after=False)], go_backwards=True
    )
    config = layers.serialize(layer)["config"]
    assert config["cell"]["class_name"] == "StackedRNNCells"
    assert "use_cudnn" not in layers.LSTM(3).get_config()
    y = layer(X)
    other = twin(layer)
    other(X)
    other.set_weights(layer.get_weights())
    close(other(X), y)


def test_single_steps_of_cells() -> None:
    for cell in (layers.SimpleRNNCell(3), layers.GRUCell(3), layers.LSTMCell(3)):
        states = cell.get_initial_state(batch_size=3)
        output, new = cell(X[:, 0], states)
        close(output, layers.RNN(cell)(X[:, :1]))
        assert len(new) == len(states)
    output, state = layers.GRUCell(3)(X[:, 0], ops.zeros((3, 3)))
    assert output.shape == state.shape == (3, 3)


# --- masks --------------------------------------------------------------------------------------


def test_masks_flow() -> None:
    x = layers.Input((None,), dtype="int32")
    embedded = layers.Embedding(10, 4, mask_zero=True)(x)
    first = layers.LSTM(3, return_sequences=True)
    second = layers.Bidirectional(layers.GRU(2))
    model = models.Model(x, second(first(embedded)))
    words = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8]])
    alone = model(words[:1, :3])
    close(model(words)[:1], alone)


def test_masks_of_outputs() -> None:
    mask = ops.convert_to_tensor(MASK)
    assert layers.LSTM(2).compute_mask(None, mask) is None
    assert layers.LSTM(2, return_sequences=True).compute_mask(None, mask) is mask
    found = layers.LSTM(2, return_sequences=True, return_state=True).compute_mask(None, mask)
    assert found[0] is mask and found[1:] == [None, None]
    x = layers.Masking()(X * MASK[..., None])
    y = layers.Bidirectional(layers.GRU(2, return_sequences=True))(x)
    np.testing.assert_array_equal(np.asarray(get_mask(y)), MASK)


def test_a_mask_over_features() -> None:
    layer = layers.GRU(3)
    wide = np.repeat(MASK[..., None], 4, -1) & (np.arange(4) == 1)
    close(layer(X, mask=wide), layer(X, mask=MASK))


def test_dtypes() -> None:
    layer = layers.LSTM(3, dtype="bfloat16", return_state=True)
    assert [ops.dtype(v) for v in layer(X)] == ["bfloat16"] * 3
    mixed = layers.GRU(3, dtype="mixed_bfloat16")
    assert ops.dtype(mixed(X, mask=MASK)) == "bfloat16"
    assert mixed.weights[0].dtype == "float32"


class Nested(layers.Layer):
    """A cell of two inputs and two states, which adds up what it has seen."""

    state_size = [2, 3]

    def call(self, inputs, states):
        a, b = inputs
        new = [states[0] + a, states[1] + b]
        return {"sum": new[0], "last": b}, new


Pair = collections.namedtuple("Pair", ["a", "b"])


@pytest.mark.parametrize("sequences", [False, True])
def test_a_cell_of_several_inputs_and_outputs(sequences):
    a, b = make_input((4, 5, 2), "float32"), make_input((4, 5, 3), "float32")
    x, y = Input((5, 2)), Input((None, 3))
    out = layers.RNN(Nested(), return_sequences=sequences)(Pair(x, y))
    found = models.Model([x, y], out).predict([a, b], verbose=0)
    want = {"sum": a.cumsum(1), "last": b}
    for name, value in want.items():
        np.testing.assert_allclose(found[name], value if sequences else value[:, -1], rtol=1e-5)
