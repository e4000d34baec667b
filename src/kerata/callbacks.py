"""``keras.callbacks``: what a user may hook into training."""

from __future__ import annotations

from .train.callbacks import *  # noqa: F403
from .train.callbacks import __all__ as __all__
