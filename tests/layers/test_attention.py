"""Attention: values against NumPy, masks, causality, heads, dropout, errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from kerata import layers, models
from kerata.errors import InputError, ShapeError
from kerata.scope import get_mask
from layers.check import check_layer, close, make_input, twin
from support import jit

Array = np.ndarray
QUERY, VALUE, KEY = (
    make_input(s, "float32", seed=i) for i, s in enumerate([(3, 5, 4), (3, 6, 4), (3, 6, 4)])
)
QUERY_MASK = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [0, 1, 0, 1, 1]], bool)
VALUE_MASK = np.array([[1, 1, 0, 1, 0, 0], [1, 0, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1]], bool)


def softmax(z: Array, axis: Any = -1) -> Array:
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def attend(scores: Array, value: Array, allowed: Array | None) -> tuple[Array, Array]:
    weights = softmax(scores if allowed is None else np.where(allowed, scores, -1e9))
    return weights @ value, weights


def causal(t: int, s: int) -> Array:
    return np.arange(t)[:, None] >= np.arange(s)


SCORES = {
    "dot": lambda q, k: q @ k.swapaxes(-1, -2),
    "concat": lambda q, k: np.tanh(q[:, :, None] + k[:, None]).sum(-1),
}


@pytest.mark.parametrize(
    ("mode", "masked", "is_causal", "own_key"),
    [
        *itertools.product(("dot", "concat"), (False, True), (False, True), (False,)),
        ("dot", True, False, True),
    ],
)
def test_attention(mode: str, masked: bool, is_causal: bool, own_key: bool) -> None:
    layer = layers.Attention(score_mode=mode)
    key = KEY if own_key else VALUE
    allowed = np.ones((3, 5, 6), bool)
    if masked:
        allowed &= VALUE_MASK[:, None]
    if is_causal:
        allowed &= causal(5, 6)
    want, weights = attend(SCORES[mode](QUERY, key), VALUE, allowed)
    if masked:
        want = np.where(QUERY_MASK[..., None], want, 0)
    inputs = [QUERY, VALUE, KEY] if own_key else [QUERY, VALUE]
    mask = [QUERY_MASK, VALUE_MASK] if masked else None
    y = layer(inputs, mask=mask, use_causal_mask=is_causal, return_attention_scores=True)
    close(y, [want, weights])
    close(layer(inputs, mask=mask, use_causal_mask=is_causal), want)


def test_scale() -> None:
    layer = layers.Attention(use_scale=True)
    layer([QUERY, VALUE])
    layer.scale.assign(0.3)
    close(layer([QUERY, VALUE]), attend(0.3 * SCORES["dot"](QUERY, VALUE), VALUE, None)[0])
    both = layers.Attention(use_scale=True, score_mode="concat")
    both([QUERY, VALUE])
    assert [w.name for w in both.weights] == ["scale", "concat_score_weight"]
    both.set_weights([0.5, 2.0])
    scores = 2 * np.tanh(0.5 * (QUERY[:, :, None] + VALUE[:, None])).sum(-1)
    close(both([QUERY, VALUE]), attend(scores, VALUE, None)[0])


@pytest.mark.parametrize("use_scale", [False, True])
def test_additive_attention(use_scale: bool) -> None:
    layer = layers.AdditiveAttention(use_scale=use_scale)
    y = layer([QUERY, VALUE], mask=[None, VALUE_MASK])
    scale = layer.get_weights()[0] if use_scale else 1.0
    scores = (scale * np.tanh(QUERY[:, :, None] + VALUE[:, None])).sum(-1)
    close(y, attend(scores, VALUE, VALUE_MASK[:, None])[0])


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (layers.Attention, {}),
        (layers.Attention, {"use_scale": True, "score_mode": "concat", "dropout": 0.2}),
        (layers.AdditiveAttention, {}),
    ],
)
def test_check(cls: type, arguments: dict) -> None:
    check_layer(cls, arguments, [(2, 3, 4), (2, 5, 4)])


def test_the_mask_of_the_query_flows_on() -> None:
    query = layers.Masking()(QUERY * QUERY_MASK[..., None])
    y = layers.Attention()([query, VALUE])
    np.testing.assert_array_equal(np.asarray(get_mask(y)), QUERY_MASK)
    assert np.abs(np.asarray(y)[~QUERY_MASK]).max() == 0


def test_dropout_of_weights() -> None:
    layer = layers.Attention(dropout=0.5, seed=1)
    _, plain = layer([QUERY, VALUE], return_attention_scores=True)
    _, dropped = layer([QUERY, VALUE], return_attention_scores=True, training=True)
    kept = np.asarray(dropped) != 0
    assert 0 < kept.sum() < kept.size
    close(np.asarray(dropped)[kept], 2 * np.asarray(plain)[kept])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Attention(score_mode="sum"), "score_mode must be 'dot' or 'concat'"),
        (lambda: layers.Attention()(QUERY), "takes a list of 2 or 3"),
        (lambda: layers.Attention()([QUERY]), "takes a list of 2 or 3 inputs.*got 1"),
        (lambda: layers.Attention()([QUERY, VALUE], mask=[None]), "takes a list of 2 or 3 masks"),
        (lambda: layers.MultiHeadAttention(0, 2), "num_heads must be a positive whole number"),
        (lambda: layers.MultiHeadAttention(2, None), "key_dim must be a positive whole number"),
        (lambda: layers.MultiHeadAttention(2, 2, sliding_window=0), "sliding_window must be"),
    ],
)
def test_bad_arguments(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


# --- MultiHeadAttention -------------------------------------------------------------------------


def heads(
    layer: Any, query: Array, value: Array, key: Array, allowed: Array | None
) -> tuple[Array, Array]:
    """Output and weights of a layer with biases, out of its weights."""
    w = {v.path.split("/")[-2] + v.name[0]: v.numpy() for v in layer.weights}
    q, k, v = (
        np.einsum("bti,inh->bnth", x, w[name + "k"]) + w[name + "b"][:, None]
        for name, x in (("query", query), ("key", key), ("value", value))
    )
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(layer.key_dim)
    weights = softmax(scores if allowed is None else np.where(allowed, scores, -1e9))
    inner = (weights @ v).swapaxes(1, 2)
    if layer.use_gate:
        gate = np.einsum("bti,inh->btnh", query, w["gatek"]) + w["gateb"]
        inner = inner / (1 + np.exp(-gate))
    kernel = w["attention_outputk"]
    return np.tensordot(inner, kernel, 2) + w["attention_outputb"], weights


@pytest.mark.parametrize(
    ("arguments", "call", "allowed"),
    [
        ({}, {}, None),
        ({"value_dim": 5}, {}, None),
        ({"output_shape": 7}, {}, None),
        ({"output_shape": (2, 3)}, {}, None),
        ({"use_gate": True}, {}, None),
        ({"dropout": 0.3}, {}, None),
        ({"flash_attention": False}, {"use_causal_mask": True}, causal(5, 6)),
        ({}, {"value_mask": VALUE_MASK}, VALUE_MASK[:, None, None]),
        (
            {},
            {"key_mask": VALUE_MASK, "use_causal_mask": True},
            VALUE_MASK[:, None, None] & causal(5, 6),
        ),
        ({}, {"query_mask": np.ones((3, 5), bool)}, None),
        ({}, {"attention_mask": np.broadcast_to(causal(5, 6), (3, 5, 6))}, causal(5, 6)),
        (
            {},
            {"attention_mask": np.broadcast_to(causal(5, 6), (3, 2, 5, 6)).astype("int32")},
            causal(5, 6),
        ),
        ({"sliding_window": 2}, {}, np.abs(np.arange(5)[:, None] - np.arange(6)) < 2),
    ],
)
@pytest.mark.parametrize("scores", [False, True])
def test_multi_head_attention(arguments: dict, call: dict, allowed: Any, scores: bool) -> None:
    layer = layers.MultiHeadAttention(2, 3, **arguments, bias_initializer="normal")
    y = layer(QUERY, VALUE, KEY, return_attention_scores=scores, **call)
    want = heads(layer, QUERY, VALUE, KEY, allowed)
    close(y, list(want) if scores else want[0])


def test_names_and_shapes_of_weights() -> None:
    layer = layers.MultiHeadAttention(2, 3, value_dim=5, name="m")
    layer(QUERY, VALUE)
    assert [(w.path, w.shape) for w in layer.weights] == [
        ("m/query/kernel", (4, 2, 3)), ("m/query/bias", (2, 3)),
        ("m/key/kernel", (4, 2, 3)), ("m/key/bias", (2, 3)),
        ("m/value/kernel", (4, 2, 5)), ("m/value/bias", (2, 5)),
        ("m/attention_output/kernel", (2, 5, 4)), ("m/attention_output/bias", (4,)),
    ]  # fmt: skip
    bare = layers.MultiHeadAttention(2, 3, use_bias=False)
    bare(QUERY, VALUE)
    assert len(bare.weights) == 4
    assert layer.get_config()["value_dim"] == 5


class SelfAttention(layers.Layer):
    """A `MultiHeadAttention` of one input, for the checks of layers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.arguments = kwargs
        self.inner = layers.MultiHeadAttention(**kwargs)

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape, input_shape)

    def call(self, x: Any) -> Any:
        return self.inner(x, x, use_causal_mask=True)

    def get_config(self) -> dict[str, Any]:
        return self.arguments


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ({"num_heads": 2, "key_dim": 3}, (2, 4, 5)),
        (
            {"num_heads": 1, "key_dim": 2, "use_gate": True, "sliding_window": 2, "dropout": 0.1},
            (2, 4, 3),
        ),
    ],
)
def test_check_heads(arguments: dict, shape: tuple) -> None:
    check_layer(SelfAttention, arguments, shape)


@pytest.mark.parametrize("axes", [(1,), (2,), (1, 2), -2])
def test_attention_axes(axes: Any) -> None:
    x = make_input((2, 3, 4, 5), "float32")
    layer = layers.MultiHeadAttention(2, 3, attention_axes=axes)
    y, weights = layer(x, x, return_attention_scores=True)
    assert y.shape == x.shape
    flat = {(1,): lambda a: a.swapaxes(1, 2), (1, 2): lambda a: a[:, None]}.get(axes, lambda a: a)(
        x
    )
    batch = flat.reshape(-1, int(np.prod(flat.shape[2:-1])), 5)
    plain = layers.MultiHeadAttention(2, 3)
    plain(batch, batch)
    plain.set_weights(layer.get_weights())
    want = np.asarray(plain(batch, batch)).reshape(flat.shape)
    close(y, want.swapaxes(1, 2) if axes == (1,) else want.reshape(x.shape))
    assert layer(x, x).shape == x.shape
    keys = tuple(range(-len(np.atleast_1d(axes)), 0))
    np.testing.assert_allclose(np.asarray(weights).sum(keys), 1.0, rtol=1e-5)


def test_masks_of_the_inputs_are_used_and_passed_on() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    query = layers.Masking()(QUERY * QUERY_MASK[..., None])
    value = layers.Masking()(VALUE * VALUE_MASK[..., None])
    y = layer(query, value)
    allowed = (QUERY_MASK[:, :, None] & VALUE_MASK[:, None])[:, None]
    want = heads(layer, np.asarray(query), np.asarray(value), np.asarray(value), allowed)[0]
    close(np.asarray(y)[QUERY_MASK], want[QUERY_MASK])
    np.testing.assert_array_equal(np.asarray(get_mask(y)), QUERY_MASK)


def test_a_query_that_may_attend_to_nothing() -> None:
    layer = layers.MultiHeadAttention(1, 2)
    none = np.zeros((3, 5, 6), bool)
    y, weights = layer(QUERY, VALUE, attention_mask=none, return_attention_scores=True)
    assert np.abs(np.asarray(weights)).max() == 0
    assert (
        np.isfinite(np.asarray(y)).all()
        and np.isfinite(np.asarray(layer(QUERY, VALUE, attention_mask=none))).all()
    )


def test_dropout_and_compilation() -> None:
    layer = layers.MultiHeadAttention(2, 3, dropout=0.5, seed=2)
    plain = np.asarray(layer(QUERY, VALUE))
    a, b = (np.asarray(layer(QUERY, VALUE, training=True)) for _ in range(2))
    assert np.abs(a - b).max() > 0 and np.abs(a - plain).max() > 0
    weights = [v.value for v in layer.trainable_variables]
    state = [v.value for v in layer.non_trainable_variables]  # of the seed
    run = jit(lambda w: layer.stateless_call(w, state, QUERY, VALUE, use_causal_mask=True)[0])
    close(run(weights), layer(QUERY, VALUE, use_causal_mask=True))


def test_in_a_model() -> None:
    x, z = layers.Input((None, 4)), layers.Input((None, 6))
    layer = layers.MultiHeadAttention(2, 3, output_shape=2)
    y, weights = layer(x, z, use_causal_mask=True, return_attention_scores=True)
    assert y.shape == (None, None, 2) and weights.shape == (None, 2, None, None)
    model = models.Model([x, z], y)
    model.compile("sgd", "mse")
    model.fit([QUERY, make_input((3, 6, 6), "float32")], np.zeros((3, 5, 2)), verbose=0)
    assert layer.compute_output_shape((None, 5, 4), (None, 7, 6)) == (None, 5, 2)
    other = twin(layer)
    assert other.get_config() == layer.get_config()


def test_regularizers_of_the_projections() -> None:
    layer = layers.MultiHeadAttention(2, 3, kernel_regularizer="l2", activity_regularizer="l2")
    layer(QUERY, VALUE)
    assert len(layer.losses) == 8


def test_value_and_key_must_agree() -> None:
    with pytest.raises(ShapeError, match="value and key must agree"):
        layers.MultiHeadAttention(2, 3)(QUERY, VALUE, VALUE[:, :3])


def grouped(
    layer: layers.GroupQueryAttention,
    x: Array,
    y: Array,
    allowed: Array | None = None,
) -> tuple[Array, Array]:
    """Grouped attention by its definition, head by head, from the layer's weights."""
    w = {v.path.split("/")[-2:][0] + "/" + v.name: v.numpy() for v in layer.weights}
    share = layer.num_query_heads // layer.num_key_value_heads
    total, all_weights = 0.0, []
    for h in range(layer.num_query_heads):
        q = x @ w["query/kernel"][:, h] + w["query/bias"][h]
        k = y @ w["key/kernel"][:, h // share] + w["key/bias"][h // share]
        v = y @ w["value/kernel"][:, h // share] + w["value/bias"][h // share]
        scores = q @ k.swapaxes(1, 2) / np.sqrt(layer.head_dim)
        weights = softmax(scores if allowed is None else np.where(allowed, scores, -1e9))
        out = weights @ v
        if layer.use_gate:
            out = out / (1 + np.exp(-(x @ w["gate/kernel"][:, h] + w["gate/bias"][h])))
        total = total + out @ w["attention_output/kernel"][h]
        all_weights.append(weights)
    return total + w["attention_output/bias"], np.stack(all_weights, 1)


@pytest.mark.parametrize("gate", [False, True])
@pytest.mark.parametrize("few", [1, 2, 4])
def test_grouped(few: int, gate: bool) -> None:
    layer = layers.GroupQueryAttention(3, 4, few, use_gate=gate, bias_initializer="normal")
    y = layer(QUERY, VALUE)
    want, weights = grouped(layer, QUERY, VALUE)
    close(y, want)
    close(layer(QUERY, VALUE, return_attention_scores=True), [want, weights])
    assert layer.weights[2].shape == (4, few, 3)
    allowed = (
        QUERY_MASK[..., None] & VALUE_MASK[:, None] & causal(5, 6)
        & (np.abs(np.arange(5)[:, None] - np.arange(6)) < 3)
    )  # fmt: skip
    layer.sliding_window = 3
    some = allowed.any(-1)  # what a query that may attend to nothing gets is not the formula's
    masks = {"query_mask": QUERY_MASK, "value_mask": VALUE_MASK, "use_causal_mask": True}
    got = layer(QUERY, VALUE, **masks)
    close(np.asarray(got)[some], grouped(layer, QUERY, VALUE, allowed)[0][some])


def test_grouped_mask_and_errors() -> None:
    layer = layers.GroupQueryAttention(3, 4, 2)
    x = layers.Input((5, 4))
    assert layer(x, x).shape == (None, 5, 4)
    mask = np.ones((3, 5, 6), bool)
    mask[:, :, 2:] = False
    got = layer(QUERY, VALUE, attention_mask=mask)
    close(got, layer(QUERY, VALUE[:, :2]))
    assert layers.deserialize(layers.serialize(layer)).num_key_value_heads == 2
    with pytest.raises(InputError, match="multiple of num_key_value_heads"):
        layers.GroupQueryAttention(3, 4, 3)
    with pytest.raises(InputError, match="head_dim must be"):
        layers.GroupQueryAttention(0, 4, 2)
    with pytest.raises(ShapeError, match="must be \\(batch, length, size\\)"):
        layers.GroupQueryAttention(3, 4, 2)(QUERY[:, 0], QUERY[:, 0])


def test_grouped_drops_out() -> None:
    layer = layers.GroupQueryAttention(3, 4, 2, dropout=0.5, seed=1)
    still = layer(QUERY, VALUE)
    assert not np.allclose(layer(QUERY, VALUE, training=True), still)
    close(layer(QUERY, VALUE, training=False), still)


def test_a_mask_with_an_axis_of_heads_beside_masks_of_the_inputs() -> None:
    layer = layers.MultiHeadAttention(2, 4)
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
    mask = np.arange(5)[None] < np.array([[5], [3], [2]])
    plain = layer(x, x, attention_mask=mask[:, None, :], query_mask=mask)
    heads = layer(x, x, attention_mask=mask[:, None, None, :], query_mask=mask)
    np.testing.assert_allclose(np.asarray(plain), np.asarray(heads), atol=1e-6)
