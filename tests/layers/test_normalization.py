"""Layers that keep the scale of activations."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import layers, ops, scope
from kerata.errors import InputError, ShapeError
from layers.check import check_layer, close, make_input


def standard(axes, epsilon=1e-3):
    def fn(x):
        return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)

    return fn


def group(n):
    def fn(x):
        parts = x.reshape(*x.shape[:-1], n, -1)
        return standard(tuple(i for i in range(1, parts.ndim) if i != parts.ndim - 2))(
            parts
        ).reshape(x.shape)

    return fn


def root_mean_square(x):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)


CASES = [
    (layers.LayerNormalization, {}, (2, 3, 4), standard(-1)),
    (layers.LayerNormalization, {"axis": [1, 2], "epsilon": 0.1, "center": False}, (2, 3, 4), standard((1, 2), 0.1)),
    (layers.LayerNormalization, {"axis": 1, "scale": False}, (2, 3, 4), standard(1)),
    (
        layers.LayerNormalization, {"rms_scaling": True}, (2, 4),
        lambda x: x / np.sqrt(x.var(-1, keepdims=True) + 1e-3),
    ),
    (layers.GroupNormalization, {"groups": 2}, (2, 3, 4), group(2)),
    (layers.GroupNormalization, {"groups": -1, "scale": False}, (2, 3, 4), group(4)),
    (layers.GroupNormalization, {"groups": 1, "axis": 1, "center": False}, (2, 3, 4), standard((1, 2))),
    (layers.RMSNormalization, {}, (2, 3, 4), root_mean_square),
    (layers.RMSNormalization, {"axis": [1, 2]}, (2, 3, 4), None),
    (layers.UnitNormalization, {}, (2, 3, 4), lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)),
    (layers.UnitNormalization, {"axis": [1, 2]}, (2, 3, 4), lambda x: x / np.linalg.norm(x, axis=(1, 2), keepdims=True)),
    (layers.BatchNormalization, {}, (4, 3), lambda x: x / np.sqrt(1 + 1e-3)),
    (layers.BatchNormalization, {"axis": 1, "renorm": True}, (4, 3, 2), None),
]  # fmt: skip


@pytest.mark.parametrize("cls, arguments, shape, expected", CASES)
def test_layer(cls, arguments, shape, expected):
    check_layer(cls, arguments, shape, expected=expected)


TRAINED = [
    ({}, (8, 3), standard(0)),
    ({"epsilon": 0.1, "scale": False}, (4, 2, 3), standard((0, 1), 0.1)),
    ({"axis": 1, "center": False, "synchronized": True}, (4, 2, 3), standard((0, 2))),
    ({"axis": [1]}, (4, 2, 3), standard((0, 2))),
]


@pytest.mark.parametrize("arguments, shape, expected", TRAINED)
def test_batch_normalization_in_training(arguments, shape, expected):
    check_layer(
        layers.BatchNormalization, arguments, shape, call={"training": True}, expected=expected
    )


def test_moving_statistics():
    layer = layers.BatchNormalization(momentum=0.8)
    x = make_input((50, 3), "float32") * 2 + 5
    layer(x, training=True)
    close(layer.moving_mean.numpy(), 0.2 * x.mean(0))
    close(layer.moving_variance.numpy(), 0.8 + 0.2 * x.var(0))
    assert [w.name for w in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [w.name for w in layer.trainable_weights] == ["gamma", "beta"]


def test_frozen_batch_normalization_is_in_inference_mode():
    layer = layers.BatchNormalization()
    x = make_input((10, 3), "float32") + 5
    layer.trainable = False
    close(layer(x, training=True), x / np.sqrt(1 + 1e-3))
    close(layer.moving_mean.numpy(), np.zeros(3))
    layer.trainable = True
    assert not np.allclose(layer(x, training=True), x, atol=1)
    assert len(layer.trainable_weights) == 2


def test_batch_normalization_skips_masked_steps():
    x = make_input((2, 3, 4), "float32")
    mask = np.array([[True, True, False], [True, False, False]])
    layer = layers.BatchNormalization(momentum=0.0)
    y = np.asarray(layer(x, training=True, mask=mask))
    used = x[mask]
    close(layer.moving_mean.numpy(), used.mean(0), {"rtol": 1e-4, "atol": 1e-5})
    close(layer.moving_variance.numpy(), used.var(0), {"rtol": 1e-4, "atol": 1e-5})
    close(y[mask], standard(0)(used), {"rtol": 1e-3, "atol": 1e-4})
    with pytest.raises(ShapeError, match="one axis less"):
        layer(x, training=True, mask=mask[0])
    tensor = layers.Masking()(np.pad(x, ((0, 0), (0, 2), (0, 0))))
    assert scope.get_mask(layer(tensor)) is not None


def test_renorm():
    clipping = {"rmin": 0.5, "rmax": 2.0, "dmax": 0.25}
    layer = layers.BatchNormalization(
        renorm=True, renorm_clipping=clipping, momentum=0.9, renorm_momentum=0.8
    )
    x = make_input((50, 2), "float32") * np.float32([1, 9]) + np.float32([0, 4])
    y = np.asarray(layer(x, training=True))
    mean, std = x.mean(0), np.sqrt(x.var(0) + 1e-3)
    r, d = np.clip(std / 1.0, 0.5, 2.0), np.clip(mean, -0.25, 0.25)
    close(y, (x - mean) / std * r + d, {"atol": 1e-4})
    close(layer.renorm_mean.numpy(), 0.2 * mean)
    close(layer.renorm_stddev.numpy(), 0.8 + 0.2 * std)
    close(layer.moving_variance.numpy(), (0.9 + 0.1 * std) ** 2 - 1e-3)
    with pytest.raises(InputError, match="rmin"):
        layers.BatchNormalization(renorm=True, renorm_clipping={"r": 1})
    with pytest.raises(InputError, match="rmin <= rmax"):
        layers.BatchNormalization(renorm=True, renorm_clipping={"rmin": 2, "rmax": 1})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "cls",
    [
        layers.BatchNormalization,
        layers.LayerNormalization,
        layers.RMSNormalization,
        layers.GroupNormalization,
    ],
)
def test_statistics_are_in_float32(cls, dtype):
    # Squares of 300 overflow float16.
    x = make_input((32, 4), "float32") * 300
    arguments = {"groups": 2} if cls is layers.GroupNormalization else {}
    y = cls(dtype=dtype, **arguments)(
        x, **({"training": True} if cls is layers.BatchNormalization else {})
    )
    assert ops.dtype(y) == dtype.removeprefix("mixed_")
    want = cls(**arguments)(x, **({"training": True} if cls is layers.BatchNormalization else {}))
    close(ops.cast(y, "float32"), want, {"atol": 0.05})


def test_shapes_of_weights():
    layer = layers.LayerNormalization(axis=[-1, 1])
    layer.build((None, 5, 7, 3))
    assert layer.gamma.shape == layer.beta.shape == (5, 3)
    layer = layers.RMSNormalization(axis=[1, 2])
    layer.build((None, 5, 7))
    assert layer.scale.shape == (5, 7) and layer.scale.name == "scale"


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: layers.GroupNormalization(3)(np.ones((2, 4))), ShapeError, "divide"),
        (lambda: layers.GroupNormalization(0), InputError, "groups"),
        (lambda: layers.LayerNormalization(3)(np.ones((2, 4))), ShapeError, "out of range"),
        (lambda: layers.BatchNormalization(axis=(1, 2)), InputError, "one axis"),
        (lambda: layers.BatchNormalization()(layers.Input((None,))), ShapeError, "must be known"),
        (lambda: layers.UnitNormalization("x"), InputError, "axis"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_spectral_normalization() -> None:
    layer = layers.SpectralNormalization(layers.Dense(4), power_iterations=60)
    x = make_input((3, 5), "float32")
    layer(x)
    layer.vector_u.assign(np.full((1, 4), 0.5, np.float32))
    kernel = layer.layer.kernel.numpy()
    close(layer(x), x @ kernel)  # untouched outside of training
    top = np.linalg.svd(kernel)[1][0]
    close(layer(x, training=True), x @ (kernel / top), {"rtol": 1e-4, "atol": 1e-4})
    close(layer.layer.kernel, kernel / top, {"rtol": 1e-4, "atol": 1e-4})
    u = np.linalg.svd(kernel.T)[0][:, 0]
    assert abs(abs(layer.vector_u.numpy()[0] @ u) - 1) < 1e-4
    assert [v.name for v in layer.trainable_weights] == ["kernel", "bias"]


@pytest.mark.parametrize(
    ("inner", "shape", "dtype"),
    [
        (layers.Conv2D(3, 2), (2, 5, 5, 2), "float32"),
        (layers.Embedding(6, 3), (2, 4), "int32"),
    ],
)
def test_spectral_normalization_of(inner, shape, dtype) -> None:
    layer = layers.SpectralNormalization(inner, power_iterations=40)
    x = make_input(shape, dtype)
    layer(x, training=True)
    for _ in range(2):
        layer(x, training=True)
    matrix = layer.kernel.numpy().reshape(-1, layer.kernel.shape[-1])
    assert abs(np.linalg.svd(matrix)[1][0] - 1) < 1e-3
    twin = layers.deserialize(layers.serialize(layer))
    assert twin.power_iterations == 40 and type(twin.layer) is type(inner)


def test_spectral_normalization_of_zeros_and_errors() -> None:
    layer = layers.SpectralNormalization(layers.Dense(2, kernel_initializer="zeros"))
    assert np.array_equal(layer(np.ones((1, 3)), training=True), np.zeros((1, 2)))
    with pytest.raises(InputError, match="no kernel and no embeddings"):
        layers.SpectralNormalization(layers.Flatten())(np.ones((1, 3)))
    with pytest.raises(InputError, match="power_iterations"):
        layers.SpectralNormalization(layers.Dense(2), power_iterations=0)
