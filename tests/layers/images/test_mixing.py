"""MixUp, CutMix, random erasing."""

from __future__ import annotations

import numpy as np

from kerata import layers
from layers.check import close
from support import array

N = 200
# Each image is of one colour, by which it is known.
X = np.tile(np.arange(N, dtype="float32").reshape(N, 1, 1, 1), (1, 8, 10, 1))
HOT = np.eye(N, dtype="float32")


def test_mix_up():
    data = {"images": X, "labels": HOT, "segmentation_masks": X[..., 0], "other": 1}
    found = layers.MixUp(0.3, seed=1)(data, training=True)
    images, labels = array(found["images"]), array(found["labels"])
    assert np.ptp(images, axis=(1, 2, 3)).max() < 1e-3
    close(images[:, 0, 0, 0], labels @ np.arange(N), {"rtol": 1e-4, "atol": 1e-3})
    close(array(found["segmentation_masks"])[:, 0, 0], images[:, 0, 0, 0], {"atol": 1e-3})
    close(labels.sum(1), np.ones(N))
    assert np.all((labels > 0).sum(1) <= 2)
    close(np.sort(labels.sum(0) > 0)[-N // 2 :], np.ones(N // 2))
    weights = np.diag(labels)
    assert (weights < 0.1).mean() > 0.2 and (weights > 0.9).mean() > 0.2  # beta(0.3, 0.3)
    scalars = layers.MixUp(seed=1)({"images": X, "labels": np.arange(N)}, training=True)
    close(array(scalars["labels"]), array(scalars["images"])[:, 0, 0, 0], {"atol": 1e-3})


def test_mix_up_keeps_the_boxes_of_both():
    boxes = np.arange(N * 8, dtype="float32").reshape(N, 2, 4)
    data = {"images": X, "bounding_boxes": {"boxes": boxes, "labels": np.tile([[1, 2]], (N, 1))}}
    found = layers.MixUp(seed=1, bounding_box_format="xyxy")(data, training=True)["bounding_boxes"]
    close(array(found["boxes"])[:, :2], boxes)
    assert sorted(array(found["boxes"])[:, 2:].reshape(-1).tolist()) == list(range(N * 8))
    assert array(found["labels"])[3].tolist() == [1, 2, 1, 2]


def test_cut_mix():
    data = {"images": X, "labels": HOT, "segmentation_masks": X[..., 0]}
    found = layers.CutMix((0.9, 0.9), seed=1)(data, training=True)
    images, labels = array(found["images"])[..., 0], array(found["labels"])
    np.testing.assert_array_equal(array(found["segmentation_masks"]), images)
    close(labels.sum(1), np.ones(N))
    shares = []
    for i, image in enumerate(images):
        other = set(np.unique(image)) - {float(i)}
        assert len(other) <= 1
        if other:
            rows, columns = np.nonzero(image == other.pop())
            area = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
            assert len(rows) == area  # a rectangle
            shares.append((area / 80, 1 - labels[i, i]))
    drawn, told = np.array(shares).T
    assert len(shares) > N / 2 and np.abs(drawn - told).max() < 0.25
    assert abs(drawn.mean() - told.mean()) < 0.06


def test_erasing():
    layer = layers.RandomErasing((1.0, 1.0), (0.25, 0.25), (1000.0, 2, 3), (0, 2000), seed=1)
    x = np.full((N, 8, 10, 3), 50.0, "float32")
    y = array(layer(x, training=True))
    hole = y[..., 0] == 1000
    assert np.all(y[hole] == [1000, 2, 3]) and np.all(y[~hole] == 50)
    for mask in hole:
        rows = np.nonzero(mask)[0]
        assert set(rows) == set(range(rows.min(), rows.max() + 1)) and mask.sum() == 4 * 5
    assert len({tuple(np.argwhere(m)[0]) for m in hole}) > 10
    half = array(layers.RandomErasing((0.5, 0.5), seed=1)(x, training=True))
    assert 0.35 < np.any(half != 50, axis=(1, 2, 3)).mean() < 0.65
    assert half.min() >= 0 and half.max() <= 255


def test_the_batch_of_one_image_is_that_image():
    close(layers.MixUp()(X[7], training=True), X[7])
    close(layers.CutMix()(X[7], training=True), X[7])
