"""Files as Keras 2.2 wrote them, made by hand: configurations, graphs, optimizers of that time."""

import json

import h5py
import numpy as np
import pytest

import kerata as keras
from kerata.errors import FileError
from kerata.saving.read_config import to_native
from kerata.saving.write_config import to_keras2, to_keras3
from kerata.serialization import serialize_keras_object

ZEROS = {"class_name": "Zeros", "config": {}}
SCALED = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
}


def dense(name, units, activation="linear", **more):
    return {
        "class_name": "Dense",
        "config": {
            "name": name, "trainable": True, "units": units, "activation": activation, "use_bias": True,
            "kernel_initializer": SCALED, "bias_initializer": ZEROS, "kernel_regularizer": None,
            "bias_regularizer": None, "activity_regularizer": None, "kernel_constraint": None,
            "bias_constraint": None, **more,
        },
    }  # fmt: skip


def write(path, config, weights, training=None, optimizer=()):
    """An HDF5 file in the layout of Keras 2.2.4; `weights` is a list of (layer, {name: array})."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = b"2.2.4"
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [n.encode() for n, _ in weights]
        for layer, arrays in weights:
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [f"{layer}/{n}:0".encode() for n in arrays]
            for n, a in arrays.items():
                inner[f"{layer}/{n}:0"] = a
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
            inner = file.create_group("optimizer_weights")
            inner.attrs["weight_names"] = [n.encode() for n, _ in optimizer]
            for n, a in optimizer:
                inner[n] = a


RNG = np.random.RandomState(0)
W1, B1, W2, B2 = (RNG.standard_normal(s).astype("float32") for s in ((4, 3), (3,), (3, 2), (2,)))
X = RNG.standard_normal((6, 4)).astype("float32")
WEIGHTS = [("d1", {"kernel": W1, "bias": B1}), ("drop", {}), ("d2", {"kernel": W2, "bias": B2})]
LAYERS = [
    dense("d1", 3, "hard_sigmoid", batch_input_shape=[None, 4], dtype="float32"),
    {"class_name": "Dropout", "config": {"name": "drop", "trainable": True, "rate": 0.5, "noise_shape": None, "seed": None}},
    dense("d2", 2),
]  # fmt: skip


def expected(x):
    return np.clip(0.2 * (x @ W1 + B1) + 0.5, 0, 1) @ W2 + B2


@pytest.mark.parametrize(
    "config", [LAYERS, {"name": "sequential_1", "layers": LAYERS}], ids=["list", "dict"]
)
def test_sequential(config, tmp_path):
    write(tmp_path / "m.h5", {"class_name": "Sequential", "config": config}, WEIGHTS)
    model = keras.models.load_model(tmp_path / "m.h5")
    np.testing.assert_allclose(model.predict(X, verbose=0), expected(X), rtol=1e-5, atol=1e-6)
    assert model.input_shape == (None, 4) and [x.name for x in model.layers] == ["d1", "drop", "d2"]
    for name in ("again.keras", "again.h5"):  # the old hard_sigmoid keeps its meaning
        model.save(tmp_path / name)
        again = keras.models.load_model(tmp_path / name)
        np.testing.assert_allclose(again.predict(X, verbose=0), expected(X), rtol=1e-5, atol=1e-6)


def test_training_goes_on_with_an_optimizer_of_that_time(tmp_path):
    slots = [RNG.uniform(0.1, 1, s).astype("float32") for s in ((4, 3), (3,), (3, 2), (2,)) * 2]
    names = [f"training/Adam/Variable_{i}:0" for i in range(8)]
    training = {
        "optimizer_config": {
            "class_name": "Adam",
            "config": {"lr": 0.01, "beta_1": 0.9, "beta_2": 0.999, "decay": 0.5, "epsilon": 1e-7, "amsgrad": False},
        },
        "loss": "mse", "metrics": ["acc"], "sample_weight_mode": None, "loss_weights": None,
    }  # fmt: skip
    optimizer = [("Adam/iterations:0", np.int64(7)), *zip(names, slots)]
    write(
        tmp_path / "m.h5",
        {"class_name": "Sequential", "config": LAYERS},
        WEIGHTS,
        training,
        optimizer,
    )
    model = keras.models.load_model(tmp_path / "m.h5")
    assert model.compiled and model.loss == "mse" and int(model.optimizer.iterations) == 7
    assert model.optimizer.decay == 0.5 and float(model.optimizer.lr) == pytest.approx(0.01)
    state = {v.name: v.numpy() for v in model.optimizer.variables}
    np.testing.assert_array_equal(
        next(v for k, v in state.items() if k.endswith("d1_bias_momentum")), slots[1]
    )
    np.testing.assert_array_equal(
        next(v for k, v in state.items() if k.endswith("d2_kernel_velocity")), slots[6]
    )
    model.fit(X, expected(X), verbose=0)
    assert int(model.optimizer.iterations) == 8


def test_graph_with_shared_and_nested_layers(tmp_path):
    inner_layers = [
        {"name": "in", "class_name": "InputLayer", "inbound_nodes": [],
         "config": {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False, "name": "in"}},
        dense("d1", 3) | {"name": "d1", "inbound_nodes": [[["in", 0, 0, {}]]]},
    ]  # fmt: skip
    inner = {
        "name": "inner",
        "layers": inner_layers,
        "input_layers": [["in", 0, 0]],
        "output_layers": [["d1", 0, 0]],
    }
    config = {
        "name": "model_1",
        "layers": [
            {"name": n, "class_name": "InputLayer", "inbound_nodes": [],
             "config": {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False, "name": n}}
            for n in ("a", "b")
        ] + [
            {"name": "inner", "class_name": "Model", "config": inner,
             "inbound_nodes": [[["a", 0, 0, {}]], [["b", 0, 0, {}]]]},
            {"name": "cat", "class_name": "Concatenate", "config": {"name": "cat", "trainable": True, "axis": -1},
             "inbound_nodes": [[["inner", 1, 0, {}], ["inner", 2, 0, {}]]]},
        ],
        "input_layers": [["a", 0, 0], ["b", 0, 0]],
        "output_layers": [["cat", 0, 0], ["inner", 2, 0]],
    }  # fmt: skip
    weights = [("a", {}), ("b", {}), ("inner", {"kernel": W1, "bias": B1}), ("cat", {})]
    write(tmp_path / "m.h5", {"class_name": "Model", "config": config}, weights)
    model = keras.models.load_model(tmp_path / "m.h5")
    assert type(model).__name__ == "Functional" and len(model.inputs) == 2
    joined, second = model.predict([X, 2 * X], verbose=0)
    np.testing.assert_allclose(second, 2 * X @ W1 + B1, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        joined, np.concatenate([X @ W1 + B1, second], -1), rtol=1e-5, atol=1e-6
    )


def test_lambda_of_a_function_by_name(tmp_path):
    layer = {
        "class_name": "Lambda",
        "config": {
            "name": "l", "trainable": True, "function": "double_it", "function_type": "function", "module": "__main__",
            "output_shape": None, "output_shape_type": "raw", "output_shape_module": None, "arguments": {"k": 3.0},
            "batch_input_shape": [None, 4],
        },
    }  # fmt: skip
    write(tmp_path / "m.h5", {"class_name": "Sequential", "config": [layer]}, [("l", {})])
    with pytest.raises(ValueError, match="double_it"):
        keras.models.load_model(tmp_path / "m.h5")
    model = keras.models.load_model(
        tmp_path / "m.h5", custom_objects={"double_it": lambda x, k: k * x}
    )
    np.testing.assert_allclose(model.predict(X, verbose=0), 3 * X)


def test_unknown_ops_are_named():
    entry = {
        "name": "f", "class_name": "TFOpLambda", "config": {"name": "f", "function": "signal.stft"},
        "inbound_nodes": [["i", 0, 0, {"frame_length": 3}]],
    }  # fmt: skip
    inputs = {
        "name": "i",
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, 9]},
        "inbound_nodes": [],
    }
    config = {
        "layers": [inputs, entry],
        "input_layers": [["i", 0, 0]],
        "output_layers": [["f", 0, 0]],
    }
    with pytest.raises(FileError, match=r"signal\.stft"):
        to_native({"class_name": "Functional", "config": config}, old=True)


def graphs():
    from kerata import layers as L
    from kerata import ops

    x = keras.Input((4, 3))
    yield keras.Model(x, ops.mean(x, axis=1, keepdims=True)[:, 0, 1:] + 1.0)
    yield keras.Model(
        x, ops.concatenate([ops.softmax(x, axis=1), ops.transpose(x, (0, 2, 1))[:, :, :3]], axis=1)
    )
    yield keras.Model(
        x, ops.reshape(ops.clip(ops.matmul(x, ops.transpose(x, (0, 2, 1))), 0.0, 1.0), (-1, 16))
    )
    yield keras.Model(x, L.Attention()([x, ops.flip(x, axis=1)]))
    yield keras.Model(x, [ops.expand_dims(ops.max(x, axis=-1), -1), ops.where(x > 0, x, 0.0 * x)])


@pytest.mark.parametrize("number", range(5))
def test_ops_go_through_every_form(number):
    model = list(graphs())[number]
    config = serialize_keras_object(model)
    x = RNG.standard_normal((2, 4, 3)).astype("float32")
    want = model.predict(x, verbose=0)
    forms = [to_keras3(config)]
    if "flip" not in json.dumps(config) and "where" not in json.dumps(config):
        forms.append(to_keras2(config))
    for form in forms:
        text = json.dumps(form)
        assert "OpCall" not in text and "kerata" not in text
        again = keras.models.model_from_json(text)
        got = again.predict(x, verbose=0)
        for a, b in zip(
            want if isinstance(want, list) else [want], got if isinstance(got, list) else [got]
        ):
            np.testing.assert_allclose(a, b, rtol=1e-6)
