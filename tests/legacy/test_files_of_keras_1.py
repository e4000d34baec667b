"""Architectures as Keras 1.2 wrote them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kerata import layers
from kerata.legacy import era
from kerata.legacy import layers as old
from kerata.models import model_from_json
from layers.check import close


@pytest.fixture(autouse=True, params=[None, 1])
def known_era(request, monkeypatch):
    """A file means the same whether the program's era is known or not, and is no fault of the program's."""
    monkeypatch.setenv("KERATA_LEGACY", "error")
    era.set_era(request.param)
    yield
    era.set_era(None)


def entry(cls, inbound=None, **config):
    """A layer's configuration; with `inbound`, one of a functional model."""
    config = config if cls == "InputLayer" else {"trainable": True, **config}
    out = {"class_name": cls, "config": config}
    if inbound is not None:
        calls = [[[name, 0, 0] for name in inbound]] if inbound else []
        out.update(name=config["name"], inbound_nodes=calls)
    return out


DENSE = {
    "init": "glorot_uniform", "activation": "linear", "W_regularizer": None, "b_regularizer": None,
    "activity_regularizer": None, "W_constraint": None, "b_constraint": None, "bias": True, "input_dim": None,
}  # fmt: skip
CONV = {
    "init": "glorot_uniform", "activation": "relu", "border_mode": "valid", "subsample": [1, 1], "dim_ordering": "th",
    "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.25}, "b_regularizer": None,
    "activity_regularizer": None, "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0}, "b_constraint": None,
    "bias": True,
}  # fmt: skip
RECURRENT = {
    "init": "glorot_uniform", "inner_init": "orthogonal", "activation": "tanh", "inner_activation": "hard_sigmoid",
    "W_regularizer": None, "U_regularizer": None, "b_regularizer": None, "dropout_W": 0.0, "dropout_U": 0.0,
    "return_sequences": False, "go_backwards": False, "stateful": False, "unroll": False, "consume_less": "cpu",
    "input_dim": 4, "input_length": None,
}  # fmt: skip
MERGE = {
    "mode": "concat", "mode_type": "raw", "concat_axis": -1, "dot_axes": -1, "output_shape": None,
    "output_shape_type": "raw", "output_mask": None, "output_mask_type": "raw", "arguments": {},
}  # fmt: skip


def model(cls, config):
    return model_from_json(
        json.dumps({"class_name": cls, "keras_version": "1.2.2", "config": config})
    )


def test_convolutional_net():
    made = model(
        "Sequential",
        [
            entry("Convolution2D", name="c1", nb_filter=4, nb_row=3, nb_col=2, batch_input_shape=[None, 3, 8, 8],
                  input_dtype="float32", **CONV),
            entry("ZeroPadding2D", name="z", padding=[1, 1], dim_ordering="th"),
            entry("MaxPooling2D", name="p", pool_size=[2, 2], strides=[2, 2], border_mode="valid", dim_ordering="th"),
            entry("BatchNormalization", name="b", mode=0, axis=1, epsilon=0.001, momentum=0.99,
                  gamma_regularizer=None, beta_regularizer=None),
            entry("Dropout", name="d", p=0.25),
            entry("Flatten", name="f"),
            entry("MaxoutDense", name="m", output_dim=5, nb_feature=2,
                  **{k: v for k, v in DENSE.items() if k != "activation"}),
            entry("Highway", name="h", **{**DENSE, "activation": "relu", "input_dim": 5}),
            entry("Dense", name="o", output_dim=2, **{**DENSE, "activation": "softmax"}),
        ],
    )  # fmt: skip
    conv = made.layers[0]
    assert conv.kernel_size == (3, 2) and conv.data_format == "channels_first"
    assert conv.kernel_regularizer.l2 == 0.25 and conv.kernel_constraint.max_value == 2
    assert made.layers[4].rate == 0.25
    assert isinstance(made.layers[6], old.MaxoutDense) and isinstance(made.layers[7], old.Highway)
    assert made.output_shape == (None, 2)


def test_recurrent_net():
    made = model(
        "Sequential",
        [
            entry("Embedding", name="e", input_dim=9, output_dim=4, init="uniform", input_length=6, W_regularizer=None,
                  activity_regularizer=None, W_constraint=None, mask_zero=True, dropout=0.0,
                  batch_input_shape=[None, 6], input_dtype="int32"),
            entry("LSTM", name="l", output_dim=3, forget_bias_init="one", **{**RECURRENT, "return_sequences": True}),
            entry("TimeDistributed", name="t", layer=entry("Dense", name="inner", output_dim=4, **DENSE)),
            entry("GRU", name="g", output_dim=2, **RECURRENT),
        ],
    )  # fmt: skip
    x = np.array([[1, 2, 3, 0, 0, 0]])
    assert made.predict(x, verbose=0).shape == (1, 2)
    gate = made.layers[1].recurrent_activation
    close(gate(np.array([1.0, -2.5], "float32")), [0.7, 0.0])


def test_functional_net_with_a_merge():
    made = model(
        "Model",
        {
            "name": "model_1",
            "layers": [
                entry("InputLayer", [], name="i", batch_input_shape=[None, 5], input_dtype="float32", sparse=False),
                entry("Dense", ["i"], name="a", output_dim=4, **DENSE),
                entry("Dense", ["i"], name="b", output_dim=4, **DENSE),
                entry("Merge", ["a", "b"], name="m", **{**MERGE, "mode": "mul"}),
                entry("ParametricSoftplus", ["m"], name="p", alpha_init=0.5, beta_init=2.0),
            ],
            "input_layers": [["i", 0, 0]],
            "output_layers": [["p", 0, 0]],
        },
    )  # fmt: skip
    x = np.random.default_rng(0).standard_normal((3, 5)).astype("float32")
    w, v = made.get_layer("a").get_weights()[0], made.get_layer("b").get_weights()[0]
    want = 0.5 * np.log1p(np.exp(2.0 * (x @ w) * (x @ v)))
    close(made.predict(x, verbose=0), want)


def test_sequential_that_begins_with_a_merge():
    def branch(name, size):
        dense = {**DENSE, "input_dim": size}
        first = entry("Dense", name=name, output_dim=2, batch_input_shape=[None, size], **dense)
        return {"class_name": "Sequential", "config": [first]}

    made = model(
        "Sequential",
        [
            entry("Merge", name="m", layers=[branch("a", 3), branch("b", 4)], **MERGE),
            entry("Activation", name="t", activation="tanh"),
        ],
    )
    x, y = np.ones((2, 3), "float32"), np.ones((2, 4), "float32")
    w, _, v, _ = made.get_weights()
    close(made.predict([x, y], verbose=0), np.tanh(np.concatenate([x @ w, y @ v], 1)))


def test_names_of_old_without_an_era_of_their_own():
    layer = layers.deserialize(entry("AtrousConvolution2D", name="c", nb_filter=2, nb_row=3, nb_col=3,
                                     atrous_rate=[2, 2], **{**CONV, "dim_ordering": "tf"}))  # fmt: skip
    assert isinstance(layer, layers.Conv2D) and tuple(layer.dilation_rate) == (2, 2)
    layer = layers.deserialize(
        entry("UpSampling1D", name="u", length=3),
    )
    assert layer.compute_output_shape((None, 2, 4)) == (None, 6, 4)
