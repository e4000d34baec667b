"""State of a model in HDF5, in the layout of Keras 3: one group for each layer, by its place.

A group's path is the way from the model to the layer along attributes and containers
(``layers/dense_1/vars/0``); in a list layers are counted by class. So a file fits every model of the
same structure, whatever the names of its layers.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..capture import is_built_in
from ..errors import FileError, ShapeError
from ..graph import snake
from ..layers.layer import Layer
from ..models import Model, Sequential
from ..optimizers import Nadam, Optimizer
from . import safe

# What the base classes keep in attributes, which is no state of its own or is reached otherwise.
_SKIPPED = frozenset(Layer(name="none").__dict__) | {
    "_graph",
    "_compiled",
    "_chain",
    "_trail",
    "_captured",
    "_optimizer",
}


# --- the way to every layer ---------------------------------------------------------------------


def walk(root: Any) -> Iterator[tuple[list[str], Any]]:
    """Every object with state of its own below `root`, once, with its paths, the first to be written."""
    seen: set[int] = set()
    todo: list[tuple[list[str], Any]] = [([""], root)]
    while todo:
        paths, item = todo.pop()
        if isinstance(item, (Layer, Optimizer)):
            if id(item) in seen:
                continue
            seen.add(id(item))
            yield paths, item
            below = list(_attributes(item))
        else:
            below = list(_members(item))
        todo.extend(
            ([f"{p}/{name}" if p else name for p in paths for name in names], value)
            for names, value in reversed(below)
        )


def _attributes(item: Any) -> Iterator[tuple[list[str], Any]]:
    """Attributes that hold layers, optimizers or containers, in the order in which Keras looks."""
    if isinstance(item, Optimizer):
        for name in ("inner_optimizer", "optimizers"):
            if _holds(getattr(item, name, None)):
                yield [name], getattr(item, name)
        return
    found: dict[str, Any] = {}
    if isinstance(item, Model):
        if item._graph is not None or isinstance(item, Sequential):
            yield ["layers"], item.layers
        else:
            found["layers"] = item.layers
        if item.optimizer is not None:
            found["optimizer"] = item.optimizer
    for key, value in item.__dict__.items():
        if key in _SKIPPED or key.startswith("__") or not _holds(value):
            continue
        public = key.removeprefix("_")
        found[public if isinstance(getattr(type(item), public, None), property) else key] = value
    for key in sorted(found, key=lambda k: "~" + k if k.startswith("_") else k):
        # tf_keras keeps some layers in an attribute of the same name with an underscore.
        hidden = (
            isinstance(found[key], Layer)
            and not key.startswith("_")
            and not isinstance(item, Model)
        )
        yield [key, *(["_" + key] if hidden else [])], found[key]


def _parts(optimizer: Optimizer) -> set[int]:
    """Ids of the optimizers within one, whose state is also in its own."""
    held = [value for _, value in _attributes(optimizer)]
    return {id(o) for v in held for o in (v if isinstance(v, list) else [v])}


def _holds(value: Any, depth: int = 4) -> bool:
    if isinstance(value, (Layer, Optimizer)):
        return True
    if isinstance(value, dict):
        value = value.values()
    return (
        depth > 0
        and isinstance(value, (list, tuple, type({}.values())))
        and any(_holds(v, depth - 1) for v in value)
    )


def _members(container: Any) -> Iterator[tuple[list[str], Any]]:
    """Layers in a list or dict, named by class and number."""
    used: dict[str, int] = {}
    for value in container.values() if isinstance(container, dict) else container:
        if isinstance(value, (Layer, Optimizer)):
            stem = snake(type(value).__dict__.get("_public_name") or type(value).__name__)
        elif isinstance(value, (list, tuple, dict)):
            stem = "container"
        else:
            continue
        n = used[stem] = used.get(stem, -1) + 1
        yield [f"{stem}_{n}" if n else stem], value


# --- writing ------------------------------------------------------------------------------------


class _Writer:
    """The mapping that ``save_own_variables`` fills: it makes data sets in a group."""

    def __init__(self, group: Any) -> None:
        self.group = group

    def __setitem__(self, key: str, value: Any) -> None:
        value = np.asarray(value)
        dataset = self.group.create_dataset(str(key), data=value)
        if value.dtype.name.startswith(("bfloat16", "float8")):
            dataset.attrs["dtype"] = value.dtype.name

    def __contains__(self, key: str) -> bool:
        return key in self.group

    def keys(self) -> Any:
        return self.group.keys()


def write(model: Any, file: Any, optimizer: bool = True) -> None:
    """Write all state of a model, with that of its optimizer, into an open HDF5 file."""
    parts: set[int] = set()
    for paths, item in walk(model):
        path = paths[0]
        if isinstance(item, Optimizer) and not optimizer:
            continue
        group = file.create_group(f"{path}/vars" if path else "vars")
        if isinstance(item.name, str):
            group.attrs["name"] = item.name
        if isinstance(item, Optimizer):
            if id(item) not in parts and not item.built and model.built:
                item.build(model.trainable_variables)
            parts |= _parts(item)
        item.save_own_variables(_Writer(group))


# --- reading ------------------------------------------------------------------------------------


class _Reader(Mapping):
    """The mapping that ``load_own_variables`` reads: arrays of a group."""

    def __init__(self, group: Any, name: str) -> None:
        self.group, self.name = group, name
        self.cache: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self.cache:
            dataset = (
                safe.child(self.group, str(key), self.name) if self.group is not None else None
            )
            if dataset is None:
                raise KeyError(key)
            self.cache[key] = safe.array(dataset, self.name)
        return self.cache[key]

    def __iter__(self) -> Iterator[str]:
        return iter([]) if self.group is None else iter(self.group.keys())

    def __len__(self) -> int:
        return 0 if self.group is None else len(self.group)


def read(
    model: Any, file: Any, name: str, skip_mismatch: bool = False, optimizer: bool = True
) -> None:
    """Set all state of a model from an open HDF5 file.

    Args:
        model: The model, built.
        file: The file.
        name: Its name, for messages.
        skip_mismatch: Leave layers that do not fit as they are, with a warning.
        optimizer: Whether to read the optimizer's state, too.

    Raises:
        FileError: Something in the file is damaged.
        ShapeError: Weights are missing, unexpected, or of another shape; the model is then as it was.
    """
    items = [(paths, item, _group(file, paths, name)) for paths, item in walk(model)]
    table = Table(name)
    used = {g.name for _, _, g in items if g is not None}
    fitting = [
        (i, _Reader(g, name))
        for p, i, g in items
        if isinstance(i, Layer) and table.compare(p[0], i, g)
    ]
    table.unexpected(file, used)
    if table.lines and not skip_mismatch:
        raise ShapeError(str(table))
    before = [(v, v.state()) for item, _ in fitting for v in item._own_variables]
    try:
        for item, reader in fitting:
            _load(item, reader, table, skip_mismatch)
    except Exception:
        for v, state in before:
            v.restore(state)
        raise
    if table.lines:
        warnings.warn(str(table), stacklevel=3)
    parts = {p for _, item, _ in items if isinstance(item, Optimizer) for p in _parts(item)}
    for _, item, group in items:
        if not optimizer or not isinstance(item, Optimizer) or id(item) in parts:
            continue
        if group is not None:
            item.build(model.trainable_variables)
            load_optimizer(
                item, [safe.array(group[k], name) for k in sorted(group.keys(), key=int)]
            )


def _load(item: Any, reader: _Reader, table: Table, skip_mismatch: bool) -> None:
    try:
        item.load_own_variables(reader)
    except (ValueError, KeyError, IndexError) as e:
        if isinstance(e, FileError):
            raise
        if not skip_mismatch:
            raise ShapeError(
                f"{table.name}: the state of layer {item.name!r} does not fit: {e}"
            ) from e
        table.lines.append(f"  {item.name}: {e}")


def _group(file: Any, paths: list[str], name: str) -> Any:
    for path in paths:
        places = [
            path,
            path.replace("layers/", "_layer_checkpoint_dependencies/"),
        ]  # the latter in Keras 2.12
        for place in places:
            found = safe.child(file, f"{place}/vars" if place else "vars", name)
            if found is not None:
                return found
    return None


class Table:
    """What does not fit, line by line."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[str] = []

    def compare(self, path: str, layer: Layer, group: Any) -> bool:
        """Whether a layer's own variables have their arrays in the group."""
        definer = next(c for c in type(layer).__mro__ if "load_own_variables" in c.__dict__)
        # It alone knows what it wrote.
        if not is_built_in(definer) or getattr(layer, "_reads_any_state", False):
            return group is not None
        if getattr(layer, "lora_enabled", False):
            own = {str(i): v for i, v in enumerate(layer._lasting())}
        else:
            own = layer._stored_variables()
        stored = {} if group is None else {k: safe.child(group, k, self.name) for k in group}
        stored = {k: d for k, d in stored.items() if hasattr(d, "shape")}
        fits = True
        for key, v in own.items():
            if key not in stored:
                self.add("missing", v.path, v.shape, None)
            elif tuple(stored[key].shape) != v.shape:
                self.add("mismatched", v.path, v.shape, stored[key].shape)
            else:
                continue
            fits = False
        for key in [k for k in stored if k not in own]:
            self.add("unexpected", f"{path}/vars/{key}", None, stored[key].shape)
            fits = False
        return fits and bool(own)

    def add(self, what: str, where: str, expected: Any, got: Any) -> None:
        """Note one weight that does not fit."""
        sizes = [str(tuple(s)) if s is not None else "-" for s in (expected, got)]
        self.lines.append(f"  {what:<11} {where:<44} model {sizes[0]:<18} file {sizes[1]}")

    def unexpected(self, file: Any, used: set[str]) -> None:
        """Note the arrays of layers that the model does not have."""
        import h5py

        todo = [(k, file.get(k, getlink=True)) for k in file if k not in ("optimizer", "metrics")]
        while todo:
            path, link = todo.pop()
            if not isinstance(link, h5py.HardLink) or path.endswith("seed_generator"):
                continue
            group = file[path]
            if not isinstance(group, h5py.Group) or group.name in used:
                continue
            if path.rpartition("/")[2] == "vars":
                for key, dataset in group.items():
                    self.add("unexpected", f"{path}/{key}", None, getattr(dataset, "shape", ()))
            else:
                todo.extend((f"{path}/{k}", group.get(k, getlink=True)) for k in group)

    def __str__(self) -> str:
        shown = self.lines[:20] + (
            [f"  ... and {len(self.lines) - 20} more"] if len(self.lines) > 20 else []
        )
        return "\n".join(
            [
                f"The weights in {self.name} do not fit the model:",
                *shown,
                "Build the model as it was when the file was written, or load with skip_mismatch=True "
                "to keep the layers that do not fit as they are.",
            ]
        )


def load_optimizer(optimizer: Any, values: list[Any]) -> None:
    """Set an optimizer's state from arrays in the order of Keras 3, or of Keras 2 and tf_keras."""
    own = optimizer.variables
    if len(values) == len(own) and all(v.shape == w.shape for v, w in zip(own, values)):
        optimizer.set_weights(values)
        return
    # Keras 2 wrote the number of steps and the slots, but neither the learning rate nor Nadam's product.
    without = [
        v
        for v in own
        if v is not optimizer._learning_rate and v is not optimizer.__dict__.get("_u_product")
    ]
    if len(values) == len(without) and all(v.shape == w.shape for v, w in zip(without, values)):
        for v, w in zip(without, values):
            v.assign(w)
        if isinstance(optimizer, Nadam):
            optimizer.restore_product()
        return
    if len(values) > 2:
        warnings.warn(
            f"The file's optimizer state ({len(values)} arrays) does not fit {optimizer.name!r} ({len(own)} "
            "variables): training starts with fresh state.",
            stacklevel=3,
        )


def read_by_name(model: Any, file: Any, name: str, skip_mismatch: bool = False) -> None:
    """Set the state of the layers whose names the file has; others stay as they are."""
    import h5py

    stored: dict[str, Any] = {}

    def note(path: str, group: Any) -> None:
        if isinstance(group, h5py.Group) and path.endswith("/vars") and "name" in group.attrs:
            stored.setdefault(str(group.attrs["name"]), group)

    file.visititems(note)
    if not stored:
        raise FileError(f"{name} does not have the names of layers: load it without by_name.")
    table = Table(name)
    own = [layer for _, layer in walk(model) if isinstance(layer, Layer) and layer.name in stored]
    fitting = [x for x in own if table.compare(x.name, x, stored[x.name])]
    if table.lines and not skip_mismatch:
        raise ShapeError(str(table))
    for layer in fitting:
        _load(layer, _Reader(stored[layer.name], name), table, skip_mismatch)
    if table.lines:
        warnings.warn(str(table), stacklevel=3)
