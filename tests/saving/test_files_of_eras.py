"""Files of Keras 2.0 to 2.3 made by hand, files that Keras 3 and tf_keras wrote, and files that do not fit."""

import base64
import json
import marshal
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

import kerata as keras
from kerata.errors import FileError, ShapeError

from ..oracle import zoo
from .test_keras1_files import check, correlate, entry, gates, rand, run_gru, sequential
from .test_old_files import B1, SCALED, W1, ZEROS, X, dense

DATA = Path(__file__).parents[1] / "data" / "keras_files"


def write(path, config, weights, version, backend="tensorflow", training=None, optimizer=()):
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        for place in (file, group):
            place.attrs["keras_version"] = version.encode()
            place.attrs["backend"] = backend.encode()
        file.attrs["model_config"] = json.dumps(config).encode()
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


# --- Keras 2.0 to 2.3 ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.0.2", "2.1.6"])
@pytest.mark.parametrize("backend", ["tensorflow", "theano"])
def test_convolution(version, backend, tmp_path):
    kernel, bias = rand(2, 3, 3, 4), rand(4)
    norm = [rand(4), rand(4), rand(4), np.abs(rand(4))]
    config = sequential(
        entry("Conv2D", "c", filters=4, kernel_size=[2, 3], strides=[1, 1], padding="valid",
              data_format="channels_last", dilation_rate=[1, 1], activation="linear", use_bias=True,
              kernel_initializer=SCALED, bias_initializer=ZEROS, kernel_regularizer=None, bias_regularizer=None,
              activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
              batch_input_shape=[None, 5, 5, 3], dtype="float32"),
        entry("BatchNormalization", "n", axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True,
              beta_initializer=ZEROS, gamma_initializer={"class_name": "Ones", "config": {}},
              moving_mean_initializer=ZEROS, moving_variance_initializer={"class_name": "Ones", "config": {}},
              beta_regularizer=None, gamma_regularizer=None, beta_constraint=None, gamma_constraint=None),
        entry("LeakyReLU", "r", alpha=0.2),
        entry("GlobalMaxPooling2D", "g", data_format="channels_last"),
    )  # fmt: skip
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    weights = [
        ("c", {"kernel": kernel, "bias": bias}),
        ("n", dict(zip(names, norm))),
        ("r", {}),
        ("g", {}),
    ]
    write(tmp_path / "m.h5", config, weights, version, backend)
    x = rand(2, 5, 5, 3)
    used = kernel[::-1, ::-1] if backend == "theano" else kernel
    y = np.stack([correlate(i.transpose(2, 0, 1), used.transpose(3, 2, 0, 1)) for i in x])
    y = y.transpose(0, 2, 3, 1) + bias
    y = (y - norm[2]) / np.sqrt(norm[3] + 0.001) * norm[0] + norm[1]
    model = keras.models.load_model(tmp_path / "m.h5")
    check(model, x, np.where(y > 0, y, 0.2 * y).max((1, 2)))
    assert model.layers[2].negative_slope == pytest.approx(0.2)


def old_recurrent(kind, **more):
    return entry(
        kind, "r", return_sequences=False, go_backwards=False, stateful=False, unroll=False, implementation=0,
        units=3, activation="tanh", recurrent_activation="hard_sigmoid", use_bias=True,
        kernel_initializer=SCALED, recurrent_initializer={"class_name": "Orthogonal", "config": {"gain": 1.0, "seed": None}},
        bias_initializer=ZEROS, kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None,
        activity_regularizer=None, kernel_constraint=None, recurrent_constraint=None, bias_constraint=None,
        dropout=0.0, recurrent_dropout=0.0, batch_input_shape=[None, 5, 4], dtype="float32", **more,
    )  # fmt: skip


def test_gru_from_before_there_was_a_choice(tmp_path):
    w = gates("GRU", "zrh")
    arrays = [np.concatenate([w[f"{a}_{g}"] for g in "zrh"], -1) for a in "WUb"]
    stored = [("r", dict(zip(("kernel", "recurrent_kernel", "bias"), arrays)))]
    write(tmp_path / "m.h5", sequential(old_recurrent("GRU")), stored, "2.0.8")
    x = rand(2, 5, 4)
    check(keras.models.load_model(tmp_path / "m.h5"), x, run_gru(x, w))


def test_adam_with_empty_places_for_amsgrad(tmp_path):
    """From 2.1.3 on there was a third slot for each weight, of shape (1,) where it was not used."""
    adam = {
        "lr": 0.01,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "decay": 0.0,
        "epsilon": 1e-7,
        "amsgrad": False,
    }
    training = {
        "optimizer_config": {"class_name": "Adam", "config": adam}, "loss": "mse", "metrics": ["mae"],
        "weighted_metrics": None, "sample_weight_mode": None, "loss_weights": None,
    }  # fmt: skip
    slots = [np.abs(rand(*s)) for s in ((4, 3), (3,)) * 2] + [np.zeros(1, "float32")] * 2
    names = ["Adam/iterations:0", *(f"training/Adam/Variable_{i}:0" for i in range(6))]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [
        dense("d1", 3, batch_input_shape=[None, 4], dtype="float32")]}}  # fmt: skip
    write(
        tmp_path / "m.h5", config, [("d1", {"kernel": W1, "bias": B1})], "2.3.1", training=training,
        optimizer=list(zip(names, [np.int64(5), *slots])),
    )  # fmt: skip
    model = keras.models.load_model(tmp_path / "m.h5")
    check(model, X, X @ W1 + B1)
    own = {v.name: v.numpy() for v in model.optimizer.variables}
    assert int(model.optimizer.iterations) == 5
    np.testing.assert_array_equal(
        next(v for k, v in own.items() if k.endswith("d1_kernel_velocity")), slots[2]
    )


@pytest.mark.parametrize("version", ["1.2.2", "2.0.6", "2.2.4", "2.3.1"])
def test_json_of_old(version):
    if version[0] == "1":
        layer = entry("Dense", "d1", output_dim=3, init="uniform", activation="relu", W_regularizer=None, bias=True,
                      b_constraint=None, input_dim=4, batch_input_shape=[None, 4], input_dtype="float32")  # fmt: skip
    else:
        layer = dense("d1", 3, "relu", batch_input_shape=[None, 4], dtype="float32")
    config = sequential(layer)
    if version == "2.3.1":
        config["config"] = {"name": "sequential_1", "layers": config["config"]}
    text = json.dumps({**config, "keras_version": version, "backend": "tensorflow"})
    model = keras.models.model_from_json(text)
    model.set_weights([W1, B1])
    check(model, X, np.maximum(X @ W1 + B1, 0))


# --- Keras 3 and tf_keras -----------------------------------------------------------------------


def flat(y):
    return y if isinstance(y, list) else [y]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("library", ["keras", "tf_keras"])
@pytest.mark.parametrize("kind", ["convnet", "recurrent", "graph"])
def test_files_of_the_libraries(kind, library, suffix):
    record = np.load(DATA / f"{kind}-{library}.npz")
    _, x, y = zoo.KINDS[kind](keras)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = keras.models.load_model(DATA / f"{kind}-{library}{suffix}")
    for when in ("before", "after"):
        for i, v in enumerate(flat(model.predict(x, verbose=0))):
            np.testing.assert_allclose(v, record[f"{when}{i}"], rtol=1e-5, atol=1e-5)
        for _ in range(3):
            model.train_on_batch(x, y)


# --- what does not fit --------------------------------------------------------------------------


def write_dense(path, weights=None, **more):
    config = sequential(dense("d1", 3, batch_input_shape=[None, 4], dtype="float32", **more))
    write(path, config, weights or [("d1", {"kernel": W1, "bias": B1})], "2.2.4")


def test_unknown_arguments(tmp_path):
    write_dense(tmp_path / "m.h5", sparkle=None, glitter=False)
    with pytest.warns(UserWarning, match="sparkle of Dense, glitter of Dense") as notes:
        model = keras.models.load_model(tmp_path / "m.h5")
    assert len(notes) == 1
    check(model, X, X @ W1 + B1)
    write_dense(tmp_path / "m.h5", sparkle=2)
    with pytest.raises(TypeError, match="sparkle"):
        keras.models.load_model(tmp_path / "m.h5")


def lambda_layer(code, **more):
    return entry(
        "Lambda", "twice", function=code, function_type="lambda", module="__main__", output_shape=None,
        output_shape_type="raw", output_shape_module=None, arguments={}, batch_input_shape=[None, 4], **more,
    )  # fmt: skip


@pytest.mark.parametrize("with_shape", [False, True])
def test_code_in_a_file(with_shape, tmp_path):
    text = base64.encodebytes(marshal.dumps((lambda x: 2 * x).__code__)).decode()
    layer = lambda_layer([text, None, None])
    if with_shape:
        layer["config"] |= {"output_shape": [text, None, None], "output_shape_type": "lambda"}
    write(tmp_path / "m.h5", sequential(layer), [("twice", {})], "2.2.4")
    with pytest.raises(FileError, match=r"(?s)twice.*safe_mode=False.*custom_objects"):
        keras.models.load_model(tmp_path / "m.h5")
    model = keras.models.load_model(tmp_path / "m.h5", custom_objects={"twice": lambda x: 3 * x})
    check(model, X, 3 * X)
    if not with_shape:  # here that "shape" would be twice the tensor's
        check(keras.models.load_model(tmp_path / "m.h5", safe_mode=False), X, 2 * X)


def test_code_of_another_python(tmp_path):
    layer = lambda_layer([base64.encodebytes(b"\x00not code").decode(), None, None])
    write(tmp_path / "m.h5", sequential(layer), [("twice", {})], "2.2.4")
    with pytest.raises(FileError, match="Python|no code"):
        keras.models.load_model(tmp_path / "m.h5", safe_mode=False)


@pytest.mark.parametrize(
    "weights",
    [
        [("d1", {"kernel": W1})],
        [("d1", {"kernel": W1, "bias": B1, "more": B1})],
        [("d1", {"kernel": W1.T, "bias": B1})],
        [("d1", {"kernel": W1, "bias": B1}), ("d2", {"kernel": W1})],
        [("d1", {})],
    ],
    ids=["fewer", "more", "turned", "a layer more", "none"],
)
def test_weights_that_do_not_fit(weights, tmp_path):
    write_dense(tmp_path / "m.h5", weights)
    with pytest.raises(ShapeError, match="do not fit"):
        keras.models.load_model(tmp_path / "m.h5")
    write_dense(tmp_path / "good.h5")
    model = keras.models.load_model(tmp_path / "good.h5")
    with pytest.raises(ShapeError, match="do not fit"):
        model.load_weights(tmp_path / "m.h5")
    check(model, X, X @ W1 + B1)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_files_cut_short(share, tmp_path):
    write_dense(tmp_path / "m.h5")
    content = (tmp_path / "m.h5").read_bytes()
    (tmp_path / "m.h5").write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileError, match=r"m\.h5"):
        keras.models.load_model(tmp_path / "m.h5")
