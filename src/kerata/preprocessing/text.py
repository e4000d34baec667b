"""``keras.preprocessing.text`` of Keras 1 and 2: a door to `kerata.legacy.text`."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from ..legacy.preprocessing import resolve

    return resolve(__name__, name)
