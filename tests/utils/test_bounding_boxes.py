"""Bounding boxes: formats, overlaps, anchors, maps of the plane."""

from __future__ import annotations

import numpy as np
import pytest

from kerata.errors import InputError, ShapeError
from kerata.layers.images.boxes import FORMATS, through
from kerata.utils import bounding_boxes as boxes
from layers.check import close
from support import array

numbers = np.random.default_rng(0)


def corners(*shape):
    found = numbers.uniform(0, 20, (*shape, 4)).astype("float32")
    found[..., 2:] += found[..., :2] + 1
    return found


A, B = corners(2, 3), corners(2, 5)
# One box in an image of 40 rows and 80 columns, written in each way.
ONE = {
    "xyxy": [8, 10, 24, 30],
    "yxyx": [10, 8, 30, 24],
    "xywh": [8, 10, 16, 20],
    "center_xywh": [16, 20, 16, 20],
    "center_yxhw": [20, 16, 20, 16],
    "rel_xyxy": [0.1, 0.25, 0.3, 0.75],
    "rel_yxyx": [0.25, 0.1, 0.75, 0.3],
    "rel_xywh": [0.1, 0.25, 0.2, 0.5],
    "rel_center_xywh": [0.2, 0.5, 0.2, 0.5],
}


def test_all_formats_are_known():
    assert set(ONE) == set(FORMATS)


@pytest.mark.parametrize("source", FORMATS)
def test_convert_format(source):
    for target, want in ONE.items():
        found = boxes.convert_format([[ONE[source]]], source, target.upper(), 40, 80)
        close(found, np.array([[want]], "float32"), {"rtol": 1e-5, "atol": 1e-5})
    data = {"boxes": np.array([ONE[source]]), "labels": [1]}
    found = boxes.convert_format(data, source, "xyxy", 40, 80)
    assert found["labels"] == [1] and data["boxes"].tolist() == [ONE[source]]
    close(found["boxes"], np.array([ONE["xyxy"]], "float32"))


def test_convert_format_errors():
    with pytest.raises(InputError, match="needs the image's size"):
        boxes.convert_format(A, "xyxy", "rel_xyxy", height=3)
    with pytest.raises(InputError, match="source must be a format"):
        boxes.convert_format(A, "corners", "xyxy")
    with pytest.raises(ShapeError, match="4 numbers"):
        boxes.convert_format(A[..., :3], "xyxy", "xywh")


def overlap(a, b):
    w = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    area = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return w * h / (area[0] + area[1] - w * h)


def test_compute_iou():
    want = np.array([[[overlap(a, b) for b in B[n]] for a in A[n]] for n in range(2)], "float32")
    close(boxes.compute_iou(A, B, "xyxy"), want, {"atol": 1e-5})
    close(boxes.compute_iou(A[0], B[0], "xyxy"), want[0], {"atol": 1e-5})
    shares = [boxes.convert_format(v, "xyxy", "rel_xywh", 40, 80) for v in (A, B)]
    close(boxes.compute_iou(*shares, "rel_xywh", image_shape=(40, 80, 3)), want, {"atol": 1e-4})
    filled = np.concatenate([B, np.full((2, 1, 4), -1, "float32")], 1)
    found = array(boxes.compute_iou(A, filled, "xyxy", use_masking=True, mask_val=-5))
    assert np.all(found[..., -1] == -5)
    close(found[..., :-1], want, {"atol": 1e-5})
    with pytest.raises(InputError, match="image_shape"):
        boxes.compute_iou(A, B, "rel_xyxy")
    with pytest.raises(ShapeError, match="batch, n, 4"):
        boxes.compute_iou(A[0, 0], B, "xyxy")


def test_compute_ciou():
    a, b = A[0], B[0, :3]
    want = []
    for p, q in zip(a.astype(float), b.astype(float)):
        (w1, h1), (w2, h2) = ((c[2] - c[0], c[3] - c[1]) for c in (p, q))
        wide = max(p[2], q[2]) - min(p[0], q[0]), max(p[3], q[3]) - min(p[1], q[1])
        apart = (p[0] + p[2] - q[0] - q[2]) / 2, (p[1] + p[3] - q[1] - q[3]) / 2
        v = 4 / np.pi**2 * (np.arctan(w2 / h2) - np.arctan(w1 / h1)) ** 2
        iou = overlap(p, q)
        away = np.dot(apart, apart) / np.dot(wide, wide)
        want.append(iou - away - v * v / (1 - iou + v))
    close(boxes.compute_ciou(a, b, "xyxy"), np.array(want, "float32"), {"atol": 1e-4})


def test_anchors_there_and_back():
    for kind in ("center_xywh", "center_yxhw"):
        for variance in (None, [0.1, 0.1, 0.2, 0.3]):
            deltas = boxes.encode_box_to_deltas(A, B[:, :3], "xyxy", "xyxy", kind, variance)
            back = boxes.decode_deltas_to_boxes(A, deltas, "xyxy", "xyxy", kind, variance)
            close(back, B[:, :3], {"rtol": 1e-4, "atol": 1e-3})
    levels = boxes.decode_deltas_to_boxes({"P3": A}, {"P3": np.zeros_like(A)}, "xyxy", "xywh")
    close(levels["P3"], boxes.convert_format(A, "xyxy", "xywh"), {"atol": 1e-4})
    with pytest.raises(InputError, match="encoding_format"):
        boxes.encode_box_to_deltas(A, A, "xyxy", "xyxy", "xyxy")
    with pytest.raises(ShapeError, match="4 numbers"):
        boxes.decode_deltas_to_boxes(A, A, "xyxy", "xyxy", variance=[1.0, 2.0])


def test_crop_pad_clip():
    close(boxes.crop(A, 2, 3, 9, 8), np.clip(A - [3, 2, 3, 2], 0, [8, 9, 8, 9]).astype("float32"))
    close(boxes.pad(A, 2, 3), A + np.array([3, 2, 3, 2], "float32"))
    found = boxes.clip_to_image_size(
        {"boxes": np.array([[-1.0, 0, 0.5, 2], [2, 0, 3, 1]]), "labels": np.array([3, 4])},
        bounding_box_format="rel_xyxy",
    )
    assert array(found["boxes"]).tolist() == [[0, 0, 0.5, 1], [1, 0, 1, 1]]
    assert array(found["labels"]).tolist() == [3, -1]
    with pytest.raises(InputError, match="needs the image's size"):
        boxes.clip_to_image_size({"boxes": A})
    for fn in (boxes.crop, boxes.pad):
        with pytest.raises(InputError, match="'xyxy'"):
            fn(A, 1, 2, 3, 4, bounding_box_format="xywh")


def around(points):
    return np.concatenate([points.min(-2), points.max(-2)], -1)


def four(box):
    return np.array([[box[i], box[j]] for i in (0, 2) for j in (1, 3)])


def test_affine_transform():
    """Turned about a point, then scaled."""
    one, zero = np.ones(2, "float32"), np.zeros(2, "float32")
    found = boxes.affine_transform(
        A, 30 * one, zero, zero, 1.5 * one, zero, zero, 31, 41, 0.25, 0.5
    )
    turn = np.deg2rad(-30)
    matrix = 1.5 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array([10.0, 15.0])
    want = [[around((four(b) - middle) @ matrix.T + middle) for b in row] for row in A]
    close(found, np.array(want, "float32"), {"rtol": 1e-4, "atol": 1e-3})
    moved = boxes.affine_transform(A, zero, 0.1 * one, 0.2 * one, one, zero, zero, 31, 41)
    close(moved, A + np.array([4, 6, 4, 6], "float32"), {"rtol": 1e-4, "atol": 1e-3})
    with pytest.raises(InputError, match="'xyxy'"):
        boxes.affine_transform(A, one, one, one, one, one, one, 3, 3, bounding_box_format="xywh")


def test_boxes_through_a_projection():
    transform = np.array([1.1, 0.2, 3, -0.1, 0.9, 2, 0.01, 0.02], "float32")
    inverse = np.linalg.inv(np.append(transform, 1).reshape(3, 3).astype(float))

    def mapped(points):
        out = np.concatenate([points, np.ones((4, 1))], 1) @ inverse.T
        return out[:, :2] / out[:, 2:]

    want = [[around(mapped(four(b))) for b in row] for row in A]
    found = through(A, np.tile(transform, (2, 1)))
    close(found, np.array(want, "float32"), {"rtol": 1e-3, "atol": 1e-2})
