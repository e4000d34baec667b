"""Layers of several inputs: sums, products, extremes, concatenation, dot products.

Masks are merged as in Keras: an output step is masked where the mask of every input says so, and
there is no mask unless every input has one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import capture, ops
from ..errors import InputError, ShapeError
from ..spec import broadcast, normalize_axis, same, unprobe
from .calls import is_shape
from .layer import Layer


class Merge(Layer):
    """Base of the layers that merge a list of tensors, element by element.

    Shapes broadcast. Where the tensors have different numbers of axes, axes of size 1 are put in
    after the batch axis.
    """

    supports_masking = True
    inputs_needed: int | None = None

    def build(self, input_shape: Sequence[Any]) -> None:
        self._check(input_shape)

    def _check(self, shapes: Any) -> None:
        if not isinstance(shapes, (list, tuple)) or not shapes or is_shape(shapes):
            raise InputError(
                f"{type(self).__name__} merges a list of tensors: call it as layer([a, b])."
            )
        if self.inputs_needed is not None and len(shapes) != self.inputs_needed:
            raise InputError(
                f"{type(self).__name__} takes exactly {self.inputs_needed} inputs, got {len(shapes)}."
            )
        self._check_shapes([tuple(s) for s in shapes])

    def _check_shapes(self, shapes: list[tuple]) -> None:
        batches = {s[0] for s in shapes if s} - {None}
        if len(batches) > 1:
            raise ShapeError(f"{type(self).__name__}: the batch sizes of {shapes} differ.")
        broadcast(*(s[1:] for s in shapes), what=type(self).__name__)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise InputError(
                f"{type(self).__name__} merges a list of tensors: call it as layer([a, b])."
            )
        ranks = [ops.ndim(x) for x in inputs]
        rank = max(ranks)
        masks = list(mask) if mask is not None and min(ranks) == rank else [None] * len(ranks)
        spread = [
            x if n == rank else ops.expand_dims(x, tuple(range(1, 1 + rank - n)))
            for x, n in zip(inputs, ranks)
        ]
        return self._merge(spread, [None if m is None else ops.expand_dims(m, -1) for m in masks])

    def _merge(self, inputs: list[Any], masks: list[Any]) -> Any:
        """The result for tensors of one rank; masks have a last axis of size 1."""
        raise NotImplementedError

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where any input's mask is; ``None`` unless all inputs have one."""
        if capture.reread is not None and mask is not None:  # a program of Keras 1 or 2
            from ..legacy.layers.merging import mask_of_all

            return mask_of_all(mask)
        if mask is None or any(m is None for m in mask):
            return None
        return _fold(ops.logical_or, mask)


def _fold(op: Callable, items: Sequence[Any]) -> Any:
    out = items[0]
    for x in items[1:]:
        out = op(out, x)
    return out


class Add(Merge):
    """Sum of the inputs.

    >>> Add()([ops.array([1.0, 2.0]), ops.array([3.0, 4.0])]).tolist()
    [4.0, 6.0]
    """

    def _merge(self, inputs: list[Any], masks: list[Any]) -> Any:
        return _fold(ops.add, inputs)


class Subtract(Merge):
    """The first input less the second.

    >>> Subtract()([ops.array([1.0]), ops.array([3.0])]).tolist()
    [-2.0]
    """

    inputs_needed = 2

    def _merge(self, inputs: list[Any], masks: list[Any]) -> Any:
        return ops.subtract(*inputs)


class Multiply(Merge):
    """Product of the inputs. Masked elements count as 1; where all are masked the result is 0.

    >>> Multiply()([ops.array([2.0]), ops.array([3.0])]).tolist()
    [6.0]
    """

    def _merge(self, inputs: list[Any], masks: list[Any]) -> Any:
        kept = [x if m is None else ops.where(m, x, 1) for x, m in zip(inputs, masks)]
        out = _fold(ops.multiply, kept)
        if any(m is None for m in masks):
            return out
        return ops.where(_fold(ops.logical_or, masks), out, 0)


class Average(Merge):
    """Mean of the inputs.

    >>> Average()([ops.array([1.0]), ops.array([4.0])]).tolist()
    [2.5]
    """

    def _merge(self, inputs: list[Any], masks: list[Any]) -> Any:
        return ops.divide(_fold(ops.add, inputs), len(inputs))


class _Extreme(Merge):
    """Base of `Maximum` and `Minimum`. A masked element gives way to that of the other inputs."""

    op: Callable

    def _merge(self, inputs: list[Any], masks: list[Any]) -> Any:
        out, seen = inputs[0], masks[0]
        for x, m in zip(inputs[1:], masks[1:]):
            if m is not None:
                x = ops.where(m, x, out)
            if seen is not None:
                out = ops.where(seen, out, x)
            seen = None if m is None or seen is None else ops.logical_or(seen, m)
            out = type(self).op(out, x)
        return out


class Maximum(_Extreme):
    """The largest of the inputs, element by element.

    >>> Maximum()([ops.array([1.0, 5.0]), ops.array([3.0, 4.0])]).tolist()
    [3.0, 5.0]
    """

    op = staticmethod(ops.maximum)


class Minimum(_Extreme):
    """The smallest of the inputs, element by element.

    >>> Minimum()([ops.array([1.0, 5.0]), ops.array([3.0, 4.0])]).tolist()
    [1.0, 4.0]
    """

    op = staticmethod(ops.minimum)


class Concatenate(Merge):
    """The inputs joined along an axis; their other sizes must agree.

    >>> Concatenate()([ops.zeros((2, 3)), ops.zeros((2, 4))]).shape
    (2, 7)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.adopt(locals())

    def _check_shapes(self, shapes: list[tuple]) -> None:
        rank = len(shapes[0])
        place = normalize_axis(self.axis, rank, "Concatenate: axis")
        for s in shapes[1:]:
            fits = len(s) == rank
            for i in range(rank):
                fits = fits and (i == place or None in (s[i], shapes[0][i]) or s[i] == shapes[0][i])
            if not fits:
                raise ShapeError(
                    f"Concatenate(axis={self.axis}): the shapes {shapes} differ in more than axis {place}."
                )

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise InputError("Concatenate merges a list of tensors: call it as layer([a, b]).")
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks joined, all true for inputs without one; true where any feature's is."""
        if mask is None or all(m is None for m in mask):
            return None
        full = []
        for x, m in zip(inputs, mask):
            if m is None:
                m = ops.ones_like(x, dtype="bool")
            elif ops.ndim(m) < ops.ndim(x):
                m = ops.logical_or(ops.expand_dims(m, -1), ops.zeros_like(x, dtype="bool"))
            full.append(m)
        return ops.any(ops.concatenate(full, axis=self.axis), axis=-1)


class Dot(Merge):
    """Dot products between the samples of two tensors, along one axis of each.

    For inputs (batch, a, n) and (batch, b, n) with ``axes=2`` the output is (batch, a, b); for two
    inputs (batch, n) it is (batch, 1).

    Args:
        axes: Axis of both, or one axis for each; not the batch axis.
        normalize: Whether vectors are scaled to length 1 first, which gives cosines.

    >>> Dot(1)([ops.array([[1.0, 2.0]]), ops.array([[3.0, 4.0]])]).tolist()
    [[11.0]]
    """

    inputs_needed = 2

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = (axes, axes) if isinstance(axes, int) else axes
        if not isinstance(pair, (list, tuple)) or [type(a) for a in pair] != [int, int]:
            raise InputError(f"Dot: axes must be one whole number or two, got {axes!r}.")
        self.adopt({"axes": axes, "normalize": normalize})

    def _places(self, shapes: Sequence[Sequence]) -> list[int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        places = [normalize_axis(a, len(s), "Dot: axes") for a, s in zip(pair, shapes)]
        if 0 in places or min(len(s) for s in shapes) < 2:
            raise ShapeError(
                f"Dot: axes={self.axes} for shapes {[unprobe(s) for s in shapes]}: there must be an axis "
                "beside the batch axis, 0, which is never summed over."
            )
        return places

    def _check_shapes(self, shapes: list[tuple]) -> None:
        i, j = self._places(shapes)
        same("Dot: batch axes", shapes[0][0], shapes[1][0])
        same(f"Dot(axes={self.axes}) of shapes {shapes}", shapes[0][i], shapes[1][j])

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise InputError("Dot takes a list of two tensors: call it as layer([a, b]).")
        x, y = inputs
        i, j = self._places([ops.shape(x), ops.shape(y)])
        if self.normalize:
            x, y = ops.normalize(x, axis=i), ops.normalize(y, axis=j)
        letters = "cdefghijklmnopqrstuvw"
        first = ["a", *letters[: ops.ndim(x) - 1]]
        second = ["a", *letters[ops.ndim(x) - 1 :][: ops.ndim(y) - 1]]
        first[i] = second[j] = "b"
        out = [c for c in first + second[1:] if c != "b"]
        z = ops.einsum(f"{''.join(first)},{''.join(second)}->{''.join(out)}", x, y)
        return ops.expand_dims(z, -1) if len(out) == 1 else z

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """A dot product has no mask."""


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Add` as a function.

    >>> add([ops.array([1.0]), ops.array([3.0])]).tolist()
    [4.0]
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Subtract` as a function.

    >>> subtract([ops.array([1.0]), ops.array([3.0])]).tolist()
    [-2.0]
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Multiply` as a function.

    >>> multiply([ops.array([2.0]), ops.array([3.0])]).tolist()
    [6.0]
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Average` as a function.

    >>> average([ops.array([1.0]), ops.array([3.0])]).tolist()
    [2.0]
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Maximum` as a function.

    >>> maximum([ops.array([1.0]), ops.array([3.0])]).tolist()
    [3.0]
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Minimum` as a function.

    >>> minimum([ops.array([1.0]), ops.array([3.0])]).tolist()
    [1.0]
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate` as a function.

    >>> concatenate([ops.zeros((2, 3)), ops.zeros((2, 4))]).shape
    (2, 7)
    """
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """`Dot` as a function.

    >>> dot([ops.array([[1.0, 2.0]]), ops.array([[3.0, 4.0]])], axes=1).tolist()
    [[11.0]]
    """
    return Dot(axes=axes, **kwargs)(inputs)
