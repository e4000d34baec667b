"""Weights in groups of open HDF5 files: functions of ``keras.engine.saving`` that programs called themselves."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..saving import hdf5

__all__ = [
    "load_attributes_from_hdf5_group", "load_weights_from_hdf5_group",
    "load_weights_from_hdf5_group_by_name", "pickle_model", "save_attributes_to_hdf5_group",
    "save_weights_to_hdf5_group", "unpickle_model",
]  # fmt: skip


class _Layers:
    """Layers as the functions for models want them."""

    def __init__(self, layers: Sequence[Any]) -> None:
        self.layers = list(layers)

    @property
    def weights(self) -> list[Any]:
        return [w for layer in self.layers for w in layer.weights]

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Any]:
        return self.layers


def _name(group: Any) -> str:
    return os.path.basename(str(group.file.filename))


def load_attributes_from_hdf5_group(group: Any, name: str) -> list[str]:
    """A list of texts among the attributes of a group; long ones stand in several parts."""
    return hdf5._names(group, name, _name(group))


def save_attributes_to_hdf5_group(group: Any, name: str, data: Sequence[Any]) -> None:
    """Write a list of texts among the attributes of a group."""
    hdf5._write_names(group, name, [d.decode() if isinstance(d, bytes) else d for d in data])


def save_weights_to_hdf5_group(f: Any, layers: Sequence[Any]) -> None:
    """Write the weights of layers, one group for each."""
    hdf5.write_weights(_Layers(layers), f)


def load_weights_from_hdf5_group(f: Any, layers: Sequence[Any], reshape: bool = False) -> None:
    """Set the weights of layers from the groups of a file, in the order of the layers."""
    hdf5.read_weights(_Layers(layers), f, _name(f))


def load_weights_from_hdf5_group_by_name(
    f: Any, layers: Sequence[Any], skip_mismatch: bool = False, reshape: bool = False
) -> None:
    """Set the weights of those layers whose names a file has."""
    hdf5.read_weights_by_name(_Layers(layers), f, _name(f), skip_mismatch)


def pickle_model(model: Any) -> np.ndarray:
    """A model as bytes that `unpickle_model` reads.

    >>> from kerata import Input, Sequential, layers
    >>> model = Sequential([Input((2,)), layers.Dense(1)])
    >>> unpickle_model(pickle_model(model)).output_shape
    (None, 1)
    """
    return np.frombuffer(pickle.dumps(model), np.uint8)


def unpickle_model(state: Any) -> Any:
    """The model of `pickle_model`; as with any pickle, only from a source that is trusted."""
    return pickle.loads(np.asarray(state, np.uint8).tobytes())
