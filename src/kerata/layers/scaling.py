"""Preprocessing as layers: features to mean 0 and variance 1, value ranges, image sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import config as settings
from .. import ops, tree
from ..errors import InputError, NotBuiltError, ShapeError
from ..spec import normalize_axis
from .data_layer import DataLayer


class Normalization(DataLayer):
    """``(x - mean) / sqrt(variance)`` with statistics that `adapt` finds in data, or given ones.

    Args:
        axis: Axis (or axes) each index of which has its own mean and variance; ``None`` for one
            mean and variance of everything.
        mean, variance: The statistics, of a shape that broadcasts to the kept axes.
        invert: Whether to compute ``x * sqrt(variance) + mean`` instead.

    >>> layer = Normalization(axis=None)
    >>> layer.adapt(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    >>> [round(v, 4) for v in layer(np.array([1.0, 3.0])).tolist()]
    [-1.4142, 0.0]
    """

    supports_masking = True

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.invert = invert
        if (mean is None) != (variance is None):
            raise InputError(
                "Normalization: give both mean and variance, or neither and call adapt."
            )
        if mean is not None and np.shape(mean) != np.shape(variance):
            raise ShapeError(
                f"Normalization: mean and variance must have one shape, got {np.shape(mean)} and "
                f"{np.shape(variance)}."
            )
        if np.ndim(mean) > len(self.axis) and mean is not None:
            raise ShapeError(
                f"Normalization: mean of shape {np.shape(mean)} has more axes than axis={axis} keeps."
            )
        self.input_mean, self.input_variance = mean, variance

    def build(self, input_shape: Sequence[int | None]) -> None:
        rank = len(input_shape)
        self._keep = sorted(normalize_axis(a, rank, "Normalization: axis") for a in self.axis)
        if any(input_shape[a] is None for a in self._keep):
            raise ShapeError(
                f"Normalization: the sizes of the axes {self._keep} of the input shape "
                f"{tuple(input_shape)} must be known. Give them in Input(shape=...)."
            )
        self._kept_sizes = tuple(int(input_shape[a]) for a in self._keep)  # type: ignore[arg-type]
        sizes = iter(self._kept_sizes)
        self._spread = tuple(next(sizes) if i in self._keep else 1 for i in range(rank))
        if self.input_mean is not None:
            self._given = [self._aligned(v) for v in (self.input_mean, self.input_variance)]
            return
        make = self.add_weight
        shape = self._kept_sizes
        self.adapt_mean = make(shape=shape, initializer="zeros", trainable=False, name="mean")
        self.adapt_variance = make(
            shape=shape, initializer="ones", trainable=False, name="variance"
        )
        # Unused, but part of the files that every Keras with this layer writes.
        self.count = make(
            shape=(), initializer="zeros", dtype="int32", trainable=False, name="count"
        )

    def _aligned(self, value: Any) -> np.ndarray:
        """A given statistic, its axes put in the places of the last kept ones."""
        value = np.asarray(
            value, self.compute_dtype if self.compute_dtype == "float64" else "float32"
        )
        shape = [1] * len(self._spread)
        for axis, size in zip(self._keep[::-1], value.shape[::-1]):
            shape[axis] = size
        return np.broadcast_to(value.reshape(shape), self._spread)

    def _statistics(self) -> list[Any]:
        if not self.built:
            raise NotBuiltError(f"Layer {self.name!r} is not built: call adapt on data first.")
        if self.input_mean is not None:
            return self._given
        return [ops.reshape(v, self._spread) for v in (self.adapt_mean, self.adapt_variance)]

    @property
    def mean(self) -> Any:
        """The mean, in a shape that broadcasts with the input."""
        return self._statistics()[0]

    @property
    def variance(self) -> Any:
        """The variance, in a shape that broadcasts with the input."""
        return self._statistics()[1]

    def adapt(self, data: Any) -> None:
        """Find mean and variance of data, and forget those found before.

        Args:
            data: An array or tensor; or batches: a `PyDataset`, a ``tf.data.Dataset``, a
                ``DataLoader``, a list or generator of arrays. Of ``(x, y)`` pairs x is taken.
        """
        if self.input_mean is not None:
            raise InputError(
                f"Layer {self.name!r} was given mean and variance; adapt cannot replace them."
            )
        count, mean, spread = 0, np.zeros(()), np.zeros(())
        for batch in _batches(data):
            if batch.size == 0:
                continue
            if not self.built:
                self.build(
                    (None, *batch.shape[1:]) if 0 not in self._first_axes(batch) else batch.shape
                )
            n, m, s = self._moments(batch)
            # Chan, Golub and LeVeque (1983): moments of a union out of those of its parts.
            share, delta = n / (count + n), m - mean
            spread = spread + s + np.square(delta) * count * share
            mean, count = mean + delta * share, count + n
        if count == 0:
            raise InputError(
                "Normalization.adapt got no data: an empty array, or an iterable at its end."
            )
        self.adapt_mean.assign(np.broadcast_to(mean, self._kept_sizes))
        self.adapt_variance.assign(np.broadcast_to(spread / count, self._kept_sizes))

    def _first_axes(self, batch: np.ndarray) -> list[int]:
        return [normalize_axis(a, batch.ndim, "Normalization: axis") for a in self.axis]

    def _moments(self, batch: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
        """Number, mean, and sum of squared deviations, in float64."""
        sizes = tuple(batch.shape[a] for a in self._keep if a < batch.ndim)
        if batch.ndim != len(self._spread) or sizes != self._kept_sizes:
            raise ShapeError(
                f"Normalization.adapt: a batch of shape {batch.shape} does not fit a layer built for "
                f"{len(self._spread)} axes with the sizes {self._kept_sizes} on the axes {self._keep}."
            )
        reduce = tuple(i for i in range(batch.ndim) if i not in self._keep)
        batch = batch.astype(np.float64)
        n = int(np.prod([batch.shape[i] for i in reduce], dtype=np.int64))
        return n, batch.mean(axis=reduce), batch.var(axis=reduce) * n

    def call(self, inputs: Any) -> Any:
        kind = self.compute_dtype
        mean, variance = (ops.cast(v, kind) for v in self._statistics())
        deviation = ops.maximum(ops.sqrt(variance), settings.epsilon())
        x = ops.cast(inputs, kind)
        if self.invert:
            return ops.add(mean, ops.multiply(x, deviation))
        return ops.divide(ops.subtract(x, mean), deviation)


def _batches(data: Any) -> Iterator[np.ndarray]:
    """The arrays that data consists of."""
    if isinstance(data, (list, tuple)) and not any(hasattr(v, "shape") for v in tree.flatten(data)):
        data = np.asarray(data)
    if hasattr(data, "shape"):
        yield np.asarray(data)
        return
    spec = getattr(data, "element_spec", None)
    if spec is not None:
        spec = spec[0] if isinstance(spec, tuple) else spec
        data = data.batch(128) if len(spec.shape) <= 1 else data
    if (
        hasattr(data, "__getitem__")
        and hasattr(data, "__len__")
        and not isinstance(data, (list, tuple))
    ):
        data = map(data.__getitem__, range(len(data)))
    elif not hasattr(data, "__iter__"):
        raise InputError(
            f"Normalization.adapt takes arrays or batches of them, got {type(data).__name__}."
        )
    for batch in data:
        yield np.asarray(batch[0] if isinstance(batch, (list, tuple)) else batch)


class Rescaling(DataLayer):
    """``x * scale + offset``, a float.

    Args:
        scale, offset: Numbers, or one for each channel.

    >>> Rescaling(1 / 5, offset=-1.0)(np.array([0, 10])).tolist()
    [-1.0, 1.0]
    """

    supports_masking = True

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())

    def call(self, inputs: Any) -> Any:
        x = ops.cast(inputs, self.compute_dtype)
        scale, offset = (self._constant(v) for v in (self.scale, self.offset))
        return ops.add(ops.multiply(x, scale), offset)

    def _constant(self, value: Any) -> Any:
        if np.ndim(value) == 0:
            return float(value)
        value = ops.cast(np.asarray(value), self.compute_dtype)
        if settings.image_data_format() == "channels_first" and ops.ndim(value) < 3:
            return ops.reshape(value, (*ops.shape(value), *(1,) * (3 - ops.ndim(value))))
        return value


class Resizing(DataLayer):
    """Images in another size: (batch, height, width, channels), or without a batch axis.

    A dict with the keys ``images``, ``segmentation_masks`` and ``labels`` is taken, too: masks are
    resized by the nearest pixel, labels stay.

    Args:
        height, width: Size of the output.
        interpolation: ``bilinear``, ``nearest``, ``bicubic``, ``lanczos3`` or ``lanczos5``.
        crop_to_aspect_ratio: Whether to keep the aspect ratio by cropping the longer side.
        pad_to_aspect_ratio: Whether to keep it by padding the shorter side.
        fill_mode: How to pad: ``constant``.
        fill_value: Value of the padding.
        antialias: Whether to smooth before shrinking.
        data_format: ``channels_last`` or ``channels_first``.

    >>> Resizing(2, 2)(np.arange(16.0).reshape(4, 4, 1))[..., 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self.interpolation = interpolation.lower()

    def call(self, inputs: Any) -> Any:
        if not isinstance(inputs, dict):
            return self._resize(inputs, self.interpolation)
        methods = {"images": self.interpolation, "segmentation_masks": "nearest"}
        unknown = set(inputs) - {*methods, "labels"}
        if unknown:
            raise InputError(
                f"Resizing cannot resize {sorted(unknown)}; it takes images, segmentation_masks, labels."
            )
        return {k: self._resize(v, methods[k]) if k in methods else v for k, v in inputs.items()}

    def _resize(self, images: Any, interpolation: str) -> Any:
        return ops.image.resize(
            images, (self.height, self.width), interpolation, self.antialias,
            self.crop_to_aspect_ratio, self.pad_to_aspect_ratio, self.fill_mode, self.fill_value,
            self.data_format,
        )  # fmt: skip
