"""Files as Keras 1.2 wrote them, on Theano and on TensorFlow, made by hand; expected values by NumPy."""

import json

import h5py
import numpy as np
import pytest
from scipy import signal

import kerata as keras

RNG = np.random.RandomState(0)


def rand(*shape):
    return RNG.standard_normal(shape).astype("float32")


def write(path, config, weights, version="1.2.2", theano=False, training=None, optimizer=()):
    """`weights` is a list of (layer, {name: array}); Theano's variables have no ``:0`` in their names."""
    end = "" if theano else ":0"
    with h5py.File(path, "w") as file:
        if version:
            file.attrs["keras_version"] = version.encode()
        if config is None:
            group = file
        else:
            file.attrs["model_config"] = json.dumps(config).encode()
            group = file.create_group("model_weights")
        group.attrs["layer_names"] = [n.encode() for n, _ in weights]
        for layer, arrays in weights:
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [f"{layer}_{n}{end}".encode() for n in arrays]
            for n, a in arrays.items():
                inner[f"{layer}_{n}{end}"] = a
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
            inner = file.create_group("optimizer_weights")
            inner.attrs["weight_names"] = [n.encode() for n, _ in optimizer]
            for n, a in optimizer:
                inner[n] = a


def sequential(*layers):
    return {"class_name": "Sequential", "config": list(layers)}


def entry(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def dense(name, units, kind="Dense", activation="linear", **more):
    return entry(
        kind, name, output_dim=units, init="glorot_uniform", activation=activation,
        W_regularizer={"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}, b_regularizer=None,
        activity_regularizer=None, W_constraint={"name": "MaxNorm", "m": 2, "axis": 0}, b_constraint=None,
        bias=True, input_dim=None, **more,
    )  # fmt: skip


def first(*shape, dtype="float32"):
    return {"batch_input_shape": [None, *shape], "input_dtype": dtype}


def load(path):
    return keras.models.load_model(path)


def check(model, x, want):
    np.testing.assert_allclose(model.predict(x, verbose=0), want, rtol=1e-5, atol=1e-5)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


# --- dense --------------------------------------------------------------------------------------

W1, B1, W2, B2 = rand(4, 3), rand(3), rand(3, 2), rand(2)
X = rand(6, 4)
MLP = sequential(
    dense("d1", 3, activation="relu", **first(4)),
    entry("Dropout", "drop", p=0.25),
    dense("d2", 2),
    entry("Activation", "act", activation="sigmoid"),
)
MLP_WEIGHTS = [("d1", {"W": W1, "b": B1}), ("drop", {}), ("d2", {"W": W2, "b": B2}), ("act", {})]


def mlp(x):
    return sigmoid(np.maximum(x @ W1 + B1, 0) @ W2 + B2)


@pytest.mark.parametrize("version", ["1.2.2", "1.0.4", None])
def test_dense(version, tmp_path):
    write(tmp_path / "m.h5", MLP, MLP_WEIGHTS, version)
    model = load(tmp_path / "m.h5")
    check(model, X, mlp(X))
    assert model.layers[0].kernel_regularizer.l2 == pytest.approx(0.01)
    assert model.layers[0].kernel_constraint.max_value == 2 and model.layers[1].rate == 0.25


ADAM = {
    "optimizer_config": {
        "class_name": "Adam",
        "config": {"lr": 0.02, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-8, "decay": 0.0},
    },
    "loss": "binary_crossentropy", "metrics": ["accuracy"], "sample_weight_mode": None, "loss_weights": None,
}  # fmt: skip


def test_training_goes_on(tmp_path):
    slots = [np.abs(rand(*s)) for s in ((4, 3), (3,), (3, 2), (2,)) * 2]
    names = ["Variable:0", *(f"Variable_{i}:0" for i in range(1, 9))]
    state = list(zip(names, [np.float32(9), *slots]))
    write(tmp_path / "m.h5", MLP, MLP_WEIGHTS, training=ADAM, optimizer=state)
    model = load(tmp_path / "m.h5")
    assert int(model.optimizer.iterations) == 9 and model.optimizer.beta_1 == 0.8
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)
    own = {v.name: v.numpy() for v in model.optimizer.variables}
    second = next(v for k, v in own.items() if k.endswith("d1_kernel_velocity"))
    np.testing.assert_array_equal(second, slots[4])
    np.testing.assert_array_equal(
        next(v for k, v in own.items() if k.endswith("d2_bias_momentum")), slots[3]
    )
    model.train_on_batch(X, np.ones((6, 2)))
    assert int(model.optimizer.iterations) == 10


def test_state_of_an_optimizer_without_a_count_of_steps(tmp_path):
    slots = [np.abs(rand(*s)) for s in ((4, 3), (3,), (3, 2), (2,))]
    rmsprop = {
        "class_name": "RMSprop",
        "config": {"lr": 0.01, "rho": 0.9, "epsilon": 1e-8, "decay": 0.0},
    }
    training = {**ADAM, "optimizer_config": rmsprop}
    state = [(f"param_{i}", a) for i, a in enumerate(slots)]
    write(tmp_path / "m.h5", MLP, MLP_WEIGHTS, theano=True, training=training, optimizer=state)
    model = load(tmp_path / "m.h5")
    own = [v.numpy() for v in model.optimizer.variables if v.shape in ((4, 3), (3, 2))]
    np.testing.assert_array_equal(own[0], slots[0])
    np.testing.assert_array_equal(own[-1], slots[2])


def test_dense_layers_that_are_no_more(tmp_path):
    maxout = (rand(2, 4, 3), rand(2, 3))
    gate = (rand(3, 3), rand(3, 3), rand(3), rand(3))
    config = sequential(
        dense("maxout", 3, "MaxoutDense", nb_feature=2, **first(4)),
        dense("highway", None, "Highway", activation="tanh", transform_bias=-2),
        entry("SReLU", "srelu", t_left_init="zero", a_left_init="glorot_uniform",
              t_right_init="glorot_uniform", a_right_init="one", shared_axes=None),
    )  # fmt: skip
    config["config"][0]["config"].pop("activation")
    config["config"][1]["config"].pop("output_dim")
    t = [rand(3) for _ in range(4)]
    write(
        tmp_path / "m.h5",
        config,
        [
            ("maxout", dict(zip(("W", "b"), maxout))),
            ("highway", dict(zip(("W", "W_carry", "b", "b_carry"), gate))),
            ("srelu", dict(zip(("t_left", "a_left", "t_right", "a_right"), t))),
        ],
    )
    h = (np.einsum("bi,kio->bko", X, maxout[0]) + maxout[1]).max(1)
    weight = sigmoid(h @ gate[1] + gate[3])
    h = np.tanh(h @ gate[0] + gate[2]) * weight + h * (1 - weight)
    low, slope, width, rise = t
    high = low + np.abs(width)
    y = low + np.where(h > low, np.minimum(h, high) - low, 0)
    y = np.where(h < low, low + slope * (h - low), y) + np.where(h > high, rise * (h - high), 0)
    check(load(tmp_path / "m.h5"), X, y)


# --- convolution --------------------------------------------------------------------------------


def correlate(image, kernel, stride=1):
    """(channels, rows, columns) with (filters, channels, rows, columns), valid."""
    out = [
        sum(signal.correlate2d(image[c], k[c], "valid") for c in range(len(image))) for k in kernel
    ]
    return np.stack(out)[:, ::stride, ::stride]


def conv(name, filters, rows, columns, order, subsample=1, **more):
    return entry(
        "Convolution2D", name, nb_filter=filters, nb_row=rows, nb_col=columns, init="glorot_uniform",
        activation="relu", border_mode="valid", subsample=[subsample, subsample], dim_ordering=order,
        W_regularizer=None, b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None,
        bias=True, **more,
    )  # fmt: skip


@pytest.mark.parametrize("theano", [False, True], ids=["tensorflow", "theano"])
@pytest.mark.parametrize("order", ["th", "tf"])
def test_convolution(order, theano, tmp_path):
    kernel, bias, w, b = rand(5, 2, 3, 2), rand(5), rand(5 * 2 * 2, 3), rand(3)
    config = sequential(
        conv("c", 5, 3, 2, order, **first(*((2, 6, 6) if order == "th" else (6, 6, 2)))),
        entry("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], border_mode="valid", dim_ordering=order),
        entry("Flatten", "flat"),
        dense("d", 3),
    )  # fmt: skip
    stored = kernel if order == "th" else kernel.transpose(2, 3, 1, 0)
    weights = [("c", {"W": stored, "b": bias}), ("pool", {}), ("flat", {}), ("d", {"W": w, "b": b})]
    write(tmp_path / "m.h5", config, weights, theano=theano)
    x = rand(2, 2, 6, 6)
    used = kernel[:, :, ::-1, ::-1] if theano else kernel
    y = np.maximum(np.stack([correlate(i, used) for i in x]) + bias[:, None, None], 0)
    y = y[:, :, :4, :4].reshape(2, 5, 2, 2, 2, 2).max((3, 5))
    y = y if order == "th" else y.transpose(0, 2, 3, 1)
    model = load(tmp_path / "m.h5")
    check(model, x if order == "th" else x.transpose(0, 2, 3, 1), y.reshape(2, -1) @ w + b)
    if not theano:
        return
    write(
        tmp_path / "w.h5", None, weights, version=None, theano=True
    )  # weights alone name no version
    before = [v.copy() for v in model.get_weights()]
    model.set_weights([0 * v for v in before])
    model.load_weights(tmp_path / "w.h5")
    for got, want in zip(model.get_weights(), before):
        np.testing.assert_array_equal(got, want)


def test_one_dimension(tmp_path):
    kernel, bias = rand(3, 1, 4, 5), rand(5)
    config = sequential(
        entry("Convolution1D", "c", nb_filter=5, filter_length=3, init="uniform", activation="linear",
              border_mode="valid", subsample_length=2, W_regularizer=None, b_regularizer=None,
              activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True, input_dim=4,
              input_length=9, **first(9, 4)),
        entry("MaxPooling1D", "p", stride=2, pool_length=2, border_mode="valid"),
        entry("BatchNormalization", "n", epsilon=0.01, mode=0, axis=-1, momentum=0.9, gamma_regularizer=None,
              beta_regularizer=None),
        entry("GlobalAveragePooling1D", "g"),
    )  # fmt: skip
    norm = [rand(5), rand(5), rand(5), np.abs(rand(5))]
    names = ("gamma", "beta", "running_mean", "running_std")
    weights = [("c", {"W": kernel, "b": bias}), ("p", {}), ("n", dict(zip(names, norm))), ("g", {})]
    write(tmp_path / "m.h5", config, weights)
    x = rand(2, 9, 4)
    y = np.stack([np.tensordot(x[:, i : i + 3], kernel[:, 0], 2) for i in (0, 2, 4, 6)], 1) + bias
    y = y.reshape(2, 2, 2, 5).max(2)
    gamma, beta, mean, variance = norm
    check(
        load(tmp_path / "m.h5"),
        x,
        ((y - mean) / np.sqrt(variance + 0.01) * gamma + beta).mean(1),
    )


# --- recurrent ----------------------------------------------------------------------------------


def recurrent(kind, name, units, **more):
    return entry(
        kind, name, output_dim=units, init="glorot_uniform", inner_init="orthogonal", activation="tanh",
        return_sequences=False, go_backwards=False, stateful=False, unroll=False, consume_less="cpu",
        W_regularizer=None, U_regularizer=None, b_regularizer=None, dropout_W=0.0, dropout_U=0.0, input_dim=4,
        input_length=None, **more,
    )  # fmt: skip


def gates(kind, names):
    return {
        f"{a}_{g}": rand(*s) for g in names for a, s in (("W", (4, 3)), ("U", (3, 3)), ("b", (3,)))
    }


def run_lstm(x, w):
    h = c = np.zeros((len(x), 3))
    for t in range(x.shape[1]):
        i, f, new, o = (x[:, t] @ w[f"W_{g}"] + h @ w[f"U_{g}"] + w[f"b_{g}"] for g in "ifco")
        c = hard_sigmoid(f) * c + hard_sigmoid(i) * np.tanh(new)
        h = hard_sigmoid(o) * np.tanh(c)
    return h


def run_gru(x, w):
    h = np.zeros((len(x), 3))
    for t in range(x.shape[1]):
        z, r = (hard_sigmoid(x[:, t] @ w[f"W_{g}"] + h @ w[f"U_{g}"] + w[f"b_{g}"]) for g in "zr")
        new = np.tanh(x[:, t] @ w["W_h"] + (r * h) @ w["U_h"] + w["b_h"])
        h = z * h + (1 - z) * new
    return h


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("both", [False, True], ids=["single", "bidirectional"])
def test_recurrent(kind, both, tmp_path):
    table = rand(11, 4)
    embedding = entry(
        "Embedding", "e", input_dim=11, output_dim=4, init="uniform", input_length=5, mask_zero=False,
        activity_regularizer=None, W_regularizer=None, W_constraint=None, dropout=0.0, **first(5, dtype="int32"),
    )  # fmt: skip
    more = {"inner_activation": "hard_sigmoid"}
    if kind == "LSTM":
        more["forget_bias_init"] = "one"
    layer = recurrent(kind, "r", 3, **more)
    order, run = ("icfo", run_lstm) if kind == "LSTM" else ("zrh", run_gru)
    w = gates(kind, order)
    weights = w
    if both:
        layer = entry("Bidirectional", "b", merge_mode="concat", layer=layer)
        back = gates(kind, order)
        weights = {**{f"f_{k}": v for k, v in w.items()}, **{f"b_{k}": v for k, v in back.items()}}
    write(
        tmp_path / "m.h5",
        sequential(embedding, layer),
        [("e", {"W": table}), (layer["config"]["name"], weights)],
    )
    x = RNG.randint(0, 11, (3, 5))
    y = run(table[x], w)
    if both:
        y = np.concatenate([y, run(table[x][:, ::-1], back)], -1)
    check(load(tmp_path / "m.h5"), x, y)


def test_dense_over_time(tmp_path):
    config = sequential(
        dense("a", 3, "TimeDistributedDense", input_length=5, **first(5, 4)),
        entry("TimeDistributed", "t", layer=dense("inner", 2)),
        entry("Permute", "p", dims=[2, 1]),
    )
    weights = [("a", {"W": W1, "b": B1}), ("t", {"W": W2, "b": B2}), ("p", {})]
    write(tmp_path / "m.h5", config, weights)
    x = rand(3, 5, 4)
    check(load(tmp_path / "m.h5"), x, ((x @ W1 + B1) @ W2 + B2).transpose(0, 2, 1))


# --- graphs -------------------------------------------------------------------------------------


def merge(name, mode, **more):
    return entry(
        "Merge", name, mode=mode, mode_type="raw", concat_axis=-1, dot_axes=-1, output_shape=None,
        output_shape_type="raw", output_mask=None, output_mask_type="raw", arguments={}, **more,
    )  # fmt: skip


def test_graph_with_merge_and_a_shared_layer(tmp_path):
    def node(e, *calls):
        return {**e, "name": e["config"]["name"], "inbound_nodes": list(calls)}

    def source(name):
        config = {
            "name": name,
            "batch_input_shape": [None, 4],
            "input_dtype": "float32",
            "sparse": False,
        }
        return {"class_name": "InputLayer", "config": config}

    config = {
        "class_name": "Model",
        "config": {
            "name": "model_1",
            "layers": [
                node(source("a")),
                node(source("b")),
                node(dense("d", 3), [["a", 0, 0]], [["b", 0, 0]]),
                node(merge("m", "concat"), [["d", 0, 0], ["d", 1, 0]]),
                node(merge("s", "sum"), [["d", 0, 0], ["d", 1, 0]]),
            ],
            "input_layers": [["a", 0, 0], ["b", 0, 0]],
            "output_layers": [["m", 0, 0], ["s", 0, 0]],
        },
    }
    weights = [("a", {}), ("b", {}), ("d", {"W": W1, "b": B1}), ("m", {}), ("s", {})]
    write(tmp_path / "m.h5", config, weights)
    one, two = X @ W1 + B1, 2 * X @ W1 + B1
    joined, total = load(tmp_path / "m.h5").predict([X, 2 * X], verbose=0)
    np.testing.assert_allclose(joined, np.concatenate([one, two], -1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(total, one + two, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mode", ["mul", "concat"])
def test_models_merged_at_the_start(mode, tmp_path):
    """Such a model's file has the weights of the branches' layers one by one."""
    branches = [sequential(dense(n, 3, **first(4))) for n in ("left", "right")]
    config = sequential(merge("m", mode, layers=branches), dense("top", 1))
    left, right = (rand(4, 3), rand(3)), (rand(4, 3), rand(3))
    top = rand(3 if mode == "mul" else 6, 1), rand(1)
    weights = [(n, dict(zip("Wb", w))) for n, w in (("left", left), ("right", right), ("top", top))]
    write(tmp_path / "m.h5", config, weights)
    a, b = X @ left[0] + left[1], (1 - X) @ right[0] + right[1]
    joined = a * b if mode == "mul" else np.concatenate([a, b], -1)
    model = load(tmp_path / "m.h5")
    check(model, [X, 1 - X], joined @ top[0] + top[1])
    for v in model.weights:
        v.assign(np.zeros(v.shape, "float32"))
    model.load_weights(tmp_path / "m.h5")
    check(model, [X, 1 - X], joined @ top[0] + top[1])
