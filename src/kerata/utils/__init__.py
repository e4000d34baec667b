"""Utilities around models: files, arrays, seeds, drawings, registered classes.

Names are looked up on first use, as some come from packages above this one.
"""

from __future__ import annotations

import importlib
from typing import Any

# Module: the public names in it, with "=" where the name there is another.
_MODULES = {
    "backend": "clear_session is_keras_tensor standardize_dtype",
    "config": (
        "disable_interactive_logging enable_interactive_logging is_interactive_logging_enabled"
    ),
    "models.summary": "get_source_inputs=source_inputs",
    "preprocessing.sequence": "pad_sequences",
    "serialization": (
        "CustomObjectScope custom_object_scope deserialize_keras_object get_custom_objects "
        "get_registered_name get_registered_object register_keras_serializable "
        "serialize_keras_object"
    ),
    "train.callbacks": "Progbar",
    "train.search": "batch_size_find lr_find",
    "train.data": "PyDataset Sequence pack_x_y_sample_weight unpack_x_y_sample_weight",
    "utils.arrays": "normalize to_categorical",
    "utils.audio_dataset": "audio_dataset_from_directory",
    "utils.dataset_split": "split_dataset",
    "utils.feature_space": "FeatureSpace",
    "utils.files": "get_file",
    "utils.image_dataset": "image_dataset_from_directory",
    "utils.images": "array_to_img img_to_array load_img save_img",
    "utils.modules": "torch_module",
    "utils.named_values": "Config",
    "utils.seed": "set_random_seed",
    "utils.text_dataset": "text_dataset_from_directory",
    "utils.timeseries": "timeseries_dataset_from_array",
    "visualize.graph": "model_to_dot plot_model",
}

_HOME = {
    name.partition("=")[0]: (module, name.partition("=")[2] or name)
    for module, names in _MODULES.items()
    for name in names.split()
}

_SUBMODULES = ("bounding_boxes", "legacy", "np_utils")

__all__ = [*sorted(_HOME), *_SUBMODULES]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOME:
        from ..doors import old_name

        return old_name(__name__, name, __all__)
    module, attribute = _HOME[name]
    root = __name__.rpartition(".")[0]
    value = getattr(importlib.import_module(f"{root}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
