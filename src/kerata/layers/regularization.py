"""Noise in training (dropout and its kin), and penalties on activity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..errors import InputError
from ..ops.random import SeedGenerator, SpareGenerator
from ..regularizers import L1L2
from .input_spec import InputSpec
from .layer import Layer


class _Noise(Layer):
    """Base of layers that draw random numbers in training and pass the input on elsewhere."""

    supports_masking = True

    def _seed(self, seed: int | None) -> None:
        self.seed = seed
        self.seed_generator = SpareGenerator() if seed is None else SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self._disturb(inputs) if training else inputs

    def _disturb(self, x: Any) -> Any:
        raise NotImplementedError


def _rate(rate: Any, layer: str, most: float = 1.0) -> float:
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= most:
        raise InputError(f"{layer}: rate must be a number from 0 to {most:g}, got {rate!r}.")
    return rate


def _noise_shape(shape: Any, layer: str) -> tuple[int | None, ...] | None:
    if shape is None:
        return None
    sizes = tuple(shape) if isinstance(shape, (list, tuple)) else None
    if sizes is None or any(d is not None and (not isinstance(d, int) or d < 1) for d in sizes):
        raise InputError(
            f"{layer}: noise_shape must hold a whole number above 0, or None for the input's size, for "
            f"each axis of the input; got {shape!r}."
        )
    return sizes


class Dropout(_Noise):
    """In training, sets elements to 0 with probability `rate` and divides the others by ``1 - rate``.

    Args:
        rate: Share of the elements to drop (Srivastava et al. 2014).
        noise_shape: Shape of the mask, which is broadcast; ``(batch, 1, features)`` drops the same
            features at all steps. ``None`` in it is the size of the input.
        seed: An int for a repeatable sequence of masks.

    >>> Dropout(0.5)(ops.ones((2, 2))).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = _rate(rate, type(self).__name__)
        self.noise_shape = _noise_shape(noise_shape, type(self).__name__)
        self._seed(seed)

    def _disturb(self, x: Any) -> Any:
        return ops.random.dropout(x, self.rate, self._mask_shape(x), self.seed_generator)

    def _mask_shape(self, x: Any) -> Any:
        return self.noise_shape


class _SpatialDropout(Dropout):
    """Base of dropouts of whole feature maps."""

    data_format = "channels_last"

    def _mask_shape(self, x: Any) -> Any:
        shape = ops.shape(x)
        channels = 1 if self.data_format == "channels_first" else len(shape) - 1
        return tuple(d if i in (0, channels) else 1 for i, d in enumerate(shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments without ``trainable``, which Keras does not take here."""
        config = super().get_config()
        config.pop("trainable", None)
        return config


class SpatialDropout1D(_SpatialDropout):
    """In training, drops whole features over all steps: input (batch, steps, features).

    Args:
        rate: Share of the features to drop (Tompson et al. 2014).
        seed: See `Dropout`.

    >>> out = SpatialDropout1D(0.5, seed=1)(ops.ones((1, 3, 8)), training=True)
    >>> bool(ops.all(out[:, 0] == out[:, 2]))  # all steps lose the same channels
    True
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.input_spec = InputSpec(ndim=3)


class SpatialDropout2D(_SpatialDropout):
    """In training, drops whole channels of images.

    Args:
        rate: Share of the channels to drop.
        data_format: ``channels_last`` for (batch, height, width, channels) or ``channels_first``.
        seed: See `Dropout`.

    >>> out = SpatialDropout2D(0.5, seed=1)(ops.ones((1, 3, 3, 8)), training=True)
    >>> bool(ops.all(out[:, 0, 0] == out[:, 2, 1]))
    True
    """

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.adopt({"data_format": data_format})
        self.input_spec = InputSpec(ndim=4)


class SpatialDropout3D(_SpatialDropout):
    """In training, drops whole channels of volumes; see `SpatialDropout2D`.

    >>> out = SpatialDropout3D(0.5, seed=1)(ops.ones((1, 2, 2, 2, 8)), training=True)
    >>> bool(ops.all(out[:, 0, 0, 0] == out[:, 1, 1, 0]))
    True
    """

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.adopt({"data_format": data_format})
        self.input_spec = InputSpec(ndim=5)


class GaussianNoise(_Noise):
    """In training, adds normal numbers of mean 0.

    Args:
        stddev: Their standard deviation.
        seed: See `Dropout`.

    >>> GaussianNoise(0.1)(ops.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    >>> noisy = GaussianNoise(0.1, seed=1)(ops.ones((1, 2)), training=True)
    >>> noisy.tolist() == [[1.0, 1.0]]
    False
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(stddev, (int, float)) or stddev < 0:
            raise InputError(f"GaussianNoise: stddev must be a number not below 0, got {stddev!r}.")
        self.stddev = stddev
        self._seed(seed)

    def _disturb(self, x: Any) -> Any:
        if not self.stddev:
            return x
        kind, seed = ops.dtype(x), self.seed_generator
        return ops.add(x, ops.random.normal(ops.shape(x), 0.0, self.stddev, kind, seed))


class GaussianDropout(_Noise):
    """In training, multiplies by normal numbers of mean 1 and variance ``rate / (1 - rate)``.

    Args:
        rate: As in `Dropout`, which has the same variance (Srivastava et al. 2014).
        seed: See `Dropout`.

    >>> GaussianDropout(0.5)(ops.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = _rate(rate, "GaussianDropout")
        if rate == 1:
            raise InputError(
                "GaussianDropout: with rate=1 the noise has no finite variance. Use a rate below 1."
            )
        self._seed(seed)

    def _disturb(self, x: Any) -> Any:
        if not self.rate:
            return x
        stddev = math.sqrt(self.rate / (1 - self.rate))
        noise = ops.random.normal(ops.shape(x), 1.0, stddev, ops.dtype(x), self.seed_generator)
        return ops.multiply(x, noise)


# The value that SELU approaches from above, far below 0.
_SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805


class AlphaDropout(_Noise):
    """Dropout for networks with SELU: in training, keeps mean 0 and variance 1 of its input.

    Dropped elements take the lowest value of SELU; then all are scaled and shifted (Klambauer et
    al. 2017).

    Args:
        rate, noise_shape, seed: See `Dropout`.

    >>> AlphaDropout(0.5)(ops.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = _rate(rate, "AlphaDropout")
        self.noise_shape = _noise_shape(noise_shape, "AlphaDropout")
        self._seed(seed)

    def _disturb(self, x: Any) -> Any:
        p = self.rate
        if p == 0:
            return x
        shape = ops.shape(x)
        if self.noise_shape is not None:
            shape = tuple(
                d if n is None else n for n, d in zip(self.noise_shape, shape, strict=True)
            )
        keep = ops.greater_equal(ops.random.uniform(shape, seed=self.seed_generator), p)
        kept = ops.where(keep, x, _SELU_FLOOR)
        if p == 1:  # nothing of the input is left: the constant's mean, 0
            return ops.multiply(ops.subtract(kept, _SELU_FLOOR), 0)
        scale = 1 / math.sqrt((1 - p) * (1 + p * _SELU_FLOOR**2))
        return ops.add(ops.multiply(kept, scale), -scale * _SELU_FLOOR * p)


class ActivityRegularization(Layer):
    """Passes its input on and adds ``l1 * sum(|x|) + l2 * sum(x**2)`` of it to the loss.

    >>> layer = ActivityRegularization(l2=0.5)
    >>> _ = layer(ops.array([[3.0, 1.0]]))
    >>> [round(float(x), 4) for x in layer.losses]
    [5.0]
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._penalty = L1L2(l1, l2)

    def call(self, inputs: Any) -> Any:
        self.add_loss(self._penalty(inputs))
        return inputs
