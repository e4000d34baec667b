"""Dense, EinsumDense, Embedding, Masking, Lambda, Identity, Input."""

from __future__ import annotations

import numpy as np
import pytest

import kerata as keras
from kerata import layers, ops, scope
from kerata.errors import InputError, NotBuiltError, ShapeError
from kerata.initializers import Constant
from kerata.scope import get_mask
from layers.check import check_layer, close, make_input, twin

CASES = [
    (layers.Dense, {"units": 3}, (2, 4)),
    (layers.Dense, {"units": 3, "use_bias": False, "activation": "tanh"}, (2, 5, 4)),
    (layers.Dense, {"units": 2, "kernel_regularizer": "l2", "bias_initializer": "ones"}, (2, 4)),
    (layers.Dense, {"units": 2, "lora_rank": 2, "lora_alpha": 3}, (2, 4)),
    (layers.EinsumDense, {"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "c"}, (2, 4)),
    (
        layers.EinsumDense,
        {"equation": "abc,cd->abd", "output_shape": (None, 3), "activation": "sigmoid"},
        (2, 5, 4),
    ),
    (
        layers.EinsumDense,
        {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"},
        (2, 3, 2, 4),
    ),
    (
        layers.EinsumDense,
        {"equation": "ab...,bc->ac...", "output_shape": 3, "bias_axes": "c"},
        (2, 4, 5),
    ),
    (
        layers.EinsumDense,
        {"equation": "abc,cde->abde", "output_shape": (None, 2, 3), "bias_axes": "de"},
        (2, 5, 4),
    ),
    (layers.Identity, {}, (2, 3)),
    (layers.Masking, {"mask_value": 0.5}, (2, 3, 4)),
    (layers.Lambda, {"function": ops.square}, (2, 3)),
]


@pytest.mark.parametrize("cls, arguments, shape", CASES)
def test_layer(cls, arguments, shape):
    check_layer(cls, arguments, shape)


def test_dense_is_a_product():
    layer = layers.Dense(2, activation="relu", weights=[np.eye(3, 2), np.array([1.0, -5.0])])
    close(layer(np.array([[1.0, 2.0, 3.0]])), [[2.0, 0.0]])
    assert [w.name for w in layer.weights] == ["kernel", "bias"]
    assert layer.weights[0].path == f"{layer.name}/kernel"


@pytest.mark.parametrize("units", [0, -1, 2.5, True, "3"])
def test_dense_refuses_units(units):
    with pytest.raises(InputError, match="units"):
        layers.Dense(units)


def test_dense_wrong_inputs():
    layer = layers.Dense(3)
    with pytest.raises(ShapeError, match="at least 2 axes"):
        layer(np.ones(4))
    layer(np.ones((1, 4)))
    with pytest.raises(ShapeError, match="size 4 on axis -1.*got 5"):
        layer(np.ones((1, 5)))
    with pytest.raises(TypeError, match="activation"):
        layers.Dense(3, activaton="relu")


def test_weights_given_are_not_configuration():
    layer = layers.Dense(2, weights=[np.ones((3, 2)), np.zeros(2)])
    assert "weights" not in layer.get_config()
    with pytest.raises(ShapeError, match=r"expected .*kernel \(4, 2\), got \(3, 2\)"):
        layers.Dense(2, weights=[np.ones((3, 2)), np.zeros(2)])(np.ones((1, 4)))


def test_mixed_precision():
    layer = layers.Dense(3, dtype="mixed_bfloat16")
    y = layer(np.ones((2, 4), "float32"))
    assert ops.dtype(y) == "bfloat16"
    assert layer.kernel.dtype == ops.dtype(layer.kernel.value) == "float32"
    assert layers.Dense(3, dtype="mixed_bfloat16")(layers.Input((4,))).dtype == "bfloat16"


# --- LoRA -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer, x",
    [
        (layers.Dense(3), np.ones((2, 4), "float32")),
        (
            layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"),
            np.ones((2, 5, 4), "float32"),
        ),
        (layers.Embedding(4, 3), np.array([[1, 2]])),
    ],
)
def test_lora(layer, x):
    with pytest.raises(NotBuiltError):
        twin(layer).enable_lora(2)
    y = layer(x)
    layer.enable_lora(2, lora_alpha=4)
    close(layer(x), y)
    _, b = layer._lora_pair()
    assert not getattr(layer, layer.main_weight).trainable
    b.assign(np.full(b.shape, 0.5))
    changed = layer(x)
    assert not np.allclose(changed, y)
    assert layer.get_config()["lora_rank"] == 2
    store = {}
    layer.save_own_variables(store)
    plain = type(layer).from_config(
        {k: v for k, v in layer.get_config().items() if "lora" not in k}
    )
    plain(x)
    plain.load_own_variables(store)
    close(plain(x), changed)
    layer.load_own_variables(store)
    close(layer(x), changed)
    with pytest.raises(InputError, match="already"):
        layer.enable_lora(2)


# --- EinsumDense ----------------------------------------------------------------------------------


def test_einsum_dense_scales_by_its_own_fans():
    layer = layers.EinsumDense("abc,cde->abde", (None, 20, 30), kernel_initializer="glorot_uniform")
    layer.build((None, 5, 50))
    limit = np.sqrt(6 / (50 + 600))
    kernel = layer.kernel.numpy()
    assert 0.97 * limit < np.abs(kernel).max() <= limit


@pytest.mark.parametrize(
    "arguments, text",
    [
        (("ab,bc", 3), "cannot read the equation"),
        (("...ab,bc->ac", 3), "cannot read the equation"),
        (("abc,cd->abd", 4), "named axes"),
        (("ab,bc->ac", 3), "does not fit"),
        (("abc,cd->abd", (7, 4)), "size 5 in the input, 7"),
        (("abc,cd->abe", (None, 4)), "neither operand"),
        (("abc,cd->abd", (None, None)), "not known"),
    ],
)
def test_einsum_dense_errors(arguments, text):
    with pytest.raises((InputError, ShapeError), match=text):
        layers.EinsumDense(*arguments)(np.ones((2, 5, 4)))


# --- Embedding ------------------------------------------------------------------------------------


def test_embedding():
    table = np.arange(8.0).reshape(4, 2)
    out = check_layer(
        layers.Embedding, {"input_dim": 4, "output_dim": 2, "embeddings_initializer": Constant(table)},
        (2, 3), "int32", expected=lambda x: table[x],
    )  # fmt: skip
    assert out.shape == (2, 3, 2)


def test_embedding_takes_weights_in_both_forms():
    table = np.arange(8.0).reshape(4, 2)
    for given in (table, [table]):
        layer = layers.Embedding(4, 2, weights=given)
        close(layer.get_weights(), [table])
        assert "weights" not in layer.get_config()


def test_embedding_indices_out_of_range():
    layer = layers.Embedding(64, 10000, name="words")
    with pytest.raises(InputError, match=r"'words' got the index 9999; it takes 0 to 63.*swapped"):
        layer(np.array([[1, 9999]]))
    with pytest.raises(InputError, match="index -1"):
        layer.check_indices(np.array([-1, 3]))
    layer.check_indices(np.array([], int))
    layer.check_indices(np.array([0.0, 63.0]))
    with pytest.raises(InputError, match="here 101"):
        layers.Embedding(10, 4)(np.array([100]))


def test_embedding_masks_zero():
    layer = layers.Embedding(4, 2, mask_zero=True)
    y = layer(np.array([[1, 0, 2]]))
    assert np.asarray(scope.get_mask(y)).tolist() == [[True, False, True]]
    assert scope.get_mask(layers.Embedding(4, 2)(np.array([[1, 0]]))) is None


def test_embedding_input_length_of_old():
    assert layers.Embedding(10, 4, input_length=7)._batch_shape == (None, 7)


# --- Masking, Lambda, Identity ----------------------------------------------------------------------


def test_masking():
    x = np.array([[[1.0, 0.0], [0.0, 0.0], [3.0, 3.0]]], "float32")
    y = layers.Masking()(x)
    assert np.asarray(scope.get_mask(y)).tolist() == [[True, False, True]]
    y = layers.Masking(3.0)(x)
    assert np.asarray(y).tolist() == [[[1, 0], [0, 0], [0, 0]]]
    through = layers.Dropout(0.5)(layers.Identity()(y))
    assert np.asarray(scope.get_mask(through)).tolist() == [[True, True, False]]


def test_mask_survives_a_cast():
    y = layers.Masking()(np.array([[[1.0], [0.0]]], "float32"))
    half = layers.Identity(dtype="float16")(y)
    assert ops.dtype(half) == "float16"
    assert np.asarray(scope.get_mask(half)).tolist() == [[True, False]]


def test_mask_is_lost_with_a_warning():
    y = layers.Masking()(np.array([[[1.0], [0.0]]], "float32"))
    with pytest.warns(UserWarning, match="does not support masking"):
        layers.Flatten()(y)


def test_lambda_arguments():
    def scaled(x, factor, training=None, mask=None):
        return x * factor + (1 if training else 0) + (0 if mask is None else 10)

    layer = layers.Lambda(scaled, arguments={"factor": 2.0})
    x = np.array([[[1.0], [2.0]]], "float32")
    close(layer(x), 2 * x)
    close(layer(x, training=True), 2 * x + 1)
    close(layer(layers.Masking()(x)), 2 * x + 10)
    with pytest.raises(InputError, match="callable"):
        layers.Lambda(3)


def test_lambda_shapes_and_masks():
    inputs = layers.Input((4,))
    assert layers.Lambda(lambda x: x[:, :2])(inputs).shape == (None, 2)
    assert layers.Lambda(lambda x: x, output_shape=(7,))(inputs).shape == (None, 7)
    assert layers.Lambda(lambda x: x, output_shape=lambda s: (s[0], 9))(inputs).shape == (None, 9)
    pair = layers.Lambda(lambda x: [x, x + 1])(inputs)
    assert [p.shape for p in pair] == [(None, 4), (None, 4)]
    y = layers.Lambda(lambda x: x, mask=lambda x, m: x[..., 0] > 0)(np.array([[1.0], [-1.0]]))
    assert np.asarray(scope.get_mask(y)).tolist() == [True, False]


def test_identity_of_structures():
    out = layers.Identity()({"a": np.ones(2), "b": [np.zeros(1)]})
    close(out, {"a": np.ones(2), "b": [np.zeros(1)]})


# --- Input ----------------------------------------------------------------------------------------


def test_input():
    x = layers.Input((3, None), batch_size=2, dtype="int32", name="tokens")
    assert (x.shape, x.dtype, x.name) == ((2, 3, None), "int32", "tokens")
    layer = x._keras_history[0]
    assert isinstance(layer, layers.InputLayer)
    assert layer.get_config() == {
        "batch_shape": (2, 3, None), "dtype": "int32", "sparse": False, "ragged": False,
        "name": "tokens", "optional": False,
    }  # fmt: skip
    assert twin(layer).output.shape == (2, 3, None)
    assert layers.Input(batch_shape=(None, 5)).shape == (None, 5)
    assert layers.Input(()).shape == (None,)
    assert layers.Input(5).shape == (None, 5)
    assert layers.InputLayer(batch_input_shape=(None, 5)).batch_shape == (None, 5)
    assert layers.InputLayer(input_shape=(5,)).batch_shape == (None, 5)
    assert layers.Input(tensor=x) is x


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({}, "neither"),
        ({"shape": (3,), "batch_shape": (2, 3)}, "both"),
        ({"batch_shape": (2, 3), "batch_size": 2}, "batch_size"),
        ({"shape": (3, -1)}, "whole numbers"),
        ({"shape": (3,), "ragged": True}, "ragged"),
        ({"tensor": np.ones(2)}, "symbolic"),
    ],
)
def test_input_errors(arguments, text):
    with pytest.raises(InputError, match=text):
        layers.Input(**arguments)


def test_layers_import_no_engine():
    import subprocess
    import sys

    code = (
        "import sys; from kerata import layers; layers.Dense(3)(layers.Input((4,))); "
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("name", [n for n in layers.__all__ if n[0].isupper()])
def test_exports_exist(name):
    assert getattr(layers, name).__name__.removeprefix("Base") != ""


@pytest.mark.parametrize("tied", [True, False])
def test_reversible_embedding(tied: bool) -> None:
    layer = layers.ReversibleEmbedding(5, 3, tie_weights=tied, logit_soft_cap=0.02)
    ids = np.array([[1, 4], [0, 2]])
    vectors = layer(ids)
    table = layer.embeddings.numpy()
    close(vectors, table[ids])
    back = table.T if tied else layer.reverse_embeddings.numpy()
    x = make_input((2, 4, 3), "float32")
    close(layer(x, reverse=True), 0.02 * np.tanh(x @ back / 0.02))
    assert len(layer.weights) == (1 if tied else 2)
    symbol = layers.Input((4, 3))
    assert layer(symbol, reverse=True).shape == (None, 4, 5)
    twin = layers.deserialize(layers.serialize(layer))
    assert (twin.tie_weights, twin.logit_soft_cap) == (tied, 0.02)


def test_reversible_embedding_mask_and_dtype() -> None:
    layer = layers.ReversibleEmbedding(4, 2, mask_zero=True, reverse_dtype="float16")
    vectors = layer(np.array([[1, 0]]))
    assert np.array_equal(get_mask(vectors), [[True, False]])
    logits = layer(np.ones((1, 2), "float32"), reverse=True)
    assert "float16" in str(logits.dtype) and get_mask(logits) is None


class TwoWeights(layers.Layer):
    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 2), name="kernel")
        self.inner = layers.Dense(3)
        self.inner.build((None, 2))

    def call(self, x):
        return self.inner(keras.ops.matmul(x, self.kernel))


@pytest.mark.parametrize(
    "first",
    [
        lambda layer: layer.compute_output_shape((None, 4)),
        lambda layer: layer(keras.Input((4,))),
        lambda layer: layer(np.zeros((2, 4), "float32")),
        lambda layer: layer.build((None, 4)),
    ],
)
@pytest.mark.parametrize(
    "make, count", [(lambda: layers.Dense(3), 2), (TwoWeights, 3), (lambda: layers.LSTM(2), 3)]
)
def test_a_layer_is_built_once(make, count, first):
    layer = make()
    if count == 3 and isinstance(layer, layers.LSTM):
        shape, first = (None, 5, 4), lambda layer: layer.compute_output_shape((None, 5, 4))
    else:
        shape = (None, 4)
    first(layer)
    before = layer.weights
    layer.build(shape)
    assert len(layer.weights) == count
    assert all(a is b for a, b in zip(layer.weights, before))


def test_a_shared_layer_is_built_once():
    shared = layers.Dense(2)

    class Half(layers.Layer):
        def build(self, input_shape):
            self.shared = shared
            self.shared.build(input_shape)

        def call(self, x):
            return self.shared(x)

    x = keras.Input((4,))
    model = keras.Model(x, layers.add([Half()(x), Half()(x)]))
    assert len(model.weights) == 2
