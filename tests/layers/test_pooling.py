"""Pooling: values against loops, shapes, gradients, data formats, masks, errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import kerata as keras
from kerata import layers
from kerata.errors import InputError, ShapeError
from layers.check import check_layer, close, make_input


def direct(x: np.ndarray, size: int, stride: int, padding: str, reduce: str) -> np.ndarray:
    """Pooling by its definition; what lies outside the input does not count."""
    rank = x.ndim - 2
    sizes, starts = [], []
    for n in x.shape[1:-1]:
        if padding == "same":
            m = -(-n // stride)
            before = max((m - 1) * stride + size - n, 0) // 2
        else:
            m, before = (n - size) // stride + 1, 0
        sizes.append(m)
        starts.append([i * stride - before for i in range(m)])
    out = np.zeros((x.shape[0], *sizes, x.shape[-1]))
    for place in itertools.product(*map(range, sizes)):
        cut = tuple(slice(max(s[p], 0), s[p] + size) for p, s in zip(place, starts))
        patch = x[(slice(None), *cut)]
        out[(slice(None), *place)] = getattr(patch, reduce)(axis=tuple(range(1, rank + 1)))
    return out


def apart(shape: tuple) -> np.ndarray:
    """Numbers so far apart that small changes leave their order: a maximum has a derivative."""
    n = int(np.prod(shape))
    return (np.random.default_rng(2).permutation(n).reshape(shape) * 0.05).astype(np.float32)


@pytest.mark.parametrize("reduce", ["max", "mean"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize(
    ("size", "stride", "padding"),
    [(2, 2, "valid"), (3, 2, "same"), (2, 3, "valid"), (3, 1, "same")],
)
def test_pooling(reduce: str, rank: int, size: int, stride: int, padding: str) -> None:
    name = {"max": "MaxPooling", "mean": "AveragePooling"}[reduce]
    cls = getattr(layers, f"{name}{rank}D")
    x = make_input((2, *(7, 6, 4)[:rank], 2), "float32")
    layer = cls(size, None if stride == size else stride, padding)
    want = direct(x, size, stride, padding, reduce)
    close(layer(x), want)
    first = cls(size, stride, padding, data_format="channels_first")
    close(first(np.moveaxis(x, -1, 1)), np.moveaxis(want, -1, 1))
    if (size, padding) == (3, "same"):
        check_layer(
            cls, {"pool_size": size, "strides": stride, "padding": padding}, data=apart(x.shape)
        )


@pytest.mark.parametrize("reduce", ["max", "mean"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling(reduce: str, rank: int, keepdims: bool) -> None:
    name = {"max": "GlobalMaxPooling", "mean": "GlobalAveragePooling"}[reduce]
    cls = getattr(layers, f"{name}{rank}D")
    x = apart((2, *(4, 3, 2)[:rank], 3))
    want = getattr(x, reduce)(axis=tuple(range(1, rank + 1)), keepdims=keepdims)
    first = cls(data_format="channels_first", keepdims=keepdims)
    close(first(np.moveaxis(x, -1, 1)), np.moveaxis(want, -1, 1))
    check_layer(cls, {"keepdims": keepdims}, data=x, expected=want)


def test_global_average_honours_the_mask() -> None:
    x = make_input((3, 4, 2), "float32")
    mask = np.array([[1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]], bool)
    want = np.stack([x[0, [0, 2]].mean(0), x[1].mean(0), np.zeros(2)])
    close(layers.GlobalAveragePooling1D()(x, mask=mask), want)
    close(layers.GlobalAveragePooling1D(keepdims=True)(x, mask=mask), want[:, None])
    first = layers.GlobalAveragePooling1D(data_format="channels_first")
    close(first(np.moveaxis(x, -1, 1), mask=mask), want)


def test_the_mask_of_an_embedding_reaches_the_average() -> None:
    table = np.array([[9.0], [1.0], [3.0]], np.float32)
    x = layers.Input((None,), dtype="int32")
    embedding = layers.Embedding(3, 1, mask_zero=True, weights=[table])
    from kerata.models import Model

    model = Model(x, layers.GlobalAveragePooling1D()(embedding(x)))
    close(model(np.array([[1, 2, 0, 0]])), [[2.0]])


def test_unknown_sizes() -> None:
    assert layers.MaxPooling2D().compute_output_shape((None, None, 9, 2)) == (None, None, 4, 2)
    assert layers.GlobalMaxPooling2D().compute_output_shape((None, None, None, 2)) == (None, 2)


def test_names_of_old() -> None:
    for kind in ("Max", "Average"):
        short = {"Max": "Max", "Average": "Avg"}[kind]
        for rank in "123":
            assert getattr(layers, f"{short}Pool{rank}D") is getattr(
                layers, f"{kind}Pooling{rank}D"
            )
            assert getattr(layers, f"Global{short}Pool{rank}D") is getattr(
                layers, f"Global{kind}Pooling{rank}D"
            )


def test_errors() -> None:
    with pytest.raises(InputError, match="pool_size must be a whole number or 2 of them"):
        layers.MaxPooling2D((2, 2, 2))
    with pytest.raises(InputError, match="padding must be one of"):
        layers.MaxPooling2D(padding="full")
    with pytest.raises(ShapeError, match="expects an input with 4 axes, got 3"):
        layers.MaxPooling2D()(np.ones((2, 4, 4), np.float32))
    with pytest.raises(ShapeError, match="larger than the input's"):
        layers.MaxPooling1D(5)(np.ones((2, 4, 1), np.float32))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("activation", ["relu", "tanh", None, "gelu"])
def test_the_largest_is_taken_before_bias_and_activation(activation, data_format, monkeypatch):
    """In compiled programs; the numbers are the same."""
    from kerata.layers import pooling

    shape = (12, 11, 2) if data_format == "channels_last" else (2, 12, 11)
    x = np.random.default_rng(0).normal(size=(30, *shape)).astype("float32")
    found, taken = [], []
    known = pooling.get_finish
    for look in (lambda x: taken.append(known(x)) or taken[-1], lambda x: None):
        monkeypatch.setattr(pooling, "get_finish", look)
        keras.utils.set_random_seed(1)
        conv = {"activation": activation, "data_format": data_format}
        model = keras.Sequential(
            [
                layers.Input(shape),
                layers.Conv2D(6, 3, bias_initializer="random_normal", **conv),
                layers.MaxPooling2D(2, padding="same", data_format=data_format),
                layers.Conv2D(5, 3, **conv),
                layers.GlobalMaxPooling2D(data_format=data_format),
                layers.Dense(1),
            ]
        )
        model.compile("adam", "mse")
        losses = model.fit(x, x[:, 0, 0, :1], epochs=2, batch_size=10, verbose=0).history["loss"]
        found.append([np.array(losses), model.predict(x, verbose=0)])
    # gelu falls at first, so it may not be put off.
    assert any(t is not None for t in taken) == (activation != "gelu")
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="of TensorFlow's tapes")
def test_gradients_reach_what_lies_before_a_pooling() -> None:
    """In a function that the user compiles bias and activation are not put off (Grad-CAM)."""
    import tensorflow as tf

    convolution, pool = layers.Conv2D(3, 3, activation="relu"), layers.MaxPooling2D(2)

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            y = convolution(x)
            total = tf.reduce_sum(pool(y))
        return tape.gradient(total, y)

    found = gradient(tf.ones((2, 8, 8, 2)))
    assert found is not None
    assert np.sum(found) == 2 * 3 * 3 * 3


def adaptive(x: np.ndarray, sizes: tuple[int, ...], reduce: str) -> np.ndarray:
    """Adaptive pooling by its definition, window by window."""
    out = np.zeros((x.shape[0], *sizes, x.shape[-1]))
    for place in itertools.product(*map(range, sizes)):
        cut = tuple(
            slice(i * n // m, -(-(i + 1) * n // m)) for i, n, m in zip(place, x.shape[1:-1], sizes)
        )
        axes = tuple(range(1, x.ndim - 1))
        out[(slice(None), *place)] = getattr(x[(slice(None), *cut)], reduce)(axis=axes)
    return out


@pytest.mark.parametrize("reduce", ["max", "mean"])
@pytest.mark.parametrize("sizes", [(3,), (5, 2), (2, 3, 4)])
def test_adaptive_pooling(reduce: str, sizes: tuple[int, ...]) -> None:
    name = {"max": "AdaptiveMaxPooling", "mean": "AdaptiveAveragePooling"}[reduce]
    cls = getattr(layers, f"{name}{len(sizes)}D")
    x = make_input((2, *(7, 5, 4)[: len(sizes)], 2), "float32")
    want = adaptive(x, sizes, reduce)
    close(cls(sizes)(x), want)
    close(cls(sizes, "channels_first")(np.moveaxis(x, -1, 1)), np.moveaxis(want, -1, 1))
    check_layer(cls, {"output_size": sizes}, data=apart(x.shape))
    shape = (None, *(None,) * len(sizes), 3)
    assert cls(sizes).compute_output_shape(shape) == (None, *sizes, 3)


def test_adaptive_pooling_arguments() -> None:
    assert layers.AdaptiveMaxPooling2D(3).output_size == (3, 3)
    with pytest.raises((InputError, ShapeError), match="output_size"):
        layers.AdaptiveMaxPooling2D((1, 2, 3))
