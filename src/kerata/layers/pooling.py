"""Pooling: the largest or the mean of windows, or of all places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import ops
from ..scope import get_finish
from .input_spec import InputSpec
from .layer import Layer
from .windows import padding_mode, per_axis

Sizes = int | Sequence[int]


class Pooling(Layer):
    """A number for each window and channel; subclasses fix the rank and which number.

    Args:
        pool_size: Size of the window along each axis; one number stands for all.
        strides: Steps of the window; `pool_size` by default.
        padding: ``valid`` (whole windows only) or ``same`` (the output has ``ceil(size / stride)``
            places; what lies outside the input does not count).
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
    """

    rank = 0
    pool: Callable[..., Any]

    def __init__(
        self,
        pool_size: Sizes = 2,
        strides: Sizes | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.adopt(locals())
        self.pool_size = per_axis(pool_size, self.rank, "pool_size")
        self.strides = (
            self.pool_size if strides is None else per_axis(strides, self.rank, "strides")
        )
        self.padding = padding_mode(padding)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """The pooled input."""

        def pool(x: Any) -> Any:
            return type(self).pool(x, self.pool_size, self.strides, self.padding, self.data_format)

        return _before_finish(pool, inputs) if type(self).pool is ops.max_pool else pool(inputs)


def _before_finish(pool: Callable, x: Any) -> Any:
    """``pool(x)``, taken before the bias and the activation that made `x`, where that is known."""
    known = get_finish(x)
    if known is None:
        return pool(x)
    before, finish = known
    return finish(pool(before))


class MaxPooling1D(Pooling):
    """The largest of each window of a sequence (batch, steps, channels). Arguments as in `Pooling`.

    >>> MaxPooling1D(2)(ops.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
    [[[3.0], [2.0]]]
    """

    rank, pool = 1, ops.max_pool


class MaxPooling2D(Pooling):
    """The largest of each window of an image (batch, height, width, channels). See `Pooling`.

    >>> MaxPooling2D().compute_output_shape((None, 7, 7, 3))
    (None, 3, 3, 3)
    """

    rank, pool = 2, ops.max_pool


class MaxPooling3D(Pooling):
    """The largest of each window of a volume (batch, depth, height, width, channels). See `Pooling`.

    >>> MaxPooling3D(2, padding="same").compute_output_shape((None, 5, 4, 4, 1))
    (None, 3, 2, 2, 1)
    """

    rank, pool = 3, ops.max_pool


class AveragePooling1D(Pooling):
    """The mean of each window of a sequence (batch, steps, channels). Arguments as in `Pooling`.

    >>> AveragePooling1D(2)(ops.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
    [[[2.0], [1.0]]]
    """

    rank, pool = 1, ops.average_pool


class AveragePooling2D(Pooling):
    """The mean of each window of an image (batch, height, width, channels). See `Pooling`.

    >>> AveragePooling2D(3, strides=1).compute_output_shape((None, 7, 7, 3))
    (None, 5, 5, 3)
    """

    rank, pool = 2, ops.average_pool


class AveragePooling3D(Pooling):
    """The mean of each window of a volume (batch, depth, height, width, channels). See `Pooling`.

    >>> AveragePooling3D(2).compute_output_shape((None, 4, 4, 4, 1))
    (None, 2, 2, 2, 1)
    """

    rank, pool = 3, ops.average_pool


class GlobalPooling(Layer):
    """A number for each channel out of all places; subclasses fix the rank and which number.

    Args:
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        keepdims: Whether the pooled axes stay, with size 1.
    """

    rank = 0
    reduce: Callable[..., Any]

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def axes(self) -> tuple[int, ...]:
        """The spatial axes."""
        first = 2 if self.data_format == "channels_first" else 1
        return tuple(range(first, first + self.rank))

    def call(self, inputs: Any) -> Any:
        """The pooled input."""

        def pool(x: Any) -> Any:
            return type(self).reduce(x, axis=self.axes, keepdims=self.keepdims)

        if type(self).reduce is ops.max and self.data_format == "channels_last":
            return _before_finish(pool, inputs)
        return pool(inputs)


class GlobalMaxPooling1D(GlobalPooling):
    """The largest over all steps: (batch, steps, channels) to (batch, channels).

    >>> GlobalMaxPooling1D()(ops.array([[[1.0, 5.0], [3.0, 2.0]]])).tolist()
    [[3.0, 5.0]]
    """

    rank, reduce = 1, ops.max


class GlobalMaxPooling2D(GlobalPooling):
    """The largest over all pixels: (batch, height, width, channels) to (batch, channels).

    >>> GlobalMaxPooling2D(keepdims=True).compute_output_shape((None, 4, 5, 3))
    (None, 1, 1, 3)
    """

    rank, reduce = 2, ops.max


class GlobalMaxPooling3D(GlobalPooling):
    """The largest over all voxels: (batch, depth, height, width, channels) to (batch, channels).

    >>> GlobalMaxPooling3D().compute_output_shape((None, 4, 5, 6, 3))
    (None, 3)
    """

    rank, reduce = 3, ops.max


class GlobalAveragePooling1D(GlobalPooling):
    """The mean over all steps, or over those the mask keeps: (batch, steps, channels) to (batch, channels).

    A sample whose steps are all masked gives zeros.

    >>> GlobalAveragePooling1D()(ops.array([[[1.0, 5.0], [3.0, 2.0]]])).tolist()
    [[2.0, 3.5]]
    """

    rank, reduce = 1, ops.mean
    supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The mean of the steps with a true `mask`, (batch, steps)."""
        if mask is None:
            return super().call(inputs)
        kept = ops.expand_dims(
            ops.cast(mask, "bool"), 1 if self.data_format == "channels_first" else 2
        )
        total = ops.sum(ops.where(kept, inputs, 0), axis=self.axes, keepdims=self.keepdims)
        count = ops.sum(ops.cast(kept, ops.dtype(total)), axis=self.axes, keepdims=self.keepdims)
        return ops.divide(total, ops.maximum(count, 1))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the steps are gone."""
        return None


class GlobalAveragePooling2D(GlobalPooling):
    """The mean over all pixels: (batch, height, width, channels) to (batch, channels).

    >>> GlobalAveragePooling2D().compute_output_shape((None, 4, 5, 3))
    (None, 3)
    """

    rank, reduce = 2, ops.mean


class GlobalAveragePooling3D(GlobalPooling):
    """The mean over all voxels: (batch, depth, height, width, channels) to (batch, channels).

    >>> GlobalAveragePooling3D().compute_output_shape((None, 4, 5, 6, 3))
    (None, 3)
    """

    rank, reduce = 3, ops.mean


class AdaptivePooling(Layer):
    """A given number of windows along each axis, whatever the size of the input; see subclasses.

    Window i of m covers the places from ``floor(i n / m)`` up to, and without,
    ``ceil((i + 1) n / m)`` of n: windows are as equal as can be, and may overlap.

    Args:
        output_size: Number of windows along each axis; one number stands for all.
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
    """

    rank = 0
    pool: Callable[..., Any]

    def __init__(self, output_size: Sizes, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self.output_size = per_axis(output_size, self.rank, "output_size")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        """The pooled input."""
        return type(self).pool(inputs, self.output_size, self.data_format)


class AdaptiveAveragePooling1D(AdaptivePooling):
    """Means of so many windows of a sequence (batch, steps, channels). See `AdaptivePooling`.

    >>> AdaptiveAveragePooling1D(2)(ops.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
    [[[2.0], [1.0]]]
    """

    rank, pool = 1, ops.adaptive_average_pool


class AdaptiveAveragePooling2D(AdaptivePooling):
    """Means of so many windows of an image (batch, height, width, channels). See `AdaptivePooling`.

    >>> AdaptiveAveragePooling2D((2, 3)).compute_output_shape((None, 7, 8, 3))
    (None, 2, 3, 3)
    """

    rank, pool = 2, ops.adaptive_average_pool


class AdaptiveAveragePooling3D(AdaptivePooling):
    """Means of so many windows of a volume (batch, depth, height, width, channels).

    See `AdaptivePooling`.

    >>> AdaptiveAveragePooling3D(2).compute_output_shape((None, 5, 6, 7, 1))
    (None, 2, 2, 2, 1)
    """

    rank, pool = 3, ops.adaptive_average_pool


class AdaptiveMaxPooling1D(AdaptivePooling):
    """The largest of so many windows of a sequence (batch, steps, channels). See `AdaptivePooling`.

    >>> AdaptiveMaxPooling1D(2)(ops.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
    [[[3.0], [2.0]]]
    """

    rank, pool = 1, ops.adaptive_max_pool


class AdaptiveMaxPooling2D(AdaptivePooling):
    """The largest of so many windows of an image (batch, height, width, channels).

    See `AdaptivePooling`.

    >>> AdaptiveMaxPooling2D(4).compute_output_shape((None, None, None, 3))
    (None, 4, 4, 3)
    """

    rank, pool = 2, ops.adaptive_max_pool


class AdaptiveMaxPooling3D(AdaptivePooling):
    """The largest of so many windows of a volume (batch, depth, height, width, channels).

    See `AdaptivePooling`.

    >>> AdaptiveMaxPooling3D((1, 2, 3)).compute_output_shape((None, 5, 6, 7, 1))
    (None, 1, 2, 3, 1)
    """

    rank, pool = 3, ops.adaptive_max_pool


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = (
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
