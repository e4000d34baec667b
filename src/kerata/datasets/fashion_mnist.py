"""Fashion-MNIST: pictures of clothes in the form of MNIST."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ..errors import FileError
from ._sources import GOOGLE, read_idx

__all__ = ["load_data"]

Part = tuple[np.ndarray, np.ndarray]

SYSTEM_FOLDERS = ("/usr/share/datasets/fashion-mnist", "/usr/local/share/datasets/fashion-mnist")
"""Where system packages put the files (Debian and Ubuntu: ``dataset-fashion-mnist``)."""

# Hashes of the unpacked contents: distributors compress the files anew.
_FILES = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def load_data() -> tuple[Part, Part]:
    """60,000 images to train on and 10,000 to test with, 28 by 28 grey levels, ten kinds of clothes.

    The kinds: 0 T-shirt/top, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker,
    8 bag, 9 ankle boot. Copyright Zalando SE; MIT License;
    https://github.com/zalandoresearch/fashion-mnist.

    The copy of a system package is used where one is installed.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images uint8 ``(n, 28, 28)`` from 0 to 255, and
        labels uint8 ``(n,)``.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train.shape, x_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (60000,), (10000, 28, 28))
    """
    x_train, y_train, x_test, y_test = (_read(name) for name in _FILES)
    return (x_train, y_train), (x_test, y_test)


def _read(name: str) -> np.ndarray:
    path = _find(name)
    array = read_idx(path)
    content = hashlib.sha256(
        b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">u4").tobytes()
    )
    content.update(array.data)
    if content.hexdigest() != _FILES[name]:
        raise FileError(
            f"{path} is damaged or not Fashion-MNIST's: its content has another hash. Delete it."
        )
    return array


def _find(name: str) -> str:
    from ..utils.files import get_file

    for folder in SYSTEM_FOLDERS:
        path = Path(folder, name)
        if path.is_file():
            return str(path)
    return get_file(name, GOOGLE + name, cache_subdir="datasets/fashion-mnist")
