"""Convolutions: values against a direct sum, shapes, gradients, data formats, errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from kerata import layers, ops
from kerata.errors import InputError, ShapeError
from layers.check import check_layer, close, make_input

Array = np.ndarray


def pads(size: int, window: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Zeros before and after an axis."""
    reach = (window - 1) * dilation
    if padding == "causal":
        return reach, 0
    if padding == "valid":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + reach + 1 - size, 0)
    return total // 2, total - total // 2


def direct(
    x: Array, kernel: Array, strides: Any, padding: str, dilation: Any, groups: int = 1
) -> Array:
    """Convolution by its definition: a sum for every place of the window. Channels last."""
    rank = x.ndim - 2
    k = kernel.shape[:rank]
    s, d = (np.broadcast_to(v, rank) for v in (strides, dilation))
    edges = [pads(x.shape[i + 1], k[i], s[i], d[i], padding) for i in range(rank)]
    x = np.pad(x, [(0, 0), *edges, (0, 0)])
    sizes = [(x.shape[i + 1] - (k[i] - 1) * d[i] - 1) // s[i] + 1 for i in range(rank)]
    n, m = kernel.shape[-2], kernel.shape[-1] // groups
    out = np.zeros((x.shape[0], *sizes, kernel.shape[-1]), np.float64)
    for place in itertools.product(*map(range, sizes)):
        cut = tuple(slice(p * a, p * a + (w - 1) * b + 1, b) for p, a, w, b in zip(place, s, k, d))
        patch = x[(slice(None), *cut)].astype(np.float64)
        for g in range(groups):
            part = np.tensordot(
                patch[..., g * n : (g + 1) * n], kernel[..., g * m : (g + 1) * m], rank + 1
            )
            out[(slice(None), *place, slice(g * m, (g + 1) * m))] = part
    return out


CONV = [
    ("Conv1D", {"filters": 3, "kernel_size": 3}, (2, 7, 2)),
    ("Conv1D", {"filters": 3, "kernel_size": 2, "strides": 2, "padding": "same"}, (2, 7, 2)),
    (
        "Conv1D",
        {"filters": 3, "kernel_size": 3, "dilation_rate": 2, "padding": "causal"},
        (2, 7, 2),
    ),
    (
        "Conv1D",
        {"filters": 4, "kernel_size": 4, "strides": 3, "padding": "causal", "groups": 2},
        (1, 9, 2),
    ),
    ("Conv2D", {"filters": 3, "kernel_size": (3, 2)}, (2, 5, 4, 2)),
    (
        "Conv2D",
        {"filters": 2, "kernel_size": 3, "strides": (2, 3), "padding": "same"},
        (1, 6, 7, 2),
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 2, "dilation_rate": (1, 2), "groups": 2},
        (1, 4, 5, 2),
    ),
    (
        "Conv2D",
        {"filters": 2, "kernel_size": 2, "use_bias": False, "padding": "SAME"},
        (1, 4, 3, 1),
    ),
    ("Conv3D", {"filters": 2, "kernel_size": (1, 2, 3), "strides": (1, 2, 1)}, (1, 3, 4, 5, 2)),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same"}, (1, 2, 3, 2, 1)),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), CONV)
def test_conv(name: str, arguments: dict, shape: tuple) -> None:
    cls = getattr(layers, name)
    layer = (
        cls(**arguments, bias_initializer="normal")
        if arguments.get("use_bias", True)
        else cls(**arguments)
    )
    x = make_input(shape, "float32")
    y = layer(x)
    want = direct(
        x,
        layer.kernel.numpy(),
        layer.strides,
        layer.padding,
        layer.dilation_rate,
        arguments.get("groups", 1),
    )
    close(y, want if layer.bias is None else want + layer.bias.numpy())
    check_layer(cls, arguments, shape)


def test_activation_regularizers_and_constraint() -> None:
    layer = layers.Conv1D(
        2, 2, activation="relu", kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l1",
        kernel_constraint="non_neg", kernel_initializer="ones", bias_initializer="ones",
    )  # fmt: skip
    y = np.asarray(layer(-np.ones((1, 3, 1), np.float32)))
    assert (y == 0).all()
    assert len(layer.losses) == 3
    assert layer.kernel.constraint is not None


TRANSPOSED = [
    {"kernel_size": k, "strides": s, "padding": p}
    for k, s, p in itertools.product((1, 2, 3, 4), (1, 2, 3), ("valid", "same"))
] + [{"kernel_size": 3, "dilation_rate": 2, "padding": p} for p in ("valid", "same")]


@pytest.mark.parametrize("arguments", TRANSPOSED)
def test_a_transposed_convolution_is_the_transpose(arguments: dict) -> None:
    """For all x and y: the products <conv(y), x> and <y, conv_transpose(x)> are equal."""
    layer = layers.Conv1DTranspose(3, use_bias=False, **arguments)
    x = make_input((1, 4, 2), "float32")
    z = np.asarray(layer(x))
    y = make_input(z.shape, "float32", seed=5)
    back = np.asarray(
        ops.conv(y, layer.kernel, layer.strides, layer.padding, None, layer.dilation_rate)
    )
    assert back.shape == x.shape
    np.testing.assert_allclose((back * x).sum(), (y * z).sum(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("size", "window", "stride", "padding", "extra", "result"),
    [
        (5, 3, 2, "valid", None, 11), (5, 3, 2, "valid", 0, 11), (5, 3, 2, "valid", 1, 12),
        (5, 2, 3, "valid", None, 15), (5, 2, 3, "valid", 0, 14), (5, 2, 3, "valid", 2, 16),
        (5, 3, 2, "same", None, 10), (5, 3, 2, "same", 0, 9), (5, 3, 2, "same", 1, 10),
        (5, 4, 3, "same", None, 15), (5, 4, 3, "same", 2, 14), (5, 1, 2, "same", None, 10),
    ],
)  # fmt: skip
def test_sizes_of_transposed_convolutions(
    size: int, window: int, stride: int, padding: str, extra: int | None, result: int
) -> None:
    layer = layers.Conv1DTranspose(2, window, stride, padding, output_padding=extra)
    assert layer.compute_output_shape((None, size, 1)) == (None, result, 2)
    assert layer(np.ones((1, size, 1), np.float32)).shape == (1, result, 2)
    assert layer.compute_output_shape((None, None, 1)) == (None, None, 2)


def test_values_with_output_padding() -> None:
    # A kernel of 1, 10, 100 shows which input meets which place of the window.
    kernel = np.array([1.0, 10.0, 100.0], np.float32).reshape(3, 1, 1)
    x = np.array([1.0, 2.0], np.float32).reshape(1, 2, 1)
    for padding, extra, want in (
        ("valid", None, [1, 10, 102, 20, 200]),
        ("valid", 1, [1, 10, 102, 20, 200, 0]),
        ("same", None, [1, 10, 102, 20]),
        ("same", 0, [10, 102, 20]),
        ("same", 1, [1, 10, 102, 20]),
    ):
        layer = layers.Conv1DTranspose(1, 3, 2, padding, extra, use_bias=False, weights=[kernel])
        assert np.asarray(layer(x)).ravel().tolist() == want, (padding, extra)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, (1, 4, 2)),
        (
            "Conv2DTranspose",
            {"filters": 2, "kernel_size": (3, 2), "strides": (2, 1), "padding": "same"},
            (1, 3, 4, 2),
        ),
        (
            "Conv2DTranspose",
            {"filters": 1, "kernel_size": 3, "strides": 2, "output_padding": 1},
            (1, 3, 2, 2),
        ),
        (
            "Conv3DTranspose",
            {"filters": 2, "kernel_size": 2, "strides": 2, "activation": "tanh"},
            (1, 2, 2, 2, 1),
        ),
    ],
)
def test_transposed(name: str, arguments: dict, shape: tuple) -> None:
    check_layer(getattr(layers, name), arguments, shape)


def test_order_of_arguments_of_conv3d_transpose() -> None:
    layer = layers.Conv3DTranspose(2, 2, 2, "same", "channels_first", 1)
    assert (layer.data_format, layer.output_padding) == ("channels_first", (1, 1, 1))
    assert layers.Conv2DTranspose(2, 2, 2, "same", 1, "channels_first").output_padding == (1, 1)


DEPTHWISE = [
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, (2, 6, 3)),
    ("DepthwiseConv2D", {"kernel_size": (3, 2), "strides": 2, "padding": "same"}, (1, 5, 4, 2)),
    (
        "DepthwiseConv2D",
        {"kernel_size": 2, "dilation_rate": 2, "depth_multiplier": 3},
        (1, 5, 4, 2),
    ),
]


@pytest.mark.parametrize(("name", "arguments", "shape"), DEPTHWISE)
def test_depthwise(name: str, arguments: dict, shape: tuple) -> None:
    layer = getattr(layers, name)(**arguments, bias_initializer="normal")
    x = make_input(shape, "float32")
    y = layer(x)
    kernel = layer.kernel.numpy()
    channels, multiplier = kernel.shape[-2:]
    # Each channel is a group with one input.
    grouped = kernel.reshape(*kernel.shape[:-2], 1, channels * multiplier)
    want = direct(x, grouped, layer.strides, layer.padding, layer.dilation_rate, channels)
    close(y, want + layer.bias.numpy())
    assert layer.depthwise_kernel is layer.kernel
    check_layer(type(layer), arguments, shape)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("SeparableConv1D", {"filters": 4, "kernel_size": 3, "depth_multiplier": 2}, (2, 6, 3)),
        (
            "SeparableConv2D",
            {"filters": 4, "kernel_size": 2, "strides": 2, "padding": "same"},
            (1, 5, 4, 2),
        ),
    ],
)
def test_separable(name: str, arguments: dict, shape: tuple) -> None:
    layer = getattr(layers, name)(**arguments, bias_initializer="normal")
    x = make_input(shape, "float32")
    y = layer(x)
    depth, point = layer.depthwise_kernel.numpy(), layer.pointwise_kernel.numpy()
    grouped = depth.reshape(*depth.shape[:-2], 1, -1)
    middle = direct(x, grouped, layer.strides, layer.padding, layer.dilation_rate, shape[-1])
    close(y, middle @ point.reshape(point.shape[-2:]) + layer.bias.numpy())
    check_layer(type(layer), arguments, shape)


@pytest.mark.parametrize(
    ("name", "arguments", "shape"),
    [
        ("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "causal"}, (1, 5, 2)),
        (
            "Conv2D",
            {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "groups": 2},
            (1, 5, 4, 2),
        ),
        ("Conv3D", {"filters": 2, "kernel_size": 2}, (1, 3, 4, 2, 2)),
        ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, (1, 5, 3)),
        (
            "Conv2DTranspose",
            {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"},
            (1, 3, 2, 2),
        ),
        ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, (1, 2, 3, 2, 2)),
        ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, (1, 5, 2)),
        ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same"}, (1, 5, 4, 2)),
        ("SeparableConv1D", {"filters": 3, "kernel_size": 3}, (1, 5, 2)),
        ("SeparableConv2D", {"filters": 3, "kernel_size": 2, "padding": "same"}, (1, 5, 4, 2)),
    ],
)
def test_channels_first_is_channels_last_transposed(
    name: str, arguments: dict, shape: tuple
) -> None:
    x = make_input(shape, "float32")
    cls = getattr(layers, name)
    last = cls(**arguments, bias_initializer="normal")
    want = np.moveaxis(np.asarray(last(x)), -1, 1)
    first = cls(**arguments, data_format="channels_first", weights=last.get_weights())
    turned = np.moveaxis(x, -1, 1)
    close(first(turned), want)
    space = (None,) * (len(shape) - 2)
    assert first.compute_output_shape((None, shape[-1], *space)) == (None, want.shape[1], *space)


def test_unknown_sizes() -> None:
    layer = layers.Conv2D(3, 3, strides=2, padding="same")
    assert layer.compute_output_shape((None, None, 8, 1)) == (None, None, 4, 3)
    assert layer(np.ones((2, 5, 8, 1), np.float32)).shape == (2, 3, 4, 3)


def test_lora() -> None:
    layer = layers.Conv2D(3, 2, lora_rank=1)
    x = make_input((1, 4, 4, 2), "float32")
    before = np.asarray(layer(x))
    assert [v.name for v in layer.trainable_weights] == ["bias", "lora_kernel_a", "lora_kernel_b"]
    layer.lora_kernel_b.assign(np.ones((1, 3)))
    assert np.abs(np.asarray(layer(x)) - before).max() > 1e-3


def test_names_of_old() -> None:
    assert issubclass(layers.Convolution2D, layers.Conv2D)
    assert layers.Convolution1DTranspose is layers.Conv1DTranspose
    assert layers.SeparableConvolution1D is layers.SeparableConv1D
    assert layers.Conv1D(2, 3, input_dim=4, input_length=9)._batch_shape == (None, 9, 4)
    assert layers.Conv1D(2, 3, input_dim=4)._batch_shape == (None, None, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv2D(2, (3, 3, 3)), "kernel_size must be a whole number or 2 of them"),
        (lambda: layers.Conv2D(2, 0), "kernel_size"),
        (lambda: layers.Conv2D(2, 3, strides=0), "strides"),
        (lambda: layers.Conv2D(0, 3), "filters must be a positive"),
        (lambda: layers.Conv2D(3, 3, groups=2), "multiple of groups=2"),
        (lambda: layers.Conv2D(2, 3, padding="causal"), "padding must be one of"),
        (lambda: layers.Conv2D(2, 3, strides=2, dilation_rate=2), "cannot both be above 1"),
        (lambda: layers.Conv2DTranspose(2, 3, 2, output_padding=2), "must be below strides"),
        (
            lambda: layers.DepthwiseConv2D(3, depth_multiplier=0),
            "depth_multiplier must be a positive",
        ),
    ],
)
def test_bad_arguments(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (
            lambda: layers.Conv2D(2, 3),
            (2, 5, 5),
            "expects an input with 4 axes, got 3.*x\\[..., None\\]",
        ),
        (lambda: layers.Conv2D(2, 6), (2, 5, 5, 1), "larger than the input's"),
        (lambda: layers.Conv2D(2, 3, groups=2), (2, 5, 5, 3), "3 channels of the input"),
    ],
)
def test_bad_inputs(make: Any, shape: tuple, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        make()(np.ones(shape, np.float32))


def test_channels_must_be_known_and_stay() -> None:
    with pytest.raises(ShapeError, match="number of channels"):
        layers.Conv2D(2, 3).build((None, 5, 5, None))
    layer = layers.Conv2D(2, 3)
    layer(np.ones((1, 5, 5, 1), np.float32))
    with pytest.raises(ShapeError, match="expects size 1 on axis -1"):
        layer(np.ones((1, 5, 5, 3), np.float32))
    with pytest.raises(TypeError, match="Conv2D has no argument 'filter'. Did you mean 'filters'"):
        layers.Conv2D(filter=2, kernel_size=3)
