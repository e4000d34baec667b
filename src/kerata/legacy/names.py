"""Old names in public modules and what they are called now. Reached when a module has no such name."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from ..errors import RefusedNameError
from .notes import note

# By module: old name -> new name in the same module, or a path from the package on (with a dot).
RENAMED: dict[str, dict[str, str]] = {
    "backend": {
        name: f"legacy.first.{name}"
        for name in (
            "asymmetric_spatial_2d_padding", "asymmetric_temporal_padding", "atrous_conv2d", "deconv2d",
            "lesser", "lesser_equal", "pack",
        )
    },
    "initializers": {
        "get_fans": "legacy.initializations.get_fans", "normal": "RandomNormal", "one": "Ones",
        "uniform": "RandomUniform", "zero": "Zeros",
    },
    "layers": {
        "BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization",
        "DenseEinsum": "EinsumDense", "GRUV2": "GRU", "LSTMV2": "LSTM", "Node": "legacy.engine.Node",
        "_GlobalPooling1D": "legacy.layers.bases._GlobalPooling1D",
        "_GlobalPooling2D": "legacy.layers.bases._GlobalPooling2D",
        "_GlobalPooling3D": "legacy.layers.bases._GlobalPooling3D",
        "_Merge": "legacy.layers.bases._Merge",
        "_time_distributed_dense": "legacy.layers.recurrent.time_distributed_dense",
    },
    "losses": {"cosine_distance": "cosine_similarity"},
    "mixed_precision": {
        "get_layer_policy": "legacy.settings.get_layer_policy", "set_policy": "set_dtype_policy",
    },
    "models": {
        "Input": "layers.Input", "InputLayer": "layers.InputLayer", "Layer": "layers.Layer",
        "SharpnessAwareMinimization": "legacy.models.SharpnessAwareMinimization",
        "model_from_yaml": "legacy.methods.model_from_yaml",
    },
    "optimizers": {
        "adadelta": "Adadelta", "adagrad": "Adagrad", "adam": "Adam", "adamax": "Adamax", "ftrl": "Ftrl",
        "nadam": "Nadam", "rmsprop": "RMSprop", "sgd": "SGD",
        "OptimizerV2": "Optimizer", "clip_norm": "legacy.settings.clip_norm",
    },
    "preprocessing.image": {"apply_transform": "legacy.first.apply_transform"},
    "preprocessing.text": {"base_filter": "legacy.first.base_filter"},
    "regularizers": {
        "ActivityRegularizer": "L1L2", "L1L2Regularizer": "L1L2", "WeightRegularizer": "L1L2",
    },
    "saving": {
        "load_weights_from_hdf5_group": "legacy.hdf5.load_weights_from_hdf5_group",
        "load_weights_from_hdf5_group_by_name": "legacy.hdf5.load_weights_from_hdf5_group_by_name",
        "model_from_config": "models.model_from_config", "model_from_json": "models.model_from_json",
        "model_from_yaml": "legacy.methods.model_from_yaml",
        "save_weights_to_hdf5_group": "legacy.hdf5.save_weights_to_hdf5_group",
    },
    "utils": {
        "deserialize_layer": "layers.deserialize", "layer_from_config": "layers.deserialize",
        "plot": "plot_model",
    },
}  # fmt: skip

# By module: modules that hold what Keras 3 dropped from it.
HOMES: dict[str, tuple[str, ...]] = {
    "constraints": ("legacy.constraints",),
    "layers": ("legacy.layers",),
    "losses": ("legacy.losses",),
    "metrics": ("legacy.metrics",),
    "optimizers.schedules": ("legacy.schedules",),
    "regularizers": ("legacy.regularizers",),
    "utils": ("legacy.enqueuers", "legacy.tools", "legacy.hdf5"),
}

_TF_ONLY = "it is made of TensorFlow's own graphs, which no other engine can run"
_INTERNAL = "it was an inner part of Keras's own code, of which Kerata has no like"

# Names that are refused on purpose: pattern -> what to do instead.
REFUSED: dict[str, str] = {
    "__internal__.RaggedKerasTensor": "there are no ragged tensors: pad with ops.pad or utils.pad_sequences",
    "__internal__.SparseKerasTensor": "tensors are dense on every engine: pass x.toarray()",
    "__internal__.*": _INTERNAL,
    "applications": "ready-made architectures are not built yet; load a saved model with models.load_model",
    "applications.*": "ready-made architectures are not built yet; load a saved model with models.load_model",
    "callbacks.SidecarEvaluatorModelExport": "call model.evaluate in a process of its own, see ModelCheckpoint",
    "callbacks.UpdateEmbeddingCallback": "adapt a TextVectorization or StringLookup layer before the training",
    "callbacks.experimental.UpdateEmbeddingCallback": "adapt a TextVectorization or StringLookup layer before the training",
    "distillation.*": "it is not built yet; override train_step or compute_loss of a Model",
    "distribution.*": "it is not built yet; Kerata trains on one device",
    "dtensor*": f"{_TF_ONLY}; keras.distribution is what followed it",
    "dtype_policies.*": "quantized weights are not built yet; mixed_bfloat16 and mixed_float16 are there",
    "estimator*": "TensorFlow removed estimators in 2.16: use model.fit and model.predict",
    "experimental.SidecarEvaluator": "call model.evaluate in a process of its own, on files that ModelCheckpoint writes",
    "export.*": "it is not built yet; model.save writes .keras files",
    "Quantizer": "quantized weights are not built yet",
    "quantizers.*": "quantized weights are not built yet",
    "legacy.interfaces.*": "arguments of Keras 1 are translated by Kerata itself: leave the decorator away",
    "models.Graph": "Keras itself dropped Graph in 1.0: write x = Dense(8)(x) and Model(inputs, outputs)",
    "legacy.models.*": "Keras itself dropped Graph in 1.0: write x = Dense(8)(x) and Model(inputs, outputs)",
    "optimizers.TFOptimizer": f"{_TF_ONLY}; give the name or class of one of keras.optimizers",
    "backend.theano*": "Kerata computes with jax, torch or tensorflow",
    "engine.training_arrays.*": f"{_INTERNAL}; override train_step, or write a loop with train_on_batch",
    "engine.training_generator.*": f"{_INTERNAL}; model.fit, evaluate and predict take generators",
    "engine.training_utils.*": f"{_INTERNAL}; model.fit checks and prepares its data itself",
    "engine.saving.preprocess_weights_for_loading": "models.load_model and load_weights convert weights of old files",
    "utils.DatasetCreator": "pass the data set itself to fit",
    "utils.experimental.DatasetCreator": "pass the data set itself to fit",
    "utils.SidecarEvaluator": "call model.evaluate in a process of its own, on files that ModelCheckpoint writes",
    "utils.StepsPerExecutionTuner": "Kerata finds the number of steps for a call itself",
    "utils.data_utils.get_index": _INTERNAL,
    "utils.data_utils.init_pool*": _INTERNAL,
    "utils.data_utils.next_sample": _INTERNAL,
    "utils.h5dict": "open the file with h5py.File",
    "utils.generic_utils.func_*": "functions are not written as bytes: give them a name with register_keras_serializable",
    "utils.generic_utils.get_from_module": "use the get function of the module, such as optimizers.get",
    "utils.io_utils.load_array": "use numpy.load",
    "utils.io_utils.save_array": "use numpy.save",
    "utils.test_utils.keras_test": "call keras.backend.clear_session() where a test needs it",
    "utils.io_utils.H5Dict": "open the file with h5py.File",
    "utils.io_utils.h5dict": "open the file with h5py.File",
    "utils.test_utils.layer_test": "make the layer and call it on data; model.save and load_model test its files",
    "visualization.*": "it is not built yet; matplotlib draws pictures",
}  # fmt: skip


def refusal(path: str) -> RefusedNameError | None:
    """The error of a name that is refused on purpose, ``None`` for any other name.

    Args:
        path: The name with its module, such as ``"estimator.model_to_estimator"``.

    >>> print(str(refusal("models.Graph"))[:58])
    keras.models.Graph is not in Kerata: Keras itself dropped
    """
    for pattern, why in REFUSED.items():
        if fnmatchcase(path, pattern):
            return RefusedNameError(f"keras.{path} is not in Kerata: {why}.")
    return None


def legacy_names(module: str) -> list[str]:
    """The old names of a module (``"layers"``), where it is clear what they stand for.

    >>> legacy_names("initializers")
    ['get_fans', 'normal', 'one', 'uniform', 'zero']
    """
    found = {n for n in RENAMED.get(module, ()) if not n.startswith("_")}
    for home in HOMES.get(module, ()):
        found.update(_own_names(_module(home)))
    return sorted(found)


def _module(path: str) -> Any:
    name = f"{__name__.partition('.')[0]}.{path}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as e:
        if not name.startswith(str(e.name)):
            raise
        return None


def _own_names(module: Any) -> Iterable[str]:
    if module is None:
        return ()
    own = getattr(module, "__all__", None)
    return own if own is not None else [n for n in dir(module) if not n.startswith("_")]


def resolve(module: str, name: str, known: Iterable[str] = ()) -> Any:
    """What an old name of a module (``"kerata.optimizers"``) stands for.

    Args:
        module: The module in which the name was sought.
        name: The name.
        known: The names that the module has, for the suggestion of the error.

    Raises:
        AttributeError: No era had such a name there; the closest one is offered.

    >>> resolve("kerata.optimizers", "adam").__name__
    'Adam'
    """
    path = module.partition(".")[2]
    if name.startswith("_") and name not in RENAMED.get(path, ()):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    for home in HOMES.get(path, ()):
        found = _module(home)
        if found is not None and name in _own_names(found):
            return getattr(found, name)
    new = RENAMED.get(path, {}).get(name)
    if new is not None:
        new = new if "." in new else f"{path}.{new}"
        if not new.startswith("legacy."):
            note(f"{path}.{name}", new)
        return _get(new)
    why = refusal(f"{path}.{name}".lstrip("."))
    if why is not None:
        raise why
    near = difflib.get_close_matches(name, [*known, *RENAMED.get(path, ())], 1)
    hint = f". Did you mean {near[0]!r}?" if near else ""
    raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}")


def top(name: str, known: Iterable[str]) -> Any:
    """What an old name of the package itself stands for: a module, such as ``kerata.objectives``.

    >>> top("objectives", []).mse.__name__
    'mean_squared_error'
    """
    root = __name__.partition(".")[0]
    if not name.startswith("_"):
        from . import modules

        if modules.places(name) is not None:
            return modules.Namespace(f"{root}.{name}", name)
    return resolve(root, name, known)


def _get(path: str) -> Any:
    home, _, name = path.rpartition(".")
    found = _module(home)
    if found is None or not hasattr(found, name):
        raise AttributeError(f"Kerata has no {path} in this installation.")
    return getattr(found, name)
