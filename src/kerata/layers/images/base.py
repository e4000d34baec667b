"""What all layers for images share: data of several kinds, factors, random transformations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ... import config as settings
from ... import ops, tree
from ...errors import InputError, ShapeError
from ...ops.random import SeedGenerator, SpareGenerator
from ..data_layer import DataLayer
from .boxes import clip_to_image_size, convert_format, densify

Factor = Any
"""In a constructor: a number, or a pair of them, the least and the most."""

Transformation = Any
"""What was drawn for one call: a dict of tensors with an element for each image, or ``None``."""

_KINDS = ("images", "bounding_boxes", "labels", "segmentation_masks")


class Size(NamedTuple):
    """Number of images, and their size."""

    batch: Any
    height: Any
    width: Any
    channels: Any


def factor_range(factor: Factor, bounds: Sequence[float], name: str) -> tuple[float, float]:
    """The range that a factor is drawn from, as Keras reads it.

    A pair is a range. A number `f` means from ``-f`` to ``f``, or from the lower bound where that is
    higher.

    Raises:
        InputError: It is neither, or lies outside the bounds.
    """
    low, high = bounds
    if isinstance(factor, (tuple, list)) and len(factor) == 2:
        first, last = sorted(factor)
        if factor[0] <= high and factor[1] >= low:
            return first, last
    elif (
        isinstance(factor, (int, float)) and not isinstance(factor, bool) and low <= factor <= high
    ):
        return max(-abs(factor), low), abs(factor)
    raise InputError(
        f"{name} must be a number from {low:g} to {high:g} or a pair of them (least, most), got {factor!r}."
    )


def pair_of(value: Any, name: str) -> tuple[Any, Any]:
    """Two numbers in rising order.

    Raises:
        InputError: They are not two.
    """
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise InputError(f"{name} must be two numbers, the least and the most, got {value!r}.")
    low, high = sorted(value)
    return low, high


def rescale(x: Any, old: Sequence[float], new: Sequence[float]) -> Any:
    """Numbers of the range `old` in the range `new`."""
    if tuple(old) == tuple(new):
        return x
    return (x - float(old[0])) / float(old[1] - old[0]) * float(new[1] - new[0]) + float(new[0])


def one_each(values: Any) -> Any:
    """Numbers (batch,) as (batch, 1, 1, 1), to go with images."""
    return ops.reshape(values, (-1, 1, 1, 1))


class ImageLayer(DataLayer):
    """Base of the layers for images: tensors, dicts of them, single or in batches.

    The input is images (batch, height, width, channels), or one without the first axis, or a dict with
    ``images`` and any of ``labels``, ``segmentation_masks`` and ``bounding_boxes`` (itself a dict of
    ``boxes`` and ``labels``), which change together with their image. Other keys are passed on.

    `get_random_transformation` draws what one call does, for each image on its own; `transform_images`,
    `transform_labels`, `transform_bounding_boxes` and `transform_segmentation_masks` apply it to batches.

    Args:
        bounding_box_format: How the ``boxes`` are written; see `kerata.utils.bounding_boxes`.
        data_format: ``channels_last`` or ``channels_first``.
    """

    _abstract_config = True
    generator: SeedGenerator | None = None

    def __init__(
        self,
        bounding_box_format: str | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bounding_box_format = bounding_box_format
        self.data_format = settings.standardize_data_format(data_format)

    def _seed(self, seed: int | None) -> None:
        """Draw from a generator of the layer's own if there is a seed, else from the global one."""
        self.seed = seed
        self.generator = SpareGenerator() if seed is None else SeedGenerator(seed)

    # --- shapes ----------------------------------------------------------------------------------

    @property
    def _axes(self) -> tuple[int, int, int]:
        """Height, width and channels, counted from the end."""
        return (-2, -1, -3) if self.data_format == "channels_first" else (-3, -2, -1)

    def _size(self, data: Any) -> Size:
        """The size of images, of one image or of a batch, or of those in a dict."""
        if isinstance(data, dict) and "images" not in data:
            raise InputError(
                f"{type(self).__name__} was given a dict with the keys {sorted(data)}: 'images' is missing."
            )
        shape = ops.shape(data["images"] if isinstance(data, dict) else data)
        if len(shape) not in (3, 4):
            raise ShapeError(
                f"{type(self).__name__}: images need the axes (batch, height, width, channels), or those of "
                f"one image without batch; got the shape {shape}."
            )
        h, w, c = (shape[a] for a in self._axes)
        return Size(shape[0] if len(shape) == 4 else 1, h, w, c)

    # --- calling ---------------------------------------------------------------------------------

    def call(self, data: Any, training: bool = True) -> Any:
        self._size(data)
        many = isinstance(data, dict)
        given = self._checked(data) if many else {"images": data}
        single = ops.ndim(given["images"]) == 3
        if single:
            given = _each(given, lambda x: ops.expand_dims(x, 0))
        drawn = self.get_random_transformation(given, training=training)
        out = dict(given)
        for kind in _KINDS:
            if kind in out:
                out[kind] = getattr(self, f"transform_{kind}")(out[kind], drawn, training=training)
        if single:
            out = _each(out, lambda x: ops.squeeze(x, 0))
        return out if many else out["images"]

    def _checked(self, data: dict[str, Any]) -> dict[str, Any]:
        """A copy of a dict of data, with tensors in it."""
        out = {k: ops.convert_to_tensor(v) if k in _KINDS[::2] else v for k, v in data.items()}
        if "bounding_boxes" in out:
            if not self.bounding_box_format:
                raise InputError(
                    f"{type(self).__name__} was given 'bounding_boxes', but not how they are written. Make "
                    f"it with bounding_box_format, such as 'xyxy'."
                )
            out["bounding_boxes"] = densify(out["bounding_boxes"])
        return out

    # --- what layers are made of -----------------------------------------------------------------

    def get_random_transformation(
        self, data: Any, training: bool = True, seed: Any = None
    ) -> Transformation:
        """What the layer would do with these images in one call.

        Args:
            data: Images or a dict of them; only their shape matters.
            training: Whether the call is one of training; outside there is nothing to do.
            seed: An int or `SeedGenerator` in place of the layer's own.
        """
        if not training:
            return None
        drawn = self._draw(self._size(data), self.generator if seed is None else seed)
        if drawn is not None:
            images = data["images"] if isinstance(data, dict) else data
            drawn.setdefault("input_shape", ops.shape(images))
        return drawn

    def _draw(self, size: Size, seed: Any) -> Transformation:
        """The transformation for that many images, in training."""
        return {}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        """A batch of images, transformed."""
        raise NotImplementedError

    def transform_images(
        self, images: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """A batch of images, in the compute dtype."""
        images = ops.cast(images, self.compute_dtype)
        return (
            self._change(images, transformation) if self._acts(transformation, training) else images
        )

    def transform_labels(
        self, labels: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The labels of a batch of images."""
        return labels

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The boxes of a batch of images: a dict of ``boxes`` and ``labels``."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The masks of a batch of images."""
        return segmentation_masks

    def _acts(self, transformation: Transformation, training: bool) -> bool:
        return bool(training) and transformation is not None


def _each(data: dict[str, Any], fn: Callable[[Any], Any]) -> dict[str, Any]:
    """`fn` of each tensor in a dict that belongs to the images; the others stay."""
    return {k: tree.map_structure(fn, v) if k in _KINDS else v for k, v in data.items()}


class SpatialLayer(ImageLayer):
    """Base of layers that move pixels: masks and boxes go with them."""

    interpolation = "bilinear"

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        """A batch of images, or of masks by the nearest pixel, transformed."""
        raise NotImplementedError

    def _move_boxes(self, boxes: Any, transformation: Transformation) -> Any:
        """Corners (batch, n, 4) in pixels, transformed."""
        raise NotImplementedError

    def _result(self, height: Any, width: Any) -> tuple[Any, Any]:
        """Height and width of the result for those of the images."""
        return height, width

    def _change(self, images: Any, transformation: Transformation) -> Any:
        return self._move(images, transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        if not self._acts(transformation, training):
            return segmentation_masks
        masks = ops.convert_to_tensor(segmentation_masks)
        kind = ops.dtype(masks)
        flat = ops.ndim(masks) == 3  # (batch, height, width)
        if flat:
            masks = ops.expand_dims(masks, self._axes[2])
        masks = self._move(ops.cast(masks, self.compute_dtype), transformation, "nearest")
        if flat:
            masks = ops.squeeze(masks, self._axes[2])
        return ops.cast(masks, kind)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        if not self._acts(transformation, training):
            return bounding_boxes
        shape, style = transformation["input_shape"], self.bounding_box_format or "xyxy"
        height, width = (shape[a] for a in self._axes[:2])
        boxes = convert_format(bounding_boxes["boxes"], style, "xyxy", height, width)
        boxes = self._move_boxes(boxes, transformation)
        height, width = self._result(height, width)
        out = clip_to_image_size({**bounding_boxes, "boxes": boxes}, height, width)
        return convert_format(out, "xyxy", style, height, width)
