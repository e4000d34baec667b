"""CIFAR-10: small colour photographs of ten kinds of things."""

from __future__ import annotations

from ._cifar import Part, find, read

__all__ = ["load_data"]


def load_data() -> tuple[Part, Part]:
    """50,000 photographs to train on and 10,000 to test with, 32 by 32 pixels, ten classes.

    The classes: 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship,
    9 truck. By Alex Krizhevsky, Vinod Nair and Geoffrey Hinton;
    https://www.cs.toronto.edu/~kriz/cifar.html.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images uint8 ``(n, 32, 32, 3)`` from 0 to 255
        (``(n, 3, 32, 32)`` with ``channels_first``), and labels uint8 ``(n, 1)``.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape, x_test.shape  # doctest: +SKIP
    ((50000, 32, 32, 3), (50000, 1), (10000, 32, 32, 3))
    """
    folder = find(
        "cifar-10-batches-py",
        "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    )
    train = [folder / f"data_batch_{i}" for i in range(1, 6)]
    return read(train, "labels"), read([folder / "test_batch"], "labels")
