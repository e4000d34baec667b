"""What CIFAR-10 and CIFAR-100 have in common."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from .. import config
from ..errors import FileError
from ._sources import unpickle

Part = tuple[np.ndarray, np.ndarray]
_DAMAGE = (OSError, EOFError, pickle.UnpicklingError, AttributeError, LookupError, ValueError)


def find(folder: str, archive: str, file_hash: str) -> Path:
    """The unpacked data set: in the cache under the name that Keras 2 or 3 gives it, or downloaded."""
    from ..utils.files import get_file, homes

    target = f"{folder}-target"
    for home in homes():
        for path in (home / "datasets" / target / folder, home / "datasets" / folder):
            if path.is_dir():
                return path
    origin = f"https://www.cs.toronto.edu/~kriz/{archive}"
    return Path(get_file(target, origin, file_hash=file_hash, extract=True), folder)


def read(paths: list[Path], label_key: str) -> Part:
    """Images and labels of batch files, in the layout of the global ``image_data_format``."""
    parts = [_read_batch(path, label_key) for path in paths]
    x = np.concatenate([images for images, _ in parts])
    if config.image_data_format() == "channels_last":
        x = x.transpose(0, 2, 3, 1)
    return x, np.concatenate([labels for _, labels in parts])


def _read_batch(path: Path, label_key: str) -> Part:
    try:
        with path.open("rb") as f:
            batch = unpickle(f, encoding="bytes")
        images = batch[b"data"].reshape(-1, 3, 32, 32)
        return images, np.asarray(batch[label_key.encode()], np.uint8).reshape(-1, 1)
    except _DAMAGE as e:
        raise FileError(
            f"{path} is missing, damaged or no CIFAR batch: {e}. Delete the folder {path.parent} to fetch it again."
        ) from e
