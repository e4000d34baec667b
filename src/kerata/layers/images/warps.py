"""Random maps of the plane: images turned, sheared, shifted, zoomed, seen from the side, or bent."""

from __future__ import annotations

import math
from typing import Any

from ... import ops
from ...errors import InputError
from ...ops.warp import homography, sample_images
from ...spec import Spec
from .base import Factor, Size, SpatialLayer, Transformation, factor_range, one_each
from .boxes import through
from .colour import chosen

_FILLS = ("reflect", "wrap", "constant", "nearest")


def _one_of(value: str, allowed: tuple[str, ...], name: str) -> str:
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}.")
    return value


def _symmetric(
    factor: Factor, name: str, low: float = -1.0, reached: bool = True
) -> tuple[Any, Any]:
    """The range of a factor all of whose numbers must lie between `low` and 1; `f` is ``(-f, f)``."""
    pair = factor if isinstance(factor, (tuple, list)) else (factor,)
    fits = len(pair) in (1, 2) and all(
        isinstance(f, (int, float)) and not isinstance(f, bool) for f in pair
    )
    if not fits or not all((low <= f if reached else low < f) and f <= 1 for f in pair):
        raise InputError(
            f"{name} must be a number from {low:g}{'' if reached else ' (without)'} to 1, or a pair of "
            f"them (least, most), got {factor!r}."
        )
    if len(pair) == 1:
        return -abs(pair[0]), abs(pair[0])
    least, most = sorted(pair)
    return least, most


def _rows(*columns: Any) -> Any:
    """Eight columns (batch,) or numbers as transforms (batch, 8)."""
    like = next(c for c in columns if not isinstance(c, float))
    return ops.stack([ops.full_like(like, c) if isinstance(c, float) else c for c in columns], -1)


class _Warp(SpatialLayer):
    """Base of layers that take each pixel from where an affine transform says."""

    def _options(
        self, fill_mode: str, interpolation: str, seed: int | None, fill_value: float
    ) -> None:
        name = type(self).__name__
        self.fill_mode = _one_of(fill_mode, _FILLS, f"{name}: fill_mode")
        self.interpolation = _one_of(
            interpolation, ("nearest", "bilinear"), f"{name}: interpolation"
        )
        self.fill_value = fill_value
        self._seed(seed)

    def _matrix(self, transformation: Transformation) -> Any:
        """Transforms (batch, 8), as `ops.image.affine_transform` takes them."""
        raise NotImplementedError

    def _sides(self, transformation: Transformation) -> tuple[float, float]:
        height, width = (float(transformation["input_shape"][a]) for a in self._axes[:2])
        return height, width

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        return ops.image.affine_transform(
            images, self._matrix(transformation), interpolation, self.fill_mode, self.fill_value,
            self.data_format,
        )  # fmt: skip

    def _move_boxes(self, boxes: Any, transformation: Transformation) -> Any:
        return through(boxes, self._matrix(transformation))


class RandomRotation(_Warp):
    """In training, turns images around their middle by random angles.

    Args:
        factor: The angle as a share of a whole turn, counterclockwise where positive: a pair, or `f` for
            ``(-f, f)``.
        fill_mode: What lies outside the image: ``reflect``, ``wrap``, ``constant`` or ``nearest``.
        interpolation: ``bilinear`` or ``nearest``.
        seed: An int for a repeatable sequence.
        fill_value: What lies outside with ``constant``.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> x = np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    >>> y = RandomRotation((0.25, 0.25))(x, training=True)
    >>> [[round(v) for v in row] for row in y[:, :, 0].tolist()]
    [[2, 4], [1, 3]]
    """

    def __init__(
        self,
        factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor or 0.0, (-1, 1), "RandomRotation: factor")
        self._options(fill_mode, interpolation, seed, fill_value)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        low, high = (360.0 * f for f in self.factor)
        return {"angle": ops.random.uniform((size.batch,), low, high, "float32", seed=seed)}

    def _matrix(self, transformation: Transformation) -> Any:
        height, width = self._sides(transformation)
        angle = transformation["angle"] * (math.pi / 180.0)
        cos, sin = ops.cos(angle), ops.sin(angle)
        x, y = (width - 1) / 2, (height - 1) / 2
        left, up = x - x * cos + y * sin, y - x * sin - y * cos
        return _rows(cos, -1.0 * sin, left, sin, cos, up, 0.0, 0.0)


class RandomShear(_Warp):
    """In training, shears images: shifts rows and columns in proportion to their distance from a corner.

    Args:
        x_factor, y_factor: By how many pixels for each: from 0 to 1, a pair, or `f` for ``(-f, f)``. All
            are taken negative for half of the images.
        interpolation, fill_mode, fill_value: See `RandomRotation`.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> tuple(RandomShear(0.2, seed=1)(np.ones((4, 4, 1)), training=True).shape)
    (4, 4, 1)
    """

    def __init__(
        self,
        x_factor: Factor = 0.0,
        y_factor: Factor = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.x_factor = self._range(x_factor, "RandomShear: x_factor")
        self.y_factor = self._range(y_factor, "RandomShear: y_factor")
        self._options(fill_mode, interpolation, seed, fill_value)

    @staticmethod
    def _range(factor: Factor, name: str) -> tuple[float, float]:
        # Keras writes the factor `f` as (-f, f) into files.
        if isinstance(factor, (tuple, list)) and len(factor) == 2 and factor[0] == -factor[1]:
            factor = factor[1]
        return _symmetric(factor, name, 0.0)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        shape = (size.batch, 1)
        back = ops.random.uniform(shape, seed=seed) > 0.5
        both = [
            ops.random.uniform(shape, *factor, dtype="float32", seed=seed)
            for factor in (self.x_factor, self.y_factor)
        ]
        both = ops.concatenate(both, axis=1)
        return {"shear_factor": ops.where(back, -1.0 * both, both)}

    def _matrix(self, transformation: Transformation) -> Any:
        x, y = (transformation["shear_factor"][:, i] for i in (0, 1))
        return _rows(1.0, x, 0.0, y, 1.0, 0.0, 0.0, 0.0)


class RandomTranslation(_Warp):
    """In training, shifts images.

    Args:
        height_factor: How far down, as a share of the height, from -1 to 1: a pair, or `f` for
            ``(-f, f)``.
        width_factor: How far to the right, as a share of the width.
        fill_mode, interpolation, seed, fill_value, data_format: See `RandomRotation`.

    >>> import numpy as np
    >>> layer = RandomTranslation(0.0, (0.5, 0.5), fill_mode="constant")
    >>> layer(np.array([[[1.0], [2.0]]]), training=True).tolist()
    [[[0.0], [1.0]]]
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = _symmetric(height_factor, "RandomTranslation: height_factor")
        self._right = _symmetric(width_factor, "RandomTranslation: width_factor")
        self._options(fill_mode, interpolation, seed, fill_value)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        shape = (size.batch, 1)
        down = ops.random.uniform(shape, *self._down, dtype="float32", seed=seed)
        right = ops.random.uniform(shape, *self._right, dtype="float32", seed=seed)
        pixels = [right * float(size.width), down * float(size.height)]
        return {"translations": ops.concatenate(pixels, axis=1)}

    def _matrix(self, transformation: Transformation) -> Any:
        x, y = (-1.0 * transformation["translations"][:, i] for i in (0, 1))
        return _rows(1.0, 0.0, x, 0.0, 1.0, y, 0.0, 0.0)


class RandomZoom(_Warp):
    """In training, zooms images around their middle.

    Args:
        height_factor: The height that is seen is ``1 + factor`` times that of the image: positive numbers
            make things smaller. Above -1, at most 1; a pair, or `f` for ``(-f, f)``.
        width_factor: The same for the width; by default that of the height is used for both.
        fill_mode, interpolation, seed, fill_value, data_format: See `RandomRotation`.

    >>> import numpy as np
    >>> layer = RandomZoom((-0.5, -0.5), interpolation="nearest")
    >>> layer(np.arange(4.0).reshape(1, 4, 1), training=True)[0, :, 0].tolist()
    [1.0, 1.0, 2.0, 2.0]
    """

    def __init__(
        self,
        height_factor: Factor,
        width_factor: Factor | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._high = _symmetric(height_factor, "RandomZoom: height_factor", -1.0, reached=False)
        self._wide = (
            None
            if width_factor is None
            else _symmetric(width_factor, "RandomZoom: width_factor", -1.0, reached=False)
        )
        self._options(fill_mode, interpolation, seed, fill_value)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        def drawn(bounds: tuple[float, float]) -> Any:
            low, high = bounds
            return ops.random.uniform((size.batch, 1), 1 + low, 1 + high, "float32", seed=seed)

        high = drawn(self._high)
        return {
            "height_zoom": high,
            "width_zoom": high if self._wide is None else drawn(self._wide),
        }

    def _matrix(self, transformation: Transformation) -> Any:
        height, width = self._sides(transformation)
        x, y = (transformation[f"{side}_zoom"][:, 0] for side in ("width", "height"))
        left, up = (1.0 - x) * ((width - 1) / 2), (1.0 - y) * ((height - 1) / 2)
        return _rows(x, 0.0, left, 0.0, y, up, 0.0, 0.0)


class RandomPerspective(SpatialLayer):
    """In training, shows randomly chosen images as seen from another point.

    Three corners are moved at random, the one at the top left stays.

    Args:
        factor: The probability, drawn for each image from this range; `f` is short for ``(0, f)``.
        scale: By which share of the sides the corners are moved at most, twice: 1 means by half.
        interpolation: ``bilinear`` or ``nearest``.
        fill_value: What lies outside the image.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> layer = RandomPerspective((1.0, 1.0), scale=0.0)
    >>> [round(v) for v in layer(np.arange(8.0).reshape(2, 4, 1), training=True)[1, :, 0].tolist()]
    [4, 5, 6, 7]
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (0, 1), "RandomPerspective: factor")
        if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 <= scale <= 1:
            raise InputError(
                f"RandomPerspective: scale must be a number from 0 to 1, got {scale!r}."
            )
        self.scale, self.fill_value = scale, fill_value
        self.interpolation = _one_of(
            interpolation, ("nearest", "bilinear"), "RandomPerspective: interpolation"
        )
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        apply = chosen(size.batch, self.factor, seed)
        moved = ops.random.uniform(
            (size.batch, 4, 2), -0.5 * self.scale, 0.5 * self.scale, "float32", seed=seed
        )
        right, bottom = float(size.width - 1), float(size.height - 1)
        corners = [[0.0, 0.0], [right, 0.0], [0.0, bottom], [right, bottom]]
        start = ops.broadcast_to(
            ops.expand_dims(ops.convert_to_tensor(corners, "float32"), 0), (size.batch, 4, 2)
        )
        return {
            "apply_perspective": apply,
            "start_points": start,
            "end_points": start * (1.0 + moved),
        }

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        moved = ops.image.perspective_transform(
            images, transformation["start_points"], transformation["end_points"], interpolation,
            self.fill_value, self.data_format,
        )  # fmt: skip
        return ops.where(one_each(transformation["apply_perspective"]), moved, images)

    def _move_boxes(self, boxes: Any, transformation: Transformation) -> Any:
        points = transformation["start_points"], transformation["end_points"]
        moved = through(boxes, homography(*points))
        apply = ops.reshape(transformation["apply_perspective"], (-1, 1, 1))
        return ops.where(apply, moved, boxes)


class RandomElasticTransform(SpatialLayer):
    """In training, bends randomly chosen images as if they were printed on rubber (Simard et al. 2003).

    Pixels are moved by random numbers that are smooth over the image; masks alike. Bounding boxes cannot
    be given.

    Args:
        factor: The probability, drawn for each image from this range; `f` is short for ``(0, f)``.
        scale: Range of the strength, at most 1, which is drawn once for a batch: moves are smooth over
            0.05 times that share of the shorter side, and as large as 0.1 times that share of the longer
            one makes them. `s` is short for ``(0, s)``.
        interpolation: ``bilinear`` or ``nearest``.
        fill_mode: What lies outside: ``constant``, ``nearest``, ``wrap``, ``mirror`` or ``reflect``.
        fill_value: What lies outside with ``constant``.
        value_range: The least and the greatest value of a pixel, between which results are held.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> y = RandomElasticTransform((1.0, 1.0), seed=1)(np.full((8, 8, 1), 5.0), training=True)
    >>> round(float(y[3, 3, 0]), 3)
    5.0
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        scale: Factor = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (0, 1), "RandomElasticTransform: factor")
        self.scale = factor_range(scale, (0, 1), "RandomElasticTransform: scale")
        self.interpolation = _one_of(
            interpolation, ("nearest", "bilinear"), "RandomElasticTransform: interpolation"
        )
        self.fill_mode = _one_of(
            fill_mode, (*_FILLS, "mirror"), "RandomElasticTransform: fill_mode"
        )
        self.fill_value, self.value_range = fill_value, value_range
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        if self.scale[1] == 0 or self.factor[1] == 0:
            return None
        apply = chosen(size.batch, self.factor, seed)
        strength = ops.random.uniform((), *self.scale, dtype="float32", seed=seed)
        short, long = min(size.height, size.width), max(size.height, size.width)
        noise = ops.random.normal((2 * size.batch, size.height, size.width, 1), seed=seed)
        # The window is that of the greatest strength, as the size of tensors cannot be random.
        window = int(6 * 0.05 * short * self.scale[1]) | 1
        sigma = ops.maximum(strength * (0.05 * short), 1e-3)
        moves = ops.image.gaussian_blur(
            noise * sigma, (window, window), (sigma, sigma), "channels_last"
        )
        moves = ops.reshape(moves, (2, size.batch, size.height, size.width))
        return {
            "apply_transform": apply,
            "distortion_factor": strength,
            "moves": moves * (strength * (0.1 * long)),
        }

    def _move(self, images: Any, transformation: Transformation, interpolation: str) -> Any:
        height, width = (ops.shape(images)[a] for a in self._axes[:2])
        moves = transformation["moves"]
        rows = ops.reshape(ops.arange(height, dtype="float32"), (1, -1, 1))
        columns = ops.reshape(ops.arange(width, dtype="float32"), (1, 1, -1))
        bent = images
        if not isinstance(images, Spec):
            bent = sample_images(
                "RandomElasticTransform", images, [rows + moves[0], columns + moves[1]],
                interpolation, self.fill_mode, self.fill_value, self.data_format,
            )  # fmt: skip
        return ops.where(one_each(transformation["apply_transform"]), bent, images)

    def _change(self, images: Any, transformation: Transformation) -> Any:
        return ops.clip(super()._change(images, transformation), *self.value_range)

    def transform_bounding_boxes(
        self, bounding_boxes: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """Refused: the image of a box is none."""
        if not self._acts(transformation, training):
            return bounding_boxes
        raise InputError(
            "RandomElasticTransform cannot change bounding boxes: what it makes of a box is none. Leave "
            "'bounding_boxes' out."
        )
