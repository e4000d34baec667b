"""Products of tensors."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import InputError, ShapeError
from ...spec import same, shape_of, unprobe
from .. import era
from ._define import backend_op

Tensor = Any


@backend_op
def dot(x: Tensor, y: Tensor) -> Tensor:
    """Product over the last axis of `x` and the last but one of `y`; the other axes follow each other.

    As in Theano: (2, 3) by (4, 3, 5) gives (2, 4, 5).

    >>> dot([[1.0, 2.0]], [[3.0], [4.0]]).tolist()
    [[11.0]]
    """
    a, b = len(shape_of(x)), len(shape_of(y))
    if a <= 2 and b <= 2:
        return ops.matmul(x, y) if a and b else ops.multiply(x, y)
    return ops.tensordot(x, y, ([a - 1], [max(b - 2, 0)]))


@backend_op
def batch_dot(x: Tensor, y: Tensor, axes: Any = None) -> Tensor:
    """Product of each sample of `x` with that of `y`.

    Args:
        x: (batch, ...), 2 axes or more.
        y: (batch, ...), 2 axes or more.
        axes: The axis of each to sum over, or one for both; the last of `x` and the last but one of
            `y` (its last, where it has two) by default.

    Before Keras 2.3 tensors of 4 axes were stacks of matrices, multiplied one by one: (batch, n, a, b) by
    (batch, n, b, c) gave (batch, n, a, c). Programs of that time get that, where the shapes allow it.

    Returns:
        The other axes of `x`, then those of `y`; (batch, 1) where nothing would be left.

    >>> batch_dot([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]], axes=1).tolist()
    [[17.0], [53.0]]
    """
    s, t = shape_of(x), shape_of(y)
    i, j = _axes(axes, s, t)
    if _by_matrices(s, t, i, j):
        return _matrix_products(x, y, s, t, i, j)
    same("batch_dot: batch of x and y", s[0], t[0])
    same(f"batch_dot: x's axis {i} and y's axis {j}", s[i], t[j])
    letters = "bcdefghijklmno"
    left = "a" + letters[: len(s) - 1]
    right = "a" + letters[len(s) - 1 : len(s) + len(t) - 2]
    right = right[:j] + left[i] + right[j + 1 :]
    rest = "a" + (left[1:i] + left[i + 1 :]) + (right[1:j] + right[j + 1 :])
    out = ops.einsum(f"{left},{right}->{rest}", x, y)
    return ops.expand_dims(out, 1) if len(rest) == 1 else out


def _by_matrices(s: Any, t: Any, i: int, j: int) -> bool:
    """Whether a program of Keras 1 or 2 meant the products of matrices that lie along the leading axes."""
    n = len(t)
    if not 3 <= len(s) <= n or n < 4 or era.current() not in (1, 2) or era.in_tensorflow():
        return False
    leading = [*s, *[1] * (n - len(s))][: n - 2] == list(t[: n - 2])
    return leading and i in (n - 2, n - 1) and j in (n - 2, n - 1)


def _matrix_products(x: Any, y: Any, s: Any, t: Any, i: int, j: int) -> Any:
    n = len(t)
    for _ in range(n - len(s)):
        x = ops.expand_dims(x, -1)
    x = ops.swapaxes(x, -1, -2) if i == n - 2 else x
    y = ops.swapaxes(y, -1, -2) if j == n - 1 else y
    out = ops.matmul(x, y)
    return ops.squeeze(out, tuple(range(len(s) - 1, n - 1))) if len(s) < n else out


def _axes(axes: Any, s: Any, t: Any) -> tuple[int, int]:
    if len(s) < 2 or len(t) < 2:
        raise ShapeError(
            f"batch_dot: x and y need a batch axis and another one; got {unprobe(s)} and {unprobe(t)}."
        )
    if axes is None:
        axes = (len(s) - 1, len(t) - 1 if len(t) == 2 else len(t) - 2)
    i, j = (axes, axes) if isinstance(axes, int) else axes
    if isinstance(i, (list, tuple)) or isinstance(j, (list, tuple)):
        raise InputError(f"batch_dot: axes must be an int or two ints; got {axes}. Use ops.einsum.")
    i, j = i % len(s), j % len(t)
    if not i or not j:
        raise InputError(
            "batch_dot: axis 0 is the batch, over which it cannot sum. Add one with K.expand_dims(x, 0)."
        )
    return i, j


def transpose(x: Tensor) -> Tensor:
    """Axes in the reverse order.

    >>> transpose([[1, 2], [3, 4]]).tolist()
    [[1, 3], [2, 4]]
    """
    return ops.transpose(x)
