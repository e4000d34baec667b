"""Bounding boxes: their formats, overlaps, and their differences from anchors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import config, ops
from ..errors import InputError, ShapeError
from ..layers.images.boxes import (
    affine_transform,
    clip_to_image_size,
    columns,
    convert_format,
    crop,
    joined,
    pad,
)

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]


def _sides(image_shape: Sequence[int] | None) -> tuple[Any, Any]:
    return (None, None) if image_shape is None else (image_shape[0], image_shape[1])


def _corners(boxes: Any, style: str, image_shape: Sequence[int] | None, what: str) -> Any:
    if "rel" in style and image_shape is None:
        raise InputError(f"{what}: boxes as {style!r} need image_shape=(height, width, channels).")
    return convert_format(boxes, style, "xyxy", *_sides(image_shape))


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Sequence[int] | None = None,
) -> Any:
    """The overlap of each box with each of others: intersection over union.

    Args:
        boxes1: (m, 4) or (batch, m, 4).
        boxes2: (n, 4) or (batch, n, 4).
        bounding_box_format: How they are written; see `convert_format`.
        use_masking: Whether pairs with a box of negative corners, which fills up, get `mask_val`.
        mask_val: What such pairs get.
        image_shape: Height, width and channels; needed for relative formats.

    Returns:
        (m, n) or (batch, m, n).

    Raises:
        ShapeError: The boxes have other numbers of axes.
        InputError: A relative format without `image_shape`.

    >>> import numpy as np
    >>> compute_iou(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 3, 2], [5, 5, 6, 6]]), "xyxy").tolist()[0][1]
    0.0
    """
    both = [_corners(b, bounding_box_format, image_shape, "compute_iou") for b in (boxes1, boxes2)]
    for b in both:
        if ops.ndim(b) not in (2, 3):
            raise ShapeError(
                f"compute_iou: boxes need the shape (n, 4) or (batch, n, 4), got {ops.shape(b)}."
            )
    one, two = columns(both[0]), [ops.swapaxes(c, -1, -2) for c in columns(both[1])]
    width = ops.minimum(one[2], two[2]) - ops.maximum(one[0], two[0])
    height = ops.minimum(one[3], two[3]) - ops.maximum(one[1], two[1])
    shared = ops.maximum(width, 0.0) * ops.maximum(height, 0.0)
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (one, two)]
    found = shared / (areas[0] + areas[1] - shared + config.epsilon())
    if not use_masking:
        return found
    empty = [ops.max(b, axis=-1, keepdims=True) < 0.0 for b in both]
    void = ops.logical_or(empty[0], ops.swapaxes(empty[1], -1, -2))
    return ops.where(void, ops.cast(mask_val, ops.dtype(found)), found)


def compute_ciou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Sequence[int] | None = None
) -> Any:
    """The complete overlap of boxes with others, one by one (Zheng et al. 2020).

    Intersection over union, less the squared distance of the middles as a share of the squared diagonal
    of the smallest box around both, less a term for different aspect ratios.

    Args:
        boxes1, boxes2: (..., 4), of shapes that broadcast.
        bounding_box_format: How they are written, in pixels; see `convert_format`.
        image_shape: Height, width and channels; needed for relative formats.

    Raises:
        InputError: A relative format without `image_shape`.

    >>> import numpy as np
    >>> box = np.array([[0.0, 0, 2, 4]])
    >>> round(float(compute_ciou(box, box, "xyxy")[0]), 4)
    1.0
    """
    tiny = config.epsilon()
    one, two = (
        columns(_corners(b, bounding_box_format, image_shape, "compute_ciou")) for b in (boxes1, boxes2)
    )  # fmt: skip
    (w1, h1), (w2, h2) = ((c[2] - c[0], c[3] - c[1] + tiny) for c in (one, two))
    width = ops.minimum(one[2], two[2]) - ops.maximum(one[0], two[0])
    height = ops.minimum(one[3], two[3]) - ops.maximum(one[1], two[1])
    shared = ops.maximum(width, 0.0) * ops.maximum(height, 0.0)
    iou = shared / (w1 * h1 + w2 * h2 - shared + 2 * tiny)
    around = [ops.maximum(one[i + 2], two[i + 2]) - ops.minimum(one[i], two[i]) for i in (0, 1)]
    apart = [(one[i] + one[i + 2] - two[i] - two[i + 2]) / 2 for i in (0, 1)]
    diagonal = around[0] ** 2 + around[1] ** 2 + tiny
    v = 4 / math.pi**2 * (ops.arctan(w2 / h2) - ops.arctan(w1 / h1)) ** 2
    alpha = v / (v - iou + (1 + tiny))
    found = iou - ((apart[0] ** 2 + apart[1] ** 2) / diagonal + v * alpha)
    return ops.squeeze(found, axis=-1)


_ENCODINGS = ("center_xywh", "center_yxhw")


def _encoding(name: str, what: str, variance: Any) -> Any:
    """The variance as a tensor of four numbers, or ``None``; both arguments checked."""
    if name not in _ENCODINGS:
        raise InputError(f"{what} must be one of {_ENCODINGS}, got {name!r}.")
    if variance is None:
        return None
    variance = ops.convert_to_tensor(variance, "float32")
    if ops.shape(variance)[-1:] != (4,):
        raise ShapeError(f"variance must hold 4 numbers, got the shape {ops.shape(variance)}.")
    return variance


def encode_box_to_deltas(
    anchors: Any,
    boxes: Any,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Sequence[int] | None = None,
) -> Any:
    """What is to be added to anchors to get boxes, in the way of Faster R-CNN (Ren et al. 2015).

    The distances of the middles as shares of the anchor's sides, and the logarithms of the ratios of the
    sides.

    Args:
        anchors, boxes: (..., 4), one box for each anchor.
        anchor_format, box_format: How they are written; see `convert_format`.
        encoding_format: Order of the result: ``center_yxhw`` or ``center_xywh``.
        variance: Four numbers that the result is divided by.
        image_shape: Height, width and channels; needed between relative and absolute formats.

    Raises:
        InputError: Another encoding format.
        ShapeError: `variance` has not 4 numbers.

    >>> deltas = encode_box_to_deltas([[0.0, 0, 4, 4]], [[1.0, 1, 5, 5]], "xyxy", "xyxy")
    >>> deltas.tolist()
    [[0.25, 0.25, 0.0, 0.0]]
    """
    variance = _encoding(encoding_format, "encode_box_to_deltas: encoding_format", variance)
    sides = _sides(image_shape)
    start = convert_format(anchors, anchor_format, encoding_format, *sides)
    goal = convert_format(boxes, box_format, encoding_format, *sides)
    size, new = (ops.maximum(b[..., 2:], config.epsilon()) for b in (start, goal))
    deltas = joined((goal[..., :2] - start[..., :2]) / size, ops.log(new / size))
    return deltas if variance is None else deltas / variance


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Sequence[int] | None = None,
) -> Any:
    """Boxes out of anchors and what `encode_box_to_deltas` gave.

    Args:
        anchors: (..., 4), or a dict of such for levels.
        boxes_delta: Alike.
        anchor_format, box_format: How anchors are, and boxes are to be written.
        encoded_format: Order of the differences: ``center_yxhw`` or ``center_xywh``.
        variance: Four numbers that the differences are multiplied by.
        image_shape: Height, width and channels; needed between relative and absolute formats.

    Raises:
        InputError: Another encoded format.
        ShapeError: `variance` has not 4 numbers.

    >>> import numpy as np
    >>> boxes = decode_deltas_to_boxes([[0.0, 0, 4, 4]], np.array([[0.25, 0.25, 0, 0]]), "xyxy", "xyxy")
    >>> boxes.tolist()
    [[1.0, 1.0, 5.0, 5.0]]
    """
    variance = _encoding(encoded_format, "decode_deltas_to_boxes: encoded_format", variance)
    sides = _sides(image_shape)

    def decoded(anchor: Any, delta: Any) -> Any:
        start = convert_format(anchor, anchor_format, encoded_format, *sides)
        delta = ops.convert_to_tensor(delta)
        delta = delta if variance is None else delta * variance
        size = start[..., 2:]
        goal = joined(delta[..., :2] * size + start[..., :2], ops.exp(delta[..., 2:]) * size)
        return convert_format(goal, encoded_format, box_format, *sides)

    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        return {level: decoded(anchor, boxes_delta[level]) for level, anchor in anchors.items()}
    return decoded(anchors, boxes_delta)
