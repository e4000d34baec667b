"""Models: `Model`, `Sequential`, cloning, and loading by name."""

from __future__ import annotations

from typing import Any

from .cloning import clone_model
from .model import Functional, Model
from .sequential import Sequential

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "save_model",
]


def model_from_config(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of a configuration.

    >>> from kerata import layers
    >>> model = Sequential([layers.Input((3,)), layers.Dense(2)])
    >>> config = {"class_name": "Sequential", "config": model.get_config()}
    >>> model_from_config(config).output_shape
    (None, 2)
    """
    from ..serialization import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of a text that `Model.to_json` wrote, of any era of Keras.

    >>> from kerata import layers
    >>> model = Sequential([layers.Input((3,)), layers.Dense(2)])
    >>> model_from_json(model.to_json()).output_shape
    (None, 2)
    """
    from ..saving import model_from_json as read

    return read(json_string, custom_objects=custom_objects)


def __getattr__(name: str) -> Any:
    if name in ("load_model", "save_model"):
        from .. import saving

        return getattr(saving, name)
    from ..doors import old_name

    return old_name(__name__, name, __all__)
