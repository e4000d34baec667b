"""``keras.datasets.cifar``: what its two data sets had in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..datasets._cifar import _read_batch

__all__ = ["load_batch"]


def load_batch(fpath: Any, label_key: str = "labels") -> tuple[Any, list[int]]:
    """Images ``(n, 3, 32, 32)`` and labels of one batch file of CIFAR."""
    images, labels = _read_batch(Path(fpath), label_key)
    return images, labels.ravel().tolist()
