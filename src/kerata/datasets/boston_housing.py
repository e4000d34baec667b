"""Boston housing: prices of houses by what is around them."""

from __future__ import annotations

import numpy as np

from ._sources import fetch, load_npz, split

__all__ = ["load_data"]

Part = tuple[np.ndarray, np.ndarray]


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Part, Part]:
    """506 districts of Boston in the 1970s: 13 numbers about each and the median price of a house.

    One of the numbers rests on the share of black inhabitants; the data set is kept for the
    programs that use it, not as an example to follow. By D. Harrison and D. L. Rubinfeld (1978),
    from StatLib.

    Args:
        path: Name in the cache folder of data sets, or the path of a file that is there already.
        test_split: Fraction of the districts to test with.
        seed: Seed of the order of the districts.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: float64 ``(n, 13)``, and prices in thousands of
        dollars, float64 ``(n,)``.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> x_train.shape, x_test.shape  # doctest: +SKIP
    ((404, 13), (102, 13))
    """
    f = load_npz(
        fetch(
            path,
            "boston_housing.npz",
            "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
        )
    )
    return split(f["x"], f["y"], test_split, seed)
