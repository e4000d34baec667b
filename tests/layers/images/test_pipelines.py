"""Layers for images inside the pipelines of other libraries, and in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from kerata import layers
from kerata.engine import engine
from kerata.errors import ShapeError
from support import array

X = np.random.default_rng(0).integers(0, 255, (6, 8, 9, 3)).astype("uint8")


def test_python_lists_and_loaders_of_torch():
    torch = pytest.importorskip("torch")
    crop = layers.Pipeline([layers.RandomCrop(4, 5, seed=1), layers.RandomFlip(seed=1)])

    class Images(torch.utils.data.Dataset):
        def __len__(self):
            return len(X)

        def __getitem__(self, i):
            return np.asarray(array(crop(X[i], training=True)))

    batches = list(torch.utils.data.DataLoader(Images(), batch_size=4))
    assert [tuple(b.shape) for b in batches] == [(4, 4, 5, 3), (2, 4, 5, 3)]
    y = crop(torch.from_numpy(X))  # tensors of that library become the engine's
    assert engine().is_tensor(y) and tuple(y.shape) == (6, 4, 5, 3)


@pytest.fixture
def tf():
    return pytest.importorskip("tensorflow")


def test_tf_data(tf):
    layer = layers.Pipeline([layers.CenterCrop(4, 4), layers.RandomFlip(seed=1)])
    data = tf.data.Dataset.from_tensor_slices(X).map(layer).batch(4)
    assert data.element_spec.shape.as_list() == [None, 4, 4, 3]
    found = np.concatenate([b.numpy() for b in data])
    crops = X[:, 2:6, 2:6].astype("float32")
    for y, x in zip(found, crops):
        assert np.array_equal(y, x) or np.array_equal(y, x[::-1, ::-1])
    assert 0 < sum(np.array_equal(y, x) for y, x in zip(found, crops)) < 6


def test_tf_data_of_batches_with_labels(tf):
    layer = layers.MixUp(seed=1)
    data = tf.data.Dataset.from_tensor_slices({"images": X, "labels": np.eye(6, dtype="float32")})
    data = data.batch(4).map(lambda d: layer(d, training=True))
    assert data.element_spec["images"].shape.as_list() == [None, 8, 9, 3]
    assert data.element_spec["labels"].dtype == tf.float32
    batches = list(data)
    assert [b["labels"].shape[0] for b in batches] == [4, 2]
    for b in batches:
        np.testing.assert_allclose(b["labels"].numpy().sum(1), 1, rtol=1e-5)


def test_tf_data_of_unknown_sizes(tf):
    def images():
        for n in (6, 8, 9):
            yield np.full((n, n + 1, 3), n, "float32")

    spec = tf.TensorSpec((None, None, 3), tf.float32)
    data = tf.data.Dataset.from_generator(images, output_signature=spec)
    cropped = data.map(layers.CenterCrop(4, 4)).batch(3)
    assert cropped.element_spec.shape.as_list() == [None, 4, 4, 3]
    assert [float(x[0, 0, 0]) for x in next(iter(cropped))] == [6, 8, 9]
    changed = [x.shape.as_list() for x in data.map(layers.RandomBrightness(0.2))]
    assert changed == [[6, 7, 3], [8, 9, 3], [9, 10, 3]]
    rankless = data.map(lambda x: tf.numpy_function(lambda v: v, [x], tf.float32))
    with pytest.raises(ShapeError, match="set_shape"):
        rankless.map(layers.RandomFlip())


def test_boxes_in_tf_data(tf):
    layer = layers.RandomFlip("horizontal", bounding_box_format="xyxy", seed=1)
    boxes = {"boxes": np.tile([[1.0, 2, 3, 4]], (24, 1, 1)), "labels": np.ones((24, 1), "int32")}
    images = np.concatenate([X] * 4)
    data = tf.data.Dataset.from_tensor_slices({"images": images, "bounding_boxes": boxes})
    for same_sizes in (True, False):
        batches = data.batch(12, drop_remainder=same_sizes).map(layer)
        found = [b["bounding_boxes"]["boxes"].numpy().reshape(12, 4) for b in batches]
        assert {tuple(b) for b in found[0].tolist()} == {(1, 2, 3, 4), (6, 2, 8, 4)}
        assert not np.array_equal(*found), "each batch has draws of its own"
