"""Models as estimators of other libraries: of scikit-learn, for its pipelines and searches.

scikit-learn is imported when one of the names is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]
_MODULES = ("scikit_learn", "scikeras")  # the wrappers of earlier eras, and of the package scikeras


def __getattr__(name: str) -> Any:
    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    inner = name if name in _MODULES else "_estimators"
    try:
        module = importlib.import_module(f"{__name__}.{inner}")
    except ImportError as e:
        if (e.name or "").partition(".")[0] != "sklearn":
            raise
        raise ImportError(
            f"{name} needs scikit-learn 1.6 or newer, which is not installed: pip install scikit-learn",
            name=e.name,
        ) from e
    value = module if name in _MODULES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
