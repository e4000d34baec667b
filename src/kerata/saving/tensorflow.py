"""What tf.keras wrote in TensorFlow's own formats: checkpoints of weights, and SavedModel folders.

Neither needs TensorFlow here. A layer's values are found along the attributes of the objects that were
saved, as TensorFlow itself does: ``layer_with_weights-0`` of a `Sequential` or functional model is its
first layer that has weights, and a model of one's own has the names of its attributes.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import serialization
from ..errors import FileError, ShapeError
from ..models import Model, Sequential
from .archive import revive
from .tensor_bundle import Bundle, Node, fields, is_bundle
from .weights import Table, _attributes

# Name of Kerata's own file in a folder.
OWN = "model.keras"

_INSIDE = os.path.join("variables", "variables")
# Entries beside the weights of a model: state of the training, and what Keras notes for itself.
_BESIDE = ("optimizer", "save_counter", "keras_api", "_CHECKPOINTABLE", "global_step", "metrics")


def is_saved_model(path: Any) -> bool:
    """Whether a path is a SavedModel folder."""
    return isinstance(path, (str, os.PathLike)) and os.path.isfile(
        os.path.join(path, "saved_model.pb")
    )


def is_checkpoint(path: Any) -> bool:
    """Whether a path is the name of a TensorFlow checkpoint, or a SavedModel folder, which has one in it."""
    if not isinstance(path, (str, os.PathLike)):
        return False
    return (is_bundle(path) and not os.path.exists(path)) or is_saved_model(path)


# --- weights ------------------------------------------------------------------------------------


def load_weights(model: Any, path: Any, skip_mismatch: bool = False) -> None:
    """Set the weights of a model from a checkpoint. The optimizer's state is not read.

    Args:
        model: The model, built.
        path: Name of the checkpoint, without ``.index``, or a SavedModel folder.
        skip_mismatch: Leave weights that do not fit as they are, with a warning.

    Raises:
        FileError: A file is missing or damaged.
        ShapeError: Weights are missing or of another shape; the model is as it was.
    """
    prefix = os.path.join(path, _INSIDE) if is_saved_model(path) else os.fspath(path)
    bundle = Bundle(prefix)
    graph = bundle.graph()
    found = _by_path(model, bundle) if graph is None else _by_graph(model, graph)
    table = Table(prefix)
    pairs: list[tuple[Any, Any]] = []
    for v, key in found:
        if key is None or key not in bundle.entries:
            table.add("missing", v.path, v.shape, None)
        elif bundle.shape(key) != tuple(v.shape):
            table.add("mismatched", v.path, v.shape, bundle.shape(key))
        else:
            pairs.append((v, key))
    if table.lines and not skip_mismatch:
        raise ShapeError(f"{table}\n{_unused_line(bundle, found)}".rstrip())
    values = [(v, bundle.read(key)) for v, key in pairs]  # all are read before one is set
    for v, value in values:
        v.assign(value)
    if table.lines:
        warnings.warn(str(table), stacklevel=4)
    unused = _unused_line(bundle, found)
    if unused:
        warnings.warn(f"{prefix}: {unused}", stacklevel=4)


def _unused_line(bundle: Bundle, found: list[tuple[Any, str | None]]) -> str:
    """The arrays in the file that the model has no place for, in words."""
    used = {key for _, key in found}
    left = [
        k for k in bundle.arrays()
        if k not in used and not k.startswith(_BESIDE) and "/optimizer/" not in k and ".OPTIMIZER_SLOT" not in k
    ]  # fmt: skip
    left = [k for k in left if not _anonymous(k)]
    if not left:
        return ""
    more = f" and {len(left) - 8} more" if len(left) > 8 else ""
    names = ", ".join(k.partition("/.ATTRIBUTES")[0] for k in left[:8])
    return f"The file also has weights that the model does not: {names}{more}."


def _anonymous(key: str) -> bool:
    """Whether a key is only a number in a SavedModel's list, such as the state of random numbers."""
    return key.startswith(("variables/", "non_trainable_variables/"))


def _by_path(model: Any, bundle: Bundle) -> list[tuple[Any, str | None]]:
    """Weights by name, in checkpoints of TensorFlow 1."""
    known = set(bundle.arrays())
    out: list[tuple[Any, str | None]] = []
    for v in model.weights:
        ends = [v.path, *(v.path.split("/", n)[-1] for n in (1, 2) if v.path.count("/") > n)]
        out.append((v, next((e for e in ends if e in known), None)))
    return out


def _by_graph(model: Any, graph: list[Node]) -> list[tuple[Any, str | None]]:
    """Each weight and its key, from the saved object that has most of them.

    That is the root, or what a ``tf.train.Checkpoint(model=model)`` calls ``model``.
    """
    roots = (
        [0, *(n for name, n in graph[0].children.items() if name not in _BESIDE)] if graph else []
    )
    best: list[tuple[Any, str | None]] = [(v, None) for v in model.weights]
    most = 0
    for root in roots:
        keys: dict[int, str] = {}
        _collect(model, root, graph, keys, set())
        if len(keys) > most:
            best, most = [(v, keys.get(id(v))) for v in model.weights], len(keys)
    return best


def _collect(
    layer: Any, node: int | None, graph: list[Node], keys: dict[int, str], seen: set[int]
) -> None:
    """Note the keys of the weights of a layer and of all in it, which a node of the graph stands for."""
    if node is None or node >= len(graph) or id(layer) in seen:
        return
    seen.add(id(layer))
    for v in layer._own_variables:
        for name in (v.name, *_names_of(layer, v)):
            place = _child(graph, node, name)
            if place is not None and graph[place].key is not None:
                keys[id(v)] = str(graph[place].key)
                break
    for names, below in _parts(layer):
        place = next((n for name in names if (n := _child(graph, node, name)) is not None), None)
        _collect(below, place, graph, keys, seen)


def _child(graph: list[Node], node: int | None, path: str) -> int | None:
    for part in path.split("|"):
        node = graph[node].children.get(part) if node is not None and node < len(graph) else None
    return node


def _names_of(layer: Any, variable: Any) -> list[str]:
    return [
        n for k, x in layer.__dict__.items() if x is variable for n in (k, k.lstrip("_"), f"_{k}")
    ]


def _parts(layer: Any) -> Iterator[tuple[list[str], Any]]:
    """The layers in a layer, with the names that TensorFlow may have for the way to them."""
    if isinstance(layer, Model) and (layer._graph is not None or isinstance(layer, Sequential)):
        weighted = [x for x in layer.layers if x.weights]
        yield from (([f"layer_with_weights-{i}"], x) for i, x in enumerate(weighted))
    for names, value in _attributes(layer):
        if names != ["layers"] and names != ["optimizer"]:
            variants = dict.fromkeys(v for n in names for v in (n, n.lstrip("_"), f"_{n}"))
            yield from _inside(list(variants), value)


def _inside(names: list[str], value: Any) -> Iterator[tuple[list[str], Any]]:
    if isinstance(value, (list, tuple)):
        items: Any = enumerate(value)
    elif isinstance(value, dict):
        items = value.items()
    else:
        yield names, value
        return
    for key, item in items:
        if hasattr(item, "_own_variables") or isinstance(item, (list, tuple, dict)):
            yield from _inside([f"{n}|{key}" for n in names], item)


# --- whole models -------------------------------------------------------------------------------


def load(path: Any, custom_objects: Any, compile: bool, safe_mode: bool) -> Any:
    """The model in a SavedModel folder that tf.keras wrote.

    Its training configuration is taken, the state of the optimizer is not.

    Raises:
        FileError: The folder has no configuration of a model: it was not written by tf.keras 2.5 or later,
            or is of a model that is defined by its code.
    """
    from . import hdf5

    metadata = _metadata(Path(path))
    config = metadata.get("model_config") or {
        k: metadata.get(k) for k in ("class_name", "config") if metadata.get(k)
    }
    if (
        "config" not in config
        or not isinstance(config["config"], dict)
        or "layers" not in config["config"]
    ):
        raise FileError(
            f"{path} is a SavedModel of a {metadata.get('class_name', 'model')}, which is defined by its code: "
            "the folder holds TensorFlow functions, no layers. Make the model by its code, then "
            f"model.load_weights({str(path)!r})."
        )
    version = str(metadata.get("keras_version") or "2")
    version = version if version[:1] == "2" else "2"
    model = revive(config, version, custom_objects, safe_mode)
    if not model.built:
        shape = metadata.get("build_input_shape")
        if not isinstance(shape, dict) or not isinstance(shape.get("items"), list):
            raise FileError(
                f"{path}: the model has no input shape. Build it by its code, then load_weights."
            )
        model.build(tuple(shape["items"]))
    load_weights(model, path)
    training = metadata.get("training_config")
    if compile and isinstance(training, dict):
        with serialization.reading(custom_objects, safe_mode):
            hdf5.compile_as(model, training, old=True)
    return model


def _metadata(folder: Path) -> dict[str, Any]:
    """What tf.keras noted of the model itself."""
    file = folder / "keras_metadata.pb"
    if not file.exists():
        raise FileError(
            f"{folder} is a SavedModel without keras_metadata.pb: it was written by TensorFlow itself or by tf.keras "
            "before 2.5, and holds TensorFlow functions, no layers. Make the model by its code, then "
            f"model.load_weights({str(folder)!r}); or call the functions with TensorFlow: "
            f"tf.saved_model.load({str(folder)!r})."
        )
    try:
        objects = [dict(fields(m)) for n, m in fields(file.read_bytes()) if n == 1]
        root = next((o for o in objects if o.get(3) == b"root"), None)
        found = json.loads(root[5]) if root is not None else None
    except (ValueError, IndexError, KeyError, RecursionError) as e:
        raise FileError(f"{file} is damaged or cut short: {e}. Copy it anew.") from e
    if not isinstance(found, dict):
        raise FileError(f"{file} describes no model.")
    return found


# --- names of old for files of Kerata's own -----------------------------------------------------


def note_latest(path: Any) -> None:
    """Write the small file ``checkpoint`` beside weights, by which ``tf.train.latest_checkpoint`` finds them."""
    folder, name = os.path.split(os.fspath(path))
    if not name or name == "checkpoint":
        return
    quoted = json.dumps(name)
    text = f"model_checkpoint_path: {quoted}\nall_model_checkpoint_paths: {quoted}\n"
    Path(folder or ".", "checkpoint").write_text(text, encoding="utf-8")


class LoadStatus:
    """What ``load_weights`` returns: programs of tf.keras ask it whether all was found.

    Weights that are missing are an error of `load_weights` itself, so each of its methods only returns
    it.
    """

    def expect_partial(self) -> LoadStatus:
        """Nothing: what the file has beside the weights is told once."""
        return self

    assert_consumed = assert_existing_objects_matched = assert_nontrivial_match = expect_partial


def own_file(path: Any) -> str | None:
    """The model file in a folder that `save_model` made for a name without an ending, if it is one."""
    if not isinstance(path, (str, os.PathLike)):
        return None
    inside = os.path.join(path, OWN)
    return inside if os.path.isfile(inside) else None


def is_folder_name(path: Any) -> bool:
    """Whether a model of this name is written as a folder, as tf.keras did: a name without an ending."""
    if not isinstance(path, (str, os.PathLike)) or os.path.isfile(path):
        return False
    name = os.fspath(path)
    return not os.path.splitext(name)[1] or os.path.isdir(name)
