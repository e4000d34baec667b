"""Whole models and weights in HDF5, in the layout of Keras 2: groups by the names of the layers."""

from __future__ import annotations

import io
import json
import re
import warnings
from typing import Any

import numpy as np

from .. import serialization
from ..errors import FileError, InputError, ShapeError
from . import safe, write_config
from .archive import is_old, revive
from .read_config import to_native
from .weights import Table, load_optimizer

# Version of Keras whose layout is written.
FORMAT = "2.15.0"

# HDF5 keeps the attributes of an object in a header of this size at most.
_LIMIT = 64000


# --- writing ------------------------------------------------------------------------------------


def save(model: Any, path: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Write a whole model as HDF5: architecture, weights, and how training stands.

    Raises:
        InputError: The model is a subclass whose code is its architecture, or is not built.
    """
    config = serialization.serialize_keras_object(model)
    if "layers" not in (config["config"] or ()):
        raise InputError(
            f"{type(model).__name__} is defined by its code, which an .h5 file cannot hold. "
            "Save it as .keras (with a registered class), or its weights with save_weights."
        )
    _write_file(path, overwrite, lambda f: _write(model, config, f, include_optimizer))


def save_weights(model: Any, path: Any, overwrite: bool = True) -> None:
    """Write the weights of a model as HDF5 in Keras 2's layout."""
    _write_file(path, overwrite, lambda f: write_weights(model, f))


def _write_file(path: Any, overwrite: bool, fill: Any) -> None:
    import h5py

    if isinstance(path, h5py.Group):
        fill(path)
        return
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    with safe.atomic(path, overwrite) as out:
        out.write(buffer.getbuffer())


def _write(model: Any, config: dict[str, Any], file: Any, include_optimizer: bool) -> None:
    _mark(file)
    file.attrs["model_config"] = json.dumps(write_config.to_keras2(config))
    write_weights(model, file.create_group("model_weights"))
    if not include_optimizer or not model.compiled:
        return
    file.attrs["training_config"] = json.dumps(write_config.training_config(model))
    if model.optimizer is not None:
        model.optimizer.build(model.trainable_variables)
        _write_optimizer(model.optimizer, file.create_group("optimizer_weights"))


def _mark(group: Any) -> None:
    from .. import __version__

    group.attrs["keras_version"] = FORMAT
    group.attrs["kerata_version"] = __version__
    group.attrs["backend"] = "tensorflow"


def write_weights(model: Any, group: Any) -> None:
    """Write the weights, one group for each layer."""
    _mark(group)
    layers = model.layers
    _write_names(group, "layer_names", [layer.name for layer in layers])
    for layer in layers:
        _write_group(group.create_group(layer.name), _ordered(layer))
    own = _outside(model)
    _write_group(group.create_group("top_level_model_weights"), own)


def _outside(model: Any) -> list[Any]:
    """Weights of the model that are in none of its layers."""
    inside = {id(w) for layer in model.layers for w in layer.weights}
    return [v for v in model.weights if id(v) not in inside]


def _ordered(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _write_group(group: Any, variables: list[Any]) -> None:
    names = _unique_names([v.path for v in variables])
    _write_names(group, "weight_names", names)
    for name, v in zip(names, variables):
        group.create_dataset(name, data=_plain(v))


def _plain(variable: Any) -> np.ndarray:
    value = variable.host()
    return value.astype(np.float32) if value.dtype.kind == "V" else value  # bfloat16, float8


def _unique_names(paths: list[str]) -> list[str]:
    """Paths as names of data sets: none twice, and none a folder of another."""
    out: list[str] = []
    used: set[str] = set()
    for path in paths:
        name, n = f"{path}:0", 0
        while name in used:
            n += 1
            name = f"{path}_{n}:0"
        used.add(name)
        out.append(name)
    return out


def _write_names(group: Any, key: str, names: list[str]) -> None:
    data = np.array([n.encode() for n in names]) if names else np.array([], dtype="S1")
    if data.nbytes <= _LIMIT:
        group.attrs[key] = data
        return
    count = int(np.ceil(data.nbytes / _LIMIT)) + 1
    for i, part in enumerate(np.array_split(data, count)):
        group.attrs[f"{key}{i}"] = part


def _write_optimizer(optimizer: Any, group: Any) -> None:
    """State in tf_keras's order: the number of steps and the slots, without the learning rate."""
    left_out = (optimizer._learning_rate, optimizer.__dict__.get("_u_product"))
    variables = [v for v in optimizer.variables if not any(v is x for x in left_out)]
    names = _unique_names([v.path for v in variables])
    _write_names(group, "weight_names", names)
    for i, (name, v) in enumerate(zip(names, variables)):
        value = _plain(v)
        group.create_dataset(name, data=value.astype(np.int64) if i == 0 else value)


# --- reading ------------------------------------------------------------------------------------


def load(
    path: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """The model in an HDF5 file of any era, or in an open one.

    Raises:
        FileError: The file is damaged, or holds weights only, or code that would run.
    """
    import h5py

    if isinstance(path, h5py.Group):
        return _load(path, "The file", custom_objects, compile, safe_mode)
    with safe.open_hdf5(path, str(path)) as file:
        return _load(file, str(path), custom_objects, compile, safe_mode)


def _load(file: Any, name: str, custom_objects: Any, compile: bool, safe_mode: bool) -> Any:
    config = _json(file, "model_config", name)
    if config is None:
        raise FileError(
            f"{name} holds weights, no model: build the model, then model.load_weights({name!r})."
        )
    version = _version(file)
    model = revive(config, version, custom_objects, safe_mode)
    group = safe.child(file, "model_weights", name)
    if group is None:
        raise FileError(f"{name} has no weights: the file is damaged.")
    _build(model)
    read_weights(model, group, name)
    if compile:
        with serialization.reading(custom_objects, safe_mode):
            _compile(model, file, name, is_old(version))
    return model


def _version(file: Any) -> str:
    version = _text(file.attrs.get("keras_version", "1"))
    return version if version[:1].isdigit() else "2"


def _text(x: Any) -> str:
    return x.decode("utf-8") if isinstance(x, bytes) else str(x)


def _json(file: Any, key: str, name: str) -> Any:
    text = file.attrs.get(key)
    if text is None:
        return None
    try:
        return json.loads(_text(text))
    except (ValueError, RecursionError) as e:
        raise FileError(f"{name}: {key} is damaged: {e}.") from e


def _build(model: Any) -> None:
    if not model.built:
        raise FileError(
            "The model in the file has no input shape: its weights have no place. Give it an Input layer."
        )


def _compile(model: Any, file: Any, name: str, old: bool) -> None:
    config = _json(file, "training_config", name)
    if config is None:
        return
    compile_as(model, config, old)
    group = safe.child(file, "optimizer_weights", name)
    if group is None or model.optimizer is None:
        return
    model.optimizer.build(model.trainable_variables)
    names = _names(group, "weight_names", name)
    values = [safe.array(safe.child(group, n, name), name) for n in names]
    if _by_slot(names, _version(file)):
        values = _interleaved(model.optimizer, values)
    load_optimizer(model.optimizer, values)


def compile_as(model: Any, config: dict[str, Any], old: bool) -> None:
    """Compile a model by the training configuration of a file."""
    model.compile_from_config(_custom_names(_compile_arguments(to_native(config, old))))


def _compile_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """Arguments of `Model.compile` out of a training configuration of Keras 1, 2 or 3."""
    metrics = config.get("metrics")
    if isinstance(metrics, list) and len(metrics) == 1 and isinstance(metrics[0], list):
        metrics = metrics[0]
    out = {
        "optimizer": config.get("optimizer_config"),
        "loss": config.get("loss"),
        "metrics": metrics or None,
        "loss_weights": config.get("loss_weights"),
        "weighted_metrics": config.get("weighted_metrics"),
    }
    return {k: v for k, v in out.items() if v is not None}


def _custom_names(x: Any) -> Any:
    """The arguments with names of custom objects, which only the caller of `load` knows, replaced by these."""
    if isinstance(x, dict):
        return {k: v if k == "class_name" else _custom_names(v) for k, v in x.items()}
    if isinstance(x, list):
        return [_custom_names(v) for v in x]
    found = serialization.custom_object(x) if isinstance(x, str) else None
    return x if found is None else found


def _by_slot(names: list[str], version: str) -> bool:
    """Whether the optimizer is one of the time when all first slots came before all second ones."""
    if re.match(r"(0|1|2\.[0-3])(\.|$)", version):
        return True
    return any(
        re.search(
            r"(^training/|/(m|v|vhat|rms|mg|momentum|accumulator|accum_grad|accum_var)(_\d+)?:0$)",
            n,
        )
        for n in names
    )


def _interleaved(optimizer: Any, values: list[Any]) -> list[Any]:
    """State that lies slot by slot, in the order in which the optimizer's own variables are."""
    steps = values[:1] if values and np.ndim(values[0]) == 0 else [optimizer._iterations.numpy()]
    arrays = [v for v in values if np.ndim(v) > 0 or len(optimizer._trainable_variables) == 0]
    count = len(optimizer._trainable_variables)
    out, at = list(steps), 0
    for group in optimizer.slots():
        columns = [arrays[at + i * count : at + (i + 1) * count] for i in range(len(group))]
        at += len(group) * count
        out.extend(v for row in zip(*columns) for v in row)
    return out


def read_weights(model: Any, group: Any, name: str, skip_mismatch: bool = False) -> None:
    """Set the weights from groups in the order of the layers.

    Raises:
        ShapeError: Weights are missing, unexpected, or of another shape; nothing is changed then.
    """
    stored = [(n, _arrays(group, n, name)) for n in _names(group, "layer_names", name)]
    stored = [(n, arrays) for n, arrays in stored if arrays]
    layers = [layer for layer in _stored_layers(model, stored) if layer.weights]
    table = Table(name)
    writer = _writer(group, [n for n, _ in stored], name)
    pairs: list[tuple[Any, Any]] = []
    for i in range(max(len(stored), len(layers))):
        layer = layers[i] if i < len(layers) else None
        key, arrays = stored[i] if i < len(stored) else ("", [])
        if layer is not None:
            arrays = _as_today(writer, layer, arrays)
        pairs.extend(_match(table, key, _ordered(layer) if layer is not None else [], arrays))
    top = safe.child(group, "top_level_model_weights", name)
    if top is not None:
        own = _outside(model)
        pairs.extend(
            _match(
                table,
                "top_level_model_weights",
                own,
                _arrays(group, "top_level_model_weights", name),
            )
        )
    _set(pairs, table, skip_mismatch)


def read_weights_by_name(model: Any, group: Any, name: str, skip_mismatch: bool = False) -> None:
    """Set the weights of the layers whose names the file has; others stay as they are."""
    known = set(_names(group, "layer_names", name))
    table = Table(name)
    writer = _writer(group, sorted(known), name)
    pairs: list[tuple[Any, Any]] = []
    for layer in model._flatten_layers(include_self=False, recursive=False):
        if layer.name in known and layer.weights:
            arrays = _as_today(writer, layer, _arrays(group, layer.name, name))
            pairs.extend(_match(table, layer.name, _ordered(layer), arrays))
    _set(pairs, table, skip_mismatch)


def _stored_layers(model: Any, stored: list[tuple[str, Any]]) -> list[Any]:
    """The layers that have groups of their own.

    Where a `Sequential` of Keras 1 begins with models merged, these are their layers.
    """
    layers = list(model.layers)
    first = layers[0] if layers else None
    branches = getattr(first, "branches", None)
    if not branches or not hasattr(first, "own_inputs") or first.name in dict(stored):  # type: ignore[union-attr]
        return layers
    inner = [
        x for b in branches for x in (_stored_layers(b, stored) if hasattr(b, "layers") else [b])
    ]
    return list({id(x): x for x in (*inner, *layers[1:])}.values())


def _writer(group: Any, layers: list[str], name: str) -> tuple[str, str]:
    """Version and backend of the Keras that wrote weights, ``""`` where it is not known.

    Keras 1 noted its version beside whole models only, and its backend never: but variables of
    Theano have no ``:0`` in their names.
    """
    found = [group.attrs.get(k, group.file.attrs.get(k)) for k in ("keras_version", "backend")]
    version, backend = ("" if v is None else _text(v) for v in found)
    if backend or version[:1] not in ("", "0", "1"):
        return version, backend
    inner = [safe.child(group, n, name) for n in layers]
    names = [n for g in inner if g is not None for n in _names(g, "weight_names", name)]
    first_era = any(re.search(r"_(W|U|b|W_[a-z]|U_[a-z]|b_[a-z])(_\d+)?(:0)?$", n) for n in names)
    theano = first_era and not any(n.endswith(":0") for n in names)
    return version or ("1" if first_era else ""), "theano" if theano else ""


def _as_today(writer: tuple[str, str], layer: Any, arrays: list[Any]) -> list[Any]:
    """The arrays of a layer, brought from an older layout where the file or their shapes tell of one."""
    version, backend = writer
    fits = [v.shape for v in _ordered(layer)] == [a.shape for a in arrays]
    if fits and not version.startswith("1") and backend != "theano":
        return arrays
    from ..legacy.weights import fit

    return fit(layer, arrays, version, backend)


def _match(
    table: Table, key: str, variables: list[Any], arrays: list[Any]
) -> list[tuple[Any, Any]]:
    """Pairs of variable and array of a layer, if all of them fit."""
    fits = True
    for i in range(max(len(variables), len(arrays))):
        v: Any = variables[i] if i < len(variables) else None
        a: Any = arrays[i] if i < len(arrays) else None
        if v is None:
            table.add("unexpected", f"{key}[{i}]", None, a.shape)
        elif a is None:
            table.add("missing", v.path, v.shape, None)
        elif a.shape != v.shape:
            table.add("mismatched", v.path, v.shape, a.shape)
        else:
            continue
        fits = False
    return list(zip(variables, arrays)) if fits else []


def _set(pairs: list[tuple[Any, Any]], table: Table, skip_mismatch: bool) -> None:
    if table.lines and not skip_mismatch:
        raise ShapeError(str(table))
    for variable, value in pairs:
        variable.assign(value)
    if table.lines:
        warnings.warn(str(table), stacklevel=4)


def _names(group: Any, key: str, name: str) -> list[str]:
    if key in group.attrs:
        parts = [group.attrs[key]]
    else:
        parts = []
        while f"{key}{len(parts)}" in group.attrs:
            parts.append(group.attrs[f"{key}{len(parts)}"])
        if not parts:
            raise FileError(f"{name} has no {key}: these are no weights that Keras wrote.")
    return [_text(n) for part in parts for n in np.atleast_1d(part).tolist()]


def _arrays(group: Any, layer: str, name: str) -> list[Any]:
    inner = safe.child(group, layer, name)
    if inner is None:
        raise FileError(f"{name}: the group of layer {layer!r} is missing. The file is damaged.")
    out = []
    for key in _names(inner, "weight_names", name):
        dataset = safe.child(inner, key, name)
        if dataset is None:
            raise FileError(
                f"{name}: the array {key!r} of layer {layer!r} is missing. The file is damaged."
            )
        out.append(safe.array(dataset, name))
    return out
