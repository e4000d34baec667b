"""Layers that move, drop, pad or repeat elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..errors import InputError, ShapeError
from ..spec import Spec, probe, unprobe
from .input_spec import InputSpec
from .layer import Layer
from .windows import per_axis

Pairs = tuple[tuple[int, int], ...]


class Flatten(Layer):
    """All axes but the first as one: (batch, a, b, ...) to (batch, a * b * ...).

    With ``data_format="channels_first"`` the channels are moved last before, so that both formats
    give the same order.

    >>> Flatten()(ops.zeros((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        shape: Any = ops.shape(inputs)
        if self.data_format == "channels_first" and len(shape) > 2:
            inputs = ops.moveaxis(inputs, 1, -1)
        return ops.reshape(inputs, (shape[0], math.prod(shape[1:])))


class Reshape(Layer):
    """Samples in another shape, with the same elements in the same order.

    Args:
        target_shape: Shape of a sample; one axis may be -1, whatever size is left over.

    >>> Reshape((-1, 2))(ops.zeros((5, 6))).shape
    (5, 3, 2)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = (target_shape,) if isinstance(target_shape, int) else target_shape
        self.target_shape = tuple(-1 if d is None else int(d) for d in sizes)
        if self.target_shape.count(-1) > 1 or any(d < -1 for d in self.target_shape):
            raise InputError(
                f"Reshape: target_shape={target_shape} may hold sizes not below 0, and -1 once."
            )

    def call(self, inputs: Any) -> Any:
        target = self.target_shape
        shape: Any = ops.shape(inputs)
        have, want = math.prod(shape[1:]), math.prod(d for d in target if d != -1)
        fits = have == want if -1 not in target else want > 0 and have % want == 0
        if not fits:
            # With an unknown size among the input's, whether it fits shows when data comes.
            unknown = probe()
            if unknown is not None and -1 not in target and have % unknown == 0:
                return Spec((shape[0], *target), inputs.dtype)
            raise ShapeError(
                f"Reshape: a sample of shape {unprobe(shape)[1:]} with {have} elements cannot get the "
                f"shape {target}" + (f" with {want} elements." if -1 not in target else ".")
            )
        return ops.reshape(inputs, (shape[0], *(have // want if d == -1 else d for d in target)))


class Permute(Layer):
    """The axes of a sample in another order.

    Args:
        dims: For each axis of the output the number of the input's axis, counted from 1.

    >>> Permute((2, 1))(ops.zeros((5, 3, 4))).shape
    (5, 4, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise InputError(
                f"Permute: dims={self.dims} must hold each of the numbers from 1 to {len(self.dims)} once; "
                "the batch axis is not among them."
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """The vector of each sample repeated: (batch, features) to (batch, n, features).

    >>> RepeatVector(2)(ops.array([[1.0, 3.0]])).tolist()
    [[[1.0, 3.0], [1.0, 3.0]]]
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        (self.n,) = per_axis(n, 1, "n")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        batch, features = ops.shape(inputs)
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, self.n, features))


def _pairs(value: Any, rank: int, name: str) -> Pairs:
    """Numbers of elements before and after, for each axis.

    >>> _pairs(1, 2, "padding"), _pairs((1, 2), 2, "padding"), _pairs((1, 2), 1, "padding")
    (((1, 1), (1, 1)), ((1, 1), (2, 2)), ((1, 2),))
    """
    if isinstance(value, int):
        return ((per_axis(value, 1, name, 0) * 2),) * rank  # type: ignore[return-value]
    if rank == 1:
        if len(value) == 1 and not isinstance(value[0], int):
            value = value[0]
        return (per_axis(value, 2, name, 0),)  # type: ignore[return-value]
    if not hasattr(value, "__len__") or len(value) != rank:
        raise InputError(
            f"{name} must be one number, {rank} numbers, or {rank} pairs (before, after); got {value!r}."
        )
    return tuple(per_axis(v, 2, name, 0) for v in value)  # type: ignore[misc]


class _Spatial(Layer):
    """Base of layers that work on the axes between batch and channels."""

    rank = 0
    data_format = "channels_last"

    def _axes(self) -> range:
        first = 2 if self.data_format == "channels_first" else 1
        return range(first, first + self.rank)


class _Cropping(_Spatial):
    def _settle(self, cropping: Any) -> None:
        self._crops = _pairs(cropping, self.rank, "cropping")
        self.cropping = self._crops if self.rank > 1 else self._crops[0]
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        shape: Any = ops.shape(inputs)
        key = [slice(None)] * len(shape)
        for axis, (before, after) in zip(self._axes(), self._crops):
            if before + after >= shape[axis]:
                raise ShapeError(
                    f"{type(self).__name__}: cropping {(before, after)} leaves nothing of axis {axis} of an "
                    f"input of shape {unprobe(shape)}."
                )
            key[axis] = slice(before, shape[axis] - after)
        return inputs[tuple(key)]


class Cropping1D(_Cropping):
    """Cuts steps off both ends of axis 1: (batch, steps, channels).

    Args:
        cropping: Number of steps, or numbers for begin and end.

    >>> Cropping1D((1, 2))(ops.zeros((2, 9, 3))).shape
    (2, 6, 3)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle(cropping)


class Cropping2D(_Cropping):
    """Cuts rows and columns off the edges of images.

    Args:
        cropping: One number; one for height and one for width; or
            ``((top, bottom), (left, right))``.
        data_format: ``channels_last`` for (batch, height, width, channels) or ``channels_first``.

    >>> Cropping2D(((1, 0), (2, 2)))(ops.zeros((2, 8, 9, 3))).shape
    (2, 7, 5, 3)
    """

    rank = 2

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle(cropping)


class Cropping3D(_Cropping):
    """Cuts elements off the faces of volumes; see `Cropping2D`.

    >>> Cropping3D(1)(ops.zeros((2, 5, 6, 7, 3))).shape
    (2, 3, 4, 5, 3)
    """

    rank = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle(cropping)


class _ZeroPadding(_Spatial):
    def _settle(self, padding: Any) -> None:
        self._pads = _pairs(padding, self.rank, "padding")
        self.padding = self._pads if self.rank > 1 else self._pads[0]
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        if self.data_format == "channels_first":
            return ops.pad(inputs, ((0, 0), (0, 0), *self._pads))
        return ops.pad(inputs, ((0, 0), *self._pads, (0, 0)))


class ZeroPadding1D(_ZeroPadding):
    """Adds steps of zeros at both ends of axis 1: (batch, steps, channels).

    Args:
        padding: Number of steps, or numbers for begin and end.
        data_format: ``channels_last``, or ``channels_first`` for (batch, channels, steps).

    >>> ZeroPadding1D((1, 2))(ops.zeros((2, 9, 3))).shape
    (2, 12, 3)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle(padding)


class ZeroPadding2D(_ZeroPadding):
    """Adds rows and columns of zeros around images.

    Args:
        padding: One number; one for height and one for width; or
            ``((top, bottom), (left, right))``.
        data_format: ``channels_last`` for (batch, height, width, channels) or ``channels_first``.

    >>> ZeroPadding2D(((1, 0), (2, 2)))(ops.zeros((2, 8, 9, 3))).shape
    (2, 9, 13, 3)
    """

    rank = 2

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle(padding)


class ZeroPadding3D(_ZeroPadding):
    """Adds zeros around volumes; see `ZeroPadding2D`.

    >>> ZeroPadding3D(1)(ops.zeros((2, 5, 6, 7, 3))).shape
    (2, 7, 8, 9, 3)
    """

    rank = 3

    def __init__(
        self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle(padding)


class _UpSampling(_Spatial):
    def _settle(self, size: Any) -> None:
        self._factors = per_axis(size, self.rank, "size")
        self.size = self._factors if self.rank > 1 else self._factors[0]
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        for axis, n in zip(self._axes(), self._factors):
            if n > 1:
                inputs = ops.repeat(inputs, n, axis=axis)
        return inputs


class UpSampling1D(_UpSampling):
    """Repeats each step `size` times: (batch, steps, channels) to (batch, steps * size, channels).

    >>> UpSampling1D(2)(ops.array([[[1.0], [2.0]]])).tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settle(size)


_INTERPOLATIONS = ("bicubic", "bilinear", "lanczos3", "lanczos5", "nearest")


class UpSampling2D(_UpSampling):
    """Images enlarged by whole factors.

    Args:
        size: Factor of height and width, or one for each.
        data_format: ``channels_last`` for (batch, height, width, channels) or ``channels_first``.
        interpolation: ``nearest`` repeats rows and columns; or ``bilinear``, ``bicubic``,
            ``lanczos3``, ``lanczos5``.

    >>> UpSampling2D((2, 3))(ops.zeros((2, 4, 5, 1))).shape
    (2, 8, 15, 1)
    """

    rank = 2

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle(size)
        self.interpolation = interpolation.lower()
        if self.interpolation not in _INTERPOLATIONS:
            raise InputError(
                f"Unknown interpolation {interpolation!r}. Expected one of {_INTERPOLATIONS}."
            )

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        shape: Any = ops.shape(inputs)
        size = tuple(shape[a] * n for a, n in zip(self._axes(), self._factors))
        return ops.image.resize(
            inputs, size, interpolation=self.interpolation, data_format=self.data_format
        )


class UpSampling3D(_UpSampling):
    """Volumes enlarged by whole factors, each element repeated; see `UpSampling2D`.

    >>> UpSampling3D(2)(ops.zeros((1, 2, 3, 4, 5))).shape
    (1, 4, 6, 8, 5)
    """

    rank = 3

    def __init__(
        self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())
        self._settle(size)
