"""`Logs`: the values of a batch or epoch by the name of the metric, under old and new names alike."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

# Names of one and the same metric, the modern one first.
_SAME = (
    ("accuracy", "acc"),
    ("mean_squared_error", "mse", "MSE"),
    ("mean_absolute_error", "mae", "MAE"),
    ("mean_absolute_percentage_error", "mape", "MAPE"),
    ("mean_squared_logarithmic_error", "msle", "MSLE"),
    ("cosine_similarity", "cosine", "cosine_proximity"),
    ("kl_divergence", "kld", "KLD", "kullback_leibler_divergence"),
    ("log_cosh", "logcosh"),
    ("learning_rate", "lr"),
)
_ACCURACY = ("accuracy", "acc")
_KINDS_OF_ACCURACY = (
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
)


class Logs(dict):
    """A dict with one entry for each metric, found by every name that the metric has or had.

    ``acc`` and ``accuracy``, ``mse`` and ``mean_squared_error`` and so on name the same entry, also
    behind ``val_`` and the name of an output; so do ``accuracy`` and the kind of accuracy that it
    stands for. Iteration shows an entry once, under the name it was made with.

    `kinds` may say which kind an entry is, such as ``{"accuracy": "binary_accuracy"}``; then
    only that one finds it.

    >>> logs = Logs(loss=0.5, val_accuracy=0.9)
    >>> logs["val_acc"], "val_binary_accuracy" in logs, list(logs)
    (0.9, True, ['loss', 'val_accuracy'])
    """

    kinds: Mapping[str, str] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(self) > 1:
            self._join()

    def _join(self) -> None:
        """One entry where a dict held two names of one metric: the first name, the last value."""
        first: dict[str, str] = {}
        for key in list(self):
            kept = first.setdefault(_canonical(key), key)
            if kept is not key:
                super().__setitem__(kept, super().pop(key))

    def find(self, key: Any) -> str | None:
        """The name in use for a name old or new, ``None`` if there is no such entry."""
        if super().__contains__(key):
            return key
        if not isinstance(key, str):
            return None
        own = _same_entry(key)
        found = next((name for name in own if super(Logs, self).__contains__(name)), None)
        if found is not None:
            return found
        return self._find_kind(key)

    def _find_kind(self, key: str) -> str | None:
        prefix, wanted = _split_kind(key)
        if wanted is None:
            return None
        if wanted in _ACCURACY:
            candidates = [
                prefix + k for k in _KINDS_OF_ACCURACY if super(Logs, self).__contains__(prefix + k)
            ]
            return candidates[0] if len(candidates) == 1 else None
        for name in _ACCURACY:
            if super().__contains__(prefix + name):
                said = self.kinds.get(
                    prefix + name, self.kinds.get((prefix + name).removeprefix("val_"))
                )
                return prefix + name if said in (None, wanted) else None
        return None

    def __missing__(self, key: Any) -> Any:
        found = self.find(key)
        if found is None:
            raise KeyError(f"{key} (there are: {', '.join(map(str, self))})")
        return super().__getitem__(found)

    def __contains__(self, key: Any) -> bool:
        return self.find(key) is not None

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of an entry by any of its names, or `default`."""
        found = self.find(key)
        return default if found is None else super().__getitem__(found)

    def _stored(self, key: Any) -> Any:
        # Only names of the same metric: binary_accuracy beside accuracy is an entry of its own.
        if super().__contains__(key) or not isinstance(key, str):
            return key
        return next((n for n in _same_entry(key) if super(Logs, self).__contains__(n)), key)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(self._stored(key), value)

    def __delitem__(self, key: Any) -> None:
        found = self.find(key)
        super().__delitem__(key if found is None else found)

    def pop(self, key: Any, *default: Any) -> Any:
        """Take out an entry by any of its names."""
        found = self.find(key)
        return super().pop(key if found is None else found, *default)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value of an entry, which is made if there is none."""
        key = self._stored(key)
        if not super().__contains__(key):
            super().__setitem__(key, default)
        return super().__getitem__(key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set entries."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __ior__(self, other: Any) -> Logs:  # type: ignore[override, misc]
        self.update(other)
        return self

    def __or__(self, other: Any) -> Logs:  # type: ignore[override]
        out = self.copy()
        out.update(other)
        return out

    def copy(self) -> Logs:
        """A copy that knows the same names."""
        out = type(self)(self)
        out.__dict__.update(self.__dict__)
        return out


@functools.lru_cache(maxsize=4096)
def _same_entry(key: str) -> tuple[str, ...]:
    """Other names of the metric that `key` names."""
    return tuple(_names(key))


def _names(key: str) -> Iterator[str]:
    for group in _SAME:
        for name in group:
            if key == name or key.endswith("_" + name):
                prefix = key[: len(key) - len(name)]
                yield from (prefix + other for other in group if other != name)


@functools.lru_cache(maxsize=4096)
def _canonical(key: Any) -> Any:
    """The modern name of an entry."""
    if not isinstance(key, str):
        return key
    for group in _SAME:
        for name in group:
            if key == name or key.endswith("_" + name):
                return key[: len(key) - len(name)] + group[0]
    return key


@functools.lru_cache(maxsize=4096)
def _split_kind(key: str) -> tuple[str, str | None]:
    """Prefix and kind of a name of an accuracy; the kind is ``None`` for any other name."""
    # The longest name first: sparse_categorical_accuracy ends with categorical_accuracy.
    for name in sorted((*_KINDS_OF_ACCURACY, *_ACCURACY), key=len, reverse=True):
        if key == name or key.endswith("_" + name):
            return key[: len(key) - len(name)], name
    return "", None
