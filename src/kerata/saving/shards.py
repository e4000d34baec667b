"""Weights in several HDF5 files of limited size, with an index in JSON, in the layout of Keras 3.

``model.weights.json`` says for every group of arrays which of ``model_00000.weights.h5``,
``model_00001.weights.h5`` ... it is in; the arrays of one group may be in two of them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileError, InputError
from . import safe, weights

INDEX = ".weights.json"


def is_index(path: Any) -> bool:
    """Whether a path is that of an index."""
    return str(path).endswith(INDEX)


# --- writing ------------------------------------------------------------------------------------


def save(model: Any, path: Any, max_shard_size: float, overwrite: bool = True) -> None:
    """Write the weights of a model into files of at most `max_shard_size` gigabytes (of 1024**3).

    The index is written last, so that it never speaks of a file that is not there.

    Raises:
        InputError: The path is not that of an index, or a weight is larger than a file may be.
        FileExistsError: The index exists, and `overwrite` is off.
    """
    if not str(path).endswith((INDEX, ".weights.h5")):
        raise InputError(
            f"{path}: with max_shard_size the name must end in .weights.json, as that of the index does."
        )
    target = Path(path).with_suffix(".json")
    with safe.atomic(target, overwrite) as index:
        shards = _Shards(target, max_shard_size * 1024**3)
        weights.write(model, shards)
        shards.finish()
        content = {"metadata": {"total_size": shards.total}, "weight_map": shards.places}
        index.write(json.dumps(content, indent=4).encode())


def _stem(index: Path) -> str:
    return index.stem.replace(".weights", "")


class _Shards:
    """What `weights.write` fills in place of a file: it begins a new one where one is full."""

    def __init__(self, index: Path, limit: float) -> None:
        self.index, self.limit = index, limit
        self.count = self.size = self.total = 0
        self.places: dict[str, Any] = {}
        self._begin()

    def _begin(self) -> None:
        import h5py

        self.buffer = io.BytesIO()
        self.file = h5py.File(self.buffer, "w")
        self.name = f"{_stem(self.index)}_{self.count:05}.weights.h5"
        self.size = 0

    def finish(self) -> None:
        """Write the file that is being filled."""
        self.file.close()
        with safe.atomic(self.index.with_name(self.name)) as out:
            out.write(self.buffer.getbuffer())
        self.count += 1

    def create_group(self, path: str) -> _Group:
        """A group, made in each file that gets some of its arrays."""
        return _Group(self, path)

    def add(self, group: _Group, key: str, value: np.ndarray) -> Any:
        """Put an array into the file that has room for it."""
        if value.nbytes > self.limit:
            raise InputError(
                f"The weight {group.path}/{key} has {value.nbytes / 1024**3:.3g} GB, max_shard_size is "
                f"{self.limit / 1024**3:.3g}: it must be at least as large."
            )
        if self.size + value.nbytes > self.limit:
            self.finish()
            self._begin()
        self.size += value.nbytes
        self.total += value.nbytes
        held = self.file.require_group(group.path)
        for name, text in group.attrs.items():
            held.attrs[name] = text
        self._note(held.name)
        return held.create_dataset(key, data=value)

    def _note(self, place: str) -> None:
        found = self.places.setdefault(place, self.name)
        names = found if isinstance(found, list) else [found]
        if self.name not in names:
            self.places[place] = [*names, self.name]


class _Group:
    """A group of `_Shards`, as the writer of weights uses it."""

    def __init__(self, shards: _Shards, path: str) -> None:
        self.shards, self.path = shards, path
        self.attrs: dict[str, str] = {}
        self.names: list[str] = []

    def create_dataset(self, key: str, data: np.ndarray) -> Any:
        """Keep an array."""
        self.names.append(key)
        return self.shards.add(self, key, data)

    def keys(self) -> list[str]:
        """Names of the arrays so far."""
        return self.names

    def __contains__(self, key: str) -> bool:
        return key in self.names


# --- reading ------------------------------------------------------------------------------------


@contextmanager
def joined(path: Any) -> Iterator[Any]:
    """What the files of an index hold, as one HDF5 file in memory.

    Raises:
        FileNotFoundError: There is no such index.
        FileError: The index or a file is damaged, missing, or outside of the index's folder.
    """
    import h5py

    places = _read_index(Path(path))
    with h5py.File(io.BytesIO(), "w") as whole:
        for name in dict.fromkeys(n for names in places.values() for n in names):
            shard = Path(path).with_name(name)
            if not shard.is_file():
                raise FileError(
                    f"{name}, of which {path} speaks, is missing: the two must lie in one folder."
                )
            with safe.open_hdf5(shard, str(shard)) as file:
                for place in (p for p, names in places.items() if name in names):
                    _copy(file, place, whole, str(shard))
        yield whole


def _read_index(path: Path) -> dict[str, list[str]]:
    """The names of the files of each group."""
    try:
        places = json.loads(path.read_bytes())["weight_map"]
        places = {k: v if isinstance(v, list) else [v] for k, v in places.items()}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise FileError(f"{path} is no index of weights: {type(e).__name__}: {e}.") from e
    for name in (n for names in places.values() for n in names):
        if not isinstance(name, str) or Path(name).name != name or "\\" in name or "\0" in name:
            raise FileError(f"{path} speaks of a file outside of its folder ({name!r}). It is not read.")  # fmt: skip
    return places


def _copy(file: Any, place: str, whole: Any, name: str) -> None:
    group = safe.child(file, place.strip("/"), name)
    if group is None:
        raise FileError(f"{name} has no {place}, which the index says it has.")
    held = whole.require_group(place)
    if "name" in group.attrs:
        held.attrs["name"] = str(group.attrs["name"])
    for key in group:
        value = safe.array(safe.child(group, key, name), name)
        made = held.create_dataset(key, data=value)
        if value.dtype.name.startswith(("bfloat16", "float8")):
            made.attrs["dtype"] = value.dtype.name
