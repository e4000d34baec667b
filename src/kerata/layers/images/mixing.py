"""Images with parts of others, or with holes: MixUp, CutMix, random erasing."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import InputError
from .base import Factor, ImageLayer, Size, SpatialLayer, Transformation, factor_range, one_each
from .colour import chosen


class MixUp(SpatialLayer):
    """In training, each image becomes a weighted mean of itself and another one of the batch.

    So do labels (one-hot or numbers) and masks; bounding boxes of both are kept (Zhang et al. 2018).

    Args:
        alpha: The weights are drawn from the beta distribution with both parameters `alpha`.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> y = MixUp(seed=1)({"images": np.zeros((2, 1, 1, 1)), "labels": np.eye(2)}, training=True)
    >>> [round(sum(row), 4) for row in y["labels"].tolist()]
    [1.0, 1.0]
    """

    def __init__(
        self,
        alpha: float = 0.2,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or alpha <= 0:
            raise InputError(f"MixUp: alpha must be a number above 0, got {alpha!r}.")
        self.alpha = alpha
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        alpha = float(self.alpha)
        return {
            "mix_weight": ops.random.beta((size.batch,), alpha, alpha, seed=seed),
            "permutation_order": _order(size, seed),
        }

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        return _mixed(images, transformation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """Means of the masks with the weights of the images: floats."""
        if not self._acts(transformation, training):
            return segmentation_masks
        return _mixed(ops.cast(segmentation_masks, self.compute_dtype), transformation)

    def transform_labels(
        self, labels: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """Means of the labels with the weights of the images: floats."""
        if not self._acts(transformation, training):
            return labels
        return _mixed(ops.cast(labels, self.compute_dtype), transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """The boxes of both images."""
        if not self._acts(transformation, training):
            return bounding_boxes
        order = transformation["permutation_order"]
        return {
            k: ops.concatenate([v, ops.take(v, order, axis=0)], axis=1)
            for k, v in bounding_boxes.items()
        }


# Places of pixels and areas: a compute dtype of 16 bits could not tell them apart.
_PRECISE = "float32"


def _order(size: Size, seed: Any) -> Any:
    return ops.random.shuffle(ops.arange(size.batch, dtype="int32"), seed=seed)


def _mixed(x: Any, transformation: Transformation) -> Any:
    """Means of tensors and of those in another order, with a weight for each."""
    shape = (-1,) + (1,) * (ops.ndim(x) - 1)
    weight = ops.cast(ops.reshape(transformation["mix_weight"], shape), ops.dtype(x))
    return weight * x + (1.0 - weight) * ops.take(x, transformation["permutation_order"], axis=0)


def _extent(size: Size, side: Any, share: Any, seed: Any, dtype: str) -> tuple[Any, Any]:
    """Begin and end (batch,) of intervals of these shares of a side, at random places."""
    length = ops.cast(share * float(side), dtype)
    start = ops.random.uniform((size.batch,), dtype=dtype, seed=seed) * (float(side) - length)
    return start, start + length


def _inside(size: Size, rows: Any, columns: Any, dtype: str, first: bool) -> Any:
    """Which pixels lie in an image's rectangle: (batch, height, width, 1), or (batch, 1, height, width)."""
    shape = (1, 1, -1, 1) if first else (1, -1, 1, 1)
    y = ops.reshape(ops.arange(size.height, dtype=dtype), shape)
    x = ops.reshape(ops.arange(size.width, dtype=dtype), (1, 1, 1, -1) if first else (1, 1, -1, 1))
    (y0, y1), (x0, x1) = ((one_each(v) for v in pair) for pair in (rows, columns))
    down = ops.logical_and(y >= y0, y < y1)
    return ops.logical_and(down, ops.logical_and(x >= x0, x < x1))


class CutMix(SpatialLayer):
    """In training, a random rectangle of each image is taken from another one of the batch.

    Masks change alike; labels (one-hot or numbers) become means, with the areas as weights (Yun et al.
    2019). Bounding boxes cannot be given.

    Args:
        factor: Range of the parameter of the beta distribution that the areas are drawn from; `f` is
            short for ``(0, f)``.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> y = CutMix(seed=1)({"images": np.zeros((2, 4, 4, 1)), "labels": np.eye(2)}, training=True)
    >>> [round(sum(row), 4) for row in y["labels"].tolist()]
    [1.0, 1.0]
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (0, 1), "CutMix: factor")
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        kind = _PRECISE
        alpha = ops.random.uniform((), *self.factor, dtype=kind, seed=seed) + 1e-6
        kept = ops.random.beta((size.batch,), alpha, alpha, dtype=kind, seed=seed)
        share = ops.sqrt(1.0 - kept)
        columns = _extent(size, size.width, share, seed, kind)
        rows = _extent(size, size.height, share, seed, kind)
        (x0, x1), (y0, y1) = columns, rows
        return {
            "batch_masks": _inside(size, rows, columns, kind, self.data_format == "channels_first"),
            "mix_weight": 1.0 - (x1 - x0) * (y1 - y0) / float(size.width * size.height),
            "permutation_order": _order(size, seed),
        }

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        others = ops.take(images, transformation["permutation_order"], axis=0)
        return ops.where(transformation["batch_masks"], others, images)

    def transform_labels(
        self, labels: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """Means of the labels, weighted with the areas: floats."""
        if not self._acts(transformation, training):
            return labels
        return _mixed(ops.cast(labels, self.compute_dtype), transformation)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """Refused: what of a box is left under a rectangle is no box."""
        raise InputError(
            "CutMix cannot change bounding boxes: what is left of a box is no rectangle. Use MixUp, or "
            "leave 'bounding_boxes' out."
        )


class RandomErasing(ImageLayer):
    """In training, fills a random rectangle of randomly chosen images (Zhong et al. 2020).

    Labels, masks and bounding boxes stay as they are.

    Args:
        factor: The probability, drawn for each image from this range; `f` is short for ``(0, f)``.
        scale: Range of the shares that are drawn for the height and the width: their square roots
            are the shares of the sides.
        fill_value: A number, or one for each of three channels; normal noise by default.
        value_range: The least and the greatest value of a pixel.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> layer = RandomErasing((1.0, 1.0), scale=(1.0, 1.0), fill_value=7)  # all of all images
    >>> layer(np.zeros((1, 2, 1)), training=True).tolist()
    [[[7.0], [7.0]]]
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (0, 1), "RandomErasing: factor")
        self.scale = factor_range(scale, (0, 1), "RandomErasing: scale")
        three = isinstance(fill_value, (list, tuple)) and len(fill_value) == 3
        if fill_value is not None and not three and not isinstance(fill_value, (int, float)):
            raise InputError(
                f"RandomErasing: fill_value must be a number, three of them, or None, got {fill_value!r}."
            )
        self.fill_value, self.value_range = fill_value, value_range
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        kind = _PRECISE
        sides = ops.sqrt(ops.random.uniform((size.batch, 2), *self.scale, dtype=kind, seed=seed))
        columns = _extent(size, size.width, sides[:, 0], seed, kind)
        rows = _extent(size, size.height, sides[:, 1], seed, kind)
        return {
            "apply_erasing": chosen(size.batch, self.factor, seed),
            "batch_masks": _inside(size, rows, columns, kind, self.data_format == "channels_first"),
            "fill_value": self._filling(size, seed),
        }

    def _filling(self, size: Size, seed: Any) -> Any:
        low, high = (float(v) for v in self.value_range)
        first = self.data_format == "channels_first"
        if self.fill_value is None:
            inner = (size.height, size.width)
            shape = (size.channels, *inner) if first else (*inner, size.channels)
            x = ops.random.normal((size.batch, *shape), dtype=self.compute_dtype, seed=seed) * high
        else:
            x = ops.convert_to_tensor(self.fill_value, self.compute_dtype)
            x = ops.reshape(x, (1, -1, 1, 1) if first else (1, 1, 1, -1))
        return ops.clip(x, low, high)

    def _change(self, images: Any, transformation: Transformation) -> Any:
        hole = ops.logical_and(
            one_each(transformation["apply_erasing"]), transformation["batch_masks"]
        )
        return ops.where(hole, transformation["fill_value"], images)
