"""Random changes of colour: brightness, contrast, saturation, hue and others, pixel by pixel."""

from __future__ import annotations

from typing import Any

from ... import config as settings
from ... import ops
from .base import (
    Factor,
    ImageLayer,
    Size,
    Transformation,
    factor_range,
    one_each,
    pair_of,
    rescale,
)


def _uniform(size: Size, bounds: Any, seed: Any) -> Any:
    """A number for each image (batch, 1, 1, 1): a float32, whatever images are computed in."""
    return ops.random.uniform((size.batch, 1, 1, 1), bounds[0], bounds[1], "float32", seed=seed)


def chosen(batch: Any, bounds: Any, seed: Any) -> Any:
    """Which images are chosen (batch,), each with a probability that is drawn from a range first."""
    probability = ops.random.uniform((batch,), bounds[0], bounds[1], seed=seed)
    return ops.less(ops.random.uniform((batch,), seed=seed), probability)


class RandomBrightness(ImageLayer):
    """In training, adds a random number to all pixels of an image, and keeps them in the range.

    Args:
        factor: Of the width of the value range, from -1 (black) to 1 (white): a pair, or `f` for
            ``(-f, f)``.
        value_range: The least and the greatest value of a pixel.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> RandomBrightness((0.2, 0.2))(np.full((1, 1, 1), 10.0), training=True).tolist()
    [[[61.0]]]
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.factor = factor_range(factor or 0.0, (-1, 1), "RandomBrightness: factor")
        self.value_range = pair_of(value_range, "RandomBrightness: value_range")
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        low, high = self.value_range
        return {"rgb_delta": _uniform(size, self.factor, seed) * float(high - low)}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        moved = images + ops.cast(transformation["rgb_delta"], self.compute_dtype)
        return ops.clip(moved, *self.value_range)


class RandomContrast(ImageLayer):
    """In training, multiplies each channel's distance from its mean by a random number.

    Args:
        factor: A pair `(a, b)` for numbers from ``1 - a`` to ``1 + b``; as in Keras 3, `f` is short for
            ``(0, f)``.
        value_range: The least and the greatest value of a pixel, between which results are held.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> layer = RandomContrast((-0.5, 0.5))  # from 1 + 0.5 to 1 + 0.5
    >>> layer(np.array([[[10.0], [30.0]]]), training=True).tolist()
    [[[5.0], [35.0]]]
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.factor = factor_range(factor, (0, 1), "RandomContrast: factor")
        self.value_range = value_range
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        bounds = 1.0 - self.factor[0], 1.0 + self.factor[1]
        return {"contrast_factor": _uniform(size, bounds, seed)}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        mean = ops.mean(images, axis=self._axes[:2], keepdims=True)
        factor = ops.cast(transformation["contrast_factor"], self.compute_dtype)
        return ops.clip((images - mean) * factor + mean, *self.value_range)


class RandomGrayscale(ImageLayer):
    """In training, takes the colour from randomly chosen images, which keep their three channels.

    Args:
        factor: The probability.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> layer = RandomGrayscale(1.0)
    >>> [round(v, 3) for v in layer(np.array([[[0.0, 0.0, 100.0]]]), training=True)[0][0].tolist()]
    [11.4, 11.4, 11.4]
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        factor_range(factor, (0, 1), "RandomGrayscale: factor")
        self.factor = factor
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        return {"should_apply": ops.less(ops.random.uniform((size.batch,), seed=seed), self.factor)}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        gray = ops.image.rgb_to_grayscale(images, self.data_format)
        return ops.where(one_each(transformation["should_apply"]), gray, images)


class RandomInvert(ImageLayer):
    """In training, turns randomly chosen images into negatives: the highest value minus the pixel's.

    Args:
        factor: The probability, drawn for each image from this range; `f` is short for ``(0, f)``.
        value_range: The least and the greatest value of a pixel.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> RandomInvert((1.0, 1.0))(np.array([[[0.0, 55.0, 255.0]]]), training=True).tolist()
    [[[255.0, 200.0, 0.0]]]
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (0, 1), "RandomInvert: factor")
        self.value_range = value_range
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        return {"apply_inversion": chosen(size.batch, self.factor, seed)}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        negative = float(self.value_range[1]) - images
        return ops.where(one_each(transformation["apply_inversion"]), negative, images)


class RandomPosterization(ImageLayer):
    """In training, keeps only the first few of the eight bits of each channel.

    Args:
        factor: Number of bits to keep, from 1 to 8: a pair of a least number and one that is not reached,
            or twice the same; as in Keras 3, `f` is short for ``(1, f)``.
        value_range: The least and the greatest value of a pixel.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> RandomPosterization((2, 2))(np.array([[[10.0, 70.0, 255.0]]]), training=True).tolist()
    [[[0.0, 64.0, 192.0]]]
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (1, 8), "RandomPosterization: factor")
        self.value_range = pair_of(value_range, "RandomPosterization: value_range")
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        low, high = (int(f) for f in self.factor)
        if low == high:
            return {"shift_factor": ops.full((size.batch,), 8 - low, "int32")}
        return {"shift_factor": 8 - ops.random.randint((size.batch,), low, high, seed=seed)}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        x = ops.floor(rescale(images, self.value_range, (0, 255)))
        # Floats hold the eight bits exactly, and shifts of them are divisions by powers of two.
        step = ops.power(
            2.0, ops.cast(one_each(transformation["shift_factor"]), self.compute_dtype)
        )
        return rescale(ops.floor(x / step) * step, (0, 255), self.value_range)


class RandomColorDegeneration(ImageLayer):
    """In training, mixes images with their grey versions.

    Args:
        factor: The share of grey, from -1 (more colour) to 1 (none): a pair, or `f` for ``(-f, f)``.
        value_range: The least and the greatest value of a pixel, between which results are held.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> layer = RandomColorDegeneration((0.5, 0.5))
    >>> [round(v, 2) for v in layer(np.array([[[0.0, 0.0, 100.0]]]), training=True)[0][0].tolist()]
    [5.7, 5.7, 55.7]
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (-1, 1), "RandomColorDegeneration: factor")
        self.value_range = pair_of(value_range, "RandomColorDegeneration: value_range")
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        return {"factor": _uniform(size, self.factor, seed)}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        share = ops.cast(transformation["factor"], self.compute_dtype)
        gray = ops.image.rgb_to_grayscale(images, self.data_format)
        return ops.clip(images + share * (gray - images), *self.value_range)


class Solarization(ImageLayer):
    """In training, turns pixels that are bright enough into their negatives.

    To each pixel a random number is added first; where the sum reaches a random threshold, it is
    subtracted from the greatest value.

    Args:
        addition_factor, threshold_factor: Both as shares of the value range: a pair, or `f` for
            ``(0, f)``. A threshold of 0 inverts all pixels.
        value_range: The least and the greatest value of a pixel.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> Solarization(threshold_factor=(0.5, 0.5))(np.array([[[10.0, 200.0]]])).tolist()
    [[[10.0, 55.0]]]
    """

    def __init__(
        self,
        addition_factor: Factor = 0.0,
        threshold_factor: Factor = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.addition_factor = factor_range(
            addition_factor, (0, 1), "Solarization: addition_factor"
        )
        self.threshold_factor = factor_range(
            threshold_factor, (0, 1), "Solarization: threshold_factor"
        )
        self.value_range = pair_of(value_range, "Solarization: value_range")
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        both = {"additions": self.addition_factor, "thresholds": self.threshold_factor}
        return {
            name: _uniform(size, (255.0 * low, 255.0 * high), seed)
            for name, (low, high) in both.items()
        }

    def _change(self, images: Any, transformation: Transformation) -> Any:
        additions, thresholds = (
            ops.cast(transformation[name], self.compute_dtype)
            for name in ("additions", "thresholds")
        )
        x = ops.clip(rescale(images, self.value_range, (0, 255)) + additions, 0, 255)
        x = ops.where(x < thresholds, x, 255.0 - x)
        return rescale(x, (0, 255), self.value_range)


class RandomHue(ImageLayer):
    """In training, turns the colours of an image along the colour circle by a random angle.

    Args:
        factor: The angle in half turns, either way: a pair, or `f` for ``(0, f)``.
        value_range: The least and the greatest value of a pixel.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> layer = RandomHue((1.0, 1.0), value_range=(0, 1))  # half a turn: red becomes cyan
    >>> [round(v, 3) for v in layer(np.array([[[1.0, 0.0, 0.0]]]), training=True)[0][0].tolist()]
    [0.0, 1.0, 1.0]
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (0, 1), "RandomHue: factor")
        self.value_range = value_range
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        back = ops.random.uniform((size.batch,), seed=seed) > 0.5
        turn = ops.random.uniform((size.batch,), *self.factor, seed=seed) * 0.5
        return {"factor": ops.where(back, -1.0 * turn, turn)}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        axis = self._axes[2]
        x = rescale(images, self.value_range, (0, 1))
        hue, rest = ops.split(ops.image.rgb_to_hsv(x, data_format=self.data_format), [1], axis=axis)
        hue = hue + ops.cast(one_each(transformation["factor"]), self.compute_dtype)
        hue = ops.where(hue > 1.0, hue - 1.0, ops.where(hue < 0.0, hue + 1.0, hue))
        x = ops.concatenate([hue, rest], axis=axis)
        x = ops.image.hsv_to_rgb(x, data_format=self.data_format)
        return rescale(ops.clip(x, 0, 1), (0, 1), self.value_range)


class RandomSaturation(ImageLayer):
    """In training, makes colours paler or stronger.

    Args:
        factor: 0 gives grey images, 0.5 leaves them as they are, 1 gives the strongest colours: the
            saturation is multiplied by ``factor / (1 - factor)``. A pair, or, as in Keras 3, `f` for
            ``(-f, f)``, of which the numbers below 0 give grey images, too.
        value_range: The least and the greatest value of a pixel.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> layer = RandomSaturation((0.0, 0.0), value_range=(0, 1))
    >>> layer(np.array([[[1.0, 0.5, 0.0]]]), training=True).tolist()
    [[[1.0, 1.0, 1.0]]]
    """

    def __init__(
        self,
        factor: Factor,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (-1, 1), "RandomSaturation: factor")
        self.value_range = pair_of(value_range, "RandomSaturation: value_range")
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        factor = ops.random.uniform((size.batch,), *self.factor, seed=seed)
        return {"factor": factor / (1.0 - factor + settings.epsilon())}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        axis = self._axes[2]
        hsv = ops.image.rgb_to_hsv(images, data_format=self.data_format)
        hue, saturation, value = ops.split(hsv, 3, axis=axis)
        # It is a share whatever the range of the pixels is: beyond 1, colours would turn negative.
        strength = ops.cast(one_each(transformation["factor"]), self.compute_dtype)
        saturation = ops.clip(saturation * strength, 0, 1)
        hsv = ops.concatenate([hue, saturation, value], axis=axis)
        return ops.image.hsv_to_rgb(hsv, data_format=self.data_format)


class RandomColorJitter(ImageLayer):
    """In training, changes brightness, contrast, saturation and hue, in this order.

    Args:
        value_range: The least and the greatest value of a pixel.
        brightness_factor: See `RandomBrightness`; ``None`` leaves that out, as with the others.
        contrast_factor: See `RandomContrast`.
        saturation_factor: See `RandomSaturation`.
        hue_factor: See `RandomHue`.
        seed: An int for a repeatable sequence.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> layer = RandomColorJitter(brightness_factor=(0.2, 0.2), contrast_factor=0.0)
    >>> layer(np.full((1, 1, 1), 10.0), training=True).tolist()
    [[[61.0]]]
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Factor | None = None,
        contrast_factor: Factor | None = None,
        saturation_factor: Factor | None = None,
        hue_factor: Factor | None = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        self._seed(seed)
        kinds: dict[str, Any] = {
            "brightness": RandomBrightness,
            "contrast": RandomContrast,
            "saturation": RandomSaturation,
            "hue": RandomHue,
        }
        given = {name: getattr(self, f"{name}_factor") for name in kinds}
        shared = {
            "value_range": value_range,
            "data_format": data_format,
            "dtype": self.dtype_policy,
        }
        self._parts = {
            name: kinds[name](factor=factor, **shared)
            for name, factor in given.items()
            if factor is not None
        }

    def _draw(self, size: Size, seed: Any) -> Transformation:
        return {name: part._draw(size, seed) for name, part in self._parts.items()}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        for name, part in self._parts.items():
            images = part._change(images, transformation[name])
        return images
