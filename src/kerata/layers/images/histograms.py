"""Contrast by what values there are: stretched, equalized, and equalized in tiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...errors import InputError
from ...spec import Spec
from .base import ImageLayer, Transformation, pair_of, rescale


class AutoContrast(ImageLayer):
    """Each channel of each image stretched so that it fills the value range, in training and outside.

    Channels of one value stay as they are.

    Args:
        value_range: The least and the greatest value of a pixel.

    >>> import numpy as np
    >>> AutoContrast((0, 1))(np.array([[[0.2], [0.3], [0.4]]]))[0, :, 0].tolist()[::2]
    [0.0, 1.0]
    """

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = pair_of(value_range, "AutoContrast: value_range")

    def _acts(self, transformation: Transformation, training: bool) -> bool:
        return True

    def _change(self, images: Any, transformation: Transformation) -> Any:
        x = rescale(images, self.value_range, (0, 255))
        low = ops.min(x, axis=self._axes[:2], keepdims=True)
        width = ops.max(x, axis=self._axes[:2], keepdims=True) - low
        flat = ops.equal(width, 0)
        scale = 255.0 / ops.where(flat, 1.0, width)
        x = ops.clip(x * scale - low * scale, 0, 255)
        return ops.where(flat, images, rescale(x, (0, 255), self.value_range))


class Equalization(ImageLayer):
    """In training, equalizes histograms: values are spread so that all become about equally frequent.

    Each channel has a histogram of its own, over all images of the batch, as in Keras 3.

    Args:
        value_range: The least and the greatest value of a pixel.
        bins: Number of bins of the histogram.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> Equalization()(np.array([[[10.0], [10.0], [11.0], [12.0]]]), training=True)[0, :, 0].tolist()
    [0.0, 0.0, 128.0, 255.0]
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        bins: int = 256,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.bins = bins
        self.value_range = pair_of(value_range, "Equalization: value_range")

    def _change(self, images: Any, transformation: Transformation) -> Any:
        axis = self._axes[2]
        x = ops.moveaxis(images, axis, 0)
        low, high = (float(v) for v in self.value_range)
        scale = 255.0 / (high - low)
        flat = ops.reshape(x * scale - low * scale, (ops.shape(x)[0], -1))
        out = self._equalized(ops.cast(flat, "float32"))
        back = (high - low) / 255.0
        out = ops.reshape(ops.cast(out, self.compute_dtype) * back + low, ops.shape(x))
        return ops.moveaxis(out, 0, axis)

    def _equalized(self, x: Any) -> Any:
        """Values (channels, n) from 0 to 255, equalized."""
        top = self.bins - 1
        found = ops.clip(ops.cast(x * float(top) / 255.0, "int32"), 0, top)
        counts = _histograms(found, self.bins)
        below = ops.cumsum(counts, axis=-1)
        first = ops.min(ops.where(below > 0, below, below[:, -1:]), axis=-1, keepdims=True)
        whole = below[:, -1:] - first
        table = (below - first) * 255.0 / ops.where(ops.equal(whole, 0), 1.0, whole)
        table = ops.clip(ops.round(table), 0, 255)
        # Keras rounds here in another order than above, so that some values count in the next bin.
        place = ops.cast(ops.clip(x / 255.0 * float(top), 0, top), "int32")
        several = ops.sum(ops.cast(counts > 0, "int32"), axis=-1, keepdims=True) > 1
        return ops.where(several, ops.take_along_axis(table, place, axis=-1), x)


def _histograms(values: Any, bins: int) -> Any:
    """How often each number below `bins` occurs in a row: (rows, n) whole numbers to (rows, bins) floats."""
    rows = ops.shape(values)[0]
    offsets = ops.expand_dims(ops.arange(rows, dtype="int32") * bins, -1)
    flat = ops.reshape(values + offsets, (-1,))
    counts = ops.segment_sum(ops.ones_like(flat, dtype="float32"), flat, num_segments=rows * bins)
    return ops.reshape(counts, (rows, bins))


class ContrastLimitedAdaptiveHistogramEqualization(ImageLayer):
    """Histograms equalized in tiles, between which the result is interpolated: CLAHE.

    It does so in training and outside. The result has the dtype of the images.

    Args:
        value_range: The least and the greatest value of a pixel.
        clip_limit: How much more frequent than the mean a value may count (Zuiderveld 1994); what is
            above is shared among all values. 0 for no limit.
        tile_grid_size: Numbers of rows and columns of tiles.
        data_format: ``channels_last`` or ``channels_first``.

    >>> import numpy as np
    >>> layer = ContrastLimitedAdaptiveHistogramEqualization(clip_limit=0.0, tile_grid_size=(1, 1))
    >>> layer(np.array([[[10.0], [20.0], [30.0], [40.0]]]))[0, :, 0].tolist()
    [63.75, 127.5, 191.25, 255.0]
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Any = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if not isinstance(tile_grid_size, (list, tuple)) or len(tile_grid_size) != 2:
            raise InputError(
                f"ContrastLimitedAdaptiveHistogramEqualization: tile_grid_size must be two whole numbers, "
                f"got {tile_grid_size!r}."
            )
        self.value_range, self.clip_limit = value_range, clip_limit
        self.tile_grid_size = tile_grid_size

    def transform_images(
        self, images: Any, transformation: Transformation = None, training: bool = True
    ) -> Any:
        """A batch of images, equalized."""
        images = ops.convert_to_tensor(images)
        kind, axis = ops.dtype(images), self._axes[2]
        if isinstance(images, Spec):  # of the same shape, whether its sizes are known or not
            return images
        x = rescale(ops.cast(images, "float32"), self.value_range, (0, 255))
        x = ops.moveaxis(self._equalized(ops.moveaxis(x, axis, -1)), -1, axis)
        return ops.cast(rescale(x, (0, 255), self.value_range), kind)

    def _equalized(self, x: Any) -> Any:
        """Images (batch, height, width, channels) from 0 to 255."""
        n, height, width, channels = ops.shape(x)
        rows, columns = (int(g) for g in self.tile_grid_size)
        h, w = -(-height // rows), -(-width // columns)
        pairs = [(0, 0), (0, h * rows - height), (0, w * columns - width), (0, 0)]
        x = ops.pad(x, pairs, mode="symmetric") if any(p[1] for p in pairs) else x
        values = ops.clip(ops.cast(x, "int32"), 0, 255)
        tiles = ops.reshape(values, (n, rows, h, columns, w, channels))
        tiles = ops.transpose(tiles, (0, 1, 3, 5, 2, 4))
        tables = self._tables(ops.reshape(tiles, (-1, h * w)), h * w)
        tables = ops.reshape(tables, (n, rows, columns, channels, 256))
        return self._interpolated(values, tables, (h, w))[:, :height, :width]

    def _tables(self, tiles: Any, pixels: int) -> Any:
        """What each value becomes by the histogram of a tile: (tiles, pixels) to (tiles, 256)."""
        counts = _histograms(tiles, 256)
        if self.clip_limit > 0:
            held = ops.minimum(counts, self.clip_limit * pixels / 256.0)
            counts = held + ops.sum(counts - held, axis=-1, keepdims=True) / 256.0
        below = ops.cumsum(counts, axis=-1)
        first = ops.min(below, axis=-1, keepdims=True)
        whole = float(pixels) - first
        return ops.clip(
            (below - first) * 255.0 / ops.where(ops.equal(whole, 0), 1.0, whole), 0, 255
        )

    def _interpolated(self, values: Any, tables: Any, tile: tuple[int, int]) -> Any:
        """Each pixel by the tables of the four tiles whose middles are around it."""
        n, _, _, channels = ops.shape(values)
        rows, columns = (int(g) for g in self.tile_grid_size)
        (top, bottom, down), (left, right, across) = (
            _neighbours(count, size) for count, size in zip((rows, columns), tile)
        )
        place = ops.reshape(ops.arange(n, dtype="int32") * (rows * columns), (-1, 1, 1, 1))
        channel = ops.arange(channels, dtype="int32")
        flat = ops.reshape(tables, (-1,))

        def found(row: np.ndarray, column: np.ndarray) -> Any:
            cell = (row[:, None] * columns + column).astype("int32")[None, :, :, None]
            tile = (place + ops.convert_to_tensor(cell)) * channels + channel
            return ops.take(flat, tile * 256 + values)

        down = ops.convert_to_tensor(down[None, :, None, None])
        across = ops.convert_to_tensor(across[None, None, :, None])
        above = found(top, left) * (1.0 - across) + found(top, right) * across
        under = found(bottom, left) * (1.0 - across) + found(bottom, right) * across
        return above * (1.0 - down) + under * down


def _neighbours(count: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel of an axis of tiles: the tiles before and after it, and the share of the latter."""
    at = (np.arange(count * size, dtype=np.float32) - size / 2.0) / size
    before = np.floor(at)
    share = (at - before).astype(np.float32)
    ends = [np.clip(t, 0, count - 1).astype(np.int32) for t in (before, before + 1)]
    return ends[0], ends[1], share
