"""Convolutions in one, two and three dimensions: plain, transposed, depthwise and separable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import activations, ops
from ..engine import engine
from ..errors import InputError, ShapeError
from ..scope import local, set_finish
from ..spec import Spec
from .input_spec import InputSpec
from .layer import Layer
from .lora import LoraLayer
from .windows import padding_mode, per_axis

Sizes = int | Sequence[int]


class BaseConv(Layer):
    """What all convolutions share: the window's arguments, the bias, the activation."""

    rank = 0
    paddings: tuple[str, ...] = ()
    padding: str

    def _settle(self) -> None:
        """Bring the adopted arguments into one form and check them."""
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, per_axis(getattr(self, name), self.rank, name))
        self.padding = padding_mode(self.padding, *self.paddings)
        for name in ("filters", "groups", "depth_multiplier"):
            value = getattr(self, name, None)
            if value is not None and value < 1:
                raise InputError(f"{name} must be a positive whole number; got {value!r}.")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise InputError(
                f"strides={self.strides} and dilation_rate={self.dilation_rate} cannot both be above 1. "
                "Set one of them to 1."
            )
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _channels(self, input_shape: Sequence[int | None]) -> int:
        """The number of input channels, which the layer demands of all later inputs."""
        axis = 1 if self.data_format == "channels_first" else -1
        InputSpec(ndim=self.rank + 2).check(Spec(input_shape), f"Layer {self.name!r}")
        channels = input_shape[axis]
        if channels is None:
            raise ShapeError(
                f"The number of channels, axis {axis} of the input shape {tuple(input_shape)}, must be known. "
                "Give it in Input(shape=...)."
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def _make_bias(self, filters: int) -> None:
        self.bias = self.weight("bias", (filters,)) if self.use_bias else None

    def _window(self) -> dict[str, Any]:
        """The arguments of the convolution op."""
        return {
            "strides": self.strides, "padding": self.padding,
            "data_format": self.data_format, "dilation_rate": self.dilation_rate,
        }  # fmt: skip

    def _finish(self, y: Any) -> Any:
        """`y` with the bias added, through the activation."""
        if self.bias is None and self.activation is None:
            return y
        bias, activation = None, self.activation
        if self.bias is not None:
            bias = ops.convert_to_tensor(self.bias)
            if self.data_format == "channels_first":
                bias = ops.reshape(bias, (1, -1) + (1,) * self.rank)

        def finish(y: Any) -> Any:
            if bias is not None:
                y = ops.add(y, bias)
            return y if activation is None else activation(y)

        out = finish(y)
        # In a program being compiled nobody computes what nobody uses: the finish of all places, if
        # only a pooling of them is wanted.
        increasing = activation is None or activation in _INCREASING
        if increasing and local.results_only and engine().is_tracing(y):
            set_finish(out, y, finish)
        return out


# Functions that never fall.
_INCREASING = (
    activations.linear, activations.relu, activations.relu6, activations.leaky_relu,
    activations.elu, activations.selu, activations.sigmoid, activations.hard_sigmoid,
    activations.tanh, activations.softplus, activations.softsign,
)  # fmt: skip


class Conv(BaseConv, LoraLayer):
    """Convolution of any rank: each output channel is the correlation of the input with one filter.

    `Conv1D`, `Conv2D` and `Conv3D` fix the rank. Input (batch, space..., channels), output
    (batch, space..., filters), with channels second for ``channels_first``.

    Args:
        filters: Number of output channels.
        kernel_size: Size of the window along each axis; one number stands for all.
        strides: Steps of the window.
        padding: ``valid`` (whole windows only), ``same`` (zeros around, so that the output has
            ``ceil(size / stride)`` places), in one dimension also ``causal`` (zeros before only,
            so that no output sees later inputs).
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        dilation_rate: Distances between the points of the window. Not together with strides.
        groups: Number of groups of channels, each convolved apart with its own filters.
        activation: Function applied to the result.
        use_bias: Whether a number per filter is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties added to the loss.
        kernel_constraint, bias_constraint: Projections applied after each step.
        lora_rank, lora_alpha: Rank and factor of a low-rank adaptation; see `LoraLayer`.

    Weights: ``kernel`` (window..., channels / groups, filters), ``bias`` (filters,).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.adopt(locals())
        self._settle()
        if filters % groups:
            raise InputError(f"filters={filters} must be a multiple of groups={groups}.")

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the kernel and the bias."""
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ShapeError(
                f"The {channels} channels of the input, shape {tuple(input_shape)}, "
                f"must be a multiple of groups={self.groups}."
            )
        self.kernel = self.weight(
            "kernel", (*self.kernel_size, channels // self.groups, self.filters)
        )
        self._make_bias(self.filters)
        self._start_lora()

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The convolution alone; subclasses may replace it."""
        return ops.conv(inputs, kernel, **self._window())

    def call(self, inputs: Any) -> Any:
        """``activation(convolution(inputs, kernel) + bias)``."""
        return self._finish(self.convolution_op(inputs, self.adapted()))


class Conv1D(Conv):
    """Convolution over sequences (batch, steps, channels). Arguments as in `Conv`.

    >>> layer = Conv1D(4, 3, padding="causal")
    >>> layer.compute_output_shape((None, 10, 2)), layer.kernel.shape
    ((None, 10, 4), (3, 2, 4))
    """

    rank = 1
    paddings = ("causal",)

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        if "input_dim" not in kwargs:
            return args, kwargs
        from ..legacy.arguments import sequence_call

        return sequence_call(args, kwargs)


class Conv2D(Conv):
    """Convolution over images (batch, height, width, channels). Arguments as in `Conv`.

    >>> layer = Conv2D(8, 3, strides=2, activation="relu")
    >>> layer.compute_output_shape((None, 28, 28, 1)), layer.count_params()
    ((None, 13, 13, 8), 80)
    """

    rank = 2


class Conv3D(Conv):
    """Convolution over volumes (batch, depth, height, width, channels). Arguments as in `Conv`.

    >>> Conv3D(2, (1, 3, 3), padding="same").compute_output_shape((None, 4, 8, 8, 1))
    (None, 4, 8, 8, 2)
    """

    rank = 3


class ConvTranspose(BaseConv):
    """Transposed convolution: the gradient of a convolution, which enlarges by the strides.

    The size becomes ``size * stride`` for ``same`` padding, for ``valid``
    ``size * stride + max(window - stride, 0)``.

    Args:
        filters: Number of output channels.
        kernel_size: Size of the window along each axis; one number stands for all.
        strides: Factors of enlargement.
        padding: ``valid`` or ``same``.
        output_padding: Chooses another of the sizes which the convolution maps to the input's;
            below the strides.
        data_format: ``channels_last`` or ``channels_first``; the default one for ``None``.
        dilation_rate: Distances between the points of the window. Not together with strides.
        activation: Function applied to the result.
        use_bias: Whether a number per filter is added.
        kernel_initializer, bias_initializer: How the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: Penalties added to the loss.
        kernel_constraint, bias_constraint: Projections applied after each step.

    Weights: ``kernel`` (window..., filters, channels), ``bias`` (filters,).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        output_padding: Sizes | None = None,
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.adopt(locals())
        self._settle()
        if output_padding is not None:
            extra = self.output_padding = per_axis(
                output_padding, self.rank, "output_padding", least=0
            )
            if any(e >= s for e, s in zip(extra, self.strides)):
                raise InputError(
                    f"output_padding={extra} must be below strides={self.strides} on every axis."
                )

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the kernel and the bias."""
        channels = self._channels(input_shape)
        self.kernel = self.weight("kernel", (*self.kernel_size, self.filters, channels))
        self._make_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        """``activation(transposed convolution(inputs, kernel) + bias)``."""
        y = ops.conv_transpose(
            inputs, self.kernel, output_padding=self.output_padding, **self._window()
        )
        return self._finish(y)


class Conv1DTranspose(ConvTranspose):
    """Transposed convolution over sequences (batch, steps, channels).

    >>> Conv1DTranspose(4, 3, strides=2, padding="same").compute_output_shape((None, 5, 2))
    (None, 10, 4)
    """

    rank = 1


class Conv2DTranspose(ConvTranspose):
    """Transposed convolution over images (batch, height, width, channels).

    >>> Conv2DTranspose(4, 3, strides=2).compute_output_shape((None, 7, 7, 2))
    (None, 15, 15, 4)
    """

    rank = 2


class Conv3DTranspose(ConvTranspose):
    """Transposed convolution over volumes (batch, depth, height, width, channels).

    >>> Conv3DTranspose(1, 2, strides=2).compute_output_shape((None, 2, 3, 4, 5))
    (None, 4, 6, 8, 1)
    """

    rank = 3

    # Keras puts data_format before output_padding here, and only here.
    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Sizes | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
            activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip


class DepthwiseConv(BaseConv):
    """Convolution of every channel by itself, with `depth_multiplier` filters each.

    Args:
        kernel_size, strides, padding, data_format, dilation_rate: as in `Conv`.
        depth_multiplier: Number of filters, and so of output channels, for each input channel.
        activation, use_bias: as in `Conv`.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: Those of the kernel.
        bias_initializer, bias_regularizer, bias_constraint: Those of the bias.
        activity_regularizer: Penalty on the output.

    Weights: ``kernel`` (window..., channels, depth_multiplier), ``bias``
    (channels * depth_multiplier,).
    """

    def __init__(
        self,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.adopt(locals())
        self._settle()

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the kernel and the bias."""
        channels = self._channels(input_shape)
        self.kernel = self.weight(
            "kernel", (*self.kernel_size, channels, self.depth_multiplier),
            initializer=self.depthwise_initializer, regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )  # fmt: skip
        self._make_bias(channels * self.depth_multiplier)

    @property
    def depthwise_kernel(self) -> Any:
        """The kernel, by the name it had in Keras 2."""
        return self.kernel

    def call(self, inputs: Any) -> Any:
        """``activation(depthwise convolution(inputs, kernel) + bias)``."""
        return self._finish(ops.depthwise_conv(inputs, self.kernel, **self._window()))


class DepthwiseConv1D(DepthwiseConv):
    """Depthwise convolution over sequences (batch, steps, channels).

    >>> DepthwiseConv1D(3, depth_multiplier=2).compute_output_shape((None, 10, 4))
    (None, 8, 8)
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConv):
    """Depthwise convolution over images (batch, height, width, channels).

    >>> DepthwiseConv2D(3, padding="same").compute_output_shape((None, 8, 8, 4))
    (None, 8, 8, 4)
    """

    rank = 2


class SeparableConv(BaseConv):
    """A depthwise convolution, then one with windows of 1 that mixes the channels (Chollet 2017).

    Args:
        filters: Number of output channels.
        kernel_size, strides, padding, data_format, dilation_rate: as in `Conv`.
        depth_multiplier: Number of depthwise filters for each input channel.
        activation, use_bias: as in `Conv`.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: Those of the first
            kernel.
        pointwise_initializer, pointwise_regularizer, pointwise_constraint: Those of the second.
        bias_initializer, bias_regularizer, bias_constraint: Those of the bias.
        activity_regularizer: Penalty on the output.

    Weights: ``depthwise_kernel`` (window..., channels, depth_multiplier), ``pointwise_kernel``
    (1..., channels * depth_multiplier, filters), ``bias`` (filters,).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Sizes = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.adopt(locals())
        self._settle()

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the two kernels and the bias."""
        channels = self._channels(input_shape)
        middle = channels * self.depth_multiplier
        first = (*self.kernel_size, channels, self.depth_multiplier)
        second = (*(1,) * self.rank, middle, self.filters)
        self.depthwise_kernel = self.weight("depthwise_kernel", first, **self._parts("depthwise"))
        self.pointwise_kernel = self.weight("pointwise_kernel", second, **self._parts("pointwise"))
        self._make_bias(self.filters)

    def _parts(self, stem: str) -> dict[str, Any]:
        return {
            part: getattr(self, f"{stem}_{part}")
            for part in ("initializer", "regularizer", "constraint")
        }

    def call(self, inputs: Any) -> Any:
        """``activation(pointwise(depthwise(inputs)) + bias)``."""
        y = ops.separable_conv(
            inputs, self.depthwise_kernel, self.pointwise_kernel, **self._window()
        )
        return self._finish(y)


class SeparableConv1D(SeparableConv):
    """Separable convolution over sequences (batch, steps, channels).

    >>> layer = SeparableConv1D(6, 3)
    >>> layer.compute_output_shape((None, 10, 4)), layer.count_params()
    ((None, 8, 6), 42)
    """

    rank = 1


class SeparableConv2D(SeparableConv):
    """Separable convolution over images (batch, height, width, channels).

    >>> SeparableConv2D(6, 3, padding="same").compute_output_shape((None, 8, 8, 4))
    (None, 8, 8, 6)
    """

    rank = 2


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
SeparableConvolution1D = SeparableConv1D
