"""Layers of earlier eras, against formulas written with NumPy."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kerata import Input, Model, Sequential, layers, ops
from kerata.errors import FileError, InputError, ShapeError
from kerata.legacy import layers as old
from layers.check import check_layer, close

RANDOM = np.random.default_rng(0)


def data(*shape):
    return RANDOM.standard_normal(shape).astype("float32")


# --- locally connected --------------------------------------------------------------------------


def reach(n, k, s, padding):
    """Start and end of what each place sees."""
    if padding == "valid":
        return [(j * s, j * s + k) for j in range((n - k) // s + 1)]
    return [(j * s - k // 2, j * s - k // 2 + k) for j in range(-(-n // s))]


def connected_1d(x, pick, k, s, padding, filters):
    """``pick(place, step, channel, filter)`` is the weight of a connection."""
    b, n, c = x.shape
    places = reach(n, k, s, padding)
    y = np.zeros((b, len(places), filters))
    for p, (start, end) in enumerate(places):
        for i in range(max(start, 0), min(end, n)):
            for ch in range(c):
                for f in range(filters):
                    y[:, p, f] += x[:, i, ch] * pick(p, i, ch, f)
    return y


def test_locally_connected_1d_with_a_kernel_per_place():
    x = data(2, 7, 3)
    layer = old.LocallyConnected1D(4, 3, strides=2, activation="tanh")
    y = layer(x)
    layer.set_weights([data(3, 9, 4), data(3, 4)])
    kernel, bias = layer.get_weights()
    want = connected_1d(x, lambda p, i, c, f: kernel[p, (i - 2 * p) * 3 + c, f], 3, 2, "valid", 4)
    assert y.shape == (2, 3, 4)
    close(layer(x), np.tanh(want + bias))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_locally_connected_1d_as_a_full_matrix(padding):
    x = data(2, 7, 3)
    layer = old.LocallyConnected1D(4, 3, strides=2, padding=padding, implementation=2)
    layer(x)
    kernel, _ = layer.get_weights()
    assert kernel.shape == (7, 3, 3 if padding == "valid" else 4, 4)
    close(layer(x), connected_1d(x, lambda p, i, c, f: kernel[i, c, p, f], 3, 2, padding, 4))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_locally_connected_1d_as_a_row_of_weights(padding):
    """In the order of outputs (place, filter), then of inputs."""
    x = data(2, 7, 3)
    layer = old.LocallyConnected1D(4, 3, strides=2, padding=padding, implementation=3)
    layer(x)
    kernel, _ = layer.get_weights()
    order = [
        (p, i, c, f)
        for p, (start, end) in enumerate(reach(7, 3, 2, padding))
        for f in range(4)
        for i in range(max(start, 0), min(end, 7))
        for c in range(3)
    ]
    assert len(order) == len(kernel)
    number = {key: n for n, key in enumerate(order)}
    want = connected_1d(x, lambda *key: kernel[number[key]], 3, 2, padding, 4)
    close(layer(x), want)


def test_locally_connected_2d():
    x = data(2, 5, 6, 2)
    layer = old.LocallyConnected2D(3, (2, 3), strides=(1, 2), use_bias=False)
    layer(x)
    (kernel,) = layer.get_weights()
    assert kernel.shape == (4 * 2, 2 * 3 * 2, 3)
    want = np.zeros((2, 4, 2, 3))
    for r in range(4):
        for c in range(2):
            patch = x[:, r : r + 2, 2 * c : 2 * c + 3, :].reshape(2, -1)
            want[:, r, c] = patch @ kernel[r * 2 + c]
    close(layer(x), want)


@pytest.mark.parametrize("implementation", [1, 2, 3])
def test_locally_connected_with_channels_first(implementation):
    x = data(2, 2, 5, 6)
    layer = old.LocallyConnected2D(
        3, (2, 3), implementation=implementation, data_format="channels_first"
    )
    layer(x)
    layer.set_weights([data(*w.shape) for w in layer.get_weights()])
    kernel, bias = layer.get_weights()
    want = np.zeros((2, 3, 4, 4))
    n = 0
    for f in range(3):
        for r in range(4):
            for c in range(4):
                patch = x[:, :, r : r + 2, c : c + 3]
                if implementation == 1:
                    k = kernel[r * 4 + c, :, f].reshape(2, 2, 3)
                elif implementation == 2:
                    k = kernel[:, r : r + 2, c : c + 3, f, r, c]
                else:
                    k = kernel[n : n + 12].reshape(2, 2, 3)
                n += 12
                want[:, f, r, c] = (patch * k).sum((1, 2, 3))
    close(layer(x), want + bias.reshape(3, 4, 4))


CASES = [
    (old.LocallyConnected1D, {"filters": 4, "kernel_size": 3}, (2, 6, 3)),
    (
        old.LocallyConnected1D,
        {"filters": 2, "kernel_size": 2, "implementation": 3, "padding": "same"},
        (2, 4, 2),
    ),
    (
        old.LocallyConnected2D,
        {"filters": 2, "kernel_size": (2, 3), "strides": 2, "activation": "tanh"},
        (2, 5, 5, 2),
    ),
    (
        old.LocallyConnected2D,
        {"filters": 2, "kernel_size": 2, "implementation": 2, "padding": "same"},
        (2, 3, 3, 1),
    ),
    (old.Highway, {"activation": "tanh", "W_regularizer": "l2"}, (3, 4)),
    (old.MaxoutDense, {"output_dim": 3, "nb_feature": 2}, (3, 4)),
    (old.TimeDistributedDense, {"units": 3, "activation": "tanh"}, (2, 4, 3)),
    (old.ParametricSoftplus, {"shared_axes": [1]}, (2, 3, 4)),
    (old.SReLU, {"t_right_init": "one", "a_left_init": "uniform"}, (3, 4)),
    (old.CuDNNLSTM, {"units": 4}, (2, 5, 3)),
    (old.CuDNNLSTM, {"units": 4, "return_sequences": True, "return_state": True}, (2, 5, 3)),
    (old.CuDNNGRU, {"units": 4, "return_sequences": True, "go_backwards": True}, (2, 5, 3)),
    (old.SyncBatchNormalization, {}, (4, 3)),
]


@pytest.mark.parametrize("cls, arguments, shape", CASES, ids=[c[0].__name__ for c in CASES])
def test_all_that_must_hold_of_a_layer(cls, arguments, shape):
    check_layer(cls, arguments, shape)


def test_locally_connected_complaints():
    with pytest.raises(InputError, match="needs implementation=2 or 3"):
        old.LocallyConnected1D(4, 3, padding="same")
    with pytest.raises(InputError, match="must be 1, 2 or 3"):
        old.LocallyConnected1D(4, 3, implementation=4)
    with pytest.raises(ShapeError, match="needs to know the sizes"):
        old.LocallyConnected1D(4, 3).build((None, None, 3))
    with pytest.raises(ShapeError, match="does not fit into"):
        old.LocallyConnected2D(4, 3).build((None, 2, 5, 3))


def test_locally_connected_of_keras_1():
    assert old.LocallyConnected2D(4, 3, 2, border_mode="valid").kernel_size == (3, 2)
    layer = old.LocallyConnected1D(4, 3, subsample_length=2, input_dim=5, input_length=9)
    assert Sequential([layer]).output_shape == (None, 4, 4)


# --- dense layers and activations ---------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_highway():
    x = data(3, 4)
    layer = old.Highway(activation="tanh")
    layer(x)
    assert layer.get_weights()[3].tolist() == [1.0] * 4
    w, gate, b, gate_b = weights = [data(4, 4), data(4, 4), data(4), data(4)]
    layer.set_weights(weights)
    t = sigmoid(x @ gate + gate_b)
    close(layer(x), t * np.tanh(x @ w + b) + (1 - t) * x)


def test_maxout():
    x, w, b = data(3, 4), data(2, 4, 5), data(2, 5)
    layer = old.MaxoutDense(5, 2, weights=[w, b])
    close(layer(x), np.maximum(x @ w[0] + b[0], x @ w[1] + b[1]))


def test_parametric_softplus():
    x = data(3, 4)
    close(old.ParametricSoftplus()(x), 0.2 * np.log1p(np.exp(5.0 * x)))


def test_srelu():
    x = np.linspace(-3, 3, 13, dtype="float32")[:, None]
    layer = old.SReLU()
    layer(x)
    layer.set_weights([np.array([v], "float32") for v in (-1.0, 0.3, -1.5, 2.0)])
    t = -1.0 + 1.5
    want = np.where(x < -1, -1 + 0.3 * (x + 1), np.where(x > t, t + 2.0 * (x - t), x))
    close(layer(x), want)


def test_random_fourier_features_come_near_the_kernel():
    x = data(5, 3)
    layer = old.RandomFourierFeatures(20000, scale=1.5, name="f")
    z = np.asarray(layer(x))
    near = 2 / 20000 * z @ z.T
    squares = ((x[:, None] - x) ** 2).sum(-1)
    np.testing.assert_allclose(near, np.exp(-squares / (2 * 1.5**2)), atol=0.05)
    kernel, bias, scale = layer.unscaled_kernel.numpy(), layer.bias.numpy(), layer.kernel_scale
    close(z, np.cos(x @ kernel / scale.numpy() + bias), {"rtol": 1e-4, "atol": 1e-4})
    assert not layer.trainable_weights
    assert bias.min() >= 0 and bias.max() <= 2 * np.pi
    flat = old.RandomFourierFeatures(20000, "laplacian")
    z = np.asarray(flat(x))
    sums = np.abs(x[:, None] - x).sum(-1)
    np.testing.assert_allclose(2 / 20000 * z @ z.T, np.exp(-sums), atol=0.05)


def test_random_fourier_features_complaints():
    with pytest.raises(InputError, match="output_dim"):
        old.RandomFourierFeatures(0)
    with pytest.raises(InputError, match="'gaussian', 'laplacian'"):
        old.RandomFourierFeatures(4, "gausian")


# --- recurrent ----------------------------------------------------------------------------------


def lstm_weights(features, units):
    return [data(features, 4 * units), data(units, 4 * units), data(8 * units)]


def transposed(kernel, gates):
    """Each gate's numbers, read as a matrix (units, features), transposed."""
    parts = np.split(kernel, gates, axis=1)
    return np.concatenate([k.reshape(k.shape[::-1]).T for k in parts], axis=1)


def test_cudnn_lstm_has_cudnns_weights():
    x = data(2, 5, 3)
    kernel, recurrent, bias = weights = lstm_weights(3, 4)
    layer = old.CuDNNLSTM(4, return_sequences=True)
    layer(x)
    first = layer.get_weights()[2]
    assert first[20:24].tolist() == [1.0] * 4 and first.sum() == 4
    layer.set_weights(weights)
    w, u, b = transposed(kernel, 4), transposed(recurrent, 4), bias[:16] + bias[16:]
    h = c = np.zeros((2, 4))
    want = []
    for t in range(5):
        i, f, g, o = np.split(x[:, t] @ w + h @ u + b, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        want.append(h)
    close(layer(x), np.stack(want, 1))


def test_cudnn_gru_has_cudnns_weights():
    x = data(2, 5, 3)
    kernel, recurrent, bias = weights = [data(3, 12), data(4, 12), data(24)]
    layer = old.CuDNNGRU(4, return_sequences=True)
    layer(x)
    layer.set_weights(weights)
    w, u = transposed(kernel, 3), transposed(recurrent, 3)
    h, want = np.zeros((2, 4)), []
    for t in range(5):
        xz, xr, xh = np.split(x[:, t] @ w + bias[:12], 3, axis=1)
        hz, hr, hh = np.split(h @ u + bias[12:], 3, axis=1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        h = z * h + (1 - z) * np.tanh(xh + r * hh)
        want.append(h)
    close(layer(x), np.stack(want, 1))


def test_cudnn_layers_unrolled_and_masked_agree():
    """The steps one by one give what the whole sequence does."""
    x = data(2, 5, 3)
    for cls in (old.CuDNNLSTM, old.CuDNNGRU):
        layer = cls(4)
        want = layer(x)
        cell, states = layer.cell, layer.get_initial_state(2)
        for t in range(5):
            y, states = cell(x[:, t], states)
        close(y, want)
        x[:, -2:] = 0
        masked = layer(layers.Masking()(x))
        close(masked, layer(x[:, :3]))


def test_peephole_lstm():
    x, h, c = data(2, 3), data(2, 4), data(2, 4)
    cell = old.PeepholeLSTMCell(4)
    cell(x, [h, c])
    weights = cell.get_weights()
    cell.set_weights([data(*w.shape) for w in weights])
    w, u, b, pi, pf, po = cell.get_weights()
    i, f, g, o = np.split(x @ w + h @ u + b, 4, axis=1)
    new = sigmoid(f + pf * c) * c + sigmoid(i + pi * c) * np.tanh(g)
    out, states = cell(x, [h, c])
    close(states[1], new)
    close(out, sigmoid(o + po * new) * np.tanh(new))
    assert layers.RNN(old.PeepholeLSTMCell(4))(data(2, 5, 3)).shape == (2, 4)


class Decayed(old.Recurrent):
    """A state that forgets, with a tensor that all steps get."""

    units = 3

    def get_constants(self, inputs, training=None):
        return [ops.ones_like(inputs[:, 0]) * 2.0]

    def step(self, inputs, states):
        new = states[0] * 0.5 + inputs * states[1]
        return new, [new]


def test_recurrent_of_ones_own():
    x = data(2, 4, 3)
    state, want = np.zeros((2, 3)), []
    for t in range(4):
        state = state * 0.5 + 2 * x[:, t]
        want.append(state)
    close(Decayed()(x), want[-1])
    close(Decayed(return_sequences=True)(x), np.stack(want, 1))
    last, end = Decayed(return_state=True)(x)
    close(last, end)
    model = Sequential([Decayed(input_dim=3, input_length=4), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, np.ones((2, 1)), verbose=0)
    x[0, 2:] = 0
    close(Decayed()(layers.Masking()(x))[0], Decayed()(x[:1, :2])[0])


def test_convolutional_recurrent():
    x = data(2, 3, 5, 5, 1)
    cell = old.ConvLSTM2DCell(2, 3, padding="same", recurrent_activation="sigmoid")
    layer, other = old.ConvRNN2D(cell), layers.ConvLSTM2D(2, 3, padding="same")
    layer(x), other(x)
    other.set_weights(layer.get_weights())
    close(layer(x), other(x))
    with pytest.raises(InputError, match="unroll"):
        old.ConvRNN2D(cell, unroll=True)


# --- convolutions of old ------------------------------------------------------------------------


def test_names_of_keras_1_are_layers_of_today():
    layer = layers.Convolution2D(4, 3, 3, border_mode="same")
    assert isinstance(layer, layers.Conv2D)
    assert layers.serialize(layer)["class_name"] == "Conv2D"
    assert isinstance(layers.Convolution1D(4, 3), layers.Conv1D)


@pytest.mark.parametrize("size", [(14, 14), (13, 13), (13, 14)])
def test_deconvolution_has_the_shape_asked_for(size):
    layer = old.Deconvolution2D(3, 3, 3, (None, *size, 3), subsample=(2, 2), border_mode="same")
    assert layer(Input((7, 7, 2))).shape == (None, *size, 3)
    x = data(1, 7, 7, 2)
    twin = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    twin(x)
    twin.set_weights(layer.get_weights())
    close(twin(x), layer(x))


def test_deconvolution_complains_of_impossible_shapes():
    layer = old.Deconvolution2D(3, 3, 3, output_shape=(None, 20, 20, 3), subsample=(2, 2))
    with pytest.raises(ShapeError, match="makes the shape"):
        layer.build((None, 7, 7, 2))


# --- merging ------------------------------------------------------------------------------------


def cosine(a, b):
    return (a * b).sum(1, keepdims=True) / np.sqrt(
        (a**2).sum(1, keepdims=True) * (b**2).sum(1, keepdims=True)
    )


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ({}, lambda a, b: a + b),
        ({"mode": "mul"}, lambda a, b: a * b),
        ({"mode": "ave"}, lambda a, b: (a + b) / 2),
        ({"mode": "max"}, np.maximum),
        ({"mode": "concat", "concat_axis": 1}, lambda a, b: np.concatenate([a, b], 1)),
        ({"mode": "dot", "dot_axes": 1}, lambda a, b: (a * b).sum(1, keepdims=True)),
        ({"mode": "cos", "dot_axes": 1}, cosine),
        ({"mode": lambda x: x[0] - x[1], "output_shape": (4,)}, lambda a, b: a - b),
    ],
)
def test_merge(arguments, expected):
    a, b = data(3, 4), data(3, 4)
    close(old.merge([a, b], **arguments), expected(a, b))
    x, y = Input((4,)), Input((4,))
    model = Model([x, y], old.merge([x, y], **arguments))
    close(model.predict([a, b], verbose=0), expected(a, b))
    if arguments.get("mode") in ("concat", "cos"):
        check_layer(old.Merge, arguments, [(3, 4), (3, 4)])


def test_merge_of_models_begins_a_sequential():
    left = Sequential([layers.Dense(3, input_dim=4)])
    right = Sequential([layers.Dense(3, input_dim=5)])
    model = Sequential()
    model.add(old.Merge([left, right], mode="concat"))
    model.add(layers.Dense(2))
    a, b = data(6, 4), data(6, 5)
    inner = np.concatenate([left.predict(a, verbose=0), right.predict(b, verbose=0)], 1)
    kernel, bias = model.layers[-1].get_weights()
    close(model.predict([a, b], verbose=0), inner @ kernel + bias)
    model.compile("sgd", "mse")
    before = left.get_weights()[0]
    model.fit([a, b], np.ones((6, 2)), epochs=2, verbose=0)
    assert not np.array_equal(before, left.get_weights()[0])
    again = Sequential.from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    close(again.predict([a, b], verbose=0), model.predict([a, b], verbose=0))


def test_merge_of_one_model_twice_takes_one_input():
    shared = Sequential([layers.Dense(3, input_dim=4)])
    model = Sequential([old.Merge([shared, shared], mode="sum")])
    a = data(6, 4)
    close(model.predict(a, verbose=0), 2 * shared.predict(a, verbose=0))


def test_merge_of_a_model_that_stands_within_another_branch():
    left = Sequential([layers.Dense(3, input_dim=4)])
    shared = Sequential([layers.Dense(3, input_dim=2)])
    inner = Sequential([old.Merge([left, shared], mode="mul")])
    model = Sequential([old.Merge([inner, shared], mode="concat")])
    assert [x.shape for x in model.inputs] == [(None, 4), (None, 2)]
    a, b = data(6, 4), data(6, 2)
    p, q = left.predict(a, verbose=0), shared.predict(b, verbose=0)
    close(model.predict([a, b], verbose=0), np.concatenate([p * q, q], axis=1))
    again = Sequential.from_config(model.get_config())
    assert len(again.inputs) == 2
    again.set_weights(model.get_weights())
    close(again.predict([a, b], verbose=0), model.predict([a, b], verbose=0))
    with pytest.raises(InputError, match="take 2 inputs, got 1"):
        old.Merge([left, shared])([a])


def test_merge_complaints():
    with pytest.raises(InputError, match="one of sum, mul"):
        old.Merge(mode="add")
    with pytest.raises(InputError, match="at least two"):
        old.Merge([layers.Dense(1)])
    with pytest.raises(InputError, match="does not know the shape"):
        Sequential([old.Merge([Sequential([layers.Dense(1)]), layers.Dense(1, input_dim=2)])])


def test_merge_of_a_file():
    config = {
        "name": "m", "mode": "concat", "mode_type": "raw", "concat_axis": -1, "dot_axes": -1, "output_shape": None,
        "output_shape_type": "raw", "output_mask": None, "output_mask_type": "raw", "arguments": {},
    }  # fmt: skip
    layer = layers.deserialize({"class_name": "Merge", "config": config})
    assert layer([data(2, 3), data(2, 4)]).shape == (2, 7)
    config = {**config, "mode": ["4wEAAAA=\n", None, None], "mode_type": "lambda"}
    with pytest.raises(FileError, match="safe_mode"):
        layers.deserialize({"class_name": "Merge", "config": config})


# --- files and the others -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        lambda: old.LocallyConnected1D(2, 3, input_shape=(5, 2)),
        lambda: old.CuDNNLSTM(2, input_shape=(5, 2)),
        lambda: old.CuDNNGRU(2, input_shape=(5, 2)),
        lambda: layers.Convolution1D(2, 3, input_shape=(5, 2)),
        lambda: old.AtrousConvolution1D(2, 3, input_shape=(5, 2)),
        lambda: layers.ThresholdedReLU(0.5, input_shape=(5, 2)),
        lambda: old.SReLU(input_shape=(5, 2)),
    ],
)
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_file_round_trip(layer, ending, tmp_path):
    from kerata.saving import load_model

    model = Sequential([layer()])
    x = data(2, 5, 2)
    model.save(tmp_path / f"m.{ending}")
    again = load_model(tmp_path / f"m.{ending}")
    close(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_random_sizes():
    x = data(2, 10, 8, 3)
    for cls, axis in ((old.RandomHeight, 1), (old.RandomWidth, 2)):
        layer = cls((0.2, 0.6), seed=1)
        sizes = {layer(x, training=True).shape[axis] for _ in range(12)}
        low, high = int(x.shape[axis] * 1.2), int(x.shape[axis] * 1.6)
        assert len(sizes) > 1 and low <= min(sizes) and max(sizes) <= high
        assert layer(x).shape == x.shape
        with pytest.raises(InputError, match="factor"):
            cls((0.5, 0.2))


def test_a_random_size_cannot_be_compiled():
    model = Sequential([old.RandomHeight(0.3), layers.GlobalAveragePooling2D(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(InputError, match="RandomZoom"):
        model.fit(data(4, 6, 6, 1), np.ones((4, 1)), verbose=0)


@pytest.mark.parametrize("name", ["DenseFeatures", "SequenceFeatures", "DynamicLookup", "DynamicEmbedding"])  # fmt: skip
def test_refused(name):
    with pytest.raises(InputError, match=f"{name}: .*Use"):
        getattr(old, name)([])


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Highwei'"):
        old.Highwei  # noqa: B018


def test_all_names_are_there():
    assert all(callable(getattr(old, name)) for name in old.__all__)
