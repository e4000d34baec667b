"""Names that modules of ``keras.preprocessing`` had in Keras 1 and 2, and what does their work now."""

from __future__ import annotations

import importlib
from typing import Any

from .notes import note

_HOMES = {"image": "images", "sequence": "sequences", "text": "text"}

_LAYERS = "utils.image_dataset_from_directory with layers such as RandomRotation"
_DATASET = "utils.PyDataset"
_VECTORS = "layers.TextVectorization"

# By module: old name -> what a new program uses.
_NOW: dict[str, dict[str, str]] = {
    "image": {
        "ImageDataGenerator": _LAYERS,
        "BatchFromFilesMixin": _DATASET,
        "DataFrameIterator": _DATASET,
        "DirectoryIterator": "utils.image_dataset_from_directory",
        "Iterator": _DATASET,
        "NumpyArrayIterator": _DATASET,
        "apply_affine_transform": "ops.image.affine_transform",
        "apply_brightness_shift": "layers.RandomBrightness",
        "apply_channel_shift": "ops.clip(x + intensity, low, high)",
        "flip_axis": "ops.flip",
        "list_pictures": "pathlib.Path.rglob",
        "random_brightness": "layers.RandomBrightness",
        "random_channel_shift": "layers.RandomBrightness",
        "random_rotation": "layers.RandomRotation",
        "random_shear": "layers.RandomShear",
        "random_shift": "layers.RandomTranslation",
        "random_zoom": "layers.RandomZoom",
        "transform_matrix_offset_center": "ops.image.affine_transform",
        "validate_filename": "os.path.isfile",
    },
    "sequence": {
        "TimeseriesGenerator": "utils.timeseries_dataset_from_array",
        "make_sampling_table": "a function of your own",
        "skipgrams": "a function of your own",
        "timeseries_generator_from_json": "utils.timeseries_dataset_from_array",
        "_remove_long_seq": "a list comprehension",
    },
    "text": {
        "Tokenizer": _VECTORS,
        "hashing_trick": "layers.Hashing",
        "one_hot": "layers.Hashing",
        "text_to_word_sequence": _VECTORS,
        "tokenizer_from_json": _VECTORS,
    },
}  # fmt: skip


def resolve(module: str, name: str) -> Any:
    """What an old name of a module of preprocessing (``"kerata.preprocessing.text"``) stands for.

    Raises:
        AttributeError: No era had such a name there.

    >>> import os; os.environ["KERATA_LEGACY_NOTES"] = "0"
    >>> resolve("kerata.preprocessing.sequence", "skipgrams").__name__
    'skipgrams'
    """
    part = module.rpartition(".")[2]
    new = _NOW[part].get(name)
    if new is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    note(f"preprocessing.{part}.{name}", new)
    root = __name__.rpartition(".")[0]
    return getattr(importlib.import_module(f"{root}.{_HOMES[part]}"), name)
