"""Checkpoints of Orbax, in the layout of Keras 3: one folder for each step, with everything in it by name.

A step holds a ``pytree`` of all values (see `Model.get_state_tree`) and, unless it holds weights only,
the configuration of the model and what layers keep in files, such as vocabularies.
"""

from __future__ import annotations

import itertools
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .. import tree
from ..errors import FileError, ShapeError
from ..train.notices import warn_user
from . import archive, safe, weights

_STEP = "_CHECKPOINT_METADATA"
_WEIGHTS = ("trainable_variables", "non_trainable_variables")
# Where Keras keeps the state of random layers. Its name has a number that differs from run to run.
_SEED = "seed_generator_state"


def library() -> Any:
    """The module ``orbax.checkpoint.v1``.

    Raises:
        ImportError: It is not installed.
    """
    try:
        from orbax.checkpoint import v1
    except ImportError as e:
        raise ImportError(
            "Orbax checkpoints need the package orbax-checkpoint, which is not installed, or too old: "
            "pip install --upgrade orbax-checkpoint"
        ) from e
    return v1


# --- writing ------------------------------------------------------------------------------------


def payload(model: Any, weights_only: bool) -> dict[str, Any]:
    """What a step of a model holds, as Orbax's ``save_checkpointables`` takes it."""
    state = model.get_state_tree("numpy_array")
    if weights_only:
        return {"pytree": {group: state[group] for group in _WEIGHTS}}
    out = {"pytree": state, "model_config": {"config": json.dumps(archive.model_config(model))}}
    assets = _assets(model)
    return {**out, "assets": assets} if assets else out


def _assets(model: Any) -> dict[str, Any]:
    """The files of layers as arrays of bytes, in nested dicts by the parts of their paths."""
    out: dict[str, Any] = {}
    for paths, item in weights.walk(model):
        if not hasattr(item, "save_assets"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            item.save_assets(folder)
            for file in sorted(Path(folder).rglob("*")):
                if file.is_file():
                    here = out
                    for part in (*paths[0].split("/"), *file.relative_to(folder).parts[:-1]):
                        here = here.setdefault(part, {})
                    here[file.name] = np.frombuffer(file.read_bytes(), np.uint8)
    return out


# --- reading ------------------------------------------------------------------------------------


def is_checkpoint(path: Any) -> bool:
    """Whether a path is a folder of Orbax checkpoints, or one of them."""
    return isinstance(path, (str, os.PathLike)) and (
        os.path.exists(os.path.join(path, _STEP)) or bool(_steps(path))
    )


def _steps(path: Any) -> list[int]:
    """Numbers of the complete steps in a folder, the last one last."""
    names = os.listdir(path) if os.path.isdir(path) else []
    return sorted(
        int(n) for n in names if n.isdecimal() and os.path.exists(os.path.join(path, n, _STEP))
    )


def _read(path: Any, wanted: Iterable[str]) -> dict[str, Any]:
    """The parts of a step that are wanted and there; of a folder of steps the last one's."""
    ocp = library()
    path = os.path.abspath(os.fspath(path))
    if not os.path.exists(os.path.join(path, _STEP)):
        path = os.path.join(path, str(_steps(path)[-1]))
    try:
        there = ocp.checkpointables_metadata(path).metadata
        # With arrays of NumPy in its place, a value is read onto whatever device there is now.
        like = {k: tree.map_structure(_like, there[k]) for k in wanted if k in there}
        return ocp.load_checkpointables(path, like)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as e:
        raise FileError(f"{path} is damaged, or no checkpoint of a model: {e}") from e


def _like(leaf: Any) -> Any:
    if not hasattr(leaf, "shape"):
        return leaf
    return np.broadcast_to(np.empty((), leaf.dtype), leaf.shape)


def load(path: Any, custom_objects: Any, compile: bool, safe_mode: bool) -> Any:
    """The model in the last step of a folder, or in a step.

    Raises:
        FileError: It is damaged, holds weights only, or code that would run.
    """
    saved = _read(path, ("model_config", "pytree", "assets"))
    if "model_config" not in saved:
        raise FileError(
            f"{path} holds no model but weights only (save_weights_only=True). Make the model, "
            "and call its load_weights with this folder."
        )
    try:
        config = json.loads(saved["model_config"]["config"])
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise FileError(f"{path}: the configuration of the model is damaged: {e}.") from e
    if not isinstance(config, dict) or "class_name" not in config:
        raise FileError(f"{path}: the configuration describes no model.")
    if not compile:
        config.pop("compile_config", None)
    model = archive.revive(config, "3", custom_objects, safe_mode)
    _read_assets(model, saved.get("assets", {}), str(path))
    _assign(model, saved["pytree"], str(path), skip_mismatch=False)
    return model


def load_weights(model: Any, path: Any, skip_mismatch: bool = False) -> None:
    """Set the state of a model: its weights and, where both have it, that of the optimizer.

    Raises:
        FileError: The checkpoint is damaged.
        ShapeError: Weights do not fit; the model is as it was.
    """
    _assign(model, _read(path, ("pytree",)).get("pytree", {}), str(path), skip_mismatch)


def _read_assets(model: Any, assets: dict[str, Any], name: str) -> None:
    for paths, item in weights.walk(model):
        if not hasattr(item, "load_assets"):
            continue
        here: Any = assets
        for part in paths[0].split("/"):
            here = here.get(part, {})
        with tempfile.TemporaryDirectory() as folder:
            for parts, content in tree.flatten_with_path(here):
                target = safe.inside(Path(folder), "/".join(parts), name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(np.asarray(content, np.uint8).tobytes())
            item.load_assets(folder)


# --- which value is whose -----------------------------------------------------------------------


def _assign(model: Any, state: dict[str, Any], name: str, skip_mismatch: bool) -> None:
    saved = {k: v for group in _WEIGHTS for k, v in _flat(state.get(group)).items()}
    own = {v.path: v for v in (*model.trainable_variables, *model.non_trainable_variables)}
    places = _places(own, saved)
    wrong = [
        f"{p}: the model has {v.shape}, the checkpoint {np.shape(saved[places[p]]) if p in places else 'nothing'}"
        for p, v in own.items()
        if (p not in places and not p.endswith(_SEED))
        or (p in places and np.shape(saved[places[p]]) != v.shape)
    ]
    left = saved.keys() - places.values()
    wrong += [f"{p}: only in the checkpoint" for p in sorted(left) if not p.endswith(_SEED)]
    if wrong:
        more = f"\n  and {len(wrong) - 20} more" if len(wrong) > 20 else ""
        message = f"The weights in {name} are not those of {model.name!r}:" + "".join(
            f"\n  {line}" for line in wrong[:20]
        )
        if not skip_mismatch:
            raise ShapeError(
                f"{message}{more}\nWeights are found by the names of their layers. skip_mismatch=True leaves "
                "out what does not fit."
            )
        warn_user(f"{message}{more}\nThese are left out.")
    for p, place in places.items():
        if np.shape(saved[place]) == own[p].shape:
            own[p].assign(saved[place])
    _assign_optimizer(model, _flat(state.get("optimizer_variables")), places, name)
    metrics = _flat(state.get("metrics_variables"))
    for v in model.metrics_variables if model.compiled else ():
        if v.path in metrics and np.shape(metrics[v.path]) == v.shape:
            v.assign(metrics[v.path])


def _flat(values: Any) -> dict[str, Any]:
    return {"/".join(map(str, parts)): v for parts, v in tree.flatten_with_path(values or {})}


def _places(own: Iterable[str], saved: Iterable[str]) -> dict[str, str]:
    """By the path of a weight the path of its value.

    In Keras the name of a `Sequential` model, or of one within another, is a part of the path or not,
    depending on how the model came about, and it is counted up. So what is not found is looked for by
    the end of the path: the one that has most in common with it, from the weight's name backwards, and
    the name of the layer at least.
    """
    known = set(saved)
    out = {p: p for p in own if p in known}
    rest = known - out.keys()
    for p in own:
        if p in out or not rest:
            continue
        shared = {s: _shared_end(p, s) for s in rest}
        most = max(shared.values())
        near = [s for s, n in shared.items() if n == most]
        if most >= min(2, len(p.split("/"))) and len(near) == 1:
            out[p] = near[0]
            rest.discard(near[0])
    return out


def _shared_end(a: str, b: str) -> int:
    """How many parts two paths have in common, counted from the end."""
    pairs = zip(reversed(a.split("/")), reversed(b.split("/")))
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _assign_optimizer(model: Any, saved: dict[str, Any], places: dict[str, str], name: str) -> None:
    """Set the optimizer's state, all of it or nothing. The optimizer's own name does not matter."""
    optimizer = model.optimizer
    if optimizer is None or not saved:
        return
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    saved = {k.partition("/")[2]: v for k, v in saved.items()}
    weights_of = sorted(((_slot(p), _slot(s)) for p, s in places.items()), key=lambda w: -len(w[0]))
    found: list[tuple[Any, str]] = []
    for v in optimizer.variables:
        key = v.path.partition("/")[2]
        if key not in saved:
            key = next((k for p, s in weights_of if (k := key.replace(p, s)) in saved), key)
        if key in saved and np.shape(saved[key]) == v.shape:
            found.append((v, key))
    if len(found) != len(optimizer.variables) or {key for _, key in found} != saved.keys():
        warn_user(
            f"The state of the optimizer in {name} is not that of {optimizer.name!r}, which begins anew: "
            "the model was compiled with another optimizer then, or other weights were trainable."
        )
        return
    for v, key in found:
        v.assign(saved[key])


def _slot(path: str) -> str:
    """A weight's path as it stands in the names of an optimizer's slots."""
    return path.replace("/", "_")
