"""Convolutions under the names of Keras 1, called as it called them.

``Convolution2D(64, 3, 3)`` has a window of 3 x 3, where the classes of today take the third argument for
the strides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ShapeError
from ...layers.conv import Conv1D, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose, SeparableConv2D
from ...layers.layer import Layer
from .. import era
from ..positions import by_name, first_reading

Sizes = int | Sequence[int]
Call = tuple[tuple, dict[str, Any]]


def _read(cls: type, args: tuple, kwargs: dict[str, Any], sizes: int) -> Call:
    """The call as Keras 1 read it, if the era is none of later and the window is given as single numbers."""
    if era.current() == 3 or era.in_tensorflow() or len(args) < 2 or (sizes > 1 and len(args) < 3):
        return args, kwargs
    read = first_reading(cls, args, kwargs)
    return (args, kwargs) if read is None else ((), by_name(cls, args, read))


class _FirstEra(Layer):
    """``call(x, mask)`` as layers of Keras 1 had it, for subclasses that call it so."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The layer's output."""
        return super().call(inputs)


class Convolution1D(_FirstEra, Conv1D):
    """`Conv1D` under the name of Keras 1: ``Convolution1D(filters, length, init, activation, ...)``.

    >>> Convolution1D(4, 3, border_mode="same").compute_output_shape((None, 10, 2))
    (None, 10, 4)
    """

    _public_name = "Conv1D"

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> Call:
        args, kwargs = _read(Convolution1D, args, kwargs, 1) if len(args) > 2 else (args, kwargs)
        return Conv1D._legacy_call(args, kwargs)


class Convolution2D(_FirstEra, Conv2D):
    """`Conv2D` under the name of Keras 1: ``Convolution2D(filters, rows, columns, ...)``.

    A call as of today, ``Convolution2D(filters, (rows, columns))``, is taken, too.

    >>> Convolution2D(4, 3, 5).kernel_size, Convolution2D(4, (3, 5), (2, 2)).strides
    ((3, 5), (2, 2))
    """

    _public_name = "Conv2D"

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> Call:
        return _read(Convolution2D, args, kwargs, 2)


class Convolution3D(_FirstEra, Conv3D):
    """`Conv3D` under the name of Keras 1: ``Convolution3D(filters, depth, rows, columns, ...)``.

    >>> Convolution3D(4, 1, 3, 5).kernel_size
    (1, 3, 5)
    """

    _public_name = "Conv3D"

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> Call:
        return _read(Convolution3D, args, kwargs, 3)


class SeparableConvolution2D(_FirstEra, SeparableConv2D):
    """`SeparableConv2D` under the name of Keras 1: ``SeparableConvolution2D(filters, rows, columns, ...)``.

    >>> SeparableConvolution2D(4, 3, 5).kernel_size
    (3, 5)
    """

    _public_name = "SeparableConv2D"

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> Call:
        return _read(SeparableConvolution2D, args, kwargs, 2)


class AtrousConvolution1D(_FirstEra, Conv1D):
    """`Conv1D` with holes in its window, of Keras 1 and 2.

    ``atrous_rate`` is `dilation_rate` of `Conv1D`; the others are its, by their old or new names.

    >>> AtrousConvolution1D(4, 3, atrous_rate=2).compute_output_shape((None, 10, 2))
    (None, 6, 4)
    """

    _public_name = "Conv1D"

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> Call:
        args, kwargs = (
            _read(AtrousConvolution1D, args, kwargs, 1) if len(args) > 2 else (args, kwargs)
        )
        return Conv1D._legacy_call(args, kwargs)


class AtrousConvolution2D(_FirstEra, Conv2D):
    """`Conv2D` with holes in its window, of Keras 1: ``AtrousConvolution2D(filters, rows, columns, ...)``.

    ``atrous_rate`` is `dilation_rate` of `Conv2D`; the others are its, by their old or new names.

    >>> AtrousConvolution2D(4, 3, 3, atrous_rate=(2, 2)).compute_output_shape((None, 8, 8, 1))
    (None, 4, 4, 4)
    """

    _public_name = "Conv2D"

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> Call:
        return _read(AtrousConvolution2D, args, kwargs, 2)


class Deconvolution2D(_FirstEra, Conv2DTranspose):
    """`Conv2DTranspose` of Keras 1: ``Deconvolution2D(filters, rows, columns, output_shape, ...)``.

    Args:
        output_shape: Shape of the output with the batch axis. The strides allow several sizes; this
            chooses one.

    The others are those of `Conv2DTranspose`, by their old or new names.

    >>> layer = Deconvolution2D(3, 3, 3, (None, 14, 14, 3), subsample=(2, 2), border_mode="same")
    >>> layer.compute_output_shape((None, 7, 7, 8))
    (None, 14, 14, 3)
    """

    _public_name = "Conv2DTranspose"

    @staticmethod
    def _legacy_call(args: tuple, kwargs: dict[str, Any]) -> Call:
        return _read(Deconvolution2D, args, kwargs, 2)

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
        output_shape: Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
            activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        self._wanted = None if output_shape is None else tuple(output_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of a `Conv2DTranspose`, with the padding of the output that was found."""
        config = super().get_config()
        config.pop("output_shape", None)
        return {**config, "output_padding": self.output_padding}

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights; find the padding of the output that gives the shape asked for."""
        super().build(input_shape)
        if self._wanted is None or self.output_padding is not None:
            return
        first = 2 if self.data_format == "channels_first" else 1
        extra = []
        for i, (k, s) in enumerate(zip(self.kernel_size, self.strides)):
            size, want = input_shape[first + i], self._wanted[first + i]
            if size is None or want is None:
                return
            least = (size - 1) * s + (k if self.padding == "valid" else k - 2 * (k // 2))
            extra.append(want - least)
        if any(not 0 <= e < s for e, s in zip(extra, self.strides)):
            raise ShapeError(
                f"Deconvolution2D: no transposed convolution with kernel_size={self.kernel_size}, "
                f"strides={self.strides}, padding={self.padding!r} makes the shape {self._wanted} of "
                f"{tuple(input_shape)}. Leave output_shape out, or change the strides."
            )
        self.output_padding = tuple(extra)


class Deconvolution3D(Conv3DTranspose):
    """`Conv3DTranspose` under an earlier name."""

    _public_name = "Conv3DTranspose"


AtrousConv1D, AtrousConv2D = AtrousConvolution1D, AtrousConvolution2D
Deconv2D, Deconv3D = Deconvolution2D, Deconvolution3D
