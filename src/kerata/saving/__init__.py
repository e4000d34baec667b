"""Saving and loading of models and weights, and the registry of custom objects."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

from ..errors import FileError, InputError, NotBuiltError
from ..serialization import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

__all__ = [
    "CustomObjectScope", "custom_object_scope", "deserialize_keras_object", "get_custom_objects",
    "get_registered_name", "get_registered_object", "KerasFileEditor", "load_model", "load_weights",
    "register_keras_serializable", "save_model", "save_weights", "serialize_keras_object",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "KerasFileEditor":
        from .file_editor import KerasFileEditor

        return KerasFileEditor
    from ..doors import old_name

    return old_name(__name__, name, __all__)


_HDF5 = (".h5", ".hdf5", ".hdf", ".he5")


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
) -> None:
    """Write a model to a file: architecture, weights, and how training stands.

    Args:
        model: The model.
        filepath: Path. ``.h5`` and ``.hdf5`` give Keras 2's format, any other name that of ``.keras``.
            An open binary file or ``h5py`` group is taken, too.
        overwrite: Whether a file of that name may be replaced.
        zipped: Accepted; ``.keras`` files are always zipped.
        include_optimizer: Whether to keep the training configuration and the optimizer's state.
        save_format: ``"h5"`` or ``"keras"``, whatever the name.

    Raises:
        OSError: The file cannot be written; one that was there is as it was.
        FileExistsError: It exists, and `overwrite` is off.

    >>> import tempfile
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((3,)), layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.keras")
    >>> save_model(model, path)
    >>> load_model(path).output_shape
    (None, 2)
    """
    from . import archive, hdf5

    if zipped is False:
        raise InputError("Models are saved as one file; zipped=False, a folder, is not offered.")
    include_optimizer = kwargs.pop("include_optimizer", True)
    if _wants_hdf5(filepath, kwargs.pop("save_format", None)):
        hdf5.save(model, filepath, overwrite, include_optimizer)
    else:
        archive.save(model, filepath, overwrite, include_optimizer)


def _wants_hdf5(filepath: Any, save_format: str | None) -> bool:
    if save_format in ("tf", "tensorflow"):
        warnings.warn(
            "save_format='tf' is written as a .keras file, which loads without TensorFlow.",
            stacklevel=3,
        )
    if save_format is not None:
        return save_format in ("h5", "hdf5")
    if isinstance(filepath, (str, os.PathLike)):
        return os.fspath(filepath).endswith(_HDF5)
    return type(filepath).__module__.startswith("h5py")


def load_model(filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True,
               safe_mode: bool = True) -> Any:  # fmt: skip
    """Read a model from a file that Kerata, Keras 3, tf_keras or Keras 2 wrote; training can go on.

    The format is told by the content, not the name.

    Args:
        filepath: Path, open binary file or ``h5py`` group; or a folder that `callbacks.OrbaxCheckpoint` wrote.
        custom_objects: Classes and functions of your own by name, if they are not registered.
        compile: Whether to compile the model as it was.
        safe_mode: Refuse lambdas, whose code would run.

    Raises:
        FileError: The file is damaged or foreign, or would run code.
        FileNotFoundError: There is no such file.

    >>> import tempfile
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((3,)), layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.h5")
    >>> model.save(path)
    >>> load_model(path).count_params()
    8
    """
    from . import archive, hdf5, orbax, safe

    if orbax.is_checkpoint(filepath):
        return orbax.load(filepath, custom_objects, compile, safe_mode)
    if isinstance(filepath, (str, os.PathLike)):
        reader = archive if safe.kind_of(filepath) == "zip" else hdf5
    else:
        reader = hdf5 if type(filepath).__module__.startswith("h5py") else archive
    return reader.load(filepath, custom_objects, compile, safe_mode)


def save_weights(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Write the weights of a model to a file.

    Args:
        model: The model, built.
        filepath: Path. ``.h5`` and ``.hdf5`` give Keras 2's layout; ``.weights.h5`` and any other name
            Keras 3's, in which layers are found by their place rather than their name.
        overwrite: Whether a file of that name may be replaced.

    Raises:
        OSError: The file cannot be written; one that was there is as it was.

    >>> import tempfile
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((3,)), layers.Dense(2)])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.weights.h5")
    >>> save_weights(model, path)
    >>> os.path.exists(path)
    True
    """
    from . import archive, hdf5, safe

    _need_built(model, "saved")
    name = os.fspath(filepath) if isinstance(filepath, (str, os.PathLike)) else ""
    if not name or (name.endswith(_HDF5) and not name.endswith(".weights.h5")):
        hdf5.save_weights(model, filepath, overwrite)
        return
    content = archive.weights_bytes(model)
    with safe.atomic(filepath, overwrite) as file:
        file.write(content)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Set the weights of a model from a file of weights or of a whole model.

    Args:
        model: The model, built.
        filepath: Path of a file that Kerata, Keras 3, tf_keras or Keras 2 wrote, or a folder of Orbax
            checkpoints, whose last one is read.
        skip_mismatch: Leave layers that do not fit as they are, with a warning.
        by_name: Match layers by their names, and leave those that the file does not have.

    Raises:
        FileError: The file is damaged or foreign.
        ShapeError: Weights do not fit. A table says which; the model is as it was.

    >>> import tempfile
    >>> from kerata import Sequential, layers
    >>> model = Sequential([layers.Input((3,)), layers.Dense(2, bias_initializer="ones")])
    >>> path = os.path.join(tempfile.mkdtemp(), "model.weights.h5")
    >>> save_weights(model, path)
    >>> other = Sequential([layers.Input((3,)), layers.Dense(2)])
    >>> load_weights(other, path)
    >>> other.get_weights()[1].tolist()
    [1.0, 1.0]
    """
    from . import hdf5, orbax, safe, weights

    by_name = kwargs.pop("by_name", False)
    kwargs.pop("options", None)
    if kwargs:
        raise TypeError(f"load_weights has no argument {next(iter(kwargs))!r}.")
    _need_built(model, "loaded")
    if orbax.is_checkpoint(filepath):
        orbax.load_weights(model, filepath, skip_mismatch)
        return
    name = str(filepath)
    content: Any = filepath
    if safe.kind_of(filepath) == "zip":
        with safe.Archive(filepath, name) as archive:
            content = archive.read("model.weights.h5")
    with safe.open_hdf5(content, name) as file:
        group = safe.child(file, "model_weights", name) or file
        if "layer_names" in group.attrs or "layer_names0" in group.attrs:
            read = hdf5.read_weights_by_name if by_name else hdf5.read_weights
            read(model, group, name, skip_mismatch)
        elif by_name:
            weights.read_by_name(model, file, name, skip_mismatch)
        else:
            weights.read(model, file, name, skip_mismatch)


def model_to_json(model: Any, **kwargs: Any) -> str:
    """The architecture of a model as a JSON text, in the form of Keras 3."""
    from . import archive

    return json.dumps(archive.model_config(model), **kwargs)


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model of a JSON text that any era of Keras wrote, with new weights.

    Raises:
        FileError: The text is no JSON, or describes no model.
    """
    from . import archive

    try:
        config = json.loads(json_string)
    except (ValueError, RecursionError) as e:
        raise FileError(f"The text is no JSON: {e}.") from e
    if not isinstance(config, dict) or "class_name" not in config:
        raise FileError("The text describes no model: it has no class_name.")
    config.pop("compile_config", None)
    version = str(config.get("keras_version") or ("3" if "module" in config else "2"))
    return archive.revive(config, version, custom_objects, safe_mode=True)


def _need_built(model: Any, what: str) -> None:
    if not model.built:
        raise NotBuiltError(
            f"The weights of {model.name!r} cannot be {what}: the model is not built. Give the first layer an input "
            "shape, or call the model on data first."
        )
