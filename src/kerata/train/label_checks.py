"""Labels on the host that a loss cannot take, found before anything is computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError, ShapeError
from ..losses.loss import Loss
from ..spec import Shape


def check_labels(y: Any, y_pred: Any, loss: Loss, output: str = "") -> None:
    """Raise an error if the labels `y` do not fit predictions like the Spec `y_pred` and the loss.

    Looks at arrays only, and only at the losses that say what labels they take.

    >>> from kerata import losses
    >>> from kerata.spec import Spec
    >>> loss = losses.SparseCategoricalCrossentropy()
    >>> check_labels(np.array([0, 1, 10]), Spec((None, 10)), loss, "digit")
    Traceback (most recent call last):
        ...
    kerata.errors.InputError: Label 10 is out of range for sparse_categorical_crossentropy ...
    """
    kind = loss.labels
    if kind not in _CHECKS or not isinstance(y, np.ndarray) or y.dtype.kind not in "biuf":
        return
    if y.size:
        _CHECKS[kind](y, tuple(y_pred.shape), loss, f" of output {output!r}" if output else "")


def _fits(a: Shape, b: Shape) -> bool:
    """Whether two shapes agree but for unknown axes; the first axis is the batch."""
    return len(a) == len(b) and all(m == n or m is None or n is None for m, n in zip(a[1:], b[1:]))


def _as_one_rank(t: Shape, p: Shape) -> tuple[Shape, Shape]:
    """Both shapes without a last axis of size 1 that only one of them has."""
    if len(t) == len(p) + 1 and t[-1] == 1:
        return t[:-1], p
    if len(p) == len(t) + 1 and p[-1] == 1:
        return t, p[:-1]
    return t, p


def _shown(shape: Shape) -> str:
    inner = ", ".join(["batch", *("any" if d is None else str(d) for d in shape[1:])])
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def _values(y: np.ndarray, p: Shape, loss: Loss, where: str) -> None:
    t, q = _as_one_rank(y.shape, p)
    if not _fits(t, q):
        hint = ""
        if len(p) > 2 and p[1:2] != y.shape[1:2]:
            hint = " Should the last recurrent layer have return_sequences=False, or a Flatten layer come before?"
        elif p[-1] is not None and len(y.shape) <= 2:
            units = y.shape[-1] if len(y.shape) == 2 else 1
            hint = f" Should the last layer have {units} unit{'s' if units != 1 else ''}?"
        raise ShapeError(
            f"Labels of shape {_shown(y.shape)} do not fit the predictions{where} of shape {_shown(p)}: "
            f"{loss.name} needs one label per prediction.{hint}"
        )


def _binary(y: np.ndarray, p: Shape, loss: Loss, where: str) -> None:
    t, q = _as_one_rank(y.shape, p)
    if not _fits(t, q) and len(p) == 2 and p[-1] == 2 and y.size == len(y):
        raise ShapeError(
            f"Labels of shape {_shown(y.shape)} do not fit the predictions{where} of shape {_shown(p)} and the "
            f"loss {loss.name}. For two classes either one unit with this loss, or two units with softmax and "
            "sparse_categorical_crossentropy."
        )
    _values(y, p, loss, where)
    if y.dtype.kind == "b":
        return
    low, high = y.min(), y.max()
    # Shares may be a little beyond: labels of adversarial networks are blurred by noise.
    beyond = 0.5 if y.dtype.kind == "f" else 0
    if low >= -beyond and high <= 1 + beyond:
        return
    wrong = low if not low >= 0 else high
    hint = (
        "Labels of several classes go with sparse_categorical_crossentropy and one unit per class."
    )
    if low == -1 and high <= 1:
        hint = "Labels -1 and 1 go with hinge, or become 0 and 1 by (y + 1) / 2."
    elif y.dtype.kind == "f" and high > 1:
        hint = "Numbers go with mean_squared_error; shares and pixels are to be scaled to 0 to 1."
    raise InputError(
        f"Label {wrong} is out of range for {loss.name}{where}: it takes 0 to 1. {hint}"
    )


def _one_hot(y: np.ndarray, p: Shape, loss: Loss, where: str) -> None:
    classes = p[getattr(loss, "axis", -1)]
    numbers = len(y.shape) == len(p) - 1 or (len(y.shape) == len(p) and y.shape[-1] == 1)
    if numbers and classes != 1:
        other = (
            "the loss sparse_categorical_crossentropy, or " if "crossentropy" in loss.name else ""
        )
        raise ShapeError(
            f"Labels of shape {_shown(y.shape)} look like class numbers, {loss.name}{where} needs one-hot labels of "
            f"shape {_shown(p)}. Use {other}keras.utils.to_categorical(y, {classes})."
        )
    if not _fits(y.shape, p):
        raise ShapeError(
            f"One-hot labels of shape {_shown(y.shape)} do not fit the predictions{where} of shape {_shown(p)}: the "
            f"labels have {y.shape[-1]} classes, the last layer {classes} units."
        )


def _classes(y: np.ndarray, p: Shape, loss: Loss, where: str) -> None:
    axis = getattr(loss, "axis", -1) % len(p)
    classes = p[axis]
    wanted = (*p[:axis], *p[axis + 1 :])
    t = y.shape
    if len(t) == len(p) and t[axis] == 1:
        t = (*t[:axis], *t[axis + 1 :])
    if not _fits(t, wanted):
        if _fits(t, p):
            raise ShapeError(
                f"Labels of shape {_shown(y.shape)} look one-hot, {loss.name}{where} needs class numbers of shape "
                f"{_shown(wanted)}. Use the loss categorical_crossentropy, or y.argmax(-1)."
            )
        raise ShapeError(
            f"Labels of shape {_shown(y.shape)} do not fit the predictions{where} of shape {_shown(p)}: {loss.name} "
            f"needs one class number per prediction, shape {_shown(wanted)}."
        )
    _check_range(y, classes, loss, where)


def _check_range(y: np.ndarray, classes: int | None, loss: Loss, where: str) -> None:
    ignored = getattr(loss, "ignore_class", None)
    if ignored is not None:
        y = y[y != ignored]
        if not y.size:
            return
    if y.dtype.kind == "b":
        return
    if y.dtype.kind == "f" and not (y == np.floor(y)).all():
        raise InputError(
            f"Label {y[y != np.floor(y)][0]} is no class number: {loss.name}{where} takes whole numbers from 0. "
            "For numbers as such use a loss such as mean_squared_error."
        )
    low, high = y.min(), y.max()
    if low >= 0 and (classes is None or high < classes):
        return
    wrong = int(low) if low < 0 else int(high)
    count = "" if classes is None else f" has {classes} classes, labels"
    rest = f"the last layer{count} must lie in 0 to {'...' if classes is None else classes - 1}"
    hint = f"Should the last layer have {int(high) + 1} units?"
    if low < 0:
        hint = "Give a negative label that is to be left out as ignore_class."
    elif low == 1 and high == classes:
        hint = "Labels count from 0: subtract 1."
    raise InputError(f"Label {wrong} is out of range for {loss.name}{where}: {rest}. {hint}")


_CHECKS = {"values": _values, "binary": _binary, "one_hot": _one_hot, "classes": _classes}
