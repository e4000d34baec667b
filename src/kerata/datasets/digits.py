"""The UCI handwritten digits, small enough to come with Kerata."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ._sources import load_npz, split

__all__ = ["load_data"]

Part = tuple[np.ndarray, np.ndarray]


def load_data(test_split: float = 0.2, seed: int = 113) -> tuple[Part, Part]:
    """1,797 images of the ten digits, 8 by 8 pixels, by 13 writers. Needs no network.

    A pixel counts the ink dots in a block of 4 by 4 of the scanned page. By E. Alpaydin and
    C. Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0, https://doi.org/10.24432/C50P49.

    Args:
        test_split: Fraction of the images to test with.
        seed: Seed of the order of the images.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images uint8 ``(n, 8, 8)`` from 0 to 16, and
        labels uint8 ``(n,)``.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape
    ((1437, 8, 8), (360, 8, 8))
    """
    f = load_npz(Path(__file__).parent / "data" / "digits.npz")
    return split(f["x"], f["y"], test_split, seed)
