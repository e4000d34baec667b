"""CIFAR-100: small colour photographs of a hundred kinds of things in twenty groups."""

from __future__ import annotations

from ..errors import InputError
from ._cifar import Part, find, read

__all__ = ["load_data"]


def load_data(label_mode: str = "fine") -> tuple[Part, Part]:
    """50,000 photographs to train on and 10,000 to test with, 32 by 32 pixels.

    By Alex Krizhevsky, Vinod Nair and Geoffrey Hinton; https://www.cs.toronto.edu/~kriz/cifar.html.

    Args:
        label_mode: ``"fine"`` for the 100 classes, ``"coarse"`` for the 20 groups of them.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images uint8 ``(n, 32, 32, 3)`` from 0 to 255
        (``(n, 3, 32, 32)`` with ``channels_first``), and labels uint8 ``(n, 1)``.

    >>> (x_train, y_train), (x_test, y_test) = load_data(label_mode="coarse")  # doctest: +SKIP
    >>> x_train.shape, y_train.shape, x_test.shape  # doctest: +SKIP
    ((50000, 32, 32, 3), (50000, 1), (10000, 32, 32, 3))
    """
    if label_mode not in ("fine", "coarse"):
        raise InputError(f"label_mode={label_mode!r}; expected 'fine' or 'coarse'.")
    folder = find(
        "cifar-100-python",
        "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    )
    key = f"{label_mode}_labels"
    return read([folder / "train"], key), read([folder / "test"], key)
