"""Bounding boxes as numbers: their formats, clipping, and their images under maps of the plane."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import ops
from ...errors import InputError, ShapeError

FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw",
    "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip


def columns(boxes: Any) -> list[Any]:
    """The four numbers of boxes (..., 4), each (..., 1)."""
    return ops.split(boxes, 4, axis=-1)


def joined(*parts: Any) -> Any:
    """Boxes (..., 4) out of four columns."""
    return ops.concatenate(list(parts), axis=-1)


def _to_corners(layout: str, boxes: Any) -> Any:
    a, b, c, d = columns(boxes)
    if layout == "xywh":
        return joined(a, b, a + c, b + d)
    if layout == "yxyx":
        return joined(b, a, d, c)
    if layout == "center_yxhw":
        a, b, c, d = b, a, d, c
    if layout.startswith("center"):
        return joined(a - c / 2.0, b - d / 2.0, a + c / 2.0, b + d / 2.0)
    return boxes


def _from_corners(layout: str, boxes: Any) -> Any:
    x1, y1, x2, y2 = columns(boxes)
    w, h = x2 - x1, y2 - y1
    if layout == "xywh":
        return joined(x1, y1, w, h)
    if layout == "yxyx":
        return joined(y1, x1, y2, x2)
    if layout == "center_xywh":
        return joined(x1 + w / 2.0, y1 + h / 2.0, w, h)
    if layout == "center_yxhw":
        return joined(y1 + h / 2.0, x1 + w / 2.0, h, w)
    return boxes


def scaled(boxes: Any, x: Any, y: Any) -> Any:
    """Boxes of corners with their abscissas times `x` and ordinates times `y`."""
    x1, y1, x2, y2 = columns(boxes)
    return joined(x1 * x, y1 * y, x2 * x, y2 * y)


def _as_shares(boxes: Any, width: Any, height: Any) -> Any:
    x1, y1, x2, y2 = columns(boxes)
    return joined(x1 / width, y1 / height, x2 / width, y2 / height)


def _checked(name: str, what: str) -> str:
    found = name.lower() if isinstance(name, str) else name
    if found not in FORMATS:
        raise InputError(
            f"convert_format: {what} must be a format of bounding boxes, got {name!r}. "
            f"There are: {', '.join(FORMATS)}."
        )
    return found


def convert_format(
    boxes: Any,
    source: str,
    target: str,
    height: Any = None,
    width: Any = None,
    dtype: str = "float32",
) -> Any:
    """Boxes of one format in another.

    Absolute formats count pixels, those that begin with ``rel_`` are shares of the image's sides.

    Args:
        boxes: Numbers (..., 4), or a dict with such under ``boxes``, of which a copy is given back.
        source, target: ``xyxy`` (left, top, right, bottom), ``yxyx``, ``xywh`` (left, top, width,
            height), ``center_xywh``, ``center_yxhw``, or ``rel_`` and one of them but the last.
        height, width: Of the image; needed between relative and absolute formats.
        dtype: dtype of the result.

    Raises:
        InputError: An unknown format, or a size of the image is missing.
        ShapeError: The last axis has not 4 elements.

    >>> convert_format([[10.0, 20.0, 30.0, 60.0]], "xyxy", "center_xywh").tolist()
    [[20.0, 40.0, 20.0, 40.0]]
    >>> convert_format([[10.0, 20.0, 30.0, 60.0]], "xyxy", "rel_yxyx", height=80, width=40).tolist()
    [[0.25, 0.25, 0.75, 0.75]]
    """
    if isinstance(boxes, dict):
        new = convert_format(boxes["boxes"], source, target, height, width, dtype)
        return {**boxes, "boxes": new}
    source, target = _checked(source, "source"), _checked(target, "target")
    from_share, to_share = source.startswith("rel_"), target.startswith("rel_")
    if (from_share or to_share) and (height is None or width is None):
        raise InputError(
            f"convert_format: from {source!r} to {target!r} needs the image's size, got height={height} "
            f"and width={width}. Give both."
        )
    boxes = ops.convert_to_tensor(boxes)
    if ops.shape(boxes)[-1] != 4:
        raise ShapeError(
            f"convert_format: boxes need 4 numbers on the last axis, got {ops.shape(boxes)}."
        )
    boxes = ops.cast(boxes, dtype)
    if source == target:
        return boxes
    corners = _to_corners(source.removeprefix("rel_"), boxes)
    if from_share != to_share:
        width, height = ops.cast(width, dtype), ops.cast(height, dtype)
        corners = (scaled if from_share else _as_shares)(corners, width, height)
    return _from_corners(target.removeprefix("rel_"), corners)


def _area(boxes: Any) -> Any:
    x1, y1, x2, y2 = columns(boxes)
    return ops.squeeze((x2 - x1) * (y2 - y1), axis=-1)


def clip_to_image_size(
    bounding_boxes: dict[str, Any],
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> dict[str, Any]:
    """Boxes without what lies outside the image; labels of those of which nothing is left become -1.

    Args:
        bounding_boxes: A dict with ``boxes`` (..., 4) and, if there are any, ``labels`` (...).
        height, width: Of the image; needed for ``xyxy``.
        bounding_box_format: ``xyxy`` or ``rel_xyxy``.

    Raises:
        InputError: Another format, or a size of the image is missing.

    >>> import numpy as np
    >>> found = clip_to_image_size(
    ...     {"boxes": np.array([[-2.0, 1, 3, 9], [8, 8, 9, 9]]), "labels": np.array([5, 6])}, 4, 4
    ... )
    >>> found["boxes"].tolist(), found["labels"].tolist()
    ([[0.0, 1.0, 3.0, 4.0], [4.0, 4.0, 4.0, 4.0]], [5, -1])
    """
    if bounding_box_format not in ("xyxy", "rel_xyxy"):
        raise InputError(
            f"clip_to_image_size takes boxes as 'xyxy' or 'rel_xyxy', got {bounding_box_format!r}. Use "
            f"convert_format first."
        )
    if bounding_box_format == "rel_xyxy":
        height = width = 1.0
    elif height is None or width is None:
        raise InputError(
            f"clip_to_image_size: 'xyxy' needs the image's size, got height={height} and width={width}."
        )
    boxes = ops.convert_to_tensor(bounding_boxes["boxes"])
    x1, y1, x2, y2 = columns(boxes)
    boxes = joined(
        ops.clip(x1, 0, width), ops.clip(y1, 0, height), ops.clip(x2, 0, width), ops.clip(y2, 0, height)
    )  # fmt: skip
    out = {**bounding_boxes, "boxes": boxes}
    if bounding_boxes.get("labels") is not None:
        labels = ops.convert_to_tensor(bounding_boxes["labels"])
        out["labels"] = ops.where(_area(boxes) > 0, labels, ops.cast(-1, ops.dtype(labels)))
    return out


def crop(
    boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy"
) -> Any:
    """Boxes as they lie in a window of the image, without what is outside of it.

    Args:
        boxes: Corners (..., 4) in pixels of the whole image.
        top, left: Place of the window.
        height, width: Its size.
        bounding_box_format: ``xyxy``.

    Raises:
        InputError: Another format.

    >>> import numpy as np
    >>> crop(np.array([[2.0, 2, 8, 8]]), top=1, left=3, height=4, width=4).tolist()
    [[0.0, 1.0, 4.0, 4.0]]
    """
    _only_corners("crop", bounding_box_format)
    top, left, height, width = (_operand(v) for v in (top, left, height, width))
    x1, y1, x2, y2 = columns(ops.convert_to_tensor(boxes))
    return joined(
        ops.clip(x1 - left, 0, width),
        ops.clip(y1 - top, 0, height),
        ops.clip(x2 - left, 0, width),
        ops.clip(y2 - top, 0, height),
    )


def pad(
    boxes: Any,
    top: Any,
    left: Any,
    height: Any = None,
    width: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """Boxes as they lie in an image that has got margins.

    Args:
        boxes: Corners (..., 4) in pixels of the image without them.
        top, left: Widths of the margins above and on the left.
        height, width: Not used: the size of the new image changes no box.
        bounding_box_format: ``xyxy``.

    Raises:
        InputError: Another format.

    >>> import numpy as np
    >>> pad(np.array([[2.0, 2, 8, 8]]), top=1, left=3).tolist()
    [[5.0, 3.0, 11.0, 9.0]]
    """
    _only_corners("pad", bounding_box_format)
    top, left = _operand(top), _operand(left)
    x1, y1, x2, y2 = columns(ops.convert_to_tensor(boxes))
    return joined(x1 + left, y1 + top, x2 + left, y2 + top)


def _operand(x: Any) -> Any:
    """Arrays as tensors; numbers and what is tensor already stay."""
    return ops.convert_to_tensor(x) if isinstance(x, np.ndarray) else x


def _only_corners(what: str, name: str) -> None:
    if name != "xyxy":
        raise InputError(f"{what} takes boxes as 'xyxy', got {name!r}. Use convert_format first.")


def _mapped(boxes: Any, x: Any, y: Any, z: Any = None) -> Any:
    """The smallest upright boxes around the images of boxes (batch, n, 4) under a map of the plane.

    The map is linear (affine, projective) in the numbers `x`, `y` and `z`, three columns (batch, 1) each.
    """
    x1, y1, x2, y2 = columns(boxes)
    us = ops.concatenate([x1, x2, x2, x1], axis=-1)
    vs = ops.concatenate([y1, y1, y2, y2], axis=-1)
    spread = [[ops.expand_dims(c, -1) for c in row] for row in (x, y)]
    u, v = (a * us + b * vs + c for a, b, c in spread)
    if z is not None:
        a, b, c = (ops.expand_dims(k, -1) for k in z)
        w = a * us + b * vs + c
        u, v = u / w, v / w
    least, most = (
        (lambda k: ops.min(k, -1, keepdims=True)),
        (lambda k: ops.max(k, -1, keepdims=True)),
    )
    return joined(least(u), least(v), most(u), most(v))


def through(boxes: Any, transform: Any) -> Any:
    """Boxes (batch, n, 4) of corners in an image, as they lie in what `affine_transform` makes of it.

    `transform` (batch, 8) says where each place of the *result* comes from:
    ``((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k)`` with ``k = c0 x + c1 y + 1``. So boxes go
    through its inverse, of which the adjugate matrix is a multiple; the multiple cancels.
    """
    a0, a1, a2, b0, b1, b2, c0, c1 = ops.split(transform, 8, axis=-1)
    x = (b1 - b2 * c1, a2 * c1 - a1, a1 * b2 - a2 * b1)
    y = (b2 * c0 - b0, a0 - a2 * c0, a2 * b0 - a0 * b2)
    z = (b0 * c1 - b1 * c0, a1 * c0 - a0 * c1, a0 * b1 - a1 * b0)
    return _mapped(boxes, x, y, z)


def affine_transform(
    boxes: Any,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: float | None = None,
    center_y: float | None = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """The smallest upright boxes around boxes that are turned, shifted, scaled and sheared.

    Args:
        boxes: Corners (batch, n, 4) in pixels.
        angle: Degrees (batch,).
        translate_x, translate_y: Shares of the image's sides (batch,).
        scale: Factors (batch,).
        shear_x, shear_y: Degrees (batch,).
        height, width: Of the image.
        center_x, center_y: The fixed point as shares of the sides; the middle by default.
        bounding_box_format: ``xyxy``.

    Raises:
        InputError: Another format.

    >>> import numpy as np
    >>> zero, one = np.zeros(1, "float32"), np.ones(1, "float32")
    >>> turned = affine_transform(
    ...     np.array([[[0.0, 1, 2, 4]]], "float32"), one * 90, zero, zero, one, zero, zero, 5, 5
    ... )
    >>> [round(v, 3) for v in turned[0][0].tolist()]
    [1.0, 2.0, 4.0, 4.0]
    """
    _only_corners("affine_transform", bounding_box_format)
    angle = ops.convert_to_tensor(angle)
    rad = math.pi / 180.0
    turn, sx, sy = (-1.0 * ops.convert_to_tensor(v) * rad for v in (angle, shear_x, shear_y))
    scale = ops.convert_to_tensor(scale)
    cx = (0.5 if center_x is None else center_x) * (width - 1)
    cy = (0.5 if center_y is None else center_y) * (height - 1)
    from_x = cx - ops.convert_to_tensor(translate_x) * (width - 1)
    from_y = cy - ops.convert_to_tensor(translate_y) * (height - 1)
    a = ops.cos(turn - sy) / ops.cos(sy)
    c = -1.0 * ops.sin(turn - sy) / ops.cos(sy)
    b = a * ops.tan(sx) + ops.sin(turn)
    d = ops.cos(turn) - c * ops.tan(sx)
    a0, a1, b0, b1 = d * scale, -1.0 * b * scale, -1.0 * c * scale, a * scale
    rows = (
        (a0, a1, cx - a0 * from_x - a1 * from_y),
        (b0, b1, cy - b0 * from_x - b1 * from_y),
    )
    x, y = (tuple(ops.expand_dims(v, -1) for v in row) for row in rows)
    return _mapped(ops.cast(boxes, ops.dtype(angle)), x, y)


def densify(bounding_boxes: Any) -> dict[str, Any]:
    """A dict of boxes with tensors in it; lists of different lengths are filled up.

    Boxes that fill up are zeros with the label -1.

    Raises:
        InputError: ``boxes`` or ``labels`` is missing.
        ShapeError: The boxes are neither (n, 4) nor (batch, n, 4), or the labels do not go with them.
    """
    if not isinstance(bounding_boxes, dict) or not {"boxes", "labels"} <= set(bounding_boxes):
        got = sorted(bounding_boxes) if isinstance(bounding_boxes, dict) else type(bounding_boxes)
        raise InputError(
            f"bounding_boxes must be a dict with the keys 'boxes' and 'labels', got {got}."
        )
    out = dict(bounding_boxes)
    boxes, labels = out["boxes"], out["labels"]
    if isinstance(boxes, (list, tuple)):
        boxes, labels = _filled(boxes, labels)
    boxes = out["boxes"] = ops.cast(ops.convert_to_tensor(boxes), "float32")
    labels = out["labels"] = ops.convert_to_tensor(labels)
    rank, classes = ops.ndim(boxes), ops.ndim(labels)
    if rank not in (2, 3) or ops.shape(boxes)[-1] != 4 or classes not in (rank - 1, rank):
        raise ShapeError(
            f"bounding_boxes: expected boxes (n, 4) or (batch, n, 4), with labels (n,) or (batch, n); got "
            f"boxes {ops.shape(boxes)} and labels {ops.shape(labels)}."
        )
    return out


def _filled(boxes: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    if len(boxes) != len(labels):
        raise ShapeError(
            f"bounding_boxes: {len(boxes)} lists of boxes, but {len(labels)} of labels."
        )
    if not boxes or np.ndim(boxes[0]) == 1:  # the boxes of one image
        return np.asarray(boxes, "float32").reshape(-1, 4), np.asarray(labels, "int32")
    most = max(len(b) for b in boxes)
    places = np.zeros((len(boxes), most, 4), "float32")
    classes = np.full((len(boxes), most), -1, "int32")
    for i, (b, kinds) in enumerate(zip(boxes, labels)):
        if len(b):
            places[i, : len(b)], classes[i, : len(b)] = b, kinds
    return places, classes
