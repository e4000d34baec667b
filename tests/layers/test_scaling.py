"""Normalization of features, value ranges, image sizes."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import config, layers, ops
from kerata.errors import InputError, NotBuiltError, ShapeError
from layers.check import check_layer, close, make_input

X = make_input((20, 3), "float32") * 3 + 7

CASES = [
    (layers.Normalization, {"mean": 2.0, "variance": 4.0}, lambda x: (x - 2) / 2),
    (
        layers.Normalization,
        {"mean": [1, 2, 3], "variance": [1, 4, 9], "invert": True},
        lambda x: x * [1, 2, 3] + [1, 2, 3],
    ),
    (layers.Normalization, {"axis": None}, lambda x: x),
    (layers.Normalization, {"axis": (1, -1)}, lambda x: x),
    (
        layers.Normalization,
        {"axis": (1, 2), "mean": [0, 0, 5], "variance": [1, 1, 1]},
        lambda x: x - [0, 0, 5],
    ),
    (layers.Rescaling, {"scale": 0.5, "offset": 1.0}, lambda x: x / 2 + 1),
    (
        layers.Rescaling,
        {"scale": [1, 2, 3], "offset": [0.0, 1.0, 2.0]},
        lambda x: x * [1, 2, 3] + [0, 1, 2],
    ),
]


@pytest.mark.parametrize("cls, arguments, expected", CASES)
def test_layer(cls, arguments, expected):
    check_layer(cls, arguments, (2, 4, 3), expected=expected)


def batches():
    for i in range(0, 20, 6):
        yield X[i : i + 6]


class Rows:
    """A sequence of batches, as `PyDataset` is."""

    def __len__(self):
        return 2

    def __getitem__(self, i):
        return X[10 * i : 10 * i + 10], np.zeros(10)


DATA = {
    "array": X,
    "nested lists": X.tolist(),
    "list of batches": list(batches()),
    "generator": batches(),
    "pairs": [(b, b) for b in batches()],
    "sequence": Rows(),
}


@pytest.mark.parametrize("data", DATA.values(), ids=DATA.keys())
def test_adapt(data):
    layer = layers.Normalization()
    layer.adapt(data)
    close(layer.mean, X.mean(0, keepdims=True))
    close(layer.variance, X.var(0, keepdims=True), {"rtol": 1e-4})
    y = np.asarray(layer(X))
    close(y.mean(0), np.zeros(3), {"atol": 1e-4})
    close(y.std(0), np.ones(3), {"atol": 1e-4})
    assert [w.name for w in layer.weights] == ["mean", "variance", "count"]
    assert layer.trainable_weights == []


def test_adapt_pandas_and_engine_tensors():
    pandas = pytest.importorskip("pandas")
    from kerata import ops

    for data in (pandas.DataFrame(X), ops.array(X)):
        layer = layers.Normalization()
        layer.adapt(data)
        close(layer.mean, X.mean(0, keepdims=True))


@pytest.mark.parametrize(
    "axis, over", [(None, (0, 1, 2)), (-1, (0, 1)), (1, (0, 2)), ((1, 2), (0,))]
)
def test_adapt_axes(axis, over):
    x = make_input((10, 4, 3), "float32")
    layer = layers.Normalization(axis=axis)
    layer.adapt(x)
    close(layer.mean, x.mean(over, keepdims=True), {"atol": 1e-5})
    close(
        layer(x[:2]),
        (x[:2] - x.mean(over, keepdims=True)) / x.std(over, keepdims=True),
        {"atol": 1e-4},
    )


def test_adapt_replaces_and_stays_exact():
    layer = layers.Normalization()
    layer.adapt(X)
    far = (np.random.default_rng(0).standard_normal((1000, 3)) + 1e4).astype("float32")
    layer.adapt(np.array_split(far, 7))
    close(layer.variance, far.astype("float64").var(0, keepdims=True), {"rtol": 1e-5})


def test_inverse():
    layer, back = layers.Normalization(), layers.Normalization(invert=True)
    layer.adapt(X)
    back.adapt(X)
    close(back(layer(X)), X, {"rtol": 1e-5})


def test_saved_statistics():
    layer = layers.Normalization()
    layer.adapt(X)
    other = layers.Normalization.from_config(layer.get_config())
    other.build((None, 3))
    store = {}
    layer.save_own_variables(store)
    other.load_own_variables(store)
    close(other(X), layer(X))


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: layers.Normalization(mean=1.0), InputError, "both"),
        (lambda: layers.Normalization(mean=[1.0], variance=1.0), ShapeError, "one shape"),
        (
            lambda: layers.Normalization(axis=None, mean=[1.0], variance=[1.0]),
            ShapeError,
            "more axes",
        ),
        (lambda: layers.Normalization().mean, NotBuiltError, "adapt"),
        (lambda: layers.Normalization().adapt([]), InputError, "no data"),
        (lambda: layers.Normalization().adapt(iter(())), InputError, "no data"),
        (lambda: layers.Normalization().adapt(3), InputError, "arrays or batches"),
        (lambda: layers.Normalization().adapt([X, X[:, :2]]), ShapeError, "does not fit"),
        (lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(X), InputError, "was given"),
        (lambda: layers.Normalization(5)(X), ShapeError, "out of range"),
        (lambda: layers.Normalization()(layers.Input((None,))), ShapeError, "must be known"),
    ],
)
def test_normalization_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_rescaling_of_integers_and_formats():
    y = layers.Rescaling(1 / 255)(np.full((1, 2, 2, 3), 255, "uint8"))
    assert ops.dtype(y) == "float32" and np.all(np.asarray(y) == 1)
    config.set_image_data_format("channels_first")
    try:
        y = layers.Rescaling([1, 2], offset=[0, 1])(np.ones((1, 2, 3, 4), "float32"))
    finally:
        config.set_image_data_format("channels_last")
    assert np.all(np.asarray(y)[:, 0] == 1) and np.all(np.asarray(y)[:, 1] == 3)


RESIZED = [
    ({}, (2, 4, 6, 3), (2, 5, 3, 3)),
    ({"interpolation": "nearest"}, (2, 4, 6, 3), (2, 5, 3, 3)),
    ({"interpolation": "BICUBIC", "antialias": True}, (2, 4, 6, 3), (2, 5, 3, 3)),
    ({"crop_to_aspect_ratio": True}, (2, 4, 6, 3), (2, 5, 3, 3)),
    ({"pad_to_aspect_ratio": True, "fill_value": 2.0}, (2, 4, 6, 3), (2, 5, 3, 3)),
    ({"data_format": "channels_first"}, (2, 3, 4, 6), (2, 3, 5, 3)),
]


@pytest.mark.parametrize("arguments, shape, result", RESIZED)
def test_resizing(arguments, shape, result):
    out = check_layer(layers.Resizing, {"height": 5, "width": 3, **arguments}, shape)
    assert out.shape == result


def test_resizing_keeps_integers_and_takes_dicts():
    image = np.arange(16, dtype="uint8").reshape(4, 4, 1)
    y = layers.Resizing(2, 2)(image)
    assert ops.dtype(y) == "uint8" and y.shape == (2, 2, 1)
    out = layers.Resizing(2, 2)(
        {"images": image[None], "segmentation_masks": image[None], "labels": np.ones(1)}
    )
    assert out["images"].shape == out["segmentation_masks"].shape == (1, 2, 2, 1)
    assert np.isin(np.asarray(out["segmentation_masks"]), image).all()
    with pytest.raises(InputError, match="bounding_boxes"):
        layers.Resizing(2, 2)({"images": image[None], "bounding_boxes": np.ones((1, 4))})


def test_in_a_pipeline_of_tensorflow() -> None:
    """Whatever the engine."""
    tf = pytest.importorskip("tensorflow")
    x = np.random.default_rng(0).normal(size=(10, 6, 6, 3)).astype("float32")
    normal = layers.Normalization()
    normal.adapt(x)
    chain = [layers.Rescaling(2.0, 1.0), normal, layers.Resizing(3, 3)]

    def run(batch):
        for layer in chain:
            batch = layer(inputs=batch) if layer is normal else layer(batch)
        return batch

    found = np.concatenate(
        [b.numpy() for b in tf.data.Dataset.from_tensor_slices(x).batch(4).map(run)]
    )
    np.testing.assert_allclose(found, np.asarray(run(x)), rtol=1e-5, atol=1e-5)
