"""Arrays of one element as numbers, which NumPy itself no longer takes them for.

Programs of old print ``"%.2f" % model.predict(x)[0]`` and call ``float`` on the prediction for one picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Predictions"]


class Predictions(np.ndarray):
    """An array whose ``float`` and ``int`` are those of its only element.

    >>> scores = Predictions.of(np.array([[0.25], [0.5]], "float32"))
    >>> "%.2f" % (1 - scores[0]), int(10 * scores[1])
    ('0.75', 5)
    """

    @classmethod
    def of(cls, x: Any) -> Any:
        """An array of numbers as one of these, sharing its memory; anything else as it is."""
        return x.view(cls) if type(x) is np.ndarray and x.dtype.kind in "biuf" else x

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())
