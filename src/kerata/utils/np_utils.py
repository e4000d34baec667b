"""Where Keras 1 and 2 kept `to_categorical` and `normalize`."""

from __future__ import annotations

from .arrays import normalize, to_categorical

__all__ = ["normalize", "to_categorical"]
