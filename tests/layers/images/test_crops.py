"""Crops, flips, and bounding boxes of a fixed number."""

from __future__ import annotations

import numpy as np

from kerata import layers
from layers.check import close
from support import array

X = np.random.default_rng(0).uniform(0, 255, (5, 7, 9, 2)).astype("float32")


def test_center_crop():
    close(layers.CenterCrop(4, 3)(X), X[:, 1:5, 3:6])
    close(layers.CenterCrop(7, 9)(X), X)
    # Too low: the largest window of the aspect ratio, 7 rows by 3 columns, in another size.
    found = layers.CenterCrop(14, 6)(np.broadcast_to(X[:, :1, :1], X.shape))
    close(found, np.broadcast_to(X[:, :1, :1], (5, 14, 6, 2)), {"rtol": 1e-5, "atol": 1e-3})
    rows = np.arange(7.0)[:, None, None] * np.ones((7, 9, 1))
    close(array(layers.CenterCrop(14, 6)(rows))[2:4, 0, 0], [0.75, 1.25])


def test_random_crop():
    layer, places = layers.RandomCrop(3, 4, seed=1), []
    numbers = np.arange(63.0).reshape(1, 7, 9, 1)
    for _ in range(60):
        y = array(layer(numbers, training=True))[0, :, :, 0]
        top, left = divmod(int(y[0, 0]), 9)
        np.testing.assert_array_equal(y, numbers[0, top : top + 3, left : left + 4, 0])
        places.append((top, left))
    tops, lefts = (set(p) for p in zip(*places))
    assert tops == set(range(5)) and lefts == set(range(6))
    close(layer(X, training=False), X)


def test_random_crop_of_small_images():
    """As high as the crop, or lower: the middle, resized, as Keras does."""
    close(layers.RandomCrop(7, 9)(X, training=True), X)
    column = np.arange(10.0).reshape(1, 10, 1, 1) * np.ones((1, 10, 4, 1))
    y = array(layers.RandomCrop(6, 6)(column, training=True))
    assert y.shape == (1, 6, 6, 1)
    close(y[0, :, 0, 0], np.arange(3.0, 9.0))


def test_flips():
    want = {
        "horizontal": X[:, :, ::-1], "vertical": X[:, ::-1], "horizontal_and_vertical": X[:, ::-1, ::-1],
    }  # fmt: skip
    for mode, turned in want.items():
        layer = layers.RandomFlip(mode, seed=1)
        seen = [array(layer(X, training=True)) for _ in range(8)]
        kinds = {
            (np.array_equal(y[i], turned[i]), np.array_equal(y[i], X[i]))
            for y in seen
            for i in range(5)
        }
        assert kinds == {(True, False), (False, True)}
    many = np.tile(np.array([0.0, 1.0]).reshape(1, 1, 2, 1), (2000, 1, 1, 1))
    flipped = array(layers.RandomFlip("horizontal")(many, training=True))[:, 0, 0, 0]
    assert abs(flipped.mean() - 0.5) < 0.05


def test_number_of_boxes():
    boxes = np.arange(24.0).reshape(2, 3, 4).astype("float32")
    data = {
        "images": X[:2], "bounding_boxes": {"boxes": boxes, "labels": np.arange(6).reshape(2, 3)},
    }  # fmt: skip
    fewer = layers.MaxNumBoundingBoxes(2, bounding_box_format="xyxy")(data)["bounding_boxes"]
    close(fewer["boxes"], boxes[:, :2])
    assert array(fewer["labels"]).tolist() == [[0, 1], [3, 4]]
    more = layers.MaxNumBoundingBoxes(5, -7, bounding_box_format="xyxy")(data)["bounding_boxes"]
    close(array(more["boxes"])[:, :3], boxes)
    assert (array(more["boxes"])[:, 3:] == -7).all() and array(more["boxes"]).shape == (2, 5, 4)
    assert array(more["labels"])[:, 3:].tolist() == [[-7, -7], [-7, -7]]


def test_boxes_outside_of_a_crop_lose_their_label():
    data = {
        "images": X,
        "bounding_boxes": {
            "boxes": np.tile(np.array([[0.0, 0, 3, 7], [3, 1, 6, 5]], "float32"), (5, 1, 1)),
            "labels": np.tile(np.array([8, 9]), (5, 1)),
        },
    }
    found = layers.CenterCrop(4, 3, bounding_box_format="xyxy")(data)["bounding_boxes"]
    assert array(found["labels"])[0].tolist() == [-1, 9]
    close(array(found["boxes"])[0, 1], [0.0, 0, 3, 4])
