"""Preparation of data before training."""

from __future__ import annotations

from . import sequence

__all__ = ["sequence"]
