"""Cutting and turning over: crops, flips; and the number of bounding boxes made even."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import InputError, ShapeError
from .base import ImageLayer, Size, SpatialLayer, Transformation
from .boxes import columns, joined, scaled


def _window(size: int, wanted: int, other: int, other_wanted: int) -> int:
    """The extent of the largest window with the wanted aspect ratio, along one axis."""
    return max(min(size, int(float(other * wanted) / other_wanted)), 1)


def _sides(height: Any, width: Any, layer: str) -> tuple[int, int]:
    for name, value in (("height", height), ("width", width)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{layer}: {name} must be a whole number above 0, got {value!r}.")
    return height, width


class CenterCrop(SpatialLayer):
    """The middle of images. Images that are too small are cropped to its aspect ratio and resized.

    It does so in training and outside.

    Args:
        height, width: Of the result.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> CenterCrop(2, 2)(np.arange(16.0).reshape(4, 4, 1))[..., 0].tolist()
    [[5.0, 6.0], [9.0, 10.0]]
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = _sides(height, width, "CenterCrop")

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Transformation:
        """The shape of the images: all that the layer depends on."""
        return super().get_random_transformation(data, True, seed)

    def _acts(self, transformation: Transformation, training: bool) -> bool:
        return True

    def transform_images(
        self, images: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """A batch of images, cropped."""
        return self._move(ops.cast(images, self.compute_dtype), transformation, "bilinear")

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        size = self._size(images)
        if size.height < self.height or size.width < self.width:
            return ops.image.resize(
                images, (self.height, self.width), interpolation, crop_to_aspect_ratio=True,
                data_format=self.data_format,
            )  # fmt: skip
        top, left = (size.height - self.height) // 2, (size.width - self.width) // 2
        return ops.image.crop_images(
            images, top, left, target_height=self.height, target_width=self.width,
            data_format=self.data_format,
        )  # fmt: skip

    def _result(self, height: Any, width: Any) -> tuple[Any, Any]:
        return self.height, self.width

    def _move_boxes(self, boxes: Any, transformation: Transformation) -> Any:
        old_h, old_w = (transformation["input_shape"][a] for a in self._axes[:2])
        rows, cols = self.height, self.width
        if old_h < rows or old_w < cols:
            rows = _window(old_h, self.height, old_w, self.width)
            cols = _window(old_w, self.width, old_h, self.height)
        boxes = _shifted(boxes, -((old_h - rows) // 2), -((old_w - cols) // 2))
        return scaled(boxes, self.width / cols, self.height / rows)


def _shifted(boxes: Any, down: Any, right: Any) -> Any:
    x1, y1, x2, y2 = columns(boxes)
    return joined(x1 + right, y1 + down, x2 + right, y2 + down)


class RandomCrop(SpatialLayer):
    """In training, a window of the images at a random place, the same for all images of the batch.

    Images that are not larger than the window on both axes are cut at the middle and resized to it.
    Outside training, images stay as they are.

    Args:
        height, width: Of the result.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> x = np.arange(16.0).reshape(4, 4, 1)
    >>> y = RandomCrop(2, 2)(x, training=True)[..., 0]
    >>> tuple(y.shape), float(y[1][1]) - float(y[0][0])
    ((2, 2), 5.0)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, name=name, **kwargs)
        self.height, self.width = _sides(height, width, "RandomCrop")
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        if size.height is None or size.width is None:
            raise ShapeError("RandomCrop: the height and the width of the images must be known.")
        if size.height > self.height and size.width > self.width:
            top = ops.random.randint((), 0, size.height - self.height + 1, seed=seed)
            left = ops.random.randint((), 0, size.width - self.width + 1, seed=seed)
            return {"top": top, "left": left}
        rows = _window(size.height, self.height, size.width, self.width)
        cols = _window(size.width, self.width, size.height, self.height)
        return {"top": (size.height - rows) // 2, "left": (size.width - cols) // 2}

    def _cut(self, height: int, width: int, transformation: Transformation) -> tuple[int, int]:
        """Rows and columns that are cut out, of images of this size."""
        top, left = transformation["top"], transformation["left"]
        if not isinstance(top, int):  # drawn: the window lies within
            return self.height, self.width
        return min(self.height, height - top), min(self.width, width - left)

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        h, w, _ = (a + 4 for a in self._axes)
        shape = list(ops.shape(images))
        shape[h], shape[w] = self._cut(shape[h], shape[w], transformation)
        start: list[Any] = [0] * 4
        start[h], start[w] = transformation["top"], transformation["left"]
        images = ops.slice(images, start, shape)
        return ops.image.resize(
            images, (self.height, self.width), interpolation, data_format=self.data_format
        )

    def _result(self, height: Any, width: Any) -> tuple[Any, Any]:
        return self.height, self.width

    def _move_boxes(self, boxes: Any, transformation: Transformation) -> Any:
        height, width = (transformation["input_shape"][a] for a in self._axes[:2])
        rows, cols = self._cut(height, width, transformation)
        down, right = (-1.0 * ops.cast(transformation[k], "float32") for k in ("top", "left"))
        return scaled(_shifted(boxes, down, right), self.width / cols, self.height / rows)


class RandomFlip(SpatialLayer):
    """In training, turns over half of the images, randomly chosen.

    Args:
        mode: ``horizontal`` swaps left and right, ``vertical`` top and bottom,
            ``horizontal_and_vertical`` both at once.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> y = RandomFlip("horizontal", seed=1)(np.array([[[1.0], [2.0]]]), training=True)
    >>> sorted(y[0, :, 0].tolist())
    [1.0, 2.0]
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise InputError(
                f"RandomFlip: mode must be 'horizontal', 'vertical' or 'horizontal_and_vertical', got "
                f"{mode!r}."
            )
        self.mode = mode
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        return {"flips": ops.random.uniform((size.batch, 1, 1, 1), seed=seed) <= 0.5}

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        axes = [a for a, n in zip(self._axes[:2], ("vertical", "horizontal")) if n in self.mode]
        return ops.where(transformation["flips"], ops.flip(images, axes), images)

    def _move_boxes(self, boxes: Any, transformation: Transformation) -> Any:
        height, width = (transformation["input_shape"][a] for a in self._axes[:2])
        x1, y1, x2, y2 = columns(boxes)
        if "horizontal" in self.mode:
            x1, x2 = width - x2, width - x1
        if "vertical" in self.mode:
            y1, y2 = height - y2, height - y1
        return ops.where(ops.squeeze(transformation["flips"], -1), joined(x1, y1, x2, y2), boxes)


class MaxNumBoundingBoxes(ImageLayer):
    """Bounding boxes of a fixed number for each image: further ones are dropped, missing ones filled in.

    Images, labels and masks stay as they are.

    Args:
        max_number: The number.
        fill_value: What boxes and labels that fill up consist of.

    >>> import numpy as np
    >>> layer = MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    >>> data = {"boxes": np.ones((1, 2, 4)), "labels": np.array([[5, 6]])}
    >>> layer({"images": np.zeros((1, 2, 2, 1)), "bounding_boxes": data})["bounding_boxes"]["labels"].tolist()
    [[5, 6, -1]]
    """

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number, self.fill_value = int(max_number), int(fill_value)

    def transform_images(
        self, images: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The images, as they are."""
        return images

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The boxes and their labels, `max_number` of them."""
        out = dict(bounding_boxes)
        for key in ("boxes", "labels"):
            x = ops.convert_to_tensor(out[key])[:, : self.max_number]
            missing = self.max_number - ops.shape(x)[1]
            pairs = [(0, 0), (0, missing), *((0, 0),) * (ops.ndim(x) - 2)]
            out[key] = ops.pad(x, pairs, constant_values=self.fill_value)
        return out
