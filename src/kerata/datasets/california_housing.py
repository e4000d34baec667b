"""California housing: prices of houses in the census of 1990."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ._sources import fetch, load_npz, split

__all__ = ["load_data"]

Part = tuple[np.ndarray, np.ndarray]


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> tuple[Part, Part]:
    """20,640 block groups of California: 8 numbers about each and the median value of a house.

    Among the numbers are the place, the age and rooms of the houses, inhabitants, households and
    their income. By R. K. Pace and R. Barry (1997), from StatLib.

    Args:
        version: ``"large"`` for all, ``"small"`` for the first 600.
        path: Name in the cache folder of data sets, or the path of a file that is there already.
        test_split: Fraction of the block groups to test with.
        seed: Seed of the order of the block groups.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: features ``(n, 8)``, and values in dollars ``(n,)``.

    >>> (x_train, y_train), (x_test, y_test) = load_data(version="small")  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((480, 8), (120, 8))
    """
    if version not in ("small", "large"):
        raise InputError(f"version={version!r}; expected 'small' or 'large'.")
    f = load_npz(
        fetch(
            path,
            "california_housing.npz",
            "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
        )
    )
    count = 600 if version == "small" else len(f["x"])
    return split(f["x"][:count], f["y"][:count], test_split, seed)
