"""`KerasFileEditor`: the weights in a file, looked at, changed and saved again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import FileError, InputError
from . import safe, weights

Tree = dict[str, Any]
"""Objects by name: each a dict of its weights (arrays) and of the objects in it (dicts)."""


class KerasFileEditor:
    """A ``.keras`` or ``.weights.h5`` file as a tree of objects and weights that can be edited.

    Useful where the architecture of a model has changed after its weights were saved. The file
    itself is only read.

    Args:
        filepath: Path of the file, which Kerata or Keras 3 wrote.

    Attributes:
        weights_dict: The tree: dicts of arrays and dicts.
        config, metadata: Configuration of the model and facts about the file, of a ``.keras`` file.

    Methods take an object by its path, such as ``layers/dense_2``, or by its name alone where only
    one object has it.

    >>> import tempfile
    >>> from kerata import Input, Sequential, layers
    >>> path = f"{tempfile.mkdtemp()}/model.weights.h5"
    >>> Sequential([Input((2,)), layers.Dense(3)]).save_weights(path)
    >>> editor = KerasFileEditor(path)
    Keras model file '...model.weights.h5'
    >>> editor.rename_object("dense", "head")
    >>> editor.summary()
    Weights structure
      └─ layers
         └─ head
            ├─ 0: shape=(2, 3), dtype=float32
            └─ 1: shape=(3,), dtype=float32
    >>> editor.save(path)
    """

    def __init__(self, filepath: Any) -> None:
        self.filepath = os.fspath(filepath)
        self.metadata: dict[str, Any] | None = None
        self.config: dict[str, Any] | None = None
        self.object_metadata: dict[str, dict[str, Any]] = {}
        content: Any = self.filepath
        if self.filepath.endswith(".keras"):
            safe.kind_of(self.filepath)
            with safe.Archive(self.filepath, self.filepath) as archive:
                content = archive.read("model.weights.h5")
                self.config = _json(archive, "config.json")
                self.metadata = _json(archive, "metadata.json")
        elif not self.filepath.endswith(".weights.h5"):
            raise InputError(
                f"KerasFileEditor: {self.filepath!r} must end with .keras or .weights.h5."
            )
        else:
            safe.kind_of(self.filepath)
        with safe.open_hdf5(content, self.filepath) as file:
            self.weights_dict = self._read(file, "")
        print(f"Keras model file '{self.filepath}'")
        if self.metadata is not None:
            version, date = self.metadata.get("keras_version"), self.metadata.get("date_saved")
            print(f"Saved with Keras {version} - date: {date}")

    def _read(self, group: Any, path: str) -> Tree:
        """The tree of an HDF5 group; an object's own weights lie in a group ``vars``."""
        out: Tree = {}
        for key in group:
            where = f"{path}/{key}" if path else key
            found = safe.child(group, key, self.filepath)
            if hasattr(found, "shape"):
                out[key] = safe.array(found, self.filepath)
            elif key == "vars":
                if found.attrs:
                    self.object_metadata[path] = {k: _text(v) for k, v in found.attrs.items()}
                out.update((k, safe.array(found[k], self.filepath)) for k in found)
            else:
                inner = self._read(found, where)
                if inner:
                    out[key] = inner
        return out

    # --- looking ---------------------------------------------------------------------------------

    def summary(self) -> None:
        """Print the tree."""
        print("Weights structure")
        for line in self._lines(self.weights_dict, "", "  "):
            print(line)

    def _lines(self, tree: Tree, path: str, indent: str) -> Iterator[str]:
        for i, (key, value) in enumerate(tree.items()):
            last = i == len(tree) - 1
            mark = "└─ " if last else "├─ "
            where = f"{path}/{key}" if path else key
            if isinstance(value, dict):
                name = self.object_metadata.get(where, {}).get("name")
                yield f"{indent}{mark}{key}" + (f" ('{name}')" if name else "")
                yield from self._lines(value, where, indent + ("   " if last else "│  "))
            else:
                yield f"{indent}{mark}{key}: shape={np.shape(value)}, dtype={np.asarray(value).dtype}"

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Print where the file and a model differ.

        Returns:
            ``status``, ``"success"`` or ``"error"``; ``error_count``, how many weights are missing,
            unexpected or of another shape, an object without any counting once; ``match_count``.
        """
        print("Running comparison")
        errors: list[str] = []
        matches = 0
        known: set[str] = set()
        for path, want in self._wanted(reference_model):
            known.add(path)
            found, fitting = _differences(path, want, self._own(path))
            errors.extend(found)
            matches += fitting
        errors.extend(
            f"...Object {path} present in saved file, missing from reference model: {own}"
            for path, own in _objects(self.weights_dict, "")
            if own and path not in known
        )
        for line in errors:
            print(line)
        print(
            f"The saved file {'is not' if errors else 'is'} compatible with the reference model: "
            f"{len(errors)} errors, {matches} matching weights"
        )
        status = "error" if errors else "success"
        return {"status": status, "error_count": len(errors), "match_count": matches}

    def _wanted(self, model: Any) -> Iterator[tuple[str, dict[str, tuple[int, ...]]]]:
        """Path and shapes of the weights of each object of a model that has any."""
        for paths, item in weights.walk(model):
            store: dict[str, Any] = {}
            item.save_own_variables(store)
            if store:
                path = next((p for p in paths if self._own(p)), paths[0])
                yield path, {k: tuple(np.shape(v)) for k, v in store.items()}

    def _own(self, path: str) -> dict[str, Any]:
        tree: Any = self.weights_dict
        for part in path.split("/") if path else []:
            tree = tree.get(part) if isinstance(tree, dict) else None
        found = tree if isinstance(tree, dict) else {}
        return {k: v for k, v in found.items() if not isinstance(v, dict)}

    # --- changing --------------------------------------------------------------------------------

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Give an object another name; it stays where it is in the tree."""
        if "/" in new_name:
            raise InputError(
                f"rename_object: new_name is the last part of a path alone; got {new_name!r}."
            )
        holder, key = self._place(object_name)
        if new_name in holder and new_name != key:
            raise InputError(
                f"rename_object: there is a {new_name!r} beside {object_name!r} already."
            )
        renamed = {new_name if k == key else k: v for k, v in holder.items()}
        holder.clear()
        holder.update(renamed)

    def delete_object(self, object_name: str) -> None:
        """Take an object, and all in it, out."""
        holder, key = self._place(object_name)
        del holder[key]

    def add_object(self, object_path: str, weights: Mapping[str, Any]) -> None:
        """Put in a new object.

        Args:
            object_path: Its whole path; what it lies in must be there.
            weights: Its weights by name, usually ``{"0": kernel, "1": bias}``.
        """
        _check_weights(weights)
        where, _, key = object_path.rpartition("/")
        tree: Any = self.weights_dict
        for part in where.split("/") if where else []:
            tree = tree.get(part) if isinstance(tree, dict) else None
            if not isinstance(tree, dict):
                raise InputError(
                    f"add_object: there is no {where!r} in the file to put {key!r} into."
                )
        tree[key] = dict(weights)

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Take a weight out of an object."""
        holder, key = self._place(object_name)
        if weight_name not in holder[key]:
            raise InputError(
                f"delete_weight: {object_name!r} has no weight {weight_name!r}; it has {list(holder[key])}."
            )
        del holder[key][weight_name]

    def add_weights(self, object_name: str, weights: Mapping[str, Any]) -> None:
        """Put weights into an object, in place of those of the same names."""
        _check_weights(weights)
        holder, key = self._place(object_name)
        holder[key].update(weights)

    def _place(self, name: str) -> tuple[Tree, str]:
        """The dict that holds an object, and its key there."""
        where, _, key = name.rpartition("/")
        if where:
            tree: Any = self.weights_dict
            for part in where.split("/"):
                tree = tree.get(part) if isinstance(tree, dict) else None
            if not isinstance(tree, dict) or not isinstance(tree.get(key), dict):
                raise InputError(
                    f"There is no object {name!r} in the file. summary() shows what there is."
                )
            return tree, key
        holders = [tree for tree in _holders(self.weights_dict) if isinstance(tree.get(name), dict)]
        if not holders:
            raise InputError(
                f"There is no object {name!r} in the file. summary() shows what there is."
            )
        if len(holders) > 1:
            raise InputError(
                f"{len(holders)} objects are named {name!r}: give the whole path of one."
            )
        return holders[0], name

    # --- saving ----------------------------------------------------------------------------------

    def save(self, filepath: Any) -> None:
        """Write the tree as a ``.weights.h5`` file."""
        import io

        import h5py

        path = os.fspath(filepath)
        if not path.endswith(".weights.h5"):
            raise InputError(f"save: {path!r} must end with .weights.h5.")
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            self._write(self.weights_dict, file, "")
        with safe.atomic(path) as target:
            target.write(buffer.getbuffer())

    resave_weights = save

    def _write(self, tree: Tree, file: Any, path: str) -> None:
        own = {k: v for k, v in tree.items() if not isinstance(v, dict)}
        group = file.create_group(f"{path}/vars" if path else "vars")
        for key, value in self.object_metadata.get(path, {}).items():
            group.attrs[key] = value
        writer = weights._Writer(group)
        for key, value in own.items():
            writer[key] = value
        for key, value in tree.items():
            if isinstance(value, dict):
                self._write(value, file, f"{path}/{key}" if path else key)


def _holders(tree: Tree) -> Iterator[Tree]:
    yield tree
    for value in tree.values():
        if isinstance(value, dict):
            yield from _holders(value)


def _objects(tree: Tree, path: str) -> Iterator[tuple[str, list[str]]]:
    """Path of each object, and the names of its own weights."""
    yield path, [k for k, v in tree.items() if not isinstance(v, dict)]
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _objects(value, f"{path}/{key}" if path else key)


def _check_weights(weights: Any) -> None:
    if not isinstance(weights, Mapping):
        raise InputError(
            "weights must be a dict of arrays by name, such as {'0': kernel, '1': bias}; got "
            f"{type(weights).__name__}."
        )


def _differences(
    path: str, want: dict[str, tuple[int, ...]], have: dict[str, Any]
) -> tuple[list[str], int]:
    """What differs between an object of a model and of the file, and how many weights agree."""
    if not have:
        return [
            f"...Object {path} present in reference model, missing from saved file: {list(want)}"
        ], 0
    errors = []
    for key, shape in want.items():
        if key not in have:
            errors.append(
                f"...Weight {path}/{key} present in reference model, missing from saved file"
            )
        elif np.shape(have[key]) != shape:
            errors.append(
                f"...Weight shape mismatch for {path}/{key}: in reference model {shape}, in saved file "
                f"{np.shape(have[key])}"
            )
    fitting = len(want) - len(errors)
    errors.extend(
        f"...Weight {path}/{key} present in saved file, missing from reference model"
        for key in have
        if key not in want
    )
    return errors, fitting


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _json(archive: safe.Archive, member: str) -> dict[str, Any]:
    try:
        found = json.loads(archive.read(member))
    except (ValueError, RecursionError) as e:
        raise FileError(f"{archive.name}: {member} is damaged: {e}.") from e
    if not isinstance(found, dict):
        raise FileError(f"{archive.name}: {member} holds no JSON object.")
    return found
