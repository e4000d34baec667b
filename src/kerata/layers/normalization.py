"""Layers that keep the scale of activations: by statistics of the batch, the sample or groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config as settings
from .. import dtypes, ops
from ..errors import InputError, ShapeError
from ..initializers import TruncatedNormal
from ..spec import normalize_axes, normalize_axis, unprobe
from .input_spec import InputSpec
from .layer import Layer
from .wrapper import Wrapper


def _wide(x: Any) -> Any:
    """`x` in float32 at least: means of squares overflow half precision."""
    kind = dtypes.result_type(x.dtype, "float32")
    return x if ops.dtype(x) == kind else ops.cast(x, kind)


class _Normalizing(Layer):
    """Base of layers with a trained scale, gamma, and offset, beta."""

    supports_masking = True

    def _make_affine(self, shape: tuple[int, ...], scale: bool, center: bool) -> None:
        self.gamma = self.weight("gamma", shape, autocast=False) if scale else None
        self.beta = self.weight("beta", shape, autocast=False) if center else None


def _size(input_shape: Sequence[int | None], axis: int, layer: str) -> int:
    """The size of an axis, which must be known."""
    size = input_shape[normalize_axis(axis, len(input_shape), f"{layer}: axis")]
    if size is None:
        raise ShapeError(
            f"{layer}: the size of axis {axis} of the input shape {tuple(input_shape)} must be known. "
            "Give it in Input(shape=...)."
        )
    return size


class BatchNormalization(_Normalizing):
    """Normalizes each channel with the mean and variance of the batch (Ioffe and Szegedy 2015).

    In training ``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` with the statistics of the
    batch, over all axes but `axis`; moving averages of them serve outside of training, and also in
    training while ``trainable`` is False.

    Args:
        axis: Axis of the channels.
        momentum: Share that a moving average keeps at each step.
        epsilon: Added to the variance.
        center, scale: Whether there are beta and gamma.
        beta_initializer, gamma_initializer: Initial values of them.
        moving_mean_initializer, moving_variance_initializer: Initial values of the averages.
        beta_regularizer, gamma_regularizer: Penalties on beta and gamma.
        beta_constraint, gamma_constraint: Projections of them after each step.
        renorm: Whether training corrects the batch's statistics towards slowly moving ones (Ioffe
            2017, batch renormalization).
        renorm_clipping: Bounds of that correction: ``rmin``, ``rmax``, ``dmax``.
        renorm_momentum: Momentum of the statistics used in it.
        synchronized: Accepted; a compiled step sees the statistics of the whole batch anyway.

    >>> layer = BatchNormalization(epsilon=0.0)
    >>> layer(ops.array([[1.0], [3.0]]), training=True).tolist()
    [[-1.0], [1.0]]
    """

    axis: int

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        if isinstance(axis, (list, tuple)):  # as Keras 2 wrote it into files
            if len(axis) != 1:
                raise InputError(f"BatchNormalization normalizes along one axis, got axis={axis}.")
            self.axis = int(axis[0])
        if renorm:
            self.renorm_clipping = _check_clipping(renorm_clipping or {})

    def build(self, input_shape: Sequence[int | None]) -> None:
        size = _size(input_shape, self.axis, "BatchNormalization")
        self._make_affine((size,), self.scale, self.center)
        for name in ("moving_mean", "moving_variance"):
            setattr(self, name, self.weight(name, (size,), trainable=False, autocast=False))
        if self.renorm:
            deviation = _root(self.moving_variance_initializer)
            starts = (deviation, self.moving_mean_initializer, deviation)
            for name, start in zip(("moving_stddev", "renorm_mean", "renorm_stddev"), starts):
                made = self.weight(
                    name, (size,), initializer=start, trainable=False, autocast=False
                )
                setattr(self, name, made)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        x = _wide(inputs)
        kind = ops.dtype(x)
        gamma, beta = (w if w is None else ops.cast(w, kind) for w in (self.gamma, self.beta))
        if training and self.trainable:
            mean, variance = self._moments(x, mask)
            if self.renorm:
                gamma, beta = self._renormalize(mean, variance, gamma, beta)
            else:
                _follow(self.moving_mean, mean, self.momentum)
                _follow(self.moving_variance, variance, self.momentum)
        else:
            mean, variance = (ops.cast(v, kind) for v in (self.moving_mean, self.moving_variance))
        y = ops.batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)
        return ops.cast(y, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments, `axis` as a number also where it was given as a list of one."""
        return {**super().get_config(), "axis": self.axis}

    def _moments(self, x: Any, mask: Any) -> tuple[Any, Any]:
        """Mean and variance of each channel, over what the mask leaves."""
        rank = ops.ndim(x)
        channel = normalize_axis(self.axis, rank)
        axes = [i for i in range(rank) if i != channel]
        if mask is None:
            return ops.moments(x, axes)
        if ops.ndim(mask) != rank - 1:
            raise ShapeError(
                f"BatchNormalization: the mask needs one axis less than the input of shape "
                f"{unprobe(ops.shape(x))}, got {unprobe(ops.shape(mask))}."
            )
        keep = ops.broadcast_to(ops.expand_dims(ops.cast(mask, "bool"), -1), ops.shape(x))
        n = ops.add(ops.sum(ops.cast(keep, ops.dtype(x)), axes, keepdims=True), settings.epsilon())
        mean = ops.divide(ops.sum(ops.where(keep, x, 0), axes, keepdims=True), n)
        off = ops.where(keep, ops.subtract(x, mean), 0)
        variance = ops.divide(ops.sum(ops.square(off), axes, keepdims=True), n)
        return ops.reshape(mean, (-1,)), ops.reshape(variance, (-1,))

    def _renormalize(self, mean: Any, variance: Any, gamma: Any, beta: Any) -> tuple[Any, Any]:
        """Gamma and beta with the correction r, d in them; the moving statistics go on."""
        kind, clip = ops.dtype(mean), self.renorm_clipping
        deviation = ops.sqrt(ops.add(variance, self.epsilon))
        slow_mean = ops.cast(self.renorm_mean, kind)
        slow = ops.maximum(ops.cast(self.renorm_stddev, kind), self.epsilon**0.5)
        r = ops.divide(deviation, slow)
        d = ops.divide(ops.subtract(mean, slow_mean), slow)
        r = ops.stop_gradient(ops.clip(r, clip.get("rmin", 0.0), clip.get("rmax", float("inf"))))
        dmax = clip.get("dmax", float("inf"))
        d = ops.stop_gradient(ops.clip(d, -dmax, dmax))
        if gamma is not None:
            r, d = ops.multiply(r, gamma), ops.multiply(d, gamma)
        _follow(self.renorm_mean, mean, self.renorm_momentum)
        _follow(self.renorm_stddev, deviation, self.renorm_momentum)
        _follow(self.moving_mean, mean, self.momentum)
        new = _follow(self.moving_stddev, deviation, self.momentum)
        self.moving_variance.assign(ops.relu(ops.subtract(ops.square(new), self.epsilon)))
        return r, d if beta is None else ops.add(d, beta)


def _follow(average: Any, value: Any, momentum: float) -> Any:
    """Move a moving average on and return it."""
    old = ops.cast(average, ops.dtype(value))
    new = ops.add(ops.multiply(old, momentum), ops.multiply(value, 1 - momentum))
    average.assign(new)
    return new


def _root(initializer: Any) -> Any:
    """An initializer whose values are the square roots of another's."""

    def start(shape: Sequence[int], dtype: Any = None) -> Any:
        return np.sqrt(np.asarray(initializer(shape, dtype=dtype)))

    return start


def _check_clipping(clipping: dict[str, float]) -> dict[str, float]:
    clipping = {k: v for k, v in clipping.items() if v is not None}
    unknown = set(clipping) - {"rmin", "rmax", "dmax"}
    if unknown:
        raise InputError(
            f"renorm_clipping has the keys rmin, rmax and dmax, got {sorted(unknown)}."
        )
    if clipping.get("rmin", 0) > clipping.get("rmax", float("inf")) or clipping.get("dmax", 0) < 0:
        raise InputError(f"renorm_clipping needs rmin <= rmax and dmax >= 0, got {clipping}.")
    return clipping


class LayerNormalization(_Normalizing):
    """Normalizes each sample along `axis` to mean 0 and variance 1 (Ba et al. 2016).

    Args:
        axis: Axis, or axes, normalized over; gamma and beta have their shape.
        epsilon: Added to the variance.
        center, scale: Whether there are beta and gamma.
        beta_initializer, gamma_initializer: Initial values.
        beta_regularizer, gamma_regularizer: Penalties.
        beta_constraint, gamma_constraint: Projections after each step.
        rms_scaling: Whether to divide by the deviation only, without centering; of old. Use
            `RMSNormalization` for root mean squares.

    >>> LayerNormalization(epsilon=0.0)(ops.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self.autocast = False

    def build(self, input_shape: Sequence[int | None]) -> None:
        axes = normalize_axes(self.axis, len(input_shape))
        shape = tuple(_size(input_shape, a, "LayerNormalization") for a in axes)
        rms = self.rms_scaling
        self._make_affine(shape, self.scale or rms, self.center and not rms)
        self.input_spec = InputSpec(ndim=len(input_shape), axes=dict(zip(axes, shape)))

    def call(self, inputs: Any) -> Any:
        axes = normalize_axes(self.axis, ops.ndim(inputs))
        y = ops.layer_normalization(
            _wide(inputs), self.gamma, self.beta, axes, self.epsilon, rms_scaling=self.rms_scaling
        )
        return ops.cast(y, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments; `rms_scaling` only where it is set."""
        config = super().get_config()
        if not config.get("rms_scaling"):
            config.pop("rms_scaling", None)
        return config


class GroupNormalization(_Normalizing):
    """Normalizes each sample within groups of channels (Wu and He 2018).

    Args:
        groups: Number of groups, which divides the number of channels; -1 for one group a channel.
        axis: Axis of the channels.
        epsilon: Added to the variance.
        center, scale: Whether there are beta and gamma, one number a channel.
        beta_initializer, gamma_initializer: Initial values.
        beta_regularizer, gamma_regularizer: Penalties.
        beta_constraint, gamma_constraint: Projections after each step.

    >>> GroupNormalization(2, epsilon=0.0)(ops.array([[1.0, 3.0, 10.0, 30.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    groups: int

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        if not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise InputError(
                f"GroupNormalization: groups must be a whole number above 0, or -1, got {groups!r}."
            )
        self.autocast = False

    def build(self, input_shape: Sequence[int | None]) -> None:
        size = _size(input_shape, self.axis, "GroupNormalization")
        if self.groups == -1:
            self.groups = size
        if size % self.groups:
            raise ShapeError(
                f"GroupNormalization: {self.groups} groups do not divide the {size} channels on axis {self.axis}."
            )
        self._make_affine((size,), self.scale, self.center)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def call(self, inputs: Any) -> Any:
        shape: Any = ops.shape(inputs)
        channel = normalize_axis(self.axis, len(shape))
        pair = (self.groups, shape[channel] // self.groups)
        x = ops.reshape(_wide(inputs), (*shape[:channel], *pair, *shape[channel + 1 :]))
        axes = [i for i in range(1, len(shape) + 1) if i != channel]
        mean, variance = ops.moments(x, axes, keepdims=True)
        x = ops.multiply(ops.subtract(x, mean), ops.rsqrt(ops.add(variance, self.epsilon)))
        y = ops.reshape(x, shape)
        weights = [1] * len(shape)
        weights[channel] = -1
        if self.gamma is not None:
            y = ops.multiply(y, ops.reshape(ops.cast(self.gamma, ops.dtype(y)), weights))
        if self.beta is not None:
            y = ops.add(y, ops.reshape(ops.cast(self.beta, ops.dtype(y)), weights))
        return ops.cast(y, self.compute_dtype)


class RMSNormalization(Layer):
    """Divides each sample by its root mean square along `axis`, times a trained scale.

    Zhang and Sennrich 2019.

    Args:
        axis: Axis, or axes, normalized over.
        epsilon: Added to the mean square.

    >>> RMSNormalization(epsilon=0.0)(ops.array([[2.0, -2.0]])).tolist()
    [[1.0, -1.0]]
    """

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())

    def build(self, input_shape: Sequence[int | None]) -> None:
        axes = normalize_axes(self.axis, len(input_shape))
        shape = tuple(_size(input_shape, a, "RMSNormalization") for a in axes)
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")

    def call(self, inputs: Any) -> Any:
        axes = normalize_axes(self.axis, ops.ndim(inputs))
        return ops.rms_normalization(inputs, self.scale, axes, self.epsilon)


class UnitNormalization(Layer):
    """Scales each sample to the length 1 along `axis` (one or several).

    >>> [round(v, 4) for v in UnitNormalization()(ops.array([[3.0, 4.0]])).tolist()[0]]
    [0.6, 0.8]
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        if not isinstance(axis, (int, list, tuple)):
            raise InputError(
                f"UnitNormalization: axis must be a whole number or several, got {axis!r}."
            )

    def call(self, inputs: Any) -> Any:
        axes = normalize_axes(self.axis, ops.ndim(inputs))
        return ops.normalize(inputs, axis=axes, order=2, epsilon=1e-12)


class SpectralNormalization(Wrapper):
    """Holds the largest singular value of a layer's kernel at 1 (Miyato et al. 2018).

    In training the kernel, as a matrix of its last axis against all others, is divided by an
    estimate of that value before the layer is called: the length that a vector ``u``, which is
    kept from step to step, gets in `power_iterations` rounds of the power method. Outside of
    training the layer is called as it is.

    Args:
        layer: A layer with a ``kernel`` or ``embeddings``.
        power_iterations: Rounds of the power method in each step.

    >>> from kerata.layers import Dense
    >>> layer = SpectralNormalization(Dense(2, kernel_initializer="ones"), power_iterations=3)
    >>> [round(v, 3) for v in layer(ops.ones((1, 2)), training=True).tolist()[0]]
    [1.0, 1.0]
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            raise InputError(
                f"SpectralNormalization: power_iterations must be above 0; got {power_iterations!r}."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Build the layer, and make the vector u."""
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        names = [n for n in ("kernel", "embeddings") if n in self.layer.__dict__]
        if not names:
            raise InputError(
                f"SpectralNormalization: the layer {self.layer.name!r} ({type(self.layer).__name__}) has no "
                "kernel and no embeddings to normalize. Wrap layers such as Dense, Conv2D or Embedding."
            )
        self.kernel = getattr(self.layer, names[0])
        self.vector_u = self.add_weight(
            shape=(1, self.kernel.shape[-1]),
            initializer=TruncatedNormal(stddev=0.02),
            trainable=False,
            name="vector_u",
            dtype=self.kernel.dtype,
        )

    def normalized_weights(self) -> tuple[Any, Any]:
        """The vector u after this step's rounds, and the kernel divided by its largest singular value.

        A kernel of zeros, which has no direction, stays; so does u.
        """
        kernel, start = self.kernel.value, self.vector_u.value
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        fixed, u = ops.stop_gradient(matrix), start
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(fixed)), axis=None)
            u = ops.normalize(ops.matmul(v, fixed), axis=None)
        largest = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        zero = ops.all(ops.equal(fixed, 0))
        scaled = ops.divide(matrix, ops.where(zero, 1.0, largest))
        return (
            ops.cast(ops.where(zero, start, u), self.vector_u.dtype),
            ops.cast(ops.reshape(scaled, kernel.shape), self.kernel.dtype),
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The layer's output, in training with the normalized kernel."""
        if training:
            u, kernel = self.normalized_weights()
            self.vector_u.assign(u)
            self.kernel.assign(kernel)
        return ops.cast(self.layer(inputs), ops.dtype(inputs))
