"""Dtype policies: in which dtypes layers compute, and keep their weights."""

from __future__ import annotations

from typing import Any

from . import dtypes
from .dtypes import DTypePolicy, DTypePolicyMap, FloatDTypePolicy
from .errors import InputError

__all__ = [
    "DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize",
]  # fmt: skip


def get(identifier: Any = None) -> DTypePolicy:
    """The policy of a name, a dtype or a configuration; a policy itself; the global one for ``None``.

    Raises:
        InputError: It is none of these.

    >>> get("mixed_bfloat16").variable_dtype
    'float32'
    """
    if isinstance(identifier, dict) and "class_name" in identifier:
        return deserialize(identifier)
    try:
        return dtypes.policy(identifier)
    except (ValueError, TypeError, KeyError) as e:
        raise InputError(
            f"This is no dtype policy: {identifier!r}. Give a dtype's name such as 'float32', "
            "'mixed_float16' or 'mixed_bfloat16', or a DTypePolicy."
        ) from e


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """Configuration of a policy.

    >>> serialize(DTypePolicy("float16"))["config"]
    {'name': 'float16'}
    """
    from .serialization import serialize_keras_object

    return serialize_keras_object(dtype_policy)


def deserialize(
    config: dict[str, Any], custom_objects: dict[str, Any] | None = None
) -> DTypePolicy:
    """The policy of a configuration.

    >>> deserialize({"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}})
    <DTypePolicy "mixed_float16">
    """
    from .serialization import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects)
