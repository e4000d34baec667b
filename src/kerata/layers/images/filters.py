"""Random changes of sharpness: each pixel by those around it."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import InputError
from .base import Factor, ImageLayer, Size, Transformation, factor_range, one_each, pair_of
from .colour import chosen


class RandomSharpness(ImageLayer):
    """In training, blurs images or makes them sharper.

    Args:
        factor: 0 gives blurred images, 0.5 leaves them as they are, 1 goes as far in the other direction:
            a pair, or `f` for ``(0, f)``.
        value_range: The least and the greatest value of a pixel, between which results are held.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> x = np.array([0.0, 13.0, 0.0]).reshape(1, 3, 1)
    >>> [round(v) for v in RandomSharpness((0.0, 0.0))(x, training=True)[0, :, 0].tolist()]
    [1, 5, 1]
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
        self.factor = factor_range(factor, (0, 1), "RandomSharpness: factor")
        self.value_range = pair_of(value_range, "RandomSharpness: value_range")
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        return {"factor": ops.random.uniform((size.batch,), *self.factor, seed=seed)}

    def _change(self, images: Any, transformation: Transformation) -> Any:
        factor = ops.cast(one_each(transformation["factor"]), self.compute_dtype) * 2.0
        # Weights of 1/13 around 5/13, with zeros outside: sums of three along one axis, then the other.
        sums = images
        for axis in self._axes[:2]:
            sums = _of_three(sums, axis + 4)
        smooth = sums * (1.0 / 13.0) + images * (4.0 / 13.0)
        return ops.clip(images + (1.0 - factor) * (smooth - images), *self.value_range)


def _of_three(x: Any, axis: int) -> Any:
    """Sums of each element and its two neighbours."""
    n = ops.shape(x)[axis]
    wide = ops.pad(x, [(1, 1) if a == axis else (0, 0) for a in range(4)])
    keys = [
        tuple(slice(i, i + n) if a == axis else slice(None) for a in range(4)) for i in range(3)
    ]
    return wide[keys[0]] + wide[keys[1]] + wide[keys[2]]


class RandomGaussianBlur(ImageLayer):
    """In training, smooths randomly chosen images by a Gaussian.

    Args:
        factor: The probability, drawn for each image from this range; `f` is short for ``(0, f)``.
        kernel_size: Number of pixels of the window along the width and along the height: odd numbers,
            or one for both.
        sigma: Range of the standard deviation in pixels, at most 1, which is drawn for the batch once for
            each axis; `s` is short for ``(0, s)``.
        value_range: The least and the greatest value of a pixel, between which results are held.
        data_format: ``channels_last`` or ``channels_first``.
        seed: An int for a repeatable sequence.

    >>> import numpy as np
    >>> x = np.zeros((1, 3, 3, 1))
    >>> x[0, 1, 1] = 9.0
    >>> y = RandomGaussianBlur((1.0, 1.0), sigma=(1.0, 1.0))(x, training=True)
    >>> [round(v, 2) for v in y[0, 1, :, 0].tolist()]
    [1.11, 1.84, 1.11]
    """

    def __init__(
        self,
        factor: Factor = 1.0,
        kernel_size: Any = 3,
        sigma: Factor = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.factor = factor_range(factor, (0, 1), "RandomGaussianBlur: factor")
        sizes = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size,) * 2
        if len(sizes) != 2 or any(not isinstance(k, int) or k % 2 == 0 for k in sizes):
            raise InputError(
                f"RandomGaussianBlur: kernel_size must be an odd number or two of them, got {kernel_size!r}."
            )
        self.kernel_size = tuple(sizes)
        self.sigma = factor_range(sigma, (0, 1), "RandomGaussianBlur: sigma")
        self.value_range = value_range
        self._seed(seed)

    def _draw(self, size: Size, seed: Any) -> Transformation:
        deviations = ops.random.uniform((2,), *self.sigma, dtype="float32", seed=seed)
        return {
            "should_apply_blur": chosen(size.batch, self.factor, seed),
            "blur_factor": deviations + 1e-6,
        }

    def _change(self, images: Any, transformation: Transformation) -> Any:
        smooth = ops.image.gaussian_blur(
            images, self.kernel_size, transformation["blur_factor"], self.data_format
        )
        out = ops.where(one_each(transformation["should_apply_blur"]), smooth, images)
        return ops.clip(out, *self.value_range)
