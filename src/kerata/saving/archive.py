"""The ``.keras`` format: a zip of ``config.json``, ``metadata.json`` and ``model.weights.h5``."""

from __future__ import annotations

import datetime
import io
import json
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

from .. import serialization
from ..errors import FileError
from . import safe, weights
from .read_config import to_native
from .write_config import to_keras3

# Version of Keras whose format is written.
FORMAT = "3.15.1"
_WEIGHTS = "model.weights.h5"


def save(model: Any, path: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Write a model as a ``.keras`` file, or into an open binary file."""
    config = model_config(model)
    if not include_optimizer:
        config.pop("compile_config", None)
    if hasattr(path, "write"):
        _write(model, config, path, include_optimizer)
        return
    with safe.atomic(path, overwrite) as file:
        _write(model, config, file, include_optimizer)


def model_config(model: Any) -> dict[str, Any]:
    """Configuration of a model, with how it was compiled, in Keras 3's form."""
    return to_keras3(serialization.serialize_shared(model))


def _write(model: Any, config: dict[str, Any], file: Any, include_optimizer: bool) -> None:
    from .. import __version__

    metadata = {
        "keras_version": FORMAT,
        "kerata_version": __version__,
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", json.dumps(config))
        with archive.open(_WEIGHTS, "w", force_zip64=True) as member:
            member.write(weights_bytes(model, include_optimizer))
        _write_assets(model, archive)


def weights_bytes(model: Any, include_optimizer: bool = True) -> memoryview:
    """All state of a model as the bytes of an HDF5 file."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        weights.write(model, file, include_optimizer)
    return buffer.getbuffer()


def _write_assets(model: Any, archive: zipfile.ZipFile) -> None:
    """What layers with a ``save_assets`` method put into a folder of their own."""
    for paths, item in weights.walk(model):
        if hasattr(item, "save_assets"):
            with tempfile.TemporaryDirectory() as folder:
                item.save_assets(folder)
                for file in sorted(Path(folder).rglob("*")):
                    if file.is_file():
                        archive.write(
                            file, f"assets/{paths[0]}/{file.relative_to(folder).as_posix()}"
                        )


def load(
    path: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in a ``.keras`` file, or in an open binary file.

    Raises:
        FileError: The file is damaged or foreign, or holds code that would run.
    """
    name = str(path) if not hasattr(path, "read") else "The file"
    with safe.Archive(path, name) as archive:
        config, version = _json(archive, "config.json"), _version(archive)
        if not isinstance(config, dict) or "class_name" not in config:
            raise FileError(f"{name}: config.json describes no model.")
        content = archive.read(_WEIGHTS)
        if not compile:
            config.pop("compile_config", None)
        model = revive(config, version, custom_objects, safe_mode)
        with safe.open_hdf5(content, f"{name}: {_WEIGHTS}") as file:
            weights.read(model, file, name, optimizer=compile)
        _read_assets(model, archive)
    return model


def revive(config: dict[str, Any], version: str, custom_objects: Any, safe_mode: bool) -> Any:
    """A model out of a configuration in the form of a version of Keras."""
    with serialization.reading(custom_objects, safe_mode), serialization.sharing():
        dropped: dict[str, None] = {}
        try:
            native = to_native(config, is_old(version), dropped)
            model = serialization.deserialize_keras_object(native)
        except (KeyError, AttributeError, IndexError, RecursionError) as e:
            raise FileError(
                f"The model cannot be made from its configuration: {type(e).__name__}: {e}. "
                "The file is damaged, or a class of your own does not take what its get_config gave."
            ) from e
    if dropped:
        warnings.warn(
            f"The file has arguments that are not known, and are left out as they say nothing: {', '.join(dropped)}.",
            stacklevel=4,
        )
    if not hasattr(model, "save"):  # a model, or a FeatureSpace
        raise FileError(f"The file holds a {type(model).__name__}, not a model.")
    return model


def is_old(version: str) -> bool:
    """Whether a version is one of Keras 1 or 2."""
    return version.split(".")[0] in ("1", "2")


def _json(archive: safe.Archive, member: str) -> Any:
    try:
        return json.loads(archive.read(member))
    except (ValueError, RecursionError) as e:
        raise FileError(f"{archive.name}: {member} is damaged: {e}.") from e


def _version(archive: safe.Archive) -> str:
    if "metadata.json" not in archive.members:
        return "3"
    metadata = _json(archive, "metadata.json")
    return str(metadata.get("keras_version", "3")) if isinstance(metadata, dict) else "3"


def _read_assets(model: Any, archive: safe.Archive) -> None:
    for paths, item in weights.walk(model):
        if hasattr(item, "load_assets"):
            with tempfile.TemporaryDirectory() as folder:
                archive.extract(f"assets/{paths[0]}/", Path(folder))
                item.load_assets(folder)
