"""``keras.legacy.saving``: configurations in the form of Keras 2, for libraries that write them."""

from __future__ import annotations

import inspect
from typing import Any

from ..errors import InputError
from ..serialization import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
)

__all__ = ["deserialize_keras_object", "serialize_keras_object"]


def serialize_keras_object(instance: Any) -> Any:
    """``{"class_name": ..., "config": ...}`` of an object, the name of a function, or None.

    Objects among the values of the configuration become such dicts themselves.

    >>> from kerata.optimizers.schedules import ExponentialDecay
    >>> serialize_keras_object(ExponentialDecay(0.1, 10, 0.5))["class_name"]
    'ExponentialDecay'
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config"):
        config = {k: _value(v) for k, v in instance.get_config().items()}
        return {"class_name": get_registered_name(type(instance)), "config": config}
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise InputError(
        f"{instance!r} cannot be written as a configuration: it has no get_config, and is no function."
    )


def _value(item: Any) -> Any:
    if item is None or not (hasattr(item, "get_config") or hasattr(item, "__name__")):
        return item
    out = serialize_keras_object(item)
    return {**out, "__passive_serialization__": True} if isinstance(out, dict) else out


def deserialize_keras_object(
    identifier: Any,
    module_objects: dict[str, Any] | None = None,
    custom_objects: dict[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """The object of a configuration or of a name.

    Args:
        identifier: What `serialize_keras_object` gave. A function is returned as it is; for the
            name of a class an object is made without arguments.
        module_objects: Classes and functions by name, in which names are looked up, after
            registered ones.
        custom_objects: Others, which come first.
        printable_module_name: What errors call the object.

    >>> from kerata import optimizers
    >>> config = {"class_name": "SGD", "config": {"momentum": 0.5}}
    >>> deserialize_keras_object(config, {"SGD": optimizers.SGD}).momentum
    0.5
    """
    if identifier is None or inspect.isfunction(identifier):
        return identifier
    if isinstance(identifier, str):
        found = _find(identifier, module_objects, custom_objects, printable_module_name)
        return found() if inspect.isclass(found) else found
    if not isinstance(identifier, dict) or not {"class_name", "config"} <= identifier.keys():
        raise InputError(
            f"This describes no {printable_module_name}: {identifier!r}. Expected a name, or a dict with "
            "class_name and config."
        )
    cls = _find(identifier["class_name"], module_objects, custom_objects, printable_module_name)
    config = identifier["config"]
    if isinstance(config, dict):
        config = {k: _read(k, v, module_objects, custom_objects) for k, v in config.items()}
    with custom_object_scope(custom_objects or {}):
        if not hasattr(cls, "from_config"):
            return cls(**config)
        if "custom_objects" in inspect.signature(cls.from_config).parameters:
            known = {**get_custom_objects(), **(custom_objects or {})}
            return cls.from_config(config, custom_objects=known)
        return cls.from_config(config)


def _read(key: str, item: Any, module: Any, custom: Any) -> Any:
    if isinstance(item, dict) and "__passive_serialization__" in item:
        inner = {k: v for k, v in item.items() if k != "__passive_serialization__"}
        return deserialize_keras_object(inner, module, custom, "config_item")
    if key != "name" and isinstance(item, str):
        found = get_registered_object(item, custom, module)
        if inspect.isfunction(found):
            return found
    return item


def _find(name: str, module: Any, custom: Any, kind: str) -> Any:
    found = get_registered_object(name, custom, module)
    if found is None:
        raise InputError(
            f"Unknown {kind}: {name!r}. Hand it over in custom_objects, or register it with "
            "keras.saving.register_keras_serializable."
        )
    return found
