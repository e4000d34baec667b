"""`Config`: named values as attributes, which can be frozen."""

from __future__ import annotations

import difflib
import json
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any

from ..errors import InputError


class Config:
    """Named values, to be got and set as attributes or as in a dict, and frozen against change.

    >>> config = Config(learning_rate=0.1)
    >>> config.epochs = 3
    >>> config["epochs"], config.learning_rate, sorted(config)
    (3, 0.1, ['epochs', 'learning_rate'])
    >>> config.freeze()
    >>> config.epochs = 4
    Traceback (most recent call last):
    kerata.errors.InputError: The Config is frozen: 'epochs' cannot be changed. unfreeze() it first.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__["_config"], self.__dict__["_frozen"] = kwargs, False

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        self.__dict__["_frozen"] = True

    def unfreeze(self) -> None:
        """Allow changes again."""
        self.__dict__["_frozen"] = False

    def _change(self, name: Any = None) -> dict[str, Any]:
        if self._frozen:
            what = "its values" if name is None else repr(name)
            raise InputError(
                f"The Config is frozen: {what} cannot be changed. unfreeze() it first."
            )
        return self._config

    def as_dict(self) -> dict[str, Any]:
        """The values as a dict of their own."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON."""
        return json.dumps(self._config)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._config.keys()

    def values(self) -> ValuesView[Any]:
        """The values."""
        return self._config.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and values."""
        return self._config.items()

    def get(self, keyname: str, value: Any = None) -> Any:
        """The value of a name, or `value` where there is none."""
        return self._config.get(keyname, value)

    def pop(self, *args: Any) -> Any:
        """Take a value out, as ``dict.pop``."""
        return self._change(args[0] if args else None).pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take values over, as ``dict.update``."""
        self._change().update(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_config", {})
        if name in values:
            return values[name]
        if name in self.__dict__ or name.startswith("__") or "_config" not in self.__dict__:
            raise AttributeError(name)
        near = difflib.get_close_matches(name, values, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"The Config has no value {name!r}.{hint}")

    def __setattr__(self, name: str, value: Any) -> None:
        if hasattr(type(self), name):
            raise AttributeError(f"{name!r} is a method of Config: set it as config[{name!r}].")
        self._change(name)[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __setitem__(self, key: str, item: Any) -> None:
        self._change(key)[key] = item

    def __delitem__(self, key: str) -> None:
        del self._change(key)[key]

    def __contains__(self, item: Any) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
