"""MNIST: handwritten digits."""

from __future__ import annotations

import numpy as np

from ._sources import fetch, load_npz

__all__ = ["load_data"]

Part = tuple[np.ndarray, np.ndarray]


def load_data(path: str = "mnist.npz") -> tuple[Part, Part]:
    """60,000 images to train on and 10,000 to test with, 28 by 28 grey levels of the ten digits.

    Copyright Yann LeCun and Corinna Cortes; CC BY-SA 3.0; http://yann.lecun.com/exdb/mnist/.

    Args:
        path: Name in the cache folder of data sets, or the path of a file that is there already.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images uint8 ``(n, 28, 28)`` from 0 to 255, and
        labels uint8 ``(n,)``.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape, x_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (60000,), (10000, 28, 28))
    """
    f = load_npz(
        fetch(path, "mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")
    )
    return (f["x_train"], f["y_train"]), (f["x_test"], f["y_test"])
